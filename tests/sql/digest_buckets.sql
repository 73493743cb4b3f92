-- Rows in buckets by the hash of their key: the digest of each bucket is that of its rows, for every type that a key or a column may have.
CREATE TYPE state AS ENUM ('open', 'closed');
CREATE DOMAIN code AS varchar(8);
CREATE TABLE every AS SELECT n AS id, n % 3 = 0 AS a, n::smallint AS b, n::bigint * 10000000000 AS c, n / 8.0 AS d, (n / 7.0)::numeric(20,4) AS e, n::real / 3 AS f, n::float8 / 3 AS g,
    '품목 ' || n AS h, ('v' || n)::varchar(9) AS i, ('c' || n % 5)::char(5) AS j, ('\x' || lpad(to_hex(n), 4, '0'))::bytea AS k, date '2020-01-01' + n AS l, time '00:00' + n * interval '1.000001 s' AS m,
    timestamp '2020-01-01' + n * interval '1.000001 s' AS o, timestamptz '2020-01-01 00:00+09' + n * interval '1 day' AS p, md5(n::text)::uuid AS q, json_build_object('n', n) AS r,
    jsonb_build_object('n', n) AS s, CASE WHEN n % 2 = 0 THEN 'open' ELSE 'closed' END::state AS t, ('d' || n)::code AS u, n * interval '1 hour' AS v, ARRAY[n, NULL] AS w, numrange(n, n + 1) AS x,
    nullif(n % 4, 0) AS y
    FROM generate_series(1, 300) n;
SELECT count(*) AS buckets, sum(split_part(digest, ':', 1)::int) AS rows, min(bucket) >= 0 AND max(bucket) < 16 AS within FROM rsl.table_buckets('every', '{id}', NULL, 16);
SELECT count(*) AS same FROM rsl.table_buckets('every', '{id}', NULL, 16) b
    JOIN LATERAL (SELECT rsl.digest(whole) AS digest FROM every whole WHERE rsl.key_bucket(16, whole.id) = b.bucket) d ON d.digest = b.digest;
-- The same for each column as the key, and for two.
SELECT string_agg(attname, ' ' ORDER BY attnum) AS differ FROM pg_attribute, LATERAL (
    SELECT count(*) FILTER (WHERE d.digest = b.digest) AS same, count(*) AS buckets FROM rsl.table_buckets('every', ARRAY[attname::text], '{id,a,b,c,d,e,f,g,h,i,j,k,l,m,o,p,q,r,s,t,u,v,w,x,y}', 8) b,
        LATERAL (SELECT (xpath('//digest/text()', query_to_xml(format('SELECT rsl.digest(whole) AS digest FROM every whole WHERE rsl.key_bucket(8, %I) = %s', attname, b.bucket), false, true, '')))[1]::text AS digest) d) s
    WHERE attrelid = 'every'::regclass AND attnum > 0 AND (same <> buckets OR buckets = 0);
SELECT bool_and(b.digest = (SELECT rsl.digest_columns(h, id, t, a) FROM every WHERE rsl.key_bucket(5, t, a) = b.bucket)) AS same FROM rsl.table_buckets('every', '{t,a}', '{h,id}' || '{t,a}'::text[], 5) b;
-- Without a key, the whole row decides.
SELECT count(*) = 4 AND bool_and(b.digest = (SELECT rsl.digest_columns(id, h) FROM every WHERE rsl.key_bucket(4, id, h) = b.bucket)) AS same FROM rsl.table_buckets('every', NULL, '{id,h}', 4) b;
SELECT array_agg(b ORDER BY b) = (SELECT array_agg(b ORDER BY b) FROM rsl.table_buckets('every', '{}', '{id,h}', 4) b) AS same FROM rsl.table_buckets('every', '{id,h}', '{id,h}', 4) b;
-- Equal values of different types are in one bucket; a row as the only argument is a key of its fields; NULL is a value.
SELECT rsl.key_bucket(1000, 5) = rsl.key_bucket(1000, 5.00) AS numbers, rsl.key_bucket(1000, 'a'::text) = rsl.key_bucket(1000, 'a  '::char(3)) AS texts,
       rsl.key_bucket(1000, 'open'::state) = rsl.key_bucket(1000, 'open'::text) AS labels, rsl.key_bucket(1000, ROW(1, 'a'::text)) = rsl.key_bucket(1000, 1, 'a'::text) AS rows,
       rsl.key_bucket(1000, NULL::text) = rsl.key_bucket(1000, NULL::int) AS nulls, rsl.key_bucket(1000000, NULL::text) = rsl.key_bucket(1000000, ''::text) AS nothing, rsl.key_bucket(1, 'x'::text) AS only;
-- The order of rows does not matter, nor do parallel workers.
CREATE TABLE turned AS SELECT * FROM every ORDER BY id DESC;
CREATE TABLE large AS SELECT n AS id, 'text ' || n AS t FROM generate_series(1, 50000) n;
SELECT count(*) AS differ FROM rsl.table_buckets('every', '{id}', NULL, 64) e FULL JOIN rsl.table_buckets('turned', '{id}', NULL, 64) t USING (bucket) WHERE e.digest IS DISTINCT FROM t.digest;
SELECT md5(string_agg(b::text, ' ' ORDER BY bucket)) AS alone FROM rsl.table_buckets('large', '{id}', NULL, 777) b \gset
SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0; SET max_parallel_workers_per_gather = 2;
EXPLAIN (COSTS OFF) SELECT rsl.buckets(777, '{1}', id, t) FROM large;
SELECT md5(string_agg((n - 1, d)::text, ' ' ORDER BY n)) = :'alone' AS parallel FROM unnest((SELECT rsl.buckets(777, '{1}', id, t) FROM large)) WITH ORDINALITY u(d, n);
RESET ALL;
-- One value that changes shows in one bucket; values that are swapped between two rows in both.
UPDATE turned SET e = e + 0.0001 WHERE id = 17;
SELECT array_agg(bucket) = ARRAY[rsl.key_bucket(64, 17)] AS changed FROM rsl.table_buckets('every', '{id}', NULL, 64) e FULL JOIN rsl.table_buckets('turned', '{id}', NULL, 64) t USING (bucket) WHERE e.digest IS DISTINCT FROM t.digest;
-- More columns than a function has arguments.
SELECT format('CREATE TABLE wide AS SELECT n AS c1, %s FROM generate_series(1, 20) n', string_agg(format('n + %s AS c%s', i, i), ', ')) FROM generate_series(2, 150) i \gexec
SELECT bool_and(b.digest = (SELECT rsl.digest(w) FROM wide w WHERE rsl.key_bucket(4, c1, c150) = b.bucket)) AS same FROM rsl.table_buckets('wide', '{c1,c150}', NULL, 4) b;
SELECT bool_and(b.digest = (SELECT rsl.digest(w) FROM wide w WHERE rsl.key_bucket(4, w) = b.bucket)) AS same FROM rsl.table_buckets('wide', NULL, NULL, 4) b;
-- Nothing in, nothing out; what makes no sense is refused.
CREATE TABLE empty (id int);
SELECT * FROM rsl.table_buckets('empty', '{id}', NULL, 16);
SELECT * FROM rsl.table_buckets(NULL, '{id}', NULL, 16);
SELECT * FROM rsl.table_buckets('every', '{id}', '{a}', 16);
SELECT * FROM rsl.table_buckets('every', '{nothing}', NULL, 16);
SELECT * FROM rsl.table_buckets('every', ARRAY[NULL]::text[], NULL, 16);
SELECT * FROM rsl.table_buckets('every', '{id}', NULL, 0);
\echo :SQLSTATE
SELECT * FROM rsl.table_buckets('every', '{id}', NULL, NULL);
SELECT rsl.key_bucket(-1, 1);
SELECT rsl.key_bucket(NULL, 1);
SELECT rsl.key_bucket(2000000, 1);
SELECT rsl.key_bucket(8, VARIADIC ARRAY[1, 2]);
SELECT rsl.buckets(8, '{3}', id, a) FROM every;
SELECT rsl.buckets(8, '{0}', id, a) FROM every;
SELECT rsl.row_buckets(8, '{99}', ROW(id, a)) FROM every;
