\i sql/include/load.psql
-- More columns than a function has arguments, and the row for an aggregate is made another way.
CREATE SCHEMA erp;
SELECT format('CREATE TABLE erp.wide (%s, PRIMARY KEY (c1, c2))', string_agg(format('c%s %s', g, CASE WHEN g % 3 = 0 THEN 'text' ELSE 'numeric' END), ', ' ORDER BY g)) AS ddl,
       format('SELECT %s FROM generate_series(1, 5) r', string_agg(CASE WHEN g % 3 = 0 THEN format('''v'' || r * %s AS c%1$s', g) ELSE format('(r * %s)::numeric / 8 AS c%1$s', g) END, ', ' ORDER BY g)) AS query
FROM generate_series(1, 150) g \gset
:ddl;
SELECT * FROM load(:'query', 'erp.wide');
SELECT * FROM load(:'query', 'erp.wide', 'upsert');
UPDATE erp.wide SET c150 = 'x' WHERE c1 = 0.25;
DELETE FROM erp.wide WHERE c1 = 0.125;
SELECT * FROM load(:'query', 'erp.wide', 'upsert');
SELECT * FROM load(:'query', 'erp.wide', 'replace');
SELECT rsl.digest(w) = rsl.table_digest('erp.wide') AS same, left(rsl.table_digest('erp.wide'), 2) AS rows FROM erp.wide w;
SELECT count(*) FROM jsonb_object_keys(rsl.table_witness('erp.wide') -> 'columns');
SELECT columns #>> '{c150,sum}' IS NULL AS not_summed, columns #>> '{c148,sum}' AS sum FROM jsonb_to_record(rsl.table_witness('erp.wide')) AS w(columns jsonb);
-- 90 and 91 columns go two ways and mean the same.
SELECT rsl.table_digest('erp.wide', array_agg('c' || g ORDER BY g)) = rsl.table_witness('erp.wide', array_agg('c' || g ORDER BY g)) ->> 'digest' AS same, n
FROM generate_series(1, 150) g, (VALUES (90), (91), (150)) n(n) WHERE g <= n GROUP BY n ORDER BY n;
