\i sql/include/load.psql
-- A scope is a check, a group, or a table; anything else is an error that lists them.
CREATE SCHEMA "Erp";
CREATE TABLE "Erp"."Item" (id int PRIMARY KEY);
CREATE TABLE "Erp".other (id int);
SELECT exact FROM load('SELECT 1 AS id', '"Erp"."Item"');
SELECT DISTINCT check_name FROM rsl.verify('sequences');
SELECT DISTINCT check_name FROM rsl.verify('keys') ORDER BY 1;
SELECT check_name, object, status FROM rsl.verify('rsl.users');
SELECT count(*) FROM rsl.verify('users') u FULL JOIN rsl.verify('rsl.users') r ON u::text = r::text WHERE u IS NULL OR r IS NULL;
SELECT check_name, object, status FROM rsl.verify('"Erp"."Item"');
SELECT check_name, object, status FROM rsl.verify('rsl.audit_logs');
SELECT rsl.verify('nothing');
\echo :SQLSTATE
SELECT rsl.verify('');
SELECT rsl.verify('Erp.Item');
SELECT rsl.verify('"Erp".other');
SELECT rsl.verify('SCHEMA_COMPLETE');
SELECT rsl.verify('rsl.items; DROP TABLE rsl.items');
SELECT rsl.verify(E'a''b"');
-- A target that is gone can still be asked for.
DROP TABLE "Erp"."Item";
SELECT check_name, object, status, actual FROM rsl.verify('"Erp"."Item"') WHERE check_name = 'loads_match';
