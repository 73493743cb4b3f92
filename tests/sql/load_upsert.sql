\i sql/include/load.psql
-- New keys are inserted, changed rows updated, and a row that is as the source has it is not written again.
CREATE SCHEMA erp;
CREATE TABLE erp.item (code text PRIMARY KEY, name text, price numeric(19,4));
INSERT INTO erp.item VALUES ('same', 'bolt', 1), ('changed', 'nut', 1), ('emptied', 'pin', 1), ('filled', NULL, 1), ('left', 'cap', 1);
CREATE TABLE old AS SELECT code, ctid AS place, xmin::text AS made FROM erp.item;

SELECT * FROM load($$
    SELECT * FROM (VALUES ('same', 'bolt', 1.0000), ('changed', 'nut', 2), ('emptied', NULL, 1), ('filled', 'cog', 1), ('new', 'rod', 5)) v(code, name, price)
$$, 'erp.item', 'upsert');
SELECT i.*, i.ctid = o.place AND i.xmin::text = o.made AS untouched FROM erp.item i LEFT JOIN old o USING (code) ORDER BY code;

-- The same again writes nothing.
CREATE TABLE again AS SELECT code, ctid AS place, xmin::text AS made FROM erp.item;
SELECT * FROM load($$
    SELECT * FROM (VALUES ('same', 'bolt', 1.0000), ('changed', 'nut', 2), ('emptied', NULL, 1), ('filled', 'cog', 1), ('new', 'rod', 5)) v(code, name, price)
$$, 'erp.item', 'upsert');
SELECT bool_and(i.ctid = o.place AND i.xmin::text = o.made) AS untouched FROM erp.item i JOIN again o USING (code);

-- Columns that the load leaves out keep their values.
SELECT * FROM load($$SELECT 'same'::text AS code, 9::numeric AS price$$, 'erp.item', 'upsert', columns => ARRAY['code', 'price']);
SELECT * FROM erp.item WHERE code = 'same';

-- A load of nothing but the key inserts what is missing.
SELECT * FROM load($$SELECT * FROM (VALUES ('same'), ('only')) v(code)$$, 'erp.item', 'upsert', columns => ARRAY['code']);

-- By another unique constraint than the primary key, and by two columns.
CREATE TABLE erp.routing (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, item text, seq int, process text, UNIQUE (seq, item));
INSERT INTO erp.routing (item, seq, process) VALUES ('A', 10, 'cut'), ('A', 20, 'weld'), ('B', 10, 'cut');
SELECT * FROM load($$SELECT * FROM (VALUES ('A', 20, 'glue'), ('B', 10, 'cut'), ('B', 20, 'cut')) v(item, seq, process)$$,
    'erp.routing', 'upsert', ARRAY['item', 'seq'], ARRAY['item', 'seq', 'process']);
SELECT item, seq, process FROM erp.routing ORDER BY item, seq;
