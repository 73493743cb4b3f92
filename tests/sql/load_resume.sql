\i sql/include/load.psql
-- The load of a run whose session is gone goes on in another, with all that has come.
CREATE SCHEMA erp;
CREATE TABLE erp.item (id int);
SELECT payload('VALUES (1), (2)') AS first, witness('SELECT * FROM (VALUES (1), (2)) v(id)') AS first_account,
       payload('VALUES (3)') AS second, witness('SELECT 3 AS id') AS second_account \gset
SELECT rsl.run_begin('sqlite:///erp.db', '{}') AS run \gset
SELECT rsl.load_begin('erp.item', object => 'ITEM', run => :run) AS load \gset
SELECT rsl.load_plan(:load, '[{"until": ["2"]}, {"after": ["2"]}]');
SELECT rsl.load_claim(:load) ->> 'part';
SELECT rsl.load_push(:load, 0, :'first', 1, '["2"]', :'first_account');
SELECT rsl.load_part_finish(:load, 1, 2);
SELECT rsl.load_claim(:load) ->> 'part';
-- A load of its own, one that failed, and one of another run.
SELECT rsl.load_begin('erp.item', object => 'ITEM') AS other \gset
SELECT rsl.load_begin('erp.item', object => 'FAILED', run => :run) AS other \gset
SELECT exact FROM finish(:other, :'first_account');
SELECT rsl.run_begin('sqlite:///erp.db', '{}') AS second_run \gset
SELECT rsl.load_begin('erp.item', object => 'SECOND', run => :second_run) AS other \gset
-- Its session is not gone.
SELECT rsl.load_resume(:run, 'ITEM');

\c
SET client_min_messages = warning;
SELECT wait_to_be_alone() \g /dev/null
SELECT rsl.load_resume(:run, 'FAILED'), rsl.load_resume(:run, 'SECOND'), rsl.load_resume(:run, 'item'), rsl.load_resume(:run, NULL), rsl.load_resume(NULL, 'ITEM');
SELECT rsl.load_resume(4711, 'ITEM');
\echo :SQLSTATE
SELECT rsl.load_resume(:run, 'ITEM') = :load AS resumed;
-- From now on it is held, as after rsl.load_begin: nobody takes it over again, nor away.
SELECT rsl.load_resume(:run, 'ITEM');
SELECT mode, count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid() GROUP BY mode;
SELECT count(*) FROM rsl.load_abort_abandoned('erp.item');
SELECT load_id = :load AS load, object, status FROM rsl.load WHERE load_id = :load;
SELECT rsl.load_claim(:load);
SELECT rsl.load_push(:load, 0, :'second', 2, '["3"]', :'second_account');
SELECT rsl.load_push(:load, 0, :'first', 1, '["2"]', :'first_account');
SELECT rsl.load_part_finish(:load, 2, 1);
SELECT * FROM finish(:load, NULL);
SELECT * FROM erp.item ORDER BY id;
SELECT rsl.load_resume(:run, 'ITEM');

-- What the crash of a server leaves of an unlogged table: nothing.
SELECT rsl.load_begin('erp.item', object => 'LOST', run => :run) AS load \gset
SELECT rsl.load_plan(:load, '[{}]');
SELECT rsl.load_push(:load, 0, :'first', 1, '["2"]', :'first_account');
SELECT rsl.load_begin('erp.item', object => 'EMPTY', run => :run) AS empty \gset
SELECT rsl.load_begin('erp.item', object => 'GONE', run => :run) AS gone \gset
SELECT rsl.load_begin('erp.part', object => 'NEW', run => :run, definition => '{"columns": [{"name": "id", "type": "integer"}]}') AS new \gset
SELECT rsl.load_push(:new, 0, :'first');
SELECT format('TRUNCATE rsl_stage.load_%s', :load) \gexec
SELECT format('DROP TABLE rsl_stage.load_%s', :gone) \gexec
SELECT rsl.load_push(:load, 1, :'second', 1, '["3"]', :'second_account');
\echo :SQLSTATE
SELECT rsl.load_push(:gone, 0, :'second');
\echo :SQLSTATE
\c
SET client_min_messages = warning;
SELECT wait_to_be_alone() \g /dev/null
SELECT rsl.load_resume(:run, 'LOST'), rsl.load_resume(:run, 'GONE');
SELECT object, status, staging, report #>> '{reason,message}' AS reason FROM rsl.load WHERE load_id IN (:load, :gone) ORDER BY load_id;
SELECT rsl.load_resume(:run, 'EMPTY') = :empty AS empty, rsl.load_resume(:run, 'NEW') = :new AS new;
SELECT count(*) FROM rsl.session_locks() WHERE mine;
SELECT exact, inserted FROM finish(:new, :'first_account');

-- By whom.
CREATE ROLE resume_loader;
CREATE ROLE resume_member IN ROLE resume_loader;
CREATE ROLE resume_stranger;
SELECT rsl.grant_access('resume_loader', 'load'), rsl.grant_access('resume_stranger', 'load');
GRANT USAGE ON SCHEMA erp TO resume_loader;
GRANT SELECT, INSERT, UPDATE, DELETE ON erp.item TO resume_loader;
SET ROLE resume_loader;
SELECT rsl.run_begin('sqlite:///erp.db', '{}') AS run \gset
SELECT rsl.load_begin('erp.item', object => 'ITEM', run => :run) AS load \gset
SELECT rsl.load_plan(:load, '[{}]');
SELECT rsl.load_push(:load, 0, :'second', 1, '["3"]', :'second_account');
RESET ROLE;
\c
SET client_min_messages = warning;
SELECT wait_to_be_alone() \g /dev/null
SET ROLE resume_stranger;
SELECT rsl.load_resume(:run, 'ITEM');
\echo :SQLSTATE
SELECT rsl.load_claim(:load);
\echo :SQLSTATE
SELECT rsl.load_plan(:load, '[{}]');
SELECT rsl.load_push(:load, 1, :'first', 1, '["3"]', :'first_account');
SELECT rsl.load_part_finish(:load, 1, 1);
\echo :SQLSTATE
SELECT count(*) FROM rsl.load_abort_abandoned();
RESET ROLE;
SET ROLE resume_member;
SELECT (rsl.run_resume() -> 'run_id')::bigint = :run AS run, rsl.load_resume(:run, 'ITEM') = :load AS load;
SELECT rsl.load_claim(:load);
SELECT rsl.load_part_finish(:load, 1, 1);
SELECT exact, inserted FROM finish(:load, NULL);
-- Nothing more of a run that is finished.
SELECT rsl.run_finish(:run);
SELECT rsl.load_resume(:run, 'ITEM');
\echo :SQLSTATE
RESET ROLE;
