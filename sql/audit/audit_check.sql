CREATE FUNCTION rsl.audit_check(head text DEFAULT NULL)
RETURNS TABLE (problem text, seal_id bigint, block_id bigint, object text, at timestamptz, detail text)
LANGUAGE plpgsql STABLE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    link record;
    this rsl.audit_seal;
    last rsl.audit_seal;
    months int[] := ARRAY(SELECT (s.detail ->> 'month_number')::int FROM rsl.audit_seal s WHERE s.kind = 'prune');
    head_id bigint;
    found_head boolean := false;
BEGIN
    IF head IS NOT NULL THEN
        IF head !~ '^[0-9]{1,18}:[0-9a-f]{64}$' THEN
            RAISE EXCEPTION 'this is not a head of the audit log: %', head
                USING ERRCODE = 'invalid_parameter_value', HINT = 'Expected the number and the hash of a seal, as rsl.audit_head() gives them.';
        END IF;
        head_id := split_part(head, ':', 1)::bigint;
    END IF;
    FOR link IN
        SELECT s AS seal, coalesce(max(s.txid_until) FILTER (WHERE s.kind = 'seal') OVER (
            PARTITION BY s.era ORDER BY s.seal_id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS sealed_until
        FROM rsl.audit_seal s ORDER BY s.seal_id
    LOOP
        this := link.seal;
        IF this.seal_id <> coalesce(last.seal_id, 0) + 1 THEN
            RETURN QUERY SELECT 'seal removed', coalesce(last.seal_id, 0) + 1, NULL::bigint, 'rsl.audit_seal', NULL::timestamptz,
                format('seals %s to %s are missing', coalesce(last.seal_id, 0) + 1, this.seal_id - 1);
        ELSIF this.previous <> coalesce(last.hash, decode(repeat('00', 32), 'hex')) THEN
            RETURN QUERY SELECT 'chain broken', this.seal_id, NULL::bigint, 'rsl.audit_seal', this.at, 'it does not follow the seal before it';
        END IF;
        IF this.hash <> rsl.audit_seal_hash(this) THEN
            RETURN QUERY SELECT 'seal edited', this.seal_id, NULL::bigint, 'rsl.audit_seal', this.at, 'its hash is another one';
        END IF;
        IF this.seal_id = head_id THEN
            found_head := encode(this.hash, 'hex') = split_part(head, ':', 2);
        END IF;
        IF this.kind = 'seal' THEN
            IF this.txid_from <> link.sealed_until THEN
                RETURN QUERY SELECT 'chain broken', this.seal_id, NULL::bigint, 'rsl.audit_seal', this.at, 'transactions between it and the seal before are in none';
            END IF;
            RETURN QUERY
            WITH entry AS MATERIALIZED (
                SELECT e.* FROM rsl.audit_entries(this.entries) e
            ), block AS MATERIALIZED (
                SELECT b.block_id, b.shape_id, b.at, b.operation, b.changes, b.acting_role, rsl.audit_block_hash(b) AS hash
                FROM rsl.audit_block b WHERE b.era = this.era AND b.txid >= this.txid_from AND b.txid < this.txid_until
            ), compared AS (
                SELECT CASE WHEN b.block_id IS NULL THEN 'removed' WHEN e.block_id IS NULL THEN 'inserted'
                           WHEN b.hash <> e.hash THEN 'edited' WHEN count(*) OVER (PARTITION BY b.block_id) > 1 THEN 'inserted' END AS problem,
                    coalesce(b.block_id, e.block_id) AS block_id, b.shape_id, b.at, b.operation, b.changes, b.acting_role, e.month
                FROM entry e FULL JOIN block b ON b.block_id = e.block_id
            )
            SELECT c.problem, this.seal_id, c.block_id, quote_ident(s.schema_name) || '.' || quote_ident(s.table_name), c.at,
                CASE WHEN c.problem = 'removed' THEN format('it was there when the log was sealed at %s', this.at)
                    ELSE format('%s %s by %s: rsl.audit_log, id %s to %s', c.changes, c.operation, c.acting_role, c.block_id * 1000, c.block_id * 1000 + c.changes) END
            FROM compared c LEFT JOIN rsl.audit_shape s ON s.shape_id = c.shape_id
            -- What was detached in a month that is in the chain as pruned is not missing.
            WHERE c.problem IS NOT NULL AND NOT (c.problem = 'removed' AND c.month = ANY (months))
            ORDER BY c.block_id;
        END IF;
        last := this;
    END LOOP;
    IF head IS NOT NULL AND NOT found_head THEN
        RETURN QUERY SELECT 'head not found', head_id, NULL::bigint, 'rsl.audit_seal', NULL::timestamptz,
            CASE WHEN head_id > coalesce(last.seal_id, 0) THEN 'the chain is shorter than it was: seals were removed at its end' ELSE 'the chain was made anew' END;
    END IF;
    -- Behind the last seal: what comes from no transaction of this server that there was.
    RETURN QUERY
    SELECT 'inserted', NULL::bigint, b.block_id, quote_ident(s.schema_name) || '.' || quote_ident(s.table_name), b.at, 'its transaction has not been yet'
    FROM rsl.audit_block b LEFT JOIN rsl.audit_shape s ON s.shape_id = b.shape_id
    WHERE b.era = (SELECT max(e.era) FROM rsl.audit_era e) AND b.txid >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint
        -- A database that was restored, and not written to since, still has the numbers of the other server.
        AND (SELECT e.system_identifier FROM rsl.audit_era e ORDER BY e.era DESC LIMIT 1) = (SELECT c.system_identifier FROM pg_control_system() c)
    UNION ALL
    SELECT 'inserted', NULL, b.block_id, NULL, b.at, format('there is no era %s', b.era)
    FROM rsl.audit_block b WHERE b.era NOT IN (SELECT e.era FROM rsl.audit_era e)
    ORDER BY 3;
END
$$;
COMMENT ON FUNCTION rsl.audit_check(text) IS
    'Compares the log with its seals and names every block that was edited, removed or inserted, and every seal that does not fit; no row if there is nothing. With a head that was kept elsewhere, also finds a chain that was made anew or cut off';
REVOKE ALL ON FUNCTION rsl.audit_check(text) FROM PUBLIC;

-- Months that nobody needs any more leave the log, but not without a trace.
CREATE FUNCTION rsl.audit_prune(older_than interval) RETURNS TABLE (month text, partition text, blocks bigint, changes bigint)
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC'
AS $$
#variable_conflict use_column
DECLARE
    due record;
    checked boolean := false;
    bad text;
BEGIN
    IF older_than IS NULL OR older_than < interval '0' THEN
        RAISE EXCEPTION 'older_than must be an interval of zero or more' USING ERRCODE = 'invalid_parameter_value', HINT = 'For example: interval ''2 years''.';
    END IF;
    PERFORM rsl.audit_seal();
    FOR due IN
        SELECT p.relid AS rel, to_date(right(c.relname, 7), 'YYYY_MM') AS month
        FROM pg_partition_tree('rsl.audit_block') p JOIN pg_class c ON c.oid = p.relid
        WHERE p.isleaf AND c.relname ~ '^block_[0-9]{4}_[0-9]{2}$' AND to_date(right(c.relname, 7), 'YYYY_MM') + interval '1 month' <= now() - older_than
        ORDER BY 2
    LOOP
        -- Once: between two months nothing else happens to the log.
        IF NOT checked THEN
            bad := (SELECT format('%s: block %s, %s', k.problem, k.block_id, k.detail) FROM rsl.audit_check() k LIMIT 1);
            checked := true;
        END IF;
        IF bad IS NOT NULL THEN
            RAISE EXCEPTION 'the audit log does not fit its seals: nothing is pruned'
                USING ERRCODE = 'data_corrupted', DETAIL = bad, HINT = 'SELECT * FROM rsl.audit_check(); shows all of it.';
        END IF;
        month := to_char(due.month, 'YYYY-MM');
        partition := due.rel::text;
        EXECUTE format('SELECT count(*), coalesce(sum(b.changes), 0) FROM %s b', due.rel) INTO blocks, changes;
        EXECUTE format('SELECT format(''%%s of %%s'', b.block_id, b.at) FROM %s b JOIN rsl.audit_sealed() u ON u.era = b.era AND b.txid >= u.until LIMIT 1', due.rel) INTO bad;
        IF bad IS NOT NULL THEN
            RAISE EXCEPTION 'the audit log of % is not sealed yet', month
                USING ERRCODE = 'object_not_in_prerequisite_state', DETAIL = format('Block %s.', bad), HINT = 'A transaction is still under way: call it again later.';
        END IF;
        EXECUTE format('ALTER TABLE rsl.audit_block DETACH PARTITION %s', due.rel);
        EXECUTE format('ALTER TABLE %s RENAME TO %I', due.rel, format('pruned_%s', to_char(due.month, 'YYYY_MM')));
        partition := due.rel::text;
        EXECUTE format('COMMENT ON TABLE %s IS %L', due.rel, format('Audit log of %s, no part of the log any more since %s', month, now()));
        PERFORM rsl.audit_put_seal('prune', (SELECT max(e.era) FROM rsl.audit_era e), 0, 0, 0, changes, '',
            jsonb_build_object('month', month, 'month_number', rsl.audit_month_number(due.month::timestamptz), 'partition', partition, 'blocks', blocks),
            current_user, session_user, NULLIF(current_setting('rsl.actor', true), ''));
        RETURN NEXT;
    END LOOP;
END
$$;
COMMENT ON FUNCTION rsl.audit_prune(interval) IS
    'Detaches the whole months of the audit log that ended longer ago, and seals that it did: one row for each; the tables stay, as rsl_audit.pruned_YYYY_MM, to be archived and dropped. Refuses if the log does not fit its seals';
REVOKE ALL ON FUNCTION rsl.audit_prune(interval) FROM PUBLIC;
