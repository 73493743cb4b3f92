CREATE TABLE rsl.rsl_group (
    id                serial,
    slug              varchar(64)  NOT NULL,
    name              varchar(255) NOT NULL,
    description       text,
    owner             varchar(255) NOT NULL,
    tags              jsonb        NOT NULL DEFAULT '[]',
    erp_required      boolean      NOT NULL DEFAULT false,
    status            varchar(32)  NOT NULL DEFAULT 'draft',
    validation_errors jsonb        NOT NULL DEFAULT '[]',
    last_validated_at timestamp,
    released_at       timestamp,
    released_by       varchar(255),
    created_at        timestamp    NOT NULL DEFAULT timezone('utc', now()),
    updated_at        timestamp    NOT NULL DEFAULT timezone('utc', now()),
    CONSTRAINT rsl_group_pkey PRIMARY KEY (id),
    CONSTRAINT rsl_group_slug_key UNIQUE (slug),
    CONSTRAINT rsl_group_slug_check CHECK (slug ~ '[^[:space:]]'),
    CONSTRAINT rsl_group_name_check CHECK (name ~ '[^[:space:]]'),
    CONSTRAINT rsl_group_owner_check CHECK (owner ~ '[^[:space:]]'),
    CONSTRAINT rsl_group_tags_check CHECK (
        jsonb_typeof(tags) = 'array' AND NOT jsonb_path_exists(tags, 'strict $[*] ? (@.type() != "string")', '{}', true)),
    CONSTRAINT rsl_group_status_check CHECK (status IN ('draft', 'validated', 'released', 'retired')),
    CONSTRAINT rsl_group_validation_errors_check CHECK (jsonb_typeof(validation_errors) = 'array')
);

CREATE TRIGGER rsl_group_touch_updated_at BEFORE UPDATE ON rsl.rsl_group
    FOR EACH ROW EXECUTE FUNCTION rsl.touch_updated_at();

COMMENT ON TABLE rsl.rsl_group IS 'A routing group: a named, owned sequence of steps that is drafted, validated and released as one';
COMMENT ON COLUMN rsl.rsl_group.id IS 'Key';
COMMENT ON COLUMN rsl.rsl_group.slug IS 'Short unique name, for addresses; never empty';
COMMENT ON COLUMN rsl.rsl_group.name IS 'Name for people; never empty';
COMMENT ON COLUMN rsl.rsl_group.description IS 'What the group is for';
COMMENT ON COLUMN rsl.rsl_group.owner IS 'Who answers for the group; never empty';
COMMENT ON COLUMN rsl.rsl_group.tags IS 'JSON array of strings';
COMMENT ON COLUMN rsl.rsl_group.erp_required IS 'True if every item and process of the group must be present in the landed ERP data';
COMMENT ON COLUMN rsl.rsl_group.status IS 'draft, validated, released or retired';
COMMENT ON COLUMN rsl.rsl_group.validation_errors IS 'JSON array: what the last validation found; empty if it found nothing';
COMMENT ON COLUMN rsl.rsl_group.last_validated_at IS 'When the group was last validated (UTC)';
COMMENT ON COLUMN rsl.rsl_group.released_at IS 'When the group was released (UTC)';
COMMENT ON COLUMN rsl.rsl_group.released_by IS 'Who released the group';
COMMENT ON COLUMN rsl.rsl_group.created_at IS 'When the row was made (UTC)';
COMMENT ON COLUMN rsl.rsl_group.updated_at IS 'When the row was last changed (UTC); kept by a trigger';
COMMENT ON CONSTRAINT rsl_group_status_check ON rsl.rsl_group IS 'Only the four states of a group exist';
COMMENT ON CONSTRAINT rsl_group_tags_check ON rsl.rsl_group IS 'tags is a JSON array that holds nothing but strings';
