\i sql/include/load.psql
-- A load that is given up leaves the target as it was and no staging.
CREATE SCHEMA erp;
CREATE TABLE erp.item (id int PRIMARY KEY);
SELECT rsl.load_begin('erp.item') AS load \gset
SELECT rsl.load_push(:load, 1, payload('VALUES (1)'));
SELECT rsl.load_abort(:load, 'the source is gone');
SELECT status, finished_at IS NOT NULL AS ended, staging, report FROM rsl.load;
SELECT rsl.load_push(:load, 2, payload('VALUES (2)'));
SELECT rsl.load_finish(:load, witness('SELECT 1 AS id'));
-- Once more, or of nothing, is no error.
SELECT rsl.load_abort(:load);
SELECT rsl.load_abort(NULL);
-- Without a reason; and one that has failed stays failed.
SELECT rsl.load_begin('erp.item') AS load \gset
SELECT rsl.load_abort(:load);
SELECT rsl.load_begin('erp.item') AS load \gset
SELECT exact FROM finish(:load, witness('SELECT 1 AS id'));
SELECT rsl.load_abort(:load, 'no more');
-- One that is exact stays so.
SELECT exact FROM load('SELECT 1 AS id', 'erp.item');
SELECT rsl.load_abort(max(load_id), 'too late') FROM rsl.load;
SELECT load_id, status, rows, staging, report ->> 'exact' AS exact, report #>> '{reason,message}' AS reason FROM rsl.load ORDER BY load_id;
SELECT count(*) FROM pg_class WHERE relnamespace = 'rsl_stage'::regnamespace AND relkind = 'r';

-- The loads of sessions that have ended are found and aborted; those of living sessions are not.
SELECT rsl.load_begin('erp.item') AS load \gset
SELECT rsl.load_abort_abandoned();
\c
SET client_min_messages = warning;
CREATE TABLE erp.other (id int);
SELECT rsl.load_begin('erp.other') AS other \gset
SELECT pg_sleep(0.2) \g /dev/null
SELECT rsl.load_abort_abandoned('erp.other');
SELECT rsl.load_abort_abandoned('ERP.Item') = :load AS found;
SELECT load_id, target, status, report #>> '{reason,message}' AS reason FROM rsl.load WHERE load_id IN (:load, :other) ORDER BY load_id;
