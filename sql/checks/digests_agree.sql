CREATE FUNCTION rsl.digest_by_scan(member regclass) RETURNS text
LANGUAGE plpgsql STABLE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
SET enable_indexscan = off
SET enable_bitmapscan = off
SET enable_indexonlyscan = off
AS $$
DECLARE
    result text;
BEGIN
    EXECUTE format('SELECT %s FROM ONLY %s AS t', rsl.aggregate_call('digest_columns', 'digest', 't', rsl.table_columns(member, NULL)), member) INTO result;
    RETURN result;
END
$$;
COMMENT ON FUNCTION rsl.digest_by_scan(regclass) IS 'Digest of a table or partition, read from its beginning to its end and through no index';

CREATE FUNCTION rsl.rows_by_key(member regclass) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT format('(SELECT t.* FROM ONLY %s AS t ORDER BY %s OFFSET 0) AS t', member, string_agg(format('t.%I', u.name), ', ' ORDER BY u.i))
    FROM unnest(rsl.primary_key(member)) WITH ORDINALITY AS u (name, i)
$$;
COMMENT ON FUNCTION rsl.rows_by_key(regclass) IS 'part of rsl.check_digests_agree: what stands behind FROM to read a table in the order of its primary key';

-- Volatile, because EXPLAIN is; and apart from the reading, which must be of the same moment as the other.
CREATE FUNCTION rsl.key_index(member regclass) RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
SET enable_bitmapscan = off
SET enable_sort = off
SET max_parallel_workers_per_gather = 0
AS $$
DECLARE
    plan json;
BEGIN
    EXECUTE format('EXPLAIN (FORMAT JSON) SELECT * FROM %s', rsl.rows_by_key(member)) INTO plan;
    RETURN jsonb_path_query_first(plan::jsonb, '$.**."Index Name"') #>> '{}';
END
$$;
COMMENT ON FUNCTION rsl.key_index(regclass) IS 'part of rsl.check_digests_agree: the index through which rsl.digest_by_key goes: that of the primary key, or one that begins with it; NULL if none';
REVOKE ALL ON FUNCTION rsl.key_index(regclass) FROM PUBLIC;

CREATE FUNCTION rsl.digest_by_key(member regclass) RETURNS text
LANGUAGE plpgsql STABLE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off
SET enable_bitmapscan = off
SET enable_sort = off
SET max_parallel_workers_per_gather = 0
AS $$
DECLARE
    result text;
BEGIN
    EXECUTE format('SELECT %s FROM %s', rsl.aggregate_call('digest_columns', 'digest', 't', rsl.table_columns(member, NULL)), rsl.rows_by_key(member)) INTO result;
    RETURN result;
END
$$;
COMMENT ON FUNCTION rsl.digest_by_key(regclass) IS 'Digest of a table or partition, in the order of its primary key';

CREATE FUNCTION rsl.check_digests_agree(about text DEFAULT NULL)
RETURNS TABLE (object text, status text, expected text, actual text, detail text, hint text)
LANGUAGE plpgsql STABLE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    t record;
    through text;
BEGIN
    FOR t IN
        SELECT m.member, m.member::text AS name, m.rel, rsl.primary_key(m.member) AS key,
               (SELECT i.indexrelid::regclass FROM pg_index AS i WHERE i.indrelid = m.member AND i.indisprimary) AS index
        FROM rsl.verify_members(about) AS m JOIN pg_class AS c ON c.oid = m.member
        WHERE m.is_target AND c.relkind = 'r'
        ORDER BY m.name COLLATE "C", m.member::text COLLATE "C"
    LOOP
        object := t.name; status := 'skip'; expected := NULL; actual := NULL; hint := NULL;
        -- Rows of a partition are seen with the rights on the whole.
        detail := rsl.verify_obstacle(t.member);
        IF detail IS NOT NULL THEN
            hint := format('run the check as the owner of %s', t.name);
        ELSIF t.key IS NULL THEN
            detail := 'this table has no primary key to read it by';
        ELSE
            BEGIN
                through := rsl.key_index(t.member);
                IF through IS NOT NULL THEN
                    expected := rsl.digest_by_scan(t.member);
                    actual := rsl.digest_by_key(t.member);
                END IF;
                IF actual IS NULL THEN
                    detail := format('the server does not read it by %s', t.index);
                    hint := format('REINDEX INDEX %s, if it is not valid', t.index);
                ELSIF actual = expected THEN
                    status := 'pass'; detail := format('read through %I', through);
                ELSE
                    status := 'fail';
                    detail := format('rows in the table %s, rows through %I %s', split_part(expected, ':', 1), through, split_part(actual, ':', 1));
                    hint := format('look for what has damaged the index, such as another version of the operating system''s collations, then REINDEX TABLE %s', t.name);
                END IF;
            EXCEPTION
                WHEN insufficient_privilege OR lock_not_available OR transaction_rollback THEN
                    status := 'skip'; detail := SQLERRM; hint := format('run the check again, as the owner of %s', t.name);
                WHEN others THEN
                    status := 'fail'; detail := format('%s (SQLSTATE %s)', SQLERRM, SQLSTATE);
                    hint := 'the table could not be read: remove the cause and run the check again';
            END;
        END IF;
        RETURN NEXT;
    END LOOP;

    IF object IS NULL AND about IS NOT NULL THEN
        RETURN QUERY SELECT about, 'skip', NULL::text, NULL::text, 'no load has filled this table', NULL::text;
    END IF;
END
$$;
COMMENT ON FUNCTION rsl.check_digests_agree(text) IS
    'Deep check: every target of a load holds the same rows read as a whole and read by its primary key';
