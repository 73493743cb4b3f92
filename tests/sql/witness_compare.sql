-- What came in between two witnesses, and in what two witnesses differ.
CREATE TABLE item (id int, code text, price numeric);
INSERT INTO item VALUES (1, 'A', 1.5), (2, NULL, 2);
SELECT rsl.table_witness('item') AS before \gset
INSERT INTO item VALUES (3, NULL, 0.25), (4, 'D', NULL);
SELECT rsl.table_witness('item') AS after \gset
CREATE TABLE new AS SELECT * FROM item WHERE id > 2;
-- All but the smallest and the largest value, which taking away does not tell.
SELECT jsonb_path_query_array(rsl.witness_since(:'after', :'before'), '$.columns.*.keyvalue() ? (!(@.key starts with "m")).value')
       = jsonb_path_query_array(rsl.table_witness('new'), '$.columns.*.keyvalue() ? (!(@.key starts with "m")).value') AS since, rsl.witness_since(:'after', :'after') = rsl.table_witness('item') AS none,
       rsl.witness_since(:'after', :'after') -> 'rows' AS rows, rsl.witness_since(:'after', :'before') #>> '{columns,price,sum}' AS sum;
SELECT rsl.witness_since(:'after', NULL) IS NULL AS strict;
SELECT rsl.witness_since('{"rows": 1}', :'before');
SELECT rsl.witness_since(:'after', 'null');

SELECT rsl.witness_differences(:'after', :'after') AS none;
SELECT unnest(rsl.witness_differences(:'after', :'before')) AS difference;
SELECT unnest(rsl.witness_differences(:'after', :'before', 'the source', 'the target')) AS difference;
UPDATE item SET price = price + 1e-10 WHERE id = 1;
SELECT unnest(rsl.witness_differences(:'after', rsl.table_witness('item'))) AS difference;
UPDATE item SET price = 1.5, code = 'B' WHERE id = 1;
SELECT unnest(rsl.witness_differences(:'after', rsl.table_witness('item'))) AS difference;
UPDATE item SET code = CASE id WHEN 1 THEN 'D' WHEN 4 THEN 'A' END;
SELECT unnest(rsl.witness_differences(:'after', rsl.table_witness('item'))) AS difference;
-- Columns that only one of them tells of are compared by the row digest.
SELECT rsl.witness_differences(:'after', :'after'::jsonb - 'columns') AS none, rsl.witness_differences(:'after', :'after'::jsonb #- '{columns,price}') AS none;
SELECT rsl.witness_differences(:'after', '{"rows": "many", "digest": ""}');
\echo :SQLSTATE
SELECT rsl.witness_differences(:'after', '{"rows": 4, "digest": "4:00"}');
SELECT rsl.witness_differences(NULL, :'after') IS NULL AS strict;
-- Of some columns, in any order.
SELECT jsonb_object_keys(rsl.table_witness('item', ARRAY['price', 'id']) -> 'columns') AS name;
SELECT rsl.table_witness('item', ARRAY['colour']);
