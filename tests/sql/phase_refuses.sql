-- What makes no sense is refused, and nothing is half switched on.
CREATE TABLE event (id int PRIMARY KEY, phase text, at timestamp, day date, who text, done boolean);
INSERT INTO event VALUES (1, 'a'), (2, 'b'), (3, 'b'), (4, 'c'), (5, 'd'), (6, 'e'), (7, 'f'), (8, NULL);
CREATE TABLE keyless (phase text);
CREATE VIEW seen AS SELECT * FROM event;
CREATE TEMPORARY TABLE passing (id int PRIMARY KEY, phase text);
CREATE TABLE parted (id int PRIMARY KEY, phase text) PARTITION BY RANGE (id);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (1) TO (10);
CREATE FOREIGN DATA WRAPPER nowhere;
CREATE SERVER nowhere FOREIGN DATA WRAPPER nowhere;
CREATE FOREIGN TABLE far (id int, phase text) SERVER nowhere;
CREATE FUNCTION refused(arguments text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    detail text;
    hint text;
BEGIN
    EXECUTE format('SELECT rsl.phase_on(%s)', arguments);
    RETURN 'accepted';
EXCEPTION WHEN others THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    RETURN concat_ws(' | ', SQLSTATE || ' ' || SQLERRM, NULLIF(detail, ''), NULLIF(hint, ''));
END $$;
\pset format unaligned
\pset tuples_only on
SELECT a, refused(a) FROM unnest(ARRAY[
    $$NULL, 'phase', '{a}'$$, $$'event', NULL, '{a}'$$, $$'event', 'phase', NULL$$,
    $$'nothing', 'phase', '{a}'$$, $$999999::regclass, 'phase', '{a}'$$,
    $$'keyless', 'phase', '{a}'$$, $$'seen', 'phase', '{a}'$$, $$'passing', 'phase', '{a}'$$, $$'far', 'phase', '{a}'$$, $$'parted_1', 'phase', '{a}'$$,
    $$'pg_catalog.pg_class', 'relname', '{a}'$$, $$'information_schema.sql_features', 'feature_name', '{a}'$$, $$'rsl.load', 'status', '{a}'$$, $$'rsl.phase_history', 'to_phase', '{a}'$$,
    $$'event_pkey', 'phase', '{a}'$$,
    $$'event', 'state', '{a}'$$, $$'event', 'ctid', '{a}'$$, $$'event', 'id', '{a}'$$, $$'event', 'done', '{t,f}'$$,
    $$'event', 'phase', '{}'$$, $$'event', 'phase', '{a,NULL}'$$, $$'event', 'phase', '{a,""}'$$, $$'event', 'phase', '{a," "}'$$, $$'event', 'phase', '{a,b,a}'$$, $$'event', 'phase', '{{a},{b}}'$$,
    $$'event', 'phase', '{a,b}', '[]'$$, $$'event', 'phase', '{a,b}', '"a"'$$, $$'event', 'phase', '{a,b}', '{"a": "b"}'$$, $$'event', 'phase', '{a,b}', '{"a": [1]}'$$, $$'event', 'phase', '{a,b}', '{"a": [["b"]]}'$$,
    $$'event', 'phase', '{a,b}', '{"a": ["c"]}'$$, $$'event', 'phase', '{a,b}', '{"c": ["a"]}'$$, $$'event', 'phase', '{a,b}', '{"a": [null]}'$$,
    $$'event', 'phase', '{a,b}', changed_at => 'when'$$, $$'event', 'phase', '{a,b}', changed_at => 'day'$$, $$'event', 'phase', '{a,b}', changed_at => 'who'$$,
    $$'event', 'phase', '{a,b}', changed_by => 'whom'$$, $$'event', 'phase', '{a,b}', reason => 'why'$$,
    $$'event', 'phase', '{x}'$$, $$'event', 'phase', '{a,b,c,d,e}'$$]) AS a;
SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'rsl_%' AND tgrelid <> 'rsl.rsl_group'::regclass;
SELECT count(*) FROM pg_constraint WHERE conname LIKE '%phase_check%';
-- Again is no change; other settings are refused.
SELECT refused($$'event', 'phase', '{a,b,c,d,e,f}', '{"a": ["c", "b", "c"], "b": []}', 'at', 'who'$$);
SELECT refused($$'event', 'phase', '{a,b,c,d,e,f}', '{"a": ["b", "c"]}', 'at', 'who'$$);
SELECT refused($$'event', 'phase', '{a,b,c,d,e,f}'$$);
SELECT refused($$'event', 'phase', '{a,b,c,d,e,f,g}', '{"a": ["c", "b"]}', 'at', 'who'$$);
SELECT tgname FROM pg_trigger WHERE tgrelid = 'event'::regclass ORDER BY 1;
SELECT rsl.phase_off(NULL);
SELECT rsl.phase_off('seen');
SELECT rsl.phase_off('event');
SELECT count(*) FROM pg_trigger WHERE tgrelid = 'event'::regclass;
SELECT count(*) FROM pg_constraint WHERE conname LIKE '%phase_check%';
-- The function is nothing but their trigger, and only as they put it there.
CREATE TRIGGER mine BEFORE INSERT ON event FOR EACH STATEMENT EXECUTE FUNCTION rsl.phase_record();
INSERT INTO event VALUES (9);
\echo :SQLSTATE
DROP TRIGGER mine ON event;
CREATE TRIGGER mine AFTER INSERT ON event FOR EACH ROW EXECUTE FUNCTION rsl.phase_record('not JSON');
INSERT INTO event VALUES (9);
\echo :SQLSTATE
SELECT * FROM rsl.tracked() WHERE target = 'public.event';
