//! `rsl audit` and `rsl history`.

use clap::{Args as ClapArgs, Subcommand};

use super::{Database, Format};

#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  rsl history erp.b_item A-100                              the key has one column
  rsl history erp.p_routing item_cd=A-100,seq=10            the key has several
  rsl history erp.p_routing '{\"item_cd\": \"A-100\", \"seq\": 10}'
  rsl history erp.b_item A-100 --limit 5 --format json

Times are UTC, the latest change comes last. A value that has ,COLUMN= in it must be written as JSON.

Exit codes: 0 there are changes, 1 there is none, 2 usage or failure.")]
pub struct History {
    #[command(flatten)]
    pub database: Database,
    /// Table that is or was audited
    #[arg(value_name = "TABLE")]
    pub table: String,
    /// Key of the row: its value, COLUMN=VALUE[,COLUMN=VALUE...], or a JSON object
    #[arg(value_name = "KEY", allow_negative_numbers = true)]
    pub key: String,
    /// Only the latest changes
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub limit: Option<u32>,
    /// How the list is printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

#[derive(Debug, ClapArgs)]
#[command(
    disable_help_subcommand = true,
    after_help = "\
Examples:
  rsl audit on erp.b_item
  rsl audit on rsl.users --exclude hashed_password
  rsl audit status
  rsl audit seal && rsl audit head > /elsewhere/head      every night
  rsl audit check --head \"$(cat /elsewhere/head)\"
  rsl audit prune --older-than '2 years'

Exit codes: 0 done, or nothing found; 1 audit check has findings, or audit head has nothing to
show; 2 usage or failure."
)]
pub struct Audit {
    #[command(subcommand)]
    pub command: AuditCommand,
}

#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// From now on write every change of a table to the log
    #[command(after_help = "\
Examples:
  rsl audit on erp.b_item
  rsl audit on erp.p_log --key plant,line,at
  rsl audit on rsl.users --exclude hashed_password

Only the owner of a table may. Twice is no error.")]
    On(AuditOn),
    /// End the audit of a table; what is in the log stays there
    #[command(after_help = "Example:\n  rsl audit off erp.b_item")]
    Off(AuditTable),
    /// Compare the log with its seals, and name everything that was edited, removed or inserted
    #[command(after_help = "\
Examples:
  rsl audit check
  rsl audit check --head \"$(cat /elsewhere/head)\"      also finds a log and seals that were made anew

Exit code 1 when there is a finding.")]
    Check(AuditCheck),
    /// Seal what has been logged since the last time, by hashes that hang together
    #[command(after_help = "Example:\n  rsl audit seal      (every night, and keep what it says elsewhere)")]
    Seal(AuditPlain),
    /// The last seal, to be kept elsewhere
    #[command(after_help = "Example:\n  rsl audit head > /elsewhere/head")]
    Head(AuditPlain),
    /// What is audited, how much the log holds, what is not sealed yet
    #[command(after_help = "Example:\n  rsl audit status --format json")]
    Status(AuditPlain),
    /// Take old months out of the log; their tables stay, to be archived and dropped
    #[command(after_help = "\
Examples:
  rsl audit prune --older-than '2 years'
  rsl audit prune --older-than '18 months' --format json

Only whole months that ended that long ago go. Each becomes a table rsl_audit.pruned_YYYY_MM, and
a seal says so.")]
    Prune(AuditPrune),
}

/// What needs no argument.
#[derive(Debug, ClapArgs)]
pub struct AuditPlain {
    #[command(flatten)]
    pub database: Database,
    /// How the outcome is printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

#[derive(Debug, ClapArgs)]
pub struct AuditTable {
    #[command(flatten)]
    pub common: AuditPlain,
    /// The table
    #[arg(value_name = "TABLE")]
    pub table: String,
}

#[derive(Debug, ClapArgs)]
pub struct AuditOn {
    #[command(flatten)]
    pub target: AuditTable,
    /// Columns that tell rows apart, instead of the primary key
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub key: Vec<String>,
    /// Columns that are never stored in the log
    #[arg(long, value_name = "C,D", value_delimiter = ',')]
    pub exclude: Vec<String>,
}

#[derive(Debug, ClapArgs)]
pub struct AuditCheck {
    #[command(flatten)]
    pub common: AuditPlain,
    /// What rsl audit head once said
    #[arg(long, value_name = "HEAD")]
    pub head: Option<String>,
}

#[derive(Debug, ClapArgs)]
pub struct AuditPrune {
    #[command(flatten)]
    pub common: AuditPlain,
    /// How long ago a month must have ended, such as '2 years'
    #[arg(long, value_name = "INTERVAL", value_parser = interval, allow_hyphen_values = true)]
    pub older_than: String,
}

/// A number alone would be seconds to PostgreSQL, and nobody who writes 2 means that.
fn interval(text: &str) -> Result<String, String> {
    match text.chars().any(char::is_alphabetic) {
        true => Ok(text.to_owned()),
        false => Err("write it with a unit, such as '2 years' or '18 months'".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::interval;

    #[test]
    fn an_interval_has_a_unit() {
        for good in ["2 years", "18 months", "P2Y", "1 mon 3 days"] {
            assert_eq!(interval(good).as_deref(), Ok(good));
        }
        for bad in ["", " ", "2", "24", "-3", "12:30", "2.5"] {
            assert!(interval(bad).is_err(), "{bad}");
        }
    }
}
