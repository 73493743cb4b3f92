\i sql/include/load.psql
-- Rows that are not of the load: those of other tables that refer to the target, and those of the target that a trigger writes to.
CREATE SCHEMA erp;
CREATE TABLE erp.parent (code text NOT NULL UNIQUE, v text);
CREATE TABLE erp.child (id int PRIMARY KEY, code text REFERENCES erp.parent (code) ON DELETE CASCADE);
CREATE TABLE erp.note (id int PRIMARY KEY, code text REFERENCES erp.parent (code) ON DELETE SET NULL);
SELECT exact FROM load($$SELECT 'a' AS code, 'x' AS v UNION ALL SELECT 'b', 'y'$$, 'erp.parent', 'replace');
INSERT INTO erp.child VALUES (1, 'a');
INSERT INTO erp.note VALUES (1, 'b');
-- Without a key a replace would delete every row, and the children with them.
SELECT exact, reason FROM load($$SELECT 'a' AS code, 'x' AS v UNION ALL SELECT 'b', 'y'$$, 'erp.parent', 'replace');
SELECT (SELECT count(*) FROM erp.child) AS children, (SELECT count(code) FROM erp.note) AS notes;
-- With a key only those of rows that the source does not have any more; they are counted.
SELECT exact, deleted, unchanged FROM load($$SELECT 'b' AS code, 'y' AS v$$, 'erp.parent', 'replace', key => '{code}');
SELECT (SELECT count(*) FROM erp.child) AS children, (SELECT count(code) FROM erp.note) AS notes;
SELECT report -> 'cascaded' AS cascaded FROM rsl.load ORDER BY load_id DESC LIMIT 1;
-- An undo would take them along.
CREATE TABLE erp.made (id int PRIMARY KEY);
CREATE TABLE erp.of_made (id int REFERENCES erp.made ON DELETE CASCADE);
SELECT exact FROM load('SELECT 1 AS id UNION ALL SELECT 2', 'erp.made');
SELECT max(load_id) AS load FROM rsl.load \gset
INSERT INTO erp.of_made VALUES (2);
SELECT rsl.load_undo(:load, true);
\echo :SQLSTATE
SELECT rsl.audit_on('erp.made');
SELECT exact FROM load('SELECT 3 AS id', 'erp.made', 'upsert');
SELECT max(load_id) AS later FROM rsl.load \gset
INSERT INTO erp.of_made VALUES (3);
SELECT rsl.load_undo(:later);
\echo :SQLSTATE
DELETE FROM erp.of_made WHERE id = 3;
SELECT rsl.load_undo(:later);
SELECT count(*) FROM erp.made;

-- A trigger that changes, deletes or adds other rows than those of the load.
CREATE TABLE erp.item (id int PRIMARY KEY, v text);
SELECT exact FROM load($$SELECT n AS id, 'old' AS v FROM generate_series(1, 3) n$$, 'erp.item');
CREATE FUNCTION erp.meddle() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF pg_trigger_depth() = 1 THEN
        EXECUTE TG_ARGV[0];
    END IF;
    RETURN NULL;
END $$;
CREATE FUNCTION meddled(command text, mode text, id int) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TRIGGER meddle AFTER INSERT OR UPDATE ON erp.item FOR EACH STATEMENT EXECUTE FUNCTION erp.meddle(%L)', command);
    RETURN QUERY SELECT concat_ws(' ', CASE WHEN l.exact THEN 'exact' END, l.reason) FROM load(format('SELECT %s AS id, ''new'' AS v', id), 'erp.item', mode) l;
    DROP TRIGGER meddle ON erp.item;
    PERFORM rsl.load_abort(max(load_id)) FROM rsl.load WHERE status = 'failed';
END $$;
SELECT meddled($$UPDATE erp.item SET v = 'wiped' WHERE id = 1$$, 'upsert', 2);
SELECT meddled($$WITH d AS (DELETE FROM erp.item WHERE id = 1) INSERT INTO erp.item VALUES (99, 'ghost') ON CONFLICT DO NOTHING$$, 'upsert', 2);
SELECT meddled($$UPDATE erp.item SET v = 'wiped' WHERE id = 1$$, 'append', 7);
-- One that does nothing to them is no hindrance.
SELECT meddled('SELECT 1', 'upsert', 2);
SELECT meddled('SELECT 1', 'append', 8);
SELECT * FROM erp.item ORDER BY id;

-- What a load did not bring is not taken back with it.
SELECT exact FROM load($$SELECT 1 AS id, 'a'::text AS v$$, 'erp.new', definition => '{"columns": [{"name": "id", "type": "integer"}, {"name": "v", "type": "text"}], "primary_key": ["id"]}');
SELECT max(load_id) AS load FROM rsl.load \gset
ALTER TABLE erp.new ADD note text, ADD twice int GENERATED ALWAYS AS (id * 2) STORED;
UPDATE erp.new SET note = 'typed by a clerk';
SELECT rsl.load_undo(:load, true);
\echo :SQLSTATE
UPDATE erp.new SET note = NULL;
SELECT exact FROM load($$SELECT 1 AS id, 'a'::text AS v$$, 'erp.new', 'upsert', columns => '{id,v}');
SELECT rsl.load_undo(:load, true);
DELETE FROM rsl.load WHERE load_id = (SELECT max(load_id) FROM rsl.load);
SELECT rsl.load_undo(:load);
SELECT to_regclass('erp.new');
CREATE TABLE erp.filled (id int PRIMARY KEY, v text, kind text DEFAULT 'plain');
SELECT exact FROM load($$SELECT 1 AS id, 'a' AS v$$, 'erp.filled', columns => '{id,v}');
SELECT max(load_id) AS load FROM rsl.load \gset
SELECT rsl.load_undo(:load, true) ->> 'by' AS by;
UPDATE erp.filled SET kind = 'special';
SELECT rsl.load_undo(:load);
UPDATE erp.filled SET kind = 'plain';
SELECT rsl.load_undo(:load);
SELECT count(*) FROM erp.filled;
-- A load that found the same rows there is undone with the one that brought them.
CREATE TABLE erp.log (v text);
SELECT exact FROM load($$SELECT 'a' AS v$$, 'erp.log');
SELECT max(load_id) AS load FROM rsl.load \gset
SELECT exact, inserted FROM load($$SELECT 'a' AS v$$, 'erp.log');
SELECT rsl.load_undo(:load);
SELECT load_id - :load AS load, status, report #>> '{undone,by}' AS by FROM rsl.load WHERE load_id >= :load ORDER BY load_id;

-- Row security that was switched on after the load began.
CREATE ROLE other_rows_loader;
SELECT rsl.grant_access('other_rows_loader', 'load');
CREATE TABLE erp.guarded (id int PRIMARY KEY);
INSERT INTO erp.guarded VALUES (100);
GRANT USAGE ON SCHEMA erp TO other_rows_loader;
GRANT SELECT, INSERT, UPDATE, DELETE ON erp.guarded TO other_rows_loader;
SELECT payload('SELECT 1') AS payload, witness('SELECT 1 AS id') AS witness \gset
SET ROLE other_rows_loader;
SELECT rsl.load_begin('erp.guarded', mode => 'replace') AS load \gset
SELECT rsl.load_push(:load, 1, :'payload');
RESET ROLE;
ALTER TABLE erp.guarded ENABLE ROW LEVEL SECURITY;
CREATE POLICY few ON erp.guarded USING (id < 50);
SET ROLE other_rows_loader;
SELECT exact, reason FROM finish(:load, :'witness');
RESET ROLE;
SELECT * FROM erp.guarded;
