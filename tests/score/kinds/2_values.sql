-- Single values, as programs that copy tables change them, and as somebody changes them behind the audit.

-- kind: a decimal is off by one in its last place
-- named by: loads_match | erp.item | changed: {"item_cd": "A-0100"}; in the columns price
UPDATE erp.item SET price = price + 0.0001 WHERE item_cd = 'A-0100';

-- kind: a sign is lost
-- named by: loads_match | erp.item | changed: {"item_cd": "A-0100"}; in the columns price
UPDATE erp.item SET price = -price WHERE item_cd = 'A-0100';

-- kind: a decimal has gone through a 4-byte float
-- named by: loads_match | erp.item | in the columns price
UPDATE erp.item SET price = price::real::numeric;

-- kind: a decimal is rounded to two places
-- named by: loads_match | erp.item | in the columns price
UPDATE erp.item SET price = round(price, 2);

-- kind: a float has lost its last digits
-- named by: loads_match | erp.item | changed: {"item_cd": "A-0100"}; in the columns weight
UPDATE erp.item SET weight = weight::numeric(20,12)::float WHERE item_cd = 'A-0100';

-- kind: an integer is off by one
-- named by: loads_match | erp.item | changed: {"item_cd": "A-0100"}; in the columns qty
UPDATE erp.item SET qty = qty + 1 WHERE item_cd = 'A-0100';

-- kind: a boolean is inverted
-- named by: loads_match | erp.item | changed: {"item_cd": "A-0100"}; in the columns active
UPDATE erp.item SET active = NOT active WHERE item_cd = 'A-0100';

-- kind: a date is off by one day
-- named by: loads_match | erp.item | changed: {"item_cd": "A-0100"}; in the columns made
UPDATE erp.item SET made = made - 1 WHERE item_cd = 'A-0100';

-- kind: day and month change places
-- named by: loads_match | erp.item | changed: {"item_cd": "A-0100"}; in the columns made
UPDATE erp.item SET made = to_date(to_char(made, 'YYYY-DD-MM'), 'YYYY-MM-DD') WHERE item_cd = 'A-0100';

-- kind: a time is shifted by a time zone
-- named by: loads_match | erp.item | changed: {"item_cd": "A-0100"}; in the columns seen
UPDATE erp.item SET seen = seen + interval '9 hours' WHERE item_cd = 'A-0100';

-- kind: a time with a zone is read in another zone
-- named by: loads_match | erp.item | changed: {"item_cd": "A-0100"}; in the columns sent
UPDATE erp.item SET sent = (sent AT TIME ZONE 'UTC') AT TIME ZONE 'Asia/Seoul' WHERE item_cd = 'A-0100';

-- kind: the microseconds are cut
-- named by: loads_match | erp.item | in the columns seen
UPDATE erp.item SET seen = date_trunc('milliseconds', seen);

-- kind: a byte of a uuid differs
-- named by: loads_match | erp.item | changed: {"item_cd": "A-0100"}; in the columns uid
UPDATE erp.item SET uid = overlay(uid::text PLACING 'ff' FROM 1)::uuid WHERE item_cd = 'A-0100';

-- kind: a byte of a binary value differs
-- named by: loads_match | erp.item | changed: {"item_cd": "A-0100"}; in the columns raw
UPDATE erp.item SET raw = set_byte(raw, 0, 0) WHERE item_cd = 'A-0100';

-- kind: a value inside a JSON document differs
-- named by: loads_match | erp.item | changed: {"item_cd": "A-0100"}; in the columns extra
UPDATE erp.item SET extra = jsonb_set(extra, '{tags,1}', '"c"') WHERE item_cd = 'A-0100';

-- kind: leading zeros are lost
-- named by: loads_match | erp.item | changed: {"item_cd": "A-0100"}; in the columns lot
UPDATE erp.item SET lot = ltrim(lot, '0') WHERE item_cd = 'A-0100';

-- kind: a thousands separator has come
-- named by: loads_match | erp.item | changed: {"item_cd": "A-0100"}; in the columns size_text
UPDATE erp.item SET size_text = to_char(size_text::numeric, 'FM9,999.0') WHERE item_cd = 'A-0100';

-- kind: a column is loaded from another
-- named by: loads_match | erp.item | in the columns qty, boxes
UPDATE erp.item SET qty = boxes, boxes = qty;

-- kind: a column is emptied
-- named by: loads_match | erp.item | in the columns spec
UPDATE erp.item SET spec = NULL;

-- kind: an audited value is changed behind the audit
-- named by: loads_match | erp.stock | changed: {"stock_cd": "S-050"}
SELECT hidden.from_triggers('erp.stock', $$UPDATE erp.stock SET qty = 1 WHERE stock_cd = 'S-050'$$);

-- kind: an audited change is taken back behind the audit
-- named by: loads_match | erp.stock | not as the log says: {"stock_cd": "S-010"}
SELECT hidden.from_triggers('erp.stock', $$UPDATE erp.stock SET qty = qty - 1 WHERE stock_cd = 'S-010'$$);

-- kind: a deleted row is put back behind the audit
-- named by: loads_match | erp.stock | not as the log says: {"stock_cd": "S-020"}
SELECT hidden.from_triggers('erp.stock', $$INSERT INTO erp.stock VALUES ('S-020', 30, '창고 20')$$);

-- kind: a byte of a row flips on the disk
-- named by: loads_match | erp.item | changed: {"item_cd": "A-0100"}; in the columns lot
-- committed
-- No block of this table was read yet in this database: the server will read what stands on the disk.
CHECKPOINT;
DO $$
DECLARE
    file text := current_setting('data_directory') || '/' || pg_relation_filepath('erp.item');
    place int := position('00100'::bytea IN pg_read_binary_file(file)) - 1;
BEGIN
    EXECUTE format('COPY (SELECT 1) TO PROGRAM %L', format('printf 7 | dd of=%s bs=1 seek=%s conv=notrunc status=none; cat > /dev/null', file, place));
END $$;
