\i sql/include/load.psql
-- The books of loads are written by the functions only, and refuse what makes no sense.
-- (The details hold the time.)
\set VERBOSITY terse
INSERT INTO rsl.load (target, mode, columns, started_by) VALUES ('erp.item', 'merge', '{a}', 'postgres');
INSERT INTO rsl.load (target, mode, columns, started_by, status, finished_at) VALUES ('erp.item', 'append', '{a}', 'postgres', 'done', now());
INSERT INTO rsl.load (target, mode, columns, started_by) VALUES ('erp.item', 'append', '{}', 'postgres');
INSERT INTO rsl.load (target, mode, columns, started_by, rows) VALUES ('erp.item', 'append', '{a}', 'postgres', -1);
INSERT INTO rsl.load (target, mode, columns, started_by, status) VALUES ('erp.item', 'append', '{a}', 'postgres', 'failed');
INSERT INTO rsl.load (target, mode, columns, started_by, finished_at) VALUES ('erp.item', 'append', '{a}', 'postgres', now());
INSERT INTO rsl.load (target, mode, columns, started_by, status, finished_at) VALUES ('erp.item', 'append', '{a}', 'postgres', 'exact', now());
INSERT INTO rsl.load (load_id, target, mode, columns, started_by) VALUES (5, 'erp.item', 'append', '{a}', 'postgres');
INSERT INTO rsl.load_chunk (load_id, chunk, rows, bytes, digest) VALUES (4711, 1, 1, 1, '');
CREATE SCHEMA erp;
CREATE TABLE erp.item (id int PRIMARY KEY);
SELECT rsl.load_begin('erp.item', source => 'sqlite:///erp.db', object => 'ITEM') AS load \gset
INSERT INTO rsl.load_chunk (load_id, chunk, rows, bytes, digest) VALUES (:load, -1, 1, 1, '');
INSERT INTO rsl.load_chunk (load_id, chunk, rows, bytes, digest) VALUES (:load, 1, -1, 1, '');
INSERT INTO rsl.load_chunk (load_id, chunk, rows, bytes, digest) VALUES (:load, 1, 1, -1, '');
-- What people read.
SELECT load_id = :load AS load_id, action, actor, target, source, object, mode, status, rows, started_at <= timezone('utc', clock_timestamp()) AS started, finished_at IS NULL AS running FROM rsl.audit_logs;
-- Receipts go with their load.
SELECT rsl.load_push(:load, 1, payload('SELECT 1'));
DELETE FROM rsl.load WHERE load_id = :load;
SELECT count(*) FROM rsl.load_chunk;
