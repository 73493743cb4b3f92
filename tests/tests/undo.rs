//! `rsl undo` as a user runs it, and what `rsl pull` says of it before and after.

use anyhow::{Result, ensure};
use rsl_tests::pair::Pair;
use rsl_tests::program::{Ended, Running};
use rsl_tests::sample::Shape;
use serde_json::Value;
use std::thread;
use std::time::Duration;

const PART: &str =
    "CREATE TABLE PART (PART_NO nvarchar(10) NOT NULL PRIMARY KEY, NAME nvarchar(20), PRICE decimal(10,2) NOT NULL);
    INSERT INTO PART VALUES ('A', '너트', 3.10), ('B', 'bolt', 4), ('C', NULL, 5);";

/// Some rows that the source has too, with other values, and one that it does not have.
const TARGET: &str =
    "CREATE SCHEMA erp; CREATE TABLE erp.part (part_no varchar(10) PRIMARY KEY, name varchar(20), price numeric(10,2) NOT NULL);
    INSERT INTO erp.part VALUES ('X', 'was there ', 1), ('B', NULL, 4.50), ('C', NULL, 5);";

fn pair() -> Result<Pair> {
    let pair = Pair::new(PART)?;
    pair.database.run(TARGET)?;
    Ok(pair)
}

fn undo(pair: &Pair, arguments: &[&str]) -> Result<Ended> {
    Ended::of(pair.rsl(&["undo"])?.args(arguments))
}

/// The table of a report of one table.
fn table(report: &Value) -> &Value {
    &report["tables"][0]
}

/// Runs as `role`, who needs no password.
fn undo_as(pair: &Pair, role: &str, arguments: &[&str]) -> Result<Ended> {
    Ended::of(pair.rsl(&["undo"])?.args(arguments).env("RSL_DATABASE_URL", pair.database.url_as(role)))
}

#[test]
fn what_a_load_changed_in_an_audited_table_is_put_back() -> Result<()> {
    for (mode, said) in [
        ("append", "1 row deleted, 0 restored, 0 inserted again"),
        ("upsert", "1 row deleted, 1 restored, 0 inserted again"),
        ("replace", "1 row deleted, 1 restored, 1 inserted again"),
    ] {
        let pair = pair()?;
        let before = pair.digest("erp.part")?;
        let only_new = if mode == "append" { &["--where", "PART_NO = 'A'"][..] } else { &[] };
        let report = pair.exact(&[&["PART", "--mode", mode, "--undoable"], only_new].concat())?;
        ensure!(table(&report)["undo"] == "log", "{report:#}");
        ensure!(pair.digest("erp.part")? != before);
        let dry = undo(&pair, &["--last", "--dry-run"])?;
        ensure!(
            dry.code == Some(0) && dry.stdout.starts_with("dry run: load 1 into erp.part can be undone: "),
            "{dry:#?}"
        );
        ensure!(pair.digest("erp.part")? != before, "the dry run has changed something");
        ensure!(pair.database.value("SELECT status FROM rsl.load")? == "exact");
        let ended = undo(&pair, &["--last"])?;
        ensure!(ended.code == Some(0), "{mode}: {ended:#?}");
        ensure!(ended.stdout == format!("load 1 into erp.part is undone: {said}\n"), "{mode}: {ended:#?}");
        ensure!(ended.stderr.starts_with(&format!("load 1: PART into erp.part, {mode}, ")), "{ended:#?}");
        ensure!(pair.digest("erp.part")? == before, "{mode}: the table is not as it was");
        let loads = Ended::of(&mut pair.rsl(&["loads"])?)?;
        ensure!(loads.stdout.contains(" undone ") && loads.stdout.contains("undone at 20"), "{loads:#?}");
        let again = undo(&pair, &["1"])?.refusal()?;
        ensure!(again.contains("load 1 is undone: there is nothing to undo"), "{again}");
        let none = undo(&pair, &["--last"])?.refusal()?;
        ensure!(none.contains("there is no load that could be undone"), "{none}");
        // What is undone may be loaded again, and undone again.
        pair.exact(&[&["PART", "--mode", mode], only_new].concat())?;
        ensure!(undo(&pair, &["2"])?.code == Some(0) && pair.digest("erp.part")? == before);
    }
    Ok(())
}

#[test]
fn a_table_that_the_load_made_or_filled() -> Result<()> {
    let pair = Pair::new(PART)?;
    let report = pair.exact(&["PART", "--undoable"])?;
    ensure!(table(&report)["undo"] == "drop", "{report:#}");
    ensure!(pair.database.value("SELECT count(*) FROM rsl.tracked() WHERE target LIKE 'erp.%'")? == "0");
    let ended = undo(&pair, &["1"])?;
    ensure!(
        ended.code == Some(0)
            && ended.stdout
                == "load 1 into erp.part is undone: the table, which it made, is dropped with 3 rows\n",
        "{ended:#?}"
    );
    ensure!(pair.digest("erp.part")? == "null");

    pair.database
        .run("CREATE TABLE erp.part (part_no varchar(10), name varchar(20), price numeric(10,2))")?;
    let report = pair.exact(&["PART", "--undoable"])?;
    ensure!(table(&report)["undo"] == "empty", "{report:#}");
    pair.database.run("UPDATE erp.part SET price = 9 WHERE part_no = 'A'")?;
    for arguments in [&["2"][..], &["2", "--dry-run"], &["2", "--leave-changed"]] {
        let ended = undo(&pair, arguments)?;
        ensure!(
            ended.code == Some(1) && ended.stderr.contains("erp.part has changed since load 2"),
            "{ended:#?}"
        );
        ensure!(
            ended.stderr.contains("hint: Nothing was undone.") && !ended.stderr.contains("--leave-changed"),
            "{ended:#?}"
        );
    }
    pair.database.run("UPDATE erp.part SET price = 3.10 WHERE part_no = 'A'")?;
    let ended = undo(&pair, &["2", "--format", "json"])?;
    let said: Value = serde_json::from_str(&ended.stdout)?;
    ensure!(
        ended.code == Some(0) && said["undone"] == true && said["by"] == "empty" && said["deleted"] == 3,
        "{ended:#?}"
    );
    ensure!(pair.database.value("SELECT count(*) FROM erp.part")? == "0");
    Ok(())
}

#[test]
fn rows_that_somebody_has_changed_since() -> Result<()> {
    let pair = pair()?;
    pair.exact(&["PART", "--mode", "replace", "--undoable"])?;
    pair.database.run(
        "UPDATE erp.part SET price = 7 WHERE part_no = 'B'; INSERT INTO erp.part VALUES ('Z', 'new', 1)",
    )?;
    let after = pair.digest("erp.part")?;
    let ended = undo(&pair, &["1"])?;
    ensure!(ended.code == Some(1) && ended.stdout.is_empty(), "{ended:#?}");
    for words in [
        "rsl: rows of erp.part have changed since load 1: 1",
        "(Keys: {\"part_no\": \"B\"})",
        "\nhint: Nothing was undone.",
        "rsl history erp.part KEY, rsl undo 1 --leave-changed",
    ] {
        ensure!(ended.stderr.contains(words), "{words}: {ended:#?}");
    }
    let ended = undo(&pair, &["1", "--format", "json"])?;
    let said: Value = serde_json::from_str(&ended.stdout)?;
    ensure!(
        ended.code == Some(1) && said["undone"] == false && said["refused"]["message"].is_string(),
        "{ended:#?}"
    );
    let dry = undo(&pair, &["1", "--dry-run"])?;
    ensure!(
        dry.code == Some(1)
            && dry.stdout.contains("would be refused: 1 row changed by somebody since: {\"part_no\": \"B\"}"),
        "{dry:#?}"
    );
    let dry = undo(&pair, &["1", "--dry-run", "--leave-changed"])?;
    ensure!(dry.code == Some(0) && dry.stdout.contains("can be undone"), "{dry:#?}");
    ensure!(pair.digest("erp.part")? == after, "something was undone");
    ensure!(pair.database.value("SELECT status FROM rsl.load")? == "exact");

    let ended = undo(&pair, &["1", "--leave-changed"])?;
    ensure!(ended.code == Some(0), "{ended:#?}");
    ensure!(
        ended.stdout
            == "load 1 into erp.part is undone: 1 row deleted, 0 restored, 1 inserted again\n\
                1 row changed by somebody since, and left as they are: {\"part_no\": \"B\"}\n",
        "{ended:#?}"
    );
    let content =
        pair.database.rows("SELECT part_no, name, price FROM erp.part ORDER BY part_no COLLATE \"C\"")?;
    ensure!(content == "B|bolt|7.00\nC||5.00\nX|was there |1.00\nZ|new|1.00\n", "{content}");
    Ok(())
}

#[test]
fn what_cannot_be_undone_and_what_makes_no_sense() -> Result<()> {
    let pair = pair()?;
    let ended = pair.ended(&["PART", "--mode", "upsert"])?;
    ensure!(
        ended.code == Some(0) && ended.stdout.contains("undo: no: ") && ended.stdout.contains("--undoable"),
        "{ended:#?}"
    );
    for arguments in [&["1"][..], &["1", "--dry-run"], &["--last"]] {
        let said = undo(&pair, arguments)?.refusal()?;
        ensure!(
            said.contains("load 1 cannot be undone (erp.part was not audited when it was loaded.)\nhint: "),
            "{said}"
        );
    }
    let said = undo(&pair, &["99"])?.refusal()?;
    ensure!(said == "there is no load 99\nhint: rsl loads lists them", "{said}");
    for arguments in
        [&[][..], &["0"], &["-1"], &["one"], &["1", "--last"], &["1", "2"], &["99999999999999999999"]]
    {
        let ended = undo(&pair, arguments)?;
        ensure!(ended.code == Some(2) && ended.stderr.contains("error: "), "{arguments:?}: {ended:#?}");
    }
    // What was never in the log cannot be put back: of an updated row, and of a deleted one.
    pair.database.run("SELECT rsl.audit_on('erp.part', exclude => '{name}')")?;
    for mode in ["upsert", "replace"] {
        pair.database.run(
            "UPDATE erp.part SET name = 'of old', price = 9; DELETE FROM erp.part WHERE part_no = 'A'",
        )?;
        let arguments = ["PART", "--mode", mode];
        for arguments in [&[&arguments[..], &["--dry-run"]].concat()[..], &arguments] {
            let report = pair.exact(arguments)?;
            ensure!(table(&report)["undo"].is_null(), "{report:#}");
        }
        for more in ["--format=text", "--dry-run", "--leave-changed"] {
            let said = undo(&pair, &["--last", more])?.refusal()?;
            ensure!(
                said.contains("cannot be put back whole (Not in the log: name.)\nhint: Nothing was undone."),
                "{said}"
            );
            ensure!(!said.contains("--leave-changed"), "{said}");
        }
        let said = pair.refused(&["PART", "--mode", mode, "--undoable"])?;
        ensure!(said.contains("erp.part is audited without name") && said.contains("\nhint: "), "{said}");
    }
    // New rows are deleted as a whole.
    pair.database.run("UPDATE erp.part SET name = 'of old'; DELETE FROM erp.part WHERE part_no = 'A'")?;
    let before = pair.digest("erp.part")?;
    let report = pair.exact(&["PART", "--where", "PART_NO = 'A'", "--undoable"])?;
    ensure!(table(&report)["undo"] == "log", "{report:#}");
    ensure!(undo(&pair, &["--last"])?.code == Some(0) && pair.digest("erp.part")? == before);
    pair.database.run("SELECT rsl.audit_off('erp.part')")?;
    // A load that repeats another has changed nothing; the last is the other.
    pair.database.run("DELETE FROM erp.part; DELETE FROM rsl.load")?;
    pair.exact(&["PART"])?;
    pair.exact(&["PART"])?;
    let ended = undo(&pair, &["6", "--dry-run"])?;
    ensure!(ended.code == Some(0) && ended.stdout.contains("changed nothing"), "{ended:#?}");
    let ended = undo(&pair, &["--last"])?;
    ensure!(
        ended.code == Some(0) && ended.stdout.starts_with("load 5 into erp.part is undone: 3 rows deleted"),
        "{ended:#?}"
    );
    Ok(())
}

#[test]
fn a_role_without_rights() -> Result<()> {
    let pair = pair()?;
    pair.exact(&["PART", "--mode", "upsert", "--undoable"])?;
    let after = pair.digest("erp.part")?;
    pair.database.run(
        "CREATE ROLE undo_stranger LOGIN; CREATE ROLE undo_reader LOGIN; CREATE ROLE undo_loader LOGIN;
         SELECT rsl.grant_access('undo_reader', 'read'), rsl.grant_access('undo_loader', 'load');
         UPDATE rsl.load SET started_by = 'undo_loader';
         GRANT USAGE ON SCHEMA erp TO undo_loader; GRANT SELECT, INSERT, UPDATE, DELETE ON erp.part TO undo_loader",
    )?;
    for role in ["undo_reader", "undo_loader"] {
        for arguments in [&["1"][..], &["1", "--dry-run"]] {
            let said = undo_as(&pair, role, arguments)?.refusal()?;
            ensure!(
                said.contains("permission denied") && said.contains("hint: ") && said.contains("'audit'"),
                "{role}: {said}"
            );
        }
    }
    let said = undo_as(&pair, "undo_stranger", &["1"])?.refusal()?;
    ensure!(said.contains("permission denied for schema rsl"), "{said}");
    ensure!(pair.digest("erp.part")? == after);
    pair.database.run("SELECT rsl.grant_access('undo_loader', 'audit')")?;
    let ended = undo_as(&pair, "undo_loader", &["1"])?;
    ensure!(ended.code == Some(0), "{ended:#?}");
    Ok(())
}

#[test]
fn undoable_asks_for_a_key_before_anything_is_read() -> Result<()> {
    let pair = Pair::new(&format!(
        "{PART} CREATE TABLE LOG (N int, WHAT nvarchar(20)); INSERT INTO LOG VALUES (1, 'a')"
    ))?;
    pair.database.run(TARGET)?;
    pair.database
        .run("CREATE TABLE erp.log (n int, what text); INSERT INTO erp.log VALUES (7, 'was there')")?;
    for arguments in
        [&["--all", "--mode", "replace", "--undoable"][..], &["LOG", "PART", "--undoable", "--dry-run"]]
    {
        let said = pair.refused(arguments)?;
        ensure!(
            said.contains("erp.log cannot be audited: nothing tells its rows apart\nhint: ")
                && said.contains("--key"),
            "{said}"
        );
    }
    ensure!(
        pair.database.value("SELECT (SELECT count(*) FROM rsl.load) + (SELECT count(*) FROM rsl.run)")?
            == "0"
    );
    ensure!(
        pair.database.value("SELECT count(*) FROM rsl.tracked() WHERE target LIKE 'erp.%'")? == "0",
        "audited nevertheless"
    );

    // A dry run says what would be, and changes nothing.
    let ended = pair.ended(&["--all", "--dry-run"])?;
    ensure!(ended.code == Some(0) && ended.stdout.contains("rsl pull --undoable"), "{ended:#?}");
    let report = pair.exact(&["PART", "--dry-run", "--undoable"])?;
    ensure!(table(&report)["undo"] == "log", "{report:#}");
    ensure!(pair.database.value("SELECT count(*) FROM rsl.tracked() WHERE target LIKE 'erp.%'")? == "0");
    let report = pair.exact(&["PART", "--dry-run", "--into", "other"])?;
    ensure!(table(&report)["undo"] == "drop", "{report:#}");

    // The columns of a unique constraint do as well, if they are named.
    pair.database.run("ALTER TABLE erp.log ADD UNIQUE (n)")?;
    let before = pair.digest("erp.log")?;
    let ended = pair.ended(&["LOG", "--mode", "upsert", "--key", "n", "--undoable"])?;
    ensure!(ended.code == Some(0) && ended.stderr.contains("erp.log: audited from now on"), "{ended:#?}");
    ensure!(
        pair.database.value("SELECT settings ->> 'key' FROM rsl.tracked() WHERE target = 'erp.log'")?
            == "[\"n\"]"
    );
    ensure!(undo(&pair, &["--last"])?.code == Some(0) && pair.digest("erp.log")? == before);
    let ended = pair.ended(&["LOG", "--mode", "upsert", "--key", "n", "--undoable"])?;
    ensure!(ended.code == Some(0) && !ended.stderr.contains("audited from now on"), "{ended:#?}");
    Ok(())
}

#[test]
fn undoable_on_a_table_of_somebody_else() -> Result<()> {
    let pair = pair()?;
    pair.database.run(
        "CREATE ROLE undoable_loader LOGIN; SELECT rsl.grant_access('undoable_loader', 'load');
         GRANT USAGE ON SCHEMA erp TO undoable_loader; GRANT ALL ON erp.part TO undoable_loader",
    )?;
    let url = pair.database.url_as("undoable_loader");
    for level in ["load", "audit"] {
        pair.database.run(&format!("SELECT rsl.grant_access('undoable_loader', '{level}')"))?;
        let said =
            Ended::of(pair.pull(&["PART", "--mode", "upsert", "--undoable"])?.env("RSL_DATABASE_URL", &url))?
                .refusal()?;
        ensure!(said.starts_with("--undoable: ") && said.contains("\nhint: "), "{said}");
    }
    ensure!(
        pair.database.value("SELECT (SELECT count(*) FROM rsl.load) + (SELECT count(*) FROM rsl.run)")?
            == "0"
    );
    Ok(())
}

/// A log that is switched off behind the back of the audit knows nothing, and must not be taken for one that knows that nothing happened.
#[test]
fn disabled_triggers_are_enabled_again_or_there_is_no_undo() -> Result<()> {
    let pair = pair()?;
    pair.database
        .run("ALTER TABLE erp.part ADD note text; SELECT rsl.audit_on('erp.part', exclude => '{note}')")?;
    pair.database.run("ALTER TABLE erp.part DISABLE TRIGGER ALL")?;
    let report = pair.exact(&["PART", "--mode", "upsert"])?;
    ensure!(table(&report)["undo"].is_null(), "{report:#}");
    ensure!(undo(&pair, &["--last"])?.refusal()?.contains("cannot be undone"));
    pair.database.run("UPDATE erp.part SET price = price + 1")?;
    let report = pair.exact(&["PART", "--mode", "upsert", "--undoable"])?;
    ensure!(table(&report)["undo"] == "log", "{report:#}");
    let kept = pair
        .database
        .value("SELECT enabled, settings ->> 'exclude' FROM rsl.tracked() WHERE target = 'erp.part'")?;
    ensure!(kept == "t|[\"note\"]", "{kept}");
    // A partition has triggers of its own.
    pair.database.run(
        "CREATE SCHEMA split; CREATE TABLE split.part (part_no varchar(10) PRIMARY KEY, name text, price numeric) PARTITION BY LIST (part_no);
         CREATE TABLE split.a PARTITION OF split.part FOR VALUES IN ('A'); CREATE TABLE split.others PARTITION OF split.part DEFAULT;
         INSERT INTO split.part VALUES ('A', 'old', 1), ('X', 'x', 2); SELECT rsl.audit_on('split.part');
         ALTER TABLE split.others DISABLE TRIGGER ALL",
    )?;
    let (before, arguments) = (pair.digest("split.part")?, ["PART", "--into", "split", "--mode", "replace"]);
    let report = pair.exact(&[&arguments[..], &["--dry-run"]].concat())?;
    ensure!(table(&report)["undo"].is_null(), "{report:#}");
    let report = pair.exact(&[&arguments[..], &["--undoable"]].concat())?;
    ensure!(table(&report)["undo"] == "log", "{report:#}");
    ensure!(undo(&pair, &["--last"])?.code == Some(0) && pair.digest("split.part")? == before);
    pair.database.run("ALTER TABLE split.others DISABLE TRIGGER ALL")?;
    let report = pair.exact(&arguments)?;
    ensure!(table(&report)["undo"].is_null(), "{report:#}");
    Ok(())
}

#[tokio::test]
async fn a_resumed_pull_is_undoable_if_it_was() -> Result<()> {
    let pair = pair()?;
    let before = pair.digest("erp.part")?;
    let client = pair.database.connect().await?;
    client.batch_execute("BEGIN; LOCK TABLE rsl.load_chunk IN SHARE MODE").await?;
    let running = Running::start(&mut pair.pull(&["PART", "--mode", "replace", "--undoable"])?)?;
    pair.database.wait_for(
        "SELECT count(*) = 1 FROM pg_stat_activity WHERE datname = current_database()
            AND wait_event_type = 'Lock' AND query LIKE '%rsl.load_push%'",
    )?;
    running.signal("KILL")?;
    running.wait()?;
    client.batch_execute("COMMIT").await?;
    pair.database.wait_until_gone("rsl")?;
    pair.database.run("SELECT rsl.audit_off('erp.part')")?;
    let report = pair.exact(&["--resume"])?;
    ensure!(table(&report)["undo"] == "log", "{report:#}");
    ensure!(undo(&pair, &["--last"])?.code == Some(0) && pair.digest("erp.part")? == before);
    Ok(())
}

/// An audited table that a load of some thousand rows has changed, and its digests before and after.
fn changed() -> Result<(Pair, String, String)> {
    let pair = Pair::sample(Shape::Bench, 4_000)?;
    pair.exact(&["BENCH_ROW"])?;
    pair.database.run(
        "DELETE FROM erp.bench_row WHERE row_id % 3 = 0; UPDATE erp.bench_row SET qty = qty + 1 WHERE row_id % 2 = 0;
         INSERT INTO erp.bench_row SELECT (jsonb_populate_record(b, jsonb_build_object('row_id', -row_id))).* FROM erp.bench_row b LIMIT 500",
    )?;
    let before = pair.digest("erp.bench_row")?;
    pair.exact(&["BENCH_ROW", "--mode", "replace", "--undoable"])?;
    let after = pair.digest("erp.bench_row")?;
    Ok((pair, before, after))
}

#[test]
fn a_killed_undo_has_undone_all_or_nothing() -> Result<()> {
    let (pair, before, after) = changed()?;
    for delay in [0, 10, 30, 60, 100, 200, 400] {
        let load = pair.database.value("SELECT max(load_id) FROM rsl.load")?;
        let running = Running::start(pair.rsl(&["undo"])?.arg(&load))?;
        thread::sleep(Duration::from_millis(delay));
        running.signal("KILL")?;
        running.wait()?;
        pair.database.wait_until_gone("rsl")?;
        let (now, status) = (
            pair.digest("erp.bench_row")?,
            pair.database.value(&format!("SELECT status FROM rsl.load WHERE load_id = {load}"))?,
        );
        let whole = match status.as_str() {
            "exact" => now == after,
            "undone" => now == before,
            _ => false,
        };
        ensure!(whole, "after {delay} ms it is {status}, and the table is neither as before nor as after");
        if status == "exact" {
            let ended = undo(&pair, &[&load])?;
            ensure!(ended.code == Some(0), "after {delay} ms, once more: {ended:#?}");
        }
        ensure!(pair.digest("erp.bench_row")? == before, "after {delay} ms, once more");
        pair.exact(&["BENCH_ROW", "--mode", "replace"])?;
    }
    Ok(())
}

#[tokio::test]
async fn an_undo_killed_or_interrupted_while_it_waits() -> Result<()> {
    let (pair, before, after) = changed()?;
    let client = pair.database.connect().await?;
    for signal in ["INT", "TERM", "KILL"] {
        client.batch_execute("BEGIN; LOCK TABLE erp.bench_row IN ROW EXCLUSIVE MODE").await?;
        let running = Running::start(&mut pair.rsl(&["undo", "2"])?)?;
        pair.database.wait_for(
            "SELECT count(*) = 1 FROM pg_stat_activity WHERE datname = current_database()
                AND wait_event_type = 'Lock' AND query LIKE '%rsl.load_undo%'",
        )?;
        running.signal(signal)?;
        let ended = running.wait()?;
        if signal != "KILL" {
            ensure!(
                ended.code == Some(130) && ended.stderr == "rsl: interrupted\nhint: nothing has changed\n",
                "{ended:#?}"
            );
            pair.database.wait_until_gone("rsl")?;
        }
        client.batch_execute("COMMIT").await?;
        pair.database.wait_until_gone("rsl")?;
        let (now, status) = (
            pair.digest("erp.bench_row")?,
            pair.database.value("SELECT status FROM rsl.load WHERE load_id = 2")?,
        );
        match signal {
            // The server finds out that nobody waits any more when it is done.
            "KILL" => ensure!(
                (now == before) == (status == "undone") && (now == after) == (status == "exact"),
                "{status}"
            ),
            _ => ensure!(now == after && status == "exact", "{signal}: it is {status}"),
        }
    }
    Ok(())
}

/// Tables of all kinds, with foreign keys among each other: the loads are undone in reverse.
#[test]
fn a_whole_database_is_put_back() -> Result<()> {
    let pair = Pair::sample(Shape::Erp, 300)?;
    let tables = &["--all", "--exclude", "BI_*"];
    pair.exact(tables)?;
    let names = pair.database.rows("SELECT target FROM rsl.load ORDER BY load_id")?;
    let names: Vec<&str> = names.lines().collect();
    // A few rows less, and other values.
    pair.database.run(
        "DELETE FROM erp.p_work_result WHERE wo_no IN (SELECT wo_no FROM erp.p_work_order ORDER BY 1 LIMIT 5);
         DELETE FROM erp.p_work_order WHERE wo_no IN (SELECT wo_no FROM erp.p_work_order ORDER BY 1 LIMIT 5);
         UPDATE erp.b_item SET item_nm = NULL; UPDATE erp.b_partner SET credit_limit = credit_limit + 0.0001",
    )?;
    let digests = || names.iter().map(|name| pair.digest(name)).collect::<Result<Vec<_>>>();
    let before = digests()?;
    let report = pair.exact(&[tables, &["--mode", "upsert", "--undoable", "--jobs", "3"][..]].concat())?;
    ensure!(
        report["tables"].as_array().is_some_and(|tables| tables.iter().all(|t| t["undo"] == "log")),
        "{report:#}"
    );
    let after = digests()?;
    ensure!(before.iter().zip(&after).filter(|(before, after)| before != after).count() >= 4);
    for _ in &names {
        let ended = undo(&pair, &["--last"])?;
        ensure!(ended.code == Some(0), "{ended:#?}");
    }
    ensure!(digests()? == before, "something is not as it was");
    Ok(())
}
