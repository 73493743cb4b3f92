-- Rules that every object of the extension keeps. Each query names those that do not: none.
SELECT p.oid::regprocedure AS without_search_path FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
WHERE p.pronamespace = 'rsl'::regnamespace AND l.lanname NOT IN ('c', 'internal') AND NOT coalesce('search_path=pg_catalog, pg_temp' = ANY (p.proconfig), false);
SELECT p.oid::regprocedure AS security_definer FROM pg_proc p WHERE p.pronamespace = 'rsl'::regnamespace AND p.prosecdef;
SELECT p.oid::regprocedure AS without_comment FROM pg_proc p WHERE p.pronamespace = 'rsl'::regnamespace AND obj_description(p.oid, 'pg_proc') IS NULL;
SELECT c.oid::regclass AS without_comment FROM pg_class c WHERE c.relnamespace = 'rsl'::regnamespace AND c.relkind IN ('r', 'v') AND obj_description(c.oid, 'pg_class') IS NULL;
-- A function that writes is volatile, unsafe in parallel, and not for everybody.
SELECT p.oid::regprocedure AS for_everybody FROM pg_proc p
WHERE p.pronamespace = 'rsl'::regnamespace AND p.provolatile = 'v' AND EXISTS (SELECT FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) WHERE grantee = 0);
SELECT p.oid::regprocedure AS volatile_in_parallel FROM pg_proc p WHERE p.pronamespace = 'rsl'::regnamespace AND p.provolatile = 'v' AND p.proparallel <> 'u';
-- Nothing is left leakproof, and everything in the schemas belongs to the extension.
SELECT p.oid::regprocedure AS leakproof FROM pg_proc p WHERE p.pronamespace = 'rsl'::regnamespace AND p.proleakproof;
SELECT c.oid::regclass AS not_of_the_extension FROM pg_class c WHERE c.relnamespace IN ('rsl'::regnamespace, 'rsl_stage'::regnamespace) AND c.relkind <> 'i'
AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype IN ('e', 'i', 'a'));
-- Tables and sequences that hold data are dumped; the manifest is written anew.
SELECT c.oid::regclass AS not_dumped FROM pg_class c WHERE c.relnamespace = 'rsl'::regnamespace AND c.relkind IN ('r', 'S') AND c.oid <> ALL (SELECT unnest(extconfig) FROM pg_extension WHERE extname = 'rsl');
-- What is promised of each function: volatility, strictness, parallel label.
SELECT p.oid::regprocedure AS function, CASE provolatile WHEN 'i' THEN 'immutable' WHEN 's' THEN 'stable' ELSE 'volatile' END AS volatility,
       CASE WHEN proisstrict THEN 'strict' ELSE '' END AS strict, CASE proparallel WHEN 's' THEN 'safe' WHEN 'r' THEN 'restricted' ELSE 'unsafe' END AS parallel
FROM pg_proc p WHERE pronamespace = 'rsl'::regnamespace AND prokind <> 'a' ORDER BY p.oid::regprocedure::text COLLATE "C";
