//! `rsl`: pulls rows from an ERP source into PostgreSQL, through the extension `rsl`, and proves that they arrived.

mod args;
mod carry_over;
mod command;
mod connection_url;
mod driver_panic;
mod failure;
mod progress;
mod retry;
mod source;
mod survey;
mod target;
mod terminal;

use std::process::ExitCode;

use clap::Parser;
use failure::{Result, exit};

/// The driver allocates for every value, and other threads free what it read: glibc is slow at that.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // A pipe that is closed early, as `rsl loads | head` does, is no error: die of it quietly, as other tools do.
    reset_sigpipe();
    if let Err(failure) = load_env_file() {
        eprintln!("rsl: {failure}");
        return exit::FAILED.into();
    }
    let args = args::Args::parse();
    tracing_subscriber::fmt()
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_env("RSL_LOG")
                .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn,tiberius=off")),
        )
        .with_writer(std::io::stderr)
        .with_target(false)
        .init();
    driver_panic::keep_quiet();
    match run(args) {
        Ok(code) => code.into(),
        Err(failure) => {
            eprintln!("rsl: {failure}");
            if failure.is_interrupted() { exit::INTERRUPTED.into() } else { exit::FAILED.into() }
        }
    }
}

fn run(args: args::Args) -> Result<u8> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| failure::Failure::new(format!("cannot start: {error}")))?;
    let code = runtime.block_on(command::run(args));
    // A reader in the middle of a long scan looks at its stop flag at the next row; nobody waits for it.
    runtime.shutdown_background();
    code
}

/// Settings from `.env` in the working directory or above it. What the environment says already wins.
fn load_env_file() -> Result<()> {
    match dotenvy::dotenv() {
        Ok(_) => Ok(()),
        Err(error) if error.not_found() => Ok(()),
        // The error's own text would show the line, and the line may hold a password.
        Err(_) => Err(failure::Failure::new("the file .env cannot be read").hint(
            "each line must be NAME=value; put a value with spaces, #, $ or quotes in 'single quotes'",
        )),
    }
}

fn reset_sigpipe() {
    #[cfg(unix)]
    {
        // SAFETY: sets the default action before any thread is started.
        unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
    }
}
