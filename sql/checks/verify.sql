CREATE FUNCTION rsl.verify(scope text DEFAULT NULL)
RETURNS TABLE (check_name text, level text, object text, status text, expected text, actual text, detail text, hint text)
LANGUAGE plpgsql STABLE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
-- Checks know tables by their names as they are usually quoted.
SET quote_all_identifiers = off
AS $$
#variable_conflict use_column
DECLARE
    about text;
    by_name boolean := EXISTS (SELECT FROM rsl.checks() AS k WHERE scope IN (k.check_name, k.check_group));
    c record;
BEGIN
    IF scope IS NOT NULL AND NOT by_name THEN
        about := rsl.verify_about(scope);
    END IF;

    FOR c IN
        SELECT k.check_name, k.level, format('rsl.check_%s', k.check_name) AS function
        FROM rsl.checks() WITH ORDINALITY AS k (check_name, check_group, level, description, n)
        WHERE scope IS NULL OR NOT by_name OR scope IN (k.check_name, k.check_group)
        ORDER BY k.n
    LOOP
        -- A check that breaks must not take the others with it. One that fails part of the way has returned nothing yet.
        BEGIN
            RETURN QUERY EXECUTE format(
                'SELECT %L::text, %L::text, r.object, r.status, r.expected, r.actual, r.detail, r.hint FROM %s($1) AS r',
                c.check_name, c.level, c.function)
            USING about;
            IF NOT FOUND AND about IS NULL THEN
                RETURN QUERY SELECT c.check_name, c.level, NULL::text, 'skip', NULL::text, NULL::text, 'nothing to look at', NULL::text;
            END IF;
        EXCEPTION
            WHEN insufficient_privilege OR lock_not_available OR transaction_rollback THEN
                RETURN QUERY SELECT c.check_name, c.level, c.function, 'skip', 'the check runs', 'SQLSTATE ' || SQLSTATE, SQLERRM,
                    CASE SQLSTATE
                        WHEN '42501' THEN format('run it as the owner, or: SELECT rsl.grant_access(%L, ''read'')', quote_ident(current_user))
                        ELSE 'run it again'
                    END;
            WHEN others THEN
                RETURN QUERY SELECT c.check_name, c.level, c.function, 'fail', 'the check runs', 'SQLSTATE ' || SQLSTATE, SQLERRM,
                    'remove the cause and run it again; whether the check itself was damaged, rsl.verify(''schema_complete'') says';
        END;
    END LOOP;
END
$$;
COMMENT ON FUNCTION rsl.verify(text) IS
    'Runs the checks: all of them, one by its name, a group of them, or all on one table; reads only; status is pass, warn, fail or skip';
