-- The storage of the log: one row for each change, or for many changes of one statement whose keys have similar hashes. The
-- format of images is that of rsl_core::image. What a row says of who and when is the same for all changes in it.
CREATE SEQUENCE rsl.audit_block_id;
COMMENT ON SEQUENCE rsl.audit_block_id IS 'Numbers of rsl.audit_block';

CREATE TABLE rsl.audit_block (
    block_id bigint NOT NULL,
    at timestamptz NOT NULL,
    txid bigint NOT NULL,
    load_id bigint,
    bucket bigint NOT NULL,
    era int NOT NULL,
    table_id int NOT NULL,
    shape_id int NOT NULL,
    statement int NOT NULL,
    changes int NOT NULL,
    operation "char" NOT NULL,
    session_role text NOT NULL,
    acting_role text NOT NULL,
    actor text,
    application text,
    client_addr inet,
    images bytea NOT NULL,
    -- Written as PostgreSQL shows them: a restored month must have the same to be attached.
    CONSTRAINT audit_block_block_id_check CHECK (block_id > 0),
    CONSTRAINT audit_block_txid_check CHECK (txid > 2),
    CONSTRAINT audit_block_bucket_check CHECK (bucket > 0),
    CONSTRAINT audit_block_statement_check CHECK (statement > 0),
    CONSTRAINT audit_block_changes_check CHECK (changes >= 0 AND changes <= 999 AND (changes > 0 OR operation = 'T')),
    CONSTRAINT audit_block_operation_check CHECK (operation IN ('I', 'U', 'D', 'T')),
    CONSTRAINT audit_block_images_check CHECK (octet_length(images) >= 4)
) PARTITION BY RANGE (at);
SELECT rsl.only_grows('rsl.audit_block');

COMMENT ON TABLE rsl.audit_block IS 'Storage of rsl.audit_log: changes of one table in one statement, with binary images of the rows; only grows';
COMMENT ON COLUMN rsl.audit_block.block_id IS 'Number of the row; of rows about one key, the later has the greater';
COMMENT ON COLUMN rsl.audit_block.at IS 'When it was written: clock time';
COMMENT ON COLUMN rsl.audit_block.txid IS 'Transaction, as pg_current_xact_id() gives it';
COMMENT ON COLUMN rsl.audit_block.load_id IS 'The load that made the change; null if none did';
COMMENT ON COLUMN rsl.audit_block.bucket IS 'First bits of the hashes of the keys, behind a one';
COMMENT ON COLUMN rsl.audit_block.era IS 'The server: see rsl.audit_era';
COMMENT ON COLUMN rsl.audit_block.table_id IS 'The table: see rsl.audit_table';
COMMENT ON COLUMN rsl.audit_block.shape_id IS 'The shape that it had: see rsl.audit_shape';
COMMENT ON COLUMN rsl.audit_block.statement IS 'Number of the statement within its transaction';
COMMENT ON COLUMN rsl.audit_block.changes IS 'How many changes are in it; 0 for a TRUNCATE of an empty table';
COMMENT ON COLUMN rsl.audit_block.operation IS 'I insert, U update, D delete, T truncate';
COMMENT ON COLUMN rsl.audit_block.session_role IS 'Role that had logged in';
COMMENT ON COLUMN rsl.audit_block.acting_role IS 'Role that did it';
COMMENT ON COLUMN rsl.audit_block.actor IS 'Application user, from the setting rsl.actor';
COMMENT ON COLUMN rsl.audit_block.application IS 'application_name of the session';
COMMENT ON COLUMN rsl.audit_block.client_addr IS 'Address that the session came from; null for a local socket';
COMMENT ON COLUMN rsl.audit_block.images IS 'The changes, ordered by the hash of their key';

-- Not CREATE TABLE … PARTITION OF, which would lock out everybody who reads the log.
CREATE FUNCTION rsl.audit_month(at timestamptz) RETURNS regclass
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC'
AS $$
DECLARE
    month timestamptz := date_trunc('month', at);
    partition text := format('rsl_audit.block_%s', to_char(month, 'YYYY_MM'));
BEGIN
    IF to_regclass(partition) IS NULL THEN
        -- Of two sessions that come at once, the second waits here and then finds it.
        -- Not an advisory lock: those anybody may take and keep.
        LOCK TABLE rsl.audit_era IN SHARE ROW EXCLUSIVE MODE;
    END IF;
    IF to_regclass(partition) IS NULL THEN
        EXECUTE format('CREATE TABLE %s (LIKE rsl.audit_block INCLUDING CONSTRAINTS) WITH (toast_tuple_target = 8160)', partition);
        -- By table and key; by transaction, which is the order in which the log is sealed. Each more would be paid for by every change.
        -- Not on the whole, which would make them anew when a dump attaches the month, before it comes to its own.
        EXECUTE format('CREATE INDEX ON %s (table_id, bucket)', partition);
        EXECUTE format('CREATE INDEX ON %s (era, txid)', partition);
        EXECUTE format('COMMENT ON TABLE %s IS %L', partition, format('Audit log of %s', to_char(month, 'YYYY-MM')));
        EXECUTE format('ALTER TABLE rsl.audit_block ATTACH PARTITION %s FOR VALUES FROM (%L) TO (%L)', partition, month, month + interval '1 month');
        EXECUTE format('CREATE TRIGGER only_grows_truncate BEFORE TRUNCATE ON %s FOR EACH STATEMENT EXECUTE FUNCTION rsl.refuse_change()', partition);
        EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER only_grows_truncate', partition);
    END IF;
    RETURN to_regclass(partition);
END
$$;
COMMENT ON FUNCTION rsl.audit_month(timestamptz) IS 'Makes the partition of the audit log for the month (UTC) of this time, if it is missing';
REVOKE ALL ON FUNCTION rsl.audit_month(timestamptz) FROM PUBLIC;

CREATE FUNCTION rsl.audit_months_ahead() RETURNS void
LANGUAGE sql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC'
AS $$
    SELECT rsl.audit_month(date_trunc('month', now()) + n * interval '1 month') FROM generate_series(0, 2) n
$$;
COMMENT ON FUNCTION rsl.audit_months_ahead() IS 'Makes the partitions of this month and the next two; rsl.audit_on, rsl.audit_seal and rsl.audit_prune call it';
REVOKE ALL ON FUNCTION rsl.audit_months_ahead() FROM PUBLIC;
