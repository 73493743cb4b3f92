\i sql/include/load.psql
-- A sequence that would give a number that is taken, or none any more.
CREATE SCHEMA erp;
CREATE TABLE erp.item (id serial, line bigint GENERATED ALWAYS AS IDENTITY, own int DEFAULT 0);
SELECT exact FROM load('SELECT 5 AS id, 50::bigint AS line', 'erp.item', columns => ARRAY['id', 'line']);
CREATE VIEW checked AS SELECT object, status, expected, actual, detail, hint FROM rsl.verify('sequences') WHERE object LIKE 'erp.%' OR status <> 'pass';
SELECT * FROM checked;
INSERT INTO erp.item (id) VALUES (6);
INSERT INTO rsl.items (id, item_code) VALUES (10, 'A');
SELECT * FROM checked;
-- The hint mends it.
SELECT hint FROM checked WHERE status = 'fail' \gexec
SELECT object, status FROM checked;
SELECT setval('erp.item_id_seq', 1, false);
SELECT * FROM checked WHERE object = 'erp.item.id';
TRUNCATE erp.item;
SELECT object, status, expected, actual FROM checked;
-- Used up.
SELECT setval('erp.item_id_seq', 2147483647);
SELECT object, status, expected, actual, detail, hint FROM checked;
SELECT setval('erp.item_id_seq', 1, false);
-- A default that names a sequence of another owner, and one that counts down.
CREATE SEQUENCE erp.shared INCREMENT -1 START -1;
ALTER TABLE erp.item ALTER own SET DEFAULT nextval('erp.shared');
INSERT INTO erp.item (id) VALUES (1), (2);
SELECT object, status, expected, actual FROM checked WHERE object = 'erp.item.own';
INSERT INTO erp.item (id, own) VALUES (3, -9);
SELECT object, status, expected, actual, hint FROM checked WHERE object = 'erp.item.own';
-- A table without sequences.
CREATE TABLE erp.log (line text);
SELECT exact FROM load($$SELECT ''::text AS line$$, 'erp.log');
SELECT object, status, detail FROM rsl.verify('erp.log') WHERE check_name = 'sequences';
