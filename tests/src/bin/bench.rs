//! Measures RSL against what people would use instead, on this machine, in this run, and prints the ratios.
//!
//! `bench [ROWS] [REPEATS]`, by default 1,000,000 and 3. Every figure is the median of the repeats; what is compared is
//! measured in turns, so that a busy moment of the machine meets both sides. Exit code 1 if a limit is exceeded.

use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use rsl_tests::cluster::{Cluster, Options};
use rsl_tests::database::Database;
use rsl_tests::{bare, program, sample};
use tds_server::database::Database as Engine;
use tds_server::{Encryption, Options as ServerOptions, Server};

/// Of the server that stands in for SQL Server.
const DATABASE: &str = "KsmErp";
const LOGIN: &str = "FKSM_BI";
const PASSWORD: &str = "bench";

/// First argument of the process that only reads; the others are its port and its query.
const BARE: &str = "--bare";

/// The usual checksum of a table: what `rsl.table_digest` is measured against.
const MD5: &str =
    "SELECT sum(('x' || substr(md5(t::text), 1, 16))::bit(64)::bigint::numeric) FROM reference t";

fn main() -> Result<ExitCode> {
    let mut arguments = std::env::args().skip(1).peekable();
    if arguments.next_if(|word| word == BARE).is_some() {
        return bare_loop(arguments);
    }
    let rows: u64 = arguments.next().map_or(Ok(1_000_000), |n| n.parse()).context("ROWS must be a number")?;
    let repeats: usize = arguments.next().map_or(Ok(3), |n| n.parse()).context("REPEATS must be a number")?;
    ensure!(rows >= 10_000 && repeats >= 1, "at least 10000 ROWS and one REPEAT");
    let bench = Bench::new(rows)?;
    eprintln!("{rows} rows × 12 columns, median of {repeats}, {}", bench.database.value("SELECT version()")?);
    let mut results = bench.run(repeats)?;
    results.extend(bench.run_sql_server(repeats)?);
    println!("| what | RSL | against | reference | ratio | limit |\n|---|---|---|---|---|---|");
    results.iter().for_each(|result| println!("{}", result.line()));
    let held = results.iter().all(Measured::holds);
    Ok(if held { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

struct Bench {
    rows: u64,
    folder: tempfile::TempDir,
    database: Database,
    // Stopped when it is dropped.
    _cluster: Cluster,
}

/// One line of the result.
struct Measured {
    what: &'static str,
    ours: f64,
    against: &'static str,
    reference: f64,
    unit: &'static str,
    /// Largest ratio of ours to the reference.
    limit: f64,
}

impl Measured {
    fn ratio(&self) -> f64 {
        self.ours / self.reference
    }

    fn holds(&self) -> bool {
        self.ratio() <= self.limit
    }

    fn line(&self) -> String {
        let Self { what, ours, against, reference, unit, limit } = self;
        let held = if self.holds() { "" } else { " **exceeded**" };
        format!(
            "| {what} | {ours:.2} {unit} | {against} | {reference:.2} {unit} | {:.2} | ≤ {limit:.2}{held} |",
            self.ratio()
        )
    }
}

impl Bench {
    fn new(rows: u64) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("rsl-bench-").tempdir_in("/tmp")?;
        sample::write(sample::Shape::Bench, rows, &folder.path().join("bench.db"))?;
        sample::write(sample::Shape::Bench, 10_000, &folder.path().join("small.db"))?;
        // As a server is: it waits for the disk. Statistics and vacuum of other tables must not fall into a measurement.
        let settings = vec!["autovacuum = off".to_owned(), "max_wal_size = '8GB'".to_owned()];
        let cluster = Cluster::start(&Options { fsync: true, settings })?;
        let database = cluster.database()?;
        let bench = Self { rows, folder, database, _cluster: cluster };
        // The reference table has the shape that RSL gives it, and the file is the very rows that RSL loads.
        bench.pull("bench.db", &["--into", "public.reference"])?;
        bench.psql(&format!("\\copy reference to '{}' (format binary)", bench.file().display()))?;
        Ok(bench)
    }

    fn file(&self) -> std::path::PathBuf {
        self.folder.path().join("rows.copy")
    }

    fn run(&self, repeats: usize) -> Result<Vec<Measured>> {
        let (mut append, mut copy, mut upsert) = (Vec::new(), Vec::new(), Vec::new());
        let (mut peak, mut peak_small) = (Vec::new(), Vec::new());
        for _ in 0..repeats {
            self.database.run(
                "DROP TABLE IF EXISTS copied; CREATE TABLE copied (LIKE reference INCLUDING ALL); CHECKPOINT",
            )?;
            copy.push(self.psql(&format!("\\copy copied from '{}' (format binary)", self.file().display()))?);
            self.database.run("DROP TABLE IF EXISTS appended; CHECKPOINT")?;
            let ended = self.pull("bench.db", &["--into", "public.appended"])?;
            append.push(ended.seconds);
            peak.push(ended.peak);
            self.database.run(
                "DROP TABLE IF EXISTS merged; CREATE TABLE merged (LIKE reference INCLUDING ALL); CHECKPOINT",
            )?;
            upsert.push(self.pull("bench.db", &["--into", "public.merged", "--mode", "upsert"])?.seconds);
            self.database.run("DROP TABLE IF EXISTS small; CHECKPOINT")?;
            peak_small.push(self.pull("small.db", &["--into", "public.small"])?.peak);
        }
        self.database.run("VACUUM ANALYZE reference")?;
        let [digest, md5] = self.in_turns(repeats, "0", ["SELECT rsl.table_digest('reference')", MD5])?;
        let [parallel_digest, parallel_md5] =
            self.in_turns(repeats, "2", ["SELECT rsl.table_digest('reference')", MD5])?;
        let copy = median(copy);
        let line = |what, ours, against, reference, unit, limit| Measured {
            what,
            ours,
            against,
            reference,
            unit,
            limit,
        };
        Ok(vec![
            line("pull, append to a fresh table", median(append), "psql \\copy binary", copy, "s", 1.5),
            line(
                "pull, upsert into an empty keyed table",
                median(upsert),
                "psql \\copy binary",
                copy,
                "s",
                2.5,
            ),
            line("peak memory of rsl", median(peak.clone()), "limit of 64 MiB", 64.0, "MiB", 1.0),
            line(
                "peak memory of rsl",
                median(peak),
                "the same for 10,000 rows",
                median(peak_small),
                "MiB",
                1.5,
            ),
            line("rsl.table_digest, one process", digest, "md5 aggregate", md5, "s", 1.0 / 6.0),
            line(
                "rsl.table_digest, 2 parallel workers",
                parallel_digest,
                "md5 aggregate",
                parallel_md5,
                "s",
                1.0 / 6.0,
            ),
        ])
    }

    /// Median seconds of two queries, measured in turns in one session each time.
    fn in_turns(&self, repeats: usize, workers: &str, queries: [&str; 2]) -> Result<[f64; 2]> {
        let mut seconds = [Vec::new(), Vec::new()];
        for _ in 0..repeats {
            for (query, seconds) in queries.iter().zip(&mut seconds) {
                let began = Instant::now();
                let set = format!("SET max_parallel_workers_per_gather = {workers}; {query}");
                ensure!(!self.database.value(&set)?.is_empty(), "{query} returned nothing");
                seconds.push(began.elapsed().as_secs_f64());
            }
        }
        Ok(seconds.map(median))
    }

    /// From `tds_server`, which sends rows that it keeps encoded: what is measured is the reading.
    fn run_sql_server(&self, repeats: usize) -> Result<Vec<Measured>> {
        let serve = |file: &str, encryption| -> Result<Server> {
            let engine = Engine::open_sqlite(&self.folder.path().join(file), DATABASE)?;
            let options = ServerOptions { cache: true, ..ServerOptions::default() };
            Server::start(Arc::new(engine), options.login(LOGIN, PASSWORD).encryption(encryption))
        };
        let plain = serve("bench.db", Encryption::Off)?;
        let encrypted = serve("bench.db", Encryption::Required)?;
        let small = serve("small.db", Encryption::Off)?;
        let pull = |server: &Server, jobs: &str, encrypt: &str| -> Result<Pulled> {
            self.database.run("DROP TABLE IF EXISTS pulled; CHECKPOINT")?;
            let url = format!(
                "mssql://{LOGIN}@127.0.0.1:{}/{DATABASE}?encrypt={encrypt}&trust_cert=true",
                server.port()
            );
            let mut rsl = program::rsl(self.folder.path())?;
            rsl.args(["pull", "BENCH_ROW", "--into", "public.pulled", "--jobs", jobs])
                .args(["--database-url", &self.database.url(), "--source", &url])
                .env("MSSQL_PASSWORD", PASSWORD)
                .stdout(Stdio::null());
            let pulled = run_measured(&mut rsl)?;
            ensure!(pulled.code == 0, "rsl pull ended with code {}", pulled.code);
            Ok(pulled)
        };
        // The first time, the server makes its answers; the statement that reads all rows is what the driver alone reads, too.
        pull(&plain, "1", "off")?;
        let query = plain
            .statements()
            .into_iter()
            .find(|sql| sql.contains("ORDER BY t."))
            .context("no rows were read")?;
        pull(&plain, "2", "off")?;
        pull(&encrypted, "1", "on")?;
        pull(&small, "1", "off")?;
        let (mut alone, mut one, mut two, mut tls) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let (mut peak, mut peak_small) = (Vec::new(), Vec::new());
        for _ in 0..repeats {
            let mut bare = Command::new(std::env::current_exe()?);
            bare.args([BARE, &plain.port().to_string(), &query]);
            let ended = run_measured(&mut bare)?;
            ensure!(ended.code == 0, "the bare loop failed");
            alone.push(ended.seconds);
            one.push(pull(&plain, "1", "off")?.seconds);
            let ended = pull(&plain, "2", "off")?;
            two.push(ended.seconds);
            peak.push(ended.peak);
            tls.push(pull(&encrypted, "1", "on")?.seconds);
            peak_small.push(pull(&small, "2", "off")?.peak);
        }
        let (alone, one, peak) = (median(alone), median(one), median(peak));
        let line = |what, ours, against, reference, unit, limit| Measured {
            what,
            ours,
            against,
            reference,
            unit,
            limit,
        };
        Ok(vec![
            line("pull from SQL Server, one reader", one, "the driver alone", alone, "s", 1.0 / 0.7),
            line("pull from SQL Server, two readers", median(two), "one reader", one, "s", 1.0 / 1.5),
            line("pull from SQL Server, encrypted", median(tls), "not encrypted", one, "s", 1.2),
            line("peak memory of rsl, two readers", peak, "limit of 96 MiB", 96.0, "MiB", 1.0),
            line(
                "peak memory of rsl, two readers",
                peak,
                "the same for 10,000 rows",
                median(peak_small),
                "MiB",
                1.5,
            ),
        ])
    }

    /// Seconds of a psql command.
    fn psql(&self, command: &str) -> Result<f64> {
        let mut psql = self.database.psql()?;
        let began = Instant::now();
        let status = psql.args(["--quiet", "--set=ON_ERROR_STOP=1", "-c", command]).status()?;
        ensure!(status.success(), "psql failed: {command}");
        Ok(began.elapsed().as_secs_f64())
    }

    fn pull(&self, source: &str, options: &[&str]) -> Result<Pulled> {
        let mut rsl = program::rsl(self.folder.path())?;
        rsl.args(["pull", "BENCH_ROW", "--database-url", &self.database.url()])
            .arg("--source")
            .arg(format!("sqlite://{}", self.folder.path().join(source).display()))
            .args(options)
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let pulled = run_measured(&mut rsl)?;
        ensure!(pulled.code == 0, "rsl pull ended with code {}", pulled.code);
        if source == "bench.db" {
            let count: u64 = self.database.value(&format!("SELECT count(*) FROM {}", options[1]))?.parse()?;
            ensure!(count == self.rows, "{count} rows arrived");
        }
        Ok(pulled)
    }
}

/// Reads a query with the driver alone and says how many rows it had.
fn bare_loop(mut arguments: impl Iterator<Item = String>) -> Result<ExitCode> {
    let port = arguments.next().context("no port")?.parse()?;
    let query = arguments.next().context("no query")?;
    eprintln!("{} rows", bare::read(port, (LOGIN, PASSWORD), DATABASE, &query)?);
    Ok(ExitCode::SUCCESS)
}

/// A program that has ended.
struct Pulled {
    code: i32,
    seconds: f64,
    /// Largest resident memory in MiB.
    peak: f64,
}

/// Runs a program and asks the kernel what it used: `wait4` is the only call that tells of this one child.
fn run_measured(command: &mut Command) -> Result<Pulled> {
    let began = Instant::now();
    let child = command
        .spawn()
        .with_context(|| format!("cannot run {}", Path::new(command.get_program()).display()))?;
    let mut status = 0;
    // SAFETY: rusage is plain data for which zeros are a value, and wait4 fills it in.
    let usage = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        ensure!(libc::wait4(child.id() as i32, &mut status, 0, &mut usage) > 0, "wait4 failed");
        usage
    };
    let seconds = began.elapsed().as_secs_f64();
    let code = if libc::WIFEXITED(status) { libc::WEXITSTATUS(status) } else { -1 };
    // Linux counts in KiB.
    Ok(Pulled { code, seconds, peak: usage.ru_maxrss as f64 / 1024.0 })
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
