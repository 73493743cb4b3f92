-- Which rows of staging the target refuses. Found without touching every row: what a query can tell is asked, and the rest is found by
-- halving, which takes as many attempts as there are such rows, times the logarithm of all.

-- Whether an error of this SQLSTATE is about the rows that a statement wrote: data, constraints, what triggers raise.
CREATE FUNCTION rsl.load_is_refusal(sqlstate text) RETURNS boolean
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$ SELECT left(sqlstate, 2) IN ('09', '22', '23', '27', '38', '39', '44', '45', 'P0') $$;
COMMENT ON FUNCTION rsl.load_is_refusal(text) IS 'part of rsl.load_finish: whether an error with this SQLSTATE is about rows, so that others may still go in';

CREATE FUNCTION rsl.load_try(statement text, deferred text, path text) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    what text;
    advice text;
    about_column text;
    about_constraint text;
BEGIN
    -- As in rsl.load_merge: from here on the caller's search_path, and no expression of ours.
    PERFORM set_config('search_path', path, true);
    EXECUTE statement;
    IF deferred IS NOT NULL THEN
        EXECUTE pg_catalog.concat('SET CONSTRAINTS ', deferred, ' IMMEDIATE');
        EXECUTE pg_catalog.concat('SET CONSTRAINTS ', deferred, ' DEFERRED');
    END IF;
    PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
    RETURN NULL;
EXCEPTION WHEN OTHERS THEN
    IF left(SQLSTATE, 2) IN ('40', '53', '54', '57', '58', 'XX') OR SQLSTATE = '55P03' THEN
        RAISE;
    END IF;
    GET STACKED DIAGNOSTICS what = MESSAGE_TEXT, advice = PG_EXCEPTION_HINT, about_column = COLUMN_NAME, about_constraint = CONSTRAINT_NAME;
    RETURN jsonb_build_object('sqlstate', SQLSTATE, 'message', what,
        'hint', coalesce(NULLIF(advice, ''), CASE SQLSTATE WHEN '23505' THEN 'If values only change places between rows, the constraint has to be DEFERRABLE INITIALLY DEFERRED, so that it is looked at when all rows are in place.' END),
        'column_name', NULLIF(about_column, ''), 'constraint_name', NULLIF(about_constraint, ''));
END $$;
COMMENT ON FUNCTION rsl.load_try(text, text, text) IS 'part of rsl.load_finish: runs a statement and looks at deferred constraints; null if it went well, else what the error says, and nothing has happened';

-- The constraint's columns, as a list.
CREATE FUNCTION rsl.load_constraint_columns(target regclass, constraint_name text) RETURNS text
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
    SELECT string_agg(a.attname, ', ' ORDER BY u.n)
    FROM (SELECT conkey FROM pg_constraint k WHERE k.conrelid = target AND k.conname = constraint_name AND k.conkey IS NOT NULL
        UNION ALL
        SELECT i.indkey::int2[] FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = target AND c.relname = constraint_name
        LIMIT 1) k
    CROSS JOIN LATERAL unnest(k.conkey) WITH ORDINALITY u (attnum, n)
    JOIN pg_attribute a ON a.attrelid = target AND a.attnum = u.attnum
$$;
COMMENT ON FUNCTION rsl.load_constraint_columns(regclass, text) IS 'part of rsl.load_finish: the columns of a constraint or unique index';

-- Conditions, in SQL over staging as s, under which a row is refused whatever else there is; with the reason. Rows whose key came twice
-- are all refused: which of them is meant is not known.
CREATE FUNCTION rsl.load_refusals(target regclass, staging regclass, mode text, columns text[], key text[])
RETURNS TABLE (rows_sql text, repeats boolean, reason jsonb)
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    list text := rsl.column_list('s', key);
    f record;
    relation name := (SELECT relname FROM pg_class WHERE oid = target);
BEGIN
    IF key IS NOT NULL THEN
        IF target IS NULL OR mode <> 'append' THEN
            RETURN QUERY SELECT format('SELECT s.ctid FROM %s s WHERE num_nulls(%s) > 0', staging, list), false,
                jsonb_build_object('sqlstate', '23502', 'column_name', array_to_string(key, ', '),
                    'message', format('the source sent a NULL in the key (%s)', array_to_string(key, ', ')));
        END IF;
        RETURN QUERY SELECT format('SELECT d.ctid FROM (SELECT s.ctid, count(*) OVER (PARTITION BY %s) AS times FROM %s s WHERE num_nulls(%1$s) = 0) d WHERE d.times > 1', list, staging), false,
            jsonb_build_object('sqlstate', '23505', 'column_name', array_to_string(key, ', '),
                'message', format('the source sent the key (%s) more than once', array_to_string(key, ', ')));
    END IF;
    -- A trigger before the row may fill a NULL, or make the parent.
    IF target IS NULL OR EXISTS (SELECT FROM pg_trigger g WHERE g.tgrelid = target AND NOT g.tgisinternal AND g.tgenabled <> 'D' AND g.tgtype & 3 = 3) THEN
        RETURN;
    END IF;
    RETURN QUERY
    SELECT format('SELECT s.ctid FROM %s s WHERE s.%I IS NULL', staging, a.attname), false,
        jsonb_build_object('sqlstate', '23502', 'column_name', a.attname,
            'message', format('null value in column "%s" of relation "%s" violates not-null constraint', a.attname, relation))
    FROM pg_attribute a WHERE a.attrelid = target AND a.attnum > 0 AND a.attnotnull AND a.attname = ANY (columns) ORDER BY a.attnum;
    FOR f IN
        SELECT k.conname, k.confrelid::regclass AS parent, k.confrelid = target AS to_itself,
            (SELECT array_agg(a.attname::text ORDER BY u.n) FROM unnest(k.conkey) WITH ORDINALITY u (attnum, n)
                JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.attnum) AS children,
            (SELECT array_agg(a.attname::text ORDER BY u.n) FROM unnest(k.confkey) WITH ORDINALITY u (attnum, n)
                JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.attnum) AS parents,
            (SELECT string_agg(format('p.%I OPERATOR(%I.%s) s.%I', pa.attname, n.nspname, o.oprname, ca.attname), ' AND ' ORDER BY u.n)
                FROM unnest(k.confkey, k.conkey, k.conpfeqop) WITH ORDINALITY u (parent, child, operator, n)
                JOIN pg_attribute pa ON pa.attrelid = k.confrelid AND pa.attnum = u.parent
                JOIN pg_attribute ca ON ca.attrelid = k.conrelid AND ca.attnum = u.child
                JOIN pg_operator o ON o.oid = u.operator JOIN pg_namespace n ON n.oid = o.oprnamespace) AS found
        FROM pg_constraint k
        -- Of a key in which only some columns are NULL, MATCH FULL has rules of its own.
        WHERE k.conrelid = target AND k.contype = 'f' AND k.confmatchtype = 's' AND k.conparentid = 0
            -- Nor of one that is not looked at at all: NOT ENFORCED, from PostgreSQL 18 on, or its triggers are off.
            AND coalesce((to_jsonb(k) ->> 'conenforced')::boolean, true) AND current_setting('session_replication_role') <> 'replica'
            AND NOT EXISTS (SELECT FROM pg_trigger g WHERE g.tgconstraint = k.oid AND g.tgrelid = target AND g.tgenabled = 'D')
        ORDER BY k.conname
    LOOP
        -- Parents that this role does not see, the constraint sees.
        CONTINUE WHEN row_security_active(f.parent);
        CONTINUE WHEN NOT f.children <@ columns OR f.to_itself AND NOT f.parents <@ columns;
        -- Of a table that refers to itself, the parent may come with the rows; a replace leaves nothing else.
        CONTINUE WHEN f.to_itself AND mode = 'replace' AND key IS NULL;
        RETURN QUERY SELECT format('SELECT s.ctid FROM %s s WHERE num_nulls(%s) = 0 AND NOT EXISTS (SELECT FROM %s p WHERE %s)', staging,
                (SELECT string_agg(format('s.%I', c), ', ') FROM unnest(f.children) c), f.parent, f.found)
            || CASE WHEN f.to_itself THEN format(' AND NOT EXISTS (SELECT FROM %s p WHERE %s)', staging, f.found) ELSE '' END, f.to_itself,
            jsonb_build_object('sqlstate', '23503', 'column_name', array_to_string(f.children, ', '), 'constraint_name', f.conname,
                'message', format('insert or update on table "%s" violates foreign key constraint "%s"', relation, f.conname));
    END LOOP;
END $$;
COMMENT ON FUNCTION rsl.load_refusals(regclass, regclass, text, text[], text[]) IS
    'part of rsl.load_finish: queries for rows of staging that the target must refuse, and why; those that repeat are to be asked until they find nothing more';

-- plan, path: as of rsl.load_merge; with 'quick', only what queries can tell is looked for. Everything that is tried is undone. Gives {"found": [{tid, sqlstate, message, …}], "more": whether
-- the search was ended because there are too many}; null if what fails is not about rows.
CREATE FUNCTION rsl.load_isolate(plan jsonb, path text) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    staging regclass := plan ->> 'staging';
    target regclass := to_regclass(plan ->> 'target');
    mode text := plan ->> 'mode';
    columns text[] := ARRAY(SELECT jsonb_array_elements_text(plan -> 'columns'));
    key text[] := CASE jsonb_typeof(plan -> 'key_columns') WHEN 'array' THEN ARRAY(SELECT jsonb_array_elements_text(plan -> 'key_columns')) END;
    same_key text;
    -- So many are listed beyond those that are allowed, for whoever has to mend them.
    most bigint := (plan ->> 'max_rejects')::bigint + 1000;
    bad jsonb[] := '{}';
    tids tid[];
    r record;
    filled boolean;
    deferred text;
    write_some text;
    failure jsonb;
    lows bigint[];
    highs bigint[];
    low bigint;
    high bigint;
    low_rows bigint[];
    high_rows bigint[];
    again jsonb[];
    still jsonb[];
    itself boolean;
BEGIN
    BEGIN
        -- Nothing is known of staging yet, and a join in the wrong way takes the square of its rows.
        EXECUTE format('ANALYZE %s', staging);
        FOR r IN SELECT * FROM rsl.load_refusals(target, staging, mode, columns, key) LOOP
            LOOP
                BEGIN
                    EXECUTE format('SELECT array_agg(ctid) FROM (%s LIMIT %s) f', r.rows_sql, most - cardinality(bad) + 1) INTO tids;
                EXCEPTION WHEN insufficient_privilege OR undefined_function OR datatype_mismatch THEN
                    tids := NULL; -- A parent that the caller may not read, or that compares with a type of its own: bad by trying.
                END;
                EXIT WHEN tids IS NULL;
                bad := bad || ARRAY(SELECT r.reason || jsonb_build_object('tid', t) FROM unnest(tids) t);
                EXECUTE format('DELETE FROM %s WHERE ctid = ANY ($1)', staging) USING tids;
                EXIT WHEN NOT r.repeats OR cardinality(bad) > most;
            END LOOP;
            EXIT WHEN cardinality(bad) > most;
        END LOOP;
        IF target IS NOT NULL AND cardinality(bad) <= most AND plan -> 'quick' IS DISTINCT FROM 'true' THEN
            EXECUTE format('SELECT EXISTS (SELECT FROM %s)', target) INTO filled;
            same_key := rsl.load_key_condition(target, key);
            deferred := rsl.load_constraints(target);
            IF filled AND mode = 'replace' THEN
                -- The rows that stay for those already found are as good as gone here: the merge itself has the last word.
                failure := rsl.load_try(CASE WHEN key IS NULL THEN format('DELETE FROM %s', target)
                    ELSE format('DELETE FROM %s t WHERE %s', target, rsl.load_gone(staging, NULL, same_key)) END, NULL, path);
                IF failure IS NOT NULL THEN
                    RAISE EXCEPTION USING ERRCODE = 'RSL01'; -- It is not the rows that come which are in the way.
                END IF;
            END IF;
            -- The condition comes in place of a mark that is no SQL.
            write_some := CASE WHEN filled AND mode <> 'append' AND key IS NOT NULL
                THEN rsl.load_upsert_sql(target, staging, columns, key, NULL, E'\x01')
                ELSE rsl.load_insert_sql(target, staging, columns) || E' WHERE \x01' END;
            lows := ARRAY[0];
            highs := ARRAY[pg_relation_size(staging) / current_setting('block_size')::bigint];
            WHILE cardinality(lows) > 0 AND cardinality(bad) <= most LOOP
                low := lows[cardinality(lows)];
                high := highs[cardinality(highs)];
                lows := lows[1:cardinality(lows) - 1];
                highs := highs[1:cardinality(highs) - 1];
                failure := rsl.load_try(replace(write_some, E'\x01', format(
                    's.ctid OPERATOR(pg_catalog.>=) ''(%s,0)''::pg_catalog.tid AND s.ctid OPERATOR(pg_catalog.<) ''(%s,0)''::pg_catalog.tid', low, high)), deferred, path);
                CONTINUE WHEN failure IS NULL;
                IF NOT rsl.load_is_refusal(failure ->> 'sqlstate') THEN
                    RAISE EXCEPTION USING ERRCODE = 'RSL01';
                END IF;
                IF high - low > 1 THEN
                    -- The lower half comes next.
                    lows := lows || ARRAY[(low + high) / 2, low];
                    highs := highs || ARRAY[high, (low + high) / 2];
                    CONTINUE;
                END IF;
                EXECUTE format('SELECT array_agg(ctid ORDER BY ctid) FROM %s WHERE ctid >= ''(%s,0)''::tid AND ctid < ''(%s,0)''::tid', staging, low, high) INTO tids;
                low_rows := ARRAY[1];
                high_rows := ARRAY[cardinality(tids)];
                WHILE cardinality(low_rows) > 0 AND cardinality(bad) <= most LOOP
                    low := low_rows[cardinality(low_rows)];
                    high := high_rows[cardinality(high_rows)];
                    low_rows := low_rows[1:cardinality(low_rows) - 1];
                    high_rows := high_rows[1:cardinality(high_rows) - 1];
                    failure := rsl.load_try(replace(write_some, E'\x01', format('s.ctid OPERATOR(pg_catalog.=) ANY (%L::pg_catalog.tid[])', tids[low:high])), deferred, path);
                    CONTINUE WHEN failure IS NULL;
                    IF NOT rsl.load_is_refusal(failure ->> 'sqlstate') THEN
                        RAISE EXCEPTION USING ERRCODE = 'RSL01';
                    ELSIF high > low THEN
                        low_rows := low_rows || ARRAY[(low + high) / 2 + 1, low];
                        high_rows := high_rows || ARRAY[high, (low + high) / 2];
                    ELSE
                        bad := bad || (failure || jsonb_build_object('tid', tids[low], 'tried', true));
                    END IF;
                END LOOP;
            END LOOP;
            -- In a table that refers to itself, a child may have been tried before its parent was in: once more, until nothing changes.
            SELECT EXISTS (SELECT FROM pg_constraint WHERE conrelid = target AND confrelid = target AND contype = 'f') INTO itself;
            WHILE itself AND cardinality(bad) <= most LOOP
                again := ARRAY(SELECT f FROM unnest(bad) f WHERE f ? 'tried');
                EXIT WHEN again = '{}';
                still := '{}';
                IF rsl.load_try(replace(write_some, E'\x01', format('s.ctid OPERATOR(pg_catalog.=) ANY (%L::pg_catalog.tid[])',
                        ARRAY(SELECT f ->> 'tid' FROM unnest(again) f))), deferred, path) IS NOT NULL THEN
                    FOR failure IN SELECT f FROM unnest(again) f LOOP
                        IF rsl.load_try(replace(write_some, E'\x01', format('s.ctid OPERATOR(pg_catalog.=) ANY (%L::pg_catalog.tid[])',
                                ARRAY[failure ->> 'tid'])), deferred, path) IS NOT NULL THEN
                            still := still || failure;
                        END IF;
                    END LOOP;
                END IF;
                bad := ARRAY(SELECT f FROM unnest(bad) f WHERE NOT f ? 'tried') || still;
                EXIT WHEN cardinality(still) = cardinality(again);
            END LOOP;
        END IF;
        RAISE EXCEPTION USING ERRCODE = 'RSL00';
    EXCEPTION
        WHEN SQLSTATE 'RSL00' THEN
            NULL;
        WHEN SQLSTATE 'RSL01' THEN
            RETURN NULL;
    END;
    RETURN jsonb_build_object('found', to_jsonb(bad[1:most]), 'more', cardinality(bad) > most);
END $$;
COMMENT ON FUNCTION rsl.load_isolate(jsonb, text) IS 'part of rsl.load_finish: the rows of staging that the target refuses, each with the reason';
