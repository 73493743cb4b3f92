-- What is granted beyond what was there when the extension was installed, or when a target was recorded.
CREATE FUNCTION rsl.verify_grants(about text DEFAULT NULL)
RETURNS TABLE (kind text, schema text, name text, rel oid, grantee oid, privilege text)
LANGUAGE sql STABLE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
    WITH ours AS (
        SELECT n.oid, n.nspname FROM pg_namespace AS n WHERE n.nspname IN ('rsl', 'rsl_stage', 'rsl_audit')
    ), object AS (
        SELECT 'schema' AS kind, n.nspname::text AS schema, n.nspname::text AS name, 'pg_namespace'::regclass AS class, n.oid, 0 AS part, n.nspowner AS owner,
               coalesce(n.nspacl, acldefault('n', n.nspowner)) AS acl, acldefault('n', n.nspowner) AS fresh
        FROM pg_namespace AS n JOIN ours AS o ON o.oid = n.oid WHERE about IS NULL
        UNION ALL
        SELECT CASE c.relkind WHEN 'S' THEN 'sequence' ELSE 'table' END, o.nspname, c.oid::regclass::text, 'pg_class'::regclass, c.oid, 0, c.relowner,
               coalesce(c.relacl, d.acl), d.acl
        FROM pg_class AS c JOIN ours AS o ON o.oid = c.relnamespace
        CROSS JOIN LATERAL (SELECT acldefault(CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", c.relowner) AS acl) AS d
        WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND (about IS NULL OR c.oid::regclass::text = about)
        UNION ALL
        SELECT 'column', o.nspname, format('%s.%I', c.oid::regclass, a.attname), 'pg_class'::regclass, c.oid, a.attnum, c.relowner, a.attacl, NULL
        FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid JOIN ours AS o ON o.oid = c.relnamespace
        WHERE a.attacl IS NOT NULL AND NOT a.attisdropped AND (about IS NULL OR c.oid::regclass::text = about)
        UNION ALL
        SELECT 'function', o.nspname, p.oid::regprocedure::text, 'pg_proc'::regclass, p.oid, 0, p.proowner,
               coalesce(p.proacl, acldefault('f', p.proowner)), acldefault('f', p.proowner)
        FROM pg_proc AS p JOIN ours AS o ON o.oid = p.pronamespace WHERE about IS NULL
    )
    SELECT o.kind, o.schema, o.name, CASE WHEN o.class = 'pg_class'::regclass THEN o.oid END, e.grantee, e.privilege_type
    FROM object AS o
    LEFT JOIN pg_init_privs AS i ON i.classoid = o.class AND i.objoid = o.oid AND i.objsubid = o.part AND i.privtype = 'e'
    CROSS JOIN LATERAL aclexplode(o.acl) AS e
    LEFT JOIN pg_roles AS r ON r.oid = e.grantee
    WHERE e.grantee <> o.owner AND NOT coalesce(r.rolsuper, false)
      -- Whoever may call a function of those that were meant for nobody was given it by name; that is what levels do.
      AND (o.kind <> 'function' OR e.grantee = 0)
      AND NOT EXISTS (
          SELECT FROM aclexplode(coalesce(i.initprivs, o.fresh)) AS b WHERE b.grantee = e.grantee AND b.privilege_type = e.privilege_type)
    UNION ALL
    SELECT 'target', NULL, s.target, v.rel, coalesce(r.oid, 0), u.privilege
    FROM rsl.verify_shapes() AS s
    JOIN rsl.verify_tables(about) AS v ON v.name = s.target
    CROSS JOIN LATERAL rsl.shape_now(v.rel) AS n
    CROSS JOIN LATERAL unnest(string_to_array(n.definition, ', ')) AS u (privilege)
    LEFT JOIN pg_roles AS r ON quote_ident(r.rolname) = n.name
    WHERE n.kind = 'grant' AND NOT coalesce(r.rolsuper, false) AND (r.oid IS NOT NULL OR n.name = 'PUBLIC')
      AND u.privilege <> ALL (coalesce(string_to_array(s.shape -> 'grant' ->> n.name, ', '), '{}'))
$$;
COMMENT ON FUNCTION rsl.verify_grants(text) IS
    'Privileges on objects of the extension and on targets of loads that came after the installation, or after the target was recorded; superusers and owners left out';
