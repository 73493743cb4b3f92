-- The upper bound of each time and quantity refuses NaN and Infinity, which sort above every number.
CREATE TABLE rsl.routings (
    id                 serial,
    item_id            integer   NOT NULL,
    seq                integer   NOT NULL,
    route_order        varchar(32),
    process_code       varchar(64),
    resource_code      varchar(64),
    resource_name      varchar(255),
    is_inside          boolean,
    time_unit          varchar(16),
    lead_time          numeric,
    queue_time         numeric,
    setup_time         numeric,
    machine_hours      numeric,
    actual_setup_time  numeric,
    actual_run_time    numeric,
    wait_time          numeric,
    move_time          numeric,
    run_time_quantity  numeric,
    run_time_unit      varchar(16),
    batch_operation    varchar(16),
    partner_code       varchar(64),
    partner_name       varchar(255),
    currency_code      varchar(8),
    subcontract_price  numeric(19,4),
    tax_type           varchar(16),
    is_milestone       boolean,
    is_inspection      boolean,
    valid_from         date,
    valid_to           date,
    validity           varchar(32),
    document_no        varchar(64),
    nc_program         varchar(255),
    nc_written_at      timestamp,
    remark             text,
    metadata           jsonb     NOT NULL DEFAULT '{}',
    created_at         timestamp NOT NULL DEFAULT timezone('utc', now()),
    updated_at         timestamp NOT NULL DEFAULT timezone('utc', now()),
    CONSTRAINT routings_pkey PRIMARY KEY (id),
    CONSTRAINT routing_item_fk FOREIGN KEY (item_id) REFERENCES rsl.items (id),
    CONSTRAINT routing_process_fk FOREIGN KEY (process_code) REFERENCES rsl.processes (process_code) ON UPDATE CASCADE,
    CONSTRAINT routings_seq_check CHECK (seq >= 0),
    CONSTRAINT routings_lead_time_check CHECK (lead_time >= 0 AND lead_time < 1000000000000),
    CONSTRAINT routings_queue_time_check CHECK (queue_time >= 0 AND queue_time < 1000000000000),
    CONSTRAINT routings_setup_time_check CHECK (setup_time >= 0 AND setup_time < 1000000000000),
    CONSTRAINT routings_machine_hours_check CHECK (machine_hours >= 0 AND machine_hours < 1000000000000),
    CONSTRAINT routings_actual_setup_time_check CHECK (actual_setup_time >= 0 AND actual_setup_time < 1000000000000),
    CONSTRAINT routings_actual_run_time_check CHECK (actual_run_time >= 0 AND actual_run_time < 1000000000000),
    CONSTRAINT routings_wait_time_check CHECK (wait_time >= 0 AND wait_time < 1000000000000),
    CONSTRAINT routings_move_time_check CHECK (move_time >= 0 AND move_time < 1000000000000),
    CONSTRAINT routings_run_time_quantity_check CHECK (run_time_quantity >= 0 AND run_time_quantity < 1000000000000),
    CONSTRAINT routings_subcontract_price_check CHECK (subcontract_price <> 'NaN'),
    CONSTRAINT routings_valid_to_check CHECK (valid_to >= valid_from),
    CONSTRAINT routings_metadata_check CHECK (jsonb_typeof(metadata) = 'object')
);

CREATE INDEX routings_item_id_seq_idx ON rsl.routings (item_id, seq);
CREATE INDEX routings_process_code_idx ON rsl.routings (process_code);

CREATE TRIGGER routings_touch_updated_at BEFORE UPDATE ON rsl.routings
    FOR EACH ROW EXECUTE FUNCTION rsl.touch_updated_at();

COMMENT ON TABLE rsl.routings IS 'Lines of the routings: which process makes which item, in which order, in what time and at what price';
COMMENT ON COLUMN rsl.routings.id IS 'Key';
COMMENT ON COLUMN rsl.routings.item_id IS 'The item that is made; an item with routings cannot be deleted';
COMMENT ON COLUMN rsl.routings.seq IS 'Place in the routing, not negative (PROC_SEQ)';
COMMENT ON COLUMN rsl.routings.route_order IS 'Which of the routings of the item (ROUT_ORDER)';
COMMENT ON COLUMN rsl.routings.process_code IS 'The process, by its code (JOB_CD)';
COMMENT ON COLUMN rsl.routings.resource_code IS 'Machine or work centre (RES_CD)';
COMMENT ON COLUMN rsl.routings.resource_name IS 'Name of the machine or work centre (RES_DIS)';
COMMENT ON COLUMN rsl.routings.is_inside IS 'True if it is done in the house, false if by a subcontractor (INSIDE_FLAG)';
COMMENT ON COLUMN rsl.routings.time_unit IS 'Unit of the times in this row (TIME_UNIT)';
COMMENT ON COLUMN rsl.routings.lead_time IS 'Manufacturing lead time, not negative (MFG_LT)';
COMMENT ON COLUMN rsl.routings.queue_time IS 'Time in the queue, not negative (QUEUE_TIME)';
COMMENT ON COLUMN rsl.routings.setup_time IS 'Planned time to set up, not negative (SETUP_TIME)';
COMMENT ON COLUMN rsl.routings.machine_hours IS 'Machine hours worked, not negative (MACH_WORKED_HOURS)';
COMMENT ON COLUMN rsl.routings.actual_setup_time IS 'Time that setting up took, not negative (ACT_SETUP_TIME)';
COMMENT ON COLUMN rsl.routings.actual_run_time IS 'Time that running took, not negative (ACT_RUN_TIME)';
COMMENT ON COLUMN rsl.routings.wait_time IS 'Time of waiting, not negative (WAIT_TIME)';
COMMENT ON COLUMN rsl.routings.move_time IS 'Time of moving, not negative (MOVE_TIME)';
COMMENT ON COLUMN rsl.routings.run_time_quantity IS 'Quantity that a run makes, not negative (RUN_TIME_QTY)';
COMMENT ON COLUMN rsl.routings.run_time_unit IS 'Unit of run_time_quantity (RUN_TIME_UNIT)';
COMMENT ON COLUMN rsl.routings.batch_operation IS 'Whether and how the process runs in batches, as the ERP says it (BATCH_OPER)';
COMMENT ON COLUMN rsl.routings.partner_code IS 'Subcontractor (BP_CD)';
COMMENT ON COLUMN rsl.routings.partner_name IS 'Name of the subcontractor (CUST_NM)';
COMMENT ON COLUMN rsl.routings.currency_code IS 'Currency of the price (CUR_CD)';
COMMENT ON COLUMN rsl.routings.subcontract_price IS 'Price of the subcontractor (SUBCONTRACT_PRC)';
COMMENT ON COLUMN rsl.routings.tax_type IS 'Kind of tax (TAX_TYPE)';
COMMENT ON COLUMN rsl.routings.is_milestone IS 'True for a milestone (MILESTONE_FLG)';
COMMENT ON COLUMN rsl.routings.is_inspection IS 'True for an inspection (INSP_FLG)';
COMMENT ON COLUMN rsl.routings.valid_from IS 'First day of validity (VALID_FROM_DT)';
COMMENT ON COLUMN rsl.routings.valid_to IS 'Last day of validity, not before the first (VALID_TO_DT)';
COMMENT ON COLUMN rsl.routings.validity IS 'Validity as the ERP says it (VALIDITY)';
COMMENT ON COLUMN rsl.routings.document_no IS 'Number of the document (DOC_NO)';
COMMENT ON COLUMN rsl.routings.nc_program IS 'NC program of the machine (NC_PROGRAM)';
COMMENT ON COLUMN rsl.routings.nc_written_at IS 'When the NC program was written (NC_WRITE_DATE)';
COMMENT ON COLUMN rsl.routings.remark IS 'Remark (REMARK)';
COMMENT ON COLUMN rsl.routings.metadata IS 'JSON object: whatever else is known about the line';
COMMENT ON COLUMN rsl.routings.created_at IS 'When the row was made (UTC)';
COMMENT ON COLUMN rsl.routings.updated_at IS 'When the row was last changed (UTC); kept by a trigger';
COMMENT ON CONSTRAINT routing_item_fk ON rsl.routings IS 'A line of a routing makes an item that exists';
COMMENT ON CONSTRAINT routing_process_fk ON rsl.routings IS 'A line of a routing runs a process that exists; the line follows when the code of the process changes';
