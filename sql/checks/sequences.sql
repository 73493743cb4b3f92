CREATE FUNCTION rsl.check_sequences(about text DEFAULT NULL)
RETURNS TABLE (object text, status text, expected text, actual text, detail text, hint text)
LANGUAGE plpgsql STABLE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    s record;
    why text;
    next_value numeric;
    edge numeric;
    found_any boolean := false;
BEGIN
    FOR s IN
        SELECT DISTINCT ON (v.name COLLATE "C", a.attnum, q.seqrelid)
               v.rel, v.name, a.attname, a.attidentity <> '' AS is_identity,
               q.seqrelid::regclass AS seq, q.seqincrement, q.seqmin, q.seqmax, q.seqcycle,
               CASE a.atttypid WHEN 'int2'::regtype THEN 32767 WHEN 'int4'::regtype THEN 2147483647 END AS column_max
        FROM rsl.verify_tables(about) AS v
        JOIN pg_attribute AS a ON a.attrelid = v.rel AND a.attnum > 0 AND NOT a.attisdropped
        JOIN (
            -- The sequence of a serial or identity column belongs to it …
            SELECT d.refobjid AS rel, d.refobjsubid AS attnum, d.objid AS seq
            FROM pg_depend AS d
            WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i')
            UNION
            -- … and any other is named in the default.
            SELECT f.adrelid, f.adnum, d.refobjid
            FROM pg_attrdef AS f
            JOIN pg_depend AS d ON d.classid = 'pg_attrdef'::regclass AND d.objid = f.oid AND d.refclassid = 'pg_class'::regclass
        ) AS o ON o.rel = v.rel AND o.attnum = a.attnum
        JOIN pg_sequence AS q ON q.seqrelid = o.seq
        -- A column that is no number makes its values from the sequence in its own way.
        WHERE a.atttypid IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype, 'numeric'::regtype)
        ORDER BY v.name COLLATE "C", a.attnum, q.seqrelid
    LOOP
        found_any := true;
        object := format('%s.%I', s.name, s.attname);
        status := 'pass'; expected := NULL; actual := NULL; detail := NULL; hint := NULL;
        why := coalesce(rsl.verify_obstacle(s.rel, ARRAY[s.attname::text]), rsl.verify_obstacle(s.seq));
        IF why IS NOT NULL THEN
            status := 'skip'; detail := why; hint := format('run the check as the owner of %s', s.name);
            RETURN NEXT;
            CONTINUE;
        END IF;
        BEGIN
            EXECUTE format('SELECT last_value::numeric + CASE WHEN is_called THEN %s ELSE 0 END FROM %s', s.seqincrement, s.seq)
            INTO next_value;
            -- Values that the sequence cannot reach cannot collide with it.
            EXECUTE format('SELECT %1$s(%2$I)::numeric FROM %3$s WHERE %2$I BETWEEN %4$s AND %5$s',
                CASE WHEN s.seqincrement > 0 THEN 'max' ELSE 'min' END, s.attname, s.rel, s.seqmin, s.seqmax)
            INTO edge;
            actual := format('next is %s', next_value);
            detail := format('sequence %s', s.seq);
            IF edge IS NULL THEN
                expected := 'any: no row has a value';
            ELSE
                expected := format(CASE WHEN s.seqincrement > 0 THEN 'above %s' ELSE 'below %s' END, edge);
                IF (next_value - edge) * s.seqincrement <= 0 THEN
                    status := 'fail';
                    detail := format('sequence %s is behind: the next values are taken or will be', s.seq);
                    hint := format('SELECT setval(%L, %s)', s.seq::text, edge);
                END IF;
            END IF;
            IF status = 'pass' AND s.seqcycle AND edge IS NOT NULL THEN
                status := 'warn';
                detail := format('sequence %s begins again at its end, where values may be taken', s.seq);
                hint := format('ALTER SEQUENCE %s NO CYCLE', s.seq);
            END IF;
            IF status = 'pass' AND NOT s.seqcycle AND (
                next_value > least(s.seqmax, s.column_max) OR next_value < s.seqmin) THEN
                status := 'fail';
                expected := format('between %s and %s', s.seqmin, least(s.seqmax, s.column_max));
                detail := format('sequence %s is used up: the next row is refused', s.seq);
                hint := format('ALTER TABLE %s ALTER COLUMN %I TYPE bigint, and ALTER SEQUENCE %s AS bigint', s.name, s.attname, s.seq);
            END IF;
        EXCEPTION
            WHEN insufficient_privilege OR lock_not_available OR transaction_rollback THEN
                status := 'skip'; detail := SQLERRM; hint := format('run the check again, as the owner of %s', s.name);
            WHEN others THEN
                status := 'fail'; detail := format('%s (SQLSTATE %s)', SQLERRM, SQLSTATE);
                hint := 'the sequence or its column could not be read: remove the cause and run the check again';
        END;
        RETURN NEXT;
    END LOOP;

    IF NOT found_any AND about IS NOT NULL THEN
        object := about; status := 'skip'; expected := NULL; actual := NULL;
        detail := 'no column of this table is filled from a sequence'; hint := NULL;
        RETURN NEXT;
    END IF;
END
$$;
COMMENT ON FUNCTION rsl.check_sequences(text) IS
    'Check: the next value of every sequence lies beyond the values of the column that it fills';
