use proptest::prelude::*;
use rsl_core::PgType;
use sqlparser::dialect::PostgreSqlDialect;

use super::super::Column;
use super::*;

/// A column named in capitals in the source and in lower case in the target.
pub fn column(name: &str, declared: &str, target_type: PgType) -> Column {
    Column {
        source: name.to_owned(),
        kind: Kind::of_declared(declared),
        target: name.to_lowercase(),
        target_type,
        not_null: false,
        generated: false,
    }
}

/// One of every kind.
pub fn columns() -> Vec<Column> {
    let varchar = |length| PgType::Varchar(Some(length));
    vec![
        column("BIT", "bit", PgType::Bool),
        column("TINY", "tinyint", PgType::Int2),
        column("SMALL", "smallint", PgType::Int2),
        column("A", "int", PgType::Int4),
        column("B", "int", PgType::Int4),
        column("BIG", "bigint", PgType::Int8),
        column("QTY", "decimal(18,2)", PgType::Numeric(Some((18, 2)))),
        column("PRICE", "decimal(19,4)", PgType::Numeric(Some((19, 4)))),
        column("WIDE", "decimal(38,10)", PgType::Numeric(Some((38, 10)))),
        column("COST", "money", PgType::Numeric(Some((19, 4)))),
        column("R", "real", PgType::Float4),
        column("F", "float", PgType::Float8),
        column("NAME", "nvarchar(40)", varchar(40)),
        column("CODE", "varchar(10)", varchar(10)),
        column("FIXED", "char(4)", varchar(4)),
        column("PADDED", "char(4)", PgType::Char(4)),
        column("NOTE", "nvarchar(max)", PgType::Text),
        column("D", "date", PgType::Date),
        column("T", "time(3)", PgType::Time(3)),
        column("DT", "datetime", PgType::Timestamp(3)),
        column("SDT", "smalldatetime", PgType::Timestamp(0)),
        column("DT2", "datetime2(7)", PgType::Timestamp(6)),
        column("DTO", "datetimeoffset(7)", PgType::TimestampTz(6)),
        column("ID", "uniqueidentifier", PgType::Uuid),
        column("BYTES", "binary(3)", PgType::Bytea),
        column("X", "xml", PgType::Text),
        column("AS_INT", "bit", PgType::Int2),
        column("odd name]", "int", PgType::Int4),
    ]
}

fn of<'a>(columns: &'a [Column], name: &str) -> &'a Column {
    find(columns, name).expect("a column of the fixture")
}

/// Column, definition, and what it becomes.
pub const DEFAULTS: &[(&str, &str, &str)] = &[
    ("A", "((0))", "0"),
    ("A", "((-1))", "-1"),
    ("A", "(-(1))", "-1"),
    ("A", "('')", "0"),
    ("A", "('7')", "7"),
    ("A", "((0.00))", "0"),
    ("A", "(datepart(year,getdate()))", "CAST(extract(year FROM LOCALTIMESTAMP) AS integer)"),
    ("A", "(NULL)", "NULL"),
    ("BIT", "((1))", "true"),
    ("BIT", "((0))", "false"),
    ("BIT", "('True')", "true"),
    ("BIT", "(CONVERT([bit],(0)))", "false"),
    ("QTY", "((0))", "0"),
    ("QTY", "((1.50))", "1.50"),
    ("QTY", "((1.5000))", "1.5000"),
    ("QTY", "('2.5')", "2.5"),
    ("COST", "($0)", "0"),
    ("COST", "((12.3456))", "12.3456"),
    ("F", "((1.5))", "1.5"),
    ("F", "((1e3))", "CAST(1000 AS double precision)"),
    ("R", "((0))", "0"),
    ("NAME", "(N'KRW')", "'KRW'"),
    ("NAME", "('it''s')", "'it''s'"),
    ("NAME", r"('C:\x')", r"E'C:\\x'"),
    ("NAME", "((0))", "'0'"),
    ("NAME", "((1.50))", "'1.50'"),
    ("NAME", "(suser_sname())", "SESSION_USER"),
    ("NAME", "(SYSTEM_USER)", "SESSION_USER"),
    ("NAME", "(user_name())", "CURRENT_USER"),
    ("NAME", "(newid())", "upper(CAST(gen_random_uuid() AS text))"),
    ("NAME", "('a'+'b')", "'a' || 'b'"),
    ("NAME", "(CONVERT([varchar](8),getdate(),(112)))", "to_char(LOCALTIMESTAMP, 'YYYYMMDD')"),
    ("NAME", "(CONVERT([char](6),getdate(),(112)))", "left(to_char(LOCALTIMESTAMP, 'YYYYMMDD'), 6)"),
    ("FIXED", "('A')", "'A   '"),
    ("PADDED", "('A')", "'A'"),
    ("D", "(getdate())", "CURRENT_DATE"),
    ("D", "(CONVERT([date],getdate()))", "CURRENT_DATE"),
    ("D", "('99991231')", "DATE '9999-12-31'"),
    ("D", "('1900-02-01')", "DATE '1900-02-01'"),
    ("D", "('')", "DATE '1900-01-01'"),
    ("T", "(getdate())", "LOCALTIME"),
    ("T", "('08:30')", "TIME '08:30:00'"),
    ("DT", "(getdate())", "LOCALTIMESTAMP"),
    ("DT", "(sysdatetime())", "LOCALTIMESTAMP"),
    ("DT", "(CURRENT_TIMESTAMP)", "LOCALTIMESTAMP"),
    ("DT", "(getutcdate())", "CURRENT_TIMESTAMP AT TIME ZONE 'UTC'"),
    ("DT", "((0))", "TIMESTAMP '1900-01-01 00:00:00'"),
    ("DT", "((-53690))", "TIMESTAMP '1753-01-01 00:00:00'"),
    ("DT", "('')", "TIMESTAMP '1900-01-01 00:00:00'"),
    ("DT", "('1900-01-01')", "TIMESTAMP '1900-01-01 00:00:00'"),
    ("DT", "('20000201')", "TIMESTAMP '2000-02-01 00:00:00'"),
    ("DT", "('9999-12-31 23:59:59.997')", "TIMESTAMP '9999-12-31 23:59:59.997'"),
    ("DT", "('2000-02-01T10:00:00')", "TIMESTAMP '2000-02-01 10:00:00'"),
    ("DT", "(CONVERT([datetime],'2000-02-01',(120)))", "TIMESTAMP '2000-02-01 00:00:00'"),
    ("DT", "(dateadd(day,(1),getdate()))", "LOCALTIMESTAMP + interval '1 days'"),
    ("DT", "(dateadd(mm,(-3),getdate()))", "LOCALTIMESTAMP + interval '-3 months'"),
    ("DT", "(getdate()+(30))", "LOCALTIMESTAMP + interval '30 days'"),
    ("DT", "(CONVERT([date],getdate()))", "CAST(CURRENT_DATE AS timestamp)"),
    ("SDT", "(getdate())", "date_trunc('minute', LOCALTIMESTAMP + interval '30 seconds')"),
    ("DT2", "('2000-02-01 10:00:00.123456')", "TIMESTAMP '2000-02-01 10:00:00.123456'"),
    ("DT2", "(sysutcdatetime())", "CURRENT_TIMESTAMP AT TIME ZONE 'UTC'"),
    ("DTO", "(sysdatetimeoffset())", "CURRENT_TIMESTAMP"),
    ("DTO", "(getutcdate())", "CURRENT_TIMESTAMP"),
    ("DTO", "(getdate())", "LOCALTIMESTAMP AT TIME ZONE 'UTC'"),
    ("DTO", "('2000-02-01T10:00:00+09:00')", "TIMESTAMP WITH TIME ZONE '2000-02-01 10:00:00+09:00'"),
    ("DT", "(sysdatetimeoffset())", "LOCALTIMESTAMP"),
    ("ID", "(newid())", "gen_random_uuid()"),
    ("ID", "(newsequentialid())", "gen_random_uuid()"),
    (
        "ID",
        "('00000000-0000-0000-0000-00000000000A')",
        "CAST('00000000-0000-0000-0000-00000000000a' AS uuid)",
    ),
    ("BYTES", "(0x01)", r"CAST(E'\\x010000' AS bytea)"),
];

#[test]
fn defaults_are_translated() {
    let columns = columns();
    for (name, definition, expected) in DEFAULTS {
        assert_eq!(
            default(definition, of(&columns, name)).as_deref(),
            Ok(*expected),
            "{definition} of {name}"
        );
    }
}

#[test]
fn defaults_that_could_be_another_value_are_not() {
    let columns = columns();
    for (name, definition, reason) in [
        ("A", "((1.5))", "makes a whole number of a decimal number"),
        ("A", "(NEXT VALUE FOR [dbo].[SEQ_NO])", "takes numbers from the sequence [dbo].[SEQ_NO]"),
        ("A", "([dbo].[next_no]())", "uses the function [DBO].[NEXT_NO]"),
        ("A", "([B])", "refers to a column, B"),
        ("A", "(rand())", "uses the function RAND"),
        ("A", "((1)=(1))", "computes a whole number = a whole number"),
        ("A", "((1)", "cannot be read as an expression"),
        ("A", "", "cannot be read as an expression"),
        ("A", "(0x10)", "makes a whole number of a binary value"),
        ("QTY", "((1.005))", "makes a decimal number of a decimal number"),
        ("QTY", "((1)/(3.0))", "divides decimal numbers"),
        ("AS_INT", "((1))", "is smallint in the target"),
        ("NAME", "(getdate())", "makes a text of a datetime, which is written differently"),
        ("NAME", "(host_name())", "uses the function HOST_NAME"),
        ("CODE", "('01234567890')", "longer than its place"),
        ("FIXED", "(suser_sname())", "fills a text with spaces"),
        ("FIXED", "('한글')", "fills a text with spaces"),
        // The first of February, or the second of January.
        ("DT", "('2000-02-01')", "how depends on the source"),
        ("DT", "('01/02/2000')", "how depends on the source"),
        ("DT", "('2000-01-01 10:00:00.001')", "how depends on the source"),
        ("DT", "('1752-12-31')", "how depends on the source"),
        ("SDT", "('20000101 10:00:30')", "how depends on the source"),
        ("D", "('yesterday')", "how depends on the source"),
        ("D", "((0))", "makes a date of a whole number"),
        ("DT2", "('2000-02-01 10:00:00.1234567')", "how depends on the source"),
        ("ID", "('x')", "how depends on the source"),
        ("BYTES", "(0x01020304)", "makes a binary value of a binary value"),
        ("X", "('<a/>')", "the column X is a value of a type that PostgreSQL does not have"),
    ] {
        let refused = default(definition, of(&columns, name)).expect_err(definition);
        assert!(refused.contains(reason), "{definition} of {name}: {refused}");
    }
}

/// Definition, what it becomes, and whether it is weaker.
pub const CHECKS: &[(&str, &str, bool)] = &[
    ("([A]>=(0) AND [A]<=(100))", r#""a" >= 0 AND "a" <= 100"#, false),
    ("([A]>(0) AND [A]<(5) OR [B]=(1))", r#"("a" > 0 AND "a" < 5) OR "b" = 1"#, false),
    ("(([A]>(0) OR [B]=(1)) AND [A]<(5))", r#"("a" > 0 OR "b" = 1) AND "a" < 5"#, false),
    ("([CODE]='A' OR [CODE]='B')", r#""code" = 'A' OR "code" = 'B'"#, false),
    ("([CODE] IN ('A','B'))", r#""code" = 'A' OR "code" = 'B'"#, false),
    ("([A] NOT IN ((1),(2)))", r#""a" <> 1 AND "a" <> 2"#, false),
    ("([A] BETWEEN (1) AND (9))", r#""a" >= 1 AND "a" <= 9"#, false),
    ("([A] NOT BETWEEN (1) AND (9))", r#""a" < 1 OR "a" > 9"#, false),
    ("([odd name]]]>(0))", r#""odd name]" > 0"#, false),
    ("(a>(0))", r#""a" > 0"#, false),
    ("([BIT]=(1))", r#""bit" = true"#, false),
    ("([BIT]=(0) OR [A] IS NOT NULL)", r#""bit" = false OR "a" IS NOT NULL"#, false),
    ("([X] IS NULL OR NOT [A]>(1))", r#""x" IS NULL OR (NOT ("a" > 1))"#, false),
    ("([CODE]<>'X')", r#""code" <> 'X'"#, true),
    ("(NOT [CODE]='X')", r#"NOT ("code" = 'X')"#, true),
    ("(NOT [CODE]<>'X')", r#"NOT ("code" <> 'X')"#, false),
    ("(NOT [CODE] LIKE 'X%')", r#"NOT ("code" LIKE 'X%')"#, true),
    (
        "(case when [CODE]='X' then (1) else (0) end=(1))",
        r#"CASE WHEN "code" = 'X' THEN 1 ELSE 0 END = 1"#,
        true,
    ),
    // Only the spaces at the end count here, and they are taken off.
    ("([CODE]<>'')", r#"rtrim("code") <> ''"#, false),
    ("([CODE]<>' ')", r#"rtrim("code") <> ''"#, false),
    ("([FIXED]='A')", r#"rtrim("fixed") = 'A'"#, false),
    ("([PADDED]='A ')", r#""padded" = 'A'"#, false),
    ("([CODE]=[FIXED])", r#"rtrim("code") = rtrim("fixed")"#, false),
    ("([CODE] LIKE 'A%')", r#""code" LIKE 'A%'"#, false),
    (r"([CODE] LIKE 'A\_')", r#""code" LIKE E'A\\_' ESCAPE ''"#, false),
    ("([CODE] LIKE 'A!_%' ESCAPE '!')", r#""code" LIKE 'A!_%' ESCAPE '!'"#, false),
    ("(len([CODE])>(2))", r#"char_length(rtrim("code")) > 2"#, false),
    ("(len(ltrim(rtrim([NAME])))>=(3))", r#"char_length(rtrim(ltrim(rtrim("name")))) >= 3"#, false),
    ("([QTY]>='0')", r#""qty" >= 0"#, false),
    ("([QTY]*[A]>(0.5))", r#""qty" * "a" > 0.5"#, false),
    ("([D]>='19000101' AND [D]<=getdate())", r#""d" >= DATE '1900-01-01' AND "d" <= LOCALTIMESTAMP"#, false),
    ("([DT]<=sysdatetime())", r#""dt" <= LOCALTIMESTAMP"#, false),
    ("(datediff(day,[D],[DT])>=(0))", r#"CAST("dt" AS date) - "d" >= 0"#, false),
    (
        "(datediff(month,[D],[DT2])<(12))",
        concat!(
            r#"(CAST(extract(year FROM "dt2") AS integer) - CAST(extract(year FROM "d") AS integer)) * 12"#,
            r#" + CAST(extract(month FROM "dt2") AS integer) - CAST(extract(month FROM "d") AS integer) < 12"#
        ),
        false,
    ),
    (
        "([ID]<>'00000000-0000-0000-0000-000000000000')",
        r#""id" <> CAST('00000000-0000-0000-0000-000000000000' AS uuid)"#,
        false,
    ),
    ("([R]>(0.1))", r#""r" > CAST(0.1 AS real)"#, false),
    ("([F]<(1.5))", r#""f" < 1.5"#, false),
    ("([COST]>=($0.01))", r#""cost" >= 0.01"#, false),
    ("(([A]&(4))=(4))", r#""a" & 4 = 4"#, false),
    ("([A]%(2)=(0))", r#""a" % 2 = 0"#, false),
    ("([A]-([B]-(1))>(0))", r#""a" - ("b" - 1) > 0"#, false),
    ("([A]-(-1)>(0))", r#""a" - (-1) > 0"#, false),
    ("([A]*([B]+(1))>(0))", r#""a" * ("b" + 1) > 0"#, false),
    ("([BIG]+(3000000000)>(0))", r#""big" + CAST(3000000000 AS numeric) > 0"#, false),
    ("(isnull([NAME],'')<>'')", r#"rtrim(coalesce("name", '')) <> ''"#, false),
    ("([NAME]+'-'+[CODE]<>'')", r#"rtrim("name" || '-' || "code") <> ''"#, false),
];

#[test]
fn checks_are_translated() {
    for (definition, expected, weaker) in CHECKS {
        let condition = check(definition, &columns());
        let condition = condition.as_ref().map(|condition| (condition.sql.as_str(), condition.weaker));
        assert_eq!(condition, Ok((*expected, *weaker)), "{definition}");
    }
}

#[test]
fn checks_that_could_mean_something_else_are_not() {
    for (definition, reason) in [
        ("([CODE]>='A')", "compares texts by their order"),
        ("([CODE] LIKE '%[0-9]%')", "a class of characters, '%[0-9]%'"),
        ("([CODE] LIKE [NAME])", "a pattern that is no constant"),
        ("([CODE] LIKE 'A!' ESCAPE '!')", "escapes nothing"),
        ("([CODE]=(1))", "compares a text with a whole number"),
        ("([BIT]=(2))", "compares a bit with a whole number"),
        ("([A]=NULL)", "compares with NULL"),
        ("([A])", "where a condition must stand"),
        ("([dbo].[is_valid]([A])=(1))", "uses the function [DBO].[IS_VALID]"),
        ("(isnumeric([CODE])=(1))", "uses the function ISNUMERIC"),
        ("([GONE]>(0))", "refers to the column GONE, which was not loaded"),
        ("([X]='a')", "the column X is a value of a type"),
        ("([AS_INT]=(1))", "is smallint in the target, which is another kind"),
        ("([DT]=[DT2])", "compares a datetime with a datetime2"),
        ("([ID]>newid())", "compares a uniqueidentifier with a uniqueidentifier"),
        ("([QTY]/[A]>(1))", "divides decimal numbers"),
        ("([COST]*[COST]>(1))", "rounds to four places"),
        ("([WIDE]*[WIDE]>(1))", "more than 38 digits"),
        ("([R]+(1)>(1))", "computes a real + a whole number"),
        ("([A]&(4)+(1)=(4))", "without parentheses"),
        ("([CODE] COLLATE Korean_Wansung_BIN='x')", "names a collation"),
        ("(datalength([CODE])>(0))", "uses the function DATALENGTH"),
        ("(datepart(weekday,[D])=(1))", "depends on the source's settings"),
        ("(exists(select 1))", "has a part that is not known here"),
        ("([PADDED]+'x'='x')", "forgets spaces"),
        ("(left([CODE],(-1))='x')", "negative length"),
    ] {
        let refused = check(definition, &columns()).expect_err(definition);
        assert!(refused.contains(reason), "{definition}: {refused}");
    }
}

/// Column, definition, and what it becomes.
pub const COMPUTED: &[(&str, &str, &str)] = &[
    ("PRICE", "([QTY]*[TINY])", r#""qty" * "tiny""#),
    ("PRICE", "(isnull([QTY],(0))*[A])", r#"coalesce("qty", 0) * "a""#),
    ("NOTE", "([NAME]+' '+[CODE])", r#""name" || ' ' || "code""#),
    ("NOTE", "(concat([NAME],'/',[A]))", r#"coalesce("name", '') || '/' || coalesce(CAST("a" AS text), '')"#),
    ("NOTE", "(upper(left([NAME],(3))))", r#"upper(left("name", 3))"#),
    ("NOTE", "(substring([NAME],(2),(3)))", r#"substring("name", 2, 3)"#),
    ("NOTE", "(isnull([FIXED],''))", r#"coalesce("fixed", '    ')"#),
    ("CODE", "(CONVERT([varchar](10),[SMALL]))", r#"CAST("small" AS text)"#),
    (
        "CODE",
        "(CONVERT([varchar](4),datepart(year,[D])))",
        r#"CAST(CAST(extract(year FROM "d") AS integer) AS text)"#,
    ),
    ("A", "([A]/(2))", r#""a" / 2"#),
    ("A", "(-[B])", r#"-"b""#),
    (
        "A",
        "(case when [B]>(0) then (1) when [B] IS NULL then NULL else (0) end)",
        r#"CASE WHEN "b" > 0 THEN 1 WHEN "b" IS NULL THEN NULL ELSE 0 END"#,
    ),
    ("A", "(case [B] when (1) then (10) else [A] end)", r#"CASE WHEN "b" = 1 THEN 10 ELSE "a" END"#),
    (
        "BIT",
        "(CONVERT([bit],case when [B]>(0) then (1) else (0) end))",
        r#"CASE WHEN "b" > 0 THEN 1 ELSE 0 END <> 0"#,
    ),
    ("BIG", "(CONVERT([bigint],[A])*[B])", r#"CAST("a" AS bigint) * "b""#),
    ("A", "(CONVERT([int],[QTY]))", r#"CAST(trunc("qty") AS integer)"#),
    ("A", "(isnull([A],(0.00))/(2))", r#"coalesce("a", 0) / 2"#),
    ("QTY", "(CONVERT([decimal](10,2),[A]))", r#"CAST("a" AS numeric(10,2))"#),
    ("QTY", "(round([QTY],(1)))", r#"round("qty", 1)"#),
    ("F", "([F]*(1.5)+[A])", r#""f" * 1.5 + "a""#),
    ("D", "(dateadd(month,[A],[D]))", r#"CAST("d" + make_interval(months => "a") AS date)"#),
    ("D", "(CONVERT([date],[DT]))", r#"CAST("dt" AS date)"#),
    ("A", "(coalesce([A],[B],(0)))", r#"coalesce("a", "b", 0)"#),
    ("A", "(nullif([A],(0)))", r#"CASE WHEN "a" = 0 THEN NULL ELSE "a" END"#),
    ("A", "(abs([A])+month([DT]))", r#"abs("a") + CAST(extract(month FROM "dt") AS integer)"#),
    ("A", "(floor([QTY]))", r#"floor("qty")"#),
];

#[test]
fn computed_columns_are_translated() {
    let columns = columns();
    for (name, definition, expected) in COMPUTED {
        let value = computed(definition, of(&columns, name), &columns);
        assert_eq!(value.as_deref(), Ok(*expected), "{definition} as {name}");
    }
}

#[test]
fn computed_columns_that_could_differ_are_not() {
    let columns = columns();
    for (name, definition, reason) in [
        ("A", "(case when [CODE]='Y' then (1) else (0) end)", "compares texts"),
        ("DT", "(getdate())", "depends on the moment"),
        ("DT", "(dateadd(day,[A],getdate()))", "depends on the moment"),
        ("NOTE", "(CONVERT([varchar](8),[DT],(112)))", "depends on the moment"),
        ("QTY", "([QTY]/[PRICE])", "divides decimal numbers"),
        ("CODE", "(CONVERT([varchar](10),[A]))", "longer than its place"),
        ("CODE", "(CONVERT([varchar](10),[NAME]))", "longer than its place"),
        ("CODE", "(CONVERT([char](4),datepart(year,[D])))", "fills a text with spaces"),
        ("NOTE", "(CONVERT([varchar](30),[QTY]))", "makes a text of a decimal number"),
        ("NOTE", "(isnull([CODE],'longer than ten'))", "longer than its place"),
        ("NOTE", "(replace([CODE],'a','b'))", "uses the function REPLACE"),
        ("NOTE", "([NOTE]+[X])", "the column X is a value"),
        ("NOTE", "([NAME]+[A])", "computes a text + a whole number"),
        ("A", "(coalesce([CODE],(1)))", "takes a text or a whole number"),
        ("X", "([CODE])", "the column X is a value"),
        ("DT", "(CONVERT([datetime],[DT2]))", "makes a datetime of a datetime2"),
        ("A", "(CONVERT([int],[COST]))", "makes a whole number of a money"),
        ("A", "(CONVERT([hierarchyid],[CODE]))", "converts to the type [hierarchyid]"),
    ] {
        let refused = computed(definition, of(&columns, name), &columns).expect_err(definition);
        assert!(refused.contains(reason), "{definition} as {name}: {refused}");
    }
}

#[test]
fn filters_know_which_columns_are_filled() {
    let of = |definition| filter(definition, &columns()).expect(definition).not_null;
    assert_eq!(of("([A] IS NOT NULL)"), ["A"]);
    assert_eq!(of("([A] IS NOT NULL AND [CODE]='x' AND ([B] IS NOT NULL))"), ["A", "B"]);
    assert_eq!(of("([A] IS NOT NULL OR [B] IS NOT NULL)"), [""; 0]);
    assert_eq!(of("(NOT [A] IS NOT NULL)"), [""; 0]);
    assert_eq!(of("(NOT (NOT [A] IS NOT NULL AND [B]>(0)))"), [""; 0]);
    assert_eq!(of("([A] IS NOT NULL AND ([B] IS NOT NULL OR [A]>(1)))"), ["A"]);
    let moving = filter("([DT]<getdate())", &columns()).expect_err("a filter of the moment");
    assert!(moving.contains("depends on the moment"));
}

#[test]
fn a_column_that_is_generated_is_not_computed_with() {
    let mut columns = columns();
    for column in &mut columns {
        column.generated = true;
    }
    let refused = check("([A]>(0))", &columns).expect_err("its type is not known");
    assert!(refused.contains("uses the column A, which the target generates already"), "{refused}");
    assert_eq!(check("([A] IS NOT NULL)", &columns).expect("no type is needed").sql, r#""a" IS NOT NULL"#);
}

#[test]
fn what_would_be_doubled_again_and_again_is_not() {
    let nested = |levels| format!("({}[A]{}>(0))", "nullif(".repeat(levels), ",(0))".repeat(levels));
    assert_eq!(check(&nested(40), &columns()).expect_err("2 to the 40th"), "says the same too often");
    assert!(check(&nested(5), &columns()).is_ok());
}

#[test]
fn types_that_the_server_does_not_have_are_refused() {
    for definition in [
        "(CONVERT([decimal](4294967295,0),[A])+(1.5)>(0))",
        "(CONVERT([char](65536),'a')='a')",
        "(CONVERT([binary](65536),0x0) IS NULL)",
    ] {
        let refused = check(definition, &columns()).expect_err(definition);
        assert!(refused.contains("has no equivalent known here"), "{refused}");
    }
}

/// The stack of a worker of tokio is 2 MiB, and so is that of a test.
#[test]
fn long_and_deep_definitions_end() {
    let list = |count| vec!["[CODE]='A'"; count].join(" OR ");
    assert!(check(&format!("({})", list(500)), &columns()).is_ok());
    for text in [
        list(2000),
        "(".repeat(100) + "1" + &")".repeat(100),
        "1".to_owned() + &"+1".repeat(3990) + "=1",
        "EXISTS(".to_owned() + "1" + &"+1".repeat(3980) + ")",
        "(1".to_owned() + &"+1".repeat(3980) + ",2)=1",
        "x(1".to_owned() + &"+1".repeat(3980) + ") COLLATE a",
        "NOT ".repeat(1900) + "1=1",
        "- ".repeat(3900) + "1=1",
        "CASE WHEN ".repeat(700),
        "abs(".repeat(1500) + "1" + &")".repeat(1500),
    ] {
        assert!(check(&text, &columns()).is_err(), "{}", excerpt(&text));
    }
}

/// Pieces of which definitions are made, well formed or not.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        prop::sample::select(vec![
            "(",
            ")",
            "[A]",
            "[CODE]",
            "[D]",
            "[BIT]",
            "[QTY]",
            "[F]",
            "=",
            "<>",
            "+",
            "-",
            "*",
            "/",
            "%",
            " AND ",
            " OR ",
            " NOT ",
            " IS NULL",
            " LIKE ",
            "'x'",
            "''",
            "N'1900-01-01'",
            "0",
            "1",
            "1.5",
            "1e9",
            "$2",
            "0x0",
            "NULL",
            ",",
            "getdate()",
            "dateadd(",
            "day",
            "isnull(",
            "left(",
            "CONVERT([date],",
            "CONVERT([varchar](8),",
            "CASE WHEN ",
            " THEN ",
            " ELSE ",
            " END",
            " IN ",
            " BETWEEN ",
            "round(",
            "concat(",
            "&",
            "^",
            "'20000101'",
            " ",
            "datediff(",
            "nullif(",
            "1e99999",
            "CONVERT([decimal](4294967295,0),",
            "CONVERT([char](4294967295),",
            "CAST(",
            " AS binary(65536))",
            "/*",
            "*/",
            "--",
            "\n",
            "'",
            "\"",
            "{fn ",
            " COLLATE ",
        ])
        .prop_map(str::to_owned),
        "\\PC{0,3}",
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

/// What stands before and behind what it holds.
const NESTED: &[(&str, &str)] = &[
    ("(", ")"),
    ("((", ")"),
    ("nullif(", ",(0))"),
    ("nullif((1),", ")"),
    ("isnull(", ",(0))"),
    ("concat(", ",'a')"),
    ("CONVERT([int],", ")"),
    ("CAST(", " AS int)"),
    ("left(", ",(1))"),
    ("iif([A]>(0),", ",(0))"),
    ("iif(", ">(0),(1),(0))"),
    ("case when [A]>(0) then ", " else (0) end"),
    ("case ", " when (1) then (2) when (3) then (4) end"),
    ("case when ", " between (1) and (2) then (1) else (0) end"),
    ("case when ", ">(0) then (1) else (0) "),
    ("case when not (", "=(1)) then (1) else (0) end"),
    ("(select ", ")"),
    ("exists (select 1 where ", ")"),
    ("datediff(month,[D],dateadd(day,", ",[D]))"),
    ("dateadd(day,", ",[D])"),
    ("json_object('a':", ")"),
    ("{fn abs(", ")}"),
    ("max(1) over (order by ", ")"),
    ("x decimal(", ")"),
    ("/*", "*/"),
    ("[", "]"),
    ("x[", "]"),
    ("array<", ">"),
    ("~-", ""),
    ("NOT ", ""),
    ("case-", ""),
    ("CAST(CASE (", ""),
];

/// What stands behind itself.
const CHAINED: &[&str] = &[
    "+(1)",
    "&(1)",
    "=(1)",
    " AND [A]>(0)",
    " OR NOT [A]>(0)",
    " IS NULL",
    " COLLATE x",
    "::int",
    ".x",
    "[1]",
    " AT TIME ZONE 'x'",
    " LIKE 'x'",
    " IN (1)",
    " BETWEEN 1",
    "->x",
    "''",
    "N'x'",
    "$1",
    "/**/",
    "--x\n",
    ",1",
    " x",
];

/// One of the shapes, with what stands for each `@` of it.
fn shaped(shapes: &'static [&'static str], inner: BoxedStrategy<String>) -> BoxedStrategy<String> {
    (prop::sample::select(shapes), prop::collection::vec(inner, 4))
        .prop_map(|(shape, parts)| {
            let pieces: Vec<_> = shape.split('@').collect();
            let filled = pieces.iter().zip(parts.iter().map(String::as_str).chain([""; 1]));
            let last = pieces.len() - 1;
            filled
                .enumerate()
                .map(|(at, (piece, part))| match at == last {
                    true => (*piece).to_owned(),
                    false => format!("{piece}{part}"),
                })
                .collect()
        })
        .boxed()
}

/// Well-formed definitions, of values that may not go together.
fn definitions() -> impl Strategy<Value = String> {
    let numbers = "\\[(A|B|TINY|BIG|A|B)\\]|\\(-?[0-9]{1,6}\\)";
    let others = "\\[(BIT|QTY|COST|R|F|NAME|CODE|FIXED|NOTE|D|DT|DT2|DTO|ID|BYTES|odd name\\]\\])\\]";
    let constants = "N?'([a-c \\\\%_]|''){0,4}'|\\(0?\\.[0-9]{1,3}\\)|0x[0-9a-f]{0,4}|NULL|getdate\\(\\)";
    let leaf = prop_oneof![8 => numbers, 1 => others, 1 => constants].boxed();
    let values = leaf
        .prop_recursive(2, 8, 2, |inner| {
            shaped(
                &[
                    "(@+@)",
                    "@-(@)",
                    "-@",
                    "@*@",
                    "(@)%(3)",
                    "(@&@)",
                    "nullif(@,@)",
                    "isnull(@,@)",
                    "coalesce(@,@)",
                    "abs(@)",
                    "concat(@,@)",
                    "len(@)",
                    "upper(@)",
                    "left(@,(3))",
                    "round(@,(1))",
                    "CONVERT([int],@)",
                    "CONVERT([varchar](40),@)",
                    "CONVERT([bit],@)",
                    "CONVERT([decimal](9,2),@)",
                    "case when @=@ then @ else @ end",
                    "case @ when @ then @ end",
                    "iif(@>@,@,@)",
                    "dateadd(day,@,[D])",
                    "datediff(month,[DT],@)",
                    "(@)",
                ],
                inner,
            )
        })
        .boxed();
    let comparisons = shaped(
        &[
            "@=@",
            "@<>@",
            "@>@",
            "@ BETWEEN @ AND @",
            "@ NOT BETWEEN @ AND @",
            "@ IN (@,@)",
            "@ NOT IN (@,@)",
            "@ IS NULL",
            "@ IS NOT NULL",
            "[CODE] LIKE '@!%' ESCAPE '!'",
            "[NAME]=N'a\\''b'",
        ],
        values.clone(),
    );
    let conditions = comparisons.prop_recursive(2, 4, 2, |inner| {
        shaped(&["(@ AND @)", "(@ OR @)", "NOT @", "(@)", "(case when @ then (1) else (0) end)=(1)"], inner)
    });
    prop_oneof![values, conditions]
}

fn every_purpose(definition: &str) -> Result<(), TestCaseError> {
    let columns = columns();
    let sql_of = |condition: Outcome<Condition>| condition.map(|condition| condition.sql);
    let mut made = vec![sql_of(check(definition, &columns)), sql_of(filter(definition, &columns))];
    for column in &columns {
        made.push(default(definition, column));
        made.push(computed(definition, column, &columns));
    }
    for made in made {
        match made {
            Ok(sql) => is_one_expression(&sql)
                .map_err(|reason| TestCaseError::fail(format!("{definition} became {sql}: {reason}")))?,
            Err(reason) => prop_assert!(!reason.is_empty()),
        }
    }
    Ok(())
}

/// It is put into statements as it is: what is more than one expression would say something else there.
fn is_one_expression(sql: &str) -> Result<(), String> {
    if let Some(reason) = crate::source::leaves_its_place(sql) {
        return Err(reason.to_owned());
    }
    let mut parser =
        Parser::new(&PostgreSqlDialect {}).try_with_sql(sql).map_err(|error| error.to_string())?;
    parser.parse_expr().map_err(|error| error.to_string())?;
    match parser.peek_token().token {
        Token::EOF => Ok(()),
        more => Err(format!("{more} follows")),
    }
}

proptest! {
    #[test]
    fn garbage_is_refused_without_panic(definition in "\\PC{0,60}") {
        every_purpose(&definition)?;
    }

    #[test]
    fn nearly_right_definitions_do_not_panic(definition in pieces()) {
        every_purpose(&definition)?;
    }

    #[test]
    fn any_text_stays_the_same(text in "[^\0]{0,30}") {
        let definition = format!("(N'{}')", text.replace('\'', "''"));
        let columns = columns();
        let sql = default(&definition, of(&columns, "NOTE")).map_err(TestCaseError::fail)?;
        let inner = match sql.strip_prefix('E') {
            Some(sql) => sql.replace("\\\\", "\\"),
            None => sql.clone(),
        };
        prop_assert_eq!(inner[1..inner.len() - 1].replace("''", "'"), text);
    }

    #[test]
    fn any_number_stays_the_same(number in any::<i32>(), places in 0u32..1_000_000) {
        let columns = columns();
        prop_assert_eq!(default(&format!("(({number}))"), of(&columns, "A")), Ok(number.to_string()));
        let decimal = format!("{number}.{places:06}");
        prop_assert_eq!(default(&format!("(({decimal}))"), of(&columns, "WIDE")), Ok(decimal));
    }
}

proptest! {
    // Each case tries every purpose, or is long.
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn what_is_translated_is_one_expression(definitions in prop::collection::vec(definitions(), 1..4)) {
        for definition in definitions {
            every_purpose(&definition)?;
        }
    }

    #[test]
    fn deep_and_long_definitions_are_translated_or_refused(
        (open, close) in prop::sample::select(NESTED), chained in prop::sample::select(CHAINED),
        levels in 1usize..45, many in 1usize..2500,
    ) {
        let nested = |levels: usize| format!("({}[A]{}>(0))", open.repeat(levels), close.repeat(levels));
        let chain = format!("([A]{}>(0))", chained.repeat(many));
        let columns = columns();
        for definition in [nested(levels), nested(many), nested(levels).replace("[A]", &chain), chain] {
            let sql = check(&definition, &columns).map_or(String::new(), |condition| condition.sql);
            prop_assert!(sql.len() <= LONGEST_TRANSLATION);
            let _ = default(&definition, of(&columns, "A"));
            let _ = computed(&definition, of(&columns, "A"), &columns);
        }
    }
}
