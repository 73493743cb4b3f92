-- What makes no sense is refused, and nothing is half switched on.
CREATE TYPE half AS ENUM ('ONLINE', 'OFFLINE');
CREATE TABLE warehouse (id int PRIMARY KEY, at timestamp, day date, status text, short varchar(6), half half, done boolean,
    made text GENERATED ALWAYS AS ('x') STORED);
CREATE TABLE keyless (at timestamp, status text);
CREATE VIEW seen AS SELECT * FROM warehouse;
CREATE FUNCTION refused(arguments text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    detail text;
    hint text;
BEGIN
    EXECUTE format('SELECT rsl.freshness_on(%s)', arguments);
    RETURN 'accepted';
EXCEPTION WHEN others THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    RETURN concat_ws(' | ', SQLSTATE || ' ' || SQLERRM, NULLIF(detail, ''), NULLIF(hint, ''));
END $$;
\pset format unaligned
\pset tuples_only on
SELECT a, refused(a) FROM unnest(ARRAY[
    $$NULL, 'at', 'status'$$, $$'warehouse', NULL, 'status'$$, $$'warehouse', 'at', NULL$$, $$'warehouse', 'at', 'status', NULL$$, $$'warehouse', 'at', 'status', '1 hour', NULL$$,
    $$'keyless', 'at', 'status'$$, $$'seen', 'at', 'status'$$, $$'rsl.phase_history', 'changed_at', 'reason'$$,
    $$'warehouse', 'when', 'status'$$, $$'warehouse', 'day', 'status'$$, $$'warehouse', 'status', 'status'$$, $$'warehouse', 'at', 'done'$$,
    $$'warehouse', 'at', 'short'$$, $$'warehouse', 'at', 'half'$$, $$'warehouse', 'at', 'made'$$,
    $$'warehouse', 'at', 'status', '-1 hour'$$, $$'warehouse', 'at', 'status', '7 hours'$$, $$'warehouse', 'at', 'status', '2 hours', '1 month'$$, $$'warehouse', 'at', 'status', '1 year -365 days', '2 hours'$$]) AS a;
SELECT count(*) FROM pg_trigger WHERE tgrelid = 'warehouse'::regclass;
-- Again is no change; other settings are refused.
SELECT refused($$'warehouse', 'at', 'status', '120 minutes', '1 day'$$);
SELECT refused($$'warehouse', 'at', 'status', '2 hours', '24 hours'$$);
SELECT refused($$'warehouse', 'at', 'status'$$);
SELECT tgname FROM pg_trigger WHERE tgrelid = 'warehouse'::regclass;
SELECT rsl.freshness_off('warehouse');
SELECT rsl.freshness_off('warehouse');
SELECT count(*) FROM pg_trigger WHERE tgrelid = 'warehouse'::regclass;
CREATE TRIGGER mine AFTER TRUNCATE ON warehouse FOR EACH STATEMENT EXECUTE FUNCTION rsl.freshness_set();
TRUNCATE warehouse;
\echo :SQLSTATE
