//! A made-up ERP database in an SQLite file, the same to the byte every time it is written.
//!
//! It is shaped like the SQL Server database `KsmErp`: base tables with primary and foreign keys, and over them the
//! three views that its read-only login may see. Column types carry the names that SQL Server gives them. The values
//! are as unpleasant as those of a real ERP: see [`curiosities`].

pub mod bench;
pub mod chance;
pub mod curiosities;
pub mod erp;
pub mod value;

use anyhow::{Context, Result, bail};
use rusqlite::{Connection, OpenFlags};
use std::fs;
use std::path::{Path, PathBuf};

/// Which database to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Base tables and three views, like `KsmErp`.
    Erp,
    /// The single table `BENCH_ROW` of twelve columns.
    Bench,
}

/// Writes a sample database to `path`, replacing what is there, and returns each table and view with its row count.
///
/// `rows` is the size of the largest table. The file appears under its name only when it is complete.
pub fn write(shape: Shape, rows: u64, path: &Path) -> Result<Vec<(String, u64)>> {
    if rows == 0 {
        bail!("a sample database needs at least one row");
    }
    let unfinished = unfinished_path(path)?;
    remove_if_there(&unfinished)?;
    let counts = fill(shape, rows, &unfinished).inspect_err(|_| {
        // The first error is the one to report, whether or not its remains can be cleared away.
        let _ = fs::remove_file(&unfinished);
    })?;
    fs::rename(&unfinished, path).with_context(|| format!("cannot rename the finished file to {path:?}"))?;
    Ok(counts)
}

fn fill(shape: Shape, rows: u64, path: &Path) -> Result<Vec<(String, u64)>> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
    let mut connection =
        Connection::open_with_flags(path, flags).with_context(|| format!("cannot create {path:?}"))?;
    // Nothing else reads the file before it is complete, and a broken run is thrown away: no journal, no waiting.
    connection
        .execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA page_size = 8192;")?;
    let transaction = connection.transaction()?;
    match shape {
        Shape::Erp => erp::write(&transaction, rows)?,
        Shape::Bench => bench::write(&transaction, rows)?,
    }
    transaction.commit()?;
    let counts = count_rows(&connection)?;
    connection.close().map_err(|(_, error)| error)?;
    Ok(counts)
}

/// Tables first, then views, each in order of name.
fn count_rows(connection: &Connection) -> Result<Vec<(String, u64)>> {
    let mut names = connection.prepare(
        "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%' \
         ORDER BY type, name",
    )?;
    let names = names.query_map([], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()?;
    let mut counts = Vec::with_capacity(names.len());
    for name in names {
        let rows: i64 =
            connection.query_row(&format!("SELECT count(*) FROM \"{name}\""), [], |row| row.get(0))?;
        counts.push((name, u64::try_from(rows)?));
    }
    Ok(counts)
}

fn unfinished_path(path: &Path) -> Result<PathBuf> {
    let mut name = path.file_name().with_context(|| format!("{path:?} is not a file name"))?.to_owned();
    name.push(".unfinished");
    Ok(path.with_file_name(name))
}

fn remove_if_there(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {path:?}"))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
