-- A partitioned table has one history, whatever partition a row is in and goes to.
CREATE TABLE orders (id int, state text, who text, year int, PRIMARY KEY (id, year)) PARTITION BY LIST (year);
CREATE TABLE orders_2025 (year int, dropped int, who text, state text, id int NOT NULL);
ALTER TABLE orders_2025 DROP COLUMN dropped;
ALTER TABLE orders_2025 ADD PRIMARY KEY (id, year);
ALTER TABLE orders ATTACH PARTITION orders_2025 FOR VALUES IN (2025);
SELECT rsl.phase_on('orders', 'state', '{new,paid,shipped}', '{"new": ["paid"], "paid": ["shipped"]}', changed_by => 'who');
CREATE TABLE orders_2026 PARTITION OF orders FOR VALUES IN (2026);
INSERT INTO orders VALUES (1, 'new', 'kim', 2025), (2, 'new', 'lee', 2026);
UPDATE orders SET state = 'paid', who = 'park';
UPDATE orders_2025 SET state = 'shipped', who = 'choi';
-- To another partition: without a change of phase, with one, with one that is not allowed, with another key.
UPDATE orders SET year = 2026 WHERE id = 1;
UPDATE orders SET year = 2025, state = 'shipped' WHERE id = 2;
UPDATE orders SET year = 2025, state = 'new' WHERE id = 1;
INSERT INTO orders VALUES (3, 'new', 'kim', 2025);
UPDATE orders SET year = 2026, id = 30, state = 'paid', who = 'jung' WHERE id = 3;
SELECT table_name, key, from_phase, to_phase, changed_by FROM rsl.phase_history ORDER BY phase_history_id;
-- A row that is deleted and another that is inserted are not one that moves.
DELETE FROM orders WHERE id = 30;
INSERT INTO orders VALUES (30, 'shipped', 'kim', 2026);
WITH gone AS (DELETE FROM orders WHERE id = 30 RETURNING *) INSERT INTO orders SELECT 31, 'new', who, 2025 FROM gone;
SELECT key, from_phase, to_phase FROM rsl.phase_history WHERE phase_history_id > 8 ORDER BY phase_history_id;
SELECT rsl.phase_on('orders_2026', 'state', '{new}');
SELECT phase, entries, rows_now, stays, unknown FROM rsl.phase_summary('orders');
SELECT * FROM rsl.tracked() WHERE target LIKE '%orders%';
SELECT object, status, actual, detail FROM rsl.verify('phase') WHERE object LIKE 'public.orders%';
-- Whoever owns the table may go on adding partitions.
CREATE ROLE phase_partition_owner;
GRANT CREATE ON SCHEMA public TO phase_partition_owner;
CREATE TABLE theirs (id int PRIMARY KEY, state text) PARTITION BY RANGE (id);
ALTER TABLE theirs OWNER TO phase_partition_owner;
SELECT rsl.phase_on('theirs', 'state', '{new,old}');
SET ROLE phase_partition_owner;
CREATE TABLE theirs_1 PARTITION OF theirs FOR VALUES FROM (1) TO (10);
INSERT INTO theirs VALUES (1, 'new');
RESET ROLE;
SELECT table_name, key, to_phase, acting_role FROM rsl.phase_history WHERE table_name LIKE 'theirs%';
SELECT rsl.phase_off('orders_2025');
SELECT rsl.phase_off('orders');
SELECT count(*) FROM pg_trigger WHERE tgrelid::regclass::text LIKE 'orders%' AND tgname LIKE 'rsl_%';
-- Tables that inherit are tables of their own.
CREATE TABLE parent (id int PRIMARY KEY, state text);
CREATE TABLE child () INHERITS (parent);
INSERT INTO child VALUES (1, 'anything');
SELECT rsl.phase_on('parent', 'state', '{new,old}');
INSERT INTO parent VALUES (2, 'new');
INSERT INTO child VALUES (3, 'whatever');
SELECT key FROM rsl.phase_history WHERE table_name IN ('parent', 'child');
SELECT phase, entries, rows_now FROM rsl.phase_summary('parent');
DROP TABLE theirs;
REVOKE ALL ON SCHEMA public FROM phase_partition_owner;
DROP OWNED BY phase_partition_owner;
DROP ROLE phase_partition_owner;
