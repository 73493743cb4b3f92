//! Values of every declared type, at their ends: either PostgreSQL prints what the source holds, or the load is refused.

use anyhow::{Result, ensure};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use rsl_tests::cluster;
use rsl_tests::pair::Pair;
use rusqlite::types::Value;
use std::fmt::Write as _;

/// A declared type, the type that the target gets, and values: as SQL of the source, and as PostgreSQL prints them.
type Case = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

/// What stands for NULL among the printed values.
const NULL: &str = "∅";

const CASES: &[Case] = &[
    ("bit", "boolean", &[("0", "false"), ("1", "true"), ("'true'", "true"), ("NULL", NULL)]),
    ("tinyint", "smallint", &[("0", "0"), ("255", "255"), ("NULL", NULL)]),
    ("smallint", "smallint", &[("-32768", "-32768"), ("32767", "32767"), ("NULL", NULL)]),
    (
        "int",
        "integer",
        &[("-2147483648", "-2147483648"), ("2147483647", "2147483647"), ("-0", "0"), ("3.0", "3")],
    ),
    (
        "integer",
        "bigint",
        &[("-9223372036854775808", "-9223372036854775808"), ("9223372036854775807", "9223372036854775807")],
    ),
    (
        "bigint",
        "bigint",
        &[
            ("-9223372036854775808", "-9223372036854775808"),
            ("9223372036854775807", "9223372036854775807"),
            ("NULL", NULL),
        ],
    ),
    (
        "decimal(18,4)",
        "numeric(18,4)",
        &[
            ("0", "0.0000"),
            ("-0.0", "0.0000"),
            ("0.0001", "0.0001"),
            ("-0.0001", "-0.0001"),
            ("1.1", "1.1000"),
            ("99999999999.9999", "99999999999.9999"),
            ("-99999999999.9999", "-99999999999.9999"),
            ("1e13", "10000000000000.0000"),
            ("NULL", NULL),
        ],
    ),
    ("decimal(9)", "numeric(9,0)", &[("999999999", "999999999"), ("-999999999", "-999999999")]),
    (
        "numeric(15,15)",
        "numeric(15,15)",
        &[("0.999999999999999", "0.999999999999999"), ("0.000000000000001", "0.000000000000001")],
    ),
    ("numeric", "numeric", &[("0.1", "0.1"), ("123456789012345", "123456789012345"), ("NULL", NULL)]),
    (
        "money",
        "numeric(19,4)",
        &[("922337203.6854", "922337203.6854"), ("-0.0001", "-0.0001"), ("5", "5.0000")],
    ),
    ("smallmoney", "numeric(10,4)", &[("214748.3647", "214748.3647"), ("-214748.3648", "-214748.3648")]),
    (
        "real",
        "double precision",
        // SQLite itself stores -0.0 as 0.
        &[("0.1", "0.1"), ("1.5e38", "1.5e+38"), ("-0.0", "0"), ("3", "3"), ("NULL", NULL)],
    ),
    (
        "float",
        "double precision",
        &[
            ("1.7976931348623157e308", "1.7976931348623157e+308"),
            ("5e-324", "5e-324"),
            ("0.1 + 0.2", "0.30000000000000004"),
            ("9e999", "Infinity"),
            ("-9e999", "-Infinity"),
            ("NULL", NULL),
        ],
    ),
    (
        "varchar(5)",
        "character varying(5)",
        &[
            ("''", ""),
            ("'abc  '", "abc  "),
            ("'가나다라마'", "가나다라마"),
            ("'🔧🔧🔧🔧🔧'", "🔧🔧🔧🔧🔧"),
            ("12345", "12345"),
            ("NULL", NULL),
            ("'NULL'", "NULL"),
        ],
    ),
    ("char(5)", "character varying(5)", &[("'EA   '", "EA   "), ("'     '", "     ")]),
    (
        "nvarchar(4)",
        "character varying(4)",
        &[("'e' || char(769)", "e\u{301}"), ("char(10) || char(13)", "\n\r")],
    ),
    ("\"nvarchar(max)\"", "text", &[("NULL", NULL), ("char(1) || char(127)", "\u{1}\u{7f}")]),
    (
        "text",
        "text",
        &[
            ("''", ""),
            ("' '", " "),
            ("'\\N'", "\\N"),
            ("'가\\'", "가\\"),
            ("1.5", "1.5"),
            ("-7", "-7"),
            ("NULL", NULL),
        ],
    ),
    ("ntext", "text", &[("'끝   '", "끝   ")]),
    ("xml", "text", &[("'<a b=\"1\"/>'", "<a b=\"1\"/>")]),
    ("blob", "bytea", &[("x''", "\\x"), ("x'00ff'", "\\x00ff"), ("NULL", NULL)]),
    ("varbinary(8)", "bytea", &[("x'0001020304050607'", "\\x0001020304050607")]),
    ("image", "bytea", &[("zeroblob(3)", "\\x000000")]),
    (
        "date",
        "date",
        &[
            ("'0001-01-01'", "0001-01-01"),
            ("'9999-12-31'", "9999-12-31"),
            ("'1582-10-10'", "1582-10-10"),
            ("'2000-02-29 00:00:00.000'", "2000-02-29"),
            ("NULL", NULL),
        ],
    ),
    (
        "time",
        "time without time zone",
        &[("'00:00:00'", "00:00:00"), ("'23:59:59.999999'", "23:59:59.999999"), ("'12:30'", "12:30:00")],
    ),
    ("time(0)", "time(0) without time zone", &[("'23:59:59'", "23:59:59"), ("'23:59:59.000'", "23:59:59")]),
    ("time(7)", "time without time zone", &[("'23:59:59.9999990'", "23:59:59.999999")]),
    (
        "datetime",
        "timestamp without time zone",
        &[
            ("'1753-01-01 00:00:00.000'", "1753-01-01 00:00:00"),
            ("'9999-12-31 23:59:59.997'", "9999-12-31 23:59:59.997"),
            ("'2024-05-06T07:08:09'", "2024-05-06 07:08:09"),
            ("NULL", NULL),
        ],
    ),
    (
        "smalldatetime",
        "timestamp(0) without time zone",
        &[("'1900-01-01 00:00:00'", "1900-01-01 00:00:00"), ("'2079-06-06 23:59'", "2079-06-06 23:59:00")],
    ),
    (
        "datetime2(7)",
        "timestamp without time zone",
        &[
            ("'0001-01-01 00:00:00.0000000'", "0001-01-01 00:00:00"),
            ("'9999-12-31 23:59:59.9999990'", "9999-12-31 23:59:59.999999"),
            ("'1969-12-31 23:59:59.9999990'", "1969-12-31 23:59:59.999999"),
        ],
    ),
    (
        "datetime2(3)",
        "timestamp(3) without time zone",
        &[("'1999-12-31 23:59:59.999'", "1999-12-31 23:59:59.999")],
    ),
    (
        "datetimeoffset",
        "timestamp with time zone",
        &[
            ("'2024-01-01 00:00:00 +09:00'", "2023-12-31 15:00:00+00"),
            ("'0001-01-01 00:00:00.0000000 +00:00'", "0001-01-01 00:00:00+00"),
            ("'0001-01-01 00:00:00 +14:00'", "0001-12-31 10:00:00+00 BC"),
            ("'9999-12-31 23:59:59.9999990 -14:00'", "10000-01-01 13:59:59.999999+00"),
            ("'2024-01-01T00:00:00Z'", "2024-01-01 00:00:00+00"),
            ("NULL", NULL),
        ],
    ),
    (
        "uniqueidentifier",
        "uuid",
        &[
            ("'6F9619FF-8B86-D011-B42D-00C04FC964FF'", "6f9619ff-8b86-d011-b42d-00c04fc964ff"),
            ("'{00000000-0000-0000-0000-000000000000}'", "00000000-0000-0000-0000-000000000000"),
            ("NULL", NULL),
        ],
    ),
    (
        "json",
        "jsonb",
        &[
            ("'{\"b\":1.50,\"a\":[null,\"가\"]}'", "{\"a\": [null, \"가\"], \"b\": 1.50}"),
            ("'null'", "null"),
            ("'\"\"'", "\"\""),
            ("NULL", NULL),
        ],
    ),
];

/// Decimals that SQLite would round are stored as text, in columns that keep text as it is; the target exists.
const AS_TEXT: &[Case] = &[
    (
        "text",
        "numeric(38,0)",
        &[
            ("'99999999999999999999999999999999999999'", "99999999999999999999999999999999999999"),
            ("'-99999999999999999999999999999999999999'", "-99999999999999999999999999999999999999"),
            ("'000'", "0"),
        ],
    ),
    (
        "text",
        "numeric(38,38)",
        &[
            ("'0.99999999999999999999999999999999999999'", "0.99999999999999999999999999999999999999"),
            ("'-.00000000000000000000000000000000000001'", "-0.00000000000000000000000000000000000001"),
            ("'0'", "0.00000000000000000000000000000000000000"),
        ],
    ),
    (
        "text",
        "numeric(38,10)",
        &[
            ("'9999999999999999999999999999.9999999999'", "9999999999999999999999999999.9999999999"),
            ("'-0.0000000001'", "-0.0000000001"),
            ("'1.10'", "1.1000000000"),
            ("' 12 '", "12.0000000000"),
            ("'1e-3'", "0.0010000000"),
        ],
    ),
    (
        "text",
        "numeric",
        &[("'922337203685477.5807'", "922337203685477.5807"), ("'1.10'", "1.10"), ("'-0.00'", "0.00")],
    ),
    (
        "text",
        "numeric(19,4)",
        &[
            ("'922337203685477.5807'", "922337203685477.5807"),
            ("'-922337203685477.5808'", "-922337203685477.5808"),
        ],
    ),
    (
        "text",
        "bigint",
        &[
            ("'9223372036854775807'", "9223372036854775807"),
            ("'-9223372036854775808'", "-9223372036854775808"),
        ],
    ),
    ("text", "uuid", &[("'6f9619ff8b86d011b42d00c04fc964ff'", "6f9619ff-8b86-d011-b42d-00c04fc964ff")]),
    ("text", "character(5)", &[("'EA   '", "EA"), ("'abcde   '", "abcde"), ("''", "")]),
    (
        "text",
        "json",
        &[
            ("'{\"b\": 1,  \"a\": 2}'", "{\"b\": 1,  \"a\": 2}"),
            ("'[1e200000, \"\\u0000\"]'", "[1e200000, \"\\u0000\"]"),
        ],
    ),
    ("float", "real", &[("0.5", "0.5"), ("-0.0", "0"), ("16777216", "1.6777216e+07")]),
];

/// A declared type, the target's type if it is made beforehand, and values of the source that no exact conversion has.
const REFUSED: &[(&str, Option<&str>, &[&str])] = &[
    ("bit", None, &["2", "-1", "'yes'", "0.5", "x'01'"]),
    ("tinyint", None, &["40000", "1.5", "'a'", "x'01'", "''"]),
    ("smallint", None, &["32768", "-32769"]),
    ("int", None, &["2147483648", "-2147483649", "0.5", "9e999", "''"]),
    ("bigint", None, &["9223372036854775808.0", "'1e19'", "'NaN'"]),
    ("decimal(18,4)", None, &["0.00001", "1e14", "0.1 + 0.2", "'NaN'", "9e999", "''", "'1,5'", "x'31'"]),
    ("decimal(38,38)", None, &["1", "-1.0"]),
    ("money", None, &["0.00005"]),
    ("smallmoney", None, &["1000000"]),
    ("float", None, &["'NaN'", "''", "x'00'"]),
    ("varchar(5)", None, &["'abcdef'", "'가나다라마바'", "'abcde '", "x'61'", "'a' || char(0)", "123456"]),
    ("text", None, &["char(0)", "x'61'"]),
    ("blob", None, &["'text'", "1"]),
    (
        "date",
        None,
        &[
            "'0000-01-01'",
            "'2023-02-29'",
            "'2024-01-01 00:00:01'",
            "'10000-01-01'",
            "'01/02/2024'",
            "''",
            "20240101",
        ],
    ),
    ("time", None, &["'24:00:00'", "'23:59:60'", "'12:00:00.0000001'", "'noon'"]),
    ("time(0)", None, &["'12:00:00.5'"]),
    (
        "datetime2(7)",
        None,
        &["'2024-01-01 00:00:00.0000001'", "'2024-01-01 00:00:00 +09:00'", "'2024-01-01 25:00'", "45292.5"],
    ),
    ("datetime2(3)", None, &["'2024-01-01 00:00:00.0005'"]),
    ("smalldatetime", None, &["'2024-01-01 00:00:00.5'"]),
    ("datetimeoffset", None, &["'2024-01-01 00:00:00'", "'2024-01-01 00:00:00 +15:00'"]),
    (
        "uniqueidentifier",
        None,
        &["'6F9619FF-8B86-D011-B42D-00C04FC964F'", "'6F9619FF-8B86-D011-B42D-00C04FC964FG'", "''", "x'00'"],
    ),
    ("json", None, &["'{'", "''", "'\"\\u0000\"'", "'[1' || ','"]),
    (
        "json",
        None,
        &[
            "'1e131072'",
            "'[1e-16384]'",
            "replace(hex(zeroblob(64)), '00', '[') || '[1]' || replace(hex(zeroblob(128)), '00', ']')",
        ],
    ),
    ("text", Some("json"), &["'{'", "''", "'[1,]'", "'01'", "1.5 || ','"]),
    ("text", Some("numeric(38,0)"), &["'100000000000000000000000000000000000000'", "'0.1'"]),
    ("text", Some("numeric(38,38)"), &["'1'", "'0.000000000000000000000000000000000000001'"]),
    ("bigint", Some("double precision"), &["9007199254740993", "-9223372036854775807"]),
    ("float", Some("real"), &["0.1", "1e39", "16777217"]),
    ("text", Some("character(3)"), &["'abcd'"]),
    ("text", Some("varchar(3)"), &["'abcd'", "'abc '"]),
];

#[test]
fn what_the_source_holds_is_what_postgresql_prints() -> Result<()> {
    let pair = Pair::new(&tables(CASES)?)?;
    pair.exact(&["--all"])?;
    for (number, (declared, ty, values)) in CASES.iter().enumerate() {
        check(&pair, number, declared, ty, values)?;
    }
    ensure!(
        pair.database
            .value("SELECT string_agg(object, ' ') FROM rsl.verify() WHERE status = 'fail'")?
            .is_empty()
    );
    Ok(())
}

#[test]
fn decimals_that_are_stored_as_text_keep_all_38_digits() -> Result<()> {
    let pair = Pair::new(&tables(AS_TEXT)?)?;
    pair.database.run("CREATE SCHEMA erp")?;
    for (number, (_, ty, _)) in AS_TEXT.iter().enumerate() {
        pair.database.run(&format!("CREATE TABLE erp.t{number} (n int PRIMARY KEY, v {ty})"))?;
    }
    pair.exact(&["--all"])?;
    for (number, (declared, ty, values)) in AS_TEXT.iter().enumerate() {
        check(&pair, number, declared, ty, values)?;
    }
    Ok(())
}

/// A table for each case: a key, and the values in their order.
fn tables(cases: &[Case]) -> Result<String> {
    let mut script = String::new();
    for (number, (declared, _, values)) in cases.iter().enumerate() {
        writeln!(script, "CREATE TABLE T{number} (N int NOT NULL PRIMARY KEY, V {declared});")?;
        for (n, (value, _)) in values.iter().enumerate() {
            writeln!(script, "INSERT INTO T{number} VALUES ({n}, {value});")?;
        }
    }
    Ok(script)
}

fn check(pair: &Pair, number: usize, declared: &str, ty: &str, values: &[(&str, &str)]) -> Result<()> {
    let found = pair.database.value(&format!(
        "SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 'erp.t{number}'::regclass AND attname = 'v'"
    ))?;
    ensure!(found == ty, "{declared} has become {found}, not {ty}");
    for (n, (value, expected)) in values.iter().enumerate() {
        let printed = pair
            .database
            .value(&format!("SELECT coalesce(v::text, '{NULL}') FROM erp.t{number} WHERE n = {n}"))?;
        ensure!(printed == *expected, "{value} of {declared}: {printed:?}, not {expected:?}");
    }
    Ok(())
}

#[test]
fn what_cannot_be_represented_fails_the_load_and_is_named() -> Result<()> {
    let pair = Pair::new("")?;
    pair.database.run("CREATE SCHEMA erp")?;
    let mut accepted = Vec::new();
    for (number, (declared, ty, values)) in REFUSED.iter().enumerate() {
        let table = format!("R{number}");
        pair.edit(&format!("CREATE TABLE {table} (PART nvarchar(9) NOT NULL, V {declared}, N int NOT NULL, PRIMARY KEY (PART, N))"))?;
        if let Some(ty) = ty {
            pair.database.run(&format!("CREATE TABLE erp.{table} (part text, v {ty}, n int, PRIMARY KEY (part, n)); INSERT INTO erp.{table} VALUES ('was', NULL, 1)"))?;
        }
        let target = format!("erp.{}", table.to_lowercase());
        let before = pair.digest(&target)?;
        for value in *values {
            pair.edit(&format!(
                "DELETE FROM {table}; INSERT INTO {table} VALUES ('씰', NULL, 7), ('A''1', {value}, 8), ('B', NULL, 9)"
            ))?;
            let ended = pair.ended(&[&table])?;
            if ended.code != Some(1) {
                accepted
                    .push(format!("{value} of {declared} into {ty:?}: {:?} {}", ended.code, ended.stdout));
                pair.database.run(&format!("DROP TABLE IF EXISTS {target} CASCADE"))?;
                continue;
            }
            ended.failed_load()?;
            let message = ended.stdout;
            for named in [&table, "part 'A''1'", "n '8'", "column v"] {
                ensure!(message.contains(named), "{value} of {declared}: {named} is not in {message:?}");
            }
            ensure!(pair.digest(&target)? == before, "{value} of {declared}: the target has changed");
            ensure!(pair.staging()?.is_empty(), "{value} of {declared}: staging is left");
        }
    }
    ensure!(accepted.is_empty(), "accepted: {accepted:#?}");
    Ok(())
}

#[test]
fn a_type_that_is_not_known_is_refused_by_name() -> Result<()> {
    let pair = Pair::new("CREATE TABLE T (ID int PRIMARY KEY NOT NULL, PLACE geography, V sql_variant)")?;
    let message = pair.refused(&["T"])?;
    ensure!(
        message.contains("T, column PLACE")
            && message.contains("\"geography\"")
            && message.contains("hint: make a view in the source"),
        "{message}"
    );
    pair.edit("CREATE VIEW V_T AS SELECT ID, CAST(PLACE AS text) AS PLACE FROM T")?;
    pair.exact(&["V_T"])?;
    Ok(())
}

#[test]
fn columns_without_a_declared_type_get_one_that_holds_their_values() -> Result<()> {
    let pair = Pair::new(
        "CREATE TABLE T (A, B, C, D, E); INSERT INTO T VALUES (1, 1.5, 'x', x'01', NULL), (NULL, 2, '', NULL, NULL);
         CREATE VIEW V AS SELECT A + 1 AS A, upper(C) AS C, count(*) AS N FROM T GROUP BY A, C;
         CREATE TABLE MIXED (A); INSERT INTO MIXED VALUES (1), ('x');",
    )?;
    pair.exact(&["T", "V"])?;
    let seen = pair.database.rows("SELECT a, b, c, d, e, pg_typeof(a), pg_typeof(b), pg_typeof(d) FROM erp.t ORDER BY b; SELECT a, c, n FROM erp.v ORDER BY a")?;
    ensure!(
        seen == "1|1.5|x|\\x01||bigint|double precision|bytea\n|2||||bigint|double precision|bytea\n2|X|1\n||1\n",
        "{seen}"
    );
    let message = pair.refused(&["MIXED"])?;
    ensure!(message.contains("MIXED, column A") && message.contains("integer and text"), "{message}");
    Ok(())
}

#[test]
fn text_that_is_not_utf8_is_refused() -> Result<()> {
    let pair = Pair::new(
        "CREATE TABLE T (ID int NOT NULL PRIMARY KEY, V text); INSERT INTO T VALUES (1, 'ok'), (2, CAST(x'b0a1' AS text))",
    )?;
    let message = pair.failed(&["T"])?;
    ensure!(message.contains("id '2': column v: ") && message.contains("not UTF-8"), "{message}");
    Ok(())
}

/// One row of random values of many types.
type Row = (bool, i16, i32, i64, i128, f64, String, Vec<u8>, i64, u128);

#[test]
fn random_rows_come_back_as_they_were() -> Result<()> {
    let database = cluster::shared()?.database()?;
    let pair = Pair::with("", database)?;
    // One load is slow and one row is cheap: many rows a case, few cases.
    let mut runner = TestRunner::new(Config {
        cases: 6,
        max_shrink_iters: 40,
        failure_persistence: None,
        ..Config::default()
    });
    let row = (
        any::<bool>(),
        any::<i16>(),
        any::<i32>(),
        any::<i64>(),
        -99_999_999_999_999_999_999_999_999_999_999_999_999_i128
            ..=99_999_999_999_999_999_999_999_999_999_999_999_999,
        // SQLite stores NaN as NULL and -0.0 as 0.
        any::<f64>().prop_filter_map("NaN", |f| (!f.is_nan()).then_some(f + 0.0)),
        "[^\u{0}]{0,20}",
        proptest::collection::vec(any::<u8>(), 0..40),
        // Microseconds from 0001-01-01 to 9999-12-31, counted from 1970.
        -62_135_596_800_000_000_i64..253_402_300_800_000_000,
        any::<u128>(),
    );
    runner
        .run(&proptest::collection::vec(row, 1..300), |rows| {
            round_trip(&pair, &rows).map_err(|error| TestCaseError::fail(format!("{error:#}")))
        })
        .map_err(|error| anyhow::anyhow!("{error}"))
}

fn round_trip(pair: &Pair, rows: &[Row]) -> Result<()> {
    pair.edit(
        "DROP TABLE IF EXISTS R; CREATE TABLE R (N int NOT NULL PRIMARY KEY, B bit, S smallint, I int, L bigint,
            D text, F float, T nvarchar(20), X varbinary(40), M datetime2(6), G uniqueidentifier)",
    )?;
    pair.database.run(
        "DROP TABLE IF EXISTS erp.r, public.expected; CREATE SCHEMA IF NOT EXISTS erp; DELETE FROM rsl.load;
         CREATE TABLE erp.r (n int PRIMARY KEY, b boolean, s smallint, i int, l bigint, d numeric(38,19), f float8,
            t varchar(20), x bytea, m timestamp, g uuid);
         CREATE TABLE expected (n int, b boolean, s smallint, i int, l bigint, d numeric(38,19), f float8, t text, x bytea, m timestamp, g uuid)",
    )?;
    let source = pair.source()?;
    let mut insert = source.prepare("INSERT INTO R VALUES (?,?,?,?,?,?,?,?,?,?,?)")?;
    let mut script =
        "SET timezone = 'UTC'; SET standard_conforming_strings = on;\nINSERT INTO expected VALUES\n"
            .to_owned();
    source.execute_batch("BEGIN")?;
    for (n, (b, s, i, l, d, f, t, x, m, g)) in rows.iter().enumerate() {
        let digits = format!("{:039}", d.unsigned_abs());
        let decimal = format!("{}{}.{}", if *d < 0 { "-" } else { "" }, &digits[..20], &digits[20..]);
        let identity = format!("{g:032X}");
        let identity =
            [&identity[..8], &identity[8..12], &identity[12..16], &identity[16..20], &identity[20..]]
                .join("-");
        let seconds = m.div_euclid(1_000_000);
        let day: String = source.query_row("SELECT datetime(?, 'unixepoch')", [seconds], |row| row.get(0))?;
        let moment = format!("{day}.{:06}", m.rem_euclid(1_000_000));
        insert.execute([
            Value::from(n as i64),
            Value::from(*b),
            Value::from(i64::from(*s)),
            Value::from(i64::from(*i)),
            Value::from(*l),
            Value::from(decimal.clone()),
            Value::from(*f),
            Value::from(t.clone()),
            Value::from(x.clone()),
            Value::from(moment.clone()),
            Value::from(identity.clone()),
        ])?;
        let hex: String = x.iter().map(|byte| format!("{byte:02x}")).collect();
        let text: String = t.bytes().map(|byte| format!("{byte:02x}")).collect();
        writeln!(
            script,
            "{}({n}, {b}, {s}, {i}, {l}, {decimal}, '{f:e}'::float8, convert_from('\\x{text}', 'UTF8'), '\\x{hex}', '{moment}', '{identity}')",
            if n == 0 { "" } else { "," }
        )?;
    }
    source.execute_batch("COMMIT")?;
    pair.database.run(&script.replace("'inf'", "'Infinity'").replace("'-inf'", "'-Infinity'"))?;
    pair.exact(&["R"])?;
    let different = pair.database.rows(
        "SELECT e::text, r::text FROM expected e FULL JOIN erp.r USING (n)
         WHERE row(e.b, e.s, e.i, e.l, e.d, e.f, e.t, e.x, e.m, e.g)::text IS DISTINCT FROM row(r.b, r.s, r.i, r.l, r.d, r.f, r.t, r.x, r.m, r.g)::text
         LIMIT 3",
    )?;
    ensure!(different.is_empty(), "{different}");
    Ok(())
}
