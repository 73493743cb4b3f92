-- Written only by the trigger function rsl.phase_record, as the owner of the extension. Tables are named, not numbered, so that
-- a history outlives a dump; a table that is renamed goes on under its new name.
CREATE TABLE rsl.phase_history (
    phase_history_id bigint GENERATED ALWAYS AS IDENTITY,
    schema_name      text        NOT NULL,
    table_name       text        NOT NULL,
    key              jsonb       NOT NULL,
    from_phase       text,
    to_phase         text,
    changed_at       timestamptz NOT NULL,
    changed_by       text        NOT NULL,
    reason           text,
    load_id          bigint,
    txid             bigint      NOT NULL,
    session_role     text        NOT NULL,
    acting_role      text        NOT NULL,
    recorded_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT phase_history_pkey PRIMARY KEY (phase_history_id),
    CONSTRAINT phase_history_change_check CHECK (from_phase IS DISTINCT FROM to_phase),
    CONSTRAINT phase_history_key_check CHECK (jsonb_typeof(key) = 'object')
);
CREATE INDEX phase_history_key_idx ON rsl.phase_history (schema_name, table_name, key, phase_history_id);

SELECT rsl.only_grows('rsl.phase_history');

COMMENT ON TABLE rsl.phase_history IS 'Every change of phase of a row of a table with rsl.phase_on; it only grows';
COMMENT ON COLUMN rsl.phase_history.phase_history_id IS 'Key; of one row of a table the changes are numbered in the order in which they happened';
COMMENT ON COLUMN rsl.phase_history.schema_name IS 'Schema of the table';
COMMENT ON COLUMN rsl.phase_history.table_name IS 'Name of the table at that time; of a partition, that of the partitioned table';
COMMENT ON COLUMN rsl.phase_history.key IS 'Primary key of the row: {column: value}';
COMMENT ON COLUMN rsl.phase_history.from_phase IS 'Phase before; NULL if the row was new or had none';
COMMENT ON COLUMN rsl.phase_history.to_phase IS 'Phase after; NULL if the row has none since';
COMMENT ON COLUMN rsl.phase_history.changed_at IS 'When: what the row says, if the statement set it, else when the trigger ran';
COMMENT ON COLUMN rsl.phase_history.changed_by IS 'Who: what the row says, if the statement set it, else the setting rsl.actor, else the acting role';
COMMENT ON COLUMN rsl.phase_history.reason IS 'Why: what the row says, if the statement set it';
COMMENT ON COLUMN rsl.phase_history.load_id IS 'The load that did it, see rsl.load';
COMMENT ON COLUMN rsl.phase_history.txid IS 'Number of the transaction';
COMMENT ON COLUMN rsl.phase_history.session_role IS 'Role that logged in';
COMMENT ON COLUMN rsl.phase_history.acting_role IS 'Role with whose rights the change was made';
COMMENT ON COLUMN rsl.phase_history.recorded_at IS 'When the trigger ran';
