//! The report of `rsl pull`, for people.

use rsl_core::report::{Report, TableReport};

use crate::carry_over::NotCarried;
use crate::command::output::say;
use crate::command::table::{self, count, thousands};
use crate::failure::Result;
use crate::target::undo;
use crate::terminal::{visible, visible_lines};

pub fn print(report: &Report, not_carried_over: &[NotCarried], bytes: u64) -> Result<()> {
    let heading = [
        "object",
        "target",
        "source rows",
        "target rows",
        "inserted",
        "updated",
        "unchanged",
        "deleted",
        "s",
        "rows/s",
        "verdict",
        "undo",
    ];
    let mut shown = table::new(&heading, &heading[2..10]);
    for t in &report.tables {
        let rejects = || count(t.rejected, "reject", "rejects");
        let verdict = match (report.dry_run, t.exact, t.partial) {
            (true, true, _) => "can be loaded".to_owned(),
            (false, true, _) if t.source_changed() => "exact as it was read".to_owned(),
            (false, true, _) => "exact".to_owned(),
            (true, _, true) => format!("can be loaded but for {}", rejects()),
            (false, _, true) => format!("exact but for {}", rejects()),
            _ => "FAILED".to_owned(),
        };
        let written = |rows: u64| if report.dry_run { String::new() } else { thousands(rows) };
        shown.add_row([
            visible(&t.object),
            visible(&t.target),
            thousands(t.source_rows),
            written(t.target_rows),
            written(t.inserted),
            written(t.updated),
            written(t.unchanged),
            written(t.deleted),
            format!("{:.1}", t.seconds),
            thousands(t.rows_per_second),
            verdict,
            (if t.exact || t.partial { undo::in_words(t.undo.as_deref()) } else { "" }).to_owned(),
        ]);
    }
    say!("{shown}")?;
    for t in report.tables.iter().filter(|t| !t.exact) {
        say!(
            "{} into {}: {}",
            visible(&t.object),
            visible(&t.target),
            visible_lines(t.why().unwrap_or("not exact"))
        )?;
        if let (Some(load), true) = (t.load_id, t.rejected > 0) {
            say!(
                "  rsl rejects {load} lists them; when they are mended: {}",
                match t.partial {
                    true => format!("rsl pull --retry-rejects {load}"),
                    false => "rsl pull again, or with --max-rejects".to_owned(),
                }
            )?;
        }
    }
    for t in report.tables.iter().filter(|t| t.source_changed()) {
        say!(
            "{}: the source changed while it was read, and gives no snapshots: its own account proves nothing",
            visible(&t.object)
        )?;
    }
    for t in &report.tables {
        if let Some(tables) = t.cascaded_in_words() {
            say!(
                "{}: rows of other tables went with those that were deleted, as their foreign keys say: {}",
                visible(&t.target),
                visible(&tables)
            )?;
        }
    }
    if !not_carried_over.is_empty() {
        say!("not carried over:")?;
    }
    for left_out in not_carried_over {
        say!("  {}: {}: {}", visible(&left_out.table), visible(&left_out.what), visible(&left_out.reason))?;
    }
    if report.tables.iter().any(|t| (t.exact || t.partial) && t.undo.is_none()) {
        say!(
            "undo: no: the table had rows and is not audited, or not all its columns are; rsl pull --undoable audits it first"
        )?;
    }
    let rows: u64 = report.tables.iter().map(|t| t.source_rows).sum();
    let seconds: f64 = report.tables.iter().map(|t| t.seconds).sum();
    let rows = thousands(rows);
    let tables = count(report.tables.len() as u64, "table", "tables");
    match (report.dry_run, report.exact) {
        (true, true) => say!(
            "dry run: {rows} rows of {tables} would move, {} MB; reading and converting took {seconds:.1} s, loading takes at least that",
            bytes / 1_000_000
        ),
        (true, false) => say!("dry run: not every row can be loaded"),
        (false, true) => say!(
            "exact{}: {rows} rows of {tables}, {} to {}",
            if report.tables.iter().any(TableReport::source_changed) {
                " as it was read, but the source changed meanwhile"
            } else {
                ""
            },
            visible(&report.source),
            visible(&report.target)
        ),
        (false, false) => say!("not exact: see above"),
    }
}
