-- Groups, steps and rule references: each constraint refuses what makes no sense.
CREATE FUNCTION refused(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    found_column text;
    found_constraint text;
BEGIN
    EXECUTE statement;
    RETURN 'accepted';
EXCEPTION WHEN others THEN
    GET STACKED DIAGNOSTICS found_column = COLUMN_NAME, found_constraint = CONSTRAINT_NAME;
    RETURN concat_ws(' ', SQLSTATE, coalesce(NULLIF(found_constraint, ''), NULLIF(found_column, ''), SQLERRM));
END $$;
INSERT INTO rsl.rsl_group (slug, name, owner) VALUES ('g1', 'Group 1', 'kim') RETURNING id, description, tags, erp_required, status, validation_errors, last_validated_at, released_at, released_by;
INSERT INTO rsl.rsl_step (group_id, seq, process_code) VALUES (1, 10, 'CUT') RETURNING id, name, status, tags, config;
INSERT INTO rsl.rsl_rule_ref (step_id, rule_id) VALUES (1, 'R1') RETURNING id, rule_version, metadata, is_optional;
SELECT created_at = updated_at AND created_at BETWEEN timezone('utc', now()) - interval '1 minute' AND timezone('utc', now()) AS utc FROM rsl.rsl_group;

SELECT statement, refused('INSERT INTO rsl.rsl_group ' || statement) AS outcome FROM (VALUES
    ($$(slug, name, owner) VALUES ('g2', 'Group 2', 'kim')$$), ($$(slug, name, owner) VALUES ('g1', 'again', 'kim')$$),
    ($$(slug, name, owner) VALUES ('', 'x', 'kim')$$), ($$(slug, name, owner) VALUES (E' \t\n', 'x', 'kim')$$), ($$(slug, name, owner) VALUES (NULL, 'x', 'kim')$$),
    ($$(slug, name, owner) VALUES ('x', '', 'kim')$$), ($$(slug, name, owner) VALUES ('x', NULL, 'kim')$$), ($$(slug, name, owner) VALUES ('x', 'x', '  ')$$), ($$(slug, name) VALUES ('x', 'x')$$),
    ($$(slug, name, owner, status) VALUES ('x', 'x', 'kim', 'done')$$), ($$(slug, name, owner, status) VALUES ('x', 'x', 'kim', 'Draft')$$), ($$(slug, name, owner, status) VALUES ('x', 'x', 'kim', NULL)$$),
    ($$(slug, name, owner, tags) VALUES ('x', 'x', 'kim', '{}')$$), ($$(slug, name, owner, tags) VALUES ('x', 'x', 'kim', '["a", 1]')$$), ($$(slug, name, owner, tags) VALUES ('x', 'x', 'kim', '[["a"]]')$$),
    ($$(slug, name, owner, tags) VALUES ('x', 'x', 'kim', '[null]')$$), ($$(slug, name, owner, tags) VALUES ('x', 'x', 'kim', '"a"')$$), ($$(slug, name, owner, tags) VALUES ('x', 'x', 'kim', NULL)$$),
    ($$(slug, name, owner, tags) VALUES ('g3', 'x', 'kim', '["a", "b"]')$$), ($$(slug, name, owner, validation_errors) VALUES ('x', 'x', 'kim', '{}')$$),
    ($$(slug, name, owner) VALUES (repeat('x', 65), 'x', 'kim')$$)) v(statement);
SELECT statement, refused('INSERT INTO rsl.rsl_step ' || statement) AS outcome FROM (VALUES
    ($$(group_id, seq, process_code) VALUES (1, 20, 'WELD')$$), ($$(group_id, seq, process_code) VALUES (1, 0, 'WELD')$$), ($$(group_id, seq, process_code) VALUES (2, 10, 'WELD')$$),
    ($$(group_id, seq, process_code) VALUES (1, 10, 'WELD')$$), ($$(group_id, seq, process_code) VALUES (1, -1, 'WELD')$$), ($$(group_id, seq, process_code) VALUES (99, 1, 'WELD')$$),
    ($$(group_id, seq, process_code) VALUES (1, 1, '')$$), ($$(group_id, seq, process_code) VALUES (1, 1, NULL)$$), ($$(group_id, process_code) VALUES (1, 'WELD')$$), ($$(seq, process_code) VALUES (1, 'WELD')$$),
    ($$(group_id, seq, process_code, status) VALUES (1, 1, 'WELD', 'open')$$), ($$(group_id, seq, process_code, tags) VALUES (1, 1, 'WELD', '[1]')$$),
    ($$(group_id, seq, process_code, config) VALUES (1, 1, 'WELD', '[]')$$)) v(statement);
SELECT statement, refused('INSERT INTO rsl.rsl_rule_ref ' || statement) AS outcome FROM (VALUES
    ($$(step_id, rule_id) VALUES (1, 'R2')$$), ($$(step_id, rule_id, rule_version) VALUES (1, 'R1', '1')$$), ($$(step_id, rule_id, rule_version) VALUES (1, 'R1', '2')$$),
    ($$(step_id, rule_id, rule_version) VALUES (1, 'R1', '1')$$), ($$(step_id, rule_id) VALUES (1, 'R1')$$), ($$(step_id, rule_id) VALUES (1, '')$$), ($$(step_id, rule_id) VALUES (1, NULL)$$),
    ($$(step_id, rule_id, rule_version) VALUES (1, 'R3', ' ')$$), ($$(step_id, rule_id) VALUES (99, 'R1')$$), ($$(step_id, rule_id, metadata) VALUES (1, 'R3', '[]')$$)) v(statement);

-- The view counts steps and rules once each, of groups without any too.
INSERT INTO rsl.rsl_rule_ref (step_id, rule_id) SELECT id, 'R9' FROM rsl.rsl_step WHERE seq = 20;
SELECT id, slug, status, step_count, rule_count FROM rsl.routing_groups ORDER BY id;
-- A group takes its steps and their rules with it; a step its rules.
DELETE FROM rsl.rsl_step WHERE group_id = 1 AND seq = 20;
SELECT step_count, rule_count FROM rsl.routing_groups WHERE id = 1;
DELETE FROM rsl.rsl_group WHERE id = 1;
SELECT (SELECT count(*) FROM rsl.rsl_step WHERE group_id = 1) AS steps, (SELECT count(*) FROM rsl.rsl_rule_ref) AS rules;
