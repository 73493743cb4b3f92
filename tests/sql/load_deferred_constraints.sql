-- A load looks at the deferred constraints of its target alone, and leaves them deferred.
\i sql/include/load.psql
CREATE SCHEMA erp;
CREATE TABLE erp.a (id int PRIMARY KEY);
CREATE TABLE erp.b (a int REFERENCES erp.a DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE erp.c (id int);
BEGIN;
INSERT INTO erp.b VALUES (1);
SELECT exact, reason FROM load('SELECT 1 AS id', 'erp.c');
INSERT INTO erp.a VALUES (1);
COMMIT;
BEGIN;
SELECT exact, reason FROM load('SELECT 1 AS id', 'erp.c');
INSERT INTO erp.b VALUES (2);
INSERT INTO erp.a VALUES (2);
COMMIT;

-- Values that change places under a second unique constraint: looked at row by row they are refused, and the hint says what helps.
CREATE TABLE erp.places (id int PRIMARY KEY, place int CONSTRAINT one_each UNIQUE);
SELECT exact FROM load('SELECT n AS id, n AS place FROM generate_series(1, 3) n', 'erp.places');
SELECT exact, reason FROM load('SELECT n AS id, 4 - n AS place FROM generate_series(1, 3) n', 'erp.places', 'replace');
SELECT DISTINCT constraint_name, hint FROM rsl.rejects;
SELECT rsl.load_abort(max(load_id)) FROM rsl.load;
ALTER TABLE erp.places DROP CONSTRAINT one_each, ADD CONSTRAINT one_each UNIQUE (place) DEFERRABLE INITIALLY DEFERRED;
SELECT exact, updated FROM load('SELECT n AS id, 4 - n AS place FROM generate_series(1, 3) n', 'erp.places', 'replace');
SELECT * FROM erp.places ORDER BY id;
