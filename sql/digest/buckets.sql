-- Rows in buckets by the hash of their key: two tables are compared bucket by bucket, without an order, and only the rows of
-- the buckets that differ need to be looked at. Format: docs/digest.md.

CREATE FUNCTION rsl.key_bucket(buckets int, VARIADIC key "any") RETURNS int
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'key_bucket_wrapper';
COMMENT ON FUNCTION rsl.key_bucket(int, "any") IS
    'the bucket, from 0, of a row with this key: equal SQL values are in one bucket, whatever their type; a single argument that is a row is a key of its fields';

CREATE FUNCTION rsl.buckets_add(state internal, buckets int, key int[], VARIADIC fields "any") RETURNS internal
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'buckets_add_wrapper';
COMMENT ON FUNCTION rsl.buckets_add(internal, int, int[], "any") IS 'adds a row to the state of rsl.buckets';

CREATE FUNCTION rsl.buckets_add_row(state internal, buckets int, key int[], row_value record) RETURNS internal
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'buckets_add_row_wrapper';
COMMENT ON FUNCTION rsl.buckets_add_row(internal, int, int[], record) IS 'adds a row to the state of rsl.row_buckets';

CREATE FUNCTION rsl.buckets_combine(state internal, other internal) RETURNS internal
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'buckets_combine_wrapper';
COMMENT ON FUNCTION rsl.buckets_combine(internal, internal) IS 'adds up the states of two parallel workers';

CREATE FUNCTION rsl.buckets_serialize(state internal) RETURNS bytea
    LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'buckets_serialize_wrapper';
COMMENT ON FUNCTION rsl.buckets_serialize(internal) IS 'moves a state between parallel workers';

CREATE FUNCTION rsl.buckets_deserialize(bytes bytea, dummy internal) RETURNS internal
    LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'buckets_deserialize_wrapper';
COMMENT ON FUNCTION rsl.buckets_deserialize(bytea, internal) IS 'moves a state between parallel workers';

CREATE FUNCTION rsl.buckets_result(state internal) RETURNS text[]
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'buckets_result_wrapper';
COMMENT ON FUNCTION rsl.buckets_result(internal) IS 'final function of rsl.buckets';

CREATE AGGREGATE rsl.buckets(buckets int, key int[], VARIADIC fields "any") (
    SFUNC = rsl.buckets_add, STYPE = internal, FINALFUNC = rsl.buckets_result,
    COMBINEFUNC = rsl.buckets_combine, SERIALFUNC = rsl.buckets_serialize, DESERIALFUNC = rsl.buckets_deserialize,
    PARALLEL = SAFE);
COMMENT ON AGGREGATE rsl.buckets(int, int[], "any") IS
    'the digest of the rows in each of so many buckets, by the hash of the fields at these positions, from 1, or of the whole row if there are none; NULL if there is no row';

-- For more columns than a function has arguments (100).
CREATE AGGREGATE rsl.row_buckets(buckets int, key int[], row_value record) (
    SFUNC = rsl.buckets_add_row, STYPE = internal, FINALFUNC = rsl.buckets_result,
    COMBINEFUNC = rsl.buckets_combine, SERIALFUNC = rsl.buckets_serialize, DESERIALFUNC = rsl.buckets_deserialize,
    PARALLEL = SAFE);
COMMENT ON AGGREGATE rsl.row_buckets(int, int[], record) IS 'rsl.buckets over the fields of a row';

CREATE FUNCTION rsl.column_places(columns text[], wanted text[]) RETURNS int[]
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    missing text;
BEGIN
    SELECT c INTO missing FROM unnest(wanted) c WHERE c IS NULL OR c <> ALL (columns) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'the key''s column "%" is not among the columns', coalesce(missing, '')
            USING ERRCODE = 'undefined_column', HINT = 'They are: ' || array_to_string(columns, ', ') || '.';
    END IF;
    RETURN coalesce((SELECT array_agg(array_position(columns, c) ORDER BY n) FROM unnest(wanted) WITH ORDINALITY u (c, n)), '{}');
END $$;
COMMENT ON FUNCTION rsl.column_places(text[], text[]) IS 'part of rsl.table_buckets and rsl.table_source_buckets: where these columns stand among those, from 1; 42703 for one that does not';

CREATE FUNCTION rsl.table_buckets(target regclass, key text[], columns text[], buckets int) RETURNS TABLE (bucket int, digest text)
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    names text[];
BEGIN
    IF target IS NULL THEN
        RETURN;
    END IF;
    names := rsl.table_columns(target, columns);
    RETURN QUERY EXECUTE format(
        'SELECT (u.n - 1)::int, u.d FROM unnest((SELECT %s FROM %s t)) WITH ORDINALITY u(d, n) WHERE NOT starts_with(u.d, ''0:'') ORDER BY u.n',
        format(CASE WHEN cardinality(names) <= 90 THEN 'rsl.buckets($1, $2, %s)' ELSE 'rsl.row_buckets($1, $2, ROW(%s))' END, rsl.column_list('t', names)), target)
        USING buckets, rsl.column_places(names, key);
END $$;
COMMENT ON FUNCTION rsl.table_buckets(regclass, text[], text[], int) IS
    'the digest of the rows of a table, over these columns, in each bucket of rsl.key_bucket that has rows; without a key the whole row decides';
