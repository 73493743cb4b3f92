//! The audit against a model, with many sessions at once, and across servers.

use anyhow::{Context, Result, bail, ensure};
use rsl_tests::cluster::{self, Cluster, Options};
use rsl_tests::database::Database;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio_postgres::{Client, SimpleQueryMessage};

/// Of the time, unless `RSL_TEST_SEED` says which; printed, so that a failure can be had again.
fn seed() -> u64 {
    let given = std::env::var("RSL_TEST_SEED").ok().and_then(|seed| seed.parse().ok());
    let time =
        || SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |time| time.as_nanos() as u64 % 1_000_000);
    let seed = given.unwrap_or_else(time);
    println!("RSL_TEST_SEED={seed}");
    seed
}

struct Random(u64);

impl Random {
    /// From 0 to below `limit`.
    fn below(&mut self, limit: u64) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % limit
    }
}

/// A statement that changes the table, or fails.
fn statement(random: &mut Random, table: &str) -> String {
    let (key, other) = (random.below(40), random.below(40));
    let value = match random.below(4) {
        0 => "NULL".to_owned(),
        1 => format!("repeat('v{other} ', {})", random.below(3000)),
        _ => format!("'v{}'", random.below(1000)),
    };
    match random.below(19) {
        0..=3 => format!("INSERT INTO {table} VALUES ({key}, {value}, {other}.{key})"),
        4 => format!(
            "INSERT INTO {table} SELECT i, {value}, i FROM generate_series({key}, {key} + {}) i ON CONFLICT DO NOTHING",
            random.below(if other == 0 { 3000 } else { 20 })
        ),
        5 | 6 => format!(
            "INSERT INTO {table} VALUES ({key}, {value}, 0), ({key} + 1, {value}, 1) ON CONFLICT (id) DO UPDATE SET v = excluded.v"
        ),
        7..=9 => format!("UPDATE {table} SET v = {value}, n = n + 0.10 WHERE id = {key}"),
        10 => format!("UPDATE {table} SET v = {value} WHERE id % 3 = {}", key % 3),
        11 => format!("UPDATE {table} SET n = n WHERE id > {key}"),
        12 | 13 => format!("UPDATE {table} SET id = {other} WHERE id = {key}"),
        14 => format!("UPDATE {table} SET id = id + 100 WHERE id BETWEEN {key} AND {other}"),
        15 => format!("DELETE FROM {table} WHERE id = {key}"),
        16 => format!("DELETE FROM {table} WHERE id > {key} AND id % 2 = 0"),
        17 if other < 8 => format!("TRUNCATE {table}"),
        17 => format!(
            "WITH gone AS (DELETE FROM {table} WHERE id = {key} RETURNING *) INSERT INTO {table} SELECT id + 200, v, n FROM gone"
        ),
        _ => format!(
            "DO $$ BEGIN UPDATE {table} SET v = 'block' WHERE id = {key}; BEGIN DELETE FROM {table} WHERE id < {key}; \
             PERFORM 1 / {}; EXCEPTION WHEN division_by_zero THEN NULL; END; END $$",
            other % 2
        ),
    }
}

async fn text(client: &Client, query: &str) -> Result<String> {
    for message in client.simple_query(query).await.with_context(|| query.to_owned())? {
        if let SimpleQueryMessage::Row(row) = message {
            return Ok(row.get(0).unwrap_or_default().to_owned());
        }
    }
    bail!("{query} gives nothing")
}

const TABLES: [&str; 3] = ["plain", "parted", "triggered"];

/// Tables of one shape: ordinary, partitioned, and with triggers that change it again.
const CREATE: &str = "
    CREATE TABLE plain (id int PRIMARY KEY, v text, n numeric);
    CREATE TABLE parted (v text, n numeric, id int PRIMARY KEY) PARTITION BY HASH (id);
    CREATE TABLE parted_0 PARTITION OF parted FOR VALUES WITH (MODULUS 2, REMAINDER 0);
    CREATE TABLE parted_1 (id int PRIMARY KEY, n numeric, v text);
    ALTER TABLE parted ATTACH PARTITION parted_1 FOR VALUES WITH (MODULUS 2, REMAINDER 1);
    CREATE TABLE triggered (id int PRIMARY KEY, v text, n numeric);
    CREATE FUNCTION before() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NEW.id % 5 = 0 THEN DELETE FROM triggered WHERE id = NEW.id; END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER before BEFORE INSERT ON triggered FOR EACH ROW EXECUTE FUNCTION before();
    CREATE FUNCTION after() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NEW.id % 7 = 0 AND pg_trigger_depth() < 3 THEN UPDATE triggered SET v = concat(v, '+'), n = n + 1 WHERE id IN (NEW.id, NEW.id + 1); END IF;
        IF NEW.id % 11 = 0 AND pg_trigger_depth() < 3 THEN DELETE FROM triggered WHERE id = NEW.id; END IF;
        RETURN NULL;
    END $$;
    CREATE TRIGGER after AFTER INSERT OR UPDATE ON triggered FOR EACH ROW EXECUTE FUNCTION after();
    SELECT rsl.audit_on(t::regclass) FROM unnest('{plain,parted,triggered}'::text[]) t";

/// What the table holds, in an order; the columns by name, as partitions have another order.
fn content(from: &str) -> String {
    format!(
        "SELECT md5(coalesce(string_agg(concat_ws('|', id, coalesce(v, '~'), n), ';' ORDER BY id), '')) || ' ' || count(*) FROM {from}"
    )
}

#[tokio::test]
async fn every_moment_can_be_had_again() -> Result<()> {
    let mut random = Random(seed());
    let database = cluster::shared()?.database()?;
    database.run(CREATE)?;
    let watcher = database.connect().await?;
    let mut sessions = Vec::new();
    for _ in 0..3 {
        let client = database.connect().await?;
        client.batch_execute("SET lock_timeout = '30ms'").await?;
        sessions.push((client, false));
    }
    let (mut moments, mut failed) = (Vec::new(), 0);
    for step in 0..600 {
        let at = random.below(3) as usize;
        let (client, is_open) = &mut sessions[at];
        let what = match random.below(10) {
            0 if *is_open => "ROLLBACK TO s".to_owned(),
            1 if *is_open => "SAVEPOINT s".to_owned(),
            2 if *is_open => "RELEASE s".to_owned(),
            3 if *is_open => "ROLLBACK".to_owned(),
            4 | 5 if *is_open => "COMMIT".to_owned(),
            3 | 4 if !*is_open => "BEGIN; SAVEPOINT s".to_owned(),
            _ => statement(&mut random, TABLES[step % TABLES.len()]),
        };
        let outcome = client.batch_execute(&what).await;
        if outcome.is_err() {
            failed += 1;
            client.batch_execute("ROLLBACK").await?;
            *is_open = false;
        } else {
            *is_open = what.starts_with("BEGIN") || *is_open && what != "COMMIT" && what != "ROLLBACK";
        }
        // A change is in the log by the time of its statement: what is known is what is there when nobody has a transaction open.
        if sessions.iter().all(|(_, is_open)| !is_open) {
            let mut held = Vec::new();
            for table in TABLES {
                held.push(text(&watcher, &content(table)).await?);
            }
            moments.push((text(&watcher, "SELECT clock_timestamp()").await?, held));
        }
    }
    for (client, _) in &sessions {
        client.batch_execute("ROLLBACK").await?;
    }
    ensure!(
        moments.len() > 50 && failed < 400,
        "{} moments, {failed} failures: nothing is tested",
        moments.len()
    );
    for (moment, held) in &moments {
        for (table, held) in TABLES.iter().zip(held) {
            let typed = text(&watcher, &content(&format!("rsl.as_of(NULL::{table}, '{moment}')"))).await?;
            ensure!(&typed == held, "{table} at {moment} held {held}, not {typed}");
            let json = format!(
                "(SELECT r.* FROM rsl.as_of('{table}'::regclass, '{moment}') j, jsonb_populate_record(NULL::{table}, j) r) x"
            );
            let json = text(&watcher, &content(&json)).await?;
            ensure!(&json == held, "{table} at {moment} held {held}, not {json} as jsonb");
        }
    }
    // The last change in the history of each row is what it is now; and what was deleted ends with that.
    let odd = text(
        &watcher,
        "SELECT count(*) FROM generate_series(0, 300) g (i) CROSS JOIN LATERAL (SELECT h.operation, h.new FROM rsl.history('triggered', jsonb_build_object('id', i)) WITH ORDINALITY
            AS h (id, at, operation, old, new, s, a, actor, app, addr, load_id, txid, statement, n) ORDER BY h.n DESC LIMIT 1) l
         LEFT JOIN triggered t ON t.id = i
         WHERE (t.id IS NULL) <> (l.operation IN ('delete', 'truncate') OR l.new ->> 'id' <> i::text)",
    )
    .await?;
    ensure!(odd == "0", "{odd} rows whose history ends otherwise than they are");
    text(&watcher, "SELECT rsl.audit_seal()").await?;
    ensure!(text(&watcher, "SELECT count(*) FROM rsl.audit_check()").await? == "0");
    Ok(())
}

#[test]
fn an_undone_load_is_as_if_it_had_not_been_or_refused() -> Result<()> {
    let seed = seed() % 1000;
    let database = cluster::shared()?.database()?;
    let outcome = database.rows(&format!(
        "\\i sql/include/load.psql
        CREATE TABLE t (id int PRIMARY KEY, v text, n numeric);
        SELECT rsl.audit_on('t') \\g /dev/null
        CREATE TABLE tally (outcome text);
        SELECT setseed({seed} / 1000.0) \\g /dev/null
        CREATE PROCEDURE some_changes(how_many int) LANGUAGE plpgsql AS $$
        DECLARE k int;
        BEGIN
            FOR i IN 1 .. how_many LOOP
                k := (random() * 30)::int;
                CASE (random() * 4)::int
                    WHEN 0 THEN INSERT INTO t VALUES (k, 'i' || i, i) ON CONFLICT (id) DO UPDATE SET v = 'c' || i;
                    WHEN 1 THEN UPDATE t SET v = 'u' || i WHERE id = k;
                    WHEN 2 THEN UPDATE t SET id = k + 50 WHERE id = k AND NOT EXISTS (SELECT FROM t o WHERE o.id = k + 50);
                    WHEN 3 THEN DELETE FROM t WHERE id = k;
                    ELSE UPDATE t SET n = n WHERE id <> k;
                END CASE;
            END LOOP;
        END $$;
        CREATE PROCEDURE one() LANGUAGE plpgsql AS $$
        DECLARE
            before jsonb; loaded jsonb; later jsonb; afterwards jsonb; expected jsonb; touched text[]; is_changed boolean; load_number bigint; outcome text;
            state CONSTANT text := 'SELECT coalesce(jsonb_object_agg(id, to_jsonb(t)), ''{{}}'') FROM t';
        BEGIN
            CALL some_changes(30);
            EXECUTE state INTO before;
            PERFORM load(format('SELECT i AS id, ''l'' || i AS v, i::numeric AS n FROM generate_series(%s, %s, %s) i', (random() * 20)::int, (random() * 40)::int, 1 + (random() * 3)::int), 'public.t',
                (ARRAY['upsert', 'replace', 'upsert'])[1 + (random() * 2)::int], '{{id}}');
            SELECT max(load_id) INTO load_number FROM rsl.load;
            EXECUTE state INTO loaded;
            CALL some_changes((random() * 6)::int);
            EXECUTE state INTO later;
            touched := ARRAY(SELECT k FROM (SELECT jsonb_object_keys(before || loaded)) x (k) WHERE before -> k IS DISTINCT FROM loaded -> k);
            is_changed := EXISTS (SELECT FROM unnest(touched) k WHERE loaded -> k IS DISTINCT FROM later -> k);
            expected := (later - touched) || coalesce((SELECT jsonb_object_agg(k, before -> k) FROM unnest(touched) k WHERE before ? k), '{{}}');
            BEGIN
                PERFORM rsl.load_undo(load_number);
                outcome := 'undone';
            EXCEPTION WHEN object_not_in_prerequisite_state THEN
                outcome := 'refused';
                expected := later;
            END;
            EXECUTE state INTO afterwards;
            INSERT INTO tally VALUES (CASE WHEN afterwards IS DISTINCT FROM expected THEN format('load %s: %s, but %s is not %s', load_number, outcome, afterwards, expected)
                WHEN (outcome = 'refused') AND NOT is_changed THEN format('load %s: refused for nothing', load_number)
                WHEN (outcome = 'undone') AND is_changed THEN format('load %s: undone over changes', load_number) ELSE outcome END);
        END $$;
        {}
        \\set ECHO none
        SELECT outcome, count(*) > 3 FROM tally GROUP BY 1 ORDER BY 1;",
        "CALL one();\n".repeat(40)
    ))?;
    // What the included file has switched on echoes the script.
    let outcome: Vec<&str> = outcome.lines().rev().take_while(|line| !line.contains("ECHO")).collect();
    ensure!(outcome == ["undone|t", "refused|t"], "{outcome:#?}");
    Ok(())
}

#[tokio::test]
async fn sealing_loses_nothing_and_nobody_waits() -> Result<()> {
    const WRITERS: u64 = 8;
    let cluster = Cluster::start(&Options::default())?;
    let database = cluster.database()?;
    database.run("CREATE TABLE t (id bigint PRIMARY KEY, v text); SELECT rsl.audit_on('t')")?;
    let holder = database.connect().await?;
    holder.batch_execute("BEGIN; INSERT INTO t VALUES (-1, 'held')").await?;
    let seed = seed();
    let mut writers = Vec::new();
    for writer in 0..WRITERS {
        let client = database.connect().await?;
        writers.push(tokio::spawn(async move {
            let mut random = Random(seed + writer);
            client.batch_execute("SET lock_timeout = '1s'; SET deadlock_timeout = '100ms'").await?;
            let mut committed = 0i64;
            for i in 0..60u64 {
                let id = writer * 1000 + i;
                let end = if random.below(3) == 0 { "ROLLBACK" } else { "COMMIT" };
                let script = format!(
                    "BEGIN; INSERT INTO t VALUES ({id}, 'a'); SAVEPOINT s; UPDATE t SET v = 'b' WHERE id = {id}; {}; {end}",
                    if random.below(2) == 0 { "ROLLBACK TO s" } else { "RELEASE s; SELECT pg_sleep(0.002)" }
                );
                client.batch_execute(&script).await?;
                committed += i64::from(end == "COMMIT");
            }
            Ok::<i64, tokio_postgres::Error>(committed)
        }));
    }
    static DONE: AtomicBool = AtomicBool::new(false);
    let sealer = database.connect().await?;
    let sealing = tokio::spawn(async move {
        let mut times = 0;
        while !DONE.load(Ordering::Relaxed) {
            sealer.batch_execute("SELECT rsl.audit_seal()").await?;
            times += 1;
        }
        Ok::<i32, tokio_postgres::Error>(times)
    });
    let mut committed = 0;
    for writer in writers {
        committed += writer.await??;
    }
    ensure!(database.value("SELECT count(*) FROM rsl.audit_check()")? == "0", "while a transaction is open");
    ensure!(
        database.value("SELECT count(*) FROM rsl.audit_seal WHERE blocks > 0")? == "0",
        "sealed past an open transaction"
    );
    holder.batch_execute("COMMIT").await?;
    tokio::time::sleep(Duration::from_millis(50)).await;
    DONE.store(true, Ordering::Relaxed);
    ensure!(sealing.await?? > 3);
    database.run("SELECT rsl.audit_seal()")?;
    let state = database.rows(
        "SELECT count(*) FROM rsl.audit_check();
         SELECT count(*) FILTER (WHERE operation = 'insert') FROM rsl.audit_log;
         SELECT (SELECT sum(blocks) FROM rsl.audit_seal) = count(*) FROM rsl.audit_block;
         SELECT count(*) FROM t;
         SELECT count(*) FROM t WHERE v <> (SELECT h.new ->> 'v' FROM rsl.history('t', jsonb_build_object('id', t.id)) h ORDER BY h.id DESC LIMIT 1);",
    )?;
    let rows = (committed + 1).to_string();
    ensure!(state.lines().eq(["0", &rows, "t", &rows, "0"]), "{state} for {rows}");
    Ok(())
}

#[test]
fn a_prepared_transaction_is_in_the_log_when_it_is_committed() -> Result<()> {
    let cluster = Cluster::start(&Options {
        settings: vec!["max_prepared_transactions = 5".to_owned()],
        ..Options::default()
    })?;
    let database = cluster.database()?;
    database.run(
        "CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE p (id int PRIMARY KEY) PARTITION BY RANGE (id);
         CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (100); SELECT rsl.audit_on('t'), rsl.audit_on('p');
         CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (100) TO (200);
         BEGIN; INSERT INTO t VALUES (1); INSERT INTO p VALUES (1); INSERT INTO p2 VALUES (101); PREPARE TRANSACTION 'a';
         BEGIN; INSERT INTO t VALUES (2); INSERT INTO p VALUES (2); INSERT INTO p2 VALUES (102); PREPARE TRANSACTION 'b';
         INSERT INTO t VALUES (3);
         SELECT rsl.audit_seal();",
    )?;
    ensure!(database.value("SELECT count(*) FROM rsl.audit_log")? == "1");
    cluster.kill()?;
    cluster.start_again()?;
    let state = database.rows(
        "COMMIT PREPARED 'a'; ROLLBACK PREPARED 'b';
         SELECT table_name, key FROM rsl.audit_log ORDER BY key::text COLLATE \"C\", 1;
         SELECT rsl.audit_seal(), (SELECT count(*) FROM rsl.audit_check());",
    )?;
    let expected = ["p|{\"id\": 101}", "p|{\"id\": 1}", "t|{\"id\": 1}", "t|{\"id\": 3}"];
    let lines: Vec<&str> = state.lines().collect();
    ensure!(lines[..lines.len() - 1] == expected && lines.last() == Some(&"4|0"), "{state}");
    Ok(())
}

/// A lived-in audited database.
const LIVED_IN: &str = "
    CREATE SCHEMA erp;
    CREATE TABLE erp.item (dropped int, id int PRIMARY KEY, v text);
    ALTER TABLE erp.item DROP COLUMN dropped;
    CREATE TABLE erp.parted (id int PRIMARY KEY, v text) PARTITION BY RANGE (id);
    CREATE TABLE erp.part PARTITION OF erp.parted FOR VALUES FROM (0) TO (100);
    SELECT rsl.audit_on('erp.item'), rsl.audit_on('erp.parted');
    INSERT INTO erp.item VALUES (1, 'a'), (2, 'b');
    INSERT INTO erp.parted VALUES (1, 'a'), (2, 'b');
    UPDATE erp.item SET v = 'A' WHERE id = 1;
    SELECT rsl.audit_seal();
    DELETE FROM erp.item WHERE id = 2;";

#[test]
fn the_log_goes_on_after_dump_and_restore() -> Result<()> {
    let database = cluster::shared()?.database()?;
    database.run(LIVED_IN)?;
    let head = database.value("SELECT rsl.audit_head()")?;
    let moment = database.value("SELECT clock_timestamp()")?;
    let other = Cluster::start(&Options::default())?;
    for (restored, eras, until) in
        [(cluster::shared()?.empty_database()?, "1", "t"), (other.empty_database()?, "2", "f")]
    {
        restored.run(&dump(&database)?)?;
        let state = restored.rows(&format!(
            "SELECT count(*) FROM rsl.audit_check('{head}');
             SELECT string_agg(operation, ' ') FROM rsl.history('erp.item', '{{\"id\": 2}}');
             SELECT string_agg(tgenabled::text, '') FROM pg_trigger WHERE tgfoid = 'rsl.audit_write()'::regprocedure AND tgenabled <> 'A';
             SELECT rsl.audit_on('erp.item'), rsl.audit_on('erp.parted');
             UPDATE erp.item SET v = 'after' WHERE id = 1;
             UPDATE erp.parted SET v = 'after';
             INSERT INTO erp.item VALUES (3, 'c');
             ALTER TABLE erp.item RENAME COLUMN v TO w;
             SELECT string_agg(concat(id, w), ' ' ORDER BY id) FROM rsl.as_of(NULL::erp.item, '{moment}');
             SELECT string_agg(concat(id, v), ' ' ORDER BY id) FROM rsl.as_of(NULL::erp.parted, '{moment}');
             SELECT string_agg(operation, ' ') FROM rsl.history('erp.item', '{{\"id\": 1}}');
             SELECT rsl.audit_seal() >= 0;
             SELECT count(*) FROM rsl.audit_check('{head}');
             SELECT count(*) FROM rsl.audit_era;
             SELECT count(*) FROM rsl.verify() WHERE status = 'fail';"
        ))?;
        let expected =
            ["0", "insert delete", "", "f|f", "1A", "1a 2b", "insert update update", "t", "0", eras, "0"];
        ensure!(state.lines().eq(expected), "{until}: {state}");
    }
    Ok(())
}

#[test]
fn old_months_are_detached_and_the_chain_says_so() -> Result<()> {
    // Of its own: what is under way in other databases is not sealed past, either.
    let cluster = Cluster::start(&Options::default())?;
    let database = cluster.database()?;
    // The clock is not turned back: the block is written as of two years ago, by hand, before anything is sealed.
    let state = database.rows(
        "CREATE TABLE t (id int PRIMARY KEY, v text);
         SELECT rsl.audit_on('t') \\g /dev/null
         INSERT INTO t VALUES (1, 'old');
         SELECT rsl.audit_month(now() - interval '2 years') \\g /dev/null
         INSERT INTO rsl.audit_block SELECT nextval('rsl.audit_block_id'), at - interval '2 years', txid, load_id, bucket, era, table_id, shape_id, statement, changes, operation,
            session_role, acting_role, actor, application, client_addr, images FROM rsl.audit_block;
         SELECT rsl.audit_seal();
         UPDATE t SET v = 'new';
         SELECT count(*) FROM rsl.audit_prune('3 years');
         SELECT blocks, changes, partition ~ '^rsl_audit.pruned_[0-9_]+$' FROM rsl.audit_prune('1 year');
         SELECT count(*) FROM rsl.audit_prune('1 year');
         SELECT count(*) FROM rsl.audit_check();
         SELECT count(*), count(*) FILTER (WHERE at < now() - interval '1 year') FROM rsl.audit_log;
         SELECT kind, blocks, changes, detail ->> 'blocks' FROM rsl.audit_seal WHERE kind = 'prune';
         INSERT INTO t VALUES (2, 'goes on');
         SELECT rsl.audit_seal() > 0, (SELECT count(*) FROM rsl.audit_check());",
    )?;
    let expected = ["2", "0", "1|1|t", "0", "0", "2|0", "prune|0|1|1", "t|0"];
    ensure!(state.lines().eq(expected), "{state}");
    let tampered = database.rows(
        "SELECT rsl.audit_month(now() - interval '3 years') \\g /dev/null
         ALTER TABLE rsl.audit_block DISABLE TRIGGER ALL;
         DELETE FROM rsl.audit_block WHERE operation = 'U';
         SELECT problem FROM rsl.audit_check();",
    )?;
    ensure!(tampered == "removed\n", "{tampered}");
    let refused = database.run("SELECT * FROM rsl.audit_prune('1 year')").err().context("it pruned")?;
    ensure!(refused.to_string().contains("does not fit its seals"), "{refused}");
    Ok(())
}

fn dump(database: &Database) -> Result<String> {
    let program = database.psql()?.get_program().to_owned();
    let output = Command::new(std::path::Path::new(&program).with_file_name("pg_dump"))
        .arg(database.url())
        .output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
}
