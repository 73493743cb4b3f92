\i sql/include/load.psql
-- A chunk is taken exactly once, however often it is pushed.
CREATE SCHEMA erp;
CREATE TABLE erp.item (id int, code text);
SELECT rsl.load_begin('erp.item') AS load \gset
SELECT payload($$VALUES (1, 'A'), (2, 'B')$$) AS first, payload($$VALUES (1, 'A'), (2, 'C')$$) AS other, payload($$VALUES (3, 'C')$$) AS second \gset
SELECT rsl.load_push(:load, 1, :'first');
SELECT rsl.load_push(:load, 1, :'first');
-- Its number with other contents.
SELECT rsl.load_push(:load, 1, :'other');
\echo :SQLSTATE
-- In any order, with holes, and the same rows as another chunk.
SELECT rsl.load_push(:load, 9223372036854775807, :'second');
SELECT rsl.load_push(:load, 0, :'second');
SELECT rsl.load_push(:load, -1, :'second');
\echo :SQLSTATE
-- A push that is rolled back was none.
BEGIN;
SELECT rsl.load_push(:load, 5, :'first');
ROLLBACK;
SELECT rsl.load_push(:load, 5, :'other');
SELECT chunk, rows, bytes FROM rsl.load_chunk ORDER BY chunk;

-- What is missing.
SELECT rsl.load_push(NULL, 6, :'first'), rsl.load_push(:load, NULL, :'first'), rsl.load_push(:load, 6, NULL), rsl.load_finish(NULL, '{}');
-- Nobody said what the chunks hold.
SELECT rsl.load_finish(:load, NULL);
\echo :SQLSTATE
SELECT rsl.load_push(4711, 1, :'first');
\echo :SQLSTATE
SELECT rsl.load_finish(4711, witness('SELECT 1'));
SELECT rsl.load_abort(4711);
\echo :SQLSTATE
SELECT rsl.load_finish(:load, '{}');
\echo :SQLSTATE
SELECT rsl.load_finish(:load, '[]');
SELECT rsl.load_finish(:load, '{"rows": -1, "digest": "1:00"}');
SELECT rsl.load_finish(:load, '{"rows": 1, "digest": "x"}');
SELECT status FROM rsl.load;

-- After the end.
SELECT * FROM finish(:load, witness($$SELECT * FROM (VALUES (1, 'A'), (2, 'B'), (3, 'C'), (3, 'C'), (1, 'A'), (2, 'C')) v(id, code)$$));
SELECT * FROM erp.item ORDER BY id, code;
SELECT rsl.load_push(:load, 6, :'first');
\echo :SQLSTATE
SELECT rsl.load_push(:load, 1, :'first');
SELECT rsl.load_finish(:load, witness('SELECT 1'));
\echo :SQLSTATE
-- After a failure it takes no chunks, and may be finished again.
SELECT rsl.load_begin('erp.item') AS load \gset
SELECT rsl.load_push(:load, 1, :'first');
SELECT * FROM finish(:load, witness('SELECT 1 AS id, ''A'' AS code'));
SELECT rsl.load_push(:load, 2, :'second');
\echo :SQLSTATE
SELECT * FROM finish(:load, witness($$SELECT * FROM (VALUES (1, 'A'), (2, 'B')) v(id, code)$$));
