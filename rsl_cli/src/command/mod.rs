//! One module a command.

mod audit;
mod check;
mod diff;
mod history;
mod init;
mod interrupt;
mod loads;
mod output;
mod pull;
mod rejects;
mod relation;
mod report;
mod stored_filter;
pub mod table;
mod undo;
mod verify;

use crate::args::{Args, Command};
use crate::failure::Result;

/// Runs the command and returns the exit code.
pub async fn run(args: Args) -> Result<u8> {
    match args.command {
        Command::Check(args) => check::run(*args).await,
        Command::Diff(args) => diff::run(*args).await,
        Command::Init(args) => init::run(args).await,
        Command::Pull(args) => pull::run(*args).await,
        Command::Verify(args) => verify::run(args).await,
        Command::Loads(args) => loads::run(args).await,
        Command::Report(args) => report::run(args).await,
        Command::Rejects(args) => rejects::run(args).await,
        Command::Undo(args) => undo::run(args).await,
        Command::History(args) => history::run(args).await,
        Command::Audit(args) => audit::run(args).await,
    }
}
