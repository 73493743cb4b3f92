CREATE FUNCTION rsl.check_foreign_key_indexes(about text DEFAULT NULL)
RETURNS TABLE (object text, status text, expected text, actual text, detail text, hint text)
LANGUAGE plpgsql STABLE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT format('%s.%I', v.name, k.conname), CASE WHEN x.index IS NULL THEN 'warn' ELSE 'pass' END,
           format('an index that begins with (%s)', x.columns), coalesce(x.index, 'none'),
           CASE WHEN x.index IS NULL THEN format('each deletion or change of a key of %s reads all of %s', k.confrelid::regclass, v.name) END,
           CASE WHEN x.index IS NULL THEN format('CREATE INDEX ON %s (%s)', v.name, x.columns) END
    FROM rsl.verify_tables(about) AS v
    JOIN pg_constraint AS k ON k.conrelid = v.rel AND k.contype = 'f'
    CROSS JOIN LATERAL (
        SELECT (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY u.i)
                FROM unnest(k.conkey) WITH ORDINALITY AS u (attnum, i) JOIN pg_attribute AS a ON a.attrelid = k.conrelid AND a.attnum = u.attnum) AS columns,
               (SELECT min(i.indexrelid::regclass::text COLLATE "C")
                FROM pg_index AS i
                JOIN pg_class AS ic ON ic.oid = i.indexrelid JOIN pg_am AS m ON m.oid = ic.relam AND m.amname IN ('btree', 'hash')
                WHERE i.indrelid = k.conrelid AND i.indisvalid AND i.indpred IS NULL AND i.indnkeyatts >= cardinality(k.conkey)
                  -- In any order: all of them are asked for at once.
                  AND (SELECT array_agg(c.attnum ORDER BY c.attnum) FROM unnest(i.indkey[0:cardinality(k.conkey) - 1]) AS c (attnum))
                    = (SELECT array_agg(c.attnum ORDER BY c.attnum) FROM unnest(k.conkey) AS c (attnum))) AS index
    ) AS x
    WHERE v.is_target
      -- A key to a partitioned table is repeated for each of its partitions.
      AND NOT EXISTS (SELECT FROM pg_constraint AS p WHERE p.oid = k.conparentid AND p.conrelid = k.conrelid)
    ORDER BY v.name COLLATE "C", k.conname COLLATE "C";

    IF NOT FOUND AND about IS NOT NULL THEN
        RETURN QUERY SELECT about, 'skip', NULL::text, NULL::text, 'no target of a load, or one without foreign keys', NULL::text;
    END IF;
END
$$;
COMMENT ON FUNCTION rsl.check_foreign_key_indexes(text) IS
    'Check: every foreign key of a target of a load has an index whose leading columns are its columns';
