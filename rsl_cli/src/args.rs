//! The command line.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};

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
    /// Run the checks of rsl.verify() in the database
    Verify(Verify),
    /// List the loads, the latest first
    Loads(Loads),
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
  rsl pull --source sqlite:///srv/erp.db --all --dry-run
  rsl pull B_ITEM --into rsl.items --mode upsert --key item_code
  rsl pull B_ITEM --where \"ITEM_TYPE = 'FG'\" --into erp.finished_goods
  rsl pull --all --mode replace --output report.json

A target that is missing is created from the source's columns, names in lower case, in schema erp.")]
pub struct Pull {
    /// Source: sqlite:///absolute/path/erp.db
    #[arg(long, value_name = "URL", env = "RSL_SOURCE_URL", hide_env_values = true)]
    pub source: Option<String>,
    #[command(flatten)]
    pub database: Database,
    /// Tables and views of the source
    #[arg(value_name = "OBJECT", required_unless_present = "all", conflicts_with = "all")]
    pub objects: Vec<String>,
    /// Every table and view of the source
    #[arg(long)]
    pub all: bool,
    /// Schema of the targets, or schema and table of a single one
    #[arg(long, value_name = "SCHEMA[.TABLE]", default_value = "erp")]
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
    /// Read and convert everything, write nothing, say what would move
    #[arg(long)]
    pub dry_run: bool,
    /// Append even rows that an earlier load has appended already
    #[arg(long)]
    pub again: bool,
    /// Tables loaded at the same time
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub jobs: u16,
    /// Write the report as JSON to this file
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// How the report is printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
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
#[command(
    after_help = "Examples:\n  rsl verify\n  rsl verify sequences\n  rsl verify erp.b_item --format json"
)]
pub struct Verify {
    #[command(flatten)]
    pub database: Database,
    /// A check, a group of checks, or a table; everything if left out
    pub scope: Option<String>,
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
