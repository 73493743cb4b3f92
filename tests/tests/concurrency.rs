//! Several pulls into one target at once, and readers beside them.

use anyhow::{Context, Result, ensure};
use rsl_tests::mirror;
use rsl_tests::pair::Pair;
use rsl_tests::program::Running;
use rsl_tests::sample::Shape;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

/// Twelve columns, no key: nothing but the loads themselves can tell a row that came twice.
const KEYLESS: &str = "CREATE VIEW LOG AS SELECT QTY, ITEM_NM, ITEM_CD, WEIGHT, CHANGED_AT FROM BENCH_ROW";

#[tokio::test]
async fn appends_of_different_rows_both_arrive() -> Result<()> {
    let pair = Pair::sample(Shape::Bench, 20_000)?;
    pair.exact(&["BENCH_ROW", "--where", "ROW_ID % 10 = 0"])?;
    at_once(
        &pair,
        "LOCK TABLE erp.bench_row IN SHARE MODE",
        &["BENCH_ROW", "--where", "ROW_ID % 10 BETWEEN 1 AND 5"],
        &["BENCH_ROW", "--where", "ROW_ID % 10 > 5"],
    )
    .await?;
    mirror::assert_same(&pair, "BENCH_ROW", "erp.bench_row")
}

#[tokio::test]
async fn a_table_that_two_pulls_create_has_the_rows_of_both() -> Result<()> {
    let pair = Pair::sample(Shape::Bench, 20_000)?;
    at_once(
        &pair,
        "SELECT pg_advisory_xact_lock(hashtextextended('rsl.load erp.bench_row', 0))",
        &["BENCH_ROW", "--where", "ROW_ID % 2 = 0"],
        &["BENCH_ROW", "--where", "ROW_ID % 2 = 1"],
    )
    .await?;
    mirror::assert_same(&pair, "BENCH_ROW", "erp.bench_row")
}

#[tokio::test]
async fn the_same_append_twice_at_once_is_one_append() -> Result<()> {
    let pair = Pair::sample(Shape::Bench, 20_000)?;
    pair.edit(KEYLESS)?;
    pair.exact(&["LOG", "--where", "QTY < 0"])?;
    let arguments = ["LOG", "--where", "QTY >= 0"];
    at_once(&pair, "LOCK TABLE erp.log IN SHARE MODE", &arguments, &arguments).await?;
    mirror::assert_same(&pair, "LOG", "erp.log")
}

#[tokio::test]
async fn the_same_creation_twice_at_once_is_one_creation() -> Result<()> {
    let pair = Pair::sample(Shape::Bench, 20_000)?;
    pair.edit(KEYLESS)?;
    for object in ["LOG", "BENCH_ROW"] {
        let target = format!("erp.{}", object.to_lowercase());
        let hold = format!("SELECT pg_advisory_xact_lock(hashtextextended('rsl.load {target}', 0))");
        at_once(&pair, &hold, &[object], &[object]).await?;
        mirror::assert_same(&pair, object, &target)?;
    }
    Ok(())
}

#[tokio::test]
async fn upserts_of_the_same_rows_end_with_the_source() -> Result<()> {
    let pair = Pair::sample(Shape::Bench, 20_000)?;
    pair.exact(&["BENCH_ROW", "--where", "ROW_ID % 2 = 0"])?;
    pair.edit("UPDATE BENCH_ROW SET QTY = -7 WHERE ROW_ID % 4 = 0")?;
    let arguments = ["BENCH_ROW", "--mode", "upsert"];
    at_once(&pair, "LOCK TABLE erp.bench_row IN SHARE MODE", &arguments, &arguments).await?;
    mirror::assert_same(&pair, "BENCH_ROW", "erp.bench_row")
}

#[tokio::test]
async fn a_replace_beside_an_upsert_ends_with_the_source() -> Result<()> {
    let pair = Pair::sample(Shape::Bench, 20_000)?;
    pair.exact(&["BENCH_ROW"])?;
    pair.edit(
        "DELETE FROM BENCH_ROW WHERE ROW_ID % 3 = 0; UPDATE BENCH_ROW SET QTY = -7 WHERE ROW_ID % 4 = 0",
    )?;
    at_once(
        &pair,
        "LOCK TABLE erp.bench_row IN SHARE MODE",
        &["BENCH_ROW", "--mode", "replace"],
        &["BENCH_ROW", "--mode", "upsert"],
    )
    .await?;
    mirror::assert_same(&pair, "BENCH_ROW", "erp.bench_row")
}

#[tokio::test]
async fn a_schema_that_somebody_else_creates_meanwhile_is_no_failure() -> Result<()> {
    let pair = Pair::sample(Shape::Erp, 100)?;
    let client = pair.database.connect().await?;
    client.batch_execute("BEGIN; CREATE SCHEMA erp").await?;
    let running = Running::start(&mut pair.pull(&["B_ITEM"])?)?;
    pair.wait_for_finish(1)?;
    client.batch_execute("COMMIT").await?;
    let ended = running.wait()?;
    ensure!(ended.code == Some(0), "{ended:#?}");
    mirror::assert_same(&pair, "B_ITEM", "erp.b_item")
}

#[tokio::test]
async fn the_first_loads_of_a_database_do_not_hinder_each_other() -> Result<()> {
    let pair = Pair::sample(Shape::Bench, 100)?;
    let client = pair.database.connect().await?;
    client.batch_execute("BEGIN; SELECT rsl.keep_data()").await?;
    let running = Running::start(&mut pair.pull(&["BENCH_ROW"])?)?;
    pair.database.wait_for(
        "SELECT count(*) = 1 FROM pg_stat_activity
         WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%rsl.run_begin%'",
    )?;
    client.batch_execute("COMMIT").await?;
    let ended = running.wait()?;
    ensure!(ended.code == Some(0), "{ended:#?}");
    Ok(())
}

#[test]
fn readers_never_see_a_part_of_a_replace() -> Result<()> {
    let pair = Pair::sample(Shape::Bench, 20_000)?;
    pair.exact(&["BENCH_ROW"])?;
    // Two contents that take turns: the second has neither the number of rows nor the sum of the first.
    let sums = "SELECT count(*), sum(qty), min(row_id) FROM erp.bench_row";
    let full = pair.database.value(sums)?;
    let half = pair.database.value(&format!("{sums} WHERE row_id > 7000"))?;
    let (done, pair) = (AtomicBool::new(false), &pair);
    thread::scope(|scope| {
        let reader = scope.spawn(|| -> Result<Vec<String>> {
            let mut seen = Vec::new();
            while !done.load(Ordering::Relaxed) {
                let state = pair.database.value(sums)?;
                if !seen.contains(&state) {
                    seen.push(state);
                }
            }
            Ok(seen)
        });
        let written = (0..3).try_for_each(|_| -> Result<()> {
            pair.exact(&["BENCH_ROW", "--mode", "replace", "--where", "ROW_ID > 7000"])?;
            pair.exact(&["BENCH_ROW", "--mode", "replace"])?;
            Ok(())
        });
        done.store(true, Ordering::Relaxed);
        let seen = reader.join().ok().context("the reader panicked")??;
        written?;
        ensure!(
            seen.iter().all(|state| *state == full || *state == half),
            "{seen:?}, not only {full} and {half}"
        );
        ensure!(seen.contains(&half) && seen.contains(&full), "only {seen:?}");
        Ok(())
    })
}

#[test]
fn many_pulls_without_any_order_leave_every_row_once() -> Result<()> {
    let pair = Pair::sample(Shape::Bench, 8_000)?;
    let parts: Vec<String> = (0..4).map(|part| format!("ROW_ID % 4 = {part}")).collect();
    let mut running = Vec::new();
    for part in &parts {
        running.push(Running::start(&mut pair.pull(&["BENCH_ROW", "--where", part])?)?);
    }
    for running in running {
        let ended = running.wait()?;
        ensure!(ended.code == Some(0), "{ended:#?}");
    }
    ensure!(pair.staging()?.is_empty());
    mirror::assert_same(&pair, "BENCH_ROW", "erp.bench_row")
}

/// Runs two pulls such that both have sent all their rows before either may merge them, and both must be exact.
async fn at_once(pair: &Pair, hold: &str, first: &[&str], second: &[&str]) -> Result<()> {
    let client = pair.database.connect().await?;
    client.batch_execute(&format!("BEGIN; {hold}")).await?;
    let mut running = Vec::new();
    for (number, arguments) in [first, second].into_iter().enumerate() {
        running.push(Running::start(&mut pair.pull(arguments)?)?);
        pair.wait_for_finish(number + 1)?;
    }
    client.batch_execute("COMMIT").await?;
    for running in running {
        let ended = running.wait()?;
        ensure!(ended.code == Some(0), "{ended:#?}");
    }
    ensure!(pair.staging()?.is_empty(), "staging is left: {}", pair.staging()?);
    Ok(())
}
