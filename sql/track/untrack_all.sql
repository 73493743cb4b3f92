-- DROP EXTENSION refuses while a table of somebody else has a trigger of rsl, and its message cannot name the way out.
-- What is on the extension's own tables goes with them.
CREATE FUNCTION rsl.untrack_all()
RETURNS TABLE (target text, kind text)
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    t record;
BEGIN
    FOR t IN
        SELECT DISTINCT g.rel, g.rel::text COLLATE "C" AS name, g.kind COLLATE "C" AS kind
        FROM rsl.track_triggers() AS g
        JOIN pg_class AS c ON c.oid = g.rel
        WHERE NOT rsl.track_is_member(g.rel) AND pg_has_role(c.relowner, 'USAGE')
        ORDER BY 2, 3
    LOOP
        EXECUTE format('SELECT rsl.%I($1)', t.kind || '_off') USING t.rel;
        target := t.name;
        kind := t.kind;
        RETURN NEXT;
    END LOOP;
END
$$;
COMMENT ON FUNCTION rsl.untrack_all() IS
    'Turns everything off that rsl.tracked() lists, on all tables that the caller owns but those of the extension itself, and returns what it turned off: to be called before DROP EXTENSION rsl, which triggers on tables would block';
REVOKE ALL ON FUNCTION rsl.untrack_all() FROM PUBLIC;
