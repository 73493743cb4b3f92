//! The programs of the PostgreSQL server under test, and the user who may run them.

use anyhow::{Context, Result, bail};
use std::env;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use std::thread;

/// The programs of the server whose `pg_config` the environment names, by default those of Debian's PostgreSQL 15.
pub fn program(name: &str) -> Result<PathBuf> {
    static BINDIR: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let bindir = BINDIR.get_or_init(|| find_bindir().map_err(|error| format!("{error:#}")));
    match bindir {
        Ok(bindir) => Ok(bindir.join(name)),
        Err(error) => bail!("{error}"),
    }
}

fn find_bindir() -> Result<PathBuf> {
    let bindir = match env::var_os("PG_CONFIG") {
        Some(pg_config) => {
            PathBuf::from(succeed(Command::new(pg_config).arg("--bindir")).context("PG_CONFIG")?.trim_end())
        }
        None => PathBuf::from("/usr/lib/postgresql/15/bin"),
    };
    if !bindir.join("postgres").exists() {
        bail!("there is no PostgreSQL server in {}: run ./pgrx-setup.sh test", bindir.display());
    }
    Ok(bindir)
}

/// A command of the server, run as a user who may run it: PostgreSQL refuses root.
pub fn as_server(program: &Path) -> Command {
    let mut command = if is_root() {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=postgres", "--regid=postgres", "--init-groups", "--"]).arg(program);
        command
    } else {
        Command::new(program)
    };
    // With these in its environment the server shows stack traces as details of errors, as no real one does.
    command.env_remove("RUST_BACKTRACE").env_remove("RUST_LIB_BACKTRACE");
    // The folder of the caller may be closed to that user.
    command.current_dir("/").stdin(Stdio::null());
    // A server that inherits these adds a backtrace to the details of errors.
    command.env_remove("RUST_BACKTRACE").env_remove("RUST_LIB_BACKTRACE");
    command
}

/// Makes a folder that the server's user, and nobody else, may use.
pub fn give_to_server(folder: &Path) -> Result<()> {
    if is_root() {
        succeed(Command::new("chown").arg("postgres:").arg(folder))?;
    }
    Ok(())
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

/// The standard output of a command that must succeed.
pub fn succeed(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("cannot run {command:?}"))?;
    checked(command, &output)?;
    Ok(String::from_utf8(output.stdout)?)
}

/// The standard output of a command that must succeed and that reads `input`.
pub fn succeed_with_input(command: &mut Command, input: &str) -> Result<String> {
    let output = output_with_input(command.stdout(Stdio::piped()).stderr(Stdio::piped()), input)?;
    checked(command, &output)?;
    Ok(String::from_utf8(output.stdout)?)
}

/// Runs a command that reads `input`.
pub fn output_with_input(command: &mut Command, input: &str) -> Result<Output> {
    let mut child =
        command.stdin(Stdio::piped()).spawn().with_context(|| format!("cannot run {command:?}"))?;
    let mut stdin = child.stdin.take().context("a child without standard input")?;
    // Writing and reading at the same time, or both sides may wait for each other.
    let output = thread::scope(|scope| {
        scope.spawn(move || {
            // A command that ends early says why itself.
            let _ = stdin.write_all(input.as_bytes());
        });
        child.wait_with_output()
    });
    output.with_context(|| format!("cannot wait for {command:?}"))
}

/// Sends a signal to processes.
pub fn signal(name: &str, processes: &[u32]) -> Result<()> {
    // The shell has a kill of its own; the program is not on every machine.
    let mut kill = Command::new("sh");
    kill.args(["-c", "kill \"$@\"", "sh"]).arg(format!("-{name}")).args(processes.iter().map(u32::to_string));
    succeed(&mut kill)?;
    Ok(())
}

fn checked(command: &Command, output: &Output) -> Result<()> {
    if !output.status.success() {
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        bail!("{command:?}: {}\n{out}{err}", output.status);
    }
    Ok(())
}
