//! Measures RSL against what people would use instead, on this machine, in this run, and prints the ratios.
//!
//! `bench [ROWS] [REPEATS] [PART]`, by default 1,000,000 and 3, and all parts: from SQLite, from SQL Server, the audit, and the proof. Every figure is the median of the repeats; what is compared is
//! measured in turns, so that a busy moment of the machine meets both sides. Exit code 1 if a limit is exceeded.

mod audit;
mod proof;

use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

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

/// Bytes of a large value.
const LARGE: u64 = 50_000_000;

/// What a program of one's own would read with the driver.
const SIMPLE: &str = "SELECT * FROM dbo.BENCH_ROW";

const DIGEST: &str = "SELECT rsl.table_digest('reference')";

/// The usual checksum of a table: what [`DIGEST`] is measured against.
const MD5: &str =
    "SELECT sum(('x' || substr(md5(t::text), 1, 16))::bit(64)::bigint::numeric) FROM reference t";

fn main() -> Result<ExitCode> {
    let mut arguments = std::env::args().skip(1).peekable();
    if arguments.next_if(|word| word == BARE).is_some() {
        return bare_loop(arguments);
    }
    let rows: u64 = arguments.next().map_or(Ok(1_000_000), |n| n.parse()).context("ROWS must be a number")?;
    let repeats: usize = arguments.next().map_or(Ok(3), |n| n.parse()).context("REPEATS must be a number")?;
    let part = arguments.next();
    ensure!(
        part.as_deref().is_none_or(|name| ["sqlite", "mssql", "audit", "proof"].contains(&name)),
        "PART is sqlite, mssql, audit or proof"
    );
    ensure!(rows >= 100_000 && repeats >= 1, "at least 100000 ROWS and one REPEAT");
    let bench = Bench::new(rows)?;
    eprintln!("{rows} rows × 12 columns, median of {repeats}, {}", bench.database.value("SELECT version()")?);
    let mut results = Vec::new();
    let wanted = |name: &str| part.as_deref().is_none_or(|part| part == name);
    if wanted("sqlite") {
        results.extend(bench.run(repeats)?);
    }
    if wanted("mssql") {
        results.extend(bench.run_sql_server(repeats)?);
    }
    if wanted("audit") {
        results.extend(bench.run_audit(repeats)?);
    }
    if wanted("proof") {
        results.extend(bench.run_proof(repeats)?);
    }
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
    /// Largest ratio of ours to the reference; infinite where the ratio is told and not judged.
    limit: f64,
}

fn line(
    what: &'static str,
    ours: f64,
    against: &'static str,
    reference: f64,
    unit: &'static str,
    limit: f64,
) -> Measured {
    Measured { what, ours, against, reference, unit, limit }
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
        let limit = if limit.is_finite() { format!("≤ {limit:.2}") } else { "–".to_owned() };
        format!(
            "| {what} | {ours:.2} {unit} | {against} | {reference:.2} {unit} | {:.2} | {limit}{held} |",
            self.ratio()
        )
    }
}

impl Bench {
    fn new(rows: u64) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("rsl-bench-").tempdir_in("/tmp")?;
        sample::write(sample::Shape::Bench, rows, &folder.path().join("bench.db"))?;
        sample::write(sample::Shape::Bench, rows / 10, &folder.path().join("small.db"))?;
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
        let [digest, md5] = self.in_turns(repeats, [(0, DIGEST), (0, MD5)])?;
        let [parallel_digest, parallel_md5] = self.in_turns(repeats, [(2, DIGEST), (2, MD5)])?;
        let copy = median(copy);
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
                "the same for a tenth of the rows",
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

    /// Median seconds of two queries, each with so many parallel workers at most, measured in turns in one session each time.
    fn in_turns(&self, repeats: usize, queries: [(u8, &str); 2]) -> Result<[f64; 2]> {
        let mut seconds = [Vec::new(), Vec::new()];
        for _ in 0..repeats {
            for ((workers, query), seconds) in queries.iter().zip(&mut seconds) {
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
        let plain = Source::start(self.folder.path(), "bench.db", "off")?;
        let encrypted = Source::start(self.folder.path(), "bench.db", "required")?;
        let small = Source::start(self.folder.path(), "small.db", "off")?;
        let pull = |port: u16, options: &[&str]| -> Result<Pulled> {
            self.database.run("DROP TABLE IF EXISTS pulled; CHECKPOINT")?;
            let encrypt = if port == encrypted.port { "on" } else { "off" };
            let url =
                format!("mssql://{LOGIN}@127.0.0.1:{port}/{DATABASE}?encrypt={encrypt}&trust_cert=true");
            let mut rsl = program::rsl(self.folder.path())?;
            rsl.args(["pull", "BENCH_ROW", "--into", "public.pulled"])
                .args(options)
                .args(["--database-url", &self.database.url(), "--source", &url])
                .env("MSSQL_PASSWORD", PASSWORD)
                .stdout(Stdio::null())
                .stderr(Stdio::null());
            let pulled = run_measured(&mut rsl)?;
            ensure!(pulled.code == 0, "rsl pull ended with code {}", pulled.code);
            Ok(pulled)
        };
        let bare = |query: &str| -> Result<f64> {
            let ended = run_measured(Command::new(std::env::current_exe()?).args([
                BARE,
                &plain.port.to_string(),
                query,
            ]))?;
            ensure!(ended.code == 0, "the bare loop failed");
            Ok(ended.seconds)
        };
        let same = self.reading(|port| pull(port, &[]))?;
        let two_readers = ["--jobs", "2"];
        // The first time, the server makes the answers that it then keeps.
        for port in [plain.port, encrypted.port, small.port] {
            pull(port, &[])?;
            pull(port, &two_readers)?;
        }
        bare(SIMPLE)?;
        let (mut alone, mut alone_same) = (Vec::new(), Vec::new());
        let (mut one, mut two, mut tls) = (Vec::new(), Vec::new(), Vec::new());
        let (mut one_dry, mut two_dry) = (Vec::new(), Vec::new());
        let (mut peak, mut peak_small) = (Vec::new(), Vec::new());
        let (mut once, mut twice) = (Vec::new(), Vec::new());
        for _ in 0..repeats {
            once.push(calculate(1));
            twice.push(calculate(2));
            alone.push(bare(SIMPLE)?);
            alone_same.push(bare(&same)?);
            one.push(pull(plain.port, &[])?.seconds);
            let ended = pull(plain.port, &two_readers)?;
            two.push(ended.seconds);
            peak.push(ended.peak);
            tls.push(pull(encrypted.port, &[])?.seconds);
            one_dry.push(pull(plain.port, &["--dry-run"])?.seconds);
            two_dry.push(pull(plain.port, &["--dry-run", "--jobs", "2"])?.seconds);
            peak_small.push(pull(small.port, &two_readers)?.peak);
        }
        let large = |values: u64| -> Result<f64> {
            let file = format!("large{values}.db");
            rusqlite::Connection::open(self.folder.path().join(&file))?.execute_batch(&format!(
                "CREATE TABLE BENCH_ROW (ROW_ID int NOT NULL PRIMARY KEY, DATA BLOB);
                 WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {values})
                 INSERT INTO BENCH_ROW SELECT n, randomblob({LARGE}) FROM n;"
            ))?;
            let source = Source::start(self.folder.path(), &file, "off")?;
            // How many are in memory at once is chance: the worst of some.
            let peaks: Vec<f64> = (0..3).map(|_| Ok(pull(source.port, &[])?.peak)).collect::<Result<_>>()?;
            Ok(peaks.into_iter().fold(0.0, f64::max))
        };
        let (few, many) = (large(2)?, large(8)?);
        let (one, peak) = (median(one), median(peak));
        Ok(vec![
            line(
                "pull from SQL Server, one reader",
                one,
                "tiberius alone, SELECT *",
                median(alone),
                "s",
                1.0 / 0.7,
            ),
            line(
                "pull from SQL Server, one reader",
                one,
                "tiberius alone, RSL's SELECT",
                median(alone_same),
                "s",
                f64::INFINITY,
            ),
            line("pull from SQL Server, encrypted", median(tls), "not encrypted", one, "s", 1.2),
            line("pull from SQL Server, two readers", median(two), "one reader", one, "s", f64::INFINITY),
            line(
                "reading from SQL Server (--dry-run), two readers",
                median(two_dry),
                "one reader",
                median(one_dry),
                "s",
                1.0 / 1.5,
            ),
            line("peak memory of rsl, two readers", peak, "limit of 96 MiB", 96.0, "MiB", 1.0),
            line(
                "peak memory of rsl, two readers",
                peak,
                "the same for a tenth of the rows",
                median(peak_small),
                "MiB",
                1.5,
            ),
            line("peak memory of rsl, 8 values of 50 MB", many, "the same for 2", few, "MiB", 1.2),
            line("a calculation, twice at once", median(twice), "once", median(once), "s", f64::INFINITY),
        ])
    }

    /// The statement with which rsl reads all rows of the table, which is what the driver alone is to read, too.
    fn reading(&self, pull: impl Fn(u16) -> Result<Pulled>) -> Result<String> {
        let engine = Engine::open_sqlite(&self.folder.path().join("small.db"), DATABASE)?;
        let options = ServerOptions::default().login(LOGIN, PASSWORD).encryption(Encryption::Off);
        let server = Server::start(Arc::new(engine), options)?;
        pull(server.port())?;
        let mut statements = server.statements().into_iter();
        statements.find(|sql| sql.contains("ORDER BY t.")).context("no rows were read")
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
        let pulled = self.pull_some(source, options)?;
        ensure!(pulled.code == 0, "rsl pull ended with code {}", pulled.code);
        if source == "bench.db" {
            let count: u64 = self.database.value(&format!("SELECT count(*) FROM {}", options[1]))?.parse()?;
            ensure!(count == self.rows, "{count} rows arrived");
        }
        Ok(pulled)
    }

    /// A pull that may leave rows out.
    fn pull_some(&self, source: &str, options: &[&str]) -> Result<Pulled> {
        let mut rsl = program::rsl(self.folder.path())?;
        rsl.args(["pull", "BENCH_ROW", "--database-url", &self.database.url()])
            .arg("--source")
            .arg(format!("sqlite://{}", self.folder.path().join(source).display()))
            .args(options)
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        run_measured(&mut rsl)
    }
}

/// A server of its own process, which keeps its answers.
struct Source {
    process: Child,
    port: u16,
}

impl Source {
    fn start(folder: &Path, file: &str, encrypt: &str) -> Result<Self> {
        let program = std::env::current_exe()?.with_file_name("tds-server");
        let port_file = folder.join(format!("{file}.{encrypt}.port"));
        let process = Command::new(&program)
            .args(["--login", &format!("{LOGIN}:MSSQL_PASSWORD"), "--listen", "127.0.0.1:0", "--cache"])
            .args(["--database", DATABASE, "--encrypt", encrypt, "--port-file"])
            .arg(&port_file)
            .arg(folder.join(file))
            .env("MSSQL_PASSWORD", PASSWORD)
            .stdout(Stdio::null())
            .spawn()
            .with_context(|| {
                format!("cannot run {}: cargo build --release -p tds_server", program.display())
            })?;
        let mut source = Self { process, port: 0 };
        let patience = Instant::now() + Duration::from_secs(60);
        while source.port == 0 {
            ensure!(
                Instant::now() < patience && source.process.try_wait()?.is_none(),
                "the source does not listen"
            );
            std::thread::sleep(Duration::from_millis(20));
            source.port = std::fs::read_to_string(&port_file)
                .ok()
                .and_then(|text| text.trim().parse().ok())
                .unwrap_or(0);
        }
        Ok(source)
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        // It has nothing that could be lost.
        let _ = self.process.kill();
        let _ = self.process.wait();
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

/// Seconds of a calculation that needs nothing but a core, by so many threads at once: what this machine's cores are worth
/// together, which on a machine that is shared with others changes from minute to minute.
fn calculate(threads: usize) -> f64 {
    let began = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                (0..1_000_000_000u64).fold(0, |state: u64, n| std::hint::black_box(state.rotate_left(5) ^ n))
            });
        }
    });
    began.elapsed().as_secs_f64()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
