\i sql/include/load.psql
-- Once something was loaded, DROP EXTENSION refuses: it would delete the tables of RSL with their rows.
CREATE SCHEMA erp;
CREATE TABLE erp.item (id int);
BEGIN;
DROP EXTENSION rsl;
ROLLBACK;
SELECT exact FROM load('SELECT 1 AS id', 'erp.item');
DROP EXTENSION rsl;
\echo :SQLSTATE
-- Asking for it again changes nothing.
SELECT count(*) FROM rsl.load;
SELECT rsl.keep_data();
SELECT rsl.keep_data();
DROP EXTENSION rsl;
-- Single objects do not go either.
DROP TABLE rsl.load CASCADE;
DROP FUNCTION rsl.load_abort(bigint, text);
DROP SCHEMA rsl;
-- Whoever means it says so; what was loaded stays.
DROP EXTENSION rsl CASCADE;
SELECT nspname FROM pg_namespace WHERE nspname LIKE 'rsl%' ORDER BY nspname;
SELECT * FROM erp.item;
CREATE EXTENSION rsl;
SELECT count(*) FROM rsl.load;
-- An empty database may ask for it too.
SELECT rsl.keep_data();
DROP EXTENSION rsl;
