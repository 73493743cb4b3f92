-- The witness of a set of rows: how many, a digest over rows and over each column, NULLs, exact sums, smallest and largest values, lengths.
-- Format of the digest: docs/digest.md. The functions below are the parts of the two aggregates.

CREATE FUNCTION rsl.witness_add(state internal, VARIADIC fields "any") RETURNS internal
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'witness_add_wrapper';
COMMENT ON FUNCTION rsl.witness_add(internal, "any") IS 'adds a row to the state of rsl.witness';

CREATE FUNCTION rsl.witness_add_row(state internal, row_value record) RETURNS internal
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'witness_add_row_wrapper';
COMMENT ON FUNCTION rsl.witness_add_row(internal, record) IS 'adds a row to the state of rsl.row_witness';

CREATE FUNCTION rsl.witness_combine(state internal, other internal) RETURNS internal
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'witness_combine_wrapper';
COMMENT ON FUNCTION rsl.witness_combine(internal, internal) IS 'adds up the states of two parallel workers';

CREATE FUNCTION rsl.witness_serialize(state internal) RETURNS bytea
    LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'witness_serialize_wrapper';
COMMENT ON FUNCTION rsl.witness_serialize(internal) IS 'moves a state between parallel workers';

CREATE FUNCTION rsl.witness_deserialize(bytes bytea, dummy internal) RETURNS internal
    LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'witness_deserialize_wrapper';
COMMENT ON FUNCTION rsl.witness_deserialize(bytea, internal) IS 'moves a state between parallel workers';

CREATE FUNCTION rsl.witness_result(state internal) RETURNS jsonb
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'witness_result_wrapper';
COMMENT ON FUNCTION rsl.witness_result(internal) IS 'final function of rsl.witness';

CREATE FUNCTION rsl.witness_digest(state internal) RETURNS text
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'witness_digest_wrapper';
COMMENT ON FUNCTION rsl.witness_digest(internal) IS 'final function of rsl.digest_columns';

CREATE AGGREGATE rsl.witness(VARIADIC "any") (
    SFUNC = rsl.witness_add, STYPE = internal, FINALFUNC = rsl.witness_result,
    COMBINEFUNC = rsl.witness_combine, SERIALFUNC = rsl.witness_serialize, DESERIALFUNC = rsl.witness_deserialize,
    PARALLEL = SAFE);
COMMENT ON AGGREGATE rsl.witness("any") IS
    'rows, digest and, for each argument in order, digest, NULLs, (of exact numbers) exact sum, (of numbers, dates and times) min and max, (of texts and bytea) length, as jsonb';

-- For more columns than a function has arguments (100).
CREATE AGGREGATE rsl.row_witness(record) (
    SFUNC = rsl.witness_add_row, STYPE = internal, FINALFUNC = rsl.witness_result,
    COMBINEFUNC = rsl.witness_combine, SERIALFUNC = rsl.witness_serialize, DESERIALFUNC = rsl.witness_deserialize,
    PARALLEL = SAFE);
COMMENT ON AGGREGATE rsl.row_witness(record) IS 'rsl.witness over the fields of a row: rsl.row_witness(t) = rsl.witness(t.a, t.b, …)';

CREATE FUNCTION rsl.witness_since(after jsonb, before jsonb) RETURNS jsonb
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'witness_since_wrapper';
COMMENT ON FUNCTION rsl.witness_since(jsonb, jsonb) IS
    'the witness of the rows that came in between two witnesses of rsl.table_witness; 22023 if they are none';

CREATE FUNCTION rsl.witness_differences(this jsonb, that jsonb, this_name text DEFAULT 'this', that_name text DEFAULT 'that')
    RETURNS text[]
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'witness_differences_wrapper';
COMMENT ON FUNCTION rsl.witness_differences(jsonb, jsonb, text, text) IS
    'in what two witnesses of rsl.table_witness differ, one line each; empty if they agree; 22023 if they are none';
