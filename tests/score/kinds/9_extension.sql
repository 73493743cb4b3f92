-- The extension itself, and who may do what with it.

-- kind: a function has another body
-- named by: schema_complete | rsl.verify_obstacle(regclass,text[]) | body
CREATE OR REPLACE FUNCTION rsl.verify_obstacle(rel regclass, columns text[] DEFAULT NULL) RETURNS text LANGUAGE sql STABLE AS 'SELECT NULL::text';

-- kind: a view is dropped
-- named by: schema_complete | rsl.routing_groups | missing
ALTER EXTENSION rsl DROP VIEW rsl.routing_groups;
DROP VIEW rsl.routing_groups CASCADE;

-- kind: a constraint of the extension is dropped
-- named by: schema_complete | rsl.items.items_item_code_key | missing
ALTER TABLE rsl.items DROP CONSTRAINT items_item_code_key;

-- kind: a required text of the extension is empty
-- named by: required_columns | rsl.items.item_code | 1 empty / rows 5; first (3)
ALTER TABLE rsl.items DROP CONSTRAINT items_null_check;
UPDATE rsl.items SET item_code = ' ' WHERE item_code = 'I-3';

-- kind: a verdict in the books is edited
-- named by: loads_match | erp.item | are not of the same rows
UPDATE rsl.load SET report = jsonb_set(report, '{after,digest}', to_jsonb(overlay(report #>> '{after,digest}' PLACING 'ff' FROM 20))) WHERE target = 'erp.item';

-- kind: a load is left unfinished
-- named by: loads_match | erp.plant | has not finished
SELECT rsl.load_begin('erp.plant');

-- kind: a target is open to everybody
-- named by: privileges | erp.item | PUBLIC: SELECT
GRANT SELECT ON erp.item TO PUBLIC;

-- kind: a role may write to a target
-- named by: privileges | erp.item | stranger: DELETE
GRANT DELETE ON erp.item TO stranger;

-- kind: a reader may write to the books
-- named by: privileges | rsl.load | reporter: UPDATE
GRANT UPDATE ON rsl.load TO reporter;

-- kind: everybody may call a function that writes
-- named by: privileges | rsl.audit_seal() | PUBLIC: EXECUTE
GRANT EXECUTE ON FUNCTION rsl.audit_seal() TO PUBLIC;

-- kind: a SECURITY DEFINER function has no fixed search_path
-- named by: privileges | rsl.shortcut() | SECURITY DEFINER without one
CREATE FUNCTION rsl.shortcut() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1';

-- kind: a privilege that an application needs is taken away
-- named by: privileges | erp.item | reporter: without SELECT
GRANT SELECT ON erp.item TO reporter;
SELECT rsl.shape_accept('erp.item');
REVOKE SELECT ON erp.item FROM reporter;

-- kind: rejected rows are opened to a role, by column
-- named by: privileges | rsl.reject."row" | stranger: SELECT
GRANT SELECT ("row") ON rsl.reject TO stranger;

-- kind: anybody may create objects in the schema of the targets
-- named by: privileges | erp | PUBLIC: CREATE
-- missed because: privileges on schemas that are not the extension's are not recorded
GRANT CREATE ON SCHEMA erp TO PUBLIC;

-- kind: the digest in the books is made that of the damage
-- named by: loads_match | erp.item | are not of the same rows
UPDATE erp.item SET price = 0 WHERE item_cd = 'A-0100';
UPDATE rsl.load SET report = jsonb_set(report, '{after,digest}', to_jsonb(rsl.table_digest('erp.item', columns))) WHERE target = 'erp.item';

-- kind: the loads of a table are deleted from the books
-- named by: target_shape | erp.movement | no load of it is in the books any more
DELETE FROM rsl.load WHERE target = 'erp.movement';

-- kind: what a table looked like is deleted from the books
-- named by: target_shape | erp.item | was never recorded
DELETE FROM rsl.target_shape WHERE target = 'erp.item';
