//! What happens to a row between the driver and the target: decoded, encoded, sent on in chunks. It is done beside the driver,
//! on another thread, because the driver alone keeps one busy.

use std::sync::Arc;

use rsl_core::Value;
use tiberius::Row;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::catalogue::Relation;
use super::decode::{Decoder, Unreadable};
use super::select::Selected;
use crate::failure::{Failure, Result};
use crate::source::{Key, reuse};
use crate::target::sink::RowSink;

/// Rows that are handed over at once.
const BATCH: usize = 256;

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
        Self { relation, places, columns: selected.len(), decoder, sink, last: None }
    }

    async fn take(&mut self, rows: Vec<Row>) -> Result<()> {
        let mut buffer: Vec<Value<'static>> = Vec::with_capacity(self.columns);
        let count = rows.len();
        for (number, row) in rows.into_iter().enumerate() {
            if row.len() != self.columns || row.columns().len() != self.columns {
                return Err(
                    Failure::new("the source sends another number of columns than was asked for").transient()
                );
            }
            let mut values = reuse(buffer);
            if let Some(Unreadable { column, reason }) = self.decoder.row(&row, &mut values) {
                return Err(self.sink.refuse(&values, column, reason));
            }
            self.sink.row(&values)?;
            let is_full = self.sink.is_full();
            if is_full || number + 1 == count {
                let places = self.places.as_ref();
                self.last =
                    places.and_then(|places| self.relation.key(places.iter().map(|&place| &values[place])));
            }
            buffer = reuse(values);
            // While the chunk is on its way, its row need not be in memory as well.
            drop(row);
            self.decoder.shrink();
            if is_full {
                self.sink.send(self.last.clone()).await?;
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

/// The taker, here or on another thread.
pub enum Stage {
    /// Values may be so large that no two rows should be in memory.
    Here(Box<Taker>),
    Beside {
        rows: mpsc::Sender<Vec<Row>>,
        batch: Vec<Row>,
        taker: JoinHandle<Result<Taker>>,
    },
}

impl Stage {
    pub fn new(mut taker: Taker) -> Self {
        if taker.relation.columns.iter().any(|column| column.is_unlimited()) {
            return Self::Here(Box::new(taker));
        }
        let (rows, mut batches) = mpsc::channel::<Vec<Row>>(2);
        let taker = tokio::spawn(async move {
            while let Some(batch) = batches.recv().await {
                taker.take(batch).await?;
            }
            Ok(taker)
        });
        Self::Beside { rows, batch: Vec::with_capacity(BATCH), taker }
    }

    /// Hands a row over; `false` if no more are wanted, which [`Stage::taker`] explains.
    pub async fn take(&mut self, row: Row) -> Result<bool> {
        match self {
            Self::Here(taker) => taker.take(vec![row]).await.map(|()| true),
            Self::Beside { rows, batch, .. } => {
                batch.push(row);
                if batch.len() < BATCH {
                    return Ok(true);
                }
                let full = std::mem::replace(batch, Vec::with_capacity(BATCH));
                Ok(rows.send(full).await.is_ok())
            }
        }
    }

    /// The taker, when it has taken everything.
    pub async fn taker(self) -> Result<Taker> {
        match self {
            Self::Here(taker) => Ok(*taker),
            Self::Beside { rows, batch, taker } => {
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
