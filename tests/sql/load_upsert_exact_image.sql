\i sql/include/load.psql
-- Values that are equal but written otherwise are taken over as the source has them: nothing of the old form stays.
CREATE SCHEMA erp;
CREATE TABLE erp.item (id int PRIMARY KEY, price numeric, factor float8, unit char(3));
INSERT INTO erp.item VALUES (1, 1.10, 0, 'EA'), (2, 1.10, 0, 'EA');
SELECT * FROM load($$SELECT * FROM (VALUES (1, 1.1, '-0'::float8, 'EA'::char(3)), (2, 1.10, '0'::float8, 'EA'::char(3))) v(id, price, factor, unit)$$, 'erp.item', 'upsert');
SELECT * FROM erp.item ORDER BY id;

-- Large values that are stored out of line and compressed are compared by their content.
CREATE TABLE erp.note (id int PRIMARY KEY, body text);
INSERT INTO erp.note SELECT g, (SELECT string_agg(md5((g * n)::text), ' ') FROM generate_series(1, 1000) n) FROM generate_series(1, 3) g;
SELECT * FROM load('SELECT id, CASE id WHEN 2 THEN body || ''.'' ELSE body END AS body FROM erp.note', 'erp.note', 'upsert');
SELECT id, length(body) FROM erp.note ORDER BY id;
