-- The catalogue of checks, in the order in which rsl.verify() runs them. A check that is not listed here is not run.
CREATE FUNCTION rsl.checks()
RETURNS TABLE (check_name text, check_group text, level text, description text)
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
    VALUES
        ('schema_complete', 'schema', 'error', 'every object that the extension installed is there, unchanged, valid and enabled'),
        ('target_shape', 'schema', 'error', 'every target has the columns, constraints, indexes, triggers and owner that were recorded of it'),
        ('indexes_valid', 'schema', 'error', 'every index is valid, ready and live'),
        ('loads_match', 'loads', 'error', 'every target is as its last load left it, but for changes that the audit log explains'),
        ('foreign_keys', 'keys', 'error', 'every foreign key is enforced, and no row lacks its parent'),
        ('constraints_enforced', 'keys', 'error', 'every check is validated, and no trigger is disabled'),
        ('unique_keys', 'keys', 'error', 'the key of every target is kept unique by an index'),
        ('required_columns', 'keys', 'error', 'no column that must be filled is NULL or empty'),
        ('sequences', 'keys', 'error', 'every sequence is ahead of the column that it fills'),
        ('audit_triggers', 'audit', 'error', 'every change of an audited table is seen: its triggers are there, enabled and unchanged'),
        ('audit_storage', 'audit', 'error', 'the audit log only grows'),
        ('audit_chain', 'audit', 'error', 'the audit log is as it was sealed, and sealed regularly'),
        ('phase_triggers', 'phase', 'error', 'every phase is a listed one, and every row is in the phase that its history ends with'),
        ('freshness', 'freshness', 'warning', 'every stored status of freshness is the present one'),
        ('text_decoded', 'text', 'error', 'no text looks as if it was decoded with the wrong code page'),
        ('privileges', 'access', 'error', 'nobody may do more than was installed, recorded or given'),
        ('statistics', 'statistics', 'warning', 'the planner knows something of every target'),
        ('foreign_key_indexes', 'statistics', 'warning', 'every foreign key of a target has an index'),
        ('unused_indexes', 'statistics', 'warning', 'every index of a target that keeps nothing unique is used')
$$;
COMMENT ON FUNCTION rsl.checks() IS
    'The checks of rsl.verify(): name, group, level (error or warning: what a finding means at its worst) and what each looks at';

CREATE FUNCTION rsl.deep_checks()
RETURNS TABLE (check_name text, check_group text, level text, description text)
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
    VALUES
        ('indexes_consistent', 'schema', 'error', 'every B-tree index agrees with itself and with its table'),
        ('digests_agree', 'loads', 'error', 'every target holds the same rows whether it is read as a whole or by its primary key'),
        ('constraints_bite', 'keys', 'error', 'every constraint refuses a value that it must refuse')
$$;
COMMENT ON FUNCTION rsl.deep_checks() IS 'The checks that rsl.verify_deep() runs after those of rsl.verify(): what costs';
