CREATE FUNCTION rsl.audit_changes(shape_id int, images bytea, key_hash bigint DEFAULT NULL)
RETURNS TABLE (n int, kind "char", hash bigint, key bytea, old bytea, new bytea)
    LANGUAGE c STABLE PARALLEL SAFE ROWS 30 AS 'MODULE_PATHNAME', 'audit_changes_wrapper';
COMMENT ON FUNCTION rsl.audit_changes(int, bytea, bigint) IS
    'The changes in rsl.audit_block.images, or those of one key: number from 1, kind (I insert, U update, D delete, T truncate, K the key changed, C the same under the new key), hash of the key, and fields for rsl.audit_json and rsl.audit_row; XX001 if the images are damaged';

CREATE FUNCTION rsl.audit_json(shape_id int, fields bytea, without bytea DEFAULT NULL) RETURNS jsonb
    -- It tries whether a text is still one of its type, in a subtransaction, which there is none of beside parallel workers.
    LANGUAGE c STABLE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'audit_json_wrapper';
COMMENT ON FUNCTION rsl.audit_json(int, bytea, bytea) IS 'Fields of an image as to_jsonb of the row gave them, without those that are the same in the other; a value of a type that is gone is its text';

CREATE FUNCTION rsl.audit_key(shape_id int, fields bytea, names text[]) RETURNS jsonb
    LANGUAGE c STABLE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'audit_key_wrapper';
COMMENT ON FUNCTION rsl.audit_key(int, bytea, text[]) IS 'The key of an image as jsonb, under the names that its columns have now';

CREATE FUNCTION rsl.audit_order(kinds text, statements int[], old bytea[], new bytea[]) RETURNS int[]
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'audit_order_wrapper';
COMMENT ON FUNCTION rsl.audit_order(text, int[], bytea[], bytea[]) IS
    'The place of each change of one key in one transaction, given by statement: what a trigger did before a row came stands before it';

CREATE FUNCTION rsl.audit_row(base anyelement, shape_ids int[], fields bytea[]) RETURNS anyelement
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'audit_row_wrapper';
COMMENT ON FUNCTION rsl.audit_row(anyelement, int[], bytea[]) IS
    'The base row, or a row of NULLs, with fields of images put over it one after the other; what has no column now is left out, what has another type now is converted by its text';

CREATE FUNCTION rsl.audit_key_hash(VARIADIC key "any") RETURNS bigint
    LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'audit_key_hash_wrapper';
COMMENT ON FUNCTION rsl.audit_key_hash("any") IS 'The hash under which the log keeps the changes of a row with this key; equal keys have equal hashes';

CREATE FUNCTION rsl.audit_buckets(key_hash bigint) RETURNS bigint[]
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'audit_buckets_wrapper';
COMMENT ON FUNCTION rsl.audit_buckets(bigint) IS 'The buckets of rsl.audit_block in which changes of a key may be';

CREATE VIEW rsl.audit_log AS
SELECT b.block_id * 1000 + coalesce(c.n, 0) AS id,
       b.at,
       b.txid,
       s.schema_name,
       s.table_name,
       CASE b.operation WHEN 'I' THEN 'insert' WHEN 'U' THEN 'update' WHEN 'D' THEN 'delete' ELSE 'truncate' END AS operation,
       rsl.audit_json(b.shape_id, c.key) AS key,
       rsl.audit_json(b.shape_id, c.old, CASE c.kind WHEN 'K' THEN c.new END) AS old,
       rsl.audit_json(b.shape_id, c.new, CASE c.kind WHEN 'K' THEN c.old END) AS new,
       b.session_role,
       b.acting_role,
       b.actor,
       b.application,
       b.client_addr,
       b.load_id,
       b.statement
FROM rsl.audit_block b
JOIN rsl.audit_shape s ON s.shape_id = b.shape_id
-- A key that changed stands under both keys; here it is shown once.
LEFT JOIN LATERAL rsl.audit_changes(b.shape_id, b.images) c ON c.kind <> 'C'
WHERE c.n IS NOT NULL OR b.changes = 0;

COMMENT ON VIEW rsl.audit_log IS 'Every change of every audited table, one row for each row that changed';
COMMENT ON COLUMN rsl.audit_log.id IS 'Number: that of rsl.audit_block times 1000, and the place in it';
COMMENT ON COLUMN rsl.audit_log.at IS 'When: clock time';
COMMENT ON COLUMN rsl.audit_log.txid IS 'Transaction, as pg_current_xact_id() gives it';
COMMENT ON COLUMN rsl.audit_log.schema_name IS 'Schema of the table at that time';
COMMENT ON COLUMN rsl.audit_log.table_name IS 'Name of the table at that time';
COMMENT ON COLUMN rsl.audit_log.operation IS 'insert, update, delete or truncate; a truncate has a row for each row that went, and one without a key if there was none';
COMMENT ON COLUMN rsl.audit_log.key IS 'Key of the row, before the change';
COMMENT ON COLUMN rsl.audit_log.old IS 'What was there; of an update, the fields that changed';
COMMENT ON COLUMN rsl.audit_log.new IS 'What is there now; of an update, the fields that changed';
COMMENT ON COLUMN rsl.audit_log.session_role IS 'Role that had logged in';
COMMENT ON COLUMN rsl.audit_log.acting_role IS 'Role that did it';
COMMENT ON COLUMN rsl.audit_log.actor IS 'Application user, from the setting rsl.actor';
COMMENT ON COLUMN rsl.audit_log.application IS 'application_name of the session';
COMMENT ON COLUMN rsl.audit_log.client_addr IS 'Address that the session came from; null for a local socket';
COMMENT ON COLUMN rsl.audit_log.load_id IS 'The load that did it; null if none did';
COMMENT ON COLUMN rsl.audit_log.statement IS 'Number of the statement within its transaction: later ones have greater numbers';
