\i sql/include/load.psql
-- Rows that the client cannot send come with a chunk, and go into the books with its receipt.
CREATE SCHEMA erp;
CREATE TABLE erp.item (code text, lot int, qty int CHECK (qty > 0), PRIMARY KEY (code, lot));
INSERT INTO erp.item VALUES ('old', 1, 1), ('kept', 2, 2), ('kept', 3, 3);
\set one '[{"row": {"lot": 2, "qty": "99999999999", "code": "kept"}, "column_name": "qty", "sqlstate": "22003", "message": "too large", "hint": "mend it"}]'
\set two '[{"row": {"lot": "x", "qty": 1, "code": "kept"}, "column_name": "lot", "sqlstate": "22P02", "message": "no number", "hint": null}, {"row": {"lot": 4, "qty": 1, "code": {"escaped": "a\\\\u0000"}}, "column_name": null, "sqlstate": "22021", "message": "zero"}]'
-- What is no reject.
SELECT rsl.load_begin('erp.item', mode => 'replace', max_rejects => 3) AS load \gset
SELECT rsl.load_push(:load, 0, payload($$SELECT 'A', 1, 1$$), rejects => '{}');
\echo :SQLSTATE
SELECT rsl.load_push(:load, 0, payload($$SELECT 'A', 1, 1$$), rejects => '[1]');
SELECT rsl.load_push(:load, 0, payload($$SELECT 'A', 1, 1$$), rejects => jsonb_set(:'one', '{0,sqlstate}', '"22-03"'));
SELECT rsl.load_push(:load, 0, payload($$SELECT 'A', 1, 1$$), rejects => (:'one'::jsonb) #- '{0,row}');
SELECT rsl.load_push(:load, 0, payload($$SELECT 'A', 1, 1$$), rejects => jsonb_set(:'one', '{0,message}', 'null'));
SELECT rsl.load_push(:load, 0, payload($$SELECT 'A', 1, 1$$), rejects => jsonb_set(:'one', '{0,key}', '"A"'));
SELECT (SELECT count(*) FROM rsl.load_chunk) AS chunks, (SELECT count(*) FROM rsl.reject) AS rejects;
-- Once, however often it is pushed; and a chunk that has nothing else.
SELECT rsl.load_push(:load, 0, payload($$SELECT 'A', 1, 1$$), rejects => :'one');
SELECT rsl.load_push(:load, 0, payload($$SELECT 'A', 1, 1$$), rejects => :'one');
SELECT rsl.load_push(:load, 0, payload($$SELECT 'A', 1, 1$$), rejects => :'two');
\echo :SQLSTATE
SELECT rsl.load_push(:load, 0, payload($$SELECT 'A', 1, 1$$));
\echo :SQLSTATE
SELECT rsl.load_push(:load, 1, payload($$SELECT 'A', 1, 1 WHERE false$$), rejects => :'two');
SELECT chunk, rows, rejected FROM rsl.load_chunk ORDER BY 1;
SELECT origin, chunk, key, "row", column_name, sqlstate, message, hint FROM rsl.reject ORDER BY reject_id;
-- A chunk whose rows are refused takes its rejects with it.
SELECT rsl.load_push(:load, 2, 'nonsense', rejects => :'one');
BEGIN;
SELECT rsl.load_push(:load, 2, payload($$SELECT 'B', 1, 1$$), rejects => :'one');
ROLLBACK;
SELECT count(*) FROM rsl.reject;
-- The rows of which the source sent values that do not fit stay as they are; others that it did not send are gone.
SELECT exact, inserted, updated, deleted, unchanged, reason FROM finish(:load, witness($$SELECT 'A' AS code, 1 AS lot, 1 AS qty$$));
SELECT status, rows, rejected, report #>> '{reason,detail}' AS first FROM rsl.load WHERE load_id = :load;
SELECT * FROM erp.item ORDER BY 1, 2;
SELECT count(*) FROM pg_class WHERE relnamespace = 'rsl_stage'::regnamespace;
-- Too many: nothing is merged, and they are all there.
SELECT rsl.load_begin('erp.item', max_rejects => 2) AS load \gset
SELECT rsl.load_push(:load, 0, payload($$SELECT 'C', 1, 1$$), rejects => :'one');
SELECT rsl.load_push(:load, 1, payload($$SELECT 'D', 1, 1$$), rejects => :'two');
SELECT exact, reason FROM finish(:load, witness($$SELECT * FROM (VALUES ('C', 1, 1), ('D', 1, 1)) v(code, lot, qty)$$));
SELECT status, rows, rejected FROM rsl.load WHERE load_id = :load;
SELECT count(*) FROM erp.item;
SELECT rsl.load_abort(:load);
SELECT status, rejected FROM rsl.load WHERE load_id = :load;
SELECT count(*) FROM rsl.reject WHERE load_id = :load;
-- Both kinds together.
SELECT rsl.load_begin('erp.item', max_rejects => 2) AS load \gset
SELECT rsl.load_push(:load, 0, payload($$SELECT * FROM (VALUES ('C', 1, 1), ('C', 2, 0)) v$$), rejects => :'one');
SELECT exact, inserted, reason FROM finish(:load, witness($$SELECT * FROM (VALUES ('C', 1, 1), ('C', 2, 0)) v(code, lot, qty)$$));
SELECT status, rows, rejected FROM rsl.load WHERE load_id = :load;
SELECT origin, key, constraint_name FROM rsl.reject WHERE load_id = :load ORDER BY reject_id;
-- In parts the source counts them, too.
SELECT rsl.load_begin('erp.item', mode => 'upsert', max_rejects => 1) AS load \gset
SELECT rsl.load_plan(:load, '[{}]');
SELECT rsl.load_claim(:load) ->> 'rejected';
SELECT rsl.load_push(:load, 0, payload($$SELECT 'E', 1, 1$$), 1, NULL, witness($$SELECT 'E' AS code, 1 AS lot, 1 AS qty$$), :'one');
SELECT rsl.load_part_finish(:load, 1, 2);
SELECT exact, inserted FROM finish(:load, NULL);
SELECT l.status, l.rows, l.rejected, l.report -> 'source_rows' AS source_rows, p.rows, p.rejected FROM rsl.load l JOIN rsl.load_part p USING (load_id) WHERE load_id = :load;
SELECT rsl.load_begin('erp.item', mode => 'upsert', max_rejects => 1) AS load \gset
SELECT rsl.load_plan(:load, '[{}]');
SELECT rsl.load_push(:load, 0, payload($$SELECT 'E', 1, 1$$), 1, NULL, witness($$SELECT 'E' AS code, 1 AS lot, 1 AS qty$$), :'one');
SELECT rsl.load_part_finish(:load, 1, 3);
SELECT exact, reason FROM finish(:load, NULL);
SELECT rsl.load_abort(:load);

-- Retried: a later load into the same target says which went in.
SELECT load_id AS first FROM rsl.load WHERE status = 'partial' ORDER BY load_id LIMIT 1 \gset
SELECT load_id AS later FROM rsl.load WHERE status = 'partial' ORDER BY load_id DESC LIMIT 1 \gset
SELECT rsl.load_retried(:first, :later, (SELECT array_agg(reject_id) FROM rsl.reject WHERE load_id = :first AND "row" ->> 'lot' <> 'x'));
SELECT rsl.load_retried(:first, :later, (SELECT array_agg(reject_id) FROM rsl.reject));
SELECT load_id = :first AS first, count(*), count(retried_by) FROM rsl.reject GROUP BY 1 ORDER BY 1;
SELECT rsl.load_retried(:later, :first, '{1}');
\echo :SQLSTATE
SELECT rsl.load_retried(:first, :load, '{1}');
\echo :SQLSTATE
SELECT rsl.load_begin('erp.item', max_rejects => -1);
\echo :SQLSTATE

-- Accepted: by number, or all that are open; never twice, and not without a reason.
SELECT rsl.load_rejects_accept(:first, 'test data', (SELECT array_agg(reject_id) FROM rsl.reject WHERE load_id = :first));
SELECT count(*) AS open FROM rsl.reject WHERE load_id = :later AND retried_by IS NULL AND accepted_at IS NULL \gset
SELECT rsl.load_rejects_accept(:later, E' not ours\t') = :open AS all;
SELECT rsl.load_rejects_accept(:later, 'again');
SELECT accepted_by, accepted_because, accepted_at IS NOT NULL AS at FROM rsl.reject WHERE load_id = :later AND retried_by IS NULL;
SELECT rsl.load_rejects_accept(:later, ' ');
\echo :SQLSTATE
SELECT rsl.load_rejects_accept(NULL, 'why');
SELECT rsl.load_rejects_accept(:later, NULL);
SELECT rsl.load_rejects_accept(0, 'why');

-- Who sees the rows: whoever began the load, whoever may see the audit log; not whoever may only look at the books.
CREATE ROLE sent_reader LOGIN; CREATE ROLE sent_loader LOGIN; CREATE ROLE sent_other LOGIN; CREATE ROLE sent_auditor LOGIN;
SELECT rsl.grant_access('sent_reader', 'read'), rsl.grant_access('sent_loader', 'load'), rsl.grant_access('sent_other', 'load'), rsl.grant_access('sent_auditor', 'audit');
GRANT USAGE ON SCHEMA erp TO sent_loader;
GRANT SELECT, INSERT, UPDATE, DELETE ON erp.item TO sent_loader;
SET SESSION AUTHORIZATION sent_loader;
SELECT rsl.load_begin('erp.item', max_rejects => 9) AS load \gset
SELECT rsl.load_push(:load, 0, '\x5047434f50590aff0d0a00000000000000000000030000000158000000040000000100000004ffffffffffff'::bytea, rejects => :'one');
SELECT rsl.load_finish(:load, '{"rows": 1, "digest": "1:000000000000000000000000000000000000000000000000"}') ->> 'exact' AS exact;
SELECT count(*), count(DISTINCT load_id) FROM rsl.rejects;
SELECT count(*) FROM rsl.reject;
\echo :SQLSTATE
INSERT INTO rsl.rejects (load_id) VALUES (1);
\echo :SQLSTATE
UPDATE rsl.rejects SET message = '';
\echo :SQLSTATE
SET SESSION AUTHORIZATION sent_other;
SELECT count(*) FROM rsl.rejects;
SELECT rsl.load_retried(:first, :later, '{1}');
\echo :SQLSTATE
SELECT rsl.load_rejects_accept(:first, 'not mine');
\echo :SQLSTATE
SET SESSION AUTHORIZATION sent_auditor;
SELECT count(DISTINCT load_id) > 1 AS all FROM rsl.rejects;
SET SESSION AUTHORIZATION sent_reader;
SELECT count(*) FROM rsl.rejects;
\echo :SQLSTATE
SELECT load_id = :load AS own, rejected FROM rsl.load ORDER BY load_id DESC LIMIT 1;
SELECT report::text ~ '99999999999' AS shows_a_value FROM rsl.load ORDER BY load_id DESC LIMIT 1;
RESET SESSION AUTHORIZATION;
DELETE FROM rsl.load;
SELECT count(*) FROM rsl.reject;
DROP OWNED BY sent_reader, sent_loader, sent_other, sent_auditor;
DROP ROLE sent_reader, sent_loader, sent_other, sent_auditor;
