-- Plain CREATE, without IF NOT EXISTS: the extension must never adopt a schema that somebody else made.
CREATE SCHEMA rsl;
COMMENT ON SCHEMA rsl IS 'Routing Storage Layer: the tables of the routing applications, the register of loads, and the functions that load and verify';
REVOKE ALL ON SCHEMA rsl FROM PUBLIC;

-- Staging tables are made at run time and are no members of the extension, so DROP EXTENSION refuses while one is left.
CREATE SCHEMA rsl_stage;
COMMENT ON SCHEMA rsl_stage IS 'Staging tables of loads that are under way: rows that have been received but not yet verified';
REVOKE ALL ON SCHEMA rsl_stage FROM PUBLIC;
