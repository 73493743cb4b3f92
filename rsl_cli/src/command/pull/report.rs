//! The report of `rsl pull`, for people.

use rsl_core::report::{Report, TableReport};

use crate::carry_over::NotCarried;
use crate::command::table::{self, count, thousands};
use crate::target::undo;

pub fn print(report: &Report, not_carried_over: &[NotCarried], bytes: u64) {
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
            t.object.clone(),
            t.target.clone(),
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
    println!("{shown}");
    for t in report.tables.iter().filter(|t| !t.exact) {
        println!("{} into {}: {}", t.object, t.target, t.why().unwrap_or("not exact"));
        if let (Some(load), true) = (t.load_id, t.rejected > 0) {
            println!(
                "  rsl rejects {load} lists them; when they are mended: {}",
                match t.partial {
                    true => format!("rsl pull --retry-rejects {load}"),
                    false => "rsl pull again, or with --max-rejects".to_owned(),
                }
            );
        }
    }
    for t in report.tables.iter().filter(|t| t.source_changed()) {
        println!(
            "{}: the source changed while it was read, and gives no snapshots: its own account proves nothing",
            t.object
        );
    }
    if !not_carried_over.is_empty() {
        println!("not carried over:");
    }
    for left_out in not_carried_over {
        println!("  {}: {}: {}", left_out.table, left_out.what, left_out.reason);
    }
    if report.tables.iter().any(|t| (t.exact || t.partial) && t.undo.is_none()) {
        println!(
            "undo: no: the table had rows and is not audited, or not all its columns are; rsl pull --undoable audits it first"
        );
    }
    let rows: u64 = report.tables.iter().map(|t| t.source_rows).sum();
    let seconds: f64 = report.tables.iter().map(|t| t.seconds).sum();
    let rows = thousands(rows);
    let tables = count(report.tables.len() as u64, "table", "tables");
    match (report.dry_run, report.exact) {
        (true, true) => println!(
            "dry run: {rows} rows of {tables} would move, {} MB; reading and converting took {seconds:.1} s, loading takes at least that",
            bytes / 1_000_000
        ),
        (true, false) => println!("dry run: not every row can be loaded"),
        (false, true) => println!(
            "exact{}: {rows} rows of {tables}, {} to {}",
            if report.tables.iter().any(TableReport::source_changed) {
                " as it was read, but the source changed meanwhile"
            } else {
                ""
            },
            report.source,
            report.target
        ),
        (false, false) => println!("not exact: see above"),
    }
}
