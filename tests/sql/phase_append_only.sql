-- The history only grows, also for a superuser and for the owner.
INSERT INTO rsl.rsl_group (slug, name, owner) VALUES ('g1', 'Group 1', 'kim'), ('g2', 'Group 2', 'kim');
UPDATE rsl.phase_history SET changed_by = 'nobody';
\echo :SQLSTATE
DELETE FROM rsl.phase_history WHERE to_phase = 'draft';
TRUNCATE rsl.phase_history;
SET session_replication_role = replica;
DELETE FROM rsl.phase_history;
TRUNCATE rsl.phase_history;
RESET session_replication_role;
SELECT count(*) FROM rsl.phase_history;
-- A row that goes leaves its history.
DELETE FROM rsl.rsl_group;
SELECT key, to_phase FROM rsl.phase_history ORDER BY phase_history_id;
-- Whoever disables the triggers is found.
ALTER TABLE rsl.phase_history DISABLE TRIGGER phase_history_refuse_change;
DELETE FROM rsl.phase_history WHERE phase_history_id = 1;
SELECT object, status, detail, hint FROM rsl.verify('schema_complete') WHERE status <> 'pass';
ALTER TABLE rsl.phase_history ENABLE TRIGGER phase_history_refuse_change;
SELECT object, status, actual FROM rsl.verify('schema_complete') WHERE status <> 'pass';
ALTER TABLE rsl.phase_history ENABLE ALWAYS TRIGGER phase_history_refuse_change;
SELECT count(*) FROM rsl.verify('schema_complete') WHERE status <> 'pass';
