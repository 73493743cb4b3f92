//! What happens to a row between the driver and the target: decoded, encoded, sent on in chunks. It is done beside the driver,
//! on another thread, because the driver alone keeps one busy.

use std::sync::Arc;

use rsl_core::Value;
use serde_json::{Value as Json, json};
use tiberius::{ColumnData, Row};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::catalogue::Relation;
use super::column::Column;
use super::decode::{Decoder, Unreadable};
use super::select::Selected;
use crate::failure::{Failure, Result};
use crate::source::{Key, reuse};
use crate::target::reject::shown_bytes;
use crate::target::sink::RowSink;

/// Rows that are handed over at once, and the bytes that they may take.
const BATCH_ROWS: usize = 1024;
const BATCH_BYTES: usize = 1 << 20;
/// Batches that may wait for the taker. While another process has its core, the driver reads on.
const WAITING: usize = 4;

/// Takes rows in the order in which they come.
pub struct Taker {
    relation: Arc<Relation>,
    /// For each column of the order, where it stands among the selected ones; none if one is not selected.
    places: Option<Vec<usize>>,
    columns: usize,
    decoder: Decoder,
    sink: RowSink,
    /// The key of the last row.
    last: Option<Key>,
    /// Kept from row to row; empty in between.
    values: Vec<Value<'static>>,
}

impl Taker {
    pub fn new(relation: Arc<Relation>, selected: &[Selected], sink: RowSink) -> Self {
        let forms = selected.iter().map(|selected| match *selected {
            Selected::Column(at) => relation.columns[at].text_form(),
            Selected::OffsetOf(_) => None,
        });
        let decoder = Decoder::new(forms.collect());
        let place = |&at: &usize| selected.iter().position(|&selected| selected == Selected::Column(at));
        let places = match relation.order.is_empty() {
            true => None,
            false => relation.order.iter().map(place).collect(),
        };
        Self { relation, places, columns: selected.len(), decoder, sink, last: None, values: Vec::new() }
    }

    /// Takes a row; true if the chunk is full and must be sent before the next. Of the last row before a chunk is sent, the
    /// key must be kept: of one that fills a chunk it always is.
    fn row(&mut self, row: &Row, keep_key: bool) -> Result<bool> {
        if row.len() != self.columns || row.columns().len() != self.columns {
            return Err(
                Failure::new("the source sends another number of columns than was asked for").transient()
            );
        }
        let mut values = reuse(std::mem::take(&mut self.values));
        let rejected = match self.decoder.row(row, &mut values) {
            Some(Unreadable { column, reason }) => {
                self.sink.reject(&values, column, reason.clone(), &raw(row, &values));
                Some((column, reason))
            }
            None => match self.sink.row(&values)? {
                true => None,
                false => Some((0, "the key of the row cannot be represented".to_owned())),
            },
        };
        let is_full = self.sink.is_full();
        if is_full || keep_key || rejected.is_some() {
            let places = self.places.as_ref();
            let key = places.map(|places| self.relation.key(places.iter().map(|&place| &values[place])));
            // A reading that broke off could not go on behind such a row: it would come twice, or not at all.
            let key = key.map(|key| key.filter(|key| key.iter().all(|text| !text.contains('\0'))));
            if let (Some((column, reason)), Some(None)) = (rejected, &key) {
                return Err(self.sink.refuse(&values, column, reason));
            }
            self.last = key.flatten();
        }
        self.values = reuse(values);
        self.decoder.shrink();
        Ok(is_full)
    }

    /// Takes a row and sends the chunk if it is full.
    async fn take(&mut self, row: Row) -> Result<()> {
        let is_full = self.row(&row, true)?;
        // While the chunk is on its way, its row need not be in memory as well.
        drop(row);
        if is_full {
            self.sink.send(self.last.clone()).await?;
        }
        Ok(())
    }

    /// Takes some rows, on a thread of its own.
    fn take_all(&mut self, rows: Vec<Row>) -> Result<()> {
        let count = rows.len();
        for (number, row) in rows.iter().enumerate() {
            if self.row(row, number + 1 == count)? {
                self.sink.blocking_send(self.last.clone())?;
            }
        }
        Ok(())
    }

    /// Rows taken so far.
    pub fn taken(&self) -> u64 {
        self.sink.taken()
    }

    /// Sends what is left, after all rows have been seen to be there.
    pub async fn finish(mut self) -> Result<()> {
        self.sink.send(self.last).await
    }
}

/// What came in the place of each value that could not be read.
fn raw(row: &Row, values: &[Value<'_>]) -> Vec<(usize, Json)> {
    let unread = |(at, (_, data)): (usize, (_, &ColumnData<'static>))| match (&values[at], data) {
        (Value::Null, ColumnData::Binary(Some(bytes))) => Some((at, shown_bytes(bytes))),
        (Value::Null, data) => {
            let told = format!("{data:?}");
            // Debug text of the driver: the kind of the value and the numbers in it, of which NULL has none.
            (!told.ends_with("(None)")).then(|| (at, json!({ "unreadable": told })))
        }
        _ => None,
    };
    row.cells().enumerate().filter_map(unread).collect()
}

/// The taker, here or on another thread.
pub enum Stage {
    /// Values may be so large that no two rows should be in memory.
    Here(Box<Taker>),
    Beside {
        rows: mpsc::Sender<Vec<Row>>,
        batch: Vec<Row>,
        /// Rows of a full one.
        size: usize,
        taker: JoinHandle<Result<Taker>>,
    },
}

impl Stage {
    pub fn new(mut taker: Taker) -> Self {
        if taker.relation.columns.iter().any(|column| column.is_unlimited()) {
            return Self::Here(Box::new(taker));
        }
        let longest = |column: &Column| size_of::<ColumnData<'_>>() + column.max_length.max(0) as usize;
        let row_bytes: usize = taker.relation.columns.iter().map(longest).sum();
        let size = (BATCH_BYTES / row_bytes.max(1)).clamp(1, BATCH_ROWS);
        let (rows, mut batches) = mpsc::channel::<Vec<Row>>(WAITING);
        // Not a task: one that is woken waits for the waking one to pause, on its thread, and the driver seldom pauses.
        let taker = tokio::task::spawn_blocking(move || {
            while let Some(batch) = batches.blocking_recv() {
                taker.take_all(batch)?;
            }
            Ok(taker)
        });
        Self::Beside { rows, batch: Vec::with_capacity(size), size, taker }
    }

    /// Hands a row over; `false` if no more are wanted, which [`Stage::taker`] explains.
    pub async fn take(&mut self, row: Row) -> Result<bool> {
        match self {
            Self::Here(taker) => taker.take(row).await.map(|()| true),
            Self::Beside { rows, batch, size, .. } => {
                batch.push(row);
                if batch.len() < *size {
                    return Ok(true);
                }
                let full = std::mem::replace(batch, Vec::with_capacity(*size));
                Ok(rows.send(full).await.is_ok())
            }
        }
    }

    /// The taker, when it has taken everything.
    pub async fn taker(self) -> Result<Taker> {
        match self {
            Self::Here(taker) => Ok(*taker),
            Self::Beside { rows, batch, taker, .. } => {
                // If nobody takes it, the taker says why.
                let _ = rows.send(batch).await;
                drop(rows);
                taker.await.map_err(|ended| match ended.is_panic() {
                    true => Failure::new("a row that the source sent could not be taken"),
                    false => Failure::follow_up(),
                })?
            }
        }
    }
}
