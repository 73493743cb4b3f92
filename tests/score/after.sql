-- After the load the application goes to work: audited changes, phases, freshness.
SELECT rsl.audit_on('erp.stock');
UPDATE erp.stock SET qty = qty + 1 WHERE stock_cd BETWEEN 'S-010' AND 'S-019';
DELETE FROM erp.stock WHERE stock_cd = 'S-020';
INSERT INTO erp.stock VALUES ('S-900', 9, '새 창고');
SELECT rsl.audit_seal();
UPDATE erp.stock SET note = '이동' WHERE stock_cd = 'S-030';
SELECT rsl.audit_seal();
UPDATE erp.stock SET qty = 0 WHERE stock_cd = 'S-040';

CREATE SCHEMA app;
CREATE TABLE app.orders (order_no int PRIMARY KEY, status text NOT NULL);
SELECT rsl.phase_on('app.orders', 'status', '{open,paid,closed}', '{"open": ["paid"], "paid": ["closed"]}');
INSERT INTO app.orders SELECT n, 'open' FROM generate_series(1, 50) n;
UPDATE app.orders SET status = 'paid' WHERE order_no <= 20;
CREATE TABLE app.warehouse (warehouse_cd text PRIMARY KEY, last_sync timestamptz, sync_status text);
SELECT rsl.freshness_on('app.warehouse', 'last_sync', 'sync_status');
INSERT INTO app.warehouse SELECT 'W' || n, now() FROM generate_series(1, 5) n;

-- The extension's own tables, which a person fills.
INSERT INTO rsl.items (item_code, name) SELECT 'I-' || n, '품목 ' || n FROM generate_series(1, 5) n;
CREATE ROLE reporter;
CREATE ROLE stranger;
SELECT rsl.grant_access('reporter', 'read');
ANALYZE;
