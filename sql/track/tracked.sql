CREATE FUNCTION rsl.tracked()
RETURNS TABLE (target text, kind text, enabled boolean, settings jsonb)
LANGUAGE sql STABLE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT t.rel::text, t.kind,
        -- The audit has triggers on partitions that are no copies.
        CASE t.kind WHEN 'audit' THEN (SELECT bool_and(a.enabled IN ('O', 'A')) FROM rsl.audit_triggers() AS a WHERE a.target IN (SELECT rsl.audit_members(t.rel)))
            ELSE bool_and(t.enabled) END,
        CASE t.kind WHEN 'audit' THEN rsl.audit_settings(t.rel) ELSE rsl.track_settings(min(t.trigger)) - 'check' END
    FROM rsl.track_triggers() AS t
    GROUP BY t.rel, t.kind
    ORDER BY t.rel::text COLLATE "C", t.kind COLLATE "C"
$$;
COMMENT ON FUNCTION rsl.tracked() IS
    'What is on where: audit (rsl.audit_on), phase (rsl.phase_on) and freshness (rsl.freshness_on), as the triggers say; enabled is false if a trigger was disabled. DROP EXTENSION is refused while anything is on a table that is not the extension''s own: see rsl.untrack_all';
