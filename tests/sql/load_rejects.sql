\i sql/include/load.psql
-- Rows that the target refuses are rejected, one by one and with their reason; all others go in.
CREATE SCHEMA erp;
CREATE FUNCTION try(query text, target text, allowed bigint, mode text DEFAULT 'append', key text[] DEFAULT NULL, OUT status text, OUT rejected bigint, OUT inserted bigint, OUT updated bigint, OUT deleted bigint, OUT reason text) LANGUAGE plpgsql AS $$
DECLARE
    number bigint;
    report jsonb;
BEGIN
    number := rsl.load_begin(target, mode => mode, key => key, max_rejects => allowed);
    PERFORM rsl.load_push(number, 1, payload(query));
    report := rsl.load_finish(number, witness(query));
    SELECT l.status, l.rejected INTO status, rejected FROM rsl.load l WHERE load_id = number;
    inserted := report ->> 'inserted'; updated := report ->> 'updated'; deleted := report ->> 'deleted'; reason := concat_ws(E'\n', report #>> '{reason,message}', report #>> '{reason,detail}');
    IF status = 'failed' THEN
        PERFORM rsl.load_abort(number);
    END IF;
END $$;
CREATE VIEW why AS SELECT key, "row", column_name, constraint_name, sqlstate, message, hint FROM rsl.rejects r
    WHERE load_id = (SELECT max(load_id) FROM rsl.load) ORDER BY (key ->> 'id')::int, reject_id;
CREATE TABLE erp.item (code text PRIMARY KEY);
INSERT INTO erp.item VALUES ('A'), ('B');
CREATE DOMAIN erp.even AS int CHECK (VALUE % 2 = 0);
CREATE TYPE erp.state AS ENUM ('open', 'closed');
CREATE TABLE erp.line (id int PRIMARY KEY, item text REFERENCES erp.item, qty int NOT NULL CHECK (qty > 0), serial text UNIQUE, pair erp.even, state erp.state,
    during int4range, EXCLUDE USING gist (during WITH &&), CONSTRAINT "Only ""big"" ones" CHECK (id < 1000 OR qty > 5));

-- Of every kind one; a note stands for what is right.
\set lines 'SELECT * FROM (VALUES (1, ''A'', 1, ''s1'', 2, ''open'', int4range(1, 3)), (2, ''Z'', 1, ''s2'', 2, ''open'', NULL), (3, ''A'', NULL, ''s3'', 2, ''open'', NULL), (4, ''A'', 0, ''s4'', 2, ''open'', NULL), (5, ''A'', 1, ''s1'', 2, ''open'', NULL), (6, ''A'', 1, ''s6'', 3, ''open'', NULL), (7, ''A'', 1, ''s7'', 2, ''gone'', NULL), (8, ''A'', 1, ''s8'', 2, ''open'', int4range(2, 5)), (9, ''B'', 1, ''s9'', NULL, NULL, NULL), (1000, ''A'', 5, NULL, NULL, NULL, NULL), (1001, ''A'', 6, NULL, NULL, NULL, NULL), (11, ''A'', 1, ''s11'', 4, ''closed'', NULL), (11, ''B'', 2, ''s12'', 4, ''closed'', NULL)) v(id, item, qty, serial, pair, state, during)'
SELECT * FROM try(:'lines', 'erp.line', 0);
SELECT count(*) FROM erp.line;
SELECT * FROM why;
SELECT * FROM try(:'lines', 'erp.line', 9);
SELECT count(*) FROM why;
SELECT * FROM try(:'lines', 'erp.line', 10);
SELECT * FROM erp.line ORDER BY id;
SELECT report #>> '{stream,rows}' AS sent, report #>> '{merged,rows}' AS merged, report #>> '{target,rows}' AS target, rows, report -> 'merged' = rsl.table_witness('erp.line') AS proven, report -> 'exact' AS exact, report ? 'rejects' AS shows_rows, staging
FROM rsl.load ORDER BY load_id DESC LIMIT 1;
SELECT to_regclass(format('rsl_stage.load_%s_kept', max(load_id))) FROM rsl.load;
-- The same rows again are recognised, with their rejects.
SELECT * FROM try(:'lines', 'erp.line', 10);
SELECT count(*) FROM why;
-- Into a table with rows, by key: what changed is updated, what is equal is not touched, what is refused stays as it was.
SELECT * FROM try($$SELECT * FROM (VALUES (1, 'B', 1, 's1', 2, 'open', NULL::int4range), (9, 'Z', 7, 's9', NULL, NULL, NULL), (20, 'A', 1, 's9', 1, NULL, NULL), (21, 'A', 1, 's21', 2, 'open', NULL)) v(id, item, qty, serial, pair, state, during)$$, 'erp.line', 2, 'upsert');
SELECT key, column_name, constraint_name, sqlstate FROM why;
SELECT * FROM erp.line ORDER BY id;
-- A replace keeps what it has of rows that it cannot take: 9 is refused and stays, 1001 and 21 are gone.
SELECT * FROM try($$SELECT * FROM (VALUES (1, 'A', 1, 's1', 2, 'open', NULL::int4range), (9, 'Z', 7, 's9', NULL, NULL, NULL), (30, 'A', 0, NULL, NULL, NULL, NULL), (31, 'A', 1, NULL, NULL, NULL, NULL)) v(id, item, qty, serial, pair, state, during)$$, 'erp.line', 2, 'replace');
SELECT * FROM erp.line ORDER BY id;
SELECT report #>> '{stream,rows}' AS sent, report #>> '{target,rows}' AS target, report #>> '{after,rows}' AS after FROM rsl.load ORDER BY load_id DESC LIMIT 1;
SELECT status, actual = expected AS same FROM rsl.check_loads_match('erp.line');
-- The proof is of what was merged: a trigger that changes a row makes the load fail, rejects or not.
CREATE FUNCTION erp.change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.qty := NEW.qty + 1; RETURN NEW; END $$;
CREATE TRIGGER change BEFORE INSERT ON erp.line FOR EACH ROW WHEN (NEW.id = 41) EXECUTE FUNCTION erp.change();

SELECT rsl.load_begin('erp.line', '{id,item,qty}', max_rejects => 5) AS load \gset
SELECT rsl.load_push(:load, 1, payload($$SELECT * FROM (VALUES (40, 'Z', 1), (41, 'A', 1)) v(id, item, qty)$$));
SELECT exact, left(reason, 60) AS reason FROM finish(:load, witness($$SELECT * FROM (VALUES (40, 'Z', 1), (41, 'A', 1)) v(id, item, qty)$$));
SELECT status, rejected FROM rsl.load WHERE load_id = :load;
-- Staging is whole again: with the trigger gone and the parent there, the same load is exact, and nothing is rejected any more.
DROP TRIGGER change ON erp.line;
INSERT INTO erp.item VALUES ('Z');
SELECT exact, inserted FROM finish(:load, witness($$SELECT * FROM (VALUES (40, 'Z', 1), (41, 'A', 1)) v(id, item, qty)$$));
SELECT status, rejected FROM rsl.load WHERE load_id = :load;
SELECT count(*) FROM rsl.reject WHERE load_id = :load;

-- Triggers that refuse, in words of their own; a composite key with odd names.
CREATE TABLE erp."Odd ""T""" ("a b" text, "C'd" timestamptz, v json, PRIMARY KEY ("a b", "C'd"));
CREATE FUNCTION erp.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'not today' USING ERRCODE = NEW.v ->> 'state', HINT = 'come tomorrow'; END $$;
CREATE TRIGGER refuse AFTER INSERT ON erp."Odd ""T""" FOR EACH ROW WHEN (NEW.v ->> 'state' IS NOT NULL) EXECUTE FUNCTION erp.refuse();
SELECT status, rejected, reason FROM try($$SELECT * FROM (VALUES ('x', '2026-01-01 09:00+09'::timestamptz, '{"a": 1, "a": 2}'::json), ('it''s', '2026-01-02Z', '{"state": "P0001", "state": "45000"}'), ('z', '2026-01-03Z', '{"state": "23514"}')) v("a b", "C'd", v)$$, 'erp."Odd ""T"""', 1);
SELECT status, rejected, reason FROM try($$SELECT * FROM (VALUES ('x', '2026-01-01 09:00+09'::timestamptz, '{"a": 1, "a": 2}'::json), ('it''s', '2026-01-02Z', '{"state": "P0001", "state": "45000"}'), ('z', '2026-01-03Z', '{"state": "23514"}')) v("a b", "C'd", v)$$, 'erp."Odd ""T"""', 2);
SELECT key, "row", sqlstate, message, hint FROM rsl.reject WHERE load_id = (SELECT max(load_id) FROM rsl.load) ORDER BY reject_id;
-- What is not about rows is none of theirs.
SELECT status, rejected, reason FROM try($$SELECT 'q', '2026-01-02Z'::timestamptz, '{"state": "42P01"}'::json$$, 'erp."Odd ""T"""', 5);
SELECT status, rejected, reason FROM try($$SELECT 'q', '2026-01-02Z'::timestamptz, '{"state": "53100"}'::json$$, 'erp."Odd ""T"""', 5);

-- Deferred constraints, a table that refers to itself, its children first; the children of a rejected parent go with it.
CREATE TABLE erp.part (id int PRIMARY KEY, whole int REFERENCES erp.part DEFERRABLE INITIALLY DEFERRED, no int UNIQUE DEFERRABLE INITIALLY DEFERRED);
SELECT * FROM try('SELECT * FROM (VALUES (1, 2, 1), (2, 1, 2), (3, 9, 3), (4, 3, 4), (5, 4, 5), (6, 5, 1), (7, 2, 7)) v(id, whole, no)', 'erp.part', 4);
SELECT key, column_name, sqlstate FROM why;
SELECT * FROM erp.part;
CREATE TABLE erp.tree (id int PRIMARY KEY, parent int REFERENCES erp.tree, n int CHECK (n < 10));
SELECT * FROM try('SELECT n AS id, CASE WHEN n < 300 THEN n + 1 END AS parent, CASE n WHEN 150 THEN 11 ELSE 1 END AS n FROM generate_series(1, 300) n', 'erp.tree', 200);
SELECT sqlstate, count(*), min((key ->> 'id')::int), max((key ->> 'id')::int) FROM rsl.reject WHERE load_id = (SELECT max(load_id) FROM rsl.load) GROUP BY 1 ORDER BY 1;
SELECT count(*), min(id) FROM erp.tree;
SELECT * FROM try('SELECT * FROM (VALUES (1, NULL, 1), (2, 300, 12), (3, 1, 1)) v(id, parent, n)', 'erp.tree', 1, 'replace');
SELECT * FROM erp.tree;

-- Partitions: no place for the row, and a rule of one partition alone.
CREATE TABLE erp.log (id int, region text, n int, PRIMARY KEY (id, region)) PARTITION BY LIST (region);
CREATE TABLE erp.log_kr PARTITION OF erp.log (CHECK (n > 0)) FOR VALUES IN ('kr');
CREATE TABLE erp.log_us PARTITION OF erp.log FOR VALUES IN ('us');
SELECT status, rejected, inserted FROM try($$SELECT * FROM (VALUES (1, 'kr', 1), (2, 'us', -1), (3, 'kr', -1), (4, 'de', 1)) v$$, 'erp.log', 2);
SELECT key, constraint_name, sqlstate, message FROM why;
SELECT tableoid::regclass, * FROM erp.log ORDER BY id;

-- Without a key.
CREATE TABLE erp.note (n int CHECK (n > 0), t text);
SELECT status, rejected, inserted FROM try($$SELECT n, 'x' FROM generate_series(-1, 3) n$$, 'erp.note', 2, 'replace');
SELECT key, "row", sqlstate FROM rsl.reject WHERE load_id = (SELECT max(load_id) FROM rsl.load) ORDER BY reject_id;
SELECT status, rejected, inserted FROM try($$SELECT n, 'y' FROM generate_series(-1, 3) n$$, 'erp.note', 2);
-- A replace could not tell which rows to keep.
SELECT status, rejected, reason FROM try($$SELECT n, 'z' FROM generate_series(-1, 3) n$$, 'erp.note', 2, 'replace');
SELECT t, count(*) FROM erp.note GROUP BY 1 ORDER BY 1;

-- A table that the load makes: keys that came twice or empty.
SELECT rsl.load_begin('erp.made', definition => '{"columns": [{"name": "id", "type": "integer"}, {"name": "t", "type": "text"}], "primary_key": ["id"]}', max_rejects => 2) AS load \gset
SELECT rsl.load_push(:load, 1, payload($$VALUES (1, 'a'), (2, 'b'), (2, 'c')$$));
SELECT exact, inserted, reason FROM finish(:load, witness($$SELECT * FROM (VALUES (1, 'a'), (2, 'b'), (2, 'c')) v(id, t)$$));
SELECT status, rejected, report #>> '{undo,by}' AS undo FROM rsl.load WHERE load_id = :load;
SELECT key, "row", message FROM rsl.reject WHERE load_id = :load;
SELECT * FROM erp.made;
-- It can be undone as any other.
SELECT rsl.load_undo(:load) ->> 'by';

-- No more than a thousand are looked for beyond those that are allowed.
CREATE TABLE erp.many (id int PRIMARY KEY, n int CHECK (n > 0));
SELECT status, rejected, split_part(reason, E'\n', 1) AS reason FROM try('SELECT n AS id, -1 AS n FROM generate_series(1, 5000) n', 'erp.many', 3);
SELECT count(*) FROM rsl.reject WHERE load_id = (SELECT max(load_id) FROM rsl.load);

-- A column with the name of an alias; a parent that row security hides is a parent all the same.
CREATE TABLE erp.par (s int PRIMARY KEY, hidden boolean);
INSERT INTO erp.par VALUES (1, false), (2, true);
ALTER TABLE erp.par ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON erp.par USING (NOT hidden);
CREATE ROLE rejects_loader;
SELECT rsl.grant_access('rejects_loader', 'load');
GRANT USAGE, CREATE ON SCHEMA erp TO rejects_loader;
GRANT SELECT, REFERENCES ON erp.par TO rejects_loader;
CREATE TABLE erp.chi (id int PRIMARY KEY, s int REFERENCES erp.par, t text);
ALTER TABLE erp.chi OWNER TO rejects_loader;
SELECT payload($$VALUES (1, 1, 'a'), (2, 2, 'b'), (3, 3, 'c')$$) AS rows, witness($$SELECT * FROM (VALUES (1, 1, 'a'), (2, 2, 'b'), (3, 3, 'c')) v(id, s, t)$$) AS account \gset
SET ROLE rejects_loader;
SELECT rsl.load_begin('erp.chi', '{id,s,t}', max_rejects => 5) AS load \gset
SELECT rsl.load_push(:load, 1, :'rows');
SELECT rsl.load_finish(:load, :'account') ->> 'rejected' AS rejected;
SELECT key, "row", message FROM rsl.rejects WHERE load_id = :load;
RESET ROLE;
SELECT id FROM erp.chi ORDER BY id;
