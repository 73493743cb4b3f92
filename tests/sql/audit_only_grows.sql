-- Nobody changes the log, the owner and the superuser neither, also not with session_replication_role.
SET client_min_messages = warning;
CREATE TABLE t (id int PRIMARY KEY);
SELECT rsl.audit_on('t');
INSERT INTO t VALUES (1);
SELECT rsl.audit_seal();
CREATE FUNCTION try_all() RETURNS TABLE (target text, statement text, outcome text) LANGUAGE plpgsql AS $$
DECLARE
    rel regclass;
    sql text;
BEGIN
    FOREACH rel IN ARRAY ARRAY(SELECT c.oid::regclass FROM pg_class c WHERE c.relkind IN ('r', 'p') AND (c.oid IN (SELECT b.tableoid FROM rsl.audit_block b)
        OR c.relnamespace = 'rsl'::regnamespace AND c.relname ~ '^audit_') ORDER BY c.relname ~ '^block', c.relname) LOOP
        FOREACH sql IN ARRAY ARRAY[
            format('UPDATE %s SET %2$I = %2$I', rel, (SELECT attname FROM pg_attribute WHERE attrelid = rel AND attnum > 0 AND attidentity = '' ORDER BY attnum LIMIT 1)),
            format('DELETE FROM %s', rel), format('TRUNCATE %s CASCADE', rel)] LOOP
            target := regexp_replace(rel::text, '[0-9_]+$', ''); statement := split_part(sql, ' ', 1);
            BEGIN
                EXECUTE sql;
                outcome := 'DONE';
                RAISE EXCEPTION 'undo' USING ERRCODE = 'XXXXX';
            EXCEPTION WHEN SQLSTATE 'XXXXX' THEN outcome := 'DONE';
                WHEN OTHERS THEN outcome := SQLSTATE || ' ' || regexp_replace(SQLERRM, '[0-9_]+ only', ' only');
            END;
            RETURN NEXT;
        END LOOP;
    END LOOP;
END $$;
SELECT * FROM try_all();
SET session_replication_role = replica;
SELECT count(*), min(outcome) ~ '^42501', max(outcome) ~ '^42501' FROM try_all();
INSERT INTO t VALUES (2);
RESET session_replication_role;
SELECT count(*) FROM rsl.audit_log;
-- A month that is made later is as the others.
SELECT rsl.audit_month('2030-01-15') IS NOT NULL;
SELECT tgname, tgenabled FROM pg_trigger WHERE tgrelid = 'rsl_audit.block_2030_01'::regclass ORDER BY 1;
SELECT relname, reloptions FROM pg_class WHERE oid = 'rsl_audit.block_2030_01'::regclass;
SELECT count(*) FROM pg_index WHERE indrelid = 'rsl_audit.block_2030_01'::regclass;
