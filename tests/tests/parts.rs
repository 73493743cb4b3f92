//! Several sessions at the parts of one load, and whoever goes on when they die.

use anyhow::{Context, Result, bail, ensure};
use rsl_tests::cluster::{self, Cluster, Options};
use rsl_tests::database::Database;
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio_postgres::Client;

/// A target, and the chunks of a source of these many parts, chunks in each, and rows in each of those.
fn scene(database: Database, parts: u32, chunks: u32, rows: u32) -> Result<Database> {
    database.run("\\i sql/include/load.psql")?;
    database.run(&format!(
        "CREATE SCHEMA erp; CREATE TABLE erp.item (id int PRIMARY KEY, code text);
         CREATE TABLE chunk (part int, number bigint, payload bytea, account jsonb, position jsonb);
         INSERT INTO chunk SELECT p, c, payload(query), witness(query), jsonb_build_array(last::text)
         FROM generate_series(1, {parts}) p, generate_series(0, {chunks} - 1) c,
            LATERAL (SELECT (p * {chunks} + c) * {rows} AS first, (p * {chunks} + c + 1) * {rows} - 1 AS last) r,
            LATERAL (SELECT format('SELECT n AS id, ''code '' || n AS code FROM generate_series(%s, %s) n', first, last) AS query) q"
    ))?;
    Ok(database)
}

fn fresh(parts: u32, chunks: u32, rows: u32) -> Result<Database> {
    scene(cluster::shared()?.database()?, parts, chunks, rows)
}

/// A run of one load of the object ITEM in as many parts as there are chunks for.
async fn begin(client: &Client) -> Result<(i64, i64)> {
    let run: i64 = one(client, "SELECT rsl.run_begin('sqlite:///erp.db', '{}')").await?;
    let load: i64 = one(
        client,
        &format!("SELECT rsl.load_begin('erp.item', mode => 'replace', object => 'ITEM', run => {run})"),
    )
    .await?;
    let plan = format!(
        "SELECT rsl.load_plan({load}, (SELECT jsonb_agg('{{}}'::jsonb) FROM (SELECT DISTINCT part FROM chunk) p))"
    );
    one::<i32>(client, &plan).await?;
    Ok((run, load))
}

async fn one<T: for<'a> tokio_postgres::types::FromSql<'a>>(client: &Client, query: &str) -> Result<T> {
    Ok(client.query_one(query, &[]).await.with_context(|| query.to_owned())?.try_get(0)?)
}

fn push(load: i64, part: i64, number: i64) -> String {
    format!(
        "SELECT rsl.load_push({load}, number, payload, part, position, account) FROM chunk WHERE part = {part} AND number = {number}"
    )
}

async fn claim(client: &Client, load: i64) -> Result<Option<Value>> {
    one(client, &format!("SELECT rsl.load_claim({load})")).await
}

/// Claims parts and loads them until there are none left.
async fn work(client: &Client, load: i64) -> Result<()> {
    while let Some(claimed) = claim(client, load).await? {
        let part = claimed["part"].as_i64().context("a claim without a part")?;
        let mut next = claimed["chunks"].as_i64().context("a claim without chunks")?;
        let whole: i64 = one(client, &format!("SELECT count(*) FROM chunk WHERE part = {part}")).await?;
        while next < whole {
            one::<i64>(client, &push(load, part, next)).await?;
            next += 1;
        }
        client
            .query(
                &format!("SELECT rsl.load_part_finish({load}, {part}, (SELECT sum((account -> 'rows')::bigint) FROM chunk WHERE part = {part})::bigint)"),
                &[],
            )
            .await?;
    }
    Ok(())
}

/// All parts are finished: the load is, and every row stands in the target once.
fn ends_exact(database: &Database, load: i64) -> Result<()> {
    let verdict = database.value(&format!("SELECT rsl.load_finish({load})"))?;
    let verdict: Value = serde_json::from_str(&verdict)?;
    ensure!(verdict["exact"] == Value::Bool(true), "{verdict:#}");
    let same = "SELECT rsl.table_witness('erp.item') #>> '{digest}' = (SELECT report #>> '{stream,digest}' FROM rsl.load ORDER BY load_id DESC LIMIT 1)
        AND (SELECT count(DISTINCT id) FROM erp.item) = (SELECT sum((account -> 'rows')::bigint) FROM chunk)";
    ensure!(database.value(same)? == "t");
    Ok(())
}

/// Waits until one session waits for another in this function.
fn wait_until_blocked(database: &Database, function: &str) -> Result<()> {
    database.wait_for(&format!(
            "SELECT count(*) = 1 FROM pg_stat_activity
             WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%rsl.{function}(%'"
        ),
    )
}

/// Ends the session of a client and waits until it has ended.
async fn terminate(database: &Database, client: Client) -> Result<()> {
    let pid: i32 = one(&client, "SELECT pg_backend_pid()").await?;
    database.run(&format!("SELECT pg_terminate_backend({pid})"))?;
    database.wait_for(&format!("SELECT count(*) = 0 FROM pg_stat_activity WHERE pid = {pid}"))
}

fn sqlstate(error: &anyhow::Error) -> String {
    let error = error.downcast_ref::<tokio_postgres::Error>().and_then(|error| error.code());
    error.map_or_else(String::new, |code| code.code().to_owned())
}

/// The session was terminated, while it worked or while it connected.
fn has_died(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<tokio_postgres::Error>()
        .is_some_and(|error| error.code().is_none_or(|code| code.code() == "57P01"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chunk_that_two_sessions_push_at_once_comes_once() -> Result<()> {
    let database = fresh(2, 2, 3)?;
    let first = Arc::new(database.connect().await?);
    let second = Arc::new(database.connect().await?);
    let (_, load) = begin(&first).await?;
    for (end, number, rows) in [("ROLLBACK", 0, 3), ("COMMIT", 1, 6)] {
        first.batch_execute("BEGIN").await?;
        ensure!(one::<i64>(&first, &push(load, 1, number)).await? == 3);
        let pushing = tokio::spawn({
            let second = second.clone();
            async move { one::<i64>(&second, &push(load, 1, number)).await }
        });
        wait_until_blocked(&database, "load_push")?;
        first.batch_execute(end).await?;
        ensure!(pushing.await?? == 3);
        let state = database.value("SELECT chunks, rows, position FROM rsl.load_part WHERE part = 1")?;
        ensure!(state == format!("{}|{rows}|[\"{}\"]", number + 1, 6 + rows - 1), "{state}");
        let staged = database.value(&format!("SELECT count(*) FROM rsl_stage.load_{load}"))?;
        ensure!(staged == rows.to_string(), "{end}: {staged} rows are staged");
    }
    // The same number with other rows.
    first.batch_execute("BEGIN").await?;
    one::<i64>(&first, &push(load, 2, 0)).await?;
    let other =
        "SELECT rsl.load_push($, 0, payload, 2, position, account) FROM chunk WHERE part = 2 AND number = 1";
    let pushing = tokio::spawn({
        let second = second.clone();
        let other = other.replace('$', &load.to_string());
        async move { one::<i64>(&second, &other).await }
    });
    wait_until_blocked(&database, "load_push")?;
    first.batch_execute("COMMIT").await?;
    let Err(error) = pushing.await? else { bail!("other rows were taken for the same") };
    ensure!(sqlstate(&error) == "22023", "{error:#}");
    work(&first, load).await?;
    ends_exact(&database, load)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_is_one_sessions_until_that_ends() -> Result<()> {
    let database = fresh(2, 2, 3)?;
    let [first, second, third] =
        [database.connect().await?, database.connect().await?, database.connect().await?];
    let (_, load) = begin(&third).await?;
    let part = |claimed: &Option<Value>| claimed.as_ref().and_then(|claimed| claimed["part"].as_i64());
    ensure!(part(&claim(&first, load).await?) == Some(1));
    ensure!(part(&claim(&second, load).await?) == Some(2));
    ensure!(claim(&third, load).await?.is_none());
    one::<i64>(&first, &push(load, 1, 0)).await?;
    // Nobody else says that it is done.
    let error = second.query(&format!("SELECT rsl.load_part_finish({load}, 1, 3)"), &[]).await;
    ensure!(
        error.as_ref().err().and_then(|e| e.code()).is_some_and(|code| code.code() == "55006"),
        "{error:?}"
    );
    terminate(&database, first).await?;
    // Whoever has a part gets that again, not the one that has come free.
    ensure!(part(&claim(&second, load).await?) == Some(2));
    let taken = claim(&third, load).await?.context("nothing to claim")?;
    ensure!(taken["part"] == 1 && taken["chunks"] == 1 && taken["rows"] == 3, "{taken}");
    ensure!(taken["position"] == serde_json::json!(["8"]), "{taken}");
    work(&third, load).await?;
    // The second one is still there, with nothing done.
    let error = third.query(&format!("SELECT rsl.load_finish({load})"), &[]).await;
    ensure!(
        error.as_ref().err().and_then(|e| e.code()).is_some_and(|code| code.code() == "55000"),
        "{error:?}"
    );
    work(&second, load).await?;
    ends_exact(&database, load)
}

#[tokio::test]
async fn a_part_that_is_just_being_finished_is_not_handed_out() -> Result<()> {
    let database = fresh(1, 1, 3)?;
    let [first, second] = [database.connect().await?, database.connect().await?];
    let (_, load) = begin(&first).await?;
    claim(&first, load).await?.context("nothing to claim")?;
    one::<i64>(&first, &push(load, 1, 0)).await?;
    let finish = format!("BEGIN; SELECT rsl.load_part_finish({load}, 1, 3)");
    first.batch_execute(&finish).await?;
    ensure!(claim(&second, load).await?.is_none());
    first.batch_execute("ROLLBACK").await?;
    // It is not finished after all, and belongs to whoever asks first.
    let taken = claim(&second, load).await?.context("nothing to claim")?;
    ensure!(taken["chunks"] == 1, "{taken}");
    ensure!(claim(&first, load).await?.is_none());
    second.batch_execute(&finish).await?;
    ensure!(claim(&first, load).await?.is_none());
    second.batch_execute("COMMIT").await?;
    ensure!(claim(&first, load).await?.is_none());
    ends_exact(&database, load)
}

#[tokio::test(flavor = "multi_thread")]
async fn many_sessions_of_which_some_die_load_every_part_once() -> Result<()> {
    let database = fresh(120, 4, 5)?;
    let keeper = database.connect().await?;
    let (_, load) = begin(&keeper).await?;
    let (done, deaths) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let mut workers = JoinSet::new();
    for _ in 0..6 {
        let (database, deaths) = (database.clone(), deaths.clone());
        workers.spawn(async move {
            loop {
                let worked = async {
                    let client = database.connect().await?;
                    client.batch_execute("SET application_name = 'worker'").await?;
                    work(&client, load).await
                };
                match worked.await {
                    Ok(()) => return Ok(()),
                    Err(error) if has_died(&error) => {
                        deaths.fetch_add(1, Ordering::Relaxed);
                    }
                    Err(error) => return Err(error),
                }
            }
        });
    }
    let killer = thread::spawn({
        let (database, done) = (database.clone(), done.clone());
        move || -> Result<()> {
            while !done.load(Ordering::Relaxed) {
                database.run(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                     WHERE datname = current_database() AND application_name = 'worker' ORDER BY random() LIMIT 1",
                )?;
                thread::sleep(Duration::from_millis(10));
            }
            Ok(())
        }
    });
    while let Some(worker) = workers.join_next().await {
        worker??;
    }
    done.store(true, Ordering::Relaxed);
    killer.join().ok().context("the killer panicked")??;
    println!("{} sessions died", deaths.load(Ordering::Relaxed));
    // A part may have lost its session after the last of the others had looked.
    database.wait_until_gone("worker")?;
    work(&keeper, load).await?;
    ends_exact(&database, load)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_and_its_load_go_to_one_of_those_who_ask_at_once() -> Result<()> {
    let database = fresh(2, 2, 3)?;
    for round in 0..15 {
        let begun = database.connect().await?;
        let (run, load) = begin(&begun).await?;
        claim(&begun, load).await?.context("nothing to claim")?;
        one::<i64>(&begun, &push(load, 1, 0)).await?;
        let mut asking = Vec::new();
        for _ in 0..6 {
            asking.push(Arc::new(database.connect().await?));
        }
        terminate(&database, begun).await?;
        let mut running = JoinSet::new();
        for client in &asking {
            let client = client.clone();
            running.spawn(async move {
                let resumed: Option<Value> =
                    one(&client, "SELECT rsl.run_resume('sqlite:///erp.db')").await?;
                let load: Option<i64> =
                    one(&client, &format!("SELECT rsl.load_resume({run}, 'ITEM')")).await?;
                anyhow::Ok((resumed, load))
            });
        }
        let (mut runs, mut loads) = (Vec::new(), Vec::new());
        while let Some(outcome) = running.join_next().await {
            let (resumed, load) = outcome??;
            runs.extend(resumed);
            loads.extend(load);
        }
        ensure!(runs.len() == 1 && runs[0]["run_id"] == run, "round {round}: {runs:?}");
        ensure!(loads == [load], "round {round}: {loads:?}");
        ensure!(runs[0]["done"] == serde_json::json!([]), "{runs:?}");
        work(&asking[0], load).await?;
        ends_exact(&database, load)?;
        database.run(&format!("SELECT rsl.run_finish({run})"))?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_is_either_taken_over_or_taken_away() -> Result<()> {
    let database = fresh(1, 1, 3)?;
    let (mut over, mut away) = (0, 0);
    for round in 0..30 {
        let begun = database.connect().await?;
        let (run, load) = begin(&begun).await?;
        let [first, second] = [database.connect().await?, database.connect().await?];
        terminate(&database, begun).await?;
        let resume = format!("SELECT rsl.load_resume({run}, 'ITEM')");
        let (resumed, aborted) = tokio::join!(
            one::<Option<i64>>(&first, &resume),
            one::<i64>(&second, "SELECT count(*) FROM rsl.load_abort_abandoned('erp.item')")
        );
        match (resumed?, aborted?) {
            (Some(resumed), 0) => {
                ensure!(resumed == load);
                work(&first, load).await?;
                ends_exact(&database, load)?;
                over += 1;
            }
            (None, 1) => away += 1,
            other => bail!("round {round}: {other:?}"),
        }
        let open = database.value("SELECT count(*) FROM rsl.load WHERE status = 'loading'")?;
        ensure!(open == "0", "round {round}: {open} loads are open");
    }
    println!("{over} taken over, {away} taken away");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_has_parts_or_chunks_of_its_own() -> Result<()> {
    let database = fresh(1, 1, 3)?;
    let [first, second] = [Arc::new(database.connect().await?), Arc::new(database.connect().await?)];
    let plan = |load: i64| format!("SELECT rsl.load_plan({load}, '[{{}}]')");
    let push = |load: i64| {
        format!("SELECT rsl.load_push({load}, 0, payload, account => account) FROM chunk LIMIT 1")
    };
    for (one_way, other_way, function, state) in
        [(plan(1), push(1), "load_push", "22023"), (push(2), plan(2), "load_plan", "55000")]
    {
        one::<i64>(&first, "SELECT rsl.load_begin('erp.item')").await?;
        first.batch_execute("BEGIN").await?;
        first.query(&one_way, &[]).await?;
        let waiting = tokio::spawn({
            let second = second.clone();
            async move { second.query(&other_way, &[]).await.map(drop) }
        });
        wait_until_blocked(&database, function)?;
        first.batch_execute("COMMIT").await?;
        let Err(error) = waiting.await? else { bail!("{function} came through") };
        ensure!(error.code().is_some_and(|code| code.code() == state), "{error:?}");
    }
    Ok(())
}

/// Staging of an existing target does not outlive the server; that of a new one does, with books that agree with it.
#[tokio::test]
async fn what_a_killed_server_leaves() -> Result<()> {
    let cluster = Cluster::start(&Options::default())?;
    let database = scene(cluster.database()?, 2, 3, 100)?;
    let client = database.connect().await?;
    let (run, load) = begin(&client).await?;
    let new: i64 = one(
        &client,
        &format!("SELECT rsl.load_begin('erp.new', object => 'NEW', run => {run},
            definition => '{{\"columns\": [{{\"name\": \"id\", \"type\": \"integer\"}}, {{\"name\": \"code\", \"type\": \"text\"}}]}}')"),
    )
    .await?;
    one::<i32>(&client, &format!("SELECT rsl.load_plan({new}, '[{{}}, {{}}]')")).await?;
    for load in [load, new] {
        claim(&client, load).await?.context("nothing to claim")?;
        for number in 0..2 {
            one::<i64>(&client, &push(load, 1, number)).await?;
        }
    }
    cluster.kill()?;
    cluster.start_again()?;
    let client = database.connect().await?;
    let resumed: Option<Value> = one(&client, "SELECT rsl.run_resume()").await?;
    ensure!(resumed.as_ref().is_some_and(|resumed| resumed["run_id"] == run), "{resumed:?}");
    // Pushes do not wait for the disk, but the second claim did, and with it what was pushed before.
    let told: i64 =
        one(&client, &format!("SELECT count(*) FROM rsl.load_chunk WHERE load_id = {load}")).await?;
    ensure!(told == 2, "{told} receipts");
    let left: Option<i64> = one(&client, &format!("SELECT rsl.load_resume({run}, 'ITEM')")).await?;
    ensure!(left.is_none(), "{left:?}");
    let status =
        database.value(&format!("SELECT status, staging IS NULL FROM rsl.load WHERE load_id = {load}"))?;
    ensure!(status == "aborted|t", "{status}");
    let left: Option<i64> = one(&client, &format!("SELECT rsl.load_resume({run}, 'NEW')")).await?;
    ensure!(left == Some(new), "{left:?}");
    let agree = format!(
        "SELECT (SELECT sum(rows) FROM rsl.load_part WHERE load_id = {new}) = (SELECT count(*) FROM rsl_stage.load_{new})"
    );
    ensure!(database.value(&agree)? == "t");
    work(&client, new).await?;
    let verdict: Value = one(&client, &format!("SELECT rsl.load_finish({new})")).await?;
    ensure!(verdict["exact"] == Value::Bool(true), "{verdict:#}");
    ensure!(database.value("SELECT count(*), count(DISTINCT id) FROM erp.new")? == "600|600");
    Ok(())
}
