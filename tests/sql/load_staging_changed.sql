\i sql/include/load.psql
-- Rows go into staging as they come: a staging table that somebody has given indexes, triggers or constraints takes none.
CREATE SCHEMA erp;
CREATE TABLE erp.item (id int, name text);
CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.name := upper(NEW.name); RETURN NEW; END';
SELECT rsl.load_begin('erp.item') AS load \gset
SELECT payload($$SELECT 1, 'bolt'::text$$) AS good \gset
CREATE INDEX spoiling ON rsl_stage.load_:load (id);
SELECT rsl.load_push(:load, 1, :'good');
\echo :SQLSTATE
DROP INDEX rsl_stage.spoiling;
CREATE TRIGGER spoiling BEFORE INSERT ON rsl_stage.load_:load FOR EACH ROW EXECUTE FUNCTION spoil();
SELECT rsl.load_push(:load, 1, :'good');
DROP TRIGGER spoiling ON rsl_stage.load_:load;
ALTER TABLE rsl_stage.load_:load ADD CONSTRAINT spoiling CHECK (id > 1);
SELECT rsl.load_push(:load, 1, :'good');
ALTER TABLE rsl_stage.load_:load DROP CONSTRAINT spoiling, ADD twice int GENERATED ALWAYS AS (id * 2) STORED;
SELECT rsl.load_push(:load, 1, :'good');
ALTER TABLE rsl_stage.load_:load DROP twice, ENABLE ROW LEVEL SECURITY;
SELECT rsl.load_push(:load, 1, :'good');
ALTER TABLE rsl_stage.load_:load DISABLE ROW LEVEL SECURITY;
CREATE RULE spoiling AS ON INSERT TO rsl_stage.load_:load DO ALSO NOTIFY spoiled;
SELECT rsl.load_push(:load, 1, :'good');
DROP RULE spoiling ON rsl_stage.load_:load;
-- A column that came and went is none, and with the rest undone the load goes on.
SELECT rsl.load_push(:load, 1, :'good');
SELECT * FROM finish(:load, witness($$SELECT 1 AS id, 'bolt'::text AS name$$));
TABLE erp.item;
-- NULL where a table that the load creates has none.
SELECT rsl.load_begin('erp.unit', definition => '{"columns": [{"name": "id", "type": "integer", "not_null": true}, {"name": "name", "type": "text"}]}') AS load \gset
SELECT rsl.load_push(:load, 1, payload($$VALUES (1, NULL::text), (NULL, 'box')$$));
\echo :SQLSTATE
SELECT rsl.load_push(:load, 1, payload($$VALUES (1, NULL::text), (2, 'box')$$));
-- A domain that has none refuses it itself.
CREATE DOMAIN public.some AS text NOT NULL;
CREATE TABLE erp.named (name public.some);
SELECT rsl.load_begin('erp.named') AS load \gset
SELECT rsl.load_push(:load, 1, payload($$VALUES ('box'), (NULL)$$));
\echo :SQLSTATE
-- What the function of a domain comes upon elsewhere stays there: its rows are not shown.
CREATE TABLE erp.noted (name text NOT NULL, pay int DEFAULT 123456);
CREATE FUNCTION note(text) RETURNS boolean LANGUAGE sql AS 'INSERT INTO erp.noted (name) VALUES (NULL) RETURNING true';
CREATE DOMAIN public.telling AS text CHECK (note(VALUE));
CREATE TABLE erp.told (name public.telling);
SELECT rsl.load_begin('erp.told') AS load \gset
SELECT rsl.load_push(:load, 1, payload($$SELECT 'box'$$));
\echo :SQLSTATE
-- A row that no page holds, and one that is large.
CREATE TABLE erp.large (a text, b bytea);
SELECT rsl.load_begin('erp.large') AS load \gset
SELECT rsl.load_push(:load, 1, payload($$SELECT repeat('a', 3000000) AS a, decode(repeat(md5('b'), 100000), 'hex') AS b FROM generate_series(1, 3)$$));
SELECT exact, inserted FROM finish(:load, witness($$SELECT repeat('a', 3000000) AS a, decode(repeat(md5('b'), 100000), 'hex') AS b FROM generate_series(1, 3)$$));
SELECT rsl.load_begin('erp.large', ARRAY['a']) AS load \gset
ALTER TABLE rsl_stage.load_:load ALTER a SET STORAGE PLAIN;
SELECT rsl.load_push(:load, 1, payload($$SELECT repeat('a', 9000)$$));
\echo :SQLSTATE

-- What the role that began a load does to its staging does not run with the rights of whoever goes on with it.
CREATE ROLE staging_owner;
SELECT rsl.grant_access('staging_owner', 'load');
CREATE SCHEMA theirs AUTHORIZATION staging_owner;
SELECT payload($$SELECT 'a'::text$$) AS payload \gset
SET ROLE staging_owner;
CREATE FUNCTION theirs.holds(text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE WARNING 'a rule runs as %', current_user; RETURN true; END $$;
CREATE DOMAIN theirs.code AS text CHECK (theirs.holds(value));
CREATE TYPE theirs.pair AS (a int, b theirs.code[]);
CREATE TABLE theirs.item (v text);
SELECT rsl.load_begin('theirs.item') AS domained \gset
SELECT format('ALTER TABLE %s ALTER v TYPE theirs.code', staging) FROM rsl.load WHERE load_id = :domained \gexec
SELECT rsl.load_begin('theirs.made', definition => '{"columns": [{"name": "v", "type": "text"}]}') AS viewed \gset
SELECT rsl.load_push(:viewed, 1, :'payload');
SELECT format('ALTER TABLE %s RENAME TO theirs_now', staging) FROM rsl.load WHERE load_id = :viewed \gexec
SELECT format('CREATE VIEW %s AS SELECT v FROM rsl_stage.theirs_now WHERE theirs.holds(v)', staging) FROM rsl.load WHERE load_id = :viewed \gexec
SELECT rsl.load_begin('theirs.item') AS paired \gset
SELECT format('ALTER TABLE %s ALTER v TYPE theirs.pair USING NULL', staging) FROM rsl.load WHERE load_id = :paired \gexec
RESET ROLE;
SELECT rsl.load_push(:domained, 1, payload($$SELECT 'a'::text$$));
SELECT exact FROM finish(:domained, witness($$SELECT 'a'::text AS v$$));
SELECT exact FROM finish(:viewed, witness($$SELECT 'a'::text AS v$$));
SELECT rsl.load_push(:paired, 1, payload($$SELECT 'a'::text$$));
\echo :SQLSTATE
SELECT rsl.load_abort(:domained);
SELECT rsl.load_abort(:viewed);
SELECT rsl.load_abort(:paired);
SELECT relname FROM pg_class WHERE relnamespace = 'rsl_stage'::regnamespace AND relkind IN ('r', 'v') ORDER BY 1;
