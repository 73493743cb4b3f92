//! Differences and summary of `rsl diff`, for people and for programs.

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::args::{Diff, Format};
use crate::command::output::{File, print, say};
use crate::command::table::{count, thousands};
use crate::failure::Result;
use crate::source::Consistency;
use crate::target::diff::{Difference, Tally};
use crate::terminal::visible;

/// Longer values are cut for people.
const SHOWN: usize = 60;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Every row of one side is on the other.
    Equal,
    Different,
    /// No difference can be shown, but a side changed while they were compared.
    Changed,
}

#[derive(Debug, Serialize)]
pub struct Summary {
    pub verdict: Verdict,
    pub source: String,
    pub object: String,
    pub database: String,
    pub table: String,
    pub key: Vec<String>,
    /// Who hashed the source's rows, and why.
    pub way: Value,
    pub source_rows: u64,
    pub table_rows: u64,
    /// Rows with a NULL in the key, of the source, if they were counted, and of the table.
    pub null_keys: [Option<u64>; 2],
    pub buckets: u32,
    pub differing_buckets: u64,
    /// Of these, those whose rows in the source changed between the two readings.
    pub moved: u64,
    /// Of these, those that did not differ any more.
    pub vanished: u64,
    /// Rows that the source sent, those that it sent twice twice.
    pub rows_read: u64,
    /// Rows of the source that were sent to the database.
    pub rows_sent: u64,
    #[serde(flatten)]
    pub tally: Tally,
    /// The numbers of rows are of the differences that were looked at; there are more.
    pub at_least: bool,
    /// Lines, listed or not.
    pub differences: u64,
    pub notes: Vec<String>,
    pub consistency: Vec<Consistency>,
    pub seconds: f64,
}

/// Where differences go.
pub struct Report {
    format: Format,
    file: File,
    /// For JSON, which is printed at the end.
    kept: Vec<Value>,
    listed: u64,
}

impl Report {
    /// Opens the file, if one is wanted, before anything is read.
    pub fn open(args: &Diff) -> Result<Self> {
        let file = File::open(args.output.as_deref())?;
        Ok(Self { format: args.format, file, kept: Vec::new(), listed: 0 })
    }

    /// One difference.
    pub fn tell(&mut self, difference: &Difference) -> Result<()> {
        self.listed += 1;
        self.file.append(&format!("{}\n", json!(difference)))?;
        match self.format {
            Format::Text => say!("{}", line(difference))?,
            Format::Json => self.kept.push(json!(difference)),
        }
        Ok(())
    }

    /// The last word.
    pub fn end(mut self, summary: &Summary) -> Result<()> {
        let mut shown = json!(summary);
        shown["listed"] = json!(self.listed);
        shown["seconds"] = json!((summary.seconds * 1000.0).round() / 1000.0);
        self.file.append(&format!("{}\n", json!({"summary": shown})))?;
        let written = self.file.finish();
        let told = match self.format {
            Format::Json => {
                shown["differences"] = Value::Array(self.kept);
                say!("{shown:#}")
            }
            Format::Text => print(&text(summary, self.listed)),
        };
        written.and(told)
    }
}

/// A difference in one line.
fn line(difference: &Difference) -> String {
    let Difference { key, kind, column, left, right } = difference;
    let key = key.as_ref().map(shown_key);
    let sides = || format!("{} → {}", shown(left.as_deref()), shown(right.as_deref()));
    match (kind.as_str(), key, column) {
        ("column", _, Some(column)) => match (left, right) {
            (Some(left), None) => {
                format!("column {}: only the source has it ({})", visible(column), visible(left))
            }
            (None, Some(right)) => {
                format!("column {}: only the table has it ({})", visible(column), visible(right))
            }
            _ => format!("column {}: the types cannot be compared: {}", visible(column), sides()),
        },
        ("missing", Some(key), _) => format!("{key}: missing, only the source has it"),
        ("extra", Some(key), _) => format!("{key}: extra, only the table has it"),
        (kind @ ("missing" | "extra"), None, _) => format!(
            "a row, {kind}: {} times in the source, {} times in the table",
            left.as_deref().unwrap_or("0"),
            right.as_deref().unwrap_or("0")
        ),
        ("doubled", Some(key), _) => format!(
            "{key}: doubled, stands {} times in the source and {} times in the table",
            left.as_deref().unwrap_or("?"),
            right.as_deref().unwrap_or("?")
        ),
        (kind, key, column) => {
            let place: Vec<String> = [key, Some(kind.to_owned())].into_iter().flatten().collect();
            let column = column.as_deref().map_or_else(String::new, |column| format!(" {}", visible(column)));
            format!("{}{column}: {}", place.join(": "), sides())
        }
    }
}

fn shown_key(key: &Map<String, Value>) -> String {
    let part = |(name, value): (&String, &Value)| {
        let value = match value {
            Value::Null => "NULL".to_owned(),
            Value::String(text) => shown(Some(text)),
            other => other.to_string(),
        };
        format!("{}={value}", visible(name))
    };
    key.iter().map(part).collect::<Vec<_>>().join(", ")
}

/// A value in one line; cut if it is long, with its length.
fn shown(value: Option<&str>) -> String {
    let Some(value) = value else { return "NULL".to_owned() };
    let length = value.chars().count();
    let begin: String = value.chars().take(SHOWN).collect();
    let begin = visible(&begin);
    // Blanks at the end, and a text that looks like NULL, would not be seen.
    let plain = !begin.is_empty() && begin != "NULL" && begin.trim() == begin && !begin.contains('\'');
    match (length > SHOWN, plain) {
        (true, _) => format!("'{begin}…' ({} characters)", thousands(length as u64)),
        (false, true) => begin,
        (false, false) => format!("'{begin}'"),
    }
}

fn text(summary: &Summary, listed: u64) -> String {
    let mut said = String::new();
    let mut say = |line: String| {
        said.push_str(&line);
        said.push('\n');
    };
    summary.notes.iter().for_each(|note| say(format!("note: {note}")));
    let nulls = ["the source", "the table"].into_iter().zip(summary.null_keys);
    let nulls: Vec<_> = nulls
        .filter_map(|(side, rows)| Some((side, rows.filter(|&rows| rows > 0)?)))
        .map(|(side, rows)| format!("{} of {side}", count(rows, "row", "rows")))
        .collect();
    if !nulls.is_empty() {
        say(format!("note: the key has a NULL in {}", nulls.join(" and ")));
    }
    match summary.way["why"].as_str() {
        Some(why) => say(format!("all rows of the source were read: {why}")),
        None => say(format!(
            "the source computed its part: it sent {} and the sums of the others",
            count(summary.rows_read, "row", "rows")
        )),
    }
    if summary.differences > listed {
        say(format!(
            "listed: {} of {} differences; --limit N lists more",
            thousands(listed),
            thousands(summary.differences)
        ));
    }
    if summary.consistency.iter().any(|part| part.changed) {
        say("the source changed while it was read, and gives no snapshots".to_owned());
    }
    if summary.moved + summary.vanished > 0 {
        say(format!(
            "changed while it was compared: rows of {} were different when they were read again; of these, {} did not differ from the table any more",
            count(summary.moved.max(summary.vanished), "bucket", "buckets"),
            thousands(summary.vanished)
        ));
    }
    let tally = &summary.tally;
    let at_least = if summary.at_least { "at least " } else { "" };
    let rows = format!(
        "{} in the source, {} in the table",
        count(summary.source_rows, "row", "rows"),
        thousands(summary.table_rows)
    );
    let ends = format!(
        "{:.1} s, {} buckets, {} sent to the database",
        summary.seconds,
        thousands(summary.buckets.into()),
        count(summary.rows_sent, "row", "rows")
    );
    let pair = format!("{} and {}", summary.object, summary.table);
    match summary.verdict {
        Verdict::Equal => say(format!("equal: {pair}: {rows}; {ends}")),
        Verdict::Changed => say(format!(
            "not proven: {pair} changed while they were compared: {rows}; no difference was found at last; run it again; {ends}"
        )),
        Verdict::Different => {
            let mut what = Vec::new();
            for (number, kind) in
                [(tally.missing, "missing"), (tally.extra, "extra"), (tally.changed, "changed")]
            {
                what.push(format!("{} {kind}", thousands(number)));
            }
            if tally.doubled > 0 {
                what.push(count(tally.doubled, "key doubled", "keys doubled"));
            }
            say(format!("different: {pair}: {at_least}{}; {rows}; {ends}", what.join(", ")));
            if !tally.columns.is_empty() {
                let columns: Vec<_> = tally
                    .columns
                    .iter()
                    .map(|(name, rows)| format!("{} ({})", visible(name), thousands(*rows)))
                    .collect();
                say(format!("columns that differ, and in {at_least}how many rows: {}", columns.join(", ")));
            }
        }
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    fn difference(kind: &str, column: Option<&str>, left: Option<&str>, right: Option<&str>) -> Difference {
        let mut key = Map::new();
        key.insert("code".to_owned(), json!("A 1"));
        key.insert("seq".to_owned(), Value::Null);
        Difference {
            key: Some(key),
            kind: kind.to_owned(),
            column: column.map(str::to_owned),
            left: left.map(str::to_owned),
            right: right.map(str::to_owned),
        }
    }

    #[test]
    fn a_difference_is_visible() {
        let of = |left, right| line(&difference("changed", Some("name"), left, right));
        assert_eq!(of(Some("1.50"), Some("1.51")), "code=A 1, seq=NULL: changed name: 1.50 → 1.51");
        assert_eq!(of(Some("a"), Some("a ")), "code=A 1, seq=NULL: changed name: a → 'a '");
        assert_eq!(of(None, Some("")), "code=A 1, seq=NULL: changed name: NULL → ''");
        assert_eq!(of(None, Some("NULL")), "code=A 1, seq=NULL: changed name: NULL → 'NULL'");
        assert_eq!(of(Some("a\n\u{1b}[2J"), None), "code=A 1, seq=NULL: changed name: a\\n\\u{1b}[2J → NULL");
        let long = "품".repeat(1234);
        let cut = of(Some(&long), None);
        assert!(cut.ends_with(&format!("'{}…' (1,234 characters) → NULL", "품".repeat(60))), "{cut}");
        assert_eq!(
            line(&difference("missing", None, None, None)),
            "code=A 1, seq=NULL: missing, only the source has it"
        );
    }

    #[test]
    fn a_row_that_differs_in_two_columns_is_counted_once() {
        let mut tally = Tally::default();
        tally.add(&difference("changed", Some("a"), None, Some("1")));
        tally.add(&difference("changed", Some("b"), None, Some("1")));
        tally.add(&Difference { key: None, ..difference("missing", None, Some("5"), Some("2")) });
        assert_eq!((tally.changed, tally.columns.len(), tally.missing, tally.extra), (1, 2, 3, 0));
    }
}
