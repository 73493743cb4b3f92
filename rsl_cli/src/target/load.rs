//! One table through the extension's functions: begin, push, finish; or, in a dry run, through the encoder alone.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Instant;

use rsl_core::Witness;
use rsl_core::copy::Chunk;
use rsl_core::report::{KeyTotals, SumPair, TableReport};
use rsl_core::witness::Account;
use serde_json::{Map, Value, json};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::connection::{Connection, Target, failure};
use super::plan::Plan;
use super::sink::{Labels, RowSink, Stop};
use crate::args::Mode;
use crate::failure::{Failure, Result};
use crate::progress::Bar;
use crate::source::{self, Source};

/// What all tables of a run have in common.
pub struct Run {
    pub source: Arc<dyn Source>,
    /// None in a dry run.
    pub target: Option<Target>,
    pub mode: Mode,
    pub filter: Option<String>,
    pub again: bool,
    pub stop: Stop,
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
    pub async fn table(&self, plan: &Plan, bar: Bar) -> Result<Loaded> {
        let started = Instant::now();
        match &self.target {
            None => {
                let read = self.read(plan, None, bar.rows()).await?;
                bar.done("read");
                Ok(self.dry_report(plan, read, started))
            }
            Some(target) => {
                let connection = target.connect().await?;
                let load = self.begin(plan, &connection).await?;
                let outcome = tokio::select! {
                    outcome = self.fill(plan, &connection, load, started, &bar) => outcome,
                    () = self.stop.wait() => {
                        // Without this the server would go on, and commit what nobody waits for.
                        connection.cancel().await;
                        Err(Failure::follow_up())
                    }
                };
                match outcome {
                    Ok(loaded) => {
                        bar.done(if loaded.report.exact { "exact" } else { "failed" });
                        Ok(loaded)
                    }
                    Err(failed) => {
                        bar.done("ended, nothing was kept");
                        abort(target, load, &failed).await;
                        Err(failed)
                    }
                }
            }
        }
    }

    async fn begin(&self, plan: &Plan, connection: &Connection) -> Result<i64> {
        let abandoned = connection
            .client
            .query("SELECT rsl.load_abort_abandoned($1)", &[&plan.target_sql()])
            .await
            .map_err(|error| failure(error).at(format!("cannot begin to load {}", plan.table.object)))?;
        for load in abandoned {
            eprintln!(
                "load {} into {} had been abandoned; what it left in staging is gone",
                load.get::<_, i64>(0),
                plan.target_name()
            );
        }
        let columns: Vec<&str> = plan.columns.iter().map(|(name, _)| name.as_str()).collect();
        let key = Some(&plan.key).filter(|key| !key.is_empty());
        let load = connection
            .client
            .query_one(
                "SELECT rsl.load_begin($1, $2, $3, $4, $5, $6, $7, $8)",
                &[
                    &plan.target_sql(),
                    &columns,
                    &self.mode.name(),
                    &key,
                    &self.source.name(),
                    &plan.table.object,
                    &plan.definition(),
                    &self.again,
                ],
            )
            .await
            .map_err(|error| failure(error).at(format!("cannot begin to load {}", plan.table.object)))?;
        Ok(load.get(0))
    }

    async fn fill(
        &self,
        plan: &Plan,
        connection: &Connection,
        load: i64,
        started: Instant,
        bar: &Bar,
    ) -> Result<Loaded> {
        let (chunks, received) = mpsc::channel(1);
        // Whichever of the two fails first ends the other: a reader that has nobody to send to, or a push without rows.
        let (read, pushed) =
            tokio::join!(self.read(plan, Some(chunks), bar.rows()), push_all(connection, load, received));
        let read = match (read, pushed) {
            (Err(first), Ok(())) | (Ok(_), Err(first)) => return Err(first.at_load(plan)),
            (Err(reading), Err(pushing)) if reading.is_follow_up() => return Err(pushing.at_load(plan)),
            (Err(reading), Err(_)) => return Err(reading.at_load(plan)),
            (Ok(read), Ok(())) => read,
        };
        bar.says("verifying");
        let stream = read.witness.account(plan.columns.iter().map(|(name, _)| name.as_str()));
        let verdict = connection
            .client
            .query_one("SELECT rsl.load_finish($1, $2)", &[&load, &json!(stream)])
            .await
            .map_err(|error| failure(error).at_load(plan))?;
        let verdict: Value = verdict.get(0);
        let loaded = self.report(plan, load, &read, &stream, &verdict, started);
        if !loaded.report.exact {
            // The verdict is kept; the rows are not needed any more.
            connection
                .client
                .execute("SELECT rsl.load_abort($1)", &[&load])
                .await
                .map_err(|error| failure(error).at_load(plan))?;
        }
        Ok(loaded)
    }

    /// Reads all slices of a table, several at once if there are several.
    async fn read(
        &self,
        plan: &Plan,
        chunks: Option<mpsc::Sender<Chunk>>,
        rows: Arc<AtomicU64>,
    ) -> Result<Read> {
        let labels = Arc::new(Labels {
            object: plan.table.object.clone(),
            columns: plan.table.columns.iter().map(|column| column.name.clone()).collect(),
            key: plan.key_positions(),
        });
        let types: Vec<_> = plan.columns.iter().map(|(_, ty)| *ty).collect();
        let table = Arc::new(plan.table.clone());
        let mut readers: JoinSet<Result<source::Account>> = JoinSet::new();
        for slice in self.source.slices(&table, 1).await? {
            let sink =
                RowSink::new(types.clone(), labels.clone(), chunks.clone(), self.stop.clone(), rows.clone());
            let (source, table, filter) = (self.source.clone(), table.clone(), self.filter.clone());
            readers.spawn(async move { source.read(&table, &slice, filter.as_deref(), sink).await });
        }
        // The receiver ends when the last sender is gone.
        drop(chunks);
        let mut all = Read {
            source_rows: 0,
            witness: Witness::new(types.iter().map(|ty| ty.is_exact_number())),
            bytes: 0,
        };
        while let Some(reader) = readers.join_next().await {
            let account =
                reader.map_err(|error| Failure::new(format!("a reader ended unexpectedly: {error}")))??;
            all.source_rows += account.rows;
            all.bytes += account.sink.bytes();
            all.witness.merge(account.sink.witness());
        }
        Ok(all)
    }

    fn report(
        &self,
        plan: &Plan,
        load: i64,
        read: &Read,
        stream: &Account,
        verdict: &Value,
        started: Instant,
    ) -> Loaded {
        let count = |name: &str| verdict[name].as_u64().unwrap_or(0);
        let target: Option<Account> = serde_json::from_value(verdict["target"].clone()).ok();
        let target_rows = target.as_ref().map_or(0, |target| target.rows);
        let counted = read.source_rows == stream.rows;
        let mut reason =
            verdict["reason"]["message"].as_str().map(|message| match verdict["reason"]["detail"].as_str() {
                Some(detail) => format!("{message} ({detail})"),
                None => message.to_owned(),
            });
        if !counted {
            reason.get_or_insert_with(|| {
                format!("the source counts {} rows, {} were read", read.source_rows, stream.rows)
            });
        }
        let exact = verdict["exact"] == Value::Bool(true) && counted;
        let mut sums = Map::new();
        for (name, _) in plan.columns.iter().filter(|(_, ty)| ty.is_exact_number()) {
            let sum = |account: Option<&Account>| {
                account.and_then(|a| a.column(name)).and_then(|c| c.sum).unwrap_or_else(|| "0".to_owned())
            };
            let (source, target) = (sum(Some(stream)), sum(target.as_ref()));
            sums.insert(name.clone(), json!(SumPair { matches: source == target, source, target }));
        }
        let seconds = started.elapsed().as_secs_f64();
        Loaded {
            report: TableReport {
                object: plan.table.object.clone(),
                target: plan.target_name(),
                mode: self.mode.name().to_owned(),
                load_id: Some(load),
                source_rows: read.source_rows,
                target_rows,
                inserted: count("inserted"),
                updated: count("updated"),
                unchanged: count("unchanged"),
                deleted: count("deleted"),
                rejected: 0,
                exact,
                seconds: rounded(seconds),
                rows_per_second: per_second(read.source_rows, seconds),
                losses: Vec::new(),
                reason,
            },
            totals: KeyTotals {
                source_count: read.source_rows,
                target_count: target_rows,
                matches: read.source_rows == target_rows,
                sums,
            },
            bytes: read.bytes,
        }
    }

    fn dry_report(&self, plan: &Plan, read: Read, started: Instant) -> Loaded {
        let stream = read.witness.account(plan.columns.iter().map(|(name, _)| name.as_str()));
        let nothing_written = json!({ "exact": read.source_rows == stream.rows });
        let mut loaded = self.report(plan, 0, &read, &stream, &nothing_written, started);
        loaded.report.load_id = None;
        loaded
    }
}

/// What the readers of a table brought.
struct Read {
    source_rows: u64,
    witness: Witness,
    bytes: u64,
}

async fn push_all(connection: &Connection, load: i64, mut chunks: mpsc::Receiver<Chunk>) -> Result<()> {
    let push = connection.client.prepare("SELECT rsl.load_push($1, $2, $3)").await.map_err(failure)?;
    let mut number = 0i64;
    while let Some(chunk) = chunks.recv().await {
        let row =
            connection.client.query_one(&push, &[&load, &number, &chunk.payload]).await.map_err(failure)?;
        let taken: i64 = row.get(0);
        if taken as u64 != chunk.rows {
            return Err(Failure::new(format!(
                "chunk {number} has {} rows, the database took {taken}",
                chunk.rows
            )));
        }
        number += 1;
    }
    Ok(())
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

fn rounded(seconds: f64) -> f64 {
    (seconds * 1000.0).round() / 1000.0
}

fn per_second(rows: u64, seconds: f64) -> u64 {
    if seconds > 0.0 { (rows as f64 / seconds) as u64 } else { 0 }
}
