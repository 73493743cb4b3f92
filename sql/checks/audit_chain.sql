CREATE FUNCTION rsl.check_audit_chain(about text DEFAULT NULL)
RETURNS TABLE (object text, status text, expected text, actual text, detail text, hint text)
LANGUAGE plpgsql STABLE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    shown CONSTANT int := 20;
    why text := coalesce(rsl.verify_obstacle('rsl.audit_block'), rsl.verify_obstacle('rsl.audit_seal'));
    found bigint;
    sealed_until record;
BEGIN
    IF about IS NOT NULL AND about <> ALL ('{rsl.audit_block,rsl.audit_seal,rsl.audit_log}') THEN
        RETURN;
    END IF;
    object := 'rsl.audit_block'; expected := 'as it was sealed';
    IF why IS NULL AND NOT has_function_privilege('rsl.audit_check(text)', 'EXECUTE') THEN
        why := format('role %I may not call rsl.audit_check', current_user);
    END IF;
    IF why IS NOT NULL THEN
        status := 'skip'; detail := why; hint := format('SELECT rsl.grant_access(%L, ''audit'')', quote_ident(current_user));
        RETURN NEXT;
        RETURN;
    END IF;
    IF NOT EXISTS (SELECT FROM rsl.audit_block) AND NOT EXISTS (SELECT FROM rsl.audit_seal) THEN
        RETURN;
    END IF;
    RETURN QUERY
    SELECT coalesce('block ' || k.block_id, 'seal ' || k.seal_id), 'fail', 'as it was sealed', k.problem, concat_ws(': ', k.object, k.detail),
        'find out who did it; a backup has the log as it was: SELECT * FROM rsl.audit_check() shows all that differs'
    FROM rsl.audit_check() AS k
    ORDER BY k.block_id, k.seal_id
    LIMIT shown;
    GET DIAGNOSTICS found = ROW_COUNT;
    IF found = 0 THEN
        SELECT count(*) AS seals, coalesce(sum(s.changes) FILTER (WHERE s.kind = 'seal'), 0) AS changes, max(s.at) AS at INTO sealed_until FROM rsl.audit_seal AS s;
        status := 'pass';
        detail := format('seals %s, changes in them %s', sealed_until.seals, sealed_until.changes);
        -- What waits for a day or longer could have been edited for as long.
        IF EXISTS (
            SELECT FROM rsl.audit_block AS b JOIN rsl.audit_sealed() AS u ON u.era = b.era AND b.txid >= u.until
            WHERE b.at < now() - interval '1 day') THEN
            status := 'warn'; actual := 'changes of more than a day ago are not sealed';
            hint := 'SELECT rsl.audit_seal(), or rsl audit seal, every hour or every night; a transaction that stays open keeps what came after it from being sealed';
        END IF;
        RETURN NEXT;
    END IF;
END
$$;
COMMENT ON FUNCTION rsl.check_audit_chain(text) IS 'Check: rsl.audit_check() finds nothing, and nothing waits long to be sealed';
