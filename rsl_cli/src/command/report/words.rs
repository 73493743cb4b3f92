//! The report in words and numbers as people read them, the same in every form.

use rsl_core::report::{ColumnFigures, ColumnReport, LoadReport, RunReport, Verdict};
use serde_json::Value;

use crate::command::table::{self, count, thousands};
use crate::target::undo;
use crate::terminal::visible;

/// What stands where nothing is known.
pub const UNKNOWN: &str = "–";
/// Of a reject that neither went in later nor was accepted.
pub const OPEN: &str = "open";

/// Of a load without snapshots: what source and target hold of these rows cannot be said to be the same.
pub const SOURCE_CHANGED: &str = "the source changed while it was read: the target holds what was read, but the source's own account is of other rows and proves nothing";

/// The verdict in a few words.
pub fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Exact => "Exact",
        Verdict::ExactBut => "Exact, but for what is listed",
        Verdict::NotExact => "NOT exact",
    }
}

/// So much of a condition is in the verdict; all of it is among the circumstances.
const SHORT: usize = 60;

/// The verdict in a sentence.
pub fn summary(report: &RunReport) -> String {
    let tables = &report.report.tables;
    let rows: u64 = tables.iter().filter_map(|load| load.rows.target).sum();
    let mut what =
        format!("{} of {}", count(rows, "row", "rows"), count(tables.len() as u64, "table", "tables"));
    if let Some(load) = report.options.get("retry") {
        what = format!("{what}, of the rejects of load {load}");
    }
    if let Some(filter) = report.options.get("filter").and_then(Value::as_str) {
        what = format!("{what}, of those where {}", visible(&table::shortened(filter, SHORT)));
    }
    match report.verdict {
        Verdict::Exact => format!("exact: {what}"),
        Verdict::ExactBut => {
            let but = [
                (report.rejected, "rejected row", "rejected rows"),
                (report.lost, "lossy value", "lossy values"),
            ];
            let but: Vec<_> =
                but.iter().filter(|(n, ..)| *n > 0).map(|(n, one, many)| count(*n, one, many)).collect();
            match (but.is_empty(), report.changed > 0) {
                (true, true) => format!("exact, but the source changed while it was read: {what}"),
                (false, true) => {
                    format!(
                        "exact but for {}, and the source changed while it was read: {what}",
                        but.join(" and ")
                    )
                }
                (true, false) => format!("exact but for what is listed: {what}"),
                (false, false) => format!("exact but for {}: {what}", but.join(" and ")),
            }
        }
        Verdict::NotExact => format!("NOT exact: {}", why_not(report).join(", ")),
    }
}

fn why_not(report: &RunReport) -> Vec<String> {
    let tables = &report.report.tables;
    let mut why = Vec::new();
    let all = count((tables.len() + report.not_begun.len()) as u64, "table", "tables");
    for (status, said) in [
        ("failed", "failed"),
        ("aborted", "given up"),
        ("loading", "not finished"),
        ("undone", "undone since"),
    ] {
        match tables.iter().filter(|load| load.status == status).count() {
            0 => {}
            number => why.push(format!("{} of {all} {said}", thousands(number as u64))),
        }
    }
    if !report.not_begun.is_empty() {
        why.push(format!("{} never begun", count(report.not_begun.len() as u64, "table", "tables")));
    }
    if tables.is_empty() && report.not_begun.is_empty() {
        why.push("no table was loaded".to_owned());
    }
    if report.running {
        why.push("still running".to_owned());
    } else if !report.finished && why.is_empty() {
        why.push("the run broke off before its end".to_owned());
    }
    why
}

/// What a load is, in one word that is told apart without colour.
pub fn status(load: &LoadReport) -> &'static str {
    match load.status.as_str() {
        "exact"
            if load.table.rejected > 0 || !load.table.losses.is_empty() || load.table.source_changed() =>
        {
            "exact, but"
        }
        "exact" => "exact",
        "partial" => "exact, but",
        "failed" => "FAILED",
        "aborted" => "GIVEN UP",
        "undone" => "UNDONE",
        "loading" => "NOT FINISHED",
        _ => "NOT EXACT",
    }
}

/// What kept the run from loading everything or from proving it, by name: whoever signs has to know.
pub fn limits(report: &RunReport) -> Vec<(&'static str, String)> {
    let given = |name: &str| report.options.get(name);
    let text = |name: &str| given(name).and_then(Value::as_str).map(str::to_owned);
    let is = |name: &str| given(name).is_some_and(|value| *value == Value::Bool(true));
    let facts = [
        ("Only rows where", text("filter")),
        ("Retry", given("retry").map(|load| format!("only the rejected rows of load {load}"))),
        ("Own account", is("no_source_account").then(|| "the source's own account was not asked".to_owned())),
        (
            "Again",
            is("again").then(|| "rows that an earlier load has appended were appended again".to_owned()),
        ),
        (
            "Rejects",
            given("max_rejects")
                .and_then(Value::as_u64)
                .map(|most| format!("at most {} of a table may be left out", count(most, "row", "rows"))),
        ),
        ("Encoding", text("encoding").map(|name| format!("char and varchar columns read as {name}"))),
    ];
    facts.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

/// Name and value of each circumstance of the run, in the order in which they are read.
pub fn circumstances(report: &RunReport) -> Vec<(&'static str, String)> {
    let told = |name: &str| match report.environment.get(name) {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => Some(text.clone()),
        Some(other) => Some(other.to_string()),
    };
    let mut modes: Vec<&str> = report.report.tables.iter().map(|load| load.table.mode.as_str()).collect();
    modes.sort_unstable();
    modes.dedup();
    let end = match (report.finished, report.running) {
        (true, _) => moment(&report.report.finished_at),
        (false, true) => "not yet".to_owned(),
        (false, false) => "broke off".to_owned(),
    };
    let versioned = |name: &str, version: Option<String>| version.map(|version| format!("{name} {version}"));
    let facts = [
        ("Source", Some(report.report.source.clone())),
        ("Source version", told("source_version")),
        ("Target", Some(report.report.target.clone())),
        ("Target version", {
            let versions =
                [versioned("PostgreSQL", told("postgresql")), versioned("extension rsl", told("extension"))];
            Some(versions.into_iter().flatten().collect::<Vec<_>>().join(", "))
                .filter(|text| !text.is_empty())
        }),
        ("Run", report.run_id.map(|run| run.to_string())),
        ("Begun by", Some(format!("role {}", report.started_by))),
        ("Program", {
            let host = told("host").map(|host| format!("on {host}"));
            let jobs = told("jobs")
                .map(|jobs| if jobs == "1" { "1 reader".to_owned() } else { format!("{jobs} readers") });
            let parts = [versioned("rsl", told("rsl")), host, jobs];
            Some(parts.into_iter().flatten().collect::<Vec<_>>().join(", ")).filter(|text| !text.is_empty())
        }),
        ("Mode", Some(modes.join(", ")).filter(|modes| !modes.is_empty())),
        ("Begun", Some(moment(&report.report.started_at))),
        ("Ended", Some(end)),
        ("Took", report.finished.then(|| duration(report.seconds))),
    ];
    let facts = facts.into_iter().filter_map(|(name, value)| Some((name, value?)));
    facts.chain(limits(report)).collect()
}

/// What there is to know of one table besides its numbers.
pub fn particulars(load: &LoadReport) -> Vec<(&'static str, String)> {
    let table = &load.table;
    let key = if load.key_columns.is_empty() { "none".to_owned() } else { load.key_columns.join(", ") };
    let mut facts = vec![
        ("Load", format!("{}, {}, by role {}", table.load_id.unwrap_or(0), table.mode, load.started_by)),
        ("Key", key),
        ("Time", time(load)),
        ("Source's state", consistency(load)),
        (
            "Undo",
            match load.status.as_str() {
                "exact" | "partial" => undo::in_words(table.undo.as_deref()).to_owned(),
                _ => UNKNOWN.to_owned(),
            },
        ),
    ];
    if let Some(tables) = table.cascaded_in_words() {
        facts.push((
            "Rows of other tables",
            format!("{tables}; deleted or emptied, as their foreign keys say, with rows that were deleted"),
        ));
    }
    let left_out = table.source.as_ref().and_then(|source| source["left_out"].as_u64()).unwrap_or(0);
    if left_out > 0 {
        facts.push((
            "Source's own account",
            format!(
                "{} more than was read: what was read lies within it, sums were not compared",
                count(left_out, "row", "rows")
            ),
        ));
    }
    if let Some(repeats) = load.repeats {
        facts.push((
            "Repeats",
            format!("load {repeats} had appended the same rows already: nothing was inserted"),
        ));
    }
    facts
}

/// Digests over whole rows, and which witness took them.
pub fn digests(load: &LoadReport) -> Vec<(&'static str, String)> {
    match (&load.digests.stream, &load.digests.target) {
        (Some(stream), Some(target)) if stream == target => vec![("stream = target", stream.clone())],
        (stream, target) => {
            let told = [("stream", stream), ("target", target)];
            told.into_iter().filter_map(|(whose, digest)| Some((whose, digest.clone()?))).collect()
        }
    }
}

fn time(load: &LoadReport) -> String {
    let mut said = format!("{}, from {}", duration(load.table.seconds), moment(&load.started_at));
    if load.table.rows_per_second > 0 {
        said = format!("{said}, {} rows/s", thousands(load.table.rows_per_second));
    }
    if load.parts > 1 {
        said = format!("{said}, in {} parts", load.parts);
    }
    said
}

/// What is known of the state of the source in which the rows were read.
pub fn consistency(load: &LoadReport) -> String {
    let whole = load.parts <= 1;
    let said: Vec<String> = load.table.consistency.iter().map(|answer| of_one_kind(answer, whole)).collect();
    if said.is_empty() { "not told".to_owned() } else { said.join("; ") }
}

fn of_one_kind(answer: &Value, whole: bool) -> String {
    let isolation = match (answer["isolation"].as_str(), whole) {
        (Some("snapshot"), true) => "snapshot, all rows of one moment",
        (Some("snapshot"), false) => "snapshot, all rows of a part of one moment",
        (Some("read committed"), _) => "read committed, each row of its own moment",
        (other, _) => other.unwrap_or("not told"),
    };
    let compared: Vec<&str> =
        answer["compared"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let said = match (compared.is_empty(), answer["changed"] == Value::Bool(true)) {
        (true, false) => isolation.to_owned(),
        (true, true) => format!("{isolation}; CHANGED while it was read"),
        (false, changed) => format!(
            "{isolation}; {} compared before and after: {}",
            compared.join(", "),
            if changed { "CHANGED while it was read" } else { "unchanged" }
        ),
    };
    let unsteady: Vec<&str> =
        answer["unsteady"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    match unsteady.is_empty() {
        true => said,
        false => {
            format!("{said}; other values each time, not compared with the source: {}", unsteady.join(", "))
        }
    }
}

/// A figure of a column by source, stream and target.
pub fn three(column: &ColumnReport, figure: fn(&ColumnFigures) -> Option<String>) -> [Option<String>; 3] {
    [&column.source, &column.stream, &column.target].map(|witness| witness.as_ref().and_then(figure))
}

/// NULLs, one number if all who tell say the same.
pub fn nulls(column: &ColumnReport) -> String {
    merged(three(column, |of| of.nulls.map(thousands)))
}

/// The smallest or largest value, once if all who tell say the same.
pub fn extreme(column: &ColumnReport, figure: fn(&ColumnFigures) -> Option<String>) -> String {
    let told = three(column, figure);
    merged(if column.is_summed() { told.map(|told| told.as_deref().map(grouped)) } else { told })
}

/// Of source, stream and target, in this order unless all say the same.
fn merged(told: [Option<String>; 3]) -> String {
    let mut known = told.iter().flatten();
    match known.next() {
        None => UNKNOWN.to_owned(),
        Some(first) if known.all(|other| other == first) => first.clone(),
        Some(_) => told.map(|said| said.unwrap_or_else(|| UNKNOWN.to_owned())).join(" / "),
    }
}

/// The sum; of texts, their length.
pub fn total(figures: &ColumnFigures) -> Option<String> {
    let sum = figures.sum.as_deref().map(grouped);
    sum.or_else(|| figures.length.as_deref().map(|length| format!("length {}", grouped(length))))
}

/// The sum of what was left to be loaded: that of the stream if nothing was refused.
pub fn to_be_loaded(column: &ColumnReport) -> Option<String> {
    column.merged.as_ref().or(column.stream.as_ref()).and_then(total)
}

/// So wide is a key, as JSON, in a report to be read.
pub const LONGEST_KEY: usize = 200;

/// Whether the witnesses agree, as a sign that needs no colour.
pub fn sign(matches: Option<bool>) -> &'static str {
    match matches {
        Some(true) => "=",
        Some(false) => "≠",
        None => UNKNOWN,
    }
}

/// The same in words.
pub fn sign_in_words(matches: Option<bool>) -> &'static str {
    match matches {
        Some(true) => "agree",
        Some(false) => "DIFFER",
        None => "nothing to compare",
    }
}

/// Rows, if they are known.
pub fn rows(number: Option<u64>) -> String {
    number.map_or_else(|| UNKNOWN.to_owned(), thousands)
}

/// -1234567.5000 as −1,234,567.5000. What is no number stays as it is.
pub fn grouped(number: &str) -> String {
    let (sign, digits) = number.strip_prefix('-').map_or(("", number), |digits| ("−", digits));
    let (whole, places) =
        digits.split_once('.').map_or((digits, None), |(whole, places)| (whole, Some(places)));
    if whole.is_empty()
        || ![whole, places.unwrap_or("0")].iter().all(|d| d.bytes().all(|b| b.is_ascii_digit()))
    {
        return number.to_owned();
    }
    let groups: Vec<_> = whole.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy).collect();
    let whole = groups.join(",");
    places.map_or_else(|| format!("{sign}{whole}"), |places| format!("{sign}{whole}.{places}"))
}

/// 2026-11-22T01:02:03.456Z as 2026-11-22 01:02:03 UTC.
pub fn moment(text: &str) -> String {
    match text.get(..19).filter(|_| text.is_ascii() && text.ends_with('Z')) {
        Some(shown) => format!("{} UTC", shown.replace('T', " ")),
        None => text.to_owned(),
    }
}

/// As long as one would say it.
pub fn duration(seconds: f64) -> String {
    let whole = seconds.round() as u64;
    match whole {
        0..60 => format!("{seconds:.2} s"),
        60..3600 => format!("{} min {:02} s", whole / 60, whole % 60),
        _ => format!("{} h {:02} min {:02} s", whole / 3600, whole / 60 % 60, whole % 60),
    }
}

/// A digest with its middle left out, and the zeros that it begins with.
pub fn shortened(digest: &str) -> String {
    let Some((rows, hash)) = digest.split_once(':').filter(|(_, hash)| hash.is_ascii()) else {
        return digest.to_owned();
    };
    let told = hash.trim_start_matches('0');
    match told.len() {
        0..=20 => digest.to_owned(),
        length => format!("{rows}:…{}…{}", &told[..8], &told[length - 8..]),
    }
}

/// The figures are of then; this is how to ask about now.
pub const TODAY: &str = "These figures are those of the moment of the load. Whether the tables still hold these rows today: rsl verify.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_and_nothing_is_rounded() {
        for (number, shown) in [
            ("0", "0"),
            ("-1234567.5000", "−1,234,567.5000"),
            ("99999999999999999999.01", "99,999,999,999,999,999,999.01"),
            ("NaN", "NaN"),
            ("1e5", "1e5"),
            ("", ""),
            ("-", "-"),
            ("1.2.3", "1.2.3"),
        ] {
            assert_eq!(grouped(number), shown, "{number}");
        }
    }

    #[test]
    fn who_says_what_is_seen_where_they_differ() {
        for (told, shown) in [
            ([None, None, None], UNKNOWN),
            ([Some("1"), Some("1"), Some("1")], "1"),
            ([None, Some("1"), Some("1")], "1"),
            ([Some("1"), Some("1"), Some("2")], "1 / 1 / 2"),
            ([Some("1"), None, Some("2")], "1 / – / 2"),
        ] {
            assert_eq!(merged(told.map(|said| said.map(str::to_owned))), shown);
        }
    }

    #[test]
    fn times_are_said_as_people_do() {
        assert_eq!(duration(0.314), "0.31 s");
        assert_eq!(duration(125.4), "2 min 05 s");
        assert_eq!(duration(3725.0), "1 h 02 min 05 s");
        assert_eq!(moment("2026-11-22T01:02:03.456Z"), "2026-11-22 01:02:03 UTC");
        for odd in ["", "now", "품목코드품목코드품목코드Z"] {
            assert_eq!(moment(odd), odd);
        }
    }

    #[test]
    fn a_digest_is_shortened_in_its_middle() {
        assert_eq!(
            shortened("5000:0000000000002722f872bcb384839e58a7605a00455958a0"),
            "5000:…2722f872…455958a0"
        );
        for short in ["", "x", "1:ab", "품목"] {
            assert_eq!(shortened(short), short);
        }
    }
}
