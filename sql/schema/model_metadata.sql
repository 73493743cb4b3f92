CREATE TABLE rsl.model_metadata (
    id           serial,
    name         varchar(255) NOT NULL,
    version      varchar(64)  NOT NULL,
    description  text,
    algorithm    varchar(128),
    status       varchar(32)  NOT NULL DEFAULT 'registered',
    artifact     text,
    parameters   jsonb        NOT NULL DEFAULT '{}',
    metrics      jsonb        NOT NULL DEFAULT '{}',
    trained_at   timestamp,
    activated_at timestamp,
    created_by   varchar(255),
    created_at   timestamp    NOT NULL DEFAULT timezone('utc', now()),
    updated_at   timestamp    NOT NULL DEFAULT timezone('utc', now()),
    CONSTRAINT model_metadata_pkey PRIMARY KEY (id),
    CONSTRAINT model_metadata_name_version_key UNIQUE (name, version),
    CONSTRAINT model_metadata_name_check CHECK (name ~ '[^[:space:]]'),
    CONSTRAINT model_metadata_version_check CHECK (version ~ '[^[:space:]]'),
    CONSTRAINT model_metadata_status_check CHECK (status IN ('registered', 'active', 'retired')),
    CONSTRAINT model_metadata_parameters_check CHECK (jsonb_typeof(parameters) = 'object'),
    CONSTRAINT model_metadata_metrics_check CHECK (jsonb_typeof(metrics) = 'object')
);

CREATE TRIGGER model_metadata_touch_updated_at BEFORE UPDATE ON rsl.model_metadata
    FOR EACH ROW EXECUTE FUNCTION rsl.touch_updated_at();

COMMENT ON TABLE rsl.model_metadata IS 'Register of the trained models: what they are, how good they are, where they lie';
COMMENT ON COLUMN rsl.model_metadata.id IS 'Key';
COMMENT ON COLUMN rsl.model_metadata.name IS 'Name of the model; never empty';
COMMENT ON COLUMN rsl.model_metadata.version IS 'Version, unique for a name; never empty';
COMMENT ON COLUMN rsl.model_metadata.description IS 'What the model does';
COMMENT ON COLUMN rsl.model_metadata.algorithm IS 'Algorithm that the model was trained with';
COMMENT ON COLUMN rsl.model_metadata.status IS 'registered, active or retired';
COMMENT ON COLUMN rsl.model_metadata.artifact IS 'Where the model lies, without a password';
COMMENT ON COLUMN rsl.model_metadata.parameters IS 'JSON object: what the model was trained with';
COMMENT ON COLUMN rsl.model_metadata.metrics IS 'JSON object: what the model was measured at';
COMMENT ON COLUMN rsl.model_metadata.trained_at IS 'When the model was trained (UTC)';
COMMENT ON COLUMN rsl.model_metadata.activated_at IS 'When the model was put to work (UTC)';
COMMENT ON COLUMN rsl.model_metadata.created_by IS 'Who registered the model';
COMMENT ON COLUMN rsl.model_metadata.created_at IS 'When the row was made (UTC)';
COMMENT ON COLUMN rsl.model_metadata.updated_at IS 'When the row was last changed (UTC); kept by a trigger';
COMMENT ON CONSTRAINT model_metadata_status_check ON rsl.model_metadata IS 'Only the three states of a model exist';
