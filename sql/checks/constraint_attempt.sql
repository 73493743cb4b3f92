-- Tries one statement that a constraint must refuse, and takes it back, whatever becomes of it.
-- statement: an INSERT or UPDATE of one row that returns its tableoid and ctid; proof: SQL over row t, true if the row as it was stored
-- breaks the constraint: a trigger may have changed it.
CREATE FUNCTION rsl.constraint_attempt(rel regclass, constraint_names text[], column_name text, states text[], statement text, proof text,
    OUT verdict text, OUT reason text)
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    stage text := 'before';
    part regclass;
    place tid;
    breaks boolean;
    refused_by text;
    refused_column text;
    -- Triggers of the table run with the search_path that sessions of this role begin with.
    path text := (SELECT s.reset_val FROM pg_settings AS s WHERE s.name = 'search_path');
    actor oid := rsl.actor_for(rel);
BEGIN
    BEGIN
        PERFORM set_config('lock_timeout', '2s', true);
        -- In the context in which it runs, what is deferred is refused.
        SET CONSTRAINTS ALL IMMEDIATE;
        -- Triggers, checks and defaults of a table are its owner's, and must not run with more rights than the owner has.
        PERFORM rsl.act_as(actor);
        stage := 'statement';
        PERFORM set_config('search_path', path, true);
        EXECUTE statement INTO part, place;
        PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
        stage := 'after';
        IF place IS NOT NULL THEN
            -- Not through an index: it may be the one that is damaged.
            PERFORM set_config(u.name, 'off', true) FROM unnest('{enable_indexscan,enable_indexonlyscan,enable_bitmapscan}'::text[]) AS u (name);
            EXECUTE format('SELECT %s FROM ONLY %s AS t WHERE t.ctid = $1', proof, part) INTO breaks USING place;
        END IF;
        RAISE EXCEPTION USING ERRCODE = 'RSL00';
    EXCEPTION
        WHEN SQLSTATE 'RSL00' THEN
            verdict := CASE WHEN breaks THEN 'accepted' ELSE 'skip' END;
            reason := CASE WHEN breaks THEN NULL WHEN place IS NULL THEN 'no row was written: a trigger or a rule is in the way' ELSE 'a trigger has changed the value' END;
        WHEN others THEN
            GET STACKED DIAGNOSTICS refused_by = CONSTRAINT_NAME, refused_column = COLUMN_NAME;
            IF stage = 'statement' AND SQLSTATE = ANY (states)
               AND (refused_by = ANY (constraint_names) OR SQLSTATE = '23502' AND refused_column = column_name) THEN
                verdict := 'refused';
            ELSE
                verdict := 'skip';
                -- The message of another constraint shows no values; the detail would.
                reason := format('%s (SQLSTATE %s)', SQLERRM, SQLSTATE);
            END IF;
    END;
END
$$;
COMMENT ON FUNCTION rsl.constraint_attempt(regclass, text[], text, text[], text, text) IS
    'part of rsl.check_constraints_bite: refused, accepted or skip, and why';
REVOKE ALL ON FUNCTION rsl.constraint_attempt(regclass, text[], text, text[], text, text) FROM PUBLIC;
