-- One row for each pull of a client, which may be many loads. Written only by the functions below, as the owner of the extension.
CREATE TABLE rsl.run (
    run_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source text NOT NULL,
    options jsonb NOT NULL,
    started_by name NOT NULL,
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at timestamptz,
    environment jsonb NOT NULL,
    report jsonb
);
CREATE INDEX run_unfinished_idx ON rsl.run (run_id) WHERE finished_at IS NULL;

COMMENT ON TABLE rsl.run IS 'every rsl pull: one or more loads from one source, which a later session may go on with if it was not finished';
COMMENT ON COLUMN rsl.run.run_id IS 'number of the run';
COMMENT ON COLUMN rsl.run.source IS 'URL of the source, without a password';
COMMENT ON COLUMN rsl.run.options IS 'what was to be pulled and how, as the client wrote it down for whoever goes on';
COMMENT ON COLUMN rsl.run.started_by IS 'role that began the run; only it, or a member of it, may go on with it';
COMMENT ON COLUMN rsl.run.started_at IS 'when rsl.run_begin was called';
COMMENT ON COLUMN rsl.run.finished_at IS 'when rsl.run_finish was called; null while it goes on, or if it was never finished';
COMMENT ON COLUMN rsl.run.environment IS 'what the run ran in, without secrets: versions of extension and server, and what the client told of itself, the source and the objects that it was about to load';
COMMENT ON COLUMN rsl.run.report IS 'what the client told at the end that no load knows: wall times, what was not carried over';

-- First key of the advisory locks of runs; the second is the number of the run.
CREATE FUNCTION rsl.run_lock_class() RETURNS int
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS 'SELECT hashtext(''rsl.run'')';
COMMENT ON FUNCTION rsl.run_lock_class() IS 'first key of the advisory lock that a session holds on the run that it began or goes on with';

CREATE FUNCTION rsl.run_begin(source text, options jsonb, environment jsonb DEFAULT NULL) RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'run_begin_wrapper';
COMMENT ON FUNCTION rsl.run_begin(text, jsonb, jsonb) IS
    'registers a run and returns its number; it belongs to this session until the session ends or rsl.run_finish is called. environment is an object for the report, in which the versions of extension and server are the server''s own';

CREATE FUNCTION rsl.run_resume(source text DEFAULT NULL) RETURNS jsonb
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'run_resume_wrapper';
COMMENT ON FUNCTION rsl.run_resume(text) IS
    'takes over the latest run, of one source or any, that was not finished and whose session is gone: {run_id, source, options, done}, where done names the objects whose loads are exact already; null if there is none. Of two sessions that ask at once only one gets it';

CREATE FUNCTION rsl.run_finish(run bigint, report jsonb DEFAULT NULL) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'run_finish_wrapper';
COMMENT ON FUNCTION rsl.run_finish(bigint, jsonb) IS
    'ends a run, which nobody will go on with, and keeps an object for the report; once more is no error and changes nothing. Null for a null run';
