CREATE FUNCTION rsl.audit_write() RETURNS trigger
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'audit_write_wrapper';
COMMENT ON FUNCTION rsl.audit_write() IS 'Trigger: writes to the audit log; rsl.audit_on puts it on a table';
REVOKE ALL ON FUNCTION rsl.audit_write() FROM PUBLIC;

-- Whoever may add partitions may call the trigger's function, with any argument.
CREATE FUNCTION rsl.audit_trigger_settings(arguments bytea) RETURNS jsonb
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'audit_trigger_settings_wrapper';
COMMENT ON FUNCTION rsl.audit_trigger_settings(bytea) IS 'part of rsl.audit_triggers: pg_trigger.tgargs as jsonb, null if they are not what rsl.audit_on writes';

-- What is switched on, from the triggers themselves: they follow the table through every rename, dump and restore.
CREATE FUNCTION rsl.audit_triggers()
RETURNS TABLE (target regclass, trigger name, enabled "char", type int2, settings jsonb)
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT t.tgrelid::regclass, t.tgname, t.tgenabled, t.tgtype, s.settings
    FROM pg_trigger t, rsl.audit_trigger_settings(t.tgargs) s (settings)
    WHERE t.tgfoid = 'rsl.audit_write()'::regprocedure AND NOT t.tgisinternal AND t.tgnargs = 1 AND s.settings IS NOT NULL
$$;
COMMENT ON FUNCTION rsl.audit_triggers() IS 'The triggers of the audit: table, name, whether it is enabled, type (as pg_trigger.tgtype) and settings {table, oid, key, exclude}';

CREATE FUNCTION rsl.audit_settings(target regclass) RETURNS jsonb
LANGUAGE sql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT jsonb_build_object('key', jsonb_path_query_array(t.settings, '$.key[*][0]'), 'exclude', jsonb_path_query_array(t.settings, '$.exclude[*][0]'))
    FROM rsl.audit_triggers() t WHERE t.target = audit_settings.target LIMIT 1
$$;
COMMENT ON FUNCTION rsl.audit_settings(regclass) IS 'How a table is audited, {key, exclude}; null if it is not';

-- Statement triggers see the statements on the table itself, and no more: not those that reach it through another table, and not what the
-- worker of a subscription does.
CREATE FUNCTION rsl.audit_needs_row_triggers(target regclass) RETURNS boolean
LANGUAGE sql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT EXISTS (SELECT FROM pg_class WHERE oid = target AND relkind = 'p')
        OR EXISTS (SELECT FROM pg_inherits WHERE target IN (inhparent, inhrelid))
        OR EXISTS (SELECT FROM pg_subscription_rel WHERE srrelid = target)
$$;
COMMENT ON FUNCTION rsl.audit_needs_row_triggers(regclass) IS
    'Whether rows of a table are changed in ways that statement triggers do not see: it is partitioned, inherits, is inherited from, or is filled by a subscription';

-- The tables on which triggers have to be when a table is audited: itself, and of a partitioned table each partition.
CREATE FUNCTION rsl.audit_members(target regclass) RETURNS SETOF regclass
LANGUAGE sql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT target WHERE (SELECT relkind FROM pg_class WHERE oid = target) <> 'p'
    UNION ALL
    SELECT relid FROM pg_partition_tree(target)
$$;
COMMENT ON FUNCTION rsl.audit_members(regclass) IS 'A table, or a partitioned table with its partitions';

CREATE FUNCTION rsl.audit_columns(target regclass, names text[]) RETURNS jsonb
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
SET standard_conforming_strings = on
AS $$
DECLARE
    column_name text;
    list jsonb := '[]';
    number int;
BEGIN
    FOREACH column_name IN ARRAY names LOOP
        SELECT attnum INTO number FROM pg_attribute WHERE attrelid = target AND attname = column_name AND attnum > 0 AND NOT attisdropped;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'column "%" of % does not exist', column_name, target
                USING ERRCODE = 'undefined_column', HINT = format('\d %s shows the columns.', target);
        END IF;
        IF list @> jsonb_build_array(jsonb_build_array(column_name, number)) THEN
            RAISE EXCEPTION 'column "%" is named twice', column_name USING ERRCODE = 'duplicate_column';
        END IF;
        list := list || jsonb_build_array(jsonb_build_array(column_name, number));
    END LOOP;
    RETURN list;
END
$$;
COMMENT ON FUNCTION rsl.audit_columns(regclass, text[]) IS 'part of rsl.audit_on: [[name, number]] of columns, or which of them does not exist';

CREATE FUNCTION rsl.audit_put_on(target regclass, acting name, session name, actor text, key text[], exclude text[]) RETURNS boolean
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    relation pg_class;
    in_schema name;
    reason text;
    settings jsonb;
    known jsonb;
    number int;
    child regclass;
    added boolean := false;
    child_added boolean;
    by_row boolean;
    wanted name[];
    present name[];
    had_gap boolean := false;
    same jsonpath;
BEGIN
    -- rsl.audit_on has looked at the table as the role that acts.
    SELECT * INTO relation FROM pg_class WHERE oid = target;
    in_schema := (SELECT n.nspname FROM pg_namespace n WHERE n.oid = relation.relnamespace);
    IF EXISTS (SELECT FROM rsl.audit_members(target) m JOIN pg_class c ON c.oid = m WHERE c.relkind = 'f') THEN
        RAISE EXCEPTION '% has a partition on another server', target USING ERRCODE = 'feature_not_supported';
    END IF;
    -- Nobody changes rows or columns while the triggers are put on.
    EXECUTE format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', target);
    -- Behind the lock, it is still the table of that role.
    IF NOT EXISTS (SELECT FROM pg_class WHERE oid = target AND pg_has_role(acting, relowner, 'USAGE')) THEN
        RAISE EXCEPTION 'role "%" does not own %', acting, target USING ERRCODE = 'insufficient_privilege';
    END IF;

    key := coalesce(key, rsl.primary_key(target));
    IF coalesce(cardinality(key), 0) = 0 OR array_position(key, NULL) IS NOT NULL THEN
        RAISE EXCEPTION '% has no primary key', target
            USING ERRCODE = 'invalid_table_definition', DETAIL = 'The log must say which row has changed.',
                  HINT = format('Add one, or name columns that find a row: SELECT rsl.audit_on(%L, key => ''{…}'');', target);
    END IF;
    -- Nobody has to ask for it.
    exclude := coalesce(exclude, CASE WHEN target = 'rsl.users'::regclass THEN '{hashed_password}' ELSE '{}' END::text[]);
    IF array_position(exclude, NULL) IS NOT NULL THEN
        RAISE EXCEPTION 'a column to be excluded is NULL' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    SELECT c INTO reason FROM unnest(key) c WHERE c = ANY (exclude) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'column "%" belongs to the key and cannot be excluded', reason USING ERRCODE = 'invalid_parameter_value';
    END IF;
    settings := jsonb_build_object('oid', target::oid::bigint, 'key', rsl.audit_columns(target, key), 'exclude', rsl.audit_columns(target, exclude));

    -- Renamed, it is still the same, by the numbers of its columns; restored, by their names.
    SELECT t.settings INTO known FROM rsl.audit_triggers() t WHERE t.target = audit_put_on.target LIMIT 1;
    same := CASE WHEN known -> 'oid' = settings -> 'oid' THEN '$[*][1]' ELSE '$[*][0]' END;
    IF known IS NOT NULL AND (jsonb_path_query_array(known -> 'key', same), jsonb_path_query_array(known -> 'exclude', same))
            IS DISTINCT FROM (jsonb_path_query_array(settings -> 'key', same), jsonb_path_query_array(settings -> 'exclude', same)) THEN
        RAISE EXCEPTION '% is audited with other settings', target
            USING ERRCODE = 'duplicate_object',
                  DETAIL = format('Key %s, excluded %s.', jsonb_path_query_array(known, '$.key[*][0]'), jsonb_path_query_array(known, '$.exclude[*][0]')),
                  HINT = format('SELECT rsl.audit_off(%L); ends that.', target);
    END IF;
    number := (known ->> 'table')::int;
    IF number IS NULL THEN
        -- The name it had before, unless that number is with a table that was renamed.
        SELECT a.table_id INTO number FROM rsl.audit_table a
        WHERE a.schema_name = in_schema AND a.table_name = relation.relname
            AND a.table_id NOT IN (SELECT (t.settings ->> 'table')::int FROM rsl.audit_triggers() t)
        ORDER BY a.table_id DESC LIMIT 1;
    END IF;
    IF number IS NULL THEN
        INSERT INTO rsl.audit_table (schema_name, table_name) VALUES (in_schema, relation.relname) RETURNING table_id INTO number;
    END IF;
    settings := jsonb_build_object('table', number) || settings;

    by_row := rsl.audit_needs_row_triggers(target);
    wanted := CASE WHEN by_row THEN '{rsl_audit_row}' ELSE '{rsl_audit_begin,rsl_audit_delete,rsl_audit_insert,rsl_audit_update}' END;
    present := ARRAY(SELECT t.trigger FROM rsl.audit_triggers() t
        WHERE t.target = audit_put_on.target AND t.trigger NOT IN ('rsl_audit_truncate', 'rsl_audit_end') ORDER BY t.trigger);
    IF present <> wanted THEN
        -- One is missing, or statement triggers are on what other tables have come to inherit from. They are made anew.
        FOREACH reason IN ARRAY present LOOP
            EXECUTE format('DROP TRIGGER %I ON %s', reason, target);
        END LOOP;
        IF by_row THEN
            EXECUTE format('CREATE TRIGGER rsl_audit_row AFTER INSERT OR UPDATE OR DELETE ON %s FOR EACH ROW EXECUTE FUNCTION rsl.audit_write(%L)', target, settings);
        ELSE
            EXECUTE format('CREATE TRIGGER rsl_audit_begin BEFORE INSERT OR UPDATE OR DELETE ON %s FOR EACH STATEMENT EXECUTE FUNCTION rsl.audit_write(%L)', target, settings);
            EXECUTE format('CREATE TRIGGER rsl_audit_insert AFTER INSERT ON %s REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION rsl.audit_write(%L)', target, settings);
            EXECUTE format('CREATE TRIGGER rsl_audit_update AFTER UPDATE ON %s REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION rsl.audit_write(%L)', target, settings);
            EXECUTE format('CREATE TRIGGER rsl_audit_delete AFTER DELETE ON %s REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION rsl.audit_write(%L)', target, settings);
        END IF;
        added := true;
        had_gap := known IS NOT NULL;
    END IF;
    had_gap := had_gap OR EXISTS (SELECT FROM rsl.audit_triggers() t
        WHERE t.target IN (SELECT rsl.audit_members(audit_put_on.target)) AND t.enabled IN ('D', 'R'))
        OR known IS NOT NULL AND NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = target AND tgname = 'rsl_audit_truncate');
    FOR child, reason IN
        SELECT m, n FROM rsl.audit_members(target) m, unnest(CASE WHEN by_row THEN '{rsl_audit_truncate,rsl_audit_end}' ELSE '{rsl_audit_truncate}'::text[] END) n
        WHERE NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = m AND tgname = n)
    LOOP
        EXECUTE format('CREATE TRIGGER %I %s ON %s FOR EACH STATEMENT EXECUTE FUNCTION rsl.audit_write(%L)', reason,
            CASE reason WHEN 'rsl_audit_truncate' THEN 'BEFORE TRUNCATE' ELSE 'AFTER INSERT OR UPDATE OR DELETE' END, child, settings);
        added := true;
    END LOOP;
    -- So that session_replication_role does not go round them.
    FOR child, reason IN SELECT t.target, t.trigger FROM rsl.audit_triggers() t
        WHERE t.target IN (SELECT rsl.audit_members(audit_put_on.target)) AND t.enabled <> 'A'
    LOOP
        EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', child, reason);
        added := true;
    END LOOP;
    -- A new partition gets copies of the row trigger, and the server asks its owner for the right to the function.
    IF relation.relkind = 'p' AND NOT has_function_privilege(relation.relowner, 'rsl.audit_write()', 'EXECUTE') THEN
        EXECUTE format('GRANT EXECUTE ON FUNCTION rsl.audit_write() TO %I', relation.relowner::regrole::name);
    END IF;
    IF had_gap AND known IS NOT NULL THEN
        -- Since when, nobody knows.
        INSERT INTO rsl.audit_switch (action, table_id, schema_name, table_name, session_role, acting_role, actor)
        VALUES ('off', number, in_schema, relation.relname, session, acting, actor);
    END IF;
    IF added THEN
        INSERT INTO rsl.audit_switch (action, table_id, schema_name, table_name, key_columns, exclude, session_role, acting_role, actor)
        VALUES ('on', number, in_schema, relation.relname, key, exclude, session, acting, actor);
        PERFORM rsl.keep_data();
        PERFORM rsl.audit_months_ahead();
    END IF;
    -- Statements on a parent reach the rows of its children.
    FOR child IN SELECT inhrelid FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid WHERE inhparent = target AND NOT c.relispartition LOOP
        -- Not in one expression with the other, which would then not be called.
        child_added := rsl.audit_put_on(child, acting, session, actor,
            CASE WHEN rsl.primary_key(child) IS NULL THEN key END, exclude);
        added := added OR child_added;
    END LOOP;
    RETURN added;
END
$$;
COMMENT ON FUNCTION rsl.audit_put_on(regclass, name, name, text, text[], text[]) IS 'part of rsl.audit_on: looks at the table and puts the triggers on it, on behalf of a role';
REVOKE ALL ON FUNCTION rsl.audit_put_on(regclass, name, name, text, text[], text[]) FROM PUBLIC;

CREATE FUNCTION rsl.audit_take_off(target regclass, acting name, session name, actor text) RETURNS boolean
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    relation pg_class;
    number int;
    put record;
    child regclass;
    removed boolean := false;
    child_removed boolean;
BEGIN
    SELECT * INTO relation FROM pg_class WHERE oid = target;
    EXECUTE format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', target);
    IF NOT EXISTS (SELECT FROM pg_class WHERE oid = target AND pg_has_role(acting, relowner, 'USAGE')) THEN
        RAISE EXCEPTION 'role "%" does not own %', acting, target USING ERRCODE = 'insufficient_privilege';
    END IF;
    FOR put IN SELECT t.target AS member, t.trigger, (t.settings ->> 'table')::int AS number
        FROM rsl.audit_triggers() t JOIN pg_trigger g ON g.tgrelid = t.target AND g.tgname = t.trigger
        -- A clone on a partition goes with the trigger that it was made of.
        WHERE t.target IN (SELECT rsl.audit_members(audit_take_off.target)) AND g.tgparentid = 0
        ORDER BY 1, 2
    LOOP
        EXECUTE format('DROP TRIGGER %I ON %s', put.trigger, put.member);
        number := put.number;
        removed := true;
    END LOOP;
    IF removed THEN
        INSERT INTO rsl.audit_switch (action, table_id, schema_name, table_name, session_role, acting_role, actor)
        SELECT 'off', number, n.nspname, relation.relname, session, acting, audit_take_off.actor FROM pg_namespace n WHERE n.oid = relation.relnamespace;
    END IF;
    FOR child IN SELECT inhrelid FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid WHERE inhparent = target AND NOT c.relispartition LOOP
        child_removed := rsl.audit_take_off(child, acting, session, actor);
        removed := removed OR child_removed;
    END LOOP;
    RETURN removed;
END
$$;
COMMENT ON FUNCTION rsl.audit_take_off(regclass, name, name, text) IS 'part of rsl.audit_off: takes the triggers off, on behalf of a role';
REVOKE ALL ON FUNCTION rsl.audit_take_off(regclass, name, name, text) FROM PUBLIC;

CREATE FUNCTION rsl.audit_on(target regclass, key text[] DEFAULT NULL, exclude text[] DEFAULT NULL) RETURNS boolean
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'audit_on_wrapper';
COMMENT ON FUNCTION rsl.audit_on(regclass, text[], text[]) IS
    'from now on writes every change of a table to rsl.audit_log; rows are known by the primary key, or by the columns that key names; the columns that exclude names are never stored. True if that is new, false if it was so already. Only for the owner of the table';
REVOKE ALL ON FUNCTION rsl.audit_on(regclass, text[], text[]) FROM PUBLIC;

CREATE FUNCTION rsl.audit_off(target regclass) RETURNS boolean
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'audit_off_wrapper';
COMMENT ON FUNCTION rsl.audit_off(regclass) IS
    'ends the audit of a table; what is in the log stays there. True if it was on. Only for the owner of the table';
REVOKE ALL ON FUNCTION rsl.audit_off(regclass) FROM PUBLIC;
