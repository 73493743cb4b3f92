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
    END
    FROM pg_class AS c
    WHERE c.oid = rel
$$;
COMMENT ON FUNCTION rsl.verify_obstacle(regclass, text[]) IS
    'Why the current role cannot see every row of these columns of a table; NULL if it can';
