\i sql/include/load.psql
-- A load in parts: planned, claimed, pushed, finished, and proven without a witness of its own.
CREATE SCHEMA erp;
CREATE TABLE erp.item (id int PRIMARY KEY, code text);
SELECT rsl.load_begin('erp.item', object => 'ITEM') AS load \gset
SELECT rsl.load_plan(:load, '[{"after": null, "until": ["3"]}, {"after": ["3"], "until": null}]');
SELECT parts FROM rsl.load;
SELECT payload($$VALUES (1, 'A'), (2, 'B')$$) AS first, witness($$SELECT * FROM (VALUES (1, 'A'), (2, 'B')) v(id, code)$$) AS first_account,
       payload($$VALUES (3, 'C')$$) AS second, witness($$SELECT 3 AS id, 'C' AS code$$) AS second_account,
       payload($$VALUES (4, 'D')$$) AS third, witness($$SELECT 4 AS id, 'D' AS code$$) AS third_account \gset
SELECT rsl.load_claim(:load);
-- Every chunk of a part once and in its order.
SELECT rsl.load_push(:load, 1, :'first', 1, '["2"]', :'first_account');
\echo :SQLSTATE
SELECT rsl.load_push(:load, 0, :'first', 1, '["2"]', :'first_account');
SELECT rsl.load_push(:load, 0, :'first', 1, '["2"]', :'first_account');
SELECT rsl.load_push(:load, 0, :'second', 1, '["3"]', :'second_account');
\echo :SQLSTATE
SELECT part, after, until, position, chunks, rows, source_rows, consistency, finished_at FROM rsl.load_part ORDER BY part;
-- A chunk that is rolled back takes the part no further, nor does one that is refused.
BEGIN;
SELECT rsl.load_push(:load, 1, :'second', 1, '["3"]', :'second_account');
ROLLBACK;
SELECT rsl.load_push(:load, 1, substr(:'second'::bytea, 1, 25) || '\xffff', 1, '["3"]', :'second_account');
\echo :SQLSTATE
SELECT position, chunks, rows FROM rsl.load_part WHERE part = 1;
SELECT rsl.load_push(:load, 1, :'second', 1, NULL, :'second_account');
SELECT position, chunks, rows FROM rsl.load_part WHERE part = 1;

-- Which part it is has to be said, and there must be one.
SELECT rsl.load_push(:load, 0, :'third', NULL, NULL, :'third_account');
\echo :SQLSTATE
SELECT rsl.load_push(:load, 0, :'third', 3, NULL, :'third_account');
\echo :SQLSTATE
SELECT rsl.load_push(:load, 0, :'third', 0, NULL, :'third_account');
SELECT rsl.load_push(:load, 0, :'third', NULL, '["4"]', :'third_account');
\echo :SQLSTATE
SELECT rsl.load_part_finish(:load, 3, 1);
\echo :SQLSTATE
SELECT rsl.load_part_finish(:load, 1, -1);
\echo :SQLSTATE
SELECT rsl.load_part_finish(:load, 1, NULL);
\echo :SQLSTATE

-- Nothing is merged while a part is open.
SELECT rsl.load_part_finish(:load, 1, 3, '{"isolation": "snapshot"}');
SELECT rsl.load_finish(:load);
\echo :SQLSTATE
SELECT status FROM rsl.load;
-- A part that is finished takes no more; what it has taken is still known. To finish it again changes nothing.
SELECT rsl.load_push(:load, 2, :'third', 1, '["4"]', :'third_account');
\echo :SQLSTATE
SELECT rsl.load_push(:load, 0, :'first', 1, '["2"]', :'first_account');
SELECT rsl.load_part_finish(:load, 1, 3);
SELECT rsl.load_part_finish(:load, 1, 4);
\echo :SQLSTATE
-- The other part, by whoever wants to.
SELECT rsl.load_push(:load, 0, :'third', 2, '["4"]', :'third_account');
SELECT rsl.load_part_finish(:load, 2, 1, 'null');
SELECT part, position, chunks, rows, source_rows, consistency, finished_at IS NOT NULL AS finished FROM rsl.load_part ORDER BY part;
SELECT part, chunk, rows, account -> 'rows' AS accounted FROM rsl.load_chunk ORDER BY part, chunk;
SELECT * FROM finish(:load, NULL);
SELECT * FROM erp.item ORDER BY id;
SELECT status, rows, report -> 'source_rows' AS source_rows, report -> 'consistency' AS consistency, report -> 'stream' = report -> 'target' AS agree FROM rsl.load;
-- The parts stay as history.
SELECT count(*) FROM rsl.load_part;
SELECT rsl.load_claim(:load);
\echo :SQLSTATE

-- A load without rows.
SELECT rsl.load_begin('erp.item', mode => 'replace') AS load \gset
SELECT rsl.load_plan(:load, '[{}]');
SELECT rsl.load_claim(:load);
SELECT rsl.load_part_finish(:load, 1, 0);
SELECT * FROM finish(:load, NULL);
SELECT count(*) FROM erp.item;

-- Parts without accounts: a witness proves them as it always did.
SELECT rsl.load_begin('erp.item') AS load \gset
SELECT rsl.load_plan(:load, '[{}]');
SELECT rsl.load_push(:load, 0, :'first', 1);
SELECT chunks, rows FROM rsl.load_part WHERE load_id = :load;
SELECT rsl.load_part_finish(:load, 1, 2);
SELECT rsl.load_finish(:load);
\echo :SQLSTATE
SELECT * FROM finish(:load, :'first_account');
-- A load that is given up keeps its parts, too.
SELECT rsl.load_begin('erp.item') AS load \gset
SELECT rsl.load_plan(:load, '[{}]');
SELECT rsl.load_push(:load, 0, :'third', 1, '["4"]');
SELECT rsl.load_abort(:load);
SELECT position, chunks, rows, finished_at FROM rsl.load_part WHERE load_id = :load;
SELECT rsl.load_push(:load, 1, :'third', 1);
SELECT rsl.load_part_finish(:load, 1, 1);
\echo :SQLSTATE
SELECT count(*) FROM pg_class WHERE relnamespace = 'rsl_stage'::regnamespace AND relkind = 'r';
