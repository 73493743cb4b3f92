-- How a check reads a table, and what it calls a row: by its primary key, or by its place where it has none.
CREATE FUNCTION rsl.verify_rows(rel regclass, OUT source text, OUT label text)
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT CASE c.relkind WHEN 'p' THEN '' ELSE 'ONLY ' END || c.oid::regclass,
           coalesce((
               SELECT 'ROW(' || string_agg(format('t.%I', u.name), ', ' ORDER BY u.i) || ')'
               FROM unnest(rsl.primary_key(rel)) WITH ORDINALITY AS u (name, i)
           ), CASE c.relkind WHEN 'f' THEN 'ROW(NULL)' ELSE 't.ctid' END)
    FROM pg_class AS c WHERE c.oid = rel
$$;
COMMENT ON FUNCTION rsl.verify_rows(regclass) IS
    'For a check: what stands behind FROM to read a table without the children of inheritance, and the expression that names a row t of it';

-- Partitions keep triggers, indexes and validity of their own.
CREATE FUNCTION rsl.verify_members(about text DEFAULT NULL)
RETURNS TABLE (rel regclass, name text, is_target boolean, member regclass)
LANGUAGE sql STABLE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT v.rel, v.name, v.is_target, m.member
    FROM rsl.verify_tables(about) AS v
    CROSS JOIN LATERAL (SELECT v.rel AS member UNION SELECT p.relid FROM pg_partition_tree(v.rel) AS p) AS m
$$;
COMMENT ON FUNCTION rsl.verify_members(text) IS 'The tables of rsl.verify_tables, each with itself and all of its partitions';

-- What a role may not see is nothing, not an error: what is known of a shape only makes a finding milder, or adds one that says so itself.
CREATE FUNCTION rsl.verify_shapes() RETURNS TABLE (target text, shape jsonb)
LANGUAGE plpgsql STABLE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF rsl.verify_obstacle('rsl.target_shape') IS NULL THEN
        RETURN QUERY SELECT s.target, s.shape FROM rsl.target_shape AS s;
    END IF;
END
$$;
COMMENT ON FUNCTION rsl.verify_shapes() IS 'The recorded shapes of targets, none if the role may not see them';
