//! The parts of a table on their way: claimed in the database, read, pushed, and read on behind the last chunk that arrived
//! when the source's connection is lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::connection::{Connection, failure};
use super::load::Run;
use super::plan::Plan;
use super::reject::LISTED;
use super::sink::{Labels, Parcel, RowSink};
use crate::failure::{Failure, Result};
use crate::retry::waits;
use crate::source::{Account, Part};

/// What is counted while a table is loaded, by all its readers.
#[derive(Clone, Default)]
pub struct Counters {
    /// Rows sent, for the progress bar.
    pub rows: Arc<AtomicU64>,
    /// Bytes of the chunks sent.
    pub bytes: Arc<AtomicU64>,
    /// Rows that were rejected because a value cannot be represented.
    pub rejected: Arc<AtomicU64>,
}

/// A part that this process has claimed.
#[derive(Deserialize)]
struct Claim {
    part: i32,
    chunks: i64,
    rows: u64,
    #[serde(default)]
    rejected: u64,
    #[serde(flatten)]
    bounds: Part,
}

impl Run {
    /// Claims and loads parts until there are none left. `connection` is this reader's own.
    pub async fn load_parts(
        self: &Arc<Self>,
        plan: &Arc<Plan>,
        connection: &Connection,
        load: i64,
        counters: &Counters,
    ) -> Result<()> {
        while let Some(claim) = claim(connection, load).await? {
            counters.rows.fetch_add(claim.rows + claim.rejected, Ordering::Relaxed);
            counters.rejected.fetch_add(claim.rejected, Ordering::Relaxed);
            self.load_part(plan, connection, load, claim, counters).await?;
        }
        Ok(())
    }

    async fn load_part(
        self: &Arc<Self>,
        plan: &Arc<Plan>,
        connection: &Connection,
        load: i64,
        mut claim: Claim,
        counters: &Counters,
    ) -> Result<()> {
        let mut left = waits(self.retries);
        loop {
            let before = claim.chunks;
            let (parcels, received) = mpsc::channel(1);
            let mut reader = self.reader(plan, &claim.bounds, parcels, counters);
            let pushed = self.push_all(connection, load, plan, &mut claim, received, counters).await;
            if let Err(pushing) = pushed {
                // The reader may wait for its source, which nobody needs any more. Its connection goes with it.
                reader.abort();
                return Err(match reader.failure().await {
                    Some(reading) if pushing.is_follow_up() => reading,
                    _ => pushing,
                });
            }
            match reader.join().await {
                Ok(account) => {
                    connection
                        .client
                        .execute(
                            "SELECT rsl.load_part_finish($1, $2, $3, $4)",
                            &[&load, &claim.part, &(account.rows as i64), &json!(account.consistency)],
                        )
                        .await
                        .map_err(failure)?;
                    return Ok(());
                }
                Err(failed) if failed.is_transient() && plan.table.resumes => {
                    if claim.chunks > before {
                        // Something arrived: it is not the same failure over and over again.
                        left = waits(self.retries);
                    }
                    let Some(wait) = left.next() else { return Err(failed) };
                    eprintln!(
                        "{failed}\nreading on in {:.1} s behind the last row that arrived",
                        wait.as_secs_f64()
                    );
                    tokio::time::sleep(wait).await;
                }
                Err(failed) => return Err(failed),
            }
        }
    }

    /// Beyond so many rejects the reading is given up.
    pub fn count_rejects(&self, more: u64, counters: &Counters) -> Result<()> {
        let rejected = counters.rejected.fetch_add(more, Ordering::Relaxed) + more;
        match rejected > self.max_rejects.saturating_add(LISTED) {
            true => Err(Failure::new(format!("more than {} rows cannot be loaded", rejected - 1))),
            false => Ok(()),
        }
    }

    /// A task that reads a part.
    pub fn reader(
        self: &Arc<Self>,
        plan: &Arc<Plan>,
        part: &Part,
        parcels: mpsc::Sender<Parcel>,
        counters: &Counters,
    ) -> Reader {
        let labels = Arc::new(Labels {
            object: plan.table.object.clone(),
            columns: plan.table.columns.iter().map(|column| column.name.clone()).collect(),
            targets: plan.columns.iter().map(|(name, _)| name.clone()).collect(),
            key: plan.key_positions(),
        });
        let types = plan.columns.iter().map(|(_, ty)| *ty).collect();
        let sink = RowSink::new(types, labels, parcels, self.stop.clone(), counters.rows.clone())
            .only(self.wanted.clone());
        let (run, plan, part) = (self.clone(), plan.clone(), part.clone());
        Reader(tokio::spawn(async move {
            let filter = run.filter.as_deref();
            let Some(wanted) = &run.wanted else {
                return run.source.read(&plan.table, &part, filter, sink).await;
            };
            wanted.begin();
            let consistency =
                run.source.read_keys(&plan.table, &wanted.columns, &wanted.keys, filter, sink).await?;
            Ok(Account { rows: wanted.rows(), consistency })
        }))
    }
}

/// A running reading of a part.
pub struct Reader(JoinHandle<Result<Account>>);

impl Reader {
    /// Ends it at once.
    pub fn abort(&mut self) {
        self.0.abort();
    }

    /// Its outcome. A driver that panics, because a server sent what no server should, has failed like any other.
    pub async fn join(self) -> Result<Account> {
        match self.0.await {
            Ok(outcome) => outcome,
            Err(error) if error.is_cancelled() => Err(Failure::follow_up()),
            Err(_) => Err(Failure::new("the driver could not make sense of what the source sent")
                .hint("is it a database server that listens there?")),
        }
    }

    /// Why it failed, if it did for a reason of its own.
    async fn failure(self) -> Option<Failure> {
        self.join().await.err().filter(|failed| !failed.is_follow_up())
    }
}

async fn claim(connection: &Connection, load: i64) -> Result<Option<Claim>> {
    let row = connection.client.query_one("SELECT rsl.load_claim($1)", &[&load]).await.map_err(failure)?;
    let claimed: Option<Value> = row.get(0);
    claimed
        .map(serde_json::from_value)
        .transpose()
        .map_err(|error| Failure::new(format!("the plan of load {load} does not read: {error}")))
}

impl Run {
    /// Pushes what the reader sends; after each chunk, the claim knows how far the part has come.
    async fn push_all(
        &self,
        connection: &Connection,
        load: i64,
        plan: &Plan,
        claim: &mut Claim,
        mut parcels: mpsc::Receiver<Parcel>,
        counters: &Counters,
    ) -> Result<()> {
        let push = connection
            .client
            .prepare("SELECT rsl.load_push($1, $2, $3, $4, $5, $6, $7)")
            .await
            .map_err(failure)?;
        while let Some(parcel) = parcels.recv().await {
            let Parcel { chunk, position, rejects, .. } = &parcel;
            let told = (!rejects.is_empty()).then(|| json!(rejects));
            let account = json!(chunk.witness.account(plan.columns.iter().map(|(name, _)| name.as_str())));
            let place = position.as_ref().map(|key| json!(key));
            let row = connection
                .client
                .query_one(
                    &push,
                    &[&load, &claim.chunks, &chunk.payload, &claim.part, &place, &account, &told],
                )
                .await
                .map_err(failure)?;
            let taken: i64 = row.get(0);
            if taken as u64 != chunk.rows {
                return Err(Failure::new(format!(
                    "chunk {} of part {} has {} rows, the database took {taken}",
                    claim.chunks, claim.part, chunk.rows
                )));
            }
            counters.bytes.fetch_add(chunk.payload.len() as u64, Ordering::Relaxed);
            claim.chunks += 1;
            self.count_rejects(rejects.len() as u64, counters)?;
            claim.bounds.arrived.clone_from(position);
        }
        Ok(())
    }
}
