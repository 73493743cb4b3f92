-- What the log speaks of: tables, the shapes that they had, when their audit was switched, and on which servers. Written only by
-- the functions rsl.audit_*, as the owner of the extension, and never changed: blocks of the log refer to it.
CREATE TABLE rsl.audit_table (
    table_id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    schema_name name NOT NULL,
    table_name name NOT NULL,
    since timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX audit_table_name_idx ON rsl.audit_table (schema_name, table_name);
COMMENT ON TABLE rsl.audit_table IS 'Every table that was ever audited; its number stays when it is renamed, dumped and restored';
COMMENT ON COLUMN rsl.audit_table.table_id IS 'Number of the table, which its triggers carry, too';
COMMENT ON COLUMN rsl.audit_table.schema_name IS 'Its schema when the audit was first switched on';
COMMENT ON COLUMN rsl.audit_table.table_name IS 'Its name then';
COMMENT ON COLUMN rsl.audit_table.since IS 'When the audit was first switched on';

CREATE TABLE rsl.audit_shape (
    shape_id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    table_id int NOT NULL REFERENCES rsl.audit_table,
    schema_name name NOT NULL,
    table_name name NOT NULL,
    columns jsonb NOT NULL CONSTRAINT audit_shape_columns_check CHECK (jsonb_typeof(columns) = 'array'),
    key_columns text[] NOT NULL CONSTRAINT audit_shape_key_check CHECK (cardinality(key_columns) > 0),
    since timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX audit_shape_table_idx ON rsl.audit_shape (table_id);
COMMENT ON TABLE rsl.audit_shape IS
    'Every shape that an audited table had: with it the images of that time are readable after any ALTER TABLE, dump and restore';
COMMENT ON COLUMN rsl.audit_shape.shape_id IS 'Number of the shape';
COMMENT ON COLUMN rsl.audit_shape.table_id IS 'The table';
COMMENT ON COLUMN rsl.audit_shape.schema_name IS 'Its schema at that time';
COMMENT ON COLUMN rsl.audit_shape.table_name IS 'Its name at that time';
COMMENT ON COLUMN rsl.audit_shape.columns IS 'The columns that are audited, in the order of the images: [{"name", "type", "encoding", "column"}]; the last says, on this server, which column it is whatever it is called now';
COMMENT ON COLUMN rsl.audit_shape.key_columns IS 'The columns by which rows are found';
COMMENT ON COLUMN rsl.audit_shape.since IS 'When the first row was stored in it';

CREATE TABLE rsl.audit_switch (
    switch_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    action text NOT NULL CONSTRAINT audit_switch_action_check CHECK (action IN ('on', 'off')),
    table_id int NOT NULL REFERENCES rsl.audit_table,
    schema_name name NOT NULL,
    table_name name NOT NULL,
    key_columns text[],
    exclude text[],
    session_role name NOT NULL,
    acting_role name NOT NULL,
    actor text,
    CONSTRAINT audit_switch_key_check CHECK ((action = 'on') = (key_columns IS NOT NULL) AND (action = 'on') = (exclude IS NOT NULL))
);
CREATE INDEX audit_switch_table_idx ON rsl.audit_switch (table_id, switch_id);
COMMENT ON TABLE rsl.audit_switch IS 'When the audit of which table was switched on and off, and by whom';
COMMENT ON COLUMN rsl.audit_switch.switch_id IS 'Number of the row';
COMMENT ON COLUMN rsl.audit_switch.at IS 'When';
COMMENT ON COLUMN rsl.audit_switch.action IS 'on or off';
COMMENT ON COLUMN rsl.audit_switch.table_id IS 'The table';
COMMENT ON COLUMN rsl.audit_switch.schema_name IS 'Its schema at that time';
COMMENT ON COLUMN rsl.audit_switch.table_name IS 'Its name at that time';
COMMENT ON COLUMN rsl.audit_switch.key_columns IS 'The columns by which rows are found';
COMMENT ON COLUMN rsl.audit_switch.exclude IS 'Columns that are never stored';
COMMENT ON COLUMN rsl.audit_switch.session_role IS 'Role that had logged in';
COMMENT ON COLUMN rsl.audit_switch.acting_role IS 'Role that did it';
COMMENT ON COLUMN rsl.audit_switch.actor IS 'Application user, from the setting rsl.actor';

-- Transaction numbers grow on one server only. A restored database goes on with those of another one, in a new era. Sessions that
-- begin it at the same time each write it down: with a unique key all would wait for the first, however long its transaction.
CREATE TABLE rsl.audit_era (
    era int NOT NULL,
    system_identifier bigint NOT NULL,
    since timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE rsl.audit_era IS 'The servers on which the log was written, one after the other: transaction numbers mean something within one of them';
COMMENT ON COLUMN rsl.audit_era.era IS 'Number, from 1';
COMMENT ON COLUMN rsl.audit_era.system_identifier IS 'As pg_control_system() tells it';
COMMENT ON COLUMN rsl.audit_era.since IS 'When the first row was stored there';

SELECT rsl.only_grows(t) FROM unnest('{rsl.audit_table,rsl.audit_shape,rsl.audit_switch,rsl.audit_era}'::regclass[]) t;
