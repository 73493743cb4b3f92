\i sql/include/load.psql
-- Rows now are the rows as loaded and the audited changes since: what the log explains passes, what it does not is named.
CREATE SCHEMA erp;
CREATE TABLE erp.item (id int PRIMARY KEY, code text, qty numeric(12,2), own text);
SELECT exact FROM load($$SELECT i AS id, 'C' || i AS code, i * 1.5 AS qty FROM generate_series(1, 500) i$$, 'erp.item', columns => ARRAY['id', 'code', 'qty']);
CREATE VIEW checked AS SELECT status, regexp_replace(detail, '^load \d+, finished [^:]+:\d\d:\d\dZ: ', '') AS detail FROM rsl.verify('loads_match') WHERE object LIKE 'erp.%';
-- Not audited: the rows are named all the same.
BEGIN; UPDATE erp.item SET qty = qty + 0.01 WHERE id = 7; UPDATE erp.item SET code = 'x' WHERE id = 8; DELETE FROM erp.item WHERE id = 9; INSERT INTO erp.item VALUES (900, 'new', 1); SELECT * FROM checked; ROLLBACK;
BEGIN; UPDATE erp.item SET qty = qty + 1 WHERE id <= 15; SELECT * FROM checked; ROLLBACK;
BEGIN; UPDATE erp.item SET id = id + 1000, qty = 0; UPDATE erp.item SET id = id + 1000; SELECT status, left(detail, 60) FROM checked; ROLLBACK;
SELECT rsl.audit_on('erp.item');
SELECT * FROM checked;
-- Audited changes.
UPDATE erp.item SET qty = qty + 1 WHERE id <= 10;
UPDATE erp.item SET qty = qty + 1 WHERE id = 1;
DELETE FROM erp.item WHERE id = 20;
INSERT INTO erp.item VALUES (1000, 'new', 5), (1001, 'gone', 5);
DELETE FROM erp.item WHERE id = 1001;
UPDATE erp.item SET id = 2000 WHERE id = 30;
UPDATE erp.item SET own = 'not loaded' WHERE id = 40;
SELECT * FROM checked;
-- Behind the audit: a value, a row less, a row more, each named; the audited ones are still explained.
BEGIN; ALTER TABLE erp.item DISABLE TRIGGER ALL; UPDATE erp.item SET qty = qty + 0.01 WHERE id = 77; SELECT * FROM checked; ROLLBACK;
BEGIN; ALTER TABLE erp.item DISABLE TRIGGER ALL; DELETE FROM erp.item WHERE id = 78; INSERT INTO erp.item VALUES (79000, 'x', 1); SELECT * FROM checked; ROLLBACK;
-- Of a row that was changed audited before: the value that the log says, another one, the row as a whole.
BEGIN; ALTER TABLE erp.item DISABLE TRIGGER ALL; UPDATE erp.item SET qty = 99 WHERE id = 1; SELECT * FROM checked; ROLLBACK;
BEGIN; ALTER TABLE erp.item DISABLE TRIGGER ALL; UPDATE erp.item SET code = 'y' WHERE id = 2; SELECT * FROM checked; ROLLBACK;
BEGIN; ALTER TABLE erp.item DISABLE TRIGGER ALL; UPDATE erp.item SET qty = qty - 1 WHERE id = 3; SELECT * FROM checked; ROLLBACK;
BEGIN; ALTER TABLE erp.item DISABLE TRIGGER ALL; DELETE FROM erp.item WHERE id IN (4, 1000); SELECT * FROM checked; ROLLBACK;
BEGIN; ALTER TABLE erp.item DISABLE TRIGGER ALL; INSERT INTO erp.item VALUES (20, 'C20', 30); SELECT * FROM checked; ROLLBACK;
-- All put back behind the audit: the digest is that of the load, but the log says otherwise.
BEGIN; ALTER TABLE erp.item DISABLE TRIGGER ALL;
UPDATE erp.item SET qty = id * 1.5 WHERE id <= 10; DELETE FROM erp.item WHERE id = 1000; INSERT INTO erp.item VALUES (20, 'C20', 30); UPDATE erp.item SET id = 30 WHERE id = 2000;
SELECT status, detail FROM checked; ROLLBACK;
-- The next load is a new beginning, though it is in the log as well.
SELECT exact, updated, inserted, deleted FROM load($$SELECT i AS id, 'C' || i AS code, i * 1.5 AS qty FROM generate_series(1, 500) i$$, 'erp.item', columns => ARRAY['id', 'code', 'qty'], mode => 'replace');
SELECT * FROM checked;
UPDATE erp.item SET code = 'later' WHERE id = 5;
SELECT * FROM checked;
-- An undo goes back to the load before and what was changed after it.
SELECT max(load_id) AS load FROM rsl.load \gset
SELECT rsl.load_undo(:load, leave_changed => true) - 'changed_keys';
SELECT status FROM checked;
SELECT count(*) FROM rsl.load_sketch;
-- A column that the audit leaves out is not explained.
SELECT rsl.audit_off('erp.item');
SELECT rsl.audit_on('erp.item', exclude => '{code}');
SELECT exact FROM load($$SELECT i AS id, 'C' || i AS code, i * 1.5 AS qty FROM generate_series(1, 500) i$$, 'erp.item', columns => ARRAY['id', 'code', 'qty'], mode => 'replace');
UPDATE erp.item SET code = 'hidden', qty = 3 WHERE id = 6;
SELECT * FROM checked;
-- Partitioned; without a key.
CREATE TABLE erp.part (id int, d date, v text, PRIMARY KEY (id, d)) PARTITION BY RANGE (d);
CREATE TABLE erp.part_1 PARTITION OF erp.part FOR VALUES FROM ('2026-01-01') TO ('2026-07-01');
CREATE TABLE erp.part_2 PARTITION OF erp.part FOR VALUES FROM ('2026-07-01') TO ('2027-01-01');
SELECT rsl.audit_on('erp.part');
SELECT exact FROM load($$SELECT i AS id, DATE '2026-01-01' + i AS d, 'v' AS v FROM generate_series(1, 300) i$$, 'erp.part');
UPDATE erp.part SET v = 'w' WHERE id = 5;
UPDATE erp.part SET d = d + 180 WHERE id = 6;
DELETE FROM erp.part WHERE id = 7;
SELECT status, regexp_replace(detail, '^.*Z: ', '') FROM rsl.verify('loads_match') WHERE object = 'erp.part';
ALTER TABLE erp.part_1 DISABLE TRIGGER ALL;
UPDATE erp.part_1 SET v = 'behind' WHERE id = 9;
SELECT status, regexp_replace(detail, '^.*Z: ', '') FROM rsl.verify('loads_match') WHERE object = 'erp.part';
CREATE TABLE erp.heap (v text);
SELECT exact FROM load($$SELECT 'v' || i AS v FROM generate_series(1, 9) i$$, 'erp.heap');
UPDATE erp.heap SET v = 'other' WHERE v = 'v3';
SELECT status, regexp_replace(detail, '^.*Z: ', '') FROM rsl.verify('loads_match') WHERE object = 'erp.heap';
-- Whoever may only read: what the log would explain is skipped, not failed; rows are not named.
CREATE ROLE verify_reader;
SELECT rsl.grant_access('verify_reader', 'read');
GRANT USAGE ON SCHEMA erp TO verify_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA erp TO verify_reader;
SET ROLE verify_reader;
SELECT object, status, regexp_replace(detail, '^.*Z: ', '') FROM rsl.verify('loads_match');
RESET ROLE;
DROP OWNED BY verify_reader;
DROP ROLE verify_reader;
SELECT rsl.load_changes(-1);
-- More columns than a function has arguments.
SELECT format('CREATE TABLE erp.wide (c1 int PRIMARY KEY, %s)', string_agg(format('c%s text', g), ', ' ORDER BY g)) AS ddl,
       format('SELECT r AS c1, %s FROM generate_series(1, 50) r', string_agg(format('''v'' || r * %s AS c%1$s', g), ', ' ORDER BY g)) AS query
FROM generate_series(2, 150) g \gset
:ddl;
SELECT rsl.audit_on('erp.wide');
SELECT exact FROM load(:'query', 'erp.wide');
UPDATE erp.wide SET c150 = 'explained' WHERE c1 = 5;
DELETE FROM erp.wide WHERE c1 = 6;
SELECT status, regexp_replace(detail, '^.*Z: ', '') FROM rsl.verify('loads_match') WHERE object = 'erp.wide';
ALTER TABLE erp.wide DISABLE TRIGGER ALL;
UPDATE erp.wide SET c149 = 'behind' WHERE c1 = 7;
DELETE FROM erp.wide WHERE c1 = 8;
SELECT status, regexp_replace(detail, '^.*Z: ', '') FROM rsl.verify('loads_match') WHERE object = 'erp.wide';
CREATE TABLE erp.wide_copy AS TABLE erp.wide;
SELECT * FROM rsl.diff('erp.wide', 'erp.wide_copy');
UPDATE erp.wide_copy SET c150 = 'x' WHERE c1 = 3;
SELECT * FROM rsl.diff('erp.wide', 'erp.wide_copy');
DROP TABLE erp.wide, erp.wide_copy;

-- A cast of the owner's own type does not run with the rights of whoever looks.
CREATE ROLE after_owner;
CREATE SCHEMA theirs AUTHORIZATION after_owner;
CREATE TYPE theirs.size AS ENUM ('s', 'm');
ALTER TYPE theirs.size OWNER TO after_owner;
CREATE DOMAIN theirs.code AS char(3);
CREATE TABLE theirs.item (size theirs.size, code theirs.code, v text, PRIMARY KEY (size, code));
SELECT exact FROM load($$SELECT * FROM (VALUES ('s'::theirs.size, 'a'::char(3), 'x'), ('m', 'b', 'y')) v(size, code, v)$$, 'theirs.item');
SELECT rsl.audit_on('theirs.item');
SET ROLE after_owner;
CREATE FUNCTION theirs.as_json(theirs.size) RETURNS json LANGUAGE plpgsql AS $$ BEGIN RAISE WARNING 'a cast runs as %', current_user; RETURN '"s"'; END $$;
RESET ROLE;
UPDATE theirs.item SET v = 'z' WHERE size = 's';
SET ROLE after_owner;
CREATE CAST (theirs.size AS json) WITH FUNCTION theirs.as_json(theirs.size);
RESET ROLE;
SELECT status, regexp_replace(detail, '^.*Z: ', '') AS detail FROM rsl.check_loads_match('theirs.item');
SELECT operation, new FROM rsl.history('theirs.item', '{"size": "m", "code": "b"}');
SELECT rsl.load_undo(max(load_id), true) ->> 'changed_keys' AS changed FROM rsl.load;
