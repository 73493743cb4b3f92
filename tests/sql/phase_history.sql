-- Every change of phase is written down, and nothing else is: time, person and reason come from the row if the statement gives them.
CREATE SCHEMA dmis;
CREATE TABLE dmis.event (event_id int PRIMARY KEY, name text, current_phase varchar(15) NOT NULL DEFAULT 'BASELINE',
    phase_changed_at timestamp(0), phase_changed_by varchar(20), reason_text varchar(255));
INSERT INTO dmis.event (event_id, name) VALUES (1, 'Beryl');
SELECT rsl.phase_on('dmis.event', 'current_phase', '{BASELINE,SURGE,STABILIZED}',
    changed_at => 'phase_changed_at', changed_by => 'phase_changed_by', reason => 'reason_text');
CREATE VIEW history AS SELECT table_name, key, from_phase AS "from", to_phase AS "to",
    CASE WHEN changed_at = recorded_at OR changed_at BETWEEN now() - interval '1 minute' AND now() + interval '1 minute' THEN 'now' ELSE changed_at::text END AS changed_at,
    changed_by, reason FROM rsl.phase_history ORDER BY phase_history_id;
-- What was there before has no history; an insert has one.
SELECT * FROM history;
INSERT INTO dmis.event (event_id, name) VALUES (2, 'Melissa');
INSERT INTO dmis.event VALUES (3, 'Elsa', 'SURGE', '2026-03-01 10:00', 'kim', 'landfall');
-- All that is given.
UPDATE dmis.event SET current_phase = 'SURGE', phase_changed_at = '2026-03-02 09:30', phase_changed_by = 'kim', reason_text = 'warning issued' WHERE event_id = 1;
-- The same person again is given again; a time and a reason of an earlier change are not those of this one.
UPDATE dmis.event SET current_phase = 'STABILIZED', phase_changed_by = 'kim' WHERE event_id = 1;
-- A time that is written as it was is not given, either.
UPDATE dmis.event SET current_phase = 'BASELINE', phase_changed_at = phase_changed_at WHERE event_id = 1;
-- The setting rsl.actor, or else the role.
SET rsl.actor = 'lee@example.com';
UPDATE dmis.event SET current_phase = 'SURGE' WHERE event_id = 1;
SET rsl.actor = '';
UPDATE dmis.event SET current_phase = 'STABILIZED', phase_changed_by = '' WHERE event_id = 1;
SELECT * FROM history;
-- No change, no row: also not of the other columns, and not if nothing is different at the end.
UPDATE dmis.event SET name = name || '!', phase_changed_by = 'park';
UPDATE dmis.event SET current_phase = current_phase;
INSERT INTO dmis.event (event_id) VALUES (3) ON CONFLICT (event_id) DO UPDATE SET name = 'Elsa';
SELECT count(*) FROM rsl.phase_history;
INSERT INTO dmis.event (event_id) VALUES (3) ON CONFLICT (event_id) DO UPDATE SET current_phase = 'STABILIZED', phase_changed_by = 'upsert';
-- A trigger of the table that gives time and person counts as the statement.
CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.phase_changed_at := '2026-03-05'; NEW.phase_changed_by := 'stamp'; RETURN NEW; END $$;
CREATE TRIGGER stamp BEFORE UPDATE ON dmis.event FOR EACH ROW EXECUTE FUNCTION stamp();
UPDATE dmis.event SET current_phase = 'SURGE' WHERE event_id = 2;
SELECT * FROM history OFFSET 7;
-- What is rolled back was not.
BEGIN;
UPDATE dmis.event SET current_phase = 'BASELINE';
ROLLBACK;
SELECT count(*), count(DISTINCT txid) AS transactions, min(session_role) AS session_role, min(acting_role) AS acting_role, count(load_id) AS loads FROM rsl.phase_history;
-- Keys of several columns and of any type, the same in every session; a phase may be NULL.
CREATE TYPE dmis.state AS ENUM ('open', 'closed');
CREATE TABLE dmis.line (at timestamptz, "no." numeric, data bytea, state dmis.state, PRIMARY KEY (at, "no.", data));
SELECT rsl.phase_on('dmis.line', 'state', '{open,closed}');
SET timezone = 'Asia/Seoul';
INSERT INTO dmis.line VALUES ('2026-01-01 00:00+00', 1.50, '\x00ff', NULL);
UPDATE dmis.line SET state = 'open';
SET bytea_output = 'escape';
SET timezone = 'America/Jamaica';
UPDATE dmis.line SET state = NULL;
RESET timezone;
RESET bytea_output;
SELECT key, from_phase, to_phase FROM rsl.phase_history WHERE table_name = 'line' ORDER BY phase_history_id;
CREATE TABLE dmis.padded (id int PRIMARY KEY, state char(8));
SELECT rsl.phase_on('dmis.padded', 'state', '{a,b}');
INSERT INTO dmis.padded VALUES (1, 'a');
UPDATE dmis.padded SET state = 'b ';
SELECT key, from_phase || '.' AS "from", to_phase || '.' AS "to" FROM rsl.phase_history WHERE table_name = 'padded' ORDER BY phase_history_id;
-- Off, and the history stays.
SELECT rsl.phase_off('dmis.event');
SELECT rsl.phase_off('dmis.event');
UPDATE dmis.event SET current_phase = 'anything' WHERE event_id = 1;
SELECT count(*) FROM rsl.phase_history WHERE table_name = 'event';
