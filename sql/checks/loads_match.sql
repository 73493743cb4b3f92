-- The first of the rows that rsl.load_changes names, for people.
CREATE FUNCTION rsl.load_changes_in_words(changes jsonb) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
    SELECT concat_ws('; ',
        changes ->> 'unnamed',
        (SELECT string_agg(format('%s: %s', g.kind, g.rows), '; ' ORDER BY g.kind) FROM (
            SELECT r.kind, string_agg(r.name, ', ' ORDER BY r.n) FILTER (WHERE r.n <= 10) || CASE WHEN count(*) > 10 THEN format(' and %s more', count(*) - 10) ELSE '' END AS rows
            FROM (SELECT e ->> 'kind' AS kind, coalesce(e ->> 'key', 'a row without a name') AS name, row_number() OVER (PARTITION BY e ->> 'kind' ORDER BY n) AS n
                FROM jsonb_array_elements(changes -> 'left') WITH ORDINALITY u (e, n)) r
            GROUP BY r.kind) g),
        (SELECT 'not as the log says: ' || string_agg(k.key::text, ', ' ORDER BY k.n) FILTER (WHERE k.n <= 10) || CASE WHEN count(*) > 10 THEN format(' and %s more', count(*) - 10) ELSE '' END
            FROM jsonb_array_elements(changes -> 'disagree') WITH ORDINALITY k (key, n)))
$$;
COMMENT ON FUNCTION rsl.load_changes_in_words(jsonb) IS 'part of rsl.check_loads_match: the rows that rsl.load_changes names, the first ten of each kind';

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
    sketched text;
    rejects record;
    said text;
    found jsonb;
BEGIN
    IF about IS NULL AND NOT EXISTS (SELECT FROM rsl.load) THEN
        object := 'rsl.load'; status := 'skip'; detail := 'nothing has been loaded yet'; hint := 'load a table with rsl pull';
        RETURN NEXT;
        RETURN;
    END IF;

    FOR t IN
        SELECT s.target, e.load_id, e.rejected, coalesce(e.report #>> '{whole,digest}', e.report #>> '{after,digest}') AS digest, e.report #>> '{after,rows}' AS rows,
               rsl.load_proven_columns(e) AS columns,
               (e.report #>> '{after,block}')::bigint AS block,
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
            ELSIF (SELECT c.relkind NOT IN ('r', 'p') FROM pg_class AS c WHERE c.oid = rel) THEN
                -- What stands there runs code of its owner when it is read, and holds nothing.
                status := 'fail';
                actual := (SELECT CASE c.relkind WHEN 'v' THEN 'a view' WHEN 'm' THEN 'a materialized view' WHEN 'f' THEN 'a foreign table' ELSE 'no table' END FROM pg_class AS c WHERE c.oid = rel);
                detail := format('%s: it was a table then', said);
                hint := 'put the table back under its name, restore it, or load it again with rsl pull';
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
                    sketched := NULL;
                    IF has_table_privilege('rsl.load_sketch', 'SELECT') THEN
                        SELECT rsl.sketch_digest(k.sketch) INTO sketched FROM rsl.load_sketch AS k WHERE k.load_id = t.load_id;
                    END IF;
                    -- A row that somebody put back behind the audit has the digest of before, but is not as the log says.
                    IF sketched <> t.digest THEN
                        status := 'fail';
                        detail := format('%s: its report and its sketch, which were written together, are not of the same rows', said);
                        hint := 'somebody has changed the books: find out who; load the table again with rsl pull';
                    ELSIF digest = t.digest AND NOT rsl.load_is_followed(t.load_id, rel, t.block) THEN
                        status := 'pass';
                        detail := format('%s: %s rows', said, t.rows);
                    ELSE
                        found := rsl.load_changes(t.load_id);
                        detail := format('%s: %s rows then, %s rows now', said, t.rows, split_part(digest, ':', 1));
                        IF found ->> 'hidden' IS NOT NULL THEN
                            status := 'skip';
                            detail := format('%s; whether the audit log explains that is not to be seen: %s', detail, found ->> 'hidden');
                            hint := format('run it as the owner, or: SELECT rsl.grant_access(%L, ''audit'')', quote_ident(current_user));
                        ELSIF (found ->> 'explained')::boolean THEN
                            status := 'pass';
                            detail := format('%s, explained by audited changes: %s, of rows: %s', detail, found ->> 'changes', found ->> 'rows_changed');
                        ELSE
                            status := 'fail';
                            detail := concat_ws('; ', detail,
                                'audited changes: ' || nullif(found ->> 'changes', '0'), found ->> 'why', rsl.load_changes_in_words(found),
                                -- Of audited changes it is not known in which columns.
                                CASE WHEN (found ->> 'changes')::bigint = 0 THEN 'in the columns '
                                    || (SELECT string_agg(quote_ident(c), ', ') FROM jsonb_array_elements_text(found -> 'columns') c) END);
                            hint := CASE WHEN found -> 'left' IS NULL AND found -> 'disagree' IS NULL
                                THEN 'rsl diff names the rows; or load the table again with rsl pull'
                                ELSE 'rows were changed behind the audit: rsl diff shows their values; rsl.history what is known of them' END;
                        END IF;
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

        -- Rows that are not in the target, and that nobody has accepted to be missing.
        FOR rejects IN
            SELECT l.load_id, l.rejected, r.listed, r.open FROM rsl.load AS l CROSS JOIN LATERAL rsl.load_rejects_count(l.load_id) AS r
            WHERE l.target = t.target AND l.status = 'partial' AND (r.open > 0 OR r.listed <> l.rejected)
            ORDER BY l.load_id
        LOOP
            expected := format('rejects: %s', rejects.rejected); actual := format('listed: %s', rejects.listed);
            IF rejects.listed <> rejects.rejected THEN
                status := 'fail';
                detail := format('load %s: rsl.reject has not the rows that were rejected', rejects.load_id);
                hint := 'somebody has changed the books: find out who; load the table again with rsl pull';
            ELSE
                status := 'warn'; expected := 'no open rejects'; actual := format('open: %s', rejects.open);
                detail := format('load %s: rows that are not in the target: %s', rejects.load_id, rejects.open);
                hint := format('rsl rejects %s lists them; rsl pull --retry-rejects %1$s, or rsl rejects %1$s --accept ''why''', rejects.load_id);
            END IF;
            RETURN NEXT;
        END LOOP;

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
    'Check: every target is as its last exact load left it, but for changes that the audit log explains; rows that differ are named';
