-- Values to try, as text, of which a check may refuse one. Each constraint is another; these are what people forbid.
CREATE FUNCTION rsl.constraint_candidates(column_type oid, modifier int) RETURNS SETOF text
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
SET standard_conforming_strings = on
AS $$
    WITH base AS (
        SELECT coalesce(nullif(y.typbasetype, 0), y.oid) AS oid, y.typcategory, y.typtype FROM pg_type AS y WHERE y.oid = column_type
    )
    SELECT u.value
    FROM base AS b
    CROSS JOIN LATERAL unnest(CASE
        WHEN b.typtype = 'e' THEN ARRAY(SELECT e.enumlabel::text FROM pg_enum AS e WHERE e.enumtypid = b.oid ORDER BY e.enumsortorder)
        WHEN b.typcategory = 'N' THEN ARRAY['-1', '0', '1', '-999', '999', '32767', '-32768', '2147483647', '1000000000000', '0.5', 'NaN']
        WHEN b.typcategory = 'S' THEN ARRAY['', ' ', '?', 'A', 'a', '0', '~rsl~', repeat('x', least(greatest(modifier - 4, 1), 2000)), repeat('x', 300)]
        WHEN b.typcategory = 'B' THEN ARRAY['false', 'true']
        WHEN b.typcategory = 'D' THEN ARRAY['infinity', '-infinity', '0001-01-01', '1899-12-31', '9999-12-31', '00:00', '23:59:59']
        WHEN b.typcategory = 'T' THEN ARRAY['-1 day', '0', '100 years']
        WHEN b.typcategory = 'A' THEN ARRAY['{}', '{NULL}']
        WHEN b.oid IN ('json'::regtype, 'jsonb'::regtype) THEN ARRAY['null', '0', '""', '[]', '{}', '[0]', '{"": 0}']
        WHEN b.oid = 'uuid'::regtype THEN ARRAY['00000000-0000-0000-0000-000000000000', 'ffffffff-ffff-ffff-ffff-ffffffffffff']
        WHEN b.oid = 'bytea'::regtype THEN ARRAY['', '\x00']
        WHEN b.typcategory = 'R' THEN ARRAY['empty', '(,)']
    END) WITH ORDINALITY AS u (value, i)
    ORDER BY u.i
$$;
COMMENT ON FUNCTION rsl.constraint_candidates(oid, int) IS 'part of rsl.check_constraints_bite: values of a type, as text, that a constraint may refuse';
