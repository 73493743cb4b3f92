-- One row for each load. The shape leaves room for other actions: action says what happened, target what it happened to.
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
FROM rsl.load AS l;

COMMENT ON VIEW rsl.audit_logs IS 'Who loaded what, from where, when, and how it ended; times are UTC';
COMMENT ON COLUMN rsl.audit_logs.load_id IS 'The load, see rsl.load';
COMMENT ON COLUMN rsl.audit_logs.action IS 'What happened: load';
COMMENT ON COLUMN rsl.audit_logs.actor IS 'Database role that did it';
COMMENT ON COLUMN rsl.audit_logs.target IS 'Table that it happened to, quoted and qualified';
COMMENT ON COLUMN rsl.audit_logs.source IS 'Where the rows came from, as the client named it';
COMMENT ON COLUMN rsl.audit_logs.object IS 'Table or view of the source, as the client named it';
COMMENT ON COLUMN rsl.audit_logs.mode IS 'append, upsert or replace';
COMMENT ON COLUMN rsl.audit_logs.status IS 'loading, exact, failed, aborted or undone';
COMMENT ON COLUMN rsl.audit_logs.rows IS 'Number of rows';
COMMENT ON COLUMN rsl.audit_logs.started_at IS 'When it began (UTC)';
COMMENT ON COLUMN rsl.audit_logs.finished_at IS 'When it ended (UTC); NULL while it runs';
