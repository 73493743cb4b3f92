\i sql/include/load.psql
-- NULL and empty text where a value must be, also when the constraint that should have refused it is gone.
CREATE SCHEMA erp;
CREATE TABLE erp.item (code text PRIMARY KEY, name text NOT NULL, note text);
SELECT exact FROM load($$SELECT * FROM (VALUES ('A', 'bolt', ''), (' ', '', NULL)) v(code, name, note)$$, 'erp.item');
CREATE VIEW checked AS SELECT object, status, expected, actual, detail, hint FROM rsl.verify('required_columns') WHERE object LIKE 'erp.%' OR status <> 'pass' AND detail NOT LIKE 'no column%';
SELECT * FROM checked;
DELETE FROM erp.item WHERE code = ' ';
SELECT * FROM checked;
-- The tables of RSL.
BEGIN;
ALTER TABLE rsl.items ALTER item_code DROP NOT NULL, DROP CONSTRAINT items_null_check;
ALTER TABLE rsl.processes DROP CONSTRAINT processes_process_code_check;
INSERT INTO rsl.items (item_code, name) VALUES (NULL, ''), ('', NULL), (E' \t', NULL), ('A', NULL);
INSERT INTO rsl.processes (process_code) VALUES (' ');
SELECT * FROM checked;
SELECT object, status FROM rsl.verify('rsl.items') WHERE check_name = 'required_columns';
ROLLBACK;
-- The key of a load that is no primary key.
CREATE TABLE erp.unit (code text UNIQUE, name text);
SELECT exact FROM load($$SELECT * FROM (VALUES ('EA', 'each'), ('KG', NULL)) v(code, name)$$, 'erp.unit', 'upsert', ARRAY['code']);
INSERT INTO erp.unit VALUES (NULL, 'nothing'), (E'\n', 'a line');
SELECT object, status, expected, actual, regexp_replace(detail, '\(\d+,\d+\)', '(place)') AS detail, hint FROM checked WHERE object LIKE 'erp.unit%';
-- A table without any.
CREATE TABLE erp.log (line text);
SELECT exact FROM load($$SELECT ''::text AS line$$, 'erp.log');
SELECT object, status, detail FROM rsl.verify('required_columns') WHERE object = 'erp.log';
