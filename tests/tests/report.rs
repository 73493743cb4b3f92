//! `rsl report`: what it says, in which form, and what it never says.

#[path = "report/page.rs"]
mod page;

use anyhow::{Context, Result, ensure};
use rsl_tests::database::Database;
use rsl_tests::erp::{Erp, PASSWORD};
use rsl_tests::pair::Pair;
use rsl_tests::program::{self, Ended};
use serde_json::{Value, json};
use std::process::Stdio;
use std::time::Duration;
use std::{fs, thread};

const FORMS: [&str; 4] = ["text", "json", "markdown", "html"];

const PART: &str = "CREATE TABLE PART (PART_NO nvarchar(10) NOT NULL PRIMARY KEY, NAME nvarchar(20), PRICE decimal(10,2) NOT NULL);
    INSERT INTO PART VALUES ('A', '너트', 3.10), ('B', 'bolt', 4), ('C', NULL, -5);
    CREATE TABLE ITEM (ITEM_CD integer PRIMARY KEY, QTY decimal(18,4)); INSERT INTO ITEM VALUES (1, 1234567.5), (2, NULL);
    CREATE TABLE NOTHING_IN_IT (ID integer PRIMARY KEY, QTY decimal(18,4));";

fn report(pair: &Pair, arguments: &[&str]) -> Result<Ended> {
    Ended::of(pair.rsl(&["report"])?.args(arguments))
}

fn json_of(ended: &Ended) -> Result<Value> {
    serde_json::from_str(&ended.stdout).with_context(|| format!("this is no JSON: {ended:#?}"))
}

/// Every field of `part`, wherever it stands, is in `whole` and says the same.
fn agrees(whole: &Value, part: &Value, place: &str) -> Result<()> {
    match (whole, part) {
        (Value::Object(whole), Value::Object(part)) => {
            for (name, value) in part {
                let place = format!("{place}.{name}");
                agrees(whole.get(name).with_context(|| format!("{place} is missing"))?, value, &place)?;
            }
            Ok(())
        }
        (Value::Array(whole), Value::Array(part)) => {
            ensure!(whole.len() == part.len(), "{place}: {} entries, {} expected", whole.len(), part.len());
            whole
                .iter()
                .zip(part)
                .enumerate()
                .try_for_each(|(at, (whole, part))| agrees(whole, part, &format!("{place}[{at}]")))
        }
        _ => {
            ensure!(whole == part, "{place}: {whole} is not {part}");
            Ok(())
        }
    }
}

#[test]
fn an_exact_run_in_every_form() -> Result<()> {
    let pair = Pair::new(PART)?;
    let pulled = pair.exact(&["--all", "--jobs", "2"])?;
    let ended = report(&pair, &["--last", "--format", "json"])?;
    ensure!(ended.code == Some(0), "{ended:#?}");
    let full = json_of(&ended)?;
    agrees(&full, &pulled, "")?;
    ensure!(full["verdict"] == "exact" && full["exact"] == true && full["finished"] == true, "{full:#}");
    ensure!(full["summary"] == "exact: 5 rows of 3 tables", "{full:#}");
    let environment = &full["environment"];
    for (name, value) in [
        ("rsl", json!(env!("CARGO_PKG_VERSION"))),
        (
            "extension",
            json!(pair.database.value("SELECT extversion FROM pg_extension WHERE extname = 'rsl'")?),
        ),
        ("postgresql", json!(pair.database.value("SHOW server_version")?)),
        ("source_version", json!(format!("SQLite {}", rusqlite::version()))),
        ("host", json!(fs::read_to_string("/proc/sys/kernel/hostname")?.trim())),
        ("jobs", json!(2)),
    ] {
        ensure!(environment[name] == value, "{name}: {} is not {value}", environment[name]);
    }
    let tables = full["tables"].as_array().context("tables")?;
    let item = tables.iter().find(|table| table["object"] == "ITEM").context("ITEM")?;
    ensure!(item["rows"] == json!({"source": 2, "stream": 2, "target": 2, "after": 2}), "{item:#}");
    ensure!(item["digests"]["stream"] == item["digests"]["target"], "{item:#}");
    let quantity = &item["columns"][1];
    ensure!(quantity["name"] == "qty" && quantity["match"] == true, "{quantity:#}");
    for witness in ["stream", "target"] {
        ensure!(quantity[witness]["sum"] == "1234567.5" && quantity[witness]["nulls"] == 1, "{quantity:#}");
    }
    // The number that --run wants is listed.
    let loads = json_of(&Ended::of(&mut pair.rsl(&["loads", "--format", "json"])?)?)?;
    let runs: Vec<&Value> = loads.as_array().into_iter().flatten().map(|load| &load["run_id"]).collect();
    ensure!(runs == [1, 1, 1], "{loads:#}");
    // The same in the words of the other forms, and of one load alone.
    for form in ["text", "markdown", "html"] {
        let ended = report(&pair, &["--run", "1", "--format", form])?;
        ensure!(ended.code == Some(0) && ended.stderr.is_empty(), "{form}: {ended:#?}");
        for said in [
            "5 rows of 3 tables",
            "PART",
            "erp.part",
            "SQLite 3.",
            "extension rsl ",
            "2 readers",
            "role postgres",
        ] {
            ensure!(ended.stdout.contains(said), "{form} does not say \"{said}\": {}", ended.stdout);
        }
    }
    let load = item["load_id"].to_string();
    let alone = json_of(&report(&pair, &[&load, "--format", "json"])?)?;
    ensure!(alone["tables"].as_array().map(Vec::len) == Some(1) && alone["verdict"] == "exact", "{alone:#}");
    agrees(&alone["tables"][0], item, "tables[0]")?;
    ensure!(
        alone["run_id"] == 1 && alone["whole_run"] == false && alone["summary"] == "exact: 2 rows of 1 table"
    );
    Ok(())
}

#[test]
fn a_pull_from_sql_server_and_its_report_agree() -> Result<()> {
    let erp = Erp::new(
        "CREATE TABLE dbo.HEAD (ID int NOT NULL PRIMARY KEY, NAME nvarchar(20) NULL, AMOUNT decimal(38,10) NULL, AT datetime2(3) NULL);
         CREATE TABLE dbo.LINE (ID int NOT NULL PRIMARY KEY, HEAD_ID int NULL, XML_OF xml NULL, CONSTRAINT CK_LINE CHECK (CHARINDEX('x', CAST(ID AS varchar(9))) = 0));
         INSERT INTO dbo.HEAD VALUES (1, N'머리', 12345678901234567890.0123456789, '2026-01-02T03:04:05.678'), (2, NULL, NULL, NULL);
         INSERT INTO dbo.LINE VALUES (1, 1, '<a/>'), (2, 2, NULL);",
    )?;
    let pulled = erp.exact(&["--all"])?;
    let ended = Ended::of(erp.rsl(&["report", "--last", "--format", "json"])?.env_remove("RSL_SOURCE_URL"))?;
    ensure!(ended.code == Some(0), "{ended:#?}");
    let full = json_of(&ended)?;
    agrees(&full, &pulled, "")?;
    let version = full["environment"]["source_version"].as_str().context("no version of the source")?;
    ensure!(version.starts_with("SQL Server ") && version.contains("Edition"), "{version}");
    if !pulled["not_carried_over"].is_null() {
        ensure!(report_of(&erp, "text")?.contains("not carried over:"));
    }
    erp.assert_only_read()
}

fn report_of(erp: &Erp, form: &str) -> Result<String> {
    Ok(Ended::of(&mut erp.rsl(&["report", "--last", "--format", form])?)?.stdout)
}

#[test]
fn what_could_not_be_carried_over_is_in_the_books() -> Result<()> {
    let pair = Pair::new(PART)?;
    let left_out = json!([{"table": "PART", "what": "index <IX>", "reason": "no such thing"}, {"table": "ITEM", "what": "check | CK", "reason": "an orphan"}]);
    pair.exact(&["PART", "ITEM"])?;
    // SQLite has nothing that could be left out.
    pair.database
        .run(&format!("UPDATE rsl.run SET report = report || '{}'", json!({"not_carried_over": left_out})))?;
    ensure!(json_of(&report(&pair, &["--last", "--format", "json"])?)?["not_carried_over"] == left_out);
    for form in ["text", "markdown", "html"] {
        let said = report(&pair, &["--last", "--format", form])?.stdout;
        ensure!(said.contains("an orphan") && said.contains("no such thing"), "{said}");
    }
    // Of a load alone, what is its table's.
    let part = pair.database.value("SELECT load_id FROM rsl.load WHERE object = 'PART'")?;
    let alone = json_of(&report(&pair, &[&part, "--format", "json"])?)?;
    ensure!(alone["not_carried_over"] == json!([left_out[0]]), "{alone:#}");
    Ok(())
}

/// A target that refuses the rows, so that the load fails when it is merged.
fn refused() -> Result<Pair> {
    let pair = Pair::new(PART)?;
    pair.database.run(
        "CREATE SCHEMA erp; CREATE TABLE erp.part (part_no varchar(10) PRIMARY KEY, name varchar(20), price numeric(10,2) CONSTRAINT price_check CHECK (price > 0))",
    )?;
    Ok(pair)
}

#[test]
fn a_failed_load_and_why() -> Result<()> {
    let pair = refused()?;
    let ended = Ended::of(pair.pull(&["ITEM", "PART"])?.args(["--format", "json"]))?;
    ensure!(ended.code == Some(1), "{ended:#?}");
    let pulled = json_of(&ended)?;
    let ended = report(&pair, &["--last", "--format", "json"])?;
    ensure!(ended.code == Some(1), "{ended:#?}");
    let full = json_of(&ended)?;
    agrees(&full, &pulled, "")?;
    ensure!(
        full["verdict"] == "not_exact" && full["summary"] == "NOT exact: 1 of 2 tables failed",
        "{full:#}"
    );
    let tables = full["tables"].as_array().context("tables")?;
    let part = tables.iter().find(|table| table["object"] == "PART").context("PART")?;
    ensure!(part["status"] == "failed" && part["sqlstate"] == "23514", "{part:#}");
    for form in FORMS {
        let ended = report(&pair, &["--last", "--format", form])?;
        ensure!(ended.code == Some(1), "{form}: {ended:#?}");
        let said = ended.stdout.replace('\\', "");
        ensure!(said.contains("price_check"), "{form} does not say why: {said}");
        ensure!(!said.contains("bolt") && !said.contains("너트"), "{form} shows a value: {said}");
    }
    // The other table of the run is exact, and its own report says so.
    let item = pair.database.value("SELECT load_id FROM rsl.load WHERE object = 'ITEM'")?;
    ensure!(report(&pair, &[&item])?.code == Some(0));
    Ok(())
}

#[test]
fn a_run_that_broke_off_and_went_on() -> Result<()> {
    let pair = Pair::new(PART)?;
    pair.database
        .run(
            "CREATE SCHEMA erp; CREATE TABLE erp.item (item_cd int PRIMARY KEY, qty numeric(18,4));
             CREATE FUNCTION no_more() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'the disk does not answer' USING ERRCODE = '58030'; END $$;
             CREATE TRIGGER no_more BEFORE INSERT ON erp.item EXECUTE FUNCTION no_more()",
        )?;
    // In the order of the names: NOTHING_IN_IT and PART come after ITEM.
    ensure!(pair.ended(&["--all"])?.code == Some(2));
    let ended = report(&pair, &["--last", "--format", "json"])?;
    let full = json_of(&ended)?;
    ensure!(ended.code == Some(1) && full["finished"] == false && full["verdict"] == "not_exact", "{full:#}");
    ensure!(full["not_begun"] == json!(["NOTHING_IN_IT", "PART"]), "{full:#}");
    let said = report(&pair, &["--last"])?.stdout;
    ensure!(said.starts_with("NOT exact: 1 of 3 tables given up, 2 tables never begun\n"), "{said}");
    ensure!(!said.contains("GIVEN UP: ITEM"), "it says the place twice: {said}");
    ensure!(
        said.contains("broke off")
            && said.contains("PART: never begun")
            && said.contains("the disk does not answer"),
        "{said}"
    );

    pair.database.run("DROP TRIGGER no_more ON erp.item")?;
    let ended = Ended::of(pair.rsl(&["pull", "--resume", "--format", "json"])?.env("RSL_LOG", "error"))?;
    ensure!(ended.code == Some(0), "{ended:#?}");
    let full = json_of(&report(&pair, &["--last", "--format", "json"])?)?;
    ensure!(full["run_id"] == 1 && full["verdict"] == "exact" && full["finished"] == true, "{full:#}");
    ensure!(full["not_begun"] == json!([]) && full["summary"] == "exact: 5 rows of 3 tables", "{full:#}");
    ensure!(full["earlier"][0]["object"] == "ITEM" && full["earlier"][0]["status"] == "aborted", "{full:#}");
    ensure!(full["earlier"].as_array().map(Vec::len) == Some(1), "{full:#}");
    // Of a load that was gone on with, the process that ended it has not seen the beginning.
    let seconds = pair.database.value(
        "SELECT round(extract(epoch FROM finished_at - started_at), 3)::float8 FROM rsl.load WHERE object = 'ITEM' AND status = 'exact'",
    )?;
    let item = full["tables"].as_array().into_iter().flatten().find(|table| table["object"] == "ITEM");
    ensure!(
        item.is_some_and(|item| item["seconds"] == json!(seconds.parse::<f64>().unwrap_or(-1.0))),
        "{full:#}"
    );
    // It began when its first process began.
    let begun = pair.database.value(
        "SELECT to_char(started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"') FROM rsl.run",
    )?;
    ensure!(full["started_at"] == begun, "{} is not {begun}", full["started_at"]);
    Ok(())
}

#[test]
fn a_run_that_is_still_running_is_not_exact() -> Result<()> {
    let pair = Pair::new(PART)?;
    let mut psql = pair.database.psql()?;
    let mut psql = psql
        .args([
            "--quiet",
            "--command",
            "SELECT rsl.run_begin('sqlite:///x.db', '{}')",
            "--command",
            "SELECT pg_sleep(600)",
        ])
        .stdout(Stdio::null())
        .spawn()?;
    let outcome =
        pair.database.wait_for("SELECT count(*) = 1 FROM rsl.run").and_then(|()| report(&pair, &["--last"]));
    psql.kill()?;
    psql.wait()?;
    let ended = outcome?;
    ensure!(
        ended.code == Some(1) && ended.stdout.starts_with("NOT exact: no table was loaded, still running"),
        "{ended:#?}"
    );
    Ok(())
}

#[test]
fn what_was_undone_is_not_exact_any_more() -> Result<()> {
    let pair = Pair::new(PART)?;
    pair.exact(&["PART"])?;
    ensure!(Ended::of(&mut pair.rsl(&["undo", "--last"])?)?.code == Some(0));
    let ended = report(&pair, &["--last"])?;
    ensure!(
        ended.code == Some(1) && ended.stdout.starts_with("NOT exact: 1 of 1 table undone since\n"),
        "{ended:#?}"
    );
    // In UTC like every other time, whatever the server's zone is.
    pair.database.run(
        "ALTER ROLE postgres IN DATABASE CURRENT_DB SET timezone = 'Asia/Seoul'"
            .replace("CURRENT_DB", pair.database.name())
            .as_str(),
    )?;
    let at = "to_char((report #>> '{undone,at}')::timestamptz AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS')";
    let at = pair.database.value(&format!("SELECT {at} FROM rsl.load"))?;
    let ended = report(&pair, &["--last"])?;
    ensure!(ended.stdout.contains(&format!("UNDONE: undone at {at} UTC by postgres")), "{at}: {ended:#?}");
    let full = json_of(&report(&pair, &["--last", "--format", "json"])?)?;
    let undone = full["tables"][0]["undone"]["at"].as_str().unwrap_or_default();
    ensure!(undone.starts_with(&at.replace(' ', "T")) && undone.ends_with('Z'), "{full:#}");
    Ok(())
}

#[test]
fn no_such_load_and_no_such_run() -> Result<()> {
    let pair = Pair::new(PART)?;
    for (arguments, said) in [
        (&["--last"][..], "there is no run yet\nhint: rsl pull begins one"),
        (&["17"], "there is no load 17\nhint: rsl loads lists the loads"),
        (&["--run", "3"], "there is no run 3\nhint: rsl loads lists"),
    ] {
        let message = report(&pair, arguments)?.refusal()?;
        ensure!(message.starts_with(said), "{arguments:?}: {message}");
    }
    for wrong in
        [&[][..], &["1", "--last"], &["--run", "1", "--last"], &["0"], &["--last", "--format", "pdf"]]
    {
        let ended = report(&pair, wrong)?;
        ensure!(ended.code == Some(2) && ended.stdout.is_empty(), "{wrong:?}: {ended:#?}");
    }
    let help = report(&pair, &["--help"])?.stdout;
    ensure!(
        help.contains("rsl report --last --output report.html") && help.contains("Exit codes: 0"),
        "{help}"
    );
    // A role that may not look is told what it needs.
    pair.exact(&["PART"])?;
    pair.database.run("CREATE ROLE report_stranger LOGIN; CREATE ROLE report_reader LOGIN; SELECT rsl.grant_access('report_reader', 'read')")?;
    let as_role = |role: &str| {
        Ended::of(pair.rsl(&["report", "--last"])?.env("RSL_DATABASE_URL", pair.database.url_as(role)))
    };
    let message = as_role("report_stranger")?.refusal()?;
    ensure!(
        message.contains("permission denied") && message.contains("rsl.grant_access(your role, 'read')"),
        "{message}"
    );
    let ended = as_role("report_reader")?;
    ensure!(ended.code == Some(0) && ended.stdout.starts_with("exact: 3 rows of 1 table\n"), "{ended:#?}");
    pair.database.run("DROP OWNED BY report_reader; DROP ROLE report_reader, report_stranger")
}

#[test]
fn the_form_follows_the_name_of_the_file() -> Result<()> {
    let pair = Pair::new(PART)?;
    pair.exact(&["PART"])?;
    for (name, begins) in [
        ("r.html", "<!DOCTYPE html>"),
        ("r.md", "# Load report: Exact"),
        ("r.json", "{\n"),
        ("r", "exact: 3 rows"),
    ] {
        let path = pair.folder().join(name);
        let ended = report(&pair, &["--last", "--output", name])?;
        ensure!(ended.code == Some(0) && ended.stdout.is_empty(), "{ended:#?}");
        ensure!(ended.stderr == format!("{name}: exact: 3 rows of 1 table\n"), "{ended:#?}");
        let written = fs::read_to_string(path)?;
        ensure!(written.starts_with(begins) && written.ends_with('\n'), "{name}: {written}");
    }
    ensure!(report(&pair, &["--last", "--output", "r.html", "--format", "json"])?.code == Some(0));
    ensure!(fs::read_to_string(pair.folder().join("r.html"))?.starts_with('{'));
    let message = report(&pair, &["--last", "--output", "no/such/folder.html"])?.refusal()?;
    ensure!(message.contains("cannot write the report to no/such/folder.html"), "{message}");
    Ok(())
}

#[test]
fn a_report_that_cannot_be_written_is_a_failure_and_hides_no_other() -> Result<()> {
    let pair = Pair::new(PART)?;
    // It is known before anything is loaded.
    let message = pair.ended(&["PART", "--output", "no/such/folder.json"])?.refusal()?;
    ensure!(message.contains("cannot write the report to no/such/folder.json"), "{message}");
    ensure!(pair.database.value("SELECT count(*) FROM rsl.run")? == "0", "a run began");
    // A disk that is full by then: what was loaded is said, and that the file is not written.
    let ended = pair.ended(&["PART", "--output", "/dev/full"])?;
    ensure!(
        ended.code == Some(2)
            && ended.stdout.contains("exact: 3 rows of 1 table")
            && ended.stderr.contains("cannot write the report to /dev/full")
            && ended.stderr.contains("the rows are loaded all the same"),
        "{ended:#?}"
    );
    let ended = Ended::of(&mut pair.rsl(&["verify", "--source", "-", "--output", "/dev/full"])?)?;
    ensure!(
        ended.code == Some(2)
            && ended.stdout.contains("1 of 1 table agree")
            && ended.stderr.contains("cannot write the report to /dev/full"),
        "{ended:#?}"
    );
    // The cause of a load that fails stays the first word.
    pair.database.run(
        "CREATE FUNCTION no_more() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'the disk does not answer' USING ERRCODE = '58030'; END $$;
         CREATE TRIGGER no_more BEFORE INSERT ON erp.part EXECUTE FUNCTION no_more()",
    )?;
    let ended = pair.ended(&["PART", "--again", "--output", "/dev/full"])?;
    let message = ended.stderr.lines().find(|line| line.starts_with("rsl: ")).unwrap_or_default();
    ensure!(
        ended.code == Some(2)
            && message.contains("the disk does not answer")
            && ended.stderr.contains("hint: cannot write the report to /dev/full"),
        "{ended:#?}"
    );
    // Standard output, of every command that has some.
    for arguments in [
        &["report", "1"][..],
        &["report", "1", "--format", "html"],
        &["loads"],
        &["verify", "sequences"],
        &["verify", "--source", "-", "--quick"],
        &["rejects", "1"],
        &["pull", "ITEM", "--mode", "replace"],
        &["check", "ITEM"],
        &["audit", "status"],
    ] {
        let full = fs::OpenOptions::new().write(true).open("/dev/full")?;
        let ended = Ended::from_output(pair.rsl(arguments)?.stdout(full).stderr(Stdio::piped()).output()?)?;
        ensure!(
            ended.code == Some(2)
                && ended.stderr.contains("rsl: cannot write to standard output: No space left on device"),
            "{arguments:?}: {ended:#?}"
        );
    }
    // Whoever closes the pipe has read enough.
    let mut running = pair
        .rsl(&["report", "1", "--format", "html"])?
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    drop(running.stdout.take());
    let ended = running.wait_with_output()?;
    ensure!(ended.stderr.is_empty() && ended.status.code().is_none(), "{ended:?}");
    Ok(())
}

#[test]
fn nothing_in_a_name_or_a_message_acts_on_the_terminal() -> Result<()> {
    let odd = "A\u{1b}[2J\u{7}\u{202e}B\nexact: 9 rows";
    let pair = Pair::new(&format!(
        "CREATE TABLE \"{odd}\" (ID integer PRIMARY KEY, \"Q{odd}\" integer); INSERT INTO \"{odd}\" VALUES (1, 1), (2, -1)"
    ))?;
    let target = format!("erp.\"{odd}\"");
    pair.database.run(&format!(
        "CREATE SCHEMA erp; CREATE TABLE {target} (id int PRIMARY KEY, \"Q{odd}\" int CONSTRAINT \"C{odd}\" CHECK (\"Q{odd}\" > 0))"
    ))?;
    let quiet = |ended: &Ended| -> Result<()> {
        for said in [&ended.stdout, &ended.stderr] {
            ensure!(said.chars().all(|c| c == '\n' || !(c.is_control() || c == '\u{202e}')), "{said:?}");
            ensure!(said.lines().all(|line| !line.starts_with("exact: 9 rows")), "{said:?}");
        }
        Ok(())
    };
    for arguments in [
        &["pull", "--all", "--names", "keep"][..],
        &["pull", "--all", "--names", "keep", "--max-rejects", "1"],
        &["pull", "--all", "--where", "ID < \u{1b}[2J"],
        &["pull", "--all", "--dry-run"],
        &["pull", &format!("no{odd}")],
        &["report", "--last"],
        &["report", "--last", "--format", "markdown"],
        &["loads"],
        &["rejects", "--last"],
        &["verify"],
        &["verify", "--source", "-"],
        &["check"],
        &["undo", "--last", "--dry-run"],
        &["audit", "on", &target],
        &["audit", "status"],
        &["audit", "off", &target],
        &["history", &target, "1"],
    ] {
        let ended = Ended::of(&mut pair.rsl(arguments)?)?;
        quiet(&ended).with_context(|| format!("{arguments:?}"))?;
        ensure!(ended.code.is_some_and(|code| code < 3), "{arguments:?}: {ended:#?}");
    }
    Ok(())
}

#[test]
fn loads_that_no_run_made() -> Result<()> {
    let pair = Pair::new(PART)?;
    pair.database.run(
        "CREATE SCHEMA erp; CREATE TABLE erp.item (item_cd int PRIMARY KEY, qty numeric);
         SELECT rsl.load_begin('erp.item') AS load \\gset
         SELECT rsl.load_finish(:load, rsl.table_witness('erp.item')) \\g /dev/null
         SELECT rsl.load_begin('erp.item') AS load \\gset",
    )?;
    let full = json_of(&report(&pair, &["1", "--format", "json"])?)?;
    ensure!(
        full["verdict"] == "exact" && full["source"] == "not told" && full["run_id"].is_null(),
        "{full:#}"
    );
    ensure!(
        full["tables"][0]["rows"] == json!({"source": null, "stream": 0, "target": 0, "after": 0}),
        "{full:#}"
    );
    // A load whose session is gone is told from one that goes on.
    let loads = |arguments: &[&str]| Ended::of(pair.rsl(&["loads"])?.args(arguments));
    ensure!(loads(&[])?.stdout.contains(" broke off "), "{:#?}", loads(&[])?);
    let mut psql = pair.database.psql()?;
    let mut psql = psql
        .args([
            "--quiet",
            "--command",
            "SELECT rsl.load_begin('erp.item')",
            "--command",
            "SELECT pg_sleep(600)",
        ])
        .stdout(Stdio::null())
        .spawn()?;
    let listed = pair
        .database
        .wait_for("SELECT count(*) = 3 FROM rsl.load")
        .and_then(|()| Ok((loads(&["--limit", "1"])?, json_of(&loads(&["--format", "json"])?)?)));
    psql.kill()?;
    psql.wait()?;
    let (shown, list) = listed?;
    ensure!(shown.stdout.contains(" loading "), "{shown:#?}");
    let running: Vec<&Value> = list.as_array().into_iter().flatten().map(|load| &load["running"]).collect();
    ensure!(running == [true, false, false] && list[0]["run_id"].is_null(), "{list:#}");
    for form in FORMS {
        let ended = report(&pair, &["2", "--format", form])?;
        ensure!(
            ended.code == Some(1) && ended.stdout.contains("its session ended before it was finished"),
            "{form}: {ended:#?}"
        );
    }
    let message = report(&pair, &["--last"])?.refusal()?;
    ensure!(message.contains("a load that was not made by rsl pull is named by its number"), "{message}");
    Ok(())
}

/// What other parts of the books may come to hold: the source's account, lossy values, rejected rows.
fn with_more_in_the_books(database: &Database) -> Result<()> {
    database.run(
        "INSERT INTO rsl.reject (load_id, origin, object, target, key, \"row\", column_name, sqlstate, message)
         SELECT l.load_id, 'target', l.object, l.target, jsonb_build_object('part_no', '<b>' || i), '{\"price\": \"top secret\"}', 'price', '23514', 'violates \"price_check\"'
         FROM rsl.load l, generate_series(1, 12) i WHERE l.object = 'PART';
         UPDATE rsl.load SET report = report || '{\"rejected\": 12, \"losses\": [\"PART, row A, column AT: 100 ns became 1 µs\"], \"source\": {\"rows\": 3,
            \"columns\": {\"price\": {\"nulls\": 0, \"sum\": \"2.10\", \"min\": -5, \"max\": \"4.00\"}, \"name\": {\"nulls\": 1, \"length\": 6}, \"part_no\": 7}}}'
         WHERE object = 'PART'",
    )
}

#[test]
fn rejects_losses_and_the_sources_account_are_shown_when_they_are_there() -> Result<()> {
    let pair = Pair::new(PART)?;
    pair.exact(&["PART", "ITEM"])?;
    with_more_in_the_books(&pair.database)?;
    let ended = report(&pair, &["--last", "--format", "json"])?;
    let full = json_of(&ended)?;
    ensure!(ended.code == Some(1) && full["verdict"] == "exact_but", "{full:#}");
    ensure!(
        full["summary"] == "exact but for 12 rejected rows and 1 lossy value: 5 rows of 2 tables",
        "{full:#}"
    );
    let part = &full["tables"]
        .as_array()
        .context("tables")?
        .iter()
        .find(|table| table["object"] == "PART")
        .context("PART")?;
    ensure!(part["rejected"] == 12 && part["rejects"].as_array().map(Vec::len) == Some(10), "{part:#}");
    ensure!(
        part["rejects"][0]
            == json!({"key": "{\"part_no\": \"<b>1\"}", "column": "price", "sqlstate": "23514", "message": "violates \"price_check\"", "settled": null}),
        "{part:#}"
    );
    let price = part["columns"]
        .as_array()
        .context("columns")?
        .iter()
        .find(|column| column["name"] == "price")
        .context("price")?;
    ensure!(
        price["match"] == true && price["source"]["min"] == "-5" && price["source"]["sum"] == "2.10",
        "{price:#}"
    );
    for form in FORMS {
        let said = report(&pair, &["--last", "--format", form])?.stdout;
        ensure!(said.contains("100 ns became 1 µs") && said.contains("23514"), "{form}: {said}");
        ensure!(!said.contains("top secret"), "{form} shows a value of a rejected row: {said}");
    }
    // What became of a reject is shown, and when none is open there is nothing to do.
    pair.database
        .run("SELECT rsl.load_rejects_accept(load_id, 'not | ours') FROM rsl.load WHERE object = 'PART'")?;
    for (form, because) in
        [("text", "not | ours"), ("json", "not | ours"), ("markdown", "not \\| ours"), ("html", "not | ours")]
    {
        let said = report(&pair, &["--last", "--format", form])?.stdout;
        ensure!(said.contains(&format!("accepted by postgres: {because}")), "{form}: {said}");
        ensure!(!said.contains("--retry-rejects"), "{form}: {said}");
    }
    // A witness that says something else is named.
    pair.database.run("UPDATE rsl.load SET report = jsonb_set(report, '{source,columns,price,sum}', '\"2.11\"') WHERE object = 'PART'")?;
    let said = report(&pair, &["--last"])?.stdout;
    ensure!(said.contains("column price: values differ: sum source 2.11, stream 2.1, target 2.1"), "{said}");
    Ok(())
}

#[test]
fn a_part_of_a_table_is_signed_as_a_part() -> Result<()> {
    let pair = Pair::new(
        "CREATE TABLE T (ID integer PRIMARY KEY, Q integer); INSERT INTO T VALUES (1, 1), (2, 70000), (3, -3), (4, 4), (5, 5), (9, 9)",
    )?;
    pair.database.run(
        "CREATE SCHEMA erp; CREATE TABLE erp.t (id int PRIMARY KEY, q smallint CONSTRAINT q_check CHECK (q > 0))",
    )?;
    // One value cannot be represented, so that the stream is without its row; the target refuses another row.
    let pulled =
        pair.ended(&["T", "--where", "ID < 6", "--max-rejects", "2", "--again", "--no-source-account"])?;
    ensure!(pulled.code == Some(1), "{pulled:#?}");
    let full = json_of(&report(&pair, &["--last", "--format", "json"])?)?;
    let summary = "exact but for 2 rejected rows: 3 rows of 1 table, of those where ID < 6";
    ensure!(full["verdict"] == "exact_but" && full["summary"] == summary, "{full:#}");
    ensure!(
        full["options"]
            == json!({"filter": "ID < 6", "max_rejects": 2, "again": true, "no_source_account": true}),
        "{full:#}"
    );
    let table = &full["tables"][0];
    ensure!(
        table["rows"] == json!({"source": 5, "stream": 4, "merged": 3, "target": 3, "after": 3}),
        "{table:#}"
    );
    let q = &table["columns"][1];
    ensure!(
        q["match"] == true
            && [&q["stream"]["sum"], &q["merged"]["sum"], &q["target"]["sum"]]
                == [&json!("7"), &json!("10"), &json!("10")],
        "{q:#}"
    );
    for form in ["text", "markdown", "html"] {
        let said =
            report(&pair, &["--last", "--format", form])?.stdout.replace("&#60;", "<").replace("&lt;", "<");
        for words in [
            "exact but for 2 rejected rows: 3 rows of 1 table, of those where ID < 6",
            "Only rows where",
            "at most 2 rows of a table may be left out",
            "own account was not asked",
            "were appended again",
            "to be loaded",
        ] {
            ensure!(said.contains(words), "{form} does not say \"{words}\": {said}");
        }
        ensure!(!said.contains("≠") && !said.contains("DIFFER"), "{form}: {said}");
    }
    // Above the signatures, too; and what is proven is not shown as wrong.
    let page = report(&pair, &["--last", "--format", "html"])?.stdout;
    let (_, signed) = page.split_once("id=\"sign-off\"").context("no sign-off")?;
    ensure!(signed.contains("Only rows where: <bdi>ID &#60; 6</bdi>"), "{signed}");
    ensure!(!page.contains("class=\"mark bad\"") && page.contains("class=\"mark but\""), "{page}");
    let markdown = report(&pair, &["--last", "--format", "markdown"])?.stdout;
    let (_, signed) = markdown.split_once("## Sign-off").context("no sign-off")?;
    ensure!(signed.contains("* Only rows where: ID &lt; 6"), "{markdown}");
    ensure!(markdown.contains("exact, but: 2 rows were rejected\n  * "), "{markdown}");
    // Those that were mended, and no others.
    pair.edit("UPDATE T SET Q = abs(Q) % 99")?;
    ensure!(Ended::of(&mut pair.pull(&["--retry-rejects", "1"])?)?.code == Some(0));
    let ended = report(&pair, &["--last"])?;
    let summary = "exact: 2 rows of 1 table, of the rejects of load 1, of those where ID < 6\n";
    ensure!(ended.code == Some(0) && ended.stdout.starts_with(summary), "{ended:#?}");
    ensure!(ended.stdout.contains("Retry           only the rejected rows of load 1\n"), "{ended:#?}");
    Ok(())
}

/// With every character that URLs stumble over.
const SECRET: &str = "Zq!v@x#k%w7";

#[test]
fn no_password_is_anywhere() -> Result<()> {
    let erp = Erp::new("CREATE TABLE dbo.T (ID int NOT NULL PRIMARY KEY); INSERT INTO dbo.T VALUES (1);")?;
    let database_url =
        erp.database.url().replace("postgres@", &format!("postgres:{}@", SECRET.replace('%', "%25")));
    let source_url = erp
        .source_url("trust_cert=true")
        .replace("FKSM_BI@", &format!("FKSM_BI:{}@", PASSWORD.replace('%', "%25")));
    ensure!(database_url.contains('!') && source_url.contains("p@ss"), "the URLs have no passwords");
    // A load that fails, too: messages are where passwords like to hide.
    erp.database.run("CREATE SCHEMA bad; CREATE TABLE bad.t (id int CHECK (id > 1))")?;
    let rsl = |arguments: &[&str]| -> Result<std::process::Command> {
        let mut command = erp.rsl(arguments)?;
        command
            .env("RSL_DATABASE_URL", &database_url)
            .env("RSL_SOURCE_URL", &source_url)
            .env_remove("MSSQL_PASSWORD");
        Ok(command)
    };
    let mut said = Vec::new();
    for (arguments, code) in
        [(&["pull", "T", "--output", "pulled.json"][..], 0), (&["pull", "T", "--into", "bad"], 1)]
    {
        let mut running = rsl(arguments)?.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        let mut looks = 0;
        while running.try_wait()?.is_none() {
            looks += 1;
            let shown = all_command_lines();
            ensure!(
                !shown.contains(SECRET) && !shown.contains("Zq!v"),
                "a command line shows the password: {shown}"
            );
            let own = fs::read_to_string(format!("/proc/{}/cmdline", running.id())).unwrap_or_default();
            ensure!(!own.contains("p@ss"), "the command line shows the password: {own}");
            thread::sleep(Duration::from_millis(5));
        }
        let ended = Ended::from_output(running.wait_with_output()?)?;
        ensure!(ended.code == Some(code) && looks > 3, "{ended:#?}");
        said.push(format!("{ended:?}"));
    }
    said.push(fs::read_to_string(erp.folder().join("pulled.json"))?);
    for run in ["1", "2"] {
        for form in FORMS {
            let ended = Ended::of(&mut rsl(&["report", "--run", run, "--format", form])?)?;
            ensure!(ended.code == Some(i32::from(run == "2")), "{ended:#?}");
            said.push(ended.stdout);
        }
    }
    said.push(erp.database.rows("SELECT to_jsonb(r) FROM rsl.run r; SELECT to_jsonb(l) FROM rsl.load l; SELECT to_jsonb(c) FROM rsl.load_chunk c;
        SELECT to_jsonb(p) FROM rsl.load_part p")?);
    let encoded = [SECRET, PASSWORD].map(|secret| secret.replace('%', "%25"));
    let pieces = [
        SECRET,
        PASSWORD,
        &encoded[0],
        &encoded[1],
        "Zq!v",
        "k%w7",
        "p@ss",
        "w/rd",
        "#%!",
        "p%40ss",
        "&#64;ss",
    ];
    for said in said {
        for piece in pieces {
            ensure!(!said.contains(piece), "\"{piece}\" of a password is shown: {said}");
        }
    }
    Ok(())
}

/// What `ps` shows of every process of the machine.
fn all_command_lines() -> String {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    // A process may have ended since.
    processes
        .filter_map(|process| fs::read(process.path().join("cmdline")).ok())
        .map(|line| String::from_utf8_lossy(&line).into_owned() + "\n")
        .collect()
}

#[test]
fn the_program_is_the_one_that_was_built() -> Result<()> {
    // The reports of a stale program would prove nothing of this tree.
    let help = Ended::of(program::rsl(&std::env::temp_dir())?.arg("--help"))?;
    ensure!(help.stdout.contains("\n  report "), "{help:#?}");
    Ok(())
}
