-- For tables that only grow. Also their owner is refused; whoever disables the trigger is found by rsl.verify('schema_complete').
CREATE FUNCTION rsl.refuse_change() RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION '%.% only grows: % is refused', quote_ident(TG_TABLE_SCHEMA), quote_ident(TG_TABLE_NAME), TG_OP
        USING ERRCODE = 'insufficient_privilege', HINT = 'What was written stays. A mistake is put right by what is written after it.';
END
$$;
COMMENT ON FUNCTION rsl.refuse_change() IS 'Trigger function: refuses UPDATE, DELETE and TRUNCATE of a table that only grows';
REVOKE ALL ON FUNCTION rsl.refuse_change() FROM PUBLIC;
