-- What happened, one row for each load and for each statement that changed an audited table, and each time that an audit was switched: who,
-- when, and how many rows. It shows no value of any row, so that it may be read by those who may not read the tables.
CREATE VIEW rsl.audit_logs AS
SELECT l.load_id,
       'load'::text AS action,
       l.started_by::text AS actor,
       l.target,
       l.source,
       l.object,
       l.mode,
       l.status,
       l.rows,
       timezone('utc', l.started_at) AS started_at,
       timezone('utc', l.finished_at) AS finished_at
FROM rsl.load AS l
UNION ALL
SELECT c.load_id,
       CASE c.operation WHEN 'I' THEN 'insert' WHEN 'U' THEN 'update' WHEN 'D' THEN 'delete' ELSE 'truncate' END,
       coalesce(c.actor, c.acting_role),
       quote_ident(s.schema_name) || '.' || quote_ident(s.table_name),
       NULL, NULL, NULL, NULL,
       c.changes,
       timezone('utc', c.first_at),
       timezone('utc', c.last_at)
FROM (
    SELECT b.era, b.txid, b.statement, b.shape_id, b.operation, b.load_id, b.actor, b.acting_role,
           sum(b.changes) AS changes, min(b.at) AS first_at, max(b.at) AS last_at
    FROM rsl.audit_block AS b
    GROUP BY b.era, b.txid, b.statement, b.shape_id, b.operation, b.load_id, b.actor, b.acting_role
) AS c
JOIN rsl.audit_shape AS s ON s.shape_id = c.shape_id
UNION ALL
SELECT NULL, 'audit ' || w.action, coalesce(w.actor, w.acting_role::text), quote_ident(w.schema_name) || '.' || quote_ident(w.table_name),
       NULL, NULL, NULL, NULL, NULL, timezone('utc', w.at), timezone('utc', w.at)
FROM rsl.audit_switch AS w
UNION ALL
SELECT h.load_id, 'phase', coalesce(h.changed_by, h.acting_role::text), quote_ident(h.schema_name) || '.' || quote_ident(h.table_name),
       NULL, NULL, NULL, NULL, 1, timezone('utc', h.changed_at), timezone('utc', h.changed_at)
FROM rsl.phase_history AS h;

COMMENT ON VIEW rsl.audit_logs IS 'Who did what to which table, when: loads, statements that changed audited tables, changes of phase, and audits switched on and off; times are UTC';
COMMENT ON COLUMN rsl.audit_logs.load_id IS 'The load, see rsl.load; NULL if none did it';
COMMENT ON COLUMN rsl.audit_logs.action IS 'What happened: load, insert, update, delete, truncate, phase, audit on or audit off';
COMMENT ON COLUMN rsl.audit_logs.actor IS 'Application user (setting rsl.actor) that did it, or else the database role; of a load the role';
COMMENT ON COLUMN rsl.audit_logs.target IS 'Table that it happened to, quoted and qualified';
COMMENT ON COLUMN rsl.audit_logs.source IS 'Where the rows came from, as the client named it';
COMMENT ON COLUMN rsl.audit_logs.object IS 'Table or view of the source, as the client named it';
COMMENT ON COLUMN rsl.audit_logs.mode IS 'Of a load: append, upsert or replace';
COMMENT ON COLUMN rsl.audit_logs.status IS 'Of a load: loading, exact, failed, aborted or undone';
COMMENT ON COLUMN rsl.audit_logs.rows IS 'Number of rows; of an update that changed keys, each of those rows counts twice';
COMMENT ON COLUMN rsl.audit_logs.started_at IS 'When it began (UTC)';
COMMENT ON COLUMN rsl.audit_logs.finished_at IS 'When it ended (UTC); NULL while it runs';
