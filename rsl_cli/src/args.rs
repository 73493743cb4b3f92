//! The command line.

mod audit;
mod diff;
mod rejects;
mod report;
mod undo;

use std::path::PathBuf;

pub use audit::{Audit, AuditCheck, AuditCommand, AuditOn, AuditPlain, AuditPrune, AuditTable, History};
pub use diff::Diff;
pub use rejects::Rejects;
pub use report::{Report, ReportFormat};
pub use undo::Undo;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use serde::{Deserialize, Serialize};

/// Exact loads of ERP data into PostgreSQL, with proof.
#[derive(Debug, Parser)]
#[command(name = "rsl", version, about, after_help = AFTER_HELP, disable_help_subcommand = true)]
pub struct Args {
    #[command(subcommand)]
    pub command: Command,
}

const AFTER_HELP: &str = "\
Connections come from --database-url and --source, else from the environment variables RSL_DATABASE_URL and
RSL_SOURCE_URL, else from a file .env. Prefer the environment: a command line is seen by every user of the machine.

Exit codes: 0 all exact, 1 differences or findings, 2 usage or failure, 130 interrupted.";

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Create the database and the extension if they are missing
    Init(Init),
    /// Load tables and views of a source into PostgreSQL and prove that they arrived
    Pull(Box<Pull>),
    /// Look at both sides before a load: rights, versions, sizes, what stands in the way
    Check(Box<Check>),
    /// Run the checks of rsl.verify() in the database
    Verify(Verify),
    /// Compare a table or view of a source with a table of PostgreSQL: which rows and columns differ; nothing is loaded
    Diff(Box<Diff>),
    /// List the loads, the latest first
    Loads(Loads),
    /// List the rows of a load that could not be loaded, and why
    Rejects(Rejects),
    /// What a load or a whole pull brought, proven: to read, to print and to sign
    Report(Report),
    /// Put the target of a load back to before it
    Undo(Undo),
    /// Every change of one row of an audited table: when, what, who
    History(History),
    /// Write every change of a table to the audit log; prove that nobody has edited the log
    Audit(Audit),
}

/// The PostgreSQL database to work on.
#[derive(Debug, ClapArgs)]
pub struct Database {
    /// PostgreSQL database: postgresql://user:password@host:port/database
    #[arg(long, value_name = "URL", env = "RSL_DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<String>,
}

#[derive(Debug, ClapArgs)]
#[command(
    after_help = "Examples:\n  rsl init\n  rsl init --database-url postgresql://postgres@localhost/routing_ml_rsl"
)]
pub struct Init {
    #[command(flatten)]
    pub database: Database,
}

#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  rsl pull --source sqlite:///srv/erp.db BI_ITEM_INFO_VIEW BI_ROUTING_VIEW
  rsl pull --source mssql://FKSM_BI@erp.local/KsmErp --all --dry-run      (password in MSSQL_PASSWORD)
  rsl pull --all --exclude 'Z_*' --exclude '*_LOG' --jobs 4
  rsl pull --resume
  rsl pull B_ITEM --into rsl.items --mode upsert --key item_code
  rsl pull B_ITEM --where \"ITEM_TYPE = 'FG'\" --into erp.finished_goods
  rsl pull --all --mode replace --output report.json
  rsl pull --all --max-rejects 50               (up to 50 rows of a table may be left out; rsl rejects --last lists them)
  rsl pull --retry-rejects 17                   (those of load 17, after they were mended)
  rsl pull B_ITEM --mode upsert --undoable      (and if it was wrong: rsl undo --last)

A SQL Server may be named as mssql://user:password@host:port/database?encrypt=on, as mssql+pyodbc://…, with an ADO.NET,
ODBC or JDBC string; see docs/sources.md. Nothing but SELECT and SET is ever sent to it.

A target that is missing is created from the source's columns, names in lower case, in schema erp; when all rows are
there, keys, indexes, defaults, checks and foreign keys of the source follow, and what cannot follow is listed.")]
pub struct Pull {
    /// Source: mssql://user@host/database or sqlite:///absolute/path/erp.db
    #[arg(long, value_name = "URL", env = "RSL_SOURCE_URL", hide_env_values = true)]
    pub source: Option<String>,
    #[command(flatten)]
    pub database: Database,
    #[command(flatten)]
    pub wish: Wish,
    /// Go on with the latest pull from this source that did not come to its end, as it was called
    #[arg(long, conflicts_with_all = ["objects", "all", "dry_run"])]
    pub resume: bool,
    /// Load the rows again that this load had to reject, after they were mended in the source or the target: those that have the same
    /// keys, with mode upsert, into the same table
    #[arg(long, value_name = "LOAD", value_parser = clap::value_parser!(i64).range(1..),
        conflicts_with_all = ["objects", "all", "dry_run", "resume", "into", "mode", "key", "filter", "again", "undoable"])]
    pub retry_rejects: Option<i64>,
    /// Read and convert everything, write nothing, say what would move
    #[arg(long)]
    pub dry_run: bool,
    /// Readers at the same time, over all tables; a large table with a key is cut for several
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub jobs: u16,
    /// How often a lost connection or a deadlock is tried again, with growing waits
    #[arg(long, value_name = "N", default_value_t = 6)]
    pub retries: u16,
    /// Write the report as JSON to this file
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// How the report is printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  rsl check --all
  rsl check --source mssql://FKSM_BI@erp.local/KsmErp BI_ITEM_INFO_VIEW      (password in MSSQL_PASSWORD)

Exit code 1 when something would stop the load.")]
pub struct Check {
    /// Source: mssql://user@host/database or sqlite:///absolute/path/erp.db
    #[arg(long, value_name = "URL", env = "RSL_SOURCE_URL", hide_env_values = true)]
    pub source: Option<String>,
    #[command(flatten)]
    pub database: Database,
    /// Tables and views of the source; all of them if none is named
    #[arg(value_name = "OBJECT", conflicts_with = "all")]
    pub objects: Vec<String>,
    /// Every table and view of the source, as if none is named
    #[arg(long)]
    pub all: bool,
    /// Only names like this; * stands for anything, ? for one character
    #[arg(long, value_name = "PATTERN")]
    pub include: Vec<String>,
    /// No names like this
    #[arg(long, value_name = "PATTERN")]
    pub exclude: Vec<String>,
    /// Schema of the targets
    #[arg(long, value_name = "SCHEMA", default_value = "erp", value_parser = without_quotes)]
    pub into: String,
    /// How the findings are printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// What to pull and how; remembered in the database for `--resume`.
#[derive(Debug, Clone, ClapArgs, Serialize, Deserialize)]
pub struct Wish {
    /// Tables and views of the source
    #[arg(value_name = "OBJECT", required_unless_present_any = ["all", "resume", "retry_rejects"], conflicts_with = "all")]
    pub objects: Vec<String>,
    /// Every table and view of the source
    #[arg(long)]
    pub all: bool,
    /// With --all: only names like this; * stands for anything, ? for one character
    #[arg(long, value_name = "PATTERN", requires = "all")]
    pub include: Vec<String>,
    /// With --all: no names like this
    #[arg(long, value_name = "PATTERN", requires = "all")]
    pub exclude: Vec<String>,
    /// Schema of the targets, or schema and table of a single one
    #[arg(long, value_name = "SCHEMA[.TABLE]", default_value = "erp", value_parser = without_quotes)]
    pub into: String,
    /// What to do with the rows that the target has
    #[arg(long, value_enum, default_value_t = Mode::Append)]
    pub mode: Mode,
    /// Columns that tell rows apart, instead of the primary key
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub key: Vec<String>,
    /// Only the source's rows for which this is true, in the source's SQL
    #[arg(long = "where", value_name = "SQL")]
    pub filter: Option<String>,
    /// Append even rows that an earlier load has appended already
    #[arg(long)]
    pub again: bool,
    /// How many rows of a table may be left out because they cannot be loaded; with more, its load fails and the table is as before.
    /// rsl rejects lists them either way
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u64).range(..=1_000_000_000))]
    #[serde(default)]
    pub max_rejects: u64,
    /// The load whose rejects are loaded again
    #[arg(skip)]
    #[serde(default)]
    pub retry: Option<i64>,
    /// Names of new tables, columns and constraints
    #[arg(long, value_enum, default_value_t = Names::Lower)]
    pub names: Names,
    /// Only rows: no keys but the primary one, no indexes, defaults, checks and foreign keys
    #[arg(long)]
    pub data_only: bool,
    /// SQL Server: code page of char and varchar columns, whatever their collation says, such as CP949
    #[arg(long, value_name = "NAME")]
    pub encoding: Option<String>,
    /// SQL Server: column that every change of a row moves forward, such as UPDT_DT; without a snapshot, its largest value
    /// before and after the reading tells whether the table has changed meanwhile
    #[arg(long, value_name = "COLUMN")]
    #[serde(default)]
    pub update_column: Option<String>,
    /// SQL Server: keep the offset of each datetimeoffset, in minutes, in a further column
    #[arg(long)]
    pub keep_offset: bool,
    /// Do not let the source compute counts, sums, smallest and largest values and lengths itself: for views that are too slow to be
    /// computed twice. The load proves less then
    #[arg(long)]
    #[serde(default)]
    pub no_source_account: bool,
    /// Audit each target that has rows already before it is loaded, so that rsl undo can put it back; it stays audited. Needs a
    /// primary key or --key, and tables of your own
    #[arg(long)]
    #[serde(default)]
    pub undoable: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Names {
    /// In lower case, as PostgreSQL takes them without quotes
    Lower,
    /// As the source spells them
    Keep,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Add the rows to those that are there
    Append,
    /// Insert new rows, update changed ones, by key
    Upsert,
    /// Make the target's content exactly that of the source
    Replace,
}

impl Mode {
    /// As the extension calls it.
    pub fn name(self) -> &'static str {
        match self {
            Mode::Append => "append",
            Mode::Upsert => "upsert",
            Mode::Replace => "replace",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    Text,
    /// For programs
    Json,
}

#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  rsl verify
  rsl verify sequences
  rsl verify erp.b_item --format json
  rsl verify --deep keys
  rsl verify --source sqlite:///srv/erp.db                        (every table that was loaded from there)
  rsl verify --source mssql://FKSM_BI@erp.local/KsmErp B_ITEM --quick      (password in MSSQL_PASSWORD)
  rsl verify --source - --jobs 4 --output nightly.json            (the source of RSL_SOURCE_URL)

With --source, targets are compared with the tables and views that they were loaded from, and nothing is loaded: counts,
NULLs, sums, smallest and largest values and lengths as the source itself computes them, and every value by digests.

Exit codes: 0 no check fails, though it may warn; with --source, all targets agree. 1 a check fails; with --source, a target
differs or is unproven. 2 usage or failure; with --source, also a target that could not be compared.")]
pub struct Verify {
    #[command(flatten)]
    pub database: Database,
    /// A check, a group of checks, or a table; everything if left out. With --source: tables and views of the source; every
    /// target that was last loaded from there if left out
    #[arg(value_name = "SCOPE|OBJECT")]
    pub scope: Vec<String>,
    /// Compare targets with this source, or with that of RSL_SOURCE_URL if it is -
    #[arg(long, value_name = "URL")]
    pub source: Option<String>,
    /// With --source and OBJECT: schema of the targets, or schema and table of a single one, if another than was loaded
    #[arg(long, value_name = "SCHEMA[.TABLE]", requires = "source", value_parser = without_quotes)]
    pub into: Option<String>,
    /// With --source: readers at the same time, over all tables
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=64), requires = "source")]
    pub jobs: u16,
    /// With --source: compare only what the source itself computes, and move no rows
    #[arg(long, requires = "source")]
    pub quick: bool,
    /// With --source: write the report as JSON to this file
    #[arg(long, value_name = "FILE", requires = "source")]
    pub output: Option<PathBuf>,
    /// Also run what costs: try every constraint with a value that it must refuse, read by the key, and compare indexes with their
    /// tables; leaves nothing behind
    #[arg(long, conflicts_with = "source")]
    pub deep: bool,
    /// How the findings are printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

#[derive(Debug, ClapArgs)]
#[command(after_help = "Examples:\n  rsl loads\n  rsl loads --limit 5 --format json")]
pub struct Loads {
    #[command(flatten)]
    pub database: Database,
    /// How many
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    pub limit: u32,
    /// How the list is printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// Names are taken as they stand; whoever quotes one as in SQL would get quotation marks in it.
fn without_quotes(text: &str) -> Result<String, String> {
    let quoted = |name: &str| name.len() > 1 && name.starts_with('"') && name.ends_with('"');
    let (schema, table) = text.split_once('.').unwrap_or((text, ""));
    match quoted(schema) || quoted(table) {
        true => {
            Err("names are taken as they stand: write them without quotation marks, such as Erp.Item"
                .to_owned())
        }
        false => Ok(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::{Args, without_quotes};

    /// What follows on an example after some blanks explains it, what follows && is a command of its own, and > is the shell's.
    fn commands(help: &str) -> Vec<&str> {
        let examples = help.lines().filter(|line| line.starts_with("  rsl ")).map(str::trim);
        let alone = examples.filter_map(|line| line.split("  ").next());
        alone.flat_map(|line| line.split(" && ")).filter_map(|command| command.split(" > ").next()).collect()
    }

    fn try_examples(command: &clap::Command, tried: &mut usize) {
        let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        for example in commands(&help) {
            let words = shlex::split(example).unwrap_or_default();
            let parsed = Args::command().try_get_matches_from(words);
            assert!(parsed.is_ok(), "{}: {example}: {}", command.get_name(), parsed.unwrap_err());
            *tried += 1;
        }
        command.get_subcommands().for_each(|command| try_examples(command, tried));
    }

    #[test]
    fn every_example_of_the_help_can_be_run() {
        let mut tried = 0;
        try_examples(&Args::command(), &mut tried);
        assert!(tried > 40, "only {tried} examples were found");
    }

    #[test]
    fn names_are_not_quoted() {
        for good in ["erp", "Erp.Item", "erp.Odd \"Name; --", "erp.\"", "a.b.c"] {
            assert_eq!(without_quotes(good).as_deref(), Ok(good));
        }
        for bad in ["\"erp\"", "erp.\"Item\"", "\"Erp\".Item", "\"Erp\".\"Item\""] {
            assert!(without_quotes(bad).is_err(), "{bad}");
        }
    }
}
