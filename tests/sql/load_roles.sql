\i sql/include/load.psql
-- Who may do what: every step is done with the rights of the role that asks for it.
CREATE ROLE roles_loader;
CREATE ROLE roles_other;
CREATE ROLE roles_member IN ROLE roles_loader;
CREATE ROLE roles_stranger;
CREATE SCHEMA erp;
CREATE TABLE erp.item (id int PRIMARY KEY, code text);
SELECT payload($$VALUES (1, 'A')$$) AS chunk, witness($$SELECT 1 AS id, 'A' AS code$$) AS witness \gset

-- Nobody may load without being told so.
SET ROLE roles_stranger;
SELECT rsl.load_begin('erp.item');
\echo :SQLSTATE
RESET ROLE;
GRANT USAGE ON SCHEMA rsl TO roles_stranger;
SET ROLE roles_stranger;
SELECT rsl.load_begin('erp.item');
SELECT rsl.load_push(1, 1, :'chunk');
SELECT rsl.load_finish(1, :'witness');
SELECT rsl.load_abort(1);
SELECT rsl.load_abort_abandoned();
SELECT rsl.load_register('{}');
SELECT rsl.load_plan(1, '[{}]');
SELECT rsl.load_claim(1);
SELECT rsl.load_part_finish(1, 1, 0);
SELECT rsl.load_resume(1, 'ITEM');
SELECT rsl.run_begin('x', '{}');
SELECT rsl.run_resume();
SELECT rsl.run_finish(1);
SELECT rsl.load_merge('{}', '{}', '');
SELECT * FROM rsl.load;
SELECT count(*) FROM rsl_stage.load_1;
RESET ROLE;

SELECT rsl.grant_access('roles_loader', 'load');
SELECT rsl.grant_access('roles_other', 'load');
-- A target that the role may not use: the message says what to grant.
SET ROLE roles_loader;
SELECT rsl.load_begin('erp.item');
\echo :SQLSTATE
RESET ROLE;
GRANT USAGE ON SCHEMA erp TO roles_loader, roles_other;
SET ROLE roles_loader;
SELECT rsl.load_begin('erp.item');
\echo :SQLSTATE
SELECT rsl.load_begin('erp.item', mode => 'replace');
RESET ROLE;
GRANT SELECT, INSERT, UPDATE ON erp.item TO roles_loader, roles_other;
SET ROLE roles_loader;
SELECT rsl.load_begin('erp.item', mode => 'replace');
\echo :SQLSTATE
SELECT rsl.load_begin('erp.item') AS load \gset
SELECT rsl.load_push(:load, 1, :'chunk');
-- The books are not theirs to write, nor may a load be forged.
UPDATE rsl.load SET status = 'exact';
\echo :SQLSTATE
INSERT INTO rsl.load_chunk (load_id, chunk, rows, bytes, digest) VALUES (:load, 2, 1, 1, '');
UPDATE rsl.load_part SET finished_at = now();
UPDATE rsl.run SET finished_at = NULL;
DELETE FROM rsl.load;
RESET ROLE;

-- The load of another role.
SET ROLE roles_other;
SELECT rsl.load_push(:load, 2, :'chunk');
\echo :SQLSTATE
SELECT rsl.load_finish(:load, :'witness');
\echo :SQLSTATE
SELECT rsl.load_abort(:load);
\echo :SQLSTATE
SELECT rsl.load_abort_abandoned();
SELECT format('SELECT * FROM %s', staging) FROM rsl.load WHERE load_id = :load \gexec
RESET ROLE;
-- A member goes on with it.
SET ROLE roles_member;
SELECT exact, inserted FROM finish(:load, :'witness');
RESET ROLE;
SELECT started_by, status, rows FROM rsl.load;
SELECT * FROM erp.item;

-- Rights that are lost on the way: the load fails, and is finished when they are back.
SET ROLE roles_loader;
SELECT rsl.load_begin('erp.item', mode => 'upsert') AS load \gset
SELECT rsl.load_push(:load, 1, :'chunk');
RESET ROLE;
REVOKE INSERT, UPDATE ON erp.item FROM roles_loader;
SET ROLE roles_loader;
SELECT exact, reason FROM finish(:load, :'witness');
RESET ROLE;
GRANT INSERT, UPDATE ON erp.item TO roles_loader;
SET ROLE roles_loader;
SELECT exact, reason FROM finish(:load, :'witness');

-- A target of one's own.
SELECT rsl.load_begin('erp.tool', definition => '{"columns": [{"name": "id", "type": "integer"}]}');
\echo :SQLSTATE
-- (The hint names the database.)
\set VERBOSITY terse
SELECT rsl.load_begin('own.tool', definition => '{"columns": [{"name": "id", "type": "integer"}]}');
\echo :SQLSTATE
\set VERBOSITY default
RESET ROLE;
GRANT CREATE ON SCHEMA erp TO roles_loader;
SET ROLE roles_loader;
SELECT rsl.load_begin('erp.tool', definition => '{"columns": [{"name": "id", "type": "integer"}], "primary_key": ["id"]}') AS load \gset
RESET ROLE;
SELECT payload('SELECT 1') AS chunk, witness('SELECT 1 AS id') AS witness \gset
SET ROLE roles_loader;
SELECT rsl.load_push(:load, 1, :'chunk');
SELECT exact, inserted FROM finish(:load, :'witness');
RESET ROLE;
SELECT relowner::regrole FROM pg_class WHERE oid = 'erp.tool'::regclass;
SELECT count(*) FROM pg_class WHERE relnamespace = 'rsl_stage'::regnamespace AND relkind = 'r';
