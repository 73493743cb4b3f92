\i sql/include/load.psql
-- A load records how fresh it has left its target, and stays exact.
CREATE SCHEMA dmis;
CREATE TABLE dmis.warehouse (id int PRIMARY KEY, name text, at timestamp, status varchar(10));
SELECT rsl.freshness_on('dmis.warehouse', 'at', 'status');
CREATE TABLE source (id int, name text, at timestamp, status varchar(10));
INSERT INTO source VALUES (1, 'Kingston', timezone('utc', now()) - interval '1 hour', 'OFFLINE'), (2, 'Montego Bay', timezone('utc', now()) - interval '3 hours', 'STALE'), (3, 'Negril', NULL, 'ONLINE');
CREATE VIEW report AS SELECT load_id, status, (report -> 'freshness') - 'synced_at' AS freshness,
    (report #>> '{freshness,synced_at}')::timestamp = (SELECT max(at) FROM source) AS latest FROM rsl.load ORDER BY load_id;
-- Without the status: the trigger sets it.
SELECT * FROM load('SELECT id, name, at FROM source', 'dmis.warehouse', 'upsert', columns => '{id,name,at}');
SELECT id, status FROM dmis.warehouse ORDER BY id;
-- With it: what the source says is kept, and the report tells what it is now.
SELECT * FROM load('SELECT * FROM source', 'dmis.warehouse', 'replace');
SELECT id, status FROM dmis.warehouse ORDER BY id;
-- Neither the time nor the status.
SELECT * FROM load('SELECT id, upper(name) AS name FROM source', 'dmis.warehouse', 'upsert', columns => '{id,name}');
SELECT id, name, status FROM dmis.warehouse ORDER BY id;
SELECT * FROM report;
-- A role that may load and nothing else.
CREATE ROLE freshness_loader;
SELECT rsl.grant_access('freshness_loader', 'load');
GRANT USAGE ON SCHEMA dmis TO freshness_loader;
GRANT ALL ON dmis.warehouse TO freshness_loader;
GRANT SELECT ON source TO freshness_loader;
SELECT payload('SELECT 4, ''Lucea''::text') AS chunk, witness('SELECT 4 AS id, ''Lucea''::text AS name') AS witness \gset
SET ROLE freshness_loader;
SELECT rsl.load_begin('dmis.warehouse', '{id,name}') AS load \gset
SELECT rsl.load_push(:load, 1, :'chunk');
SELECT exact, inserted, reason FROM finish(:load, :'witness');
RESET ROLE;
SELECT freshness FROM report OFFSET 3;
-- A table without freshness has no such entry; nor has a load that fails.
CREATE TABLE dmis.item (id int PRIMARY KEY);
SELECT exact FROM load('SELECT 1 AS id', 'dmis.item');
SELECT exact FROM load('SELECT 1 AS id', 'dmis.fresh', definition => '{"columns": [{"name": "id", "type": "integer"}]}');
SELECT target, status, report ? 'freshness' AS freshness FROM rsl.load ORDER BY load_id;
