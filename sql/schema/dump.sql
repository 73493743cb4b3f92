-- pg_dump leaves the content of an extension's tables out unless it is told otherwise. Every sequence needs its own call,
-- that of an identity column too. rsl.manifest is not here on purpose: CREATE EXTENSION writes it anew.
-- The filter is empty: no row comes with the extension. The months of the audit log are no members of it and dumped like any table.
SELECT pg_extension_config_dump('rsl.rsl_group', '');
SELECT pg_extension_config_dump('rsl.rsl_group_id_seq', '');
SELECT pg_extension_config_dump('rsl.rsl_step', '');
SELECT pg_extension_config_dump('rsl.rsl_step_id_seq', '');
SELECT pg_extension_config_dump('rsl.rsl_rule_ref', '');
SELECT pg_extension_config_dump('rsl.rsl_rule_ref_id_seq', '');
SELECT pg_extension_config_dump('rsl.users', '');
SELECT pg_extension_config_dump('rsl.users_id_seq', '');
SELECT pg_extension_config_dump('rsl.items', '');
SELECT pg_extension_config_dump('rsl.items_id_seq', '');
SELECT pg_extension_config_dump('rsl.processes', '');
SELECT pg_extension_config_dump('rsl.processes_id_seq', '');
SELECT pg_extension_config_dump('rsl.routings', '');
SELECT pg_extension_config_dump('rsl.routings_id_seq', '');
SELECT pg_extension_config_dump('rsl.output_profiles', '');
SELECT pg_extension_config_dump('rsl.output_profiles_id_seq', '');
SELECT pg_extension_config_dump('rsl.model_metadata', '');
SELECT pg_extension_config_dump('rsl.model_metadata_id_seq', '');
SELECT pg_extension_config_dump('rsl.run', '');
SELECT pg_extension_config_dump('rsl.run_run_id_seq', '');
SELECT pg_extension_config_dump('rsl.load', '');
SELECT pg_extension_config_dump('rsl.load_load_id_seq', '');
SELECT pg_extension_config_dump('rsl.load_chunk', '');
SELECT pg_extension_config_dump('rsl.load_part', '');
SELECT pg_extension_config_dump('rsl.audit_table', '');
SELECT pg_extension_config_dump('rsl.audit_table_table_id_seq', '');
SELECT pg_extension_config_dump('rsl.audit_shape', '');
SELECT pg_extension_config_dump('rsl.audit_shape_shape_id_seq', '');
SELECT pg_extension_config_dump('rsl.audit_switch', '');
SELECT pg_extension_config_dump('rsl.audit_switch_switch_id_seq', '');
SELECT pg_extension_config_dump('rsl.audit_era', '');
SELECT pg_extension_config_dump('rsl.audit_seal', '');
SELECT pg_extension_config_dump('rsl.audit_block_id', '');
SELECT pg_extension_config_dump('rsl.phase_history', '');
SELECT pg_extension_config_dump('rsl.phase_history_phase_history_id_seq', '');
