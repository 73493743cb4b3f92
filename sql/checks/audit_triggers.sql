CREATE FUNCTION rsl.check_audit_triggers(about text DEFAULT NULL)
RETURNS TABLE (object text, status text, expected text, actual text, detail text, hint text)
LANGUAGE plpgsql STABLE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    t record;
    why text;
    found_any boolean := false;
BEGIN
    why := coalesce(rsl.verify_obstacle('rsl.audit_switch'), rsl.verify_obstacle('rsl.audit_table'));
    IF why IS NOT NULL THEN
        RETURN QUERY SELECT coalesce(about, 'rsl.audit_switch'), 'skip', NULL::text, NULL::text, why,
            format('SELECT rsl.grant_access(%L, ''read'')', quote_ident(current_user));
        RETURN;
    END IF;
    FOR t IN
        WITH audited AS (
            SELECT a.target AS rel, min((a.settings ->> 'table')::int) AS number, (array_agg(a.settings))[1] AS settings, bool_or(a.trigger = 'rsl_audit_row') AS by_row
            FROM rsl.audit_triggers() AS a JOIN pg_class AS c ON c.oid = a.target
            WHERE NOT c.relispartition
            GROUP BY a.target
        ), last AS (
            SELECT DISTINCT ON (s.table_id) s.* FROM rsl.audit_switch AS s ORDER BY s.table_id, s.switch_id DESC
        )
        SELECT a.rel, a.rel::text AS name, a.number, a.settings, a.by_row, l.key_columns, l.exclude, l.action, l.at, c.relkind
        FROM audited AS a LEFT JOIN last AS l ON l.table_id = a.number JOIN pg_class AS c ON c.oid = a.rel
        WHERE about IS NULL OR a.rel::text = about
        UNION ALL
        -- Switched on, and no trigger anywhere.
        SELECT c.oid::regclass, format('%I.%I', l.schema_name, l.table_name), l.table_id, NULL, NULL, l.key_columns, l.exclude, l.action, l.at, c.relkind
        FROM last AS l
        LEFT JOIN pg_namespace AS n ON n.nspname = l.schema_name
        LEFT JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = l.table_name
        WHERE l.action = 'on' AND l.table_id NOT IN (SELECT a.number FROM audited AS a)
            AND (about IS NULL OR format('%I.%I', l.schema_name, l.table_name) = about)
        ORDER BY 2
    LOOP
        object := t.name; status := 'pass'; expected := 'every change is seen'; actual := NULL; detail := NULL; hint := NULL;
        IF t.settings IS NULL THEN
            IF t.rel IS NULL THEN
                status := 'skip';
                detail := 'the table is gone, or has another name and no trigger any more; its log is still there';
            ELSE
                status := 'fail'; actual := 'no trigger';
                detail := format('the audit was switched on at %s; its triggers are gone, and not by rsl.audit_off', to_char(timezone('UTC', t.at), 'YYYY-MM-DD"T"HH24:MI:SS"Z"'));
                hint := format('find out who dropped them, and SELECT rsl.audit_on(%L)', t.name);
            END IF;
            RETURN NEXT;
            found_any := true;
            CONTINUE;
        END IF;

        -- What must be there, on the table and on its partitions, and what is.
        WITH member AS (
            SELECT m AS rel FROM rsl.audit_members(t.rel) AS m
        ), must AS (
            SELECT m.rel, u.name FROM member AS m, unnest(CASE
                WHEN t.by_row THEN '{rsl_audit_row,rsl_audit_end,rsl_audit_truncate}'::text[]
                ELSE '{rsl_audit_begin,rsl_audit_insert,rsl_audit_update,rsl_audit_delete,rsl_audit_truncate}' END) AS u (name)
        ), found AS (
            SELECT u.rel, u.name, g.enabled,
                CASE WHEN g.trigger IS NULL THEN 'missing' WHEN g.enabled IN ('D', 'R') THEN 'disabled' WHEN g.enabled = 'O' THEN 'not for replicas'
                     WHEN (g.settings ->> 'table')::int <> t.number THEN 'of another table' END AS problem
            FROM must AS u LEFT JOIN rsl.audit_triggers() AS g ON g.target = u.rel AND g.trigger = u.name
        )
        SELECT string_agg(format('%s on %s: %s', f.name, f.rel, f.problem), ', ' ORDER BY f.rel::text COLLATE "C", f.name COLLATE "C")
                FILTER (WHERE f.problem IS NOT NULL),
            CASE WHEN bool_or(f.problem IN ('disabled', 'of another table') OR f.problem = 'missing' AND (f.rel = t.rel OR f.name = 'rsl_audit_row')) THEN 'fail'
                 WHEN count(f.problem) > 0 THEN 'warn' ELSE 'pass' END
        INTO actual, status FROM found AS f;
        IF actual IS NOT NULL THEN
            detail := CASE status WHEN 'fail' THEN 'changes are not seen, or were not for a time'
                ELSE 'not seen is TRUNCATE of a new partition, or what a session with session_replication_role = replica does' END;
            hint := CASE WHEN actual LIKE '%disabled%' OR actual LIKE '%replicas%' OR actual NOT LIKE '%of another table%' THEN
                format('find out who did it, and SELECT rsl.audit_on(%L)', t.name) ELSE format('SELECT rsl.audit_off(%1$L); SELECT rsl.audit_on(%1$L)', t.name) END;
        ELSIF EXISTS (SELECT FROM rsl.audit_triggers() AS o JOIN pg_class AS c ON c.oid = o.target
                WHERE (o.settings ->> 'table')::int = t.number AND o.target <> t.rel AND NOT c.relispartition) THEN
            status := 'fail'; actual := 'two tables with one number';
            detail := 'the triggers of another table carry the number of this one: a copy, or a forgery';
            hint := 'SELECT * FROM rsl.audit_triggers() shows them; rsl.audit_off and rsl.audit_on of the copy give it its own';
        ELSIF NOT t.by_row AND rsl.audit_needs_row_triggers(t.rel) THEN
            status := 'fail'; actual := 'statement triggers';
            detail := 'it inherits, is inherited from, or is filled by a subscription since: rows change without a statement on it';
            hint := format('SELECT rsl.audit_on(%L)', t.name);
        ELSIF EXISTS (SELECT FROM jsonb_array_elements((t.settings -> 'key') || (t.settings -> 'exclude')) AS c
                WHERE NOT EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = t.rel AND a.attname = c ->> 0 AND NOT a.attisdropped)) THEN
            status := 'warn'; actual := 'columns renamed or dropped';
            detail := format('the triggers know them as %s', (t.settings -> 'key') || (t.settings -> 'exclude'));
            hint := format('SELECT rsl.audit_off(%1$L); SELECT rsl.audit_on(%1$L, …)', t.name);
        ELSIF t.action IS DISTINCT FROM 'on' OR t.key_columns IS DISTINCT FROM ARRAY(SELECT c ->> 0 FROM jsonb_array_elements(t.settings -> 'key') AS c)
            OR t.exclude IS DISTINCT FROM ARRAY(SELECT c ->> 0 FROM jsonb_array_elements(t.settings -> 'exclude') AS c) THEN
            status := 'fail'; actual := format('key %s, excluded %s', jsonb_path_query_array(t.settings, '$.key[*][0]'), jsonb_path_query_array(t.settings, '$.exclude[*][0]'));
            expected := coalesce(format('key %s, excluded %s', to_json(t.key_columns), to_json(t.exclude)), 'rsl.audit_on');
            detail := 'the triggers are not those of the last rsl.audit_on';
            hint := format('find out who made them; SELECT rsl.audit_off(%1$L); SELECT rsl.audit_on(%1$L, …)', t.name);
        ELSE
            detail := format('key %s%s, since %s', array_to_string(t.key_columns, ', '), CASE WHEN t.exclude <> '{}' THEN ', without ' || array_to_string(t.exclude, ', ') ELSE '' END,
                to_char(timezone('UTC', t.at), 'YYYY-MM-DD'));
        END IF;
        RETURN NEXT;
        found_any := true;
    END LOOP;
    IF about IS NOT NULL AND NOT found_any THEN
        RETURN QUERY SELECT about, 'skip', NULL::text, NULL::text, 'this table is not audited', NULL::text;
    END IF;
END
$$;
COMMENT ON FUNCTION rsl.check_audit_triggers(text) IS
    'Check: the triggers of every audited table are there, enabled for everybody, and those that rsl.audit_on has made';
