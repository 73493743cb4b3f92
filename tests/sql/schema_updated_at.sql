\i sql/include/load.psql
-- updated_at is kept by a trigger, in UTC, whatever the session's time zone; whoever sets it means it.
SET timezone = 'Asia/Seoul';
SELECT a.attrelid::regclass AS without_trigger FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid AND c.relkind = 'r' AND c.relnamespace = 'rsl'::regnamespace
WHERE a.attname = 'updated_at' AND NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = a.attrelid AND t.tgfoid = 'rsl.touch_updated_at'::regproc);
INSERT INTO rsl.items (item_code, created_at, updated_at) VALUES ('A', '2000-01-01', '2000-01-01'), ('B', '2000-01-01', '2000-01-01');
UPDATE rsl.items SET name = 'bolt' WHERE item_code = 'A';
SELECT item_code, created_at, updated_at BETWEEN timezone('utc', now()) - interval '1 minute' AND timezone('utc', now()) AS touched FROM rsl.items ORDER BY 1;
UPDATE rsl.items SET name = 'bolt', updated_at = '2001-01-01' WHERE item_code = 'A';
SELECT item_code, updated_at FROM rsl.items ORDER BY 1;
INSERT INTO rsl.processes (process_code) VALUES ('CUT') RETURNING created_at = timezone('utc', now()) AND updated_at = created_at AS utc;
-- Every table has it.
BEGIN;
INSERT INTO rsl.rsl_group (slug, name, owner, updated_at) VALUES ('g', 'g', 'kim', '2000-01-01');
INSERT INTO rsl.rsl_step (group_id, seq, process_code, updated_at) VALUES (1, 1, 'CUT', '2000-01-01');
INSERT INTO rsl.users (email, hashed_password, updated_at) VALUES ('kim', 'x', '2000-01-01');
INSERT INTO rsl.routings (item_id, seq, updated_at) VALUES (1, 1, '2000-01-01');
INSERT INTO rsl.output_profiles (name, updated_at) VALUES ('p', '2000-01-01');
INSERT INTO rsl.model_metadata (name, version, updated_at) VALUES ('m', '1', '2000-01-01');
UPDATE rsl.processes SET name = 'cut', updated_at = '2000-01-01';
UPDATE rsl.rsl_group SET description = 'x'; UPDATE rsl.rsl_step SET description = 'x'; UPDATE rsl.users SET full_name = 'x'; UPDATE rsl.items SET name = 'x';
UPDATE rsl.processes SET name = 'x'; UPDATE rsl.routings SET remark = 'x'; UPDATE rsl.output_profiles SET description = 'x'; UPDATE rsl.model_metadata SET description = 'x';
SELECT (SELECT updated_at FROM rsl.rsl_group) = now AS "group", (SELECT updated_at FROM rsl.rsl_step) = now AS step, (SELECT updated_at FROM rsl.users) = now AS "user",
    (SELECT max(updated_at) FROM rsl.items) = now AS item, (SELECT updated_at FROM rsl.processes) = now AS process, (SELECT updated_at FROM rsl.routings) = now AS routing,
    (SELECT updated_at FROM rsl.output_profiles) = now AS profile, (SELECT updated_at FROM rsl.model_metadata) = now AS model FROM timezone('utc', now()) AS now;
COMMIT;
-- A load brings the values of the source; where it does not bring the column, the trigger keeps it as ever.
SELECT * FROM load($$SELECT * FROM (VALUES ('A'::varchar(64), 'loaded'::varchar(255), timestamp '2002-02-02')) v(item_code, name, updated_at)$$,
    'rsl.items', 'upsert', ARRAY['item_code'], ARRAY['item_code', 'name', 'updated_at']);
SELECT item_code, name, updated_at FROM rsl.items WHERE item_code = 'A';
SELECT * FROM load($$SELECT 'A'::varchar(64) AS item_code, 'again'::varchar(255) AS name$$, 'rsl.items', 'upsert', ARRAY['item_code'], ARRAY['item_code', 'name']);
SELECT item_code, name, updated_at > '2020-01-01' AS touched FROM rsl.items WHERE item_code = 'A';
UPDATE rsl.items SET updated_at = '2000-01-01';
-- After the load the trigger is as before.
UPDATE rsl.items SET name = 'by hand' WHERE item_code = 'A';
SELECT updated_at > '2020-01-01' AS touched FROM rsl.items WHERE item_code = 'A';
-- After a load that failed, too. (The detail holds the time.)
\set VERBOSITY terse
SELECT exact FROM load($$SELECT 'A'::varchar(64) AS item_code, '-1'::numeric AS thickness$$, 'rsl.items', 'upsert', ARRAY['item_code'], ARRAY['item_code', 'thickness']);
SELECT rsl.load_current();
