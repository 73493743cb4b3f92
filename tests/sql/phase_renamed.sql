-- Tables, schemas and columns may be renamed.
CREATE TABLE event (old int, id int PRIMARY KEY, phase text, at timestamp, who text, why text);
SELECT rsl.phase_on('event', 'phase', '{a,b,c}', changed_at => 'at', changed_by => 'who', reason => 'why');
INSERT INTO event VALUES (0, 1, 'a', '2026-01-01', 'kim', 'one');
ALTER TABLE event RENAME phase TO state;
ALTER TABLE event RENAME who TO changed_by;
ALTER TABLE event DROP COLUMN old;
UPDATE event SET state = 'b', at = '2026-01-02', changed_by = 'lee', why = 'two';
SELECT settings FROM rsl.tracked() WHERE target = 'public.event';
-- The settings are the same, under the present names.
SELECT rsl.phase_on('event', 'state', '{a,b,c}', changed_at => 'at', changed_by => 'changed_by', reason => 'why');
SELECT status, detail, hint FROM rsl.verify('phase') WHERE object = 'public.event';
-- The history goes on under the new name of the table.
CREATE SCHEMA dmis;
ALTER TABLE event RENAME TO incident;
ALTER TABLE incident SET SCHEMA dmis;
UPDATE dmis.incident SET state = 'c', at = '2026-01-03', why = 'three';
SELECT schema_name, table_name, key, from_phase, to_phase, changed_at, changed_by, reason FROM rsl.phase_history ORDER BY phase_history_id;
SELECT phase, entries, rows_now, stays, total, unknown FROM rsl.phase_summary('dmis.incident', '2026-01-04');
-- The phase column cannot go without a word; a column that is gone is an error that says what to do.
ALTER TABLE dmis.incident DROP COLUMN state;
ALTER TABLE dmis.incident ALTER state TYPE varchar(10);
ALTER TABLE dmis.incident DROP COLUMN changed_by;
UPDATE dmis.incident SET why = 'nothing happens';
UPDATE dmis.incident SET state = 'a';
\echo :SQLSTATE
SELECT settings -> 'missing' AS missing FROM rsl.tracked() WHERE target = 'dmis.incident';
SELECT status, detail, hint FROM rsl.verify('phase') WHERE object = 'dmis.incident';
SELECT rsl.phase_on('dmis.incident', 'state', '{a,b,c}', changed_at => 'at', reason => 'why');
SELECT rsl.phase_off('dmis.incident');
SELECT rsl.phase_on('dmis.incident', 'state', '{a,b,c}', changed_at => 'at', reason => 'why');
UPDATE dmis.incident SET state = 'a', at = '2026-01-05', why = 'four';
-- A column that is no longer a time.
ALTER TABLE dmis.incident ALTER at TYPE text;
UPDATE dmis.incident SET state = 'b';
-- Without its key.
SELECT rsl.phase_off('dmis.incident');
SELECT rsl.phase_on('dmis.incident', 'state', '{a,b,c}');
ALTER TABLE dmis.incident DROP CONSTRAINT event_pkey;
UPDATE dmis.incident SET state = 'b';
SELECT status, detail, hint FROM rsl.verify('phase') WHERE object = 'dmis.incident';
