CREATE FUNCTION rsl.check_loads_match(about text DEFAULT NULL)
RETURNS TABLE (object text, status text, expected text, actual text, detail text, hint text)
LANGUAGE plpgsql STABLE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    now_format CONSTANT text := 'YYYY-MM-DD"T"HH24:MI:SS"Z"';
    t record;
    rel regclass;
    lost text;
    why text;
    digest text;
    said text;
BEGIN
    IF about IS NULL AND NOT EXISTS (SELECT FROM rsl.load) THEN
        object := 'rsl.load'; status := 'skip'; detail := 'nothing has been loaded yet'; hint := 'load a table with rsl pull';
        RETURN NEXT;
        RETURN;
    END IF;

    FOR t IN
        SELECT s.target, e.load_id, e.columns, e.report #>> '{after,digest}' AS digest, e.report #>> '{after,rows}' AS rows,
               to_char(timezone('utc', e.finished_at), now_format) AS finished
        FROM (SELECT DISTINCT l.target FROM rsl.load AS l) AS s
        LEFT JOIN LATERAL (
            SELECT l.* FROM rsl.load AS l
            WHERE l.target = s.target AND l.status IN ('exact', 'partial')
            -- Of two loads at once the one that ended last has seen the rows of both.
            ORDER BY l.finished_at DESC, l.load_id DESC
            LIMIT 1
        ) AS e ON true
        WHERE about IS NULL OR s.target = about OR rsl.verify_relation(s.target)::text = about
        ORDER BY s.target COLLATE "C"
    LOOP
        object := t.target; expected := NULL; actual := NULL; hint := NULL;
        said := format('load %s, finished %s', t.load_id, t.finished);
        BEGIN
            rel := rsl.verify_relation(t.target);
            expected := t.digest;
            IF t.load_id IS NULL THEN
                status := 'skip';
                detail := 'no load of this target has finished as exact or partial';
                hint := 'run rsl loads to see how its loads ended';
            ELSIF t.digest IS NULL THEN
                status := 'warn';
                detail := format('%s: its report has no digest to compare with', said);
                hint := 'load the target again';
            ELSIF rel IS NULL THEN
                status := 'fail';
                actual := 'missing';
                detail := format('%s: the table is missing or was renamed', said);
                hint := 'rename it back, restore it, or load it again with rsl pull';
            ELSE
                SELECT string_agg(quote_ident(u.name), ', ' ORDER BY u.n) INTO lost
                FROM unnest(t.columns) WITH ORDINALITY AS u (name, n)
                WHERE NOT EXISTS (
                    SELECT FROM pg_attribute AS a
                    WHERE a.attrelid = rel AND a.attname = u.name AND a.attnum > 0 AND NOT a.attisdropped);
                why := rsl.verify_obstacle(rel, t.columns);
                IF lost IS NOT NULL THEN
                    status := 'fail';
                    actual := 'missing: ' || lost;
                    detail := format('%s: columns that were loaded are missing or were renamed', said);
                    hint := 'rename them back, restore the table, or load it again with rsl pull';
                ELSIF why IS NOT NULL THEN
                    status := 'skip';
                    detail := why;
                    hint := format('run the check as the owner of %s', t.target);
                ELSE
                    digest := rsl.table_digest(rel, t.columns);
                    actual := digest;
                    IF digest = t.digest THEN
                        status := 'pass';
                        detail := format('%s: %s rows', said, t.rows);
                    ELSE
                        status := 'fail';
                        detail := format('%s: %s rows then, %s rows now%s', said, t.rows, split_part(digest, ':', 1),
                                         CASE WHEN t.rows = split_part(digest, ':', 1) THEN ', with other content' END);
                        hint := 'rows were changed after the load: find out by whom, or load the table again with rsl pull';
                    END IF;
                END IF;
            END IF;
        EXCEPTION
            WHEN insufficient_privilege OR lock_not_available OR transaction_rollback THEN
                status := 'skip'; actual := NULL; detail := SQLERRM; hint := format('run the check again, as the owner of %s', t.target);
            WHEN others THEN
                status := 'fail'; actual := NULL; detail := format('%s (SQLSTATE %s)', SQLERRM, SQLSTATE);
                hint := 'the target could not be read: remove the cause and run the check again';
        END;
        RETURN NEXT;

        -- Loads that did not come to an end, and the last one that did if it failed.
        RETURN QUERY
        SELECT t.target, 'warn', 'exact', l.status,
               CASE l.status
                   WHEN 'loading' THEN format('load %s, started %s, has not finished', l.load_id, to_char(timezone('utc', l.started_at), now_format))
                   ELSE format('load %s, the last of this target, failed at %s%s', l.load_id, to_char(timezone('utc', l.finished_at), now_format),
                               ': ' || coalesce(l.report #>> '{reason,message}', l.report ->> 'reason'))
               END,
               CASE l.status
                   WHEN 'loading' THEN format('if nobody is loading any more: SELECT rsl.load_abort(%s), then load it again', l.load_id)
                   ELSE 'remove the cause and load it again'
               END
        FROM rsl.load AS l
        WHERE l.target = t.target
          AND (l.status = 'loading'
               OR l.load_id = (
                   SELECT x.load_id FROM rsl.load AS x
                   WHERE x.target = t.target AND x.status IN ('exact', 'partial', 'failed')
                   ORDER BY x.finished_at DESC, x.load_id DESC
                   LIMIT 1) AND l.status = 'failed')
        ORDER BY l.load_id;
    END LOOP;
END
$$;
COMMENT ON FUNCTION rsl.check_loads_match(text) IS
    'Check: the digest of every target now against its digest at the end of its last load that changed it';
