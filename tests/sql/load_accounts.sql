\i sql/include/load.psql
-- What the client says of each chunk, and the sum of it, which proves a load that has no witness.
CREATE SCHEMA erp;
CREATE TABLE erp.item (id int, price numeric, code text);
SELECT payload($$VALUES (1, 1.5, 'A'), (2, NULL, 'B')$$) AS first, witness($$SELECT * FROM (VALUES (1, 1.5, 'A'), (2, NULL, 'B')) v(id, price, code)$$) AS account \gset
SELECT rsl.load_begin('erp.item') AS load \gset
-- Of other rows, other columns, or nothing that could be understood.
SELECT rsl.load_push(:load, 0, :'first', account => jsonb_set(:'account', '{rows}', '3'));
\echo :SQLSTATE
SELECT rsl.load_push(:load, 0, :'first', account => jsonb_set(:'account', '{digest}', to_jsonb(replace(:'account'::jsonb ->> 'digest', '2:', '1:'))));
SELECT rsl.load_push(:load, 0, :'first', account => (:'account'::jsonb) #- '{columns,code}');
\echo :SQLSTATE
SELECT rsl.load_push(:load, 0, :'first', account => jsonb_set(:'account', '{columns,name}', (:'account'::jsonb) #> '{columns,code}'));
SELECT rsl.load_push(:load, 0, :'first', account => jsonb_set(:'account' #- '{columns,code}', '{columns,name}', '{}'));
SELECT rsl.load_push(:load, 0, :'first', account => jsonb_set(:'account', '{columns,code}', '1'));
SELECT rsl.load_push(:load, 0, :'first', account => '{}');
\echo :SQLSTATE
SELECT rsl.load_push(:load, 0, :'first', account => '[]');
-- Nothing of this was kept.
SELECT count(*) FROM rsl.load_chunk;
SELECT rsl.load_push(:load, 0, :'first', account => :'account');
SELECT part, chunk, rows, account = :'account' AS account FROM rsl.load_chunk;
-- All chunks of a load or none.
SELECT rsl.load_push(:load, 1, :'first');
\echo :SQLSTATE
SELECT rsl.load_push(:load, 1, :'first', account => 'null');
SELECT rsl.load_push(:load, 0, :'first');
SELECT rsl.load_push(:load, 1, :'first', account => :'account');
SELECT * FROM finish(:load, NULL);
SELECT * FROM erp.item ORDER BY id;
SELECT report -> 'stream' = witness('SELECT * FROM erp.item') AS sum, report ? 'source_rows' AS parted FROM rsl.load;
SELECT rsl.load_begin('erp.item') AS load \gset
SELECT rsl.load_push(:load, 0, :'first');
SELECT rsl.load_push(:load, 1, :'first', account => :'account');
\echo :SQLSTATE
SELECT rsl.load_finish(:load);
\echo :SQLSTATE
SELECT status FROM rsl.load WHERE load_id = :load;
-- Whoever mixed them in the books.
UPDATE rsl.load_chunk SET account = NULL;
INSERT INTO rsl.load_chunk (load_id, chunk, rows, bytes, digest, account) VALUES (:load, 1, 0, 0, '', '{"rows": 0, "digest": "0:000000000000000000000000000000000000000000000000"}');
SELECT rsl.load_finish(:load);
SELECT rsl.load_abort(:load);

-- An account that lies is found out by the target.
SELECT rsl.load_begin('erp.item', ARRAY['id', 'code'], 'replace') AS load \gset
SELECT rsl.load_push(:load, 0, payload($$VALUES (1, 'A')$$), account => witness($$SELECT 1 AS id, 'B' AS code$$));
SELECT * FROM finish(:load, NULL);
SELECT count(*) FROM erp.item;
-- Without columns it can only tell that something differs.
SELECT rsl.load_begin('erp.item', ARRAY['id', 'code'], 'replace') AS load \gset
SELECT rsl.load_push(:load, 0, payload($$VALUES (1, 'A')$$), account => witness($$SELECT 1 AS id, 'B' AS code$$) - 'columns');
SELECT rsl.load_push(:load, 1, payload($$VALUES (2, 'B')$$), account => witness($$SELECT 2 AS id, 'B' AS code$$));
SELECT * FROM finish(:load, NULL);
-- No chunk at all is a load without rows, which needs no witness.
SELECT rsl.load_begin('erp.item', mode => 'replace') AS load \gset
SELECT * FROM finish(:load, NULL);
SELECT count(*) FROM erp.item;

-- Thousands of chunks, sums beyond every integer, and what is no number.
SELECT rsl.load_begin('erp.item', ARRAY['price'], 'replace') AS load \gset
SELECT payload('SELECT 99999999999999999999999999999999999999.25') AS chunk, witness('SELECT 99999999999999999999999999999999999999.25 AS price') AS account \gset
SELECT sum(rsl.load_push(:load, n, :'chunk', account => :'account')) FROM generate_series(1, 3000) n;
SELECT * FROM finish(:load, NULL);
SELECT report #>> '{stream,columns,price,sum}' AS sum, (SELECT sum(price) FROM erp.item) = (report #>> '{stream,columns,price,sum}')::numeric AS agrees FROM rsl.load WHERE load_id = :load;
SELECT rsl.load_begin('erp.item', ARRAY['price'], 'replace') AS load \gset
SELECT rsl.load_push(:load, 0, :'chunk', account => :'account');
SELECT rsl.load_push(:load, 1, payload($$SELECT 'NaN'::numeric$$), account => witness($$SELECT 'NaN'::numeric AS price$$));
SELECT * FROM finish(:load, NULL);
SELECT report #>> '{stream,columns,price,sum}' AS sum FROM rsl.load WHERE load_id = :load;
