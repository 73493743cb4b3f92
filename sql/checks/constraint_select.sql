CREATE FUNCTION rsl.constraint_row(part oid, place tid) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT format('t.tableoid OPERATOR(pg_catalog.=) %s::pg_catalog.oid AND t.ctid OPERATOR(pg_catalog.=) %L::pg_catalog.tid', part, place)
$$;
COMMENT ON FUNCTION rsl.constraint_row(oid, tid) IS 'part of rsl.check_constraints_bite: the condition that finds one row t again';

CREATE FUNCTION rsl.constraint_select(rel regclass, source text, changed int2, value text, place text, named boolean DEFAULT false) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT format('SELECT %s FROM %s AS t WHERE %s',
        string_agg(CASE WHEN a.attnum = changed THEN value ELSE format('t.%I', a.attname) END || CASE WHEN named THEN format(' AS %I', a.attname) ELSE '' END, ', ' ORDER BY a.attnum),
        source, place)
    FROM pg_attribute AS a
    WHERE a.attrelid = rel AND a.attnum > 0 AND NOT a.attisdropped AND (named OR a.attgenerated = '')
$$;
COMMENT ON FUNCTION rsl.constraint_select(regclass, text, int2, text, text, boolean) IS 'part of rsl.check_constraints_bite: the SELECT of one row with one value exchanged';
