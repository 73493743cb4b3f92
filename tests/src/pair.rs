//! A source file and a fresh database, and `rsl pull` from the one into the other.

use crate::cluster;
use crate::database::Database;
use crate::program::{self, Ended};
use crate::sample::{self, Shape};
use anyhow::{Context, Result, ensure};
use rusqlite::Connection;
use serde_json::Value;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// A source and a target of their own.
#[derive(Debug)]
pub struct Pair {
    folder: TempDir,
    /// The target.
    pub database: Database,
}

impl Pair {
    /// A source that SQLite makes from this script, and a fresh database of the shared server.
    pub fn new(script: &str) -> Result<Self> {
        Self::with(script, cluster::shared()?.database()?)
    }

    /// A source that SQLite makes from this script, and this database.
    pub fn with(script: &str, database: Database) -> Result<Self> {
        let pair = Self { folder: tempfile::tempdir()?, database };
        pair.edit(script)?;
        Ok(pair)
    }

    /// A sample as source, and a fresh database of the shared server.
    pub fn sample(shape: Shape, rows: u64) -> Result<Self> {
        Self::sample_with(shape, rows, cluster::shared()?.database()?)
    }

    /// A sample as source, and this database.
    pub fn sample_with(shape: Shape, rows: u64, database: Database) -> Result<Self> {
        let pair = Self { folder: tempfile::tempdir()?, database };
        sample::write(shape, rows, &pair.file())?;
        Ok(pair)
    }

    /// A folder for whatever the test writes. The source is in it.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The source.
    pub fn file(&self) -> PathBuf {
        self.folder.path().join("erp.db")
    }

    /// The source's URL.
    pub fn source_url(&self) -> String {
        format!("sqlite://{}", self.file().display())
    }

    /// Opens the source.
    pub fn source(&self) -> Result<Connection> {
        Ok(Connection::open(self.file())?)
    }

    /// Runs SQL commands in the source.
    pub fn edit(&self, script: &str) -> Result<()> {
        self.source()?.execute_batch(script)?;
        Ok(())
    }

    /// `rsl` with the URLs of both in its environment.
    pub fn rsl<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Result<Command> {
        let mut command = program::rsl(self.folder())?;
        command
            .env("RSL_DATABASE_URL", self.database.url())
            .env("RSL_SOURCE_URL", self.source_url())
            .args(arguments);
        Ok(command)
    }

    /// `rsl pull` with these arguments.
    pub fn pull(&self, arguments: &[&str]) -> Result<Command> {
        let mut command = self.rsl(&["pull"])?;
        command.args(arguments);
        Ok(command)
    }

    /// What `rsl pull` says and how it ends.
    pub fn ended(&self, arguments: &[&str]) -> Result<Ended> {
        Ended::of(&mut self.pull(arguments)?)
    }

    /// The report of a pull that must be exact.
    pub fn exact(&self, arguments: &[&str]) -> Result<Value> {
        let ended = Ended::of(self.pull(arguments)?.args(["--format", "json"]))?;
        ensure!(ended.code == Some(0), "pull {arguments:?}: {ended:#?}");
        let report: Value = serde_json::from_str(&ended.stdout).context("the report is not JSON")?;
        ensure!(report["exact"] == Value::Bool(true), "pull {arguments:?}: {report:#}");
        Ok(report)
    }

    /// The message of a pull that must end with exit code 2 and leave no staging behind.
    pub fn refused(&self, arguments: &[&str]) -> Result<String> {
        let message = self.ended(arguments)?.refusal()?;
        ensure!(self.staging()?.is_empty(), "staging is left: {}", self.staging()?);
        Ok(message)
    }

    /// What is said of a pull that must fail because of its rows, with exit code 1, and leave no staging behind.
    pub fn failed(&self, arguments: &[&str]) -> Result<String> {
        let ended = self.ended(arguments)?;
        ended.failed_load()?;
        ensure!(self.staging()?.is_empty(), "staging is left: {}", self.staging()?);
        Ok(ended.stdout)
    }

    /// The staging tables that there are.
    pub fn staging(&self) -> Result<String> {
        self.database.value(
            "SELECT string_agg(relname, ' ') FROM pg_class WHERE relnamespace = 'rsl_stage'::regnamespace AND relkind = 'r'",
        )
    }

    /// Waits until this many sessions stand in `rsl.load_finish` and wait for a lock.
    pub fn wait_for_finish(&self, sessions: usize) -> Result<()> {
        self.database.wait_for(&format!(
            "SELECT count(*) = {sessions} FROM pg_stat_activity
             WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%rsl.load_finish%'"
        ))
    }

    /// The digest of a target, `null` if there is no such table.
    pub fn digest(&self, target: &str) -> Result<String> {
        if self.database.value(&format!("SELECT to_regclass('{target}') IS NULL"))? == "t" {
            return Ok("null".to_owned());
        }
        self.database.value(&format!("SELECT rsl.table_digest('{target}')"))
    }
}
