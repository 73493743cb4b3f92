CREATE FUNCTION rsl.check_unique_keys(about text DEFAULT NULL)
RETURNS TABLE (object text, status text, expected text, actual text, detail text, hint text)
LANGUAGE plpgsql STABLE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    shown CONSTANT int := 5;
    t record;
    names text;
    why text;
    doubled bigint;
    first_keys text;
BEGIN
    FOR t IN
        SELECT v.rel, v.name, v.key_columns, r.source,
               (SELECT string_agg(quote_ident(u.name), ', ' ORDER BY u.i) FROM unnest(v.key_columns) WITH ORDINALITY AS u (name, i)) AS names,
               (SELECT string_agg(format('t.%I', u.name), ', ' ORDER BY u.i) FROM unnest(v.key_columns) WITH ORDINALITY AS u (name, i)) AS columns,
               (SELECT string_agg(quote_ident(u.name), ', ' ORDER BY u.i) FROM unnest(v.key_columns) WITH ORDINALITY AS u (name, i)
                WHERE NOT EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = v.rel AND a.attname = u.name AND NOT a.attisdropped)) AS gone,
               k.index, k.faults
        FROM rsl.verify_tables(about) AS v
        CROSS JOIN LATERAL rsl.verify_rows(v.rel) AS r
        LEFT JOIN LATERAL (
            SELECT i.indexrelid::regclass AS index, concat_ws(', ', CASE WHEN NOT i.indisvalid OR NOT i.indisready THEN 'not valid' END,
                       CASE WHEN NOT i.indimmediate THEN 'deferrable' END, CASE WHEN i.indpred IS NOT NULL THEN 'partial' END) AS faults
            FROM pg_index AS i
            WHERE i.indrelid = v.rel AND i.indisunique AND i.indexprs IS NULL
              -- A part of the key that is unique makes all of it unique.
              AND (SELECT bool_and(a.attname = ANY (v.key_columns)) FROM unnest(i.indkey[0:i.indnkeyatts - 1]) AS c (attnum)
                   JOIN pg_attribute AS a ON a.attrelid = v.rel AND a.attnum = c.attnum)
            ORDER BY i.indisvalid AND i.indisready AND i.indimmediate AND i.indpred IS NULL DESC, i.indisprimary DESC, i.indexrelid::regclass::text COLLATE "C"
            LIMIT 1
        ) AS k ON true
        WHERE v.key_columns IS NOT NULL
        ORDER BY v.name COLLATE "C"
    LOOP
        names := format('%s (%s)', t.name, t.names);
        object := names; status := 'pass'; expected := 'a valid, immediate, whole unique index'; actual := t.index::text; detail := NULL; hint := NULL;
        IF t.index IS NULL OR t.faults <> '' THEN
            status := 'fail'; actual := CASE WHEN t.index IS NULL THEN 'no unique index' ELSE format('%s: %s', t.index, t.faults) END;
            hint := CASE WHEN t.faults LIKE 'not valid%' THEN format('REINDEX INDEX %s', t.index)
                         ELSE format('CREATE UNIQUE INDEX ON %s (%s)', t.name, t.names) END;
            why := rsl.verify_obstacle(t.rel, t.key_columns);
            IF t.gone IS NOT NULL THEN
                detail := format('the key has lost its column %s', t.gone); hint := 'put the column back, or load the table by another key';
            ELSIF why IS NOT NULL THEN
                detail := format('duplicates were not looked for: %s', why);
            ELSE
                BEGIN
                    -- Without indexes: a damaged one would hide what is looked for. NULLs are never the same key.
                    EXECUTE format(
                        'SELECT count(*), string_agg(d.key, '', '' ORDER BY d.key COLLATE "C") FILTER (WHERE d.place <= %s)
                         FROM (SELECT ROW(%s)::text AS key, row_number() OVER (ORDER BY ROW(%2$s)::text COLLATE "C") AS place
                               FROM (SELECT * FROM %s OFFSET 0) AS t WHERE num_nulls(%2$s) = 0 GROUP BY %2$s HAVING count(*) > 1) AS d',
                        shown, t.columns, t.source)
                    INTO doubled, first_keys;
                    detail := CASE WHEN doubled = 0 THEN 'no key is there twice yet' ELSE format('keys that are there more than once: %s; first %s', doubled, first_keys) END;
                    IF doubled > 0 THEN
                        hint := format('remove the rows that are too many, then %s', hint);
                    END IF;
                EXCEPTION
                    WHEN insufficient_privilege OR lock_not_available OR transaction_rollback THEN
                        detail := format('duplicates were not looked for: %s', SQLERRM);
                    WHEN others THEN
                        detail := format('%s (SQLSTATE %s)', SQLERRM, SQLSTATE);
                END;
            END IF;
        END IF;
        RETURN NEXT;
    END LOOP;

    IF object IS NULL AND about IS NOT NULL THEN
        RETURN QUERY SELECT about, 'skip', NULL::text, NULL::text, 'no load has filled this table by a key', NULL::text;
    END IF;
END
$$;
COMMENT ON FUNCTION rsl.check_unique_keys(text) IS
    'Check: the key by which a target was loaded is kept unique by an index, or it names the keys that are there twice';
