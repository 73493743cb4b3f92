CREATE TABLE rsl.rsl_step (
    id           serial,
    group_id     integer     NOT NULL,
    seq          integer     NOT NULL,
    process_code varchar(64) NOT NULL,
    name         varchar(255),
    description  text,
    status       varchar(32) DEFAULT 'draft',
    tags         jsonb       DEFAULT '[]',
    config       jsonb       DEFAULT '{}',
    created_at   timestamp   DEFAULT timezone('utc', now()),
    updated_at   timestamp   DEFAULT timezone('utc', now()),
    CONSTRAINT rsl_step_pkey PRIMARY KEY (id),
    CONSTRAINT rsl_step_group_fk FOREIGN KEY (group_id) REFERENCES rsl.rsl_group (id) ON DELETE CASCADE,
    CONSTRAINT rsl_step_group_id_seq_key UNIQUE (group_id, seq),
    CONSTRAINT rsl_step_seq_check CHECK (seq >= 0),
    CONSTRAINT rsl_step_process_code_check CHECK (process_code ~ '[^[:space:]]'),
    CONSTRAINT rsl_step_status_check CHECK (status IN ('draft', 'validated', 'released', 'retired')),
    CONSTRAINT rsl_step_tags_check CHECK (
        jsonb_typeof(tags) = 'array' AND NOT jsonb_path_exists(tags, 'strict $[*] ? (@.type() != "string")', '{}', true)),
    CONSTRAINT rsl_step_config_check CHECK (jsonb_typeof(config) = 'object')
);

CREATE TRIGGER rsl_step_touch_updated_at BEFORE UPDATE ON rsl.rsl_step
    FOR EACH ROW EXECUTE FUNCTION rsl.touch_updated_at();

COMMENT ON TABLE rsl.rsl_step IS 'One step of a routing group: which process runs at which place in the sequence';
COMMENT ON COLUMN rsl.rsl_step.id IS 'Key';
COMMENT ON COLUMN rsl.rsl_step.group_id IS 'The group that the step belongs to; deleting the group deletes its steps';
COMMENT ON COLUMN rsl.rsl_step.seq IS 'Place in the group, unique there, never negative';
COMMENT ON COLUMN rsl.rsl_step.process_code IS 'Code of the process that runs; never empty';
COMMENT ON COLUMN rsl.rsl_step.name IS 'Name for people';
COMMENT ON COLUMN rsl.rsl_step.description IS 'What the step does';
COMMENT ON COLUMN rsl.rsl_step.status IS 'draft, validated, released or retired';
COMMENT ON COLUMN rsl.rsl_step.tags IS 'JSON array of strings';
COMMENT ON COLUMN rsl.rsl_step.config IS 'JSON object: settings of the step';
COMMENT ON COLUMN rsl.rsl_step.created_at IS 'When the row was made (UTC)';
COMMENT ON COLUMN rsl.rsl_step.updated_at IS 'When the row was last changed (UTC); kept by a trigger';
COMMENT ON CONSTRAINT rsl_step_group_id_seq_key ON rsl.rsl_step IS 'No two steps of a group at one place';
COMMENT ON CONSTRAINT rsl_step_group_fk ON rsl.rsl_step IS 'A step has a group and goes with it';
