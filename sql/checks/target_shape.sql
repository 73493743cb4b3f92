CREATE FUNCTION rsl.check_target_shape(about text DEFAULT NULL)
RETURNS TABLE (object text, status text, expected text, actual text, detail text, hint text)
LANGUAGE plpgsql STABLE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
SET standard_conforming_strings = on
-- Compiling the query takes longer than running it.
SET jit = off
AS $$
#variable_conflict use_column
DECLARE
    why text := rsl.verify_obstacle('rsl.target_shape');
    here text := rsl.shape_place();
BEGIN
    IF why IS NOT NULL THEN
        RETURN QUERY SELECT 'rsl.target_shape', 'skip', NULL::text, NULL::text, why,
            format('SELECT rsl.grant_access(%L, ''read'')', quote_ident(current_user));
        RETURN;
    END IF;

    RETURN QUERY
    WITH target AS (
        SELECT n.target AS name, rsl.verify_relation(n.target) AS rel, s.shape, s.place, s.load_id
        FROM (SELECT DISTINCT l.target FROM rsl.load AS l WHERE l.status IN ('exact', 'partial')) AS n
        LEFT JOIN rsl.target_shape AS s ON s.target = n.target
        -- A table of schema rsl is looked at by schema_complete.
        WHERE (about IS NULL OR n.target = about) AND NOT starts_with(n.target, 'rsl.')
    ), recorded AS (
        SELECT t.name, k.kind, p.part, p.definition
        FROM target AS t CROSS JOIN jsonb_each(t.shape) AS k (kind, parts) CROSS JOIN jsonb_each_text(k.parts) AS p (part, definition)
        -- Privileges are looked at by a check of their own.
        WHERE t.rel IS NOT NULL AND k.kind <> 'grant'
    ), present AS (
        SELECT t.name, n.kind, n.name AS part, n.definition
        FROM target AS t CROSS JOIN LATERAL rsl.shape_now(t.rel) AS n
        WHERE t.shape IS NOT NULL AND n.kind <> 'grant'
    ), difference AS (
        SELECT name, kind, part, r.definition AS expected, p.definition AS actual
        FROM recorded AS r FULL JOIN present AS p USING (name, kind, part)
        WHERE r.definition IS DISTINCT FROM p.definition
    ), finding AS (
        SELECT d.name, d.kind, d.part, d.expected, d.actual, t.load_id,
               CASE WHEN d.expected IS NULL THEN 'warn'
                    WHEN d.actual IS NOT NULL AND split_part(t.place, 'major', 2) <> split_part(here, 'major', 2)
                    AND d.kind NOT IN ('table', 'owner') THEN 'warn' ELSE 'fail' END AS status
        FROM difference AS d JOIN target AS t USING (name)
        -- What is added refuses more than before, or holds more; but these change or hide what is written and read.
        WHERE (d.expected IS NOT NULL OR d.kind IN ('trigger', 'rule', 'policy'))
          -- An index goes with its constraint: one finding says it.
          AND NOT (d.kind = 'index' AND d.actual IS NULL AND EXISTS (
              SELECT FROM difference AS c WHERE c.name = d.name AND c.kind = 'constraint' AND c.actual IS NULL
                AND d.part LIKE '%.' || replace(replace(replace(c.part, '\', '\\'), '%', '\%'), '_', '\_')))
          -- A function that is called no more: the finding is what called it. So it is with domains.
          AND NOT (d.kind IN ('function', 'domain') AND d.actual IS NULL AND EXISTS (SELECT FROM difference AS c WHERE c.name = d.name AND c.kind NOT IN ('function', d.kind)))
          -- A table that is gone refers to nothing.
          AND NOT (d.kind = 'reference' AND d.actual IS NULL AND rsl.verify_relation((rsl.shape_reference(d.part))[1]) IS NULL)
          -- What was never validated and is now, is the better for it.
          AND d.expected IS DISTINCT FROM d.actual || ' NOT VALID'
          -- Written down in another database, which a restored one is, it may stand in other words: casts and parentheses.
          AND NOT (t.place <> here AND (d.kind <> 'function' OR d.expected ~ 'BEGIN ATOMIC|RETURN ') AND d.expected IS NOT NULL AND d.actual IS NOT NULL
              AND rsl.shape_loosely(d.expected) = rsl.shape_loosely(d.actual))
    )
    SELECT x.object, x.status, x.expected, x.actual, x.detail, x.hint
    FROM (
        SELECT f.name, 1 AS place, f.kind, CASE WHEN f.part = '' THEN f.name WHEN f.kind IN ('index', 'function', 'partition', 'domain', 'reference') THEN f.part ELSE f.name || '.' || f.part END AS object,
               -- A function is long; two of them are told apart by their hashes.
               f.status, CASE WHEN f.expected IS NULL THEN 'none' WHEN f.kind = 'function' THEN rsl.shape_hash(f.expected) ELSE f.expected END AS expected,
               CASE WHEN f.actual IS NULL THEN 'missing' WHEN f.kind = 'function' THEN rsl.shape_hash(f.actual) ELSE f.actual END AS actual,
               concat(format('this %s %s since %s', CASE f.kind WHEN 'table' THEN 'kind of table' WHEN 'function' THEN 'function, which ' || f.name || ' calls,'
                                                       WHEN 'domain' THEN 'domain of ' || f.name WHEN 'reference' THEN 'foreign key to ' || f.name WHEN 'partition' THEN 'partition of ' || f.name ELSE f.kind END,
                             CASE WHEN f.actual IS NULL THEN 'was taken away' WHEN f.expected IS NULL THEN 'has come' ELSE 'was changed' END,
                             coalesce('load ' || f.load_id, 'it was accepted')),
                      CASE WHEN f.expected IS NOT NULL AND f.status = 'warn' THEN '; another version of the server may only write it differently' END) AS detail,
               format('%s; if it is meant to be so: SELECT rsl.shape_accept(%L)',
                      CASE
                          WHEN f.actual IS NULL AND f.kind = 'column' THEN format('ALTER TABLE %s ADD COLUMN %s %s, and load it again%s', f.name, f.part, replace(f.expected, ' not null', ''),
                                  CASE WHEN f.expected LIKE '% not null%' THEN format('; then ALTER TABLE %s ALTER %s SET NOT NULL', f.name, f.part) ELSE '' END)
                          WHEN f.actual IS NULL AND f.kind = 'reference' THEN format('ALTER TABLE %s ADD CONSTRAINT %s %s', (rsl.shape_reference(f.part))[1], (rsl.shape_reference(f.part))[2], f.expected)
                          WHEN f.actual IS NULL AND f.kind = 'constraint' THEN format('ALTER TABLE %s ADD CONSTRAINT %s %s', f.name, f.part, f.expected)
                          WHEN f.actual IS NULL AND f.kind IN ('index', 'trigger', 'rule') THEN rtrim(f.expected, ';')
                          WHEN f.kind = 'owner' THEN format('ALTER TABLE %s OWNER TO %s', f.name, f.expected)
                          WHEN f.kind = 'trigger' AND starts_with(f.actual, f.expected) THEN format('ALTER TABLE %s ENABLE TRIGGER %s', f.name, f.part)
                          WHEN f.expected IS NULL THEN format('DROP %s %s ON %s', upper(f.kind), f.part, f.name)
                          WHEN f.kind = 'function' THEN format('SELECT shape -> ''function'' ->> %L FROM rsl.target_shape WHERE target = %L shows how it was', f.part, f.name)
                          WHEN f.actual IS NULL AND f.kind = 'partition' THEN 'if it was detached, attach it again; its rows are not in the table any more'
                          WHEN f.kind = 'constraint' THEN format('ALTER TABLE %1$s DROP CONSTRAINT %2$s, ADD CONSTRAINT %2$s %3$s', f.name, f.part, f.expected)
                          ELSE 'put it back as it is in expected'
                      END, f.name) AS hint
        FROM finding AS f
        UNION ALL
        SELECT t.name, 0, '', t.name, CASE WHEN t.shape IS NULL THEN 'warn' ELSE 'fail' END,
               CASE WHEN t.shape IS NULL THEN NULL ELSE 'the table as recorded' END, CASE WHEN t.rel IS NULL THEN 'missing' END,
               CASE WHEN t.rel IS NULL THEN 'the table is gone, or has another name' ELSE 'what this table looks like was never recorded' END,
               CASE WHEN t.rel IS NULL THEN 'restore it, or load it again' ELSE format('SELECT rsl.shape_accept(%L)', t.name) END
        FROM target AS t WHERE t.rel IS NULL OR t.shape IS NULL
        UNION ALL
        SELECT s.target, 0, '', s.target, 'warn', 'its loads in rsl.load', 'missing', 'the table was loaded, and no load of it is in the books any more',
               format('find out who deleted them; if the table is not to be looked at any more: DELETE FROM rsl.target_shape WHERE target = %L', s.target)
        FROM rsl.target_shape AS s WHERE (about IS NULL OR s.target = about) AND NOT EXISTS (SELECT FROM rsl.load AS l WHERE l.target = s.target)
        UNION ALL
        SELECT t.name, 0, '', t.name, 'pass', 'as recorded', 'as recorded',
               concat_ws('; ',
                   (SELECT string_agg(format('%s %s', k.n, CASE WHEN k.n = 1 THEN k.kind WHEN k.kind = 'index' THEN 'indexes' WHEN k.kind = 'policy' THEN 'policies' ELSE k.kind || 's' END), ', ' ORDER BY k.kind)
                    FROM (SELECT p.kind, count(*) AS n FROM present AS p WHERE p.name = t.name AND p.kind NOT IN ('table', 'owner') GROUP BY p.kind) AS k),
                   (SELECT 'new since: ' || string_agg(format('%s %s', d.kind, d.part), ', ' ORDER BY d.kind, d.part COLLATE "C")
                    FROM difference AS d WHERE d.name = t.name AND d.expected IS NULL)),
               NULL
        FROM target AS t
        WHERE t.rel IS NOT NULL AND t.shape IS NOT NULL AND NOT EXISTS (SELECT FROM finding AS f WHERE f.name = t.name)
    ) AS x
    ORDER BY x.name COLLATE "C", x.place, x.kind, x.object COLLATE "C";

    IF NOT FOUND AND about IS NOT NULL THEN
        RETURN QUERY SELECT about, 'skip', NULL::text, NULL::text,
            CASE WHEN starts_with(about, 'rsl.') THEN 'schema_complete looks at the tables of schema rsl' ELSE 'no load has filled this table' END, NULL::text;
    END IF;
END
$$;
COMMENT ON FUNCTION rsl.check_target_shape(text) IS
    'Check: every target of a load has the columns, domains, constraints, indexes, triggers, rules, policies, functions, partitions and owner that were recorded of it';
