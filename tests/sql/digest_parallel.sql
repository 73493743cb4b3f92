-- With workers the digest is the same; that there are workers, the plan says.
CREATE TABLE item (id int, code text, price numeric, data jsonb, made timestamptz);
INSERT INTO item SELECT g, 'I' || g, g * 12345678901234567.89, jsonb_build_object('n', g), timestamptz '2020-01-01 00:00+00' + g * interval '1 minute' FROM generate_series(1, 20000) g;
ANALYZE item;
SET max_parallel_workers_per_gather = 0;
SELECT rsl.digest(i) AS digest, rsl.row_witness(i) AS witness FROM item i \gset
SELECT rsl.table_digest('item') = :'digest' AS same;
SET max_parallel_workers_per_gather = 2;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
EXPLAIN (COSTS off) SELECT rsl.digest(i), rsl.row_witness(i), rsl.witness(id, code), rsl.digest_columns(id, code) FROM item i;
SELECT rsl.digest(i) = :'digest' AS digest, rsl.row_witness(i) = :'witness'::jsonb AS witness FROM item i;
SELECT rsl.table_digest('item') = :'digest' AS digest, rsl.table_witness('item') - 'columns' = :'witness'::jsonb - 'columns' AS witness;
-- Even when the leader does nothing itself, and when there is nothing to do.
SET parallel_leader_participation = off;
SELECT rsl.digest(i) = :'digest' AS digest, rsl.row_witness(i) = :'witness'::jsonb AS witness FROM item i;
SELECT rsl.digest(i) FROM item i WHERE id < 0;
SELECT rsl.witness(id, code) - 'digest' AS witness FROM item WHERE id < 0;
-- In groups.
EXPLAIN (COSTS off) SELECT id % 3, rsl.digest(code) FROM item GROUP BY 1;
CREATE TEMPORARY TABLE parallel AS SELECT id % 3 AS m, rsl.digest(code) AS d, rsl.witness(price) AS w FROM item GROUP BY 1;
SET max_parallel_workers_per_gather = 0;
CREATE TEMPORARY TABLE serial AS SELECT id % 3 AS m, rsl.digest(code) AS d, rsl.witness(price) AS w FROM item GROUP BY 1;
SELECT count(*), bool_and(p.d = s.d AND p.w = s.w) AS same FROM parallel p JOIN serial s USING (m);
