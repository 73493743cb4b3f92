CREATE FUNCTION rsl.phase_record() RETURNS trigger
    LANGUAGE c VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'phase_record_wrapper';
COMMENT ON FUNCTION rsl.phase_record() IS
    'Trigger function of rsl.phase_on: refuses what is no phase or no transition (23514), and writes every change to rsl.phase_history. DROP EXTENSION is refused while it is used: see rsl.untrack_all';
REVOKE ALL ON FUNCTION rsl.phase_record() FROM PUBLIC;
