-- What is on stands in the triggers themselves, as one argument in JSON: that survives dump and restore, and the table may be
-- renamed. Columns may be renamed too: the phase column is known by the WHEN clause of the trigger, which follows; any other by
-- name, and when it no longer has that name by its number, as long as the table is the one that the number was taken from.
CREATE FUNCTION rsl.track_settings(trigger oid) RETURNS jsonb
LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    first pg_trigger;
    said jsonb;
    now_named jsonb;
    gone jsonb;
    phase_column name;
BEGIN
    -- A partition has a copy of the trigger; the history names the table that the first one is on.
    WITH RECURSIVE up AS (
        SELECT g.oid, g.tgparentid FROM pg_trigger AS g WHERE g.oid = trigger
        UNION ALL
        SELECT g.oid, g.tgparentid FROM up JOIN pg_trigger AS g ON g.oid = up.tgparentid
    )
    SELECT g.* INTO first FROM up JOIN pg_trigger AS g ON g.oid = up.oid WHERE up.tgparentid = 0;
    BEGIN
        said := convert_from(substring(first.tgargs FROM 1 FOR length(first.tgargs) - 1), 'UTF8')::jsonb;
        IF jsonb_typeof(said) <> 'object' THEN
            said := NULL;
        END IF;
    EXCEPTION WHEN data_exception THEN
        said := NULL; -- Somebody else's trigger on the same function.
    END;
    SELECT jsonb_object_agg(s.role, a.attname) FILTER (WHERE a.attname IS NOT NULL),
           jsonb_object_agg(s.role, s.name) FILTER (WHERE a.attname IS NULL)
    INTO now_named, gone
    FROM jsonb_each_text(said - '{phases,transitions,check,online,stale,table,attnums}'::text[]) AS s (role, name)
    LEFT JOIN LATERAL (
        SELECT a.attname FROM pg_attribute AS a
        WHERE a.attrelid = first.tgrelid AND a.attnum > 0 AND NOT a.attisdropped
          AND (a.attname = s.name
               OR said ->> 'table' = first.tgrelid::oid::text AND a.attnum::text = said #>> ARRAY['attnums', s.role])
        ORDER BY a.attname = s.name DESC
        LIMIT 1
    ) AS a ON true;
    SELECT a.attname INTO phase_column
    FROM pg_depend AS d
    JOIN pg_attribute AS a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
    WHERE d.classid = 'pg_trigger'::regclass AND d.objid = first.oid AND d.refclassid = 'pg_class'::regclass
      AND d.refobjid = first.tgrelid AND d.refobjsubid > 0
    LIMIT 1;
    RETURN coalesce(said - '{table,attnums}'::text[], '{}') || coalesce(now_named, '{}')
        || CASE WHEN phase_column IS NULL THEN '{}' ELSE jsonb_build_object('column', phase_column) END
        || CASE WHEN gone IS NULL THEN '{}' ELSE jsonb_build_object('missing', gone) END
        || CASE WHEN said @> coalesce(now_named, '{}') THEN '{}' ELSE jsonb_build_object('renamed', true) END;
END
$$;
COMMENT ON FUNCTION rsl.track_settings(oid) IS
    'The settings that stand in a trigger of rsl, with the columns as they are called now; missing: those that are gone; renamed: true if the trigger has an older name';

-- What a trigger function asks at its first row: the table that the trigger was put on, its key, and the settings.
CREATE FUNCTION rsl.track_trigger(trigger oid) RETURNS jsonb
LANGUAGE sql STABLE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
    WITH RECURSIVE up AS (
        SELECT g.tgrelid, g.tgparentid FROM pg_trigger AS g WHERE g.oid = trigger
        UNION ALL
        SELECT g.tgrelid, g.tgparentid FROM up JOIN pg_trigger AS g ON g.oid = up.tgparentid
    )
    SELECT jsonb_build_object('name', c.oid::regclass, 'schema', n.nspname, 'table', c.relname, 'settings', rsl.track_settings(trigger), 'key', rsl.primary_key(c.oid))
    FROM up JOIN pg_class AS c ON c.oid = up.tgrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE up.tgparentid = 0
$$;
COMMENT ON FUNCTION rsl.track_trigger(oid) IS 'Part of the trigger functions of rsl: table, key and settings of one trigger';

-- The kind is told by the trigger function. A new kind has its line here, and rsl.<kind>_off.
CREATE FUNCTION rsl.track_triggers(target regclass DEFAULT NULL)
RETURNS TABLE (rel regclass, kind text, trigger oid, trigger_name name, fires_on int, enabled boolean)
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT g.tgrelid::regclass, k.kind, g.oid, g.tgname, g.tgtype & 28, g.tgenabled IN ('O', 'A')
    FROM (VALUES
        ('audit_write', 'audit'),
        ('phase_record', 'phase'),
        ('freshness_set', 'freshness')
    ) AS k (function, kind)
    JOIN pg_proc AS p ON p.proname = k.function AND p.pronamespace = 'rsl'::regnamespace
    JOIN pg_trigger AS g ON g.tgfoid = p.oid
    JOIN pg_class AS c ON c.oid = g.tgrelid
    -- A partition has triggers of the audit that are no copies; it is the whole that is audited.
    WHERE g.tgparentid = 0 AND NOT c.relispartition AND (target IS NULL OR g.tgrelid = target)
$$;
COMMENT ON FUNCTION rsl.track_triggers(regclass) IS
    'The triggers of rsl that track tables, without the copies on partitions; fires_on is 4 for INSERT, 8 for DELETE, 16 for UPDATE, or a sum of them';
