\i sql/include/load.psql
-- Rows find their partitions, move between them, and are counted once.
CREATE SCHEMA erp;
CREATE TABLE erp.move (id int, plant text, quantity numeric(19,4), PRIMARY KEY (id, plant)) PARTITION BY LIST (plant);
CREATE TABLE erp.move_a PARTITION OF erp.move FOR VALUES IN ('A');
CREATE TABLE erp.move_rest (quantity numeric(19,4), extra text, plant text NOT NULL, id int NOT NULL);
ALTER TABLE erp.move_rest DROP COLUMN extra;
ALTER TABLE erp.move ATTACH PARTITION erp.move_rest DEFAULT;
SELECT * FROM load($$SELECT * FROM (VALUES (1, 'A', 1.5), (2, 'B', 2), (3, 'C', NULL)) v(id, plant, quantity)$$, 'erp.move');
SELECT tableoid::regclass, * FROM erp.move ORDER BY id;
SELECT * FROM load($$SELECT * FROM (VALUES (1, 'A', 1.5), (2, 'B', 3), (4, 'A', 7)) v(id, plant, quantity)$$, 'erp.move', 'upsert');
SELECT * FROM load($$SELECT * FROM (VALUES (1, 'A', 1.5), (4, 'A', 8)) v(id, plant, quantity)$$, 'erp.move', 'replace');
SELECT tableoid::regclass, * FROM erp.move ORDER BY id;
-- A row that fits no partition.
ALTER TABLE erp.move DETACH PARTITION erp.move_rest;
SELECT * FROM load($$SELECT * FROM (VALUES (5, 'A', 1.5), (6, 'Z', 8)) v(id, plant, quantity)$$, 'erp.move');
SELECT count(*) FROM erp.move;
-- One partition is a table like any other.
SELECT * FROM load($$SELECT * FROM (VALUES (5, 'A', 1.5)) v(id, plant, quantity)$$, 'erp.move_a');
SELECT * FROM load($$SELECT * FROM (VALUES (6, 'B', 1.5)) v(id, plant, quantity)$$, 'erp.move_a');
