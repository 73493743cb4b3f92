-- Keys are compared with the equality of their unique index: citext and ltree have their own.
\i sql/include/load.psql
CREATE SCHEMA erp;
CREATE EXTENSION citext;
CREATE EXTENSION ltree;
CREATE TABLE erp.ci (code citext PRIMARY KEY, v int);
INSERT INTO erp.ci VALUES ('a', 1);
SELECT * FROM load($$SELECT 'A'::citext AS code, 2 AS v$$, 'erp.ci', 'upsert');
CREATE TABLE erp.lt (code ltree PRIMARY KEY, v int);
INSERT INTO erp.lt VALUES ('a.b', 1);
SELECT * FROM load($$SELECT 'a.b'::ltree AS code, 2 AS v$$, 'erp.lt', 'upsert');
