-- Whoever may load is told so with rsl.grant_access(role, 'load').
REVOKE ALL ON FUNCTION rsl.load_register(jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION rsl.load_begin(text, text[], text, text[], text, text, jsonb, boolean, bigint) FROM PUBLIC;
REVOKE ALL ON FUNCTION rsl.load_push(bigint, bigint, bytea, int, jsonb, jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION rsl.load_publish(text, text, jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION rsl.load_advance_sequences(regclass, text[]) FROM PUBLIC;
REVOKE ALL ON FUNCTION rsl.load_merge(jsonb, jsonb, text) FROM PUBLIC;
REVOKE ALL ON FUNCTION rsl.load_finish(bigint, jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION rsl.load_abort(bigint, text) FROM PUBLIC;
REVOKE ALL ON FUNCTION rsl.load_abort_abandoned(text) FROM PUBLIC;
REVOKE ALL ON FUNCTION rsl.load_refuse_twins(regclass, text[], boolean) FROM PUBLIC;
REVOKE ALL ON FUNCTION rsl.load_repeats(bigint, text) FROM PUBLIC;
REVOKE ALL ON FUNCTION rsl.load_plan(bigint, jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION rsl.load_claim(bigint) FROM PUBLIC;
REVOKE ALL ON FUNCTION rsl.load_part_finish(bigint, int, bigint, jsonb, jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION rsl.load_resume(bigint, text) FROM PUBLIC;
REVOKE ALL ON FUNCTION rsl.run_begin(text, jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION rsl.run_resume(text) FROM PUBLIC;
REVOKE ALL ON FUNCTION rsl.run_finish(bigint) FROM PUBLIC;
