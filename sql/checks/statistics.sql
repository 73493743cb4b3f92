CREATE FUNCTION rsl.check_statistics(about text DEFAULT NULL)
RETURNS TABLE (object text, status text, expected text, actual text, detail text, hint text)
LANGUAGE plpgsql STABLE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    t record;
    few bigint;
BEGIN
    FOR t IN
        SELECT v.rel, v.name, n.nspname, c.relname, c.relkind,
               coalesce((SELECT o.option_value FROM pg_options_to_table(c.reloptions) AS o WHERE o.option_name = 'autovacuum_analyze_threshold'),
                        current_setting('autovacuum_analyze_threshold'))::bigint AS threshold,
               -- The server is to do it by itself, but for the whole of a partitioned table.
               c.relkind = 'r' AND current_setting('autovacuum')::boolean AND current_setting('track_counts')::boolean
               AND coalesce((SELECT o.option_value FROM pg_options_to_table(c.reloptions) AS o WHERE o.option_name = 'autovacuum_enabled'), 'on')::boolean
               AND EXISTS (SELECT FROM rsl.load AS l WHERE l.target = v.name AND l.finished_at > now() - interval '1 hour') AS soon,
               rsl.verify_obstacle(v.rel) AS why
        FROM rsl.verify_tables(about) AS v
        JOIN pg_class AS c ON c.oid = v.rel
        JOIN pg_namespace AS n ON n.oid = c.relnamespace
        WHERE v.is_target AND c.relkind IN ('r', 'p')
        ORDER BY v.name COLLATE "C"
    LOOP
        object := t.name; status := 'pass'; expected := 'analyzed, or too small to matter'; actual := NULL; detail := NULL; hint := NULL;
        IF t.why IS NOT NULL THEN
            status := 'skip'; detail := t.why; hint := format('run the check as the owner of %s', t.name);
        ELSIF NOT EXISTS (SELECT FROM pg_stats AS s WHERE s.schemaname = t.nspname AND s.tablename = t.relname) THEN
            EXECUTE format('SELECT count(*) FROM (SELECT FROM %s LIMIT %s) AS t', t.rel, t.threshold + 1) INTO few;
            IF few > t.threshold AND NOT t.soon THEN
                status := 'warn'; actual := 'never analyzed';
                detail := format('more than %s rows, and the planner knows nothing of their values', t.threshold);
                hint := format('ANALYZE %s', t.name);
            END IF;
        END IF;
        RETURN NEXT;
    END LOOP;

    IF object IS NULL AND about IS NOT NULL THEN
        RETURN QUERY SELECT about, 'skip', NULL::text, NULL::text, 'no load has filled this table', NULL::text;
    END IF;
END
$$;
COMMENT ON FUNCTION rsl.check_statistics(text) IS
    'Check: every target of a load that is not small was analyzed, or was loaded a moment ago and autovacuum is on';
