-- A load may be read in parts, key ranges of the source, by several sessions at once and by any later one: all that a reader
-- has to know to go on stands here. Written only by the functions below and rsl.load_push, as the owner of the extension.
CREATE TABLE rsl.load_part (
    load_id bigint NOT NULL REFERENCES rsl.load ON DELETE CASCADE,
    part int NOT NULL CONSTRAINT load_part_part_check CHECK (part > 0),
    after jsonb,
    until jsonb,
    position jsonb,
    chunks bigint NOT NULL DEFAULT 0 CONSTRAINT load_part_chunks_check CHECK (chunks >= 0),
    rows bigint NOT NULL DEFAULT 0 CONSTRAINT load_part_rows_check CHECK (rows >= 0),
    rejected bigint NOT NULL DEFAULT 0 CONSTRAINT load_part_rejected_check CHECK (rejected >= 0),
    source_rows bigint CONSTRAINT load_part_source_rows_check CHECK (source_rows >= 0),
    consistency jsonb,
    finished_at timestamptz,
    CONSTRAINT load_part_finished_check CHECK ((finished_at IS NULL) = (source_rows IS NULL)),
    PRIMARY KEY (load_id, part)
);
COMMENT ON TABLE rsl.load_part IS 'the parts in which a load is read, each by one session at a time, and how far each has come';
COMMENT ON COLUMN rsl.load_part.load_id IS 'the load that the part belongs to';
COMMENT ON COLUMN rsl.load_part.part IS 'number of the part, from 1';
COMMENT ON COLUMN rsl.load_part.after IS 'key behind which the part begins, as the client wrote it; null: at the first row';
COMMENT ON COLUMN rsl.load_part.until IS 'key with which the part ends, as the client wrote it; null: with the last row';
COMMENT ON COLUMN rsl.load_part.position IS 'key of the last row of the last chunk that came: whoever goes on begins behind it; null: at the beginning of the part';
COMMENT ON COLUMN rsl.load_part.chunks IS 'chunks that came, which is the number of the next one';
COMMENT ON COLUMN rsl.load_part.rows IS 'rows in these chunks';
COMMENT ON COLUMN rsl.load_part.rejected IS 'rows that came with these chunks as rejects';
COMMENT ON COLUMN rsl.load_part.source_rows IS 'rows of the whole part as the source itself counts them';
COMMENT ON COLUMN rsl.load_part.consistency IS 'what the client says of the state of the source in which it read the part';
COMMENT ON COLUMN rsl.load_part.finished_at IS 'when rsl.load_part_finish was called; null while rows are missing';

CREATE FUNCTION rsl.load_part_lock(load bigint, part int) RETURNS bigint
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$ SELECT hashtextextended('rsl.load_part ' || load::text || ' ' || part::text, 0) $$;
COMMENT ON FUNCTION rsl.load_part_lock(bigint, int) IS 'key of the advisory lock that a session holds on a part that it has claimed';

CREATE FUNCTION rsl.load_plan(load bigint, parts jsonb) RETURNS int
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'load_plan_wrapper';
COMMENT ON FUNCTION rsl.load_plan(bigint, jsonb) IS
    'cuts a load that has no chunks yet into parts, from [{after, until}], numbers them from 1 and returns how many; null is an open end';

CREATE FUNCTION rsl.load_claim(load bigint) RETURNS jsonb
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'load_claim_wrapper';
COMMENT ON FUNCTION rsl.load_claim(bigint) IS
    'gives this session a part that is not finished and that no living session has claimed: {part, after, until, position, chunks, rows, rejected}; the unfinished part that it has claimed already, if there is one; null if none is left. The claim ends with rsl.load_part_finish or with the session';

CREATE FUNCTION rsl.load_part_finish(load bigint, part int, source_rows bigint, consistency jsonb DEFAULT NULL) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'load_part_finish_wrapper';
COMMENT ON FUNCTION rsl.load_part_finish(bigint, int, bigint, jsonb) IS
    'says that all rows of a part have been pushed and how many the source counts in it, and gives the claim back; once more with the same number is no error';
