-- What a table is beside its rows.

-- kind: a column is dropped
-- named by: loads_match | erp.item | missing: weight
ALTER TABLE erp.item DROP weight;

-- kind: a column is renamed
-- named by: target_shape | erp.item.boxes | missing
ALTER TABLE erp.item RENAME boxes TO cartons;

-- kind: a column's type is widened
-- named by: target_shape | erp.item.qty | bigint
ALTER TABLE erp.item ALTER qty TYPE bigint;

-- kind: a decimal's scale is narrowed
-- named by: target_shape | erp.item.price | numeric(18,2)
ALTER TABLE erp.item ALTER price TYPE numeric(18,2);

-- kind: a column sorts by another collation
-- named by: target_shape | erp.item.name | collate "C"
ALTER TABLE erp.item ALTER name TYPE varchar(60) COLLATE "C";

-- kind: NOT NULL is dropped
-- named by: target_shape | erp.item.lot | character varying(10) not null / character varying(10) /
ALTER TABLE erp.item ALTER lot DROP NOT NULL;

-- kind: NOT NULL is dropped, and a value is missing
-- named by: loads_match | erp.item | changed: {"item_cd": "A-0100"}; in the columns lot
ALTER TABLE erp.item ALTER lot DROP NOT NULL;
UPDATE erp.item SET lot = NULL WHERE item_cd = 'A-0100';

-- kind: a required column holds NULL, behind the catalogue
-- named by: required_columns | erp.item.lot | A-0100
UPDATE pg_attribute SET attnotnull = false WHERE attrelid = 'erp.item'::regclass AND attname = 'lot';
UPDATE erp.item SET lot = NULL WHERE item_cd = 'A-0100';
UPDATE pg_attribute SET attnotnull = true WHERE attrelid = 'erp.item'::regclass AND attname = 'lot';

-- kind: a default is another
-- named by: target_shape | erp.item.qty | default 1
ALTER TABLE erp.item ALTER qty SET DEFAULT 1;

-- kind: a check is dropped
-- named by: target_shape | erp.item.item_qty_ok | missing
ALTER TABLE erp.item DROP CONSTRAINT item_qty_ok;

-- kind: a check is replaced by one that refuses less
-- named by: target_shape | erp.item.item_qty_ok | -1
ALTER TABLE erp.item DROP CONSTRAINT item_qty_ok, ADD CONSTRAINT item_qty_ok CHECK (qty >= -1);

-- kind: a check is switched off in the catalogue
-- named by: constraints_bite | erp.item.item_qty_ok | accepted
UPDATE pg_class SET relchecks = 0 WHERE oid = 'erp.item'::regclass;

-- kind: a check is added NOT VALID, and rows break it
-- named by: constraints_enforced | erp.item.item_dear | A-0001
ALTER TABLE erp.item ADD CONSTRAINT item_dear CHECK (price > 2) NOT VALID;

-- kind: a trigger is disabled
-- named by: constraints_enforced | erp.routing.routing_trimmed | disabled
ALTER TABLE erp.routing DISABLE TRIGGER routing_trimmed;

-- kind: triggers and foreign keys are switched off for every new session
-- named by: constraints_enforced | session_replication_role | replica
DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET session_replication_role = replica', current_database()); END $$;

-- kind: a trigger is dropped
-- named by: target_shape | erp.routing.routing_trimmed | missing
DROP TRIGGER routing_trimmed ON erp.routing;

-- kind: a trigger's function has another body
-- named by: target_shape | erp.trimmed() | which erp.routing calls, was changed
CREATE OR REPLACE FUNCTION erp.trimmed() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN new.minutes := 0; RETURN new; END';

-- kind: a rule swallows what is inserted
-- named by: target_shape | erp.plant.swallow | INSTEAD
CREATE RULE swallow AS ON INSERT TO erp.plant DO INSTEAD NOTHING;

-- kind: a trigger is added that changes what is written
-- named by: target_shape | erp.plant.louder | has come
CREATE FUNCTION erp.louder() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN new.name := upper(new.name); RETURN new; END';
CREATE TRIGGER louder BEFORE INSERT OR UPDATE ON erp.plant FOR EACH ROW EXECUTE FUNCTION erp.louder();

-- kind: a function that a check calls lets everything pass
-- named by: target_shape | erp.is_dear(numeric) | was changed
CREATE FUNCTION erp.is_dear(price numeric) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT price > 0';
ALTER TABLE erp.item ADD CONSTRAINT item_dear CHECK (erp.is_dear(price)) NOT VALID;
SELECT rsl.shape_accept('erp.item');
CREATE OR REPLACE FUNCTION erp.is_dear(price numeric) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true';

-- kind: a policy of row security hides more rows than before
-- named by: target_shape | erp.plant.own | P1
ALTER TABLE erp.plant ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON erp.plant USING (true);
SELECT rsl.shape_accept('erp.plant');
ALTER POLICY own ON erp.plant USING (plant_cd = 'P1');

-- kind: row security hides rows
-- named by: target_shape | erp.item | row security
ALTER TABLE erp.item ENABLE ROW LEVEL SECURITY;

-- kind: the owner is another
-- named by: target_shape | erp.item | stranger
ALTER TABLE erp.item OWNER TO stranger;

-- kind: a domain's rule is dropped
-- named by: target_shape | erp.positive | constraint is_positive
CREATE DOMAIN erp.positive AS int CONSTRAINT is_positive CHECK (value > 0);
ALTER TABLE erp.item ALTER boxes TYPE erp.positive;
SELECT rsl.shape_accept('erp.item');
ALTER DOMAIN erp.positive DROP CONSTRAINT is_positive;

-- kind: the function behind an operator of a check is another
-- named by: target_shape | erp.alike(text,text) | was changed
CREATE FUNCTION erp.alike(text, text) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1 = $2';
CREATE OPERATOR erp.=~= (FUNCTION = erp.alike, LEFTARG = text, RIGHTARG = text);
ALTER TABLE erp.plant ADD CONSTRAINT named CHECK (NOT name OPERATOR(erp.=~=) '') NOT VALID;
SELECT rsl.shape_accept('erp.plant');
CREATE OR REPLACE FUNCTION erp.alike(text, text) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT false';

-- kind: a partition gets a trigger of its own
-- named by: target_shape | erp.result_2024 | TRIGGER louder
CREATE FUNCTION erp.louder() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN new.good := 0; RETURN new; END';
CREATE TRIGGER louder BEFORE INSERT ON erp.result_2024 FOR EACH ROW EXECUTE FUNCTION erp.louder();

-- kind: a partition has another owner
-- named by: target_shape | erp.result_2024 | owner stranger
ALTER TABLE erp.result_2024 OWNER TO stranger;

-- kind: another table's foreign key to this one is dropped
-- named by: target_shape | app.line.line_item | foreign key to erp.item was taken away
CREATE TABLE app.line (item_cd varchar(10) CONSTRAINT line_item REFERENCES erp.item);
SELECT rsl.shape_accept('erp.item');
ALTER TABLE app.line DROP CONSTRAINT line_item;

-- kind: a view stands in place of the table
-- named by: loads_match | erp.movement | it was a table then
ALTER TABLE erp.movement RENAME TO movement_was;
CREATE VIEW erp.movement AS SELECT * FROM erp.movement_was;

-- kind: a materialized view stands in place of the table
-- named by: target_shape | erp.movement | materialized view
ALTER TABLE erp.movement RENAME TO movement_was;
CREATE MATERIALIZED VIEW erp.movement AS SELECT * FROM erp.movement_was;

-- kind: a function that a trigger's function calls is another
-- named by: target_shape | erp.helper(text) | was changed
-- missed because: what a function calls inside its body is not known to the server; only functions that the table itself calls are recorded
CREATE FUNCTION erp.helper(text) RETURNS text LANGUAGE sql AS 'SELECT btrim($1)';
CREATE OR REPLACE FUNCTION erp.trimmed() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN new.item_cd := erp.helper(new.item_cd); RETURN new; END';
SELECT rsl.shape_accept('erp.routing');
CREATE OR REPLACE FUNCTION erp.helper(text) RETURNS text LANGUAGE sql AS $$SELECT 'A-0001'$$;

-- kind: a column is added that the application does not fill, and that must not be NULL
-- named by: target_shape | erp.movement.batch | has come
-- missed because: what is added is allowed; the finding that passes names it
DELETE FROM erp.movement;
ALTER TABLE erp.movement ADD batch int NOT NULL;
INSERT INTO erp.movement SELECT m.*, 1 FROM (SELECT 'A'::varchar(10), 1, '2024-01-01'::timestamp) m;
