CREATE TABLE EVERY_TYPE (
    id int NOT NULL PRIMARY KEY,
    c_bit bit NULL, c_tiny tinyint NULL, c_small smallint NULL, c_big bigint NULL,
    c_decimal decimal(38,10) NULL, c_numeric numeric(38,38) NULL, c_money money NULL, c_smallmoney smallmoney NULL,
    c_real real NULL, c_float float NULL,
    c_date date NULL, c_time time(6) NULL, c_smalldatetime smalldatetime NULL, c_datetime datetime NULL, c_datetime2 datetime2(6) NULL, c_offset datetimeoffset(6) NULL,
    c_char char(5) COLLATE Korean_Wansung_CI_AS NULL, c_varchar varchar(40) COLLATE Korean_Wansung_CI_AS NULL, c_varcharmax varchar(max) NULL, c_text text NULL,
    c_nchar nchar(5) NULL, c_nvarchar nvarchar(40) NULL, c_nvarcharmax nvarchar(max) NULL, c_ntext ntext NULL,
    c_binary binary(4) NULL, c_varbinary varbinary(10) NULL, c_varbinarymax varbinary(max) NULL, c_image image NULL,
    c_guid uniqueidentifier NULL, c_xml xml NULL, c_variant sql_variant NULL, c_hierarchy hierarchyid NULL, c_geography geography NULL,
    c_rowversion rowversion NOT NULL
);
GO
INSERT INTO EVERY_TYPE (id, c_bit, c_tiny, c_small, c_big, c_decimal, c_numeric, c_money, c_smallmoney, c_real, c_float, c_date, c_time, c_smalldatetime, c_datetime, c_datetime2, c_offset,
    c_char, c_varchar, c_varcharmax, c_text, c_nchar, c_nvarchar, c_nvarcharmax, c_ntext, c_binary, c_varbinary, c_varbinarymax, c_image, c_guid, c_xml, c_variant, c_hierarchy, c_geography)
VALUES (1, 1, 255, 32767, 9223372036854775807, 9999999999999999999999999999.9999999999, 0.99999999999999999999999999999999999999, 922337203685477.5807, 214748.3647,
    3.4028235E38, 1.7976931348623157E308, '9999-12-31', '23:59:59.999999', '2079-06-06T23:59:00', '9999-12-31T23:59:59.997', '9999-12-31T23:59:59.999999', '2024-06-30T12:00:00.000001+09:00',
    N'가', N'벨로우즈', N'long', N'text', N'씰', N'🔧 NFC é', N'max', N'ntext', 0x01020304, 0x00FF, 0xDEADBEEF, 0x4A50, '6F9619FF-8B86-D011-B42D-00C04FC964FF',
    N'<a b="1">가</a>', CAST(922337203685477.5807 AS money), '/1/2.5/', geography::STGeomFromText('POINT (127.5 37.25)', 4326));
GO
INSERT INTO EVERY_TYPE (id, c_bit, c_tiny, c_small, c_big, c_decimal, c_numeric, c_money, c_smallmoney, c_real, c_float, c_date, c_time, c_smalldatetime, c_datetime, c_datetime2, c_offset,
    c_char, c_varchar, c_varcharmax, c_text, c_nchar, c_nvarchar, c_nvarcharmax, c_ntext, c_binary, c_varbinary, c_varbinarymax, c_image, c_guid, c_xml, c_variant, c_hierarchy)
VALUES (2, 0, 0, -32768, -9223372036854775808, -0.0000000001, -0.00000000000000000000000000000000000001, -922337203685477.5808, -214748.3648,
    -1.17549435E-38, 5E-324, '0001-01-01', '00:00:00', '1900-01-01T00:00:00', '1753-01-01T00:00:00.003', '0001-01-01T00:00:00', '0001-01-01T14:00:00+14:00',
    N'', N'', N'', N'', N'', N'', N'', N'', 0x00, 0x, 0x, 0x, '00000000-0000-0000-0000-000000000000',
    N'<r/>', CAST('2024-02-29T13:14:15.007' AS datetime), '/');
GO
INSERT INTO EVERY_TYPE (id) VALUES (3);
