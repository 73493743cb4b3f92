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
-- What the owner of a type has made, casts and the rules of domains, does not run with the rights of whoever compares, and hides nothing.
CREATE ROLE diff_owner;
CREATE SCHEMA theirs AUTHORIZATION diff_owner;
SET ROLE diff_owner;
CREATE TYPE theirs.mood AS ENUM ('a', 'b');
CREATE FUNCTION theirs.as_mood(text) RETURNS theirs.mood LANGUAGE plpgsql AS $$ BEGIN RAISE WARNING 'a cast runs as %', current_user; RETURN 'a'; END $$;
CREATE CAST (text AS theirs.mood) WITH FUNCTION theirs.as_mood(text);
CREATE FUNCTION theirs.as_text(theirs.mood) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE WARNING 'a cast runs as %', current_user; RETURN 'same'; END $$;
CREATE CAST (theirs.mood AS text) WITH FUNCTION theirs.as_text(theirs.mood) AS ASSIGNMENT;
CREATE FUNCTION theirs.holds(text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE WARNING 'a rule runs as %', current_user; RETURN true; END $$;
CREATE DOMAIN theirs.code AS text CONSTRAINT holds CHECK (theirs.holds(value));
CREATE TABLE theirs.l (k theirs.mood PRIMARY KEY, v int, m theirs.mood);
CREATE TABLE theirs.r (LIKE theirs.l INCLUDING ALL);
INSERT INTO theirs.l VALUES ('a', 1, 'a'), ('b', 1, NULL);
INSERT INTO theirs.r VALUES ('a', 1, 'b'), ('b', 999, 'a');
SET client_min_messages = error;
CREATE TABLE theirs.cl (k theirs.code PRIMARY KEY, v int);
CREATE TABLE theirs.cr (LIKE theirs.cl INCLUDING ALL);
INSERT INTO theirs.cl VALUES ('x', 1), ('y', 1);
INSERT INTO theirs.cr VALUES ('x', 1), ('y', 2);
RESET client_min_messages;
RESET ROLE;
SELECT * FROM rsl.diff('theirs.l', 'theirs.r');
SELECT * FROM rsl.diff('theirs.cl', 'theirs.cr');
-- A domain with a rule that its rows break, of before the rule was made.
CREATE DOMAIN late AS int;
CREATE TABLE late_l (k late PRIMARY KEY, v text);
CREATE TABLE late_r (k late PRIMARY KEY, v text);
INSERT INTO late_l VALUES (-1, 'a'), (1, 'b');
INSERT INTO late_r VALUES (-1, 'c'), (1, 'b');
ALTER DOMAIN late ADD CONSTRAINT positive CHECK (value > 0) NOT VALID;
SELECT * FROM rsl.diff('late_l', 'late_r');
-- A key that stands twice on both sides, with the same rows, is no difference; with other rows it is.
CREATE TABLE twice_l (k int, v text);
CREATE TABLE twice_r (k int, v text);
INSERT INTO twice_l VALUES (1, 'a'), (1, 'b'), (2, 'z'), (3, 'p'), (3, 'q'), (NULL, 'q');
INSERT INTO twice_r VALUES (1, 'b'), (1, 'a'), (2, 'z'), (3, 'p'), (3, 'p'), (NULL, 'r');
SELECT * FROM rsl.diff('twice_l', 'twice_r', '{k}');
-- Keys that cannot be sorted or compared by the server; a column that has no binary form.
CREATE TABLE odd_l (k json, p point, x xml, acl aclitem, v int);
CREATE TABLE odd_r (LIKE odd_l);
INSERT INTO odd_l VALUES ('{"a": 1}', '(1,2)', '<a/>', NULL, 1), ('{"a": 2}', '(3,4)', '<b/>', NULL, 2);
INSERT INTO odd_r VALUES ('{"a": 1}', '(1,2)', '<a/>', NULL, 1), ('{"a": 2}', '(3,4)', '<b/>', NULL, 3);
SELECT * FROM rsl.diff('odd_l', 'odd_r', '{k}');
SELECT * FROM rsl.diff('odd_l', 'odd_r', '{p,x}');
-- A type of text under another name is text.
CREATE EXTENSION citext;
CREATE TABLE ci_l (k citext PRIMARY KEY, v citext);
CREATE TABLE ci_r (k text PRIMARY KEY, v text);
INSERT INTO ci_l VALUES ('A', 'x'), ('b', 'y');
INSERT INTO ci_r VALUES ('A', 'x'), ('b', 'Y');
SELECT rsl.digest('A'::citext) = rsl.digest('A'::text) AS text, rsl.digest('A'::citext) = rsl.digest('a'::text) AS same_case;
SELECT * FROM rsl.diff('ci_l', 'ci_r');
SELECT * FROM rsl.diff('ci_l', 'ci_l');
-- A temporary table with the name of a type; rows that change from one look to the next; names however the session quotes them.
CREATE TEMP TABLE date (k int PRIMARY KEY, v regclass);
CREATE TABLE dates (k int PRIMARY KEY, v regclass);
INSERT INTO date VALUES (1, 'pg_type');
INSERT INTO dates VALUES (1, 'pg_class');
SET quote_all_identifiers = on;
SELECT rsl.digest('10.0.0.1'::inet) AS inet \gset
SELECT * FROM rsl.diff('pg_temp.date', 'dates');
RESET quote_all_identifiers;
SELECT rsl.digest('10.0.0.1'::inet) = :'inet' AS same_digest;
CREATE SEQUENCE looks;
CREATE VIEW changing AS SELECT k, nextval('looks') <= 3 AS v FROM generate_series(1, 3) k;
SELECT * FROM rsl.diff('changing', 'changing', '{k}');
\echo :SQLSTATE
-- Row security hides rows behind a view, too: from whoever asks, or from the owner of the view.
CREATE TABLE hidden (id int PRIMARY KEY);
INSERT INTO hidden SELECT generate_series(1, 10);
CREATE TABLE seen AS SELECT * FROM hidden WHERE id <= 5;
ALTER TABLE hidden ENABLE ROW LEVEL SECURITY;
CREATE POLICY few ON hidden USING (id <= 5);
CREATE VIEW as_caller WITH (security_invoker) AS SELECT * FROM hidden;
CREATE VIEW as_owner AS SELECT * FROM hidden;
CREATE VIEW over_both AS SELECT a.id FROM as_caller a JOIN as_owner o USING (id);
GRANT SELECT ON hidden, seen, as_caller, as_owner, over_both TO diff_owner;
GRANT USAGE ON SCHEMA rsl TO diff_owner;
SET ROLE diff_owner;
SELECT count(*) FROM rsl.diff('as_caller', 'seen', '{id}');
\echo :SQLSTATE
SELECT count(*) FROM rsl.diff('as_owner', 'seen', '{id}');
SELECT count(*) FROM rsl.diff('over_both', 'seen', '{id}');
CREATE VIEW theirs.own AS SELECT * FROM hidden;
RESET ROLE;
SELECT count(*) FROM rsl.diff('theirs.own', 'seen', '{id}');
SELECT count(*) FROM rsl.diff('as_caller', 'seen', '{id}');
DROP OWNED BY diff_owner CASCADE;
DROP ROLE diff_owner;
