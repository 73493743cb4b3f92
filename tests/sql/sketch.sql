-- Sketches: what differs between two sets of rows, from a few hundred kilobytes of each.
CREATE TABLE s (id bigint PRIMARY KEY, code text, n numeric);
INSERT INTO s SELECT i, 'c' || i, i / 4.0 FROM generate_series(1, 20000) i;
SELECT rsl.sketch(100, 1, id, id, code, n) AS before FROM s \gset
SELECT rsl.sketch_digest(:'before') = rsl.table_digest('s') AS digest;
SELECT (w - 'sketch') = (SELECT rsl.witness(id, code, n) FROM s) AS witness, decode(w ->> 'sketch', 'hex') = :'before' AS sketch
FROM (SELECT rsl.witness_sketch(100, 1, id, id, code, n) AS w FROM s) q;
UPDATE s SET n = n + 1 WHERE id = 5;
DELETE FROM s WHERE id = 6;
SELECT rsl.sketch(100, 1, id, id, code, n) AS after FROM s \gset
SELECT is_ours, key, length(hash) FROM rsl.sketch_left(rsl.sketch_minus(:'after', :'before'));
SELECT is_ours, key FROM rsl.sketch_left(rsl.sketch_minus(:'before', :'before'));
SELECT hash = (SELECT rsl.row_hash(id, code, n) FROM s WHERE id = 5) AS same FROM rsl.sketch_left(rsl.sketch_minus(:'after', :'before')) WHERE is_ours;
-- Parts add up, in parallel workers, too.
SELECT rsl.sketch_plus((SELECT rsl.sketch(100, 1, id, id, code, n) FROM s WHERE id % 3 = 0), (SELECT rsl.sketch(100, 1, id, id, code, n) FROM s WHERE id % 3 <> 0)) = :'after' AS parts;
SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0; SET max_parallel_workers_per_gather = 2;
EXPLAIN (COSTS off) SELECT rsl.sketch(100, 1, id, id, code, n) FROM s;
SELECT rsl.sketch(100, 1, id, id, code, n) = :'after' AS parallel FROM s;
RESET parallel_setup_cost; RESET parallel_tuple_cost; RESET min_parallel_table_scan_size; RESET max_parallel_workers_per_gather;
-- Too many to be told apart: nothing rather than something wrong.
SELECT * FROM rsl.sketch_left(:'after');
SELECT count(*) FROM rsl.sketch_left(rsl.sketch_minus((SELECT rsl.sketch(100, 1, id, id, code, n) FROM s WHERE id > 100), :'after'));
-- Keys of every type come back as texts that read back; NULL is null; a long one is not told.
SELECT k.key FROM (VALUES (rsl.sketch_of_nothing(8)), ((SELECT rsl.sketch(8, 4, true, 1::smallint, -5, 1.50, 1))), ((SELECT rsl.sketch(8, 3, 'a b'::text, 'ab '::char(5), '\x00ff'::bytea, 1))),
    ((SELECT rsl.sketch(8, 1, date '2026-02-28', 1))), ((SELECT rsl.sketch(8, 1, timestamp '2026-02-28 12:00:00.5', 1))), ((SELECT rsl.sketch(8, 1, timestamptz '2026-02-28 12:00:00+09', 1))),
    ((SELECT rsl.sketch(8, 1, '11111111-2222-3333-4444-555555555555'::uuid, 1))), ((SELECT rsl.sketch(8, 2, NULL::int, time '12:00:01', 1))), ((SELECT rsl.sketch(8, 2, 1.5::float8, 'Infinity'::numeric, 1))),
    ((SELECT rsl.sketch(8, 1, repeat('long', 10), 1)))) q (s), rsl.sketch_left(s) k;
-- Nothing.
SELECT rsl.sketch(8, 1, id, id) IS NULL AS null_of_nothing, rsl.witness_sketch(8, 1, id, id) IS NULL AS too FROM s WHERE false;
SELECT count(*) FROM rsl.sketch_left(rsl.sketch_of_nothing(8));
-- What is refused.
SELECT rsl.sketch(8, 2, id, code) FROM s;
SELECT rsl.sketch(-1, 1, id, code) FROM s;
SELECT rsl.sketch(8, NULL, id, code) FROM s;
SELECT rsl.sketch(8, 1, VARIADIC ARRAY[1, 2]);
SELECT rsl.sketch_left('garbage');
SELECT rsl.sketch_minus(:'after', rsl.sketch_of_nothing(8));
-- Row hashes.
SELECT rsl.row_hash(1, 'a') = rsl.row_hash(1.0, 'a'::varchar) AS equal, rsl.row_hash(NULL::int) = rsl.row_hash(''::text) AS null_is_not_empty, length(rsl.row_hash(1));
SELECT rsl.row_hash(VARIADIC ARRAY[1, 2]);
-- The row as one value, for more columns than a function has arguments: the same sketch.
SELECT rsl.row_sketch(10, 1, i, ROW(i, 'v' || i)) = rsl.sketch(10, 1, i, i, 'v' || i) AS same_sketch,
       rsl.row_witness_sketch(10, 1, i, ROW(i, 'v' || i)) = rsl.witness_sketch(10, 1, i, i, 'v' || i) AS same_witness
FROM generate_series(1, 100) i;
SELECT rsl.row_sketch(10, 1, i, ROW(i)) IS NULL AS nothing FROM generate_series(1, 0) i;
SELECT rsl.row_sketch(10, 1, i, i) FROM generate_series(1, 3) i;
SELECT rsl.row_sketch(10, 1, i, ROW(i), i) FROM generate_series(1, 3) i;
SELECT rsl.row_sketch(10, 2, i, ROW(i)) FROM generate_series(1, 3) i;
SELECT rsl.row_sketch(10, 1, i, CASE WHEN i < 3 THEN ROW(i) END) FROM generate_series(1, 3) i;
SELECT rsl.row_sketch(10, 1, i, CASE WHEN i < 3 THEN ROW(i) ELSE ROW(i, i) END) FROM generate_series(1, 3) i;
