CREATE FUNCTION rsl.check_audit_storage(about text DEFAULT NULL)
RETURNS TABLE (object text, status text, expected text, actual text, detail text, hint text)
LANGUAGE plpgsql STABLE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    -- The tables of schema rsl are looked at by schema_complete; the months are made at run time.
    RETURN QUERY
    WITH month AS (
        SELECT p.relid AS rel, p.relid::text AS name FROM pg_partition_tree('rsl.audit_block') AS p WHERE p.isleaf
    ), found AS (
        SELECT m.rel, m.name, u.trigger, (SELECT g.tgenabled FROM pg_trigger AS g WHERE g.tgrelid = m.rel AND g.tgname = u.trigger AND g.tgfoid = 'rsl.refuse_change()'::regprocedure)
        FROM month AS m, unnest('{only_grows,only_grows_truncate}'::text[]) AS u (trigger)
    )
    SELECT f.name, CASE WHEN bool_and(coalesce(f.tgenabled = 'A', false)) THEN 'pass' ELSE 'fail' END, 'only grows',
        string_agg(format('%s: %s', f.trigger, CASE WHEN f.tgenabled IS NULL THEN 'missing' WHEN f.tgenabled = 'O' THEN 'not for replicas' ELSE 'disabled' END), ', ' ORDER BY f.trigger)
            FILTER (WHERE f.tgenabled IS DISTINCT FROM 'A'),
        CASE WHEN NOT bool_and(coalesce(f.tgenabled = 'A', false)) THEN 'rows of the log can be changed, or could for a time' END,
        CASE WHEN NOT bool_and(coalesce(f.tgenabled = 'A', false)) THEN
            format('find out who did it and what was changed: SELECT * FROM rsl.audit_check(); then ALTER TABLE %s ENABLE ALWAYS TRIGGER ALL', f.name) END
    FROM found AS f
    WHERE about IS NULL OR f.name = about
    GROUP BY f.rel, f.name
    ORDER BY f.name COLLATE "C";
END
$$;
COMMENT ON FUNCTION rsl.check_audit_storage(text) IS 'Check: no month of the audit log lets anybody update, delete or truncate';
