CREATE FUNCTION rsl.constraints_of(rel regclass)
RETURNS TABLE (kind "char", name text, oid oid, attnum int2, column_name text, family text[], states text[], definition text)
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT x.* FROM (
    SELECT 'n'::"char" AS kind, format('%s.%I', rel, a.attname) AS name, 0::oid, a.attnum, a.attname::text, '{}'::text[], '{23502}'::text[], 'NOT NULL'
    FROM pg_attribute AS a WHERE a.attrelid = rel AND a.attnum > 0 AND NOT a.attisdropped AND a.attnotnull AND a.attgenerated = ''
    UNION ALL
    SELECT c.contype, format('%s.%I', rel, c.conname), c.oid, NULL, NULL, f.names,
           CASE c.contype WHEN 'c' THEN '{23514}'::text[] WHEN 'f' THEN '{23503}' WHEN 'x' THEN '{23P01}' ELSE '{23505}' END,
           pg_get_constraintdef(c.oid, false)
    FROM pg_constraint AS c
    -- Partitions repeat it under names of their own.
    CROSS JOIN LATERAL (
        WITH RECURSIVE family AS (
            SELECT c.oid AS oid, c.conname AS conname
            UNION ALL
            SELECT p.oid, p.conname FROM pg_constraint AS p JOIN family AS y ON p.conparentid = y.oid
        )
        SELECT array_agg(DISTINCT y.conname::text) AS names FROM family AS y
    ) AS f
    WHERE c.conrelid = rel AND c.contype IN ('c', 'f', 'p', 'u', 'x') AND to_jsonb(c) ->> 'conenforced' IS DISTINCT FROM 'false'
      AND NOT EXISTS (SELECT FROM pg_constraint AS p WHERE p.oid = c.conparentid AND p.conrelid = c.conrelid)
    ) AS x
    ORDER BY x.name COLLATE "C", x.kind
$$;
COMMENT ON FUNCTION rsl.constraints_of(regclass) IS 'part of rsl.check_constraints_bite: the constraints of a table, NOT NULL too, and the errors by which they refuse';
