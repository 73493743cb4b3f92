CREATE FUNCTION rsl.check_phase_triggers(about text DEFAULT NULL)
RETURNS TABLE (object text, status text, expected text, actual text, detail text, hint text)
LANGUAGE plpgsql STABLE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
-- As the trigger writes keys.
SET timezone = 'UTC'
SET datestyle = 'ISO, YMD'
SET intervalstyle = 'postgres'
SET bytea_output = 'hex'
SET extra_float_digits = 1
AS $$
#variable_conflict use_column
DECLARE
    shown CONSTANT int := 5;
    t record;
    why text;
    trigger_problem text;
    trigger_hint text;
    rows_of text;
    strangers bigint;
    differ bigint;
    unrecorded bigint;
    examples text;
    found_any boolean := false;
BEGIN
    FOR t IN
        SELECT g.rel, g.rel::text AS name, rsl.track_settings(min(g.trigger)) AS settings, bit_or(g.fires_on) AS fires_on,
               c.relkind, c.relname, n.nspname
        FROM rsl.track_triggers() AS g
        JOIN pg_class AS c ON c.oid = g.rel
        JOIN pg_namespace AS n ON n.oid = c.relnamespace
        WHERE g.kind = 'phase' AND (about IS NULL OR g.rel::text = about)
        GROUP BY g.rel, c.relkind, c.relname, n.nspname
        ORDER BY g.rel::text COLLATE "C"
    LOOP
        found_any := true;
        object := t.name;
        status := 'pass'; expected := 'changed behind the trigger: 0'; actual := NULL; detail := NULL; hint := NULL;

        -- On the table and, of a partitioned one, on all partitions.
        WITH RECURSIVE family AS (
            SELECT g.trigger AS oid FROM rsl.track_triggers(t.rel) AS g WHERE g.kind = 'phase'
            UNION ALL
            SELECT g.oid FROM family AS f JOIN pg_trigger AS g ON g.tgparentid = f.oid
        )
        SELECT string_agg(format('%I on %s', g.tgname, g.tgrelid::regclass), ', ' ORDER BY g.tgrelid::regclass::text COLLATE "C", g.tgname),
               string_agg(format('ALTER TABLE %s ENABLE TRIGGER %I', g.tgrelid::regclass, g.tgname), '; ' ORDER BY g.tgrelid::regclass::text COLLATE "C", g.tgname)
        INTO trigger_problem, trigger_hint
        FROM pg_trigger AS g JOIN family AS f ON f.oid = g.oid WHERE g.tgenabled NOT IN ('O', 'A');
        trigger_problem := 'changes are not seen: disabled is ' || trigger_problem;
        IF t.fires_on & 20 <> 20 OR t.relkind = 'p' AND t.fires_on & 8 = 0 THEN
            trigger_problem := 'changes are not seen: a trigger of rsl.phase_on is missing';
            trigger_hint := format('SELECT rsl.phase_off(%L), and then rsl.phase_on again', t.name);
        ELSIF t.settings ? 'missing' OR NOT t.settings ? 'column' THEN
            trigger_problem := format('changes are refused, because columns are gone: %s',
                (SELECT string_agg(m.value, ', ' ORDER BY m.value) FROM jsonb_each_text(t.settings -> 'missing') AS m));
            trigger_hint := format('SELECT rsl.phase_off(%L), and then rsl.phase_on again', t.name);
        END IF;

        why := coalesce(rsl.verify_obstacle(t.rel), rsl.verify_obstacle('rsl.phase_history'));
        IF why IS NOT NULL THEN
            status := 'skip'; detail := why; hint := format('run the check as the owner of %s', t.name);
        ELSIF t.settings ? 'column' THEN
            BEGIN
                rows_of := CASE t.relkind WHEN 'p' THEN '' ELSE 'ONLY ' END || t.rel::text;
                EXECUTE format('SELECT count(*) FROM %s AS t WHERE t.%I::text COLLATE "C" <> ALL ($1)', rows_of, t.settings ->> 'column')
                INTO strangers USING ARRAY(SELECT jsonb_array_elements_text(t.settings -> 'phases'));
                EXECUTE format(
                    $query$
                    WITH last AS (
                        SELECT DISTINCT ON (h.key) h.key, h.to_phase FROM rsl.phase_history AS h
                        WHERE h.schema_name = $1 AND h.table_name = $2
                        ORDER BY h.key, h.phase_history_id DESC
                    ), present AS (
                        SELECT %s AS key, t.%I::text COLLATE "C" AS phase FROM %s AS t
                    ), differing AS (
                        SELECT p.key, l.to_phase, p.phase, row_number() OVER (ORDER BY p.key) AS n
                        FROM present AS p JOIN last AS l ON l.key = p.key AND l.to_phase IS DISTINCT FROM p.phase
                    )
                    SELECT (SELECT count(*) FROM differing),
                           (SELECT count(*) FROM present AS p WHERE p.phase IS NOT NULL AND NOT EXISTS (SELECT FROM last AS l WHERE l.key = p.key)),
                           (SELECT string_agg(format('%%s was %%s and is %%s', d.key, coalesce(to_json(d.to_phase)::text, 'NULL'), coalesce(to_json(d.phase)::text, 'NULL')), ', ' ORDER BY d.n)
                            FROM differing AS d WHERE d.n <= $3)
                    $query$, rsl.track_key(t.rel, 't'), t.settings ->> 'column', rows_of)
                INTO differ, unrecorded, examples USING t.nspname, t.relname, shown;
                actual := format('changed behind the trigger: %s', differ);
                IF strangers > 0 THEN
                    status := 'fail';
                    detail := format('rows in a phase that is not listed: %s', strangers);
                    hint := 'change these rows, or list their phases with rsl.phase_off and rsl.phase_on';
                END IF;
                IF differ > 0 THEN
                    status := 'fail';
                    detail := concat_ws('; ', detail, format('the history ends with another phase: %s', examples));
                    hint := concat_ws('; ', hint, 'find out who changed them; the next change of such a row is recorded again');
                END IF;
                IF status = 'pass' THEN
                    detail := format('rows without a history: %s', unrecorded);
                    IF t.settings ? 'renamed' THEN
                        status := 'warn';
                        detail := detail || '; a column was renamed, and a restored dump could not follow that';
                        hint := format('SELECT rsl.phase_off(%L), and then rsl.phase_on with the name that it has now', t.name);
                    END IF;
                END IF;
            EXCEPTION
                WHEN insufficient_privilege OR lock_not_available OR transaction_rollback THEN
                    status := 'skip'; detail := SQLERRM; hint := format('run the check again, as the owner of %s', t.name);
                WHEN others THEN
                    status := 'fail'; detail := format('%s (SQLSTATE %s)', SQLERRM, SQLSTATE);
                    hint := 'the history could not be compared: remove the cause and run the check again';
            END;
        END IF;
        -- What the catalogue says is seen even where the rows are not.
        IF trigger_problem IS NOT NULL THEN
            detail := CASE WHEN status IN ('pass', 'warn') THEN trigger_problem ELSE concat_ws('; ', detail, trigger_problem) END;
            hint := CASE WHEN status IN ('pass', 'warn') THEN trigger_hint ELSE concat_ws('; then ', hint, trigger_hint) END;
            status := 'fail';
        END IF;
        RETURN NEXT;
    END LOOP;

    FOR object, trigger_problem IN
        SELECT m.rel::text, min(m.was) FROM rsl.phase_marked() AS m
        WHERE (about IS NULL OR m.rel::text = about) AND NOT EXISTS (SELECT FROM rsl.track_triggers(m.rel) AS g WHERE g.kind = 'phase')
        GROUP BY m.rel
        ORDER BY m.rel::text COLLATE "C"
    LOOP
        found_any := true;
        expected := 'the triggers of rsl.phase_on'; actual := 'missing';
        detail := 'the constraint of its phases is there, its triggers are not: transitions are neither refused nor recorded';
        hint := format('SELECT rsl.phase_off(%L), and then rsl.phase_on again', object);
        status := 'fail';
        IF trigger_problem IS NOT NULL THEN
            -- Renamed since, or a copy of a table that is gone: nothing tells one from the other.
            status := 'warn';
            detail := format('%s; made for %s, which is gone or has another name now', detail, trigger_problem);
            hint := format('SELECT rsl.phase_off(%L), and then rsl.phase_on again if its phases are to be kept', object);
        END IF;
        RETURN NEXT;
    END LOOP;

    IF NOT found_any AND about IS NOT NULL THEN
        object := about; status := 'skip'; expected := NULL; actual := NULL;
        detail := 'this table has no phases'; hint := NULL;
        RETURN NEXT;
    END IF;
END
$$;
COMMENT ON FUNCTION rsl.check_phase_triggers(text) IS
    'Check: the triggers of rsl.phase_on are there and enabled, their settings can be followed, and every row is in a listed phase and in that which its history ends with';
