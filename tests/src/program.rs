//! The program `rsl` as a test runs it.

use crate::server::signal;
use anyhow::{Context, Result, bail, ensure};
use std::env;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

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
        if ["MSSQL_", "RSL_", "PG", "RUST_"].iter().any(|prefix| known.starts_with(prefix)) {
            command.env_remove(name);
        }
    }
    command.current_dir(folder).stdin(Stdio::null());
    Ok(command)
}

/// A program while it runs. It is killed when this value is dropped.
#[derive(Debug)]
pub struct Running(Option<Child>);

impl Running {
    /// Starts `command`.
    pub fn start(command: &mut Command) -> Result<Self> {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        Ok(Self(Some(command.spawn().with_context(|| format!("cannot run {command:?}"))?)))
    }

    /// Sends it a signal, such as `INT`.
    pub fn signal(&self, name: &str) -> Result<()> {
        signal(name, &[self.0.as_ref().context("it has ended")?.id()])
    }

    /// Whether it has ended by itself.
    pub fn has_ended(&mut self) -> Result<bool> {
        Ok(self.0.as_mut().context("it has ended")?.try_wait()?.is_some())
    }

    /// Waits for its end.
    pub fn wait(mut self) -> Result<Ended> {
        Ended::from_output(self.0.take().context("it has ended")?.wait_with_output()?)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(mut child) = self.0.take() {
            // It may have ended in this moment.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
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

    /// Fails unless this is a pull that has ended with exit code 1 because rows of a table cannot be loaded, and says where they are.
    pub fn failed_load(&self) -> Result<()> {
        ensure!(self.code == Some(1) && self.stdout.contains("FAILED"), "exit code 1 expected: {self:#?}");
        ensure!(
            self.stdout.contains("cannot be loaded") && self.stdout.contains("rsl rejects "),
            "{self:#?}"
        );
        Ok(())
    }

    /// The message of a command that must have ended with exit code 2: one paragraph, and nothing else at its end.
    pub fn refusal(&self) -> Result<String> {
        ensure!(self.code == Some(2), "exit code 2 expected: {self:#?}");
        for word in ["panicked", "RUST_BACKTRACE", "Error {", "Kind:"] {
            ensure!(!self.stderr.contains(word), "this is no message for people: {}", self.stderr);
        }
        let (_, message) =
            self.stderr.split_once("rsl: ").with_context(|| format!("no message: {self:#?}"))?;
        ensure!(!message.contains("rsl: "), "more than one message: {message}");
        ensure!(!message.trim_end().contains("\n\n"), "more than one paragraph: {message}");
        Ok(message.trim_end().to_owned())
    }
}
