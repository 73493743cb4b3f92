-- Rows that triggers add, that other tables inherit or that row security hides never make a load exact that is not.
\i sql/include/load.psql
CREATE SCHEMA erp;
-- A NULL in the key is accepted into an empty table and refused from then on: the load cannot be repeated.
CREATE TABLE erp.nk (code text UNIQUE, v int);
SELECT exact, reason FROM load('SELECT NULL::text AS code, 2 AS v', 'erp.nk', 'upsert', ARRAY['code']);
SELECT exact, reason FROM load('SELECT NULL::text AS code, 2 AS v', 'erp.nk', 'upsert', ARRAY['code']);
-- Rows that a trigger adds (or deletes) beside those of the source go unseen where the table has a key and was not empty; without a key they are seen.
--
CREATE TABLE erp.dt (id int PRIMARY KEY, v text);
INSERT INTO erp.dt VALUES (1, 'x');
CREATE FUNCTION erp.dbl() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN IF NEW.id < 1000 THEN INSERT INTO erp.dt VALUES (NEW.id + 1000, NEW.v); END IF; RETURN NEW; END$$;
CREATE TRIGGER dbl AFTER INSERT ON erp.dt FOR EACH ROW EXECUTE FUNCTION erp.dbl();
SELECT exact, inserted FROM load($$SELECT 2 AS id, 'p' AS v$$, 'erp.dt', 'append');
SELECT * FROM erp.dt ORDER BY id;
-- replace deletes the rows of tables that inherit from the target.
CREATE TABLE erp.par (id int);
CREATE TABLE erp.chi () INHERITS (erp.par);
INSERT INTO erp.chi VALUES (1);
SELECT exact, deleted FROM load('SELECT 2 AS id', 'erp.par', 'replace');
-- Row security hides rows from the loader, and the replace is exact although they stay.
CREATE ROLE bug_rls;
SELECT rsl.grant_access('bug_rls', 'load');
CREATE TABLE erp.r (id int PRIMARY KEY);
INSERT INTO erp.r VALUES (1);
ALTER TABLE erp.r ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON erp.r USING (id > 1);
GRANT ALL ON erp.r TO bug_rls; GRANT USAGE ON SCHEMA erp TO bug_rls;
SET ROLE bug_rls;
SELECT rsl.load_begin('erp.r', mode => 'replace');
RESET ROLE;
SELECT * FROM erp.r;
