\i sql/include/load.psql
-- A role that may only read, and sees only some of the targets: what it may not see is skipped, with the reason, by every check.
CREATE SCHEMA erp;
CREATE TABLE erp.open (id int PRIMARY KEY, v text);
CREATE TABLE erp.closed (id int PRIMARY KEY, v text, parent int REFERENCES erp.open);
CREATE TABLE erp.rows (id int PRIMARY KEY, v text);
CREATE TABLE erp.part (id int PRIMARY KEY, v text);
SELECT exact FROM load($$SELECT 1 AS id, 'x' AS v$$, 'erp.open');
SELECT exact FROM load($$SELECT 1 AS id, 'x' AS v, 1 AS parent$$, 'erp.closed');
SELECT exact FROM load($$SELECT 1 AS id, 'x' AS v$$, 'erp.rows');
SELECT exact FROM load($$SELECT 1 AS id, 'x' AS v$$, 'erp.part');
ALTER TABLE erp.closed ADD CHECK (id > 5) NOT VALID;
ALTER TABLE erp.closed DROP CONSTRAINT closed_pkey;
ALTER TABLE erp.rows ENABLE ROW LEVEL SECURITY;
CREATE ROLE verify_only_reader;
SELECT rsl.grant_access('verify_only_reader', 'read');
GRANT USAGE ON SCHEMA erp TO verify_only_reader;
GRANT SELECT ON erp.open, erp.rows TO verify_only_reader;
GRANT SELECT (id) ON erp.part TO verify_only_reader;
SELECT rsl.shape_accept(t) FROM unnest('{erp.open,erp.rows,erp.part}'::regclass[]) t;
SET ROLE verify_only_reader;
SET default_transaction_read_only = on;
SELECT check_name, object, status, actual, detail, hint FROM rsl.verify() WHERE object LIKE 'erp.%' AND NOT (object LIKE 'erp.open%' AND status = 'pass');
SELECT check_name, count(*) FROM rsl.verify() WHERE status = 'fail' GROUP BY 1 ORDER BY 1;
SELECT DISTINCT detail FROM rsl.verify('erp.closed') WHERE status = 'skip' ORDER BY 1;
-- The same in the same order.
SELECT (SELECT array_agg(v::text) FROM rsl.verify() v) = (SELECT array_agg(v::text) FROM rsl.verify() v) AS same;
RESET ROLE;
RESET default_transaction_read_only;
-- With the shapes closed to it, as much is said.
REVOKE SELECT ON rsl.target_shape FROM verify_only_reader;
SET ROLE verify_only_reader;
SELECT check_name, object, status, detail, hint FROM rsl.verify() WHERE check_name IN ('target_shape', 'privileges');
