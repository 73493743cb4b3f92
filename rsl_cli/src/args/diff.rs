//! `rsl diff`.

use std::path::PathBuf;

use clap::Args as ClapArgs;

use super::{Database, Format};

#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  rsl diff B_ITEM erp.b_item
  rsl diff --source sqlite:///srv/erp.db B_ITEM erp.b_item --output differences.jsonl
  rsl diff BI_ITEM_INFO_VIEW erp.bi_item_info_view --key item_code --limit 50
  rsl diff B_ITEM erp.finished_goods --where \"ITEM_TYPE = 'FG'\"

Nothing is written but temporary tables of the session. It takes SELECT on the table, TEMP on the database, and
SELECT rsl.grant_access(your role, 'read').

Exit code 0 when both are equal, 1 when anything differs or changed while it was compared. docs/diff.md tells more.")]
pub struct Diff {
    /// Source: mssql://user@host/database or sqlite:///absolute/path/erp.db
    #[arg(long, value_name = "URL", env = "RSL_SOURCE_URL", hide_env_values = true)]
    pub source: Option<String>,
    #[command(flatten)]
    pub database: Database,
    /// Table or view of the source
    #[arg(value_name = "OBJECT")]
    pub object: String,
    /// Table or view of PostgreSQL
    #[arg(value_name = "TABLE")]
    pub table: String,
    /// Columns that tell rows apart, instead of the primary key
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub key: Vec<String>,
    /// Readers of the source at the same time; a large table with a key is cut for several
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub jobs: u16,
    /// List so many differences; the counting ends there, too
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..))]
    pub limit: u32,
    /// Only the source's rows for which this is true, in the source's SQL; the table is compared as a whole
    #[arg(long = "where", value_name = "SQL")]
    pub filter: Option<String>,
    /// SQL Server: code page of char and varchar columns, whatever their collation says, such as CP949
    #[arg(long, value_name = "NAME")]
    pub encoding: Option<String>,
    /// SQL Server: the table has the offset of each datetimeoffset, in minutes, in a further column
    #[arg(long)]
    pub keep_offset: bool,
    /// How often a lost connection to the source or a deadlock is tried again, with growing waits
    #[arg(long, value_name = "N", default_value_t = 6)]
    pub retries: u16,
    /// Write the differences to this file, a line of JSON each, and the summary as the last line
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// How differences and summary are printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}
