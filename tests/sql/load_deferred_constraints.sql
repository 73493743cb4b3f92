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
