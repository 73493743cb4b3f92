\i sql/include/load.psql
-- An orphan fails the load; when its parent has come, the same load is finished again and is exact.
CREATE SCHEMA erp;
CREATE TABLE erp.item (code text PRIMARY KEY);
CREATE TABLE erp.routing (id int PRIMARY KEY, item text REFERENCES erp.item);
INSERT INTO erp.item VALUES ('A');
SELECT rsl.load_begin('erp.routing') AS load \gset
SELECT rsl.load_push(:load, 1, payload($$VALUES (1, 'A'), (2, 'B')$$));
SELECT witness($$SELECT * FROM (VALUES (1, 'A'), (2, 'B')) v(id, item)$$) AS witness \gset
SELECT * FROM finish(:load, :'witness');
SELECT status, rows, report #>> '{reason,sqlstate}' AS sqlstate, report #>> '{reason,detail}' AS detail FROM rsl.load WHERE load_id = :load;
SELECT count(*) FROM erp.routing;
INSERT INTO erp.item VALUES ('B');
SELECT * FROM finish(:load, :'witness');
SELECT status, rows, staging, report ? 'reason' AS reason FROM rsl.load WHERE load_id = :load;
SELECT * FROM erp.routing ORDER BY id;

-- A parent that is still needed is not replaced away.
SELECT * FROM load($$SELECT 'A' AS code$$, 'erp.item', 'replace');
SELECT count(*) FROM erp.item;
-- ON DELETE CASCADE of a child is what its owner wanted.
ALTER TABLE erp.routing DROP CONSTRAINT routing_item_fkey, ADD FOREIGN KEY (item) REFERENCES erp.item ON DELETE CASCADE;
SELECT * FROM load($$SELECT 'A' AS code$$, 'erp.item', 'replace');
SELECT * FROM erp.routing;

-- A deferred constraint is looked at before the verdict, not at the end of the transaction.
CREATE TABLE erp.part (id int PRIMARY KEY, whole int REFERENCES erp.part DEFERRABLE INITIALLY DEFERRED);
SELECT * FROM load('SELECT * FROM (VALUES (1, 2), (2, 1)) v(id, whole)', 'erp.part');
BEGIN;
SELECT * FROM load('SELECT 3 AS id, 4 AS whole', 'erp.part');
COMMIT;
SELECT * FROM erp.part ORDER BY id;
-- A table that refers to itself, the child before the parent.
CREATE TABLE erp.tree (id int PRIMARY KEY, parent int REFERENCES erp.tree);
SELECT * FROM load('SELECT * FROM (VALUES (1, 2), (2, NULL), (3, 1)) v(id, parent)', 'erp.tree');
SELECT * FROM load('SELECT * FROM (VALUES (1, 5), (5, NULL)) v(id, parent)', 'erp.tree', 'replace');
SELECT * FROM load('SELECT * FROM (VALUES (1, 6), (6, 5)) v(id, parent)', 'erp.tree', 'upsert');
SELECT * FROM erp.tree ORDER BY id;
