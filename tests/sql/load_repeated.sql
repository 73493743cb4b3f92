\i sql/include/load.psql
-- An append that comes a second time, because its client did not hear the verdict, adds nothing.
CREATE SCHEMA erp;
CREATE TABLE erp.log (line text);
SELECT exact, inserted, unchanged FROM load($$SELECT * FROM (VALUES ('a'), ('a')) v(line)$$, 'erp.log');
SELECT exact, inserted, unchanged FROM load($$SELECT * FROM (VALUES ('a'), ('a')) v(line)$$, 'erp.log');
SELECT load_id, status, rows, report -> 'repeats' AS repeats FROM rsl.load ORDER BY load_id;
SELECT count(*) FROM erp.log;
-- Unless it is wanted twice.
SELECT exact, inserted, unchanged FROM load($$SELECT * FROM (VALUES ('a'), ('a')) v(line)$$, 'erp.log', again => true);
SELECT count(*) FROM erp.log;
-- When the table has changed since, nobody can tell whether the rows are wanted twice.
INSERT INTO erp.log VALUES ('b');
SELECT * FROM load($$SELECT * FROM (VALUES ('a'), ('a')) v(line)$$, 'erp.log');
SELECT exact, inserted, unchanged FROM load($$SELECT * FROM (VALUES ('a'), ('a')) v(line)$$, 'erp.log', again => true);
-- Other rows are no repetition, nor are the same rows after the table was emptied.
SELECT exact, inserted, unchanged FROM load($$SELECT * FROM (VALUES ('a'), ('c')) v(line)$$, 'erp.log');
TRUNCATE erp.log;
SELECT exact, inserted, unchanged FROM load($$SELECT * FROM (VALUES ('a'), ('c')) v(line)$$, 'erp.log');
SELECT count(*) FROM erp.log;
