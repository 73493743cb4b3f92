\i sql/include/load.psql
-- Triggers, rules and constraints of the target behave as they always do; what they change makes the load inexact.
CREATE SCHEMA erp;
CREATE TABLE erp.item (id int PRIMARY KEY, code text, note text);
CREATE FUNCTION erp.meddle() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    CASE TG_ARGV[0]
        WHEN 'change' THEN NEW.code := upper(NEW.code);
        WHEN 'swallow' THEN RETURN NULL;
        WHEN 'double' THEN INSERT INTO erp.item VALUES (NEW.id + 1000, NEW.code) ON CONFLICT DO NOTHING;
        WHEN 'note' THEN NEW.note := 'load ' || rsl.load_current();
        WHEN 'refuse' THEN RAISE EXCEPTION 'no % today', NEW.code USING ERRCODE = 'check_violation', DETAIL = 'Closed.', HINT = 'Come tomorrow.';
    END CASE;
    RETURN NEW;
END $$;

CREATE TRIGGER meddle BEFORE INSERT ON erp.item FOR EACH ROW WHEN (NEW.id = 2) EXECUTE FUNCTION erp.meddle('change');
SELECT * FROM load('SELECT 1 AS id, ''a'' AS code UNION ALL SELECT 2, ''b''', 'erp.item', columns => ARRAY['id', 'code']);
DROP TRIGGER meddle ON erp.item;
CREATE TRIGGER meddle BEFORE INSERT ON erp.item FOR EACH ROW WHEN (NEW.id = 2) EXECUTE FUNCTION erp.meddle('swallow');
SELECT * FROM load('SELECT 1 AS id, ''a'' AS code UNION ALL SELECT 2, ''b''', 'erp.item', columns => ARRAY['id', 'code']);
SELECT * FROM load('SELECT 1 AS id, ''a'' AS code UNION ALL SELECT 2, ''b''', 'erp.item', 'replace', columns => ARRAY['id', 'code']);
DROP TRIGGER meddle ON erp.item;
CREATE TRIGGER meddle AFTER INSERT ON erp.item FOR EACH ROW WHEN (NEW.id = 2) EXECUTE FUNCTION erp.meddle('double');
SELECT * FROM load('SELECT 1 AS id, ''a'' AS code UNION ALL SELECT 2, ''b''', 'erp.item', columns => ARRAY['id', 'code']);
DROP TRIGGER meddle ON erp.item;
CREATE TRIGGER meddle BEFORE INSERT ON erp.item FOR EACH ROW WHEN (NEW.id = 2) EXECUTE FUNCTION erp.meddle('refuse');
SELECT * FROM load('SELECT 1 AS id, ''a'' AS code UNION ALL SELECT 2, ''b''', 'erp.item', columns => ARRAY['id', 'code']);
SELECT report -> 'reason' AS reason FROM rsl.load ORDER BY load_id DESC LIMIT 1;
DROP TRIGGER meddle ON erp.item;
SELECT count(*) FROM erp.item;

-- One that fills a column that is not loaded is welcome, and can tell which load it is.
CREATE TRIGGER meddle BEFORE INSERT OR UPDATE ON erp.item FOR EACH ROW EXECUTE FUNCTION erp.meddle('note');
SELECT * FROM load('SELECT 1 AS id, ''a'' AS code UNION ALL SELECT 2, ''b''', 'erp.item', columns => ARRAY['id', 'code']);
INSERT INTO erp.item VALUES (3, 'by hand', 'gone');
SELECT * FROM erp.item ORDER BY id;
SELECT rsl.load_current();
DROP TRIGGER meddle ON erp.item;

-- An UPDATE that is swallowed or changed.
CREATE TRIGGER meddle BEFORE UPDATE ON erp.item FOR EACH ROW EXECUTE FUNCTION erp.meddle('swallow');
SELECT * FROM load('SELECT 1 AS id, ''x'' AS code', 'erp.item', 'upsert', columns => ARRAY['id', 'code']);
DROP TRIGGER meddle ON erp.item;
CREATE TRIGGER meddle BEFORE UPDATE ON erp.item FOR EACH ROW EXECUTE FUNCTION erp.meddle('change');
SELECT * FROM load('SELECT 1 AS id, ''x'' AS code', 'erp.item', 'upsert', columns => ARRAY['id', 'code']);
DROP TRIGGER meddle ON erp.item;
-- A DELETE that is swallowed.
CREATE FUNCTION erp.keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER keep BEFORE DELETE ON erp.item FOR EACH ROW EXECUTE FUNCTION erp.keep();
SELECT * FROM load('SELECT 1 AS id, ''a'' AS code', 'erp.item', 'replace', columns => ARRAY['id', 'code']);
DROP TRIGGER keep ON erp.item;
-- A rule that sends the rows elsewhere.
CREATE TABLE erp.elsewhere (LIKE erp.item);
CREATE RULE elsewhere AS ON INSERT TO erp.item DO INSTEAD INSERT INTO erp.elsewhere VALUES (NEW.*);
SELECT * FROM load('SELECT 4 AS id, ''a'' AS code', 'erp.item', columns => ARRAY['id', 'code']);
DROP RULE elsewhere ON erp.item;
SELECT * FROM erp.item ORDER BY id;

-- Triggers and defaults of the target see the search_path of the session, not one of RSL.
CREATE SCHEMA app;
CREATE TABLE app.stamp (said text);
INSERT INTO app.stamp VALUES ('from app');
CREATE FUNCTION app.stamped() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.note := (SELECT said FROM stamp); RETURN NEW; END $$;
CREATE TRIGGER stamped BEFORE INSERT ON erp.item FOR EACH ROW EXECUTE FUNCTION app.stamped();
SET search_path = app, public;
SELECT * FROM load('SELECT 5 AS id, ''e'' AS code', 'erp.item', columns => ARRAY['id', 'code']);
SHOW search_path;
RESET search_path;
SELECT * FROM load('SELECT 6 AS id, ''f'' AS code', 'erp.item', columns => ARRAY['id', 'code']);
SELECT * FROM erp.item WHERE id > 3 ORDER BY id;
