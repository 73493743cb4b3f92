\i sql/include/audit.psql
-- Statements inside statements: the order in the history is the true one.
CREATE TABLE t (id int PRIMARY KEY, v text, n int DEFAULT 0);
SELECT rsl.audit_on('t');
CALL remember('t');
-- A trigger that changes the same row again, and others.
CREATE FUNCTION again() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.n < 2 THEN UPDATE t SET n = NEW.n + 1, v = v || NEW.n WHERE id = NEW.id; END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER again AFTER INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION again();
INSERT INTO t VALUES (1, 'a'), (2, 'b');
CALL remember('t');
UPDATE t SET v = 'x', n = 0;
CALL remember('t');
SELECT tx, st, operation, key, old, new FROM log ORDER BY tx, st, key;
SELECT operation, old, new FROM rsl.history('t', '{"id": 1}');
DROP TRIGGER again ON t;
-- A trigger that deletes what was just inserted, one that puts back what was deleted.
CREATE FUNCTION not_for_long() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' AND NEW.v = 'not for long' THEN DELETE FROM t WHERE id = NEW.id; END IF;
    IF TG_OP = 'DELETE' AND OLD.v = 'stays' THEN INSERT INTO t VALUES (OLD.id, 'put back'); END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER not_for_long AFTER INSERT OR DELETE ON t FOR EACH ROW EXECUTE FUNCTION not_for_long();
INSERT INTO t VALUES (3, 'not for long'), (4, 'stays');
CALL remember('t');
DELETE FROM t WHERE id = 4;
CALL remember('t');
SELECT operation, old, new FROM rsl.history('t', '{"id": 3}');
SELECT operation, old, new FROM rsl.history('t', '{"id": 4}');
DROP TRIGGER not_for_long ON t;
-- A trigger that makes room before: the row of before goes before the new one comes.
CREATE FUNCTION make_room() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM t WHERE id = NEW.id;
    RETURN NEW;
END $$;
CREATE TRIGGER make_room BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION make_room();
INSERT INTO t VALUES (1, 'in its place'), (9, 'new'), (9, 'newer');
CALL remember('t');
INSERT INTO t VALUES (1, 'once more');
CALL remember('t');
SELECT operation, old, new FROM rsl.history('t', '{"id": 1}');
SELECT operation, old, new FROM rsl.history('t', '{"id": 9}');
DROP TRIGGER make_room ON t;
CREATE FUNCTION make_all_room() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM t WHERE v <> 'kept';
    RETURN NULL;
END $$;
CREATE TRIGGER a_before BEFORE INSERT ON t FOR EACH STATEMENT EXECUTE FUNCTION make_all_room();
INSERT INTO t VALUES (1, 'after all others');
CALL remember('t');
DROP TRIGGER a_before ON t;
CREATE TRIGGER z_before BEFORE INSERT ON t FOR EACH STATEMENT EXECUTE FUNCTION make_all_room();
INSERT INTO t VALUES (1, 'again'), (2, 'and new');
CALL remember('t');
DROP TRIGGER z_before ON t;
SELECT operation, old, new FROM rsl.history('t', '{"id": 1}') OFFSET 10;
-- A trigger that keeps a statement from doing anything, one that changes what is written.
CREATE FUNCTION other() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.v = 'refused' THEN RETURN NULL; END IF;
    NEW.v := 'other ' || NEW.v;
    RETURN NEW;
END $$;
CREATE TRIGGER other BEFORE INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION other();
INSERT INTO t VALUES (20, 'refused'), (21, 'value');
UPDATE t SET v = 'refused';
CALL remember('t');
DROP TRIGGER other ON t;
-- Deferred: at the end of the transaction, after the last statement.
CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE t SET v = v || ' late' WHERE id = NEW.id AND v NOT LIKE '%late%';
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER late AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION late();
BEGIN;
INSERT INTO t VALUES (30, 'one');
INSERT INTO t VALUES (31, 'two');
UPDATE t SET n = 5 WHERE id = 30;
COMMIT;
CALL remember('t');
SELECT operation, old, new FROM rsl.history('t', '{"id": 30}');
DROP TRIGGER late ON t;
SELECT * FROM misremembered();
-- The same of a table with row triggers.
CREATE TABLE p (id int PRIMARY KEY, v text, n int DEFAULT 0) PARTITION BY RANGE (id);
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10);
CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (10) TO (20);
SELECT rsl.audit_on('p');
CALL remember('p');
CREATE FUNCTION again_p() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.n < 2 THEN UPDATE p SET n = NEW.n + 1, v = v || NEW.n WHERE id = NEW.id; END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER again AFTER INSERT OR UPDATE ON p FOR EACH ROW EXECUTE FUNCTION again_p();
INSERT INTO p VALUES (1, 'a'), (12, 'b');
CALL remember('p');
UPDATE p SET v = 'x', n = 0;
CALL remember('p');
DROP TRIGGER again ON p;
CREATE FUNCTION make_room_p() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM p WHERE id = NEW.id;
    RETURN NEW;
END $$;
CREATE TRIGGER make_room BEFORE INSERT ON p FOR EACH ROW EXECUTE FUNCTION make_room_p();
INSERT INTO p VALUES (1, 'in its place'), (2, 'new');
CALL remember('p');
SELECT operation, old, new FROM rsl.history('p', '{"id": 1}');
SELECT * FROM misremembered('p');
SELECT rsl.audit_seal() > 0, count(*) FROM rsl.audit_check();
