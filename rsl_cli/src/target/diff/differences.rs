//! Differences, one after another, and what they come to.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};

/// What `rsl.diff` says of a row, or of a column of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// The columns of the key and their values as text; none without a key.
    pub key: Option<Map<String, Value>>,
    /// `missing`, `extra`, `changed`, `doubled`, `column`.
    pub kind: String,
    pub column: Option<String>,
    /// In the source.
    pub left: Option<String>,
    /// In the table.
    pub right: Option<String>,
}

impl Difference {
    /// A column that only one side has, or whose types cannot be compared: its types.
    pub fn column(name: &str, left: Option<String>, right: Option<String>) -> Self {
        Self { key: None, kind: "column".to_owned(), column: Some(name.to_owned()), left, right }
    }
}

/// How many rows differ, and how.
#[derive(Debug, Default, Clone, Serialize)]
pub struct Tally {
    /// Rows of the source that the table lacks.
    pub missing: u64,
    /// Rows that only the table has.
    pub extra: u64,
    /// Rows of which some column differs.
    pub changed: u64,
    /// Keys that stand more than once on a side.
    pub doubled: u64,
    /// Columns that differ, and in how many rows.
    pub columns: BTreeMap<String, u64>,
    #[serde(skip)]
    last_changed: Option<Map<String, Value>>,
}

impl Tally {
    /// Counts a difference. Those of one row come one after another.
    pub fn add(&mut self, difference: &Difference) {
        match difference.kind.as_str() {
            // Without a key, rows are counted on both sides.
            kind @ ("missing" | "extra") => {
                let number = |side: &Option<String>| side.as_ref().and_then(|text| text.parse::<u64>().ok());
                let rows = match (&difference.key, number(&difference.left), number(&difference.right)) {
                    (None, Some(left), Some(right)) => left.abs_diff(right),
                    _ => 1,
                };
                *(if kind == "missing" { &mut self.missing } else { &mut self.extra }) += rows;
            }
            "doubled" => self.doubled += 1,
            "changed" => {
                if let Some(column) = &difference.column {
                    *self.columns.entry(column.clone()).or_default() += 1;
                }
                if self.last_changed.is_none() || self.last_changed != difference.key {
                    self.changed += 1;
                    self.last_changed.clone_from(&difference.key);
                }
            }
            _ => {}
        }
    }

    /// Anything was counted.
    pub fn any(&self) -> bool {
        self.missing + self.extra + self.changed + self.doubled > 0
    }
}
