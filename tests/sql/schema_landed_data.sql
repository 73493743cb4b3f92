-- Items, processes, routings, users, profiles and models: each constraint refuses what makes no sense.
CREATE FUNCTION refused(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    found_column text;
    found_constraint text;
BEGIN
    EXECUTE statement;
    RETURN 'accepted';
EXCEPTION WHEN others THEN
    GET STACKED DIAGNOSTICS found_column = COLUMN_NAME, found_constraint = CONSTRAINT_NAME;
    RETURN concat_ws(' ', SQLSTATE, coalesce(NULLIF(found_constraint, ''), NULLIF(found_column, ''), SQLERRM));
END $$;
SELECT statement, refused('INSERT INTO rsl.items ' || statement) AS outcome FROM (VALUES
    ($$(item_code) VALUES ('A-1')$$), ($$(item_code) VALUES ('A-1')$$), ($$(item_code) VALUES ('a-1')$$), ($$(item_code) VALUES ('품목 1')$$), ($$(item_code) VALUES ('')$$), ($$(item_code) VALUES (E'\u00a0')$$),
    ($$(item_code) VALUES (NULL)$$), ($$(item_code, inner_diameter) VALUES ('x', -0.0001)$$), ($$(item_code, outer_diameter) VALUES ('x', 'NaN')$$), ($$(item_code, thickness) VALUES ('x', 'Infinity')$$),
    ($$(item_code, thickness) VALUES ('x', 1e12)$$), ($$(item_code, inner_diameter, outer_diameter, thickness) VALUES ('A-2', 0, 12.3456, 999999999999.9999)$$), ($$(item_code, metadata) VALUES ('x', '[]')$$),
    ($$(item_code, metadata) VALUES ('x', NULL)$$)) v(statement);
SELECT statement, refused('INSERT INTO rsl.processes ' || statement) AS outcome FROM (VALUES
    ($$(process_code) VALUES ('CUT')$$), ($$(process_code) VALUES ('CUT')$$), ($$(process_code) VALUES (' ')$$), ($$(process_code) VALUES (NULL)$$), ($$(process_code, setup_time) VALUES ('x', -1)$$),
    ($$(process_code, run_time) VALUES ('x', -0.5)$$), ($$(process_code, run_time) VALUES ('x', 'NaN')$$), ($$(process_code, setup_time, run_time) VALUES ('WELD', 0, 1.5)$$), ($$(process_code, metadata) VALUES ('x', '1')$$)) v(statement);
SELECT statement, refused('INSERT INTO rsl.routings ' || statement) AS outcome FROM (VALUES
    ($$(item_id, seq, process_code) VALUES (1, 10, 'CUT')$$), ($$(item_id, seq) VALUES (1, 10)$$), ($$(item_id, seq) VALUES (99, 10)$$), ($$(item_id, seq) VALUES (NULL, 10)$$), ($$(item_id) VALUES (1)$$),
    ($$(item_id, seq) VALUES (1, -1)$$), ($$(item_id, seq, process_code) VALUES (1, 10, 'NONE')$$), ($$(item_id, seq, lead_time) VALUES (1, 1, -1)$$), ($$(item_id, seq, queue_time) VALUES (1, 1, -1)$$),
    ($$(item_id, seq, setup_time) VALUES (1, 1, -1)$$), ($$(item_id, seq, machine_hours) VALUES (1, 1, -1)$$), ($$(item_id, seq, actual_setup_time) VALUES (1, 1, -1)$$), ($$(item_id, seq, actual_run_time) VALUES (1, 1, -1)$$),
    ($$(item_id, seq, wait_time) VALUES (1, 1, -1)$$), ($$(item_id, seq, move_time) VALUES (1, 1, -1)$$), ($$(item_id, seq, run_time_quantity) VALUES (1, 1, 'NaN')$$), ($$(item_id, seq, subcontract_price) VALUES (1, 1, 'NaN')$$),
    ($$(item_id, seq, subcontract_price) VALUES (1, 1, -5)$$), ($$(item_id, seq, valid_from, valid_to) VALUES (1, 1, '2020-01-02', '2020-01-01')$$),
    ($$(item_id, seq, valid_from, valid_to) VALUES (1, 1, '2020-01-01', '2020-01-01')$$), ($$(item_id, seq, valid_to) VALUES (1, 1, '1899-12-31')$$), ($$(item_id, seq, metadata) VALUES (1, 1, '[]')$$)) v(statement);
SELECT statement, refused('INSERT INTO rsl.users ' || statement) AS outcome FROM (VALUES
    ($$(email, hashed_password) VALUES ('Kim@Example.com', 'hash')$$), ($$(email, hashed_password) VALUES ('Kim@Example.com', 'hash')$$), ($$(email, hashed_password) VALUES ('kim@example.COM', 'hash')$$),
    ($$(email, hashed_password) VALUES ('', 'hash')$$), ($$(email, hashed_password) VALUES (NULL, 'hash')$$), ($$(email, hashed_password) VALUES ('lee', '')$$), ($$(email) VALUES ('lee')$$),
    ($$(email, hashed_password, is_active) VALUES ('lee', 'hash', NULL)$$)) v(statement);
SELECT statement, refused('INSERT INTO rsl.output_profiles ' || statement) AS outcome FROM (VALUES
    ($$(name) VALUES ('default')$$), ($$(name) VALUES ('default')$$), ($$(name) VALUES ('')$$), ($$(name) VALUES (NULL)$$), ($$(name, format) VALUES ('x', '')$$), ($$(name, columns) VALUES ('x', '{}')$$),
    ($$(name, settings) VALUES ('x', '[]')$$)) v(statement);
SELECT statement, refused('INSERT INTO rsl.model_metadata ' || statement) AS outcome FROM (VALUES
    ($$(name, version) VALUES ('m', '1')$$), ($$(name, version) VALUES ('m', '2')$$), ($$(name, version) VALUES ('m', '1')$$), ($$(name, version) VALUES ('m', '')$$), ($$(name, version) VALUES (' ', '1')$$), ($$(name) VALUES ('m')$$),
    ($$(name, version, status) VALUES ('m', '3', 'trained')$$), ($$(name, version, status) VALUES ('m', '3', 'active')$$), ($$(name, version, parameters) VALUES ('m', '4', '[]')$$), ($$(name, version, metrics) VALUES ('m', '4', '[]')$$)) v(statement);

-- What is referred to stays; the code of a process may change, and its routings follow.
SELECT refused($$DELETE FROM rsl.items WHERE id = 1$$) AS item, refused($$DELETE FROM rsl.processes WHERE process_code = 'CUT'$$) AS process;
UPDATE rsl.processes SET process_code = 'SAW' WHERE process_code = 'CUT';
SELECT process_code FROM rsl.routings WHERE seq = 10 ORDER BY id;
-- What the tables fill in by themselves.
SELECT is_active, is_approved, is_admin FROM rsl.users;
SELECT format, columns, settings, is_active FROM rsl.output_profiles;
SELECT status, parameters, metrics FROM rsl.model_metadata WHERE version = '1';
