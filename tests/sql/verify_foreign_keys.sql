\i sql/include/load.psql
-- Orphans are counted and named, however they came in; so is a key that is not enforced.
CREATE SCHEMA erp;
CREATE TABLE erp.item (plant text, code text, PRIMARY KEY (plant, code));
CREATE TABLE erp.routing (id int PRIMARY KEY, plant text, item text, again text, FOREIGN KEY (plant, item) REFERENCES erp.item);
SELECT exact FROM load($$SELECT 'P' AS plant, 'A' AS code$$, 'erp.item');
CREATE VIEW checked AS SELECT object, status, actual, detail, hint FROM rsl.verify('foreign_keys') WHERE object LIKE 'erp.%' OR status <> 'pass';
SELECT * FROM checked;
-- A part of the key that is NULL refers to nothing.
INSERT INTO erp.routing VALUES (1, 'P', 'A'), (2, 'P', NULL), (3, NULL, 'Z');
SELECT object, status, actual FROM checked;
SET session_replication_role = replica;
INSERT INTO erp.routing SELECT g, 'P', 'X' || g % 7 FROM generate_series(4, 20) g;
INSERT INTO rsl.routings (item_id, seq, process_code) VALUES (99, 1, 'NONE');
RESET session_replication_role;
SELECT * FROM checked;
DELETE FROM erp.routing WHERE id > 3;
DELETE FROM rsl.routings;
-- A parent that was taken away.
ALTER TABLE erp.item DISABLE TRIGGER ALL;
DELETE FROM erp.item;
SELECT * FROM checked;
INSERT INTO erp.item VALUES ('P', 'A');
SELECT * FROM checked;
ALTER TABLE erp.item ENABLE TRIGGER ALL;
-- Not validated, with and without orphans.
ALTER TABLE erp.routing DROP CONSTRAINT routing_plant_item_fkey;
ALTER TABLE erp.routing ADD CONSTRAINT routing_fk FOREIGN KEY (plant, item) REFERENCES erp.item NOT VALID;
SELECT * FROM checked;
ALTER TABLE erp.routing DROP CONSTRAINT routing_fk;
INSERT INTO erp.routing VALUES (4, 'P', 'Z');
ALTER TABLE erp.routing ADD CONSTRAINT routing_fk FOREIGN KEY (plant, item) REFERENCES erp.item NOT VALID;
SELECT * FROM checked;
ALTER TABLE erp.routing DROP CONSTRAINT routing_fk;
DELETE FROM erp.routing WHERE id > 1;
-- MATCH FULL, a table that refers to itself, partitions.
ALTER TABLE erp.routing ADD CONSTRAINT routing_full FOREIGN KEY (plant, item) REFERENCES erp.item MATCH FULL;
SET session_replication_role = replica;
INSERT INTO erp.routing VALUES (5, 'P', NULL), (6, NULL, NULL);
RESET session_replication_role;
SELECT * FROM checked;
ALTER TABLE erp.routing DROP CONSTRAINT routing_full;
CREATE TABLE erp.tree (id int PRIMARY KEY, parent int REFERENCES erp.tree) PARTITION BY RANGE (id);
CREATE TABLE erp.tree1 PARTITION OF erp.tree DEFAULT;
SELECT exact FROM load('SELECT 1 AS id, NULL::int AS parent', 'erp.tree');
SET session_replication_role = replica;
INSERT INTO erp.tree VALUES (2, 1), (3, 4);
RESET session_replication_role;
SELECT * FROM checked;
-- An index serves a key whose columns it is sorted or hashed by.
CREATE TABLE two_keys (a int, b int, PRIMARY KEY (a, b));
CREATE SCHEMA IF NOT EXISTS erp;
CREATE TABLE erp.serves (id int PRIMARY KEY, a int, b int, CONSTRAINT of_two FOREIGN KEY (a, b) REFERENCES two_keys);
SELECT exact FROM load($$SELECT 1 AS id, NULL::int AS a, NULL::int AS b$$, 'erp.serves');
CREATE INDEX serves_include ON erp.serves (a) INCLUDE (b);
CREATE INDEX serves_brin ON erp.serves USING brin (a, b);
SELECT object, status, actual FROM rsl.verify('foreign_key_indexes') WHERE object ~ 'of_two';
CREATE INDEX serves_well ON erp.serves (b, a);
SELECT object, status, actual FROM rsl.verify('foreign_key_indexes') WHERE object ~ 'of_two';
