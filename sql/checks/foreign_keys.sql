CREATE FUNCTION rsl.check_foreign_keys(about text DEFAULT NULL)
RETURNS TABLE (object text, status text, expected text, actual text, detail text, hint text)
LANGUAGE plpgsql STABLE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    shown CONSTANT int := 5;
    k record;
    why text;
    orphan text;
    orphans bigint;
    keys text;
    disabled text;
    enable text;
    found_any boolean := false;
BEGIN
    FOR k IN
        WITH looked_at AS (
            SELECT v.rel::oid AS oid FROM rsl.verify_tables(about) AS v
        ), chosen AS (
            SELECT c.* FROM pg_constraint AS c
            WHERE c.contype = 'f'
              AND (c.conrelid IN (SELECT l.oid FROM looked_at AS l) OR c.confrelid IN (SELECT l.oid FROM looked_at AS l))
        )
        SELECT c.oid, c.conname, c.convalidated, c.confmatchtype, f.oid::regclass AS child, p.oid::regclass AS parent,
               to_jsonb(c) ->> 'conenforced' = 'false' AS not_enforced,
               to_jsonb(c) ->> 'conperiod' = 'true' AS by_period,
               -- As the server's own triggers: without the children of inheritance, which no foreign key covers.
               CASE f.relkind WHEN 'p' THEN '' ELSE 'ONLY ' END || f.oid::regclass AS child_source,
               CASE p.relkind WHEN 'p' THEN '' ELSE 'ONLY ' END || p.oid::regclass AS parent_source,
               x.*
        FROM chosen AS c
        JOIN pg_class AS f ON f.oid = c.conrelid
        JOIN pg_class AS p ON p.oid = c.confrelid
        CROSS JOIN LATERAL (
            -- The operator that the constraint compares with, wherever it lives, and the collation of the parent.
            SELECT string_agg(
                       format('p.%I%s OPERATOR(%I.%s) c.%I', pa.attname,
                              CASE WHEN pa.attcollation <> 0 AND pa.attcollation <> fa.attcollation
                                   THEN ' COLLATE ' || pa.attcollation::regcollation END,
                              n.nspname, o.oprname, fa.attname),
                       ' AND ' ORDER BY u.i) AS matches,
                   string_agg(format('c.%I IS NOT NULL', fa.attname), ' AND ' ORDER BY u.i) AS all_there,
                   string_agg(format('c.%I IS NOT NULL', fa.attname), ' OR ' ORDER BY u.i) AS some_there,
                   string_agg(format('c.%I', fa.attname), ', ' ORDER BY u.i) AS child_values,
                   string_agg(quote_ident(fa.attname), ', ' ORDER BY u.i) AS child_names,
                   array_agg(fa.attname::text) AS child_columns,
                   array_agg(pa.attname::text) AS parent_columns
            FROM unnest(c.conkey, c.confkey, c.conpfeqop) WITH ORDINALITY AS u (child, parent, operator, i)
            JOIN pg_attribute AS fa ON fa.attrelid = c.conrelid AND fa.attnum = u.child
            JOIN pg_attribute AS pa ON pa.attrelid = c.confrelid AND pa.attnum = u.parent
            JOIN pg_operator AS o ON o.oid = u.operator
            JOIN pg_namespace AS n ON n.oid = o.oprnamespace
        ) AS x
        -- A partitioned table repeats its foreign keys for its partitions. Those to a partition of the parent are no promise of
        -- their own, and those of a partition are looked at with the whole.
        WHERE NOT EXISTS (
            SELECT FROM pg_constraint AS a
            WHERE a.oid = c.conparentid
              AND (a.conrelid = c.conrelid OR a.oid IN (SELECT o.oid FROM chosen AS o)))
        ORDER BY f.oid::regclass::text COLLATE "C", c.conname COLLATE "C"
    LOOP
        found_any := true;
        object := format('%s.%I', k.child, k.conname);
        status := 'pass'; expected := 'orphans: 0'; actual := NULL; detail := NULL; hint := NULL;

        -- The triggers that enforce the key, on both of its tables, and those of its copies for partitions.
        WITH RECURSIVE family AS (
            SELECT k.oid AS oid
            UNION ALL
            SELECT c.oid FROM pg_constraint AS c JOIN family AS y ON c.conparentid = y.oid
        )
        SELECT string_agg(g.rel, ', ' ORDER BY g.rel COLLATE "C"),
               string_agg(format('ALTER TABLE %s ENABLE TRIGGER ALL', g.rel), '; ' ORDER BY g.rel COLLATE "C")
        INTO disabled, enable
        FROM (
            SELECT DISTINCT g.tgrelid::regclass::text AS rel
            FROM pg_trigger AS g
            WHERE g.tgconstraint IN (SELECT y.oid FROM family AS y) AND g.tgisinternal AND g.tgenabled IN ('D', 'R')
        ) AS g;

        why := coalesce(rsl.verify_obstacle(k.child, k.child_columns), rsl.verify_obstacle(k.parent, k.parent_columns),
                        CASE WHEN k.by_period THEN 'a foreign key over a period is not looked at' END);
        IF why IS NOT NULL THEN
            status := 'skip'; detail := why;
            hint := CASE WHEN k.by_period THEN NULL ELSE format('run the check as the owner of %s and %s', k.child, k.parent) END;
        ELSE
            BEGIN
                -- MATCH SIMPLE asks nothing of a row that has a NULL in the key; MATCH FULL wants all of it NULL then.
                orphan := format('FROM %s AS c WHERE (%s) AND NOT EXISTS (SELECT FROM %s AS p WHERE %s)',
                                 k.child_source, CASE k.confmatchtype WHEN 'f' THEN k.some_there ELSE k.all_there END,
                                 k.parent_source, k.matches);
                EXECUTE 'SELECT count(*) ' || orphan INTO orphans;
                actual := format('orphans: %s', orphans);
                IF orphans > 0 THEN
                    EXECUTE format(
                        'SELECT string_agg(o.k::text, '', '') FROM (SELECT DISTINCT ROW(%s) AS k %s ORDER BY k LIMIT %s) AS o',
                        k.child_values, orphan, shown)
                    INTO keys;
                    status := 'fail';
                    detail := format('(%s) has no match in %s: first keys %s', k.child_names, k.parent, keys);
                    hint := format('add the missing rows to %s, or remove the rows of %s that refer to them', k.parent, k.child);
                END IF;
            EXCEPTION
                WHEN insufficient_privilege OR lock_not_available OR transaction_rollback THEN
                    status := 'skip'; detail := SQLERRM; hint := format('run the check again, as the owner of %s and %s', k.child, k.parent);
                WHEN others THEN
                    status := 'fail'; detail := format('%s (SQLSTATE %s)', SQLERRM, SQLSTATE);
                    hint := 'the tables could not be compared: remove the cause and run the check again';
            END;
        END IF;

        -- What the catalogue says is seen even where the rows are not.
        IF disabled IS NOT NULL THEN
            status := 'fail';
            detail := concat_ws('; ', detail, format('the key is not enforced: its triggers are disabled on %s', disabled));
            hint := concat_ws('; then ', hint, enable);
        END IF;
        IF NOT k.convalidated THEN
            status := CASE WHEN status IN ('pass', 'skip') THEN 'warn' ELSE status END;
            detail := concat_ws('; ', detail, CASE WHEN k.not_enforced THEN 'the key is declared as not enforced' ELSE 'the key was never validated' END);
            hint := concat_ws('; then ', hint,
                              CASE WHEN k.not_enforced THEN format('ALTER TABLE %s ALTER CONSTRAINT %I ENFORCED', k.child, k.conname)
                                   ELSE format('ALTER TABLE %s VALIDATE CONSTRAINT %I', k.child, k.conname) END);
        END IF;
        IF status = 'pass' THEN
            detail := format('%s (%s) refers to %s', k.child, k.child_names, k.parent);
        END IF;
        RETURN NEXT;
    END LOOP;

    IF NOT found_any AND about IS NOT NULL THEN
        object := about; status := 'skip'; expected := NULL; actual := NULL;
        detail := 'no foreign key leads from or to this table'; hint := NULL;
        RETURN NEXT;
    END IF;
END
$$;
COMMENT ON FUNCTION rsl.check_foreign_keys(text) IS
    'Check: every foreign key from or to a table of schema rsl or a target of a load is valid, enforced and without orphans';
