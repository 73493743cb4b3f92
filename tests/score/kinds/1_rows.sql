-- Rows that come, go and change places. No target but erp.stock is audited.

-- kind: a row is deleted
-- named by: loads_match | erp.item | removed: {"item_cd": "A-0295"}
SET session_replication_role = replica;
DELETE FROM erp.item WHERE item_cd = 'A-0295';

-- kind: a row is added
-- named by: loads_match | erp.plant | added: {"plant_cd": "P4"}
INSERT INTO erp.plant VALUES ('P4', '대구 공장');

-- kind: a row of a table without a key is doubled
-- named by: loads_match | erp.movement | 200 rows then, 201 rows now; the table is not audited; added: a row without a name
INSERT INTO erp.movement SELECT * FROM erp.movement WHERE item_cd = 'A-0010' LIMIT 1;

-- kind: one of two equal rows is lost, and another is doubled
-- named by: loads_match | erp.movement | removed: 
DELETE FROM erp.movement WHERE ctid = (SELECT min(ctid) FROM erp.movement WHERE item_cd = 'A-0010');
INSERT INTO erp.movement SELECT * FROM erp.movement WHERE item_cd = 'A-0011' LIMIT 1;

-- kind: all rows of a load come once more
-- named by: loads_match | erp.movement | 200 rows then, 400 rows now
INSERT INTO erp.movement SELECT * FROM erp.movement;

-- kind: two values change places between rows
-- named by: loads_match | erp.item | changed: {"item_cd": "A-0100"}, {"item_cd": "A-0200"}
UPDATE erp.item SET qty = CASE qty WHEN 200 THEN 400 ELSE 200 END WHERE item_cd IN ('A-0100', 'A-0200');

-- kind: two rows change keys
-- named by: loads_match | erp.item | {"item_cd": "A-0100"}
SET session_replication_role = replica;
UPDATE erp.item SET item_cd = 'A-9999' WHERE item_cd = 'A-0100';
UPDATE erp.item SET item_cd = 'A-0100' WHERE item_cd = 'A-0200';
UPDATE erp.item SET item_cd = 'A-0200' WHERE item_cd = 'A-9999';

-- kind: the last chunk is lost
-- named by: loads_match | erp.routing | 600 rows then, 540 rows now; the table is not audited; removed: {"routing_id": "541"}
DELETE FROM erp.routing WHERE routing_id > 540;

-- kind: the first chunk is lost
-- named by: loads_match | erp.routing | 600 rows then, 540 rows now; the table is not audited; removed: {"routing_id": "1"}
DELETE FROM erp.routing WHERE routing_id <= 60;

-- kind: a row of a partition is deleted
-- named by: loads_match | erp.result | removed: {"made_on": "2023-11-16", "result_id": "1"}
DELETE FROM erp.result_2023 WHERE result_id = 1;

-- kind: a partition is detached
-- named by: loads_match | erp.result | 400 rows then
ALTER TABLE erp.result DETACH PARTITION erp.result_2024;

-- kind: the table is emptied
-- named by: loads_match | erp.movement | 200 rows then, 0 rows now
TRUNCATE erp.movement;

-- kind: the table is dropped
-- named by: loads_match | erp.movement | missing
DROP TABLE erp.movement;
