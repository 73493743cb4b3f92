\i sql/include/load.psql
-- What the source itself computes of each part against the stream.
CREATE SCHEMA erp;
CREATE TABLE erp.item (id int, price numeric(10,2), name text, at timestamp);
SELECT $$SELECT * FROM (VALUES (1, 1.50, '가나', timestamp '2024-01-01 00:00'), (2, NULL, '🔧', '2024-06-30 12:00:00.5')) v(id, price, name, at)$$ AS rows \gset
SELECT payload(:'rows') AS chunk, witness(:'rows') AS account \gset
-- Two parts of the same two rows; accounts is what the source says of each.
CREATE FUNCTION told(accounts jsonb, chunk bytea, account jsonb, consistency jsonb DEFAULT NULL) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    number bigint := rsl.load_begin('erp.item', mode => 'replace');
BEGIN
    PERFORM rsl.load_plan(number, '[{}, {}]');
    FOR p IN 1..2 LOOP
        PERFORM rsl.load_push(number, 0, chunk, p, NULL, account);
        PERFORM rsl.load_part_finish(number, p, 2, consistency, accounts -> p - 1);
    END LOOP;
    RETURN number;
END $$;
CREATE FUNCTION own(VARIADIC changes jsonb[] DEFAULT '{}') RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    account jsonb := '{"rows": 2, "columns": {"id": {"nulls": 0, "sum": "3", "min": "1", "max": "2"}, "price": {"nulls": 1, "sum": "1.5", "min": "1.5", "max": "1.5"},
        "name": {"nulls": 0, "utf16": 4}, "at": {"nulls": 0, "min": "2024-01-01 00:00:00", "max": "2024-06-30 12:00:00.5"}}}';
    change jsonb;
BEGIN
    FOREACH change IN ARRAY changes LOOP
        account := jsonb_set(account, ARRAY(SELECT jsonb_array_elements_text(change -> 0)), change -> 1);
    END LOOP;
    RETURN account;
END $$;
-- Agrees in all that both tell of, and the report says in how much.
SELECT told(jsonb_build_array(own(), own()), :'chunk', :'account') AS load \gset
SELECT exact, reason FROM finish(:load, NULL);
SELECT jsonb_pretty(report -> 'source') FROM rsl.load WHERE load_id = :load;
SELECT part, source_account = own() AS kept FROM rsl.load_part WHERE load_id = :load ORDER BY part;
-- Differs in each respect, in one part of two; the target is as before.
TRUNCATE erp.item;
SELECT what, reason
FROM (VALUES
    ('nulls', '[["columns", "price", "nulls"], 0]'::jsonb),
    ('sum', '[["columns", "price", "sum"], "1.51"]'),
    ('min', '[["columns", "id", "min"], "0"]'),
    ('max', '[["columns", "at", "max"], "2024-06-30 12:00:00.6"]'),
    ('utf16', '[["columns", "name", "utf16"], 5]')) c (what, change),
LATERAL (SELECT told(jsonb_build_array(own(), own(c.change)), :'chunk', :'account') AS load) t,
LATERAL finish(t.load, NULL);
SELECT count(*) FROM erp.item;
SELECT report -> 'reason' ->> 'hint' AS hint, report #> '{source,compared}' AS compared FROM rsl.load WHERE report -> 'reason' IS NOT NULL LIMIT 1;
-- Both parts tell of the length.
SELECT reason FROM finish(told(jsonb_build_array(own('[["columns", "name", "length"], 3]'), own('[["columns", "name", "length"], 3]')), :'chunk', :'account'), NULL);
SELECT reason FROM finish(told(jsonb_build_array(own('[["columns", "name", "length"], 3]'), own('[["columns", "name", "length"], 4]')), :'chunk', :'account'), NULL);
-- What one part does not tell, the whole does not; a part without an account leaves the source without one.
SELECT told(jsonb_build_array(own(), own() #- '{columns,price}' #- '{columns,id,sum}'), :'chunk', :'account') AS load \gset
SELECT exact FROM finish(:load, NULL);
SELECT report #> '{source,compared}' AS compared, report #> '{source,columns,id}' AS id FROM rsl.load WHERE load_id = :load;
SELECT told(jsonb_build_array(own(), NULL), :'chunk', :'account') AS load \gset
SELECT exact FROM finish(:load, NULL);
SELECT report ? 'source' AS told FROM rsl.load WHERE load_id = :load;
SELECT told(jsonb_build_array('{"rows": 2}'::jsonb, own()), :'chunk', :'account') AS load \gset
SELECT exact FROM finish(:load, NULL);
SELECT report -> 'source' AS source FROM rsl.load WHERE load_id = :load;
-- The source has changed meanwhile: it proves nothing, neither that the rows are right nor that they are wrong.
SELECT told(jsonb_build_array(own(), own('[["columns", "id", "sum"], "99"]')), :'chunk', :'account', '{"isolation": "read committed", "changed": true}') AS load \gset
SELECT exact FROM finish(:load, NULL);
SELECT report -> 'source' -> 'changed' AS changed, report -> 'source' ? 'compared' AS compared FROM rsl.load WHERE load_id = :load;
-- Parts without rows or without values have no ends, which takes nothing from the others.
SELECT rsl.load_begin('erp.item', mode => 'replace') AS load \gset
SELECT rsl.load_plan(:load, '[{}, {}, {}]');
SELECT rsl.load_part_finish(:load, 1, 0, NULL, '{"rows": 0, "columns": {"id": {"nulls": 0, "sum": "0"}}}');
SELECT rsl.load_push(:load, 0, payload('SELECT NULL::int, NULL::numeric(10,2), NULL::text, NULL::timestamp'), 2, NULL,
    witness('SELECT NULL::int AS id, NULL::numeric(10,2) AS price, NULL::text AS name, NULL::timestamp AS at'));
SELECT rsl.load_part_finish(:load, 2, 1, NULL, '{"rows": 1, "columns": {"id": {"nulls": 1, "sum": "0"}}}');
SELECT rsl.load_push(:load, 0, :'chunk', 3, NULL, :'account');
SELECT rsl.load_part_finish(:load, 3, 2, NULL, own());
SELECT exact, reason FROM finish(:load, NULL);
SELECT report #> '{source,columns}' AS columns FROM rsl.load WHERE load_id = :load;
-- What is no account.
SELECT rsl.load_begin('erp.item') AS load \gset
SELECT rsl.load_plan(:load, '[{}]');
CREATE FUNCTION refused(load bigint, account jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    said text;
BEGIN
    PERFORM rsl.load_part_finish(load, 1, 2, NULL, account);
    RETURN 'taken';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS said = PG_EXCEPTION_DETAIL;
    RETURN concat_ws(' ', SQLSTATE, SQLERRM, said);
END $$;
SELECT refused(:load, garbage) FROM (VALUES ('[]'::jsonb), ('{}'), ('"x"'), ('{"rows": -2}'), ('{"rows": 3}'), ('{"rows": 2, "columns": []}'),
    ('{"rows": 2, "columns": {"id": {"sums": "1"}}}'), ('{"rows": 2, "columns": {"colour": {}}}'), ('{"rows": 2, "columns": {"id": {"nulls": 3}}}'),
    ('{"rows": 2, "columns": {"id": {"nulls": -1}}}'), ('{"rows": 2, "columns": {"id": {"sum": "1e5"}}}'), ('{"rows": 2, "columns": {"id": {"sum": 1}}}'),
    ('{"rows": 2, "columns": {"id": {"min": "1"}}}'), ('{"rows": 2, "columns": {"id": {"min": "x", "max": "y"}}}'),
    ('{"rows": 2, "columns": {"id": {"min": "1.50", "max": "2"}}}'), ('{"rows": 2, "columns": {"at": {"min": "2024-01-01T00:00:00", "max": "2024-01-01T00:00:00"}}}')) g (garbage);
SELECT rsl.load_part_finish(:load, 1, 2, NULL, '{}');
\echo :SQLSTATE
SELECT finished_at IS NULL AS open FROM rsl.load_part WHERE load_id = :load;
-- null is none; once more is no error.
SELECT rsl.load_part_finish(:load, 1, 2, NULL, 'null');
SELECT rsl.load_part_finish(:load, 1, 2, NULL, own());
SELECT source_account FROM rsl.load_part WHERE load_id = :load;
-- Rows that the client could not send are in the source's account only: what was read must lie within it.
CREATE FUNCTION left_out(account jsonb) RETURNS TABLE (partial text, reason text, source jsonb) LANGUAGE plpgsql AS $$
DECLARE
    load bigint := rsl.load_begin('erp.item', columns => '{id,price}', mode => 'upsert', key => '{id}', max_rejects => 1);
BEGIN
    PERFORM rsl.load_plan(load, '[{}]');
    PERFORM rsl.load_push(load, 0, payload('SELECT * FROM (VALUES (5, 5.5), (7, 7.5)) v(id, price)'), 1, NULL,
        witness('SELECT * FROM (VALUES (5, 5.5), (7, 7.5)) v(id, price)'),
        '[{"key": {"id": "9"}, "row": {"id": "9", "price": "x"}, "column_name": "price", "sqlstate": "22P02", "message": "no number"}]');
    PERFORM rsl.load_part_finish(load, 1, 3, NULL, account);
    RETURN QUERY SELECT f.verdict ->> 'partial', f.verdict #>> '{reason,message}', (f.verdict -> 'source') - 'columns'
    FROM (SELECT rsl.load_finish(load) AS verdict) f;
    PERFORM rsl.load_abort(load);
END $$;
CREATE UNIQUE INDEX item_id ON erp.item (id);
SELECT l.* FROM (VALUES ('{"id": {"nulls": 0, "sum": "21", "min": "5", "max": "9"}}'::jsonb), ('{"id": {"nulls": 1, "sum": "0", "min": "5", "max": "7"}}'),
    ('{"id": {"nulls": 0, "min": "6", "max": "9"}}'), ('{"id": {"nulls": 0, "min": "5", "max": "6"}}'), ('{"id": {"nulls": 2}}')) v (columns),
    LATERAL left_out(jsonb_build_object('rows', 3, 'columns', v.columns)) l;
