-- Values that differ, however little, have different digests.
CREATE FUNCTION same(this text, that text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    result boolean;
BEGIN
    EXECUTE format('SELECT (SELECT rsl.digest(v) FROM (SELECT %s) t(v)) = (SELECT rsl.digest(v) FROM (SELECT %s) t(v))', this, that) INTO result;
    RETURN result;
END $$;
SELECT this, that, same(this, that) FROM (VALUES
    ('NULL::text', '''''::text'), ('''a''::text', '''a ''::text'), ('''a''::text', '''A''::text'), ('''a''::char(3)', '''a ''::text'), ('''a''::text', '''a'' || chr(9)'),
    ('chr(233)', '''e'' || chr(769)'), ('''1''::text', '1'), ('''''::text', '''''::bytea'), ('''ab''::text', '''ab''::bytea'), ('''true''::text', 'true'),
    ('1', '2'), ('1', '-1'), ('0', 'NULL::int'), ('0', 'false'), ('1', '1.0000000000000001'), ('1', '10'), ('1', '10000'), ('1', '0.0001'),
    ('9223372036854775807', '9223372036854775808'), ('1e-400::numeric', '1e-401::numeric'), ('''NaN''::numeric', '''Infinity''::numeric'),
    ('''Infinity''::numeric', '''-Infinity''::numeric'), ('0', '''NaN''::numeric'), ('0.1::float8', '0.1::real'), ('0.1::float8', '0.30000000000000004::float8 - 0.2'),
    ('''Infinity''::float8', '''-Infinity''::float8'), ('1.5::float8', '1.5::numeric'),
    ('date ''2020-01-01''', 'date ''2020-01-02'''), ('date ''2020-01-01''', 'timestamp ''2020-01-01'''), ('timestamp ''2020-01-01''', 'timestamptz ''2020-01-01 00:00+00'''),
    ('''infinity''::date', '''-infinity''::date'), ('''infinity''::timestamp', '''infinity''::timestamptz'), ('time ''10:00''', 'time ''10:00:00.000001'''),
    ('time ''00:00''', 'time ''24:00'''), ('timestamptz ''2020-01-01 00:00+00''', 'timestamptz ''2020-01-01 00:00+09'''),
    ('''{"a": 1}''::jsonb', '''{"a": "1"}''::jsonb'), ('''{"a": null}''::jsonb', '''{}''::jsonb'), ('''[1, 2]''::jsonb', '''[2, 1]''::jsonb'), ('''null''::jsonb', 'NULL::jsonb'),
    ('''{"a": 1}''::json', '''{"a":1}''::json'), ('''{"a": 1}''::jsonb', '''{"a": 1}''::json'), ('ARRAY[1, 2]', 'ARRAY[2, 1]'), ('ARRAY[1, NULL]', 'ARRAY[1]'), ('ARRAY[1, 2]', 'ARRAY[[1, 2]]'),
    ('ARRAY[]::int[]', 'NULL::int[]'),  ('int4range(1, 5)', 'int4range(1, 6)'), ('int4range(1, 1)', 'NULL::int4range'),
    ('ROW(1, 2)', 'ROW(2, 1)'), ('ROW(1, NULL)', 'ROW(1)'), ('ROW(NULL)', 'NULL::text'), ('ROW(''ab'', ''c'')', 'ROW(''a'', ''bc'')'), ('ROW(1)', '1'),
    ('''10.0.0.1''::inet', '''10.0.0.1/24''::inet'), ('B''1''', 'B''10''')) v(this, that);

-- Of whole tables: a swap between two rows or two columns, a row doubled, a row less and another twice, an empty one.
CREATE TABLE item (code text, name text, price numeric);
INSERT INTO item VALUES ('A', 'bolt', 1), ('B', 'nut', 2), ('C', NULL, NULL);
SELECT rsl.table_digest('item') AS before \gset
CREATE TABLE changed (LIKE item);
CREATE FUNCTION change(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    result text;
BEGIN
    INSERT INTO changed SELECT * FROM item;
    EXECUTE statement;
    result := rsl.table_digest('changed');
    DELETE FROM changed;
    RETURN result;
END $$;
SELECT statement, change(statement) = :'before' AS same FROM (VALUES
    ('SELECT'), ('UPDATE changed SET price = 3 - price'), ('UPDATE changed SET name = CASE code WHEN ''A'' THEN ''nut'' WHEN ''B'' THEN ''bolt'' END'),
    ('UPDATE changed SET code = name, name = code WHERE code = ''A'''), ('INSERT INTO changed SELECT * FROM item WHERE code = ''A'''), ('INSERT INTO changed SELECT * FROM item'),
    ('UPDATE changed SET (code, name, price) = (SELECT * FROM item WHERE code = ''A'') WHERE code = ''B'''), ('DELETE FROM changed WHERE code = ''C'''),
    ('UPDATE changed SET name = '''' WHERE code = ''C'''), ('UPDATE changed SET price = 0 WHERE code = ''C'''), ('INSERT INTO changed VALUES (NULL, NULL, NULL)'),
    ('DELETE FROM changed'), ('UPDATE changed SET price = price + 1e-30')) v(statement);
