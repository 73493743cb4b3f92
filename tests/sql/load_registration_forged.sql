-- The inner functions of a load check what they are given: the books hold nothing that rsl.load_begin would refuse.
CREATE ROLE bug_forger;
SELECT rsl.grant_access('bug_forger', 'load');
CREATE SCHEMA erp;
CREATE TABLE erp.secret (x int);
SET ROLE bug_forger;
SELECT rsl.load_register('{"target": "a b c", "mode": "append", "columns": ["x"], "again": false}');
SELECT rsl.load_register('{"target": "erp.secret", "mode": "append", "columns": ["x"], "again": false}');
RESET ROLE;
SELECT rsl.load_abort_abandoned('erp.secret');
