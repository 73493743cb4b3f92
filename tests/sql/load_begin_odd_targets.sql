-- Targets and definitions at the edge: taken when they can work, refused in words when they cannot.
CREATE SCHEMA erp;
-- A deferrable primary key: no load in any mode, not even append.
CREATE TABLE erp.d (id int PRIMARY KEY DEFERRABLE);
SELECT rsl.load_begin('erp.d');
-- key is ignored when the target is missing; the hint says "name the columns of a key".
SELECT rsl.load_begin('erp.k', mode => 'upsert', key => ARRAY['id'], definition => '{"columns": [{"name": "id", "type": "integer"}]}');
-- columns is ignored too.
SELECT rsl.load_begin('erp.k', columns => ARRAY['nope'], definition => '{"columns": [{"name": "id", "type": "integer"}]}');
-- A primary key of columns that are not there is only found out when all rows have been pushed; one that is no array is a raw error.
SELECT rsl.load_begin('erp.k', definition => '{"columns": [{"name": "id", "type": "integer"}], "primary_key": ["nope"]}');
SELECT rsl.load_begin('erp.k', definition => '{"columns": [{"name": "id", "type": "integer"}], "primary_key": "id"}');
-- A type that the server cannot parse: a syntax error with the QUERY of the function.
SELECT rsl.load_begin('erp.k', definition => '{"columns": [{"name": "a", "type": "int primary key"}]}');
-- A table without columns.
CREATE TABLE erp.bare ();
SELECT rsl.load_begin('erp.bare');
-- Tables that are nobody's target.
SELECT rsl.load_begin('information_schema.sql_features');
CREATE TEMPORARY TABLE tt (id int);
SELECT rsl.load_begin('pg_temp.tt');
