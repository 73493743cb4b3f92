-- For tables that only grow. Also their owner is refused; whoever disables the trigger is found by rsl.verify('schema_complete').
-- The triggers are ENABLE ALWAYS, so that session_replication_role does not switch them off.
CREATE FUNCTION rsl.refuse_change() RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION '% only grows: % is refused', format('%I.%I', TG_TABLE_SCHEMA, TG_TABLE_NAME), TG_OP
        USING ERRCODE = 'insufficient_privilege',
              HINT = 'What was written stays. A mistake is put right by what is written after it.';
END
$$;
COMMENT ON FUNCTION rsl.refuse_change() IS 'Trigger: refuses every UPDATE, DELETE and TRUNCATE of a table that only grows';
REVOKE ALL ON FUNCTION rsl.refuse_change() FROM PUBLIC;

CREATE FUNCTION rsl.only_grows(target regclass) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    EXECUTE format('CREATE TRIGGER only_grows BEFORE UPDATE OR DELETE ON %s FOR EACH ROW EXECUTE FUNCTION rsl.refuse_change()', target);
    EXECUTE format('CREATE TRIGGER only_grows_truncate BEFORE TRUNCATE ON %s FOR EACH STATEMENT EXECUTE FUNCTION rsl.refuse_change()', target);
    EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER only_grows', target);
    EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER only_grows_truncate', target);
END
$$;
COMMENT ON FUNCTION rsl.only_grows(regclass) IS 'Puts the triggers on a table that let it only grow';
REVOKE ALL ON FUNCTION rsl.only_grows(regclass) FROM PUBLIC;
