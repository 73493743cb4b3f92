-- What loads, audit, phases and freshness all ask of a table.

CREATE FUNCTION rsl.is_system_table(target regclass) RETURNS boolean
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
    SELECT EXISTS (SELECT FROM pg_class
        WHERE oid = target AND (relnamespace = ANY ('{pg_catalog,information_schema,pg_toast,rsl_stage,rsl_audit}'::regnamespace[])
            OR relnamespace = 'rsl'::regnamespace
                AND (relname IN ('load', 'load_chunk', 'load_part', 'load_sketch', 'reject', 'run', 'manifest', 'phase_history', 'target_shape') OR relname ~ '^audit_')))
$$;
COMMENT ON FUNCTION rsl.is_system_table(regclass) IS
    'Whether a table belongs to PostgreSQL, or is one that only functions of the extension write to: such a table is neither loaded nor tracked';

CREATE FUNCTION rsl.primary_key(target regclass) RETURNS text[]
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
    SELECT array_agg(a.attname::text ORDER BY k.n)
    FROM pg_index AS i
    CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS k (attnum, n)
    JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
    WHERE i.indrelid = target AND i.indisprimary AND k.n <= i.indnkeyatts
$$;
COMMENT ON FUNCTION rsl.primary_key(regclass) IS 'The columns of the primary key of a table, in their order; null if it has none';
