-- The digest of a table: of all columns or of some, without those that are gone, whatever they are called.
CREATE SCHEMA erp;
CREATE TABLE erp.item (id int, gone text, code text, price numeric);
INSERT INTO erp.item VALUES (1, 'x', 'A', 1.5), (2, 'y', 'B', NULL);
SELECT rsl.table_digest('erp.item') = rsl.digest(i) AS whole, rsl.table_digest('erp.item') = rsl.digest_columns(id, gone, code, price) AS columns,
       rsl.table_digest('erp.item') = rsl.table_witness('erp.item') ->> 'digest' AS witness FROM erp.item i;
SELECT rsl.table_digest('erp.item', ARRAY['id', 'code', 'price']) AS without \gset
ALTER TABLE erp.item DROP COLUMN gone;
SELECT rsl.table_digest('erp.item') = :'without' AS same, rsl.digest(i) = :'without' AS by_row, rsl.row_witness(i) ->> 'digest' = :'without' AS by_witness FROM erp.item i;
-- A column that was added later has its default in rows that were not written since.
ALTER TABLE erp.item ADD COLUMN unit text DEFAULT 'EA', ADD COLUMN note text;
CREATE TABLE erp.rewritten AS SELECT * FROM erp.item;
SELECT rsl.table_digest('erp.item') = rsl.table_digest('erp.rewritten') AS same, rsl.digest(i) = rsl.table_digest('erp.rewritten') AS by_row FROM erp.item i;
-- The order of the columns counts, as given; so does which they are.
SELECT rsl.table_digest('erp.item', ARRAY['id', 'code']) = rsl.table_digest('erp.item', ARRAY['code', 'id']) AS reordered,
       rsl.table_digest('erp.item', ARRAY['code', 'code']) = rsl.table_digest('erp.item', ARRAY['code']) AS doubled;
-- One column is a row of one field, not the bare value.
SELECT rsl.table_digest('erp.item', ARRAY['code']) = rsl.digest(ROW(code)) AS row, rsl.table_digest('erp.item', ARRAY['code']) = rsl.digest(code) AS bare FROM erp.item;
SELECT rsl.table_digest('erp.item', ARRAY['id', 'colour']);
\echo :SQLSTATE
SELECT rsl.table_digest('erp.item', '{}');
SELECT rsl.table_digest('erp.item', ARRAY[NULL]::text[]);
SELECT rsl.table_digest('erp.nothing');
-- An empty table.
CREATE TABLE erp.empty (id int);
SELECT rsl.table_digest('erp.empty'), rsl.table_witness('erp.empty');
-- Views, partitioned tables, and names that need quotes.
CREATE VIEW erp.items AS SELECT * FROM erp.item;
CREATE TABLE erp."It""em; --" ("a b" int, "t" text, "T" text) PARTITION BY RANGE ("a b");
CREATE TABLE erp.part PARTITION OF erp."It""em; --" ("T", "a b", t) DEFAULT;
INSERT INTO erp."It""em; --" VALUES (1, 'x', 'y');
SELECT rsl.table_digest('erp.items') = rsl.table_digest('erp.item') AS view, rsl.table_digest('erp."It""em; --"') = rsl.table_digest('erp.part') AS partition,
       rsl.table_digest('erp."It""em; --"', ARRAY['T', 'a b']) = rsl.digest(ROW("T", "a b")) AS some FROM erp."It""em; --";
-- A role without rights.
CREATE ROLE digest_stranger;
GRANT USAGE ON SCHEMA rsl, erp TO digest_stranger;
SET ROLE digest_stranger;
SELECT rsl.table_digest('erp.item');
\echo :SQLSTATE
RESET ROLE;
GRANT SELECT (id, code) ON erp.item TO digest_stranger;
SET ROLE digest_stranger;
SELECT left(rsl.table_digest('erp.item', ARRAY['code', 'id']), 2) AS rows;
SELECT rsl.table_digest('erp.item', ARRAY['code', 'price']);
