CREATE FUNCTION rsl.load_finish(load bigint, witness jsonb DEFAULT NULL) RETURNS jsonb
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'load_finish_wrapper';
COMMENT ON FUNCTION rsl.load_finish(bigint, jsonb) IS
    'ends a load in one transaction: merges staging into the target, compares the witness of the stream ({rows, digest, columns}; without one, the sum of the accounts of the chunks) with what the target holds, writes the verdict to rsl.load and returns the report. If the rows are refused or differ, a warning is raised, the merge is rolled back, the target is as before and the load is failed with the reason. All parts must be finished: 55000 if not. Null for a null load';

CREATE FUNCTION rsl.load_abort(load bigint, reason text DEFAULT NULL) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'load_abort_wrapper';
COMMENT ON FUNCTION rsl.load_abort(bigint, text) IS
    'gives a load up: drops its staging table; a load that has failed stays failed; the target is not touched';

CREATE FUNCTION rsl.load_current() RETURNS bigint
    LANGUAGE c STABLE PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'load_current_wrapper';
COMMENT ON FUNCTION rsl.load_current() IS 'the load that is being merged by this very session, null otherwise: for triggers of targets';

CREATE FUNCTION rsl.load_writes(column_name text) RETURNS boolean
    LANGUAGE c STABLE STRICT PARALLEL RESTRICTED AS 'MODULE_PATHNAME', 'load_writes_wrapper';
COMMENT ON FUNCTION rsl.load_writes(text) IS
    'whether this very session is merging a load that brings this column: a trigger of a target must not change it then';

CREATE FUNCTION rsl.load_repeats(load bigint, digest text) RETURNS jsonb
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'load_repeats_wrapper';
COMMENT ON FUNCTION rsl.load_repeats(bigint, text) IS
    'part of rsl.load_finish: the earlier load that appended the same rows, and the last that changed the target; null if there is none';
