-- The statements with which rows of staging (s) go into the target (t). They run with the caller's search_path: every name and
-- operator in them is qualified.

-- The value of a column of staging as the target has it: the rules of a domain and the labels of an enum are looked at here.
CREATE FUNCTION rsl.load_staged(target regclass, staging regclass, column_name text) RETURNS text
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
    SELECT CASE WHEN t.atttypid = s.atttypid OR y.typtype NOT IN ('d', 'e') THEN format('s.%I', column_name)
        ELSE format('s.%I::%s', column_name, format_type(t.atttypid, t.atttypmod)) END
    FROM pg_attribute t JOIN pg_type y ON y.oid = t.atttypid, pg_attribute s
    WHERE t.attrelid = target AND t.attname = column_name AND s.attrelid = staging AND s.attname = column_name
$$;
COMMENT ON FUNCTION rsl.load_staged(regclass, regclass, text) IS 'part of rsl.load_finish: SQL of a value of staging in the type of the target';

CREATE FUNCTION rsl.load_insert_sql(target regclass, staging regclass, columns text[]) RETURNS text
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
    SELECT format('INSERT INTO %s (%s) OVERRIDING SYSTEM VALUE SELECT %s FROM %s s', target, string_agg(quote_ident(c), ', ' ORDER BY n),
        string_agg(rsl.load_staged(target, staging, c), ', ' ORDER BY n), staging)
    FROM unnest(columns) WITH ORDINALITY u (c, n)
$$;
COMMENT ON FUNCTION rsl.load_insert_sql(regclass, regclass, text[]) IS 'part of rsl.load_finish: the statement that inserts all rows; a condition on s may be added';

-- Rows of other tables that go with rows of a table, or lose what they refer to, because their foreign key says so.
-- gone: the condition on t under which its rows go.
CREATE FUNCTION rsl.load_dependents(target regclass, gone text) RETURNS jsonb
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    k record;
    rows bigint;
    result jsonb := '{}';
BEGIN
    FOR k IN
        SELECT f.conrelid::regclass AS child,
            string_agg(format('t.%I OPERATOR(%I.%s) c.%I', p.attname, n.nspname, o.oprname, c.attname), ' AND ' ORDER BY u.place) AS condition
        FROM pg_constraint f
        CROSS JOIN LATERAL unnest(f.conkey, f.confkey, f.conpfeqop) WITH ORDINALITY u (child, parent, equal, place)
        JOIN pg_attribute c ON c.attrelid = f.conrelid AND c.attnum = u.child
        JOIN pg_attribute p ON p.attrelid = f.confrelid AND p.attnum = u.parent
        JOIN pg_operator o ON o.oid = u.equal
        JOIN pg_namespace n ON n.oid = o.oprnamespace
        WHERE f.contype = 'f' AND f.confrelid = target AND f.conrelid <> target AND f.confdeltype IN ('c', 'n', 'd') AND f.conparentid = 0
        GROUP BY f.oid, f.conrelid
    LOOP
        EXECUTE format('SELECT count(*) FROM %s c WHERE EXISTS (SELECT FROM %s t WHERE %s AND %s)', k.child, target, k.condition, gone) INTO rows;
        result := result || CASE WHEN rows > 0 THEN jsonb_build_object(k.child::text, rows + coalesce((result ->> k.child::text)::bigint, 0)) ELSE '{}' END;
    END LOOP;
    RETURN result;
END $$;
COMMENT ON FUNCTION rsl.load_dependents(regclass, text) IS
    'part of rsl.load_finish and rsl.load_undo: {table: rows} that ON DELETE CASCADE, SET NULL or SET DEFAULT would delete or change with rows of a table';

CREATE FUNCTION rsl.load_dependents_in_words(dependents jsonb) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
    SELECT string_agg(format('%s: %s', d.key, d.value), ', ' ORDER BY d.key COLLATE "C") FROM jsonb_each_text(dependents) d
$$;
COMMENT ON FUNCTION rsl.load_dependents_in_words(jsonb) IS 'rsl.load_dependents for people';

-- kept: a table with keys of rows that stay although staging does not have them; null if there are none.
CREATE FUNCTION rsl.load_gone(staging regclass, kept text, same_key text) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
    SELECT format('NOT EXISTS (SELECT FROM %s s WHERE %s)%s', staging, same_key,
        CASE WHEN kept IS NOT NULL THEN format(' AND NOT EXISTS (SELECT FROM %s s WHERE %s)', kept, same_key) ELSE '' END)
$$;
COMMENT ON FUNCTION rsl.load_gone(regclass, text, text) IS 'part of rsl.load_finish: the condition under which a replace deletes a row of the target: the source does not have it';

-- gone: the condition under which rows are deleted, if any are; those: a condition on s, which leaves out the other rows.
CREATE FUNCTION rsl.load_upsert_sql(target regclass, staging regclass, columns text[], key text[], gone text, those text) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    same_key text := rsl.load_key_condition(target, key);
    others text[];
BEGIN
    -- Keys that are equal may still differ, as 1.0 and 1.00 or the cases of a citext do: those are written, too.
    others := ARRAY(SELECT c FROM unnest(columns) WITH ORDINALITY u (c, n)
        JOIN pg_attribute a ON a.attrelid = target AND a.attname = c
        LEFT JOIN pg_collation l ON l.oid = a.attcollation
        WHERE c <> ALL (key) OR NOT (a.atttypid = ANY ('{bool,int2,int4,int8,date,time,timestamp,timestamptz,uuid,bytea}'::regtype[])
            OR a.atttypid = ANY ('{text,varchar}'::regtype[]) AND l.collisdeterministic)
        ORDER BY n);
    -- One statement, so that foreign keys are looked at once, when all rows are in place.
    RETURN format($merge$
        WITH gone AS (%s), changed AS (%s),
        new AS (%s WHERE %sNOT EXISTS (SELECT FROM %s t WHERE %s) RETURNING 1)
        SELECT (SELECT pg_catalog.count(*) FROM gone), (SELECT pg_catalog.count(*) FROM changed), (SELECT pg_catalog.count(*) FROM new)$merge$,
        CASE WHEN gone IS NULL THEN 'SELECT 1 WHERE false' ELSE format('DELETE FROM %s t WHERE %s RETURNING 1', target, gone) END,
        CASE WHEN others <> '{}'
            THEN format('UPDATE %s t SET %s FROM %s s WHERE %s%s AND ROW(%s)::pg_catalog.record OPERATOR(pg_catalog.*<>) ROW(%s)::pg_catalog.record RETURNING 1', target,
                (SELECT string_agg(format('%I = %s', c, rsl.load_staged(target, staging, c)), ', ') FROM unnest(others) c), staging,
                those || ' AND ', same_key,
                -- Compared as they are staged: a value that the type of the target refuses must not end the comparison of all others.
                (SELECT string_agg(CASE WHEN rsl.load_staged(target, staging, c) = format('s.%I', c) THEN format('t.%I', c)
                    ELSE format('t.%I::%s', c, format_type(a.atttypid, a.atttypmod)) END, ', ' ORDER BY n)
                    FROM unnest(others) WITH ORDINALITY u (c, n) JOIN pg_attribute a ON a.attrelid = staging AND a.attname = c),
                rsl.column_list('s', others))
            ELSE 'SELECT 1 WHERE false' END,
        rsl.load_insert_sql(target, staging, columns), those || ' AND ', target, same_key);
END $$;
COMMENT ON FUNCTION rsl.load_upsert_sql(regclass, regclass, text[], text[], text, text) IS
    'part of rsl.load_finish: the statement that updates and inserts rows by key; gives how many were deleted, updated and inserted';
