-- Time passes without a trigger: rsl.freshness tells the present status, rsl.freshness_refresh writes it.
CREATE TABLE warehouse (id int, part text, at timestamp, status varchar(10), PRIMARY KEY (id, part));
SELECT rsl.freshness_on('warehouse', 'at', 'status');
INSERT INTO warehouse SELECT n, 'x', timezone('utc', now() - age) FROM (VALUES (1, NULL::interval), (2, '1 hour'), (3, '3 hours'), (4, '7 hours')) v(n, age);
CREATE VIEW seen AS SELECT key, status, status_now FROM rsl.freshness('warehouse');
SELECT * FROM seen;
SELECT synced_at BETWEEN now() - interval '61 minutes' AND now() - interval '59 minutes' AS an_hour_ago FROM rsl.freshness('warehouse') WHERE status = 'ONLINE';
-- As if hours had passed.
ALTER TABLE warehouse DISABLE TRIGGER zz_rsl_freshness;
UPDATE warehouse SET at = at - interval '3 hours';
UPDATE warehouse SET status = NULL WHERE id = 4;
ALTER TABLE warehouse ENABLE TRIGGER zz_rsl_freshness;
SELECT * FROM seen;
SELECT status_now, count(*) FROM rsl.freshness('warehouse') GROUP BY 1 ORDER BY 1;
SELECT rsl.freshness_refresh('warehouse');
SELECT * FROM seen;
SELECT rsl.freshness_refresh('warehouse');
-- Of a table without freshness there is none, and whoever may not update does not.
SELECT rsl.freshness_off('warehouse');
SELECT rsl.freshness_refresh('warehouse');
\echo :SQLSTATE
SELECT rsl.freshness('warehouse');
SELECT rsl.freshness(NULL);
SELECT rsl.freshness_refresh(NULL);
SELECT rsl.freshness_on('warehouse', 'at', 'status');
UPDATE warehouse SET at = NULL;
ALTER TABLE warehouse DISABLE TRIGGER zz_rsl_freshness;
UPDATE warehouse SET status = 'ONLINE';
CREATE ROLE freshness_reader;
GRANT USAGE ON SCHEMA rsl TO freshness_reader;
GRANT EXECUTE ON FUNCTION rsl.freshness_refresh TO freshness_reader;
GRANT SELECT ON warehouse TO freshness_reader;
SET ROLE freshness_reader;
SELECT status, status_now, count(*) FROM rsl.freshness('warehouse') GROUP BY 1, 2;
SELECT rsl.freshness_refresh('warehouse');
RESET ROLE;
