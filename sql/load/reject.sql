-- Rows of the source that are not in the target, and why. Written only by the functions rsl.load_push, rsl.load_finish and
-- rsl.load_retried, as the owner of the extension.
-- A reject shows a whole row of a table, so it is not for everybody who may look at the books: the level read sees in rsl.load how many
-- there are, no more. Whoever began the load, or is a member of that role, had the row in its hands and sees it again; the level
-- audit, which sees the rows of every audited table, sees all. Both ask the view rsl.rejects.
CREATE TABLE rsl.reject (
    reject_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    load_id bigint NOT NULL REFERENCES rsl.load ON DELETE CASCADE,
    origin text NOT NULL CONSTRAINT reject_origin_check CHECK (origin IN ('value', 'target')),
    part int,
    chunk bigint,
    object text,
    target text NOT NULL,
    key jsonb CONSTRAINT reject_key_check CHECK (jsonb_typeof(key) = 'object'),
    "row" jsonb NOT NULL CONSTRAINT reject_row_check CHECK (jsonb_typeof("row") = 'object'),
    column_name text,
    constraint_name text,
    sqlstate text NOT NULL CONSTRAINT reject_sqlstate_check CHECK (sqlstate ~ '^[0-9A-Z]{5}$'),
    message text NOT NULL,
    hint text,
    rejected_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    retried_by bigint REFERENCES rsl.load ON DELETE SET NULL,
    accepted_by name,
    accepted_at timestamptz,
    accepted_because text,
    CONSTRAINT reject_chunk_check CHECK ((chunk IS NOT NULL) = (origin = 'value')),
    CONSTRAINT reject_accepted_check CHECK (num_nulls(accepted_by, accepted_at, accepted_because) IN (0, 3)),
    CONSTRAINT reject_accepted_because_check CHECK (accepted_because ~ '[^[:space:]]')
);
CREATE INDEX reject_load_idx ON rsl.reject (load_id, reject_id);
CREATE INDEX reject_retried_idx ON rsl.reject (retried_by) WHERE retried_by IS NOT NULL;

COMMENT ON TABLE rsl.reject IS 'rows of the source that could not be loaded, each with the reason; they survive the roll-back of the load';
COMMENT ON COLUMN rsl.reject.reject_id IS 'number of the reject; those of one load are in the order in which they were found';
COMMENT ON COLUMN rsl.reject.load_id IS 'the load that wanted the row';
COMMENT ON COLUMN rsl.reject.origin IS 'value: the client found a value that the column of the target cannot represent, and sent nothing of the row; target: the target refused the row';
COMMENT ON COLUMN rsl.reject.part IS 'of a value: the part of the load in which it was read; null if the load is not cut into parts';
COMMENT ON COLUMN rsl.reject.chunk IS 'of a value: the chunk with which it came';
COMMENT ON COLUMN rsl.reject.object IS 'table or view of the source';
COMMENT ON COLUMN rsl.reject.target IS 'qualified and quoted name of the table that was to be filled';
COMMENT ON COLUMN rsl.reject.key IS 'columns of the key and their values as texts; null if the load has no key';
COMMENT ON COLUMN rsl.reject."row" IS 'the row, by the columns of the target; what JSON cannot hold is an object that says how it is written: {"escaped": text with \\ and \u0000} or {"bytes": hexadecimal}';
COMMENT ON COLUMN rsl.reject.column_name IS 'the column that it is about, several with commas; null if that is not known';
COMMENT ON COLUMN rsl.reject.constraint_name IS 'the constraint or unique index that was violated';
COMMENT ON COLUMN rsl.reject.sqlstate IS 'SQLSTATE of the reason';
COMMENT ON COLUMN rsl.reject.message IS 'the reason';
COMMENT ON COLUMN rsl.reject.hint IS 'what to do about it';
COMMENT ON COLUMN rsl.reject.rejected_at IS 'when it was found';
COMMENT ON COLUMN rsl.reject.retried_by IS 'the later load with which the row went in after all';
COMMENT ON COLUMN rsl.reject.accepted_by IS 'the role that has accepted that the row is not loaded';
COMMENT ON COLUMN rsl.reject.accepted_at IS 'when';
COMMENT ON COLUMN rsl.reject.accepted_because IS 'why, in the words of that person';

-- Not a policy on the table: pg_dump would write it down a second time, beside CREATE EXTENSION.
CREATE VIEW rsl.rejects WITH (security_barrier) AS
SELECT r.* FROM rsl.reject r
WHERE pg_catalog.has_table_privilege('rsl.reject', 'SELECT')
    OR EXISTS (SELECT FROM rsl.load l JOIN pg_catalog.pg_roles o ON o.rolname = l.started_by
        WHERE l.load_id = r.load_id AND pg_catalog.pg_has_role(o.oid, 'MEMBER'));
COMMENT ON VIEW rsl.rejects IS 'of the rows that could not be loaded, those of own loads; whoever may read the audit log sees all';

CREATE FUNCTION rsl.load_retried(load bigint, retry bigint, rejects bigint[]) RETURNS bigint
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'load_retried_wrapper';
COMMENT ON FUNCTION rsl.load_retried(bigint, bigint, bigint[]) IS
    'says that rejects of a load went into the same target with a later load, which must have ended as exact or partial; with them those of earlier loads that are of the same rows; returns how many of the load were not marked already';

CREATE FUNCTION rsl.load_rejects_count(load bigint) RETURNS TABLE (listed bigint, open bigint)
    LANGUAGE c STABLE STRICT PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'load_rejects_count_wrapper';
COMMENT ON FUNCTION rsl.load_rejects_count(bigint) IS
    'how many rejects of a load are listed, and how many of them have neither gone in later nor been accepted; numbers only, so for everybody who may look';

CREATE FUNCTION rsl.load_rejects_accept(load bigint, reason text, rejects bigint[] DEFAULT NULL) RETURNS bigint
    LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'load_rejects_accept_wrapper';
COMMENT ON FUNCTION rsl.load_rejects_accept(bigint, text, bigint[]) IS
    'says that rejects of a load will not be loaded, and why: all that are open, or those of these numbers; returns how many. The load stays partial. For the role that began it, and its members';
