//! `rsl rejects`.

use clap::Args as ClapArgs;

use super::{Database, Format};

#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  rsl rejects 17
  rsl rejects --last --limit 1000 --format json
  rsl pull --retry-rejects 17          when they were mended in the source or the target
  rsl rejects 17 --accept 'deleted in the ERP, ticket 4711'
  rsl rejects 17 --accept 'test data' --number 31 --number 32

Shows the key, the column and the reason of each; the whole row is in the view rsl.rejects, for
whoever began the load or may read the audit log.

Exit codes: 0 there are none, or all of them went in later or were accepted; 1 there are some; 2 failure.")]
pub struct Rejects {
    #[command(flatten)]
    pub database: Database,
    /// Number of the load
    #[arg(value_name = "LOAD", required_unless_present = "last", conflicts_with = "last", value_parser = clap::value_parser!(i64).range(1..))]
    pub load: Option<i64>,
    /// The latest load that has rejects
    #[arg(long)]
    pub last: bool,
    /// Say why those that are still open are not to be loaded; the load stays partial
    #[arg(long, value_name = "WHY")]
    pub accept: Option<String>,
    /// With --accept: only the one with this number
    #[arg(long, value_name = "N", requires = "accept", value_parser = clap::value_parser!(i64).range(1..))]
    pub number: Vec<i64>,
    /// How many
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    pub limit: u32,
    /// How the list is printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}
