//! What `rsl report` says, and `rsl pull` could not have said: it comes from the books in the database.

use serde::Serialize;
use serde_json::{Map, Value};

use super::{Report, TableReport, in_words, source_changed, source_rows};
use crate::sum::Sum;

/// What `rsl report --format json` writes: every field of [`Report`], and those below.
#[derive(Debug, Clone, Serialize)]
pub struct RunReport {
    /// As `rsl pull --output` writes it.
    #[serde(flatten)]
    pub report: Report<LoadReport>,
    /// What the project lead signs.
    pub verdict: Verdict,
    /// The verdict in one sentence.
    pub summary: String,
    /// It is of a whole run, not of one load alone.
    pub whole_run: bool,
    /// Number in `rsl.run`; none of a load that belongs to no run.
    pub run_id: Option<i64>,
    /// The run has come to its end. Of a load: it has a verdict.
    pub finished: bool,
    /// Its session is still there.
    pub running: bool,
    /// Role of the database that began it.
    pub started_by: String,
    /// From the beginning to the end.
    pub seconds: f64,
    /// Rows that the target refused, over all tables.
    pub rejected: u64,
    /// Values that could not be carried over exactly, over all tables.
    pub lost: u64,
    /// Tables whose source changed while it was read, so that its own account says nothing of the rows that were read.
    pub changed: u64,
    /// What it ran in, as far as known: `rsl`, `extension`, `postgresql`, `source_version`, `host`, `jobs`.
    pub environment: Map<String, Value>,
    /// What of the options of the run makes it less than everything, as `rsl.run.options` has it: `filter`, `retry`,
    /// `no_source_account`, `again`, `max_rejects`, `encoding`; only those that were given.
    pub options: Map<String, Value>,
    /// Objects of the run of which no load was ever begun.
    pub not_begun: Vec<String>,
    /// Loads of the run that a later one of the same table has replaced.
    pub earlier: Vec<Attempt>,
    /// By whom and when this was written.
    pub reported: Reported,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Source, stream and target agree, of every table.
    Exact,
    /// They agree but for what is listed: rejected rows, lost digits, a source that changed while it was read.
    ExactBut,
    /// Something is missing, differs, or was never proven.
    NotExact,
}

/// One load.
#[derive(Debug, Clone, Serialize)]
pub struct LoadReport {
    /// As `rsl pull --output` writes it.
    #[serde(flatten)]
    pub table: TableReport,
    /// `rsl.load.status`: exact, partial, failed, aborted, undone or loading.
    pub status: String,
    /// RFC 3339, UTC.
    pub started_at: String,
    /// RFC 3339, UTC; none while it is loading.
    pub finished_at: Option<String>,
    /// Role of the database that began it.
    pub started_by: String,
    /// Columns by which rows are matched.
    pub key_columns: Vec<String>,
    /// In how many parts it was read.
    pub parts: u64,
    /// Rows by each witness that gave an account.
    pub rows: Rows,
    /// Over whole rows.
    pub digests: Digests,
    /// In the order of the load.
    pub columns: Vec<ColumnReport>,
    /// The first rejected rows, by key.
    pub rejects: Vec<Reject>,
    /// What to do about a failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Why it failed, as SQLSTATE.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sqlstate: Option<String>,
    /// The load that had appended the same rows already, so that nothing was done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repeats: Option<i64>,
    /// When, by whom and how it was taken back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub undone: Option<Value>,
    /// How fresh the target was at the end of the load.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub freshness: Option<Value>,
}

/// Rows as each witness counts them; none if it was not asked.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Rows {
    /// Counted by the source.
    pub source: Option<u64>,
    /// Decoded by the program.
    pub stream: Option<u64>,
    /// What was left to be loaded of these after the target had refused some; none if it refused none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub merged: Option<u64>,
    /// Standing in the target for them.
    pub target: Option<u64>,
    /// In the whole target when the load ended.
    pub after: Option<u64>,
}

/// Digests over whole rows; none if it was not taken.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Digests {
    /// Of the rows as the program decoded them.
    pub stream: Option<String>,
    /// Of the rows as they stand in the target.
    pub target: Option<String>,
    /// Of the whole target when the load ended: what `rsl verify loads_match` compares with.
    pub after: Option<String>,
}

/// A column by each witness that gave an account of it.
#[derive(Debug, Clone, Serialize)]
pub struct ColumnReport {
    /// In the target.
    pub name: String,
    /// By the source's own SQL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<ColumnFigures>,
    /// Over the values as the program decoded them.
    pub stream: Option<ColumnFigures>,
    /// Over those of these values that were left to be loaded after the target had refused some rows; none if it refused none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub merged: Option<ColumnFigures>,
    /// Over the values as they are stored.
    pub target: Option<ColumnFigures>,
    /// Whether NULLs, sums, lengths and digests agree wherever two witnesses tell them; none if no two do. Of a load with rejects, whether
    /// the target holds what the stream without them says; of a source that changed while it was read, only stream and target.
    #[serde(rename = "match")]
    pub matches: Option<bool>,
}

/// What a witness tells of a column.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ColumnFigures {
    /// How many are NULL.
    pub nulls: Option<u64>,
    /// Exact, in decimal; of exact numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sum: Option<String>,
    /// The smallest value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min: Option<String>,
    /// The largest value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<String>,
    /// Total length of texts and binaries.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub length: Option<String>,
    /// Over the values.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
}

/// A row that the target refused. Of its values only the key is told.
#[derive(Debug, Clone, Serialize)]
pub struct Reject {
    /// Its key, as JSON in one line.
    pub key: String,
    /// The column that is to blame, if known.
    pub column: Option<String>,
    /// Why, as SQLSTATE.
    pub sqlstate: Option<String>,
    /// Why, in the server's words.
    pub message: Option<String>,
    /// With which load it went in after all, or who has accepted that it does not; none while it is open.
    pub settled: Option<String>,
}

/// A load that another one has replaced.
#[derive(Debug, Clone, Serialize)]
pub struct Attempt {
    /// Its number.
    pub load_id: i64,
    /// Table or view of the source.
    pub object: String,
    /// `rsl.load.status`.
    pub status: String,
    /// Why it is not exact.
    pub reason: Option<String>,
}

/// The circumstances of the report itself.
#[derive(Debug, Clone, Serialize)]
pub struct Reported {
    /// RFC 3339, UTC.
    pub at: String,
    /// Role of the database.
    pub by: String,
    /// Version of the program.
    pub rsl: String,
    /// Version of the extension.
    pub extension: String,
    /// Version of the server.
    pub postgresql: String,
}

impl Rows {
    /// From `rsl.load.report`.
    pub fn of_verdict(verdict: &Value) -> Self {
        let rows = |name: &str| verdict[name]["rows"].as_u64();
        Self {
            source: source_rows(verdict),
            stream: rows("stream"),
            merged: rows("merged"),
            target: rows("target"),
            after: rows("after"),
        }
    }

    /// Whether the witnesses that tell agree; none if fewer than two tell. Of a load with rejects, which source and stream still
    /// include, whether the target has what was left to be loaded.
    pub fn agree(&self) -> Option<bool> {
        let witnesses = match self.merged {
            Some(_) => [None, self.merged, self.target],
            None => [self.source, self.stream, self.target],
        };
        let told: Vec<u64> = witnesses.into_iter().flatten().collect();
        (told.len() > 1).then(|| told.iter().all(|rows| *rows == told[0]))
    }
}

impl Digests {
    /// From `rsl.load.report`.
    pub fn of_verdict(verdict: &Value) -> Self {
        let digest = |name: &str| verdict[name]["digest"].as_str().map(str::to_owned);
        Self { stream: digest("stream"), target: digest("target"), after: digest("after") }
    }
}

impl ColumnFigures {
    /// From an account's entry of the column; none if there is no such entry.
    fn read(entry: &Value) -> Option<Self> {
        let text = |name: &str| entry.get(name).filter(|value| !value.is_null()).map(in_words);
        entry.is_object().then(|| Self {
            nulls: entry["nulls"].as_u64(),
            sum: text("sum"),
            min: text("min"),
            max: text("max"),
            length: text("length"),
            digest: text("digest"),
        })
    }
}

impl ColumnReport {
    /// Of all columns that any witness tells of, in the order of the load's.
    pub fn of_verdict(verdict: &Value, order: &[String]) -> Vec<Self> {
        let entry =
            |witness: &str, name: &str| verdict[witness]["columns"].get(name).and_then(ColumnFigures::read);
        let column = |name: &String| {
            let [source, stream, merged, target] =
                ["source", "stream", "merged", "target"].map(|witness| entry(witness, name));
            let matches = match &merged {
                // Of a load with rejects, what source and stream tell includes them; this is what was to be in the target.
                Some(merged) => agreement(&[Some(merged), target.as_ref()]),
                // What the source has computed of other rows than those that were read is no account of these.
                None if source_changed(verdict) => agreement(&[stream.as_ref(), target.as_ref()]),
                None => agreement(&[source.as_ref(), stream.as_ref(), target.as_ref()]),
            };
            Self { name: name.clone(), source, stream, merged, target, matches }
        };
        order
            .iter()
            .map(column)
            .filter(|column| column.source.is_some() || column.stream.is_some() || column.target.is_some())
            .collect()
    }

    /// The column has sums.
    pub fn is_summed(&self) -> bool {
        [&self.stream, &self.target].into_iter().flatten().any(|figures| figures.sum.is_some())
    }
}

/// Smallest and largest values are not compared here: each witness writes them in the words of its own system, and the verdict of
/// the load has compared what can be.
fn agreement(witnesses: &[Option<&ColumnFigures>]) -> Option<bool> {
    let told = |figure: fn(&ColumnFigures) -> Option<String>| {
        let told: Vec<String> = witnesses.iter().copied().flatten().filter_map(figure).collect();
        (told.len() > 1).then(|| told.iter().all(|other| *other == told[0]))
    };
    let compared = [
        told(|of| of.nulls.map(|nulls| nulls.to_string())),
        told(|of| of.sum.as_deref().map(plain)),
        told(|of| of.length.as_deref().map(plain)),
        told(|of| of.digest.clone()),
    ];
    compared.into_iter().flatten().reduce(|all, one| all && one)
}

/// The number in the one form that it has here: 1.10 is 1.1.
fn plain(number: &str) -> String {
    Sum::parse(number).map_or_else(|| number.to_owned(), |sum| sum.to_decimal_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn columns(verdict: Value) -> Vec<ColumnReport> {
        ColumnReport::of_verdict(&verdict, &["a".to_owned(), "b".to_owned()])
    }

    #[test]
    fn witnesses_are_compared_by_what_they_tell() {
        let of = |source: Value, stream: Value, target: Value| {
            let account = |column| json!({"rows": 1, "columns": {"a": column}});
            let verdict =
                json!({"source": account(source), "stream": account(stream), "target": account(target)});
            columns(verdict)[0].matches
        };
        let full = json!({"nulls": 1, "sum": "1.1", "digest": "1:aa"});
        assert_eq!(of(json!(null), full.clone(), full.clone()), Some(true));
        assert_eq!(of(json!({"sum": 1.10, "nulls": 1}), full.clone(), full.clone()), Some(true));
        assert_eq!(of(json!({"sum": "1.2"}), full.clone(), full.clone()), Some(false));
        assert_eq!(of(json!(null), full.clone(), json!({"nulls": 2, "sum": "1.1"})), Some(false));
        assert_eq!(of(json!(null), full.clone(), json!({"digest": "1:ab"})), Some(false));
        assert_eq!(of(json!({"length": 5}), json!({"length": "5"}), json!(null)), Some(true));
        // With rejects, only what was merged is to be in the target.
        let merged = |target| {
            let account = |sum| json!({"rows": 1, "columns": {"a": {"sum": sum}}});
            let verdict = json!({"rejected": 1, "source": account(6), "stream": account(6), "merged": account(4), "target": account(target)});
            columns(verdict)[0].matches
        };
        assert_eq!((merged(4), merged(5)), (Some(true), Some(false)));
        // Of a source that changed, the account is of other rows; stream and target are still compared.
        let changed = |target| {
            let account = |sum| json!({"rows": 1, "columns": {"a": {"sum": sum}}});
            let mut verdict = json!({"source": account(7), "stream": account(6), "target": account(target)});
            verdict["source"]["changed"] = json!(true);
            columns(verdict)[0].matches
        };
        assert_eq!((changed(6), changed(5)), (Some(true), Some(false)));
        // Nothing that two of them tell.
        assert_eq!(of(json!(null), full.clone(), json!(null)), None);
        assert_eq!(of(json!({"min": "1"}), json!({"max": "2"}), json!(null)), None);
        // The words of two systems for one moment.
        assert_eq!(of(json!({"min": "2026-01-01"}), full.clone(), full), Some(true));
    }

    #[test]
    fn what_no_witness_tells_of_is_left_out_and_nothing_is_made_up() {
        assert!(columns(json!({"exact": false, "reason": {"message": "x"}})).is_empty());
        assert!(columns(json!({"stream": {"rows": 1, "columns": {"c": {"nulls": 0}}}})).is_empty());
        let rows = Rows::of_verdict(&json!({"exact": false}));
        assert!(
            rows.source.is_none() && rows.stream.is_none() && rows.target.is_none() && rows.agree().is_none()
        );
        let agree =
            |source, stream, target| Rows { source, stream, target, merged: None, after: None }.agree();
        assert_eq!(agree(None, Some(1), Some(1)), Some(true));
        assert_eq!(agree(Some(2), Some(1), Some(1)), Some(false));
        assert_eq!(agree(None, Some(1), None), None);
        // Two values that could not be read are not in the stream, two rows were refused by the target.
        let partial = |target| {
            Rows { source: Some(54), stream: Some(52), merged: Some(50), target, after: None }.agree()
        };
        assert_eq!((partial(Some(50)), partial(Some(49)), partial(None)), (Some(true), Some(false), None));
    }

    #[test]
    fn odd_verdicts_are_read_without_failing() {
        for odd in [json!(null), json!([]), json!({"stream": 7, "reason": "x", "losses": [{"a": 1}, "b"]})] {
            let table = TableReport::of_verdict("T", "erp.t", "append", &odd, 0.0);
            assert!(!table.exact && table.rows_per_second == 0);
            // Nobody has told anything: that is no agreement.
            assert_eq!(super::super::KeyTotals::of_verdict(&odd, ["a"]).matches, None);
            assert!(columns(odd).is_empty());
        }
    }
}
