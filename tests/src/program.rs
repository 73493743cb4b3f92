//! The program `rsl` as a test runs it.

use anyhow::{Context, Result, bail};
use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The program to test: the one that `RSL_TEST_CLI` names, else the newest that was built.
pub fn path() -> Result<PathBuf> {
    if let Some(path) = env::var_os("RSL_TEST_CLI") {
        let path = PathBuf::from(path);
        if !path.is_file() {
            bail!("RSL_TEST_CLI names {}, which is not there", path.display());
        }
        return Ok(path);
    }
    // The test itself is target/PROFILE/deps/NAME.
    let test = env::current_exe()?;
    let target = test.ancestors().nth(3).context("the test is not in a target folder")?;
    let built = ["debug", "release"].map(|profile| target.join(profile).join("rsl"));
    let newest = built
        .into_iter()
        .filter(|path| path.is_file())
        .max_by_key(|path| path.metadata().and_then(|file| file.modified()).ok());
    newest.context("the program rsl is not built: run ./pgrx-setup.sh test")
}

/// A command for `rsl` in the folder `folder`, with no connection URLs but those that the test gives it.
pub fn rsl(folder: &Path) -> Result<Command> {
    let mut command = Command::new(path()?);
    for (name, _) in env::vars_os() {
        let known = name.to_string_lossy();
        if ["RSL_", "PG", "RUST_"].iter().any(|prefix| known.starts_with(prefix)) {
            command.env_remove(name);
        }
    }
    command.current_dir(folder).stdin(Stdio::null());
    Ok(command)
}

/// What a program that has ended left behind.
#[derive(Clone, Debug)]
pub struct Ended {
    /// The exit code; none if a signal ended it.
    pub code: Option<i32>,
    /// Its data.
    pub stdout: String,
    /// Everything else that it said.
    pub stderr: String,
}

impl Ended {
    /// Runs `command` to its end.
    pub fn of(command: &mut Command) -> Result<Self> {
        let output = command.output().with_context(|| format!("cannot run {command:?}"))?;
        Self::from_output(output)
    }

    /// What a process that was started by the test left behind.
    pub fn from_output(output: Output) -> Result<Self> {
        Ok(Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout)?,
            stderr: String::from_utf8(output.stderr)?,
        })
    }
}
