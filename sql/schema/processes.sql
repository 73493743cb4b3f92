-- The upper bound of each time refuses NaN and Infinity, which sort above every number.
CREATE TABLE rsl.processes (
    id            serial,
    process_code  varchar(64) NOT NULL,
    name          varchar(255),
    description   text,
    resource_code varchar(64),
    resource_name varchar(255),
    is_inside     boolean,
    time_unit     varchar(16),
    setup_time    numeric,
    run_time      numeric,
    is_active     boolean     NOT NULL DEFAULT true,
    metadata      jsonb       NOT NULL DEFAULT '{}',
    created_at    timestamp   NOT NULL DEFAULT timezone('utc', now()),
    updated_at    timestamp   NOT NULL DEFAULT timezone('utc', now()),
    CONSTRAINT processes_pkey PRIMARY KEY (id),
    CONSTRAINT processes_process_code_key UNIQUE (process_code),
    CONSTRAINT processes_process_code_check CHECK (process_code ~ '[^[:space:]]'),
    CONSTRAINT processes_setup_time_check CHECK (setup_time >= 0 AND setup_time < 1000000000000),
    CONSTRAINT processes_run_time_check CHECK (run_time >= 0 AND run_time < 1000000000000),
    CONSTRAINT processes_metadata_check CHECK (jsonb_typeof(metadata) = 'object')
);

CREATE TRIGGER processes_touch_updated_at BEFORE UPDATE ON rsl.processes
    FOR EACH ROW EXECUTE FUNCTION rsl.touch_updated_at();

COMMENT ON TABLE rsl.processes IS 'Processes (jobs) that the lines of a routing and the steps of a group refer to by code';
COMMENT ON COLUMN rsl.processes.id IS 'Key';
COMMENT ON COLUMN rsl.processes.process_code IS 'Code of the process in the ERP (JOB_CD); unique, never empty';
COMMENT ON COLUMN rsl.processes.name IS 'Name (JOB_NM)';
COMMENT ON COLUMN rsl.processes.description IS 'What the process does';
COMMENT ON COLUMN rsl.processes.resource_code IS 'Usual machine or work centre (RES_CD)';
COMMENT ON COLUMN rsl.processes.resource_name IS 'Name of the usual machine or work centre (RES_DIS)';
COMMENT ON COLUMN rsl.processes.is_inside IS 'True if it is done in the house, false if by a subcontractor (INSIDE_FLAG)';
COMMENT ON COLUMN rsl.processes.time_unit IS 'Unit of the times in this row (TIME_UNIT)';
COMMENT ON COLUMN rsl.processes.setup_time IS 'Usual time to set up, in time_unit, not negative (SETUP_TIME)';
COMMENT ON COLUMN rsl.processes.run_time IS 'Usual time to run, in time_unit, not negative';
COMMENT ON COLUMN rsl.processes.is_active IS 'False once the process must not be planned any more';
COMMENT ON COLUMN rsl.processes.metadata IS 'JSON object: whatever else is known about the process';
COMMENT ON COLUMN rsl.processes.created_at IS 'When the row was made (UTC)';
COMMENT ON COLUMN rsl.processes.updated_at IS 'When the row was last changed (UTC); kept by a trigger';
