-- Equal values inside arrays and rows have equal digests; ranges are compared by their form (docs/digest.md).
SELECT rsl.digest(ARRAY[1.10]) = rsl.digest(ARRAY[1.1]) AS numeric_array, rsl.digest(ARRAY['-0'::float8]) = rsl.digest(ARRAY['0'::float8]) AS float_array,
       rsl.digest(ARRAY['a'::char(3)]) = rsl.digest(ARRAY['a'::char(5)]) AS char_array, rsl.digest(numrange(1.0, 2)) = rsl.digest(numrange(1.00, 2)) AS range,
       rsl.digest(ROW(ROW(1.10))) = rsl.digest(ROW(ROW(1.1))) AS nested_row, rsl.digest(interval '1 day') = rsl.digest(interval '24:00') AS interval;
