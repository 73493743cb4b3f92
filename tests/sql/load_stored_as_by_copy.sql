\i sql/include/load.psql
-- What a chunk leaves in staging is what the server's own COPY would have left there, bit by bit: values at the edges of every
-- type, and those that have to be rounded, padded or cut to fit.
CREATE EXTENSION pageinspect;
CREATE TABLE copied (
    number numeric, amount numeric(12,2), wide numeric(38,10), tens numeric(5,-1), tiny numeric(3,5),
    words text, name varchar(5), unit char(4), mark char(1), raw bytea,
    flag boolean, small smallint, count integer, large bigint, ratio real, exact double precision,
    due date, at_time time, at_milli time(3), stamp timestamp, milli timestamp(3), moment timestamptz, second timestamptz(0),
    id uuid, doc jsonb, loose json, span interval, address inet);

CREATE VIEW rows AS
SELECT
    -- Digits of all lengths on both sides of the point, signs, and what is no number.
    CASE WHEN g % 97 = 0 THEN 'NaN' WHEN g % 89 = 0 THEN 0 WHEN g % 83 = 0 THEN 10000::numeric ^ (g % 40)
        ELSE (('x' || md5(g::text))::bit(64)::bigint)::numeric * power(10::numeric, g % 60 - 40) END AS number,
    (('x' || md5(g::text))::bit(32)::int)::numeric / CASE WHEN g % 3 = 0 THEN 1000 ELSE 100 END AS amount,
    (('x' || md5(g::text))::bit(64)::bigint)::numeric / 1e10 AS wide,
    (g * 7)::numeric AS tens, (g % 800)::numeric / 1e5 AS tiny,
    CASE g % 7 WHEN 0 THEN '' WHEN 1 THEN repeat('a', g % 300) WHEN 2 THEN repeat('볼', g % 60) WHEN 3 THEN repeat('b', 2500)
        WHEN 4 THEN repeat('é😀', g % 20) END AS words,
    CASE WHEN g % 2 = 0 THEN left('볼트와너트', g % 6) ELSE rpad(left('bolts', g % 6), 9) END AS name,
    CASE WHEN g % 2 = 0 THEN left('킬로그램', g % 5) ELSE rpad(left('KG', g % 3), 6) END AS unit, ' '::text AS mark,
    CASE WHEN g % 5 > 0 THEN decode(repeat(md5(g::text), g % 5), 'hex') || repeat('z', g % 9)::bytea ELSE ''::bytea END AS raw,
    g % 3 = 0 AS flag, (g % 65536 - 32768)::smallint AS small, g - 1000 AS count, (g - 1000) * 4000000000000000 AS large,
    CASE WHEN g % 50 = 0 THEN 'NaN' WHEN g % 50 = 1 THEN '-Infinity' WHEN g % 50 = 2 THEN -0.0 ELSE g / 7.0 END::real AS ratio,
    CASE WHEN g % 50 = 0 THEN 'NaN' WHEN g % 50 = 1 THEN 'Infinity' WHEN g % 50 = 2 THEN -0.0 ELSE g / 7.0 END::float8 AS exact,
    CASE WHEN g % 50 = 0 THEN 'infinity' WHEN g % 50 = 1 THEN '4713-01-01 BC' WHEN g % 50 = 2 THEN '5874897-12-31' ELSE '2000-01-01'::date + g END AS due,
    CASE WHEN g % 50 = 0 THEN '24:00' ELSE '12:34:56.123456'::time + make_interval(secs => g * 1.000001) END AS at_time,
    CASE WHEN g % 50 = 0 THEN '23:59:59.9999' ELSE '12:34:56.123456'::time + make_interval(secs => g * 1.000001) END AS at_milli,
    CASE WHEN g % 50 = 0 THEN '-infinity' WHEN g % 50 = 1 THEN '4713-01-01 BC' WHEN g % 50 = 2 THEN '294276-12-31 23:59:59.999999'
        ELSE '2020-02-29 12:34:56.123456'::timestamp + make_interval(secs => g * 86399.999999) END AS stamp,
    '2020-02-29 12:34:56.1235'::timestamp + make_interval(secs => g * 86399.999999) AS milli,
    CASE WHEN g % 50 = 0 THEN 'infinity' ELSE '1899-12-31 12:34:56.123456+09'::timestamptz + make_interval(days => g) END AS moment,
    '1999-12-31 23:59:59.6+00'::timestamptz + make_interval(secs => g / 4.0) AS second,
    md5(g::text)::uuid AS id, jsonb_build_object('g', g, '이름', md5(g::text)) AS doc, format('{"g":  %s}', g)::json AS loose,
    make_interval(months => g, days => -g, secs => g) AS span, format('10.0.%s.%s/24', g / 256, g % 256)::inet AS address
FROM generate_series(1, 3000) g;
-- Each column in its turn is NULL, so that every value stands at every alignment.
SELECT format('SELECT %s FROM (SELECT r.*, row_number() OVER () AS n FROM rows r) r',
    string_agg(format('CASE WHEN n %% %s <> 1 THEN %I END AS %2$I', 2 + attnum, attname), ', ' ORDER BY attnum)) AS query
FROM pg_attribute WHERE attrelid = 'copied'::regclass AND attnum > 0 \gset
SELECT payload(:'query') AS payload, current_setting('data_directory') || '/rsl_test_payload_' || current_database() AS file \gset
COPY copied FROM :'file' (FORMAT binary);
SELECT jsonb_build_object('columns', jsonb_agg(jsonb_build_object('name', attname, 'type', format_type(atttypid, atttypmod)) ORDER BY attnum)) AS definition
FROM pg_attribute WHERE attrelid = 'copied'::regclass AND attnum > 0 \gset
SELECT rsl.load_begin('public.pushed', definition => :'definition') AS load \gset
SELECT rsl.load_push(:load, 1, :'payload');
SELECT exact, inserted FROM finish(:load, rsl.table_witness('copied'));

CREATE FUNCTION stored(target text, OUT place bigint, OUT nulls text, OUT bytes bytea) RETURNS SETOF record
    LANGUAGE sql
AS $$
    SELECT row_number() OVER (ORDER BY p, lp), t_bits, t_data
    FROM generate_series(0, pg_relation_size(target::regclass) / current_setting('block_size')::int - 1) p, heap_page_items(get_raw_page(target, p::int))
    WHERE lp_len > 0
$$;
-- Which page a row comes to is the server's matter, and not the same in all versions.
SELECT (SELECT count(*) FROM stored('copied')) AS copied, (SELECT count(*) FROM stored('pushed')) AS pushed, count(*) AS same
FROM (SELECT nulls, bytes FROM stored('copied') INTERSECT ALL SELECT nulls, bytes FROM stored('pushed')) s;
-- What was compared is not all the same.
SELECT count(DISTINCT length(bytes)) > 100 AS lengths FROM stored('pushed');

-- The same where somebody has asked for another storage of columns. A row that is too long for that has values elsewhere.
CREATE TABLE plain (LIKE copied);
ALTER TABLE plain ALTER words SET STORAGE PLAIN, ALTER number SET STORAGE PLAIN, ALTER raw SET STORAGE PLAIN;
COPY plain FROM :'file' (FORMAT binary);
SELECT rsl.load_begin('public.pushed_plain', definition => :'definition') AS load \gset
ALTER TABLE rsl_stage.load_:load ALTER words SET STORAGE PLAIN, ALTER number SET STORAGE PLAIN, ALTER raw SET STORAGE PLAIN;
SELECT rsl.load_push(:load, 1, :'payload');
SELECT exact, inserted FROM finish(:load, rsl.table_witness('plain'));
SELECT count(*) AS copied, (SELECT count(*) FROM stored('pushed_plain') WHERE length(bytes) < 1500) AS pushed,
    (SELECT count(*) FROM (SELECT nulls, bytes FROM stored('plain') WHERE length(bytes) < 1500
        INTERSECT ALL SELECT nulls, bytes FROM stored('pushed_plain') WHERE length(bytes) < 1500) s) AS same
FROM stored('plain') WHERE length(bytes) < 1500;
SELECT (SELECT bytes FROM stored('plain') WHERE place = 8) <> (SELECT bytes FROM stored('copied') WHERE place = 8) AS differs;
