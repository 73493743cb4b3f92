-- Who may do what: an ordinary role changes rows and needs no right on the history; the owner of a table turns phases on.
CREATE ROLE phase_owner;
CREATE ROLE phase_writer;
CREATE ROLE phase_clerk IN ROLE phase_writer;
CREATE ROLE phase_stranger;
CREATE SCHEMA dmis;
GRANT USAGE ON SCHEMA dmis TO PUBLIC;
GRANT CREATE ON SCHEMA dmis TO phase_owner, phase_stranger;
GRANT USAGE ON SCHEMA rsl TO phase_owner, phase_stranger;
GRANT EXECUTE ON FUNCTION rsl.phase_on, rsl.phase_off, rsl.track_install, rsl.track_remove TO phase_owner, phase_stranger;
SET ROLE phase_owner;
CREATE TABLE dmis.event (id int PRIMARY KEY, phase text);
GRANT SELECT, INSERT, UPDATE ON dmis.event TO phase_writer;
SELECT rsl.phase_on('dmis.event', 'phase', '{a,b,c}');
SELECT rsl.phase_summary('dmis.event');
SET ROLE phase_writer;
INSERT INTO dmis.event VALUES (1, 'a');
SET ROLE phase_clerk;
UPDATE dmis.event SET phase = 'b';
SET rsl.actor = 'kim';
UPDATE dmis.event SET phase = 'c';
SELECT * FROM rsl.phase_history;
INSERT INTO rsl.phase_history (schema_name) VALUES ('dmis');
RESET rsl.actor;
RESET ROLE;
-- A function with its owner's rights acts as its owner.
CREATE FUNCTION dmis.reopen() RETURNS void LANGUAGE sql SECURITY DEFINER AS $$ UPDATE dmis.event SET phase = 'a' $$;
ALTER FUNCTION dmis.reopen OWNER TO phase_owner;
SET ROLE phase_clerk;
SELECT dmis.reopen();
SELECT rsl.phase_off('dmis.event');
RESET ROLE;
SELECT from_phase, to_phase, changed_by, acting_role, session_role = session_user AS session_role FROM rsl.phase_history ORDER BY phase_history_id;
-- Of somebody else's table nobody else turns anything on or off.
SET ROLE phase_stranger;
SELECT rsl.phase_on('dmis.event', 'phase', '{a,b,c}');
\echo :SQLSTATE
SELECT rsl.phase_off('dmis.event');
SELECT rsl.track_install('dmis.event', 'phase', 'phase', '{"phases": ["x"]}');
SELECT rsl.track_remove('dmis.event', 'phase');
-- And nobody takes the trigger function for a trigger of his own.
CREATE TABLE dmis.own (id int PRIMARY KEY, phase text);
CREATE TRIGGER mine AFTER INSERT ON dmis.own FOR EACH ROW EXECUTE FUNCTION rsl.phase_record('{"phases": ["x"]}');
SELECT rsl.track_create_triggers('dmis.own', 'phase', 'phase', '{}');
SELECT rsl.phase_on('dmis.own', 'phase', '{a}');
-- What runs with the rights of the extension's owner is nothing of the table's owner: not the functions of his types.
CREATE FUNCTION dmis.spy(text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'as %', current_user; RETURN true; END $$;
CREATE DOMAIN dmis.spied AS text CHECK (dmis.spy(VALUE));
CREATE TABLE dmis.trap (id dmis.spied PRIMARY KEY, phase dmis.spied, who dmis.spied CHECK (dmis.spy(who)));
INSERT INTO dmis.trap VALUES ('1', 'a', 'x');
SELECT rsl.phase_on('dmis.trap', 'phase', '{a,b}', changed_by => 'who');
UPDATE dmis.trap SET phase = 'b';
RESET ROLE;
GRANT phase_owner TO phase_stranger;
SET ROLE phase_stranger;
SELECT rsl.phase_off('dmis.event');
RESET ROLE;
-- A reader of rsl reads the history.
SELECT rsl.grant_access('phase_writer', 'read');
SET ROLE phase_writer;
SELECT count(*) FROM rsl.phase_history;
DELETE FROM rsl.phase_history;
SELECT rsl.grant_access('phase_writer', 'app');
RESET ROLE;
-- An application changes groups.
SELECT rsl.grant_access('phase_writer', 'app');
SET ROLE phase_writer;
INSERT INTO rsl.rsl_group (slug, name, owner) VALUES ('g', 'G', 'kim');
UPDATE rsl.rsl_group SET status = 'validated';
UPDATE rsl.rsl_group SET status = 'retired';
SELECT key, from_phase, to_phase, acting_role FROM rsl.phase_history WHERE table_name = 'rsl_group' ORDER BY phase_history_id;
