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

-- A later load of fewer columns takes nothing from the proof of the others.
CREATE TABLE erp.wide (id int PRIMARY KEY, name text, price numeric);
SELECT exact FROM load($$SELECT n AS id, 'n' || n AS name, n * 1.5 AS price FROM generate_series(1, 20) n$$, 'erp.wide');
SELECT exact, updated FROM load($$SELECT n AS id, n * 2.5 AS price FROM generate_series(1, 20) n$$, 'erp.wide', 'upsert', columns => '{id,price}');
SELECT status, report #> '{whole,names}' AS whole FROM rsl.load WHERE target = 'erp.wide' ORDER BY load_id;
SELECT status FROM rsl.check_loads_match('erp.wide');
UPDATE erp.wide SET name = 'DAMAGED' WHERE id = 7;
SELECT status, regexp_replace(detail, '^.*Z: ', '') AS detail FROM rsl.check_loads_match('erp.wide');
UPDATE erp.wide SET name = 'n7' WHERE id = 7;
SELECT status FROM rsl.check_loads_match('erp.wide');
-- A digest that was written into the books after the damage is not that of the sketch.
UPDATE erp.wide SET price = 0 WHERE id = 9;
UPDATE rsl.load SET report = jsonb_set(report, '{whole,digest}', to_jsonb(rsl.table_digest('erp.wide', '{id,price,name}'))) WHERE target = 'erp.wide';
SELECT status, regexp_replace(detail, '^.*Z: ', '') AS detail, hint FROM rsl.check_loads_match('erp.wide');
-- Rejects: open, accepted, and taken out of the books.
CREATE TABLE erp.partly (id int PRIMARY KEY, qty int CHECK (qty > 0));
SELECT rsl.load_begin('erp.partly', max_rejects => 5) AS load \gset
SELECT rsl.load_push(:load, 1, payload('SELECT * FROM (VALUES (1, 1), (2, -1)) v(id, qty)'));
SELECT exact, inserted FROM finish(:load, witness('SELECT * FROM (VALUES (1, 1), (2, -1)) v(id, qty)'));
SELECT status, expected, actual, replace(hint, :'load', 'N') AS hint FROM rsl.check_loads_match('erp.partly');
SELECT rsl.load_rejects_accept(:load, 'not ours');
SELECT status FROM rsl.check_loads_match('erp.partly');
DELETE FROM rsl.reject WHERE load_id = :load;
SELECT status, expected, actual FROM rsl.check_loads_match('erp.partly') OFFSET 1;
-- What stands in place of the table is not read: its owner's code would run with the rights of whoever looks.
CREATE TABLE erp.viewed (id int);
SELECT exact FROM load('SELECT 1 AS id', 'erp.viewed');
ALTER TABLE erp.viewed RENAME TO was_viewed;
CREATE FUNCTION erp.evil() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RAISE WARNING 'runs as %', current_user; RETURN 1; END $$;
CREATE VIEW erp.viewed AS SELECT erp.evil() AS id;
SELECT check_name, status, actual FROM rsl.verify('erp.viewed') WHERE status NOT IN ('skip', 'pass');
DROP VIEW erp.viewed;
CREATE MATERIALIZED VIEW erp.viewed AS SELECT 1 AS id;
SELECT status, actual FROM rsl.check_loads_match('erp.viewed');
-- Loads that were deleted from the books.
DELETE FROM rsl.load WHERE target = 'erp.wide';
SELECT object, status, detail FROM rsl.check_target_shape('erp.wide');
