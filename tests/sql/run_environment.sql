-- What a report needs to know of a run and no load knows: where it ran, and what the client says at its end.
SELECT rsl.run_begin('sqlite:///erp.db', '{}', '{"rsl": "0.1.0", "host": "loader", "postgresql": "1.0", "extension": "9.9"}') AS run \gset
SELECT environment - 'postgresql' - 'extension' AS told, environment ->> 'postgresql' = current_setting('server_version') AS own_version,
    environment ->> 'extension' = (SELECT extversion FROM pg_extension WHERE extname = 'rsl') AS own_extension, report
FROM rsl.run WHERE run_id = :run;
-- Objects only: the report looks for fields in them.
SELECT rsl.run_begin('sqlite:///erp.db', '{}', '[1]');
SELECT rsl.run_begin('sqlite:///erp.db', '{}', '"loader"');
SELECT rsl.run_finish(:run, '7');
SELECT finished_at IS NULL AS goes_on, report FROM rsl.run WHERE run_id = :run;
SELECT rsl.run_finish(:run, '{"tables": [{"load_id": 1, "seconds": 0.5}]}');
-- What was said once stays.
SELECT rsl.run_finish(:run, '{"tables": []}'), rsl.run_finish(:run);
SELECT finished_at IS NOT NULL AS finished, report FROM rsl.run WHERE run_id = :run;
SELECT rsl.run_finish(NULL, '{}');
-- Without any of it.
SELECT rsl.run_begin('sqlite:///plain.db', '{}') AS plain \gset
SELECT rsl.run_finish(:plain);
SELECT (SELECT array_agg(k ORDER BY k) FROM jsonb_object_keys(environment) k) AS known, report FROM rsl.run WHERE run_id = :plain;
-- Nobody writes it but these functions.
CREATE ROLE run_writer;
SELECT rsl.grant_access('run_writer', 'load');
SET ROLE run_writer;
UPDATE rsl.run SET environment = '{}';
UPDATE rsl.run SET report = '{}';
SELECT rsl.run_finish(:plain, '{}');
SELECT rsl.run_begin('sqlite:///own.db', '{}', '{"host": "x"}') AS own \gset
SELECT rsl.run_finish(:own, '{"not_carried_over": []}');
RESET ROLE;
DROP OWNED BY run_writer;
DROP ROLE run_writer;
