-- The rows of staging that are to be rejected, as rsl.reject has them. In settings under which texts of values lose nothing.
CREATE FUNCTION rsl.load_reject_rows(plan jsonb, bad jsonb) RETURNS jsonb
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
    SET extra_float_digits = 3
    SET datestyle = 'ISO, YMD'
    SET intervalstyle = postgres
    SET timezone = 'UTC'
    SET bytea_output = hex
AS $$
DECLARE
    staging regclass := plan ->> 'staging';
    target regclass := to_regclass(plan ->> 'target');
    key text;
    as_text text;
    rejects jsonb;
BEGIN
    key := (SELECT string_agg(format('%L, s.%I::text', c, c), ', ') FROM jsonb_array_elements_text(NULLIF(plan -> 'key_columns', 'null')) c);
    -- As jsonb a json would lose the order and the repetition of its names.
    as_text := (SELECT string_agg(format('%L, s.%I::text', attname, attname), ', ') FROM pg_attribute WHERE attrelid = staging AND attnum > 0 AND atttypid = 'json'::regtype);
    EXECUTE format($sql$
        SELECT jsonb_agg((f.reject - 'tid' - 'tried') || jsonb_build_object('key', %s, 'row', to_jsonb((s.*)::%s)%s,
            'column_name', coalesce(f.reject ->> 'column_name', rsl.load_constraint_columns(%L, f.reject ->> 'constraint_name'))) ORDER BY f.n)
        FROM jsonb_array_elements($1) WITH ORDINALITY f (reject, n) JOIN %s s ON s.ctid = (f.reject ->> 'tid')::tid$sql$,
        coalesce('jsonb_build_object(' || key || ')', 'NULL'), staging, ' || jsonb_build_object(' || as_text || ')', target::oid, staging)
        USING bad INTO rejects;
    RETURN coalesce(rejects, '[]');
END $$;
COMMENT ON FUNCTION rsl.load_reject_rows(jsonb, jsonb) IS 'part of rsl.load_finish: rows of staging with their keys and reasons, for rsl.reject';

-- Keys of rows that a replace leaves as they are, in a table of the types of staging.
CREATE FUNCTION rsl.load_keep(plan jsonb) RETURNS text
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    kept text := (plan ->> 'staging') || '_kept';
    key jsonb;
BEGIN
    EXECUTE format('CREATE UNLOGGED TABLE %s AS SELECT * FROM %s WHERE false', kept, plan ->> 'staging');
    FOR key IN SELECT k FROM jsonb_array_elements(plan -> 'value_keys') k LOOP
        BEGIN
            EXECUTE format('INSERT INTO %s SELECT * FROM jsonb_populate_record(NULL::%1$s, $1)', kept) USING key;
        EXCEPTION WHEN data_exception THEN
            NULL; -- A key that the target cannot represent is not in it.
        END;
    END LOOP;
    RETURN kept;
END $$;
COMMENT ON FUNCTION rsl.load_keep(jsonb) IS 'part of rsl.load_finish: makes the table of keys that a replace does not delete, with those of rows that the client could not send';

-- The messages of data exceptions show the value.
CREATE FUNCTION rsl.load_message(sqlstate text, message text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$ SELECT CASE left(sqlstate, 2) WHEN '22' THEN regexp_replace(message, '".*"', '"…"') ELSE message END $$;
COMMENT ON FUNCTION rsl.load_message(text, text) IS 'part of rsl.load_finish: the message of an error without a value that it may show; rsl.reject has all of it';

-- What a verdict says of rejects: how many, and the first of them.
CREATE FUNCTION rsl.load_rejects_reason(plan jsonb, rejects jsonb, more boolean) RETURNS jsonb
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
    SELECT jsonb_build_object(
        'sqlstate', (SELECT r ->> 'sqlstate' FROM jsonb_array_elements(f.listed) r LIMIT 1),
        'message', format('%s%s cannot be loaded, %s may be rejected', CASE WHEN more THEN 'more than ' ELSE '' END,
            CASE f.count WHEN 1 THEN '1 row' ELSE f.count || ' rows' END, CASE (plan ->> 'max_rejects')::bigint WHEN 0 THEN 'none' ELSE plan ->> 'max_rejects' END),
        'detail', (SELECT string_agg(concat_ws(': ',
                (SELECT string_agg(format('%s %s', k.key, coalesce(quote_literal(left(k.value, 60)), 'NULL')), ', ') FROM jsonb_each_text(NULLIF(r -> 'key', 'null')) k),
                'column ' || (r ->> 'column_name'), rsl.load_message(r ->> 'sqlstate', r ->> 'message')), E'\n') FROM (SELECT r FROM jsonb_array_elements(f.listed) r LIMIT 3) u)
            || CASE WHEN f.count > 3 THEN E'\n…' ELSE '' END,
        'hint', format('rsl rejects %s, or SELECT * FROM rsl.rejects WHERE load_id = %1$s, lists them: mend them, or allow more with max_rejects.', plan ->> 'load_id'))
    FROM (SELECT coalesce(plan -> 'value_first', '[]') || rejects AS listed, (plan ->> 'value_rejected')::bigint + jsonb_array_length(rejects) AS count) f
$$;
COMMENT ON FUNCTION rsl.load_rejects_reason(jsonb, jsonb, boolean) IS 'part of rsl.load_finish: why a load with too many rejects has failed, with the keys of the first of them';

-- rsl.load_merge, and if the target refuses rows, once more without them, unless they are too many. The fast way is tried first: a load
-- without rejects costs nothing more.
-- plan: as of rsl.load_merge, with 'value_rejected', how many rows the client could not send, 'value_first', the first of them, and
-- 'value_keys', their keys.
-- The verdict has 'rejected', how many were found; 'rejects', those of the target; 'partial' if all other rows are in the target.
CREATE FUNCTION rsl.load_settle(plan jsonb, stream jsonb, path text) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    target text := plan ->> 'target';
    staging text := plan ->> 'staging';
    columns text[] := ARRAY(SELECT jsonb_array_elements_text(plan -> 'columns'));
    keyed boolean := jsonb_typeof(plan -> 'key_columns') = 'array';
    allowed bigint := (plan ->> 'max_rejects')::bigint;
    rejected bigint := (plan ->> 'value_rejected')::bigint;
    replaces boolean := plan ->> 'mode' = 'replace' AND to_regclass(target) IS NOT NULL;
    filled boolean;
    verdict jsonb;
    bad jsonb;
    rejects jsonb := '[]';
    tids tid[];
    gone jsonb;
    left_over jsonb;
    kept text;
    quick boolean;
BEGIN
    IF rejected > allowed THEN
        -- Nothing of it will stay, so nothing is merged.
        RETURN jsonb_build_object('exact', false, 'inserted', 0, 'updated', 0, 'deleted', 0, 'unchanged', 0, 'stream', stream,
            'rejected', rejected, 'reason', rsl.load_rejects_reason(plan, rejects, false))
            || CASE WHEN plan ? 'source_rows' THEN jsonb_build_object('source_rows', plan -> 'source_rows', 'consistency', plan -> 'consistency') ELSE '{}' END;
    END IF;
    IF replaces AND rejected > 0 THEN
        IF keyed THEN
            kept := rsl.load_keep(plan);
            plan := plan || jsonb_build_object('kept', kept);
        ELSE
            EXECUTE format('SELECT EXISTS (SELECT FROM %s)', target) INTO filled;
        END IF;
    END IF;
    IF filled THEN
        verdict := rsl.load_keyless_replace(plan, stream) || jsonb_build_object('rejected', rejected);
    ELSE
        verdict := rsl.load_merge(plan, stream, path);
    END IF;
    IF verdict -> 'refused' = 'true' AND to_regclass(target) IS NOT NULL THEN
        -- What is found is true of the table as it is then: nobody else writes to it until the end.
        EXECUTE format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', target);
    END IF;
    -- Mostly it is enough to ask for orphans and the like; trying takes as long as another merge or two.
    FOREACH quick IN ARRAY '{true,false}'::boolean[] LOOP
        EXIT WHEN verdict -> 'refused' IS DISTINCT FROM 'true' OR NOT rsl.load_is_refusal(verdict #>> '{reason,sqlstate}');
        bad := rsl.load_isolate(plan || jsonb_build_object('quick', quick), path);
        CONTINUE WHEN bad #> '{found,0}' IS NULL;
        rejected := (plan ->> 'value_rejected')::bigint + jsonb_array_length(bad -> 'found');
        -- If they are too many, all shall be listed.
        CONTINUE WHEN quick AND rejected > allowed;
        rejects := rsl.load_reject_rows(plan, bad -> 'found');
        IF rejected > allowed THEN
            verdict := verdict || jsonb_build_object('reason', rsl.load_rejects_reason(plan, rejects, (bad ->> 'more')::boolean));
            EXIT;
        END IF;
        tids := ARRAY(SELECT (f ->> 'tid')::tid FROM jsonb_array_elements(bad -> 'found') f);
        BEGIN
            EXECUTE format('SELECT %s FROM %s s WHERE s.ctid = ANY ($1)', rsl.aggregate_call('witness', 'row_witness', 's', columns), staging)
                USING tids INTO gone;
            gone := rsl.name_columns(gone, columns);
            left_over := rsl.witness_since(stream, gone);
            IF replaces AND keyed THEN
                kept := coalesce(kept, rsl.load_keep(plan));
                EXECUTE format('INSERT INTO %s SELECT * FROM %s WHERE ctid = ANY ($1)', kept, staging) USING tids;
                plan := plan || jsonb_build_object('kept', kept);
            ELSIF replaces THEN
                EXECUTE format('SELECT EXISTS (SELECT FROM %s)', target) INTO filled;
            END IF;
            EXECUTE format('DELETE FROM %s WHERE ctid = ANY ($1)', staging) USING tids;
            IF filled THEN
                verdict := rsl.load_keyless_replace(plan, stream);
            ELSE
                verdict := rsl.load_merge(plan || jsonb_build_object('received', left_over -> 'rows'), left_over, path);
            END IF;
            -- Staging is as it was before, for whoever mends the cause and finishes the load again.
            IF verdict -> 'exact' <> 'true' THEN
                RAISE EXCEPTION USING ERRCODE = 'RSL00';
            END IF;
        EXCEPTION WHEN SQLSTATE 'RSL00' THEN
            kept := CASE WHEN (plan ->> 'value_rejected')::bigint > 0 THEN kept END;
        END;
    END LOOP;
    IF kept IS NOT NULL THEN
        EXECUTE format('DROP TABLE IF EXISTS %s', kept);
    END IF;
    verdict := verdict - 'refused';
    IF rejected = 0 THEN
        RETURN verdict;
    END IF;
    IF verdict -> 'exact' = 'true' THEN
        -- What was merged, and what the source sent: the difference are the rejects, to the last bit.
        verdict := verdict || jsonb_build_object('exact', false, 'partial', true, 'merged', verdict -> 'stream',
            'reason', rsl.load_rejects_reason(plan, rejects, false) || jsonb_build_object('message', format('%s rejected', CASE rejected WHEN 1 THEN '1 row was' ELSE rejected || ' rows were' END)));
    END IF;
    RETURN verdict || jsonb_build_object('stream', stream, 'rejected', rejected, 'rejects', rejects);
END $$;
COMMENT ON FUNCTION rsl.load_settle(jsonb, jsonb, text) IS 'part of rsl.load_finish: merges all rows, or all but those that the target refuses';

-- Without a key it is not known which rows of the target are those of the rejected rows, so there is none that could stay.
CREATE FUNCTION rsl.load_keyless_replace(plan jsonb, stream jsonb) RETURNS jsonb
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
    SELECT jsonb_build_object('exact', false, 'inserted', 0, 'updated', 0, 'deleted', 0, 'unchanged', 0, 'stream', stream, 'reason', jsonb_build_object(
        'sqlstate', '55000', 'message', format('%s has no key: a replace that leaves rows out would delete rows that the source still has', plan ->> 'target'),
        'hint', format('rsl rejects %s lists what cannot be loaded: mend it, or give the table a key.', plan ->> 'load_id')))
        || CASE WHEN plan ? 'source_rows' THEN jsonb_build_object('source_rows', plan -> 'source_rows', 'consistency', plan -> 'consistency') ELSE '{}' END
$$;
COMMENT ON FUNCTION rsl.load_keyless_replace(jsonb, jsonb) IS 'part of rsl.load_finish: why a replace with rejects and without a key has failed';
