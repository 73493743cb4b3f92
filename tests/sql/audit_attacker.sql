-- Somebody with ordinary rights tries to hide a change, to forge one, or to hinder others.
SET client_min_messages = warning;
CREATE TABLE t (id int PRIMARY KEY, v text);
CREATE TABLE watched (id int PRIMARY KEY, v text) PARTITION BY RANGE (id);
CREATE TABLE watched_1 PARTITION OF watched FOR VALUES FROM (0) TO (100);
SELECT rsl.audit_on('t'), rsl.audit_on('watched');
CREATE ROLE audit_attacker LOGIN;
CREATE ROLE audit_other;
GRANT SELECT, INSERT, UPDATE, DELETE ON t, watched TO audit_attacker;
SELECT rsl.grant_access('audit_attacker', 'app');
CREATE SCHEMA his AUTHORIZATION audit_attacker;
GRANT TEMPORARY ON DATABASE :"DBNAME" TO audit_attacker;
\c - audit_attacker
SET client_min_messages = error;
-- Names that stand before those of the extension and of PostgreSQL.
CREATE TEMPORARY TABLE audit_block (LIKE public.t);
CREATE TEMPORARY TABLE audit_shape (shape_id int, columns jsonb, key_columns text[], table_id int, schema_name name, table_name name);
CREATE TEMPORARY TABLE pg_trigger (a int);
CREATE TEMPORARY TABLE pg_class (a int);
CREATE TEMPORARY SEQUENCE audit_block_id;
CREATE FUNCTION his.role_name(oid) RETURNS text LANGUAGE sql AS $$ SELECT 'somebody else' $$;
CREATE FUNCTION his.inet_client_addr() RETURNS inet LANGUAGE sql AS $$ SELECT inet '1.2.3.4' $$;
CREATE FUNCTION his.host(inet) RETURNS text LANGUAGE sql AS $$ SELECT 'elsewhere' $$;
CREATE FUNCTION his.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS $$ SELECT timestamptz '2001-01-01' $$;
CREATE FUNCTION his.eq(int, int) RETURNS boolean LANGUAGE sql AS $$ SELECT false $$;
CREATE OPERATOR his.= (LEFTARG = int, RIGHTARG = int, FUNCTION = his.eq);
SET search_path = pg_temp, his, public, pg_catalog;
INSERT INTO public.t VALUES (1, 'shadowed');
RESET search_path;
-- Settings.
SET session_replication_role = replica;
ALTER TABLE t DISABLE TRIGGER ALL;
DROP TRIGGER rsl_audit_insert ON t;
SET row_security = off;
SET transform_null_equals = on;
SET check_function_bodies = off;
SET standard_conforming_strings = off;
SET bytea_output = 'escape';
SET constraint_exclusion = on;
SET enable_seqscan = off;
SET default_transaction_isolation = 'repeatable read';
SET statement_timeout = '1min';
SET work_mem = '64kB';
SET temp_file_limit = 1;
SET client_encoding = 'LATIN1';
INSERT INTO t VALUES (2, 'settings');
RESET ALL;
SET client_min_messages = error;
-- Who he says that he is.
SET rsl.actor = 'the boss';
SET application_name = 'the backup';
INSERT INTO t VALUES (3, 'as actor');
SELECT set_config('rsl.actor', repeat('x', 10000000), false) IS NULL;
SELECT set_config('application_name', repeat('y', 10000000), false) IS NULL;
INSERT INTO t VALUES (4, 'long');
SELECT set_config('rsl.actor', e'a\nb\t"''\\;--', false) IS NULL;
INSERT INTO t VALUES (5, 'odd');
SET client_encoding = 'SQL_ASCII';
SELECT set_config('rsl.actor', convert_from('\xff', 'LATIN1'), false) IS NULL;
SET rsl.actor = '';
RESET client_encoding;
RESET application_name;
SET ROLE audit_other;
SET SESSION AUTHORIZATION audit_other;
CREATE ROLE "audit_someone";
-- The log itself, and what it is made with.
SELECT * FROM rsl.audit_log;
SELECT * FROM rsl.audit_block;
INSERT INTO rsl.audit_block VALUES (1);
UPDATE rsl.audit_shape SET table_name = 'x';
DELETE FROM rsl.audit_seal;
TRUNCATE rsl.audit_block;
COPY rsl.audit_block FROM stdin;
\.
SELECT nextval('rsl.audit_block_id');
SELECT setval('rsl.audit_block_id', 1);
DROP TABLE rsl.audit_block;
CREATE TABLE rsl.mine (id int);
CREATE TABLE rsl_audit.mine (id int);
BEGIN;
LOCK TABLE rsl.audit_seal IN SHARE ROW EXCLUSIVE MODE;
ROLLBACK;
CREATE TRIGGER f AFTER INSERT ON audit_block FOR EACH ROW EXECUTE FUNCTION rsl.audit_write('{}');
SELECT rsl.audit_write();
SELECT rsl.audit_on('t');
SELECT rsl.audit_off('t');
SELECT rsl.audit_put_on('t', 'postgres', 'postgres', NULL, NULL, NULL);
SELECT rsl.audit_take_off('t', 'postgres', 'postgres', NULL);
SELECT rsl.audit_put_seal('seal', 1, 0, 0, 0, 0, '', NULL, 'a', 'b', 'c');
SELECT rsl.audit_put_seals('a', 'b', 'c');
SELECT rsl.audit_month('2035-01-01');
SELECT rsl.audit_months_ahead();
SELECT rsl.audit_seal();
SELECT rsl.audit_check();
SELECT rsl.audit_prune('0');
SELECT rsl.history('t', '{"id": 1}');
SELECT rsl.as_of('t'::regclass, clock_timestamp());
SELECT rsl.load_undo(1);
-- Ways to write that might go round triggers.
BEGIN;
COPY t FROM stdin (FREEZE);
6	frozen
\.
COMMIT;
COPY t FROM stdin;
6	copied
\.
BEGIN;
DECLARE c CURSOR FOR SELECT * FROM t WHERE id = 6 FOR UPDATE;
MOVE c;
UPDATE t SET v = 'by cursor' WHERE CURRENT OF c;
COMMIT;
DO $$ BEGIN
    BEGIN
        UPDATE t SET v = 'inside' WHERE id = 6;
    EXCEPTION WHEN OTHERS THEN NULL;
    END;
END $$;
INSERT INTO watched VALUES (1, 'through the parent');
INSERT INTO watched_1 VALUES (2, 'not his');
CREATE RULE r AS ON INSERT TO t DO INSTEAD NOTHING;
CREATE TRIGGER before_all BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION rsl.refuse_change();
CREATE TABLE his.child () INHERITS (public.t);
ALTER TABLE t RENAME TO t2;
GRANT UPDATE ON t TO audit_other;
-- Functions that anybody may call, with nonsense and with much of it.
CREATE FUNCTION his.outcome(sql text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE sql;
    RETURN 'fine';
EXCEPTION WHEN OTHERS THEN RETURN SQLSTATE || ' ' || SQLERRM;
END $$;
SELECT i, his.outcome(format('SELECT count(*) FROM rsl.audit_changes(1, %L)', i)) FROM unnest(ARRAY['', '\x00', '\x00000000', '\x01000000', '\xffffffff', '\xffffff7f',
    '\x01000000000000000000000001000000', '\x0100000000000000000000000100000049', '\x010000000000000000000000ffffffff49', '\x01000000000000000000000002000000490f',
    '\x0200000000000000000000000000000000000000ffffffff01000000', '\x010000000000000000000000070000004900ffffffffff']) i;
SELECT i, his.outcome(format('SELECT rsl.audit_json(1, %L)', i)) FROM unnest(ARRAY['', '\x00', '\x0000', '\xffff', '\x0300', '\x030001000000', '\x03000100000003616263', '\x030001000000ffffffffff', '\x03000100000001ff', '\x0300010000000100', '\x0303']) i;
SELECT his.outcome('SELECT rsl.audit_json(1, ''\x030001000000'' || decode(repeat(''ff'', 50000000), ''hex''))');
SELECT his.outcome('SELECT rsl.audit_json(NULL, ''''), rsl.audit_json(1, NULL), rsl.audit_json(99, '''')');
SELECT his.outcome('SELECT rsl.audit_key(1, ''\x010001000000'', ''{a}''), rsl.audit_key(1, ''\x0000'', ''{NULL}''), rsl.audit_key(1, ''\x0000'', ''{}'')');
SELECT his.outcome('SELECT rsl.audit_key(1, '''', ''{{a},{b}}'')');
SELECT i, his.outcome(format('SELECT rsl.audit_row(NULL::public.t, %s)', i)) FROM unnest(ARRAY['NULL, NULL', '''{1}'', NULL', '''{1}'', ARRAY[''\x030001000000''::bytea]', '''{1,NULL}'', ARRAY[''\x0000'', NULL::bytea]',
    '''{{1,1}}'', ARRAY[''\x03000100000003616263''::bytea]', '''{1}'', ARRAY[''\x03000100000003616263''::bytea]', '''{99}'', ARRAY[''''::bytea]']) i;
SELECT i, his.outcome('SELECT rsl.audit_row(' || i || ')') FROM unnest(ARRAY['1, ''{1}'', ARRAY[''\x030001000000''::bytea]', 'NULL::int, ''{1}'', ''{}''', 'ROW(1, 2), ''{1}'', ARRAY[''\x03000100000003616263''::bytea]', 'NULL::text[], ''{}'', ''{}''']) i;
SELECT i, his.outcome('SELECT rsl.audit_key_hash(' || i || ')') FROM unnest(ARRAY['NULL', '1', 'NULL::int, ''a''::text', 'VARIADIC ''{1,2}''::int[]', 'ROW(1, ''a''::text)', '''x''', 'VARIADIC NULL::int[]']) i;
SELECT his.outcome('SELECT rsl.audit_order(''IDX'', ''{1}'', ''{}'', ''{NULL}''), rsl.audit_order('''', ''{}'', ''{}'', ''{}''), rsl.audit_order(''é'', ''{1,2}'', ''{NULL,NULL}'', ''{NULL,NULL}'')');
SELECT his.outcome('SELECT rsl.audit_order(''II'', ''{1,NULL}'', ''{NULL,NULL}'', ''{NULL,NULL}'')');
SELECT his.outcome('SELECT count(*) FROM rsl.audit_entries(''\x00'')'), his.outcome('SELECT count(*) FROM rsl.audit_entries(decode(repeat(''ff'', 100000), ''hex''))');
SELECT his.outcome('SELECT rsl.audit_trigger_settings(''\x00''), rsl.audit_trigger_settings(decode(repeat(''5b'', 100000) || ''00'', ''hex''))');
SELECT his.outcome('SELECT rsl.audit_block_hash(NULL), rsl.audit_block_hash(ROW(1, now(), 3, NULL, 1, 1, 1, 99, 1, 1, ''I'', '''', '''', NULL, NULL, NULL, '''')::rsl.audit_block)');
SELECT his.outcome('SELECT rsl.audit_buckets(-1), rsl.audit_buckets(NULL), rsl.audit_month_number(''infinity'')');
SELECT his.outcome('SELECT * FROM rsl.audit_rewind(1)');
RESET ROLE;
\c - postgres
SELECT new ->> 'v' AS v, operation, session_role, acting_role, length(actor) AS actor, length(application) AS application, client_addr IS NULL OR client_addr = '127.0.0.1' AS address, age(at) < interval '1 hour' AS now
FROM rsl.audit_log ORDER BY id;
SELECT left(actor, 20) AS actor, left(application, 20) FROM rsl.audit_log WHERE new ->> 'v' IN ('as actor', 'long', 'odd') ORDER BY id;
SELECT count(*) FROM rsl.history('t', '{"id": 6}');
-- The owner of a table, who is no superuser: what he does is seen.
CREATE ROLE audit_owning;
GRANT CREATE ON SCHEMA public TO audit_owning;
SELECT rsl.grant_access('audit_owning', 'audit');
SET ROLE audit_owning;
CREATE TABLE own (id int PRIMARY KEY, v text);
SELECT rsl.audit_on('own');
INSERT INTO own VALUES (1, 'a');
ALTER TABLE own DISABLE TRIGGER rsl_audit_update;
UPDATE own SET v = 'hidden';
SELECT enabled FROM rsl.tracked() WHERE target = 'public.own';
SELECT rsl.audit_on('own');
\set VERBOSITY sqlstate
SELECT rsl.as_of('own'::regclass, (SELECT at FROM rsl.audit_log WHERE table_name = 'own'));
\set VERBOSITY default
DROP TRIGGER rsl_audit_update ON own;
ALTER TABLE own RENAME TO "own'; DROP TABLE own; --";
UPDATE "own'; DROP TABLE own; --" SET v = 'b';
DELETE FROM "own'; DROP TABLE own; --";
RESET ROLE;
SELECT table_name, operation FROM rsl.audit_log WHERE table_name LIKE 'own%' ORDER BY id;
SELECT rsl.audit_seal() > 0, count(*) FROM rsl.audit_check();
REVOKE TEMPORARY ON DATABASE :"DBNAME" FROM audit_attacker;
DROP OWNED BY audit_attacker, audit_owning CASCADE;
DROP ROLE audit_attacker, audit_other, audit_owning;
