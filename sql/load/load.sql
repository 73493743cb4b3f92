-- One row a load, one row a chunk of it. Written only by the functions rsl.load_*, as the owner of the extension:
-- whoever may load may not forge a verdict.
CREATE TABLE rsl.load (
    load_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source text,
    object text,
    target text NOT NULL,
    mode text NOT NULL CONSTRAINT load_mode_check CHECK (mode IN ('append', 'upsert', 'replace')),
    status text NOT NULL DEFAULT 'loading'
        CONSTRAINT load_status_check CHECK (status IN ('loading', 'exact', 'partial', 'failed', 'aborted', 'undone')),
    columns text[] NOT NULL CONSTRAINT load_columns_check CHECK (cardinality(columns) > 0),
    key_columns text[],
    rows bigint CONSTRAINT load_rows_check CHECK (rows >= 0),
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at timestamptz,
    started_by name NOT NULL,
    staging text,
    definition jsonb,
    again boolean NOT NULL DEFAULT false,
    report jsonb,
    run_id bigint REFERENCES rsl.run,
    parts int CONSTRAINT load_parts_check CHECK (parts > 0),
    max_rejects bigint NOT NULL DEFAULT 0 CONSTRAINT load_max_rejects_check CHECK (max_rejects >= 0),
    rejected bigint NOT NULL DEFAULT 0 CONSTRAINT load_rejected_check CHECK (rejected >= 0),
    CONSTRAINT load_finished_check CHECK ((status = 'loading') = (finished_at IS NULL)),
    CONSTRAINT load_exact_check CHECK (status NOT IN ('exact', 'partial') OR (rows IS NOT NULL AND report IS NOT NULL)),
    CONSTRAINT load_partial_check CHECK (NOT (status = 'exact' AND rejected > 0) AND NOT (status = 'partial' AND rejected NOT BETWEEN 1 AND max_rejects))
);
CREATE INDEX load_target_idx ON rsl.load (target, load_id);
CREATE INDEX load_run_idx ON rsl.load (run_id) WHERE run_id IS NOT NULL;

COMMENT ON TABLE rsl.load IS 'every load: what came from where, and the verdict';
COMMENT ON COLUMN rsl.load.load_id IS 'number of the load';
COMMENT ON COLUMN rsl.load.source IS 'URL of the source, without a password';
COMMENT ON COLUMN rsl.load.object IS 'table or view of the source';
COMMENT ON COLUMN rsl.load.target IS 'qualified and quoted name of the table that was filled';
COMMENT ON COLUMN rsl.load.mode IS 'append, upsert or replace';
COMMENT ON COLUMN rsl.load.status IS 'loading; exact: source, stream and target agree; partial: the same of all rows but those in rsl.reject, no more than max_rejects; failed: refused, the target is as before; aborted: given up by the client; undone: was exact or partial and has been taken back';
COMMENT ON COLUMN rsl.load.columns IS 'columns that the chunks carry, in order';
COMMENT ON COLUMN rsl.load.key_columns IS 'columns by which rows are matched';
COMMENT ON COLUMN rsl.load.rows IS 'rows that the source sent';
COMMENT ON COLUMN rsl.load.started_at IS 'when rsl.load_begin was called';
COMMENT ON COLUMN rsl.load.finished_at IS 'when it became exact, partial, failed or aborted';
COMMENT ON COLUMN rsl.load.started_by IS 'role that began the load; only it, or a member of it, may go on with it';
COMMENT ON COLUMN rsl.load.staging IS 'table that takes the chunks until the load ends; null after that';
COMMENT ON COLUMN rsl.load.definition IS 'columns and primary key of a target that this load creates';
COMMENT ON COLUMN rsl.load.again IS 'append rows that an earlier load has appended already';
COMMENT ON COLUMN rsl.load.report IS 'counts, witnesses and, of a failed load, the reason';
COMMENT ON COLUMN rsl.load.run_id IS 'the run that the load is a part of; null if it is none''s';
COMMENT ON COLUMN rsl.load.parts IS 'how many rows of rsl.load_part the load is read in; null: it is not cut into parts';

COMMENT ON COLUMN rsl.load.max_rejects IS 'up to how many rows may be rejected without the load failing';
COMMENT ON COLUMN rsl.load.rejected IS 'rows that were rejected, which rsl.reject lists; of a failed load perhaps more were not looked for';

CREATE TABLE rsl.load_chunk (
    load_id bigint NOT NULL REFERENCES rsl.load ON DELETE CASCADE,
    part int NOT NULL DEFAULT 0 CONSTRAINT load_chunk_part_check CHECK (part >= 0),
    chunk bigint NOT NULL CONSTRAINT load_chunk_chunk_check CHECK (chunk >= 0),
    rows bigint NOT NULL CONSTRAINT load_chunk_rows_check CHECK (rows >= 0),
    bytes bigint NOT NULL CONSTRAINT load_chunk_bytes_check CHECK (bytes >= 0),
    digest text NOT NULL,
    received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    account jsonb,
    rejected bigint NOT NULL DEFAULT 0 CONSTRAINT load_chunk_rejected_check CHECK (rejected >= 0),
    PRIMARY KEY (load_id, part, chunk)
);
COMMENT ON TABLE rsl.load_chunk IS 'receipts: a chunk whose receipt is here stands in staging, whole; committed in one transaction with its rows';
COMMENT ON COLUMN rsl.load_chunk.load_id IS 'the load that the chunk belongs to';
COMMENT ON COLUMN rsl.load_chunk.received_at IS 'when the chunk came';
COMMENT ON COLUMN rsl.load_chunk.part IS 'the part of the load that the chunk belongs to; 0 if the load is not cut into parts';
COMMENT ON COLUMN rsl.load_chunk.chunk IS 'number of the chunk: that which the client gave it, or its place in the part, from 0';
COMMENT ON COLUMN rsl.load_chunk.rows IS 'rows in the chunk';
COMMENT ON COLUMN rsl.load_chunk.bytes IS 'length of the payload';
COMMENT ON COLUMN rsl.load_chunk.digest IS 'XXH3-128 of the payload, hexadecimal';
COMMENT ON COLUMN rsl.load_chunk.account IS 'witness of the rows as the client decoded them: {rows, digest, columns}; null if it did not tell';
COMMENT ON COLUMN rsl.load_chunk.rejected IS 'rows that came between those of the chunk and cannot be represented: they are in rsl.reject, not in staging';

-- What a target held at the end of a load, in a form of constant size from which the rows that have changed since can be named.
CREATE TABLE rsl.load_sketch (
    load_id bigint PRIMARY KEY REFERENCES rsl.load ON DELETE CASCADE,
    key_columns text[],
    sketch bytea NOT NULL
);
-- It does not compress.
ALTER TABLE rsl.load_sketch ALTER sketch SET STORAGE EXTERNAL;
COMMENT ON TABLE rsl.load_sketch IS 'what targets held at the end of their last loads: not the rows, but what tells which of them have changed since';
COMMENT ON COLUMN rsl.load_sketch.load_id IS 'the load; of each target the last three are kept';
COMMENT ON COLUMN rsl.load_sketch.key_columns IS 'the columns that name its rows; null: they have no names';
COMMENT ON COLUMN rsl.load_sketch.sketch IS 'rsl.sketch over all rows of the target after the load';
