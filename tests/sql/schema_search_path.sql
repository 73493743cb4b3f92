-- With search_path = rsl, public everything is found and everything works.
CREATE TABLE public.item (id int);
INSERT INTO public.item VALUES (1);
SET search_path = rsl, public;
INSERT INTO users (email, hashed_password) VALUES ('kim@example.com', 'x');
INSERT INTO items (item_code) VALUES ('A');
INSERT INTO processes (process_code) VALUES ('CUT');
INSERT INTO routings (item_id, seq, process_code) VALUES (1, 10, 'CUT');
INSERT INTO rsl_group (slug, name, owner) VALUES ('g', 'g', 'kim');
INSERT INTO rsl_step (group_id, seq, process_code) VALUES (1, 1, 'CUT');
INSERT INTO rsl_rule_ref (step_id, rule_id) VALUES (1, 'R');
UPDATE rsl_group SET status = 'released';
SELECT slug, status, step_count, rule_count FROM routing_groups;
SELECT count(*) FROM audit_logs;
SELECT load_begin('public.item') AS load \gset
SELECT load_abort(:load);
SELECT status, count(*) FROM verify() GROUP BY status ORDER BY status;
SELECT split_part(table_digest('items'), ':', 1) AS rows, table_digest('item') = digest(i) AS same FROM item i;
-- Objects of the same names elsewhere are not mixed up with those of RSL.
CREATE SCHEMA evil;
CREATE TABLE evil.load AS SELECT 1 AS load_id;
CREATE FUNCTION evil.format(text, text) RETURNS text LANGUAGE sql AS 'SELECT ''evil''';
CREATE FUNCTION evil.count() RETURNS bigint LANGUAGE sql AS 'SELECT -1::bigint';
CREATE FUNCTION evil.equal(text, text) RETURNS boolean LANGUAGE sql AS 'SELECT false';
CREATE OPERATOR evil.= (FUNCTION = evil.equal, LEFTARG = text, RIGHTARG = text);
SET search_path = evil, pg_catalog, rsl, public;
CREATE TEMPORARY TABLE load_chunk (x int);
SELECT rsl.load_begin('public.item') AS load \gset
SELECT rsl.load_finish(:load, rsl.table_witness('public.item', ARRAY['id']) || '{"rows": 0, "digest": "0:000000000000000000000000000000000000000000000000", "columns": {}}') -> 'exact' AS exact;
SELECT v.status, pg_catalog.count(*) FROM rsl.verify() AS v GROUP BY v.status ORDER BY v.status;
