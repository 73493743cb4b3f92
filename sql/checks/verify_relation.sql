-- Not to_regclass(): that asks for USAGE on the schema, and one schema that a role may not use would keep it from every check.
CREATE FUNCTION rsl.verify_relation(name text) RETURNS regclass
LANGUAGE plpgsql STABLE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    parts text[];
BEGIN
    BEGIN
        parts := parse_ident(name);
    EXCEPTION
        WHEN invalid_parameter_value THEN RETURN NULL;
    END;
    IF cardinality(parts) = 2 THEN
        RETURN (
            SELECT c.oid FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
            WHERE n.nspname = parts[1] AND c.relname = parts[2]);
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION rsl.verify_relation(text) IS 'The relation that a qualified name means, whatever the role may do with it; NULL if there is none';
