CREATE FUNCTION rsl.check_text_decoded(about text DEFAULT NULL)
RETURNS TABLE (object text, status text, expected text, actual text, detail text, hint text)
LANGUAGE plpgsql STABLE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
SET standard_conforming_strings = on
AS $$
#variable_conflict use_column
DECLARE
    shown CONSTANT int := 5;
    t record;
    c record;
    columns text[];
    look text;
    counts bigint[];
    first_rows text;
    clean boolean;
    composed boolean;
    found_any boolean := false;
BEGIN
    FOR t IN
        SELECT v.rel, v.name, v.key_columns, r.source, r.label FROM rsl.verify_tables(about) AS v CROSS JOIN LATERAL rsl.verify_rows(v.rel) AS r
        WHERE v.is_target ORDER BY v.name COLLATE "C"
    LOOP
        found_any := true;
        clean := true;
        object := t.name; expected := NULL; actual := NULL; hint := NULL;
        -- Columns of text that this role may read, and what it may not.
        SELECT array_agg(a.attname::text ORDER BY a.attnum) FILTER (WHERE o.why IS NULL), min(o.why) INTO columns, detail
        FROM pg_attribute AS a
        JOIN pg_type AS y ON y.oid = a.atttypid
        CROSS JOIN LATERAL (SELECT rsl.verify_obstacle(t.rel, ARRAY[a.attname::text]) AS why) AS o
        WHERE a.attrelid = t.rel AND a.attnum > 0 AND NOT a.attisdropped AND y.typcategory = 'S' AND y.typtype <> 'e';
        IF detail IS NOT NULL THEN
            status := 'skip'; hint := format('run the check as the owner of %s', t.name);
            RETURN NEXT;
        ELSIF columns IS NULL THEN
            status := 'skip'; detail := 'no column of this table holds text';
            RETURN NEXT;
        END IF;
        CONTINUE WHEN columns IS NULL;

        BEGIN
            -- A number a column, a bit a fault. Most texts are plain ASCII, which two lengths tell; of those that are not, most have none of
            -- the characters that any fault is made of, which one pattern tells.
            SELECT string_agg(format($f$
                    CASE WHEN octet_length(%1$s) <> length(%1$s) AND (%1$s ~ %2$L OR %1$s IS NOT NFC NORMALIZED) THEN %3$s ELSE 0 END
                    | CASE WHEN strpos(%1$s, '\') > 0 THEN %4$s ELSE 0 END | %5$s AS f%6$s$f$,
                    x.v, E'[\u0080-\u009F\u00B0-\u00C8\u00C2-\u00F4\u200B-\u200D\u2060\uFEFF\uFFFD]',
                    rsl.text_bits(x.v, '{nul,blanks}', false), rsl.text_bits(x.v, '{nul}', true),
                    CASE WHEN x.name = ANY (t.key_columns) THEN rsl.text_bits(x.v, '{blanks}', true) ELSE '0' END, x.i), ', ' ORDER BY x.i)
            INTO look
            FROM (SELECT u.name, u.i, format('(t.%I::text COLLATE "C")', u.name) AS v FROM unnest(columns) WITH ORDINALITY AS u (name, i)) AS x;
            EXECUTE format('SELECT ARRAY[%s]::bigint[] FROM (SELECT %s FROM %s AS t OFFSET 0) AS x',
                (SELECT string_agg(format('count(*) FILTER (WHERE x.f%s & %s <> 0)', u.i, 1 << f.place), ', ' ORDER BY u.i, f.place)
                 FROM unnest(columns) WITH ORDINALITY AS u (name, i), rsl.text_faults() AS f),
                look, t.source)
            INTO counts;

            FOR c IN
                SELECT u.name, f.fault, f.status, f.description, f.hint, n.n, replace(f.condition, '$v', format('(t.%I::text COLLATE "C")', u.name)) AS condition
                FROM unnest(columns) WITH ORDINALITY AS u (name, i)
                CROSS JOIN rsl.text_faults() AS f
                CROSS JOIN LATERAL (SELECT counts[((u.i - 1) * (SELECT count(*) FROM rsl.text_faults()) + f.place)::int] AS n) AS n
                WHERE n.n > 0
                ORDER BY u.i, f.place
            LOOP
                IF c.fault = 'not_nfc' THEN
                    -- A column that is decomposed throughout is somebody's choice.
                    EXECUTE format('SELECT EXISTS (SELECT FROM %s AS t WHERE octet_length(t.%2$I::text) <> length(t.%2$I::text) AND t.%2$I::text IS NFC NORMALIZED)', t.source, c.name)
                    INTO composed;
                    CONTINUE WHEN NOT composed;
                END IF;
                EXECUTE format('SELECT string_agg(f.label, '', '') FROM (SELECT (%1$s)::text AS label FROM %2$s AS t WHERE %3$s ORDER BY %1$s LIMIT %4$s) AS f',
                               t.label, t.source, c.condition, shown)
                INTO first_rows;
                clean := false;
                object := format('%s.%I', t.name, c.name); status := c.status; expected := 'text as it was written';
                actual := format('%s: %s', c.fault, c.n); detail := format('%s; first rows %s', c.description, first_rows); hint := c.hint;
                RETURN NEXT;
            END LOOP;

            IF clean THEN
                object := t.name; status := 'pass'; expected := 'text as it was written'; actual := expected;
                detail := format('columns %s', cardinality(columns)); hint := NULL;
                RETURN NEXT;
            END IF;
        EXCEPTION
            WHEN insufficient_privilege OR lock_not_available OR transaction_rollback THEN
                object := t.name; status := 'skip'; expected := NULL; actual := NULL; detail := SQLERRM;
                hint := format('run the check again, as the owner of %s', t.name);
                RETURN NEXT;
            WHEN others THEN
                object := t.name; status := 'fail'; expected := NULL; actual := NULL; detail := format('%s (SQLSTATE %s)', SQLERRM, SQLSTATE);
                hint := 'the table could not be read: remove the cause and run the check again';
                RETURN NEXT;
        END;
    END LOOP;

    IF NOT found_any AND about IS NOT NULL THEN
        RETURN QUERY SELECT about, 'skip', NULL::text, NULL::text, 'no load has filled this table', NULL::text;
    END IF;
END
$$;
COMMENT ON FUNCTION rsl.check_text_decoded(text) IS
    'Check: no text of a target of a load looks as if it was decoded with the wrong code page, and no key has blanks or invisible characters around it';
