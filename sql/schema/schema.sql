-- Whatever the session says of backslashes.
SET LOCAL standard_conforming_strings = on;

-- Digests are over UTF-8, on both sides.
DO $$
BEGIN
    IF pg_catalog.getdatabaseencoding() <> 'UTF8' THEN
        RAISE EXCEPTION 'the extension rsl needs a database with the encoding UTF8, this one has %', pg_catalog.getdatabaseencoding()
            USING ERRCODE = 'feature_not_supported', HINT = 'CREATE DATABASE … ENCODING ''UTF8'' TEMPLATE template0;';
    END IF;
END $$;

-- Plain CREATE, without IF NOT EXISTS: the extension must never adopt a schema that somebody else made.
CREATE SCHEMA rsl;
COMMENT ON SCHEMA rsl IS 'Routing Storage Layer: the tables of the routing applications, the register of loads, and the functions that load and verify';
REVOKE ALL ON SCHEMA rsl FROM PUBLIC;

-- Staging tables are made at run time and are no members of the extension, so DROP EXTENSION refuses while one is left.
CREATE SCHEMA rsl_stage;
COMMENT ON SCHEMA rsl_stage IS 'Staging tables of loads that are under way: rows that have been received but not yet verified';
REVOKE ALL ON SCHEMA rsl_stage FROM PUBLIC;

-- The months of the audit log are made at run time, too.
CREATE SCHEMA rsl_audit;
COMMENT ON SCHEMA rsl_audit IS 'Months of the audit log: the partitions of rsl.audit_block, made at run time';
REVOKE ALL ON SCHEMA rsl_audit FROM PUBLIC;
