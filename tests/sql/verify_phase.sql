-- Triggers of phases that are disabled, and rows that were changed behind them.
CREATE SCHEMA dmis;
CREATE TABLE dmis.event (id int PRIMARY KEY, phase text);
INSERT INTO dmis.event SELECT n, 'a' FROM generate_series(1, 3) n;
SELECT rsl.phase_on('dmis.event', 'phase', '{a,b,c}');
CREATE VIEW checked AS SELECT object, status, expected, actual, detail, hint FROM rsl.verify('phase');
INSERT INTO dmis.event SELECT n, 'a' FROM generate_series(4, 12) n;
UPDATE dmis.event SET phase = 'b' WHERE id > 2;
SELECT * FROM checked;
ALTER TABLE dmis.event DISABLE TRIGGER rsl_phase_update;
SELECT * FROM checked WHERE object = 'dmis.event';
UPDATE dmis.event SET phase = 'c' WHERE id > 4;
UPDATE dmis.event SET phase = NULL WHERE id = 4;
SELECT * FROM checked WHERE object = 'dmis.event';
ALTER TABLE dmis.event ENABLE TRIGGER rsl_phase_update;
SELECT * FROM checked WHERE object = 'dmis.event';
-- The next change puts a row right.
UPDATE dmis.event SET phase = 'a';
SELECT * FROM checked WHERE object = 'dmis.event';
-- Without the constraint.
ALTER TABLE dmis.event DROP CONSTRAINT event_phase_phase_check;
SET session_replication_role = replica;
UPDATE dmis.event SET phase = 'x' WHERE id = 1;
RESET session_replication_role;
SELECT * FROM checked WHERE object = 'dmis.event';
UPDATE dmis.event SET phase = 'a' WHERE id = 1;
DROP TRIGGER rsl_phase_insert ON dmis.event;
SELECT * FROM checked WHERE object = 'dmis.event';
-- A trigger of a partition.
CREATE TABLE dmis.parted (id int PRIMARY KEY, phase text) PARTITION BY RANGE (id);
CREATE TABLE dmis.parted_1 PARTITION OF dmis.parted FOR VALUES FROM (1) TO (10);
SELECT rsl.phase_on('dmis.parted', 'phase', '{a,b,c}');
ALTER TABLE dmis.parted_1 DISABLE TRIGGER rsl_phase_insert;
SELECT * FROM checked WHERE object LIKE 'dmis.parted%';
-- The table as a scope, and a role that sees less.
SELECT check_name, object, status, detail FROM rsl.verify('dmis.event');
SELECT check_name, object, status, detail FROM rsl.verify('rsl.users') WHERE check_name IN ('phase_triggers', 'freshness');
CREATE ROLE verify_phase_reader;
SELECT rsl.grant_access('verify_phase_reader', 'read');
SET ROLE verify_phase_reader;
SELECT object, status, detail, hint FROM rsl.verify('phase');
RESET ROLE;
-- All triggers dropped: the constraint tells that there were phases, on this very table and not on a copy of it.
CREATE TABLE public.task (id int PRIMARY KEY, state text NOT NULL);
SELECT rsl.phase_on('public.task', 'state', '{open,done}');
SELECT obj_description(oid, 'pg_constraint') FROM pg_constraint WHERE conrelid = 'public.task'::regclass AND contype = 'c';
DO $$ DECLARE t name; BEGIN FOR t IN SELECT tgname FROM pg_trigger WHERE tgrelid = 'public.task'::regclass LOOP EXECUTE format('DROP TRIGGER %I ON public.task', t); END LOOP; END $$;
CREATE TABLE public.task_copy (LIKE public.task INCLUDING ALL);
SELECT object, status, expected, actual, detail, hint FROM rsl.verify('phase_triggers') WHERE object ~ 'task';
SELECT rsl.phase_off('public.task');
SELECT rsl.phase_on('public.task', 'state', '{open,done}');
SELECT object, status, detail FROM rsl.verify('phase_triggers') WHERE object ~ 'task';
SELECT conname FROM pg_constraint WHERE conrelid = 'public.task'::regclass AND contype = 'c';
-- A constraint that was renamed is somebody's own, and stays without the mark.
ALTER TABLE public.task RENAME CONSTRAINT task_state_phase_check TO states;
SELECT rsl.phase_off('public.task');
SELECT conname, obj_description(oid, 'pg_constraint') FROM pg_constraint WHERE conrelid = 'public.task'::regclass AND contype = 'c';
SELECT object, status, detail FROM rsl.verify('phase_triggers') WHERE object ~ 'task';
DROP TABLE public.task, public.task_copy;
-- Renamed, and its triggers dropped afterwards: the comment names a table that is not there any more.
CREATE TABLE public.task (id int PRIMARY KEY, state text NOT NULL);
SELECT rsl.phase_on('public.task', 'state', '{open,done}');
ALTER TABLE public.task RENAME TO job;
SELECT object, status, detail FROM rsl.verify('phase_triggers') WHERE object ~ 'job';
DO $$ DECLARE t name; BEGIN FOR t IN SELECT tgname FROM pg_trigger WHERE tgrelid = 'public.job'::regclass LOOP EXECUTE format('DROP TRIGGER %I ON public.job', t); END LOOP; END $$;
SELECT object, status, expected, actual, detail, hint FROM rsl.verify('phase_triggers') WHERE object ~ 'job';
SELECT rsl.phase_off('public.job');
SELECT count(*) FROM pg_constraint WHERE conrelid = 'public.job'::regclass AND contype = 'c';
SELECT object FROM rsl.verify('phase_triggers') WHERE object ~ 'job';
DROP TABLE public.job;
-- A cast of the owner's own type does not run with the rights of whoever looks.
CREATE ROLE verify_phase_owner;
CREATE SCHEMA theirs AUTHORIZATION verify_phase_owner;
CREATE TYPE theirs.size AS ENUM ('s', 'm');
ALTER TYPE theirs.size OWNER TO verify_phase_owner;
CREATE TABLE theirs.job (size theirs.size PRIMARY KEY, state text NOT NULL);
SELECT rsl.phase_on('theirs.job', 'state', '{open,done}');
INSERT INTO theirs.job VALUES ('s', 'open'), ('m', 'open');
UPDATE theirs.job SET state = 'done' WHERE size = 's';
SET ROLE verify_phase_owner;
CREATE FUNCTION theirs.as_json(theirs.size) RETURNS json LANGUAGE plpgsql AS $$ BEGIN RAISE WARNING 'a cast runs as %', current_user; RETURN '"s"'; END $$;
CREATE CAST (theirs.size AS json) WITH FUNCTION theirs.as_json(theirs.size);
RESET ROLE;
SELECT object, status, detail FROM rsl.verify('phase_triggers') WHERE object ~ 'theirs';
SELECT phase, rows_now FROM rsl.phase_summary('theirs.job') ORDER BY phase;
