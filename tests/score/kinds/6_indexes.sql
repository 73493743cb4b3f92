-- Indexes that are gone, or do not hold what the table holds.

-- kind: an index is dropped
-- named by: target_shape | erp.item_name | missing
DROP INDEX erp.item_name;

-- kind: a foreign key has no index any more
-- named by: foreign_key_indexes | erp.routing.routing_plant | an index that begins with (plant_cd) / none
DROP INDEX erp.routing_plant_cd;

-- kind: an index is invalid
-- named by: indexes_valid | erp.item_uid_once | not valid
UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'erp.item_uid_once'::regclass;

-- kind: rows were written that an index has not seen
-- named by: digests_agree | erp.plant | rows in the table 4, rows through plant_pkey 3
-- committed
UPDATE pg_index SET indisready = false WHERE indexrelid = 'erp.plant_pkey'::regclass;
\c
INSERT INTO erp.plant VALUES ('P4', '대구 공장');
UPDATE pg_index SET indisready = true WHERE indexrelid = 'erp.plant_pkey'::regclass;

-- kind: an index is of a function that gives another value now
-- named by: indexes_consistent | erp.item_name | lacks matching index tuple
CREATE OR REPLACE FUNCTION erp.folded(value text) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS 'SELECT upper(value)';

-- kind: a page of an index is overwritten on the disk
-- named by: indexes_consistent | erp.routing_once | index tuple size does not equal lp_len
-- committed
CHECKPOINT;
DO $$
DECLARE
    file text := current_setting('data_directory') || '/' || pg_relation_filepath('erp.routing_once');
BEGIN
    EXECUTE format('COPY (SELECT 1) TO PROGRAM %L', format('head -c 2000 /dev/zero | dd of=%s bs=1 seek=14000 conv=notrunc status=none; cat > /dev/null', file));
END $$;

-- kind: statistics are missing
-- named by: statistics | erp.item | never analyzed
DELETE FROM pg_statistic WHERE starelid = 'erp.item'::regclass;
