//! One table through the extension's functions: begin, push, finish; or, in a dry run, through the encoder alone.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use rsl_core::Witness;
use rsl_core::report::{KeyTotals, TableReport};
use rsl_core::source_account::SourceAccount;
use serde_json::{Value, json};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;

use super::connection::{Connection, Target, failure};
use super::part::Counters;
use super::plan::Plan;
use super::reject::{LISTED, Wanted};
use super::sink::Stop;
use crate::args::Mode;
use crate::command::table::count;
use crate::failure::{Failure, Result};
use crate::progress::Bar;
use crate::retry::waits;
use crate::source::{self, Part, Source};
use crate::terminal::visible;

/// What to do after a failure of a run that has kept something.
pub const RESUME: &str = "what arrived is kept: rsl pull --resume goes on from there";

/// Rejects of a dry run that are told.
const FIRST_REJECTS: usize = 3;

/// What all tables of a run have in common.
pub struct Run {
    pub source: Arc<dyn Source>,
    /// None in a dry run.
    pub target: Option<Target>,
    pub mode: Mode,
    pub filter: Option<String>,
    /// The source gives its own account of what is read.
    pub own_account: bool,
    pub again: bool,
    /// Rows of a table that may be rejected without its load failing.
    pub max_rejects: u64,
    /// Rows that are to be read by their keys, and no others: rejects of an earlier load.
    pub wanted: Option<Arc<Wanted>>,
    /// Its number in `rsl.run`; none in a dry run.
    pub number: Option<i64>,
    /// Goes on with what an earlier process began.
    pub resumed: bool,
    /// How often a reading is tried again before it has failed.
    pub retries: u16,
    /// Readers at the same time, over all tables.
    pub readers: Arc<Semaphore>,
    pub jobs: usize,
    pub stop: Stop,
    /// Rows have arrived that a later process need not read again.
    pub kept: AtomicBool,
}

/// The outcome for one table.
pub struct Loaded {
    pub report: TableReport,
    pub totals: KeyTotals,
    /// Length of the row stream.
    pub bytes: u64,
}

impl Run {
    /// Loads one table, or reads it for the dry run.
    pub async fn table(self: &Arc<Self>, plan: &Arc<Plan>, bar: Bar) -> Result<Loaded> {
        let started = Instant::now();
        let counters = Counters { rows: bar.rows(), ..Counters::default() };
        let Some(target) = &self.target else {
            let verdict = self.read_only(plan, &counters).await?;
            bar.done("read");
            let mut loaded = self.report(plan, 0, &verdict, &counters, started);
            loaded.report.load_id = None;
            return Ok(loaded);
        };
        let mut left = waits(self.retries);
        loop {
            let connection = Arc::new(target.connect().await?);
            let load = self.begin(plan, &connection).await?;
            let failed = match self.fill(plan, target, &connection, load, &bar, &counters).await {
                Ok(verdict) => {
                    self.kept.store(true, Ordering::Relaxed);
                    let loaded = self.report(plan, load, &verdict, &counters, started);
                    bar.done(match (loaded.report.exact, loaded.report.partial) {
                        (true, _) if loaded.report.source_changed() => "exact as it was read",
                        (true, _) => "exact",
                        (_, true) => "exact but for rejects",
                        _ => "failed",
                    });
                    return Ok(loaded);
                }
                Err(failed) => failed,
            };
            if counters.rejected.load(Ordering::Relaxed) > self.max_rejects.saturating_add(LISTED) {
                // There is nothing to go on with. What was found is in the database.
                abort(target, load, &failed).await;
                bar.done("failed");
                return Ok(self.report(plan, load, &too_many(load, &failed, &counters), &counters, started));
            }
            if plan.table.resumes && counters.bytes.load(Ordering::Relaxed) > 0 {
                bar.done("ended, what arrived is kept for rsl pull --resume");
                self.kept.store(true, Ordering::Relaxed);
                return Err(failed);
            }
            abort(target, load, &failed).await;
            match left.next() {
                // Without a key there is no place to go on from: the table is read again from its beginning.
                Some(wait) if failed.is_transient() => {
                    eprintln!(
                        "{failed}\nreading {} again in {:.1} s",
                        visible(&plan.table.object),
                        wait.as_secs_f64()
                    );
                    counters.rows.store(0, Ordering::Relaxed);
                    counters.bytes.store(0, Ordering::Relaxed);
                    counters.rejected.store(0, Ordering::Relaxed);
                    tokio::time::sleep(wait).await;
                }
                _ => {
                    bar.done("ended, nothing was kept");
                    return Err(failed);
                }
            }
        }
    }

    /// The number of the load: one that an earlier process of this run left, or a new one with its plan.
    async fn begin(&self, plan: &Plan, connection: &Connection) -> Result<i64> {
        let at = |error| failure(error).at(format!("cannot begin to load {}", plan.table.object));
        if self.resumed && plan.table.resumes {
            let left = connection
                .client
                .query_one("SELECT rsl.load_resume($1, $2)", &[&self.number, &plan.table.object])
                .await
                .map_err(at)?;
            if let Some(load) = left.get(0) {
                eprintln!("{}: going on with load {load}", visible(&plan.table.object));
                return Ok(load);
            }
        }
        let abandoned = connection
            .client
            .query("SELECT rsl.load_abort_abandoned($1)", &[&plan.target_sql()])
            .await
            .map_err(at)?;
        for load in abandoned {
            eprintln!(
                "load {} into {} had been abandoned; what it left in staging is gone",
                load.get::<_, i64>(0),
                visible(&plan.target_name())
            );
        }
        let columns: Vec<&str> = plan.columns.iter().map(|(name, _)| name.as_str()).collect();
        let key = Some(&plan.key).filter(|key| !key.is_empty());
        let load = connection
            .client
            .query_one(
                "SELECT rsl.load_begin($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
                &[
                    &plan.target_sql(),
                    &columns,
                    &self.mode.name(),
                    &key,
                    &self.source.name(),
                    &plan.table.object,
                    &plan.definition(),
                    &self.again,
                    &self.number,
                    &(self.max_rejects as i64),
                ],
            )
            .await
            .map_err(at)?;
        Ok(load.get(0))
    }

    /// Reads, pushes and finishes; when the run is stopped, every statement is cancelled.
    async fn fill(
        self: &Arc<Self>,
        plan: &Arc<Plan>,
        target: &Target,
        connection: &Arc<Connection>,
        load: i64,
        bar: &Bar,
        counters: &Counters,
    ) -> Result<Value> {
        self.unless_stopped(connection, self.plan_parts(plan, connection, load)).await?;
        self.read_all(plan, target, connection, load, counters).await?;
        bar.says("verifying");
        self.unless_stopped(connection, self.finish(plan, connection, load)).await
    }

    /// Without the cancelling the server would go on, and commit what nobody waits for.
    async fn unless_stopped<T>(
        &self,
        connection: &Connection,
        work: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        tokio::select! {
            outcome = work => outcome,
            () = self.stop.wait() => {
                connection.cancel().await;
                Err(Failure::follow_up())
            }
        }
    }

    async fn parts(&self, plan: &Plan) -> Result<Vec<Part>> {
        match self.wanted {
            Some(_) => Ok(vec![Part::default()]),
            None => self.source.parts(&plan.table, self.jobs).await.map_err(|failed| failed.at_load(plan)),
        }
    }

    /// Cuts the table, unless an earlier process has.
    async fn plan_parts(&self, plan: &Plan, connection: &Connection, load: i64) -> Result<()> {
        let at = |error| failure(error).at_load(plan);
        let planned = connection
            .client
            .query_one("SELECT EXISTS (SELECT FROM rsl.load_part WHERE load_id = $1)", &[&load])
            .await
            .map_err(at)?;
        if !planned.get::<_, bool>(0) {
            let parts = self.parts(plan).await?;
            connection
                .client
                .execute("SELECT rsl.load_plan($1, $2)", &[&load, &json!(parts)])
                .await
                .map_err(at)?;
        }
        Ok(())
    }

    /// All parts, by as many readers as there may be, each with its own connections. The first failure ends the others.
    async fn read_all(
        self: &Arc<Self>,
        plan: &Arc<Plan>,
        target: &Target,
        connection: &Arc<Connection>,
        load: i64,
        counters: &Counters,
    ) -> Result<()> {
        let open = connection
            .client
            .query_one(
                "SELECT count(*) FROM rsl.load_part WHERE load_id = $1 AND finished_at IS NULL",
                &[&load],
            )
            .await
            .map_err(|error| failure(error).at_load(plan))?;
        let readers = self.jobs.min(open.get::<_, i64>(0) as usize);
        let mut running: JoinSet<Result<()>> = JoinSet::new();
        for number in 0..readers {
            let (run, plan, counters) = (self.clone(), plan.clone(), counters.clone());
            let (target, first) = (target.clone(), (number == 0).then(|| connection.clone()));
            running.spawn(async move {
                let Ok(_place) = run.readers.acquire().await else { return Err(Failure::follow_up()) };
                let connection = match first {
                    Some(connection) => connection,
                    None => Arc::new(target.connect().await?),
                };
                run.unless_stopped(&connection, run.load_parts(&plan, &connection, load, &counters)).await
            });
        }
        let mut outcome = Ok(());
        while let Some(ended) = running.join_next().await {
            let ended = match ended {
                Ok(ended) => ended,
                Err(error) if error.is_cancelled() => continue,
                Err(error) => Err(Failure::new(format!("a reader ended unexpectedly: {error}"))),
            };
            if let Err(failed) = ended
                && outcome.is_ok()
            {
                outcome = Err(failed.at_load(plan));
                running.abort_all();
            }
        }
        outcome
    }

    async fn finish(&self, plan: &Plan, connection: &Connection, load: i64) -> Result<Value> {
        let at = |error| failure(error).at_load(plan);
        let verdict =
            connection.client.query_one("SELECT rsl.load_finish($1)", &[&load]).await.map_err(at)?.get(0);
        let verdict: Value = verdict;
        if verdict["exact"] != Value::Bool(true) && verdict["partial"] != Value::Bool(true) {
            // The verdict is kept; the rows are not needed any more.
            connection.client.execute("SELECT rsl.load_abort($1)", &[&load]).await.map_err(at)?;
        }
        Ok(verdict)
    }

    /// Of a dry run: reads everything, and says what `rsl.load_finish` would say of rows that arrived.
    pub async fn read_only(self: &Arc<Self>, plan: &Arc<Plan>, counters: &Counters) -> Result<Value> {
        let parts = self.parts(plan).await?;
        let readers = self.jobs.min(parts.len());
        let parts = Arc::new(Mutex::new(parts.into_iter()));
        let first_rejects = Arc::new(Mutex::new(Vec::new()));
        let mut running: JoinSet<Result<Vec<(source::Account, Witness)>>> = JoinSet::new();
        for _ in 0..readers {
            let (run, plan, counters, parts) = (self.clone(), plan.clone(), counters.clone(), parts.clone());
            let first_rejects = first_rejects.clone();
            running.spawn(async move {
                let Ok(_place) = run.readers.acquire().await else { return Err(Failure::follow_up()) };
                let mut read = Vec::new();
                loop {
                    let next = parts.lock().unwrap_or_else(PoisonError::into_inner).next();
                    let Some(part) = next else { return Ok(read) };
                    read.push(run.read_part(&plan, &part, &counters, &first_rejects).await?);
                }
            });
        }
        let (mut rows, mut witness, mut consistency) = (0, Witness::default(), Vec::new());
        let (mut own, mut changed) = (self.own_account.then(SourceAccount::default), false);
        while let Some(ended) = running.join_next().await {
            let ended =
                ended.map_err(|error| Failure::new(format!("a reader ended unexpectedly: {error}")))?;
            for (account, of_part) in ended.map_err(|failed| failed.at_load(plan))? {
                rows += account.rows;
                witness.merge(&of_part);
                own = own.zip(plan.own_account(&account)).map(|(own, of_part)| own.plus(&of_part));
                changed |= account.consistency.changed;
                if !consistency.contains(&account.consistency) {
                    consistency.push(account.consistency);
                }
            }
        }
        let stream = witness.account(plan.columns.iter().map(|(name, _)| name.as_str()));
        let rejected = counters.rejected.load(Ordering::Relaxed);
        let read = stream.rows + rejected;
        let first = first_rejects.lock().unwrap_or_else(PoisonError::into_inner);
        // The source's account is of all rows, also of those that cannot be loaded.
        let unlike = match (&own, changed) {
            (Some(own), false) => own.differences(&stream, rejected, "in the stream"),
            _ => Vec::new(),
        };
        let reason = match (rows == read, unlike.is_empty(), rejected) {
            (false, ..) => json!({ "message": format!("the source counts {rows} rows, {read} were read") }),
            (true, false, _) => json!({
                "message": format!("what was read is not what the source says that it holds: {}", unlike.join("; ")),
            }),
            (true, true, 0) => Value::Null,
            (true, true, _) => json!({
                "message": format!("{} cannot be loaded", in_rows(rejected)),
                "detail": first.iter().map(|reject| in_words(plan, reject)).collect::<Vec<_>>().join("\n"),
            }),
        };
        let source = own.map(|own| match changed {
            true => json!({"rows": own.rows, "columns": own.columns, "changed": true}),
            false => json!({
                "rows": own.rows, "columns": own.columns, "compared": own.compared(&stream, rejected), "left_out": rejected,
            }),
        });
        Ok(json!({
            "exact": reason.is_null(),
            "partial": rows == read && unlike.is_empty() && (1..=self.max_rejects).contains(&rejected),
            "rejected": rejected,
            "stream": stream,
            "source": source,
            "source_rows": rows,
            "consistency": consistency,
            "undo": {"by": plan.undo},
            "reason": reason,
        }))
    }

    /// Reads a part and drops its rows.
    async fn read_part(
        self: &Arc<Self>,
        plan: &Arc<Plan>,
        part: &Part,
        counters: &Counters,
        first_rejects: &Mutex<Vec<Value>>,
    ) -> Result<(source::Account, Witness)> {
        let (parcels, mut received) = mpsc::channel(1);
        let mut reader = self.reader(plan, part, parcels, counters);
        let mut witness = Witness::default();
        let take_all = async {
            while let Some(parcel) = received.recv().await {
                counters.bytes.fetch_add(parcel.chunk.payload.len() as u64, Ordering::Relaxed);
                witness.merge(&parcel.chunk.witness);
                self.count_rejects(parcel.rejects.len() as u64, counters)?;
                let mut first = first_rejects.lock().unwrap_or_else(PoisonError::into_inner);
                let room = FIRST_REJECTS.saturating_sub(first.len());
                first.extend(parcel.rejects.into_iter().take(room));
            }
            Ok(())
        };
        tokio::select! {
            taken = take_all => taken?,
            () = self.stop.wait() => {
                reader.abort();
                return Err(Failure::follow_up());
            }
        }
        Ok((reader.join().await?, witness))
    }

    fn report(
        &self,
        plan: &Plan,
        load: i64,
        verdict: &Value,
        counters: &Counters,
        started: Instant,
    ) -> Loaded {
        let (object, target) = (&plan.table.object, plan.target_name());
        let seconds = started.elapsed().as_secs_f64();
        let columns = plan.columns.iter().map(|(name, _)| name.as_str());
        Loaded {
            report: TableReport {
                load_id: Some(load),
                ..TableReport::of_verdict(object, &target, self.mode.name(), verdict, seconds)
            },
            totals: KeyTotals::of_verdict(verdict, columns),
            bytes: counters.bytes.load(Ordering::Relaxed),
        }
    }
}

/// Takes the load's staging away, on a new connection because the old one may be gone. The load is over either way; what
/// cannot be cleaned now is listed by `rsl loads` as loading.
async fn abort(target: &Target, load: i64, failed: &Failure) {
    let cleaned = async {
        let connection = target.connect().await?;
        connection
            .client
            .execute("SELECT rsl.load_abort($1, $2)", &[&load, &failed.what()])
            .await
            .map_err(failure)
    };
    match tokio::time::timeout(std::time::Duration::from_secs(10), cleaned).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => tracing::warn!(load, "the load could not be cleaned up: {error}"),
        Err(_) => tracing::warn!(load, "the load could not be cleaned up in time"),
    }
}

/// The verdict of a load that was given up because of its rejects.
fn too_many(load: i64, failed: &Failure, counters: &Counters) -> Value {
    json!({
        "exact": false,
        "rejected": counters.rejected.load(Ordering::Relaxed),
        "reason": {"message": failed.what(), "hint": format!("rsl rejects {load} lists those that were found")},
    })
}

fn in_rows(number: u64) -> String {
    count(number, "row", "rows")
}

/// A reject of a dry run, which no database has seen: the key of the row, the column and the reason.
fn in_words(plan: &Plan, reject: &Value) -> String {
    let text = |value: &Value| {
        value.as_str().map_or_else(|| value.to_string(), |text| format!("'{}'", text.escape_debug()))
    };
    let key = plan.key_positions().into_iter().map(|at| {
        let name = &plan.columns[at].0;
        format!("{name} {}", text(&reject["row"][name]).chars().take(62).collect::<String>())
    });
    let key = key.collect::<Vec<_>>().join(", ");
    let column = format!("column {}", reject["column_name"].as_str().unwrap_or_default());
    [key, column, reject["message"].as_str().unwrap_or_default().to_owned()]
        .into_iter()
        .filter(|words| !words.is_empty())
        .collect::<Vec<_>>()
        .join(": ")
}

impl Failure {
    fn at_load(self, plan: &Plan) -> Self {
        let object = &plan.table.object;
        if self.what().starts_with(object.as_str()) {
            self
        } else {
            self.at(format!("{object} into {}", plan.target_name()))
        }
    }
}
