\i sql/include/load.psql
-- Fields that no honest client sends: each is stored as the server's own COPY stores it, or refused with the same SQLSTATE.
CREATE EXTENSION pageinspect;
CREATE FUNCTION word(value int) RETURNS bytea LANGUAGE sql AS 'SELECT substr(int4send(value), 3)';
-- The binary form of numeric: the number of digits may be a lie.
CREATE FUNCTION digits(count int, weight int, sign int, scale int, VARIADIC digits int[]) RETURNS bytea
    LANGUAGE sql
AS $$
    SELECT word(count) || word(weight) || word(sign) || word(scale) || coalesce((SELECT string_agg(word(d), '' ORDER BY n) FROM unnest(digits) WITH ORDINALITY u(d, n) WHERE d >= 0), '')
$$;

CREATE TABLE field (type text, field bytea, number bigint GENERATED ALWAYS AS IDENTITY);
-- Numbers of every shape, into columns of every kind.
INSERT INTO field (type, field)
SELECT type, f FROM unnest('{numeric,"numeric(8,2)","numeric(4,0)","numeric(40,20)","numeric(3,3)"}'::text[]) type, (
    SELECT digits(cardinality(d), weight, sign, scale, VARIADIC d)
    FROM unnest('{0,0x4000,0x8000,0xC000,0xD000,0xF000,0x0001}'::text[]) s, LATERAL (SELECT ('x' || lpad(replace(s, '0x', ''), 8, '0'))::bit(32)::int) t(sign),
        unnest('{-32768,-65,-64,-1,0,1,63,64,32767}'::int[]) weight, unnest('{0,2,3,4,20,63,64,16383,16384}'::int[]) scale,
        (VALUES (ARRAY[-1]), (ARRAY[5]), (ARRAY[50]), (ARRAY[9999]), (ARRAY[1,5000]), (ARRAY[12,3400]), (ARRAY[12,3450]), (ARRAY[12,3456]),
            (ARRAY[0,1]), (ARRAY[1,0]), (ARRAY[0]), (ARRAY[0,0]), (ARRAY[10000]), (ARRAY[1,65535]), (ARRAY[99,9999,9999]), (ARRAY[1,2,3,4,5,6,7,8])) v(d)
    WHERE sign = 0 OR scale IN (0, 3) AND weight IN (-1, 0) AND cardinality(d) < 3
    UNION ALL SELECT digits(0, w, s, c, -1) FROM unnest('{0,5,-5}'::int[]) w, unnest('{0,16384,49152}'::int[]) s, unnest('{0,2,64}'::int[]) c
    UNION ALL SELECT digits(c, 0, 0, 2, 1, 2) FROM unnest('{0,1,3,-1,32767}'::int[]) c
    UNION ALL VALUES (''::bytea), ('\x00'), ('\x00000000000000'), ('\x000100000000000000'), ('\x00010000000000000001ff')) v(f);
-- Numbers, dates and times at the edges and one beyond.
INSERT INTO field (type, field)
SELECT type, f FROM (VALUES ('boolean', '{00,01,02,ff,"",0000}'::text[]), ('smallint', '{0000,ffff,7fff,8000,00,000000}'), ('integer', '{00000000,80000000,ffffffff,000000,0000000000}'),
    ('bigint', '{0000000000000000,8000000000000000,00000000000000}'), ('real', '{7fc00000,ffc00001,80000000,7f800000,00}'),
    ('double precision', '{7ff8000000000000,fff8000000000001,8000000000000000,00}'), ('uuid', '{00,000102030405060708090a0b0c0d0e0f,000102030405060708090a0b0c0d0e0f10}')) v(type, list),
    unnest(list) h, decode(h, 'hex') f
UNION ALL SELECT 'date', int4send(d::int) FROM unnest('{-2147483648,-2147483647,-2451546,-2451545,-2451544,0,2145031947,2145031948,2145031949,2147483646,2147483647}'::bigint[]) d
UNION ALL SELECT type, int8send(t) FROM unnest('{time,time(0),time(3)}'::text[]) type, unnest('{-1,0,1,500,500000,86399999499,86399999500,86399999999,86400000000,86400000001}'::bigint[]) t
UNION ALL SELECT type, int8send(t::bigint) FROM unnest('{timestamp,timestamp(0),timestamp(3),timestamp with time zone,timestamp(0) with time zone}'::text[]) type,
    unnest('{-9223372036854775808,-9223372036854775807,-211813488000000001,-211813488000000000,-211813487999999999,-500,-499,-1,0,1,499,500,501,500000,9223371331199999999,9223371331200000000,9223372036854775806,9223372036854775807}'::numeric[]) t;
-- Texts: too long, only by spaces, at the borders of short and long lengths, and no UTF-8.
INSERT INTO field (type, field)
SELECT type, f FROM unnest('{text,character varying(3),character(3),character(1),character varying,bytea,json,jsonb}'::text[]) type,
    unnest(ARRAY['', ' ', 'abc', 'abcd', 'abc ', 'abc    ', 'ab', '볼트와', '볼트와너', '볼트와 ', 'é', repeat('x', 125), repeat('x', 126), repeat('x', 127), repeat('x', 128), repeat(' ', 300), '{"a": 1}', E'\001{"a": 1}']) t, convert_to(t, 'UTF8') f
UNION ALL SELECT type, f FROM unnest('{text,character varying(3),character(3)}'::text[]) type,
    unnest('{"\\x00","\\x610062","\\xff","\\xc080","\\xeda080","\\xf4908080","\\xe0","\\x6180","\\xf09f9880"}'::bytea[]) f;

-- Each field is a chunk of its own, and a file for COPY; both go into a table of one column for each type.
CREATE TABLE outcome (type text, field bytea, copied text, pushed text);
CREATE PROCEDURE send_all()
    LANGUAGE plpgsql
AS $$
DECLARE
    file text := current_setting('data_directory') || '/rsl_test_crafted_' || current_database();
    load bigint;
    object oid;
    payload bytea;
    kind record;
    f record;
    copied text;
    pushed text;
BEGIN
    FOR kind IN SELECT type, row_number() OVER (ORDER BY type) AS n FROM field GROUP BY type LOOP
        EXECUTE format('CREATE TABLE copied_%s (v %s)', kind.n, kind.type);
        load := rsl.load_begin('public.pushed_' || kind.n, definition => jsonb_build_object('columns', jsonb_build_array(jsonb_build_object('name', 'v', 'type', kind.type))));
        FOR f IN SELECT * FROM field WHERE type = kind.type ORDER BY number LOOP
            payload := '\x5047434f50590aff0d0a000000000000000000'::bytea || word(1) || int4send(length(f.field)) || f.field || '\xffff';
            object := lo_from_bytea(0, payload);
            PERFORM lo_export(object, file), lo_unlink(object);
            BEGIN
                EXECUTE format('COPY copied_%s FROM %L (FORMAT binary)', kind.n, file);
                copied := 'stored';
            EXCEPTION WHEN OTHERS THEN
                copied := SQLSTATE;
            END;
            BEGIN
                PERFORM rsl.load_push(load, f.number, payload);
                pushed := 'stored';
            EXCEPTION WHEN OTHERS THEN
                pushed := SQLSTATE;
            END;
            INSERT INTO outcome VALUES (kind.type, f.field, copied, pushed);
        END LOOP;
        EXECUTE format('CREATE VIEW both_%1$s AS SELECT ''%2$s''::text AS type, c.bytes AS copied, p.bytes AS pushed FROM stored(''copied_%1$s'') c FULL JOIN stored(''rsl_stage.load_%3$s'') p USING (place)', kind.n, kind.type, load);
    END LOOP;
END $$;
CREATE FUNCTION stored(target text, OUT place bigint, OUT bytes bytea) RETURNS SETOF record
    LANGUAGE sql
AS $$
    SELECT row_number() OVER (ORDER BY p, lp), t_data
    FROM generate_series(0, pg_relation_size(target::regclass) / current_setting('block_size')::int - 1) p, heap_page_items(get_raw_page(target, p::int))
    WHERE lp_len > 0
$$;
CALL send_all();
SELECT 'CREATE VIEW compared AS ' || string_agg(format('SELECT * FROM both_%s', n), ' UNION ALL ') AS ddl FROM (SELECT row_number() OVER (ORDER BY type) AS n FROM field GROUP BY type) v \gset
:ddl;
-- None may differ.
SELECT * FROM outcome WHERE copied <> pushed LIMIT 20;
SELECT * FROM compared WHERE copied IS DISTINCT FROM pushed LIMIT 20;
-- How many there were of each kind: not all of them are refused, nor all stored.
SELECT copied, count(*) > 100 AS many FROM outcome GROUP BY copied ORDER BY copied;
SELECT count(*) = (SELECT count(*) FROM outcome WHERE copied = 'stored') AS all_compared, count(DISTINCT copied) > 300 AS of_many FROM compared;
