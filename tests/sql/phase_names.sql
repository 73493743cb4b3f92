-- Names that need quotes, and names that fill the length of a name.
CREATE SCHEMA "My Schema";
CREATE TABLE "My Schema"."Ta'ble %I" ("I'd" int PRIMARY KEY, "Pha""se" text, "wh\o" text);
SELECT rsl.phase_on('"My Schema"."Ta''ble %I"', 'Pha"se', ARRAY['it''s', '"new"', 'back\slash', '한글'], '{"it''s": ["back\\slash"]}', changed_by => 'wh\o');
INSERT INTO "My Schema"."Ta'ble %I" VALUES (1, 'it''s', 'k\im');
UPDATE "My Schema"."Ta'ble %I" SET "Pha""se" = 'back\slash';
UPDATE "My Schema"."Ta'ble %I" SET "Pha""se" = '한글';
SELECT schema_name, table_name, key, from_phase, to_phase, changed_by FROM rsl.phase_history ORDER BY phase_history_id;
SELECT phase, entries, rows_now FROM rsl.phase_summary('"My Schema"."Ta''ble %I"');
SELECT object, status, detail FROM rsl.verify('phase_triggers') WHERE object LIKE '"My%';
SELECT rsl.phase_off('"My Schema"."Ta''ble %I"');
CREATE TABLE 벨로즈_제조_라우팅_그룹_마스터_테이블 (번호 int PRIMARY KEY, 현재_진행_단계_코드_값 text,
    CONSTRAINT 벨로즈_제조_라우_현재_진행_단_phase_check CHECK (true));
SELECT rsl.phase_on('벨로즈_제조_라우팅_그룹_마스터_테이블', '현재_진행_단계_코드_값', '{a}');
SELECT conname, octet_length(conname) <= 63 AS fits FROM pg_constraint WHERE conrelid = '벨로즈_제조_라우팅_그룹_마스터_테이블'::regclass AND contype = 'c' ORDER BY 1;
SELECT rsl.phase_off('벨로즈_제조_라우팅_그룹_마스터_테이블');
SELECT conname FROM pg_constraint WHERE conrelid = '벨로즈_제조_라우팅_그룹_마스터_테이블'::regclass AND contype = 'c' ORDER BY 1;
-- A constraint of that name that was there before stays.
CREATE TABLE t (id int PRIMARY KEY, c text CONSTRAINT t_c_phase_check CHECK (c <> 'x'));
SELECT rsl.phase_on('t', 'c', '{a}');
SELECT conname FROM pg_constraint WHERE conrelid = 't'::regclass AND contype = 'c' ORDER BY 1;
SELECT rsl.phase_off('t');
SELECT conname FROM pg_constraint WHERE conrelid = 't'::regclass AND contype = 'c' ORDER BY 1;
