\i sql/include/audit.psql
-- What foreign keys do to other rows.
CREATE TABLE a (id int PRIMARY KEY, up int REFERENCES a ON DELETE CASCADE ON UPDATE CASCADE);
CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a ON DELETE CASCADE ON UPDATE CASCADE, v text);
CREATE TABLE c (id int PRIMARY KEY, a int DEFAULT 1 REFERENCES a ON DELETE SET NULL ON UPDATE SET DEFAULT);
CREATE TABLE d (id int, a int REFERENCES a ON DELETE CASCADE ON UPDATE CASCADE, PRIMARY KEY (id, a)) PARTITION BY LIST (a);
CREATE TABLE d1 PARTITION OF d FOR VALUES IN (1, 2, 3);
CREATE TABLE d2 PARTITION OF d DEFAULT;
SELECT rsl.audit_on(t) FROM unnest('{a,b,c,d}'::regclass[]) t;
INSERT INTO a VALUES (1, NULL), (2, 1), (3, 2), (4, 2), (5, NULL);
INSERT INTO b SELECT i, i % 5 + 1 FROM generate_series(1, 10) i;
INSERT INTO c SELECT i, i FROM generate_series(1, 5) i;
INSERT INTO d SELECT i, i % 5 + 1 FROM generate_series(1, 10) i;
CALL remember('a', 'b', 'c', 'd');
UPDATE a SET id = 6 WHERE id = 5;
CALL remember('a', 'b', 'c', 'd');
UPDATE a SET id = id + 100 WHERE id IN (2, 3);
CALL remember('a', 'b', 'c', 'd');
DELETE FROM a WHERE id = 102;
CALL remember('a', 'b', 'c', 'd');
SELECT tx, table_name, operation, key, old, new FROM log WHERE tx > 5 ORDER BY tx, table_name COLLATE "C", key, st;
SELECT operation, old, new FROM rsl.history('a', '{"id": 103}');
TRUNCATE a CASCADE;
CALL remember('a', 'b', 'c', 'd');
SELECT table_name, count(*) FROM log WHERE operation = 'truncate' AND key IS NOT NULL GROUP BY 1 ORDER BY 1;
SELECT rel, n FROM misremembered();
SELECT rsl.audit_seal() > 0, count(*) FROM rsl.audit_check();
