\i sql/include/audit.psql
-- A partitioned table has one log, whatever partition a row is in, comes by or goes to.
CREATE TABLE p (id int, part text, v text, PRIMARY KEY (id, part)) PARTITION BY LIST (part);
CREATE TABLE p_a (v text, dropped int, part text NOT NULL, id int NOT NULL);
ALTER TABLE p_a DROP COLUMN dropped;
ALTER TABLE p ATTACH PARTITION p_a FOR VALUES IN ('a');
CREATE TABLE p_b PARTITION OF p FOR VALUES IN ('b', 'bb') PARTITION BY RANGE (id);
CREATE TABLE p_b_1 PARTITION OF p_b FOR VALUES FROM (0) TO (100);
SELECT rsl.audit_on('p'), rsl.audit_on('p');
SELECT rsl.audit_on('p_a');
SELECT rsl.audit_on('p_b');
CALL remember('p');
INSERT INTO p VALUES (1, 'a', 'one'), (2, 'b', 'two'), (3, 'bb', 'three');
CALL remember('p');
INSERT INTO p_a (id, part, v) VALUES (4, 'a', 'directly');
INSERT INTO p_b VALUES (5, 'b', 'halfway');
COPY p_b_1 FROM stdin;
6	b	copied
\.
CALL remember('p');
UPDATE p SET v = upper(v);
UPDATE p_b SET v = lower(v) WHERE id = 2;
UPDATE p_a SET v = NULL;
CALL remember('p');
SELECT st, table_name, operation, key, old, new FROM log;
-- Rows that move: to another partition, within one, back and forth in one transaction.
UPDATE p SET part = 'b', v = 'moved' WHERE id = 1;
CALL remember('p');
UPDATE p SET part = 'bb' WHERE id = 2;
BEGIN;
UPDATE p SET part = 'a' WHERE id = 3;
UPDATE p SET part = 'b' WHERE id = 3;
UPDATE p SET id = 30, part = 'a' WHERE id = 3;
COMMIT;
CALL remember('p');
INSERT INTO p VALUES (6, 'b', 'conflict'), (7, 'b', 'new') ON CONFLICT (id, part) DO UPDATE SET v = excluded.v;
MERGE INTO p USING (VALUES (7, 'gone'), (8, 'came')) s (id, v) ON p.id = s.id WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT VALUES (s.id, 'a', s.v);
CALL remember('p');
SELECT st, operation, key, old, new FROM log WHERE tx > 7;
SELECT operation, old, new FROM rsl.history('p', '{"id": 1, "part": "b"}');
SELECT operation, old, new FROM rsl.history('p', '{"id": 3, "part": "b"}');
-- A partition that comes later, made or attached; one that goes, with its rows, is seen by nobody: its rows are no changes.
CREATE TABLE p_c PARTITION OF p FOR VALUES IN ('c');
CREATE TABLE p_d (id int NOT NULL, part text NOT NULL, v text);
ALTER TABLE p ATTACH PARTITION p_d FOR VALUES IN ('d');
INSERT INTO p VALUES (1, 'c', 'late'), (1, 'd', 'attached');
UPDATE p_c SET v = 'later';
CALL remember('p');
-- TRUNCATE of one, of all, also of those that came later.
BEGIN;
TRUNCATE p;
SELECT operation, key, count(*) FROM rsl.audit_log WHERE operation = 'truncate' GROUP BY 1, 2 ORDER BY 2;
ROLLBACK;
SELECT rsl.audit_on('p'), rsl.audit_on('p');
BEGIN;
INSERT INTO p VALUES (9, 'a', 'in the same transaction');
TRUNCATE p_a;
COMMIT;
CALL remember('p');
TRUNCATE p;
CALL remember('p');
SELECT st, operation, key, old, new FROM log WHERE tx > 12 ORDER BY tx, st, key;
BEGIN;
INSERT INTO p VALUES (1, 'a', 'x');
SAVEPOINT s;
UPDATE p SET part = 'b';
ROLLBACK TO s;
UPDATE p SET v = 'y';
COMMIT;
CALL remember('p');
SELECT st, operation, key, old, new FROM log WHERE tx > (SELECT max(tx) - 1 FROM log) ORDER BY tx, st, key;
SELECT * FROM misremembered();
SELECT rsl.audit_seal() > 0, count(*) FROM rsl.audit_check();
SELECT table_name, count(*) FROM rsl.audit_shape GROUP BY 1;
-- Whoever owns the table may go on adding partitions. Whoever may call the trigger's function cannot write what is not so.
CREATE ROLE audit_partition_owner;
GRANT CREATE ON SCHEMA public TO audit_partition_owner;
CREATE TABLE theirs (id int PRIMARY KEY, v text) PARTITION BY RANGE (id);
ALTER TABLE theirs OWNER TO audit_partition_owner;
SELECT rsl.audit_on('theirs');
-- Puts the trigger of another table on a table.
CREATE FUNCTION forge(sql text, of regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('%s EXECUTE FUNCTION rsl.audit_write(%L)', sql, (SELECT t.settings FROM rsl.audit_triggers() t WHERE t.target = of LIMIT 1));
END $$;
GRANT USAGE ON SCHEMA rsl TO audit_partition_owner;
SET ROLE audit_partition_owner;
CREATE TABLE theirs_1 PARTITION OF theirs FOR VALUES FROM (1) TO (10);
INSERT INTO theirs VALUES (1, 'new');
UPDATE theirs SET v = 'old';
CREATE TABLE forged (id int, part text, v text);
SELECT forge('CREATE TRIGGER f AFTER INSERT ON forged FOR EACH ROW', 'p');
INSERT INTO forged VALUES (1, 'a', 'never was');
DROP TRIGGER f ON forged;
CREATE TRIGGER f AFTER INSERT ON theirs FOR EACH ROW EXECUTE FUNCTION rsl.audit_write('{"table": 999, "key": [["id", 1]], "exclude": []}');
INSERT INTO theirs VALUES (2, 'x');
DROP TRIGGER f ON theirs;
CREATE TRIGGER f AFTER INSERT ON theirs FOR EACH ROW EXECUTE FUNCTION rsl.audit_write('nonsense');
INSERT INTO theirs VALUES (2, 'x');
DROP TRIGGER f ON theirs;
SELECT forge('CREATE TRIGGER f BEFORE INSERT OR DELETE ON theirs_1 FOR EACH ROW', 'theirs');
INSERT INTO theirs VALUES (2, 'x');
DELETE FROM theirs;
DROP TRIGGER f ON theirs_1;
CREATE TRIGGER f AFTER INSERT ON theirs FOR EACH ROW EXECUTE FUNCTION rsl.audit_write('nonsense');
CREATE TRIGGER f AFTER INSERT ON forged FOR EACH ROW EXECUTE FUNCTION rsl.audit_write();
INSERT INTO forged VALUES (1, 'a', 'never was');
RESET ROLE;
INSERT INTO p VALUES (77, 'a', 'nobody is hindered');
SELECT rsl.audit_on('p');
SET ROLE audit_partition_owner;
DROP TRIGGER f ON forged;
DROP TRIGGER f ON theirs;
RESET ROLE;
SELECT table_name, operation, key, old, new FROM log WHERE table_name NOT IN ('p', 'p_a') ;
SELECT count(*) FROM rsl.audit_log WHERE new ->> 'v' = 'never was';
-- Off is off everywhere.
SELECT rsl.audit_off('p_a');
SELECT rsl.audit_off('p'), rsl.audit_off('p');
SELECT tgrelid::regclass, tgname FROM pg_trigger WHERE tgrelid::regclass::text LIKE 'p%' AND tgname LIKE 'rsl%';
SELECT target, kind FROM rsl.tracked() WHERE target !~ '^rsl\.';
DROP TABLE theirs, forged;
REVOKE ALL ON SCHEMA public FROM audit_partition_owner;
DROP OWNED BY audit_partition_owner;
DROP ROLE audit_partition_owner;
