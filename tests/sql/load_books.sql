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
INSERT INTO rsl.load_chunk (load_id, part, chunk, rows, bytes, digest) VALUES (:load, -1, 1, 1, 1, '');
INSERT INTO rsl.load_part (load_id, part) VALUES (4711, 1);
INSERT INTO rsl.load_part (load_id, part) VALUES (:load, 0);
INSERT INTO rsl.load_part (load_id, part, chunks) VALUES (:load, 1, -1);
INSERT INTO rsl.load_part (load_id, part, rows) VALUES (:load, 1, -1);
INSERT INTO rsl.load_part (load_id, part, source_rows, finished_at) VALUES (:load, 1, -1, now());
INSERT INTO rsl.load_part (load_id, part, source_rows) VALUES (:load, 1, 1);
INSERT INTO rsl.load_part (load_id, part, finished_at) VALUES (:load, 1, now());
UPDATE rsl.load SET parts = 0;
UPDATE rsl.load SET run_id = 4711;
INSERT INTO rsl.run (run_id, source, options, started_by) VALUES (5, 'x', '{}', 'postgres');
-- What people read.
SELECT load_id = :load AS load_id, action, actor, target, source, object, mode, status, rows, started_at <= timezone('utc', clock_timestamp()) AS started, finished_at IS NULL AS running FROM rsl.audit_logs;
-- Receipts and parts go with their load.
SELECT rsl.load_plan(:load, '[{}]');
SELECT rsl.load_push(:load, 0, payload('SELECT 1'), 1);
DELETE FROM rsl.load WHERE load_id = :load;
SELECT count(*) FROM rsl.load_chunk;
SELECT count(*) FROM rsl.load_part;
