-- The catalogue of checks, in the order in which rsl.verify() runs them. A check that is not listed here is not run.
CREATE FUNCTION rsl.checks()
RETURNS TABLE (check_name text, check_group text, level text, description text)
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
    VALUES
        ('schema_complete', 'schema', 'error', 'every object that the extension installed is there, unchanged, valid and enabled'),
        ('loads_match', 'load', 'error', 'every target is as its last load left it, but for changes that the audit log explains'),
        ('foreign_keys', 'data', 'error', 'every foreign key is enforced, and no row lacks its parent'),
        ('required_columns', 'data', 'error', 'no column that must be filled is NULL or empty'),
        ('sequences', 'data', 'error', 'every sequence is ahead of the column that it fills'),
        ('audit_triggers', 'audit', 'error', 'every change of an audited table is seen: its triggers are there, enabled and unchanged'),
        ('audit_storage', 'audit', 'error', 'the audit log only grows'),
        ('audit_chain', 'audit', 'error', 'the audit log is as it was sealed, and sealed regularly'),
        ('phase_triggers', 'phase', 'error', 'every phase is a listed one, and every row is in the phase that its history ends with'),
        ('freshness', 'freshness', 'warning', 'every stored status of freshness is the present one')
$$;
COMMENT ON FUNCTION rsl.checks() IS
    'The checks of rsl.verify(): name, group, level (error or warning: what a finding means at its worst) and what each looks at';
