\i sql/include/load.psql
-- A key that the source sends twice, or leaves empty, is refused: no row may win over another.
CREATE SCHEMA erp;
CREATE TABLE erp.item (plant text, code text, price numeric, UNIQUE (plant, code));
-- Into an empty table.
SELECT * FROM load($$SELECT * FROM (VALUES ('P', 'A', 1.0), ('P', 'A', 2.0)) v(plant, code, price)$$, 'erp.item', 'upsert', ARRAY['plant', 'code']);
INSERT INTO erp.item VALUES ('P', 'A', 1);
-- Into one that holds rows.
SELECT * FROM load($$SELECT * FROM (VALUES ('P', 'A', 1.0), ('P', 'A', 2.0)) v(plant, code, price)$$, 'erp.item', 'upsert', ARRAY['plant', 'code']);
SELECT * FROM load($$SELECT * FROM (VALUES ('P', 'B', 1.0), ('P', 'B', 1.0)) v(plant, code, price)$$, 'erp.item', 'replace', ARRAY['plant', 'code']);
SELECT * FROM load($$SELECT * FROM (VALUES ('P', 'B', 1.0), ('P', 'B', 1.0)) v(plant, code, price)$$, 'erp.item', 'append', ARRAY['plant', 'code']);
SELECT * FROM load($$SELECT 'P' AS plant, NULL::text AS code, 1.0 AS price$$, 'erp.item', 'upsert', ARRAY['plant', 'code']);
SELECT * FROM load($$SELECT 'P' AS plant, NULL::text AS code, 1.0 AS price$$, 'erp.item', 'replace', ARRAY['plant', 'code']);
-- A key that is there already.
SELECT * FROM load($$SELECT 'P' AS plant, 'A' AS code, 1.0 AS price$$, 'erp.item', 'append', ARRAY['plant', 'code']);
SELECT * FROM erp.item;
-- Keys that differ by case, by a space, by a NULL in another column, or not at all as numbers, are what their type says.
CREATE TABLE erp.code (code text, name text, number numeric, UNIQUE (code, number));
INSERT INTO erp.code VALUES ('a', 'small', 1.0);
SELECT * FROM load($$SELECT * FROM (VALUES ('a', 'changed', 1.00), ('A', NULL, 1.0), ('a ', NULL, 1)) v(code, name, number)$$, 'erp.code', 'upsert', ARRAY['number', 'code']);
SELECT '[' || code || ']' AS code, name, number FROM erp.code ORDER BY erp.code.code COLLATE "C";
-- Another unique constraint than the key.
ALTER TABLE erp.code ADD UNIQUE (name);
SELECT * FROM load($$SELECT 'b' AS code, 'changed' AS name, 1.0 AS number$$, 'erp.code', 'upsert', ARRAY['code', 'number']);
