-- DROP EXTENSION refuses while something is on; one call turns everything off.
CREATE SCHEMA dmis;
CREATE TABLE dmis.event (id int PRIMARY KEY, phase text);
CREATE TABLE dmis.warehouse (id int PRIMARY KEY, at timestamp, status text, phase text);
SELECT rsl.freshness_on('dmis.warehouse', 'at', 'status');
DROP EXTENSION rsl;
\echo :SQLSTATE
SELECT * FROM rsl.untrack_all();
SELECT * FROM rsl.untrack_all();
-- What is on the extension's own tables goes with them.
SELECT target, kind FROM rsl.tracked();
BEGIN;
DROP EXTENSION rsl;
ROLLBACK;
-- A history is data: as with loads, whoever means to lose it says CASCADE.
SELECT rsl.phase_on('dmis.event', 'phase', '{a,b}');
SELECT rsl.phase_on('dmis.warehouse', 'phase', '{a,b}');
SELECT rsl.freshness_on('dmis.warehouse', 'at', 'status');
INSERT INTO dmis.event VALUES (1, 'a');
-- Only what the caller owns.
CREATE ROLE untrack_owner;
GRANT USAGE ON SCHEMA rsl, dmis TO untrack_owner;
GRANT EXECUTE ON FUNCTION rsl.untrack_all, rsl.phase_off, rsl.freshness_off, rsl.track_remove TO untrack_owner;
SET ROLE untrack_owner;
SELECT * FROM rsl.untrack_all();
RESET ROLE;
ALTER TABLE dmis.warehouse OWNER TO untrack_owner;
SET ROLE untrack_owner;
SELECT * FROM rsl.untrack_all();
RESET ROLE;
SELECT target, kind FROM rsl.tracked();
SELECT * FROM rsl.untrack_all();
DROP EXTENSION rsl;
DROP EXTENSION rsl CASCADE;
INSERT INTO dmis.event VALUES (2, 'c');
SELECT * FROM dmis.event;
SELECT conname FROM pg_constraint WHERE conrelid IN ('dmis.event'::regclass, 'dmis.warehouse'::regclass) AND contype = 'c';
