-- Which tables the checks look at, found in one place so that all of them mean the same.
CREATE FUNCTION rsl.verify_tables(about text DEFAULT NULL)
RETURNS TABLE (rel regclass, name text, is_target boolean, key_columns text[])
LANGUAGE plpgsql STABLE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH named AS MATERIALIZED (
        SELECT n.target, rsl.verify_relation(n.target)::oid AS oid
        FROM (SELECT DISTINCT l.target FROM rsl.load AS l) AS n
    ), target AS (
        -- A later load may be by another key, or by none: the last one that names a key counts.
        SELECT DISTINCT ON (n.oid) n.oid, l.key_columns
        FROM named AS n
        JOIN rsl.load AS l ON l.target = n.target
        WHERE n.oid IS NOT NULL
        ORDER BY n.oid, l.key_columns IS NULL, l.load_id DESC
    )
    SELECT c.oid::regclass, c.oid::regclass::text, t.oid IS NOT NULL, t.key_columns
    FROM pg_class AS c
    LEFT JOIN target AS t ON t.oid = c.oid
    WHERE c.relkind IN ('r', 'p', 'f')
      AND (c.relnamespace = 'rsl'::regnamespace OR t.oid IS NOT NULL)
      AND (about IS NULL OR c.oid::regclass::text = about)
    ORDER BY c.oid::regclass::text COLLATE "C";
END
$$;
COMMENT ON FUNCTION rsl.verify_tables(text) IS
    'The tables that rsl.verify() looks at: those of schema rsl and the targets of loads; or only the one that is named';
