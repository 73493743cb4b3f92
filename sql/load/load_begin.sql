CREATE FUNCTION rsl.load_register(plan jsonb) RETURNS bigint
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'load_register_wrapper';
COMMENT ON FUNCTION rsl.load_register(jsonb) IS 'part of rsl.load_begin: writes the row of rsl.load and returns its number';

-- Asked when a load begins, and again behind the lock on the table: in between somebody may have changed it.
CREATE FUNCTION rsl.load_check_relation(target regclass) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    relation pg_class;
BEGIN
    SELECT * INTO relation FROM pg_class WHERE oid = target;
    IF relation.relkind NOT IN ('r', 'p') THEN
        RAISE EXCEPTION '% is not a table', target
            USING ERRCODE = 'wrong_object_type', HINT = 'Rows are loaded into ordinary or partitioned tables.';
    END IF;
    IF rsl.is_system_table(target) THEN
        RAISE EXCEPTION '% cannot be the target of a load', target
            USING ERRCODE = 'insufficient_privilege', HINT = 'It belongs to the system.';
    END IF;
    IF relation.relpersistence = 't' THEN
        RAISE EXCEPTION '% cannot be the target of a load', target
            USING ERRCODE = 'wrong_object_type', HINT = 'A temporary table is only there for one session.';
    END IF;
    IF relation.relkind = 'r' AND EXISTS (SELECT FROM pg_inherits WHERE inhparent = target) THEN
        RAISE EXCEPTION '% cannot be the target of a load: other tables inherit from it', target
            USING ERRCODE = 'wrong_object_type', HINT = 'Load into the tables that inherit, or use a partitioned table.';
    END IF;
    IF row_security_active(target) THEN
        RAISE EXCEPTION 'row security hides rows of % from role "%"', target, current_user
            USING ERRCODE = 'insufficient_privilege', HINT = 'Load as the owner of the table, or as a role with BYPASSRLS: nothing can be proven of rows that are not seen.';
    END IF;
END $$;
COMMENT ON FUNCTION rsl.load_check_relation(regclass) IS 'part of rsl.load_begin, rsl.load_finish and rsl.load_undo: why rows cannot be loaded into a relation, as an error';

-- Columns and key of an existing target, checked before the first row is read: what cannot work is refused here.
CREATE FUNCTION rsl.load_check_target(target regclass, columns text[], mode text, key text[]) RETURNS jsonb
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    wanted text[];
    key_columns text[] := key;
    bad text;
BEGIN
    PERFORM rsl.load_check_relation(target);
    wanted := CASE WHEN columns IS NOT NULL THEN rsl.table_columns(target, columns)
        ELSE (SELECT array_agg(attname ORDER BY attnum) FROM pg_attribute
            WHERE attrelid = target AND attnum > 0 AND NOT attisdropped AND attgenerated = '') END;
    IF wanted IS NULL THEN
        RAISE EXCEPTION '% has no column that could be loaded', target USING ERRCODE = 'invalid_parameter_value';
    END IF;
    SELECT c INTO bad FROM unnest(wanted) c GROUP BY c HAVING count(*) > 1 LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'column "%" is named twice', bad USING ERRCODE = 'duplicate_column';
    END IF;
    SELECT attname INTO bad FROM pg_attribute WHERE attrelid = target AND attname = ANY (wanted) AND attgenerated <> '' LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'column "%" of % is generated and cannot be loaded', bad, target
            USING ERRCODE = 'generated_always', HINT = 'Leave it out of the columns.';
    END IF;
    SELECT attname INTO bad FROM pg_attribute WHERE attrelid = target AND attnum > 0 AND NOT attisdropped
        AND attnotnull AND NOT atthasdef AND attidentity = '' AND attname <> ALL (wanted) ORDER BY attnum LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'column "%" of % must not be null, has no default and is not among the columns of the load', bad, target
            USING ERRCODE = 'not_null_violation', HINT = 'Load it too, or give it a default.';
    END IF;
    IF NOT has_table_privilege(target, 'SELECT') OR NOT has_table_privilege(target, 'INSERT')
        OR NOT has_table_privilege(target, 'UPDATE') OR mode = 'replace' AND NOT has_table_privilege(target, 'DELETE') THEN
        RAISE EXCEPTION 'role "%" may not load into %', current_user, target
            USING ERRCODE = 'insufficient_privilege',
            HINT = format('GRANT SELECT, INSERT, UPDATE%s ON %s TO %I;', CASE mode WHEN 'replace' THEN ', DELETE' ELSE '' END, target, current_user);
    END IF;
    -- At the end sequences go on behind the last value: found out before any row is moved.
    SELECT string_agg(s.sequence::text, ', ' ORDER BY s.sequence::text) INTO bad
    FROM (SELECT DISTINCT to_regclass(pg_get_serial_sequence(target::text, a.attname)) AS sequence FROM pg_attribute a
        WHERE a.attrelid = target AND a.attname = ANY (wanted) AND a.atttypid IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype)) s
    WHERE NOT (has_sequence_privilege(s.sequence, 'SELECT') AND has_sequence_privilege(s.sequence, 'UPDATE'));
    IF bad IS NOT NULL THEN
        RAISE EXCEPTION 'role "%" may not set the sequences behind % on', current_user, target
            USING ERRCODE = 'insufficient_privilege', HINT = format('GRANT SELECT, UPDATE ON SEQUENCE %s TO %I;', bad, current_user);
    END IF;
    IF key_columns IS NULL THEN
        key_columns := (SELECT rsl.primary_key(target) FROM pg_index i WHERE i.indrelid = target AND i.indisprimary AND i.indimmediate);
        IF NOT key_columns <@ wanted THEN
            key_columns := NULL;
        END IF;
    END IF;
    IF mode = 'upsert' AND key_columns IS NULL THEN
        RAISE EXCEPTION 'upsert into % needs a key', target
            USING ERRCODE = 'invalid_parameter_value',
            HINT = 'Give the table a primary key whose columns are loaded, or name the columns of a unique constraint.';
    END IF;
    IF key_columns IS NOT NULL THEN
        PERFORM rsl.table_columns(target, key_columns);
        IF NOT key_columns <@ wanted THEN
            RAISE EXCEPTION 'the key is not among the columns of the load' USING ERRCODE = 'invalid_parameter_value';
        END IF;
        IF rsl.load_key_condition(target, key_columns) IS NULL THEN
            RAISE EXCEPTION '% has no unique constraint on (%)', target, array_to_string(key_columns, ', ')
                USING ERRCODE = 'invalid_column_reference',
                HINT = 'A key finds at most one row: CREATE UNIQUE INDEX on exactly these columns, or name another key.';
        END IF;
    END IF;
    RETURN jsonb_build_object('columns', wanted, 'key_columns', key_columns);
END $$;
COMMENT ON FUNCTION rsl.load_check_target(regclass, text[], text, text[]) IS 'part of rsl.load_begin: columns and key of an existing target, or why it cannot be loaded';

-- The column list of a table that a load creates, from {"columns": [{"name", "type", "not_null"}], "primary_key": [name]}.
CREATE FUNCTION rsl.load_column_list(definition jsonb) RETURNS text
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    SET standard_conforming_strings = on
AS $$
DECLARE
    bad text;
BEGIN
    IF jsonb_typeof(definition -> 'columns') IS DISTINCT FROM 'array' OR definition -> 'columns' = '[]' THEN
        RAISE EXCEPTION 'the definition names no columns'
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Expected {"columns": [{"name": …, "type": …, "not_null": …}], "primary_key": […]}.';
    END IF;
    -- A type name goes into DDL as it stands: words, and numbers in parentheses, nothing else.
    FOR bad IN SELECT c ->> 'type' FROM jsonb_array_elements(definition -> 'columns') c LOOP
        BEGIN
            CONTINUE WHEN bad ~ '^[a-z][a-z0-9_ ]*(\([0-9]+(, ?-?[0-9]+)?\))?[a-z ]*$' AND to_regtype(bad) IS NOT NULL;
        EXCEPTION WHEN syntax_error THEN
            NULL; -- What does not parse as a type is none.
        END;
        RAISE EXCEPTION 'the definition has an unknown type "%"', coalesce(bad, '') USING ERRCODE = 'undefined_object';
    END LOOP;
    IF jsonb_typeof(coalesce(definition -> 'primary_key', '[]')) <> 'array' OR EXISTS (
        SELECT FROM jsonb_array_elements(CASE jsonb_typeof(definition -> 'primary_key') WHEN 'array' THEN definition -> 'primary_key' ELSE '[]' END) k
        WHERE k NOT IN (SELECT c -> 'name' FROM jsonb_array_elements(definition -> 'columns') c)) THEN
        RAISE EXCEPTION 'the primary key of the definition must be a list of its columns' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    RETURN (SELECT string_agg(format('%I %s%s', c ->> 'name', c ->> 'type',
            CASE WHEN (c ->> 'not_null')::boolean OR (definition -> 'primary_key') ? (c ->> 'name') THEN ' NOT NULL' ELSE '' END), ', ' ORDER BY n)
        FROM jsonb_array_elements(definition -> 'columns') WITH ORDINALITY u(c, n));
END $$;
COMMENT ON FUNCTION rsl.load_column_list(jsonb) IS 'part of rsl.load_begin: the column list of CREATE TABLE';

-- First key of the advisory locks of loads; the second is the number of the load.
CREATE FUNCTION rsl.load_lock_class() RETURNS int
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS 'SELECT hashtext(''rsl.load'')';
COMMENT ON FUNCTION rsl.load_lock_class() IS 'first key of the advisory lock that a session holds on each load that it began';

-- What a column is staged as. The rules of a domain and the labels of an enum are looked at when rows are merged, where a row that
-- breaks one can be told from the others. A key must be of the type that its index compares.
CREATE FUNCTION rsl.load_staged_type(type_id oid, modifier int, in_key boolean) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    t pg_type;
BEGIN
    LOOP
        SELECT * INTO t FROM pg_type WHERE oid = type_id;
        EXIT WHEN t.typtype IS DISTINCT FROM 'd';
        type_id := t.typbasetype;
        modifier := t.typtypmod;
    END LOOP;
    IF t.typtype = 'e' AND NOT in_key THEN
        RETURN 'text';
    END IF;
    RETURN format_type(type_id, modifier);
END $$;
COMMENT ON FUNCTION rsl.load_staged_type(oid, int, boolean) IS 'part of rsl.load_begin: the type as which a column of the target is staged';

CREATE FUNCTION rsl.load_begin(target text, columns text[] DEFAULT NULL, mode text DEFAULT 'append', key text[] DEFAULT NULL,
    source text DEFAULT NULL, object text DEFAULT NULL, definition jsonb DEFAULT NULL, again boolean DEFAULT false,
    run bigint DEFAULT NULL, max_rejects bigint DEFAULT 0) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
    SET quote_all_identifiers = off
AS $$
DECLARE
    relation regclass;
    parts text[];
    plan jsonb;
    column_list text;
    load bigint;
    staging text;
    schema_oid regnamespace;
    may_create boolean;
BEGIN
    IF target IS NULL OR mode IS NULL THEN
        RAISE EXCEPTION 'a load needs a target and a mode' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    IF mode NOT IN ('append', 'upsert', 'replace') THEN
        RAISE EXCEPTION 'unknown mode "%"', mode
            USING ERRCODE = 'invalid_parameter_value', HINT = 'The modes are append, upsert and replace.';
    END IF;
    IF max_rejects < 0 THEN
        RAISE EXCEPTION 'a load cannot allow % rejects', max_rejects
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Without any it is 0.';
    END IF;
    parts := parse_ident(target);
    IF cardinality(parts) <> 2 THEN
        RAISE EXCEPTION 'the target "%" must be named with its schema', target
            USING ERRCODE = 'invalid_parameter_value', HINT = 'For example: erp.item.';
    END IF;
    relation := to_regclass(target);
    IF relation IS NOT NULL THEN
        plan := rsl.load_check_target(relation, columns, mode, key);
        column_list := (SELECT string_agg(format('%I %s', attname, rsl.load_staged_type(atttypid, atttypmod, coalesce(plan -> 'key_columns' ? attname, false))), ', ' ORDER BY array_position(ARRAY(SELECT jsonb_array_elements_text(plan -> 'columns')), attname::text))
            FROM pg_attribute WHERE attrelid = relation AND attnum > 0 AND NOT attisdropped AND plan -> 'columns' ? attname);
        definition := NULL;
    ELSIF definition IS NULL THEN
        RAISE EXCEPTION 'there is no table %', target
            USING ERRCODE = 'undefined_table', HINT = 'Create it, or give a definition and the load creates it.';
    ELSE
        IF key IS NOT NULL THEN
            definition := definition || jsonb_build_object('primary_key', key);
        END IF;
        column_list := rsl.load_column_list(definition);
        IF EXISTS (SELECT FROM unnest(columns) c WHERE c NOT IN (SELECT d ->> 'name' FROM jsonb_array_elements(definition -> 'columns') d)) THEN
            RAISE EXCEPTION 'the columns of the load are not those of the definition'
                USING ERRCODE = 'undefined_column', HINT = 'Leave the columns out: they are those of the definition, in its order.';
        END IF;
        plan := jsonb_build_object(
            'columns', (SELECT jsonb_agg(c -> 'name' ORDER BY n) FROM jsonb_array_elements(definition -> 'columns') WITH ORDINALITY u(c, n)),
            'key_columns', NULLIF(definition -> 'primary_key', '[]'));
        IF mode = 'upsert' AND coalesce(plan -> 'key_columns', 'null') = 'null' THEN
            RAISE EXCEPTION 'upsert into % needs a key', target
                USING ERRCODE = 'invalid_parameter_value', HINT = 'The source gives no primary key: name the columns of a key.';
        END IF;
        schema_oid := to_regnamespace(quote_ident(parts[1]));
        may_create := CASE WHEN schema_oid IS NULL THEN has_database_privilege(current_database(), 'CREATE')
            ELSE has_schema_privilege(schema_oid, 'CREATE') END;
        IF NOT may_create THEN
            RAISE EXCEPTION 'role "%" may not create %', current_user, target
                USING ERRCODE = 'insufficient_privilege',
                HINT = format('GRANT CREATE ON %s TO %I;', CASE WHEN schema_oid IS NULL THEN format('DATABASE %I', current_database())
                    ELSE format('SCHEMA %I', parts[1]) END, current_user);
        END IF;
    END IF;
    load := rsl.load_register(plan || jsonb_build_object('target', format('%I.%I', parts[1], parts[2]), 'mode', mode,
        'source', source, 'object', object, 'definition', definition, 'again', coalesce(again, false), 'run_id', run,
        'max_rejects', coalesce(max_rejects, 0)));
    -- Held until the session ends: rsl.load_abort_abandoned tells by it which loads have lost their client.
    PERFORM pg_advisory_lock_shared(rsl.load_lock_class(), load::int);
    staging := format('rsl_stage.load_%s', load);
    -- The staging of a new table becomes the table, so it is logged. Any other is not: after a crash of the server it
    -- is empty, which the next push and the witness notice, and half the writing is saved.
    EXECUTE format('CREATE %s TABLE %s (%s) WITH (autovacuum_enabled = false)',
        CASE WHEN definition IS NULL THEN 'UNLOGGED' ELSE '' END, staging, column_list);
    RETURN load;
END $$;
COMMENT ON FUNCTION rsl.load_begin(text, text[], text, text[], text, text, jsonb, boolean, bigint, bigint) IS
    'begins a load into target (schema.table) and returns its number; mode append, upsert or replace; columns in the order of the chunks, default all; key default the primary key; definition creates a missing target; again appends even what was appended before; run is the run that it belongs to; with no more than max_rejects rows that cannot be loaded, all others are, and the load is partial';
