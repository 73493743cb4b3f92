//! The install script: the files of `sql/`, in the order in which they build on each other. Each names the one before
//! it, because pgrx knows no other order.

use pgrx::prelude::*;

extension_sql_file!("../../sql/schema/schema.sql", name = "schema_schema", bootstrap);
extension_sql_file!(
    "../../sql/schema/table_facts.sql",
    name = "schema_table_facts",
    requires = ["schema_schema"]
);
extension_sql_file!(
    "../../sql/load/session_locks.sql",
    name = "load_session_locks",
    requires = ["schema_table_facts"]
);
extension_sql_file!("../../sql/load/run.sql", name = "load_run", requires = ["load_session_locks"]);
extension_sql_file!("../../sql/load/load.sql", name = "load_load", requires = ["load_run"]);
extension_sql_file!("../../sql/load/load_part.sql", name = "load_load_part", requires = ["load_load"]);
extension_sql_file!("../../sql/load/reject.sql", name = "load_reject", requires = ["load_load_part"]);
extension_sql_file!("../../sql/digest/witness.sql", name = "digest_witness", requires = ["load_reject"]);
extension_sql_file!("../../sql/digest/digest.sql", name = "digest_digest", requires = ["digest_witness"]);
extension_sql_file!(
    "../../sql/digest/table_digest.sql",
    name = "digest_table_digest",
    requires = ["digest_digest"]
);
extension_sql_file!(
    "../../sql/digest/buckets.sql",
    name = "digest_buckets",
    requires = ["digest_table_digest"]
);
extension_sql_file!(
    "../../sql/digest/source_buckets.sql",
    name = "digest_source_buckets",
    requires = ["digest_buckets"]
);
extension_sql_file!(
    "../../sql/digest/sketch.sql",
    name = "digest_sketch",
    requires = ["digest_source_buckets"]
);
extension_sql_file!("../../sql/digest/diff.sql", name = "digest_diff", requires = ["digest_sketch"]);
extension_sql_file!("../../sql/load/keep_data.sql", name = "load_keep_data", requires = ["digest_diff"]);
extension_sql_file!("../../sql/load/load_begin.sql", name = "load_load_begin", requires = ["load_keep_data"]);
extension_sql_file!("../../sql/load/load_push.sql", name = "load_load_push", requires = ["load_load_begin"]);
extension_sql_file!(
    "../../sql/load/load_statements.sql",
    name = "load_load_statements",
    requires = ["load_load_push"]
);
extension_sql_file!(
    "../../sql/load/load_merge.sql",
    name = "load_load_merge",
    requires = ["load_load_statements"]
);
extension_sql_file!(
    "../../sql/load/load_isolate.sql",
    name = "load_load_isolate",
    requires = ["load_load_merge"]
);
extension_sql_file!(
    "../../sql/load/load_settle.sql",
    name = "load_load_settle",
    requires = ["load_load_isolate"]
);
extension_sql_file!(
    "../../sql/load/load_finish.sql",
    name = "load_load_finish",
    requires = ["load_load_settle"]
);
extension_sql_file!(
    "../../sql/load/load_resume.sql",
    name = "load_load_resume",
    requires = ["load_load_finish"]
);
extension_sql_file!(
    "../../sql/load/load_abort_abandoned.sql",
    name = "load_load_abort_abandoned",
    requires = ["load_load_resume"]
);
extension_sql_file!(
    "../../sql/load/load_undo.sql",
    name = "load_load_undo",
    requires = ["load_load_abort_abandoned"]
);
extension_sql_file!(
    "../../sql/load/target_shape.sql",
    name = "load_target_shape",
    requires = ["load_load_undo"]
);
extension_sql_file!(
    "../../sql/schema/refuse_change.sql",
    name = "schema_refuse_change",
    requires = ["load_target_shape"]
);
extension_sql_file!(
    "../../sql/audit/audit_table.sql",
    name = "audit_audit_table",
    requires = ["schema_refuse_change"]
);
extension_sql_file!(
    "../../sql/audit/audit_block.sql",
    name = "audit_audit_block",
    requires = ["audit_audit_table"]
);
extension_sql_file!(
    "../../sql/audit/audit_on.sql",
    name = "audit_audit_on",
    requires = ["audit_audit_block"]
);
extension_sql_file!("../../sql/audit/audit_log.sql", name = "audit_audit_log", requires = ["audit_audit_on"]);
extension_sql_file!(
    "../../sql/audit/audit_seal.sql",
    name = "audit_audit_seal",
    requires = ["audit_audit_log"]
);
extension_sql_file!(
    "../../sql/audit/audit_check.sql",
    name = "audit_audit_check",
    requires = ["audit_audit_seal"]
);
extension_sql_file!("../../sql/audit/history.sql", name = "audit_history", requires = ["audit_audit_check"]);
extension_sql_file!(
    "../../sql/schema/touch_updated_at.sql",
    name = "schema_touch_updated_at",
    requires = ["audit_history"]
);
extension_sql_file!(
    "../../sql/schema/rsl_group.sql",
    name = "schema_rsl_group",
    requires = ["schema_touch_updated_at"]
);
extension_sql_file!(
    "../../sql/schema/rsl_step.sql",
    name = "schema_rsl_step",
    requires = ["schema_rsl_group"]
);
extension_sql_file!(
    "../../sql/schema/rsl_rule_ref.sql",
    name = "schema_rsl_rule_ref",
    requires = ["schema_rsl_step"]
);
extension_sql_file!("../../sql/schema/users.sql", name = "schema_users", requires = ["schema_rsl_rule_ref"]);
extension_sql_file!("../../sql/schema/items.sql", name = "schema_items", requires = ["schema_users"]);
extension_sql_file!("../../sql/schema/processes.sql", name = "schema_processes", requires = ["schema_items"]);
extension_sql_file!(
    "../../sql/schema/routings.sql",
    name = "schema_routings",
    requires = ["schema_processes"]
);
extension_sql_file!(
    "../../sql/schema/output_profiles.sql",
    name = "schema_output_profiles",
    requires = ["schema_routings"]
);
extension_sql_file!(
    "../../sql/schema/model_metadata.sql",
    name = "schema_model_metadata",
    requires = ["schema_output_profiles"]
);
extension_sql_file!(
    "../../sql/schema/routing_groups.sql",
    name = "schema_routing_groups",
    requires = ["schema_model_metadata"]
);
extension_sql_file!(
    "../../sql/phase/phase_history.sql",
    name = "phase_phase_history",
    requires = ["schema_routing_groups"]
);
extension_sql_file!(
    "../../sql/track/track_check.sql",
    name = "track_track_check",
    requires = ["phase_phase_history"]
);
extension_sql_file!(
    "../../sql/track/track_settings.sql",
    name = "track_track_settings",
    requires = ["track_track_check"]
);
extension_sql_file!(
    "../../sql/track/track_install.sql",
    name = "track_track_install",
    requires = ["track_track_settings"]
);
extension_sql_file!(
    "../../sql/track/tracked.sql",
    name = "track_tracked",
    requires = ["track_track_install"]
);
extension_sql_file!(
    "../../sql/phase/phase_record.sql",
    name = "phase_phase_record",
    requires = ["track_tracked"]
);
extension_sql_file!(
    "../../sql/phase/phase_on.sql",
    name = "phase_phase_on",
    requires = ["phase_phase_record"]
);
extension_sql_file!(
    "../../sql/phase/phase_summary.sql",
    name = "phase_phase_summary",
    requires = ["phase_phase_on"]
);
extension_sql_file!(
    "../../sql/phase/rsl_group.sql",
    name = "phase_rsl_group",
    requires = ["phase_phase_summary"]
);
extension_sql_file!(
    "../../sql/freshness/freshness_on.sql",
    name = "freshness_freshness_on",
    requires = ["phase_rsl_group"]
);
extension_sql_file!(
    "../../sql/freshness/freshness.sql",
    name = "freshness_freshness",
    requires = ["freshness_freshness_on"]
);
extension_sql_file!(
    "../../sql/track/untrack_all.sql",
    name = "track_untrack_all",
    requires = ["freshness_freshness"]
);
extension_sql_file!(
    "../../sql/schema/audit_logs.sql",
    name = "schema_audit_logs",
    requires = ["track_untrack_all"]
);
extension_sql_file!("../../sql/schema/access.sql", name = "schema_access", requires = ["schema_audit_logs"]);
extension_sql_file!("../../sql/load/access.sql", name = "load_access", requires = ["schema_access"]);
extension_sql_file!(
    "../../sql/checks/verify_relation.sql",
    name = "checks_verify_relation",
    requires = ["load_access"]
);
extension_sql_file!(
    "../../sql/checks/act_as.sql",
    name = "checks_act_as",
    requires = ["checks_verify_relation"]
);
extension_sql_file!(
    "../../sql/checks/load_changes.sql",
    name = "checks_load_changes",
    requires = ["checks_act_as"]
);
extension_sql_file!(
    "../../sql/checks/verify_tables.sql",
    name = "checks_verify_tables",
    requires = ["checks_load_changes"]
);
extension_sql_file!(
    "../../sql/checks/verify_obstacle.sql",
    name = "checks_verify_obstacle",
    requires = ["checks_verify_tables"]
);
extension_sql_file!(
    "../../sql/checks/verify_rows.sql",
    name = "checks_verify_rows",
    requires = ["checks_verify_obstacle"]
);
extension_sql_file!("../../sql/checks/checks.sql", name = "checks_checks", requires = ["checks_verify_rows"]);
extension_sql_file!(
    "../../sql/checks/schema_complete.sql",
    name = "checks_schema_complete",
    requires = ["checks_checks"]
);
extension_sql_file!(
    "../../sql/checks/target_shape.sql",
    name = "checks_target_shape",
    requires = ["checks_schema_complete"]
);
extension_sql_file!(
    "../../sql/checks/indexes_valid.sql",
    name = "checks_indexes_valid",
    requires = ["checks_target_shape"]
);
extension_sql_file!(
    "../../sql/checks/loads_match.sql",
    name = "checks_loads_match",
    requires = ["checks_indexes_valid"]
);
extension_sql_file!(
    "../../sql/checks/foreign_keys.sql",
    name = "checks_foreign_keys",
    requires = ["checks_loads_match"]
);
extension_sql_file!(
    "../../sql/checks/constraints_enforced.sql",
    name = "checks_constraints_enforced",
    requires = ["checks_foreign_keys"]
);
extension_sql_file!(
    "../../sql/checks/unique_keys.sql",
    name = "checks_unique_keys",
    requires = ["checks_constraints_enforced"]
);
extension_sql_file!(
    "../../sql/checks/required_columns.sql",
    name = "checks_required_columns",
    requires = ["checks_unique_keys"]
);
extension_sql_file!(
    "../../sql/checks/sequences.sql",
    name = "checks_sequences",
    requires = ["checks_required_columns"]
);
extension_sql_file!(
    "../../sql/checks/audit_triggers.sql",
    name = "checks_audit_triggers",
    requires = ["checks_sequences"]
);
extension_sql_file!(
    "../../sql/checks/audit_storage.sql",
    name = "checks_audit_storage",
    requires = ["checks_audit_triggers"]
);
extension_sql_file!(
    "../../sql/checks/audit_chain.sql",
    name = "checks_audit_chain",
    requires = ["checks_audit_storage"]
);
extension_sql_file!(
    "../../sql/checks/phase_triggers.sql",
    name = "checks_phase_triggers",
    requires = ["checks_audit_chain"]
);
extension_sql_file!(
    "../../sql/checks/freshness.sql",
    name = "checks_freshness",
    requires = ["checks_phase_triggers"]
);
extension_sql_file!(
    "../../sql/checks/text_faults.sql",
    name = "checks_text_faults",
    requires = ["checks_freshness"]
);
extension_sql_file!(
    "../../sql/checks/text_decoded.sql",
    name = "checks_text_decoded",
    requires = ["checks_text_faults"]
);
extension_sql_file!(
    "../../sql/checks/verify_grants.sql",
    name = "checks_verify_grants",
    requires = ["checks_text_decoded"]
);
extension_sql_file!(
    "../../sql/checks/privileges.sql",
    name = "checks_privileges",
    requires = ["checks_verify_grants"]
);
extension_sql_file!(
    "../../sql/checks/statistics.sql",
    name = "checks_statistics",
    requires = ["checks_privileges"]
);
extension_sql_file!(
    "../../sql/checks/foreign_key_indexes.sql",
    name = "checks_foreign_key_indexes",
    requires = ["checks_statistics"]
);
extension_sql_file!(
    "../../sql/checks/unused_indexes.sql",
    name = "checks_unused_indexes",
    requires = ["checks_foreign_key_indexes"]
);
extension_sql_file!(
    "../../sql/checks/verify_about.sql",
    name = "checks_verify_about",
    requires = ["checks_unused_indexes"]
);
extension_sql_file!(
    "../../sql/checks/verify.sql",
    name = "checks_verify",
    requires = ["checks_verify_about"]
);
extension_sql_file!(
    "../../sql/checks/digests_agree.sql",
    name = "checks_digests_agree",
    requires = ["checks_verify"]
);
extension_sql_file!(
    "../../sql/checks/indexes_consistent.sql",
    name = "checks_indexes_consistent",
    requires = ["checks_digests_agree"]
);
extension_sql_file!(
    "../../sql/checks/constraints_of.sql",
    name = "checks_constraints_of",
    requires = ["checks_indexes_consistent"]
);
extension_sql_file!(
    "../../sql/checks/constraint_candidates.sql",
    name = "checks_constraint_candidates",
    requires = ["checks_constraints_of"]
);
extension_sql_file!(
    "../../sql/checks/constraint_select.sql",
    name = "checks_constraint_select",
    requires = ["checks_constraint_candidates"]
);
extension_sql_file!(
    "../../sql/checks/constraint_violation.sql",
    name = "checks_constraint_violation",
    requires = ["checks_constraint_select"]
);
extension_sql_file!(
    "../../sql/checks/constraint_attempt.sql",
    name = "checks_constraint_attempt",
    requires = ["checks_constraint_violation"]
);
extension_sql_file!(
    "../../sql/checks/constraints_bite.sql",
    name = "checks_constraints_bite",
    requires = ["checks_constraint_attempt"]
);
extension_sql_file!(
    "../../sql/checks/verify_deep.sql",
    name = "checks_verify_deep",
    requires = ["checks_constraints_bite"]
);
extension_sql_file!("../../sql/schema/dump.sql", name = "schema_dump", requires = ["checks_verify_deep"]);
extension_sql_file!("../../sql/schema/manifest.sql", name = "schema_manifest", requires = ["schema_dump"]);
