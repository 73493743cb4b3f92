-- Sums are exact, of any size, and only of exact numbers.
SELECT rsl.witness(n) #>> '{columns,0,sum}' AS sum FROM (VALUES (9223372036854775807), (9223372036854775807), (1)) v(n);
SELECT rsl.witness(n) #>> '{columns,0,sum}' AS sum FROM (VALUES (-9223372036854775808), (-9223372036854775808)) v(n);
SELECT rsl.witness(n) #>> '{columns,0,sum}' AS sum, sum(n) FROM (VALUES (1e30), (1e-30), (-1e30), (0.5)) v(n);
SELECT rsl.witness(n) #>> '{columns,0,sum}' = trim_scale(sum(n))::text AS as_server FROM (SELECT (g * 7919 % 1000003) / 1000.0 * (CASE g % 2 WHEN 0 THEN -1 ELSE 1 END) AS n FROM generate_series(1, 10000) g) v;
SELECT rsl.witness(n) #>> '{columns,0,sum}' AS sum FROM (SELECT 9999999999999999999999999999999999.9999::numeric AS n FROM generate_series(1, 1000)) v;
SELECT rsl.witness(n) #>> '{columns,0,sum}' AS sum FROM (VALUES (0.1), (0.2), (-0.3)) v(n);
SELECT rsl.witness(n) #>> '{columns,0,sum}' AS sum FROM (VALUES (-0.0001), (-0.00005)) v(n);
SELECT rsl.witness(n) #>> '{columns,0,sum}' AS sum FROM (VALUES (1), (NULL), (2)) v(n);
SELECT rsl.witness(n) #>> '{columns,0,sum}' AS sum FROM (VALUES (NULL::int)) v(n);
SELECT rsl.witness(n) #>> '{columns,0,sum}' AS sum FROM (VALUES (1), ('NaN'::numeric)) v(n);
SELECT rsl.witness(n) #>> '{columns,0,sum}' AS sum FROM (VALUES (1), ('Infinity'::numeric), ('-Infinity')) v(n);
-- Columns, NULLs, and what has a sum.
SELECT n, account - 'digest' AS account FROM (SELECT rsl.witness(a, b, c, d, e, f, g) AS w
    FROM (VALUES (1::smallint, 2, 3::bigint, 4.5, 5.5::real, 6.5::float8, 'x'), (NULL, 2, NULL, 4.5, NULL, 6.5, NULL)) v(a, b, c, d, e, f, g)) s,
    jsonb_array_elements(w -> 'columns') WITH ORDINALITY u(account, n);
SELECT rsl.witness(a) -> 'rows' AS rows, rsl.witness(a) -> 'columns' AS columns FROM (SELECT 1 WHERE false) v(a);
