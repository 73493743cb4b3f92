\i sql/include/load.psql
-- Constraints are tried with values that they must refuse, and nothing is left of it.
CREATE EXTENSION amcheck SCHEMA public;
CREATE SCHEMA "Erp";
CREATE TABLE "Erp".item (plant text, code text, qty int CHECK (qty BETWEEN 0 AND 10), "the unit" text CHECK ("the unit" IN ('EA', 'KG')), PRIMARY KEY (plant, code));
CREATE TABLE "Erp"."Routing" (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, plant text, item text, seq int NOT NULL UNIQUE DEFERRABLE INITIALLY DEFERRED,
    during tstzrange, twice int GENERATED ALWAYS AS (seq * 2) STORED, FOREIGN KEY (plant, item) REFERENCES "Erp".item, CHECK (seq > id - 100), EXCLUDE USING gist (during WITH &&));
CREATE TABLE "Erp".parts (id int PRIMARY KEY, parent int REFERENCES "Erp".parts, n int NOT NULL CHECK (n > 0)) PARTITION BY RANGE (id);
CREATE TABLE "Erp".parts1 PARTITION OF "Erp".parts FOR VALUES FROM (1) TO (10);
CREATE TABLE "Erp".parts2 PARTITION OF "Erp".parts DEFAULT;
CREATE TABLE "Erp".empty (id int NOT NULL);
CREATE TABLE "Erp".odd (v text CHECK (length(v) <> 4711));
SELECT exact FROM load($$SELECT 'P' AS plant, 'A' AS code, 1 AS qty, 'EA' AS "the unit"$$, '"Erp".item');
SELECT exact FROM load($$SELECT 1 AS id, 'P' AS plant, 'A' AS item, 1 AS seq, '[2020-01-01,2021-01-01)'::tstzrange AS during UNION ALL SELECT 2, 'P', NULL, 2, NULL$$, '"Erp"."Routing"', columns => '{id,plant,item,seq,during}');
SELECT exact FROM load('SELECT 1 AS id, NULL::int AS parent, 1 AS n UNION ALL SELECT 2, 1, 1 UNION ALL SELECT 20, 1, 1', '"Erp".parts');
SELECT exact FROM load('SELECT 1 AS id WHERE false', '"Erp".empty');
SELECT exact FROM load($$SELECT 'x' AS v$$, '"Erp".odd');
SELECT rsl.audit_on('"Erp".parts');
CREATE VIEW tried AS SELECT object, status, actual, detail FROM rsl.verify_deep('constraints_bite') WHERE object LIKE '"Erp"%';
CREATE VIEW held AS SELECT (SELECT last_value FROM "Erp"."Routing_id_seq") AS sequence, (SELECT count(*) FROM rsl.audit_log) AS changes, (SELECT count(*) FROM rsl.audit_shape) AS shapes,
    rsl.table_digest('"Erp".item') AS item, rsl.table_digest('"Erp"."Routing"') AS routing, rsl.table_digest('"Erp".parts') AS parts,
    (SELECT count(*) FROM pg_locks WHERE locktype = 'relation' AND mode LIKE '%Exclusive%') AS locks;
SELECT * FROM held \gset before_
BEGIN;
SELECT * FROM tried;
SELECT * FROM held \gset then_
SELECT :'before_item' = :'then_item' AND :'before_routing' = :'then_routing' AND :'before_parts' = :'then_parts'
    AND :before_sequence = :then_sequence AND :before_changes = :then_changes AND :before_shapes = :then_shapes AND :then_locks = 0 AS no_trace;
SHOW search_path;
SHOW role;
SHOW lock_timeout;
COMMIT;
-- Each kind that does not bite any more is named.
ALTER TABLE "Erp"."Routing" DISABLE TRIGGER ALL;
UPDATE pg_class SET relchecks = 0 WHERE oid = '"Erp".item'::regclass;
UPDATE pg_index SET indisready = false WHERE indexrelid IN ('"Erp"."Routing_during_excl"'::regclass, '"Erp".item_pkey'::regclass);
\c
SELECT * FROM tried WHERE status <> 'pass';
SELECT * FROM held \gset after_
SELECT :'before_item' = :'after_item' AND :'before_routing' = :'after_routing' AND :'before_parts' = :'after_parts' AND :before_sequence = :after_sequence AND :before_changes = :after_changes AS no_trace;
ALTER TABLE "Erp"."Routing" ENABLE TRIGGER ALL;
UPDATE pg_class SET relchecks = 2 WHERE oid = '"Erp".item'::regclass;
UPDATE pg_index SET indisready = true;
\c
SELECT count(*) FROM tried WHERE status = 'fail';
-- A trigger that is in the way is no proof of anything.
CREATE FUNCTION "Erp".mends() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN new.qty := 1; RETURN new; END';
CREATE FUNCTION "Erp".refuses() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'not today, % as %', current_setting('search_path'), current_user; END $$;
CREATE TRIGGER mends BEFORE INSERT OR UPDATE ON "Erp".item FOR EACH ROW EXECUTE FUNCTION "Erp".mends();
CREATE TRIGGER refuses BEFORE INSERT OR UPDATE ON "Erp".odd FOR EACH ROW EXECUTE FUNCTION "Erp".refuses();
ALTER TABLE "Erp".odd DROP CONSTRAINT odd_v_check, ADD CHECK (v <> 'y' AND length(v) < 100);
SELECT * FROM tried WHERE object LIKE '%.item%' OR object LIKE '%.odd%';
-- With the rights of the owner of the table, not of whoever looks.
CREATE ROLE deep_owner;
GRANT USAGE ON SCHEMA "Erp" TO deep_owner;
ALTER TABLE "Erp".odd OWNER TO deep_owner;
SELECT * FROM tried WHERE object LIKE '%.odd%';
DROP TRIGGER mends ON "Erp".item;
-- Where nothing can be written nothing is tried.
BEGIN TRANSACTION READ ONLY;
SELECT object, status, detail FROM rsl.verify_deep('constraints_bite');
SELECT DISTINCT check_name FROM rsl.verify_deep('digests_agree');
ROLLBACK;

-- The rows read by the key, and amcheck.
CREATE VIEW read AS SELECT check_name, object, status, detail, hint
FROM rsl.verify_deep('digests_agree') WHERE object LIKE '"Erp"%'
UNION ALL SELECT check_name, object, status, regexp_replace(detail, '\(\d+,\d+\)', 'somewhere'), hint FROM rsl.verify_deep('indexes_consistent') WHERE object LIKE '"Erp"%';
SELECT * FROM read;
UPDATE pg_index SET indisready = false WHERE indexrelid = '"Erp".item_pkey'::regclass;
\c
INSERT INTO "Erp".item VALUES ('P', 'B', 1, 'EA');
UPDATE pg_index SET indisready = true WHERE indexrelid = '"Erp".item_pkey'::regclass;
\c
SELECT object, status, detail, hint FROM read WHERE object LIKE '%item%';
REINDEX TABLE "Erp".item;
SELECT object, status FROM read WHERE object LIKE '%item%';
DROP EXTENSION amcheck;
SELECT * FROM rsl.verify_deep('indexes_consistent');

-- Scopes: a deep check, a group that has some, one that has none, a table, nothing that there is.
SELECT DISTINCT check_name FROM rsl.verify_deep('loads') ORDER BY 1;
SELECT DISTINCT check_name FROM rsl.verify_deep('access') ORDER BY 1;
SELECT DISTINCT check_name FROM rsl.verify_deep('"Erp".item') ORDER BY 1;
SELECT (SELECT count(DISTINCT check_name) FROM rsl.verify_deep()) = (SELECT count(*) FROM (SELECT check_name FROM rsl.checks() UNION ALL SELECT check_name FROM rsl.deep_checks()) c) AS all_of_them;
SELECT rsl.verify_deep('nothing');
\echo :SQLSTATE
-- A broken check does not take the others with it.
CREATE OR REPLACE FUNCTION rsl.check_digests_agree(about text DEFAULT NULL) RETURNS TABLE (object text, status text, expected text, actual text, detail text, hint text)
LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''broken''; END';
SELECT check_name, status, detail FROM rsl.verify_deep('loads') WHERE check_name = 'digests_agree';
SELECT count(*) > 10 FROM rsl.verify_deep();
-- Not for everybody.
CREATE ROLE deep_reader;
SELECT rsl.grant_access('deep_reader', 'read');
SET ROLE deep_reader;
SELECT rsl.verify_deep();
