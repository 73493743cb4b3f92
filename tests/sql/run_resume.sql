\i sql/include/load.psql
-- A run that was not finished and whose session is gone is taken over by the next that asks, which learns what is done already.
CREATE SCHEMA erp;
CREATE TABLE erp.item (id int);
SELECT rsl.run_resume();
SELECT rsl.run_begin(NULL, '{}');
\echo :SQLSTATE
SELECT rsl.run_begin('sqlite:///erp.db', NULL);
SELECT rsl.run_begin('sqlite:///erp.db', '{"objects": ["ITEM", "ORDER"]}') AS run \gset
SELECT run_id = :run AS run, source, options, started_by, started_at <= clock_timestamp() AS started, finished_at FROM rsl.run;
-- One's own session is not gone.
SELECT rsl.run_resume();
SELECT rsl.load_begin('erp.item', object => 'ITEM', run => :run) AS load \gset
SELECT exact FROM finish(:load, witness('SELECT 1 AS id WHERE false'));
SELECT rsl.load_begin('erp.item', object => 'ITEM', run => :run) AS load \gset
SELECT exact FROM finish(:load, witness('SELECT 1 AS id WHERE false'));
SELECT rsl.load_begin('erp.item', object => 'ORDER', run => :run) AS load \gset
SELECT rsl.load_begin('erp.item', object => 'OTHER') AS other \gset
SELECT exact FROM finish(:other, witness('SELECT 1 AS id WHERE false'));
SELECT rsl.load_begin('erp.item', object => 'FAILED', run => :run) AS other \gset
SELECT exact FROM finish(:other, witness('SELECT 1 AS id'));
SELECT load_id, run_id, object, status FROM rsl.load ORDER BY load_id;
SELECT rsl.load_begin('erp.item', run => 4711);
\echo :SQLSTATE
SELECT rsl.run_begin('sqlite:///other.db', '{}') AS other \gset
SELECT rsl.run_begin('sqlite:///third.db', '{}') AS third \gset
SELECT rsl.run_finish(:third);
SELECT finished_at >= started_at AS ended FROM rsl.run WHERE run_id = :third;
-- Once more, or of nothing, is no error.
SELECT rsl.run_finish(:third), rsl.run_finish(NULL);
SELECT rsl.run_finish(4711);
\echo :SQLSTATE
SELECT rsl.load_begin('erp.item', run => :third);
\echo :SQLSTATE

\c
SET client_min_messages = warning;
SELECT wait_to_be_alone() \g /dev/null
SELECT rsl.run_resume('sqlite:///nowhere.db');
SELECT rsl.run_resume('sqlite:///third.db');
SELECT rsl.run_resume('sqlite:///erp.db');
-- It belongs to this session now.
SELECT rsl.run_resume('sqlite:///erp.db');
SELECT rsl.run_resume() ->> 'source';
SELECT rsl.run_resume();
SELECT count(*) FROM rsl.session_locks() WHERE mine;
SELECT rsl.run_finish(:run);
SELECT count(*) FROM rsl.session_locks() WHERE mine;
\c
SET client_min_messages = warning;
SELECT wait_to_be_alone() \g /dev/null
-- What is finished stays so, and the latest comes first.
SELECT rsl.run_begin('sqlite:///other.db', '{"second": true}') AS newer \gset
\c
SET client_min_messages = warning;
SELECT wait_to_be_alone() \g /dev/null
SELECT (rsl.run_resume('sqlite:///other.db') -> 'run_id')::bigint = :newer AS latest;
SELECT (rsl.run_resume('sqlite:///other.db') -> 'run_id')::bigint = :other AS before;
SELECT rsl.run_resume();

-- Whose it is.
CREATE ROLE run_loader;
CREATE ROLE run_member IN ROLE run_loader;
CREATE ROLE run_stranger;
SELECT rsl.grant_access('run_loader', 'load'), rsl.grant_access('run_stranger', 'load');
GRANT USAGE ON SCHEMA erp TO run_loader, run_stranger;
GRANT SELECT, INSERT, UPDATE, DELETE ON erp.item TO run_loader, run_stranger;
SET ROLE run_loader;
SELECT rsl.run_begin('sqlite:///erp.db', '{}') AS run \gset
RESET ROLE;
\c
SET client_min_messages = warning;
SELECT wait_to_be_alone() \g /dev/null
SET ROLE run_stranger;
SELECT rsl.run_resume('sqlite:///erp.db');
SELECT rsl.run_finish(:run);
\echo :SQLSTATE
SELECT rsl.load_begin('erp.item', run => :run);
\echo :SQLSTATE
SELECT rsl.load_resume(:run, 'ITEM');
\echo :SQLSTATE
INSERT INTO rsl.run (source, options, started_by) VALUES ('x', '{}', 'run_stranger');
SELECT rsl.load_register(format('{"target": "erp.item", "mode": "append", "columns": ["id"], "again": false, "run_id": %s}', :run)::jsonb);
SELECT rsl.load_register('{"target": "erp.item", "mode": "append", "columns": ["id"], "again": false, "run_id": "1"}');
RESET ROLE;
SET ROLE run_member;
SELECT (rsl.run_resume('sqlite:///erp.db') -> 'run_id')::bigint = :run AS taken;
SELECT rsl.run_finish(:run);
RESET ROLE;
-- Of a role that is gone, a superuser takes over.
CREATE ROLE run_gone;
SELECT rsl.grant_access('run_gone', 'load');
SET ROLE run_gone;
SELECT rsl.run_begin('sqlite:///gone.db', '{}') AS run \gset
RESET ROLE;
DROP OWNED BY run_gone;
DROP ROLE run_gone;
\c
SELECT wait_to_be_alone() \g /dev/null
SET ROLE run_loader;
SELECT rsl.run_resume('sqlite:///gone.db');
RESET ROLE;
SELECT (rsl.run_resume('sqlite:///gone.db') -> 'run_id')::bigint = :run AS taken;
