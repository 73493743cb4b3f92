-- Phases and freshness.

-- kind: a phase is skipped behind the triggers
-- named by: phase_triggers | app.orders | {"order_no": 30}
SET session_replication_role = replica;
UPDATE app.orders SET status = 'closed' WHERE order_no = 30;

-- kind: a phase that there is not
-- named by: phase_triggers | app.orders | shipped
ALTER TABLE app.orders DROP CONSTRAINT orders_status_phase_check;
SET session_replication_role = replica;
UPDATE app.orders SET status = 'shipped' WHERE order_no = 30;

-- kind: a trigger of the phases is disabled
-- named by: phase_triggers | app.orders | rsl_phase_update
ALTER TABLE app.orders DISABLE TRIGGER rsl_phase_update;

-- kind: all triggers of the phases are dropped
-- named by: phase_triggers | app.orders | missing
DO $$ DECLARE t name; BEGIN
    FOR t IN SELECT tgname FROM pg_trigger WHERE tgrelid = 'app.orders'::regclass LOOP EXECUTE format('DROP TRIGGER %I ON app.orders', t); END LOOP;
END $$;

-- kind: the triggers and the constraint of the phases are dropped
-- named by: phase_triggers | app.orders | missing
-- missed because: nothing is left that says that this table has phases; so do phases look that were taken off with rsl.phase_off
ALTER TABLE app.orders DROP CONSTRAINT orders_status_phase_check;
DO $$ DECLARE t name; BEGIN
    FOR t IN SELECT tgname FROM pg_trigger WHERE tgrelid = 'app.orders'::regclass LOOP EXECUTE format('DROP TRIGGER %I ON app.orders', t); END LOOP;
END $$;

-- kind: the history of a phase is edited
-- named by: phase_triggers | app.orders | {"order_no": 30}
SELECT hidden.from_triggers('rsl.phase_history', $$UPDATE rsl.phase_history SET to_phase = 'paid' WHERE key = '{"order_no": 30}'$$);

-- kind: a status of freshness is stale
-- named by: freshness | app.warehouse | ONLINE is OFFLINE: 1
SET session_replication_role = replica;
UPDATE app.warehouse SET last_sync = last_sync - interval '1 day' WHERE warehouse_cd = 'W3';

-- kind: the trigger of freshness is disabled
-- named by: freshness | app.warehouse | zz_rsl_freshness
ALTER TABLE app.warehouse DISABLE TRIGGER zz_rsl_freshness;

-- kind: the trigger of freshness is dropped
-- named by: freshness | app.warehouse | zz_rsl_freshness
-- missed because: the trigger is all that says that a table has a status of freshness
DROP TRIGGER zz_rsl_freshness ON app.warehouse;
