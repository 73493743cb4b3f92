//! Rows that cannot be loaded: listed with their reasons, left out if that is allowed, and loaded when they were mended.

use anyhow::{Context, Result, ensure};
use rsl_tests::erp::Erp;
use rsl_tests::pair::Pair;
use rsl_tests::program::{Ended, Running};
use serde_json::Value;
use std::process::Command;

/// Two values that the target's columns cannot hold, and an orphan.
const LINES: &str = "CREATE TABLE LINE (ID integer NOT NULL PRIMARY KEY, ITEM nvarchar(10), QTY bigint, NOTE nvarchar(20));
    INSERT INTO LINE VALUES (1, 'A', 1, 'secret-1'), (2, 'A', 40000, 'secret-2'), (3, 'Z', 3, 'secret-3'), (4, 'B', 4, 'secret-4'),
        (5, 'B', 5, 'nul' || char(0) || 'secret-5');";
const TARGET: &str = "CREATE SCHEMA erp; CREATE TABLE erp.item (code varchar(10) PRIMARY KEY); INSERT INTO erp.item VALUES ('A'), ('B');
    CREATE TABLE erp.line (id int PRIMARY KEY, item varchar(10) REFERENCES erp.item, qty smallint, note text);
    INSERT INTO erp.line VALUES (2, 'B', 2, 'was there');";

fn pair() -> Result<Pair> {
    let pair = Pair::new(LINES)?;
    pair.database.run(TARGET)?;
    Ok(pair)
}

/// A report, of a pull that ended with code 1.
fn report(ended: &Ended) -> Result<Value> {
    ensure!(ended.code == Some(1), "exit code 1 expected: {ended:#?}");
    serde_json::from_str(&ended.stdout).with_context(|| format!("the report is not JSON: {ended:#?}"))
}

fn rejects(mut command: Command, code: i32) -> Result<Value> {
    let ended = Ended::of(command.args(["--format", "json"]))?;
    ensure!(ended.code == Some(code), "exit code {code} expected: {ended:#?}");
    Ok(serde_json::from_str(&ended.stdout)?)
}

#[test]
fn nothing_is_allowed_by_default_and_everything_is_listed() -> Result<()> {
    let pair = pair()?;
    let ended = pair.ended(&["LINE", "--mode", "upsert"])?;
    ensure!(ended.code == Some(1), "{ended:#?}");
    for words in ["FAILED", "2 rows cannot be loaded", "id '2'", "qty", "out of range", "rsl rejects 1"] {
        ensure!(ended.stdout.contains(words), "{words}: {ended:#?}");
    }
    ensure!(pair.database.value("SELECT string_agg(note, ' ') FROM erp.line")? == "was there");
    ensure!(pair.staging()?.is_empty());
    let listed = rejects(pair.rsl(&["rejects", "1"])?, 1)?;
    let seen: Vec<_> =
        (0..2).map(|at| (&listed[at]["key"]["id"], &listed[at]["column"], &listed[at]["sqlstate"])).collect();
    ensure!(
        format!("{seen:?}")
            == r#"[(String("2"), String("qty"), String("22003")), (String("5"), String("note"), String("22021"))]"#,
        "{listed:#}"
    );
    let row = pair.database.value("SELECT \"row\" FROM rsl.rejects WHERE key ->> 'id' = '5'")?;
    ensure!(row.contains(r#"{"escaped": "nul\\u0000secret-5"}"#), "{row}");
    // Values are in the table for those who may see them, and nowhere else.
    let text = Ended::of(&mut pair.rsl(&["rejects", "--last"])?)?;
    ensure!(text.stdout.contains("id 5") && text.code == Some(1), "{text:#?}");
    let loads = Ended::of(&mut pair.rsl(&["loads"])?)?;
    ensure!(loads.stdout.contains("rejected"), "{loads:#?}");
    for said in [&ended, &text, &loads] {
        ensure!(!said.stdout.contains("secret") && !said.stderr.contains("secret"), "{said:#?}");
    }
    ensure!(!pair.database.value("SELECT string_agg(report::text, '') FROM rsl.load")?.contains("secret"));
    Ok(())
}

#[test]
fn what_is_no_json_is_a_row_that_cannot_be_loaded() -> Result<()> {
    let deep = "[".repeat(200) + &"]".repeat(200);
    let pair = Pair::new(&format!(
        "CREATE TABLE DOC (ID int NOT NULL PRIMARY KEY, A text, B text);
         INSERT INTO DOC VALUES (1, '{{}}', '{{}}'), (2, '{{', '{{}}'), (3, '{{}}', '1e200000'), (4, '1e200000', '[]'), (5, '{deep}', '{deep}');"
    ))?;
    pair.database.run("CREATE SCHEMA erp; CREATE TABLE erp.doc (id int PRIMARY KEY, a json, b jsonb)")?;
    let said = report(&pair.ended(&["DOC", "--max-rejects", "3", "--format", "json"])?)?;
    ensure!(said["tables"][0]["partial"] == true && said["tables"][0]["rejected"] == 3, "{said:#}");
    ensure!(
        pair.database.value("SELECT string_agg(id || ' ' || a::text, ' ' ORDER BY id) FROM erp.doc")?
            == "1 {} 4 1e200000"
    );
    let found =
        pair.database.rows("SELECT key ->> 'id', column_name, message FROM rsl.rejects ORDER BY 1")?;
    let expected = "2|a|not valid JSON\n3|b|JSON with a number that jsonb cannot hold: more than 131,072 digits before the point or 16,383 after it\n\
        5|b|JSON that is nested too deeply";
    ensure!(found.trim_end() == expected, "{found}");
    Ok(())
}

#[test]
fn a_dry_run_counts_them() -> Result<()> {
    let pair = pair()?;
    let said = report(&pair.ended(&["LINE", "--dry-run", "--format", "json"])?)?;
    ensure!(said["tables"][0]["rejected"] == 2 && said["tables"][0]["partial"] == false, "{said:#}");
    let said = report(&pair.ended(&["LINE", "--dry-run", "--max-rejects", "2", "--format", "json"])?)?;
    ensure!(said["tables"][0]["partial"] == true && said["exact"] == false, "{said:#}");
    ensure!(pair.database.value("SELECT count(*) FROM rsl.reject")? == "0");
    Ok(())
}

#[test]
fn rows_are_left_out_mended_and_retried() -> Result<()> {
    let pair = pair()?;
    let said =
        report(&pair.ended(&["LINE", "--mode", "replace", "--max-rejects", "3", "--format", "json"])?)?;
    let table = &said["tables"][0];
    ensure!(said["exact"] == false && table["exact"] == false && table["partial"] == true, "{said:#}");
    ensure!(table["source_rows"] == 5 && table["target_rows"] == 2 && table["rejected"] == 3, "{said:#}");
    let ids = "SELECT string_agg(id || ':' || qty, ' ' ORDER BY id) FROM erp.line";
    // What the target had of a row that cannot be loaded stays.
    ensure!(pair.database.value(ids)? == "1:1 2:2 4:4", "{}", pair.database.value(ids)?);
    ensure!(pair.database.value("SELECT status FROM rsl.load")? == "partial");
    ensure!(pair.database.value("SELECT finished_at IS NOT NULL FROM rsl.run")? == "t");
    let text = pair.ended(&["LINE", "--mode", "replace", "--max-rejects", "3"])?;
    ensure!(text.stdout.contains("exact but for 3 rejects"), "{text:#?}");
    ensure!(text.stdout.contains("rsl pull --retry-rejects 2"), "{text:#?}");

    // One mended in the source, one in the target, one not at all.
    pair.edit("UPDATE LINE SET QTY = 400 WHERE ID = 2")?;
    pair.database.run("INSERT INTO erp.item VALUES ('Z')")?;
    let ended = pair.ended(&["--retry-rejects", "1", "--format", "json"])?;
    let said = report(&ended)?;
    ensure!(said["tables"][0]["source_rows"] == 3 && said["tables"][0]["rejected"] == 1, "{said:#}");
    ensure!(ended.stderr.contains("2 of 3 rejects of load 1 went in"), "{ended:#?}");
    ensure!(pair.database.value(ids)? == "1:1 2:400 3:3 4:4");
    let listed = rejects(pair.rsl(&["rejects", "1"])?, 1)?;
    let by: Vec<_> =
        (0..3).map(|at| (listed[at]["key"]["id"].as_str(), listed[at]["retried_by"].as_i64())).collect();
    ensure!(by == [(Some("2"), Some(3)), (Some("5"), None), (Some("3"), Some(3))], "{by:?}");
    ensure!(rejects(pair.rsl(&["rejects", "3"])?, 1)?[0]["key"]["id"] == "5");
    // Once more: what went in does not come again; what the source has lost is said.
    pair.edit("DELETE FROM LINE WHERE ID = 5")?;
    let ended = pair.ended(&["--retry-rejects", "1"])?;
    ensure!(
        ended.code == Some(0) && ended.stderr.contains("does not have 1 of these keys any more: id '5'"),
        "{ended:#?}"
    );
    ensure!(ended.stderr.contains("rsl rejects 1 --accept"), "{ended:#?}");
    // A row that is not to be loaded is accepted, once, with a reason.
    let open = rejects(pair.rsl(&["rejects", "1"])?, 1)?[1]["reject_id"].to_string();
    let mut accepted = pair.rsl(&["rejects", "1", "--accept", " "])?;
    ensure!(Ended::of(&mut accepted)?.stderr.contains("a reason"));
    let accept = ["rejects", "1", "--accept", "deleted in the ERP", "--number", &open];
    let listed = rejects(pair.rsl(&accept)?, 0)?;
    ensure!(
        listed[1]["accepted_because"] == "deleted in the ERP" && listed[1]["accepted_by"] == "postgres",
        "{listed:#?}"
    );
    ensure!(listed[0]["accepted_by"].is_null() && listed[1]["retried_by"].is_null(), "{listed:#?}");
    let mut accepted = pair.rsl(&["rejects", "1", "--accept", "again"])?;
    let again = Ended::of(&mut accepted)?;
    ensure!(again.code == Some(0) && again.stderr.contains("0 rejects accepted"), "{again:#?}");
    ensure!(again.stdout.contains("accepted by postgres: deleted in the ERP"), "{again:#?}");
    ensure!(pair.refused(&["--retry-rejects", "1"])?.contains("no rejects that are still open"));
    // Those of the retry are retried as well; then there is nothing left.
    pair.edit("INSERT INTO LINE VALUES (5, 'B', 5, 'mended')")?;
    ensure!(pair.ended(&["--retry-rejects", "3"])?.code == Some(0));
    ensure!(rejects(pair.rsl(&["rejects", "3"])?, 0)?[0]["retried_by"] == 5);
    ensure!(pair.refused(&["--retry-rejects", "3"])?.contains("no rejects that are still open"));
    pair.exact(&["LINE", "--mode", "upsert"])?;
    Ok(())
}

#[test]
fn retries_that_cannot_be() -> Result<()> {
    let pair = pair()?;
    ensure!(pair.refused(&["--retry-rejects", "9"])?.contains("there is no load 9"));
    pair.ended(&["LINE", "--mode", "upsert"])?;
    let message = pair.refused(&["--retry-rejects", "1"])?;
    ensure!(message.contains("load 1 is failed") && message.contains("hint: "), "{message}");
    pair.edit("CREATE VIEW KEYLESS AS SELECT QTY, NOTE FROM LINE WHERE ID < 3")?;
    pair.database.run("CREATE TABLE erp.keyless (qty smallint, note text)")?;
    ensure!(pair.ended(&["KEYLESS", "--max-rejects", "1"])?.code == Some(1));
    let message = pair.refused(&["--retry-rejects", "2"])?;
    ensure!(message.contains("has no key") && message.contains("hint: "), "{message}");
    let other = Pair::new(LINES)?;
    let ended = Ended::of(pair.pull(&["--retry-rejects", "2"])?.env("RSL_SOURCE_URL", other.source_url()))?;
    ensure!(ended.refusal()?.contains("not from sqlite://"), "{ended:#?}");
    let stranger = "CREATE ROLE rejects_stranger LOGIN; SELECT rsl.grant_access('rejects_stranger', 'read')";
    pair.database.run(stranger)?;
    let mut command = pair.rsl(&["rejects", "1"])?;
    let ended = Ended::of(command.env("RSL_DATABASE_URL", pair.database.url_as("rejects_stranger")))?;
    ensure!(ended.refusal()?.contains("grant_access"), "{ended:#?}");
    pair.database.run("DROP OWNED BY rejects_stranger; DROP ROLE rejects_stranger")?;
    Ok(())
}

#[test]
fn a_flood_of_rejects_ends_early() -> Result<()> {
    let pair = Pair::new(
        "CREATE TABLE MANY (ID integer PRIMARY KEY, QTY bigint, NOTE nvarchar(20));
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60000) INSERT INTO MANY SELECT i, 40000, 'x' FROM n;",
    )?;
    pair.database
        .run("CREATE SCHEMA erp; CREATE TABLE erp.many (id int PRIMARY KEY, qty smallint, note text)")?;
    let said = report(&pair.ended(&["MANY", "--max-rejects", "5", "--format", "json"])?)?;
    let rejected = said["tables"][0]["rejected"].as_u64().context("a number")?;
    ensure!((1006..60_000).contains(&rejected), "{said:#}");
    ensure!(pair.database.value("SELECT status FROM rsl.load")? == "aborted");
    ensure!(
        pair.database.value("SELECT (SELECT rejected FROM rsl.load) = (SELECT count(*) FROM rsl.reject)")?
            == "t"
    );
    ensure!(pair.staging()?.is_empty());
    Ok(())
}

/// A composite key with a date and a text that needs quoting; of the first chunk one value is too large.
const STOCK: &str = "CREATE TABLE STOCK (DAY date NOT NULL, CODE nvarchar(10) NOT NULL, QTY bigint, NOTE nvarchar(400), PRIMARY KEY (DAY, CODE))";

#[test]
fn a_sql_server_is_asked_for_the_keys_alone() -> Result<()> {
    if Erp::is_real() {
        return Ok(());
    }
    let erp = Erp::new(STOCK)?;
    erp.script("INSERT INTO STOCK VALUES ('2026-01-01', N'A''1', 1, N'a'), ('2026-01-01', N'B]', 40000, N'b'), ('2026-01-02', N'A''1', 50000, N'c'), ('2026-01-03', N'가', 2, N'd')")?;
    erp.database.run("CREATE SCHEMA erp; CREATE TABLE erp.stock (day date, code varchar(10), qty smallint, note text, PRIMARY KEY (day, code))")?;
    let ended = erp.pull(&["STOCK", "--max-rejects", "2", "--where", "QTY > 0", "--format", "json"])?;
    let said = report(&ended)?;
    ensure!(said["tables"][0]["partial"] == true && said["tables"][0]["source_rows"] == 4, "{said:#}");
    erp.script("UPDATE STOCK SET QTY = 7 WHERE DAY = '2026-01-02'")?;
    let before = erp.server.statements().len();
    let ended = erp.pull(&["--retry-rejects", "1", "--format", "json"])?;
    let said = report(&ended)?;
    ensure!(said["tables"][0]["source_rows"] == 2 && said["tables"][0]["inserted"] == 1, "{said:#}");
    let asked = erp.server.statements()[before..].join("\n");
    ensure!(asked.contains("t.[CODE] = CAST(N'A''1'") && asked.contains("(QTY > 0"), "{asked}");
    ensure!(erp.database.value("SELECT string_agg(qty::text, ' ' ORDER BY day) FROM erp.stock")? == "1 7 2");
    ensure!(
        erp.database.value("SELECT count(*) FROM rsl.reject WHERE load_id = 1 AND retried_by = 2")? == "1"
    );
    erp.assert_only_read()
}

#[test]
fn a_kill_between_chunks_and_a_resume_lose_and_double_no_reject() -> Result<()> {
    if Erp::is_real() {
        return Ok(());
    }
    let erp = Erp::new("CREATE TABLE BIG (ID int NOT NULL PRIMARY KEY, QTY bigint, NOTE nvarchar(400))")?;
    let note = "x".repeat(300);
    erp.insert(
        "BIG",
        (1..=30_000i64).map(|id| {
            use tds_server::answer::SqlValue;
            vec![
                SqlValue::Int(id),
                SqlValue::Int(if id % 3_000 == 0 { 40_000 } else { 1 }),
                SqlValue::Wide(note.encode_utf16().collect()),
            ]
        }),
    )?;
    erp.database
        .run("CREATE SCHEMA erp; CREATE TABLE erp.big (id int PRIMARY KEY, qty smallint, note text)")?;
    let kept = "SELECT coalesce(sum(rejected), 0) FROM rsl.load_chunk";
    let mut running =
        Running::start(erp.rsl(&["pull", "BIG", "--max-rejects", "10"])?.env("RSL_LOG", "warn"))?;
    while erp.database.value(kept)? == "0" && !running.has_ended()? {}
    running.signal("KILL")?;
    running.wait()?;
    let at_kill = erp.database.value(kept)?;
    ensure!(erp.database.value("SELECT count(*) FROM rsl.reject")? == at_kill);
    let ended = erp.pull(&["--resume", "--format", "json"])?;
    let said = report(&ended)?;
    let table = &said["tables"][0];
    ensure!(
        table["source_rows"] == 30_000 && table["target_rows"] == 29_990 && table["rejected"] == 10,
        "{at_kill} at the kill: {said:#}"
    );
    ensure!(ended.stderr.contains("going on with load 1"), "{ended:#?}");
    let keys =
        erp.database.value("SELECT string_agg(key ->> 'id', ' ' ORDER BY reject_id) FROM rsl.reject")?;
    ensure!(keys == "3000 6000 9000 12000 15000 18000 21000 24000 27000 30000", "{keys}");
    // A retry that is killed is run again.
    erp.script("UPDATE BIG SET QTY = 2 WHERE QTY > 2")?;
    let running = Running::start(&mut erp.rsl(&["pull", "--retry-rejects", "1"])?)?;
    running.signal("KILL")?;
    running.wait()?;
    let ended = erp.pull(&["--retry-rejects", "1"])?;
    ensure!(ended.code == Some(0) && ended.stderr.contains("10 of 10 rejects"), "{ended:#?}");
    ensure!(erp.database.value("SELECT count(*), sum(qty) FROM erp.big")? == "30000|30010");
    ensure!(erp.database.value("SELECT count(*) FROM rsl.reject WHERE retried_by IS NULL")? == "0");
    Ok(())
}

#[test]
fn a_row_that_goes_in_at_the_third_attempt_is_settled_for_the_first() -> Result<()> {
    let pair = Pair::new(
        "CREATE TABLE W (ID integer PRIMARY KEY, Q integer); INSERT INTO W VALUES (1, 1), (2, 70000), (3, 80000)",
    )?;
    pair.database.run("CREATE SCHEMA erp; CREATE TABLE erp.w (id int PRIMARY KEY, q smallint)")?;
    ensure!(pair.ended(&["W", "--max-rejects", "2"])?.code == Some(1));
    pair.edit("UPDATE W SET Q = 7 WHERE ID = 2")?;
    let second = pair.ended(&["--retry-rejects", "1", "--max-rejects", "2"])?;
    ensure!(second.code == Some(1) && second.stdout.contains("rsl pull --retry-rejects 2"), "{second:#?}");
    pair.edit("UPDATE W SET Q = 8 WHERE ID = 3")?;
    let third = pair.ended(&["--retry-rejects", "2"])?;
    ensure!(third.code == Some(0) && third.stderr.contains("1 of 1 reject of load 2 went in"), "{third:#?}");
    for load in ["1", "2"] {
        let ended = Ended::of(&mut pair.rsl(&["rejects", load])?)?;
        ensure!(ended.code == Some(0) && !ended.stderr.contains("hint"), "{load}: {ended:#?}");
    }
    ensure!(
        pair.database.value("SELECT string_agg(retried_by::text, ' ' ORDER BY reject_id) FROM rsl.reject")?
            == "2 3 3"
    );
    Ok(())
}
