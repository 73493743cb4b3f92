//! The report as one HTML file that needs nothing else: to read, to print and to sign. The templates are in `templates/report`, and
//! escape every value by themselves.

use askama::Template;
use rsl_core::report::{ColumnReport, LoadReport, RunReport, Verdict};

use super::words;
use crate::command::table::{count, thousands};
use crate::failure::{Failure, Result};

/// Who signs.
pub const SIGNERS: [&str; 3] = ["Database administrator", "Lead developer", "Operations"];

pub fn html(report: &RunReport) -> Result<String> {
    let written = Page::new(report).render();
    let page = written.map_err(|error| Failure::new(format!("the report could not be written: {error}")))?;
    // A template ends without the end of its last line.
    Ok(page + "\n")
}

#[derive(Template)]
#[template(path = "report/report.html")]
struct Page<'a> {
    report: &'a RunReport,
    /// What it is about, of numbers alone: it stands in the style sheet, too.
    subject: String,
    /// Name of the style of the verdict.
    style: &'static str,
    verdict: &'static str,
    summary: String,
    circumstances: Vec<(&'static str, String)>,
    limits: Vec<(&'static str, String)>,
    tables: Vec<Table<'a>>,
    not_carried_over: Vec<[&'a str; 3]>,
    written: String,
}

/// A table, with everything in words.
struct Table<'a> {
    load: &'a LoadReport,
    status: &'static str,
    /// Name of its style.
    style: &'static str,
    reason: &'a str,
    /// Rows by source and stream, what was to be loaded of them, and those in the target; whether they agree.
    rows: [String; 4],
    agree: &'static str,
    agree_in_words: &'static str,
    /// Inserted, updated, unchanged, deleted.
    moved: [String; 4],
    but: String,
    rejected: String,
    rows_width: String,
    time_width: String,
    duration: String,
    pace: String,
    particulars: Vec<(&'static str, String)>,
    /// Whose, shortened, and in full; one if both are the same.
    digests: Vec<[String; 3]>,
    columns: Vec<Column<'a>>,
    /// Any witness tells smallest or largest values.
    has_extremes: bool,
    /// The source has given an account of columns.
    has_source: bool,
    /// Less was to be loaded than was read.
    has_refused: bool,
}

struct Column<'a> {
    name: &'a str,
    differs: bool,
    nulls: String,
    sums: [String; 3],
    to_be_loaded: String,
    least: String,
    most: String,
    sign: &'static str,
    sign_in_words: &'static str,
}

impl<'a> Page<'a> {
    fn new(report: &'a RunReport) -> Self {
        let subject = match (report.whole_run, report.run_id, report.report.tables.first()) {
            (true, Some(run), _) => format!("run {run}"),
            (_, _, Some(load)) => format!("load {}", load.table.load_id.unwrap_or(0)),
            _ => "nothing".to_owned(),
        };
        let tables = &report.report.tables;
        let most_rows = tables.iter().filter_map(counted).max().unwrap_or(0);
        let longest = tables.iter().map(|load| load.table.seconds).fold(0.0, f64::max);
        let left_out = |left_out: &'a serde_json::Value| {
            ["table", "what", "reason"].map(|name| left_out[name].as_str().unwrap_or_default())
        };
        let reported = &report.reported;
        Self {
            subject,
            style: match report.verdict {
                Verdict::Exact => "good",
                Verdict::ExactBut => "but",
                Verdict::NotExact => "bad",
            },
            verdict: words::verdict(report.verdict),
            // The heading has said already whether it is exact, but not what it is exact but for.
            summary: ["exact: ", "NOT exact: "]
                .iter()
                .find_map(|said| report.summary.strip_prefix(said))
                .unwrap_or(&report.summary)
                .to_owned(),
            circumstances: words::circumstances(report),
            limits: words::limits(report),
            tables: tables.iter().map(|load| Table::new(load, most_rows, longest)).collect(),
            not_carried_over: report.report.not_carried_over.iter().map(left_out).collect(),
            written: format!(
                "{} by role {}, with rsl {}, extension {}, PostgreSQL {}",
                words::moment(&reported.at),
                reported.by,
                reported.rsl,
                reported.extension,
                reported.postgresql
            ),
            report,
        }
    }

    /// Loads with something to explain.
    fn explained(&self) -> impl Iterator<Item = &Table<'a>> {
        self.tables.iter().filter(|table| table.load.table.reason.is_some())
    }

    fn has_explanations(&self) -> bool {
        self.explained().next().is_some()
            || !self.report.not_begun.is_empty()
            || !self.report.earlier.is_empty()
    }

    fn has_digests(&self) -> bool {
        self.tables
            .iter()
            .any(|table| table.load.digests.stream.is_some() || table.load.digests.target.is_some())
    }
}

impl<'a> Table<'a> {
    fn new(load: &'a LoadReport, most_rows: u64, longest: f64) -> Self {
        let t = &load.table;
        let (rejected, lost) = (t.rejected, t.losses.len() as u64);
        let but = [(rejected, "rejected", "rejected"), (lost, "lossy value", "lossy values")];
        let but: Vec<_> =
            but.iter().filter(|(n, ..)| *n > 0).map(|(n, one, many)| count(*n, one, many)).collect();
        Self {
            status: words::status(load),
            style: match words::status(load) {
                "exact" => "",
                "exact, but" => " but",
                _ => " bad",
            },
            reason: load.table.why().unwrap_or_default(),
            rows: [
                load.rows.source,
                load.rows.stream,
                load.rows.merged.or(load.rows.stream),
                load.rows.target,
            ]
            .map(words::rows),
            agree: words::sign(load.rows.agree()),
            agree_in_words: words::sign_in_words(load.rows.agree()),
            moved: [t.inserted, t.updated, t.unchanged, t.deleted].map(thousands),
            but: but.join(", "),
            rejected: thousands(rejected),
            rows_width: share(counted(load).unwrap_or(0) as f64, most_rows as f64),
            time_width: share(t.seconds, longest),
            duration: words::duration(t.seconds),
            pace: if t.rows_per_second > 0 {
                thousands(t.rows_per_second)
            } else {
                words::UNKNOWN.to_owned()
            },
            particulars: words::particulars(load),
            digests: words::digests(load)
                .into_iter()
                .map(|(whose, digest)| [whose.to_owned(), words::shortened(&digest), digest])
                .collect(),
            columns: load.columns.iter().map(Column::new).collect(),
            has_extremes: witnesses(load).any(|of| of.min.is_some() || of.max.is_some()),
            has_refused: load.columns.iter().any(|column| column.merged.is_some()),
            has_source: load.columns.iter().any(|column| column.source.is_some()),
            load,
        }
    }
}

impl<'a> Column<'a> {
    fn new(column: &'a ColumnReport) -> Self {
        let unknown = |sum: Option<String>| sum.unwrap_or_else(|| words::UNKNOWN.to_owned());
        Self {
            name: &column.name,
            differs: column.matches == Some(false),
            nulls: words::nulls(column),
            sums: words::three(column, words::total).map(unknown),
            to_be_loaded: unknown(words::to_be_loaded(column)),
            least: words::extreme(column, |of| of.min.clone()),
            most: words::extreme(column, |of| of.max.clone()),
            sign: words::sign(column.matches),
            sign_in_words: words::sign_in_words(column.matches),
        }
    }
}

/// Rows for the picture: those of the target, or as many as came.
fn counted(load: &LoadReport) -> Option<u64> {
    load.rows.stream.or(load.rows.target).or(load.rows.source)
}

fn witnesses(load: &LoadReport) -> impl Iterator<Item = &rsl_core::report::ColumnFigures> {
    load.columns.iter().flat_map(|column| [&column.source, &column.stream, &column.target]).flatten()
}

/// The length of a bar in percent. The smallest that is not nothing can still be seen.
fn share(part: f64, whole: f64) -> String {
    match part > 0.0 && whole > 0.0 {
        true => format!("{:.2}", (part / whole * 100.0).max(0.5)),
        false => "0".to_owned(),
    }
}
