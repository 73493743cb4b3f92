-- The tables of rsl are members of the extension: DROP EXTENSION would take their rows with it, without a word. A view that is
-- no member and stands on one of them makes it refuse; its name says why. Whoever means it says CASCADE.
-- It cannot be made by the install script, whose objects are members, so the first load makes it.
CREATE FUNCTION rsl.keep_data() RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF to_regclass('rsl_stage.drop_extension_would_delete_data') IS NULL THEN
        CREATE VIEW rsl_stage.drop_extension_would_delete_data AS SELECT load_id FROM rsl.load;
        COMMENT ON VIEW rsl_stage.drop_extension_would_delete_data IS
            'Keeps DROP EXTENSION rsl from deleting the tables of schema rsl; DROP EXTENSION rsl CASCADE does it';
    END IF;
EXCEPTION WHEN duplicate_table OR duplicate_object OR unique_violation THEN
    NULL; -- Another session was first.
END $$;
COMMENT ON FUNCTION rsl.keep_data() IS
    'makes DROP EXTENSION rsl refuse unless CASCADE is said, because it would delete the tables of schema rsl with all rows; rsl init and every load call it';
REVOKE ALL ON FUNCTION rsl.keep_data() FROM PUBLIC;
