\i sql/include/load.psql
-- A payload that is no chunk of these columns is refused whole, with the row and the column, and the load goes on.
CREATE SCHEMA erp;
CREATE TABLE erp.item (id int, name varchar(5), price numeric(8,2), made date);
SELECT rsl.load_begin('erp.item') AS load \gset
SELECT payload($$VALUES (1, 'bolt'::varchar, 1.5::numeric, '2020-01-01'::date), (2, 'nut', 2, NULL)$$) AS good \gset
-- Empty, garbage, a text.
SELECT rsl.load_push(:load, 1, '');
\echo :SQLSTATE
SELECT rsl.load_push(:load, 1, '\x00');
SELECT rsl.load_push(:load, 1, 'garbage that is long enough for a header');
\echo :SQLSTATE
-- The same with the last word of a chunk, so that COPY itself looks at it.
SELECT rsl.load_push(:load, 1, 'garbage that is long enough for a header'::bytea || '\xffff');
\echo :SQLSTATE
SELECT rsl.load_push(:load, 1, substr(:'good'::bytea, 1, 15) || '\xffff');
SELECT rsl.load_push(:load, 1, substr(:'good'::bytea, 1, 40) || '\xffff');
\echo :SQLSTATE
SELECT rsl.load_push(:load, 1, :'good'::bytea || '\x00ffff'::bytea);
-- Cut off in the header, in a row; with more after the end mark; with an unknown flag.
SELECT rsl.load_push(:load, 1, substr(:'good'::bytea, 1, 15));
SELECT rsl.load_push(:load, 1, substr(:'good'::bytea, 1, 40));
\echo :SQLSTATE
SELECT rsl.load_push(:load, 1, :'good'::bytea || '\x00'::bytea);
SELECT rsl.load_push(:load, 1, overlay(:'good'::bytea PLACING '\x00040000' FROM 12));
-- Fields: too few, too many, of another type or length.
SELECT rsl.load_push(:load, 1, payload($$SELECT 1, 'bolt'$$));
\echo :SQLSTATE
SELECT rsl.load_push(:load, 1, payload($$SELECT 1, 'bolt', 1.5::numeric, '2020-01-01'::date, 5$$));
SELECT rsl.load_push(:load, 1, payload($$SELECT 1::bigint, 'bolt', 1.5::numeric, '2020-01-01'::date$$));
\echo :SQLSTATE
SELECT rsl.load_push(:load, 1, payload($$SELECT 1, 'bolt', '1.5'::text, '2020-01-01'::date$$));
-- A text that is too long: which row and which column.
SELECT rsl.load_push(:load, 1, payload($$VALUES (1, 'bolt', 1.5::numeric, NULL::date), (2, 'washer', 1, NULL)$$));
\echo :SQLSTATE
-- A number that is too large.
SELECT rsl.load_push(:load, 1, payload($$VALUES (1, 'bolt', 1.5::numeric, NULL::date), (2, 'nut', 1, NULL), (3, 'pin', 1000000, NULL)$$));
\echo :SQLSTATE
-- Text that is not UTF-8, and a NUL byte.
SELECT rsl.load_push(:load, 1, payload($$SELECT 1, '\xffff'::bytea, 1.5::numeric, NULL::date$$));
\echo :SQLSTATE
SELECT rsl.load_push(:load, 1, payload($$SELECT 1, '\x610062'::bytea, 1.5::numeric, NULL::date$$));
\echo :SQLSTATE
SELECT rsl.load_push(:load, 1, payload($$SELECT 1, '\xeda080'::bytea, 1.5::numeric, NULL::date$$));
-- A date out of range.
SELECT rsl.load_push(:load, 1, payload($$SELECT 1, 'bolt', 1.5::numeric, 2147483646$$));
\echo :SQLSTATE
-- Nothing of all that was kept.
SELECT count(*) FROM rsl.load_chunk;
SELECT rsl.load_push(:load, 1, :'good');
SELECT * FROM finish(:load, witness($$SELECT * FROM (VALUES (1, 'bolt', 1.5, '2020-01-01'::date), (2, 'nut', 2, NULL)) v(id, name, price, made)$$));
SELECT * FROM erp.item ORDER BY id;

-- An empty chunk, and one with more rows than a page.
SELECT rsl.load_begin('erp.item', ARRAY['id']) AS load \gset
SELECT rsl.load_push(:load, 1, payload('SELECT 1 WHERE false'));
SELECT rsl.load_push(:load, 2, payload('SELECT generate_series(1, 5000)'));
-- Within a transaction, a refused chunk takes only its savepoint with it.
BEGIN;
SELECT rsl.load_push(:load, 3, payload('SELECT 5001'));
SAVEPOINT before;
SELECT rsl.load_push(:load, 4, 'garbage');
ROLLBACK TO before;
SELECT rsl.load_push(:load, 4, payload('SELECT 5002'));
COMMIT;
SELECT * FROM finish(:load, witness('SELECT generate_series(1, 5002) AS id'));

-- In another client encoding: what the client calls text is in its encoding.
SELECT rsl.load_begin('erp.item', ARRAY['name']) AS load \gset
SELECT payload($$SELECT 'né'$$) AS utf8 \gset
SET client_encoding = 'LATIN1';
SELECT rsl.load_push(:load, 1, :'utf8');
RESET client_encoding;
SELECT * FROM finish(:load, witness($$SELECT 'né'::varchar AS name$$));
