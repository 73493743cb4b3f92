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
-- named by: rsl.load_finish | erp.plant | rows: 2 in the source, 1 in the target
-- committed
\i sql/include/load.psql
SELECT rsl.load_begin('erp.plant') AS load \gset
SELECT rsl.load_push(:load, 1, payload($$VALUES ('P8'::varchar(4), '구미 공장'::varchar(40)), ('P9', '여수 공장')$$));
DELETE FROM rsl_stage.load_:load WHERE plant_cd = 'P8';
SELECT rsl.load_finish(:load, witness($$SELECT * FROM (VALUES ('P8'::varchar(4), '구미 공장'::varchar(40)), ('P9', '여수 공장')) v (plant_cd, name)$$));

-- kind: a chunk never arrives
-- named by: rsl.load_finish | erp.movement | the source sent 2 rows, 1 arrived
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
-- named by: rsl.load_finish | erp.plant | rows: 1 in the source, 0 in the target
-- committed
\i sql/include/load.psql
CREATE RULE swallow AS ON INSERT TO erp.plant DO INSTEAD NOTHING;
SELECT * FROM load($$SELECT 'P8'::varchar(4) AS plant_cd, 'Gumi'::varchar(40) AS name$$, 'erp.plant');

-- kind: a trigger of the target writes to rows that are not of the load
-- named by: rsl.load_finish | erp.plant | rows of erp.plant that are not of this load have changed with it: column "name"
-- committed
\i sql/include/load.psql
CREATE FUNCTION erp.elsewhere() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN UPDATE erp.plant SET name = 'x' WHERE plant_cd = 'P1'; RETURN NULL; END $$;
CREATE TRIGGER elsewhere AFTER INSERT ON erp.plant FOR EACH ROW EXECUTE FUNCTION erp.elsewhere();
SELECT * FROM load($$SELECT 'P8'::varchar(4) AS plant_cd, 'Gumi'::varchar(40) AS name$$, 'erp.plant');

-- kind: a replace without a key would take rows of another table along
-- named by: rsl.load_finish | erp.movement | app.note: 1
-- committed
\i sql/include/load.psql
ALTER TABLE erp.movement ADD CONSTRAINT movement_once UNIQUE (item_cd, qty, moved_at);
CREATE TABLE app.note (item_cd varchar(10), qty int, moved_at timestamp, FOREIGN KEY (item_cd, qty, moved_at) REFERENCES erp.movement (item_cd, qty, moved_at) ON DELETE CASCADE);
INSERT INTO app.note SELECT * FROM erp.movement LIMIT 1;
SELECT * FROM load($$SELECT 'A-0001'::varchar(10) AS item_cd, 1 AS qty, '2024-01-01'::timestamp AS moved_at$$, 'erp.movement', 'replace');

-- kind: rows were rejected, and nobody has looked at them
-- named by: loads_match | erp.routing | rows that are not in the target: 1
-- committed
\i sql/include/load.psql
SELECT rsl.load_begin('erp.routing', max_rejects => 5) AS load \gset
SELECT rsl.load_push(:load, 1, payload($$VALUES (9000::bigint, 'A-9999'::varchar(10), NULL::varchar(4), 10, 1::numeric(10,3))$$));
SELECT rsl.load_finish(:load, witness($$SELECT 9000::bigint AS routing_id, 'A-9999'::varchar(10) AS item_cd, NULL::varchar(4) AS plant_cd, 10 AS seq, 1::numeric(10,3) AS minutes$$));

-- kind: rows were rejected, and the list of them is gone
-- named by: loads_match | erp.routing | rsl.reject has not the rows that were rejected
-- committed
\i sql/include/load.psql
SELECT rsl.load_begin('erp.routing', max_rejects => 5) AS load \gset
SELECT rsl.load_push(:load, 1, payload($$VALUES (9000::bigint, 'A-9999'::varchar(10), NULL::varchar(4), 10, 1::numeric(10,3))$$));
SELECT rsl.load_finish(:load, witness($$SELECT 9000::bigint AS routing_id, 'A-9999'::varchar(10) AS item_cd, NULL::varchar(4) AS plant_cd, 10 AS seq, 1::numeric(10,3) AS minutes$$));
DELETE FROM rsl.reject;

-- kind: a column is changed that the last load did not bring, but the one before
-- named by: loads_match | erp.stock | changed: {"stock_cd": "S-050"}
-- committed
\i sql/include/load.psql
SELECT * FROM load($$SELECT 'S-001'::varchar(10) AS stock_cd, 7::numeric(18,4) AS qty$$, 'erp.stock', 'upsert', columns => '{stock_cd,qty}');
SELECT hidden.from_triggers('erp.stock', $$UPDATE erp.stock SET note = 'elsewhere' WHERE stock_cd = 'S-050'$$);
