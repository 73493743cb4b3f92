-- A session holds the lock of each load that it began until it ends, however it ends. A load that is loading and whose lock
-- nobody holds will not go on by itself.
CREATE FUNCTION rsl.load_abort_abandoned(target text DEFAULT NULL) RETURNS SETOF bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    abandoned bigint;
BEGIN
    FOR abandoned IN
        SELECT l.load_id FROM rsl.load l
        WHERE l.status = 'loading' AND pg_has_role(l.started_by, 'MEMBER')
            AND (load_abort_abandoned.target IS NULL OR parse_ident(l.target) = parse_ident(load_abort_abandoned.target))
            AND NOT rsl.lock_is_held(rsl.load_lock_class(), l.load_id)
        ORDER BY l.load_id
    LOOP
        -- rsl.load_resume may have taken it over in this moment; from here on it cannot.
        CONTINUE WHEN NOT pg_try_advisory_xact_lock(rsl.load_lock_class(), abandoned::int);
        PERFORM rsl.load_abort(abandoned, 'abandoned: the session that began it ended without finishing it');
        RETURN NEXT abandoned;
    END LOOP;
END $$;
COMMENT ON FUNCTION rsl.load_abort_abandoned(text) IS
    'aborts the loads, into one target or all, whose client has gone, and returns their numbers';
