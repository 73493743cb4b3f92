\i sql/include/load.psql
-- Tables that the planner knows nothing of, foreign keys without an index, indexes that nobody uses.
CREATE SCHEMA "Erp";
CREATE TABLE "Erp"."Item" (id int PRIMARY KEY, v int) WITH (autovacuum_enabled = off);
CREATE TABLE "Erp".small (id int) WITH (autovacuum_enabled = off);
CREATE TABLE "Erp".parts (id int PRIMARY KEY) PARTITION BY RANGE (id);
CREATE TABLE "Erp".parts1 PARTITION OF "Erp".parts DEFAULT;
CREATE TABLE "Erp".soon (id int);
CREATE TABLE "Erp".empty (id int) WITH (autovacuum_enabled = off);
SELECT exact FROM load('SELECT g AS id, g AS v FROM generate_series(1, 200) g', '"Erp"."Item"');
SELECT exact FROM load('SELECT g AS id FROM generate_series(1, 50) g', '"Erp".small');
SELECT exact FROM load('SELECT g AS id FROM generate_series(1, 200) g', '"Erp".parts');
SELECT exact FROM load('SELECT g AS id FROM generate_series(1, 200) g', '"Erp".soon');
SELECT exact FROM load('SELECT g AS id FROM generate_series(1, 0) g', '"Erp".empty');
SELECT object, status, actual, detail, hint FROM rsl.verify('statistics') WHERE check_name = 'statistics';
ANALYZE "Erp"."Item", "Erp".parts;
SELECT object, status FROM rsl.verify('statistics') WHERE check_name = 'statistics';

CREATE TABLE "Erp".routing (id int, "Item" int CONSTRAINT "of Item" REFERENCES "Erp"."Item", a int, b int, UNIQUE (a, b), FOREIGN KEY (a, b) REFERENCES "Erp".routing (a, b));
SELECT exact FROM load('SELECT 1 AS id, 1 AS "Item", 1 AS a, 1 AS b', '"Erp".routing');
CREATE VIEW indexed AS SELECT object, status, expected, actual, detail, hint FROM rsl.verify('foreign_key_indexes');
SELECT * FROM indexed;
-- Leading columns, in any order, of all rows.
CREATE INDEX second ON "Erp".routing (id, "Item");
CREATE INDEX partly ON "Erp".routing ("Item") WHERE id > 0;
SELECT object, status FROM indexed;
CREATE INDEX first ON "Erp".routing ("Item", id);
ALTER TABLE "Erp".routing DROP CONSTRAINT routing_a_b_fkey, DROP CONSTRAINT routing_a_b_key, ADD UNIQUE (b, a);
ALTER TABLE "Erp".routing ADD FOREIGN KEY (a, b) REFERENCES "Erp".routing (a, b);
SELECT object, status, actual FROM indexed;
SELECT object, status, detail FROM rsl.verify('"Erp".small') WHERE check_name = 'foreign_key_indexes';

-- Whether an index is used is only told where scans are counted for long enough.
CREATE VIEW used AS SELECT object, status, expected, actual, regexp_replace(detail, '\d{4}-\d\d-\d\d', 'then') AS detail, hint FROM rsl.verify('unused_indexes');
SELECT * FROM used;
CREATE OR REPLACE FUNCTION rsl.verify_counted_since() RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE AS 'SELECT now() - interval ''15 days''';
SELECT * FROM used;
BEGIN;
DROP INDEX "Erp".second, "Erp".first;
SELECT * FROM used;
ROLLBACK;
