-- A check that cannot see every row must say so: rows hidden from it would pass for rows that are not there.
CREATE FUNCTION rsl.verify_obstacle(rel regclass, columns text[] DEFAULT NULL) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT CASE
        WHEN NOT has_schema_privilege(c.relnamespace, 'USAGE')
            THEN format('role %I may not use schema %s', current_user, c.relnamespace::regnamespace)
        WHEN NOT has_table_privilege(c.oid, 'SELECT')
             AND (columns IS NULL OR EXISTS (
                 SELECT FROM unnest(columns) AS u (name)
                 LEFT JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = u.name AND NOT a.attisdropped
                 WHERE a.attnum IS NULL OR NOT has_column_privilege(c.oid, a.attnum, 'SELECT')))
            THEN format('role %I may not read %s', current_user, c.oid::regclass)
        WHEN c.relkind <> 'S' AND row_security_active(c.oid)
            THEN format('row security hides rows of %s from role %I', c.oid::regclass, current_user)
        WHEN c.relkind = 'v' THEN (
            -- A view reads with the rights of its owner, or of whoever asks.
            WITH RECURSIVE read (rel, role) AS (
                SELECT c.oid, current_user::regrole::oid
                UNION
                SELECT d.refobjid, CASE WHEN EXISTS (SELECT FROM pg_options_to_table(v.reloptions) AS o WHERE o.option_name = 'security_invoker' AND o.option_value::boolean)
                    THEN current_user::regrole::oid ELSE v.relowner END
                FROM read AS s
                JOIN pg_class AS v ON v.oid = s.rel AND v.relkind = 'v'
                JOIN pg_rewrite AS w ON w.ev_class = v.oid
                JOIN pg_depend AS d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> v.oid
            )
            SELECT format('row security hides rows of %s, which %s reads, from role %I', t.oid::regclass, c.oid::regclass, r.rolname)
            FROM read AS s JOIN pg_class AS t ON t.oid = s.rel JOIN pg_roles AS r ON r.oid = s.role
            WHERE t.relrowsecurity AND NOT r.rolsuper AND NOT r.rolbypassrls AND (t.relforcerowsecurity OR NOT pg_has_role(s.role, t.relowner, 'USAGE'))
            ORDER BY t.oid LIMIT 1)
    END
    FROM pg_class AS c
    WHERE c.oid = rel
$$;
COMMENT ON FUNCTION rsl.verify_obstacle(regclass, text[]) IS
    'Why the current role cannot see every row of these columns of a table; NULL if it can';
