CREATE TABLE rsl.output_profiles (
    id          serial,
    name        varchar(255) NOT NULL,
    description text,
    format      varchar(32)  NOT NULL DEFAULT 'json',
    columns     jsonb        NOT NULL DEFAULT '[]',
    settings    jsonb        NOT NULL DEFAULT '{}',
    is_active   boolean      NOT NULL DEFAULT true,
    created_by  varchar(255),
    created_at  timestamp    NOT NULL DEFAULT timezone('utc', now()),
    updated_at  timestamp    NOT NULL DEFAULT timezone('utc', now()),
    CONSTRAINT output_profiles_pkey PRIMARY KEY (id),
    CONSTRAINT output_profiles_name_key UNIQUE (name),
    CONSTRAINT output_profiles_name_check CHECK (name ~ '[^[:space:]]'),
    CONSTRAINT output_profiles_format_check CHECK (format ~ '[^[:space:]]'),
    CONSTRAINT output_profiles_columns_check CHECK (jsonb_typeof(columns) = 'array'),
    CONSTRAINT output_profiles_settings_check CHECK (jsonb_typeof(settings) = 'object')
);

CREATE TRIGGER output_profiles_touch_updated_at BEFORE UPDATE ON rsl.output_profiles
    FOR EACH ROW EXECUTE FUNCTION rsl.touch_updated_at();

COMMENT ON TABLE rsl.output_profiles IS 'How a routing is written out: which columns, in which format';
COMMENT ON COLUMN rsl.output_profiles.id IS 'Key';
COMMENT ON COLUMN rsl.output_profiles.name IS 'Unique name; never empty';
COMMENT ON COLUMN rsl.output_profiles.description IS 'What the profile is for';
COMMENT ON COLUMN rsl.output_profiles.format IS 'Format of the output, such as json, csv or xlsx; never empty';
COMMENT ON COLUMN rsl.output_profiles.columns IS 'JSON array: the columns in their order';
COMMENT ON COLUMN rsl.output_profiles.settings IS 'JSON object: settings of the format';
COMMENT ON COLUMN rsl.output_profiles.is_active IS 'False once the profile must not be offered any more';
COMMENT ON COLUMN rsl.output_profiles.created_by IS 'Who made the profile';
COMMENT ON COLUMN rsl.output_profiles.created_at IS 'When the row was made (UTC)';
COMMENT ON COLUMN rsl.output_profiles.updated_at IS 'When the row was last changed (UTC); kept by a trigger';
