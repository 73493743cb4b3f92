-- What a load has changed, taken back: from the audit log, or, if the load made or filled the table, by its digest.
-- plan: the row of rsl.load as jsonb; path: the caller's search_path, for triggers of the target.
CREATE FUNCTION rsl.load_revert(plan jsonb, dry_run boolean, leave_changed boolean, path text) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    load text := plan ->> 'load_id';
    name text := plan ->> 'target';
    way text := plan #>> '{report,undo,by}';
    target regclass := to_regclass(name);
    columns text[] := ARRAY(SELECT jsonb_array_elements_text(plan -> 'columns'));
    number int;
    one text;
    work text := format('pg_temp.rsl_undo_%s', load);
    key_list text;
    key_json text;
    lost text;
    result jsonb;
    apply text;
    changed bigint;
    changed_keys text;
    bad text;
    deleted bigint;
    restored bigint;
    inserted bigint;
    done bigint[];
    others text[];
    filled_since text;
    dependents jsonb;
BEGIN
    IF target IS NULL THEN
        RAISE EXCEPTION 'the table % is gone', name USING ERRCODE = 'undefined_table', HINT = 'There is nothing left of this load.';
    END IF;
    EXECUTE format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', name);
    PERFORM rsl.load_check_relation(target);
    IF way IN ('drop', 'empty') THEN
        SELECT string_agg(l.load_id::text, ', ' ORDER BY l.load_id DESC) INTO bad FROM rsl.load l
        WHERE l.target = plan ->> 'target' AND l.load_id > load::bigint AND l.status IN ('exact', 'partial') AND l.report ->> 'repeats' IS NULL;
        IF bad IS NOT NULL THEN
            RAISE EXCEPTION '% was loaded again after load %, by load %', name, load, bad
                USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Nothing was undone. The latest is undone first.';
        END IF;
        -- Columns that the load did not bring are to hold what they did then, and those that have come since nothing.
        others := ARRAY(SELECT jsonb_array_elements_text(plan #> '{report,undo,others,names}'));
        EXECUTE (SELECT concat('SELECT ', coalesce(string_agg(format('CASE WHEN EXISTS (SELECT FROM %s t WHERE t.%I IS NOT NULL) THEN %2$L END', name, a.attname), ' || '', '' || ' ORDER BY a.attnum), 'NULL'))
            FROM pg_attribute a WHERE a.attrelid = target AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' AND a.attname <> ALL (columns || others)) INTO filled_since;
        IF filled_since IS NOT NULL OR rsl.table_digest(target, columns) IS DISTINCT FROM plan #>> '{report,after,digest}'
            OR others <> '{}' AND rsl.table_digest(target, others) IS DISTINCT FROM plan #>> '{report,undo,others,digest}' THEN
            RAISE EXCEPTION '% has changed since load %', name, load
                USING ERRCODE = 'object_not_in_prerequisite_state',
                      DETAIL = format('The load %s the table, which was not audited: %s.', CASE way WHEN 'drop' THEN 'made' ELSE 'filled' END,
                          coalesce('it did not bring what is in ' || filled_since, 'what has changed is not known')),
                      HINT = 'Nothing was undone. Look at the rows, and delete what is not wanted.';
        END IF;
        dependents := CASE way WHEN 'empty' THEN rsl.load_dependents(target, 'true') END;
        IF dependents <> '{}' THEN
            RAISE EXCEPTION 'rows of other tables refer to those of %, and would go with them: %', name, rsl.load_dependents_in_words(dependents)
                USING ERRCODE = 'dependent_objects_still_exist', HINT = 'Nothing was undone. Delete these rows first, if they are not wanted.';
        END IF;
        IF NOT dry_run THEN
            apply := CASE way WHEN 'drop' THEN 'DROP TABLE ' ELSE 'DELETE FROM ' END || name;
            PERFORM set_config('search_path', path, true);
            EXECUTE apply;
            PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
        END IF;
        RETURN jsonb_build_object('by', way, 'deleted', plan #> '{report,after,rows}', 'restored', 0, 'inserted', 0, 'changed', 0);
    ELSIF way IS DISTINCT FROM 'log' THEN
        RAISE EXCEPTION 'load % cannot be undone', load
            USING ERRCODE = 'object_not_in_prerequisite_state', DETAIL = format('%s was not audited when it was loaded.', name),
                  HINT = format('Of loads after SELECT rsl.audit_on(%L); the log keeps what is needed.', name);
    END IF;
    IF plan #> '{report,undo,lost}' IS NOT NULL THEN
        RAISE EXCEPTION 'rows that load % has changed in % cannot be put back whole', load, name
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  DETAIL = format('Not in the log: %s.', (SELECT string_agg(quote_ident(c), ', ') FROM jsonb_array_elements_text(plan #> '{report,undo,lost}') c)),
                  HINT = 'Nothing was undone. What columns held that are excluded from the audit is not known.';
    END IF;

    number := (plan #>> '{report,undo,table_id}')::int;
    one := CASE WHEN (SELECT relkind FROM pg_class WHERE oid = target) = 'r' THEN 'ONLY ' ELSE '' END || name;
    SELECT rsl.column_list('t', s.key_columns), rsl.key_sql(target, 't', s.key_columns) INTO key_list, key_json FROM rsl.audit_shape s WHERE s.table_id = number ORDER BY s.shape_id DESC LIMIT 1;
    IF key_list IS NULL THEN
        RETURN jsonb_build_object('by', 'log', 'deleted', 0, 'restored', 0, 'inserted', 0, 'changed', 0);
    END IF;
    PERFORM rsl.audit_must_know_keys(target, number, coalesce((SELECT min(b.at) FROM rsl.audit_block b WHERE b.load_id = (plan ->> 'load_id')::bigint), 'infinity') - interval '1 us');
    -- For each row that the load touched: as it is now, as the load left it, and as it was before.
    EXECUTE format($work$
        CREATE TEMPORARY TABLE %1$s ON COMMIT DROP AS
        WITH mine AS MATERIALIZED (SELECT * FROM rsl.audit_rewind(%2$s, only_load => %3$s)),
        later AS MATERIALIZED (SELECT * FROM rsl.audit_rewind(%2$s, after_block => (
            SELECT coalesce(max(b.block_id), 0) FROM rsl.audit_block b WHERE b.load_id = %3$s AND b.table_id = %2$s))),
        now AS (
            SELECT t.tableoid AS part, t.ctid AS place, (t.*)::%6$s AS row, rsl.audit_key_hash(%5$s) AS key_hash, %7$s AS key
            FROM %4$s t),
        left_by AS (
            SELECT m.*, n.part, n.place, n.row AS now_row, n.key_hash IS NOT NULL AS now_there,
                CASE WHEN l.key_hash IS NULL THEN n.key_hash IS NOT NULL ELSE l.was_there END AS left_there,
                CASE WHEN l.key_hash IS NULL THEN n.row
                    WHEN l.was_there THEN rsl.audit_row(CASE WHEN NOT l.is_whole THEN n.row END, l.shape_ids, l.fields) END AS left_row
            FROM mine m
            LEFT JOIN later l ON l.key_hash = m.key_hash AND l.key = m.key
            LEFT JOIN now n ON n.key_hash = m.key_hash AND n.key = m.key)
        SELECT b.key, b.part, b.place, b.now_there, b.was_there, b.was_there AND b.is_whole AS put_back, b.shape_ids[1] AS shape_id,
            CASE WHEN b.was_there THEN rsl.audit_row(CASE WHEN NOT b.is_whole THEN b.left_row END, b.shape_ids, b.fields) END AS was_row,
            b.now_there <> b.left_there OR b.left_there <> b.is_there OR coalesce(b.now_row *<> b.left_row, false)
                OR b.is_there AND rsl.audit_row(b.left_row, ARRAY[b.last_shape], ARRAY[b.last_fields]) *<> b.left_row AS changed
        FROM left_by b WHERE b.was_there OR b.is_there OR b.now_there$work$, work, number, load, one, key_list, name, key_json);
    EXECUTE format($count$
        SELECT count(*) FILTER (WHERE changed), count(*) FILTER (WHERE NOT changed AND NOT was_there AND now_there),
            count(*) FILTER (WHERE NOT changed AND was_there AND now_there), count(*) FILTER (WHERE NOT changed AND was_there AND NOT now_there),
            (SELECT string_agg(k.key::text, ' ' ORDER BY k.key) FROM (SELECT key FROM %1$s WHERE changed ORDER BY key LIMIT 10) k),
            (SELECT string_agg(DISTINCT quote_ident(a.attname), ', ') FROM %1$s w JOIN rsl.audit_shape s ON s.shape_id = w.shape_id
                JOIN pg_attribute a ON a.attrelid = %2$L::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
                    AND NOT jsonb_path_exists(s.columns, '$[*] ? (@.name == $c)', jsonb_build_object('c', a.attname))
                WHERE w.put_back AND NOT w.changed)
        FROM %1$s$count$, work, name)
    INTO changed, deleted, restored, inserted, changed_keys, lost;
    result := jsonb_strip_nulls(jsonb_build_object('by', 'log', 'deleted', deleted, 'restored', restored, 'inserted', inserted, 'changed', changed, 'changed_keys', changed_keys));
    IF changed > 0 AND NOT leave_changed AND NOT dry_run THEN
        RAISE EXCEPTION 'rows of % have changed since load %: %', name, load, changed
            USING ERRCODE = 'object_not_in_prerequisite_state', DETAIL = format('Keys: %s%s', changed_keys, CASE WHEN changed > 10 THEN ' …' ELSE '' END),
                  HINT = format('Nothing was undone. rsl.history shows who changed them; rsl.load_undo(%s, leave_changed => true) undoes all others.', load);
    END IF;
    IF lost IS NOT NULL AND inserted > 0 THEN
        RAISE EXCEPTION 'rows that load % has deleted from % cannot be put back whole', load, name
            USING ERRCODE = 'object_not_in_prerequisite_state', DETAIL = format('Not in the log: %s.', lost),
                  HINT = 'Nothing was undone. What columns held that are excluded from the audit, or that were added since, is not known.';
    END IF;
    dependents := rsl.load_dependents(target, format('(t.tableoid, t.ctid) IN (SELECT u.part, u.place FROM %s u WHERE NOT u.changed AND NOT u.was_there)', work));
    IF dependents <> '{}' THEN
        RAISE EXCEPTION 'rows of other tables refer to rows that load % has inserted into %, and would go with them: %', load, name, rsl.load_dependents_in_words(dependents)
            USING ERRCODE = 'dependent_objects_still_exist', HINT = 'Nothing was undone. Delete these rows first, if they are not wanted.';
    END IF;
    IF NOT dry_run THEN
        EXECUTE format('ANALYZE %s', work);
        SELECT format($apply$
            WITH gone AS (DELETE FROM %1$s t USING %2$s u
                WHERE t.tableoid OPERATOR(pg_catalog.=) u.part AND t.ctid OPERATOR(pg_catalog.=) u.place AND NOT u.changed AND NOT u.was_there RETURNING 1),
            back AS (UPDATE %1$s t SET %3$s FROM %2$s u
                WHERE t.tableoid OPERATOR(pg_catalog.=) u.part AND t.ctid OPERATOR(pg_catalog.=) u.place AND NOT u.changed AND u.was_there RETURNING 1),
            new AS (INSERT INTO %4$s (%5$s) OVERRIDING SYSTEM VALUE SELECT %6$s FROM %2$s u
                WHERE NOT u.changed AND u.was_there AND NOT u.now_there RETURNING 1)
            SELECT ARRAY[(SELECT pg_catalog.count(*) FROM gone), (SELECT pg_catalog.count(*) FROM back), (SELECT pg_catalog.count(*) FROM new)]$apply$,
            one, work, string_agg(format('%I = (u.was_row).%1$I', attname), ', ' ORDER BY attnum) FILTER (WHERE attidentity <> 'a'), name,
            string_agg(quote_ident(attname), ', ' ORDER BY attnum), string_agg(format('(u.was_row).%I', attname), ', ' ORDER BY attnum))
        INTO apply
        FROM pg_attribute WHERE attrelid = target AND attnum > 0 AND NOT attisdropped AND attgenerated = '';
        PERFORM set_config('search_path', path, true);
        EXECUTE apply INTO done;
        PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
        EXECUTE format($check$
            SELECT u.key::text
            FROM %1$s u LEFT JOIN (SELECT (t.*)::%4$s AS row, %2$s AS key FROM %3$s t) n ON n.key = u.key
            WHERE NOT u.changed AND (u.was_there <> (n.key IS NOT NULL) OR n.row *<> u.was_row) LIMIT 1$check$, work, key_json, one, name) INTO bad;
        IF bad IS NOT NULL OR done IS DISTINCT FROM ARRAY[deleted, restored, inserted] THEN
            RAISE EXCEPTION 'load % was not undone exactly: % is not as it was', load, name
                USING ERRCODE = 'data_exception', DETAIL = format('Key: %s', bad),
                      HINT = 'Nothing was undone. Look for a trigger or a rule of the target that changes rows.';
        END IF;
    END IF;
    EXECUTE format('DROP TABLE %s', work);
    RETURN result;
END $$;
COMMENT ON FUNCTION rsl.load_revert(jsonb, boolean, boolean, text) IS 'part of rsl.load_undo: takes back what a load has changed, or says why it cannot';

CREATE FUNCTION rsl.load_undo(load bigint, dry_run boolean DEFAULT false, leave_changed boolean DEFAULT false) RETURNS jsonb
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'load_undo_wrapper';
COMMENT ON FUNCTION rsl.load_undo(bigint, boolean, boolean) IS
    'puts the target back to before an exact load, in one transaction, and returns {by, deleted, restored, inserted, changed, changed_keys}: how many rows that the load inserted were deleted, that it updated restored, that it deleted inserted again, and how many somebody has changed since. If there are such, 55000 and nothing is undone, unless leave_changed: then they stay as they are. dry_run changes nothing. Needs an audited target, or one that the load made or filled and that is unchanged, and access audit';
REVOKE ALL ON FUNCTION rsl.load_revert(jsonb, boolean, boolean, text) FROM PUBLIC;
REVOKE ALL ON FUNCTION rsl.load_undo(bigint, boolean, boolean) FROM PUBLIC;
