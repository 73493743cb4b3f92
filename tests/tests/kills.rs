//! Whatever dies in the middle of a pull, the same command again ends with the same rows, none lost and none doubled.
//!
//! The points are random: `RSL_TEST_SEED` repeats the ones of a failed run, which prints its seed.

use anyhow::{Result, ensure};
use rsl_tests::cluster::{Cluster, Options};
use rsl_tests::database::Database;
use rsl_tests::mirror;
use rsl_tests::pair::Pair;
use rsl_tests::program::Running;
use rsl_tests::sample::Shape;
use rsl_tests::sample::chance::Chance;
use std::env;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

/// A few chunks, so that a pull can be hit between them.
const ROWS: u64 = 20_000;

/// One way to load, from a state of the target that it starts from every time.
struct Way {
    name: &'static str,
    arguments: &'static [&'static str],
    /// Makes the target as it is before the load.
    before: &'static str,
    target: &'static str,
}

const WAYS: &[Way] = &[
    Way {
        name: "append into a new table",
        arguments: &["BENCH_ROW"],
        before: "DROP TABLE IF EXISTS erp.bench_row",
        target: "erp.bench_row",
    },
    Way {
        name: "append into a table without a key",
        arguments: &["LOG"],
        before: "CREATE TABLE IF NOT EXISTS erp.log (qty int, item_nm text, item_cd text, price numeric(19,4), due_dt date);
            TRUNCATE erp.log; INSERT INTO erp.log SELECT n, 'was there' FROM generate_series(1, 1000) n",
        target: "erp.log",
    },
    Way {
        name: "upsert",
        arguments: &["BENCH_ROW", "--into", "erp.kept", "--mode", "upsert"],
        before: KEPT,
        target: "erp.kept",
    },
    Way {
        name: "replace",
        arguments: &["BENCH_ROW", "--into", "erp.kept", "--mode", "replace"],
        before: KEPT,
        target: "erp.kept",
    },
];

/// Some rows are equal to the source's, some differ, some the source does not have.
const KEPT: &str = "CREATE TABLE IF NOT EXISTS erp.kept (LIKE erp.origin INCLUDING ALL); TRUNCATE erp.kept;
    INSERT INTO erp.kept SELECT * FROM erp.origin WHERE row_id % 3 = 0;
    UPDATE erp.kept SET qty = qty + 1 WHERE row_id % 2 = 0;
    INSERT INTO erp.kept SELECT * FROM (SELECT (jsonb_populate_record(o, jsonb_build_object('row_id', -row_id))).* FROM erp.origin o LIMIT 500) more";

#[test]
fn a_killed_program_loses_and_doubles_nothing() -> Result<()> {
    let scene = Scene::new(None)?;
    for way in WAYS {
        scene.rounds(way, 4, 4, |running| running.signal("KILL"))?;
    }
    Ok(())
}

#[test]
fn a_terminated_session_loses_and_doubles_nothing() -> Result<()> {
    let scene = Scene::new(None)?;
    for way in WAYS {
        scene.rounds(way, 2, 3, |_| {
            scene.pair.database.run(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                 WHERE datname = current_database() AND application_name = 'rsl'",
            )
        })?;
    }
    Ok(())
}

#[test]
fn a_killed_server_loses_and_doubles_nothing() -> Result<()> {
    let cluster = Cluster::start(&Options::default())?;
    let scene = Scene::new(Some(cluster.database()?))?;
    for way in WAYS {
        scene.rounds(way, 2, 1, |_| {
            cluster.kill()?;
            cluster.start_again()
        })?;
    }
    Ok(())
}

/// A pull, and where it may be hit.
struct Scene {
    pair: Pair,
    seed: u64,
}

impl Scene {
    fn new(database: Option<Database>) -> Result<Self> {
        let pair = match database {
            Some(database) => Pair::sample_with(Shape::Bench, ROWS, database)?,
            None => Pair::sample(Shape::Bench, ROWS)?,
        };
        pair.edit("CREATE VIEW LOG AS SELECT QTY, ITEM_NM, ITEM_CD, PRICE, DUE_DT FROM BENCH_ROW")?;
        pair.exact(&["BENCH_ROW", "--into", "erp.origin"])?;
        let seed = match env::var("RSL_TEST_SEED") {
            Ok(seed) => seed.parse()?,
            Err(_) => SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?.as_nanos() as u64,
        };
        println!("RSL_TEST_SEED={seed}");
        Ok(Self { pair, seed })
    }

    /// In each round hits several pulls one after the other, then lets one come to its end.
    fn rounds(&self, way: &Way, rounds: u64, hits: u64, hit: impl Fn(&Running) -> Result<()>) -> Result<()> {
        let pair = &self.pair;
        pair.database.run(way.before)?;
        let before = pair.digest(way.target)?;
        let undisturbed = Instant::now();
        pair.exact(way.arguments)?;
        let span = undisturbed.elapsed().as_millis() as i64;
        let after = pair.digest(way.target)?;
        ensure!(before != after);
        for round in 0..rounds {
            pair.database.run(&format!("DELETE FROM rsl.load; {}", way.before))?;
            for shot in 0..hits {
                let delay = Chance::new(self.seed, round * hits + shot).between(0, span);
                let place = format!("{}, round {round}, {delay} of {span} ms", way.name);
                let running = Running::start(&mut pair.pull(way.arguments)?)?;
                thread::sleep(Duration::from_millis(delay as u64));
                hit(&running)?;
                let ended = running.wait()?;
                // It may have been done before.
                ensure!(matches!(ended.code, None | Some(0 | 2)), "{place}: {ended:#?}");
                if ended.code == Some(2) {
                    ended.refusal()?;
                }
                let now = pair.digest(way.target)?;
                ensure!(
                    now == before || now == after,
                    "{place}: the target is neither as before nor as after"
                );
            }
            let ended = pair.ended(way.arguments)?;
            ensure!(ended.code == Some(0), "{}, round {round}, the last: {ended:#?}", way.name);
            ensure!(
                pair.digest(way.target)? == after,
                "{}, round {round}: other rows than undisturbed",
                way.name
            );
        }
        self.clean(way)?;
        if !way.name.starts_with("append into a table without") && !way.name.starts_with("upsert") {
            mirror::assert_same(pair, way.arguments[0], way.target)?;
        }
        Ok(())
    }

    /// Once the sessions of the dead have ended too, the next pull takes away what they left, and changes nothing.
    fn clean(&self, way: &Way) -> Result<()> {
        let pair = &self.pair;
        pair.database.wait_until_gone("rsl")?;
        let digest = pair.digest(way.target)?;
        pair.exact(way.arguments)?;
        ensure!(pair.digest(way.target)? == digest, "{}: once more is not the same", way.name);
        ensure!(pair.staging()?.is_empty(), "{}: staging is left: {}", way.name, pair.staging()?);
        let open = pair
            .database
            .value("SELECT count(*) FROM rsl.load WHERE status = 'loading' OR staging IS NOT NULL")?;
        ensure!(open == "0", "{}: {open} loads are open", way.name);
        Ok(())
    }
}

/// Takes a lock that the end of a load has to wait for.
const HOLD: &str = "BEGIN; LOCK TABLE erp.kept, erp.log IN SHARE MODE;
    SELECT pg_advisory_xact_lock(hashtextextended('rsl.load erp.bench_row', 0))";

#[tokio::test]
async fn a_program_killed_while_rows_are_merged_and_run_again_at_once() -> Result<()> {
    let scene = Scene::new(None)?;
    let pair = &scene.pair;
    pair.database.run(WAYS[1].before)?;
    pair.database.run(WAYS[2].before)?;
    for way in WAYS {
        pair.database.run(&format!("DELETE FROM rsl.load; {}", way.before))?;
        let before = pair.digest(way.target)?;
        pair.exact(way.arguments)?;
        let after = pair.digest(way.target)?;
        pair.database.run(&format!("DELETE FROM rsl.load; {}", way.before))?;
        let client = pair.database.connect().await?;
        client.batch_execute(HOLD).await?;
        let first = Running::start(&mut pair.pull(way.arguments)?)?;
        pair.wait_for_finish(1)?;
        first.signal("KILL")?;
        first.wait()?;
        let second = Running::start(&mut pair.pull(way.arguments)?)?;
        // The server does not know yet that nobody waits for the first any more.
        pair.wait_for_finish(2)?;
        ensure!(pair.digest(way.target)? == before, "{}", way.name);
        client.batch_execute("COMMIT").await?;
        let ended = second.wait()?;
        ensure!(ended.code == Some(0), "{}: {ended:#?}", way.name);
        ensure!(pair.digest(way.target)? == after, "{}: other rows than undisturbed", way.name);
        scene.clean(way)?;
    }
    Ok(())
}

#[tokio::test]
async fn a_session_terminated_while_rows_are_merged() -> Result<()> {
    let scene = Scene::new(None)?;
    let pair = &scene.pair;
    pair.database.run(WAYS[1].before)?;
    pair.database.run(WAYS[2].before)?;
    for way in WAYS {
        pair.database.run(&format!("DELETE FROM rsl.load; {}", way.before))?;
        let before = pair.digest(way.target)?;
        let client = pair.database.connect().await?;
        client.batch_execute(HOLD).await?;
        let running = Running::start(&mut pair.pull(way.arguments)?)?;
        pair.wait_for_finish(1)?;
        pair.database.run(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
             WHERE datname = current_database() AND query LIKE '%rsl.load_finish(%' AND application_name = 'rsl'",
        )?;
        let message = running.wait()?.refusal()?;
        ensure!(message.contains("hint: "), "{message}");
        ensure!(pair.digest(way.target)? == before, "{}", way.name);
        ensure!(pair.staging()?.is_empty(), "{}: staging is left: {}", way.name, pair.staging()?);
        client.batch_execute("COMMIT").await?;
        pair.exact(way.arguments)?;
        scene.clean(way)?;
    }
    Ok(())
}

#[tokio::test]
async fn an_interrupt_while_rows_are_sent_or_merged_changes_nothing() -> Result<()> {
    let scene = Scene::new(None)?;
    let pair = &scene.pair;
    pair.database.run(WAYS[1].before)?;
    pair.database.run(WAYS[2].before)?;
    let sending = "BEGIN; LOCK TABLE rsl.load_chunk IN SHARE MODE";
    let waits_to_send = "SELECT count(*) = 1 FROM pg_stat_activity WHERE datname = current_database()
        AND wait_event_type = 'Lock' AND query LIKE '%rsl.load_push%'";
    for (number, way) in WAYS.iter().enumerate() {
        for (hold, signal) in [(sending, "INT"), (HOLD, "TERM"), (sending, "TERM"), (HOLD, "INT")] {
            // Half of the combinations tell as much as all of them.
            if (number % 2 == 0) == (signal == "INT") {
                continue;
            }
            let place = format!("{}, {signal} while it waits for {hold}", way.name);
            pair.database.run(way.before)?;
            let before = pair.digest(way.target)?;
            let client = pair.database.connect().await?;
            client.batch_execute(hold).await?;
            let running = Running::start(&mut pair.pull(way.arguments)?)?;
            if hold == HOLD {
                pair.wait_for_finish(1)?
            } else {
                pair.database.wait_for(waits_to_send)?
            }
            running.signal(signal)?;
            let ended = running.wait()?;
            ensure!(ended.code == Some(130), "{place}: {ended:#?}");
            ensure!(ended.stdout.is_empty(), "{place}: {ended:#?}");
            ensure!(ended.stderr.contains("rsl: interrupted\nhint: "), "{place}: {ended:#?}");
            ensure!(pair.digest(way.target)? == before, "{place}: the target has changed");
            ensure!(pair.staging()?.is_empty(), "{place}: staging is left: {}", pair.staging()?);
            let last = pair.database.value("SELECT status FROM rsl.load ORDER BY load_id DESC LIMIT 1")?;
            ensure!(last == "aborted", "{place}: the load is {last}");
            client.batch_execute("COMMIT").await?;
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_second_interrupt_does_not_wait_for_the_cleaning_up() -> Result<()> {
    let scene = Scene::new(None)?;
    let pair = &scene.pair;
    let client = pair.database.connect().await?;
    client.batch_execute("BEGIN; LOCK TABLE rsl.load_chunk IN SHARE MODE").await?;
    let mut running = Running::start(&mut pair.pull(&["BENCH_ROW"])?)?;
    pair.database.wait_for(
        "SELECT count(*) = 1 FROM pg_locks WHERE relation = 'rsl.load_chunk'::regclass AND NOT granted",
    )?;
    client.batch_execute("LOCK TABLE rsl.load IN ACCESS EXCLUSIVE MODE").await?;
    running.signal("INT")?;
    pair.database.wait_for("SELECT count(*) = 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%rsl.load_abort%'
        AND datname = current_database()")?;
    ensure!(!running.has_ended()?);
    let second = Instant::now();
    running.signal("INT")?;
    let ended = running.wait()?;
    ensure!(ended.code == Some(130), "{ended:#?}");
    ensure!(second.elapsed() < Duration::from_secs(5), "it waited {:?}", second.elapsed());
    client.batch_execute("ROLLBACK").await?;
    pair.exact(WAYS[0].arguments)?;
    scene.clean(&WAYS[0])
}
