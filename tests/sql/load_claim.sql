\i sql/include/load.psql
-- A part belongs to the session that has claimed it until it is finished or the session ends.
CREATE SCHEMA erp;
CREATE TABLE erp.item (id int);
SELECT rsl.load_begin('erp.item') AS load \gset
SELECT rsl.load_plan(:load, '[{"until": ["1"]}, {"after": ["1"], "until": ["2"]}, {"after": ["2"]}]');
CREATE VIEW claimed AS
    SELECT p.part, k.mine FROM rsl.load_part p JOIN rsl.session_locks() k ON k.key = rsl.load_part_lock(p.load_id, p.part) AND NOT k.halves;
SELECT rsl.load_claim(:load);
SELECT * FROM claimed;
-- Who asks again gets it again, as far as it has come by now, and has not claimed it twice.
SELECT rsl.load_push(:load, 0, payload('SELECT 1'), 1, '["1"]');
SELECT rsl.load_claim(:load);
SELECT rsl.load_claim(:load) ->> 'part';
SELECT rsl.load_part_finish(:load, 1, 1);
SELECT * FROM claimed;
SELECT rsl.load_claim(:load);
SELECT rsl.load_push(:load, 0, payload('SELECT 2'), 2, '["2"]');
-- A claim outlasts an error and a transaction that is rolled back.
BEGIN;
SELECT rsl.load_claim(:load) ->> 'part';
SELECT 1/0;
ROLLBACK;
SELECT * FROM claimed;

-- It ends with the session. Whoever comes next goes on where that one was.
\c
SET client_min_messages = warning;
SELECT wait_to_be_alone() \g /dev/null
SELECT * FROM claimed;
SELECT rsl.load_claim(:load);
-- A session that gives its locks away has no claim either.
SELECT pg_advisory_unlock_all();
SELECT * FROM claimed;
SELECT rsl.load_claim(:load) ->> 'part';
SELECT rsl.load_part_finish(:load, 2, 1);
SELECT rsl.load_claim(:load);
SELECT rsl.load_part_finish(:load, 3, 0);
SELECT rsl.load_claim(:load);
SELECT * FROM claimed;
-- A part may be finished without a claim.
SELECT rsl.load_begin('erp.item') AS load \gset
SELECT rsl.load_plan(:load, '[{}, {}]');
SELECT rsl.load_part_finish(:load, 1, 0);
SELECT rsl.load_claim(:load) ->> 'part';
-- What is finished and rolled back is open again.
BEGIN;
SELECT rsl.load_part_finish(:load, 2, 0);
SELECT rsl.load_claim(:load);
ROLLBACK;
SELECT rsl.load_claim(:load) ->> 'part';
-- The locks of this session: that claim, and the load that it began.
SELECT halves, count(*) FROM rsl.session_locks() WHERE mine GROUP BY halves ORDER BY halves;
