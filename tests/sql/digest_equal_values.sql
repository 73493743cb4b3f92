-- Values that are equal in SQL have one digest, however they are written or stored.
CREATE FUNCTION same(this text, that text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    result boolean;
BEGIN
    EXECUTE format('SELECT (SELECT rsl.digest(v) FROM (SELECT %s) t(v)) = (SELECT rsl.digest(v) FROM (SELECT %s) t(v))', this, that) INTO result;
    RETURN result;
END $$;
SELECT this, that, same(this, that) FROM (VALUES
    ('1.10', '1.1'), ('100', '1e2'), ('0', '-0.000'), ('1::smallint', '1::bigint'), ('1', '1.000'), ('9223372036854775807', '9223372036854775807.0'),
    ('-9223372036854775808', '-9223372036854775808.00'), ('1e400::numeric', '10 ^ 400::numeric'), ('''NaN''::numeric', '''nan''::numeric'),
    ('-0.0::float8', '0::float8'), ('1.5::real', '1.5::float8'), ('''NaN''::float8', '''-nan''::float8'), ('''NaN''::real', '''NaN''::float8'),
    ('''a''::text', '''a''::varchar(10)'), ('''a''::char(5)', '''a''::char(10)'), ('''a''::char(5)', '''a''::text'), ('''''::char(3)', '''''::text'),
    ('timestamptz ''2020-01-01 09:00+09''', 'timestamptz ''2020-01-01 00:00+00'''), ('timestamp ''2020-01-01''', 'timestamp ''2020-01-01 00:00:00.000'''),
    ('timestamp(0) ''2020-01-01 10:00''', 'timestamp(6) ''2020-01-01 10:00'''), ('''infinity''::date', '''infinity''::date'),
    ('''{"a": 1, "b": [1, 2.0]}''::jsonb', '''{"b":[1.0,2],"a":1.00}''::jsonb'), ('''{"a": 1, "a": 2}''::jsonb', '''{"a": 2}''::jsonb'),
    ('''6F9619FF-8B86-D011-B42D-00C04FC964FF''::uuid', '''6f9619ff8b86d011b42d00c04fc964ff''::uuid'), ('''\x6162''::bytea', '''ab''::bytea'),
    ('true', '''yes''::boolean'), ('NULL::int', 'NULL::text'), ('ARRAY[1, 2]', '''{1,2}''::int[]'), ('int4range(1, 5)', 'int4range(1, 4, ''[]'')'),
    ('''10.0.0.1''::inet', '''10.0.0.1/32''::inet'), ('ROW(1, 1.10)', 'ROW(1::bigint, 1.1)'), ('ROW(ROW(1, ''a''))', 'ROW(ROW(1, ''a''))')) v(this, that);

-- A domain is its base type, and a domain over a domain too; an enumeration is its label.
CREATE DOMAIN amount AS numeric CHECK (VALUE > 0);
CREATE DOMAIN price AS amount;
CREATE TYPE state AS ENUM ('open', 'closed');
SELECT same('1.10::price', '1.1'), same('''open''::state', '''open''::text');

-- Stored in line, compressed, out of line: one value.
CREATE TABLE stored (plain text, compressed text, outside text, packed text);
ALTER TABLE stored ALTER plain SET STORAGE plain, ALTER compressed SET STORAGE main, ALTER outside SET STORAGE external, ALTER packed SET STORAGE extended;
INSERT INTO stored SELECT v, v, v, v FROM (VALUES (repeat('abc', 1000)), ('short'), ('')) t(v);
SELECT rsl.digest(plain) = rsl.digest(compressed) AND rsl.digest(plain) = rsl.digest(outside) AND rsl.digest(plain) = rsl.digest(packed) AS same,
       pg_column_size(compressed) < 1000 AS compressed FROM stored WHERE length(plain) > 5 GROUP BY 2;

-- The order of the rows does not matter, nor how they are grouped on the way.
SELECT rsl.digest(g ORDER BY g) = rsl.digest(g ORDER BY -g) AS same FROM generate_series(1, 1000) g;
-- The format of digests is for ever: these must never change.
SELECT rsl.digest(g) FROM generate_series(1, 3) g;
SELECT rsl.digest(v) FROM (VALUES ('a'), (NULL), ('볼트')) t(v);
SELECT rsl.digest(t) FROM (VALUES (1, 'a', 1.5, true, date '2020-01-01', '\x00'::bytea), (2, NULL, NULL, false, NULL, NULL)) t;
SELECT rsl.digest(g) FROM generate_series(1, 0) g;
