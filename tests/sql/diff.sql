-- rsl.diff: which rows and columns of two tables differ.
CREATE TABLE a (id int PRIMARY KEY, name text, price numeric(12,2), at timestamp, note text);
INSERT INTO a SELECT i, 'item ' || i, i * 1.25, timestamp '2026-01-01' + i * interval '1 min', NULL FROM generate_series(1, 3000) i;
CREATE TABLE b AS SELECT * FROM a;
SELECT * FROM rsl.diff('a', 'b');
UPDATE b SET price = price + 0.01 WHERE id = 7;
UPDATE b SET name = name || ' ', note = '' WHERE id = 1500;
UPDATE b SET at = at + interval '1 us' WHERE id = 2999;
DELETE FROM b WHERE id = 42;
INSERT INTO b VALUES (-1, 'new', NULL, NULL, NULL);
-- Two values swapped between rows.
UPDATE b SET name = CASE id WHEN 100 THEN 'item 200' ELSE 'item 100' END WHERE id IN (100, 200);
SELECT * FROM rsl.diff('a', 'b');
-- The other way round; and by a key that is named.
SELECT kind, count(*) FROM rsl.diff('b', 'a', '{id}') GROUP BY 1 ORDER BY 1;
-- Equal numbers of other types, zones and scales are equal; a view will do.
CREATE VIEW wide AS SELECT id::numeric(20,5) AS id, name::varchar(50), price::numeric, at, note::char(10) FROM a;
SELECT * FROM rsl.diff('a', 'wide');
-- More differences than a sketch can name: every row is looked at.
UPDATE b SET price = price * 2 WHERE price <> 0;
SELECT kind, "column", count(*) FROM rsl.diff('a', 'b') GROUP BY 1, 2 ORDER BY 1, 2;
SELECT * FROM rsl.diff('a', 'b') LIMIT 3;
-- Keys of several columns, quoted, long, with NULL, of other types.
CREATE TABLE "A k" ("Key 1" text, k2 uuid, d date, "Val" int);
INSERT INTO "A k" VALUES ('가''나', '00000000-0000-0000-0000-000000000001', '2026-02-28', 1), ('x', '00000000-0000-0000-0000-000000000002', '2026-03-01', 2), (repeat('long ', 20), NULL, NULL, 3);
CREATE TABLE "B k" AS SELECT * FROM "A k";
UPDATE "B k" SET "Val" = 10 WHERE "Val" = 1;
SELECT * FROM rsl.diff('"A k"', '"B k"', '{"Key 1",k2,d}');
UPDATE "B k" SET "Val" = 30 WHERE "Val" = 3;
SELECT * FROM rsl.diff('"A k"', '"B k"', '{"Key 1",k2,d}');
-- A key that stands twice.
INSERT INTO "B k" SELECT "Key 1", k2, d, 99 FROM "B k" WHERE "Val" = 2;
SELECT * FROM rsl.diff('"A k"', '"B k"', '{"Key 1",k2,d}');
-- Without a key rows have no names, but how often they stand is known.
SELECT * FROM rsl.diff('"A k"', '"B k"');
-- Other columns, and types that cannot be compared: said, and the rest is compared.
CREATE TABLE c (id int PRIMARY KEY, name int, price numeric, extra text);
INSERT INTO c SELECT id, id, price, 'x' FROM a;
SELECT * FROM rsl.diff('a', 'c');
UPDATE c SET price = 0 WHERE id = 9;
SELECT * FROM rsl.diff('a', 'c');
-- Nothing, and nothing against something.
CREATE TABLE e (LIKE a INCLUDING ALL);
SELECT * FROM rsl.diff('e', 'e');
SELECT kind, count(*) FROM rsl.diff('a', 'e') GROUP BY 1;
INSERT INTO e SELECT * FROM a WHERE id < 3;
CREATE TABLE e0 (LIKE a INCLUDING ALL);
SELECT * FROM rsl.diff('e0', 'e');
-- More columns than a function has arguments.
SELECT format('CREATE TABLE w1 (id int PRIMARY KEY, %s)', string_agg(format('c%s int', i), ', ')) AS make, format('INSERT INTO w1 SELECT g, %s FROM generate_series(1, 50) g', string_agg(format('g * %s', i), ', ')) AS fill
FROM generate_series(1, 150) i \gset
:make;
:fill;
CREATE TABLE w2 AS SELECT * FROM w1;
UPDATE w2 SET c149 = 0 WHERE id = 3;
SELECT * FROM rsl.diff('w1', 'w2', '{id}');
-- A key that is an enumeration on one side and text on the other, or a number of another type.
CREATE TYPE color AS ENUM ('red', 'green');
CREATE TABLE k1 (c color, n int, v text, PRIMARY KEY (c, n));
CREATE TABLE k2 (c text, n numeric(9,2), v text, PRIMARY KEY (c, n));
INSERT INTO k1 VALUES ('red', 1, 'a'), ('green', 2, 'b');
INSERT INTO k2 VALUES ('red', 1, 'a'), ('green', 2, 'c');
SELECT * FROM rsl.diff('k1', 'k2');
-- What it refuses.
SELECT rsl.diff(NULL, 'a');
SELECT rsl.diff('a', 'b', '{nosuch}');
SELECT rsl.diff('a', 'b', '{}');
CREATE TABLE other (z int);
SELECT rsl.diff('a', 'other');
CREATE ROLE diff_nobody;
GRANT USAGE ON SCHEMA rsl TO diff_nobody;
SET ROLE diff_nobody;
SELECT rsl.diff('a', 'b');
RESET ROLE;
ALTER TABLE b ENABLE ROW LEVEL SECURITY;
GRANT SELECT ON a, b TO diff_nobody;
SET ROLE diff_nobody;
SELECT rsl.diff('a', 'b');
RESET ROLE;
REVOKE ALL ON a, b FROM diff_nobody;
REVOKE USAGE ON SCHEMA rsl FROM diff_nobody;
DROP ROLE diff_nobody;
-- Keys whose type has no text that reads back, days before our era, types that are not the same on both sides: never equal by mistake.
CREATE FUNCTION try_diff(key_type text, one text, two text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TABLE da (k %1$s, v int); CREATE TABLE db (k %1$s, v int);
        INSERT INTO da VALUES (%2$L, 1), (%3$L, 2); INSERT INTO db VALUES (%2$L, 1), (%3$L, 3)', key_type, one, two);
    RETURN QUERY SELECT concat_ws('|', key_type, d.key, d.kind, d.column, d.left, d.right) FROM rsl.diff('da', 'db', '{k}') d;
    DROP TABLE da, db;
END $$;
SELECT try_diff(v.a, v.b, v.c) FROM (VALUES ('bit(3)', '001', '101'), ('varbit', '1', '11'), ('name', 'a', 'b'), ('"char"', 'a', 'b'), ('money', '1', '2'), ('tsvector', 'a', 'b'),
    ('interval', '1 day', '2 days'), ('timetz', '01:00+00', '02:00+00'), ('oid', '1', '2'), ('inet', '10.0.0.1', '10.0.0.2'), ('int[]', '{1}', '{2}'), ('jsonb', '{"a": 1}', '{"a": 2}'),
    ('int4range', '[1,2)', '[2,3)'), ('regclass', 'pg_class', 'pg_type'), ('timestamptz', '2024-01-01 00:00+00', 'infinity'), ('date', '0045-03-15', '0045-03-15 BC'),
    ('timestamp', '0001-01-01', '0001-12-31 BC'), ('date', '9999-12-31', '10000-01-01'), ('date', '2024-02-29', '2024-03-01'), ('bytea', '\x00', '\x0001'), ('float8', '0.1', '0.2')) v (a, b, c);
CREATE TABLE v2 (k varchar(2) PRIMARY KEY, v int); CREATE TABLE v3 (k varchar(3) PRIMARY KEY, v int);
INSERT INTO v2 VALUES ('ab', 1); INSERT INTO v3 VALUES ('ab', 1), ('abc', 2);
SELECT * FROM rsl.diff('v2', 'v3', '{k}');
CREATE TABLE small (k smallint PRIMARY KEY, v int); CREATE TABLE large (k numeric PRIMARY KEY, v int);
INSERT INTO small VALUES (1, 1); INSERT INTO large VALUES (1, 1), (1.5, 2), (70000, 3);
SELECT * FROM rsl.diff('small', 'large', '{k}');
-- A column with the name of an alias.
CREATE TABLE t1 (id int PRIMARY KEY, t text, r text, x text, s text); CREATE TABLE t2 (LIKE t1 INCLUDING ALL);
INSERT INTO t1 VALUES (1, 'a', 'b', 'c', 'd'); INSERT INTO t2 VALUES (1, 'A', 'b', 'c', 'd');
SELECT * FROM rsl.diff('t1', 't2');
