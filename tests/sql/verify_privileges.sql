\i sql/include/load.psql
-- What is granted beyond what was installed, recorded, or given by rsl.grant_access.
CREATE SCHEMA "Erp";
CREATE TABLE "Erp"."Item" (id int PRIMARY KEY, secret text);
CREATE ROLE privileges_read;
CREATE ROLE privileges_app;
CREATE ROLE privileges_load;
CREATE ROLE privileges_audit;
CREATE ROLE "Privileges Other";
CREATE ROLE privileges_super SUPERUSER;
GRANT SELECT ON "Erp"."Item" TO privileges_read;
SELECT exact FROM load($$SELECT 1 AS id, 'x' AS secret$$, '"Erp"."Item"');
SELECT rsl.grant_access('privileges_read', 'read'), rsl.grant_access('privileges_app', 'app'), rsl.grant_access('privileges_load', 'load'), rsl.grant_access('privileges_audit', 'audit');
CREATE VIEW checked AS SELECT object, status, actual, detail, hint FROM rsl.verify('privileges');
SELECT * FROM checked;
-- To everybody.
GRANT EXECUTE ON FUNCTION rsl.load_undo(bigint, boolean, boolean) TO PUBLIC;
GRANT SELECT ON rsl.load TO PUBLIC;
GRANT USAGE ON SCHEMA rsl TO PUBLIC;
GRANT SELECT (email) ON rsl.users TO PUBLIC;
GRANT USAGE ON SEQUENCE rsl.items_id_seq TO PUBLIC;
GRANT SELECT ON "Erp"."Item" TO PUBLIC;
SELECT * FROM checked;
REVOKE EXECUTE ON FUNCTION rsl.load_undo(bigint, boolean, boolean) FROM PUBLIC;
REVOKE SELECT ON rsl.load FROM PUBLIC;
REVOKE USAGE ON SCHEMA rsl FROM PUBLIC;
REVOKE SELECT (email) ON rsl.users FROM PUBLIC;
REVOKE USAGE ON SEQUENCE rsl.items_id_seq FROM PUBLIC;
REVOKE SELECT ON "Erp"."Item" FROM PUBLIC;
SELECT status FROM checked;
-- To roles without the level.
GRANT UPDATE ON rsl.load TO privileges_load;
GRANT DELETE ON rsl.audit_block TO "Privileges Other";
GRANT INSERT ON rsl.items TO "Privileges Other";
GRANT TRUNCATE ON rsl.items TO privileges_app;
GRANT SELECT ON rsl.users TO privileges_read;
GRANT SELECT ON rsl.audit_log TO privileges_read;
GRANT CREATE ON SCHEMA rsl TO "Privileges Other";
GRANT CREATE ON SCHEMA rsl_stage TO "Privileges Other";
GRANT INSERT, UPDATE (secret) ON "Erp"."Item" TO "Privileges Other" WITH GRANT OPTION;
GRANT ALL ON rsl.load, "Erp"."Item" TO privileges_super;
SELECT * FROM checked;
SELECT object, actual FROM rsl.verify('"Erp"."Item"') WHERE check_name = 'privileges';
SELECT object, actual FROM rsl.verify('rsl.load') WHERE check_name = 'privileges';
SELECT rsl.shape_accept('"Erp"."Item"');
SELECT object FROM checked WHERE object LIKE '%Erp%';
-- By column, where the whole table is not open.
GRANT SELECT ("row", key), UPDATE (message) ON rsl.reject TO privileges_app;
GRANT SELECT (session_role) ON rsl.audit_block TO "Privileges Other";
GRANT SELECT (sketch) ON rsl.load_sketch TO privileges_read;
SELECT * FROM checked WHERE object ~ '^rsl\.(reject|audit_block|load_sketch)';
-- Hints are run as they stand.
SELECT hint FROM checked WHERE object ~ '^rsl\.(reject|audit_block|load_sketch)' \gexec
SELECT * FROM checked WHERE object ~ '^rsl\.(reject|audit_block|load_sketch)\.';
-- A function that runs as its owner, and by names of others.
CREATE FUNCTION rsl.trap() RETURNS int SECURITY DEFINER LANGUAGE sql AS 'SELECT 1';
SELECT * FROM checked WHERE object = 'rsl.trap()';
ALTER FUNCTION rsl.trap() SET search_path = pg_catalog, pg_temp;
SELECT * FROM checked WHERE object = 'rsl.trap()';
-- What was taken away since the table was recorded.
GRANT SELECT, INSERT ON "Erp"."Item" TO "Privileges Other" WITH GRANT OPTION;
SELECT rsl.shape_accept('"Erp"."Item"');
REVOKE INSERT ON "Erp"."Item" FROM "Privileges Other";
SELECT * FROM checked WHERE object ~ 'Erp';
SELECT split_part(hint, ';', 1) FROM checked WHERE object ~ 'Erp' \gexec
SELECT * FROM checked WHERE object ~ 'Erp';
