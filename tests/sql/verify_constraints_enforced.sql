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
