\i sql/include/load.psql
-- A database in order passes every check, with and without loads; rsl.verify() reads only.
SELECT check_name, check_group, level FROM rsl.checks();
SELECT check_name, level, status, count(*) > 1 AS several FROM rsl.verify() GROUP BY check_name, level, status ORDER BY check_name, status;
SELECT * FROM rsl.verify() WHERE status <> 'pass';
CREATE SCHEMA erp;
CREATE TABLE erp.item (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, code text NOT NULL UNIQUE);
CREATE TABLE erp.routing (item int REFERENCES erp.item);
SELECT exact FROM load($$SELECT * FROM (VALUES (1, 'A'), (2, 'B')) v(id, code)$$, 'erp.item');
SELECT exact FROM load('SELECT 1 AS item', 'erp.routing');
INSERT INTO rsl.items (item_code) VALUES ('A');
SELECT check_name, level, object, status, expected, actual, regexp_replace(detail, '\d{4}-\d\d-\d\dT[\d:]+Z', 'then') AS detail, hint
FROM rsl.verify() WHERE object LIKE 'erp.%';
SELECT check_name, status, count(*) FROM rsl.verify() WHERE status <> 'pass' GROUP BY check_name, status ORDER BY 1, 2;
-- A stable order.
SELECT (SELECT array_agg(v::text) FROM rsl.verify() v) = (SELECT array_agg(v::text) FROM rsl.verify() v) AS same;

-- In a transaction that may not write, and as a role that may only read.
BEGIN TRANSACTION READ ONLY;
SELECT count(*) > 0 AS ran FROM rsl.verify();
SELECT count(*) AS broken FROM rsl.verify() WHERE status = 'fail';
ROLLBACK;
CREATE ROLE verify_reader;
CREATE ROLE verify_stranger;
SELECT rsl.grant_access('verify_reader', 'read');
GRANT USAGE ON SCHEMA erp TO verify_reader;
GRANT SELECT ON erp.item TO verify_reader;
SET ROLE verify_reader;
SELECT check_name, object, status, detail, hint FROM rsl.verify() WHERE status <> 'pass';
RESET ROLE;
GRANT USAGE ON SCHEMA rsl TO verify_stranger;
SET ROLE verify_stranger;
SELECT check_name, object, status, detail, hint FROM rsl.verify();
