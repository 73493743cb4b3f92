CREATE FUNCTION rsl.grant_access(grantee regrole, level text) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY INVOKER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    role_name name;
    app_tables CONSTANT text[] := ARRAY[
        'rsl.rsl_group', 'rsl.rsl_step', 'rsl.rsl_rule_ref', 'rsl.users', 'rsl.items', 'rsl.processes',
        'rsl.routings', 'rsl.output_profiles', 'rsl.model_metadata'];
    audit_functions CONSTANT text[] := ARRAY[
        'rsl.audit_on(regclass, text[], text[])', 'rsl.audit_off(regclass)', 'rsl.audit_seal()', 'rsl.audit_check(text)',
        'rsl.phase_on(regclass, name, text[], jsonb, name, name, name)', 'rsl.phase_off(regclass)',
        'rsl.freshness_on(regclass, name, name, interval, interval)', 'rsl.freshness_off(regclass)', 'rsl.freshness_refresh(regclass)',
        'rsl.track_install(regclass, text, name, jsonb)', 'rsl.track_remove(regclass, text)', 'rsl.untrack_all()'];
    object text;
BEGIN
    IF level IS NULL OR level NOT IN ('read', 'app', 'load', 'audit') THEN
        RAISE EXCEPTION 'unknown access level %', coalesce(quote_literal(level), 'NULL')
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'use ''read'' (look at everything but the audit log), ''app'' (also change the application tables), ''load'' (also load) or ''audit'' (put audit, phases and freshness on own tables, and look at the audit log, which shows the rows of every audited table)';
    END IF;
    SELECT r.rolname INTO role_name FROM pg_roles AS r WHERE r.oid = grantee;
    IF role_name IS NULL THEN
        RAISE EXCEPTION 'unknown role %', coalesce(quote_literal(grantee::text), 'NULL')
            USING ERRCODE = 'invalid_parameter_value', HINT = 'make it first: CREATE ROLE name LOGIN';
    END IF;

    EXECUTE format('GRANT USAGE ON SCHEMA rsl TO %I', role_name);
    -- Only what the extension installed: a table that somebody else put into the schema is not ours to give away.
    FOR object IN
        SELECT c.oid::regclass::text
        FROM pg_class AS c
        WHERE c.oid IN (SELECT to_regclass(m.name) FROM rsl.manifest AS m WHERE m.kind IN ('table', 'view', 'sequence'))
          AND c.oid <> 'rsl.users'::regclass
          -- Whoever reads these reads what was in every audited table, or keys of every loaded one.
          AND (level = 'audit' OR c.oid NOT IN ('rsl.audit_block'::regclass, 'rsl.audit_log'::regclass, 'rsl.load_sketch'::regclass))
          -- So it is with rows that were rejected; of these, whoever loads sees those of own loads, through the view.
          AND (level = 'audit' OR c.oid NOT IN ('rsl.reject'::regclass, 'rsl.reject_reject_id_seq'::regclass) AND (level = 'load' OR c.oid <> 'rsl.rejects'::regclass))
        ORDER BY 1
    LOOP
        EXECUTE format('GRANT SELECT ON %s TO %I', object, role_name);
    END LOOP;
    -- Checks act with fewer rights than the caller has.
    EXECUTE format('GRANT EXECUTE ON FUNCTION rsl.act_as(oid) TO %I', role_name);
    -- Nobody needs the password hashes to read; a column that is added later is readable after the next call.
    EXECUTE (
        SELECT format('GRANT SELECT (%s) ON rsl.users TO %I', string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum), role_name)
        FROM pg_attribute AS a
        WHERE a.attrelid = 'rsl.users'::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attname <> 'hashed_password');

    IF level = 'app' THEN
        FOREACH object IN ARRAY app_tables LOOP
            EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO %I', object, role_name);
            EXECUTE format('GRANT USAGE, SELECT ON SEQUENCE %s TO %I', pg_get_serial_sequence(object, 'id'), role_name);
        END LOOP;
        -- The trigger that keeps updated_at asks it, as whoever runs the UPDATE.
        EXECUTE format('GRANT EXECUTE ON FUNCTION rsl.load_writes(text) TO %I', role_name);
    ELSIF level = 'load' THEN
        EXECUTE format('GRANT USAGE, CREATE ON SCHEMA rsl_stage TO %I', role_name);
        FOR object IN
            SELECT p.oid::regprocedure::text
            FROM pg_proc AS p
            WHERE p.oid IN (SELECT to_regprocedure(m.name) FROM rsl.manifest AS m WHERE m.kind = 'function')
              AND (starts_with(p.proname, 'load_') OR starts_with(p.proname, 'run_') 
                   OR p.proname = ANY ('{shape_accept,verify_deep,check_constraints_bite,check_indexes_consistent,constraint_attempt,constraint_violation,key_index}'))
            ORDER BY 1
        LOOP
            EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %I', object, role_name);
        END LOOP;
    ELSIF level = 'audit' THEN
        FOREACH object IN ARRAY audit_functions LOOP
            EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %I', object, role_name);
        END LOOP;
    END IF;
END
$$;
COMMENT ON FUNCTION rsl.grant_access(regrole, text) IS
    'Gives a role what it needs on schema rsl: read (select, without the password hashes), app (also change the application tables), load (read, and load), audit (read, put audit, phases and freshness on own tables, and look at the audit log); it never takes anything away';
REVOKE ALL ON FUNCTION rsl.grant_access(regrole, text) FROM PUBLIC;
