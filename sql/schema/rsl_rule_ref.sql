CREATE TABLE rsl.rsl_rule_ref (
    id           serial,
    step_id      integer     NOT NULL,
    rule_id      varchar(64) NOT NULL,
    rule_name    varchar(255),
    rule_version varchar(64),
    metadata     jsonb       DEFAULT '{}',
    is_optional  boolean     DEFAULT false,
    created_at   timestamp   DEFAULT timezone('utc', now()),
    CONSTRAINT rsl_rule_ref_pkey PRIMARY KEY (id),
    CONSTRAINT rsl_rule_ref_step_fk FOREIGN KEY (step_id) REFERENCES rsl.rsl_step (id) ON DELETE CASCADE,
    CONSTRAINT rsl_rule_ref_step_id_rule_id_rule_version_key UNIQUE (step_id, rule_id, rule_version),
    CONSTRAINT rsl_rule_ref_rule_id_check CHECK (rule_id ~ '[^[:space:]]'),
    CONSTRAINT rsl_rule_ref_rule_version_check CHECK (rule_version ~ '[^[:space:]]'),
    CONSTRAINT rsl_rule_ref_metadata_check CHECK (jsonb_typeof(metadata) = 'object')
);

-- A unique constraint takes NULLs for different, so it would let one unpinned rule in any number of times.
CREATE UNIQUE INDEX rsl_rule_ref_unpinned_key ON rsl.rsl_rule_ref (step_id, rule_id) WHERE rule_version IS NULL;

COMMENT ON TABLE rsl.rsl_rule_ref IS 'A rule that a step refers to, with its version once that is pinned';
COMMENT ON COLUMN rsl.rsl_rule_ref.id IS 'Key';
COMMENT ON COLUMN rsl.rsl_rule_ref.step_id IS 'The step that refers to the rule; deleting the step deletes its references';
COMMENT ON COLUMN rsl.rsl_rule_ref.rule_id IS 'The rule; never empty';
COMMENT ON COLUMN rsl.rsl_rule_ref.rule_name IS 'Name of the rule for people';
COMMENT ON COLUMN rsl.rsl_rule_ref.rule_version IS 'Version of the rule; NULL while it is not pinned';
COMMENT ON COLUMN rsl.rsl_rule_ref.metadata IS 'JSON object: whatever else belongs to the reference';
COMMENT ON COLUMN rsl.rsl_rule_ref.is_optional IS 'True if the step works without the rule';
COMMENT ON COLUMN rsl.rsl_rule_ref.created_at IS 'When the row was made (UTC)';
COMMENT ON CONSTRAINT rsl_rule_ref_step_fk ON rsl.rsl_rule_ref IS 'A reference has a step and goes with it';
COMMENT ON INDEX rsl.rsl_rule_ref_unpinned_key IS 'A step refers to a rule without a version at most once';
