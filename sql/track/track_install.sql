-- The trigger functions are not for everybody: whoever could put one on a table with settings of his own making would go round
-- the checks. So the triggers are made as the owner of the extension, on a table that the caller owns.
CREATE FUNCTION rsl.track_install(target regclass, kind text, column_name name, settings jsonb) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'track_install_wrapper';
COMMENT ON FUNCTION rsl.track_install(regclass, text, name, jsonb) IS
    'Part of rsl.phase_on and rsl.freshness_on: makes the triggers, if the caller owns the table';
REVOKE ALL ON FUNCTION rsl.track_install(regclass, text, name, jsonb) FROM PUBLIC;

-- Called by rsl.track_install as the owner of the extension.
CREATE FUNCTION rsl.track_create_triggers(target regclass, kind text, column_name name, settings jsonb) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    partitioned boolean := (SELECT c.relkind = 'p' FROM pg_class AS c WHERE c.oid = target);
    owner name := (SELECT c.relowner::regrole FROM pg_class AS c WHERE c.oid = target);
    function regproc;
BEGIN
    IF kind = 'phase' THEN
        function := 'rsl.phase_record';
        -- By their bytes: a collation may take two phases for the same. The clause also keeps the trigger from being called
        -- for updates of anything else, and tells it the column, whatever that is called by then.
        EXECUTE format(
            'CREATE TRIGGER rsl_phase_update AFTER UPDATE ON %s FOR EACH ROW
             WHEN (OLD.%2$I::text COLLATE "C" IS DISTINCT FROM NEW.%2$I::text COLLATE "C") EXECUTE FUNCTION rsl.phase_record(%L)',
            target, column_name, settings);
        -- A row that moves to another partition is deleted and inserted: the trigger has to see every insert then, and the delete.
        EXECUTE format(
            'CREATE TRIGGER rsl_phase_insert AFTER INSERT ON %s FOR EACH ROW WHEN (%s) EXECUTE FUNCTION rsl.phase_record(%L)',
            target, format(CASE WHEN partitioned THEN 'NEW.%1$I IS NULL OR NEW.%1$I IS NOT NULL' ELSE 'NEW.%1$I IS NOT NULL' END, column_name), settings);
        IF partitioned THEN
            EXECUTE format(
                'CREATE TRIGGER rsl_phase_move AFTER DELETE ON %s FOR EACH ROW WHEN (OLD.%I IS NOT NULL) EXECUTE FUNCTION rsl.phase_record(%L)',
                target, column_name, settings);
        END IF;
        -- The history is worth keeping. What comes with the extension goes with it.
        IF NOT rsl.track_is_member(target) THEN
            PERFORM rsl.keep_data();
        END IF;
    ELSIF kind = 'freshness' THEN
        function := 'rsl.freshness_set';
        -- Triggers run in the order of their names: this one after those that may still set the time.
        EXECUTE format('CREATE TRIGGER zz_rsl_freshness BEFORE INSERT OR UPDATE ON %s FOR EACH ROW EXECUTE FUNCTION rsl.freshness_set(%L)', target, settings);
    END IF;
    -- A new partition gets copies of the triggers, and the server asks its owner for the right to their function.
    IF partitioned AND NOT has_function_privilege(owner, function, 'EXECUTE') THEN
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s() TO %I', function, owner);
    END IF;
END
$$;
COMMENT ON FUNCTION rsl.track_create_triggers(regclass, text, name, jsonb) IS 'Part of rsl.track_install: the triggers of a kind';
REVOKE ALL ON FUNCTION rsl.track_create_triggers(regclass, text, name, jsonb) FROM PUBLIC;

CREATE FUNCTION rsl.track_is_member(target regclass) RETURNS boolean
LANGUAGE sql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT EXISTS (SELECT FROM pg_depend AS d
        WHERE d.classid = 'pg_class'::regclass AND d.objid = target AND d.objsubid = 0 AND d.deptype = 'e'
          AND d.refobjid = (SELECT x.oid FROM pg_extension AS x WHERE x.extname = 'rsl'))
$$;
COMMENT ON FUNCTION rsl.track_is_member(regclass) IS 'Whether a table belongs to the extension rsl';

-- Part of rsl.phase_off and rsl.freshness_off.
CREATE FUNCTION rsl.track_remove(target regclass, kind text) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    name_of_trigger name;
BEGIN
    PERFORM rsl.track_check_target(target);
    FOR name_of_trigger IN SELECT t.trigger_name FROM rsl.track_triggers(target) AS t WHERE t.kind = kind ORDER BY 1 LOOP
        EXECUTE format('DROP TRIGGER %I ON %s', name_of_trigger, target);
    END LOOP;
END
$$;
COMMENT ON FUNCTION rsl.track_remove(regclass, text) IS 'Part of rsl.phase_off and rsl.freshness_off: drops the triggers of a kind';
REVOKE ALL ON FUNCTION rsl.track_remove(regclass, text) FROM PUBLIC;
