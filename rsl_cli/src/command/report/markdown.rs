//! The report for a ticket or a wiki.

use std::fmt::Write;

use rsl_core::report::{LoadReport, RunReport};

use super::words;
use crate::command::table::{shortened, thousands};
use crate::terminal::visible;

pub fn markdown(report: &RunReport) -> String {
    let mut out = String::new();
    // Writing to a string does not fail.
    let _ = write(&mut out, report);
    out
}

fn write(out: &mut String, report: &RunReport) -> std::fmt::Result {
    writeln!(out, "# Load report: {}\n\n**{}**\n", words::verdict(report.verdict), cell(&report.summary))?;
    row(out, &["", ""])?;
    row(out, &["---", "---"])?;
    for (name, value) in words::circumstances(report) {
        row(out, &[name, &cell(&value)])?;
    }
    not_exact(out, report)?;
    if !report.report.tables.is_empty() {
        writeln!(out, "\n## Tables\n")?;
        row(
            out,
            &[
                "object",
                "target",
                "verdict",
                "source rows",
                "stream rows",
                "to be loaded",
                "target rows",
                "inserted",
                "updated",
                "unchanged",
                "deleted",
                "rejected",
                "lost",
                "s",
                "rows/s",
            ],
        )?;
        row(out, &[&["---"; 3][..], &["---:"; 12]].concat())?;
        for load in &report.report.tables {
            let t = &load.table;
            row(
                out,
                &[
                    &cell(&t.object),
                    &cell(&t.target),
                    words::status(load),
                    &words::rows(load.rows.source),
                    &words::rows(load.rows.stream),
                    &words::rows(load.rows.merged.or(load.rows.stream)),
                    &words::rows(load.rows.target),
                    &thousands(t.inserted),
                    &thousands(t.updated),
                    &thousands(t.unchanged),
                    &thousands(t.deleted),
                    &thousands(t.rejected),
                    &thousands(t.losses.len() as u64),
                    &format!("{:.2}", t.seconds),
                    &thousands(t.rows_per_second),
                ],
            )?;
        }
    }
    for load in &report.report.tables {
        one(out, load)?;
    }
    if !report.report.not_carried_over.is_empty() {
        writeln!(out, "\n## Not carried over\n")?;
        row(out, &["table", "what", "why"])?;
        row(out, &["---"; 3])?;
        for left_out in &report.report.not_carried_over {
            let field = |name: &str| cell(left_out[name].as_str().unwrap_or_default());
            row(out, &[&field("table"), &field("what"), &field("reason")])?;
        }
    }
    writeln!(
        out,
        "\n{}\n\nReported {} by role {}, rsl {}.\n\n## Sign-off\n\n**{}**: {}\n",
        words::TODAY,
        words::moment(&report.reported.at),
        cell(&report.reported.by),
        report.reported.rsl,
        words::verdict(report.verdict),
        cell(&report.summary)
    )?;
    let limits = words::limits(report);
    for (name, value) in &limits {
        writeln!(out, "* {name}: {}", cell(value))?;
    }
    if !limits.is_empty() {
        writeln!(out)?;
    }
    row(out, &["role", "name", "date", "signature"])?;
    row(out, &["---"; 4])?;
    for role in super::html::SIGNERS {
        row(out, &[role, "", "", ""])?;
    }
    Ok(())
}

fn not_exact(out: &mut String, report: &RunReport) -> std::fmt::Result {
    let explained = report.report.tables.iter().filter(|load| load.table.reason.is_some());
    if explained.clone().next().is_none() && report.not_begun.is_empty() && report.earlier.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n## What is not exact\n")?;
    for load in explained {
        let t = &load.table;
        let mut lines = load.table.why().unwrap_or_default().lines();
        let reason = cell(lines.next().unwrap_or_default());
        writeln!(out, "* {} → {}, {}: {reason}", cell(&t.object), cell(&t.target), words::status(load))?;
        for line in lines {
            writeln!(out, "  * {}", cell(line.trim()))?;
        }
        if let Some(hint) = &load.hint {
            writeln!(out, "  * Hint: {}", cell(hint))?;
        }
    }
    for object in &report.not_begun {
        writeln!(out, "* {}: never begun", cell(object))?;
    }
    for attempt in &report.earlier {
        let reason = attempt.reason.as_deref().unwrap_or_default();
        writeln!(
            out,
            "* {}: load {} was {} and replaced by a later one: {}",
            cell(&attempt.object),
            attempt.load_id,
            attempt.status,
            cell(reason)
        )?;
    }
    Ok(())
}

fn one(out: &mut String, load: &LoadReport) -> std::fmt::Result {
    let t = &load.table;
    writeln!(out, "\n### {} → {}\n", cell(&t.object), cell(&t.target))?;
    for (name, value) in words::particulars(load) {
        writeln!(out, "* {name}: {}", cell(&value))?;
    }
    for (whose, digest) in words::digests(load) {
        writeln!(out, "* Digest, {whose}: `{digest}`")?;
    }
    for loss in &t.losses {
        writeln!(out, "* lost: {}", cell(loss))?;
    }
    if !load.rejects.is_empty() {
        writeln!(out, "\nThe first {} of {} rejected rows:\n", load.rejects.len(), thousands(t.rejected))?;
        row(out, &["key", "column", "SQLSTATE", "message", "settled"])?;
        row(out, &["---"; 5])?;
        for reject in &load.rejects {
            let told = |field: &Option<String>| cell(field.as_deref().unwrap_or(words::UNKNOWN));
            row(
                out,
                &[
                    &cell(&shortened(&reject.key, words::LONGEST_KEY)),
                    &told(&reject.column),
                    &told(&reject.sqlstate),
                    &told(&reject.message),
                    &cell(reject.settled.as_deref().unwrap_or(words::OPEN)),
                ],
            )?;
        }
    }
    if load.columns.is_empty() {
        return Ok(());
    }
    writeln!(out)?;
    row(
        out,
        &[
            "column",
            "NULLs",
            "sum in the source",
            "in the stream",
            "to be loaded",
            "in the target",
            "smallest",
            "largest",
            "witnesses",
        ],
    )?;
    row(out, &["---", "---:", "---:", "---:", "---:", "---:", "---:", "---:", "---"])?;
    for column in &load.columns {
        let [source, stream, target] =
            words::three(column, words::total).map(|sum| cell(sum.as_deref().unwrap_or(words::UNKNOWN)));
        row(
            out,
            &[
                &cell(&column.name),
                &words::nulls(column),
                &source,
                &stream,
                &cell(&words::to_be_loaded(column).unwrap_or_else(|| words::UNKNOWN.to_owned())),
                &target,
                &cell(&words::extreme(column, |of| of.min.clone())),
                &cell(&words::extreme(column, |of| of.max.clone())),
                words::sign_in_words(column.matches),
            ],
        )?;
    }
    Ok(())
}

fn row(out: &mut String, cells: &[&str]) -> std::fmt::Result {
    writeln!(out, "| {} |", cells.join(" | "))
}

/// A text that stays one cell, and says in every renderer what it says: no character of it begins anything, and no address becomes a link.
fn cell(text: &str) -> String {
    let text = visible(&text.replace(['\n', '\r', '\t'], " "));
    let mut out = String::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        let (before, after) = (&text[..at], &text[at + c.len_utf8()..]);
        let begins = match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '~' | '!' | '@' | '$' => true,
            '.' => before.len() >= 3 && before.as_bytes()[before.len() - 3..].eq_ignore_ascii_case(b"www"),
            // http://…, and :smile: but no time of day.
            ':' => {
                let names = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '_');
                after.starts_with("//")
                    || after.starts_with(names) && !before.ends_with(|c: char| c.is_ascii_digit())
            }
            _ => false,
        };
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            c if begins => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::cell;

    #[test]
    fn a_cell_begins_nothing() {
        assert_eq!(cell("a|b<script>\n`x`"), "a\\|b&lt;script&gt; \\`x\\`");
        assert_eq!(cell("![x](http://e) __b__ 품목"), "\\!\\[x\\](http\\://e) \\_\\_b\\_\\_ 품목");
        assert_eq!(cell("WWW.e.kr 3.5 $x$ :smile: 09:07:39"), "WWW\\.e.kr 3.5 \\$x\\$ \\:smile: 09:07:39");
        assert_eq!(cell("a\u{1b}[2J\u{202e}b"), "a\\\\u{1b}\\[2J\\\\u{202e}b");
    }
}
