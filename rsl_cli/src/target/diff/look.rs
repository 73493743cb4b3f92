//! The readings of the source: one for the digests of all buckets, further ones for the rows of those that differ.

use std::num::NonZeroU32;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};

use rsl_core::{Buckets, PgType};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::failure::{Failure, Result};
use crate::retry::retried;
use crate::source::{Consistency, Part, Source, Table};
use crate::target::sieve::{Seen, Sieve};
use crate::target::sink::{Labels, Parcel, RowSink, Stop};

/// How the source is read.
pub struct Look {
    pub source: Arc<dyn Source>,
    pub table: Table,
    pub types: Vec<PgType>,
    /// Positions of the key.
    pub key: Arc<Vec<usize>>,
    pub buckets: NonZeroU32,
    pub filter: Option<String>,
    pub jobs: usize,
    pub retries: u16,
    pub stop: Stop,
    /// Rows read so far.
    pub progress: Arc<AtomicU64>,
}

/// Which rows are sent on.
#[derive(Clone)]
pub enum Wanted {
    /// None: only digests are wanted.
    Digests,
    /// Those in the buckets for which this is true.
    Buckets(Arc<Vec<bool>>),
    /// Those for which this is true in the source's SQL.
    Where(Arc<String>),
}

/// What a reading has seen.
pub struct Looked {
    pub seen: Seen,
    /// Rows as the source counts them.
    pub counted: u64,
    pub consistency: Vec<Consistency>,
}

impl Look {
    fn empty(&self) -> Seen {
        Seen::new(Buckets::new(self.buckets, self.key.to_vec()))
    }

    /// Reads the whole table, and keeps nothing but digests.
    pub async fn digests(self: &Arc<Self>) -> Result<Looked> {
        let (parcels, _nobody) = mpsc::channel(1);
        self.read(Wanted::Digests, parcels).await
    }

    /// Reads the table, and sends the rows that are wanted. It is not tried again.
    pub async fn rows(self: &Arc<Self>, wanted: Wanted, parcels: mpsc::Sender<Parcel>) -> Result<Looked> {
        self.read(wanted, parcels).await
    }

    async fn read(self: &Arc<Self>, wanted: Wanted, parcels: mpsc::Sender<Parcel>) -> Result<Looked> {
        let parts = self.source.parts(&self.table, self.jobs).await?;
        let readers = self.jobs.min(parts.len());
        let parts = Arc::new(Mutex::new(parts.into_iter()));
        let mut running: JoinSet<Result<Looked>> = JoinSet::new();
        for _ in 0..readers {
            let (look, parts, wanted, parcels) =
                (self.clone(), parts.clone(), wanted.clone(), parcels.clone());
            running.spawn(async move {
                let mut all = Looked { seen: look.empty(), counted: 0, consistency: Vec::new() };
                loop {
                    let next = parts.lock().unwrap_or_else(PoisonError::into_inner).next();
                    let Some(part) = next else { return Ok(all) };
                    let attempt = || look.part(&part, wanted.clone(), parcels.clone());
                    let of_part = match wanted {
                        Wanted::Digests => retried(look.retries, true, attempt).await?,
                        // Some of its rows may have been sent already.
                        _ => attempt().await?,
                    };
                    all.add(of_part);
                }
            });
        }
        drop(parcels);
        let mut all = Looked { seen: self.empty(), counted: 0, consistency: Vec::new() };
        while let Some(ended) = running.join_next().await {
            match ended {
                Ok(looked) => all.add(looked?),
                Err(error) if error.is_cancelled() => return Err(Failure::follow_up()),
                Err(_) => {
                    return Err(Failure::new("the driver could not make sense of what the source sent")
                        .hint("is it a database server that listens there?"));
                }
            }
        }
        Ok(all)
    }

    async fn part(&self, part: &Part, wanted: Wanted, parcels: mpsc::Sender<Parcel>) -> Result<Looked> {
        let total = Arc::new(Mutex::new(self.empty()));
        let (wanted, filter) = match wanted {
            Wanted::Digests => (None, self.filter.clone()),
            Wanted::Buckets(buckets) => (Some(buckets), self.filter.clone()),
            Wanted::Where(condition) => {
                let filter = match &self.filter {
                    Some(filter) => format!("({filter}\n) AND {condition}"),
                    None => condition.to_string(),
                };
                (Some(Arc::new(vec![true; self.buckets.get() as usize])), Some(filter))
            }
        };
        let labels = Labels {
            object: self.table.object.clone(),
            columns: self.table.columns.iter().map(|column| column.name.clone()).collect(),
            targets: Vec::new(),
            key: self.key.to_vec(),
        };
        let sieve = Sieve::new(self.key.clone(), wanted, total.clone(), self.progress.clone());
        let sink =
            RowSink::new(self.types.clone(), Arc::new(labels), parcels, self.stop.clone(), Arc::default())
                .through(sieve);
        let account = tokio::select! {
            account = self.source.read(&self.table, part, filter.as_deref(), None, sink) => account?,
            () = self.stop.wait() => return Err(Failure::follow_up()),
        };
        let empty = self.empty();
        let seen = std::mem::replace(&mut *total.lock().unwrap_or_else(PoisonError::into_inner), empty);
        let read = seen.buckets.rows();
        if read != account.rows && !account.consistency.changed {
            return Err(Failure::new(format!(
                "{}: the source counts {} rows, {read} were read",
                self.table.object, account.rows
            )));
        }
        Ok(Looked { seen, counted: account.rows, consistency: vec![account.consistency] })
    }
}

impl Looked {
    fn add(&mut self, other: Looked) {
        self.seen.merge(&other.seen);
        self.counted += other.counted;
        self.consistency.extend(other.consistency);
    }
}
