\i sql/include/load.psql
-- The source's own count of each part against the rows that came.
CREATE SCHEMA erp;
CREATE TABLE erp.item (id int);
INSERT INTO erp.item VALUES (7);
SELECT payload('VALUES (1), (2)') AS chunk, witness('SELECT * FROM (VALUES (1), (2)) v(id)') AS account \gset
-- Two parts of two rows each.
CREATE FUNCTION parted(first bigint, second bigint, consistency jsonb, chunk bytea, account jsonb) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    number bigint := rsl.load_begin('erp.item', mode => 'replace');
BEGIN
    PERFORM rsl.load_plan(number, '[{}, {}]');
    FOR p IN 1..2 LOOP
        PERFORM rsl.load_push(number, 0, chunk, p, NULL, account);
        PERFORM rsl.load_part_finish(number, p, CASE p WHEN 1 THEN first ELSE second END, consistency -> p - 1);
    END LOOP;
    RETURN number;
END $$;
-- The source has one row more than was read.
SELECT parted(2, 3, '[]', :'chunk', :'account') AS load \gset
SELECT * FROM finish(:load, NULL);
SELECT status, rows, report -> 'source_rows' AS source_rows, report -> 'consistency' AS consistency,
       report -> 'reason' ->> 'detail' AS detail, report -> 'reason' ->> 'hint' AS hint FROM rsl.load;
-- A witness that agrees with what came does not help, nor does asking again.
SELECT * FROM finish(:load, witness('SELECT * FROM (VALUES (1), (2), (1), (2)) v(id)'));
SELECT * FROM erp.item;
SELECT rsl.load_abort(:load);
-- Fewer; and one part makes good what the other lacks, which is nothing good.
SELECT parted(0, 1, '[]', :'chunk', :'account') AS load \gset
SELECT reason FROM finish(:load, NULL);
SELECT parted(1, 3, '[]', :'chunk', :'account') AS load \gset
SELECT reason FROM finish(:load, NULL);
SELECT report -> 'reason' ->> 'detail' AS detail FROM rsl.load WHERE load_id = :load;
SELECT * FROM erp.item;
-- What was said of the source's state, each answer once.
SELECT parted(2, 2, '[{"isolation": "snapshot"}, {"isolation": "snapshot"}]', :'chunk', :'account') AS load \gset
SELECT exact, inserted, deleted FROM finish(:load, NULL);
SELECT report -> 'source_rows' AS source_rows, report -> 'consistency' AS consistency FROM rsl.load WHERE load_id = :load;
SELECT parted(2, 2, '[{"isolation": "snapshot"}, {"isolation": "read committed", "changed": true}]', :'chunk', :'account') AS load \gset
SELECT exact FROM finish(:load, NULL);
SELECT report -> 'consistency' AS consistency FROM rsl.load WHERE load_id = :load;
-- Open parts.
SELECT rsl.load_begin('erp.item') AS load \gset
SELECT rsl.load_plan(:load, '[{}, {}, {}]');
SELECT rsl.load_part_finish(:load, 2, 0);
SELECT rsl.load_finish(:load, :'account');
\echo :SQLSTATE
SELECT status, report FROM rsl.load WHERE load_id = :load;
