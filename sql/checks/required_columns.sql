CREATE FUNCTION rsl.check_required_columns(about text DEFAULT NULL)
RETURNS TABLE (object text, status text, expected text, actual text, detail text, hint text)
LANGUAGE plpgsql STABLE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    shown CONSTANT int := 5;
    t record;
    c record;
    columns text[];
    counts bigint[];
    asked text[];
    why text;
    clean boolean;
    rows bigint;
    first_rows text;
    label text;
BEGIN
    FOR t IN
        SELECT v.rel, v.name, v.is_target, v.key_columns, n.oid = 'rsl'::regnamespace AS is_ours,
               CASE s.relkind WHEN 'p' THEN '' ELSE 'ONLY ' END || v.name AS source,
               -- How a row is called: by its primary key, or by its place where it has none.
               coalesce((
                   SELECT 'ROW(' || string_agg(format('t.%I', a.attname), ', ' ORDER BY u.i) || ')'
                   FROM pg_constraint AS p
                   CROSS JOIN unnest(p.conkey) WITH ORDINALITY AS u (attnum, i)
                   JOIN pg_attribute AS a ON a.attrelid = p.conrelid AND a.attnum = u.attnum
                   WHERE p.conrelid = v.rel AND p.contype = 'p'), CASE s.relkind WHEN 'f' THEN 'ROW(NULL)' ELSE 't.ctid' END) AS label
        FROM rsl.verify_tables(about) AS v
        JOIN pg_class AS s ON s.oid = v.rel
        JOIN pg_namespace AS n ON n.oid = s.relnamespace
        ORDER BY v.name COLLATE "C"
    LOOP
        clean := true;
        BEGIN
            -- A column is required if it is NOT NULL now, was NOT NULL when it was installed, or is part of a key.
            -- num_nulls() and not IS NULL: newer servers leave IS NULL of a NOT NULL column out of the plan.
            SELECT array_agg(q.attname ORDER BY q.attnum), array_agg(q.asks ORDER BY q.attnum)
            INTO columns, asked
            FROM (
                SELECT a.attname::text, a.attnum,
                       format('count(*) FILTER (WHERE num_nulls(t.%I) > 0), ', a.attname)
                       || CASE WHEN y.typcategory = 'S' AND (t.is_ours OR r.is_key)
                               THEN format('count(*) FILTER (WHERE (t.%I::text COLLATE "C") !~ ''[^[:space:]]'')', a.attname)
                               ELSE '0' END AS asks
                FROM pg_attribute AS a
                JOIN pg_type AS y ON y.oid = a.atttypid
                CROSS JOIN LATERAL (
                    SELECT coalesce(a.attname = ANY (t.key_columns), false) OR EXISTS (
                               SELECT FROM pg_constraint AS p WHERE p.conrelid = t.rel AND p.contype = 'p' AND a.attnum = ANY (p.conkey)) AS is_key,
                           EXISTS (
                               SELECT FROM rsl.manifest AS m
                               WHERE m.kind = 'column' AND m.name = format('%s.%I', t.name, a.attname)
                                 AND split_part(m.definition, ' default ', 1) LIKE '% not null%') AS was_required
                ) AS r
                WHERE a.attrelid = t.rel AND a.attnum > 0 AND NOT a.attisdropped
                  AND (a.attnotnull OR r.is_key OR r.was_required)
            ) AS q
            -- What this role may not read is named below and does not keep the rest from being looked at.
            WHERE rsl.verify_obstacle(t.rel, ARRAY[q.attname]) IS NULL;

            IF columns IS NULL THEN
                why := rsl.verify_obstacle(t.rel);
                object := t.name; status := 'skip'; expected := NULL; actual := NULL;
                detail := coalesce(why, 'no column of this table is required');
                hint := CASE WHEN why IS NOT NULL THEN format('run the check as the owner of %s', t.name) END;
                RETURN NEXT;
                CONTINUE;
            END IF;

            FOR c IN
                SELECT a.attname, o.why
                FROM pg_attribute AS a
                CROSS JOIN LATERAL (SELECT rsl.verify_obstacle(t.rel, ARRAY[a.attname::text]) AS why) AS o
                WHERE a.attrelid = t.rel AND a.attnum > 0 AND NOT a.attisdropped AND a.attnotnull AND o.why IS NOT NULL
                ORDER BY a.attnum
            LOOP
                object := format('%s.%I', t.name, c.attname); status := 'skip'; expected := 'no NULL, nothing empty'; actual := NULL;
                detail := c.why; hint := format('run the check as the owner of %s', t.name);
                RETURN NEXT;
            END LOOP;

            EXECUTE format('SELECT count(*), ARRAY[%s]::bigint[] FROM %s AS t', array_to_string(asked, ', '), t.source)
            INTO rows, counts;

            FOR c IN
                SELECT f.name, f.kind, f.n, f.i
                FROM (
                    SELECT u.name, u.i, e.kind, counts[(2 * u.i - 1 + e.kind)::int] AS n
                    FROM unnest(columns) WITH ORDINALITY AS u (name, i)
                    CROSS JOIN (VALUES (0), (1)) AS e (kind)
                ) AS f
                WHERE f.n > 0
                ORDER BY f.i, f.kind
            LOOP
                clean := false;
                object := format('%s.%I', t.name, c.name);
                -- An ERP may well hold an empty code, and then an exact copy holds it too.
                status := CASE WHEN c.kind = 1 AND NOT t.is_ours THEN 'warn' ELSE 'fail' END;
                expected := CASE c.kind WHEN 0 THEN 'no NULL' ELSE 'nothing empty' END;
                actual := format(CASE c.kind WHEN 0 THEN '%s NULL' ELSE '%s empty' END, c.n);
                EXECUTE format('SELECT string_agg(f.label, '', '') FROM (SELECT (%s)::text AS label FROM %s AS t WHERE %s ORDER BY %s LIMIT %s) AS f',
                               t.label, t.source,
                               CASE c.kind WHEN 0 THEN format('num_nulls(t.%I) > 0', c.name)
                                           ELSE format('(t.%I::text COLLATE "C") !~ ''[^[:space:]]''', c.name) END,
                               t.label, shown)
                INTO first_rows;
                detail := format('rows %s; first %s', rows, first_rows);
                hint := CASE WHEN t.is_ours THEN 'fill the column in these rows; a constraint that should have refused them is missing or was bypassed'
                             ELSE 'correct the rows in the source and load the table again' END;
                RETURN NEXT;
            END LOOP;

            IF clean THEN
                object := t.name; status := 'pass'; expected := 'no NULL, nothing empty'; actual := expected;
                detail := format('rows %s, required columns %s', rows, cardinality(columns)); hint := NULL;
                RETURN NEXT;
            END IF;
        EXCEPTION
            WHEN insufficient_privilege OR lock_not_available OR transaction_rollback THEN
                object := t.name; status := 'skip'; expected := NULL; actual := NULL; detail := SQLERRM;
                hint := format('run the check again, as the owner of %s', t.name);
                RETURN NEXT;
            WHEN others THEN
                object := t.name; status := 'fail'; expected := NULL; actual := NULL;
                detail := format('%s (SQLSTATE %s)', SQLERRM, SQLSTATE);
                hint := 'the table could not be read: remove the cause and run the check again';
                RETURN NEXT;
        END;
    END LOOP;
END
$$;
COMMENT ON FUNCTION rsl.check_required_columns(text) IS
    'Check: no NULL in a required column, and no empty text in one of schema rsl or in the key of a target of a load';
