//! From a SQL Server: every type, texts of every collation, keys, the whole database, what is refused and how.

use anyhow::{Result, ensure};
use rsl_tests::erp::Erp;
use rsl_tests::{cluster, program};
use tds_server::answer::SqlValue;

/// One row of text for each column of a target, by name, as PostgreSQL prints it.
fn printed(erp: &Erp, target: &str, order: &str) -> Result<String> {
    erp.database.rows(&format!(
        "SET timezone = 'UTC'; SELECT r.key || '=' || coalesce(r.value, 'NULL') FROM (SELECT row_number() OVER (ORDER BY {order}) AS n, to_jsonb(t) AS j FROM {target} t) x,
         jsonb_each_text(x.j) r ORDER BY x.n, r.key COLLATE \"C\""
    ))
}

#[test]
fn every_type_arrives_exactly() -> Result<()> {
    let erp = Erp::new(include_str!("every_type.sql"))?;
    erp.exact(&["EVERY_TYPE"])?;
    let expected = include_str!("every_type.expected");
    let found = printed(&erp, "erp.every_type", "id")?;
    if std::env::var_os("RSL_TEST_ACCEPT").is_some() {
        std::fs::write(
            concat!(env!("CARGO_MANIFEST_DIR"), "/tests/every_type.expected"),
            format!("{found}\n"),
        )?;
        return Ok(());
    }
    // A real server has handed out rowversions before.
    let comparable = |text: &str| -> Vec<String> {
        let is_own = |line: &&str| !(Erp::is_real() && line.starts_with("c_rowversion="));
        text.trim_end().lines().filter(is_own).map(str::to_owned).collect()
    };
    ensure!(comparable(&found) == comparable(expected), "{found}");
    let types = erp.database.rows(
        "SELECT attname || ' ' || format_type(atttypid, atttypmod) FROM pg_attribute
         WHERE attrelid = 'erp.every_type'::regclass AND attnum > 0 ORDER BY attname COLLATE \"C\"",
    )?;
    for expected in [
        "c_money numeric(19,4)",
        "c_real real",
        "c_datetime timestamp(3) without time zone",
        "c_guid uuid",
        "c_offset timestamp with time zone",
        "c_rowversion bytea",
        "c_tiny smallint",
        "c_nvarchar character varying(40)",
    ] {
        ensure!(types.lines().any(|line| line == expected), "{expected} is not among\n{types}");
    }
    erp.assert_only_read()
}

#[test]
fn texts_of_every_collation_arrive_as_they_are() -> Result<()> {
    let erp = Erp::new(
        "CREATE TABLE T (id int NOT NULL PRIMARY KEY,
            korean varchar(40) COLLATE Korean_Wansung_CI_AS, latin varchar(40) COLLATE SQL_Latin1_General_CP1_CI_AS,
            utf8 varchar(40) COLLATE Latin1_General_100_CI_AS_SC_UTF8, dos varchar(40) COLLATE SQL_Latin1_General_CP850_CI_AS,
            japanese varchar(40) COLLATE Japanese_CI_AS, cyrillic varchar(40) COLLATE Cyrillic_General_CI_AS,
            turkish char(8) COLLATE Turkish_CI_AS, long varchar(max) COLLATE Korean_Wansung_CI_AS);
         INSERT INTO T VALUES (1, N'벨로우즈 씰', N'naïve €', N'🔧 가나다', N'déjà', N'日本語ｱｲｳ', N'Привет', N'ışık', N'뷁 가');",
    )?;
    erp.exact(&["T"])?;
    let found = printed(&erp, "erp.t", "id")?;
    ensure!(
        found.trim_end()
            == "cyrillic=Привет\ndos=déjà\nid=1\njapanese=日本語ｱｲｳ\nkorean=벨로우즈 씰\nlatin=naïve €\nlong=뷁 가\nturkish=ışık    \nutf8=🔧 가나다",
        "{found}"
    );
    Ok(())
}

#[test]
fn a_sql_variant_arrives_whole_however_long_it_is() -> Result<()> {
    let erp = Erp::new(
        "CREATE TABLE T (ID int NOT NULL PRIMARY KEY, V sql_variant NULL);
         INSERT INTO T VALUES (1, CAST(REPLICATE('a', 5000) AS varchar(5000)));
         INSERT INTO T VALUES (2, CAST(REPLICATE('b', 8000) AS varchar(8000)));
         INSERT INTO T VALUES (3, CAST(REPLICATE(N'가', 4000) AS nvarchar(4000)));
         INSERT INTO T VALUES (4, CAST(CAST(REPLICATE('c', 3000) AS varchar(3000)) AS varbinary(3000)));
         INSERT INTO T VALUES (5, CAST(CAST(REPLICATE('d', 8000) AS varchar(8000)) AS varbinary(8000)));
         INSERT INTO T VALUES (6, CAST(0x00FF AS binary(3))), (7, 42), (8, NULL), (9, CAST(1.5 AS money));",
    )?;
    let report = erp.exact(&["T"])?;
    let units = 5000 + 8000 + 4000 + 6002 + 16_002 + 8 + 2 + 6;
    let told = &report["tables"][0]["source"]["columns"]["v"];
    ensure!(told["utf16"] == units, "{told:#}");
    let found = erp.database.rows(
        "SELECT id || ' ' || CASE WHEN length(v) < 10 THEN v ELSE length(v) || ' ' || md5(v) END FROM erp.t ORDER BY id",
    )?;
    let expected = erp.database.rows(
        "SELECT n || ' ' || CASE WHEN length(v) < 10 THEN v ELSE length(v) || ' ' || md5(v) END FROM (VALUES (1, repeat('a', 5000)),
            (2, repeat('b', 8000)), (3, repeat('가', 4000)), (4, '0x' || repeat('63', 3000)), (5, '0x' || repeat('64', 8000)), (6, '0x00FF00'),
            (7, '42'), (8, NULL), (9, '1.5000')) AS r (n, v) ORDER BY n",
    )?;
    ensure!(found == expected, "{found}\n{expected}");
    Ok(())
}

#[test]
fn a_bad_byte_is_named_with_its_row_and_column() -> Result<()> {
    let erp = Erp::new(
        "CREATE TABLE T (CODE nvarchar(10) NOT NULL PRIMARY KEY, NAME varchar(20) COLLATE Korean_Wansung_CI_AS);
         INSERT INTO T VALUES (N'A', N'가'), (N'B', CAST(0x4180FF AS varchar(20))), (N'C', N'나');",
    )?;
    let message = erp.failed(&["T"])?;
    let raw = erp.database.value("SELECT \"row\" ->> 'name' FROM rsl.reject")?;
    ensure!(raw == r#"{"bytes": "4180ff"}"#, "{raw}");
    ensure!(message.contains("code 'B': column name: ") && message.contains("from byte 2 on"), "{message}");
    drop(erp);
    // What the bytes are is told; the collation was wrong.
    let erp = Erp::new(
        "CREATE TABLE T (CODE nvarchar(10) NOT NULL PRIMARY KEY, NAME varchar(20) COLLATE SQL_Latin1_General_CP1_CI_AS);
         INSERT INTO T VALUES (N'A', N'°¡');",
    )?;
    erp.exact(&["T"])?;
    ensure!(erp.database.value("SELECT name FROM erp.t")? == "°¡", "read as the collation says");
    erp.exact(&["T", "--encoding", "CP949", "--mode", "replace"])?;
    ensure!(erp.database.value("SELECT name FROM erp.t")? == "가", "read as the user says");
    Ok(())
}

#[test]
fn half_a_surrogate_pair_is_named() -> Result<()> {
    let erp = Erp::new(
        "CREATE TABLE T (ID int NOT NULL PRIMARY KEY, NAME nvarchar(20));
         INSERT INTO T VALUES (7, CAST(0x41003DD8 AS nvarchar(20)));",
    )?;
    let message = erp.failed(&["T"])?;
    let raw = erp.database.value("SELECT \"row\" ->> 'name' FROM rsl.reject")?;
    ensure!(raw == r#"{"bytes": "41003dd8"}"#, "{raw}");
    ensure!(message.contains("id '7': column name: ") && message.contains("surrogate"), "{message}");
    Ok(())
}

#[test]
fn a_seventh_digit_of_a_second_is_refused_not_cut() -> Result<()> {
    let erp = Erp::new(
        "CREATE TABLE T (ID int NOT NULL PRIMARY KEY, AT datetime2(7));
         INSERT INTO T VALUES (1, '2024-01-01T00:00:00.1234560'), (2, '2024-01-01T00:00:00.1234567');",
    )?;
    let message = erp.failed(&["T"])?;
    ensure!(
        message.contains("id '2': column at: ") && message.contains("fractions of a second"),
        "{message}"
    );
    erp.exact(&["T", "--where", "ID < 2"])?;
    ensure!(erp.database.value("SELECT at FROM erp.t")? == "2024-01-01 00:00:00.123456");
    Ok(())
}

#[test]
fn an_offset_is_kept_where_it_is_wanted() -> Result<()> {
    let erp = Erp::new(
        "CREATE TABLE T (ID int NOT NULL PRIMARY KEY, AT datetimeoffset(3) NULL);
         INSERT INTO T VALUES (1, '2024-01-01T09:00:00.500+09:00'), (2, NULL), (3, '2024-01-01T00:00:00-03:30');",
    )?;
    erp.exact(&["T", "--keep-offset"])?;
    let found = erp.database.rows("SET timezone = 'UTC'; SELECT id, at, at_offset FROM erp.t ORDER BY id")?;
    ensure!(
        found.trim_end() == "1|2024-01-01 00:00:00.5+00|540\n2||\n3|2024-01-01 03:30:00+00|-210",
        "{found}"
    );
    Ok(())
}

#[test]
fn several_readers_bring_the_same_as_one() -> Result<()> {
    let erp = Erp::new(
        "CREATE TABLE NUMBERED (ID bigint NOT NULL PRIMARY KEY, QTY decimal(18,4));
         CREATE TABLE NAMED (CODE varchar(20) COLLATE Korean_Wansung_CI_AS NOT NULL, SEQ int NOT NULL, QTY decimal(18,4), PRIMARY KEY (CODE, SEQ));
         CREATE TABLE GUIDED (ID uniqueidentifier NOT NULL PRIMARY KEY, QTY decimal(18,4));
         CREATE TABLE DATED (AT datetime NOT NULL, SEQ smallint NOT NULL, QTY decimal(18,4), PRIMARY KEY (AT, SEQ));",
    )?;
    let rows = 60_000u64;
    let mixed = |n: u64| n.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let amount = |n: u64| SqlValue::Decimal(i128::from(mixed(n) % 1_000_000));
    erp.insert("dbo.NUMBERED", (0..rows).map(|n| vec![SqlValue::Int((mixed(n) >> 1) as i64), amount(n)]))?;
    erp.insert(
        "dbo.NAMED",
        (0..rows).map(|n| {
            let code =
                format!("{}-{}", ["a", "B", "b-", "C"][n as usize % 4], mixed(n / 3) % 5000 * 10 + n % 3);
            vec![SqlValue::Bytes(code.into_bytes()), SqlValue::Int(n as i64), amount(n)]
        }),
    )?;
    erp.insert(
        "dbo.GUIDED",
        (0..rows).map(|n| {
            let id = (u128::from(mixed(n)) << 64 | u128::from(mixed(n + rows))).to_be_bytes();
            vec![SqlValue::Guid(id), amount(n)]
        }),
    )?;
    erp.insert(
        "dbo.DATED",
        (0..rows).map(|n| {
            vec![
                SqlValue::DateTime(45_000 + (n / 1000) as i32, (n / 3 % 1000) as u32),
                SqlValue::Int((n % 3) as i64),
                amount(n),
            ]
        }),
    )?;
    for object in ["NUMBERED", "NAMED", "GUIDED", "DATED"] {
        let one = format!("one.{}", object.to_lowercase());
        erp.exact(&[object, "--into", &one])?;
        let four = format!("four.{}", object.to_lowercase());
        erp.exact(&[object, "--into", &four, "--jobs", "4"])?;
        let digest = |target: &str| erp.database.value(&format!("SELECT rsl.table_digest('{target}')"));
        ensure!(digest(&one)? == digest(&four)?, "{object}");
        let parts = erp.database.value(&format!(
            "SELECT count(*) FROM rsl.load_part p JOIN rsl.load USING (load_id) WHERE target = '{four}' AND p.rows > 0"
        ))?;
        ensure!(parts == "2", "{object} was read in {parts} parts");
    }
    erp.assert_only_read()
}

#[test]
fn a_condition_cannot_be_more_than_a_condition() -> Result<()> {
    let erp = Erp::new("CREATE TABLE T (ID int NOT NULL PRIMARY KEY); INSERT INTO T VALUES (1), (2);")?;
    for condition in [
        "1 = 1); DELETE FROM T; SELECT COUNT(*) FROM T WHERE (1 = 1",
        "1 = 1) OR (1 = 1",
        "ID = 1; DELETE FROM T",
    ] {
        let message = erp.refused(&["T", "--where", condition])?;
        ensure!(message.contains("--where is not one condition"), "{message}");
    }
    erp.exact(&["T", "--where", "ID = 2 -- the second"])?;
    ensure!(erp.database.value("SELECT string_agg(id::text, ' ') FROM erp.t")? == "2");
    erp.assert_only_read()
}

#[test]
fn a_windows_account_is_told_how_it_gets_in() -> Result<()> {
    let (folder, database) = (tempfile::tempdir()?, cluster::shared()?.database()?);
    for (account, hint) in [
        ("Integrated Security=true", "--features kerberos"),
        ("Integrated Security=true;User Id=KSM\\bi;Password=secret-1", "kinit"),
    ] {
        let output = program::rsl(folder.path())?
            .args(["pull", "T", "--source", &format!("Server=127.0.0.1,1;Database=KsmErp;{account}")])
            .args(["--database-url", &database.url()])
            .output()?;
        let message = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.code() == Some(2), "{:?}", output.status);
        ensure!(message.contains(hint) && !message.contains("secret-1"), "{message}");
    }
    Ok(())
}

#[test]
fn the_source_is_logged_in_to_once_for_each_reading_and_twice_besides() -> Result<()> {
    if Erp::is_real() {
        return Ok(());
    }
    let tables: Vec<_> =
        (1..=10).map(|n| format!("CREATE TABLE T{n} (ID int NOT NULL PRIMARY KEY);")).collect();
    let erp = Erp::new(&tables.join("\n"))?;
    erp.exact(&["--all"])?;
    let logins = erp.server.logins().len();
    ensure!(logins == 10 + 2, "{logins} logins for 10 tables");
    Ok(())
}
