\i sql/include/load.psql
-- Text that was decoded with the wrong code page is named by column, kind and key; text that people write is not.
CREATE SCHEMA "Erp";
CREATE TABLE "Erp"."Item" (id text PRIMARY KEY, "the name" text, spec varchar(200), fixed char(40), n int);
SELECT exact FROM load($$SELECT 'K' || g AS id, '볼트 M' || g AS "the name", 'plain' AS spec, 'x'::char(40) AS fixed, g AS n FROM generate_series(1, 10) g$$, '"Erp"."Item"');
CREATE VIEW checked AS SELECT object, status, actual, detail, hint FROM rsl.verify('text_decoded');
SELECT * FROM checked;
-- What is well: all scripts, quotes, dots, measures, capitals, emoji.
CREATE TABLE well (v text);
INSERT INTO well VALUES ('Größe Ø12 µm ±0.5°'), ('« CAFÉ »'), ('Spaß”…'), ('l’été…»'), ('così…»'), ('NÃO AÇÃO'), ('Ångström'), ('ÀÉÎÕÜ'), ('安全 カタカナ'), ('Привет'), ('Ελλάδα'), ('👍🏽'),
    ('C:\temp\x1'), ('É ' || U&'\00A0' || '»'), ('½×¾'), ('ß–ß'), (''), ('한글 자모'), ('à “b”'), ('©®™');
INSERT INTO "Erp"."Item" SELECT 'W' || row_number() OVER (), v FROM well;
SELECT * FROM checked;
DELETE FROM "Erp"."Item" WHERE id LIKE 'W%';
-- One kind of damage after the other, made as the mistake makes it.
CREATE FUNCTION misread(v text, wrote name, read name) RETURNS text LANGUAGE sql AS $$ SELECT convert_from(convert_to(v, wrote), read) $$;
CREATE TABLE damage (kind text, v text);
INSERT INTO damage VALUES
    ('UTF-8 as Latin-1, Korean', misread('안전', 'UTF8', 'LATIN1')), ('UTF-8 as Latin-1, one', misread('가', 'UTF8', 'LATIN1')), ('UTF-8 as Windows-1252, Korean', 'ì•ˆì „'), ('UTF-8 as Windows-1252, one', 'ì•ˆ'),
    ('UTF-8 as Latin-1, German', misread('Größe', 'UTF8', 'LATIN1')), ('UTF-8 as Windows-1252, degree', '20Â°'), ('UTF-8 as Latin-1, Cyrillic', misread('Привет', 'UTF8', 'LATIN1')),
    ('EUC-KR as Latin-1', misread('볼트', 'EUC_KR', 'LATIN1')), ('EUC-KR as Windows-1252', misread('스테인리스 강', 'EUC_KR', 'WIN1252')), ('replaced', 'Bolt ' || U&'\FFFD'), ('Windows-1252 as Latin-1', 'a' || U&'\0093' || 'b'),
    ('NUL', 'a\u0000b'), ('NUL', 'a\x00'), ('byte order mark', U&'\FEFFx'), ('zero width', U&'\200Bx'), ('decomposed', normalize('볼트', NFD)), ('decomposed', 'e' || U&'\0301');
CREATE PROCEDURE damaged(column_name text) LANGUAGE plpgsql AS $$
DECLARE
    d record;
    found record;
BEGIN
    FOR d IN SELECT * FROM damage LOOP
        EXECUTE format('UPDATE "Erp"."Item" SET %I = %L WHERE id IN (''K3'', ''K7'')', column_name, d.v);
        FOR found IN SELECT * FROM checked WHERE status <> 'pass' LOOP
            RAISE INFO '%: % % %, %', d.kind, found.status, found.object, found.actual, found.detail;
        END LOOP;
        ROLLBACK;
    END LOOP;
END $$;
CALL damaged('the name');
CALL damaged('fixed');
-- A column that is decomposed throughout is somebody's choice.
UPDATE "Erp"."Item" SET "the name" = normalize("the name", NFD);
SELECT status FROM checked;
UPDATE "Erp"."Item" SET "the name" = normalize("the name", NFC);
-- Blanks matter in keys; elsewhere an exact copy may hold them.
UPDATE "Erp"."Item" SET spec = ' plain ' WHERE id = 'K1';
SELECT status FROM checked;
UPDATE "Erp"."Item" SET id = id || ' ' WHERE id IN ('K1', 'K2');
UPDATE "Erp"."Item" SET id = E'\t' || id WHERE id = 'K4';
SELECT * FROM checked;
-- Partitions, no key, no text, no rows, a domain.
CREATE DOMAIN "Erp".code AS varchar(20);
CREATE TABLE "Erp".parts (id int, v "Erp".code) PARTITION BY RANGE (id);
CREATE TABLE "Erp".parts1 PARTITION OF "Erp".parts DEFAULT;
CREATE TABLE "Erp".numbers (id int);
CREATE TABLE "Erp".empty (v text);
SELECT exact FROM load($$SELECT 1 AS id, 'Größe'::varchar AS v$$, '"Erp".parts');
SELECT exact FROM load('SELECT 1 AS id', '"Erp".numbers');
SELECT exact FROM load('SELECT NULL::text AS v WHERE false', '"Erp".empty');
UPDATE "Erp".parts SET v = misread(v, 'UTF8', 'LATIN1');
SELECT object, status, actual, detail FROM checked;
-- What people write: dots that lead to a page, degrees, Hangul beside signs of Latin-1.
CREATE TABLE "Erp".dots (id int PRIMARY KEY, v text);
SELECT exact FROM load($$SELECT * FROM (VALUES (1, '제목 ···· 5'), (2, '°°°°'), (3, '볼트 ±°¡¿')) v(id, v)$$, '"Erp".dots');
SELECT object, status, actual, detail FROM checked WHERE object LIKE '%dots%';
