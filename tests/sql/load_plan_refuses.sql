\i sql/include/load.psql
-- A load is cut into parts once, before its first chunk.
CREATE SCHEMA erp;
CREATE TABLE erp.item (id int);
SELECT rsl.load_begin('erp.item') AS load \gset
SELECT rsl.load_plan(:load, '[]');
\echo :SQLSTATE
SELECT rsl.load_plan(:load, '{}');
SELECT rsl.load_plan(:load, 'null');
SELECT rsl.load_plan(:load, '[1]');
SELECT rsl.load_plan(:load, '[{"after": null, "until": null}, {"after": 1}]');
SELECT rsl.load_plan(:load, '[{"until": {}}]');
SELECT rsl.load_plan(:load, NULL), rsl.load_plan(NULL, '[{}]');
SELECT rsl.load_plan(4711, '[{}]');
\echo :SQLSTATE
SELECT rsl.load_claim(4711), rsl.load_claim(NULL);
-- Without a plan there is nothing to claim and no part to push into: that is no load without rows.
SELECT rsl.load_claim(:load);
\echo :SQLSTATE
SELECT rsl.load_push(:load, 0, payload('SELECT 1'), 1);
\echo :SQLSTATE
SELECT rsl.load_part_finish(:load, 1, 1);
\echo :SQLSTATE
SELECT rsl.load_plan(:load, '[{"after": null, "until": ["1", "a"]}, {"after": ["1", "a"]}]');
SELECT part, after, until FROM rsl.load_part ORDER BY part;
SELECT rsl.load_plan(:load, '[{}]');
\echo :SQLSTATE
SELECT rsl.load_begin('erp.item') AS load \gset
SELECT rsl.load_push(:load, 0, payload('SELECT 1'));
SELECT rsl.load_plan(:load, '[{}]');
\echo :SQLSTATE
SELECT rsl.load_abort(:load);
SELECT rsl.load_plan(:load, '[{}]');
\echo :SQLSTATE
-- After a failure, too.
SELECT rsl.load_begin('erp.item') AS load \gset
SELECT exact FROM finish(:load, witness('SELECT 1 AS id'));
SELECT rsl.load_plan(:load, '[{}]');
\echo :SQLSTATE
SELECT count(*) FROM rsl.load_part;
