-- The statements that a constraint must refuse, made of a row that is there, the second for where the first is refused for another reason; or the
-- reason why there is none; proof: SQL over the row t as it
-- was stored, true if it breaks the constraint. Nothing but names, literals and operators of pg_catalog: it runs with the search_path of others.
CREATE FUNCTION rsl.constraint_violation(rel regclass, kind "char", constraint_oid oid, attnum int2, OUT statements text[], OUT proof text, OUT reason text)
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    source text := (SELECT r.source FROM rsl.verify_rows(rel) AS r);
    k pg_constraint;
    keys int2[];
    columns text;
    place text;
    other text;
    rule text;
    whole text;
    alone text := 'true';
    c record;
    breaks boolean;
    actor oid := rsl.actor_for(rel);
    insert_head text := (
        SELECT format('INSERT INTO %s (%s) OVERRIDING SYSTEM VALUE ', rel, string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum))
        FROM pg_attribute AS a WHERE a.attrelid = rel AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '');
BEGIN
    SELECT * INTO k FROM pg_constraint WHERE oid = constraint_oid;
    keys := coalesce(k.conkey, ARRAY[attnum]);
    IF 0 = ANY (keys) THEN
        reason := 'it is over an expression';
        RETURN;
    END IF;
    -- A row with all of the columns, if there is one.
    SELECT string_agg(format('t.%I', a.attname), ', ' ORDER BY a.attnum) INTO columns FROM pg_attribute AS a WHERE a.attrelid = rel AND a.attnum = ANY (keys);
    EXECUTE format('SELECT rsl.constraint_row(t.tableoid, t.ctid) FROM %s AS t WHERE num_nulls(%s) = 0 LIMIT 1', source, coalesce(columns, 'NULL')) INTO place;
    IF place IS NULL AND kind IN ('n', 'c', 'f') THEN
        EXECUTE format('SELECT rsl.constraint_row(t.tableoid, t.ctid) FROM %s AS t LIMIT 1', source) INTO place;
    END IF;
    IF place IS NULL THEN
        EXECUTE format('SELECT CASE WHEN EXISTS (SELECT FROM %s) THEN ''no row has all of its columns'' ELSE ''the table is empty'' END', source) INTO reason;
        RETURN;
    END IF;

    IF kind = 'n' THEN
        proof := format('num_nulls(%s) > 0', columns);
        statements := ARRAY[format('UPDATE %s AS t SET %I = NULL WHERE %s RETURNING t.tableoid, t.ctid', source,
                                   (SELECT a.attname FROM pg_attribute AS a WHERE a.attrelid = rel AND a.attnum = keys[1]), place),
                            insert_head || rsl.constraint_select(rel, source, attnum, 'NULL', place) || ' RETURNING tableoid, ctid'];
        RETURN;
    END IF;

    IF kind IN ('c', 'f') THEN
        rule := CASE WHEN kind = 'c' THEN pg_get_expr(k.conbin, k.conrelid) END;
        proof := CASE kind WHEN 'c' THEN format('(%s) IS FALSE', rule) ELSE (
            SELECT format('num_nulls(%s) = 0 AND NOT EXISTS (SELECT FROM %s AS p WHERE %s)', columns, r.source,
                          (SELECT string_agg(format('p.%I = t.%I', pa.attname, fa.attname), ' AND ' ORDER BY u.i)
                           FROM unnest(k.conkey, k.confkey) WITH ORDINALITY AS u (child, parent, i)
                           JOIN pg_attribute AS fa ON fa.attrelid = k.conrelid AND fa.attnum = u.child
                           JOIN pg_attribute AS pa ON pa.attrelid = k.confrelid AND pa.attnum = u.parent))
            FROM rsl.verify_rows(k.confrelid) AS r) END;
        -- Which of two broken rules speaks is not known beforehand: the others must hold.
        SELECT coalesce(string_agg(format('(%s) IS NOT FALSE', pg_get_expr(g.conbin, g.conrelid)), ' AND '), 'true') INTO alone
        FROM pg_constraint AS g WHERE g.conrelid = rel AND g.contype = 'c' AND g.oid <> constraint_oid;
        FOR c IN
            SELECT a.attname, a.attnum, CASE WHEN v.value IS NULL THEN 'NULL' ELSE format('CAST(%L AS %s)', v.value, format_type(a.atttypid, a.atttypmod)) END AS value
            FROM pg_attribute AS a
            CROSS JOIN LATERAL (SELECT n.value, n.i FROM rsl.constraint_candidates(a.atttypid, a.atttypmod) WITH ORDINALITY AS n (value, i) UNION ALL SELECT NULL, 1000 WHERE NOT a.attnotnull) AS v
            WHERE a.attrelid = rel AND a.attnum = ANY (keys) AND a.attgenerated = ''
            ORDER BY v.i, a.attnum
        LOOP
            BEGIN
                -- The rule is the owner's, and must not run with more rights than the owner has.
                PERFORM rsl.act_as(actor);
                EXECUTE format('SELECT %s AND %s FROM (%s) AS t', proof, alone, rsl.constraint_select(rel, source, c.attnum, c.value, place, true)) INTO breaks;
                RAISE EXCEPTION USING ERRCODE = 'RSL00';
            EXCEPTION WHEN SQLSTATE 'RSL00' THEN
                NULL;
            WHEN others THEN
                breaks := false; -- The value does not fit the type, or the rule cannot be asked of it.
            END;
            IF breaks THEN
                -- An INSERT may be refused for its key, but an UPDATE by what only grows.
                statements := ARRAY[format('UPDATE %s AS t SET %I = %s WHERE %s RETURNING t.tableoid, t.ctid', source, c.attname, c.value, place),
                                    insert_head || rsl.constraint_select(rel, source, c.attnum, c.value, place) || ' RETURNING tableoid, ctid'];
                RETURN;
            END IF;
        END LOOP;
        reason := 'none of the values that were thought of breaks it';
        RETURN;
    END IF;

    -- A key or an exclusion: one row gets the values of another.
    SELECT string_agg(CASE kind WHEN 'x' THEN format('s.%I OPERATOR(%I.%s) t.%1$I', a.attname, n.nspname, o.oprname) ELSE format('s.%I = t.%1$I', a.attname) END, ' AND '),
           string_agg(format('%I = s.%1$I', a.attname), ', ')
    INTO rule, whole
    FROM unnest(keys) WITH ORDINALITY AS u (attnum, i)
    JOIN pg_attribute AS a ON a.attrelid = rel AND a.attnum = u.attnum
    LEFT JOIN pg_operator AS o ON o.oid = k.conexclop[u.i]
    LEFT JOIN pg_namespace AS n ON n.oid = o.oprnamespace;
    EXECUTE format('SELECT %1$s FROM %2$s AS t, %2$s AS s WHERE %3$s AND %4$s', rule, source, place, replace(place, 't.', 's.')) INTO breaks;
    IF breaks IS NOT TRUE THEN
        reason := 'a row does not exclude another with the same values';
        RETURN;
    END IF;
    proof := format('EXISTS (SELECT FROM %s AS s WHERE %s AND (s.tableoid, s.ctid) <> (t.tableoid, t.ctid))', source, rule);
    EXECUTE format('SELECT rsl.constraint_row(t.tableoid, t.ctid) FROM %s AS t WHERE NOT (%s) LIMIT 1', source, place) INTO other;
    IF other IS NULL
       OR EXISTS (SELECT FROM pg_index AS i WHERE i.indexrelid = k.conindid AND i.indpred IS NOT NULL)
       OR EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = rel AND a.attnum = ANY (keys) AND (a.attidentity = 'a' OR a.attgenerated <> '')) THEN
        statements := ARRAY[insert_head || rsl.constraint_select(rel, source, 0::int2, NULL, place) || ' RETURNING tableoid, ctid'];
    ELSE
        statements := ARRAY[format('UPDATE %1$s AS t SET %2$s FROM %1$s AS s WHERE %3$s AND %4$s RETURNING t.tableoid, t.ctid', source, whole, replace(place, 't.', 's.'), other)];
    END IF;
END
$$;
COMMENT ON FUNCTION rsl.constraint_violation(regclass, "char", oid, int2) IS 'part of rsl.check_constraints_bite: what the constraint must refuse, or why nothing could be found';
REVOKE ALL ON FUNCTION rsl.constraint_violation(regclass, "char", oid, int2) FROM PUBLIC;
