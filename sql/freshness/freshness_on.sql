CREATE FUNCTION rsl.freshness_set() RETURNS trigger
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'freshness_set_wrapper';
COMMENT ON FUNCTION rsl.freshness_set() IS
    'Trigger function of rsl.freshness_on: sets the status of a row by the time of its last synchronisation, unless a load brings the status. DROP EXTENSION is refused while it is used: see rsl.untrack_all';
REVOKE ALL ON FUNCTION rsl.freshness_set() FROM PUBLIC;

CREATE FUNCTION rsl.freshness_on(target regclass, synced_at name, status name, online interval DEFAULT '2 hours', stale interval DEFAULT '6 hours') RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
SET intervalstyle = 'postgres'
AS $$
DECLARE
    words CONSTANT text[] := '{ONLINE,STALE,OFFLINE,UNKNOWN}';
    settings jsonb;
    present jsonb;
    bad text;
BEGIN
    PERFORM rsl.track_check_target(target);
    IF synced_at IS NULL OR status IS NULL OR online IS NULL OR stale IS NULL THEN
        RAISE EXCEPTION 'freshness needs two columns and two thresholds' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    PERFORM rsl.track_check_column(target, synced_at, 'time');
    PERFORM rsl.track_check_column(target, status, 'text');
    PERFORM rsl.track_key(target, 't');
    SELECT CASE
            WHEN a.attgenerated <> '' THEN 'is generated'
            WHEN EXISTS (SELECT FROM unnest(words) AS w WHERE a.atttypid IN ('varchar'::regtype, 'bpchar'::regtype)
                AND a.atttypmod >= 0 AND length(w) > a.atttypmod - 4) THEN format('is of type %s', format_type(a.atttypid, a.atttypmod))
            WHEN y.typtype = 'e' AND EXISTS (SELECT FROM unnest(words) AS w
                WHERE w NOT IN (SELECT e.enumlabel FROM pg_enum AS e WHERE e.enumtypid = y.oid)) THEN format('is of type %s', y.oid::regtype)
        END
    INTO bad
    FROM pg_attribute AS a JOIN pg_type AS y ON y.oid = a.atttypid WHERE a.attrelid = target AND a.attname = status;
    IF bad IS NOT NULL THEN
        RAISE EXCEPTION 'column "%" of % %', status, target, bad
            USING ERRCODE = 'datatype_mismatch', HINT = format('It must be able to hold %s.', array_to_string(words, ', '));
    END IF;
    -- A month has no length that could be compared with an age.
    IF extract(year FROM online) <> 0 OR extract(month FROM online) <> 0 OR extract(year FROM stale) <> 0 OR extract(month FROM stale) <> 0 THEN
        RAISE EXCEPTION 'a threshold must be given in days, hours or less' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    online := make_interval(secs => extract(epoch FROM online)::float8);
    stale := make_interval(secs => extract(epoch FROM stale)::float8);
    IF online < '0' OR stale < online THEN
        RAISE EXCEPTION 'the thresholds % and % are not in order', online, stale
            USING ERRCODE = 'invalid_parameter_value', HINT = 'A row is ONLINE before it is STALE: 0 <= online <= stale.';
    END IF;
    settings := jsonb_build_object('synced_at', synced_at, 'status', status, 'online', online::text, 'stale', stale::text);

    EXECUTE format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', target);
    SELECT rsl.track_settings(min(t.trigger)) - 'renamed' INTO present
    FROM rsl.track_triggers(target) AS t WHERE t.kind = 'freshness' HAVING count(*) > 0;
    IF present = settings THEN
        RETURN;
    ELSIF present IS NOT NULL THEN
        RAISE EXCEPTION '% has freshness already, with other settings', target
            USING ERRCODE = 'duplicate_object', DETAIL = format('They are %s.', present),
                  HINT = format('SELECT rsl.freshness_off(%L); and then rsl.freshness_on again.', target);
    END IF;
    PERFORM rsl.track_install(target, 'freshness', status, settings || rsl.track_attnums(target, settings));
END
$$;
COMMENT ON FUNCTION rsl.freshness_on(regclass, name, name, interval, interval) IS
    'Sets the status of each row of a table that is inserted or updated: ONLINE if it was synchronised less than online ago, STALE if less than stale, else OFFLINE; UNKNOWN if never. Again with the same settings changes nothing. DROP EXTENSION is refused while it is on: see rsl.untrack_all';
REVOKE ALL ON FUNCTION rsl.freshness_on(regclass, name, name, interval, interval) FROM PUBLIC;

CREATE FUNCTION rsl.freshness_off(target regclass) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM rsl.track_remove(target, 'freshness');
END
$$;
COMMENT ON FUNCTION rsl.freshness_off(regclass) IS 'Takes the trigger of rsl.freshness_on from a table; the statuses stay as they are. No change if it is off';
REVOKE ALL ON FUNCTION rsl.freshness_off(regclass) FROM PUBLIC;
