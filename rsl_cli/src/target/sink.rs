//! Takes rows from a reader, encodes them, and hands chunks on; the only place between a source and the target.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rsl_core::copy::{Chunk, RowEncoder, UnfitField};
use rsl_core::{PgType, Value};
use tokio::sync::{mpsc, oneshot, watch};

use super::sieve::Sieve;
use crate::failure::{Failure, Result};
use crate::source::Key;

/// Bytes after which a chunk is sent. A call costs a third of a millisecond, so the larger the cheaper, and a few of them
/// are in memory at once.
pub const CHUNK_BYTES: usize = 2 << 20;

/// Of larger chunks, which a single large value makes, only one is in memory at once.
const LARGE_BYTES: usize = 4 * CHUNK_BYTES;

/// Where few chunks are sent, it is asked after so many rows whether the run ends.
const STOP_EVERY: u64 = 1024;

/// Names of what the rows are, for messages.
#[derive(Debug, Clone)]
pub struct Labels {
    pub object: String,
    /// Of the source, in the order of the values.
    pub columns: Vec<String>,
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
    /// Lets only some rows through, for a comparison.
    sieve: Option<Sieve>,
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
        Self { encoder, labels, parcels, stop, progress, taken: 0, sieve: None }
    }

    /// Of all rows only those that pass the sieve are sent.
    pub fn through(self, sieve: Sieve) -> Self {
        Self { sieve: Some(sieve), ..self }
    }

    /// Takes a row. When [`RowSink::is_full`] says so, the chunk must be sent before the next.
    #[inline]
    pub fn row(&mut self, values: &[Value<'_>]) -> Result<()> {
        match &mut self.sieve {
            None => self.encoder.row(values).map_err(|unfit| self.unfit(values, unfit))?,
            Some(sieve) => {
                let row = self.encoder.row_if(values, |fields| sieve.passes(fields));
                row.map_err(|unfit| self.unfit(values, unfit))?;
                if self.taken.is_multiple_of(STOP_EVERY) && self.stop.is_set() {
                    return Err(Failure::follow_up());
                }
            }
        }
        self.taken += 1;
        Ok(())
    }

    /// The chunk should be sent now.
    #[inline]
    pub fn is_full(&self) -> bool {
        self.encoder.len() >= CHUNK_BYTES
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
        if let Some(sieve) = &mut self.sieve {
            sieve.hand_over();
        }
        if self.encoder.is_empty() {
            return Ok(None);
        }
        let chunk = self.encoder.take_chunk();
        self.progress.fetch_add(chunk.rows, Ordering::Relaxed);
        let (sender, receiver) = match chunk.payload.len() > LARGE_BYTES {
            true => Some(oneshot::channel()).unzip(),
            false => (None, None),
        };
        Ok(Some((Parcel { chunk, position, _gone: sender }, receiver)))
    }

    /// Rows taken so far.
    pub fn taken(&self) -> u64 {
        self.taken
    }

    /// Why the row that comes next cannot be taken: what is wrong with the value of a column, counted from 0.
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
        Failure::new(format!("{}, {row}, column {}: {reason}", labels.object, labels.columns[column])).hint(
            "mend the value in the source, leave the row out with --where, or create the target with a column type that holds it",
        )
    }

    fn unfit(&self, values: &[Value<'_>], unfit: UnfitField) -> Failure {
        self.refuse(values, unfit.column, unfit.reason)
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
