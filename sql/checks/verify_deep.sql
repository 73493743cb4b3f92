CREATE FUNCTION rsl.verify_deep(scope text DEFAULT NULL)
RETURNS TABLE (check_name text, level text, object text, status text, expected text, actual text, detail text, hint text)
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
SET quote_all_identifiers = off
AS $$
#variable_conflict use_column
DECLARE
    about text;
    by_name boolean := EXISTS (SELECT FROM rsl.deep_checks() AS k WHERE scope IN (k.check_name, k.check_group));
    is_deep_only boolean := EXISTS (SELECT FROM rsl.deep_checks() AS k WHERE scope = k.check_name);
    is_plain boolean := EXISTS (SELECT FROM rsl.checks() AS k WHERE scope IN (k.check_name, k.check_group));
    c record;
BEGIN
    IF NOT is_deep_only THEN
        RETURN QUERY SELECT v.* FROM rsl.verify(scope) AS v;
    END IF;
    IF is_plain AND NOT by_name THEN
        RETURN;
    END IF;
    IF NOT by_name AND scope IS NOT NULL THEN
        about := rsl.verify_about(scope);
    END IF;
    FOR c IN
        SELECT k.check_name, k.level, format('rsl.check_%s', k.check_name) AS function
        FROM rsl.deep_checks() WITH ORDINALITY AS k (check_name, check_group, level, description, n)
        WHERE NOT by_name OR scope IN (k.check_name, k.check_group)
        ORDER BY k.n
    LOOP
        BEGIN
            RETURN QUERY EXECUTE format(
                'SELECT %L::text, %L::text, r.object, r.status, r.expected, r.actual, r.detail, r.hint FROM %s($1) AS r', c.check_name, c.level, c.function)
            USING about;
            IF NOT FOUND AND about IS NULL THEN
                RETURN QUERY SELECT c.check_name, c.level, NULL::text, 'skip', NULL::text, NULL::text, 'nothing to look at', NULL::text;
            END IF;
        EXCEPTION
            WHEN insufficient_privilege OR lock_not_available OR transaction_rollback OR read_only_sql_transaction THEN
                RETURN QUERY SELECT c.check_name, c.level, c.function, 'skip', 'the check runs', 'SQLSTATE ' || SQLSTATE, SQLERRM, 'run it as the owner of the tables';
            WHEN others THEN
                RETURN QUERY SELECT c.check_name, c.level, c.function, 'fail', 'the check runs', 'SQLSTATE ' || SQLSTATE, SQLERRM,
                    'remove the cause and run it again; whether the check itself was damaged, rsl.verify(''schema_complete'') says';
        END;
    END LOOP;
END
$$;
COMMENT ON FUNCTION rsl.verify_deep(text) IS
    'Runs the checks of rsl.verify(), and those that cost: constraints tried with values that they must refuse, rows read by their key, indexes compared with their tables; leaves nothing behind';
-- It tries to write: whoever may load may call it.
REVOKE ALL ON FUNCTION rsl.verify_deep(text) FROM PUBLIC;
