-- Time spent in each phase: what is known is measured, what is not is counted.
CREATE TABLE event (id int PRIMARY KEY, phase text, at timestamp, who text);
INSERT INTO event VALUES (1, 'BASELINE'), (2, 'BASELINE');
SELECT rsl.phase_on('event', 'phase', '{BASELINE,SURGE,STABILIZED}', changed_at => 'at');
-- Begun before anybody looked.
SELECT * FROM rsl.phase_summary('event', '2026-01-11');
UPDATE event SET phase = 'SURGE', at = '2026-01-01' WHERE id = 1;
UPDATE event SET phase = 'STABILIZED', at = '2026-01-03 12:00' WHERE id = 1;
UPDATE event SET phase = 'SURGE', at = '2026-01-04' WHERE id = 1;
INSERT INTO event VALUES (3, 'SURGE', '2026-01-02');
UPDATE event SET phase = 'BASELINE', at = '2026-01-03' WHERE id = 3;
-- Of 1: SURGE twice, the second time still; of 3: SURGE, then BASELINE still.
SELECT * FROM rsl.phase_summary('event', '2026-01-11');
-- A row that is gone has stayed for nobody knows how long; one that came again began anew.
DELETE FROM event WHERE id = 3;
SELECT * FROM rsl.phase_summary('event', '2026-01-11');
INSERT INTO event VALUES (3, 'STABILIZED', '2026-01-10');
SELECT * FROM rsl.phase_summary('event', '2026-01-11');
-- A time before that of the change before it.
INSERT INTO event VALUES (4, 'SURGE', '2026-01-09');
UPDATE event SET phase = 'STABILIZED', at = '2026-01-08' WHERE id = 4;
SELECT * FROM rsl.phase_summary('event', '2026-01-11');
-- Behind the trigger.
ALTER TABLE event DISABLE TRIGGER rsl_phase_update;
UPDATE event SET phase = 'BASELINE' WHERE id = 1;
SELECT * FROM rsl.phase_summary('event', '2026-01-11');
ALTER TABLE event ENABLE TRIGGER rsl_phase_update;
-- Up to now, by default; a phase that was taken from the list is shown after the others.
SELECT bool_and(total > '0') FROM rsl.phase_summary('event') WHERE stays > 0;
SELECT rsl.phase_off('event');
SELECT rsl.phase_summary('event');
\echo :SQLSTATE
UPDATE event SET phase = 'BASELINE';
SELECT rsl.phase_on('event', 'phase', '{SURGE,BASELINE}', changed_at => 'at');
SELECT phase, entries, rows_now, stays, total, unknown FROM rsl.phase_summary('event', '2026-01-11');
SELECT rsl.phase_summary(NULL);
