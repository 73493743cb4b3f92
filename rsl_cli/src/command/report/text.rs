//! The report for the terminal.

use std::fmt::Write;

use rsl_core::report::RunReport;

use super::words;
use crate::command::table::{self, shortened, thousands};
use crate::terminal::{visible, visible_lines};

/// All that a person needs at once; the proof of each column is in the other forms.
pub fn text(report: &RunReport) -> String {
    let mut out = String::new();
    // Writing to a string does not fail.
    let _ = write(&mut out, report);
    out
}

fn write(out: &mut String, report: &RunReport) -> std::fmt::Result {
    writeln!(out, "{}", report.summary)?;
    for (name, value) in words::circumstances(report) {
        writeln!(out, "  {name:<15} {}", visible(&value))?;
    }
    let heading = [
        "load",
        "object",
        "target",
        "source rows",
        "stream rows",
        "to be loaded",
        "target rows",
        "inserted",
        "updated",
        "unchanged",
        "deleted",
        "rejected",
        "s",
        "rows/s",
        "verdict",
    ];
    let numbers: Vec<&str> =
        heading.into_iter().filter(|name| !["object", "target", "verdict"].contains(name)).collect();
    let mut shown = table::new(&heading, &numbers);
    for load in &report.report.tables {
        let t = &load.table;
        shown.add_row([
            t.load_id.unwrap_or(0).to_string(),
            visible(&t.object),
            visible(&t.target),
            words::rows(load.rows.source),
            words::rows(load.rows.stream),
            words::rows(load.rows.merged.or(load.rows.stream)),
            words::rows(load.rows.target),
            thousands(t.inserted),
            thousands(t.updated),
            thousands(t.unchanged),
            thousands(t.deleted),
            thousands(t.rejected),
            format!("{:.1}", t.seconds),
            thousands(t.rows_per_second),
            words::status(load).to_owned(),
        ]);
    }
    if !report.report.tables.is_empty() {
        writeln!(out, "{shown}")?;
    }
    for load in &report.report.tables {
        let t = &load.table;
        let object = visible(&t.object);
        if let Some(reason) = load.table.why() {
            writeln!(
                out,
                "{object} into {}: {}: {}",
                visible(&t.target),
                words::status(load),
                visible_lines(reason)
            )?;
        }
        if let Some(hint) = &load.hint {
            writeln!(out, "  hint: {}", visible_lines(hint))?;
        }
        for column in load.columns.iter().filter(|column| column.matches == Some(false)) {
            writeln!(out, "  column {}: {}", visible(&column.name), visible(&differing(column)))?;
        }
        for loss in &t.losses {
            writeln!(out, "{object}: lost: {}", visible(loss))?;
        }
        for reject in &load.rejects {
            let told = [reject.column.as_deref(), reject.sqlstate.as_deref(), reject.message.as_deref()];
            writeln!(
                out,
                "{object}: rejected: {} {}{}",
                visible(&shortened(&reject.key, words::LONGEST_KEY)),
                visible(&told.into_iter().flatten().collect::<Vec<_>>().join(" ")),
                reject.settled.as_ref().map_or(String::new(), |settled| format!(" ({})", visible(settled)))
            )?;
        }
    }
    for object in &report.not_begun {
        writeln!(out, "{}: never begun", visible(object))?;
    }
    for attempt in &report.earlier {
        writeln!(
            out,
            "load {} of {}, {}: replaced by a later one{}",
            attempt.load_id,
            visible(&attempt.object),
            attempt.status,
            attempt.reason.as_ref().map_or_else(String::new, |reason| format!(" ({})", visible(reason)))
        )?;
    }
    if !report.report.not_carried_over.is_empty() {
        writeln!(out, "not carried over:")?;
    }
    for left_out in &report.report.not_carried_over {
        let field = |name: &str| visible(left_out[name].as_str().unwrap_or_default());
        writeln!(out, "  {}: {}: {}", field("table"), field("what"), field("reason"))?;
    }
    writeln!(out, "{}", words::TODAY)
}

/// What the witnesses say of a column in which they differ.
fn differing(column: &rsl_core::report::ColumnReport) -> String {
    let sums = words::three(column, words::total);
    let named: Vec<_> = ["source", "stream", "target"]
        .iter()
        .zip(&sums)
        .filter_map(|(witness, sum)| Some(format!("{witness} {}", sum.as_deref()?)))
        .collect();
    match named.is_empty() {
        true => format!("values differ, NULLs {}", words::nulls(column)),
        false => format!("values differ: sum {}, NULLs {}", named.join(", "), words::nulls(column)),
    }
}
