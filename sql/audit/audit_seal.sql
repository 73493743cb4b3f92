-- The log, sealed: every block with its hash, and every seal with the hash of the one before it. Transactions do not wait for each other
-- to be sealed: a seal takes the blocks of those transactions that have all ended, which is a range of their numbers.
CREATE TABLE rsl.audit_seal (
    seal_id bigint PRIMARY KEY,
    kind text NOT NULL CONSTRAINT audit_seal_kind_check CHECK (kind IN ('seal', 'prune')),
    at timestamptz NOT NULL,
    era int NOT NULL,
    txid_from bigint NOT NULL,
    txid_until bigint NOT NULL,
    blocks int NOT NULL CONSTRAINT audit_seal_blocks_check CHECK (blocks >= 0),
    changes bigint NOT NULL CONSTRAINT audit_seal_changes_check CHECK (changes >= 0),
    entries bytea NOT NULL,
    detail jsonb,
    session_role text NOT NULL,
    acting_role text NOT NULL,
    actor text,
    previous bytea NOT NULL CONSTRAINT audit_seal_previous_check CHECK (octet_length(previous) = 32),
    hash bytea NOT NULL CONSTRAINT audit_seal_hash_check CHECK (octet_length(hash) = 32),
    CONSTRAINT audit_seal_range_check CHECK (txid_from <= txid_until),
    CONSTRAINT audit_seal_entries_check CHECK (octet_length(entries) = 42 * blocks),
    CONSTRAINT audit_seal_detail_check CHECK ((kind = 'prune') = (detail IS NOT NULL))
);
ALTER TABLE rsl.audit_seal ALTER COLUMN entries SET STORAGE EXTERNAL;
SELECT rsl.only_grows('rsl.audit_seal');
COMMENT ON TABLE rsl.audit_seal IS 'The chain of hashes over the audit log; only grows';
COMMENT ON COLUMN rsl.audit_seal.seal_id IS 'Number, from 1 without a gap';
COMMENT ON COLUMN rsl.audit_seal.kind IS 'seal; or prune: a month was detached';
COMMENT ON COLUMN rsl.audit_seal.at IS 'When';
COMMENT ON COLUMN rsl.audit_seal.era IS 'The server: see rsl.audit_era';
COMMENT ON COLUMN rsl.audit_seal.txid_from IS 'First transaction whose blocks are in it';
COMMENT ON COLUMN rsl.audit_seal.txid_until IS 'First transaction whose blocks are not in it any more';
COMMENT ON COLUMN rsl.audit_seal.blocks IS 'How many blocks';
COMMENT ON COLUMN rsl.audit_seal.changes IS 'How many changes are in them';
COMMENT ON COLUMN rsl.audit_seal.entries IS 'For each block, ordered by its number: number (8 bytes), month from 2000-01 (2), rsl.audit_block_hash (32)';
COMMENT ON COLUMN rsl.audit_seal.detail IS 'Of a prune: the month and the partition';
COMMENT ON COLUMN rsl.audit_seal.session_role IS 'Role that had logged in';
COMMENT ON COLUMN rsl.audit_seal.acting_role IS 'Role that did it';
COMMENT ON COLUMN rsl.audit_seal.actor IS 'Application user, from the setting rsl.actor';
COMMENT ON COLUMN rsl.audit_seal.previous IS 'Hash of the seal before; zeros for the first';
COMMENT ON COLUMN rsl.audit_seal.hash IS 'rsl.audit_seal_hash of this row';

CREATE FUNCTION rsl.audit_block_hash(block rsl.audit_block) RETURNS bytea
    LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'audit_block_hash_wrapper';
COMMENT ON FUNCTION rsl.audit_block_hash(rsl.audit_block) IS
    'SHA-256 of a block: its fields as binary COPY writes them (length and bytes of each), then sha256(jsonb_build_array(table_id, schema_name, table_name, columns, key_columns)::text) of its shape';

CREATE FUNCTION rsl.audit_entries(entries bytea) RETURNS TABLE (block_id bigint, month int, hash bytea)
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 10000 AS 'MODULE_PATHNAME', 'audit_entries_wrapper';
COMMENT ON FUNCTION rsl.audit_entries(bytea) IS 'The entries of a seal: number of the block, its month from 2000-01, its hash';

CREATE FUNCTION rsl.audit_month_number(at timestamptz) RETURNS int
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT (extract(year FROM timezone('UTC', at)) * 12 + extract(month FROM timezone('UTC', at)))::int - 24001
$$;
COMMENT ON FUNCTION rsl.audit_month_number(timestamptz) IS 'The month (UTC) of a time, counted from 2000-01';

CREATE FUNCTION rsl.audit_seal_hash(s rsl.audit_seal) RETURNS bytea
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT sha256(convert_to(jsonb_build_array(s.seal_id, s.kind, (extract(epoch FROM s.at) * 1000000)::bigint, s.era, s.txid_from, s.txid_until,
        s.blocks, s.changes, s.detail, s.session_role, s.acting_role, s.actor)::text, 'UTF8') || s.previous || sha256(s.entries))
$$;
COMMENT ON FUNCTION rsl.audit_seal_hash(rsl.audit_seal) IS
    'SHA-256 of a seal: of jsonb_build_array of its fields up to actor without entries (the time in microseconds since 1970) as text, previous, and sha256(entries)';

CREATE FUNCTION rsl.audit_sealed() RETURNS TABLE (era int, until bigint)
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT e.era, coalesce(max(s.txid_until), 0)
    FROM (SELECT DISTINCT x.era FROM rsl.audit_era x) e LEFT JOIN rsl.audit_seal s ON s.era = e.era AND s.kind = 'seal'
    GROUP BY e.era
$$;
COMMENT ON FUNCTION rsl.audit_sealed() IS 'Of each server that the log comes from, the first transaction whose blocks are not sealed yet';

CREATE FUNCTION rsl.audit_put_seal(kind text, era int, txid_from bigint, txid_until bigint, blocks int, changes bigint, entries bytea, detail jsonb,
    acting text, session text, actor text) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    seal rsl.audit_seal;
    last rsl.audit_seal;
BEGIN
    SELECT * INTO last FROM rsl.audit_seal s ORDER BY s.seal_id DESC LIMIT 1;
    seal := ROW(coalesce(last.seal_id, 0) + 1, kind, clock_timestamp(), era, txid_from, txid_until, blocks, changes, entries, detail,
        session, acting, actor, coalesce(last.hash, decode(repeat('00', 32), 'hex')), decode(repeat('00', 32), 'hex'));
    seal.hash := rsl.audit_seal_hash(seal);
    INSERT INTO rsl.audit_seal SELECT seal.*;
END
$$;
COMMENT ON FUNCTION rsl.audit_put_seal(text, int, bigint, bigint, int, bigint, bytea, jsonb, text, text, text) IS 'part of rsl.audit_seal and rsl.audit_prune: adds a link to the chain';
REVOKE ALL ON FUNCTION rsl.audit_put_seal(text, int, bigint, bigint, int, bigint, bytea, jsonb, text, text, text) FROM PUBLIC;

CREATE FUNCTION rsl.audit_put_seals(acting text, session text, actor text) RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    -- Blocks of a seal, about: what a check compares at once.
    size CONSTANT int := 10000;
    sealed bigint := 0;
    this record;
    first_txid bigint;
    lowest bigint;
    until bigint;
    horizon bigint;
    found_blocks record;
BEGIN
    -- Of two who seal, the second waits here. Who writes to the log never comes here.
    -- Not an advisory lock: those anybody may take and keep.
    LOCK TABLE rsl.audit_seal IN SHARE ROW EXCLUSIVE MODE;
    PERFORM rsl.audit_months_ahead();
    FOR this IN
        SELECT e.era, u.until, e.era = max(e.era) OVER () AND bool_or(e.system_identifier = c.system_identifier) AS is_ours
        FROM rsl.audit_era e JOIN rsl.audit_sealed() u ON u.era = e.era, pg_control_system() c GROUP BY e.era, u.until ORDER BY e.era
    LOOP
        first_txid := this.until;
        -- All transactions below have ended, and what they wrote is seen by the statements that follow. Those of another server
        -- have all ended.
        horizon := CASE WHEN this.is_ours THEN pg_snapshot_xmin(pg_current_snapshot())::text::bigint ELSE 9223372036854775807 END;
        LOOP
            lowest := (SELECT b.txid FROM rsl.audit_block b WHERE b.era = this.era AND b.txid >= first_txid AND b.txid < horizon ORDER BY b.txid LIMIT 1);
            EXIT WHEN lowest IS NULL;
            until := (SELECT b.txid FROM rsl.audit_block b WHERE b.era = this.era AND b.txid >= first_txid AND b.txid < horizon
                ORDER BY b.txid OFFSET size LIMIT 1);
            -- All of a transaction are in one seal.
            until := CASE WHEN until IS NULL THEN horizon ELSE greatest(until, lowest + 1) END;
            SELECT count(*)::int AS blocks, coalesce(sum(x.changes), 0) AS changes,
                coalesce(string_agg(int8send(x.block_id) || int2send(rsl.audit_month_number(x.at)::int2) || x.hash, '' ORDER BY x.block_id), '') AS entries
            INTO found_blocks
            FROM (SELECT b.block_id, b.at, b.changes, rsl.audit_block_hash(b) AS hash FROM rsl.audit_block b
                WHERE b.era = this.era AND b.txid >= first_txid AND b.txid < until) x;
            PERFORM rsl.audit_put_seal('seal', this.era, first_txid, until, found_blocks.blocks, found_blocks.changes::bigint, found_blocks.entries, NULL,
                acting, session, actor);
            sealed := sealed + found_blocks.blocks;
            first_txid := until;
        END LOOP;
    END LOOP;
    RETURN sealed;
END
$$;
COMMENT ON FUNCTION rsl.audit_put_seals(text, text, text) IS 'part of rsl.audit_seal: seals what can be sealed, on behalf of a role';
REVOKE ALL ON FUNCTION rsl.audit_put_seals(text, text, text) FROM PUBLIC;

CREATE FUNCTION rsl.audit_seal() RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'audit_seal_wrapper';
COMMENT ON FUNCTION rsl.audit_seal() IS
    'seals the blocks of the audit log of all transactions that have ended, and returns how many; those that are under way, and all that began after the oldest of them, are sealed the next time. Nobody who writes waits for it';
REVOKE ALL ON FUNCTION rsl.audit_seal() FROM PUBLIC;

CREATE FUNCTION rsl.audit_head() RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT seal_id || ':' || encode(hash, 'hex') FROM rsl.audit_seal ORDER BY seal_id DESC LIMIT 1
$$;
COMMENT ON FUNCTION rsl.audit_head() IS
    'The number and the hash of the last seal, to be kept somewhere else: rsl.audit_check(head) then also finds a chain that was made anew. Null if nothing was sealed';
