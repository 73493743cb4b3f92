-- What a SQL Server can compute of its own rows, computed of a table, so that both find the buckets that differ without moving
-- rows: SHA-256 over a common text or the bytes of each column. Format: docs/diff.md.

CREATE FUNCTION rsl.source_key_bucket(buckets int, places int[], VARIADIC key "any") RETURNS int
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'source_key_bucket_wrapper';
COMMENT ON FUNCTION rsl.source_key_bucket(int, int[], "any") IS
    'the bucket, from 0, in which a SQL Server finds a row with this key; places are the least decimal places of each column';

CREATE FUNCTION rsl.source_buckets_add(state internal, buckets int, key int[], places int[], VARIADIC fields "any") RETURNS internal
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'source_buckets_add_wrapper';
COMMENT ON FUNCTION rsl.source_buckets_add(internal, int, int[], int[], "any") IS 'adds a row to the state of rsl.source_buckets';

CREATE FUNCTION rsl.source_buckets_result(state internal) RETURNS text[]
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'source_buckets_result_wrapper';
COMMENT ON FUNCTION rsl.source_buckets_result(internal) IS 'final function of rsl.source_buckets';

CREATE AGGREGATE rsl.source_buckets(buckets int, key int[], places int[], VARIADIC fields "any") (
    SFUNC = rsl.source_buckets_add, STYPE = internal, FINALFUNC = rsl.source_buckets_result, PARALLEL = SAFE);
COMMENT ON AGGREGATE rsl.source_buckets(int, int[], int[], "any") IS
    'of each bucket ''rows:sum:sum:sum:sum'' as a SQL Server computes it; key are positions from 1, none: the whole row; places the least decimal places of each column';

CREATE FUNCTION rsl.table_source_buckets(target regclass, key text[], columns text[], places int[], buckets int) RETURNS TABLE (bucket int, sums text)
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
        'SELECT (u.n - 1)::int, u.s FROM unnest((SELECT rsl.source_buckets($1, $2, $3, %s) FROM %s t)) WITH ORDINALITY u(s, n) WHERE NOT starts_with(u.s, ''0:'') ORDER BY u.n',
        rsl.column_list('t', names), target)
        USING buckets, rsl.column_places(names, key), places;
END $$;
COMMENT ON FUNCTION rsl.table_source_buckets(regclass, text[], text[], int[], int) IS
    'rsl.source_buckets over these columns of a table, at most 90, with the buckets that have rows';
