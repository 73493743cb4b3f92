\i sql/include/load.psql
-- A target that is missing is made by its load, as the definition says, with schema, primary key and comments.
SELECT * FROM load($$SELECT * FROM (VALUES (1::bigint, 'bolt'::varchar(20), 1.5::numeric, true), (2, NULL, NULL, false)) v("ID", name, price, "is ""new""")$$,
    '"New ERP"."Item"', definition => '{
        "comment": "items of ''the'' ERP",
        "columns": [{"name": "ID", "type": "bigint"}, {"name": "name", "type": "varchar(20)", "comment": "name"},
                    {"name": "price", "type": "numeric(19,4)", "not_null": false}, {"name": "is \"new\"", "type": "boolean", "not_null": true}],
        "primary_key": ["ID"]}');
\d+ "New ERP"."Item"
SELECT obj_description('"New ERP"."Item"'::regclass);
SELECT * FROM "New ERP"."Item" ORDER BY 1;
SELECT target, key_columns FROM rsl.load;
SELECT relpersistence, reloptions FROM pg_class WHERE oid = '"New ERP"."Item"'::regclass;
-- The same again is an ordinary load: the table is there.
SELECT * FROM load($$SELECT 3::bigint AS "ID", 'nut'::varchar(20) AS name, NULL::numeric AS price, true AS "is ""new"""$$, '"New ERP"."Item"', 'upsert',
    definition => '{"columns": [{"name": "other", "type": "text"}]}');

-- Until the load has ended as exact there is no table.
SELECT rsl.load_begin('erp.tool', definition => '{"columns": [{"name": "id", "type": "integer"}], "primary_key": ["id"]}') AS load \gset
SELECT rsl.load_push(:load, 1, payload('VALUES (1), (2)'));
SELECT to_regclass('erp.tool'), to_regnamespace('erp');
SELECT * FROM finish(:load, witness('SELECT * FROM (VALUES (1), (3)) v(id)'));
SELECT to_regclass('erp.tool'), to_regnamespace('erp');
SELECT rsl.load_abort(:load);
SELECT * FROM load('SELECT * FROM (VALUES (1), (1)) v(id)', 'erp.tool', definition => '{"columns": [{"name": "id", "type": "integer"}], "primary_key": ["id"]}');
SELECT * FROM load('SELECT NULL::int AS id', 'erp.tool', definition => '{"columns": [{"name": "id", "type": "integer"}]}');
SELECT * FROM erp.tool;
-- An empty table.
SELECT * FROM load('SELECT 1 AS id WHERE false', 'erp.none', definition => '{"columns": [{"name": "id", "type": "integer"}], "primary_key": []}');
SELECT count(*) FROM erp.none;

-- A definition that makes no sense, or wants more than a table.
SELECT rsl.load_begin('erp.bad', definition => '{}');
\echo :SQLSTATE
SELECT rsl.load_begin('erp.bad', definition => '[]');
\echo :SQLSTATE
SELECT rsl.load_begin('erp.bad', definition => '"text"');
\echo :SQLSTATE
SELECT rsl.load_begin('erp.bad', definition => 'null');
\echo :SQLSTATE
SELECT rsl.load_begin('erp.bad', definition => '{"columns": []}');
\echo :SQLSTATE
SELECT rsl.load_begin('erp.bad', definition => '{"columns": [{"name": "a"}]}');
\echo :SQLSTATE
SELECT rsl.load_begin('erp.bad', definition => '{"columns": [{"name": "a", "type": "string"}]}');
\echo :SQLSTATE
SELECT rsl.load_begin('erp.bad', definition => '{"columns": [{"name": "a", "type": "text"}, {"name": "a", "type": "text"}]}');
\echo :SQLSTATE
SELECT rsl.load_begin('erp.bad', definition => '{"columns": [{"name": "a", "type": "text"}]}', mode => 'upsert');
\echo :SQLSTATE
SELECT rsl.load_begin('erp.bad', definition => '{"columns": [{"name": "a", "type": "text); DROP TABLE erp.tool; --"}]}');
\echo :SQLSTATE
SELECT rsl.load_begin('erp.bad', definition => '{"columns": [{"name": "a", "type": "text DEFAULT pg_sleep(1)"}]}');
\echo :SQLSTATE
SELECT rsl.load_begin('erp.bad', definition => '{"columns": [{"name": "a", "type": "text collate \"C\""}]}');
\echo :SQLSTATE
SELECT rsl.load_begin('erp.bad', definition => '{"columns": [{"name": "a", "type": "pg_catalog.int4"}]}');
\echo :SQLSTATE
SELECT rsl.load_begin('erp.bad', definition => '{"columns": [{"name": "a", "type": "numeric(1001)"}]}');
\echo :SQLSTATE
SELECT count(*) FROM erp.tool;
-- A name is a name, whatever it holds.
SELECT * FROM load('SELECT 1 AS "a int); DROP TABLE erp.tool; --"', 'erp."b; --"', definition =>
    '{"columns": [{"name": "a int); DROP TABLE erp.tool; --", "type": "integer"}], "primary_key": ["a int); DROP TABLE erp.tool; --"]}');
SELECT * FROM erp."b; --";

-- Every type that a source may need.
SELECT * FROM load($$SELECT 'true'::bool AS a, 1::int2 AS b, 2 AS c, 3::int8 AS d, 1.5::real AS e, 2.5::float8 AS f, 1e-38::numeric AS g, 'x'::char(3) AS h, 'y'::varchar(3) AS i,
    '\x00ff'::bytea AS j, '0001-01-01'::date AS k, '23:59:59.999999'::time AS l, '9999-12-31 23:59:59.999999'::timestamp AS m, '2020-01-01 00:00:00+09'::timestamptz AS n,
    '6f9619ff-8b86-d011-b42d-00c04fc964ff'::uuid AS o, '<a/>'::xml AS p, '{"a": 1}'::jsonb AS q, '[1,2]'::json AS r$$, 'erp.types', definition => '{"columns": [
    {"name": "a", "type": "boolean"}, {"name": "b", "type": "smallint"}, {"name": "c", "type": "integer"}, {"name": "d", "type": "bigint"},
    {"name": "e", "type": "real"}, {"name": "f", "type": "double precision"}, {"name": "g", "type": "numeric(38, 38)"}, {"name": "h", "type": "char(3)"},
    {"name": "i", "type": "varchar(3)"}, {"name": "j", "type": "bytea"}, {"name": "k", "type": "date"}, {"name": "l", "type": "time"},
    {"name": "m", "type": "timestamp(6)"}, {"name": "n", "type": "timestamp(6) with time zone"}, {"name": "o", "type": "uuid"}, {"name": "p", "type": "xml"},
    {"name": "q", "type": "jsonb"}, {"name": "r", "type": "json"}]}');
\x
SELECT * FROM erp.types;
