//! The audit against the same statement on a table that nobody tracks, and against the row trigger that the usual audit
//! extensions amount to: `to_jsonb(old)`, `to_jsonb(new)` into a table.

use std::process::Stdio;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use rsl_tests::database::Database;
use rsl_tests::server;

use super::{Bench, Measured, line, median};

/// Rows of a bulk statement.
const ROWS: u64 = 500_000;

/// Changes in the log in which one key is looked for.
const LOG: u64 = 5_000_000;

const SETUP: &str = "
    CREATE TABLE source AS
    SELECT i::bigint AS row_id, (i % 1000)::int AS qty, '품목 이름 ' || i AS item_nm, 'IT-' || lpad(i::text, 8, '0') AS item_cd,
        (i * 1.2345)::numeric(18,4) AS weight, (i * 7.01)::numeric(19,4) AS price, i / 7.0::float8 AS ratio,
        timestamp '2026-01-01' + i * interval '1 second' AS changed_at, date '2026-01-01' + i % 365 AS due_dt, i % 2 = 0 AS active_yn,
        CASE WHEN i % 3 = 0 THEN 'a remark that is rather long ' || i END AS remark, md5(i::text)::uuid AS row_guid
    FROM generate_series(1, 1000000) i;
    CREATE TABLE usual_log (id bigserial PRIMARY KEY, at timestamptz NOT NULL DEFAULT clock_timestamp(), table_name text NOT NULL,
        operation text NOT NULL, old jsonb, new jsonb);
    CREATE FUNCTION usual_audit() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'INSERT' THEN
            INSERT INTO usual_log (table_name, operation, new) VALUES (TG_TABLE_NAME, TG_OP, to_jsonb(NEW));
        ELSIF TG_OP = 'UPDATE' THEN
            INSERT INTO usual_log (table_name, operation, old, new) VALUES (TG_TABLE_NAME, TG_OP, to_jsonb(OLD), to_jsonb(NEW));
        END IF;
        RETURN NULL;
    END $$;
    VACUUM ANALYZE source";

/// How a table is watched.
#[derive(Clone, Copy)]
enum Watch {
    Nobody,
    Audit,
    RowTrigger,
}

impl Bench {
    pub fn run_audit(&self, repeats: usize) -> Result<Vec<Measured>> {
        let database = &self.database;
        database.run(SETUP)?;
        let mut inserts = [Vec::new(), Vec::new(), Vec::new()];
        let mut updates = [Vec::new(), Vec::new(), Vec::new()];
        for _ in 0..repeats {
            for (at, watch) in [Watch::Nobody, Watch::Audit, Watch::RowTrigger].into_iter().enumerate() {
                self.fresh_table(watch)?;
                inserts[at].push(self.timed(&fill(0, ROWS))?);
                database.run("VACUUM ANALYZE target; CHECKPOINT")?;
                updates[at].push(self.timed("UPDATE target SET qty = qty + 1")?);
            }
        }
        let sizes = database.value(
            "SELECT (SELECT sum(pg_total_relation_size(relid)) FROM pg_partition_tree('rsl.audit_block'))::float8
                 / (SELECT sum(changes) FROM rsl.audit_block), pg_total_relation_size('usual_log')::float8 / (SELECT count(*) FROM usual_log)",
        )?;
        let (size, usual_size) = sizes.split_once('|').context("two sizes")?;
        let (size, usual_size): (f64, f64) = (size.parse()?, usual_size.parse()?);
        let [insert, audited_insert, usual_insert] = inserts.map(median);
        let [update, audited_update, usual_update] = updates.map(median);
        let [single, audited_single] = self.single_rows(repeats)?;
        let (peak, peak_small) = (self.peak(1_000_000)?, self.peak(100_000)?);
        let (history, checked, changes) = self.large_log(repeats)?;
        Ok(vec![
            line("INSERT … SELECT of 500,000 rows, audited", audited_insert, "not tracked", insert, "s", 1.8),
            line(
                "UPDATE of one column of 500,000 rows, audited",
                audited_update,
                "not tracked",
                update,
                "s",
                1.6,
            ),
            line(
                "time that the audit adds to the INSERT",
                audited_insert - insert,
                "plpgsql row trigger, to_jsonb",
                usual_insert - insert,
                "s",
                1.0 / 6.0,
            ),
            line(
                "time that the audit adds to the UPDATE",
                audited_update - update,
                "plpgsql row trigger, to_jsonb",
                usual_update - update,
                "s",
                1.0 / 6.0,
            ),
            line(
                "a transaction of a single-row UPDATE, 4 clients, audited",
                audited_single,
                "not tracked",
                single,
                "ms",
                1.25,
            ),
            line(
                "log and indexes, a change",
                size,
                "plpgsql row trigger, to_jsonb",
                usual_size,
                "bytes",
                f64::INFINITY,
            ),
            line(
                "memory of the backend, UPDATE of 1,000,000 rows",
                peak,
                "of 100,000 rows",
                peak_small,
                "MiB",
                1.2,
            ),
            line(
                "rsl.history of one key, 5,000,000 changes in the log",
                history,
                "limit of 2 ms",
                2.0,
                "ms",
                1.0,
            ),
            line("rsl.audit_check", checked, "500,000 changes a second", changes / 500_000.0, "s", 1.0),
        ])
    }

    fn fresh_table(&self, watch: Watch) -> Result<()> {
        self.database
            .run("DROP TABLE IF EXISTS target; CREATE TABLE target (LIKE source, PRIMARY KEY (row_id))")?;
        match watch {
            Watch::Nobody => {}
            Watch::Audit => self.database.run("SELECT rsl.audit_on('target')")?,
            Watch::RowTrigger => self.database.run(
                "CREATE TRIGGER usual AFTER INSERT OR UPDATE ON target FOR EACH ROW EXECUTE FUNCTION usual_audit()",
            )?,
        }
        self.database.run("CHECKPOINT")
    }

    /// Seconds of a statement.
    fn timed(&self, statement: &str) -> Result<f64> {
        let began = Instant::now();
        self.database.run(statement)?;
        Ok(began.elapsed().as_secs_f64())
    }

    /// Milliseconds of a transaction that updates one row, by four clients at once, without and with the audit.
    fn single_rows(&self, repeats: usize) -> Result<[f64; 2]> {
        let script = self.folder.path().join("single.pgbench");
        std::fs::write(
            &script,
            "\\set id random(1, 100000)\nUPDATE target SET qty = qty + 1, remark = 'changed' WHERE row_id = :id;\n",
        )?;
        let mut milliseconds = [Vec::new(), Vec::new()];
        for _ in 0..repeats {
            for (at, watch) in [Watch::Nobody, Watch::Audit].into_iter().enumerate() {
                self.fresh_table(watch)?;
                self.database.run(&fill(0, 100_000))?;
                self.database.run("VACUUM ANALYZE target; CHECKPOINT")?;
                milliseconds[at].push(pgbench(&self.database, &script)?);
            }
        }
        Ok(milliseconds.map(median))
    }

    /// Memory of its own that a backend has in use, in MiB, after an audited UPDATE of so many rows.
    fn peak(&self, rows: u64) -> Result<f64> {
        self.fresh_table(Watch::Audit)?;
        self.database.run(&fill(0, rows))?;
        // The peak holds the buffers that it shares with others, too: they are no memory of its own, and only grow.
        let peak = self.database.value(
            "UPDATE target SET qty = qty + 1;
             SELECT (sum(kib) FILTER (WHERE name = 'VmHWM') - sum(kib) FILTER (WHERE name = 'RssShmem')) / 1024.0
             FROM (SELECT split_part(line, ':', 1) AS name, substring(line FROM '[0-9]+')::bigint AS kib
                FROM regexp_split_to_table(pg_read_file('/proc/' || pg_backend_pid() || '/status'), '\\n') line
                WHERE line ~ '^(VmHWM|RssShmem):') memory",
        )?;
        peak.parse().with_context(|| format!("no memory: {peak}"))
    }

    /// Milliseconds of rsl.history of a key, and seconds of rsl.audit_check, in a log of [`LOG`] changes; and how many those were.
    fn large_log(&self, repeats: usize) -> Result<(f64, f64, f64)> {
        self.fresh_table(Watch::Audit)?;
        self.database.run(&fill(0, ROWS))?;
        let has = |database: &Database| -> Result<u64> {
            Ok(database.value("SELECT coalesce(sum(changes), 0) FROM rsl.audit_block")?.parse()?)
        };
        while has(&self.database)? < LOG {
            self.database.run("UPDATE target SET qty = qty + 1; VACUUM target")?;
        }
        self.database.run("SELECT rsl.audit_seal(); ANALYZE; CHECKPOINT")?;
        let (mut history, mut checked) = (Vec::new(), Vec::new());
        for turn in 0..repeats.max(3) {
            // In the server, without the start of a program: the median of keys that were not asked for before.
            history.push(
                self.database
                    .value(&format!(
                        "SELECT count(*) FROM rsl.history('target', '{{\"row_id\": 1}}');
                         CREATE TEMPORARY TABLE taken (ms float8);
                         DO $$ DECLARE began timestamptz; BEGIN
                            FOR i IN 1..100 LOOP
                                began := clock_timestamp();
                                PERFORM * FROM rsl.history('target', jsonb_build_object('row_id', i * 4999 - {turn}));
                                INSERT INTO taken VALUES (extract(epoch FROM clock_timestamp() - began) * 1000);
                            END LOOP; END $$;
                         SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY ms) FROM taken"
                    ))?
                    .lines()
                    .last()
                    .context("no time")?
                    .parse()?,
            );
            let began = Instant::now();
            ensure!(
                self.database.value("SELECT count(*) FROM rsl.audit_check()")? == "0",
                "the log is damaged"
            );
            checked.push(began.elapsed().as_secs_f64());
        }
        Ok((median(history), median(checked), has(&self.database)? as f64))
    }
}

fn fill(after: u64, rows: u64) -> String {
    format!("INSERT INTO target SELECT * FROM source WHERE row_id > {after} AND row_id <= {}", after + rows)
}

/// Average milliseconds of a transaction.
fn pgbench(database: &Database, script: &std::path::Path) -> Result<f64> {
    let url = database.url();
    let output = std::process::Command::new(server::program("pgbench")?)
        .args(["--no-vacuum", "--client=4", "--jobs=2", "--time=5", "--protocol=prepared", "--file"])
        .arg(script)
        .arg(&url)
        .stderr(Stdio::null())
        .output()?;
    let said = String::from_utf8(output.stdout)?;
    let rate = said.lines().find_map(|line| line.strip_prefix("tps = ")).context("pgbench told no rate")?;
    let rate: f64 = rate.split_whitespace().next().context("no rate")?.parse()?;
    Ok(1000.0 * 4.0 / rate)
}
