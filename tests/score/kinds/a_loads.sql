-- What happens between the source and the target while a load is under way. The load must be refused, and say where.

-- kind: a value in staging is changed before the load ends
-- named by: rsl.load_finish | erp.plant | column "name"
-- committed
\i sql/include/load.psql
SELECT rsl.load_begin('erp.plant') AS load \gset
SELECT rsl.load_push(:load, 1, payload($$VALUES ('P8'::varchar(4), '구미 공장'::varchar(40)), ('P9', '여수 공장')$$));
UPDATE rsl_stage.load_:load SET name = '구미' WHERE plant_cd = 'P8';
SELECT rsl.load_finish(:load, witness($$SELECT * FROM (VALUES ('P8'::varchar(4), '구미 공장'::varchar(40)), ('P9', '여수 공장')) v (plant_cd, name)$$));

-- kind: a row in staging is deleted before the load ends
-- named by: rsl.load_finish | erp.plant | rows
-- committed
\i sql/include/load.psql
SELECT rsl.load_begin('erp.plant') AS load \gset
SELECT rsl.load_push(:load, 1, payload($$VALUES ('P8'::varchar(4), '구미 공장'::varchar(40)), ('P9', '여수 공장')$$));
DELETE FROM rsl_stage.load_:load WHERE plant_cd = 'P8';
SELECT rsl.load_finish(:load, witness($$SELECT * FROM (VALUES ('P8'::varchar(4), '구미 공장'::varchar(40)), ('P9', '여수 공장')) v (plant_cd, name)$$));

-- kind: a chunk never arrives
-- named by: rsl.load_finish | erp.movement | rows
-- committed
\i sql/include/load.psql
SELECT rsl.load_begin('erp.movement') AS load \gset
SELECT rsl.load_push(:load, 1, payload($$VALUES ('A'::varchar(10), 1, '2024-01-01'::timestamp)$$));
SELECT rsl.load_finish(:load, witness($$SELECT * FROM (VALUES ('A'::varchar(10), 1, '2024-01-01'::timestamp), ('B', 2, '2024-01-02')) v (item_cd, qty, moved_at)$$));

-- kind: a chunk arrives with another value
-- named by: rsl.load_finish | erp.movement | column "qty"
-- committed
\i sql/include/load.psql
SELECT rsl.load_begin('erp.movement') AS load \gset
SELECT rsl.load_push(:load, 1, payload($$VALUES ('A'::varchar(10), 10, '2024-01-01'::timestamp)$$));
SELECT rsl.load_finish(:load, witness($$SELECT * FROM (VALUES ('A'::varchar(10), 1, '2024-01-01'::timestamp)) v (item_cd, qty, moved_at)$$));

-- kind: a trigger of the target changes what is loaded
-- named by: rsl.load_finish | erp.plant | column "name"
-- committed
\i sql/include/load.psql
CREATE FUNCTION erp.louder() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN new.name := upper(new.name); RETURN new; END';
CREATE TRIGGER louder BEFORE INSERT ON erp.plant FOR EACH ROW EXECUTE FUNCTION erp.louder();
SELECT * FROM load($$SELECT 'P8'::varchar(4) AS plant_cd, 'Gumi'::varchar(40) AS name$$, 'erp.plant');

-- kind: a load brings an orphan
-- named by: rsl.load_finish | erp.routing | routing_item
-- committed
\i sql/include/load.psql
SELECT * FROM load($$SELECT 9000::bigint AS routing_id, 'A-9999'::varchar(10) AS item_cd, NULL::varchar(4) AS plant_cd, 10 AS seq, 1::numeric(10,3) AS minutes$$, 'erp.routing');

-- kind: a rule of the target swallows what is loaded
-- named by: rsl.load_finish | erp.plant | rows
-- committed
\i sql/include/load.psql
CREATE RULE swallow AS ON INSERT TO erp.plant DO INSTEAD NOTHING;
SELECT * FROM load($$SELECT 'P8'::varchar(4) AS plant_cd, 'Gumi'::varchar(40) AS name$$, 'erp.plant');
