//! One module a command.

mod check;
mod init;
mod loads;
mod pull;
mod table;
mod verify;

use crate::args::{Args, Command};
use crate::failure::Result;

/// Runs the command and returns the exit code.
pub async fn run(args: Args) -> Result<u8> {
    match args.command {
        Command::Check(args) => check::run(*args).await,
        Command::Init(args) => init::run(args).await,
        Command::Pull(args) => pull::run(*args).await,
        Command::Verify(args) => verify::run(args).await,
        Command::Loads(args) => loads::run(args).await,
    }
}
