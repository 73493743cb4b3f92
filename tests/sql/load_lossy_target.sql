\i sql/include/load.psql
-- A target whose columns hold less than the source sends: a loss is an error, never a rounding.
CREATE SCHEMA erp;
CREATE TABLE erp.item (id int, price numeric(10,2), made timestamp(0), shipped timestamptz(3), spent interval(0), weight real);
CREATE FUNCTION lossy(col text, source text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    load bigint := rsl.load_begin('erp.item', ARRAY[col]);
BEGIN
    PERFORM rsl.load_push(load, 1, payload('SELECT ' || source));
    RETURN (finish(load, witness(format('SELECT %s AS %I', source, col)))).reason;
EXCEPTION WHEN others THEN
    RETURN SQLSTATE || ': ' || SQLERRM;
END $$;
SELECT lossy('price', '1.005::numeric');
SELECT lossy('made', $$'2020-01-01 10:00:00.6'::timestamp$$);
SELECT lossy('shipped', $$'2020-01-01 10:00:00.0005+00'::timestamptz$$);
SELECT lossy('spent', $$'1.5 seconds'::interval$$);
SELECT lossy('weight', '0.1::float8');
SELECT count(*) FROM erp.item;
-- What fits is exact, with or without zeros at its end.
SELECT lossy('price', '1.000::numeric'), lossy('price', '1::numeric'), lossy('made', $$'2020-01-01 10:00:00'::timestamp$$),
    lossy('shipped', $$'2020-01-01 10:00:00.5+09'::timestamptz$$), lossy('weight', '0.1::real');
SELECT * FROM erp.item ORDER BY price;
