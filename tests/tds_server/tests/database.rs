//! T-SQL as the engine runs it: types, order, constraints, rights, the catalogue.

mod engine;

use engine::{answers, database, rows, session, text, value};
use tds_server::answer::{SqlType, SqlValue};
use tds_server::database::Database;

fn wide(text: &str) -> SqlValue {
    SqlValue::Wide(text.encode_utf16().collect())
}

#[test]
fn values_of_every_type_come_out_as_they_went_in() {
    const LONGEST: i128 = 99_999_999_999_999_999_999_999_999_999_999_999_999;
    const DAY: u64 = 864_000_000_000;
    for (ty, literal, expected) in [
        ("bit", "1", SqlValue::Bit(true)),
        ("tinyint", "255", SqlValue::Int(255)),
        ("smallint", "-32768", SqlValue::Int(-32768)),
        ("int", "-2147483648", SqlValue::Int(-2_147_483_648)),
        ("bigint", "-9223372036854775808", SqlValue::Int(i64::MIN)),
        ("decimal(38,0)", "99999999999999999999999999999999999999", SqlValue::Decimal(LONGEST)),
        ("numeric(38,38)", "-0.99999999999999999999999999999999999999", SqlValue::Decimal(-LONGEST)),
        ("decimal(18,4)", "-12345678901234.5678", SqlValue::Decimal(-123_456_789_012_345_678)),
        ("decimal(9,2)", "1.005", SqlValue::Decimal(101)),
        ("money", "-922337203685477.5808", SqlValue::Money(i64::MIN)),
        ("smallmoney", "-214748.3648", SqlValue::Money(-2_147_483_648)),
        ("real", "3.4028235E38", SqlValue::Real(f32::MAX)),
        ("float", "5E-324", SqlValue::Float(5e-324)),
        ("float", "0.1", SqlValue::Float(0.1)),
        ("date", "'0001-01-01'", SqlValue::Date(0)),
        ("time(7)", "'23:59:59.9999999'", SqlValue::Time(DAY - 1)),
        ("time(0)", "'23:59:58.4999999'", SqlValue::Time(863_980_000_000)),
        ("smalldatetime", "'1900-01-02T00:01:29'", SqlValue::SmallDateTime(1, 1)),
        ("datetime", "'1900-01-01T00:00:00.004'", SqlValue::DateTime(0, 1)),
        ("datetime", "'1753-01-01T23:59:59.997'", SqlValue::DateTime(-53_690, 25_919_999)),
        ("datetime2(7)", "'9999-12-31T23:59:59.9999999'", SqlValue::DateTime2(3_652_058, DAY - 1)),
        ("datetimeoffset(3)", "'0001-01-02T09:00:00.5+09:00'", SqlValue::DateTimeOffset(1, 5_000_000, 540)),
        ("char(4)", "'가'", SqlValue::Bytes(vec![0xB0, 0xA1, b' ', b' '])),
        ("varchar(4) COLLATE Latin1_General_100_CI_AS_SC_UTF8", "N'é'", SqlValue::Bytes(vec![0xC3, 0xA9])),
        ("varchar(4) COLLATE SQL_Latin1_General_CP1_CI_AS", "N'é가'", SqlValue::Bytes(vec![0xE9, b'?'])),
        ("varchar(4)", "CAST(0xB0FF AS varchar(4))", SqlValue::Bytes(vec![0xB0, 0xFF])),
        ("varchar(max)", "''", SqlValue::Bytes(Vec::new())),
        ("text", "'t'", SqlValue::Bytes(b"t".to_vec())),
        ("nchar(3)", "N'씰'", wide("씰  ")),
        ("nvarchar(10)", "CAST(0x00D84100 AS nvarchar(10))", SqlValue::Wide(vec![0xD800, 0x41])),
        ("nvarchar(max)", "N'🔧'", wide("🔧")),
        ("ntext", "N'n'", wide("n")),
        ("binary(3)", "0x01", SqlValue::Binary(vec![1, 0, 0])),
        ("varbinary(3)", "0x", SqlValue::Binary(Vec::new())),
        ("image", "0xFF00", SqlValue::Binary(vec![255, 0])),
        (
            "uniqueidentifier",
            "'6F9619FF-8B86-D011-B42D-00C04FC964FF'",
            SqlValue::Guid([
                0x6F, 0x96, 0x19, 0xFF, 0x8B, 0x86, 0xD0, 0x11, 0xB4, 0x2D, 0, 0xC0, 0x4F, 0xC9, 0x64, 0xFF,
            ]),
        ),
        ("xml", "N'<a/>'", wide("<a/>")),
        (
            "sql_variant",
            "CAST(1.5 AS decimal(9,2))",
            SqlValue::Variant(Box::new((
                SqlType::Decimal { precision: 9, scale: 2 },
                SqlValue::Decimal(150),
            ))),
        ),
        ("hierarchyid", "'/1/'", SqlValue::Binary(vec![0x58])),
    ] {
        let database =
            database(&format!("CREATE TABLE T (A {ty} NULL); INSERT INTO T VALUES ({literal}), (NULL);"));
        let found = rows(&database, "SELECT A FROM T").unwrap();
        assert_eq!(found, [vec![expected], vec![SqlValue::Null]], "{ty} {literal}");
    }
}

#[test]
fn what_a_type_cannot_hold_is_an_error() {
    for (ty, literal, number) in [
        ("tinyint", "256", 220),
        ("tinyint", "-1", 220),
        ("int", "2147483648", 8115),
        ("decimal(4,2)", "100", 8115),
        ("smallmoney", "214748.3648", 8115),
        ("real", "1E39", 8115),
        ("date", "'2023-02-29'", 241),
        ("datetime", "'1752-12-31'", 242),
        ("int", "'x'", 245),
        ("decimal(9,2)", "'x'", 8114),
        ("uniqueidentifier", "'x'", 8169),
        ("varchar(2)", "'abc'", 2628),
        ("varbinary(1)", "0x0102", 2628),
        ("char(1)", "N'가'", 2628),
    ] {
        let database = database(&format!("CREATE TABLE T (A {ty} NULL)"));
        let error = rows(&database, &format!("INSERT INTO T VALUES ({literal})")).unwrap_err();
        assert_eq!(error.number, number, "{ty} {literal}: {error}");
        assert_eq!(value(&database, "SELECT COUNT(*) FROM T"), Ok(SqlValue::Int(0)), "{ty} {literal}");
    }
}

#[test]
fn rows_come_in_the_order_of_the_type() {
    for (ty, ascending) in [
        ("decimal(38,2)", &["NULL", "-10", "-9.99", "0", "9", "10", "100"][..]),
        ("decimal(9,2)", &["-10", "-9", "9", "10"]),
        ("money", &["-10", "9", "10"]),
        ("varchar(9)", &["''", "'-'", "'1'", "'10'", "'2'", "'a'", "'B'", "'가'", "'나'"]),
        ("varchar(9) COLLATE Korean_Wansung_BIN2", &["'B'", "'a'", "N'가'"]),
        ("nvarchar(9) COLLATE Latin1_General_BIN2", &["N'B'", "N'a'", "N'가'"]),
        (
            "uniqueidentifier",
            &[
                "'FFFFFFFF-FFFF-FFFF-FFFF-000000000000'",
                "'00000000-0000-0000-0001-000000000001'",
                "'00000000-0000-0000-0000-000000000100'",
                "'00000000-0000-0000-0000-010000000000'",
            ],
        ),
        ("datetimeoffset(0)", &["'2024-01-01T09:00:00+09:00'", "'2024-01-01T00:00:01Z'"]),
        ("time(3)", &["'00:00:00'", "'00:00:00.001'", "'12:00'"]),
        ("varbinary(4)", &["0x", "0x00", "0x01", "0x0100", "0x02"]),
    ] {
        let values: Vec<_> =
            ascending.iter().enumerate().rev().map(|(at, text)| format!("({at}, {text})")).collect();
        let database = database(&format!(
            "CREATE TABLE T (N int, A {ty} NULL); INSERT INTO T VALUES {}",
            values.join(", ")
        ));
        let sorted = |sql: &str| -> Vec<i64> {
            let rows = rows(&database, sql).unwrap();
            rows.iter().map(|row| if let SqlValue::Int(n) = row[0] { n } else { panic!("{row:?}") }).collect()
        };
        let expected: Vec<i64> = (0..ascending.len() as i64).collect();
        assert_eq!(sorted("SELECT N FROM T ORDER BY A"), expected, "{ty}");
        assert_eq!(
            sorted("SELECT N FROM T ORDER BY A DESC").into_iter().rev().collect::<Vec<_>>(),
            expected,
            "{ty}"
        );
        let first = ascending.iter().position(|text| *text != "NULL").unwrap();
        let above = format!("SELECT N FROM T WHERE A > {} ORDER BY A", ascending[first]);
        assert_eq!(sorted(&above), expected[first + 1..], "{ty}");
        let largest = "SELECT N FROM T WHERE A = (SELECT MAX(A) FROM T)";
        assert_eq!(sorted(largest), [expected.len() as i64 - 1], "{ty}");
    }
}

#[test]
fn texts_are_compared_as_their_collation_says() {
    let database = database(
        "CREATE TABLE T (CI varchar(9) COLLATE Korean_Wansung_CI_AS, CS varchar(9) COLLATE Latin1_General_CS_AS);
         INSERT INTO T VALUES ('Abc  ', 'Abc');",
    );
    for (condition, holds) in [
        ("CI = 'abc'", true),
        ("CS = 'abc'", false),
        ("CS = 'Abc   '", true),
        ("CI LIKE 'A_C%'", true),
        ("CI LIKE '[a-b]b%'", true),
        ("CI LIKE '[^a]%'", false),
        ("CI IN ('x', 'ABC')", true),
        ("CI BETWEEN 'abb' AND 'abd'", true),
        ("CS COLLATE Latin1_General_CI_AS = 'ABC'", true),
    ] {
        let found = rows(&database, &format!("SELECT 1 FROM T WHERE {condition}")).unwrap();
        assert_eq!(!found.is_empty(), holds, "{condition}");
    }
    assert_eq!(rows(&database, "SELECT 1 FROM T WHERE CI = CS").unwrap_err().number, 468);
}

#[test]
fn expressions_have_the_value_and_the_type_of_sql_server() {
    let database = database(
        "CREATE TABLE T (A int); CREATE TABLE G (A geography);
         INSERT INTO G VALUES (geography::STGeomFromText('POINT (127.5 37.25)', 4326));",
    );
    for (expression, expected) in [
        ("7 / 2", "3"),
        ("-7 % 3", "-1"),
        ("7 / 2.0", "3.500000"),
        ("CAST(1 AS decimal(9,2)) * CAST(1.5 AS decimal(9,3))", "1.50000"),
        ("1 + '2'", "3"),
        ("'1' + '2'", "12"),
        ("CONCAT(N'a', NULL, 1)", "a1"),
        ("ISNULL(NULL, 'x')", "x"),
        ("COALESCE(NULL, NULL, 5)", "5"),
        ("NULLIF(1, 1)", "NULL"),
        ("CASE WHEN NULL = NULL THEN 1 ELSE 2 END", "2"),
        ("LEN('ab  ')", "2"),
        ("DATALENGTH(N'ab  ')", "8"),
        ("SUBSTRING('abcdef', 2, 3)", "bcd"),
        ("CHARINDEX('c', 'abc')", "3"),
        ("CONVERT(varchar(30), CAST('2024-02-29T13:14:15.007' AS datetime), 126)", "2024-02-29T13:14:15.007"),
        ("CONVERT(varchar(30), CAST('2024-02-29' AS date), 112)", "20240229"),
        ("CONVERT(varchar(30), 0x0AFF, 1)", "0x0AFF"),
        ("DATEADD(month, 1, CAST('2024-01-31' AS date))", "2024-02-29"),
        ("DATEDIFF(day, '2024-01-01', '2024-03-01')", "60"),
        ("DATEPART(TZOFFSET, CAST('2024-01-01T00:00:00-03:30' AS datetimeoffset))", "-210"),
        ("CAST(CAST('/1/2.5/' AS hierarchyid) AS nvarchar(40))", "/1/2.5/"),
        ("SELECT CONCAT(A.STSrid, A.AsTextZM()) FROM G", "4326POINT (127.5 37.25)"),
        ("SQL_VARIANT_PROPERTY(CAST(1 AS money), 'BaseType')", "money"),
        ("COLLATIONPROPERTY('Korean_Wansung_CI_AS', 'CodePage')", "949"),
        ("DB_NAME()", "KsmErp"),
        ("SUSER_SNAME()", "sa"),
        ("OBJECT_NAME(OBJECT_ID(N'[dbo].[T]'))", "T"),
        ("OBJECT_ID(N'nothing')", "NULL"),
        ("HAS_PERMS_BY_NAME(NULL, 'DATABASE', 'CREATE TABLE')", "1"),
        ("@@TRANCOUNT", "0"),
    ] {
        assert_eq!(text(&database, expression).as_deref(), Ok(expected), "{expression}");
    }
    for (expression, number) in [
        ("1 / 0", 8134),
        ("CAST('x' AS int)", 245),
        ("nosuch(1)", 195),
        ("nocolumn", 207),
        ("2147483647 + 1", 8115),
    ] {
        assert_eq!(text(&database, expression).unwrap_err().number, number, "{expression}");
    }
}

#[test]
fn aggregates_are_exact_and_of_the_right_type() {
    let database = database(
        "CREATE TABLE T (G int, D decimal(38,4), I int, M money, V varchar(9));
         INSERT INTO T VALUES (1, 9999999999999999999999999999999999.9999, 2147483647, 0.0001, 'b'),
            (1, -0.0001, 1, 0.0002, 'A'), (2, NULL, NULL, NULL, NULL);",
    );
    let decimal = |mantissa| SqlValue::Decimal(mantissa);
    assert_eq!(
        rows(
            &database,
            "SELECT SUM(D), SUM(M), COUNT(*), COUNT(D), COUNT_BIG(*), MIN(V), MAX(V), SUM(CAST(I AS bigint)) FROM T"
        ),
        Ok(vec![vec![
            decimal(99_999_999_999_999_999_999_999_999_999_999_999_998),
            SqlValue::Money(3),
            SqlValue::Int(3),
            SqlValue::Int(2),
            SqlValue::Int(3),
            SqlValue::Bytes(b"A".to_vec()),
            SqlValue::Bytes(b"b".to_vec()),
            SqlValue::Int(2_147_483_648),
        ]])
    );
    assert_eq!(rows(&database, "SELECT SUM(I) FROM T").unwrap_err().number, 8115);
    assert_eq!(
        rows(&database, "SELECT G, COUNT(*) FROM T GROUP BY G HAVING COUNT(*) > 1 ORDER BY G"),
        Ok(vec![vec![SqlValue::Int(1), SqlValue::Int(2)]])
    );
    assert_eq!(
        rows(
            &database,
            "SELECT TOP (1) r.I FROM (SELECT t.I, ROW_NUMBER() OVER (ORDER BY t.I) AS n FROM [dbo].[T] AS t) AS r WHERE r.n % 2 = 0 ORDER BY r.n"
        ),
        Ok(vec![vec![SqlValue::Int(1)]])
    );
    assert_eq!(
        rows(&database, "SELECT I FROM T ORDER BY I OFFSET 1 ROWS FETCH NEXT 1 ROWS ONLY"),
        Ok(vec![vec![SqlValue::Int(1)]])
    );
}

const SHOP: &str = "CREATE SCHEMA sales
GO
CREATE TYPE CODE FROM varchar(8) NOT NULL
GO
CREATE TABLE P (ID int IDENTITY(10, 5) NOT NULL CONSTRAINT PK_P PRIMARY KEY, CODE CODE, NAME nvarchar(20) NULL,
    QTY decimal(18,4) NOT NULL CONSTRAINT DF_QTY DEFAULT (0), CREATED datetime NOT NULL DEFAULT getdate(),
    TWICE AS (QTY * 2) PERSISTED, VERSION rowversion, CONSTRAINT UQ_CODE UNIQUE (CODE), CONSTRAINT CK_QTY CHECK (QTY >= 0));
CREATE TABLE sales.L (P_ID int NOT NULL, SEQ smallint NOT NULL, REF varchar(4) NULL,
    CONSTRAINT PK_L PRIMARY KEY NONCLUSTERED (P_ID, SEQ DESC));
ALTER TABLE sales.L ADD CONSTRAINT FK_L_P FOREIGN KEY (P_ID) REFERENCES P (ID) ON DELETE CASCADE;
CREATE UNIQUE INDEX UX_REF ON sales.L (REF);
CREATE INDEX IX_NAME ON P (NAME DESC) INCLUDE (QTY) WHERE NAME IS NOT NULL;
GO
CREATE VIEW sales.V AS SELECT p.CODE, p.QTY + 1 AS MORE FROM P AS p JOIN sales.L AS l ON l.P_ID = p.ID
GO
INSERT INTO P (CODE, NAME, QTY) VALUES ('a', N'가', 1.5), ('b', NULL, DEFAULT);
INSERT INTO P (CODE) SELECT CONCAT(CODE, 'x') FROM P WHERE QTY > 0;
INSERT INTO sales.L (P_ID, SEQ) VALUES (10, 1);
";

#[test]
fn a_script_makes_what_it_says() {
    let database = database(SHOP);
    let found = rows(&database, "SELECT ID, CODE, QTY, TWICE FROM dbo.P ORDER BY ID").unwrap();
    let row = |id, code: &str, qty, twice| {
        vec![
            SqlValue::Int(id),
            SqlValue::Bytes(code.into()),
            SqlValue::Decimal(qty),
            SqlValue::Decimal(twice),
        ]
    };
    assert_eq!(found, [row(10, "a", 15_000, 30_000), row(15, "b", 0, 0), row(20, "ax", 0, 0)]);
    assert_eq!(
        rows(&database, "SELECT * FROM sales.V").unwrap(),
        [vec![SqlValue::Bytes(b"a".to_vec()), SqlValue::Decimal(25_000)]]
    );
    database
        .script("UPDATE P SET QTY += 1, NAME = N'x' WHERE CODE = 'B'; DELETE p FROM P AS p WHERE p.ID = 10")
        .unwrap();
    assert_eq!(value(&database, "SELECT QTY FROM P WHERE ID = 15").unwrap(), SqlValue::Decimal(10_000));
    assert_eq!(
        value(&database, "SELECT COUNT(*) FROM sales.L").unwrap(),
        SqlValue::Int(0),
        "the delete cascades"
    );
    let versions = rows(&database, "SELECT VERSION FROM P ORDER BY VERSION DESC").unwrap();
    assert_eq!(
        versions[0],
        rows(&database, "SELECT VERSION FROM P WHERE ID = 15").unwrap()[0],
        "a change moves the rowversion"
    );
}

#[test]
fn constraints_hold() {
    let database = database(SHOP);
    for (statement, number, words) in [
        ("INSERT INTO P (CODE) VALUES (NULL)", 515, "column 'CODE'"),
        ("INSERT INTO P (CODE) VALUES ('A')", 2627, "'UQ_CODE'"),
        ("INSERT INTO P (CODE, QTY) VALUES ('c', -1)", 547, "CK_QTY"),
        ("INSERT INTO sales.L VALUES (99, 1, 'q')", 547, "FK_L_P"),
        ("INSERT INTO sales.L VALUES (10, 2, NULL)", 2601, "UX_REF"),
        ("INSERT INTO sales.L VALUES (10, 1, 'r')", 2627, "PK_L"),
        ("INSERT INTO P (ID, CODE) VALUES (1, 'c')", 544, "IDENTITY_INSERT"),
        ("INSERT INTO P (CODE, TWICE) VALUES ('c', 1)", 271, "TWICE"),
        ("INSERT INTO P (CODE) VALUES ('123456789')", 2628, "column 'CODE'"),
        ("INSERT INTO P (CODE, NAME) VALUES ('c')", 109, ""),
        ("DROP TABLE P", 3726, "FOREIGN KEY"),
        ("CREATE TABLE P (A int)", 2714, "'P'"),
        ("CREATE TABLE Q (A nosuchtype)", 2715, "nosuchtype"),
        ("CREATE TABLE Q (A int REFERENCES L)", 1767, "'L'"),
        ("ALTER TABLE P ADD CONSTRAINT CK_NAME CHECK (QTY > 0)", 547, "CK_NAME"),
        ("ALTER TABLE P ADD X int NOT NULL", 4901, "'X'"),
    ] {
        let error = rows(&database, statement).unwrap_err();
        assert_eq!(error.number, number, "{statement}: {error}");
        assert!(error.message.contains(words), "{statement}: {error}");
    }
    database.script("ALTER TABLE P WITH NOCHECK ADD CONSTRAINT CK_NAME CHECK (QTY > 0)").unwrap();
    assert_eq!(rows(&database, "INSERT INTO P (CODE) VALUES ('q')").unwrap_err().number, 547);
    database.script("ALTER TABLE P NOCHECK CONSTRAINT CK_NAME; INSERT INTO P (CODE) VALUES ('q')").unwrap();
    database.script("SET IDENTITY_INSERT P ON; INSERT INTO P (ID, CODE) VALUES (100, 'i'); SET IDENTITY_INSERT P OFF; INSERT INTO P (CODE) VALUES ('j')").unwrap();
    assert_eq!(value(&database, "SELECT ID FROM P WHERE CODE = 'j'").unwrap(), SqlValue::Int(105));
}

#[test]
fn the_catalogue_tells_what_a_script_made() {
    let database = database(SHOP);
    for (query, expected) in [
        (
            "SELECT CONCAT(c.name, ' ', ty.name, ' ', c.max_length, ' ', c.is_nullable, c.is_identity, c.is_computed) FROM sys.columns AS c
             JOIN sys.types AS ty ON ty.user_type_id = c.user_type_id WHERE c.object_id = OBJECT_ID(N'dbo.P') ORDER BY c.column_id",
            vec!["ID int 4 010", "CODE CODE 8 000", "NAME nvarchar 40 100", "QTY decimal 9 000", "CREATED datetime 8 000", "TWICE decimal 13 101", "VERSION timestamp 8 000"],
        ),
        (
            "SELECT CONCAT(s.name, '.', o.name, ' ', RTRIM(o.type)) FROM sys.objects AS o JOIN sys.schemas AS s ON s.schema_id = o.schema_id
             WHERE o.type IN ('U', 'V') ORDER BY o.name",
            vec!["sales.L U", "dbo.P U", "sales.V V"],
        ),
        (
            "SELECT CONCAT(i.name, ' ', i.type_desc, ' ', i.is_unique, i.is_primary_key, ' ', c.name, ' ', ic.key_ordinal, ic.is_descending_key) FROM sys.indexes AS i
             JOIN sys.index_columns AS ic ON ic.object_id = i.object_id AND ic.index_id = i.index_id
             JOIN sys.columns AS c ON c.object_id = i.object_id AND c.column_id = ic.column_id
             WHERE i.object_id IN (OBJECT_ID('P'), OBJECT_ID('sales.L')) ORDER BY i.name, ic.index_column_id",
            vec![
                "IX_NAME NONCLUSTERED 00 NAME 11", "IX_NAME NONCLUSTERED 00 QTY 00", "PK_L NONCLUSTERED 11 P_ID 10",
                "PK_L NONCLUSTERED 11 SEQ 21", "PK_P CLUSTERED 11 ID 10", "UQ_CODE NONCLUSTERED 10 CODE 10", "UX_REF NONCLUSTERED 10 REF 10",
            ],
        ),
        (
            "SELECT CONCAT(f.name, ' ', OBJECT_NAME(f.parent_object_id), ' ', OBJECT_NAME(f.referenced_object_id), ' ', f.delete_referential_action_desc) FROM sys.foreign_keys AS f",
            vec!["FK_L_P L P CASCADE"],
        ),
        ("SELECT CONCAT(name, ' ', definition) FROM sys.check_constraints", vec!["CK_QTY ([QTY]>=(0))"]),
        (
            "SELECT CONCAT(c.name, ' ', d.definition) FROM sys.default_constraints AS d JOIN sys.columns AS c ON c.object_id = d.parent_object_id
             AND c.column_id = d.parent_column_id ORDER BY c.column_id",
            vec!["QTY ((0))", "CREATED (getdate())"],
        ),
        ("SELECT CAST(CAST(last_value AS decimal(38,0)) AS varchar(40)) FROM sys.identity_columns", vec!["20"]),
        ("SELECT definition FROM sys.computed_columns", vec!["([QTY]*(2))"]),
        ("SELECT CAST(SUM(p.rows) AS varchar(9)) FROM sys.partitions AS p WHERE p.object_id = OBJECT_ID('P') AND p.index_id IN (0, 1)", vec!["3"]),
        ("SELECT TABLE_NAME FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_SCHEMA = 'sales' ORDER BY TABLE_NAME", vec!["L", "V"]),
        ("SELECT COLUMN_NAME FROM INFORMATION_SCHEMA.COLUMNS WHERE TABLE_NAME = 'V' ORDER BY ORDINAL_POSITION", vec!["CODE", "MORE"]),
        ("SELECT name FROM sys.databases WHERE database_id > 4", vec!["KsmErp"]),
    ] {
        let found: Vec<String> = rows(&database, query)
            .unwrap_or_else(|error| panic!("{query}: {error}"))
            .into_iter()
            .map(|row| match &row[0] {
                SqlValue::Wide(units) => String::from_utf16(units).unwrap(),
                SqlValue::Bytes(bytes) => String::from_utf8(bytes.clone()).unwrap(),
                other => panic!("{query}: {other:?}"),
            })
            .collect();
        assert_eq!(found, expected, "{query}");
    }
}

#[test]
fn who_may_only_read_can_change_nothing() {
    let database = database(SHOP);
    database.grant_read_only("FKSM_BI");
    database.script("DENY SELECT ON sales.L TO FKSM_BI").unwrap();
    let mut reader = session(&database, "fksm_bi");
    for (statement, number, message) in [
        ("CREATE TABLE X (A int)", 262, "CREATE TABLE permission denied in database 'KsmErp'."),
        (
            "INSERT INTO P (CODE) VALUES ('z')",
            229,
            "The INSERT permission was denied on the object 'P', database 'KsmErp', schema 'dbo'.",
        ),
        (
            "UPDATE P SET QTY = 0",
            229,
            "The UPDATE permission was denied on the object 'P', database 'KsmErp', schema 'dbo'.",
        ),
        (
            "DELETE FROM P",
            229,
            "The DELETE permission was denied on the object 'P', database 'KsmErp', schema 'dbo'.",
        ),
        (
            "SELECT * FROM sales.L",
            229,
            "The SELECT permission was denied on the object 'L', database 'KsmErp', schema 'sales'.",
        ),
        (
            "DROP TABLE P",
            3701,
            "Cannot drop the table 'P', because it does not exist or you do not have permission.",
        ),
        (
            "SELECT * FROM sys.dm_exec_connections",
            300,
            "VIEW SERVER STATE permission was denied on object 'server', database 'master'.",
        ),
        ("SELECT * FROM NOTHING", 208, "Invalid object name 'NOTHING'."),
        ("SELECT NOTHING FROM P", 207, "Invalid column name 'NOTHING'."),
        ("SELEC 1", 102, "Incorrect syntax near 'SELEC'."),
        ("EXEC nosuch", 2812, "Could not find stored procedure 'nosuch'."),
        (
            "USE nosuch",
            911,
            "Database 'nosuch' does not exist. Make sure that the name is entered correctly.",
        ),
    ] {
        let error = answers(&mut reader, statement).unwrap_err();
        assert_eq!((error.number, error.message.as_str()), (number, message), "{statement}");
    }
    assert_eq!(
        answers(&mut reader, "SELECT * FROM sales.V").unwrap()[0].rows.len(),
        1,
        "a view reads what its owner may"
    );
    let permission = "SELECT HAS_PERMS_BY_NAME(NULL, 'DATABASE', 'CREATE TABLE'), HAS_PERMS_BY_NAME(N'dbo.P', 'OBJECT', 'SELECT'), HAS_PERMS_BY_NAME(NULL, NULL, 'VIEW SERVER STATE')";
    let found = &answers(&mut reader, permission).unwrap()[0].rows[0];
    assert_eq!(found[..], [SqlValue::Int(0), SqlValue::Int(1), SqlValue::Int(0)]);
    let _other = session(&database, "sa");
    let count = "SELECT COUNT(*) FROM sys.dm_exec_sessions WHERE is_user_process = 1";
    assert_eq!(answers(&mut reader, count).unwrap()[0].rows[0][0], SqlValue::Int(1));
    database.view_server_state("FKSM_BI", true);
    assert_eq!(answers(&mut reader, count).unwrap()[0].rows[0][0], SqlValue::Int(2));
}

#[test]
fn a_snapshot_stays_as_it_was() {
    let database = database(SHOP);
    database.grant_read_only("FKSM_BI");
    let mut reader = session(&database, "FKSM_BI");
    let begin = "SET TRANSACTION ISOLATION LEVEL SNAPSHOT; SET IMPLICIT_TRANSACTIONS ON; SELECT COUNT(*) FROM P; SELECT @@TRANCOUNT, ROWCOUNT_BIG()";
    assert_eq!(answers(&mut reader, begin).unwrap_err().number, 3952);
    database.allow_snapshot(true);
    let found =
        answers(&mut session(&database, "FKSM_BI"), "SELECT COUNT(*) FROM P; SELECT ROWCOUNT_BIG()").unwrap();
    assert_eq!(found[1].rows[0][0], SqlValue::Int(1));
    let mut reader = session(&database, "FKSM_BI");
    let found = answers(&mut reader, begin).unwrap();
    assert_eq!(
        (&found[0].rows[0][0], &found[1].rows[0][..]),
        (&SqlValue::Int(3), &[SqlValue::Int(1), SqlValue::Int(1)][..])
    );
    database.script("INSERT INTO P (CODE) VALUES ('new')").unwrap();
    let count = "SELECT COUNT(*) FROM P";
    assert_eq!(answers(&mut reader, count).unwrap()[0].rows[0][0], SqlValue::Int(3));
    assert_eq!(
        answers(&mut reader, "COMMIT; SELECT COUNT(*) FROM P").unwrap()[0].rows[0][0],
        SqlValue::Int(4)
    );
    let mut other = session(&database, "sa");
    answers(&mut other, "BEGIN TRAN; DELETE FROM sales.L; ROLLBACK").unwrap();
    assert_eq!(value(&database, "SELECT COUNT(*) FROM sales.L").unwrap(), SqlValue::Int(1));
}

#[test]
fn a_batch_with_variables_and_conditions() {
    let database = database(SHOP);
    let found = answers(
        &mut session(&database, "sa"),
        "DECLARE @n int = 2, @name nvarchar(10); SELECT @name = CODE FROM P WHERE ID = 15
         IF @n > 1 BEGIN SET @n = @n * 10; SELECT @n AS n, @name AS name END ELSE SELECT 0;
         WITH c AS (SELECT 1 AS x UNION ALL SELECT @n - 11), d AS (SELECT x FROM c) SELECT SUM(x) FROM d",
    )
    .unwrap();
    assert_eq!(found[0].rows, [vec![SqlValue::Int(20), wide("b")]]);
    assert_eq!(found[0].columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>(), ["n", "name"]);
    assert_eq!(found[1].rows, [vec![SqlValue::Int(10)]]);
}

#[test]
fn bulk_rows_and_a_running_reader() {
    let database = Database::create("KsmErp").unwrap();
    database
        .script("CREATE TABLE B (ID bigint IDENTITY NOT NULL PRIMARY KEY, QTY decimal(18,4), V rowversion)")
        .unwrap();
    let row = |n: i64| vec![SqlValue::Int(n), SqlValue::Decimal(i128::from(n) * 3)];
    assert_eq!(database.insert("dbo.B", (1..=5000).map(row)), Ok(5000));
    assert_eq!(database.insert("dbo.B", [vec![SqlValue::Null]]).unwrap_err().number, 213);
    assert_eq!(database.insert("dbo.N", [vec![]]).unwrap_err().number, 208);
    database.script("INSERT INTO B (QTY) VALUES (1)").unwrap();
    assert_eq!(value(&database, "SELECT MAX(ID) FROM B").unwrap(), SqlValue::Int(5001));
    // Somebody changes the table while it is read.
    let mut count = 0;
    let mut reader = session(&database, "sa");
    reader
        .execute("SELECT ID FROM B", &[], &mut |event| {
            if let tds_server::answer::Event::Row(_) = event {
                count += 1;
                if count == 10 {
                    database.script("DELETE FROM B WHERE ID > 100").unwrap();
                }
            }
            true
        })
        .unwrap();
    assert_eq!(count, 5001, "a statement sees what was there when it began");
}

#[test]
fn a_file_of_sqlite_is_served_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("erp.db");
    rusqlite::Connection::open(&file)
        .unwrap()
        .execute_batch(
            "CREATE TABLE B_ITEM (ITEM_CD nvarchar(20) NOT NULL PRIMARY KEY, PRICE decimal(18,4), MADE datetime2(3), QTY REAL, N INTEGER, UNIQUE (N));
             CREATE TABLE B_PART (ITEM_CD nvarchar(20) NOT NULL REFERENCES B_ITEM ON DELETE CASCADE, SEQ int NOT NULL, PRIMARY KEY (ITEM_CD, SEQ));
             CREATE VIEW ITEM_VIEW AS SELECT ITEM_CD, PRICE, N * 2 AS N2 FROM B_ITEM;
             INSERT INTO B_ITEM VALUES ('가-1', 0.1001, '2024-01-02 03:04:05.678', 0.1, 9007199254740993), ('b', 12345678901.2345, NULL, NULL, NULL);",
        )
        .unwrap();
    let database = Database::open_sqlite(&file, "KsmErp").unwrap();
    let found =
        rows(&database, "SELECT ITEM_CD, PRICE, QTY, N FROM B_ITEM WHERE PRICE > 0.1 ORDER BY PRICE DESC")
            .unwrap();
    assert_eq!(
        found[1],
        [wide("가-1"), SqlValue::Decimal(1001), SqlValue::Float(0.1), SqlValue::Int(9_007_199_254_740_993)]
    );
    assert_eq!(found[0][1], SqlValue::Decimal(123_456_789_012_345));
    assert_eq!(
        text(&database, "SELECT MADE FROM B_ITEM WHERE ITEM_CD = N'가-1'").unwrap(),
        "2024-01-02 03:04:05.678"
    );
    assert_eq!(
        rows(&database, "SELECT PRICE FROM ITEM_VIEW WHERE N2 > 1").unwrap(),
        [vec![SqlValue::Decimal(1001)]]
    );
    let key = "SELECT COUNT(*) FROM sys.foreign_keys WHERE OBJECT_NAME(parent_object_id) = 'B_PART' AND delete_referential_action = 1";
    assert_eq!(value(&database, key).unwrap(), SqlValue::Int(1));
    for statement in ["DELETE FROM B_PART", "CREATE TABLE X (A int)"] {
        assert_eq!(rows(&database, statement).unwrap_err().number, 3906, "{statement}");
    }
}
