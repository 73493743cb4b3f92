-- A status that time has passed by, and a trigger that is disabled.
CREATE SCHEMA dmis;
CREATE TABLE dmis.warehouse (id int PRIMARY KEY, at timestamp, status text);
CREATE VIEW checked AS SELECT object, status, expected, actual, detail, hint FROM rsl.verify('freshness');
SELECT * FROM checked;
SELECT rsl.freshness_on('dmis.warehouse', 'at', 'status');
SELECT * FROM checked;
INSERT INTO dmis.warehouse SELECT n, timezone('utc', now()) FROM generate_series(1, 3) n;
SELECT * FROM checked;
ALTER TABLE dmis.warehouse DISABLE TRIGGER zz_rsl_freshness;
UPDATE dmis.warehouse SET at = at - interval '3 hours';
INSERT INTO dmis.warehouse VALUES (4);
SELECT * FROM checked;
ALTER TABLE dmis.warehouse ENABLE TRIGGER zz_rsl_freshness;
SELECT * FROM checked;
-- The hint mends it.
SELECT hint FROM checked \gexec
SELECT * FROM checked;
SELECT check_name, object, status, detail FROM rsl.verify('dmis.warehouse');
ALTER TABLE dmis.warehouse DROP COLUMN at;
SELECT * FROM checked;
CREATE ROLE verify_freshness_reader;
SELECT rsl.grant_access('verify_freshness_reader', 'read');
SET ROLE verify_freshness_reader;
SELECT object, status, detail, hint FROM rsl.verify('freshness');
