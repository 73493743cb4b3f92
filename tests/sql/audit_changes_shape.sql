\i sql/include/audit.psql
-- The log stays readable, and as_of right, whatever becomes of the table.
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TYPE pair AS (x int, y text);
CREATE DOMAIN short AS varchar(5);
CREATE TABLE t (id int PRIMARY KEY, gone text, n int, m mood, p pair, ps pair[], s short, c text);
SELECT rsl.audit_on('t');
INSERT INTO t VALUES (1, 'g1', 1, 'sad', '(1,a)', '{"(2,b)"}', 'short', 'c'), (2, 'g2', 2, 'ok', NULL, NULL, NULL, NULL), (3, 'g3', 3, 'ok', '(,)', '{}', '', '');
UPDATE t SET gone = 'G1', n = 10, p = '(3,c)' WHERE id = 1;
CALL remember('t');
-- A column more.
ALTER TABLE t ADD COLUMN more int DEFAULT 7;
UPDATE t SET more = 8 WHERE id = 1;
UPDATE t SET n = 20 WHERE id = 2;
DELETE FROM t WHERE id = 3;
SELECT count(*) FROM rsl.audit_shape;
SELECT rsl.as_of('t'::regclass, at) FROM remembered ORDER BY 1;
-- A column less, another type, wider and narrower.
CALL remember('t');
ALTER TABLE t DROP COLUMN gone;
ALTER TABLE t ALTER COLUMN n TYPE numeric(10,2), ALTER COLUMN s TYPE text, ALTER COLUMN c TYPE varchar(20);
UPDATE t SET n = n + 0.25;
SELECT as_of FROM remembered, rsl.as_of('t'::regclass, at) WHERE n = 1 ORDER BY 1;
SELECT as_of FROM remembered, rsl.as_of('t'::regclass, at) WHERE n = 0 ORDER BY 1;
-- Another name for a column, and for the key.
CALL remember('t');
UPDATE t SET c = 'before' WHERE id = 2;
ALTER TABLE t RENAME COLUMN c TO d;
ALTER TABLE t RENAME COLUMN id TO ident;
UPDATE t SET d = 'after' WHERE ident = 2;
INSERT INTO t (ident, n) VALUES (4, 4);
SELECT operation, old, new FROM rsl.history('t', '{"ident": 2}');
SELECT as_of FROM remembered, rsl.as_of('t'::regclass, at) WHERE n = 2 ORDER BY 1;
-- Another name and another schema for the table.
CALL remember('t');
CREATE SCHEMA elsewhere;
ALTER TABLE t RENAME TO "T 2";
ALTER TABLE "T 2" SET SCHEMA elsewhere;
DELETE FROM elsewhere."T 2" WHERE ident = 4;
SELECT DISTINCT schema_name, table_name FROM rsl.audit_log ORDER BY 1;
SELECT operation, old, new FROM rsl.history('elsewhere."T 2"', '{"ident": 4}');
SELECT n FROM misremembered() WHERE n = 3;
-- The key has another type now.
ALTER TABLE elsewhere."T 2" ALTER COLUMN ident TYPE bigint;
UPDATE elsewhere."T 2" SET n = 99 WHERE ident = 1;
SELECT n FROM misremembered() WHERE n = 3;
ALTER TABLE elsewhere."T 2" ALTER COLUMN ident TYPE text;
UPDATE elsewhere."T 2" SET n = 100 WHERE ident = '1';
SELECT operation, old, new FROM rsl.history('elsewhere."T 2"', '{"ident": "1"}');
SELECT n FROM misremembered() WHERE n = 3;
-- Types that are other ones now, or gone.
ALTER TYPE mood RENAME VALUE 'sad' TO 'blue';
ALTER TYPE pair ADD ATTRIBUTE z int;
SELECT id % 1000 AS n, old, new FROM rsl.audit_log WHERE key ->> 'id' = '1' ORDER BY id;
DROP TABLE elsewhere."T 2";
DROP TYPE mood, pair;
DROP DOMAIN short;
SELECT id % 1000 AS n, old, new FROM rsl.audit_log WHERE key ->> 'id' IN ('1', '3') ORDER BY id;
-- A key column that is dropped.
CREATE TABLE k (a int, b int, c int, PRIMARY KEY (a, b));
SELECT rsl.audit_on('k');
INSERT INTO k VALUES (1, 1, 1);
ALTER TABLE k DROP COLUMN b;
INSERT INTO k VALUES (2, 2);
SELECT rsl.audit_off('k');
ALTER TABLE k ADD PRIMARY KEY (a);
SELECT rsl.audit_on('k');
INSERT INTO k VALUES (2, 2);
SELECT key, new FROM rsl.audit_log WHERE table_name = 'k' ORDER BY id;
SELECT operation, new FROM rsl.history('k', '{"a": 2}');
SELECT rsl.audit_seal() > 0, count(*) FROM rsl.audit_check();
