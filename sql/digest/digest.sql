-- The digest alone, when neither columns nor sums are asked for. Equal to the digest of rsl.witness.

CREATE FUNCTION rsl.digest_add(state internal, value anyelement) RETURNS internal
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'digest_add_wrapper';
COMMENT ON FUNCTION rsl.digest_add(internal, anyelement) IS 'adds a value to the state of rsl.digest';

CREATE FUNCTION rsl.digest_add_columns(state internal, VARIADIC fields "any") RETURNS internal
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'digest_add_columns_wrapper';
COMMENT ON FUNCTION rsl.digest_add_columns(internal, "any") IS 'adds a row to the state of rsl.digest_columns';

CREATE AGGREGATE rsl.digest(anyelement) (
    SFUNC = rsl.digest_add, STYPE = internal, FINALFUNC = rsl.witness_digest,
    COMBINEFUNC = rsl.witness_combine, SERIALFUNC = rsl.witness_serialize, DESERIALFUNC = rsl.witness_deserialize,
    PARALLEL = SAFE);
COMMENT ON AGGREGATE rsl.digest(anyelement) IS
    'order-independent digest of values or whole rows, as ''count:48 hexadecimal digits''; equal SQL values give equal digests, NULLs count';

CREATE AGGREGATE rsl.digest_columns(VARIADIC "any") (
    SFUNC = rsl.digest_add_columns, STYPE = internal, FINALFUNC = rsl.witness_digest,
    COMBINEFUNC = rsl.witness_combine, SERIALFUNC = rsl.witness_serialize, DESERIALFUNC = rsl.witness_deserialize,
    PARALLEL = SAFE);
COMMENT ON AGGREGATE rsl.digest_columns("any") IS
    'rsl.digest of the rows made of the arguments, without making rows: rsl.digest_columns(t.a, t.b) = rsl.digest(row of a, b)';
