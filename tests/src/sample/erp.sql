-- Base tables and read-only views in the shape of KsmErp.
-- Types are those of SQL Server; SQLite keeps the names and hands them to whoever asks a column for its type.

CREATE TABLE B_CURRENCY (
    CUR_CD char(3) NOT NULL PRIMARY KEY,
    CUR_NM nvarchar(30) NOT NULL,
    DECIMALS tinyint NOT NULL
);

CREATE TABLE B_ITEM_GROUP (
    ITEM_GRP_CD varchar(10) NOT NULL PRIMARY KEY,
    ITEM_GRP_NM nvarchar(40) NOT NULL
);

CREATE TABLE B_MATERIAL (
    MATERIAL_CD varchar(20) NOT NULL PRIMARY KEY,
    MATERIAL_DESC nvarchar(60),
    RAW_MATL_KIND varchar(10),
    DENSITY real,
    DATA_SHEET varbinary(64)
);

-- A work centre has a manager and an employee has a work centre: neither of the two tables is the parent.
CREATE TABLE B_WORK_CENTER (
    WC_CD varchar(10) NOT NULL PRIMARY KEY,
    WC_NM nvarchar(40) NOT NULL,
    MANAGER_ID int REFERENCES B_EMPLOYEE (EMP_ID),
    SHIFT_START_TM time(0) NOT NULL
);

CREATE TABLE B_EMPLOYEE (
    EMP_ID int NOT NULL PRIMARY KEY,
    EMP_NM nvarchar(30) NOT NULL,
    WC_CD varchar(10) NOT NULL REFERENCES B_WORK_CENTER (WC_CD),
    BIRTH_DT date,
    ACTIVE_YN bit NOT NULL
);

CREATE TABLE B_PARTNER (
    BP_CD varchar(10) NOT NULL PRIMARY KEY,
    CUST_NM nvarchar(60),
    CUR_CD char(3) NOT NULL REFERENCES B_CURRENCY (CUR_CD),
    TAX_TYPE varchar(2),
    CREDIT_LIMIT money,
    -- Beyond the fifteen digits that SQLite keeps of a number.
    LIFETIME_AMT text,
    PARTNER_GUID uniqueidentifier NOT NULL UNIQUE
);

CREATE TABLE B_JOB (
    JOB_CD varchar(10) NOT NULL PRIMARY KEY,
    JOB_NM nvarchar(40) NOT NULL,
    INSIDE_FLAG char(1) NOT NULL
);

CREATE TABLE B_RESOURCE (
    RES_CD varchar(20) NOT NULL PRIMARY KEY,
    RES_DIS nvarchar(60),
    WC_CD varchar(10) NOT NULL REFERENCES B_WORK_CENTER (WC_CD),
    HOURLY_COST smallmoney
);

CREATE TABLE B_ITEM (
    ITEM_CD varchar(30) NOT NULL PRIMARY KEY,
    ITEM_NM nvarchar(60),
    ITEM_NM_ENG varchar(60),
    ITEM_SPEC nvarchar(100),
    PART_TYPE varchar(10),
    PART_NM nvarchar(40),
    MATERIAL_CD varchar(20) REFERENCES B_MATERIAL (MATERIAL_CD),
    ITEM_TYPE varchar(4) NOT NULL,
    ITEM_UNIT char(5) NOT NULL,
    ITEM_GRP_CD varchar(10) REFERENCES B_ITEM_GROUP (ITEM_GRP_CD),
    STANDARD_YN bit NOT NULL,
    GROUP1 nvarchar(20),
    GROUP2 nvarchar(20),
    GROUP3 nvarchar(20),
    DRAW_NO varchar(40),
    DRAW_REV varchar(5),
    OUTDIAMETER decimal(18,4),
    INDIAMETER decimal(18,4),
    OUTTHICKNESS decimal(18,4),
    ROTATE_CLOCKWISE smallint,
    IN_SEALTYPE_CD varchar(10),
    IN_SEALSIZE decimal(18,4),
    MID_SEALTYPE_CD varchar(10),
    MID_SEALSIZE decimal(18,4),
    OUT_SEALTYPE_CD varchar(10),
    OUT_SEALSIZE decimal(18,4),
    STD_PRICE money,
    SUBSTITUTE_ITEM_CD varchar(30) REFERENCES B_ITEM (ITEM_CD),
    INSRT_DT datetime NOT NULL,
    MODI_DT datetime2(3)
);

CREATE TABLE P_ROUTING (
    ITEM_CD varchar(30) NOT NULL REFERENCES B_ITEM (ITEM_CD),
    PROC_SEQ smallint NOT NULL,
    JOB_CD varchar(10) NOT NULL REFERENCES B_JOB (JOB_CD),
    RES_CD varchar(20) REFERENCES B_RESOURCE (RES_CD),
    TIME_UNIT varchar(5),
    MFG_LT int,
    QUEUE_TIME decimal(18,4),
    SETUP_TIME decimal(18,4),
    MACH_WORKED_HOURS decimal(18,4),
    ACT_SETUP_TIME decimal(18,4),
    ACT_RUN_TIME decimal(18,4),
    WAIT_TIME decimal(18,4),
    MOVE_TIME decimal(18,4),
    RUN_TIME_QTY decimal(18,4),
    RUN_TIME_UNIT varchar(5),
    BATCH_OPER bit,
    BP_CD varchar(10) REFERENCES B_PARTNER (BP_CD),
    SUBCONTRACT_PRC money,
    MILESTONE_FLG char(1),
    INSP_FLG char(1),
    ROUT_ORDER int NOT NULL,
    VALID_FROM_DT date NOT NULL,
    VALID_TO_DT date NOT NULL,
    REMARK nvarchar(200),
    DOC_NO varchar(30),
    NC_PROGRAM varchar(30),
    NC_WRITE_DATE smalldatetime,
    VALIDITY float,
    PRIMARY KEY (ITEM_CD, PROC_SEQ)
);

CREATE TABLE P_WORK_ORDER (
    WO_NO bigint NOT NULL PRIMARY KEY,
    ITEM_CD varchar(30) NOT NULL REFERENCES B_ITEM (ITEM_CD),
    ORDER_QTY decimal(18,4) NOT NULL,
    DUE_DT date,
    PLANNED_AT datetimeoffset(3),
    CLOSED_YN bit NOT NULL,
    CUST_PO_NO nvarchar(30)
);

CREATE TABLE P_WORK_RESULT (
    WO_NO bigint NOT NULL REFERENCES P_WORK_ORDER (WO_NO),
    RESULT_SEQ int NOT NULL,
    ITEM_CD varchar(30) NOT NULL,
    PROC_SEQ smallint NOT NULL,
    RES_CD varchar(20) REFERENCES B_RESOURCE (RES_CD),
    EMP_ID int REFERENCES B_EMPLOYEE (EMP_ID),
    WORK_DT date NOT NULL,
    START_DT datetime,
    END_DT datetime,
    GOOD_QTY decimal(18,4) NOT NULL,
    BAD_QTY decimal(18,4) NOT NULL,
    ACT_SETUP_TIME decimal(18,4),
    ACT_RUN_TIME decimal(18,4),
    LABOR_COST money,
    TEMPERATURE float,
    REJECT_REASON nvarchar(100),
    PRIMARY KEY (WO_NO, RESULT_SEQ),
    FOREIGN KEY (ITEM_CD, PROC_SEQ) REFERENCES P_ROUTING (ITEM_CD, PROC_SEQ)
);

-- The views name plain columns only: SQLite knows no type for an expression.

CREATE VIEW BI_ITEM_INFO_VIEW AS
SELECT
    i.ITEM_CD,
    i.ITEM_NM,
    i.ITEM_NM_ENG,
    i.ITEM_SPEC,
    i.PART_TYPE,
    i.PART_NM AS PartNm,
    i.MATERIAL_CD AS ITEM_MATERIAL,
    m.MATERIAL_DESC,
    i.ITEM_TYPE,
    i.ITEM_UNIT,
    i.ITEM_GRP_CD AS ITEM_GRP1,
    g.ITEM_GRP_NM AS ITEM_GRP1NM,
    i.STANDARD_YN,
    i.GROUP1,
    i.GROUP2,
    i.GROUP3,
    i.DRAW_NO,
    i.DRAW_REV,
    i.OUTDIAMETER,
    i.INDIAMETER,
    i.OUTTHICKNESS,
    i.ROTATE_CLOCKWISE,
    i.IN_SEALTYPE_CD,
    i.MID_SEALTYPE_CD,
    i.OUT_SEALTYPE_CD,
    i.IN_SEALSIZE,
    i.MID_SEALSIZE,
    i.OUT_SEALSIZE,
    m.RAW_MATL_KIND,
    i.INSRT_DT,
    i.MODI_DT
FROM B_ITEM AS i
LEFT JOIN B_MATERIAL AS m ON m.MATERIAL_CD = i.MATERIAL_CD
LEFT JOIN B_ITEM_GROUP AS g ON g.ITEM_GRP_CD = i.ITEM_GRP_CD;

CREATE VIEW BI_ROUTING_VIEW AS
SELECT
    r.ITEM_CD,
    r.PROC_SEQ,
    j.INSIDE_FLAG,
    r.JOB_CD,
    j.JOB_NM,
    r.RES_CD,
    s.RES_DIS,
    r.TIME_UNIT,
    r.MFG_LT,
    r.QUEUE_TIME,
    r.SETUP_TIME,
    r.MACH_WORKED_HOURS,
    r.ACT_SETUP_TIME,
    r.ACT_RUN_TIME,
    r.WAIT_TIME,
    r.MOVE_TIME,
    r.RUN_TIME_QTY,
    r.RUN_TIME_UNIT,
    r.BATCH_OPER,
    r.BP_CD,
    p.CUST_NM,
    p.CUR_CD,
    r.SUBCONTRACT_PRC,
    p.TAX_TYPE,
    r.MILESTONE_FLG,
    r.INSP_FLG,
    r.ROUT_ORDER,
    r.VALID_FROM_DT,
    r.VALID_TO_DT,
    r.REMARK,
    r.DOC_NO,
    r.NC_PROGRAM,
    r.NC_WRITE_DATE,
    r.VALIDITY
FROM P_ROUTING AS r
JOIN B_JOB AS j ON j.JOB_CD = r.JOB_CD
LEFT JOIN B_RESOURCE AS s ON s.RES_CD = r.RES_CD
LEFT JOIN B_PARTNER AS p ON p.BP_CD = r.BP_CD;

CREATE VIEW BI_WORK_ORDER_RESULTS AS
SELECT
    w.WO_NO,
    w.RESULT_SEQ,
    w.ITEM_CD,
    i.ITEM_NM,
    w.PROC_SEQ,
    r.JOB_CD,
    j.JOB_NM,
    w.RES_CD,
    s.RES_DIS,
    e.EMP_NM AS WORKER_NM,
    w.WORK_DT,
    w.START_DT,
    w.END_DT,
    o.ORDER_QTY,
    w.GOOD_QTY,
    w.BAD_QTY,
    w.ACT_SETUP_TIME,
    w.ACT_RUN_TIME,
    w.LABOR_COST,
    w.REJECT_REASON,
    o.DUE_DT,
    o.CLOSED_YN
FROM P_WORK_RESULT AS w
JOIN P_WORK_ORDER AS o ON o.WO_NO = w.WO_NO
JOIN P_ROUTING AS r ON r.ITEM_CD = w.ITEM_CD AND r.PROC_SEQ = w.PROC_SEQ
JOIN B_JOB AS j ON j.JOB_CD = r.JOB_CD
JOIN B_ITEM AS i ON i.ITEM_CD = w.ITEM_CD
LEFT JOIN B_RESOURCE AS s ON s.RES_CD = w.RES_CD
LEFT JOIN B_EMPLOYEE AS e ON e.EMP_ID = w.EMP_ID;
