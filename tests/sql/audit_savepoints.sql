\i sql/include/audit.psql
-- What is rolled back never was, also what was stored before it was rolled back.
CREATE TABLE t (id int PRIMARY KEY, v text);
CREATE TABLE p (id int PRIMARY KEY, v text) PARTITION BY RANGE (id);
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (1000000);
CREATE UNLOGGED TABLE u (id int PRIMARY KEY, v text);
SELECT rsl.audit_on(r) FROM unnest('{t,p,u}'::regclass[]) r;
CALL remember('t', 'p', 'u');
BEGIN;
INSERT INTO t VALUES (1, 'a'); INSERT INTO p VALUES (1, 'a'); INSERT INTO u VALUES (1, 'a');
SAVEPOINT s;
INSERT INTO t VALUES (2, 'b'); INSERT INTO p VALUES (2, 'b'); UPDATE u SET v = 'b';
SAVEPOINT s2;
UPDATE t SET v = 'c'; UPDATE p SET v = 'c'; DELETE FROM u;
RELEASE s2;
ROLLBACK TO s;
INSERT INTO t VALUES (3, 'd'); INSERT INTO p VALUES (3, 'd'); INSERT INTO u VALUES (3, 'd');
SAVEPOINT s3;
UPDATE t SET v = 'e' WHERE id = 3; UPDATE p SET v = 'e' WHERE id = 3;
RELEASE s3;
COMMIT;
CALL remember('t', 'p', 'u');
SELECT table_name, tx, st, operation, key, old, new FROM log ORDER BY table_name, tx, st;
BEGIN;
DELETE FROM t; DELETE FROM p; TRUNCATE u;
ROLLBACK;
-- Exceptions: around a statement, within a trigger, one for each row.
DO $$
BEGIN
    INSERT INTO t VALUES (10, 'kept'); INSERT INTO p VALUES (10, 'kept');
    BEGIN
        UPDATE t SET v = 'lost'; UPDATE p SET v = 'lost';
        INSERT INTO t VALUES (10, 'twice');
    EXCEPTION WHEN unique_violation THEN
        INSERT INTO t VALUES (11, 'instead'); INSERT INTO p VALUES (11, 'instead');
    END;
    FOR i IN 1 .. 5 LOOP
        BEGIN
            INSERT INTO t VALUES (20 + i, i::text); INSERT INTO p VALUES (20 + i, i::text);
            IF i % 2 = 0 THEN RAISE EXCEPTION 'even'; END IF;
        EXCEPTION WHEN raise_exception THEN NULL;
        END;
    END LOOP;
END $$;
CALL remember('t', 'p', 'u');
CREATE FUNCTION half_way() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    BEGIN
        INSERT INTO t VALUES (NEW.id + 1000, 'by trigger');
        IF NEW.id % 2 = 0 THEN RAISE EXCEPTION 'even'; END IF;
    EXCEPTION WHEN raise_exception THEN NULL;
    END;
    RETURN NULL;
END $$;
CREATE TRIGGER half_way AFTER INSERT ON p FOR EACH ROW EXECUTE FUNCTION half_way();
INSERT INTO p SELECT i FROM generate_series(100, 104) i;
CALL remember('t', 'p', 'u');
DROP TRIGGER half_way ON p;
-- A statement that fails in the middle, and one whose end fails.
INSERT INTO t SELECT i FROM generate_series(50, 5) i UNION ALL SELECT 1;
INSERT INTO p SELECT i FROM generate_series(500, 510) i UNION ALL SELECT 1;
SELECT rel, n FROM misremembered();
DELETE FROM remembered WHERE n < 3;
-- More than are kept before they are stored.
BEGIN;
INSERT INTO t SELECT i, 'many' FROM generate_series(10001, 80000) i;
INSERT INTO p SELECT i, 'many' FROM generate_series(10001, 80000) i;
SAVEPOINT s;
UPDATE t SET v = 'more'; UPDATE p SET v = 'more';
INSERT INTO t SELECT i, 'lost' FROM generate_series(100001, 170000) i;
INSERT INTO p SELECT i, 'lost' FROM generate_series(100001, 170000) i;
ROLLBACK TO s;
DELETE FROM t WHERE id % 2 = 0; DELETE FROM p WHERE id % 2 = 0;
COMMIT;
SELECT table_name, operation, count(*), count(DISTINCT key) FROM rsl.audit_log GROUP BY 1, 2 ORDER BY 1, 2;
SELECT 'many in few blocks' FROM rsl.audit_block WHERE operation = 'I' AND changes > 10 HAVING count(*) < 20000;
SELECT operation, old, new FROM rsl.history('t', '{"id": 10002}');
SELECT operation, old, new FROM rsl.history('p', '{"id": 10001}');
SELECT rel, n FROM misremembered();
DELETE FROM remembered;
CALL remember('t', 'p', 'u');
UPDATE t SET v = v || id WHERE id > 10000;
UPDATE p SET id = id + 1, v = NULL WHERE id > 10000;
SELECT rel, n FROM misremembered();
SELECT rsl.audit_seal() > 0, count(*) FROM rsl.audit_check();
