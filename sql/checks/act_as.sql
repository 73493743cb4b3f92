CREATE FUNCTION rsl.act_as(role_of oid) RETURNS void
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'act_as_wrapper';
COMMENT ON FUNCTION rsl.act_as(oid) IS
    'part of the checks: lets the rest of a block that ends with an error run with the rights of a role that the caller is a member of (42501 for another), in a context in which nothing can take the caller''s rights back';
REVOKE ALL ON FUNCTION rsl.act_as(oid) FROM PUBLIC;

CREATE FUNCTION rsl.actor_for(rel regclass) RETURNS oid
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
    SELECT CASE WHEN pg_has_role(c.relowner, 'MEMBER') THEN c.relowner ELSE u.oid END
    FROM pg_class AS c, pg_roles AS u WHERE c.oid = rel AND u.rolname = current_user
$$;
COMMENT ON FUNCTION rsl.actor_for(regclass) IS 'part of the checks: the owner of a table, if the caller may act as such, else the caller';
