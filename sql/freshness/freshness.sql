-- The pieces of which the statements below are made; $1 in them is the time that ages are counted to, the same for all rows.
CREATE FUNCTION rsl.freshness_parts(target regclass, OUT rows_of text, OUT synced_at text, OUT status text, OUT status_now text,
    OUT status_column name, OUT status_type text)
LANGUAGE plpgsql STABLE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    settings jsonb;
BEGIN
    IF target IS NULL THEN
        RAISE EXCEPTION 'no table is named' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    SELECT rsl.track_settings(min(t.trigger)) INTO settings
    FROM rsl.track_triggers(target) AS t WHERE t.kind = 'freshness' HAVING count(*) > 0;
    IF settings IS NULL THEN
        RAISE EXCEPTION '% has no freshness', target
            USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Turn it on with rsl.freshness_on.';
    ELSIF settings ? 'missing' THEN
        RAISE EXCEPTION '% has lost columns that its freshness goes by: %', target, (SELECT string_agg(m.value, ', ' ORDER BY m.value) FROM jsonb_each_text(settings -> 'missing') AS m)
            USING ERRCODE = 'object_not_in_prerequisite_state', HINT = format('SELECT rsl.freshness_off(%L); and then rsl.freshness_on again.', target);
    END IF;
    rows_of := (SELECT CASE c.relkind WHEN 'p' THEN '' ELSE 'ONLY ' END || target FROM pg_class AS c WHERE c.oid = target);
    -- A timestamp without time zone is UTC.
    synced_at := (SELECT format(CASE WHEN rsl.base_type(a.atttypid) = 'timestamptz'::regtype THEN 't.%I' ELSE 'timezone(''utc'', t.%I)' END, a.attname)
        FROM pg_attribute AS a WHERE a.attrelid = target AND a.attname = settings ->> 'synced_at');
    status_column := settings ->> 'status';
    status_type := (SELECT format_type(a.atttypid, a.atttypmod) FROM pg_attribute AS a WHERE a.attrelid = target AND a.attname = status_column);
    status := format('t.%I::text', status_column);
    status_now := format($case$CASE WHEN %1$s IS NULL THEN 'UNKNOWN' WHEN %1$s > $1 - %2$L::interval THEN 'ONLINE' WHEN %1$s > $1 - %3$L::interval THEN 'STALE' ELSE 'OFFLINE' END$case$,
        synced_at, settings ->> 'online', settings ->> 'stale');
END
$$;
COMMENT ON FUNCTION rsl.freshness_parts(regclass) IS 'Part of rsl.freshness and its sisters: the expressions that they are made of; an error if freshness is off';

CREATE FUNCTION rsl.freshness(target regclass)
RETURNS TABLE (key jsonb, synced_at timestamptz, status text, status_now text)
LANGUAGE plpgsql STABLE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    parts record := rsl.freshness_parts(target);
BEGIN
    RETURN QUERY EXECUTE format('SELECT %s, %s, %s, %s FROM %s AS t ORDER BY 1',
        rsl.track_key(target, 't'), parts.synced_at, parts.status, parts.status_now, parts.rows_of)
    USING clock_timestamp();
END
$$;
COMMENT ON FUNCTION rsl.freshness(regclass) IS
    'Of each row of a table with rsl.freshness_on: when it was synchronised, its status as stored, and its status now, as time passes without a trigger';

CREATE FUNCTION rsl.freshness_refresh(target regclass) RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    parts record := rsl.freshness_parts(target);
    changed bigint;
BEGIN
    EXECUTE format('UPDATE %s AS t SET %I = (%s)::%s WHERE %s IS DISTINCT FROM %3$s',
        parts.rows_of, parts.status_column, parts.status_now, parts.status_type, parts.status)
    USING clock_timestamp();
    GET DIAGNOSTICS changed = ROW_COUNT;
    RETURN changed;
END
$$;
COMMENT ON FUNCTION rsl.freshness_refresh(regclass) IS 'Writes the present status of the rows whose stored one is another, with the rights of the caller; returns their number';
REVOKE ALL ON FUNCTION rsl.freshness_refresh(regclass) FROM PUBLIC;

CREATE FUNCTION rsl.freshness_counts(target regclass) RETURNS jsonb
LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    parts record;
    counts jsonb;
BEGIN
    IF NOT EXISTS (SELECT FROM rsl.track_triggers(target) AS t WHERE t.kind = 'freshness') THEN
        RETURN NULL;
    END IF;
    parts := rsl.freshness_parts(target);
    EXECUTE format(
        $query$
        SELECT jsonb_build_object('synced_at', timezone('utc', max(x.synced_at)), 'ONLINE', count(*) FILTER (WHERE x.status = 'ONLINE'),
            'STALE', count(*) FILTER (WHERE x.status = 'STALE'), 'OFFLINE', count(*) FILTER (WHERE x.status = 'OFFLINE'),
            'UNKNOWN', count(*) FILTER (WHERE x.status = 'UNKNOWN'))
        FROM (SELECT %s AS synced_at, %s AS status FROM %s AS t) AS x
        $query$,
        parts.synced_at, parts.status_now, parts.rows_of)
    INTO counts USING clock_timestamp();
    RETURN counts;
END
$$;
COMMENT ON FUNCTION rsl.freshness_counts(regclass) IS
    'Part of rsl.load_finish: the latest synchronisation (UTC) of a table and the number of its rows in each status, now; NULL if freshness is off';
