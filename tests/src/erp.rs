//! An ERP on a SQL Server and a fresh database, and `rsl pull` from the one into the other.
//!
//! The server is `tds_server`, or the real one that `RSL_TEST_MSSQL_URL` names.

use crate::cluster;
use crate::database::Database;
use crate::program::{self, Ended};
use crate::real::Real;
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use tds_server::answer::SqlValue;
use tds_server::database::Database as Engine;
use tds_server::{Options, Server};
use tempfile::TempDir;

/// The login of the ERP's users: it may only read.
pub const READER: &str = "FKSM_BI";
/// With the characters that passwords in URLs stumble over.
pub const PASSWORD: &str = "p@ss:w/rd?#%!";
/// The database of the ERP.
pub const NAME: &str = "KsmErp";

/// A source and a target of their own.
pub struct Erp {
    folder: TempDir,
    /// The target.
    pub database: Database,
    /// The source's data.
    pub engine: Arc<Engine>,
    /// The source's server.
    pub server: Server,
    /// The source, if it is none of these two.
    real: Option<Real>,
}

impl Erp {
    /// A source that this T-SQL script makes, and a fresh database.
    pub fn new(script: &str) -> Result<Self> {
        Self::with(script, Options::default())
    }

    /// A source as the options want it.
    pub fn with(script: &str, options: Options) -> Result<Self> {
        let mut erp = Self::serve(Engine::create(NAME)?, options)?;
        erp.real = Real::of_environment()?;
        erp.script(script)?;
        Ok(erp)
    }

    /// Whether the environment names a server that is not the test server: such a one has no faults and records nothing.
    pub fn is_real() -> bool {
        std::env::var_os("RSL_TEST_MSSQL_URL").is_some()
    }

    /// Changes the source, as its owner.
    pub fn script(&self, script: &str) -> Result<()> {
        match &self.real {
            Some(real) => real.script(script),
            None => Ok(self.engine.script(script)?),
        }
    }

    /// Puts rows into a table of the source.
    pub fn insert(&self, table: &str, rows: impl IntoIterator<Item = Vec<SqlValue>>) -> Result<()> {
        match &self.real {
            Some(real) => real.insert(table, rows),
            None => self.engine.insert(table, rows).map(|_| ()).map_err(Into::into),
        }
    }

    /// A source with this data.
    pub fn serve(engine: Engine, options: Options) -> Result<Self> {
        engine.grant_read_only(READER);
        let engine = Arc::new(engine);
        let server = Server::start(engine.clone(), options.login(READER, PASSWORD))?;
        Ok(Self {
            folder: tempfile::tempdir()?,
            database: cluster::shared()?.database()?,
            engine,
            server,
            real: None,
        })
    }

    /// A folder for whatever the test writes.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The source's URL with these options, without the password.
    pub fn source_url(&self, options: &str) -> String {
        if let Some(real) = &self.real {
            let separator = if real.url().contains('?') { '&' } else { '?' };
            return format!("{}{separator}{options}", real.url());
        }
        format!("mssql://{READER}@127.0.0.1:{}/{NAME}?{options}", self.server.port())
    }

    /// `rsl` with the URLs of both in its environment.
    pub fn rsl<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Result<Command> {
        let mut command = program::rsl(self.folder())?;
        command
            .env("RSL_DATABASE_URL", self.database.url())
            .env("RSL_SOURCE_URL", self.source_url("trust_cert=true"))
            .env("MSSQL_PASSWORD", PASSWORD)
            .args(arguments);
        Ok(command)
    }

    /// What `rsl pull` with these arguments says and how it ends.
    pub fn pull(&self, arguments: &[&str]) -> Result<Ended> {
        Ended::of(self.rsl(&["pull"])?.args(arguments))
    }

    /// The report of a pull that must be exact.
    pub fn exact(&self, arguments: &[&str]) -> Result<Value> {
        let ended = self.pull(&[arguments, &["--format", "json"]].concat())?;
        ensure!(ended.code == Some(0), "pull {arguments:?}: {ended:#?}");
        let report: Value = serde_json::from_str(&ended.stdout).context("the report is not JSON")?;
        ensure!(report["exact"] == Value::Bool(true), "pull {arguments:?}: {report:#}");
        Ok(report)
    }

    /// What is said of a pull that must fail because of its rows.
    pub fn failed(&self, arguments: &[&str]) -> Result<String> {
        let ended = self.pull(arguments)?;
        ended.failed_load()?;
        Ok(ended.stdout)
    }

    /// The message of a pull that must end with exit code 2.
    pub fn refused(&self, arguments: &[&str]) -> Result<String> {
        self.pull(arguments)?.refusal()
    }

    /// Fails if the server was ever sent anything but SELECT and SET.
    pub fn assert_only_read(&self) -> Result<()> {
        for batch in self.server.statements() {
            // A semicolon in a literal or a quoted name ends nothing.
            let mut quote = None;
            let ends = |c: char| {
                quote = match (quote, c) {
                    (None, '\'') => Some('\''),
                    (None, '[') => Some(']'),
                    (Some(end), _) if c == end => None,
                    (other, _) => other,
                };
                c == ';' && quote.is_none()
            };
            for statement in batch.split(ends).map(str::trim).filter(|statement| !statement.is_empty()) {
                let word = statement.split_whitespace().next().unwrap_or_default();
                ensure!(["SELECT", "SET"].contains(&word), "the source was sent: {batch}");
            }
        }
        Ok(())
    }
}
