-- Whether a row breaks a rule that was never applied to the rows that were there. Foreign keys, their triggers and NULLs in required columns
-- are the matter of checks of their own.
CREATE FUNCTION rsl.check_constraints_enforced(about text DEFAULT NULL)
RETURNS TABLE (object text, status text, expected text, actual text, detail text, hint text)
LANGUAGE plpgsql STABLE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    shown CONSTANT int := 5;
    t record;
    c record;
    why text;
    broken bigint;
    first_rows text;
    clean boolean;
BEGIN
    FOR t IN
        SELECT v.rel, v.name, r.source, r.label, c.relowner AS owner, c.relname
        FROM rsl.verify_tables(about) AS v CROSS JOIN LATERAL rsl.verify_rows(v.rel) AS r JOIN pg_class AS c ON c.oid = v.rel ORDER BY v.name COLLATE "C"
    LOOP
        clean := true;
        FOR c IN
            SELECT k.oid, k.conname, pg_get_expr(k.conbin, k.conrelid) AS rule, to_jsonb(k) ->> 'conenforced' = 'false' AS not_enforced,
                   (SELECT array_agg(a.attname::text) FROM pg_attribute AS a WHERE a.attrelid = t.rel AND a.attnum = ANY (k.conkey)) AS columns
            FROM pg_constraint AS k
            WHERE k.conrelid = t.rel AND k.contype = 'c' AND NOT k.convalidated
            ORDER BY k.conname COLLATE "C"
        LOOP
            clean := false;
            object := format('%s.%I', t.name, c.conname); status := 'warn'; expected := 'validated'; actual := 'rows that break it: 0';
            detail := CASE WHEN c.not_enforced THEN 'it is declared as not enforced' ELSE 'it was never validated' END;
            hint := CASE WHEN c.not_enforced THEN format('ALTER TABLE %s ALTER CONSTRAINT %I ENFORCED', t.name, c.conname)
                         ELSE format('ALTER TABLE %s VALIDATE CONSTRAINT %I', t.name, c.conname) END;
            why := coalesce(rsl.verify_obstacle(t.rel, c.columns),
                CASE WHEN NOT pg_has_role(t.owner, 'MEMBER') THEN format('role %I is no member of its owner, as which the rule has to be asked', current_user) END);
            IF why IS NOT NULL THEN
                actual := NULL; detail := format('%s; its rows were not looked at: %s', detail, why);
            ELSE
                broken := NULL;
                BEGIN
                    -- Functions in a rule are its owner's, and must not run with more rights than the owner has. The rule may name the table.
                    PERFORM rsl.act_as(t.owner);
                    EXECUTE format('SELECT count(*) FROM %s AS %I WHERE (%s) IS FALSE', t.source, t.relname, c.rule) INTO broken;
                    IF broken > 0 THEN
                        EXECUTE format('SELECT string_agg(f.label, '', '') FROM (SELECT (%1$s)::text AS label FROM (SELECT %5$I.* FROM %2$s AS %5$I WHERE (%3$s) IS FALSE) AS t ORDER BY %1$s LIMIT %4$s) AS f',
                                       t.label, t.source, c.rule, shown, t.relname) INTO first_rows;
                    END IF;
                    RAISE EXCEPTION USING ERRCODE = 'RSL00';
                EXCEPTION
                    WHEN SQLSTATE 'RSL00' THEN
                        IF broken IS NULL THEN
                            status := 'fail'; actual := 'SQLSTATE RSL00'; detail := format('%s; a function of the rule has raised it', detail);
                        ELSIF broken > 0 THEN
                            status := 'fail'; actual := format('rows that break it: %s', broken);
                            detail := format('%s; first %s', detail, first_rows); hint := format('correct these rows, then %s', hint);
                        END IF;
                    WHEN insufficient_privilege OR lock_not_available OR transaction_rollback THEN
                        actual := NULL; detail := format('%s; its rows were not looked at: %s', detail, SQLERRM);
                    WHEN others THEN
                        status := 'fail'; actual := format('SQLSTATE %s', SQLSTATE); detail := format('%s; %s', detail, SQLERRM);
                END;
            END IF;
            RETURN NEXT;
        END LOOP;

        FOR c IN
            SELECT format('%s.%I', m.member, coalesce(k.conname, g.tgname)) AS name, m.member, g.tgname, g.tgenabled,
                   CASE WHEN k.oid IS NULL THEN 'trigger' ELSE 'trigger of a constraint that may be deferred' END AS what,
                   -- Disabled when it was loaded, or accepted since.
                   coalesce(s.shape -> 'trigger' ->> quote_ident(g.tgname) LIKE CASE g.tgenabled WHEN 'D' THEN '% (disabled)' ELSE '% (enabled for replica only)' END, false) AS known
            FROM rsl.verify_members(t.name) AS m
            JOIN pg_trigger AS g ON g.tgrelid = m.member AND g.tgenabled IN ('D', 'R')
            LEFT JOIN pg_constraint AS k ON k.oid = g.tgconstraint AND g.tgisinternal
            LEFT JOIN rsl.verify_shapes() AS s ON s.target = t.name
            WHERE k.contype IS DISTINCT FROM 'f'
            ORDER BY format('%s.%I', m.member, coalesce(k.conname, g.tgname)) COLLATE "C", g.tgname COLLATE "C"
        LOOP
            clean := false;
            object := c.name; status := CASE WHEN c.known THEN 'warn' ELSE 'fail' END; expected := 'enabled';
            actual := CASE c.tgenabled WHEN 'D' THEN 'disabled' ELSE 'enabled for replicas only' END;
            detail := concat(format('this %s does not run', c.what), CASE WHEN c.known THEN ', and did not when the table was recorded' END);
            hint := format('ALTER TABLE %s ENABLE TRIGGER %I, and look at what was written meanwhile', c.member, c.tgname);
            RETURN NEXT;
        END LOOP;

        IF clean THEN
            object := t.name; status := 'pass'; expected := 'all valid and enabled'; actual := expected; hint := NULL;
            SELECT format('checks %s, triggers %s',
                          (SELECT count(*) FROM pg_constraint AS k WHERE k.conrelid = t.rel AND k.contype = 'c'),
                          (SELECT count(*) FROM pg_trigger AS g LEFT JOIN pg_constraint AS k ON k.oid = g.tgconstraint AND g.tgisinternal
                           WHERE g.tgrelid = t.rel AND k.contype IS DISTINCT FROM 'f')) INTO detail;
            RETURN NEXT;
        END IF;
    END LOOP;

    -- In such a session no trigger runs, and foreign keys are triggers.
    FOR c IN
        SELECT coalesce(nullif(concat_ws(' in ', 'role ' || quote_ident(o.rolname), 'database ' || quote_ident(d.datname)), ''), 'all roles') AS of,
               CASE WHEN s.setrole = 0 AND s.setdatabase = 0 THEN 'ALTER ROLE ALL RESET session_replication_role'
                    WHEN s.setrole = 0 THEN format('ALTER DATABASE %I RESET session_replication_role', d.datname)
                    ELSE format('ALTER ROLE %I', o.rolname) || coalesce(format(' IN DATABASE %I', d.datname), '') || ' RESET session_replication_role' END AS hint
        FROM pg_db_role_setting AS s
        LEFT JOIN pg_roles AS o ON o.oid = s.setrole
        LEFT JOIN pg_database AS d ON d.oid = s.setdatabase
        WHERE about IS NULL AND (s.setdatabase = 0 OR d.datname = current_database()) AND EXISTS (SELECT FROM unnest(s.setconfig) AS x WHERE lower(x) = 'session_replication_role=replica')
        UNION ALL
        SELECT 'the server', 'remove session_replication_role from its configuration'
        FROM pg_settings AS s WHERE about IS NULL AND s.name = 'session_replication_role' AND s.reset_val = 'replica' AND s.source IN ('configuration file', 'command line')
        ORDER BY 1
    LOOP
        object := 'session_replication_role'; status := 'fail'; expected := 'origin'; actual := 'replica';
        detail := format('in sessions of %s no trigger runs and no foreign key is looked at', c.of);
        hint := format('%s, and look at what was written meanwhile', c.hint);
        RETURN NEXT;
    END LOOP;
END
$$;
COMMENT ON FUNCTION rsl.check_constraints_enforced(text) IS
    'Check: no check of schema rsl or of a target of a load is not validated, none of their triggers is disabled or for replicas only, and no session begins with all triggers off';
