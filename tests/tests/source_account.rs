//! The first witness: what the source itself computes of the rows, against what was read of them.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rsl_tests::erp::Erp;
use rsl_tests::pair::Pair;
use rsl_tests::program::{Ended, Running};
use rsl_tests::sample::Shape;
use serde_json::{Value, json};
use tds_server::answer::SqlValue;
use tds_server::faults::{Action, Fault, Phase};

/// Enough for two parts.
const MANY: i64 = 60_000;
/// Enough for two chunks.
const SOME: i64 = 30_000;
const FEW: i64 = 2_000;
/// What only the statement that reads rows contains.
const READING: &str = "ORDER BY t.[ID]";
const COLUMNS: [&str; 9] = ["id", "qty", "price", "name", "code", "data", "at", "ratio", "big"];

fn erp(rows: i64) -> Result<Erp> {
    let erp = Erp::new(
        "CREATE TABLE T (ID int NOT NULL PRIMARY KEY, QTY decimal(18,4) NULL, PRICE money NOT NULL, NAME nvarchar(40) NOT NULL,
            CODE varchar(20) COLLATE Korean_Wansung_CI_AS NOT NULL, DATA varbinary(16) NOT NULL, AT datetime2(3) NOT NULL,
            RATIO float NOT NULL, BIG decimal(38,20) NOT NULL, ID_TEXT uniqueidentifier NULL)",
    )?;
    let row = |id: i64| {
        vec![
            SqlValue::Int(id),
            if id % 7 == 0 { SqlValue::Null } else { SqlValue::Decimal(i128::from(id) * 10_001) },
            SqlValue::Money(id * 3),
            SqlValue::Wide(format!("볼트 🔧 {id}").encode_utf16().collect()),
            // 가 in code page 949.
            SqlValue::Bytes([b"\xB0\xA1-".as_slice(), id.to_string().as_bytes()].concat()),
            SqlValue::Binary(id.to_be_bytes()[3..].to_vec()),
            SqlValue::DateTime2(700_000 + id as u32, 10_000 * id as u64),
            SqlValue::Float(id as f64 / 3.0),
            SqlValue::Decimal(i128::from(id) * 1_000_000_000_000_000_000_001),
            SqlValue::Null,
        ]
    };
    erp.engine.insert("dbo.T", (1..=rows).map(row))?;
    Ok(erp)
}

fn last(erp: &Erp, what: &str) -> Result<Value> {
    let found = erp.database.value(&format!("SELECT {what} FROM rsl.load ORDER BY load_id DESC LIMIT 1"))?;
    Ok(serde_json::from_str(if found.is_empty() { "null" } else { &found })?)
}

#[test]
fn a_driver_that_decodes_one_value_wrongly_is_found_out() -> Result<()> {
    if Erp::is_real() {
        return Ok(());
    }
    let erp = erp(FEW)?;
    for snapshot in [false, true] {
        erp.engine.allow_snapshot(snapshot);
        for (column, name) in COLUMNS.iter().enumerate() {
            // The smallest and the largest of dates and floats are the only figures of these: the last row has the largest.
            erp.server.faults().clear();
            let fault = Fault::new(Phase::Row(FEW as u64 - 1), Action::Alter { column });
            erp.server.faults().arm(fault.matching(READING));
            let ended = erp.pull(&["T", "--format", "json"])?;
            ensure!(erp.server.faults().armed().is_empty(), "{name}: nothing was altered");
            ensure!(ended.code == Some(1), "{name}: {ended:#?}");
            let report: Value = serde_json::from_str(&ended.stdout)?;
            let reason = report["tables"][0]["reason"].as_str().unwrap_or_default();
            ensure!(
                reason.contains(&format!("column \"{name}\": "))
                    && reason.contains("by the source's own account"),
                "{name}: {reason}"
            );
            ensure!(erp.database.value("SELECT to_regclass('erp.t') IS NULL")? == "t", "{name} arrived");
        }
    }
    // The same is found by a dry run.
    let fault = Fault::new(Phase::Row(17), Action::Alter { column: 1 });
    erp.server.faults().arm(fault.matching(READING));
    let ended = erp.pull(&["T", "--dry-run"])?;
    ensure!(ended.code == Some(1) && ended.stdout.contains("column \"qty\": sum "), "{ended:#?}");
    // Without the account of the source, nobody could know.
    let fault = Fault::new(Phase::Row(17), Action::Alter { column: 1 });
    erp.server.faults().arm(fault.matching(READING));
    let before = erp.server.statements().len();
    let report = erp.exact(&["T", "--no-source-account"])?;
    ensure!(report["tables"][0]["source"].is_null(), "{report:#}");
    ensure!(erp.server.statements()[before..].iter().all(|sql| !sql.contains("SUM(CAST")));
    erp.assert_only_read()
}

#[test]
fn the_report_shows_what_the_source_computes_and_how_much_was_compared() -> Result<()> {
    let erp = erp(FEW)?;
    let report = erp.exact(&["T"])?;
    let source = &report["tables"][0]["source"];
    ensure!(
        source["compared"] == json!({"columns": 10, "nulls": 10, "sums": 4, "ends": 6, "lengths": 3}),
        "{source:#}"
    );
    let sum = "2001000";
    ensure!(source["rows"] == FEW && source["columns"]["id"]["sum"] == sum, "{source:#}");
    ensure!(source["columns"]["big"]["sum"] == "20010000.00000000000002001", "{source:#}");
    ensure!(source["columns"]["code"]["utf16"] == 10_893, "{source:#}");
    ensure!(source["columns"]["at"]["min"] == "1917-07-17 00:00:00.001", "{source:#}");
    ensure!(
        report["key_totals"]["erp.t"]["sums"]["id"] == json!({"source": sum, "target": sum, "match": true})
    );
    let told = last(&erp, "report -> 'source'")?;
    ensure!(told == *source, "{told:#}");
    Ok(())
}

#[test]
fn several_readers_prove_their_parts_and_one_lie_is_enough() -> Result<()> {
    if Erp::is_real() {
        return Ok(());
    }
    let erp = erp(MANY)?;
    erp.engine.allow_snapshot(true);
    let report = erp.exact(&["T", "--jobs", "4"])?;
    let source = &report["tables"][0]["source"];
    ensure!(source["rows"] == MANY && source["compared"]["sums"] == 4, "{source:#}");
    let parts =
        erp.database.value("SELECT count(*), count(source_account) FROM rsl.load_part WHERE rows > 0")?;
    ensure!(parts == "2|2", "{parts}");
    erp.server.faults().arm(Fault::new(Phase::Row(100), Action::Alter { column: 2 }).matching(READING));
    let ended = erp.pull(&["T", "--jobs", "4", "--mode", "replace"])?;
    ensure!(ended.code == Some(1) && ended.stdout.contains("column \"price\": sum "), "{ended:#?}");
    Ok(())
}

#[test]
fn a_source_that_changes_proves_nothing_and_nobody_is_blamed() -> Result<()> {
    if Erp::is_real() {
        return Ok(());
    }
    let erp = erp(SOME)?;
    // Slow, and decoded wrongly: with the change of the source alone one could not tell that.
    for fault in [None, Some(Fault::new(Phase::Row(20_000), Action::Alter { column: 1 }).matching(READING))] {
        let slow = Fault::new(Phase::Row(10_000), Action::Delay(Duration::from_secs(2))).matching(READING);
        erp.server.faults().arm(slow);
        fault.into_iter().for_each(|fault| erp.server.faults().arm(fault));
        let (engine, faults) = (erp.engine.clone(), erp.server.faults());
        let before = faults.happened();
        let changer = std::thread::spawn(move || -> Result<()> {
            while faults.happened() == before {
                std::thread::sleep(Duration::from_millis(5));
            }
            Ok(engine.script("UPDATE T SET QTY += 1 WHERE ID = 29999;")?)
        });
        let ended = erp.pull(&["T", "--mode", "replace"])?;
        changer.join().ok().context("the changer panicked")??;
        ensure!(ended.code == Some(0) && ended.stdout.contains("proves nothing"), "{ended:#?}");
        let last_line = ended.stdout.lines().last().unwrap_or_default();
        ensure!(
            last_line.starts_with(
                "exact as it was read, but the source changed meanwhile: 30,000 rows of 1 table"
            ),
            "{last_line}"
        );
        let source = last(&erp, "report -> 'source'")?;
        ensure!(source["changed"] == true && source["compared"].is_null(), "{source:#}");
        // Nobody signs that it is exact; that nobody is blamed holds for each column.
        let report = |form: &str| Ended::of(&mut erp.rsl(&["report", "--last", "--format", form])?);
        let ended = report("json")?;
        let full: Value = serde_json::from_str(&ended.stdout)?;
        let summary = "exact, but the source changed while it was read: 30,000 rows of 1 table";
        ensure!(
            ended.code == Some(1)
                && full["verdict"] == "exact_but"
                && full["exact"] == false
                && full["changed"] == 1
                && full["summary"] == summary,
            "{full:#}"
        );
        let columns = full["tables"][0]["columns"].as_array().context("no columns")?;
        ensure!(columns.iter().all(|column| column["match"] == true), "{full:#}");
        for form in ["text", "markdown", "html"] {
            let ended = report(form)?;
            ensure!(
                ended.code == Some(1)
                    && ended.stdout.contains(summary)
                    && ended.stdout.contains("exact, but")
                    && ended.stdout.contains("own account is of other rows")
                    && !ended.stdout.contains("differ:"),
                "{form}: {ended:#?}"
            );
        }
    }
    Ok(())
}

#[test]
fn a_pull_that_was_killed_is_proven_when_it_has_gone_on() -> Result<()> {
    if Erp::is_real() {
        return Ok(());
    }
    let erp = erp(SOME)?;
    erp.server.faults().arm(Fault::stall_after(25_000).matching(READING));
    let running = Running::start(&mut erp.rsl(&["pull", "T"])?)?;
    erp.database.wait_for("SELECT coalesce(max(chunks), 0) > 0 FROM rsl.load_part")?;
    running.signal("KILL")?;
    running.wait()?;
    erp.database.wait_until_gone("rsl")?;
    erp.server.faults().clear();
    let report = erp.exact(&["--resume"])?;
    let source = &report["tables"][0]["source"];
    ensure!(source["rows"] == SOME && source["compared"]["sums"] == 4, "{source:#}");
    // What came before the kill has been changed in the source since.
    erp.database.run("DROP TABLE erp.t")?;
    erp.server.faults().arm(Fault::stall_after(25_000).matching(READING));
    let running = Running::start(&mut erp.rsl(&["pull", "T"])?)?;
    erp.database
        .wait_for("SELECT coalesce(max(chunks), 0) > 0 FROM rsl.load_part WHERE finished_at IS NULL")?;
    running.signal("KILL")?;
    running.wait()?;
    erp.database.wait_until_gone("rsl")?;
    erp.server.faults().clear();
    erp.script("UPDATE T SET QTY += 1 WHERE ID = 1")?;
    let ended = erp.pull(&["--resume"])?;
    ensure!(ended.code == Some(1) && ended.stdout.contains("column \"qty\": sum "), "{ended:#?}");
    let hint = erp
        .database
        .value("SELECT report -> 'reason' ->> 'hint' FROM rsl.load ORDER BY load_id DESC LIMIT 1")?;
    ensure!(hint.contains("gone on with, the source may have changed"), "{hint}");
    Ok(())
}

#[test]
fn a_code_page_that_the_user_tells_is_not_the_sources() -> Result<()> {
    let erp = Erp::new(
        "CREATE TABLE T (CODE nvarchar(10) NOT NULL PRIMARY KEY, NAME varchar(20) COLLATE SQL_Latin1_General_CP1_CI_AS);
         INSERT INTO T VALUES (N'A', N'°¡');",
    )?;
    let report = erp.exact(&["T", "--encoding", "CP949"])?;
    let columns = &report["tables"][0]["source"]["columns"];
    ensure!(columns["name"] == json!({"nulls": 0}) && columns["code"]["utf16"] == 1, "{columns:#}");
    Ok(())
}

#[test]
fn padded_texts_count_as_the_target_keeps_them() -> Result<()> {
    let erp = Erp::new(
        "CREATE TABLE T (ID int NOT NULL PRIMARY KEY, A char(10), B nchar(10), C varchar(10));
         INSERT INTO T VALUES (1, 'ab', N'가', 'c  '), (2, NULL, N'', '');",
    )?;
    erp.database.run(
        "CREATE SCHEMA erp; CREATE TABLE erp.t (id int, a character(10), b character(10), c character(10))",
    )?;
    let report = erp.exact(&["T"])?;
    let columns = &report["tables"][0]["source"]["columns"];
    ensure!(
        columns["a"]["utf16"] == 2 && columns["b"]["utf16"] == 1 && columns["c"]["utf16"] == 1,
        "{columns:#}"
    );
    erp.exact(&["T", "--into", "other.t"])?;
    let told = last(&erp, "report #> '{source,columns}'")?;
    ensure!(told["a"]["utf16"] == 10 && told["b"]["utf16"] == 20 && told["c"]["utf16"] == 3, "{told:#}");
    Ok(())
}

#[test]
fn an_empty_table_and_a_view_have_accounts_too() -> Result<()> {
    let erp = Erp::new(
        "CREATE TABLE T (ID int NOT NULL PRIMARY KEY, QTY decimal(38,38) NULL, NAME ntext NULL, PLACE hierarchyid NULL)",
    )?;
    erp.script("CREATE VIEW V AS SELECT ID, QTY FROM T")?;
    let report = erp.exact(&["T"])?;
    let source = &report["tables"][0]["source"];
    ensure!(source["rows"] == 0 && source["columns"]["qty"] == json!({"nulls": 0, "sum": "0"}), "{source:#}");
    erp.script("INSERT INTO T (ID, QTY) VALUES (1, -0.99999999999999999999999999999999999999), (2, 0.00000000000000000000000000000000000001)")?;
    let report = erp.exact(&["V"])?;
    let qty = &report["tables"][0]["source"]["columns"]["qty"];
    ensure!(
        qty == &json!({"nulls": 0, "sum": "-0.99999999999999999999999999999999999998",
            "min": "-0.99999999999999999999999999999999999999", "max": "0.00000000000000000000000000000000000001"}),
        "{qty:#}"
    );
    Ok(())
}

#[test]
fn a_view_with_the_time_of_day_is_compared_by_its_other_columns() -> Result<()> {
    let erp = erp(FEW)?;
    // Seven digits of a second are too many for a timestamp.
    erp.script("CREATE VIEW V AS SELECT ID, QTY, CAST(SYSDATETIME() AS datetime2(6)) AS SEEN_AT FROM T")?;
    erp.script("ALTER DATABASE CURRENT SET ALLOW_SNAPSHOT_ISOLATION ON")?;
    let ended = erp.pull(&["V", "--format", "json"])?;
    ensure!(
        ended.code == Some(0)
            && ended
                .stderr
                .contains("dbo.V: the source says something else of SEEN_AT each time it is asked"),
        "{ended:#?}"
    );
    let report: Value = serde_json::from_str(&ended.stdout)?;
    let table = &report["tables"][0];
    ensure!(
        table["consistency"] == json!([{"isolation": "snapshot", "unsteady": ["SEEN_AT"]}])
            && table["source"]["compared"]["columns"] == 2
            && table["source"]["columns"]["seen_at"] == json!({}),
        "{table:#}"
    );
    let pair = Pair::new(
        "CREATE TABLE T (ID int PRIMARY KEY NOT NULL, QTY int NOT NULL); INSERT INTO T VALUES (1, 5), (2, 7);
         CREATE VIEW V AS SELECT ID, QTY, random() AS CHANCE FROM T;",
    )?;
    let report = pair.exact(&["V"])?;
    let table = &report["tables"][0];
    ensure!(table["consistency"] == json!([{"isolation": "snapshot", "unsteady": ["CHANCE"]}]), "{table:#}");
    ensure!(table["source"]["compared"]["sums"] == 2, "{table:#}");
    Ok(())
}

#[test]
fn what_a_file_stores_otherwise_than_the_target_is_no_difference() -> Result<()> {
    let pair = Pair::new(
        "CREATE TABLE T (ID int PRIMARY KEY NOT NULL, REAL_TEXT double, PADDED char(5), AMOUNT TEXT, MIXED decimal(18,4), DATA blob, AT char(30));
         INSERT INTO T VALUES (1, 1.0, 'ab   ', '9.5', 1.25, x'00FF', '2024-01-01T10:00:00Z         '),
            (2, 'two', 'c', '1000000.25', 2, x'', '2024-01-01T10:00:00.5'), (3, 3, NULL, NULL, NULL, NULL, NULL);",
    )?;
    pair.database.run(
        "CREATE SCHEMA erp; CREATE TABLE erp.t (id int, real_text text, padded character(5), amount numeric(18,4), mixed numeric(18,4),
            data bytea, at timestamp)",
    )?;
    let report = pair.exact(&["T"])?;
    let columns = &report["tables"][0]["source"]["columns"];
    ensure!(
        columns["real_text"] == json!({"nulls": 0}) && columns["padded"] == json!({"nulls": 1, "length": 3}),
        "{columns:#}"
    );
    ensure!(columns["amount"] == json!({"nulls": 1}) && columns["at"] == json!({"nulls": 1}), "{columns:#}");
    ensure!(columns["mixed"]["sum"] == "3.25" && columns["data"]["length"] == 2, "{columns:#}");
    let found = pair.database.rows("SELECT real_text, amount, at FROM erp.t ORDER BY id")?;
    ensure!(
        found.trim_end() == "1|9.5000|2024-01-01 10:00:00\ntwo|1000000.2500|2024-01-01 10:00:00.5\n3||",
        "{found}"
    );
    Ok(())
}

#[test]
fn a_file_of_sqlite_gives_an_account_of_every_table_and_view() -> Result<()> {
    let pair = Pair::sample(Shape::Erp, 500)?;
    let report = pair.exact(&["--all", "--jobs", "4"])?;
    for table in report["tables"].as_array().context("no tables")? {
        let (source, compared) = (&table["source"], &table["source"]["compared"]);
        ensure!(source["rows"] == table["source_rows"], "{table:#}");
        let columns = source["columns"].as_object().context("no columns")?.len();
        ensure!(compared["columns"] == columns && compared["nulls"] == columns, "{table:#}");
        ensure!(table["consistency"][0]["isolation"] == "snapshot", "{table:#}");
    }
    let column = |object: &str, name: &str| {
        let tables = report["tables"].as_array().into_iter().flatten();
        let table = tables.into_iter().find(|table| table["object"] == object);
        table.map(|table| table["source"]["columns"][name].clone()).unwrap_or_default()
    };
    ensure!(
        column("P_WORK_RESULT", "result_id")["sum"].is_string()
            || column("P_ROUTING", "proc_seq")["sum"].is_string()
    );
    Ok(())
}
