CREATE VIEW rsl.routing_groups AS
SELECT g.id, g.slug, g.name, g.description, g.owner, g.tags, g.erp_required, g.status,
       g.validation_errors, g.last_validated_at, g.released_at, g.released_by, g.created_at, g.updated_at,
       c.step_count, c.rule_count
FROM rsl.rsl_group AS g
CROSS JOIN LATERAL (
    SELECT count(DISTINCT s.id) AS step_count, count(r.id) AS rule_count
    FROM rsl.rsl_step AS s
    LEFT JOIN rsl.rsl_rule_ref AS r ON r.step_id = s.id
    WHERE s.group_id = g.id
) AS c;

COMMENT ON VIEW rsl.routing_groups IS 'Every routing group with the number of its steps and of the rules that they refer to';
COMMENT ON COLUMN rsl.routing_groups.id IS 'Key of the group';
COMMENT ON COLUMN rsl.routing_groups.slug IS 'Short unique name, for addresses';
COMMENT ON COLUMN rsl.routing_groups.name IS 'Name for people';
COMMENT ON COLUMN rsl.routing_groups.description IS 'What the group is for';
COMMENT ON COLUMN rsl.routing_groups.owner IS 'Who answers for the group';
COMMENT ON COLUMN rsl.routing_groups.tags IS 'JSON array of strings';
COMMENT ON COLUMN rsl.routing_groups.erp_required IS 'True if every item and process of the group must be present in the landed ERP data';
COMMENT ON COLUMN rsl.routing_groups.status IS 'draft, validated, released or retired';
COMMENT ON COLUMN rsl.routing_groups.validation_errors IS 'JSON array: what the last validation found';
COMMENT ON COLUMN rsl.routing_groups.last_validated_at IS 'When the group was last validated (UTC)';
COMMENT ON COLUMN rsl.routing_groups.released_at IS 'When the group was released (UTC)';
COMMENT ON COLUMN rsl.routing_groups.released_by IS 'Who released the group';
COMMENT ON COLUMN rsl.routing_groups.created_at IS 'When the group was made (UTC)';
COMMENT ON COLUMN rsl.routing_groups.updated_at IS 'When the group was last changed (UTC)';
COMMENT ON COLUMN rsl.routing_groups.step_count IS 'Number of steps of the group';
COMMENT ON COLUMN rsl.routing_groups.rule_count IS 'Number of rule references of all steps of the group';
