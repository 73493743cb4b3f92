-- A stay is the time that one row spent in one phase. Its length is known if both ends are: it begins with a change to the
-- phase and ends with the next change of the same row, or goes on. Of rows that were there before rsl.phase_on, were deleted, or were
-- changed behind the trigger, one end is unknown: such stays are counted, and not measured.
CREATE FUNCTION rsl.phase_summary(target regclass, up_to timestamptz DEFAULT clock_timestamp())
RETURNS TABLE (phase text, entries bigint, rows_now bigint, stays bigint, total interval, average interval, longest interval, unknown bigint)
LANGUAGE plpgsql STABLE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
-- As the trigger writes keys.
SET timezone = 'UTC'
SET datestyle = 'ISO, YMD'
SET intervalstyle = 'postgres'
SET bytea_output = 'hex'
SET extra_float_digits = 1
AS $$
DECLARE
    settings jsonb;
BEGIN
    IF target IS NULL THEN
        RAISE EXCEPTION 'no table is named' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    SELECT rsl.track_settings(min(t.trigger)) INTO settings FROM rsl.track_triggers(target) AS t WHERE t.kind = 'phase' HAVING count(*) > 0;
    IF settings IS NULL THEN
        RAISE EXCEPTION '% has no phases', target
            USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Turn them on with rsl.phase_on.';
    END IF;
    RETURN QUERY EXECUTE format(
        $query$
        WITH present AS (
            SELECT %1$s AS key, t.%2$I::text COLLATE "C" AS phase FROM %3$s AS t
        ), change AS (
            SELECT h.key, h.from_phase, h.to_phase, h.changed_at,
                   lag(h.to_phase) OVER w AS before, row_number() OVER w = 1 AS is_first,
                   lead(h.from_phase) OVER w AS after, lead(h.changed_at) OVER w AS ended_at, lead(h.phase_history_id) OVER w IS NULL AS is_last
            FROM rsl.phase_history AS h, pg_class AS c, pg_namespace AS n
            WHERE c.oid = $1 AND n.oid = c.relnamespace AND h.schema_name = n.nspname AND h.table_name = c.relname
            WINDOW w AS (PARTITION BY h.key ORDER BY h.phase_history_id)
        ), stay AS (
            SELECT c.to_phase AS phase, true AS entered,
                   CASE WHEN c.is_last AND p.phase = c.to_phase THEN $2 - c.changed_at
                        WHEN NOT c.is_last AND c.after = c.to_phase THEN c.ended_at - c.changed_at END AS length
            FROM change AS c LEFT JOIN present AS p ON p.key = c.key AND c.is_last
            WHERE c.to_phase IS NOT NULL
            UNION ALL
            SELECT c.from_phase, false, NULL FROM change AS c
            WHERE c.from_phase IS NOT NULL AND (c.is_first OR c.before IS DISTINCT FROM c.from_phase)
            UNION ALL
            SELECT p.phase, false, NULL FROM present AS p LEFT JOIN change AS c ON c.key = p.key AND c.is_last
            WHERE p.phase IS NOT NULL AND c.to_phase IS DISTINCT FROM p.phase
        ), measured AS (
            -- A time before that of the change before it tells nothing.
            SELECT s.phase, s.entered, CASE WHEN s.length >= '0' THEN s.length END AS length FROM stay AS s
        ), by_phase AS (
            SELECT m.phase, count(*) FILTER (WHERE m.entered) AS entries, count(m.length) AS stays, sum(m.length) AS total,
                   avg(m.length) AS average, max(m.length) AS longest, count(*) - count(m.length) AS unknown
            FROM measured AS m GROUP BY m.phase
        ), named AS (
            SELECT p.phase, p.n FROM jsonb_array_elements_text($3) WITH ORDINALITY AS p (phase, n)
        )
        SELECT coalesce(n.phase, b.phase), coalesce(b.entries, 0), (SELECT count(*) FROM present AS p WHERE p.phase = coalesce(n.phase, b.phase)),
               coalesce(b.stays, 0), b.total, b.average, b.longest, coalesce(b.unknown, 0)
        FROM named AS n FULL JOIN by_phase AS b ON b.phase = n.phase COLLATE "C"
        ORDER BY n.n, coalesce(n.phase, b.phase) COLLATE "C"
        $query$,
        rsl.track_key(target, 't'), settings ->> 'column',
        (SELECT CASE c.relkind WHEN 'p' THEN '' ELSE 'ONLY ' END || target FROM pg_class AS c WHERE c.oid = target))
    USING target, up_to, settings -> 'phases';
END
$$;
COMMENT ON FUNCTION rsl.phase_summary(regclass, timestamptz) IS
    'Time spent in each phase of a table: entries (changes to it), rows in it now, and of the stays whose begin and end are known their number, total, average and longest time, those that go on counted up to up_to; unknown is the number of stays of which one end is not known';
