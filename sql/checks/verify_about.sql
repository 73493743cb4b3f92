-- What a scope that is neither a check nor a group means: a table, by the name that the checks know it by.
CREATE FUNCTION rsl.verify_about(scope text) RETURNS text
LANGUAGE plpgsql STABLE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    named regclass;
    about text;
BEGIN
    named := coalesce(rsl.verify_relation(scope), rsl.verify_relation('rsl.' || scope));
    SELECT c.oid::regclass::text INTO about
    FROM pg_class AS c
    WHERE c.oid = named AND c.relnamespace = 'rsl'::regnamespace AND c.relkind IN ('r', 'p', 'f', 'v', 'm');
    IF about IS NULL THEN
        -- The target may be missing by now: that is what is asked about.
        SELECT coalesce(rsl.verify_relation(l.target)::text, l.target) INTO about
        FROM rsl.load AS l
        WHERE l.target = scope OR rsl.verify_relation(l.target) = named
        LIMIT 1;
    END IF;
    IF about IS NULL THEN
        SELECT g.rel::text INTO about FROM rsl.track_triggers() AS g WHERE g.rel = named LIMIT 1;
    END IF;
    IF about IS NULL THEN
        -- So that a table of the extension that was dropped can be asked for.
        SELECT m.name INTO about FROM rsl.manifest AS m
        WHERE m.kind IN ('table', 'view') AND m.name IN (scope, 'rsl.' || scope)
        ORDER BY m.name LIMIT 1;
    END IF;
    IF about IS NULL THEN
        RAISE EXCEPTION 'unknown scope %', quote_literal(scope)
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = format('a check (%s; of rsl.verify_deep also %s), a group (%s), a table or view of schema rsl, or the qualified name of a target of a load or a tracked table',
                                (SELECT string_agg(k.check_name, ', ') FROM rsl.checks() AS k),
                                (SELECT string_agg(k.check_name, ', ') FROM rsl.deep_checks() AS k),
                                (SELECT string_agg(g.check_group, ', ') FROM (
                                    SELECT k.check_group FROM rsl.checks() WITH ORDINALITY AS k (check_name, check_group, level, description, n)
                                    GROUP BY 1 ORDER BY min(k.n)) AS g));
    END IF;
    RETURN about;
END
$$;
COMMENT ON FUNCTION rsl.verify_about(text) IS 'The table that a scope of rsl.verify() names, quoted and qualified; an error if there is none';
