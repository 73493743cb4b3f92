CREATE TABLE rsl.users (
    id              serial,
    email           varchar(255) NOT NULL,
    username        varchar(255),
    hashed_password varchar(255) NOT NULL,
    full_name       varchar(255),
    is_active       boolean      NOT NULL DEFAULT true,
    is_approved     boolean      NOT NULL DEFAULT false,
    is_admin        boolean      NOT NULL DEFAULT false,
    approved_at     timestamp,
    rejected_at     timestamp,
    last_login_at   timestamp,
    created_at      timestamp    NOT NULL DEFAULT timezone('utc', now()),
    updated_at      timestamp    DEFAULT timezone('utc', now()),
    CONSTRAINT users_pkey PRIMARY KEY (id),
    -- ON CONFLICT (email) and an upsert by email need a unique index on the column itself, not only on lower(email).
    CONSTRAINT users_email_key UNIQUE (email),
    CONSTRAINT users_email_check CHECK (email ~ '[^[:space:]]'),
    CONSTRAINT users_hashed_password_check CHECK (hashed_password ~ '[^[:space:]]')
);

CREATE UNIQUE INDEX users_email_lower_key ON rsl.users (lower(email));

CREATE TRIGGER users_touch_updated_at BEFORE UPDATE ON rsl.users
    FOR EACH ROW EXECUTE FUNCTION rsl.touch_updated_at();

COMMENT ON TABLE rsl.users IS 'Users of the routing applications; they are no database roles';
COMMENT ON COLUMN rsl.users.id IS 'Key';
COMMENT ON COLUMN rsl.users.email IS 'Address that the user signs in with; unique whatever the case of its letters, never empty';
COMMENT ON COLUMN rsl.users.username IS 'Name that the application shows';
COMMENT ON COLUMN rsl.users.hashed_password IS 'Hash of the password, never the password; rsl.grant_access(…, ''read'') leaves it out';
COMMENT ON COLUMN rsl.users.full_name IS 'Name for people';
COMMENT ON COLUMN rsl.users.is_active IS 'False shuts the user out';
COMMENT ON COLUMN rsl.users.is_approved IS 'True once an administrator has let the user in';
COMMENT ON COLUMN rsl.users.is_admin IS 'True for an administrator of the application';
COMMENT ON COLUMN rsl.users.approved_at IS 'When the user was approved (UTC)';
COMMENT ON COLUMN rsl.users.rejected_at IS 'When the user was rejected (UTC)';
COMMENT ON COLUMN rsl.users.last_login_at IS 'When the user last signed in (UTC)';
COMMENT ON COLUMN rsl.users.created_at IS 'When the row was made (UTC)';
COMMENT ON COLUMN rsl.users.updated_at IS 'When the row was last changed (UTC); kept by a trigger';
COMMENT ON INDEX rsl.users_email_lower_key IS 'One user for each address, whatever the case of its letters';
