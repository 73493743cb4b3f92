\i sql/include/load.psql
-- Rows are added to those that are there; columns that the load leaves out take their defaults.
CREATE SCHEMA erp;
CREATE TABLE erp.item (code text, price numeric(19,4), unit text DEFAULT 'EA');
INSERT INTO erp.item VALUES ('A', 1, 'KG');

SELECT rsl.load_begin('erp.item', ARRAY['price', 'code'], source => 'sqlite:///erp.db', object => 'ITEM') AS load \gset
SELECT rsl.load_push(:load, 1, payload($$VALUES (1.5::numeric, 'B'), (2.25, 'C')$$));
SELECT rsl.load_push(:load, 2, payload($$VALUES (NULL::numeric, 'D')$$));
-- Nobody sees the rows before the verdict.
SELECT * FROM erp.item ORDER BY code;
SELECT source, object, target, mode, status, columns, key_columns, rows, finished_at, started_by, staging, definition, report FROM rsl.load;
SELECT chunk, rows, bytes FROM rsl.load_chunk ORDER BY chunk;
SELECT * FROM finish(:load, witness($$SELECT * FROM (VALUES (1.5, 'B'), (2.25, 'C'), (NULL, 'D')) v(price, code)$$));
SELECT * FROM erp.item ORDER BY code;
SELECT status, rows, finished_at >= started_at AS ended, staging FROM rsl.load;
-- The report has what the source sent, what the target got of it, and the target as a whole.
SELECT jsonb_object_keys(report) AS key FROM rsl.load ORDER BY key;
SELECT rsl.witness_differences(report -> 'stream', report -> 'target') = '{}' AS agree, report -> 'target' -> 'rows' AS came,
       report #>> '{after,rows}' AS rows, report #>> '{after,digest}' = rsl.table_digest('erp.item', columns) AS digest FROM rsl.load;
SELECT count(*) FROM pg_class WHERE relnamespace = 'rsl_stage'::regnamespace AND relkind = 'r';

-- No rows at all is a load, too.
SELECT * FROM load('SELECT NULL::text AS code WHERE false', 'erp.item', columns => ARRAY['code']);
SELECT rsl.load_begin('erp.item', ARRAY['code']) AS load \gset
SELECT * FROM finish(:load, witness('SELECT NULL::text AS code WHERE false'));
SELECT count(*) FROM erp.item;
