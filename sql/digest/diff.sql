-- Which rows and which columns of two tables differ. Equal is what has the same canonical hash (docs/digest.md).

-- The columns of two relations side by side, and whether their values can be compared: not every type has values that are ever
-- equal to those of another.
CREATE FUNCTION rsl.diff_columns(a regclass, b regclass)
    RETURNS TABLE (name text, left_type text, right_type text, left_place int, comparable boolean)
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
    WITH c AS (
        SELECT a.attrelid, a.attname::text AS name, a.attnum::int AS place, format_type(a.atttypid, a.atttypmod) AS type,
            -- As rsl_ext/src/datum.rs puts types into families.
            CASE
                WHEN b.oid IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype, 'numeric'::regtype) THEN 'number'
                WHEN b.oid IN ('float4'::regtype, 'float8'::regtype) THEN 'float'
                WHEN b.oid IN ('text'::regtype, 'varchar'::regtype, 'bpchar'::regtype, 'json'::regtype, 'xml'::regtype, 'name'::regtype)
                    OR b.typtype = 'e' OR b.typsend = 'textsend'::regproc THEN 'text'
                ELSE b.oid::text
            END AS family
        FROM pg_attribute a
        JOIN pg_type t ON t.oid = a.atttypid
        JOIN pg_type b ON b.oid = CASE t.typtype WHEN 'd' THEN (
            WITH RECURSIVE base (oid, kind, next) AS (
                SELECT t.oid, t.typtype, t.typbasetype
                UNION ALL SELECT n.oid, n.typtype, n.typbasetype FROM base JOIN pg_type n ON n.oid = base.next WHERE base.kind = 'd')
            SELECT base.oid FROM base WHERE base.kind <> 'd') ELSE t.oid END
        WHERE a.attnum > 0 AND NOT a.attisdropped
    )
    SELECT coalesce(x.name, y.name), x.type, y.type, x.place, coalesce(x.family = y.family, false)
    FROM (SELECT * FROM c WHERE attrelid = a) x FULL JOIN (SELECT * FROM c WHERE attrelid = b) y ON y.name = x.name
    ORDER BY x.place, y.place
$$;
COMMENT ON FUNCTION rsl.diff_columns(regclass, regclass) IS 'part of rsl.diff: the columns of both relations, and which can be compared';

-- A function takes 100 arguments; more columns go as one row.
CREATE FUNCTION rsl.field_list(alias text, columns text[]) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
    SELECT format(CASE WHEN cardinality(columns) <= 60 THEN '%s' ELSE 'ROW(%s)' END, rsl.column_list(alias, columns))
$$;
COMMENT ON FUNCTION rsl.field_list(text, text[]) IS 'SQL text: columns of an alias as arguments of rsl.row_hash';

-- The tables are read once for their sketches; the rows that differ are then looked up by their keys. Where there are too many for
-- that, or a key is NULL or long, all rows are joined by the hashes of their keys.
CREATE FUNCTION rsl.diff(a regclass, b regclass, key_columns text[] DEFAULT NULL)
    RETURNS TABLE (key jsonb, kind text, "column" text, "left" text, "right" text)
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
    SET search_path = pg_catalog, pg_temp
    -- The texts of values are the same in every session.
    SET datestyle = 'ISO, YMD' SET intervalstyle = 'postgres' SET timezone = 'UTC' SET bytea_output = 'hex' SET extra_float_digits = 1
AS $$
#variable_conflict use_column
DECLARE
    compared text[];
    columns text[];
    by_key text[] := key_columns;
    missing text;
    a_sketch bytea;
    b_sketch bytea;
    differing jsonb;
    a_rows text;
    b_rows text;
    hashes text;
    key_json text;
    other bigint;
BEGIN
    IF a IS NULL OR b IS NULL THEN
        RAISE EXCEPTION 'two tables are compared, and one is not named' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    FOR missing IN SELECT w.why FROM unnest(ARRAY[a, b]) AS u (rel), LATERAL rsl.verify_obstacle(u.rel) AS w (why) WHERE w.why IS NOT NULL LOOP
        RAISE EXCEPTION '%', missing USING ERRCODE = 'insufficient_privilege', HINT = 'Nothing can be said of rows that are not seen.';
    END LOOP;
    SELECT array_agg(c.name ORDER BY c.left_place) INTO columns FROM rsl.diff_columns(a, b) c WHERE c.comparable;
    IF columns IS NULL THEN
        RAISE EXCEPTION '% and % have no column that could be compared', a, b
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Columns are compared by their names.';
    END IF;
    RETURN QUERY SELECT NULL::jsonb, 'column'::text, c.name, c.left_type, c.right_type FROM rsl.diff_columns(a, b) c WHERE NOT c.comparable;

    IF by_key IS NULL THEN
        by_key := (SELECT k.key FROM (VALUES (1, rsl.primary_key(a)), (2, rsl.primary_key(b))) AS k (n, key) WHERE k.key <@ columns ORDER BY k.n LIMIT 1);
    ELSE
        SELECT c INTO missing FROM unnest(by_key) c WHERE c IS NULL OR c <> ALL (columns) LIMIT 1;
        IF FOUND OR cardinality(by_key) = 0 THEN
            RAISE EXCEPTION 'column "%" of the key cannot be compared', coalesce(missing, '')
                USING ERRCODE = 'undefined_column', HINT = format('The columns of both are: %s.', array_to_string(columns, ', '));
        END IF;
    END IF;

    IF by_key IS NULL THEN
        -- Multisets: nothing tells one row from another but the row itself.
        RETURN QUERY EXECUTE format($rows$
            SELECT NULL::jsonb, CASE WHEN coalesce(x.n, 0) > coalesce(y.n, 0) THEN 'missing' ELSE 'extra' END, NULL::text, coalesce(x.n, 0)::text, coalesce(y.n, 0)::text
            FROM (SELECT rsl.row_hash(%1$s) AS h, count(*) AS n FROM %2$s t GROUP BY 1) x
            FULL JOIN (SELECT rsl.row_hash(%1$s) AS h, count(*) AS n FROM %3$s t GROUP BY 1) y ON y.h = x.h
            WHERE x.n IS DISTINCT FROM y.n ORDER BY 2 DESC, coalesce(x.h, y.h)$rows$, rsl.field_list('t', columns), a, b);
        RETURN;
    END IF;

    EXECUTE format('SELECT coalesce((SELECT %1$s FROM %2$s t), $1), coalesce((SELECT %1$s FROM %3$s t), $1)',
        rsl.sketch_call('sketch', 'row_sketch', 't', by_key, columns), a, b)
    INTO a_sketch, b_sketch USING rsl.sketch_of_nothing(rsl.named_differences());
    IF rsl.sketch_digest(a_sketch) = rsl.sketch_digest(b_sketch) THEN
        RETURN;
    END IF;
    SELECT CASE WHEN bool_and(l.key IS NOT NULL AND cardinality(l.key) = cardinality(by_key) AND array_position(l.key, NULL) IS NULL)
            THEN jsonb_agg(DISTINCT to_jsonb(l.key)) END
    INTO differing FROM rsl.sketch_left(rsl.sketch_minus(a_sketch, b_sketch)) l;

    -- A key that has another type on the other side is not what it says there.
    IF EXISTS (
        SELECT FROM unnest(by_key) AS u (c)
        JOIN pg_attribute AS ka ON ka.attrelid = a AND ka.attname = u.c AND NOT ka.attisdropped
        JOIN pg_attribute AS kb ON kb.attrelid = b AND kb.attname = u.c AND NOT kb.attisdropped
        WHERE (ka.atttypid, ka.atttypmod) <> (kb.atttypid, kb.atttypmod)) THEN
        differing := NULL;
    END IF;

    -- A column may have the name of an alias, so a row is written as all of its columns.
    hashes := format('rsl.row_hash(%s) AS kh, rsl.row_hash(%s) AS rh, (t.*)::',
        rsl.column_list('t', by_key), rsl.field_list('t', columns));
    -- The keys are read as what their columns are on either side.
    SELECT min(w.way) FILTER (WHERE w.n = 1), min(w.way) FILTER (WHERE w.n = 2) INTO a_rows, b_rows
    FROM (
        SELECT s.n, CASE WHEN differing IS NULL THEN format('SELECT %s%s AS r FROM %2$s t', hashes, s.rel)
            ELSE format('SELECT %s%s AS r FROM (SELECT DISTINCT %s FROM jsonb_array_elements($1) f) k JOIN %2$s t ON %4$s', hashes, s.rel,
                string_agg(format('(f ->> %s)::%s AS k%1$s', u.n - 1, format_type(t.atttypid, t.atttypmod)), ', ' ORDER BY u.n),
                string_agg(format('t.%I = k.k%s', u.c, u.n - 1), ' AND ' ORDER BY u.n)) END AS way
        FROM unnest(ARRAY[a, b]) WITH ORDINALITY s (rel, n)
        CROSS JOIN unnest(by_key) WITH ORDINALITY u (c, n)
        JOIN pg_attribute t ON t.attrelid = s.rel AND t.attname = u.c AND NOT t.attisdropped
        GROUP BY s.n, s.rel) w;
    key_json := (SELECT string_agg(format('%L, coalesce((x.r).%I::text, (y.r).%2$I::text)', c, c), ', ' ORDER BY n) FROM unnest(by_key) WITH ORDINALITY u (c, n));

    -- A key that finds several rows tells nothing about any of them.
    RETURN QUERY EXECUTE format($doubled$
        SELECT jsonb_build_object(%3$s), 'doubled', NULL::text, x.n::text, y.n::text
        FROM (SELECT kh, (array_agg(r))[1] AS r, count(*) AS n FROM (%1$s) a GROUP BY kh) x
        FULL JOIN (SELECT kh, (array_agg(r))[1] AS r, count(*) AS n FROM (%2$s) b GROUP BY kh) y ON y.kh = x.kh
        WHERE greatest(x.n, y.n) > 1 ORDER BY x.kh, y.kh$doubled$, a_rows, b_rows, key_json) USING differing;
    GET DIAGNOSTICS other = ROW_COUNT;

    RETURN QUERY EXECUTE format($rows$
        WITH l AS (SELECT kh, rh, r %6$s FROM (%1$s) t), o AS (SELECT kh, rh, r %6$s FROM (%2$s) t)
        SELECT jsonb_build_object(%3$s), CASE WHEN x.kh IS NULL THEN 'extra' WHEN y.kh IS NULL THEN 'missing' ELSE 'changed' END, c.name, c.l, c.r
        FROM l x FULL JOIN o y ON y.kh = x.kh
        LEFT JOIN LATERAL (VALUES %4$s) c (n, name, l, r, differs) ON x.kh IS NOT NULL AND y.kh IS NOT NULL AND c.differs
        WHERE x.rh IS DISTINCT FROM y.rh %7$s
        ORDER BY %5$s, x.kh, y.kh, c.n$rows$,
        a_rows, b_rows, key_json,
        (SELECT string_agg(format('(%s, %L, (x.r).%I::text, (y.r).%3$I::text, rsl.row_hash((x.r).%3$I) <> rsl.row_hash((y.r).%3$I))', n, c, c), ', ' ORDER BY n)
            FROM unnest(columns) WITH ORDINALITY u (c, n)),
        (SELECT string_agg(format('(x.r).%I, (y.r).%1$I', c), ', ' ORDER BY n) FROM unnest(by_key) WITH ORDINALITY u (c, n)),
        CASE WHEN other > 0 THEN ', count(*) OVER (PARTITION BY kh) AS n' ELSE '' END,
        CASE WHEN other > 0 THEN 'AND greatest(x.n, y.n, 1) = 1' ELSE '' END) USING differing;
END $$;
COMMENT ON FUNCTION rsl.diff(regclass, regclass, text[]) IS
    'which rows of two tables or views differ, by a key (none: the primary key): kind is missing (b lacks a row of a), extra (a lacks a row of b), changed (a line for each column, with both values), doubled (a key stands several times, left and right say how often), column (a column that only one has, or that cannot be compared: its types). Without a key rows have no names: missing and extra say how often the same row stands on either side';
