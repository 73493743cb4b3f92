-- Keys, foreign keys and sequences.

-- kind: a foreign key is dropped
-- named by: target_shape | erp.routing.routing_plant | missing
ALTER TABLE erp.routing DROP CONSTRAINT routing_plant;

-- kind: a foreign key is not valid any more, and a row is an orphan
-- named by: foreign_keys | erp.routing.routing_plant | 7
ALTER TABLE erp.routing DROP CONSTRAINT routing_plant;
UPDATE erp.routing SET plant_cd = 'P9' WHERE routing_id = 7;
ALTER TABLE erp.routing ADD CONSTRAINT routing_plant FOREIGN KEY (plant_cd) REFERENCES erp.plant NOT VALID;

-- kind: a parent is deleted behind disabled triggers
-- named by: foreign_keys | erp.routing.routing_item | orphans: 2
SET session_replication_role = replica;
DELETE FROM erp.item WHERE item_cd = 'A-0300';

-- kind: the triggers of a foreign key are disabled
-- named by: foreign_keys | erp.routing.routing_plant | disabled
ALTER TABLE erp.plant DISABLE TRIGGER ALL;

-- kind: a unique constraint is dropped
-- named by: target_shape | erp.routing.routing_once | missing
ALTER TABLE erp.routing DROP CONSTRAINT routing_once;

-- kind: a primary key is dropped, and a key is doubled
-- named by: unique_keys | erp.plant | P1
ALTER TABLE erp.routing DROP CONSTRAINT routing_plant;
ALTER TABLE erp.plant DROP CONSTRAINT plant_pkey;
INSERT INTO erp.plant VALUES ('P1', '수원 공장');

-- kind: a sequence is behind its column
-- named by: sequences | erp.routing.routing_id | 600
SELECT setval('erp.routing_routing_id_seq', 10);

-- kind: an identity begins anew
-- named by: sequences | erp.routing.routing_id | 600
ALTER TABLE erp.routing ALTER routing_id RESTART;

-- kind: an identity is dropped
-- named by: target_shape | erp.routing.routing_id | IDENTITY
ALTER TABLE erp.routing ALTER routing_id DROP IDENTITY;
