CREATE FUNCTION rsl.check_indexes_valid(about text DEFAULT NULL)
RETURNS TABLE (object text, status text, expected text, actual text, detail text, hint text)
LANGUAGE plpgsql STABLE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH found AS (
        SELECT m.name, c.oid::regclass::text AS index, i.indisvalid AND i.indisready AND i.indislive AS usable, c.relkind,
               concat_ws(', ', CASE WHEN NOT i.indisvalid THEN 'not valid' END, CASE WHEN NOT i.indisready THEN 'not ready' END,
                         CASE WHEN NOT i.indislive THEN 'being dropped' END) AS faults,
               concat_ws('; ', format('on %s', m.member),
                         CASE WHEN NOT i.indisready OR NOT i.indislive THEN 'new rows do not come into it' END,
                         CASE WHEN NOT i.indisvalid THEN 'no query uses it' END,
                         CASE WHEN i.indisunique THEN 'it does not surely keep keys unique' END) AS detail
        FROM rsl.verify_members(about) AS m
        JOIN pg_index AS i ON i.indrelid = m.member
        JOIN pg_class AS c ON c.oid = i.indexrelid
    )
    SELECT x.object, x.status, x.expected, x.actual, x.detail, x.hint
    FROM (
        SELECT f.name, f.index AS object, 'fail' AS status, 'valid' AS expected, f.faults AS actual, f.detail,
               CASE f.relkind WHEN 'I' THEN format('create what is missing on the partitions, and ALTER INDEX %s ATTACH PARTITION each', f.index)
                    ELSE format('REINDEX INDEX %s', f.index) END AS hint
        FROM found AS f WHERE NOT f.usable
        UNION ALL
        SELECT f.name, f.name, 'pass', 'valid', 'valid', format('indexes %s', count(*)), NULL
        FROM found AS f GROUP BY f.name HAVING bool_and(f.usable)
    ) AS x
    ORDER BY x.name COLLATE "C", x.object COLLATE "C";

    IF NOT FOUND AND about IS NOT NULL THEN
        RETURN QUERY SELECT about, 'skip', NULL::text, NULL::text, 'this table has no index', NULL::text;
    END IF;
END
$$;
COMMENT ON FUNCTION rsl.check_indexes_valid(text) IS
    'Check: every index of schema rsl and of the targets of loads, and of their partitions, is valid, ready and live';
