\i sql/include/audit.psql
-- Tables that inherit are tables of their own, which statements on the parent reach.
CREATE TABLE parent (id int PRIMARY KEY, v text);
CREATE TABLE child (more int, PRIMARY KEY (id)) INHERITS (parent);
CREATE TABLE grandchild () INHERITS (child);
SELECT rsl.audit_on('parent'), rsl.audit_on('parent');
CALL remember('parent', 'child', 'grandchild');
INSERT INTO parent VALUES (1, 'parent');
INSERT INTO child VALUES (2, 'child', 20);
INSERT INTO grandchild VALUES (3, 'grandchild', 30);
CALL remember('parent', 'child', 'grandchild');
UPDATE parent SET v = upper(v);
UPDATE ONLY parent SET v = 'only';
UPDATE child SET more = more + 1;
CALL remember('parent', 'child', 'grandchild');
SELECT tx, st, table_name, operation, key, old, new FROM log ORDER BY tx, st, table_name;
DELETE FROM parent WHERE id = 3;
TRUNCATE ONLY parent;
CALL remember('parent', 'child', 'grandchild');
TRUNCATE parent;
CALL remember('parent', 'child', 'grandchild');
SELECT rel, n FROM misremembered();
-- The key of the parent says nothing of uniqueness among children: each has its own history.
INSERT INTO parent VALUES (7, 'p');
INSERT INTO child VALUES (7, 'c', 1);
DELETE FROM parent WHERE id = 7;
SELECT operation, new FROM rsl.history('parent', '{"id": 7}');
SELECT operation, new FROM rsl.history('child', '{"id": 7}');
-- A child that comes later is not audited until it is asked for; then statements on the parent are seen there, too.
CREATE TABLE later () INHERITS (parent);
SELECT rsl.audit_on('parent');
INSERT INTO later VALUES (8, 'later');
UPDATE parent SET v = 'all';
SELECT table_name, operation, key, new FROM log WHERE table_name = 'later';
-- A table that was audited before it had children.
CREATE TABLE first (id int PRIMARY KEY, v text);
SELECT rsl.audit_on('first');
INSERT INTO first VALUES (1, 'a');
CREATE TABLE second () INHERITS (first);
SELECT rsl.audit_on('first');
INSERT INTO second VALUES (2, 'b');
UPDATE first SET v = 'both';
SELECT table_name, operation, key, new FROM log WHERE table_name IN ('first', 'second');
SELECT tgname FROM pg_trigger WHERE tgrelid = 'first'::regclass ORDER BY 1;
CREATE TABLE third (v text, id int NOT NULL PRIMARY KEY);
SELECT rsl.audit_on('third');
ALTER TABLE third INHERIT first;
SELECT rsl.audit_off('parent');
SELECT target, kind FROM rsl.tracked() WHERE kind = 'audit';
