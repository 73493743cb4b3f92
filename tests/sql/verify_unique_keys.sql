\i sql/include/load.psql
-- The key by which a target was loaded is unique, by an index; without one, keys that are there twice are counted and named.
CREATE SCHEMA "Erp";
CREATE TABLE "Erp"."Item" ("Plant" text, code text, qty int, UNIQUE ("Plant", code));
CREATE TABLE "Erp".keyless (id int);
CREATE TABLE "Erp".parts (id int PRIMARY KEY) PARTITION BY RANGE (id);
CREATE TABLE "Erp".parts1 PARTITION OF "Erp".parts DEFAULT;
SELECT exact FROM load($$SELECT 'P' AS "Plant", 'C' || g AS code, g AS qty FROM generate_series(1, 9) g$$, '"Erp"."Item"', 'upsert', '{Plant,code}');
SELECT exact FROM load('SELECT 1 AS id', '"Erp".keyless');
SELECT exact FROM load('SELECT 1 AS id WHERE false', '"Erp".parts');
CREATE VIEW checked AS SELECT object, status, actual, detail, hint FROM rsl.verify('unique_keys');
SELECT * FROM checked;
SELECT object, status, detail FROM rsl.verify('"Erp".keyless') WHERE check_name = 'unique_keys';
ALTER TABLE "Erp"."Item" DROP CONSTRAINT "Item_Plant_code_key";
SELECT * FROM checked;
INSERT INTO "Erp"."Item" VALUES ('P', 'C3', 1), ('P', 'C3', 2), ('P', 'C7', 1), (NULL, 'X', 1), (NULL, 'X', 1);
SELECT * FROM checked;
-- Not for all rows, not at once, not on these columns: no index of the key.
CREATE UNIQUE INDEX partly ON "Erp"."Item" ("Plant", code) WHERE qty > 100;
SELECT object, status, actual, hint FROM checked WHERE object LIKE '%Item%';
DROP INDEX "Erp".partly;
CREATE UNIQUE INDEX wider ON "Erp"."Item" ("Plant", code, qty);
SELECT object, status, actual FROM checked WHERE object LIKE '%Item%';
DELETE FROM "Erp"."Item" WHERE qty < 3 AND code <> 'C1' AND code <> 'C2';
ALTER TABLE "Erp"."Item" ADD CONSTRAINT later UNIQUE ("Plant", code) DEFERRABLE;
SELECT object, status, actual, detail FROM checked WHERE object LIKE '%Item%';
ALTER TABLE "Erp"."Item" DROP CONSTRAINT later;
CREATE UNIQUE INDEX again ON "Erp"."Item" (code, "Plant");
SELECT object, status, actual FROM checked WHERE object LIKE '%Item%';
UPDATE pg_index SET indisvalid = false WHERE indexrelid = '"Erp".again'::regclass;
SELECT object, status, actual, hint FROM checked WHERE object LIKE '%Item%';
UPDATE pg_index SET indisvalid = true WHERE indexrelid = '"Erp".again'::regclass;
-- A part of the key that is unique is enough.
CREATE UNIQUE INDEX less ON "Erp"."Item" (code);
DROP INDEX "Erp".again;
SELECT object, status, actual FROM checked WHERE object LIKE '%Item%';
ALTER TABLE "Erp"."Item" RENAME code TO kode;
SELECT object, status, detail, hint FROM checked WHERE object LIKE '%Item%';
ALTER TABLE "Erp".parts DROP CONSTRAINT parts_pkey;
INSERT INTO "Erp".parts VALUES (4), (4);
SELECT object, status, actual, detail FROM checked WHERE object LIKE '%parts%';
