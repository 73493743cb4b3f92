-- The number under which the log knows a table: the one that its triggers carry, or the last that had its name.
CREATE FUNCTION rsl.audit_table_id(target regclass) RETURNS int
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    number int;
BEGIN
    IF target IS NULL THEN
        RAISE EXCEPTION 'the audit log is asked for a table, but for none' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    SELECT (t.settings ->> 'table')::int INTO number FROM rsl.audit_triggers() t WHERE t.target = audit_table_id.target LIMIT 1;
    IF number IS NULL THEN
        SELECT a.table_id INTO number FROM rsl.audit_table a JOIN pg_class c ON c.relname = a.table_name
        JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = a.schema_name
        WHERE c.oid = target ORDER BY a.table_id DESC LIMIT 1;
    END IF;
    IF number IS NULL THEN
        RAISE EXCEPTION '% has never been audited', target
            USING ERRCODE = 'object_not_in_prerequisite_state', HINT = format('SELECT rsl.audit_on(%L); begins to.', target);
    END IF;
    RETURN number;
END
$$;
COMMENT ON FUNCTION rsl.audit_table_id(regclass) IS 'The number under which the audit log knows a table; 55000 if it was never audited';

CREATE FUNCTION rsl.history(target regclass, key jsonb)
RETURNS TABLE (id bigint, at timestamptz, operation text, old jsonb, new jsonb, session_role text, acting_role text, actor text,
    application text, client_addr inet, load_id bigint, txid bigint, statement int)
LANGUAGE plpgsql STABLE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    number int := rsl.audit_table_id(target);
    key_columns text[];
    wanted jsonb;
    key_hash bigint;
BEGIN
    SELECT s.key_columns INTO key_columns FROM rsl.audit_shape s WHERE s.table_id = number ORDER BY s.shape_id DESC LIMIT 1;
    IF key_columns IS NULL THEN
        RETURN; -- Nothing has happened since the audit was switched on.
    END IF;
    IF jsonb_typeof(key) IS DISTINCT FROM 'object' OR NOT key ?& key_columns OR (SELECT count(*) FROM jsonb_object_keys(key)) <> cardinality(key_columns) THEN
        RAISE EXCEPTION 'this is not a key of %', target
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = format('Expected {%s}.', (SELECT string_agg(format('%s: …', to_json(c)), ', ' ORDER BY n) FROM unnest(key_columns) WITH ORDINALITY u (c, n)));
    END IF;
    -- As the types of the columns read it: 1.0 finds 1.
    EXECUTE format('SELECT rsl.audit_key_hash(%s), %s FROM jsonb_to_record($1) k (%s)',
        rsl.column_list('k', key_columns), rsl.key_sql(target, 'k', key_columns),
        (SELECT string_agg(format('%I %s', a.attname, format_type(rsl.base_type(a.atttypid), CASE a.atttypmod WHEN -1 THEN t.typtypmod ELSE a.atttypmod END)), ', ')
            FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid WHERE a.attrelid = target AND a.attname = ANY (key_columns) AND NOT a.attisdropped))
    INTO key_hash, wanted USING key;
    RETURN QUERY
    WITH change AS (
        SELECT b.*, c.n, c.kind, c.key, c.old, c.new, CASE WHEN c.kind IN ('K', 'C') THEN c.new END AS without_old,
            CASE WHEN c.kind IN ('K', 'C') THEN c.old END AS without_new, min(b.block_id) OVER (PARTITION BY b.era, b.txid) AS first_block,
            row_number() OVER (PARTITION BY b.era, b.txid ORDER BY b.statement, b.block_id, c.n) AS given
        FROM rsl.audit_block b, LATERAL rsl.audit_changes(b.shape_id, b.images, key_hash) c
        WHERE b.table_id = number AND b.bucket = ANY (rsl.audit_buckets(key_hash)) AND rsl.audit_key(b.shape_id, c.key, key_columns) = wanted
    ), ordered AS (
        SELECT c.era, c.txid, rsl.audit_order(string_agg(c.kind::text, '' ORDER BY c.given), array_agg(c.statement ORDER BY c.given),
            array_agg(c.old ORDER BY c.given), array_agg(c.new ORDER BY c.given)) AS places
        FROM change c GROUP BY c.era, c.txid
    )
    SELECT f.block_id * 1000 + f.n, f.at, CASE f.kind WHEN 'I' THEN 'insert' WHEN 'D' THEN 'delete' WHEN 'T' THEN 'truncate' ELSE 'update' END,
        rsl.audit_json(f.shape_id, f.old, f.without_old), rsl.audit_json(f.shape_id, f.new, f.without_new),
        f.session_role, f.acting_role, f.actor, f.application, f.client_addr, f.load_id, f.txid, f.statement
    FROM change f JOIN ordered o ON o.era = f.era AND o.txid = f.txid
    ORDER BY f.first_block, o.places[f.given];
END
$$;
COMMENT ON FUNCTION rsl.history(regclass, jsonb) IS
    'Every change of one row, by its key as {"column": value, …}, the first first: what changed, when and by whom. A change of the key itself stands under both keys';

-- Of each key that was changed by what is asked for (all after a time, all after a block, or a load): whether the row was there before, and
-- what to put over the row that is there after it, or over nothing, to have it back; whether it is there after it, and with what: what the
-- last change put into it, and all of them, since the row came if it did.
CREATE FUNCTION rsl.audit_rewind(number int, since timestamptz DEFAULT '-infinity', after_block bigint DEFAULT 0, only_load bigint DEFAULT NULL,
    but_load bigint DEFAULT NULL)
RETURNS TABLE (key_hash bigint, key jsonb, was_there boolean, is_whole boolean, shape_ids int[], fields bytea[],
    is_there boolean, last_shape int, last_fields bytea, changes bigint, new_shapes int[], new_fields bytea[])
LANGUAGE sql STABLE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
    WITH change AS (
        SELECT c.hash, rsl.audit_key(b.shape_id, c.key, l.key_columns) AS key, c.kind, c.old, c.new, b.shape_id, b.era, b.txid, b.statement, b.block_id, c.n
        FROM (SELECT s.key_columns FROM rsl.audit_shape s WHERE s.table_id = number ORDER BY s.shape_id DESC LIMIT 1) l,
            rsl.audit_block b, LATERAL rsl.audit_changes(b.shape_id, b.images) c
        WHERE b.table_id = number AND b.at > since AND b.block_id > after_block AND (only_load IS NULL OR b.load_id = only_load)
            AND (but_load IS NULL OR b.load_id IS DISTINCT FROM but_load)
    ), given AS MATERIALIZED (
        SELECT *, min(block_id) OVER t AS first_block, row_number() OVER (t ORDER BY statement, block_id, n) AS given,
            count(*) OVER t AS many, count(*) FILTER (WHERE kind IN ('I', 'C')) OVER t AS came
        FROM change
        WINDOW t AS (PARTITION BY hash, key, era, txid)
    ), ordered AS (
        -- Where a row came and something else happened to it.
        SELECT hash, key, era, txid, rsl.audit_order(string_agg(kind::text, '' ORDER BY given), array_agg(statement ORDER BY given),
            array_agg(old ORDER BY given), array_agg(new ORDER BY given)) AS places
        FROM given WHERE many > 1 AND came > 0
        GROUP BY hash, key, era, txid
    ), placed AS (
        SELECT g.*, row_number() OVER w AS place, lead(kind) OVER w IS NULL AS is_last,
            -- The first change that made or removed the row as a whole ends what is of interest of the time before.
            coalesce(sum(CASE WHEN kind <> 'U' THEN 1 ELSE 0 END) OVER (w ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS wholes,
            coalesce(sum(CASE WHEN kind <> 'U' THEN 1 ELSE 0 END) OVER (w ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING), 0) AS wholes_after
        FROM given g LEFT JOIN ordered o USING (hash, key, era, txid)
        WINDOW w AS (PARTITION BY hash, key ORDER BY first_block, coalesce(o.places[given], given))
    )
    SELECT hash, key, bool_or(place = 1 AND kind NOT IN ('I', 'C')), coalesce(bool_or(wholes = 0 AND kind IN ('D', 'T', 'K')), false),
        array_agg(shape_id ORDER BY place DESC) FILTER (WHERE wholes = 0 AND old IS NOT NULL AND kind <> 'C'),
        array_agg(old ORDER BY place DESC) FILTER (WHERE wholes = 0 AND old IS NOT NULL AND kind <> 'C'),
        bool_or(is_last AND kind NOT IN ('D', 'T', 'K')), max(shape_id) FILTER (WHERE is_last),
        (array_agg(new) FILTER (WHERE is_last AND kind NOT IN ('D', 'T', 'K')))[1], count(*),
        array_agg(shape_id ORDER BY place) FILTER (WHERE wholes_after = 0 AND new IS NOT NULL AND kind NOT IN ('D', 'T', 'K')),
        array_agg(new ORDER BY place) FILTER (WHERE wholes_after = 0 AND new IS NOT NULL AND kind NOT IN ('D', 'T', 'K'))
    FROM placed
    GROUP BY hash, key
$$;
COMMENT ON FUNCTION rsl.audit_rewind(int, timestamptz, bigint, bigint, bigint) IS
    'part of rsl.as_of, rsl.load_undo and rsl.load_changes: for every key that was changed, what brings the row back: fields to put over the row, or over nothing if is_whole';

-- The log finds a row by the hash of its key. Numbers that are equal have equal hashes, whatever their type; 1 and '1' have not.
CREATE FUNCTION rsl.audit_must_know_keys(target regclass, number int, since timestamptz) RETURNS void
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
SET standard_conforming_strings = on
AS $$
DECLARE
    kind CONSTANT text := $kind$ CASE WHEN t ~ '^(smallint|integer|bigint|numeric)' THEN 'number' WHEN t ~ '^(pg_catalog\.text|text|character varying)' THEN 'text'
        WHEN t ~ '^(real|double precision)' THEN 'float' ELSE regexp_replace(t, '^pg_catalog\.|\(.*\)', '', 'g') END $kind$;
    was text;
BEGIN
    EXECUTE format('SELECT string_agg(DISTINCT k.name || '' '' || k.t, '', '')
        FROM rsl.audit_shape s, unnest(s.key_columns) WITH ORDINALITY u (name, n),
            LATERAL (SELECT u.name, c ->> ''type'' FROM jsonb_array_elements(s.columns) c WHERE c ->> ''name'' = u.name) k (name, t)
        WHERE s.table_id = $2 AND EXISTS (SELECT FROM rsl.audit_block b WHERE b.table_id = $2 AND b.shape_id = s.shape_id AND b.at > $3)
            AND (SELECT %1$s FROM (SELECT k.t) x (t)) IS DISTINCT FROM (
                SELECT (SELECT %1$s FROM (SELECT format_type(a.atttypid, a.atttypmod)) x (t)) FROM pg_attribute a
                WHERE a.attrelid = $1 AND NOT a.attisdropped AND a.attname = (
                    SELECT l.key_columns[u.n] FROM rsl.audit_shape l WHERE l.table_id = $2 ORDER BY l.shape_id DESC LIMIT 1))', kind)
    INTO was USING target, number, since;
    IF was IS NOT NULL THEN
        RAISE EXCEPTION 'the key of % had another type', target
            USING ERRCODE = 'object_not_in_prerequisite_state', DETAIL = format('It was: %s.', was),
                  HINT = 'rsl.audit_log shows what has changed before.';
    END IF;
END
$$;
COMMENT ON FUNCTION rsl.audit_must_know_keys(regclass, int, timestamptz) IS 'part of rsl.as_of and rsl.load_undo: refuses if changes after a time are of rows whose key had a type under which they are not found';

CREATE FUNCTION rsl.as_of(like_row anyelement, at timestamptz) RETURNS SETOF anyelement
LANGUAGE plpgsql STABLE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    rel regclass := (SELECT c.oid FROM pg_class c WHERE c.reltype = pg_typeof(like_row) AND c.relkind IN ('r', 'p'));
    number int := rsl.audit_table_id(rel);
    key_columns text[];
    since timestamptz;
BEGIN
    IF at IS NULL THEN
        RAISE EXCEPTION 'as_of needs a time' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    SELECT max(s.at) INTO since FROM rsl.audit_switch s
    WHERE s.table_id = number AND s.action = 'on'
        -- Switched on again for what is on already, as for a new partition, leaves no gap.
        AND coalesce((SELECT p.action FROM rsl.audit_switch p WHERE p.table_id = number AND p.switch_id < s.switch_id ORDER BY p.switch_id DESC LIMIT 1), 'off') = 'off';
    IF at < since OR NOT coalesce((SELECT bool_and(t.enabled IN ('A', 'O')) FROM rsl.audit_triggers() t WHERE t.target = rel), false) THEN
        RAISE EXCEPTION 'it is not known what % held at %', rel, at
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  DETAIL = CASE WHEN at < since THEN format('It has been audited without a gap since %s.', since) ELSE 'It is not audited any more, or a trigger of the audit is disabled.' END;
    END IF;
    IF EXISTS (SELECT FROM rsl.audit_seal s WHERE s.kind = 'prune' AND rsl.audit_month_number(as_of.at) <= (s.detail ->> 'month_number')::int) THEN
        RAISE EXCEPTION 'it is not known what % held at %', rel, at
            USING ERRCODE = 'object_not_in_prerequisite_state', DETAIL = 'The log of that month was pruned.';
    END IF;
    SELECT s.key_columns INTO key_columns FROM rsl.audit_shape s WHERE s.table_id = number ORDER BY s.shape_id DESC LIMIT 1;
    IF key_columns IS NULL THEN
        RETURN QUERY EXECUTE format('SELECT t.* FROM %s t', CASE WHEN (SELECT relkind FROM pg_class WHERE oid = rel) = 'r' THEN 'ONLY ' ELSE '' END || rel::text);
        RETURN;
    END IF;
    PERFORM rsl.audit_must_know_keys(rel, number, at);
    RETURN QUERY EXECUTE format(
        'WITH changed AS MATERIALIZED (SELECT * FROM rsl.audit_rewind($1, $2)),
         now AS (SELECT (t.*)::%4$s AS row, rsl.audit_key_hash(%2$s) AS key_hash FROM %1$s t)
         SELECT (q.row).* FROM (
         SELECT CASE WHEN c.key_hash IS NULL THEN n.row ELSE rsl.audit_row(n.row, c.shape_ids, c.fields) END AS row
         FROM now n LEFT JOIN changed c ON c.key_hash = n.key_hash AND c.key = %3$s
         WHERE c.key_hash IS NULL OR c.was_there AND NOT c.is_whole
         UNION ALL
         SELECT rsl.audit_row(NULL::%4$s, c.shape_ids, c.fields) FROM changed c WHERE c.was_there AND c.is_whole
         OFFSET 0) q',
        CASE WHEN (SELECT relkind FROM pg_class WHERE oid = rel) = 'r' THEN 'ONLY ' ELSE '' END || rel::text,
        rsl.column_list('t', key_columns),
        rsl.key_sql(rel, '(n.row)', key_columns),
        rel)
    USING number, at;
END
$$;
COMMENT ON FUNCTION rsl.as_of(anyelement, timestamptz) IS
    'The rows of a table as they were at a time, as rows of the table: SELECT * FROM rsl.as_of(NULL::erp.item, ''2026-11-01''). Columns that are not audited are as they are now, or NULL in rows that are gone. 55000 if the log does not reach back so far. A change counts from when it was written, also if its transaction ended later';

CREATE FUNCTION rsl.as_of(target regclass, at timestamptz) RETURNS SETOF jsonb
LANGUAGE plpgsql STABLE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF target IS NULL THEN
        RAISE EXCEPTION 'as_of needs a table' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    RETURN QUERY EXECUTE format('SELECT to_jsonb(r.*) FROM rsl.as_of(NULL::%s, $1) r', target) USING at;
END
$$;
COMMENT ON FUNCTION rsl.as_of(regclass, timestamptz) IS
    'The rows of a table as they were at a time, as jsonb: SELECT * FROM rsl.as_of(''erp.item''::regclass, ''2026-11-01'')';
