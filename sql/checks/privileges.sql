CREATE FUNCTION rsl.check_privileges(about text DEFAULT NULL)
RETURNS TABLE (object text, status text, expected text, actual text, detail text, hint text)
LANGUAGE plpgsql STABLE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
SET standard_conforming_strings = on
-- Compiling the query takes longer than running it.
SET jit = off
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH granted AS MATERIALIZED (
        SELECT e.kind, e.schema, e.name, e.rel, e.grantee, e.privilege FROM rsl.verify_grants(about) AS e
    ), -- What rsl.grant_access gives, told by what only that level has.
    level AS MATERIALIZED (
        SELECT r.oid AS grantee, quote_ident(r.rolname) AS role,
               (SELECT bool_or(has_function_privilege(r.oid, p.oid, 'EXECUTE')) FROM pg_proc AS p WHERE p.pronamespace = 'rsl'::regnamespace AND p.proname = 'load_begin') AS load,
               (SELECT bool_or(has_function_privilege(r.oid, p.oid, 'EXECUTE')) FROM pg_proc AS p WHERE p.pronamespace = 'rsl'::regnamespace AND p.proname = 'audit_check') AS audit,
               (SELECT bool_and(has_table_privilege(r.oid, c.oid, 'INSERT') AND has_table_privilege(r.oid, c.oid, 'UPDATE') AND has_table_privilege(r.oid, c.oid, 'DELETE'))
                FROM pg_class AS c WHERE c.relnamespace = 'rsl'::regnamespace AND c.relkind = 'r' AND NOT rsl.is_system_table(c.oid)) AS app
        FROM pg_roles AS r WHERE r.oid IN (SELECT g.grantee FROM granted AS g)
    ), finding AS (
        SELECT g.kind, g.name, g.rel, CASE WHEN g.grantee = 0 THEN 'PUBLIC' ELSE coalesce(l.role, g.grantee::text) END AS role, g.privilege,
               CASE
                   WHEN g.grantee = 0 THEN 'fail'
                   WHEN g.kind = 'target' THEN 'warn'
                   WHEN g.kind = 'schema' AND g.privilege = 'CREATE' THEN CASE WHEN g.name = 'rsl_stage' AND l.load THEN NULL WHEN g.name = 'rsl_stage' THEN 'warn' ELSE 'fail' END
                   WHEN g.kind IN ('table', 'column', 'sequence') AND g.privilege IN ('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER', 'REFERENCES', 'USAGE') THEN
                       CASE
                           WHEN g.schema <> 'rsl' OR g.kind <> 'sequence' AND rsl.is_system_table(g.rel) THEN 'fail'
                           WHEN l.app AND (g.kind = 'table' AND g.privilege IN ('INSERT', 'UPDATE', 'DELETE') OR g.kind = 'sequence' AND g.privilege = 'USAGE') THEN NULL
                           ELSE 'warn'
                       END
                   WHEN g.privilege = 'SELECT' AND g.rel::regclass::text IN ('rsl.audit_block', 'rsl.audit_log', 'rsl.load_sketch', 'rsl.reject') AND NOT l.audit THEN 'warn'
                   WHEN g.privilege = 'SELECT' AND g.schema IN ('rsl_audit', 'rsl_stage') AND NOT l.audit THEN 'warn'
                   WHEN g.privilege = 'SELECT' AND g.name IN ('rsl.users', 'rsl.users.hashed_password') AND NOT l.app THEN 'warn'
               END AS status
        FROM granted AS g LEFT JOIN level AS l ON l.grantee = g.grantee
    ), lost AS (
        -- What an application cannot do any more.
        SELECT s.target, e.name AS role, u.privilege
        FROM rsl.verify_shapes() AS s
        JOIN rsl.verify_tables(about) AS v ON v.name = s.target
        CROSS JOIN LATERAL jsonb_each_text(s.shape -> 'grant') AS e (name, privileges)
        CROSS JOIN LATERAL unnest(string_to_array(e.privileges, ', ')) AS u (privilege)
        WHERE NOT EXISTS (SELECT FROM rsl.shape_now(v.rel) AS n WHERE n.kind = 'grant' AND n.name = e.name AND u.privilege = ANY (string_to_array(n.definition, ', ')))
    )
    SELECT x.object, x.status, x.expected, x.actual, x.detail, x.hint
    FROM (
        SELECT 1 AS place, f.name AS object, f.status, CASE f.kind WHEN 'target' THEN 'as recorded' ELSE 'as installed, or as rsl.grant_access gives' END AS expected,
               format('%s: %s', f.role, string_agg(f.privilege, ', ' ORDER BY f.privilege COLLATE "C")) AS actual,
               CASE WHEN f.role = 'PUBLIC' THEN 'every role of this server has it' ELSE format('this %s is open to a role that was not given it by its level', f.kind) END AS detail,
               CASE f.kind
                   WHEN 'target' THEN format('REVOKE %3$s ON %1$s FROM %2$s; or if it is meant to be so: SELECT rsl.shape_accept(%1$L)', f.name, f.role, replace(string_agg(f.privilege, ', ' ORDER BY f.privilege COLLATE "C"), ' with grant option', ''))
                   WHEN 'column' THEN (
                       SELECT format('REVOKE %s ON %s FROM %s', string_agg(format('%s (%s)', u.privilege, substr(f.name, length(f.rel::regclass::text) + 2)), ', ' ORDER BY u.privilege COLLATE "C"),
                                     f.rel::regclass, f.role)
                       FROM unnest(array_agg(f.privilege)) AS u (privilege))
                   ELSE format('REVOKE %s ON %s %s FROM %s', string_agg(f.privilege, ', ' ORDER BY f.privilege COLLATE "C"), upper(f.kind), f.name, f.role)
               END AS hint
        FROM finding AS f WHERE f.status IS NOT NULL
        GROUP BY f.kind, f.name, f.rel, f.role, f.status
        UNION ALL
        SELECT 1, o.target, 'warn', 'as recorded', format('%s: without %s', o.role, o.privilege), 'a privilege that was recorded was taken away',
               format('GRANT %s ON %s TO %s%s; or if it is meant to be so: SELECT rsl.shape_accept(%L)', replace(o.privilege, ' with grant option', ''), o.target, o.role,
                      CASE WHEN o.privilege LIKE '% with grant option' THEN ' WITH GRANT OPTION' ELSE '' END, o.target)
        FROM lost AS o
        UNION ALL
        SELECT 2, p.oid::regprocedure::text, 'fail', 'a fixed search_path', 'SECURITY DEFINER without one',
               'whoever may call it can plant a table or function that it then uses as its owner',
               format('ALTER FUNCTION %s SET search_path = pg_catalog, pg_temp', p.oid::regprocedure)
        FROM pg_proc AS p
        WHERE about IS NULL AND p.pronamespace = 'rsl'::regnamespace AND p.prosecdef
          AND NOT EXISTS (SELECT FROM unnest(p.proconfig) AS c (setting) WHERE c.setting LIKE 'search\_path=%')
        UNION ALL
        SELECT 3, coalesce(about, 'rsl'), 'pass', 'as installed, recorded or given by rsl.grant_access', NULL,
               (SELECT CASE WHEN count(*) = 0 THEN 'nobody but the owners has anything more'
                            ELSE format('roles: %s', string_agg(DISTINCT l.role, ', ')) END FROM level AS l), NULL
        WHERE NOT EXISTS (SELECT FROM finding AS f WHERE f.status IS NOT NULL) AND NOT EXISTS (SELECT FROM lost)
        UNION ALL
        SELECT 4, coalesce(about, 'targets'), 'skip', NULL, NULL, o.why, format('SELECT rsl.grant_access(%L, ''read'')', quote_ident(current_user))
        FROM (SELECT rsl.verify_obstacle('rsl.target_shape') AS why) AS o WHERE o.why IS NOT NULL
    ) AS x
    ORDER BY x.place, x.object COLLATE "C", x.actual COLLATE "C";
END
$$;
COMMENT ON FUNCTION rsl.check_privileges(text) IS
    'Check: nobody may do more with the objects of the extension than was installed or given by rsl.grant_access, nor with a target than was recorded of it; no function runs as its owner with a search_path of others';
