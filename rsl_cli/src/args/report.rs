//! `rsl report`.

use std::path::PathBuf;

use clap::{Args as ClapArgs, ValueEnum};

use super::Database;

#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  rsl report --last                              the last pull, all its tables, on the terminal
  rsl report --last --output report.html         one file to print and to sign
  rsl report 17 --format markdown                load 17 alone, for a ticket or a wiki
  rsl report --run 4 --format json
  rsl pull --all --mode replace && rsl report --last --output report.html

Everything comes from the books in the database: the source is not asked, and tables are not read again.
The figures are those of the load; whether the tables still hold it today, rsl verify says.
--last is the last run that began: of a pull that failed before that, there is nothing to report, and --last is the run before.

Exit codes: 0 all exact; 1 rejects, losses, failures, or something undone or not loaded at all;
2 no such load or run, or failure.")]
pub struct Report {
    #[command(flatten)]
    pub database: Database,
    /// Number of a load, as rsl loads lists it
    #[arg(value_name = "LOAD", required_unless_present_any = ["run", "last"], conflicts_with_all = ["run", "last"], value_parser = clap::value_parser!(i64).range(1..))]
    pub load: Option<i64>,
    /// Number of a run, as rsl loads lists it: every table of one rsl pull
    #[arg(long, value_name = "N", conflicts_with = "last", value_parser = clap::value_parser!(i64).range(1..))]
    pub run: Option<i64>,
    /// The last run that began
    #[arg(long)]
    pub last: bool,
    /// Form of the report; if left out, that which the name of --output ends in, else text
    #[arg(long, value_enum)]
    pub format: Option<ReportFormat>,
    /// Write it to this file
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    /// For the terminal
    Text,
    /// For programs: all fields of rsl pull --output, and more
    Json,
    /// For a ticket or a wiki
    Markdown,
    /// One file that needs nothing else, to read, to print and to sign
    Html,
}

impl Report {
    /// As it was asked for, or as the name of the file says.
    pub fn form(&self) -> ReportFormat {
        let ending =
            self.output.as_ref().and_then(|path| path.extension()).map(|ending| ending.to_ascii_lowercase());
        self.format.unwrap_or(match ending.as_ref().and_then(|ending| ending.to_str()) {
            Some("json") => ReportFormat::Json,
            Some("md" | "markdown") => ReportFormat::Markdown,
            Some("html" | "htm") => ReportFormat::Html,
            _ => ReportFormat::Text,
        })
    }
}
