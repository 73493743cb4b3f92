-- The name that a staging table gets when it becomes the target, with primary key and comments.
CREATE FUNCTION rsl.load_publish(staging text, target text, definition jsonb) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    parts text[] := parse_ident(target);
    commented jsonb;
    renamed record;
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
    -- From PostgreSQL 18 on NOT NULL is a constraint with a name, which is made of that of staging.
    FOR renamed IN
        SELECT k.conname, format('%s_%s_not_null', parts[2], a.attname) AS name
        FROM pg_constraint k JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey)
        WHERE k.conrelid = to_regclass(target) AND k.contype = 'n'
    LOOP
        IF octet_length(renamed.name) < 64 THEN
            EXECUTE format('ALTER TABLE %s RENAME CONSTRAINT %I TO %I', target, renamed.conname, renamed.name);
        END IF;
    END LOOP;
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

-- Identity and serial columns go on after the last value that was loaded, in the direction of their sequence.
CREATE FUNCTION rsl.load_advance_sequences(target regclass, columns text[]) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    q record;
    edge bigint;
BEGIN
    FOR q IN
        SELECT a.attname, s.seqrelid::regclass AS sequence, s.seqincrement > 0 AS up, s.seqmin, s.seqmax
        FROM pg_attribute a JOIN pg_sequence s ON s.seqrelid = to_regclass(pg_get_serial_sequence(target::text, a.attname))
        -- A column that is no integer makes its values from the sequence in its own way.
        WHERE a.attrelid = target AND a.attname = ANY (columns) AND a.atttypid IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype)
        ORDER BY a.attnum
    LOOP
        -- Values that the sequence cannot reach cannot collide with it.
        EXECUTE format('SELECT %1$s(%2$I) FROM %3$s WHERE %2$I BETWEEN %4$s AND %5$s', CASE WHEN q.up THEN 'max' ELSE 'min' END, q.attname, target, q.seqmin, q.seqmax)
            INTO edge;
        CONTINUE WHEN edge IS NULL;
        -- Never back: nobody else writes to the table while the load holds its lock.
        EXECUTE format('SELECT setval(%L, %s) FROM %s WHERE last_value %s %2$s OR last_value = %2$s AND NOT is_called',
            q.sequence::text, edge, q.sequence, CASE WHEN q.up THEN '<' ELSE '>' END);
    END LOOP;
END $$;
COMMENT ON FUNCTION rsl.load_advance_sequences(regclass, text[]) IS 'part of rsl.load_finish: sequences behind loaded columns go on after the last value';

-- How rows of the target (t) and of staging (s) are matched: with the equality of the unique index, which need not be that
-- of pg_catalog (citext, ltree).
CREATE FUNCTION rsl.load_key_condition(target regclass, key text[]) RETURNS text
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
    SELECT string_agg(format('t.%I OPERATOR(%I.%s) s.%1$I', a.attname, n.nspname, o.oprname), ' AND ' ORDER BY k.place)
    FROM (
        SELECT i.indrelid, i.indkey::int2[] AS attnums, i.indclass::oid[] AS classes
        FROM pg_index i
        WHERE i.indrelid = target AND i.indisunique AND i.indisvalid AND i.indimmediate AND i.indpred IS NULL AND i.indexprs IS NULL
            AND (SELECT array_agg(attname::text ORDER BY attname::text) FROM pg_attribute
                WHERE attrelid = target AND attnum = ANY (i.indkey[0:i.indnkeyatts - 1])) = (SELECT array_agg(c ORDER BY c) FROM unnest(key) c)
        ORDER BY i.indisprimary DESC, i.indexrelid LIMIT 1) i
    CROSS JOIN LATERAL unnest(i.attnums, i.classes) WITH ORDINALITY k (attnum, class, place)
    JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
    JOIN pg_opclass c ON c.oid = k.class
    -- Strategy 3 of a B-tree is equality.
    JOIN pg_amop m ON m.amopfamily = c.opcfamily AND m.amopstrategy = 3 AND m.amoplefttype = c.opcintype AND m.amoprighttype = c.opcintype
    JOIN pg_operator o ON o.oid = m.amopopr
    JOIN pg_namespace n ON n.oid = o.oprnamespace
$$;
COMMENT ON FUNCTION rsl.load_key_condition(regclass, text[]) IS 'part of rsl.load_finish: the condition under which a row of staging has the key of a row of the target; null without a unique index on the key';

-- The merge looks at these at its end and defers them again: those of the target, not all that the caller has deferred.
CREATE FUNCTION rsl.load_constraints(target regclass) RETURNS text
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
    SELECT string_agg(DISTINCT format('%I.%I', n.nspname, k.conname), ', ')
    FROM pg_constraint k JOIN pg_namespace n ON n.oid = k.connamespace
    WHERE k.condeferrable AND k.condeferred AND target IN (k.conrelid, k.confrelid)
$$;
COMMENT ON FUNCTION rsl.load_constraints(regclass) IS 'part of rsl.load_finish: the deferred constraints of the target, as SET CONSTRAINTS takes them';

-- The witness of a target after a load, and in the same pass the sketch of its rows by their key.
CREATE FUNCTION rsl.load_account(target regclass, columns text[], key text[]) RETURNS jsonb
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    key := coalesce(nullif(key, '{}'), (SELECT k FROM rsl.primary_key(target) k WHERE k <@ columns), '{}');
    RETURN rsl.table_account(target, columns, key) || jsonb_build_object('key', key);
END $$;
COMMENT ON FUNCTION rsl.load_account(regclass, text[], text[]) IS
    'part of rsl.load_finish: rsl.table_account by this key, else by the primary key, else by none, with the key as "key"';

CREATE FUNCTION rsl.load_earlier_columns(target regclass, name text, columns text[]) RETURNS text[]
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
    SELECT ARRAY(SELECT DISTINCT c.name FROM rsl.load l CROSS JOIN unnest(l.columns) c (name)
        JOIN pg_attribute a ON a.attrelid = load_earlier_columns.target AND a.attname = c.name AND NOT a.attisdropped
        WHERE l.target = load_earlier_columns.name AND l.status IN ('exact', 'partial') AND c.name <> ALL (load_earlier_columns.columns) ORDER BY c.name)
$$;
COMMENT ON FUNCTION rsl.load_earlier_columns(regclass, text, text[]) IS 'part of rsl.load_finish: columns of a target that earlier loads brought, and this one does not';

-- The rows of the target that have the keys of staging.
CREATE FUNCTION rsl.load_matched(target text, staging text, columns text[], same_key text) RETURNS jsonb
    LANGUAGE plpgsql STABLE STRICT PARALLEL RESTRICTED
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    seen jsonb;
BEGIN
    EXECUTE format('SELECT %s FROM %s t JOIN %s s ON %s', rsl.aggregate_call('witness', 'row_witness', 't', columns), target, staging, same_key) INTO seen;
    RETURN rsl.name_columns(seen, columns);
END $$;
COMMENT ON FUNCTION rsl.load_matched(text, text, text[], text) IS 'part of rsl.load_finish: the witness of the rows of the target whose keys the load brings';

-- Merges staging into the target and proves it, or leaves the target as it was and says why.
-- plan: the row of rsl.load as jsonb, with 'received', the rows by the receipts, and of a load in parts with 'source_rows', what
-- the source counts, 'consistency', and 'miscounted', the parts of which it counts others, in words; with 'own', the source's own
-- account if every part came with one, and 'unlike', in what the stream differs from it, in words.
-- 'kept' is a table with the keys of rows that a replace leaves as they are, because those of the source were rejected.
-- The verdict has 'refused' if it was the rows themselves that the target did not take.
-- path: the caller's search_path, for triggers and defaults of the target.
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
    kept text := plan ->> 'kept';
    same_key text;
    merging boolean := false;
    sent bigint := (stream ->> 'rows')::bigint;
    filled boolean;
    repeats jsonb;
    before jsonb;
    seen jsonb;
    after jsonb;
    insert_rows text;
    delete_rows text;
    merge_rows text;
    deferred text;
    rows_before bigint;
    inserted bigint := 0;
    updated bigint := 0;
    deleted bigint := 0;
    differences text[];
    failure jsonb;
    relation regclass;
    undo jsonb := 'null';
    gone text;
    dependents jsonb := '{}';
    -- Columns that earlier loads brought, and this one does not.
    earlier text[];
    whole jsonb;
    others text[];
    others_before jsonb;
    counted jsonb := CASE WHEN plan ? 'source_rows'
        THEN jsonb_build_object('source_rows', plan -> 'source_rows', 'consistency', plan -> 'consistency') ELSE '{}' END
        || CASE WHEN plan ? 'own' THEN jsonb_build_object('source', plan -> 'own') ELSE '{}' END;
BEGIN
    -- A merge is maintenance: it may sort and hash in the memory that the server grants to that.
    PERFORM set_config('work_mem', current_setting('maintenance_work_mem'), true)
        WHERE pg_size_bytes(current_setting('maintenance_work_mem')) > pg_size_bytes(current_setting('work_mem'));
    BEGIN
        IF (plan ->> 'received')::bigint <> sent THEN
            RAISE EXCEPTION 'the source sent % rows, % arrived', sent, plan ->> 'received' USING ERRCODE = 'data_exception';
        END IF;
        IF plan ->> 'miscounted' IS NOT NULL THEN
            RAISE EXCEPTION '%', CASE WHEN (plan ->> 'source_rows')::bigint <> (plan ->> 'received')::bigint + (plan ->> 'value_rejected')::bigint
                    THEN format('the source counts %s rows, %s were read', plan ->> 'source_rows', (plan ->> 'received')::bigint + (plan ->> 'value_rejected')::bigint)
                    ELSE 'the source counts other rows in its parts than were read' END
                USING ERRCODE = 'data_exception', DETAIL = plan ->> 'miscounted',
                HINT = 'The source has changed while it was read, or not all of it came: load it again.';
        END IF;
        IF plan ->> 'unlike' IS NOT NULL THEN
            RAISE EXCEPTION 'what was read is not what the source says that it holds: %', split_part(plan ->> 'unlike', E'\n', 1)
                USING ERRCODE = 'data_exception', DETAIL = array_to_string((string_to_array(plan ->> 'unlike', E'\n'))[2:], E'\n'),
                HINT = 'Load it again. If it differs again and nobody writes to the source, the driver reads it wrongly, or a view gives other values each time it is asked (rsl pull --no-source-account loads it without this proof); if the reading was interrupted and gone on with, the source may have changed in between.';
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
            after := rsl.load_account(staging::regclass, columns, coalesce(key,
                ARRAY(SELECT jsonb_array_elements_text(plan #> '{definition,primary_key}') WHERE plan #> '{definition,primary_key}' <> '[]')));
            seen := after - '{sketch,key}'::text[];
            inserted := sent;
            merging := true;
            PERFORM rsl.load_publish(staging, target, plan -> 'definition');
            merging := false;
            undo := '{"by": "drop"}';
        ELSE
            -- Readers go on; whoever writes waits until the verdict.
            EXECUTE format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', target);
            relation := target::regclass;
            PERFORM rsl.load_check_relation(relation);
            EXECUTE format('SELECT EXISTS (SELECT FROM %s)', target) INTO filled;
            earlier := rsl.load_earlier_columns(relation, target, columns);
            -- What rsl.load_undo will go by.
            undo := coalesce(
                -- A trigger that is disabled writes nothing into the log.
                (SELECT jsonb_build_object('by', 'log', 'table_id', min((a.settings ->> 'table')::int) FILTER (WHERE a.target = relation))
                FROM rsl.audit_triggers() a WHERE a.target IN (SELECT rsl.audit_members(relation))
                HAVING bool_or(a.target = relation) AND bool_and(a.enabled = 'A')),
                CASE WHEN NOT filled THEN '{"by": "empty"}'::jsonb END, 'null');
            IF filled AND mode = 'append' AND sent > 0 THEN
                -- Asked behind the lock: another load may have appended the same rows a moment ago.
                repeats := rsl.load_repeats(load::bigint, stream ->> 'digest');
            END IF;
            IF repeats IS NOT NULL THEN
                after := rsl.load_account(target::regclass, columns, key);
                IF repeats ->> 'load_id' IS DISTINCT FROM repeats ->> 'latest' OR repeats ->> 'digest' IS DISTINCT FROM after ->> 'digest' THEN
                    RAISE EXCEPTION 'load % has appended the same % rows to % already, and the table has changed since', repeats ->> 'load_id', sent, target
                        USING ERRCODE = 'object_not_in_prerequisite_state',
                        HINT = 'Use mode upsert or replace; or again, if these rows are wanted twice.';
                END IF;
                -- The table is as that load left it: nothing is missing and nothing may be doubled.
                seen := stream;
            ELSE
                same_key := rsl.load_key_condition(target::regclass, key);
                IF keyed AND same_key IS NULL THEN
                    RAISE EXCEPTION '% has lost its unique constraint on (%)', target, array_to_string(key, ', ')
                        USING ERRCODE = 'invalid_column_reference', HINT = 'Create it again and finish the load again.';
                END IF;
                IF keyed AND (filled OR mode <> 'append') THEN
                    -- An UPDATE that two rows of the source match would take either; a row without a key matches none.
                    merging := true;
                    PERFORM rsl.load_refuse_twins(staging::regclass, key, filled);
                    merging := false;
                END IF;
                IF filled AND keyed AND (mode <> 'replace' OR kept IS NOT NULL) THEN
                    EXECUTE format('SELECT count(*) FROM %s', target) INTO rows_before;
                ELSIF filled AND mode = 'append' THEN
                    before := rsl.table_witness(target::regclass, columns);
                END IF;
                -- What writes to a table beside its load: it may change other rows than those of the load.
                IF filled AND keyed AND mode <> 'replace' AND EXISTS (SELECT FROM rsl.audit_members(relation) m (member) WHERE
                        EXISTS (SELECT FROM pg_trigger g JOIN pg_proc p ON p.oid = g.tgfoid
                            WHERE g.tgrelid = m.member AND NOT g.tgisinternal AND g.tgenabled <> 'D' AND p.pronamespace <> 'rsl'::regnamespace)
                        OR EXISTS (SELECT FROM pg_rewrite w WHERE w.ev_class = m.member)
                        OR EXISTS (SELECT FROM pg_constraint f WHERE f.contype = 'f' AND f.conrelid = m.member AND f.confrelid = m.member AND f.confupdtype IN ('c', 'n', 'd'))) THEN
                    others_before := rsl.witness_since(rsl.table_witness(relation, columns), rsl.load_matched(target, staging, columns, same_key));
                END IF;
                insert_rows := rsl.load_insert_sql(target::regclass, staging::regclass, columns);
                IF filled AND mode <> 'append' AND NOT keyed THEN
                    delete_rows := format('DELETE FROM %s', target);
                    dependents := rsl.load_dependents(relation, 'true');
                    IF dependents <> '{}' THEN
                        RAISE EXCEPTION 'rows of other tables refer to those of %, and would go with them: %', target, rsl.load_dependents_in_words(dependents)
                            USING ERRCODE = 'dependent_objects_still_exist',
                            HINT = 'Without a key a replace deletes all rows, and inserts those of the source, even if they are the same. Give the table a key.';
                    END IF;
                ELSIF filled AND mode <> 'append' THEN
                    IF mode = 'replace' THEN
                        gone := rsl.load_gone(staging::regclass, kept, same_key);
                        dependents := rsl.load_dependents(relation, gone);
                    END IF;
                    merge_rows := rsl.load_upsert_sql(target::regclass, staging::regclass, columns, key, gone, NULL);
                END IF;
                deferred := rsl.load_constraints(target::regclass);
                -- From here on the caller's search_path, with which the target's triggers and defaults run as they always do. So
                -- nothing up to the next set_config may be an expression of ours: a name in that path could be anybody's.
                merging := true;
                PERFORM set_config('search_path', path, true);
                IF merge_rows IS NOT NULL THEN
                    EXECUTE merge_rows INTO deleted, updated, inserted;
                ELSE
                    IF delete_rows IS NOT NULL THEN
                        EXECUTE delete_rows;
                        GET DIAGNOSTICS deleted = ROW_COUNT;
                    END IF;
                    EXECUTE insert_rows;
                    GET DIAGNOSTICS inserted = ROW_COUNT;
                END IF;
                IF deferred IS NOT NULL THEN
                    EXECUTE pg_catalog.concat('SET CONSTRAINTS ', deferred, ' IMMEDIATE');
                    EXECUTE pg_catalog.concat('SET CONSTRAINTS ', deferred, ' DEFERRED');
                END IF;
                PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
                merging := false;
                PERFORM rsl.load_advance_sequences(target::regclass, columns);
                after := rsl.load_account(target::regclass, columns, key);
                IF NOT filled OR mode = 'replace' AND kept IS NULL OR keyed AND (after ->> 'rows')::bigint = sent THEN
                    -- As many rows as were sent: they are the whole table, or some are missing.
                    seen := after - '{sketch,key}'::text[];
                ELSIF keyed THEN
                    seen := rsl.load_matched(target, staging, columns, same_key);
                ELSE
                    seen := rsl.witness_since(after - '{sketch,key}'::text[], before);
                END IF;
            END IF;
            IF rows_before + inserted - deleted <> (after ->> 'rows')::bigint THEN
                RAISE EXCEPTION '% has % rows, but had % and % were inserted', target, after ->> 'rows', rows_before, inserted
                    USING ERRCODE = 'data_exception', HINT = 'Look for a trigger of the target that inserts or deletes rows.';
            END IF;
            IF others_before IS NOT NULL THEN
                differences := rsl.witness_differences(others_before, rsl.witness_since(after - '{sketch,key}'::text[], seen), 'the others before', 'the others now');
                IF differences <> '{}' THEN
                    RAISE EXCEPTION 'rows of % that are not of this load have changed with it: %', target, differences[1]
                        USING ERRCODE = 'data_exception', DETAIL = array_to_string(differences[2:], E'\n'), HINT = 'Look for a trigger or a rule of the target that writes to other rows.';
                END IF;
            END IF;
            IF earlier <> '{}' THEN
                -- What they brought is still to be as it is now.
                whole := rsl.load_account(relation, columns || earlier, key);
                after := after || jsonb_build_object('sketch', whole -> 'sketch', 'key', whole -> 'key');
                whole := whole - '{sketch,key}'::text[] || jsonb_build_object('names', columns || earlier);
            END IF;
            IF undo ->> 'by' = 'empty' THEN
                others := ARRAY(SELECT a.attname FROM pg_attribute a
                    WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' AND a.attname <> ALL (columns) ORDER BY a.attnum);
                IF others <> '{}' THEN
                    undo := undo || jsonb_build_object('others', jsonb_build_object('names', others, 'digest', rsl.table_digest(relation, others)));
                END IF;
            END IF;
            EXECUTE format('DROP TABLE %s', staging);
            IF undo ->> 'by' = 'log' AND updated + deleted > 0 THEN
                -- Columns that the audit leaves out cannot be put back: of a deleted row all of them, of an updated one those that were loaded.
                undo := undo || (SELECT jsonb_strip_nulls(jsonb_build_object('lost', jsonb_agg(DISTINCT a.attname)))
                    FROM pg_attribute a, rsl.audit_triggers() g, jsonb_array_elements(g.settings -> 'exclude') e
                    WHERE g.target = relation AND a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped AND (deleted > 0 OR a.attname = ANY (columns))
                        AND (a.attname = e ->> 0 OR g.settings ->> 'oid' = relation::oid::text AND a.attnum::text = e ->> 1));
            END IF;
        END IF;
        differences := rsl.witness_differences(stream, seen, 'the source', 'the target');
        IF differences <> '{}' THEN
            RAISE EXCEPTION 'what % holds is not what the source sent: %', target, differences[1]
                USING ERRCODE = 'data_exception', DETAIL = array_to_string(differences[2:], E'\n'),
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
            failure := jsonb_strip_nulls(jsonb_build_object('sqlstate', SQLSTATE, 'message', CASE WHEN merging THEN rsl.load_message(SQLSTATE, message) ELSE message END,
                -- Of these the detail shows the whole row, and what rows contain stays out of the books.
                'detail', CASE WHEN SQLSTATE NOT IN ('23502', '23514') THEN NULLIF(detail, '') END, 'hint', NULLIF(hint, '')));
        END;
    END;
    PERFORM set_config('search_path', 'pg_catalog, pg_temp', true);
    IF failure IS NOT NULL THEN
        RETURN jsonb_build_object('exact', false, 'inserted', 0, 'updated', 0, 'deleted', 0, 'unchanged', 0,
            'stream', stream, 'target', seen, 'reason', failure, 'refused', merging) || counted;
    END IF;
    IF to_regclass(target) IS NOT NULL THEN
        counted := counted || jsonb_strip_nulls(jsonb_build_object('freshness', rsl.freshness_counts(target::regclass)));
    END IF;
    RETURN jsonb_build_object('exact', true, 'inserted', inserted, 'updated', updated, 'deleted', deleted,
        'unchanged', sent - inserted - updated, 'repeats', repeats -> 'load_id',
        'stream', stream, 'target', seen, 'after', after, 'undo', undo) || counted
        || CASE WHEN whole IS NOT NULL THEN jsonb_build_object('whole', whole) ELSE '{}' END
        || CASE WHEN dependents <> '{}' THEN jsonb_build_object('cascaded', dependents) ELSE '{}' END;
END $$;
COMMENT ON FUNCTION rsl.load_merge(jsonb, jsonb, text) IS 'part of rsl.load_finish: merges, proves, or rolls back and says why';

-- twins: look for keys that came twice, too; an empty target's own index finds those.
CREATE FUNCTION rsl.load_refuse_twins(staging regclass, key text[], twins boolean) RETURNS void
    LANGUAGE plpgsql STABLE STRICT PARALLEL RESTRICTED
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    list text := (SELECT string_agg(quote_ident(c), ', ' ORDER BY n) FROM unnest(key) WITH ORDINALITY u(c, n));
    found_key text;
    times bigint;
BEGIN
    EXECUTE format('SELECT ROW(%s)::text FROM %s WHERE num_nulls(%1$s) > 0 LIMIT 1', list, staging) INTO found_key;
    IF found_key IS NOT NULL THEN
        RAISE EXCEPTION 'the source sent a NULL in the key (%)', array_to_string(key, ', ')
            USING ERRCODE = 'not_null_violation', HINT = 'Name a key whose columns are never NULL.';
    END IF;
    IF twins THEN
        EXECUTE format('SELECT ROW(%s)::text, count(*) FROM %s GROUP BY %1$s HAVING count(*) > 1 LIMIT 1', list, staging) INTO found_key, times;
        IF times > 1 THEN
            RAISE EXCEPTION 'the source sent the key (%) more than once', array_to_string(key, ', ')
                USING ERRCODE = 'unique_violation', DETAIL = format('Key %s came %s times.', found_key, times);
        END IF;
    END IF;
END $$;
COMMENT ON FUNCTION rsl.load_refuse_twins(regclass, text[], boolean) IS 'part of rsl.load_finish: refuses a key that the source sent twice or empty';
