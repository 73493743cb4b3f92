//! A database of a test server, and the ways to talk to it.

use crate::server::{output_with_input, program, succeed_with_input};
use anyhow::{Result, ensure};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};
use tokio_postgres::{Client, NoTls};

/// A database of a test server. Nobody else uses it, and it goes away with its server.
#[derive(Clone, Debug)]
pub struct Database {
    port: u16,
    name: String,
}

impl Database {
    pub(crate) fn new(port: u16, name: &str) -> Self {
        Self { port, name: name.to_owned() }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A connection URL for the superuser, who needs no password.
    pub fn url(&self) -> String {
        self.url_as("postgres")
    }

    /// A connection URL for another role.
    pub fn url_as(&self, role: &str) -> String {
        format!("postgresql://{role}@127.0.0.1:{}/{}", self.port, self.name)
    }

    /// psql on this database as the superuser, untouched by the settings of whoever runs the tests.
    pub fn psql(&self) -> Result<Command> {
        let mut command = Command::new(program("psql")?);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("PG") {
                command.env_remove(name);
            }
        }
        command
            .args(["--no-psqlrc", "--dbname", &self.url()])
            .env("PGTZ", "UTC")
            .env("PGDATESTYLE", "ISO, YMD")
            .env("PGCLIENTENCODING", "UTF8")
            .env("LC_ALL", "C.UTF-8");
        Ok(command)
    }

    /// Runs SQL commands, each in a transaction of its own; psql's backslash commands work too. Stops at an error.
    pub fn run(&self, script: &str) -> Result<()> {
        self.rows(script).map(drop)
    }

    /// What SQL commands return: a line per row, fields separated by `|`, nothing for NULL.
    pub fn rows(&self, script: &str) -> Result<String> {
        let mut psql = self.psql()?;
        psql.args(["--quiet", "--no-align", "--tuples-only", "--set=ON_ERROR_STOP=1"]);
        succeed_with_input(&mut psql, script)
    }

    /// The one value that a query returns.
    pub fn value(&self, query: &str) -> Result<String> {
        let mut rows = self.rows(query)?;
        if rows.ends_with('\n') {
            rows.pop();
        }
        Ok(rows)
    }

    /// Waits until this query is true.
    pub fn wait_for(&self, query: &str) -> Result<()> {
        let patience = Instant::now() + Duration::from_secs(60);
        while self.value(query)? != "t" {
            ensure!(Instant::now() < patience, "still not true: {query}");
            thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }

    /// Waits until no program of this name has a session any more.
    pub fn wait_until_gone(&self, program: &str) -> Result<()> {
        self.wait_for(&format!(
            "SELECT count(*) = 0 FROM pg_stat_activity WHERE datname = current_database() AND application_name = '{program}'"
        ))
    }

    /// What a terminal would show of a session that is fed this script: commands, results and errors in their order.
    pub fn transcript(&self, script: &str) -> Result<String> {
        let mut psql = self.psql()?;
        // Positions in PL/pgSQL functions would change with every edit of them.
        psql.args(["--echo-all", "--quiet", "--set=SHOW_CONTEXT=never"]);
        let psql_arguments: Vec<_> = psql.get_args().map(ToOwned::to_owned).collect();
        // One file descriptor for both outputs keeps their order.
        let mut shell = Command::new("sh");
        shell.args(["-c", "exec \"$0\" \"$@\" 2>&1"]).arg(psql.get_program()).args(psql_arguments);
        for (name, value) in psql.get_envs() {
            match value {
                Some(value) => shell.env(name, value),
                None => shell.env_remove(name),
            };
        }
        let output = output_with_input(shell.stdout(Stdio::piped()), script)?;
        Ok(String::from_utf8(output.stdout)?)
    }

    /// A connection as the superuser. A task of the current Tokio runtime serves it.
    pub async fn connect(&self) -> Result<Client> {
        let (client, connection) = tokio_postgres::connect(&self.url(), NoTls).await?;
        tokio::spawn(async move {
            // A broken connection shows in the next query of the client.
            let _ = connection.await;
        });
        Ok(client)
    }
}
