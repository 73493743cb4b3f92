//! `rsl undo`.

use clap::Args as ClapArgs;

use super::{Database, Format};

#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  rsl undo 17 --dry-run                what would be deleted, restored and inserted again
  rsl undo 17
  rsl undo --last
  rsl undo 17 --leave-changed          rows that somebody has changed since stay as they are

rsl loads lists the loads. A load can be undone if its target was audited (rsl audit on,
rsl pull --undoable), or if the load made or filled the table and nothing has changed since.
It is one transaction: all of it is undone, or nothing.

Exit codes: 0 undone, or nothing stands in its way; 1 rows have been changed since, nothing was
undone; 2 it cannot be undone, or failed.")]
pub struct Undo {
    #[command(flatten)]
    pub database: Database,
    /// Number of the load
    #[arg(value_name = "LOAD", required_unless_present = "last", conflicts_with = "last", value_parser = clap::value_parser!(i64).range(1..))]
    pub load: Option<i64>,
    /// The last load that is exact and has changed something
    #[arg(long)]
    pub last: bool,
    /// Change nothing, say what would be done
    #[arg(long)]
    pub dry_run: bool,
    /// Leave rows alone that somebody has changed since, and undo the others
    #[arg(long)]
    pub leave_changed: bool,
    /// How the outcome is printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}
