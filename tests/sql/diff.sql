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
