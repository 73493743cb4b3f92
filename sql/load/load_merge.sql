-- The name that a staging table gets when it becomes the target, with primary key and comments.
CREATE FUNCTION rsl.load_publish(staging text, target text, definition jsonb) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    parts text[] := parse_ident(target);
    commented jsonb;
BEGIN
    -- Not CREATE SCHEMA IF NOT EXISTS: that asks for the right to create one even where it exists.
    IF NOT EXISTS (SELECT FROM pg_namespace WHERE nspname = parts[1]) THEN
        BEGIN
            EXECUTE format('CREATE SCHEMA %I', parts[1]);
        EXCEPTION WHEN duplicate_schema OR unique_violation THEN
            NULL; -- Somebody else was first.
        END;
    END IF;
    EXECUTE format('ALTER TABLE %s SET SCHEMA %I', staging, parts[1]);
    EXECUTE format('ALTER TABLE %I.%I RENAME TO %I', parts[1], (parse_ident(staging))[2], parts[2]);
    EXECUTE format('ALTER TABLE %s RESET (autovacuum_enabled)', target);
    IF definition ? 'primary_key' AND definition -> 'primary_key' <> '[]' THEN
        EXECUTE format('ALTER TABLE %s ADD PRIMARY KEY (%s)', target,
            (SELECT string_agg(quote_ident(c), ', ' ORDER BY n) FROM jsonb_array_elements_text(definition -> 'primary_key') WITH ORDINALITY u(c, n)));
    END IF;
    IF definition ->> 'comment' IS NOT NULL THEN
        EXECUTE format('COMMENT ON TABLE %s IS %L', target, definition ->> 'comment');
    END IF;
    FOR commented IN SELECT c FROM jsonb_array_elements(definition -> 'columns') c WHERE c ->> 'comment' IS NOT NULL LOOP
        EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', target, commented ->> 'name', commented ->> 'comment');
    END LOOP;
END $$;
COMMENT ON FUNCTION rsl.load_publish(text, text, jsonb) IS 'part of rsl.load_finish: makes staging the target';

-- Identity and serial columns go on after the highest value that was loaded.
CREATE FUNCTION rsl.load_advance_sequences(target regclass, columns text[]) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    col text;
    sequence text;
    highest bigint;
BEGIN
    FOREACH col IN ARRAY columns LOOP
        sequence := pg_get_serial_sequence(target::text, col);
        CONTINUE WHEN sequence IS NULL;
        EXECUTE format('SELECT max(%I)::bigint FROM %s', col, target) INTO highest;
        -- setval never goes back: nobody else writes to the table while the load holds its lock.
        CONTINUE WHEN highest IS NULL;
        EXECUTE format('SELECT setval(%L, %s) FROM %s WHERE last_value < %2$s OR last_value = %2$s AND NOT is_called', sequence, highest, sequence);
    END LOOP;
END $$;
COMMENT ON FUNCTION rsl.load_advance_sequences(regclass, text[]) IS 'part of rsl.load_finish: sequences behind loaded columns go on after the highest value';

-- Merges staging into the target and proves it, or leaves the target as it was and says why.
-- plan: the row of rsl.load as jsonb, with 'received', the rows by the receipts. path: the caller's search_path, for
-- triggers and defaults of the target.
CREATE FUNCTION rsl.load_merge(plan jsonb, stream jsonb, path text) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    load text := plan ->> 'load_id';
    target text := plan ->> 'target';
    staging text := plan ->> 'staging';
    mode text := plan ->> 'mode';
    columns text[] := ARRAY(SELECT jsonb_array_elements_text(plan -> 'columns'));
    keyed boolean := jsonb_typeof(plan -> 'key_columns') = 'array';
    key text[] := CASE WHEN keyed THEN ARRAY(SELECT jsonb_array_elements_text(plan -> 'key_columns')) END;
    list text := (SELECT string_agg(quote_ident(c), ', ' ORDER BY n) FROM unnest(columns) WITH ORDINALITY u(c, n));
    same_key text := (SELECT string_agg(format('t.%I OPERATOR(pg_catalog.=) s.%1$I', c), ' AND ') FROM unnest(key) c);
    others text[] := ARRAY(SELECT c FROM unnest(columns) c WHERE c <> ALL (coalesce(key, '{}')));
    sent bigint := (stream ->> 'rows')::bigint;
    filled boolean;
    repeats jsonb;
    before jsonb;
    seen jsonb;
    after jsonb;
    insert_rows text;
    inserted bigint := 0;
    updated bigint := 0;
    deleted bigint := 0;
    differences text[];
    failure jsonb;
BEGIN
    -- A merge is maintenance: it may sort and hash in the memory that the server grants to that.
    PERFORM set_config('work_mem', current_setting('maintenance_work_mem'), true)
        WHERE pg_size_bytes(current_setting('maintenance_work_mem')) > pg_size_bytes(current_setting('work_mem'));
    insert_rows := format('INSERT INTO %s (%s) OVERRIDING SYSTEM VALUE SELECT %2$s FROM %s s', target, list, staging);
    BEGIN
        IF (plan ->> 'received')::bigint <> sent THEN
            RAISE EXCEPTION 'the source sent % rows, % arrived', sent, plan ->> 'received' USING ERRCODE = 'data_exception';
        END IF;
        IF plan -> 'definition' <> 'null' THEN
            PERFORM pg_advisory_xact_lock(hashtextextended('rsl.load ' || target, 0));
        END IF;
        -- The catalogue itself is asked: a name may still be unknown to this session's cache when another load has just made it.
        IF NOT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                WHERE n.nspname = (parse_ident(target))[1] AND c.relname = (parse_ident(target))[2]) THEN
            IF plan -> 'definition' = 'null' THEN
                RAISE EXCEPTION 'the table % is gone', target USING ERRCODE = 'undefined_table';
            END IF;
            seen := rsl.table_witness(staging::regclass, columns);
            after := seen;
            inserted := sent;
            PERFORM rsl.load_publish(staging, target, plan -> 'definition');
        ELSE
            -- Readers go on; whoever writes waits until the verdict.
            EXECUTE format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', target);
            EXECUTE format('SELECT EXISTS (SELECT FROM %s)', target) INTO filled;
            IF filled AND mode = 'append' AND sent > 0 THEN
                -- Asked for behind the lock: another load may have appended the same rows a moment ago.
                repeats := rsl.load_repeats(load::bigint, stream ->> 'digest');
            END IF;
            IF repeats IS NOT NULL THEN
                after := rsl.table_witness(target::regclass, columns);
                IF repeats ->> 'load_id' IS DISTINCT FROM repeats ->> 'latest' OR repeats ->> 'digest' IS DISTINCT FROM after ->> 'digest' THEN
                    RAISE EXCEPTION 'load % has appended the same % rows to % already, and the table has changed since', repeats ->> 'load_id', sent, target
                        USING ERRCODE = 'object_not_in_prerequisite_state',
                        HINT = 'Use mode upsert or replace; or again, if these rows are wanted twice.';
                END IF;
                -- The table is as that load left it: nothing is missing and nothing may be doubled.
                seen := stream;
            ELSE
                IF keyed AND filled THEN
                    -- An UPDATE that two rows of the source match would take either; a row without a key matches none.
                    PERFORM rsl.load_refuse_twins(staging::regclass, key);
                END IF;
                IF filled AND mode = 'append' AND NOT keyed THEN
                    before := rsl.table_witness(target::regclass, columns);
                END IF;
                -- Triggers and defaults of the target run as they always do: with the caller's search_path.
                PERFORM set_config('search_path', path, true);
                IF NOT filled OR mode = 'append' THEN
                    EXECUTE insert_rows;
                    GET DIAGNOSTICS inserted = ROW_COUNT;
                ELSIF NOT keyed THEN
                    EXECUTE format('DELETE FROM %s', target);
                    GET DIAGNOSTICS deleted = ROW_COUNT;
                    EXECUTE insert_rows;
                    GET DIAGNOSTICS inserted = ROW_COUNT;
                ELSE
                    -- One statement, so that foreign keys are looked at once, when all rows are in place.
                    EXECUTE format($merge$
                        WITH gone AS (%s), changed AS (%s),
                        new AS (%s WHERE NOT EXISTS (SELECT FROM %s t WHERE %s) RETURNING 1)
                        SELECT (SELECT pg_catalog.count(*) FROM gone), (SELECT pg_catalog.count(*) FROM changed), (SELECT pg_catalog.count(*) FROM new)$merge$,
                        CASE mode WHEN 'replace'
                            THEN format('DELETE FROM %s t WHERE NOT EXISTS (SELECT FROM %s s WHERE %s) RETURNING 1', target, staging, same_key)
                            ELSE 'SELECT 1 WHERE false' END,
                        CASE WHEN others <> '{}'
                            THEN format('UPDATE %s t SET %s FROM %s s WHERE %s AND ROW(%s)::pg_catalog.record OPERATOR(pg_catalog.*<>) ROW(%s)::pg_catalog.record RETURNING 1', target,
                                (SELECT string_agg(format('%I = s.%1$I', c), ', ') FROM unnest(others) c), staging, same_key,
                                (SELECT string_agg(format('t.%I', c), ', ') FROM unnest(others) c),
                                (SELECT string_agg(format('s.%I', c), ', ') FROM unnest(others) c))
                            ELSE 'SELECT 1 WHERE false' END,
                        insert_rows, target, same_key) INTO deleted, updated, inserted;
                END IF;
                SET CONSTRAINTS ALL IMMEDIATE;
                PERFORM set_config('search_path', 'pg_catalog, pg_temp', true);
                PERFORM rsl.load_advance_sequences(target::regclass, columns);
                after := rsl.table_witness(target::regclass, columns);
                IF NOT filled OR mode = 'replace' OR keyed AND (after ->> 'rows')::bigint = sent THEN
                    -- As many rows as were sent: they are the whole table, or some are missing.
                    seen := after;
                ELSIF keyed THEN
                    EXECUTE format('SELECT %s FROM %s t JOIN %s s ON %s',
                        rsl.aggregate_call('witness', 'row_witness', 't', columns), target, staging, same_key) INTO seen;
                    seen := rsl.name_columns(seen, columns);
                ELSE
                    seen := rsl.witness_since(after, before);
                END IF;
            END IF;
            EXECUTE format('DROP TABLE %s', staging);
        END IF;
        differences := rsl.witness_differences(stream, seen, 'the source', 'the target');
        IF differences <> '{}' THEN
            RAISE EXCEPTION 'what % holds is not what the source sent: %', target, differences[1]
                USING ERRCODE = 'data_exception', DETAIL = array_to_string(differences, E'\n'),
                HINT = 'Look for a trigger or a rule of the target that changes rows, and for a column with fewer digits than the source.';
        END IF;
    EXCEPTION WHEN OTHERS THEN
        -- What is not about these rows (conflicts, resources, operator, disk, bugs) ends the statement: the load may be finished again.
        IF left(SQLSTATE, 2) IN ('40', '53', '54', '57', '58', 'XX') OR SQLSTATE = '55P03' THEN
            RAISE;
        END IF;
        DECLARE
            message text;
            detail text;
            hint text;
        BEGIN
            GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
            failure := jsonb_strip_nulls(jsonb_build_object('sqlstate', SQLSTATE, 'message', message,
                -- Of these the detail shows the whole row, and what rows contain stays out of the books.
                'detail', CASE WHEN SQLSTATE NOT IN ('23502', '23514') THEN NULLIF(detail, '') END, 'hint', NULLIF(hint, '')));
        END;
    END;
    PERFORM set_config('search_path', 'pg_catalog, pg_temp', true);
    IF failure IS NOT NULL THEN
        RETURN jsonb_build_object('exact', false, 'inserted', 0, 'updated', 0, 'deleted', 0, 'unchanged', 0,
            'stream', stream, 'target', seen, 'reason', failure);
    END IF;
    RETURN jsonb_build_object('exact', true, 'inserted', inserted, 'updated', updated, 'deleted', deleted,
        'unchanged', sent - inserted - updated, 'repeats', repeats -> 'load_id',
        'stream', stream, 'target', seen, 'after', jsonb_build_object('rows', after -> 'rows', 'digest', after -> 'digest'));
END $$;
COMMENT ON FUNCTION rsl.load_merge(jsonb, jsonb, text) IS 'part of rsl.load_finish: merges, proves, or rolls back and says why';

CREATE FUNCTION rsl.load_refuse_twins(staging regclass, key text[]) RETURNS void
    LANGUAGE plpgsql STABLE STRICT PARALLEL RESTRICTED
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    list text := (SELECT string_agg(quote_ident(c), ', ' ORDER BY n) FROM unnest(key) WITH ORDINALITY u(c, n));
    found_key text;
    times bigint;
BEGIN
    EXECUTE format('SELECT ROW(%s)::text, count(*) FROM %s GROUP BY %1$s HAVING count(*) > 1 OR num_nulls(%1$s) > 0 LIMIT 1', list, staging)
        INTO found_key, times;
    IF times > 1 THEN
        RAISE EXCEPTION 'the source sent the key (%) more than once', array_to_string(key, ', ')
            USING ERRCODE = 'unique_violation', DETAIL = format('Key %s came %s times.', found_key, times);
    ELSIF times = 1 THEN
        RAISE EXCEPTION 'the source sent a NULL in the key (%)', array_to_string(key, ', ')
            USING ERRCODE = 'not_null_violation', DETAIL = format('Key %s.', found_key);
    END IF;
END $$;
COMMENT ON FUNCTION rsl.load_refuse_twins(regclass, text[]) IS 'part of rsl.load_finish: refuses a key that the source sent twice or empty';
