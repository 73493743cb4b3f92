-- transitions as they are stored: every list in the order of the phases, no list that is empty.
CREATE FUNCTION rsl.phase_transitions(phases text[], transitions jsonb) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    bad text;
BEGIN
    IF phases IS NULL THEN
        RAISE EXCEPTION 'no phases are named' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    IF cardinality(phases) = 0 OR array_ndims(phases) > 1 THEN
        RAISE EXCEPTION 'the phases must be a list of at least one' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF EXISTS (SELECT FROM unnest(phases) AS u (p) WHERE u.p IS NULL OR u.p !~ '[^[:space:]]') THEN
        RAISE EXCEPTION 'a phase must not be NULL or empty' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    SELECT u.p INTO bad FROM unnest(phases) AS u (p) GROUP BY u.p COLLATE "C", u.p HAVING count(*) > 1 ORDER BY u.p COLLATE "C" LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'phase "%" is named twice', bad USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF transitions IS NULL OR transitions = 'null' THEN
        RETURN NULL;
    END IF;
    IF jsonb_typeof(transitions) <> 'object'
        OR jsonb_path_exists(transitions, 'strict $.* ? (@.type() != "array")', '{}', true)
        OR jsonb_path_exists(transitions, 'strict $.*[*] ? (@.type() != "string")', '{}', true) THEN
        RAISE EXCEPTION 'the transitions must be an object of lists of phases'
            USING ERRCODE = 'invalid_parameter_value', HINT = 'For example: {"draft": ["validated"], "validated": ["released", "draft"]}.';
    END IF;
    SELECT n.name INTO bad
    FROM (
        SELECT t.key AS name FROM jsonb_each(transitions) AS t
        UNION
        SELECT e.value FROM jsonb_each(transitions) AS t, jsonb_array_elements_text(t.value) AS e
    ) AS n
    WHERE n.name COLLATE "C" <> ALL (phases)
    ORDER BY n.name COLLATE "C" LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'the transitions name an unknown phase "%"', bad
            USING ERRCODE = 'invalid_parameter_value', HINT = format('The phases are: %s.', array_to_string(phases, ', '));
    END IF;
    RETURN coalesce((
        SELECT jsonb_object_agg(f.phase, f.next)
        FROM (
            SELECT t.key AS phase, jsonb_agg(p.name ORDER BY p.n) AS next
            FROM jsonb_each(transitions) AS t
            JOIN unnest(phases) WITH ORDINALITY AS p (name, n) ON t.value ? p.name
            GROUP BY t.key
        ) AS f), '{}');
END
$$;
COMMENT ON FUNCTION rsl.phase_transitions(text[], jsonb) IS 'Part of rsl.phase_on: the transitions, put in order; refuses phases and transitions that make no sense';

-- <table>_<column>_phase_check, shortened to what a name may hold, with a number if it is taken.
CREATE FUNCTION rsl.phase_check_name(target regclass, column_name name) RETURNS name
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    of_table text := (SELECT c.relname FROM pg_class AS c WHERE c.oid = target);
    of_column text := column_name;
    number text := '';
BEGIN
    LOOP
        WHILE octet_length(of_table) + octet_length(of_column) + octet_length(number) + octet_length('__phase_check') > 63 LOOP
            IF octet_length(of_table) > octet_length(of_column) THEN
                of_table := left(of_table, -1);
            ELSE
                of_column := left(of_column, -1);
            END IF;
        END LOOP;
        EXIT WHEN NOT EXISTS (SELECT FROM pg_constraint AS c WHERE c.conrelid = target
            AND c.conname = format('%s_%s_phase_check%s', of_table, of_column, number));
        number := coalesce(nullif(number, '')::int + 1, 1)::text;
    END LOOP;
    RETURN format('%s_%s_phase_check%s', of_table, of_column, number);
END
$$;
COMMENT ON FUNCTION rsl.phase_check_name(regclass, name) IS 'Part of rsl.phase_on: the name of the constraint that holds the phases';

CREATE FUNCTION rsl.phase_check_mark(target regclass) RETURNS text
LANGUAGE sql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
SET quote_all_identifiers = off
AS $$
    -- With the name: CREATE TABLE … (LIKE … INCLUDING ALL) copies comments, too.
    SELECT format('phases of %I.%I, made by rsl.phase_on', n.nspname, c.relname) FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE c.oid = target
$$;
COMMENT ON FUNCTION rsl.phase_check_mark(regclass) IS
    'Part of rsl.phase_on: the comment on the constraint that it makes; where that stands and no trigger, somebody else than rsl.phase_off has taken them away';

CREATE FUNCTION rsl.phase_marked() RETURNS TABLE (check_oid oid, rel regclass, was text)
LANGUAGE plpgsql STABLE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
SET standard_conforming_strings = on
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT m.check_oid, m.rel, CASE WHEN m.named IS NULL THEN m.was END
    FROM (
        SELECT c.oid AS check_oid, c.conrelid::regclass AS rel, w.was, rsl.verify_relation(w.was) AS named
        FROM pg_constraint AS c
        JOIN pg_description AS d ON d.classoid = 'pg_constraint'::regclass AND d.objoid = c.oid AND d.objsubid = 0
        CROSS JOIN LATERAL substring(d.description FROM '^phases of (.*), made by rsl\.phase_on$') AS w (was)
        WHERE c.contype = 'c' AND c.conrelid <> 0 AND w.was IS NOT NULL
    ) AS m
    -- A comment with the name of another table that is there was copied from it.
    WHERE m.named IS NULL OR m.named = m.rel;
END
$$;
COMMENT ON FUNCTION rsl.phase_marked() IS
    'The constraints that rsl.phase_on has made, whatever their names are now; was is the table that they were made for, if none has that name any more';

CREATE FUNCTION rsl.phase_on(target regclass, phase_column name, phases text[], transitions jsonb DEFAULT NULL,
    changed_at name DEFAULT NULL, changed_by name DEFAULT NULL, reason name DEFAULT NULL) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
SET quote_all_identifiers = off
AS $$
DECLARE
    rows_of text;
    settings jsonb;
    present jsonb;
    strangers text;
    check_name name;
BEGIN
    PERFORM rsl.track_check_target(target);
    IF phase_column IS NULL THEN
        RAISE EXCEPTION 'no phase column is named' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    PERFORM rsl.track_check_column(target, phase_column, 'text');
    PERFORM rsl.track_check_column(target, changed_at, 'time');
    PERFORM rsl.track_check_column(target, changed_by, 'any');
    PERFORM rsl.track_check_column(target, reason, 'any');
    PERFORM rsl.track_key(target, 't');
    settings := jsonb_strip_nulls(jsonb_build_object('column', phase_column, 'phases', phases,
        'transitions', rsl.phase_transitions(phases, transitions),
        'changed_at', changed_at, 'changed_by', changed_by, 'reason', reason));

    -- Two callers at once would both find it off.
    EXECUTE format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', target);
    SELECT rsl.track_settings(min(t.trigger)) - '{check,renamed}'::text[] INTO present
    FROM rsl.track_triggers(target) AS t WHERE t.kind = 'phase' HAVING count(*) > 0;
    IF present = settings THEN
        RETURN;
    ELSIF present IS NOT NULL THEN
        RAISE EXCEPTION '% has phases already, with other settings', target
            USING ERRCODE = 'duplicate_object', DETAIL = format('They are %s.', present),
                  HINT = format('SELECT rsl.phase_off(%L); and then rsl.phase_on again.', target);
    END IF;

    rows_of := (SELECT CASE c.relkind WHEN 'p' THEN '' ELSE 'ONLY ' END || target FROM pg_class AS c WHERE c.oid = target);
    EXECUTE format(
        'SELECT string_agg(format(''%%s (%%s)'', to_json(x.phase), x.n), '', '' ORDER BY x.n DESC, x.phase COLLATE "C")
         FROM (SELECT t.%1$I::text AS phase, count(*) AS n FROM %2$s AS t WHERE t.%1$I::text COLLATE "C" <> ALL ($1)
               GROUP BY t.%1$I::text COLLATE "C", t.%1$I::text ORDER BY 2 DESC, t.%1$I::text COLLATE "C" LIMIT 5) AS x',
        phase_column, rows_of)
    INTO strangers USING phases;
    IF strangers IS NOT NULL THEN
        RAISE EXCEPTION 'rows of % are in phases that are not listed', target
            USING ERRCODE = 'check_violation', DETAIL = format('The most frequent, with their rows: %s.', strangers),
                  HINT = 'List these phases too, or change the rows first.';
    END IF;

    -- The extension's own tables come with their constraints.
    IF NOT rsl.track_is_member(target) THEN
        check_name := rsl.phase_check_name(target, phase_column);
        EXECUTE format('ALTER TABLE %s ADD CONSTRAINT %I CHECK (%I::text COLLATE "C" = ANY (ARRAY[%s]::text[]))%s',
            rows_of, check_name, phase_column, (SELECT string_agg(quote_literal(u.p), ', ' ORDER BY u.n) FROM unnest(phases) WITH ORDINALITY AS u (p, n)),
            -- Tables that inherit from it have phases of their own, or none.
            CASE WHEN rows_of LIKE 'ONLY %' AND EXISTS (SELECT FROM pg_inherits AS h WHERE h.inhparent = target) THEN ' NO INHERIT' ELSE '' END);
        EXECUTE format('COMMENT ON CONSTRAINT %I ON %s IS %L', check_name, target, rsl.phase_check_mark(target));
        settings := settings || jsonb_build_object('check', check_name);
    END IF;
    settings := settings - 'column' || rsl.track_attnums(target, settings - 'column');
    PERFORM rsl.track_install(target, 'phase', phase_column, settings);
END
$$;
COMMENT ON FUNCTION rsl.phase_on(regclass, name, text[], jsonb, name, name, name) IS
    'Keeps the phases of the rows of a table: only these are allowed, only these transitions ({phase: [next, …]}; all if null), and every change is written to rsl.phase_history; changed_at, changed_by and reason are columns that time, person and reason are taken from. Again with the same settings changes nothing. DROP EXTENSION is refused while it is on: see rsl.untrack_all';
REVOKE ALL ON FUNCTION rsl.phase_on(regclass, name, text[], jsonb, name, name, name) FROM PUBLIC;

CREATE FUNCTION rsl.phase_off(target regclass) RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    check_name name := (SELECT rsl.track_settings(min(t.trigger)) ->> 'check' FROM rsl.track_triggers(target) AS t WHERE t.kind = 'phase');
    marked name;
BEGIN
    PERFORM rsl.track_remove(target, 'phase');
    FOR marked IN SELECT c.conname FROM rsl.phase_marked() AS m JOIN pg_constraint AS c ON c.oid = m.check_oid WHERE m.rel = target LOOP
        -- Without triggers nothing else tells its name.
        EXECUTE format(CASE WHEN check_name IS NULL AND marked ~ '_phase_check[0-9]*$' THEN 'ALTER TABLE %2$s DROP CONSTRAINT %1$I'
            ELSE 'COMMENT ON CONSTRAINT %1$I ON %2$s IS NULL' END, marked, target);
    END LOOP;
    -- Only the constraint that rsl.phase_on has added; who renamed it has made it his own.
    IF EXISTS (SELECT FROM pg_constraint AS c WHERE c.conrelid = target AND c.conname = check_name AND c.contype = 'c') THEN
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', target, check_name);
    END IF;
END
$$;
COMMENT ON FUNCTION rsl.phase_off(regclass) IS
    'Takes the triggers and the constraint of rsl.phase_on from a table; the history stays. No change if it is off';
REVOKE ALL ON FUNCTION rsl.phase_off(regclass) FROM PUBLIC;
