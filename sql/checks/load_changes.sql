CREATE FUNCTION rsl.load_proven_columns(load rsl.load) RETURNS text[]
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
    SELECT CASE WHEN load.report ? 'whole' THEN ARRAY(SELECT jsonb_array_elements_text(load.report #> '{whole,names}')) ELSE load.columns END
$$;
COMMENT ON FUNCTION rsl.load_proven_columns(rsl.load) IS
    'part of rsl.check_loads_match: the columns over which the report of a load, in whole or else in after, says what its target held: its own, and those that earlier loads brought';

-- Whether the audit log has changes of a target since a load. Who may not read the log sees none.
CREATE FUNCTION rsl.load_is_followed(load bigint, target regclass, after_block bigint) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF after_block IS NULL OR NOT has_table_privilege('rsl.audit_block', 'SELECT') THEN
        RETURN false;
    END IF;
    RETURN EXISTS (
        SELECT FROM rsl.audit_block b
        WHERE b.table_id = (SELECT min((t.settings ->> 'table')::int) FROM rsl.audit_triggers() t WHERE t.target = load_is_followed.target)
            AND b.block_id > after_block AND b.load_id IS DISTINCT FROM load);
END $$;
COMMENT ON FUNCTION rsl.load_is_followed(bigint, regclass, bigint) IS 'part of rsl.check_loads_match: whether the audit log has changes since a load';

-- What has become of the rows of a target since a load: what the audit log explains, and the keys of what it does not.
-- The log explains the difference if the rows as they are now, with its changes taken back, are those that the load left (by their
-- digest), and if every row that it knows of is as the last changes made it.
CREATE FUNCTION rsl.load_changes(load bigint) RETURNS jsonb
    LANGUAGE plpgsql STABLE PARALLEL UNSAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    l rsl.load;
    rel regclass;
    number int;
    columns text[];
    then_account jsonb;
    kept rsl.load_sketch;
    log_keys text[];
    nothing CONSTANT bytea := rsl.sketch_of_nothing(rsl.named_differences());
    now_sketch bytea;
    now_witness jsonb;
    gone bytea;
    was bytea;
    changes bigint := 0;
    rows_changed bigint := 0;
    disagree jsonb := '[]';
    result jsonb;
    left_rows jsonb;
    why text;
    unnamed text;
BEGIN
    SELECT * INTO l FROM rsl.load x WHERE x.load_id = load;
    rel := rsl.verify_relation(l.target);
    columns := rsl.load_proven_columns(l);
    then_account := coalesce(l.report -> 'whole', l.report -> 'after');
    IF rel IS NULL OR l.report #>> '{after,digest}' IS NULL THEN
        RAISE EXCEPTION 'nothing is known of what load % left', load
            USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'SELECT load_id, target, status FROM rsl.load; lists the loads.';
    END IF;
    IF has_table_privilege('rsl.load_sketch', 'SELECT') THEN
        SELECT * INTO kept FROM rsl.load_sketch s WHERE s.load_id = load;
        unnamed := CASE WHEN kept.sketch IS NULL THEN 'of this load is not known which rows they are' ELSE 'too many rows differ to be named' END;
    ELSE
        unnamed := format('which rows they are role %I may not see', current_user);
    END IF;
    now_witness := rsl.table_account(rel, columns, coalesce(kept.key_columns, '{}'));
    now_sketch := decode(now_witness ->> 'sketch', 'hex');
    result := jsonb_build_object('digest', now_witness -> 'digest', 'rows', now_witness -> 'rows',
        'columns', (SELECT coalesce(jsonb_agg(c.name ORDER BY c.n), '[]') FROM unnest(columns) WITH ORDINALITY c (name, n)
            WHERE then_account #>> ARRAY['columns', c.name, 'digest'] <> now_witness #>> ARRAY['columns', c.name, 'digest']));

    -- What the log says.
    SELECT min((t.settings ->> 'table')::int) INTO number FROM rsl.audit_triggers() t WHERE t.target = rel;
    IF number IS NULL THEN
        why := 'the table is not audited';
    ELSIF NOT has_table_privilege('rsl.audit_block', 'SELECT') THEN
        RETURN result || jsonb_build_object('hidden', format('role %I may not read the audit log', current_user));
    ELSE
        SELECT s.key_columns INTO log_keys FROM rsl.audit_shape s WHERE s.table_id = number ORDER BY s.shape_id DESC LIMIT 1;
    END IF;
    IF log_keys IS NOT NULL THEN
        PERFORM rsl.audit_must_know_keys(rel, number, l.finished_at);
        EXECUTE format($log$
            WITH changed AS MATERIALIZED (SELECT * FROM rsl.audit_rewind($1, after_block => $2, but_load => $3)),
            pair AS (
                SELECT c.*, n.row AS now_row, n.key_hash IS NOT NULL AS now_there
                FROM changed c
                LEFT JOIN (SELECT (t.*)::%1$s AS row, rsl.audit_key_hash(%2$s) AS key_hash FROM %1$s t) n
                    ON n.key_hash = c.key_hash AND c.key = %3$s),
            both_ends AS (
                SELECT p.*, CASE WHEN p.was_there THEN rsl.audit_row(CASE WHEN NOT p.is_whole THEN p.now_row END, p.shape_ids, p.fields) END AS was_row,
                    p.is_there <> p.now_there OR coalesce(rsl.audit_row(p.now_row, p.new_shapes, p.new_fields) *<> p.now_row, false) AND p.now_there AS disagrees
                FROM pair p)
            SELECT coalesce(sum(changes), 0), count(*), coalesce(jsonb_agg((SELECT jsonb_object_agg(e.key, e.value) FROM jsonb_each_text(b.key) e) ORDER BY length(b.key::text), b.key) FILTER (WHERE disagrees), '[]'),
                (SELECT %4$s FROM (SELECT (b.now_row).* FROM both_ends b WHERE b.now_there) t),
                (SELECT %4$s FROM (SELECT (b.was_row).* FROM both_ends b WHERE b.was_there AND (b.is_whole OR b.now_there)) t)
            FROM both_ends b$log$,
            rel, rsl.column_list('t', log_keys), rsl.key_sql(rel, '(n.row)', log_keys),
            rsl.sketch_call('sketch', 'row_sketch', 't', coalesce(kept.key_columns, '{}'), columns))
        INTO changes, rows_changed, disagree, gone, was
        USING number, coalesce((l.report #>> '{after,block}')::bigint, 0), load;
        now_sketch := rsl.sketch_minus(now_sketch, coalesce(gone, nothing));
        now_sketch := rsl.sketch_plus(now_sketch, coalesce(was, nothing));
        why := CASE WHEN changes = 0 THEN 'the audit log has no change since' END;
    ELSIF why IS NULL THEN
        why := 'the audit log has no change since';
    END IF;
    result := result || jsonb_build_object('changes', changes, 'rows_changed', rows_changed);
    IF rsl.sketch_digest(now_sketch) = then_account ->> 'digest' AND disagree = '[]' THEN
        RETURN result || '{"explained": true}';
    END IF;

    -- The rows that are left: in both states under one key they have changed.
    IF kept.sketch IS NOT NULL THEN
        SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object('kind', r.kind, 'key', r.key, 'row', r.hash)) ORDER BY r.kind DESC, length(r.key::text), r.key, r.hash)
        INTO left_rows
        FROM (
            SELECT CASE WHEN count(DISTINCT d.is_ours) = 2 THEN 'changed' WHEN bool_or(d.is_ours) THEN 'added' ELSE 'removed' END AS kind,
                (SELECT jsonb_object_agg(k.name, k.value) FROM unnest(kept.key_columns, d.key) AS k (name, value) WHERE k.name IS NOT NULL) AS key,
                CASE WHEN d.key IS NULL OR kept.key_columns IS NULL THEN min(encode(d.hash, 'hex')) END AS hash
            FROM rsl.sketch_left(rsl.sketch_minus(now_sketch, kept.sketch)) d
            WHERE d.is_ours IS NOT NULL
            GROUP BY d.key, CASE WHEN d.key IS NULL OR kept.key_columns IS NULL THEN d.hash END) r;
    END IF;
    IF left_rows IS NULL AND kept.sketch IS NOT NULL AND rsl.sketch_digest(now_sketch) = rsl.sketch_digest(kept.sketch) THEN
        unnamed := 'every row is as the sketch of the load says: what the books say of the load was changed';
    END IF;
    RETURN result || jsonb_strip_nulls(jsonb_build_object('explained', false, 'why', why, 'left', left_rows, 'disagree', nullif(disagree, '[]'),
        'unnamed', CASE WHEN left_rows IS NULL AND disagree = '[]' THEN unnamed END));
END $$;
COMMENT ON FUNCTION rsl.load_changes(bigint) IS
    'what has become of the rows of a target since a load: {rows, digest, columns (that hold other values), explained, changes (in the audit log), rows_changed, left (what the log does not explain: [{kind: changed, added or removed, key}]; missing if they cannot be named), disagree (keys of rows that are not as the log says), why (the log explains nothing), unnamed (why no row is named)}';
