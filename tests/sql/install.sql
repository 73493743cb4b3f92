\i sql/include/load.psql
-- The extension lives in pg_catalog, so that it can own the schema rsl and take it away again.
SELECT extrelocatable, extnamespace::regnamespace FROM pg_extension WHERE extname = 'rsl';
SELECT nspname FROM pg_namespace WHERE nspname LIKE 'rsl%' ORDER BY nspname;
DROP EXTENSION rsl;
SELECT nspname FROM pg_namespace WHERE nspname LIKE 'rsl%' ORDER BY nspname;
-- A schema that is somebody else's is not adopted.
CREATE SCHEMA rsl;
CREATE EXTENSION rsl;
\echo :SQLSTATE
DROP SCHEMA rsl;
CREATE SCHEMA rsl_stage;
CREATE EXTENSION rsl;
DROP SCHEMA rsl_stage;
SELECT count(*) FROM pg_namespace WHERE nspname = 'rsl';
CREATE EXTENSION rsl SCHEMA public;
CREATE EXTENSION rsl;
SELECT nspname FROM pg_namespace WHERE nspname LIKE 'rsl%' ORDER BY nspname;
SELECT DISTINCT status FROM rsl.verify('schema_complete');
ALTER EXTENSION rsl SET SCHEMA public;
