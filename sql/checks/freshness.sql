CREATE FUNCTION rsl.check_freshness(about text DEFAULT NULL)
RETURNS TABLE (object text, status text, expected text, actual text, detail text, hint text)
LANGUAGE plpgsql STABLE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    t record;
    parts record;
    why text;
    disabled text;
    enable text;
    total bigint;
    differ bigint;
    counts text;
    found_any boolean := false;
BEGIN
    FOR t IN
        SELECT g.rel, g.rel::text AS name, g.trigger, rsl.track_settings(g.trigger) AS settings
        FROM rsl.track_triggers() AS g
        WHERE g.kind = 'freshness' AND (about IS NULL OR g.rel::text = about)
        ORDER BY g.rel::text COLLATE "C", g.trigger_name COLLATE "C"
    LOOP
        found_any := true;
        object := t.name;
        status := 'pass'; expected := 'another status now: 0'; actual := NULL; detail := NULL; hint := NULL;

        WITH RECURSIVE family AS (
            SELECT t.trigger AS oid
            UNION ALL
            SELECT g.oid FROM family AS f JOIN pg_trigger AS g ON g.tgparentid = f.oid
        )
        SELECT string_agg(format('%I on %s', g.tgname, g.tgrelid::regclass), ', ' ORDER BY g.tgrelid::regclass::text COLLATE "C"),
               string_agg(format('ALTER TABLE %s ENABLE TRIGGER %I', g.tgrelid::regclass, g.tgname), '; ' ORDER BY g.tgrelid::regclass::text COLLATE "C")
        INTO disabled, enable
        FROM pg_trigger AS g JOIN family AS f ON f.oid = g.oid WHERE g.tgenabled NOT IN ('O', 'A');

        why := rsl.verify_obstacle(t.rel);
        IF why IS NOT NULL THEN
            status := 'skip'; detail := why; hint := format('run the check as the owner of %s', t.name);
        ELSE
            BEGIN
                parts := rsl.freshness_parts(t.rel);
                EXECUTE format(
                    $query$
                    SELECT sum(x.n), coalesce(sum(x.n) FILTER (WHERE x.stored IS DISTINCT FROM x.present), 0),
                           string_agg(format('%%s is %%s: %%s', coalesce(x.stored, 'NULL'), x.present, x.n), ', ' ORDER BY x.stored, x.present)
                               FILTER (WHERE x.stored IS DISTINCT FROM x.present)
                    FROM (SELECT %s COLLATE "C" AS stored, %s COLLATE "C" AS present, count(*) AS n FROM %s AS t GROUP BY 1, 2) AS x
                    $query$, parts.status, parts.status_now, parts.rows_of)
                INTO total, differ, counts USING clock_timestamp();
                actual := format('another status now: %s', differ);
                detail := format('rows: %s', coalesce(total, 0));
                IF differ > 0 THEN
                    status := 'warn';
                    detail := format('time has passed, or the status was written by another: %s', counts);
                    hint := format('SELECT rsl.freshness_refresh(%L)', t.name);
                ELSIF t.settings ? 'renamed' THEN
                    status := 'warn';
                    detail := 'a column was renamed, and a restored dump could not follow that';
                    hint := format('SELECT rsl.freshness_off(%L), and then rsl.freshness_on with the name that it has now', t.name);
                END IF;
            EXCEPTION
                WHEN insufficient_privilege OR lock_not_available OR transaction_rollback THEN
                    status := 'skip'; detail := SQLERRM; hint := format('run the check again, as the owner of %s', t.name);
                WHEN others THEN
                    status := 'fail'; detail := format('%s (SQLSTATE %s)', SQLERRM, SQLSTATE);
                    hint := format('rows can neither be inserted nor updated: SELECT rsl.freshness_off(%L), and then rsl.freshness_on again', t.name);
            END;
        END IF;
        IF disabled IS NOT NULL THEN
            detail := CASE WHEN status = 'pass' THEN '' ELSE detail || '; ' END || 'the status is not kept: disabled is ' || disabled;
            hint := concat_ws('; then ', enable, hint);
            status := 'fail';
        END IF;
        RETURN NEXT;
    END LOOP;

    IF NOT found_any AND about IS NOT NULL THEN
        object := about; status := 'skip'; expected := NULL; actual := NULL;
        detail := 'this table has no freshness'; hint := NULL;
        RETURN NEXT;
    END IF;
END
$$;
COMMENT ON FUNCTION rsl.check_freshness(text) IS
    'Check: the triggers of rsl.freshness_on are enabled, and the stored status of every row is the present one';
