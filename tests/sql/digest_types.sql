-- Every type that a table may hold has a digest, which survives a dump to text and back.
CREATE TYPE state AS ENUM ('open', 'closed');
CREATE TYPE size AS (width numeric, unit text);
CREATE DOMAIN code AS varchar(8);
CREATE TYPE span AS RANGE (subtype = text);
CREATE TABLE every (a boolean, b smallint, c int, d bigint, e numeric, f numeric(38,10), g real, h float8, i money, j text, k varchar(9), l char(5), m "char", n name,
    o bytea, p date, q time, r timetz, s timestamp, t timestamptz, u interval, v uuid, w json, x jsonb, y xml, z inet, aa cidr, ab macaddr, ac bit(3), ad varbit,
    ae point, af box, ag tsvector, ah tsquery, ai pg_lsn, aj oid, ak state, al size, am code, an int[], ao text[], ap numeric[], aq state[], ar size[], at int4range, au span,
    av tstzrange, aw int4multirange, ax code[], ay jsonb[], az regclass);
INSERT INTO every VALUES (true, -1, 2, -3, 1.50, 0.1, 1e-10, 'infinity', 12.34, '볼트', 'x', 'y', 'z', 'name', '\x00ff', '0001-01-01 BC', '24:00', '10:00+09',
    'infinity', '1900-01-01', '1 month 2 days 3.5 seconds', '6f9619ff-8b86-d011-b42d-00c04fc964ff', '{"b": 1, "a":2}', '{"b": 1, "a":[null, "볼트", 1e3]}', '<a b="c">d</a>',
    '10.0.0.1/24', '10.0.0.0/8', '08:00:2b:01:02:03', '101', '1', '(1,2)', '(1,1),(0,0)', 'a fat cat', 'fat & rat', '0/16B3748', 42, 'closed', '(1.10,mm)', 'A',
    '{1,NULL,3}', '{a,"b c",NULL,""}', '{1.5,2}', '{open,closed}', '{"(1,mm)","(,)"}', '[1,5)', '[a,b)', '[2020-01-01,)', '{[1,3),[7,9)}', '{A,B}', '{"{\"a\": 1}"}', 'pg_class');
INSERT INTO every (a) VALUES (NULL);
INSERT INTO every (e, g, h, p, s, t) VALUES ('NaN', 'NaN', '-infinity', 'infinity', '-infinity', 'infinity');
INSERT INTO every (e, f, d, b, p, s, j) VALUES ('-Infinity', -9999999999999999999999999999.9999999999, -9223372036854775808, -32768, '5874897-12-31', '294276-12-31 23:59:59.999999', repeat('long ', 100000));
SELECT split_part(rsl.table_digest('every'), ':', 1) AS rows, rsl.table_digest('every') = rsl.digest(whole) AS by_row FROM every whole;

CREATE TABLE copied (LIKE every);
SELECT current_setting('data_directory') || '/rsl_test_copy' AS file \gset
COPY every TO :'file';
COPY copied FROM :'file';
SELECT rsl.table_digest('copied') = rsl.table_digest('every') AS same;
-- Each of the columns counts.
SELECT count(*) AS columns, count(DISTINCT rsl.table_digest('every', ARRAY[attname::text])) AS digests FROM pg_attribute WHERE attrelid = 'every'::regclass AND attnum > 0;
SELECT count(*) FILTER (WHERE value ? 'sum') AS summed, sum((value ->> 'nulls')::int) AS nulls FROM jsonb_each(rsl.table_witness('every') -> 'columns');
-- Settings of the session do not matter.
SELECT rsl.table_digest('every') AS digest \gset
SET timezone = 'Asia/Seoul'; SET datestyle = 'German'; SET intervalstyle = 'iso_8601'; SET extra_float_digits = -3; SET bytea_output = 'escape'; SET lc_monetary = 'C'; SET search_path = pg_catalog;
SELECT rsl.table_digest('public.every') = :'digest' AS same;
