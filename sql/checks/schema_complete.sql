CREATE FUNCTION rsl.check_schema_complete(about text DEFAULT NULL)
RETURNS TABLE (object text, status text, expected text, actual text, detail text, hint text)
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    IF NOT EXISTS (SELECT FROM rsl.manifest) THEN
        RETURN QUERY SELECT 'rsl.manifest', 'fail', 'a list of what was installed', 'no row',
            'without the list nothing can be compared',
            'DROP EXTENSION and CREATE EXTENSION in another database, and copy rsl.manifest from there';
        RETURN;
    END IF;

    RETURN QUERY
    WITH installed AS (
        SELECT m.kind, m.parent, m.name, m.definition FROM rsl.manifest AS m
        WHERE m.kind <> 'server' AND (about IS NULL OR m.parent = about OR m.name = about)
    ), present AS MATERIALIZED (
        SELECT m.kind, m.parent, m.name, m.definition FROM rsl.manifest_now() AS m
    ), present_about AS (
        SELECT p.* FROM present AS p
        WHERE p.kind <> 'server' AND (about IS NULL OR p.parent = about OR p.name = about)
    ), server AS (
        SELECT m.definition AS then_major, p.definition AS now_major
        FROM rsl.manifest AS m, present AS p
        WHERE m.kind = 'server' AND p.kind = 'server'
    ), difference AS (
        SELECT coalesce(i.kind, p.kind) AS kind, coalesce(i.parent, p.parent) AS parent, coalesce(i.name, p.name) AS name,
               i.definition AS expected, p.definition AS actual
        FROM installed AS i
        FULL JOIN present_about AS p ON p.kind = i.kind AND p.name = i.name
        WHERE i.definition IS DISTINCT FROM p.definition
    ), finding AS (
        SELECT d.*, substr(d.name, length(d.parent) + 2) AS part,
               CASE
                   WHEN d.expected IS NULL THEN 'warn'
                   WHEN d.actual IS NULL THEN 'fail'
                   -- Another server version may write the same thing in other words.
                   WHEN d.kind NOT IN ('function', 'table', 'sequence', 'type')
                        AND EXISTS (SELECT FROM server AS s WHERE s.then_major <> s.now_major) THEN 'warn'
                   ELSE 'fail'
               END AS status
        FROM difference AS d
        WHERE CASE
            WHEN d.expected IS NOT NULL THEN
                -- What belongs to a missing table is missing with it, and an index with its constraint: one finding says it.
                (d.name = d.parent OR d.kind IN ('function', 'type') OR EXISTS (
                    SELECT FROM present AS p WHERE p.name = d.parent AND p.kind IN ('table', 'view')))
                AND NOT (d.kind = 'index' AND d.actual IS NULL AND EXISTS (
                    SELECT FROM difference AS c
                    WHERE c.kind = 'constraint' AND c.actual IS NULL AND c.parent = d.parent
                      AND c.name = d.parent || substr(d.name, length('rsl') + 1)))
            ELSE
                -- An index more harms nobody, and RSL's own triggers are put on tables on request.
                d.kind <> 'index'
                AND NOT (d.kind = 'trigger' AND d.actual LIKE '% EXECUTE FUNCTION rsl.%' AND d.actual NOT LIKE '% (disabled)')
                AND (d.name = d.parent OR d.kind IN ('function', 'type') OR EXISTS (
                    SELECT FROM rsl.manifest AS m WHERE m.name = d.parent AND m.kind IN ('table', 'view')))
        END
    )
    SELECT f.name, f.status, coalesce(f.expected, 'not there'), coalesce(f.actual, 'missing'),
           CASE
               WHEN f.expected IS NULL THEN format('this %s is not part of the extension', f.kind)
               WHEN f.actual IS NULL THEN format('this %s is missing', f.kind)
               WHEN f.status = 'warn' THEN format('installed on server version %s and read on %s: the two may only write it differently', s.then_major, s.now_major)
               WHEN f.kind = 'function' THEN 'this function is not the one that was installed'
               ELSE format('this %s was changed', f.kind)
           END,
           CASE
               WHEN f.expected IS NULL THEN 'move it to a schema of its own, or drop it'
               WHEN f.actual IS NULL AND f.kind = 'column' THEN format('ALTER TABLE %s ADD COLUMN %s %s', f.parent, f.part, f.expected)
               WHEN f.actual IS NULL AND f.kind = 'constraint' THEN format('ALTER TABLE %s ADD CONSTRAINT %s %s', f.parent, f.part, f.expected)
               WHEN f.actual IS NULL AND f.kind IN ('index', 'trigger', 'rule') THEN f.expected
               WHEN f.kind = 'index' AND f.actual LIKE '% (invalid)' THEN format('REINDEX INDEX %s', f.name)
               WHEN f.kind = 'constraint' AND f.actual = f.expected || ' NOT VALID' THEN format('ALTER TABLE %s VALIDATE CONSTRAINT %s', f.parent, f.part)
               WHEN f.kind = 'trigger' AND starts_with(f.actual, f.expected) THEN format('ALTER TABLE %s ENABLE TRIGGER %s', f.parent, f.part)
               ELSE format('put it back as it is in expected; the extension''s script for version %s has it in full',
                           (SELECT x.extversion FROM pg_extension AS x WHERE x.extname = 'rsl'))
           END
    FROM finding AS f
    LEFT JOIN server AS s ON true
    UNION ALL
    SELECT p.parent, 'pass', 'as installed', 'as installed', string_agg(format('%s %s%s', p.n, p.kind, CASE WHEN p.n > 1 THEN CASE p.kind WHEN 'index' THEN 'es' ELSE 's' END END), ', ' ORDER BY p.kind), NULL
    FROM (
        SELECT i.parent, i.kind, count(*) AS n FROM installed AS i
        WHERE NOT EXISTS (SELECT FROM finding AS f WHERE f.parent = i.parent)
        GROUP BY i.parent, i.kind
    ) AS p
    GROUP BY p.parent
    ORDER BY 1, 2, 3, 4;
END
$$;
COMMENT ON FUNCTION rsl.check_schema_complete(text) IS
    'Check: the catalogue of schema rsl against rsl.manifest; names what is missing, changed, not valid, disabled or added';
