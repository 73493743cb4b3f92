-- Only listed phases, only listed transitions; an error says what may come next.
INSERT INTO rsl.rsl_group (slug, name, owner) VALUES ('g1', 'Group 1', 'kim');
UPDATE rsl.rsl_group SET status = 'released';
\echo :SQLSTATE
UPDATE rsl.rsl_group SET status = 'validated';
UPDATE rsl.rsl_group SET status = 'released';
UPDATE rsl.rsl_group SET status = 'validated';
UPDATE rsl.rsl_group SET status = 'retired';
UPDATE rsl.rsl_group SET status = 'released';
UPDATE rsl.rsl_group SET status = 'draft';
\set VERBOSITY terse
UPDATE rsl.rsl_group SET status = 'done';
\set VERBOSITY default
\echo :SQLSTATE
SELECT key, from_phase, to_phase FROM rsl.phase_history ORDER BY phase_history_id;
-- One bad row, and the statement is undone.
INSERT INTO rsl.rsl_group (slug, name, owner, status) VALUES ('g2', 'Group 2', 'kim', 'released');
UPDATE rsl.rsl_group SET status = 'validated';
SELECT slug, status FROM rsl.rsl_group ORDER BY slug;
SELECT count(*) FROM rsl.phase_history;
-- The constraint that rsl.phase_on adds; a row may begin in any phase.
CREATE TABLE job (id int PRIMARY KEY, state text);
SELECT rsl.phase_on('job', 'state', '{new,running,done}', '{"new": ["running"], "running": ["done", "new"], "done": []}');
SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'job'::regclass AND contype = 'c';
INSERT INTO job VALUES (1, 'lost');
INSERT INTO job VALUES (1, 'running'), (2, 'done'), (3, NULL);
UPDATE job SET state = 'new' WHERE id = 2;
UPDATE job SET state = NULL WHERE id = 1;
UPDATE job SET state = 'done' WHERE id = 3;
SELECT * FROM job ORDER BY id;
-- The trigger knows the phases too.
ALTER TABLE job DROP CONSTRAINT job_state_phase_check;
UPDATE job SET state = 'lost' WHERE id = 1;
\echo :SQLSTATE
-- No transition at all.
SELECT rsl.phase_off('job');
SELECT rsl.phase_on('job', 'state', '{new,running,done}', '{}');
UPDATE job SET state = 'done' WHERE id = 1;
-- A load is held to them.
\i sql/include/load.psql
SELECT * FROM load($$SELECT 1 AS id, 'new' AS state$$, 'public.job', 'upsert');
SELECT * FROM load($$SELECT 4 AS id, 'new' AS state$$, 'public.job', 'upsert');
SELECT key, from_phase, to_phase, load_id FROM rsl.phase_history WHERE table_name = 'job' ORDER BY phase_history_id;
