-- rsl.audit_on and rsl.audit_off: what they do once and again, and what they refuse without doing half of it.
SET client_min_messages = warning;
CREATE TABLE t (id int PRIMARY KEY, a text, b text);
SELECT rsl.audit_on('t'), rsl.audit_on('t');
SELECT rsl.audit_on('t', '{id}', '{}'), rsl.audit_on('public.t'::regclass, exclude => '{}');
SELECT tgname, tgenabled FROM pg_trigger WHERE tgrelid = 't'::regclass ORDER BY 1;
SELECT rsl.audit_on('t', exclude => '{b}');
SELECT rsl.audit_on('t', '{a}');
SELECT rsl.audit_settings('t'), rsl.audit_settings('pg_class');
-- A trigger that was switched off or is gone is put right.
ALTER TABLE t DISABLE TRIGGER rsl_audit_update;
SELECT rsl.audit_on('t'), rsl.audit_on('t');
DROP TRIGGER rsl_audit_update ON t;
SELECT rsl.audit_on('t'), rsl.audit_on('t');
INSERT INTO t VALUES (1, 'a', 'b');
UPDATE t SET a = 'A';
SELECT rsl.audit_off('t'), rsl.audit_off('t');
UPDATE t SET a = 'unseen';
SELECT rsl.audit_on('t', '{id}', '{b}');
UPDATE t SET a = 'seen', b = 'excluded';
UPDATE t SET b = 'nothing else';
SELECT operation, key, old, new FROM rsl.audit_log ORDER BY id;
SELECT operation, old, new FROM rsl.history('t', '{"id": 1}');
SELECT switch_id, action, table_name, key_columns, exclude, session_role, acting_role, actor FROM rsl.audit_switch ORDER BY 1;
SELECT count(*), min(table_name) FROM rsl.audit_table;
-- What was between off and on is not known.
\set VERBOSITY sqlstate
SELECT rsl.as_of('t'::regclass, (SELECT at FROM rsl.audit_log ORDER BY id LIMIT 1));
\set VERBOSITY default
SELECT rsl.as_of('t'::regclass, clock_timestamp());
-- Refused, and nothing is left of it.
CREATE TABLE no_key (id int, a text);
CREATE VIEW v AS SELECT * FROM t;
CREATE MATERIALIZED VIEW m AS SELECT * FROM t;
CREATE TEMPORARY TABLE temporary (id int PRIMARY KEY);
CREATE SEQUENCE s;
CREATE EXTENSION file_fdw;
CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
CREATE FOREIGN TABLE elsewhere (id int) SERVER files OPTIONS (filename '/dev/null');
CREATE TABLE parted (id int, PRIMARY KEY (id)) PARTITION BY RANGE (id);
CREATE TABLE part PARTITION OF parted FOR VALUES FROM (0) TO (10);
CREATE TABLE with_elsewhere (id int) PARTITION BY RANGE (id);
CREATE FOREIGN TABLE far PARTITION OF with_elsewhere FOR VALUES FROM (0) TO (10) SERVER files OPTIONS (filename '/dev/null');
SELECT rsl.audit_on('no_key');
SELECT rsl.audit_on('v');
SELECT rsl.audit_on('m');
SELECT rsl.audit_on('temporary');
SELECT rsl.audit_on('s');
SELECT rsl.audit_on('elsewhere');
SELECT rsl.audit_on('with_elsewhere', '{id}');
SELECT rsl.audit_on('part');
SELECT rsl.audit_on('pg_class');
SELECT rsl.audit_on('rsl.load');
SELECT rsl.audit_on('rsl.audit_block');
SELECT rsl.audit_on('rsl.audit_switch');
SELECT rsl.audit_on('rsl.phase_history');
SELECT rsl.audit_on('nothing');
SELECT rsl.audit_on(0);
SELECT rsl.audit_on(NULL);
SELECT rsl.audit_off(NULL);
SELECT rsl.audit_on('parted', '{}');
SELECT rsl.audit_on('parted', '{NULL}');
SELECT rsl.audit_on('parted', '{nothing}');
SELECT rsl.audit_on('parted', '{id,id}');
SELECT rsl.audit_on('parted', '{ctid}');
SELECT rsl.audit_on('parted', '{{id}}');
SELECT rsl.audit_off('parted');
SELECT rsl.audit_on('parted', exclude => '{id}');
SELECT rsl.audit_on('parted', '{id}', '{id}');
SELECT rsl.audit_on('parted', exclude => '{nothing}');
SELECT rsl.audit_on('parted', exclude => '{NULL}');
SELECT rsl.audit_on('no_key', '{id}', '{a,a}');
SELECT tgrelid::regclass, tgname FROM pg_trigger WHERE tgfoid = 'rsl.audit_write()'::regprocedure AND tgrelid <> 't'::regclass;
SELECT count(*) FROM rsl.audit_switch;
-- A key that was named, of columns that may be NULL and be there twice: what is known of the rows is still true.
SELECT rsl.audit_on('no_key', '{id}');
INSERT INTO no_key VALUES (NULL, 'x'), (1, 'y');
UPDATE no_key SET a = 'z' WHERE id IS NULL;
SELECT operation, old, new FROM rsl.history('no_key', '{"id": null}');
-- Only for the owner, and whoever is one of his.
CREATE ROLE audit_nobody;
CREATE ROLE audit_owner;
CREATE ROLE audit_member IN ROLE audit_owner;
SELECT rsl.grant_access(r, 'audit') FROM unnest('{audit_nobody,audit_owner,audit_member}'::regrole[]) r;
CREATE TABLE own (id int PRIMARY KEY);
ALTER TABLE own OWNER TO audit_owner;
SET ROLE audit_nobody;
SELECT rsl.audit_on('own');
SELECT rsl.audit_off('t');
SELECT rsl.audit_put_on('own', 'postgres', 'postgres', NULL, NULL, NULL);
SELECT rsl.audit_take_off('t', 'postgres', 'postgres', NULL);
SET ROLE audit_member;
SET rsl.actor = 'kim';
SELECT rsl.audit_on('own');
SELECT rsl.audit_off('own');
RESET ROLE;
RESET rsl.actor;
SELECT action, table_name, acting_role, actor FROM rsl.audit_switch WHERE table_name = 'own' ORDER BY switch_id;
-- A name that was another table's before; a table that was renamed keeps its number.
DROP TABLE own;
CREATE TABLE own (id int PRIMARY KEY, other text);
SELECT rsl.audit_on('own');
ALTER TABLE own RENAME TO own_before;
CREATE TABLE own (id int PRIMARY KEY);
SELECT rsl.audit_on('own');
SELECT target, settings ->> 'table' AS number FROM rsl.audit_triggers() WHERE trigger = 'rsl_audit_begin' AND target::text LIKE 'own%' ORDER BY 1;
-- A name that needs quotes keeps its number, too.
CREATE SCHEMA "Own Schema";
CREATE TABLE "Own Schema"."Table" (id int PRIMARY KEY);
SELECT rsl.audit_on('"Own Schema"."Table"');
SELECT rsl.audit_off('"Own Schema"."Table"');
SELECT rsl.audit_on('"Own Schema"."Table"');
SELECT count(DISTINCT table_id) FROM rsl.audit_switch WHERE schema_name = 'Own Schema';
-- In a transaction that fails, and one that goes on.
BEGIN;
CREATE TABLE inside (id int PRIMARY KEY);
SELECT rsl.audit_on('inside');
INSERT INTO inside VALUES (1);
ROLLBACK;
BEGIN;
CREATE TABLE inside (id int PRIMARY KEY);
SELECT rsl.audit_on('inside');
INSERT INTO inside VALUES (2);
SAVEPOINT s;
SELECT rsl.audit_off('inside');
INSERT INTO inside VALUES (3);
ROLLBACK TO s;
INSERT INTO inside VALUES (4);
COMMIT;
SELECT operation, new FROM rsl.audit_log WHERE table_name = 'inside' ORDER BY id;
-- DROP EXTENSION takes nothing away by accident.
DROP EXTENSION rsl;
-- Hashes of passwords are left out without being asked.
SELECT rsl.audit_on('rsl.users');
SELECT rsl.audit_settings('rsl.users');
SELECT rsl.audit_off('rsl.users');
DROP OWNED BY audit_nobody, audit_owner, audit_member;
DROP ROLE audit_nobody, audit_owner, audit_member;
