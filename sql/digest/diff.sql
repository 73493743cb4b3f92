-- Which rows and which columns of two tables differ. Equal is what has the same canonical hash (docs/digest.md).

-- The columns of two relations side by side, and whether their values can be compared: not every type has values that are ever
-- equal to those of another.
CREATE FUNCTION rsl.diff_columns(a regclass, b regclass)
    RETURNS TABLE (name text, left_type text, right_type text, left_place int, comparable boolean, sortable boolean, key_type text, left_plain boolean, right_plain boolean)
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
    WITH c AS (
        SELECT a.attrelid, a.attname::text AS name, a.attnum::int AS place, format_type(a.atttypid, a.atttypmod) AS type, b.oid AS base,
            -- As rsl_ext/src/datum.rs puts types into families.
            CASE
                WHEN b.oid IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype, 'numeric'::regtype) THEN 'number'
                WHEN b.oid IN ('float4'::regtype, 'float8'::regtype) THEN 'float'
                WHEN b.oid IN ('text'::regtype, 'varchar'::regtype, 'bpchar'::regtype, 'json'::regtype, 'xml'::regtype, 'name'::regtype)
                    OR b.typtype = 'e' OR EXISTS (SELECT FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang WHERE p.oid = b.typsend AND l.lanname = 'internal' AND p.prosrc = 'textsend') THEN 'text'
                -- A type without a binary form has no hash.
                WHEN b.typsend <> 0 THEN b.oid::text
            END AS family,
            b.typnamespace = 'pg_catalog'::regnamespace AS plain,
            b.typtype = 'e' OR EXISTS (
                SELECT FROM pg_opclass o JOIN pg_am m ON m.oid = o.opcmethod AND m.amname = 'btree'
                WHERE o.opcdefault AND (o.opcintype = b.oid OR EXISTS (
                    SELECT FROM pg_cast k WHERE k.castsource = b.oid AND k.casttarget = o.opcintype AND k.castmethod = 'b' AND k.castcontext = 'i'))) AS sortable
        FROM pg_attribute a
        CROSS JOIN LATERAL rsl.base_type(a.atttypid) AS y (oid)
        JOIN pg_type b ON b.oid = y.oid
        WHERE a.attrelid IN ($1, $2) AND a.attnum > 0 AND NOT a.attisdropped
    )
    SELECT coalesce(x.name, y.name), x.type, y.type, x.place, coalesce(x.family = y.family, false), coalesce(x.sortable AND y.sortable, false),
        -- A key that has another type on the other side is not what it says there.
        CASE WHEN x.type = y.type AND x.plain AND x.sortable THEN format_type(x.base, -1) END, x.plain, y.plain
    FROM (SELECT * FROM c WHERE attrelid = a) x FULL JOIN (SELECT * FROM c WHERE attrelid = b) y ON y.name = x.name
    ORDER BY x.place, y.place
$$;
COMMENT ON FUNCTION rsl.diff_columns(regclass, regclass) IS
    'part of rsl.diff: the columns of both relations, which can be compared and sorted, as which type a key is asked for (none: it cannot be), and which have types that the server brings';

CREATE FUNCTION rsl.diff_text(side text, name text, plain boolean) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
    SELECT CASE WHEN plain THEN v.value || '::text' ELSE rsl.output_sql(v.value) END FROM format('(%s.r).%I', side, name) v (value)
$$;
COMMENT ON FUNCTION rsl.diff_text(text, text, boolean) IS 'SQL text: the text of a column of one side of rsl.diff';

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
    SET lc_monetary = 'C' SET quote_all_identifiers = off
AS $$
#variable_conflict use_column
DECLARE
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
    key_order text;
    columns_differ text;
    doubled record;
    any_doubled boolean := false;
    found_any boolean := false;
    found_now bigint;
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

    -- What a key of such a type is, only its hash tells.
    IF EXISTS (SELECT FROM rsl.diff_columns(a, b) c WHERE c.name = ANY (by_key) AND c.key_type IS NULL) THEN
        differing := NULL;
    END IF;
    key_json := (SELECT string_agg(format('%L, coalesce(%s, %s)', c.name, rsl.diff_text('x', c.name, c.left_plain), rsl.diff_text('y', c.name, c.right_plain)), ', ' ORDER BY u.n)
        FROM unnest(by_key) WITH ORDINALITY u (c, n) JOIN rsl.diff_columns(a, b) c ON c.name = u.c);
    key_order := (SELECT concat_ws(', ', string_agg(format('(x.r).%I, (y.r).%1$I', c.name), ', ' ORDER BY u.n), 'x.kh, y.kh')
        FROM unnest(by_key) WITH ORDINALITY u (c, n) JOIN rsl.diff_columns(a, b) c ON c.name = u.c AND c.sortable);
    columns_differ := (SELECT string_agg(format('(%s, %L, %s, %s, rsl.row_hash((x.r).%I) <> rsl.row_hash((y.r).%5$I))', u.n, c.name,
            rsl.diff_text('x', c.name, c.left_plain), rsl.diff_text('y', c.name, c.right_plain), c.name), ', ' ORDER BY u.n)
        FROM unnest(columns) WITH ORDINALITY u (c, n) JOIN rsl.diff_columns(a, b) c ON c.name = u.c);
    -- A column may have the name of an alias, so a row is written as all of its columns.
    hashes := format('rsl.row_hash(%s) AS kh, rsl.row_hash(%s) AS rh, (t.*)::',
        rsl.column_list('t', by_key), rsl.field_list('t', columns));

    LOOP
        SELECT min(w.way) FILTER (WHERE w.n = 1), min(w.way) FILTER (WHERE w.n = 2) INTO a_rows, b_rows
        FROM (
            SELECT s.n, CASE WHEN differing IS NULL THEN format('SELECT %s%I.%I AS r FROM %s t', hashes, p.nspname, r.relname, s.rel)
                ELSE format('SELECT %s%I.%I AS r FROM (SELECT DISTINCT %s FROM jsonb_array_elements($1) f) k JOIN %s t ON %s', hashes, p.nspname, r.relname,
                    string_agg(format('(f ->> %s)::%s AS k%1$s', u.n - 1, c.key_type), ', ' ORDER BY u.n), s.rel,
                    string_agg(format('t.%I = k.k%s', u.c, u.n - 1), ' AND ' ORDER BY u.n)) END AS way
            FROM unnest(ARRAY[a, b]) WITH ORDINALITY s (rel, n)
            JOIN pg_class r ON r.oid = s.rel
            JOIN pg_namespace p ON p.oid = r.relnamespace
            CROSS JOIN unnest(by_key) WITH ORDINALITY u (c, n)
            JOIN rsl.diff_columns(a, b) c ON c.name = u.c
            GROUP BY s.n, s.rel, p.nspname, r.relname) w;

        -- A key that finds several rows tells nothing about any of them; whether they are the same rows on both sides can be said.
        FOR doubled IN EXECUTE format($doubled$
            SELECT jsonb_build_object(%3$s) AS key, x.n::text AS l, y.n::text AS r, x.n IS DISTINCT FROM y.n
                OR (SELECT array_agg(h ORDER BY h) FROM unnest(x.rhs) h) IS DISTINCT FROM (SELECT array_agg(h ORDER BY h) FROM unnest(y.rhs) h) AS differs
            FROM (SELECT kh, (array_agg(r))[1] AS r, array_agg(rh) AS rhs, count(*) AS n FROM (%1$s) a GROUP BY kh) x
            FULL JOIN (SELECT kh, (array_agg(r))[1] AS r, array_agg(rh) AS rhs, count(*) AS n FROM (%2$s) b GROUP BY kh) y ON y.kh = x.kh
            WHERE greatest(x.n, y.n) > 1 ORDER BY %4$s$doubled$, a_rows, b_rows, key_json, key_order) USING differing
        LOOP
            any_doubled := true;
            IF doubled.differs THEN
                found_any := true;
                key := doubled.key; kind := 'doubled'; "column" := NULL; "left" := doubled.l; "right" := doubled.r;
                RETURN NEXT;
            END IF;
        END LOOP;

        RETURN QUERY EXECUTE format($rows$
            WITH l AS (SELECT kh, rh, r %6$s FROM (%1$s) t), o AS (SELECT kh, rh, r %6$s FROM (%2$s) t)
            SELECT jsonb_build_object(%3$s), CASE WHEN x.kh IS NULL THEN 'extra' WHEN y.kh IS NULL THEN 'missing' ELSE 'changed' END, c.name, c.l, c.r
            FROM l x FULL JOIN o y ON y.kh = x.kh
            LEFT JOIN LATERAL (VALUES %4$s) c (n, name, l, r, differs) ON x.kh IS NOT NULL AND y.kh IS NOT NULL AND c.differs
            WHERE x.rh IS DISTINCT FROM y.rh %7$s
            ORDER BY %5$s, c.n$rows$,
            a_rows, b_rows, key_json, columns_differ, key_order,
            CASE WHEN any_doubled THEN ', count(*) OVER (PARTITION BY kh) AS n' ELSE '' END,
            CASE WHEN any_doubled THEN 'AND greatest(x.n, y.n, 1) = 1' ELSE '' END) USING differing;
        GET DIAGNOSTICS found_now = ROW_COUNT;
        EXIT WHEN found_any OR found_now > 0;
        -- The digests differ, so nothing found is no answer.
        IF differing IS NULL THEN
            RAISE EXCEPTION 'the digests of % and % differ, and no row that differs is found', a, b
                USING ERRCODE = 'data_exception', HINT = 'A view that gives other rows each time it is read cannot be compared.';
        END IF;
        differing := NULL;
    END LOOP;
END $$;
COMMENT ON FUNCTION rsl.diff(regclass, regclass, text[]) IS
    'which rows of two tables or views differ, by a key (none: the primary key): kind is missing (b lacks a row of a), extra (a lacks a row of b), changed (a line for each column, with both values), doubled (a key stands several times, left and right say how often), column (a column that only one has, or that cannot be compared: its types). Without a key rows have no names: missing and extra say how often the same row stands on either side';
