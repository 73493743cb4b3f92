-- The status of a row follows from the time of its last synchronisation when it is inserted or updated.
CREATE TABLE warehouse (id int PRIMARY KEY, last_sync_dtime timestamp(0), sync_status varchar(10) DEFAULT 'UNKNOWN', name text);
INSERT INTO warehouse VALUES (0, timezone('utc', now()));
SELECT rsl.freshness_on('warehouse', 'last_sync_dtime', 'sync_status');
SELECT settings - 'check' AS settings FROM rsl.tracked() WHERE target = 'public.warehouse';
-- In UTC, whatever the session's time zone.
SET timezone = 'Asia/Seoul';
INSERT INTO warehouse SELECT n, timezone('utc', now() - age) FROM (VALUES (1, NULL::interval), (2, '0'), (3, '1:59'), (4, '2:01'), (5, '5:59'), (6, '6:01'), (7, '100 years'), (8, '-1 day')) v(n, age);
INSERT INTO warehouse VALUES (9, 'infinity'), (10, '-infinity');
RESET timezone;
SELECT id, sync_status FROM warehouse ORDER BY id;
-- Whoever writes the status himself is put right; a row that is touched gets its present status.
UPDATE warehouse SET sync_status = 'ONLINE' WHERE id = 6;
UPDATE warehouse SET last_sync_dtime = NULL WHERE id = 2;
UPDATE warehouse SET name = 'Kingston' WHERE id = 0;
SELECT id, sync_status, name FROM warehouse WHERE id IN (0, 2, 6) ORDER BY id;
-- What other triggers set before is what counts.
CREATE FUNCTION synced() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.last_sync_dtime := timezone('utc', now()); RETURN NEW; END $$;
CREATE TRIGGER synced BEFORE UPDATE ON warehouse FOR EACH ROW EXECUTE FUNCTION synced();
UPDATE warehouse SET name = 'Montego Bay' WHERE id = 7;
SELECT sync_status FROM warehouse WHERE id = 7;
-- Any type that can hold the words, other thresholds, partitions.
CREATE TYPE state AS ENUM ('UNKNOWN', 'OFFLINE', 'STALE', 'ONLINE');
CREATE DOMAIN moment AS timestamptz;
CREATE TABLE site (status state, id int, at moment, PRIMARY KEY (id)) PARTITION BY RANGE (id);
CREATE TABLE site_1 (at moment, id int PRIMARY KEY, gone int, status state);
ALTER TABLE site_1 DROP COLUMN gone;
ALTER TABLE site ATTACH PARTITION site_1 FOR VALUES FROM (0) TO (10);
SELECT rsl.freshness_on('site', 'at', 'status', '1 minute', '1 day 12 hours');
INSERT INTO site (id, at) VALUES (1, NULL), (2, now()), (3, now() - interval '61 seconds'), (4, now() - interval '36:00:01');
SELECT id, status FROM site ORDER BY id;
CREATE TABLE padded (id int PRIMARY KEY, at timestamptz, status char(12));
SELECT rsl.freshness_on('padded', 'at', 'status', '0', '0');
INSERT INTO padded VALUES (1, now() - interval '1 second'), (2, now() + interval '1 hour');
SELECT id, status FROM padded ORDER BY id;
-- Columns may be renamed; one that is gone is an error.
ALTER TABLE padded RENAME at TO seen_at;
ALTER TABLE padded RENAME status TO state;
INSERT INTO padded VALUES (3, NULL);
SELECT state FROM padded WHERE id = 3;
SELECT settings FROM rsl.tracked() WHERE target = 'public.padded';
SELECT status, detail, hint FROM rsl.verify('freshness') WHERE object = 'public.padded';
ALTER TABLE padded DROP COLUMN seen_at;
INSERT INTO padded VALUES (4, NULL);
\echo :SQLSTATE
SELECT rsl.freshness_off('padded');
INSERT INTO padded VALUES (4, 'anything');
