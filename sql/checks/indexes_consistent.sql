CREATE FUNCTION rsl.check_indexes_consistent(about text DEFAULT NULL)
RETURNS TABLE (object text, status text, expected text, actual text, detail text, hint text)
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    -- Wherever the extension lives: its own schema may be any.
    look CONSTANT text := (
        SELECT format('SELECT %I.%I($1, true)', n.nspname, p.proname)
        FROM pg_extension AS x
        JOIN pg_depend AS d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = x.oid AND d.classid = 'pg_proc'::regclass AND d.deptype = 'e'
        JOIN pg_proc AS p ON p.oid = d.objid AND p.proname = 'bt_index_check' AND pg_get_function_identity_arguments(p.oid) = 'index regclass, heapallindexed boolean'
        JOIN pg_namespace AS n ON n.oid = p.pronamespace
        WHERE x.extname = 'amcheck');
    t record;
    i record;
    clean boolean;
    looked_at int;
BEGIN
    IF look IS NULL THEN
        RETURN QUERY SELECT coalesce(about, 'indexes'), 'skip', NULL::text, NULL::text, 'the extension amcheck is not there', 'CREATE EXTENSION amcheck';
        RETURN;
    END IF;
    FOR t IN SELECT v.rel, v.name FROM rsl.verify_tables(about) AS v ORDER BY v.name COLLATE "C"
    LOOP
        clean := true; looked_at := 0;
        FOR i IN
            SELECT c.oid AS index, c.oid::regclass::text AS name
            FROM rsl.verify_members(t.name) AS m
            JOIN pg_index AS x ON x.indrelid = m.member AND x.indisvalid AND x.indisready
            JOIN pg_class AS c ON c.oid = x.indexrelid AND c.relkind = 'i'
            JOIN pg_am AS a ON a.oid = c.relam AND a.amname = 'btree'
            ORDER BY c.oid::regclass::text COLLATE "C"
        LOOP
            looked_at := looked_at + 1;
            object := i.name; status := 'skip'; expected := 'consistent'; actual := NULL; detail := NULL; hint := NULL;
            BEGIN
                EXECUTE look USING i.index;
                CONTINUE;
            EXCEPTION
                WHEN insufficient_privilege THEN
                    detail := SQLERRM; hint := 'run it as a superuser, or GRANT EXECUTE ON FUNCTION bt_index_check(regclass, boolean)';
                WHEN lock_not_available OR transaction_rollback OR feature_not_supported THEN
                    detail := SQLERRM; hint := 'run the check again';
                WHEN others THEN
                    status := 'fail'; actual := format('SQLSTATE %s', SQLSTATE); detail := SQLERRM; hint := format('find out what has damaged it, then REINDEX INDEX %s', i.name);
            END;
            clean := false;
            RETURN NEXT;
        END LOOP;
        IF clean AND looked_at > 0 THEN
            object := t.name; status := 'pass'; expected := 'consistent'; actual := 'consistent'; detail := format('B-tree indexes %s', looked_at); hint := NULL;
            RETURN NEXT;
        END IF;
    END LOOP;

    IF object IS NULL AND about IS NOT NULL THEN
        RETURN QUERY SELECT about, 'skip', NULL::text, NULL::text, 'this table has no B-tree index', NULL::text;
    END IF;
END
$$;
COMMENT ON FUNCTION rsl.check_indexes_consistent(text) IS
    'Deep check: amcheck finds every B-tree index of schema rsl and of the targets of loads in order, with an entry for every row';
REVOKE ALL ON FUNCTION rsl.check_indexes_consistent(text) FROM PUBLIC;
