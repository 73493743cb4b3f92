\i sql/include/load.psql
-- A type may run code of its owner. Whoever looks back at a table does not lend it his rights.
CREATE ROLE trapper;
CREATE SCHEMA AUTHORIZATION trapper;
SELECT rsl.grant_access('trapper', 'audit');
SET ROLE trapper;
CREATE FUNCTION trapper.check_it(value int) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    RAISE WARNING 'run as %', current_user;
    RETURN true;
END $$;
CREATE DOMAIN trapper.trap AS int CHECK (trapper.check_it(value));
CREATE TYPE trapper.pair AS (a trapper.trap, b text);
SET client_min_messages = error;
CREATE TABLE trapper.bait (id int PRIMARY KEY, one trapper.trap, two trapper.pair, three trapper.trap[]);
SELECT rsl.audit_on('trapper.bait');
INSERT INTO trapper.bait VALUES (1, 1, '(1,x)', '{1,2}');
RESET ROLE;
SELECT clock_timestamp() AS then \gset
DELETE FROM trapper.bait;
SET client_min_messages = warning;
SELECT key, old FROM rsl.audit_log WHERE table_name = 'bait' AND operation = 'delete';
SELECT * FROM rsl.as_of(NULL::trapper.bait, :'then');
