//! The report of a run, for people and for scripts: `rsl pull --output report.json`.

use serde::{Deserialize, Serialize};
use serde_json::Map;

/// A whole run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Report {
    /// Every table arrived exactly. Of a dry run: every value can be represented.
    pub exact: bool,
    /// Nothing was written.
    pub dry_run: bool,
    /// The source's URL without its password.
    pub source: String,
    /// The target's URL without its password.
    pub target: String,
    /// RFC 3339, UTC.
    pub started_at: String,
    /// RFC 3339, UTC.
    pub finished_at: String,
    /// In the order in which they were loaded.
    pub tables: Vec<TableReport>,
    /// What the new targets do not have of what the source's tables have besides rows: `{"table", "what", "reason"}` each.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub not_carried_over: Vec<serde_json::Value>,
    /// By target, each a [`KeyTotals`].
    pub key_totals: Map<String, serde_json::Value>,
}

/// One table of a run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TableReport {
    /// Table or view of the source.
    pub object: String,
    /// Qualified name of the target.
    pub target: String,
    /// append, upsert or replace.
    pub mode: String,
    /// `rsl.load.load_id`; none of a dry run.
    pub load_id: Option<i64>,
    /// Rows that the source counts in the snapshot that was read.
    pub source_rows: u64,
    /// Rows that stand in the target for them.
    pub target_rows: u64,
    /// Rows that came new.
    pub inserted: u64,
    /// Rows that were changed.
    pub updated: u64,
    /// Rows that were there and equal.
    pub unchanged: u64,
    /// Rows that `replace` took out.
    pub deleted: u64,
    /// Rows that the target refused.
    pub rejected: u64,
    /// Source, stream and target agree.
    pub exact: bool,
    /// Wall time of this table.
    pub seconds: f64,
    /// `source_rows` over `seconds`.
    pub rows_per_second: u64,
    /// What can be said of the source's state while it was read: one entry for each kind of answer that its parts gave.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub consistency: Vec<serde_json::Value>,
    /// The source's own account of the rows, `{"rows", "columns", "compared"}`, and in how many columns it was compared with what was
    /// read; or with `"changed"`: the source had changed meanwhile, and the account proves nothing. None if it was not asked.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub source: Option<serde_json::Value>,
    /// Values that could not be carried over exactly, each named.
    pub losses: Vec<String>,
    /// What `rsl undo` can go by: log (the target is audited), drop (the load made the table) or empty (it filled it), of which the
    /// latter two hold until the target changes; none: it cannot be undone. Of a dry run: what it would be.
    #[serde(default)]
    pub undo: Option<String>,
    /// Why it is not exact.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<String>,
}

/// Counts and sums of one target, as people compare them by hand.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct KeyTotals {
    /// Rows that the source counts.
    pub source_count: u64,
    /// Rows in the target that stand for them.
    pub target_count: u64,
    /// Both are equal.
    #[serde(rename = "match")]
    pub matches: bool,
    /// By numeric column, each a [`SumPair`].
    pub sums: Map<String, serde_json::Value>,
}

/// The exact sum of a column on both sides.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SumPair {
    /// As the source itself computes it; of a source that cannot, over the values decoded from it. In decimal.
    pub source: String,
    /// Over the values stored in the target, in decimal.
    pub target: String,
    /// Both are equal.
    #[serde(rename = "match")]
    pub matches: bool,
}
