-- What a SQL Server computes of its rows, computed of a table: SHA-256 over fields of a common form. docs/diff.md
CREATE TABLE t (id int, n numeric, s text, b bytea, d date, m time, ts timestamp, tz timestamptz, u uuid, f boolean);
INSERT INTO t VALUES (1, 1.5, 'a', '\x00ff', '2024-02-29', '01:02:03.5', '2024-01-02 03:04:05.12', '2024-01-02 03:04:05+09', '6f9619ff-8b86-d011-b42d-00c04fc964ff', true), (2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
CREATE FUNCTION field(bytes bytea) RETURNS bytea LANGUAGE sql AS $$ SELECT coalesce('\x01' || int4send(length(bytes)) || bytes, '\x00') $$;
CREATE FUNCTION number(bytes bytea, start int, length int) RETURNS numeric LANGUAGE sql AS $$ SELECT ('x' || lpad(encode(substr(bytes, start, length), 'hex'), 16, '0'))::bit(64)::bigint::numeric $$;
-- As the document says it, in plain SQL.
CREATE VIEW plain AS SELECT id, sha256(k) AS key, sha256(k || field(CASE WHEN id = 1 THEN convert_to('1.5000', 'UTF8') END) || field(CASE WHEN id = 1 THEN '\x6100'::bytea END) || field(b)
    || field(convert_to(d::text, 'UTF8')) || field(CASE WHEN id = 1 THEN convert_to('01:02:03.500', 'UTF8') END) || field(CASE WHEN id = 1 THEN convert_to('2024-01-02 03:04:05.12', 'UTF8') END)
    || field(CASE WHEN id = 1 THEN convert_to('2024-01-01 18:04:05', 'UTF8') END) || field(convert_to(upper(u::text), 'UTF8')) || field(convert_to(f::int::text, 'UTF8'))) AS row
    FROM t, LATERAL (SELECT field(convert_to(id::text, 'UTF8')) AS k) k;
SELECT bucket = number(key, 17, 7) % 7 AS bucket, sums = format('1:%s:%s:%s:%s', number(row, 1, 4), number(row, 5, 4), number(row, 9, 4), number(row, 13, 4)) AS sums
    FROM plain p JOIN rsl.table_source_buckets('t', '{id}', NULL, '{0,4,0,0,0,3,0,0,0,0}', 7) s ON s.bucket = number(p.key, 17, 7) % 7 ORDER BY id;
SELECT rsl.source_key_bucket(7, '{0}', id) = number(key, 17, 7) % 7 AS same FROM t JOIN plain USING (id);
-- Without a key the whole row decides.
SELECT count(*) FROM plain p JOIN rsl.table_source_buckets('t', NULL, NULL, '{0,4,0,0,0,3,0,0,0,0}', 1000) s ON s.bucket = number(p.row, 17, 7) % 1000;
-- Zeros at the end of places are filled up, digits beyond them stay.
SELECT rsl.source_key_bucket(1000000, '{2}', 1.5) = rsl.source_key_bucket(1000000, '{2}', 1.500) AS zeros, rsl.source_key_bucket(1000000, '{2}', 1.5) = rsl.source_key_bucket(1000000, '{2}', 1.501) AS digits,
       rsl.source_key_bucket(1000000, '{0}', 5) = rsl.source_key_bucket(1000000, '{0}', 5.0) AS numbers, rsl.source_key_bucket(1000000, '{0}', NULL::text) = rsl.source_key_bucket(1000000, '{0}', ''::text) AS nothing,
       rsl.source_key_bucket(1000000, '{0}', 'infinity'::timestamp) = rsl.source_key_bucket(1000000, '{0}', '-infinity'::timestamp) AS infinities;
-- What has no common form, and what makes no sense, is refused.
SELECT rsl.source_key_bucket(8, '{0}', 1.5::float8);
\echo :SQLSTATE
SELECT rsl.source_key_bucket(8, '{0}', 'a'::char(3));
SELECT rsl.source_key_bucket(8, '{0,0}', 1);
SELECT rsl.source_key_bucket(8, '{-1}', 1);
SELECT rsl.source_key_bucket(8, NULL, 1);
SELECT rsl.source_key_bucket(0, '{0}', 1);
SELECT rsl.table_source_buckets('t', '{nothing}', '{id}', '{0}', 8);
SELECT rsl.table_source_buckets('t', '{id}', '{id,n}', '{0}', 8);
SELECT rsl.source_buckets(8, '{2}', '{0}', id) FROM t;
CREATE TABLE empty (id int);
SELECT * FROM rsl.table_source_buckets('empty', NULL, NULL, '{0}', 8);
