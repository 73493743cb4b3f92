//! How the buckets that differ are found.

use rsl_core::Digest;
use rsl_core::common::Sums;

use crate::source::SumsPlan;

/// Who hashes the source's rows.
#[derive(Debug)]
pub enum Way {
    /// This program, which reads them all, and why.
    Rows(String),
    /// The source, of which only the rows of buckets that differ are read.
    Source(SumsPlan),
}

/// What is known of the rows of a bucket: equal when they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Print {
    pub rows: u64,
    mark: String,
}

impl From<&Digest> for Print {
    fn from(digest: &Digest) -> Self {
        Self { rows: digest.count(), mark: digest.to_string() }
    }
}

impl From<Sums> for Print {
    fn from(sums: Sums) -> Self {
        Self { rows: sums.count, mark: sums.to_string() }
    }
}
