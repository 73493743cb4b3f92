\i sql/include/load.psql
-- Rules that were never applied to the rows that are there, and triggers that do not run.
CREATE SCHEMA "Erp";
CREATE TABLE "Erp"."Item" (id int PRIMARY KEY, "the qty" int, code text UNIQUE DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE "Erp".parts (id int PRIMARY KEY) PARTITION BY RANGE (id);
CREATE TABLE "Erp".parts1 PARTITION OF "Erp".parts DEFAULT;
CREATE FUNCTION "Erp".nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
CREATE TRIGGER quiet BEFORE INSERT ON "Erp"."Item" FOR EACH ROW EXECUTE FUNCTION "Erp".nothing();
CREATE TRIGGER "Part" BEFORE INSERT ON "Erp".parts FOR EACH ROW EXECUTE FUNCTION "Erp".nothing();
SELECT exact FROM load('SELECT g AS id, g AS "the qty", g::text AS code FROM generate_series(1, 20) g', '"Erp"."Item"');
SELECT exact FROM load('SELECT 1 AS id WHERE false', '"Erp".parts');
CREATE VIEW checked AS SELECT object, status, actual, detail, hint FROM rsl.verify('constraints_enforced') WHERE object LIKE '"Erp"%' OR status <> 'pass';
SELECT * FROM checked;
ALTER TABLE "Erp"."Item" ADD CONSTRAINT "few Items" CHECK ("the qty" < 100) NOT VALID;
SELECT * FROM checked;
ALTER TABLE "Erp"."Item" ADD CONSTRAINT fewer CHECK ("the qty" < 12) NOT VALID;
SELECT * FROM checked;
-- Of no error, what the rule cannot be asked of.
ALTER TABLE "Erp"."Item" ADD CONSTRAINT divided CHECK (1 / ("the qty" - 5) < 10) NOT VALID;
SELECT object, status, actual, detail FROM checked WHERE object LIKE '%divided';
ALTER TABLE "Erp"."Item" DROP CONSTRAINT divided, DROP CONSTRAINT fewer, DROP CONSTRAINT "few Items";
ALTER TABLE "Erp"."Item" DISABLE TRIGGER quiet;
ALTER TABLE "Erp".parts1 ENABLE REPLICA TRIGGER "Part";
ALTER TABLE rsl.rsl_group DISABLE TRIGGER USER;
SELECT * FROM checked;
ALTER TABLE rsl.rsl_group ENABLE TRIGGER USER;
-- Known when it was recorded: still said, as less.
SELECT rsl.shape_accept('"Erp"."Item"');
SELECT object, status, detail FROM checked;
ALTER TABLE "Erp"."Item" DISABLE TRIGGER ALL;
SELECT object, status, detail FROM checked WHERE status <> 'pass';
ALTER TABLE "Erp"."Item" ENABLE TRIGGER ALL;
ALTER TABLE "Erp".parts1 ENABLE TRIGGER ALL;
SELECT object, status FROM checked;
-- Sessions that begin with all triggers off. As a part of nobody's table it is said once, and not of one table.
CREATE ROLE enforced_loader;
ALTER ROLE enforced_loader IN DATABASE :"DBNAME" SET session_replication_role = replica;
ALTER DATABASE :"DBNAME" SET session_replication_role = replica;
SELECT status, expected, actual, replace(detail, :'DBNAME', 'this') AS detail, replace(hint, :'DBNAME', 'this') AS hint FROM rsl.verify('constraints_enforced') WHERE object = 'session_replication_role';
SELECT count(*) FROM rsl.verify('"Erp"."Item"') WHERE object = 'session_replication_role';
ALTER DATABASE :"DBNAME" SET session_replication_role = local;
ALTER ROLE enforced_loader IN DATABASE :"DBNAME" RESET session_replication_role;
SELECT count(*) FROM checked WHERE object = 'session_replication_role';
DROP ROLE enforced_loader;
-- A rule runs with the rights of its owner, not of whoever looks.
CREATE ROLE enforced_owner;
GRANT USAGE ON SCHEMA "Erp" TO enforced_owner;
CREATE FUNCTION "Erp".who(int) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'as %', current_user; RETURN false; END $$;
ALTER TABLE "Erp"."Item" OWNER TO enforced_owner;
ALTER TABLE "Erp"."Item" ADD CONSTRAINT spy CHECK ("Erp".who(id)) NOT VALID;
DELETE FROM "Erp"."Item" WHERE id > 1;
SET client_min_messages = notice;
SELECT object, status, actual, detail FROM rsl.verify('constraints_enforced') WHERE object LIKE '%spy';
SELECT current_user;
-- Nothing in a rule can take the rights back of whoever looks.
CREATE SCHEMA evil; GRANT USAGE, CREATE ON SCHEMA evil TO enforced_owner;
SET ROLE enforced_owner;
CREATE FUNCTION evil.takes(a int) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('role', 'none', true);
    ALTER ROLE enforced_owner SUPERUSER;
    RETURN true;
EXCEPTION WHEN insufficient_privilege THEN
    RAISE NOTICE '%', SQLERRM;
    RETURN true;
END $$;
ALTER TABLE "Erp"."Item" ADD CONSTRAINT takes CHECK (evil.takes(id)) NOT VALID;
RESET ROLE;
SELECT object, status, actual, detail FROM rsl.verify('constraints_enforced') WHERE object LIKE '%takes';
SELECT rolsuper FROM pg_roles WHERE rolname = 'enforced_owner';
-- A rule on the row as a whole; whoever is no member of the owner does not run it.
ALTER TABLE "Erp"."Item" DROP CONSTRAINT takes, DROP CONSTRAINT spy, ADD CONSTRAINT whole CHECK ("Item" IS NOT NULL OR true) NOT VALID;
SELECT object, status, actual, detail FROM rsl.verify('constraints_enforced') WHERE object LIKE '%whole';
CREATE ROLE enforced_stranger;
SELECT rsl.grant_access('enforced_stranger', 'read');
GRANT USAGE ON SCHEMA "Erp" TO enforced_stranger;
GRANT SELECT ON ALL TABLES IN SCHEMA "Erp" TO enforced_stranger;
SET ROLE enforced_stranger;
SELECT object, status, actual, detail FROM rsl.verify('constraints_enforced') WHERE object LIKE '%whole';
SELECT rsl.act_as('enforced_owner'::regrole);
RESET ROLE;
SELECT rsl.act_as('enforced_owner'::regrole);
BEGIN; SAVEPOINT act; SELECT rsl.act_as('enforced_owner'::regrole); SELECT current_user; RESET ROLE; ROLLBACK TO act; SELECT current_user = session_user AS me_again; ROLLBACK;
SELECT current_user = session_user AS still_me;
-- Of all roles, and in capitals.
BEGIN; ALTER ROLE ALL SET session_replication_role = 'REPLICA';
SELECT object, status, detail, hint FROM rsl.verify('constraints_enforced') WHERE object = 'session_replication_role'; ROLLBACK;
