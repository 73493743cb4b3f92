//! What a SQL Server and the way to it can do wrong, at every moment of a load: what arrives is the same as without, or nothing.
//! A real server does nothing wrong when told to: there these tests have nothing to try.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use rsl_tests::erp::{Erp, PASSWORD};
use rsl_tests::program::{Ended, Running};
use tds_server::Options;
use tds_server::answer::{SqlMessage, SqlValue};
use tds_server::faults::{Action, Fault, Phase};

const ROWS: i64 = 30_000;
/// What only the statement that reads rows contains.
const READING: &str = "ORDER BY t.[ID]";
/// So that silence is noticed soon.
const PATIENCE: &str = "trust_cert=true&login_timeout=1&idle_timeout=1";

fn erp() -> Result<Erp> {
    let erp = Erp::new(
        "CREATE TABLE T (ID int NOT NULL PRIMARY KEY, NAME nvarchar(100) NOT NULL, QTY decimal(18,4) NOT NULL);
         CREATE VIEW V AS SELECT ID, NAME FROM T;",
    )?;
    let name =
        |id: i64| format!("row {id} {}", "가나다라마바사".repeat((id % 7) as usize)).encode_utf16().collect();
    let row = |id: i64| {
        vec![SqlValue::Int(id), SqlValue::Wide(name(id)), SqlValue::Decimal(i128::from(id) * 10_001)]
    };
    erp.engine.insert("dbo.T", (1..=ROWS).map(row))?;
    Ok(erp)
}

fn actions() -> Vec<Action> {
    vec![
        Action::Delay(Duration::from_millis(100)),
        Action::Stall,
        Action::Mute,
        Action::Fin { in_packet: false },
        Action::Fin { in_packet: true },
        Action::Rst,
        Action::Garbage { seed: 7, length: 5_000 },
        Action::TruncateToken,
        Action::NoDone,
        Action::Error(SqlMessage::deadlock()),
        Action::Error(SqlMessage {
            number: 596,
            state: 1,
            class: 21,
            message: "Cannot continue the execution because the session is in the kill state.".to_owned(),
        }),
    ]
}

fn digest(erp: &Erp, target: &str) -> Result<String> {
    erp.database.value(&format!("SELECT rsl.table_digest('{target}')"))
}

/// Pulls T into a table of its own with the fault armed; it must arrive whole.
fn survives(erp: &Erp, fault: Fault, object: &str, expected: &str) -> Result<()> {
    let shown = format!("{fault:?}");
    erp.server.faults().clear();
    erp.server.faults().arm(fault);
    erp.database.run("DROP TABLE IF EXISTS erp.t, erp.v")?;
    let ended = Ended::of(erp.rsl(&["pull", object])?.env("RSL_SOURCE_URL", erp.source_url(PATIENCE)))?;
    ensure!(ended.code == Some(0), "{shown}: {ended:#?}");
    ensure!(digest(erp, &format!("erp.{}", object.to_lowercase()))? == expected, "{shown}");
    ensure!(!ended.stderr.contains("panicked"), "{shown}: {}", ended.stderr);
    Ok(())
}

#[test]
fn each_fault_in_each_phase_of_a_reading_leaves_the_rows_as_they_are() -> Result<()> {
    if Erp::is_real() {
        return Ok(());
    }
    let phase = |when: Phase| -> Result<()> {
        let erp = erp()?;
        erp.exact(&["T"])?;
        let expected = digest(&erp, "erp.t")?;
        for what in actions() {
            survives(&erp, Fault::new(when, what).matching(READING), "T", &expected)?;
        }
        erp.assert_only_read()
    };
    // Most of the time is spent waiting for servers that say nothing.
    std::thread::scope(|scope| {
        let phases = [
            Phase::Statement,
            Phase::Columns,
            Phase::Row(1),
            Phase::Row(17_000),
            Phase::Row(ROWS as u64),
            Phase::Done,
        ];
        let running: Vec<_> = phases.into_iter().map(|when| scope.spawn(move || phase(when))).collect();
        running.into_iter().try_for_each(|phase| phase.join().ok().context("a phase panicked")?)
    })
}

#[test]
fn a_view_without_a_key_is_read_again_from_its_beginning() -> Result<()> {
    if Erp::is_real() {
        return Ok(());
    }
    let erp = erp()?;
    erp.exact(&["V"])?;
    let expected = digest(&erp, "erp.v")?;
    for what in [Action::Rst, Action::TruncateToken, Action::Error(SqlMessage::deadlock())] {
        survives(&erp, Fault::new(Phase::Row(17_000), what).matching("[dbo].[V]"), "V", &expected)?;
    }
    Ok(())
}

#[test]
fn faults_while_connecting_are_tried_again() -> Result<()> {
    if Erp::is_real() {
        return Ok(());
    }
    let erp = erp()?;
    erp.exact(&["T"])?;
    let expected = digest(&erp, "erp.t")?;
    let busy = SqlMessage::error(40613, "Database 'KsmErp' on server 'x' is not currently available.");
    for when in [Phase::Prelogin, Phase::TlsHandshake, Phase::Login] {
        for what in [Action::Fin { in_packet: false }, Action::Rst] {
            survives(&erp, Fault::new(when, what), "T", &expected)?;
        }
    }
    survives(&erp, Fault::login_error(busy).times(2), "T", &expected)
}

#[test]
fn a_reading_goes_on_behind_the_last_row_that_arrived() -> Result<()> {
    if Erp::is_real() {
        return Ok(());
    }
    let erp = erp()?;
    erp.exact(&["T"])?;
    let expected = digest(&erp, "erp.t")?;
    erp.server.clear_statements();
    survives(
        &erp,
        Fault::new(Phase::Row(25_000), Action::Fin { in_packet: true }).matching(READING),
        "T",
        &expected,
    )?;
    let readings: Vec<_> = erp.server.statements().into_iter().filter(|sql| sql.contains(READING)).collect();
    ensure!(readings.len() == 2, "{readings:#?}");
    ensure!(
        !readings[0].contains("WHERE") && readings[1].contains("WHERE t.[ID] > CAST(N'"),
        "{readings:#?}"
    );
    Ok(())
}

#[test]
fn what_does_not_pass_is_not_tried_again() -> Result<()> {
    if Erp::is_real() {
        return Ok(());
    }
    let erp = erp()?;
    for (number, words) in [(229, "SELECT"), (208, "dbo.T"), (207, "column")] {
        erp.server.faults().clear();
        let error = SqlMessage::error(number, format!("{words} is not for you"));
        erp.server.faults().arm(Fault::error(error).matching(READING).always());
        let began = Instant::now();
        let message = erp.refused(&["T"])?;
        ensure!(message.contains(&format!("SQL Server error {number}")), "{message}");
        ensure!(began.elapsed() < Duration::from_secs(10), "it was tried again: {message}");
    }
    Ok(())
}

#[test]
fn a_pull_that_gave_up_or_was_killed_goes_on_later() -> Result<()> {
    if Erp::is_real() {
        return Ok(());
    }
    let erp = erp()?;
    erp.exact(&["T"])?;
    let expected = digest(&erp, "erp.t")?;
    erp.database.run("DROP TABLE erp.t")?;
    erp.server
        .faults()
        .arm(Fault::new(Phase::Row(25_000), Action::Fin { in_packet: true }).matching(READING).always());
    let ended = erp.pull(&["T", "--retries", "0"])?;
    ensure!(ended.code == Some(2) && ended.stderr.contains("rsl pull --resume"), "{ended:#?}");
    ensure!(erp.database.value("SELECT to_regclass('erp.t') IS NULL")? == "t", "a part of the rows is seen");
    erp.server.faults().clear();
    // Killed in the middle.
    erp.server.faults().arm(Fault::stall_after(1).matching(READING));
    let mut running = Running::start(&mut erp.rsl(&["pull", "--resume"])?)?;
    let patience = Instant::now() + Duration::from_secs(60);
    while erp.server.faults().happened() == 0 {
        ensure!(Instant::now() < patience && !running.has_ended()?, "the reader did not come that far");
        std::thread::sleep(Duration::from_millis(5));
    }
    running.signal("KILL")?;
    running.wait()?;
    erp.server.faults().clear();
    erp.server.clear_statements();
    let ended = erp.pull(&["--resume"])?;
    ensure!(ended.code == Some(0), "{ended:#?}");
    ensure!(digest(&erp, "erp.t")? == expected);
    let reading =
        erp.server.statements().into_iter().find(|sql| sql.contains(READING)).context("nothing was read")?;
    ensure!(reading.contains("WHERE t.[ID] > "), "{reading}");
    // There is nothing more to go on with.
    let message = erp.refused(&["--resume"])?;
    ensure!(message.contains("no pull from mssql://"), "{message}");
    Ok(())
}

#[test]
fn a_source_that_changes_while_it_is_read_is_told_of() -> Result<()> {
    if Erp::is_real() {
        return Ok(());
    }
    let erp = erp()?;
    let (engine, faults) = (erp.engine.clone(), erp.server.faults());
    faults.arm(Fault::new(Phase::Row(10_000), Action::Delay(Duration::from_secs(2))).matching(READING));
    let changer = std::thread::spawn(move || -> Result<()> {
        while faults.happened() == 0 {
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(engine.script("DELETE FROM T WHERE ID = 29999;")?)
    });
    let ended = erp.pull(&["T"])?;
    changer.join().ok().context("the changer panicked")??;
    let report =
        erp.database.value("SELECT report ->> 'consistency' FROM rsl.load ORDER BY load_id DESC LIMIT 1")?;
    ensure!(report.contains("\"changed\": true"), "{report} {ended:#?}");
    Ok(())
}

#[test]
fn a_row_that_changes_is_told_of_by_the_column_that_says_when() -> Result<()> {
    if Erp::is_real() {
        return Ok(());
    }
    let erp = Erp::new(
        "CREATE TABLE T (ID int NOT NULL PRIMARY KEY, QTY decimal(18,4) NOT NULL, UPDT_DT datetime2(3) NOT NULL DEFAULT '2024-01-01');",
    )?;
    let row = |id: i64| vec![SqlValue::Int(id), SqlValue::Decimal(1), SqlValue::DateTime2(738_000, 0)];
    erp.engine.insert("dbo.T", (1..=ROWS).map(row))?;
    let consistency = |arguments: &[&str]| -> Result<String> {
        erp.server.faults().clear();
        let slow = Fault::new(Phase::Row(10_000), Action::Delay(Duration::from_secs(2)));
        erp.server.faults().arm(slow.matching(READING));
        let (engine, faults) = (erp.engine.clone(), erp.server.faults());
        let before = faults.happened();
        let changer = std::thread::spawn(move || -> Result<()> {
            while faults.happened() == before {
                std::thread::sleep(Duration::from_millis(5));
            }
            Ok(engine.script("UPDATE T SET QTY += 1, UPDT_DT = SYSDATETIME() WHERE ID = 29999;")?)
        });
        let ended = erp.pull(&[&["T", "--mode", "replace"], arguments].concat())?;
        changer.join().ok().context("the changer panicked")??;
        ensure!(ended.code == Some(0), "{ended:#?}");
        erp.database.value("SELECT report ->> 'consistency' FROM rsl.load ORDER BY load_id DESC LIMIT 1")
    };
    let blind = consistency(&["--no-source-account"])?;
    ensure!(!blind.contains("\"changed\""), "the number of rows says nothing: {blind}");
    let seen = consistency(&["--no-source-account", "--update-column", "UPDT_DT"])?;
    ensure!(seen.contains("\"changed\": true") && seen.contains("largest UPDT_DT"), "{seen}");
    // Sums say it without such a column.
    let summed = consistency(&[])?;
    ensure!(summed.contains("\"changed\": true") && summed.contains("own account"), "{summed}");
    Ok(())
}

#[test]
fn a_snapshot_is_not_disturbed() -> Result<()> {
    if Erp::is_real() {
        return Ok(());
    }
    let erp = erp()?;
    erp.engine.allow_snapshot(true);
    let (engine, faults) = (erp.engine.clone(), erp.server.faults());
    faults.arm(Fault::new(Phase::Row(10_000), Action::Delay(Duration::from_secs(2))).matching(READING));
    let changer = std::thread::spawn(move || -> Result<()> {
        while faults.happened() == 0 {
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(engine.script("DELETE FROM T WHERE ID > 20000;")?)
    });
    let report = erp.exact(&["T"])?;
    changer.join().ok().context("the changer panicked")??;
    ensure!(report["tables"][0]["source_rows"] == ROWS, "{report:#}");
    ensure!(report["tables"][0]["consistency"][0]["isolation"] == "snapshot", "{report:#}");
    ensure!(erp.database.value("SELECT count(*) FROM erp.t")? == ROWS.to_string());
    Ok(())
}

#[test]
fn azure_sends_on_and_is_followed() -> Result<()> {
    if Erp::is_real() {
        return Ok(());
    }
    let behind = erp()?;
    let options =
        Options { redirect: Some(("127.0.0.1".to_owned(), behind.server.port())), ..Options::default() };
    let gateway = Erp::with("CREATE TABLE NOTHING (ID int)", options)?;
    gateway.exact(&["T"])?;
    ensure!(gateway.database.value("SELECT count(*) FROM erp.t")? == ROWS.to_string());
    Ok(())
}

#[test]
fn a_password_is_never_shown() -> Result<()> {
    if Erp::is_real() {
        return Ok(());
    }
    let erp = erp()?;
    for fault in
        [Fault::new(Phase::Login, Action::Rst).always(), Fault::error(SqlMessage::deadlock()).always()]
    {
        erp.server.faults().clear();
        erp.server.faults().arm(fault);
        let ended = Ended::of(erp.rsl(&["pull", "T", "--retries", "1"])?.env("RSL_LOG", "trace").env(
            "RSL_SOURCE_URL",
            erp.source_url("trust_cert=true").replace('@', &format!(":{PASSWORD}@")),
        ))?;
        ensure!(ended.code == Some(2) && !format!("{ended:?}").contains(PASSWORD), "{ended:#?}");
    }
    Ok(())
}
