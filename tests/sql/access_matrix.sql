-- Who may do what, for every object of the extension; whatever is added has to be added here.
CREATE FUNCTION granted(acl aclitem[], kind "char", owner oid) RETURNS text LANGUAGE sql AS $$
    SELECT coalesce(string_agg(CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END || ':' || a.privileges, ', ' ORDER BY a.grantee::regrole::text), 'nobody but the owner')
    FROM (SELECT grantee, string_agg(privilege_type, ' ' ORDER BY privilege_type) AS privileges FROM aclexplode(coalesce(acl, acldefault(kind, owner)))
        WHERE grantee <> owner GROUP BY grantee) a
$$;
SELECT nspname AS schema, granted(nspacl, 'n', nspowner) FROM pg_namespace WHERE nspname LIKE 'rsl%' ORDER BY nspname;
SELECT relname AS relation, relkind AS kind, granted(relacl, CASE relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", relowner) FROM pg_class
WHERE relnamespace = 'rsl'::regnamespace AND relkind NOT IN ('i') ORDER BY relkind, relname COLLATE "C";
SELECT p.oid::regprocedure AS function, granted(proacl, 'f', proowner) FROM pg_proc p WHERE pronamespace = 'rsl'::regnamespace ORDER BY p.oid::regprocedure::text COLLATE "C";

-- What rsl.grant_access gives.
CREATE ROLE matrix_read;
CREATE ROLE matrix_app;
CREATE ROLE matrix_load;
SELECT rsl.grant_access('matrix_read', 'read'), rsl.grant_access('matrix_app', 'app'), rsl.grant_access('matrix_load', 'load');
-- Again changes nothing.
SELECT rsl.grant_access('matrix_read', 'read'), rsl.grant_access('matrix_app', 'app'), rsl.grant_access('matrix_load', 'load');
SELECT nspname AS schema, granted(nspacl, 'n', nspowner) FROM pg_namespace WHERE nspname LIKE 'rsl%' ORDER BY nspname;
SELECT relname AS relation, relkind AS kind, granted(relacl, CASE relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", relowner) FROM pg_class
WHERE relnamespace = 'rsl'::regnamespace AND relkind NOT IN ('i') ORDER BY relkind, relname COLLATE "C";
SELECT attrelid::regclass, attname, granted(attacl, 'c', 10) FROM pg_attribute WHERE attacl IS NOT NULL AND attrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'rsl'::regnamespace) ORDER BY attrelid::regclass::text COLLATE "C", attnum;
SELECT p.oid::regprocedure AS function, granted(proacl, 'f', proowner) FROM pg_proc p WHERE pronamespace = 'rsl'::regnamespace AND proacl::text LIKE '%matrix%' ORDER BY p.oid::regprocedure::text COLLATE "C";

-- A reader sees no password; an application works, and is no loader.
INSERT INTO rsl.users (email, hashed_password) VALUES ('kim@example.com', 'secret');
SET ROLE matrix_read;
SELECT email FROM rsl.users;
SELECT hashed_password FROM rsl.users;
SELECT * FROM rsl.users;
INSERT INTO rsl.items (item_code) VALUES ('A');
SELECT rsl.load_begin('rsl.items');
RESET ROLE;
SET ROLE matrix_app;
INSERT INTO rsl.items (item_code) VALUES ('A') RETURNING id;
UPDATE rsl.items SET name = 'bolt' RETURNING item_code;
DELETE FROM rsl.items RETURNING item_code;
SELECT email, hashed_password FROM rsl.users;
UPDATE rsl.load SET status = 'exact';
TRUNCATE rsl.items;
SELECT rsl.load_begin('rsl.items');
SELECT rsl.grant_access('matrix_app', 'load');
RESET ROLE;
-- Bad arguments.
SELECT rsl.grant_access('matrix_read', 'all');
\echo :SQLSTATE
SELECT rsl.grant_access('matrix_read', NULL);
SELECT rsl.grant_access(NULL, 'read');
SELECT rsl.grant_access('matrix_nobody', 'read');
\echo :SQLSTATE
SELECT rsl.grant_access('-', 'read');
