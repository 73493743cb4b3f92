-- Whoever goes round the triggers is found out.
SET client_min_messages = warning;
CREATE TABLE t (id int PRIMARY KEY, v text);
SELECT rsl.audit_on('t');
SET application_name = 'test';
SET rsl.actor = 'kim';
INSERT INTO t SELECT i, 'row ' || i FROM generate_series(1, 3) i;
UPDATE t SET v = 'x' WHERE id = 1;
DELETE FROM t WHERE id = 2;
SELECT rsl.audit_seal();
INSERT INTO t VALUES (4, 'four');
SELECT rsl.audit_seal();
TRUNCATE t;
SELECT rsl.audit_seal();
SELECT * FROM rsl.audit_check();
SELECT rsl.audit_head() AS head \gset
SELECT * FROM rsl.audit_check(:'head');
SELECT rsl.audit_check('nonsense');
CREATE TYPE answer AS (problem text, seal_id bigint, block_id bigint, object text, detail text);
CREATE FUNCTION found_by(sql text, head text DEFAULT NULL) RETURNS TABLE (problem text, seal_id bigint, block_id bigint, object text, detail text) LANGUAGE plpgsql AS $$
BEGIN
    BEGIN
        EXECUTE sql;
        SELECT coalesce(array_agg((k.problem, k.seal_id, k.block_id, k.object, regexp_replace(k.detail, '[0-9-]+ [0-9:.]+\+00', '(time)'))::text), '{}') INTO sql FROM (SELECT * FROM rsl.audit_check(head) LIMIT 4) k;
        RAISE EXCEPTION 'undo' USING ERRCODE = 'XXXXX', DETAIL = sql;
    EXCEPTION WHEN SQLSTATE 'XXXXX' THEN GET STACKED DIAGNOSTICS sql = PG_EXCEPTION_DETAIL;
    END;
    RETURN QUERY SELECT r.* FROM unnest(sql::text[]) u, LATERAL (SELECT (json_populate_record(NULL::answer, to_json(u::answer))).*) r;
END $$;

ALTER TABLE rsl.audit_block DISABLE TRIGGER ALL;
ALTER TABLE rsl.audit_seal DISABLE TRIGGER ALL;
ALTER TABLE rsl.audit_shape DISABLE TRIGGER ALL;
-- Every column of a block.
SELECT a.attname, f.* FROM pg_attribute a, LATERAL found_by(format(
    CASE format_type(a.atttypid, NULL)
        WHEN 'text' THEN 'UPDATE rsl.audit_block SET %1$I = coalesce(%1$I, '''') || ''!'' WHERE block_id = 4'
        WHEN 'timestamp with time zone' THEN 'UPDATE rsl.audit_block SET %1$I = %1$I + interval ''1 us'' WHERE block_id = 4'
        WHEN '"char"' THEN 'UPDATE rsl.audit_block SET %1$I = ''D'' WHERE block_id = 4'
        WHEN 'inet' THEN 'UPDATE rsl.audit_block SET %1$I = ''10.0.0.1'' WHERE block_id = 4'
        WHEN 'bytea' THEN 'UPDATE rsl.audit_block SET %1$I = set_byte(%1$I, octet_length(%1$I) - 1, 122) WHERE block_id = 4'
        ELSE 'UPDATE rsl.audit_block SET %1$I = coalesce(%1$I, 0) + 1000 WHERE block_id = 4' END, a.attname)) f
WHERE a.attrelid = 'rsl.audit_block'::regclass AND a.attnum > 0 AND a.attname NOT IN ('changes', 'txid') ORDER BY a.attnum;
SELECT * FROM found_by('UPDATE rsl.audit_block SET changes = 2 WHERE block_id = 4');
SELECT * FROM found_by('UPDATE rsl.audit_block SET txid = (SELECT txid FROM rsl.audit_block WHERE block_id = 5) WHERE block_id = 4');
SELECT * FROM found_by('UPDATE rsl.audit_block SET txid = (SELECT txid FROM rsl.audit_block WHERE block_id = 6) WHERE block_id = 4');
SELECT * FROM found_by('UPDATE rsl.audit_block SET txid = txid + 100000000 WHERE block_id = 4');
SELECT * FROM found_by('UPDATE rsl.audit_block SET actor = NULL WHERE block_id = 4');
-- One less, one more, the same twice, two changed places, one into another month.
SELECT * FROM found_by('DELETE FROM rsl.audit_block WHERE block_id = 4');
SELECT * FROM found_by('INSERT INTO rsl.audit_block SELECT 1000, at, txid, load_id, bucket, era, table_id, shape_id, statement, changes, operation, session_role, acting_role, actor, application, client_addr, images FROM rsl.audit_block WHERE block_id = 4');
SELECT * FROM found_by('INSERT INTO rsl.audit_block SELECT * FROM rsl.audit_block WHERE block_id = 4');
SELECT * FROM found_by('INSERT INTO rsl.audit_block SELECT 1000, at, txid + 1000000, load_id, bucket, era, table_id, shape_id, statement, changes, operation, session_role, acting_role, actor, application, client_addr, images FROM rsl.audit_block WHERE block_id = 4');
SELECT * FROM found_by('INSERT INTO rsl.audit_block SELECT 1000, at, txid, load_id, bucket, 7, table_id, shape_id, statement, changes, operation, session_role, acting_role, actor, application, client_addr, images FROM rsl.audit_block WHERE block_id = 4');
SELECT * FROM found_by('UPDATE rsl.audit_block SET block_id = 9 - block_id WHERE block_id IN (4, 5)');
SELECT * FROM found_by('UPDATE rsl.audit_block b SET images = o.images FROM rsl.audit_block o WHERE b.block_id + o.block_id = 3 AND b.block_id < 3');
SELECT * FROM found_by('UPDATE rsl.audit_block SET at = at + interval ''1 month'' WHERE block_id = 4');
-- Detached, or dropped, without rsl.audit_prune.
SELECT tableoid::regclass AS month FROM rsl.audit_block LIMIT 1 \gset
SELECT * FROM found_by(format('ALTER TABLE rsl.audit_block DETACH PARTITION %s', :'month'));
SELECT * FROM found_by(format('DROP TABLE %s', :'month'));
-- What blocks mean stands in their shape.
SELECT * FROM found_by('UPDATE rsl.audit_shape SET table_name = ''other''');
SELECT * FROM found_by('UPDATE rsl.audit_shape SET columns = jsonb_set(columns, ''{1,name}'', ''"w"'')');
SELECT * FROM found_by('UPDATE rsl.audit_shape SET key_columns = ''{v}''');
SELECT * FROM found_by('UPDATE rsl.audit_shape SET schema_name = ''x''');
SELECT * FROM found_by('DELETE FROM rsl.audit_shape');
-- The seals themselves: every column.
SELECT a.attname, f.* FROM pg_attribute a, LATERAL found_by(format(
    CASE format_type(a.atttypid, NULL)
        WHEN 'text' THEN 'UPDATE rsl.audit_seal SET %1$I = coalesce(%1$I, '''') || ''!'' WHERE seal_id = 2'
        WHEN 'timestamp with time zone' THEN 'UPDATE rsl.audit_seal SET %1$I = %1$I + interval ''1 us'' WHERE seal_id = 2'
        WHEN 'bytea' THEN 'UPDATE rsl.audit_seal SET %1$I = set_byte(%1$I, 9, (get_byte(%1$I, 9) + 1) %% 256) WHERE seal_id = 2'
        ELSE 'UPDATE rsl.audit_seal SET %1$I = %1$I + 100 WHERE seal_id = 2' END, a.attname)) f
WHERE a.attrelid = 'rsl.audit_seal'::regclass AND a.attnum > 0 AND a.attname NOT IN ('kind', 'blocks', 'detail', 'txid_from') ORDER BY a.attnum;
SELECT * FROM found_by('UPDATE rsl.audit_seal SET txid_from = txid_from - 1 WHERE seal_id = 2');
SELECT * FROM found_by('UPDATE rsl.audit_seal SET kind = ''prune'', detail = ''{}'' WHERE seal_id = 2');
SELECT * FROM found_by('DELETE FROM rsl.audit_seal WHERE seal_id = 2');
SELECT * FROM found_by('DELETE FROM rsl.audit_seal WHERE seal_id = 1');
SELECT * FROM found_by('UPDATE rsl.audit_seal SET seal_id = seal_id + 1 WHERE seal_id = 3; INSERT INTO rsl.audit_seal SELECT 3, kind, at, era, txid_from, txid_until, blocks, changes, entries, detail, session_role, acting_role, actor, previous, hash FROM rsl.audit_seal WHERE seal_id = 2');
-- A chain that fits in itself: found with the head that was kept.
CREATE FUNCTION make_anew() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    s rsl.audit_seal;
    before bytea := decode(repeat('00', 32), 'hex');
BEGIN
    FOR s IN SELECT * FROM rsl.audit_seal ORDER BY seal_id LOOP
        s.entries := coalesce((SELECT string_agg(int8send(b.block_id) || int2send(rsl.audit_month_number(b.at)::int2) || rsl.audit_block_hash(b), '' ORDER BY b.block_id)
            FROM rsl.audit_block b WHERE b.txid >= s.txid_from AND b.txid < s.txid_until), '');
        s.blocks := octet_length(s.entries) / 42;
        s.previous := before;
        s.hash := rsl.audit_seal_hash(s);
        UPDATE rsl.audit_seal t SET entries = s.entries, blocks = s.blocks, previous = s.previous, hash = s.hash WHERE t.seal_id = s.seal_id;
        before := s.hash;
    END LOOP;
END $$;
SELECT * FROM found_by('UPDATE rsl.audit_block SET actor = ''lee'' WHERE block_id = 4; SELECT make_anew()');
SELECT * FROM found_by('UPDATE rsl.audit_block SET actor = ''lee'' WHERE block_id = 4; SELECT make_anew()', :'head');
SELECT * FROM found_by('DELETE FROM rsl.audit_seal WHERE seal_id = 3; DELETE FROM rsl.audit_block WHERE operation = ''T''');
SELECT * FROM found_by('DELETE FROM rsl.audit_seal WHERE seal_id = 3; DELETE FROM rsl.audit_block WHERE operation = ''T''', :'head');
SELECT * FROM found_by('DELETE FROM rsl.audit_seal; DELETE FROM rsl.audit_block');
SELECT * FROM found_by('DELETE FROM rsl.audit_seal; DELETE FROM rsl.audit_block', :'head');
-- An older head still holds when the chain goes on.
INSERT INTO t VALUES (9);
SELECT rsl.audit_seal();
SELECT * FROM rsl.audit_check(:'head');
