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
-- However the session quotes names.
SET quote_all_identifiers = on;
CREATE SCHEMA plain;
CREATE TABLE plain.item (id int PRIMARY KEY);
SELECT exact FROM load('SELECT 1 AS id', 'plain.item');
SELECT target FROM rsl.load ORDER BY load_id;
SELECT check_name, object, status FROM rsl.verify('plain.item');
SELECT check_name, object, status FROM rsl.verify_deep('plain.item');
SELECT rsl.shape_accept('plain.item');
ALTER TABLE plain.item ADD COLUMN state text;
SELECT rsl.phase_on('plain.item', 'state', '{a}');
SELECT obj_description(oid, 'pg_constraint') FROM pg_constraint WHERE conrelid = 'plain.item'::regclass AND contype = 'c';
SELECT object, status, detail FROM rsl.verify('plain.item') WHERE check_name IN ('phase_triggers', 'target_shape');
SELECT rsl.phase_off('plain.item');
SELECT count(*) FROM rsl.verify() WHERE status = 'fail';
RESET quote_all_identifiers;
SELECT object, status, detail FROM rsl.verify('plain.item') WHERE check_name IN ('phase_triggers', 'target_shape');
-- A target that is gone can still be asked for.
DROP TABLE "Erp"."Item";
SELECT check_name, object, status, actual FROM rsl.verify('"Erp"."Item"') WHERE check_name = 'loads_match';
