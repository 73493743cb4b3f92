CREATE FUNCTION rsl.load_resume(run bigint, object text) RETURNS bigint
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'load_resume_wrapper';
COMMENT ON FUNCTION rsl.load_resume(bigint, text) IS
    'takes over the load of a run from one object of the source that is still loading and whose session is gone, and returns its number; null if there is none. If its staged rows were lost in a crash of the server it is aborted, and null returned';
