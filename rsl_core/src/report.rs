//! The report of a run, for people and for scripts: `rsl pull --output report.json`, and with more in it `rsl report`.

mod load;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::source_account::SourceAccount;
use crate::witness::Account;

pub use load::{
    Attempt, ColumnFigures, ColumnReport, Digests, LoadReport, Reject, Reported, Rows, RunReport, Verdict,
};

/// A whole run. Its tables may come with more than [`TableReport`] has.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Report<T = TableReport> {
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
    pub tables: Vec<T>,
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
    /// Rows that could not be loaded: `rsl.reject` lists them.
    pub rejected: u64,
    /// Source, stream and target agree, and no row was rejected.
    pub exact: bool,
    /// Source, stream and target agree of all rows but the rejected ones, which are no more than were allowed.
    #[serde(default)]
    pub partial: bool,
    /// Wall time of this table.
    pub seconds: f64,
    /// `source_rows` over `seconds`.
    pub rows_per_second: u64,
    /// What can be said of the source's state while it was read: one entry for each kind of answer that its parts gave.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub consistency: Vec<serde_json::Value>,
    /// Rows of other tables that went with deleted ones, or lost what they referred to, because their foreign key says so: by table.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub cascaded: BTreeMap<String, u64>,
    /// The source's own account of the rows, `{"rows", "columns", "compared", "left_out"}`: of so many rows as were left out, because
    /// their values cannot be loaded, only the account tells; and in how many columns it was compared with what was
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
    /// Both are equal; none unless both sides have told.
    #[serde(rename = "match")]
    pub matches: Option<bool>,
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

impl TableReport {
    /// From the verdict of `rsl.load_finish`; without a number of the load.
    pub fn of_verdict(object: &str, target: &str, mode: &str, verdict: &Value, seconds: f64) -> Self {
        let count = |name: &str| verdict[name].as_u64().unwrap_or(0);
        let reason =
            verdict["reason"]["message"].as_str().map(|message| match verdict["reason"]["detail"].as_str() {
                // The rows that were refused, a line each.
                Some(detail) if count("rejected") > 0 => {
                    format!("{message}\n  {}", detail.replace('\n', "\n  "))
                }
                Some(detail) => format!("{message} ({detail})"),
                None => message.to_owned(),
            });
        let source_rows = source_rows(verdict).unwrap_or(0);
        let seconds = (seconds * 1000.0).round() / 1000.0;
        Self {
            object: object.to_owned(),
            target: target.to_owned(),
            mode: mode.to_owned(),
            load_id: None,
            source_rows,
            target_rows: verdict["target"]["rows"].as_u64().unwrap_or(0),
            inserted: count("inserted"),
            updated: count("updated"),
            unchanged: count("unchanged"),
            deleted: count("deleted"),
            rejected: count("rejected"),
            partial: verdict["partial"] == Value::Bool(true),
            exact: verdict["exact"] == Value::Bool(true),
            seconds,
            rows_per_second: if seconds > 0.0 { (source_rows as f64 / seconds) as u64 } else { 0 },
            consistency: verdict["consistency"].as_array().cloned().unwrap_or_default(),
            source: Some(verdict["source"].clone()).filter(|source| !source.is_null()),
            cascaded: verdict["cascaded"]
                .as_object()
                .into_iter()
                .flatten()
                .filter_map(|(table, rows)| Some((table.clone(), rows.as_u64()?)))
                .collect(),
            losses: verdict["losses"].as_array().into_iter().flatten().map(in_words).collect(),
            undo: verdict["undo"]["by"]
                .as_str()
                .filter(|_| verdict["undo"]["lost"].is_null())
                .map(str::to_owned),
            reason,
        }
    }
}

impl TableReport {
    /// Whether the source changed while it was read, as far as it was looked at: then nothing but stream and target prove the load.
    pub fn source_changed(&self) -> bool {
        let says = |said: &Value| said["changed"] == Value::Bool(true);
        self.source.as_ref().is_some_and(says) || self.consistency.iter().any(says)
    }

    /// Rows of other tables that went along, in words.
    pub fn cascaded_in_words(&self) -> Option<String> {
        let tables: Vec<String> =
            self.cascaded.iter().map(|(table, rows)| format!("{table}: {rows}")).collect();
        (!tables.is_empty()).then(|| tables.join(", "))
    }

    /// Why it is not exact, without the table and its target, which whoever shows it has named.
    pub fn why(&self) -> Option<&str> {
        let reason = self.reason.as_deref()?;
        let place = format!("{} into {}: ", self.object, self.target);
        Some(reason.strip_prefix(&place).unwrap_or(reason))
    }
}

impl KeyTotals {
    /// From the verdict of `rsl.load_finish`, with the sums of those of these columns that were summed.
    pub fn of_verdict<'a>(verdict: &Value, columns: impl IntoIterator<Item = &'a str>) -> Self {
        let account = |name: &str| serde_json::from_value::<Account>(verdict[name].clone()).ok();
        let (stream, target) = (account("stream"), account("target"));
        // What the source has computed of other rows than those that were read is no total of these.
        let own = serde_json::from_value::<SourceAccount>(verdict["source"].clone()).ok();
        let own = own.filter(|_| !source_changed(verdict));
        let sum = |account: &Option<Account>, name: &str| account.as_ref()?.column(name)?.sum;
        // By the source itself, where it can.
        let own_sum = |name: &str| own.as_ref()?.columns.get(name)?.sum.clone();
        let mut sums = Map::new();
        for name in columns {
            let pair = (own_sum(name).or_else(|| sum(&stream, name)), sum(&target, name));
            if pair == (None, None) {
                continue;
            }
            let [source, target] = [pair.0, pair.1].map(|sum| sum.unwrap_or_else(|| "0".to_owned()));
            sums.insert(name.to_owned(), json!(SumPair { matches: source == target, source, target }));
        }
        let counts = (source_rows(verdict), target.map(|target| target.rows));
        Self {
            source_count: counts.0.unwrap_or(0),
            target_count: counts.1.unwrap_or(0),
            matches: counts.0.zip(counts.1).map(|(source, target)| source == target),
            sums,
        }
    }
}

/// Rows that the source counts, if it was asked.
fn source_rows(verdict: &Value) -> Option<u64> {
    verdict["source_rows"].as_u64().or_else(|| verdict["source"]["rows"].as_u64())
}

/// The source's own account is void: it was not the same before and after the rows were read.
fn source_changed(verdict: &Value) -> bool {
    verdict["source"]["changed"] == Value::Bool(true)
}

/// A text as it is, anything else as JSON.
fn in_words(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
