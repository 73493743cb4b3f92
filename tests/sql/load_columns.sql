\i sql/include/load.psql
-- Identity, generated and defaulted columns, names that need quotes, domains and enumerations.
CREATE SCHEMA "ERP 원장";
CREATE DOMAIN public.code AS varchar(8) CHECK (VALUE ~ '^[A-Z]');
CREATE TYPE public.state AS ENUM ('open', '닫힘');
CREATE TABLE "ERP 원장"."Item; ""Master""" (
    "ID" int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    "select" public.code NOT NULL,
    "품명" text,
    state public.state DEFAULT 'open',
    price numeric(10,2),
    doubled numeric GENERATED ALWAYS AS (price * 2) STORED,
    unit char(4) DEFAULT 'EA',
    made_by name DEFAULT current_user);
ALTER TABLE "ERP 원장"."Item; ""Master""" DROP COLUMN made_by, ADD COLUMN "t.s" int;

SELECT * FROM load($$SELECT * FROM (VALUES (7, 'B'::code, '볼트', '닫힘'::state, 1.25::numeric, 'KG'::char(4), NULL::int), (3, 'A', NULL, NULL, NULL, NULL, 5))
    v("ID", "select", "품명", state, price, unit, "t.s")$$, '"ERP 원장"."Item; ""Master"""', 'upsert');
SELECT * FROM "ERP 원장"."Item; ""Master""" ORDER BY 1;
SELECT target, columns, key_columns FROM rsl.load;
-- Again, by the filled path.
SELECT * FROM load($$SELECT * FROM (VALUES (7, 'B'::code, '볼트', 'open'::state, 1.25::numeric, 'KG'::char(4), NULL::int), (9, 'C', NULL, NULL, 3, NULL, 5))
    v("ID", "select", "품명", state, price, unit, "t.s")$$, '"ERP 원장"."Item; ""Master"""', 'upsert');
-- A column of its own number: the sequence has gone on beyond what was loaded.
INSERT INTO "ERP 원장"."Item; ""Master""" ("select") VALUES ('D') RETURNING *;
-- Defaults of columns that are left out, in any order of the others.
SELECT * FROM load($$SELECT 'zwei'::text AS "품명", 'E'::code AS "select"$$, '"ERP 원장"."Item; ""Master"""', columns => ARRAY['품명', 'select']);
SELECT * FROM "ERP 원장"."Item; ""Master""" WHERE "select" = 'E';
-- A value that the domain or the enumeration does not have is found when rows are merged; one that is too long for it at once.
SELECT rsl.load_begin('"ERP 원장"."Item; ""Master"""', ARRAY['select', 'state']) AS load \gset
SELECT rsl.load_push(:load, 1, payload($$SELECT 'a'::text, 'open'::text$$));
SELECT rsl.load_push(:load, 2, payload($$SELECT 'A'::text, 'ajar'::text$$));
SELECT rsl.load_push(:load, 3, payload($$SELECT 'TOO LONG A CODE'::text, 'open'::text$$));
SELECT exact, reason FROM finish(:load, witness($$SELECT 'a'::text AS "select", 'open'::text AS state UNION ALL SELECT 'A', 'ajar'$$));
