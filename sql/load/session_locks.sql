-- What belongs to a session (a load, a part of one, a run) belongs to it by an advisory lock, which ends with the session
-- however that ends. pg_locks shows the key of such a lock as two unsigned halves; this is the one place that puts them together.
CREATE FUNCTION rsl.session_locks() RETURNS TABLE (key bigint, halves boolean, mine boolean)
    LANGUAGE sql STABLE PARALLEL RESTRICTED
    SET search_path = pg_catalog, pg_temp
AS $$
    SELECT (k.classid::bigint << 32) | k.objid::bigint, k.objsubid = 2, bool_or(k.pid = pg_backend_pid())
    FROM pg_locks k
    WHERE k.locktype = 'advisory' AND k.granted
        AND k.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
    GROUP BY 1, 2
$$;
COMMENT ON FUNCTION rsl.session_locks() IS
    'the advisory locks that are held in this database: key, whether it was given as two numbers (halves), and whether this session holds it';

CREATE FUNCTION rsl.lock_is_held(class int, number bigint) RETURNS boolean
    LANGUAGE sql STABLE STRICT PARALLEL RESTRICTED
    SET search_path = pg_catalog, pg_temp
AS $$
    SELECT EXISTS (SELECT FROM rsl.session_locks() k WHERE k.halves AND k.key = ((class::bigint << 32) | number))
$$;
COMMENT ON FUNCTION rsl.lock_is_held(int, bigint) IS 'whether any session holds the advisory lock of a load or a run';
