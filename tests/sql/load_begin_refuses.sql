-- What cannot work is refused before the first row is read.
CREATE SCHEMA erp;
CREATE TABLE erp.item (id int PRIMARY KEY, code text NOT NULL, name text, price numeric, doubled numeric GENERATED ALWAYS AS (price * 2) STORED);
CREATE INDEX ON erp.item (code);
CREATE UNIQUE INDEX ON erp.item (name) WHERE name <> '';
CREATE UNIQUE INDEX ON erp.item (lower(code));
CREATE VIEW erp.items AS SELECT * FROM erp.item;
CREATE MATERIALIZED VIEW erp.snapshot AS SELECT * FROM erp.item;
CREATE SEQUENCE erp.numbers;
CREATE FOREIGN DATA WRAPPER nowhere;
CREATE SERVER nowhere FOREIGN DATA WRAPPER nowhere;
CREATE FOREIGN TABLE erp.far (id int) SERVER nowhere;

-- The target.
SELECT rsl.load_begin(NULL);
\echo :SQLSTATE
SELECT rsl.load_begin('erp.item', mode => NULL);
\echo :SQLSTATE
SELECT rsl.load_begin('');
\echo :SQLSTATE
SELECT rsl.load_begin('item');
\echo :SQLSTATE
SELECT rsl.load_begin('postgres.erp.item');
\echo :SQLSTATE
SELECT rsl.load_begin('erp.item; DROP TABLE erp.item');
\echo :SQLSTATE
SELECT rsl.load_begin('erp.nothing');
\echo :SQLSTATE
SELECT rsl.load_begin('nothing.item');
\echo :SQLSTATE
SELECT rsl.load_begin('ERP."Item"');
\echo :SQLSTATE
SELECT rsl.load_begin('erp.items');
\echo :SQLSTATE
SELECT rsl.load_begin('erp.snapshot');
\echo :SQLSTATE
SELECT rsl.load_begin('erp.numbers');
\echo :SQLSTATE
SELECT rsl.load_begin('erp.far');
\echo :SQLSTATE
SELECT rsl.load_begin('erp.item_pkey');
\echo :SQLSTATE
SELECT rsl.load_begin('pg_catalog.pg_class');
\echo :SQLSTATE
SELECT rsl.load_begin('rsl.load');
\echo :SQLSTATE
SELECT rsl.load_begin('rsl.load_chunk');
\echo :SQLSTATE
SELECT rsl.load_begin('rsl.manifest');
\echo :SQLSTATE

-- The mode.
SELECT rsl.load_begin('erp.item', mode => 'merge');
\echo :SQLSTATE
SELECT rsl.load_begin('erp.item', mode => 'APPEND');
\echo :SQLSTATE

-- The columns.
SELECT rsl.load_begin('erp.item', ARRAY['id', 'code', 'colour']);
\echo :SQLSTATE
SELECT rsl.load_begin('erp.item', ARRAY['id', 'CODE']);
\echo :SQLSTATE
SELECT rsl.load_begin('erp.item', ARRAY['id', 'code', 'id']);
\echo :SQLSTATE
SELECT rsl.load_begin('erp.item', ARRAY['id', 'code', NULL]);
\echo :SQLSTATE
SELECT rsl.load_begin('erp.item', '{}');
\echo :SQLSTATE
SELECT rsl.load_begin('erp.item', ARRAY['id', 'code', 'ctid']);
\echo :SQLSTATE
SELECT rsl.load_begin('erp.item', ARRAY['id', 'code', 'doubled']);
\echo :SQLSTATE
SELECT rsl.load_begin('erp.item', ARRAY['id', 'name']);
\echo :SQLSTATE
SELECT rsl.load_begin('erp.item', ARRAY['code', 'name']);
\echo :SQLSTATE

-- The key.
SELECT rsl.load_begin('erp.item', mode => 'upsert', key => ARRAY['code']);
\echo :SQLSTATE
SELECT rsl.load_begin('erp.item', mode => 'upsert', key => ARRAY['name']);
\echo :SQLSTATE
SELECT rsl.load_begin('erp.item', mode => 'upsert', key => ARRAY['id', 'code']);
\echo :SQLSTATE
SELECT rsl.load_begin('erp.item', mode => 'upsert', key => ARRAY['nothing']);
\echo :SQLSTATE
SELECT rsl.load_begin('erp.item', mode => 'upsert', key => '{}');
\echo :SQLSTATE
SELECT rsl.load_begin('erp.item', mode => 'upsert', key => ARRAY[NULL]::text[]);
\echo :SQLSTATE
CREATE TABLE erp.keyless (id int, code text);
SELECT rsl.load_begin('erp.keyless', mode => 'upsert');
\echo :SQLSTATE
ALTER TABLE erp.keyless ADD PRIMARY KEY (id) DEFERRABLE;
SELECT rsl.load_begin('erp.keyless', mode => 'upsert', key => ARRAY['id']);
\echo :SQLSTATE
CREATE TABLE erp.numbered (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, code text UNIQUE);
SELECT rsl.load_begin('erp.numbered', ARRAY['code'], 'upsert');
\echo :SQLSTATE
SELECT rsl.load_begin('erp.numbered', ARRAY['code'], 'upsert', ARRAY['id']);
\echo :SQLSTATE

-- Nothing is left behind.
SELECT count(*) FROM rsl.load;
SELECT count(*) FROM pg_class WHERE relnamespace = 'rsl_stage'::regnamespace;
