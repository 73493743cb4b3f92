CREATE FUNCTION rsl.column_list(row_sql text, columns text[]) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
    SELECT coalesce(string_agg(format('%s.%I', row_sql, c), ', ' ORDER BY n), '') FROM unnest(columns) WITH ORDINALITY u (c, n)
$$;
COMMENT ON FUNCTION rsl.column_list(text, text[]) IS 'SQL text: these columns of an alias, or of a row in parentheses, with commas between; the first argument is taken as it stands';

-- The call of an aggregate over the columns of an alias, as SQL text. A function takes 100 arguments; wider
-- tables go through a row, which costs the making of it.
CREATE FUNCTION rsl.aggregate_call(over_columns text, over_row text, alias text, columns text[]) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
    SELECT CASE WHEN cardinality(columns) <= 90 THEN format('rsl.%I(%s)', over_columns, list) ELSE format('rsl.%I(ROW(%s))', over_row, list) END
    FROM rsl.column_list(alias, columns) AS list
$$;
COMMENT ON FUNCTION rsl.aggregate_call(text, text, text, text[]) IS 'SQL text: an aggregate of rsl over columns of an alias';

-- The columns asked for, checked; all columns in order when none are.
CREATE FUNCTION rsl.table_columns(target regclass, columns text[]) RETURNS text[]
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    present text[] := (SELECT array_agg(attname ORDER BY attnum) FROM pg_attribute
        WHERE attrelid = target AND attnum > 0 AND NOT attisdropped);
    missing text;
BEGIN
    IF present IS NULL THEN
        RAISE EXCEPTION 'table % has no columns', target USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF columns IS NULL THEN
        RETURN present;
    END IF;
    SELECT c INTO missing FROM unnest(columns) c WHERE c <> ALL (present) OR c IS NULL LIMIT 1;
    IF FOUND OR cardinality(columns) = 0 THEN
        RAISE EXCEPTION 'table % has no column "%"', target, coalesce(missing, '')
            USING ERRCODE = 'undefined_column', HINT = 'Its columns are: ' || array_to_string(present, ', ') || '.';
    END IF;
    RETURN columns;
END $$;
COMMENT ON FUNCTION rsl.table_columns(regclass, text[]) IS 'the columns asked for, or all in order; 42703 for one that is not there';

CREATE FUNCTION rsl.table_digest(target regclass, columns text[] DEFAULT NULL) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    result text;
BEGIN
    IF target IS NULL THEN
        RETURN NULL;
    END IF;
    EXECUTE format('SELECT %s FROM %s t',
        rsl.aggregate_call('digest_columns', 'digest', 't', rsl.table_columns(target, columns)), target) INTO result;
    RETURN result;
END $$;
COMMENT ON FUNCTION rsl.table_digest(regclass, text[]) IS
    'digest over the rows of a table, or over some of its columns, in the order given: ''count:48 hexadecimal digits''; two tables hold the same rows when it is equal';

CREATE FUNCTION rsl.table_witness(target regclass, columns text[] DEFAULT NULL) RETURNS jsonb
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    names text[];
    result jsonb;
BEGIN
    IF target IS NULL THEN
        RETURN NULL;
    END IF;
    names := rsl.table_columns(target, columns);
    EXECUTE format('SELECT %s FROM %s t', rsl.aggregate_call('witness', 'row_witness', 't', names), target) INTO result;
    RETURN rsl.name_columns(result, names);
END $$;
COMMENT ON FUNCTION rsl.table_witness(regclass, text[]) IS
    'rows, digest and per column digest, NULLs, exact sum (a decimal string, of integer and numeric columns), min and max (of numbers, dates and times) and length (characters of texts, bytes of bytea) of a table: {rows, digest, columns: {name: {digest, nulls, sum, min, max, length, astral}}}';

CREATE FUNCTION rsl.name_columns(witness jsonb, names text[]) RETURNS jsonb
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $$
    SELECT witness || jsonb_build_object('columns', (SELECT coalesce(jsonb_object_agg(name, account), '{}')
        FROM ROWS FROM (unnest(names), jsonb_array_elements(witness -> 'columns')) u(name, account) WHERE account IS NOT NULL))
$$;
COMMENT ON FUNCTION rsl.name_columns(jsonb, text[]) IS 'the result of rsl.witness with its columns by name';
