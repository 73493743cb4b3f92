CREATE FUNCTION rsl.check_constraints_bite(about text DEFAULT NULL)
RETURNS TABLE (object text, status text, expected text, actual text, detail text, hint text)
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    t record;
    k record;
    verdict text;
    attempts record;
    statement text;
    refused int;
    damaged oid[];
    why text := CASE WHEN pg_is_in_recovery() THEN 'nothing can be tried on a standby'
                     WHEN current_setting('transaction_read_only')::boolean THEN 'nothing can be tried in a transaction that only reads' END;
BEGIN
    IF why IS NOT NULL THEN
        RETURN QUERY SELECT coalesce(about, 'constraints'), 'skip', NULL::text, NULL::text, why, 'run it on the primary, in a transaction that may write';
        RETURN;
    END IF;
    -- The server trusts the pages of its indexes: to write into a damaged one, or to look a parent up in it, may bring the server down.
    damaged := ARRAY(
        SELECT coalesce(pg_partition_root(x.indrelid), x.indrelid)
        FROM (SELECT about AS name
              UNION
              SELECT r.rel::regclass::text FROM pg_constraint AS f CROSS JOIN unnest(ARRAY[f.conrelid, f.confrelid]) AS r (rel)
              WHERE f.contype = 'f' AND rsl.verify_relation(about) IN (f.conrelid, f.confrelid)) AS n
        CROSS JOIN rsl.check_indexes_consistent(n.name) AS c JOIN pg_index AS x ON x.indexrelid = rsl.verify_relation(c.object)
        WHERE c.status = 'fail');
    FOR t IN
        SELECT v.rel, v.name, coalesce(rsl.verify_obstacle(v.rel), d.why) AS why, d.why IS NOT NULL AS is_damaged
        FROM rsl.verify_tables(about) AS v JOIN pg_class AS c ON c.oid = v.rel AND c.relkind IN ('r', 'p')
        CROSS JOIN LATERAL (
            SELECT CASE WHEN v.rel = ANY (damaged) OR EXISTS (SELECT FROM pg_constraint AS f WHERE f.contype = 'f' AND (f.conrelid = v.rel AND f.confrelid = ANY (damaged) OR f.confrelid = v.rel AND f.conrelid = ANY (damaged)))
                THEN 'an index of it, or of a table that it shares a foreign key with, is damaged: rsl.verify_deep(''indexes_consistent'') names it' END AS why) AS d
        ORDER BY v.name COLLATE "C"
    LOOP
        refused := 0;
        FOR k IN SELECT * FROM rsl.constraints_of(t.rel)
        LOOP
            why := t.why;
            verdict := NULL;
            IF why IS NULL THEN
                BEGIN
                    SELECT * INTO attempts FROM rsl.constraint_violation(t.rel, k.kind, k.oid, k.attnum);
                    why := attempts.reason;
                    FOREACH statement IN ARRAY coalesce(attempts.statements, '{}') LOOP
                        -- Of two reasons the first is the one to know.
                        SELECT r.verdict, CASE WHEN r.verdict = 'skip' THEN coalesce(why, r.reason) END INTO verdict, why
                        FROM rsl.constraint_attempt(t.rel, k.family, k.column_name, k.states, statement, attempts.proof) AS r;
                        EXIT WHEN verdict <> 'skip';
                    END LOOP;
                EXCEPTION
                    WHEN others THEN
                        why := format('%s (SQLSTATE %s)', SQLERRM, SQLSTATE);
                END;
            END IF;
            IF verdict = 'refused' THEN
                refused := refused + 1;
                CONTINUE;
            END IF;
            -- Of a table without rows, and of one that is not to be seen, one line says it.
            EXIT WHEN why IS NOT NULL AND (why = t.why OR why = 'the table is empty') AND refused = 0;
            object := k.name; expected := 'refused'; actual := NULL; hint := NULL;
            IF verdict = 'accepted' THEN
                status := 'fail'; actual := 'accepted';
                detail := format('%s: a row that breaks it was stored, and taken back', k.definition);
                hint := 'DROP and ADD the constraint again, and find out what has switched it off: triggers of foreign keys, an index that is not ready, an edited catalogue';
            ELSE
                status := 'skip'; detail := format('%s: not tried: %s', k.definition, why);
            END IF;
            RETURN NEXT;
            why := NULL;
        END LOOP;
        IF refused > 0 OR why IS NOT NULL THEN
            object := t.name; status := CASE WHEN refused > 0 THEN 'pass' ELSE 'skip' END; expected := CASE WHEN refused > 0 THEN 'refused' END;
            actual := expected; detail := CASE WHEN refused > 0 THEN format('constraints that refuse what they must: %s', refused) ELSE why END;
            hint := CASE WHEN t.is_damaged THEN 'REINDEX it, then run the check again' WHEN t.why IS NOT NULL THEN format('run the check as the owner of %s', t.name) END;
            RETURN NEXT;
        END IF;
        why := NULL;
    END LOOP;

    IF object IS NULL AND about IS NOT NULL THEN
        RETURN QUERY SELECT about, 'skip', NULL::text, NULL::text, 'this table has no constraint', NULL::text;
    END IF;
END
$$;
COMMENT ON FUNCTION rsl.check_constraints_bite(text) IS
    'Deep check: every constraint of schema rsl and of the targets of loads refuses a row that it must refuse; each is tried in a subtransaction that is rolled back';
REVOKE ALL ON FUNCTION rsl.check_constraints_bite(text) FROM PUBLIC;
