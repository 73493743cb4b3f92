-- A sketch of a set of rows, from which the rows that two sets do not have in common can be named, if they are not too many:
-- rsl_core/src/sketch.rs. Used by rsl.diff and by the check loads_match.

CREATE FUNCTION rsl.sketch_add(state internal, differences int, key_columns int, VARIADIC fields "any") RETURNS internal
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'sketch_add_wrapper';
COMMENT ON FUNCTION rsl.sketch_add(internal, int, int, "any") IS 'adds a row to the state of rsl.sketch';

CREATE FUNCTION rsl.witness_sketch_add(state internal, differences int, key_columns int, VARIADIC fields "any") RETURNS internal
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'witness_sketch_add_wrapper';
COMMENT ON FUNCTION rsl.witness_sketch_add(internal, int, int, "any") IS 'adds a row to the state of rsl.witness_sketch';

CREATE FUNCTION rsl.sketch_add_row(state internal, differences int, key_columns int, VARIADIC key_and_row "any") RETURNS internal
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'sketch_add_row_wrapper';
COMMENT ON FUNCTION rsl.sketch_add_row(internal, int, int, "any") IS 'adds a row to the state of rsl.row_sketch';

CREATE FUNCTION rsl.witness_sketch_add_row(state internal, differences int, key_columns int, VARIADIC key_and_row "any") RETURNS internal
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'witness_sketch_add_row_wrapper';
COMMENT ON FUNCTION rsl.witness_sketch_add_row(internal, int, int, "any") IS 'adds a row to the state of rsl.row_witness_sketch';

CREATE FUNCTION rsl.sketch_result(state internal) RETURNS bytea
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'sketch_result_wrapper';
COMMENT ON FUNCTION rsl.sketch_result(internal) IS 'final function of rsl.sketch';

CREATE FUNCTION rsl.witness_sketch_result(state internal) RETURNS jsonb
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'witness_sketch_result_wrapper';
COMMENT ON FUNCTION rsl.witness_sketch_result(internal) IS 'final function of rsl.witness_sketch';

CREATE AGGREGATE rsl.sketch(differences int, key_columns int, VARIADIC "any") (
    SFUNC = rsl.sketch_add, STYPE = internal, FINALFUNC = rsl.sketch_result,
    COMBINEFUNC = rsl.witness_combine, SERIALFUNC = rsl.witness_serialize, DESERIALFUNC = rsl.witness_deserialize,
    PARALLEL = SAFE);
COMMENT ON AGGREGATE rsl.sketch(int, int, "any") IS
    'sketch of rows from which about so many differences can be named; the arguments are the columns of the key, as many as key_columns says, then those of the row; null of no rows';

CREATE AGGREGATE rsl.witness_sketch(differences int, key_columns int, VARIADIC "any") (
    SFUNC = rsl.witness_sketch_add, STYPE = internal, FINALFUNC = rsl.witness_sketch_result,
    COMBINEFUNC = rsl.witness_combine, SERIALFUNC = rsl.witness_serialize, DESERIALFUNC = rsl.witness_deserialize,
    PARALLEL = SAFE);
COMMENT ON AGGREGATE rsl.witness_sketch(int, int, "any") IS
    'rsl.witness and rsl.sketch of the same rows in one pass: the witness of the columns of the row, with the sketch in hexadecimal as "sketch"; null of no rows';

-- For more columns than a function has arguments (100): they come as one value, ROW(…).
CREATE AGGREGATE rsl.row_sketch(differences int, key_columns int, VARIADIC "any") (
    SFUNC = rsl.sketch_add_row, STYPE = internal, FINALFUNC = rsl.sketch_result,
    COMBINEFUNC = rsl.witness_combine, SERIALFUNC = rsl.witness_serialize, DESERIALFUNC = rsl.witness_deserialize,
    PARALLEL = SAFE);
COMMENT ON AGGREGATE rsl.row_sketch(int, int, "any") IS 'rsl.sketch of the fields of a row, which is the last argument';

CREATE AGGREGATE rsl.row_witness_sketch(differences int, key_columns int, VARIADIC "any") (
    SFUNC = rsl.witness_sketch_add_row, STYPE = internal, FINALFUNC = rsl.witness_sketch_result,
    COMBINEFUNC = rsl.witness_combine, SERIALFUNC = rsl.witness_serialize, DESERIALFUNC = rsl.witness_deserialize,
    PARALLEL = SAFE);
COMMENT ON AGGREGATE rsl.row_witness_sketch(int, int, "any") IS 'rsl.witness_sketch of the fields of a row, which is the last argument';

CREATE FUNCTION rsl.sketch_plus(a bytea, b bytea) RETURNS bytea
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'sketch_plus_wrapper';
COMMENT ON FUNCTION rsl.sketch_plus(bytea, bytea) IS 'the sketch of the rows of both; 22023 if they are of different sizes';

CREATE FUNCTION rsl.sketch_minus(a bytea, b bytea) RETURNS bytea
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'sketch_minus_wrapper';
COMMENT ON FUNCTION rsl.sketch_minus(bytea, bytea) IS 'what is left of the rows of a when those of b are taken away, and the other way round; 22023 if they are of different sizes';

CREATE FUNCTION rsl.sketch_of_nothing(differences int) RETURNS bytea
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'sketch_of_nothing_wrapper';
COMMENT ON FUNCTION rsl.sketch_of_nothing(int) IS 'the sketch of no rows, from which about so many differences can be named';

CREATE FUNCTION rsl.sketch_digest(sketch bytea) RETURNS text
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'sketch_digest_wrapper';
COMMENT ON FUNCTION rsl.sketch_digest(bytea) IS 'rsl.digest_columns of the rows of a sketch';

CREATE FUNCTION rsl.sketch_left(sketch bytea) RETURNS TABLE (is_ours boolean, key text[], hash bytea)
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'sketch_left_wrapper';
COMMENT ON FUNCTION rsl.sketch_left(bytea) IS
    'the rows that rsl.sketch_minus has left: whether they are of a (else of b), the texts of their key (null if it is longer than 39 bytes), their rsl.row_hash; one row of nulls if they are too many to be told apart, or a row stands twice on one side';

CREATE FUNCTION rsl.row_hash(VARIADIC fields "any") RETURNS bytea
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'row_hash_wrapper';
COMMENT ON FUNCTION rsl.row_hash("any") IS 'hash of the row of these values, 16 bytes (docs/digest.md): equal SQL values give equal hashes';

CREATE FUNCTION rsl.named_differences() RETURNS int
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    RETURN 1000;
COMMENT ON FUNCTION rsl.named_differences() IS
    'about how many rows that differ are named by rsl.diff and loads_match: what their sketches, of 100 kB each, are made for; sketches made for other numbers cannot be subtracted';

-- The call of rsl.sketch or rsl.witness_sketch over the columns of an alias, as SQL text.
CREATE FUNCTION rsl.sketch_call(over_columns text, over_row text, alias text, key text[], columns text[]) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
    SELECT format(CASE WHEN cardinality(key) + cardinality(columns) <= 90 THEN 'rsl.%1$I(%3$s, %4$s, %5$s%6$s)' ELSE 'rsl.%2$I(%3$s, %4$s, %5$sROW(%6$s))' END,
        over_columns, over_row, rsl.named_differences(), cardinality(key),
        CASE WHEN key <> '{}' THEN rsl.column_list(alias, key) || ', ' ELSE '' END, rsl.column_list(alias, columns))
$$;
COMMENT ON FUNCTION rsl.sketch_call(text, text, text, text[], text[]) IS 'SQL text: a sketch of columns of an alias, for rsl.named_differences() differences';

CREATE FUNCTION rsl.table_account(target regclass, columns text[], key text[]) RETURNS jsonb
    LANGUAGE plpgsql STABLE STRICT PARALLEL RESTRICTED
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    result jsonb;
BEGIN
    EXECUTE format('SELECT %s FROM %s t', rsl.sketch_call('witness_sketch', 'row_witness_sketch', 't', key, columns), target) INTO result;
    IF result IS NULL THEN
        RETURN rsl.table_witness(target, columns) || jsonb_build_object('sketch', encode(rsl.sketch_of_nothing(rsl.named_differences()), 'hex'));
    END IF;
    RETURN rsl.name_columns(result, columns);
END $$;
COMMENT ON FUNCTION rsl.table_account(regclass, text[], text[]) IS
    'rsl.table_witness of these columns, with the rsl.sketch of the same rows by this key, in hexadecimal, as "sketch"';
