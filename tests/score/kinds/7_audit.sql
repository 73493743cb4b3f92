-- The audit log, and what writes it. Triggers that keep the log from being changed are enabled again, so that only the chain can tell.

-- kind: a trigger of the audit is disabled
-- named by: audit_triggers | erp.stock | rsl_audit_update
ALTER TABLE erp.stock DISABLE TRIGGER rsl_audit_update;

-- kind: a trigger of the audit is dropped
-- named by: audit_triggers | erp.stock | rsl_audit_delete
DROP TRIGGER rsl_audit_delete ON erp.stock;

-- kind: all triggers of the audit are dropped
-- named by: audit_triggers | erp.stock | 
DO $$ DECLARE t name; BEGIN
    FOR t IN SELECT tgname FROM pg_trigger WHERE tgrelid = 'erp.stock'::regclass LOOP EXECUTE format('DROP TRIGGER %I ON erp.stock', t); END LOOP;
END $$;

-- kind: a line of the log is edited
-- named by: audit_chain | block 1 | edited
SELECT hidden.from_triggers('rsl.audit_block', $$UPDATE rsl.audit_block SET actor = 'nobody' WHERE block_id = (SELECT min(block_id) FROM rsl.audit_block)$$);

-- kind: a line of the log is removed
-- named by: audit_chain | block 1 | removed
SELECT hidden.from_triggers('rsl.audit_block', $$DELETE FROM rsl.audit_block WHERE block_id = (SELECT min(block_id) FROM rsl.audit_block)$$);

-- kind: a line of the log is inserted
-- named by: audit_chain | block 1000 | inserted
SELECT hidden.from_triggers('rsl.audit_block', $$INSERT INTO rsl.audit_block SELECT 1000, at, txid, load_id, bucket, era, table_id, shape_id, statement, changes, operation, session_role, acting_role, actor, application, client_addr, images
FROM rsl.audit_block WHERE block_id = (SELECT min(block_id) FROM rsl.audit_block)$$);

-- kind: the latest line of the log, not sealed yet, is removed
-- named by: loads_match | erp.stock | {"stock_cd": "S-040"}
SELECT hidden.from_triggers('rsl.audit_block', $$DELETE FROM rsl.audit_block WHERE block_id = (SELECT max(block_id) FROM rsl.audit_block)$$);

-- kind: a change that is not sealed yet is taken back together with its line in the log
-- named by: audit_chain | block | removed
-- missed because: what nobody has sealed or copied elsewhere leaves no trace; whoever may disable triggers of the log can do this until the next rsl.audit_seal
SELECT hidden.from_triggers('rsl.audit_block', $$DELETE FROM rsl.audit_block WHERE block_id = (SELECT max(block_id) FROM rsl.audit_block)$$);
SELECT hidden.from_triggers('erp.stock', $$UPDATE erp.stock SET qty = 60 WHERE stock_cd = 'S-040'$$);

-- kind: a seal is removed
-- named by: audit_chain | seal 1 | seal removed
SELECT hidden.from_triggers('rsl.audit_seal', $$DELETE FROM rsl.audit_seal WHERE seal_id = (SELECT min(seal_id) FROM rsl.audit_seal)$$);

-- kind: the log can be changed again
-- named by: audit_storage | rsl_audit.block_* | only_grows: disabled
SELECT tableoid::regclass AS month FROM rsl.audit_block LIMIT 1 \gset
ALTER TABLE :month DISABLE TRIGGER USER;
