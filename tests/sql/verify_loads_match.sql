\i sql/include/load.psql
-- A target that is not what its last exact load left is found, whatever was done to it.
CREATE SCHEMA erp;
CREATE TABLE erp.item (id int PRIMARY KEY, code text, own text);
SELECT exact FROM load($$SELECT * FROM (VALUES (1, 'A'), (2, 'B')) v(id, code)$$, 'erp.item', columns => ARRAY['id', 'code']);
CREATE VIEW checked AS SELECT object, status, regexp_replace(detail, '\d{4}-\d\d-\d\dT[\d:]+Z', 'then') AS detail, hint FROM rsl.verify('loads_match');
SELECT * FROM checked;
-- Columns that were not loaded belong to others.
UPDATE erp.item SET own = 'x';
ALTER TABLE erp.item ADD more int;
SELECT object, status FROM checked;
BEGIN; UPDATE erp.item SET code = 'C' WHERE id = 1; SELECT object, status, detail FROM checked; ROLLBACK;
BEGIN; DELETE FROM erp.item WHERE id = 1; SELECT object, status, detail FROM checked; ROLLBACK;
BEGIN; INSERT INTO erp.item VALUES (3, 'C'); SELECT object, status, detail FROM checked; ROLLBACK;
BEGIN; UPDATE erp.item SET code = CASE code WHEN 'A' THEN 'B' ELSE 'A' END; SELECT object, status, detail FROM checked; ROLLBACK;
BEGIN; TRUNCATE erp.item; SELECT object, status, detail FROM checked; ROLLBACK;
BEGIN; ALTER TABLE erp.item DROP code; SELECT object, status, detail, hint FROM checked; ROLLBACK;
BEGIN; ALTER TABLE erp.item RENAME code TO kode; SELECT object, status, detail FROM checked; ROLLBACK;
BEGIN; ALTER TABLE erp.item RENAME TO items; SELECT * FROM checked; ROLLBACK;
BEGIN; DROP TABLE erp.item; SELECT object, status, detail FROM checked; ROLLBACK;
BEGIN; DROP TABLE erp.item; CREATE VIEW erp.item AS SELECT 1 / 0 AS id, 'A' AS code; SELECT object, status, detail FROM checked; ROLLBACK;
BEGIN; UPDATE rsl.load SET report = report - 'after'; SELECT object, status, detail FROM checked; ROLLBACK;
-- The same rows, written anew, in another order and in a column of another type, are the same.
BEGIN;
DELETE FROM erp.item;
INSERT INTO erp.item VALUES (2, 'B'), (1, 'A');
ALTER TABLE erp.item ALTER id TYPE bigint, ALTER code TYPE varchar(5);
SELECT object, status FROM checked;
ROLLBACK;
-- A load that is under way, one that failed, and the next that did not.
SELECT rsl.load_begin('erp.item', ARRAY['id', 'code']) AS load \gset
SELECT * FROM checked;
SELECT exact FROM finish(:load, witness('SELECT 1 AS id'));
SELECT * FROM checked;
SELECT rsl.load_abort(:load);
SELECT exact FROM load($$SELECT 3 AS id, 'C' AS code$$, 'erp.item', columns => ARRAY['id', 'code']);
SELECT object, status, detail FROM checked;
-- A target that was never loaded exactly.
CREATE TABLE erp.never (id int);
SELECT rsl.load_begin('erp.never') AS load \gset
SELECT rsl.load_abort(:load);
SELECT * FROM checked WHERE object = 'erp.never';
