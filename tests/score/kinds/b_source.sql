-- The source changes after the load: these are commands for SQLite, and nothing happens in PostgreSQL. The same programs tell what was done to the target.

-- kind: a value of the source changes after the load
-- in the source
-- named by: rsl verify --source --quick | erp.item | column "price": sum
UPDATE ITEM SET PRICE = PRICE + 1 WHERE ITEM_CD = 'A-0100';

-- kind: a row is deleted in the source after the load
-- in the source
-- named by: rsl verify --source --quick | erp.stock | 199 rows by the source's own account, 200 in the target
DELETE FROM STOCK WHERE STOCK_CD = 'S-050';

-- kind: two values of the source change places after the load
-- in the source
-- named by: rsl verify --source | erp.item | not which of them stand in one row
UPDATE ITEM SET QTY = CASE QTY WHEN 200 THEN 400 ELSE 200 END WHERE ITEM_CD IN ('A-0100', 'A-0200');

-- kind: two texts of one length change places in the source
-- in the source
-- named by: rsl verify --source | erp.plant | not which of them stand in one row
UPDATE PLANT SET NAME = CASE PLANT_CD WHEN 'P1' THEN '부산 공장' ELSE '수원 공장' END WHERE PLANT_CD IN ('P1', 'P2');

-- kind: a value of the source changes: which row?
-- in the source
-- named by: rsl diff ITEM erp.item | erp.item | item_cd=A-0100: changed lot: 00101 → 00100
UPDATE ITEM SET LOT = '00101' WHERE ITEM_CD = 'A-0100';

-- kind: a row of the source is new: which?
-- in the source
-- named by: rsl diff PLANT erp.plant | erp.plant | plant_cd=P7: missing
INSERT INTO PLANT VALUES ('P7', '구미 공장');

-- kind: a value of the target changes: which row?
-- named by: rsl diff ITEM erp.item | erp.item | item_cd=A-0100: changed weight
UPDATE erp.item SET weight = weight::numeric(20,12)::float WHERE item_cd = 'A-0100';

-- kind: a row of the target is gone: which?
-- named by: rsl diff MOVEMENT erp.movement | erp.movement | a row, missing: 1 times in the source, 0 times in the table
DELETE FROM erp.movement WHERE ctid = (SELECT min(ctid) FROM erp.movement);

-- kind: rows of the target are scattered among too many to be named
-- named by: rsl verify --source | erp.item | column "price": sum
UPDATE erp.item SET price = price * 2;
