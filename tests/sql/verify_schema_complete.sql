-- Every kind of damage to the schema is found, and nothing else; each is put back before the next.
CREATE FUNCTION damage(statement text) RETURNS TABLE (object text, status text, expected text, actual text, detail text, hint text) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    CREATE TEMPORARY TABLE found AS SELECT v.object, v.status, v.expected, v.actual, v.detail, v.hint FROM rsl.verify('schema_complete') v WHERE v.status <> 'pass';
    RAISE EXCEPTION USING ERRCODE = 'RSL99', MESSAGE = (SELECT coalesce(jsonb_agg(f), '[]')::text FROM found f);
EXCEPTION WHEN SQLSTATE 'RSL99' THEN
    RETURN QUERY SELECT r.* FROM jsonb_to_recordset(SQLERRM::jsonb) AS r(object text, status text, expected text, actual text, detail text, hint text);
END $$;
SELECT * FROM damage('SELECT');
\x
SELECT object, status, actual FROM damage('ALTER EXTENSION rsl DROP VIEW rsl.routing_groups; DROP VIEW rsl.routing_groups');
SELECT object, status, actual FROM damage('ALTER TABLE rsl.output_profiles RENAME TO profiles');
SELECT object, status, hint FROM damage('ALTER TABLE rsl.items DROP COLUMN unit');
SELECT object, status, expected, actual FROM damage('ALTER TABLE rsl.items ALTER unit TYPE varchar(20)');
SELECT object, status, expected, actual FROM damage('ALTER TABLE rsl.items ALTER item_code DROP NOT NULL');
SELECT object, status, expected, actual FROM damage('ALTER TABLE rsl.items ALTER metadata DROP DEFAULT');
SELECT object, status, expected, actual, hint FROM damage('ALTER TABLE rsl.items DROP CONSTRAINT items_thickness_check');
SELECT object, status, expected, actual, hint FROM damage('ALTER TABLE rsl.items DROP CONSTRAINT items_thickness_check, ADD CONSTRAINT items_thickness_check CHECK (thickness >= 0 AND thickness < 1000000000000) NOT VALID');
SELECT object, status, expected, actual, hint FROM damage('ALTER TABLE rsl.items DROP CONSTRAINT items_thickness_check, ADD CONSTRAINT items_thickness_check CHECK (true)');
SELECT object, status, hint FROM damage('ALTER TABLE rsl.items DROP CONSTRAINT items_item_code_key');
SELECT object, status, hint FROM damage('DROP INDEX rsl.users_email_lower_key');
SELECT object, status, actual, hint FROM damage($$UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'rsl.users_email_lower_key'::regclass$$);
SELECT object, status, hint FROM damage('DROP TRIGGER items_touch_updated_at ON rsl.items');
SELECT object, status, hint FROM damage('ALTER TABLE rsl.items DISABLE TRIGGER items_touch_updated_at');
SELECT object, status, hint FROM damage('ALTER TABLE rsl.items ENABLE REPLICA TRIGGER items_touch_updated_at');
SELECT object, status, expected, actual FROM damage('ALTER SEQUENCE rsl.items_id_seq INCREMENT 2');
SELECT object, status, detail FROM damage($$CREATE OR REPLACE FUNCTION rsl.load_lock_class() RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS 'SELECT 1'$$);
SELECT object, status, detail FROM damage('ALTER FUNCTION rsl.load_lock_class() SECURITY DEFINER');
SELECT object, status, detail FROM damage('ALTER FUNCTION rsl.load_lock_class() RESET search_path');
SELECT object, status, detail FROM damage('CREATE OR REPLACE VIEW rsl.audit_logs AS SELECT l.load_id, ''load''::text AS action, l.started_by::text AS actor, l.target, l.source, l.object, l.mode, l.status, l.rows, l.started_at::timestamp AS started_at, l.finished_at::timestamp AS finished_at FROM rsl.load AS l');
SELECT object, status, actual FROM damage('ALTER TABLE rsl.users ENABLE ROW LEVEL SECURITY');
SELECT object, status, actual FROM damage('ALTER TABLE rsl.users SET UNLOGGED');
-- What somebody added is a warning; an index more, and a trigger of RSL, are none.
SELECT object, status, hint FROM damage('CREATE TABLE rsl.mine (id serial PRIMARY KEY)');
SELECT object, status FROM damage('ALTER TABLE rsl.items ADD colour text, ADD CHECK (colour <> '''')');
SELECT object, status FROM damage('CREATE FUNCTION rsl.mine() RETURNS int LANGUAGE sql AS ''SELECT 1''');
SELECT object, status FROM damage('CREATE DOMAIN rsl.mine AS text');
SELECT object, status FROM damage('CREATE RULE mine AS ON DELETE TO rsl.items DO INSTEAD NOTHING');
SELECT object, status FROM damage('CREATE INDEX ON rsl.items (name)');
SELECT object, status, actual FROM damage('DELETE FROM rsl.manifest');
\x
-- Nothing is left of all that.
SELECT DISTINCT status FROM rsl.verify('schema_complete');
