\i sql/include/load.psql
-- Indexes that no query uses, or that miss rows.
CREATE SCHEMA "Erp";
CREATE TABLE "Erp"."Item" (id int PRIMARY KEY, v int);
CREATE INDEX "by V" ON "Erp"."Item" (v);
CREATE TABLE "Erp".parts (id int PRIMARY KEY, v int) PARTITION BY RANGE (id);
CREATE TABLE "Erp".parts1 PARTITION OF "Erp".parts DEFAULT;
CREATE TABLE "Erp".bare (id int);
SELECT exact FROM load('SELECT 1 AS id, 1 AS v', '"Erp"."Item"');
SELECT exact FROM load('SELECT 1 AS id, 1 AS v', '"Erp".parts');
SELECT exact FROM load('SELECT 1 AS id', '"Erp".bare');
CREATE VIEW checked AS SELECT object, status, actual, detail, hint FROM rsl.verify('indexes_valid') WHERE object LIKE '"Erp"%' OR status <> 'pass';
SELECT * FROM checked;
SELECT object, status, detail FROM rsl.verify('"Erp".bare') WHERE check_name = 'indexes_valid';
UPDATE pg_index SET indisvalid = false WHERE indexrelid = '"Erp"."by V"'::regclass;
UPDATE pg_index SET indisready = false WHERE indexrelid = '"Erp"."Item_pkey"'::regclass;
UPDATE pg_index SET indislive = false WHERE indexrelid = '"Erp".parts1_pkey'::regclass;
UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'rsl.items_pkey'::regclass;
SELECT * FROM checked;
UPDATE pg_index SET indisvalid = true, indisready = true, indislive = true;
-- An index of a partitioned table that its partitions lack, and a unique index that could not be built.
CREATE INDEX alone ON ONLY "Erp".parts (v);
INSERT INTO "Erp"."Item" VALUES (2, 1);
CREATE UNIQUE INDEX CONCURRENTLY broken ON "Erp"."Item" (v);
SELECT * FROM checked;
