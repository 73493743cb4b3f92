//! Takes rows from a reader, encodes them, and hands chunks on; the only place between a source and the target.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rsl_core::copy::{Chunk, RowEncoder, UnfitField};
use rsl_core::{PgType, Value};
use serde_json::{Map, Value as Json, json};
use tokio::sync::{mpsc, oneshot, watch};

use super::sieve::Sieve;
use crate::failure::{Failure, Result};
use crate::source::Key;

use super::reject::{self, Wanted};

/// Bytes after which a chunk is sent. A call costs a third of a millisecond, so the larger the cheaper, and a few of them
/// are in memory at once.
pub const CHUNK_BYTES: usize = 2 << 20;

/// Of larger chunks, which a single large value makes, only one is in memory at once.
const LARGE_BYTES: usize = 4 * CHUNK_BYTES;

/// Where few chunks are sent, it is asked after so many rows whether the run ends.
const STOP_EVERY: u64 = 1024;

/// What to do about a value that cannot be represented.
const HINT: &str = "mend the value in the source, leave the row out with --where, or create the target with a column type that holds it";

/// Names of what the rows are, for messages.
#[derive(Debug, Clone)]
pub struct Labels {
    pub object: String,
    /// Of the source, in the order of the values.
    pub columns: Vec<String>,
    /// Of the target, in the same order.
    pub targets: Vec<String>,
    /// Positions of the key's columns.
    pub key: Vec<usize>,
}

/// Shared by a run: says to everybody that it ends before its end, because something failed or the user wants it.
#[derive(Debug, Clone, Default)]
pub struct Stop(watch::Sender<bool>);

impl Stop {
    pub fn set(&self) {
        self.0.send_replace(true);
    }

    pub fn is_set(&self) -> bool {
        *self.0.borrow()
    }

    /// Returns when it is set.
    pub async fn wait(&self) {
        // The sender lives in `self`: there is no error.
        let _ = self.0.subscribe().wait_for(|stopped| *stopped).await;
    }
}

/// A chunk on its way to the target.
pub struct Parcel {
    pub chunk: Chunk,
    /// The key of its last row, after which a reading may go on; none if the source cannot go on in the middle.
    pub position: Option<Key>,
    /// Rows that came between those of the chunk and cannot be represented, as `rsl.load_push` takes them.
    pub rejects: Vec<Json>,
    /// Dropped with the parcel: of a large one, no more is read before it has gone.
    _gone: Option<oneshot::Sender<()>>,
}

/// See the module.
pub struct RowSink {
    encoder: RowEncoder,
    labels: Arc<Labels>,
    parcels: mpsc::Sender<Parcel>,
    stop: Stop,
    /// Of the whole table, for the progress bar.
    progress: Arc<AtomicU64>,
    taken: u64,
    rejects: Vec<Json>,
    /// Bytes that they take on their way.
    reject_bytes: usize,
    /// If not every row is wanted: those that are.
    wanted: Option<Arc<Wanted>>,
    /// Lets only some rows through, for a comparison, which has no place for rejects.
    sieve: Option<Sieve>,
    /// Of a comparison, what is wrong with a row.
    refused: Option<Failure>,
}

impl RowSink {
    pub fn new(
        types: Vec<PgType>,
        labels: Arc<Labels>,
        parcels: mpsc::Sender<Parcel>,
        stop: Stop,
        progress: Arc<AtomicU64>,
    ) -> Self {
        let encoder = RowEncoder::new(types, CHUNK_BYTES + CHUNK_BYTES / 8);
        let (rejects, wanted) = (Vec::new(), None);
        let (sieve, refused) = (None, None);
        Self {
            encoder,
            labels,
            parcels,
            stop,
            progress,
            taken: 0,
            rejects,
            reject_bytes: 0,
            wanted,
            sieve,
            refused,
        }
    }

    /// Of all rows only those that pass the sieve are sent. A row that cannot be represented is a failure.
    pub fn through(self, sieve: Sieve) -> Self {
        Self { sieve: Some(sieve), ..self }
    }

    /// Takes only the rows with these keys.
    pub fn only(self, wanted: Option<Arc<Wanted>>) -> Self {
        Self { wanted, ..self }
    }

    /// Takes a row; false if it was rejected because one of its values cannot be represented. When [`RowSink::is_full`] says so,
    /// the chunk must be sent before the next.
    #[inline]
    pub fn row(&mut self, values: &[Value<'_>]) -> Result<bool> {
        if self.wanted.as_ref().is_some_and(|wanted| !wanted.takes(values)) {
            return Ok(true);
        }
        if self.sieve.is_some() {
            return self.sift(values);
        }
        match self.encoder.row(values) {
            Ok(()) => {
                self.taken += 1;
                Ok(true)
            }
            Err(UnfitField { column, reason }) => {
                self.put_aside(values, column, reason.sqlstate(), reason.to_string(), &[]);
                Ok(false)
            }
        }
    }

    fn sift(&mut self, values: &[Value<'_>]) -> Result<bool> {
        if let Some(refused) = self.refused.take() {
            return Err(refused);
        }
        if let Some(sieve) = &mut self.sieve {
            let row = self.encoder.row_if(values, |fields| sieve.passes(fields));
            row.map_err(|UnfitField { column, reason }| self.refuse(values, column, reason))?;
        }
        if self.taken.is_multiple_of(STOP_EVERY) && self.stop.is_set() {
            return Err(Failure::follow_up());
        }
        self.taken += 1;
        Ok(true)
    }

    /// Rejects a row of which some values could not even be read: NULL stands for them in `values`, and in `raw` what came.
    pub fn reject(&mut self, values: &[Value<'_>], column: usize, reason: String, raw: &[(usize, Json)]) {
        if self.sieve.is_some() {
            // It is raised with the next row, or at the end.
            let failure = self.refuse(values, column, reason);
            self.refused.get_or_insert(failure);
            self.taken += 1;
            return;
        }
        if self.wanted.as_ref().is_none_or(|wanted| wanted.takes(values)) {
            // character_not_in_repertoire
            self.put_aside(values, column, "22021", reason, raw);
        }
    }

    #[cold]
    fn put_aside(
        &mut self,
        values: &[Value<'_>],
        column: usize,
        sqlstate: &str,
        reason: String,
        raw: &[(usize, Json)],
    ) {
        let of = |at: usize| match raw.iter().find(|(column, _)| *column == at) {
            Some((_, raw)) => raw.clone(),
            None => reject::shown(&values[at]),
        };
        let row: Map<String, Json> =
            self.labels.targets.iter().enumerate().map(|(at, name)| (name.clone(), of(at))).collect();
        let reject = json!({
            "row": row, "column_name": self.labels.targets[column], "sqlstate": sqlstate, "message": reason, "hint": HINT,
        });
        self.reject_bytes += reject.to_string().len();
        self.rejects.push(reject);
        self.taken += 1;
    }

    /// The chunk should be sent now.
    #[inline]
    pub fn is_full(&self) -> bool {
        self.encoder.len() + self.reject_bytes >= CHUNK_BYTES
    }

    /// Sends the chunk and begins a new one, for readers that are async. `position` is the key of the last row.
    pub async fn send(&mut self, position: Option<Key>) -> Result<()> {
        let Some((parcel, gone)) = self.parcel(position)? else { return Ok(()) };
        self.parcels.send(parcel).await.map_err(|_| Failure::follow_up())?;
        if let Some(gone) = gone {
            // Nothing is ever sent: the parcel's end of it is dropped.
            let _ = gone.await;
        }
        Ok(())
    }

    /// The same, for readers that have a thread of their own.
    pub fn blocking_send(&mut self, position: Option<Key>) -> Result<()> {
        let Some((parcel, gone)) = self.parcel(position)? else { return Ok(()) };
        self.parcels.blocking_send(parcel).map_err(|_| Failure::follow_up())?;
        if let Some(gone) = gone {
            let _ = gone.blocking_recv();
        }
        Ok(())
    }

    fn parcel(&mut self, position: Option<Key>) -> Result<Option<(Parcel, Option<oneshot::Receiver<()>>)>> {
        if self.stop.is_set() {
            return Err(Failure::follow_up());
        }
        if let Some(refused) = self.refused.take() {
            return Err(refused);
        }
        if let Some(sieve) = &mut self.sieve {
            sieve.hand_over();
        }
        if self.encoder.is_empty() && self.rejects.is_empty() {
            return Ok(None);
        }
        let chunk = self.encoder.take_chunk();
        let rejects = std::mem::take(&mut self.rejects);
        self.reject_bytes = 0;
        self.progress.fetch_add(chunk.rows + rejects.len() as u64, Ordering::Relaxed);
        let (sender, receiver) = match chunk.payload.len() > LARGE_BYTES {
            true => Some(oneshot::channel()).unzip(),
            false => (None, None),
        };
        Ok(Some((Parcel { chunk, position, rejects, _gone: sender }, receiver)))
    }

    /// Rows taken so far.
    pub fn taken(&self) -> u64 {
        self.taken
    }

    /// Why the row that comes next can neither be taken nor rejected: its key, which is a place to go on from, does not read.
    pub fn refuse(&self, values: &[Value<'_>], column: usize, reason: impl std::fmt::Display) -> Failure {
        let labels = &self.labels;
        let key: Vec<_> = labels
            .key
            .iter()
            .map(|&at| format!("{} {}", labels.columns[at], show_key(&values[at])))
            .collect();
        let row = match key.is_empty() {
            false => format!("the row with {}", key.join(", ")),
            true => format!("row {} in the order of reading", self.taken + 1),
        };
        Failure::new(format!("{}, {row}, column {}: {reason}", labels.object, labels.columns[column]))
            .hint(HINT)
    }
}

/// A key as a person would look it up; long ones cut.
fn show_key(value: &Value<'_>) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::Int(value) => value.to_string(),
        Value::Decimal(value) => value.to_string(),
        Value::Float8(value) => value.to_string(),
        Value::Text(text) if text.chars().count() <= 60 => format!("'{}'", text.escape_debug()),
        Value::Text(text) => format!("'{}…'", text.chars().take(60).collect::<String>().escape_debug()),
        Value::Uuid(bytes) => bytes.iter().map(|b| format!("{b:02x}")).collect(),
        other => format!("({})", other.kind()),
    }
}
