\i sql/include/load.psql
-- Rows that are not what the source sent are not merged, and the load says in what they differ.
CREATE SCHEMA erp;
CREATE TABLE erp.item (id int PRIMARY KEY, code text, price numeric(19,4));
INSERT INTO erp.item VALUES (1, 'old', 1), (2, 'old', 2);
SELECT rsl.table_digest('erp.item') AS before \gset
CREATE FUNCTION sent(mode text, witnessed text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    load bigint := rsl.load_begin('erp.item', mode => mode, key => ARRAY['id']);
BEGIN
    PERFORM rsl.load_push(load, 1, payload('VALUES (3, ''A'', 1.5::numeric), (4, ''B'', 2.5)'));
    RETURN (finish(load, witness('SELECT * FROM (VALUES ' || witnessed || ') v(id, code, price)'))).reason;
END $$;
-- A row less, a row more, none.
SELECT sent('append', '(3, ''A'', 1.5)');
SELECT sent('upsert', '(3, ''A'', 1.5), (4, ''B'', 2.5), (5, ''C'', 3)');
SELECT sent('replace', '(3, ''A'', 1.5), (4, ''B'', 2.5), (4, ''B'', 2.5)');
-- Another value; NULL for a value; a space more; a value in the other row.
SELECT sent('append', '(3, ''A'', 1.5), (4, ''B'', 2.4999)');
SELECT sent('upsert', '(3, ''A'', 1.5), (4, NULL, 2.5)');
SELECT sent('replace', '(3, ''A'', 1.5), (4, ''B '', 2.5)');
SELECT sent('append', '(3, ''B'', 1.5), (4, ''A'', 2.5)');
SELECT sent('upsert', '(3, ''A'', 2.5), (4, ''B'', 1.5)');
SELECT sent('replace', '(4, ''A'', 1.5), (3, ''B'', 2.5)');
-- Several columns at once.
SELECT sent('append', '(3, ''A'', 1.5), (5, NULL, 2)');
-- The target is as before, every load is failed, and keeps what it saw.
SELECT rsl.table_digest('erp.item') = :'before' AS untouched;
SELECT count(*), status, bool_and(rows = (report #>> '{stream,rows}')::bigint) AS rows_as_sent, bool_and(report ? 'reason') AS reason,
       bool_and(finished_at IS NOT NULL) AS ended, bool_and(to_regclass(staging) IS NOT NULL) AS staging FROM rsl.load GROUP BY status;
SELECT report #>> '{target,columns,price,sum}' AS sum_in_target, report #>> '{stream,columns,price,sum}' AS sum_sent FROM rsl.load WHERE load_id = 4;
SELECT jsonb_pretty(report -> 'reason') AS reason FROM rsl.load WHERE load_id = 10;

-- Of a witness without columns only the rows as a whole are compared.
SELECT rsl.load_begin('erp.item', mode => 'upsert') AS load \gset
SELECT rsl.load_push(:load, 1, payload('VALUES (3, ''A'', 1.5::numeric)'));
SELECT exact, reason FROM finish(:load, witness('SELECT 3 AS id, ''B'' AS code, 1.5 AS price') - 'columns');
SELECT exact, reason FROM finish(:load, witness('SELECT 3 AS id, ''A'' AS code, 1.5 AS price') - 'columns');
-- Columns in another order are another row.
SELECT rsl.load_begin('erp.item', mode => 'upsert') AS load \gset
SELECT rsl.load_push(:load, 1, payload('VALUES (3, ''A'', 1.5::numeric)'));
SELECT exact, reason FROM finish(:load, witness('SELECT 1.5 AS price, ''A'' AS code, 3 AS id'));

-- Rows that others write to staging do not pass.
SELECT rsl.load_begin('erp.item', mode => 'upsert') AS load \gset
SELECT rsl.load_push(:load, 1, payload('VALUES (5, ''A'', 1.5::numeric)'));
SELECT format('INSERT INTO %s VALUES (6, ''X'', 0)', staging) FROM rsl.load WHERE load_id = :load \gexec
SELECT exact, reason FROM finish(:load, witness('SELECT 5 AS id, ''A'' AS code, 1.5 AS price'));
-- Staging that is gone.
SELECT format('DROP TABLE %s', staging) FROM rsl.load WHERE load_id = :load \gexec
SELECT exact, reason FROM finish(:load, witness('SELECT 5 AS id, ''A'' AS code, 1.5 AS price'));
SELECT rsl.load_abort(:load);
