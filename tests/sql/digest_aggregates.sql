-- The aggregates under GROUP BY, FILTER, DISTINCT, as window functions, in every join of a plan.
CREATE TABLE item (plant text, code text, price numeric);
INSERT INTO item SELECT 'P' || g % 3, 'I' || g, g / 4.0 FROM generate_series(1, 100) g;
SELECT plant, split_part(rsl.digest(i), ':', 1) AS rows, rsl.digest(i) = (SELECT rsl.digest(s) FROM (SELECT * FROM item s WHERE s.plant = i.plant) s) AS same FROM item i GROUP BY plant ORDER BY plant;
SELECT rsl.digest(i) FILTER (WHERE plant = 'P1') = (SELECT rsl.digest(s) FROM item s WHERE plant = 'P1') AS filtered,
       rsl.digest(i) FILTER (WHERE false) = (SELECT rsl.digest(s) FROM item s WHERE false) AS nothing,
       rsl.digest(DISTINCT plant) = (SELECT rsl.digest(p) FROM (VALUES ('P0'), ('P1'), ('P2')) v(p)) AS distinct_values FROM item i;
SELECT plant, rsl.witness(code, price) #>> '{columns,1,sum}' AS sum FROM item GROUP BY ROLLUP (plant) ORDER BY plant;
SELECT code, rsl.digest(code) OVER (ORDER BY code ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) = rsl.digest(code) OVER (ORDER BY code DESC ROWS BETWEEN CURRENT ROW AND 1 FOLLOWING) AS same,
       split_part(rsl.digest(code) OVER (ORDER BY code ROWS UNBOUNDED PRECEDING), ':', 1) AS running FROM item ORDER BY code LIMIT 4;
-- Many groups at once, sorted and hashed.
SET enable_hashagg = off;
CREATE TEMPORARY TABLE sorted AS SELECT code, rsl.digest(i) AS d FROM item i GROUP BY code;
SET enable_hashagg = on; SET enable_sort = off;
CREATE TEMPORARY TABLE hashed AS SELECT code, rsl.digest(i) AS d FROM item i GROUP BY code;
RESET enable_sort;
SELECT count(*), bool_and(s.d = h.d) AS same FROM sorted s JOIN hashed h USING (code);
-- Partition-wise, put together by the planner.
CREATE TABLE part (id int, v text) PARTITION BY HASH (id);
CREATE TABLE part0 PARTITION OF part FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE part1 PARTITION OF part FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO part SELECT g, 'v' || g FROM generate_series(1, 100) g;
SELECT rsl.digest(p) AS whole FROM part p \gset
SET enable_partitionwise_aggregate = on;
EXPLAIN (COSTS off) SELECT rsl.digest(v), rsl.witness(id, v) FROM part;
SELECT rsl.digest(p) = :'whole' AS same FROM part p;
RESET enable_partitionwise_aggregate;
-- Rows of different shape in one digest make no sense, nor does an array in place of columns.
SELECT rsl.row_witness(r) FROM (SELECT ROW(1, 2) UNION ALL SELECT ROW(1)) t(r);
\echo :SQLSTATE
SELECT rsl.witness(VARIADIC ARRAY[1, 2]);
SELECT rsl.digest_columns(VARIADIC ARRAY[1, 2]);
-- The parts of an aggregate are of no use alone: nobody has a value of their first type.
\set VERBOSITY sqlstate
SELECT rsl.digest_add(NULL, 1);
\set VERBOSITY default
\set VERBOSITY sqlstate
SELECT rsl.witness_deserialize('\x00', NULL::internal);
\set VERBOSITY default
-- A type without a binary form, and JSON that is nested without end.
SELECT rsl.digest(relacl) FROM pg_class WHERE relacl IS NOT NULL;
\echo :SQLSTATE
SELECT rsl.digest((repeat('[', 200) || repeat(']', 200))::jsonb);
\echo :SQLSTATE
