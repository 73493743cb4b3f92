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

-- Domains, also over domains, count as what they are made of.
CREATE FUNCTION rsl.base_type(of_type oid) RETURNS regtype
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
    WITH RECURSIVE down AS (
        SELECT y.oid, y.typtype, y.typbasetype FROM pg_type y WHERE y.oid = of_type
        UNION ALL
        SELECT y.oid, y.typtype, y.typbasetype FROM down d JOIN pg_type y ON y.oid = d.typbasetype WHERE d.typtype = 'd'
    )
    SELECT d.oid::regtype FROM down d WHERE d.typtype <> 'd'
$$;
COMMENT ON FUNCTION rsl.base_type(oid) IS 'The type that a domain is made of; any other type itself';

-- A cast may be the function of whoever made the type, and would run with the rights of whoever looks; the output of a type is the server's.
CREATE FUNCTION rsl.output_sql(value text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
    SELECT format('CASE WHEN num_nonnulls(%1$s) = 1 THEN format(''%%s'', %1$s) END', value)
$$;
COMMENT ON FUNCTION rsl.output_sql(text) IS 'SQL text: a value as its type writes it, without a cast; NULL of NULL';

CREATE FUNCTION rsl.key_sql(target regclass, alias text, key_columns text[]) RETURNS text
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
    SELECT format('jsonb_build_object(%s)', string_agg(format('%L, %s', k.name,
        -- Only the server's own types are turned into JSON, values of others are their texts.
        CASE WHEN b.typnamespace = 'pg_catalog'::regnamespace THEN v.value ELSE rsl.output_sql(v.value) END), ', ' ORDER BY k.place))
    FROM unnest(key_columns) WITH ORDINALITY k (name, place)
    JOIN pg_attribute a ON a.attrelid = target AND a.attname = k.name AND NOT a.attisdropped
    JOIN pg_type b ON b.oid = rsl.base_type(a.atttypid)
    CROSS JOIN LATERAL format('%s.%I', alias, k.name) v (value)
$$;
COMMENT ON FUNCTION rsl.key_sql(regclass, text, text[]) IS 'SQL text: the key of a row of an alias as jsonb, as rsl.audit_log and rsl.phase_history have it';
