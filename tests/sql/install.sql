-- The extension lives in pg_catalog, so that it can own the schema rsl and take it away again.
SELECT extrelocatable, extnamespace::regnamespace FROM pg_extension WHERE extname = 'rsl';
SELECT nspname FROM pg_namespace WHERE nspname LIKE 'rsl%' ORDER BY nspname;
SET client_min_messages = warning;
DROP EXTENSION rsl;
SELECT nspname FROM pg_namespace WHERE nspname LIKE 'rsl%' ORDER BY nspname;
-- A schema that is somebody else's is not adopted.
CREATE SCHEMA rsl;
CREATE EXTENSION rsl;
DROP SCHEMA rsl;
CREATE EXTENSION rsl;
SELECT nspname FROM pg_namespace WHERE nspname LIKE 'rsl%' ORDER BY nspname;
