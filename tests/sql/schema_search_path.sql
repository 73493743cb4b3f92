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
UPDATE rsl_group SET status = 'validated';
SELECT slug, status, step_count, rule_count FROM routing_groups;
SELECT count(*) FROM audit_logs;
SELECT load_begin('public.item') AS load \gset
SELECT load_abort(:load);
SELECT status, count(*) FROM verify() GROUP BY status ORDER BY status;
SELECT split_part(table_digest('items'), ':', 1) AS rows, table_digest('item') = digest(i) AS same FROM item i;
