-- Since when the server counts the scans of indexes. Counts survive a restart, so that a server that was never told to forget them
-- counts since its start at the latest.
CREATE FUNCTION rsl.verify_counted_since() RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT greatest(coalesce(d.stats_reset, pg_postmaster_start_time()), (SELECT min(l.finished_at) FROM rsl.load AS l WHERE l.status IN ('exact', 'partial')))
    FROM pg_stat_database AS d WHERE d.datname = current_database()
$$;
COMMENT ON FUNCTION rsl.verify_counted_since() IS 'Since when the scans of indexes are counted, at the latest; not before the first load';

CREATE FUNCTION rsl.check_unused_indexes(about text DEFAULT NULL)
RETURNS TABLE (object text, status text, expected text, actual text, detail text, hint text)
LANGUAGE plpgsql STABLE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    days CONSTANT int := 14;
    since timestamptz := rsl.verify_counted_since();
    why text := CASE
        WHEN pg_is_in_recovery() THEN 'a standby counts only what was asked here'
        WHEN NOT current_setting('track_counts')::boolean THEN 'track_counts is off: nothing is counted'
        WHEN since > now() - make_interval(days => days) THEN format('scans are counted for less than %s days', days)
    END;
BEGIN
    IF why IS NOT NULL THEN
        RETURN QUERY SELECT coalesce(about, 'indexes of targets'), 'skip', NULL::text, NULL::text, why, NULL::text;
        RETURN;
    END IF;

    RETURN QUERY
    WITH found AS (
        SELECT v.name, i.indexrelid::regclass::text AS index, pg_size_pretty(pg_relation_size(i.indexrelid)) AS size,
               coalesce((SELECT sum(s.idx_scan) FROM pg_stat_user_indexes AS s
                         WHERE s.indexrelid = i.indexrelid OR s.indexrelid IN (SELECT p.relid FROM pg_partition_tree(i.indexrelid) AS p)), 0) AS scans
        FROM rsl.verify_tables(about) AS v
        JOIN pg_index AS i ON i.indrelid = v.rel AND NOT i.indisunique AND NOT i.indisexclusion
        WHERE v.is_target
    )
    SELECT x.object, x.status, x.expected, x.actual, x.detail, x.hint
    FROM (
        SELECT f.name, f.index AS object, 'warn' AS status, 'used' AS expected, 'no scan' AS actual,
               format('%s, on %s, not used since %s', f.size, f.name, to_char(timezone('UTC', since), 'YYYY-MM-DD')) AS detail,
               format('if nothing needs it, not even at the end of a year: DROP INDEX %s', f.index) AS hint
        FROM found AS f WHERE f.scans = 0
        UNION ALL
        SELECT f.name, f.name, 'pass', 'used', 'used', format('indexes %s', count(*)), NULL
        FROM found AS f GROUP BY f.name HAVING bool_and(f.scans > 0)
    ) AS x
    ORDER BY x.name COLLATE "C", x.object COLLATE "C";

    IF NOT FOUND AND about IS NOT NULL THEN
        RETURN QUERY SELECT about, 'skip', NULL::text, NULL::text, 'no target of a load, or one whose indexes all keep something unique', NULL::text;
    END IF;
END
$$;
COMMENT ON FUNCTION rsl.check_unused_indexes(text) IS
    'Check: every index of a target of a load that keeps nothing unique was used since the server counts, if it counts for long enough';
