//! What a comparison makes of the rows that a reader sends: all of them are counted into buckets, few of them go on.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rsl_core::Buckets;
use rsl_core::canonical;
use rsl_core::encode::Field;

/// Rows after which the progress bar is told.
const TELL_EVERY: u64 = 4096;

/// What was seen of a part of a table.
#[derive(Debug)]
pub struct Seen {
    pub buckets: Buckets,
    /// Rows with a NULL in their key.
    pub null_keys: u64,
}

impl Seen {
    /// Nothing yet.
    pub fn new(buckets: Buckets) -> Self {
        Self { buckets, null_keys: 0 }
    }

    pub fn merge(&mut self, other: &Seen) {
        self.buckets.merge(&other.buckets);
        self.null_keys += other.null_keys;
    }
}

/// Between a reader and its chunks.
pub struct Sieve {
    seen: Seen,
    key: Arc<Vec<usize>>,
    /// By bucket, whether its rows pass; none do if this is not given.
    wanted: Option<Arc<Vec<bool>>>,
    /// Where what was seen is handed over to.
    total: Arc<Mutex<Seen>>,
    /// Of the current row.
    hashes: Vec<u128>,
    progress: Arc<AtomicU64>,
    untold: u64,
}

impl Sieve {
    pub fn new(
        key: Arc<Vec<usize>>,
        wanted: Option<Arc<Vec<bool>>>,
        total: Arc<Mutex<Seen>>,
        progress: Arc<AtomicU64>,
    ) -> Self {
        let empty = total.lock().unwrap_or_else(PoisonError::into_inner).buckets.like();
        Self { seen: Seen::new(empty), key, wanted, total, hashes: Vec::new(), progress, untold: 0 }
    }

    /// Counts a row, and says whether it goes on.
    pub fn passes(&mut self, fields: &[Field]) -> bool {
        self.hashes.clear();
        self.hashes.extend(fields.iter().map(|field| field.hash));
        if self.key.iter().any(|&at| self.hashes[at] == canonical::NULL) {
            self.seen.null_keys += 1;
        }
        let bucket = self.seen.buckets.add(&self.hashes);
        self.untold += 1;
        if self.untold == TELL_EVERY {
            self.tell();
        }
        self.wanted.as_ref().is_some_and(|wanted| wanted[bucket as usize])
    }

    /// Adds what was seen since the last time to the whole. A reader does so with every chunk, and at its end.
    pub fn hand_over(&mut self) {
        self.tell();
        let empty = Seen::new(self.seen.buckets.like());
        let seen = std::mem::replace(&mut self.seen, empty);
        self.total.lock().unwrap_or_else(PoisonError::into_inner).merge(&seen);
    }

    fn tell(&mut self) {
        self.progress.fetch_add(std::mem::take(&mut self.untold), Ordering::Relaxed);
    }
}
