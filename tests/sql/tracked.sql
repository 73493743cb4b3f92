-- What is on where, as the triggers say.
SELECT * FROM rsl.tracked();
CREATE SCHEMA dmis;
CREATE TABLE dmis.event (id int PRIMARY KEY, phase text, at timestamptz, who text);
CREATE TABLE dmis.warehouse (id int PRIMARY KEY, at timestamp, status text, phase text);
SELECT rsl.phase_on('dmis.event', 'phase', '{a,b}', '{"a": ["b"]}', 'at', 'who');
SELECT rsl.phase_on('dmis.warehouse', 'phase', '{a,b}');
SELECT rsl.freshness_on('dmis.warehouse', 'at', 'status');
SELECT * FROM rsl.tracked();
ALTER TABLE dmis.event DISABLE TRIGGER rsl_phase_insert;
ALTER TABLE dmis.warehouse DISABLE TRIGGER ALL;
ALTER TABLE dmis.warehouse ENABLE REPLICA TRIGGER zz_rsl_freshness;
ALTER TABLE dmis.warehouse RENAME TO depot;
SELECT target, kind, enabled FROM rsl.tracked();
ALTER TABLE dmis.depot ENABLE ALWAYS TRIGGER zz_rsl_freshness;
DROP TABLE dmis.event;
SELECT target, kind, enabled FROM rsl.tracked();
SELECT rsl.freshness_off('dmis.depot');
SELECT target, kind, enabled FROM rsl.tracked();
-- Also for a role that may do nothing else.
CREATE ROLE tracked_reader;
GRANT USAGE ON SCHEMA rsl TO tracked_reader;
SET ROLE tracked_reader;
SELECT target, kind, enabled FROM rsl.tracked();
