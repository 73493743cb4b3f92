CREATE TABLE BENCH_ROW (
    ROW_ID bigint NOT NULL PRIMARY KEY,
    QTY int NOT NULL,
    ITEM_NM nvarchar(40) NOT NULL,
    ITEM_CD varchar(20) NOT NULL,
    WEIGHT decimal(18,4) NOT NULL,
    PRICE money NOT NULL,
    RATIO float NOT NULL,
    CHANGED_AT datetime NOT NULL,
    DUE_DT date NOT NULL,
    ACTIVE_YN bit NOT NULL,
    REMARK nvarchar(100),
    ROW_GUID uniqueidentifier NOT NULL
);
