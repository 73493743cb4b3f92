//! Connections to PostgreSQL, and its errors in words.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use tokio_postgres::config::SslMode;
use tokio_postgres::error::SqlState;
use tokio_postgres::{CancelToken, Client, Config};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::tls::{self, Trust};

use crate::connection_url::ConnectionUrl;
use crate::failure::{Failure, Result};

/// Where to connect, without having done so.
#[derive(Clone)]
pub struct Target {
    url: ConnectionUrl,
    config: Config,
    tls: MakeRustlsConnect,
}

impl Target {
    /// Reads `postgresql://…`; SQLAlchemy's `postgresql+psycopg2://…` is taken as well.
    pub fn parse(url: Option<&str>) -> Result<Self> {
        let url = url.ok_or_else(|| {
            Failure::new("no database is named")
                .hint("set RSL_DATABASE_URL, in the environment or in .env, or give --database-url")
        })?;
        let url = ConnectionUrl::parse(url)?;
        let scheme = url.scheme.split('+').next().unwrap_or_default();
        if !matches!(scheme, "postgresql" | "postgres") {
            return Err(Failure::new(format!("\"{}\" is not a PostgreSQL URL", url.scheme))
                .hint("write postgresql://user:password@host:port/database"));
        }
        let mut config = Config::new();
        config.application_name("rsl").connect_timeout(Duration::from_secs(10));
        let mut host = url.host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let mut trust = Trust::Anybody;
        let mut authorities = None;
        for (name, value) in &url.options {
            match name.as_str() {
                "host" => host = value.clone(),
                "application_name" => drop(config.application_name(value)),
                "options" => drop(config.options(value)),
                "connect_timeout" => {
                    let seconds = value.parse().map_err(|_| bad_option(name, "a number of seconds"))?;
                    config.connect_timeout(Duration::from_secs(seconds));
                }
                "sslmode" => {
                    config.ssl_mode(match value.as_str() {
                        "disable" => SslMode::Disable,
                        "allow" | "prefer" => SslMode::Prefer,
                        "require" => SslMode::Require,
                        // verify-ca would believe any server of a known authority: the stricter of the two serves both.
                        "verify-ca" | "verify-full" => {
                            trust = Trust::Known;
                            SslMode::Require
                        }
                        _ => return Err(bad_option(name, "disable, prefer, require or verify-full")),
                    });
                }
                "sslrootcert" => authorities = Some(PathBuf::from(value)).filter(|_| value != "system"),
                _ => {
                    return Err(Failure::new(format!("unknown option \"{name}\" in the database URL")).hint(
                        "known are host, sslmode, sslrootcert, application_name, options and connect_timeout",
                    ));
                }
            }
        }
        config.host(if host.is_empty() { "localhost" } else { &host });
        config.port(url.port.unwrap_or(5432));
        if let Some(user) =
            url.user.clone().or_else(|| std::env::var("PGUSER").ok()).or_else(|| std::env::var("USER").ok())
        {
            config.user(user);
        }
        if let Some(password) = url.password.clone().or_else(|| std::env::var("PGPASSWORD").ok()) {
            config.password(password);
        }
        if url.path.is_empty() {
            return Err(Failure::new("the database URL names no database")
                .hint("write postgresql://user@host/database"));
        }
        config.dbname(&url.path);
        let tls = tls::connector(trust, authorities.as_deref())?;
        Ok(Self { url, config, tls })
    }

    /// For reports: without the password.
    pub fn name(&self) -> String {
        self.url.to_string()
    }

    /// Name of the database.
    pub fn database(&self) -> &str {
        &self.url.path
    }

    /// The server is on this machine.
    pub fn is_local(&self) -> bool {
        use tokio_postgres::config::Host;
        self.config.get_hosts().iter().all(|host| match host {
            Host::Tcp(name) => name == "localhost" || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback()),
            Host::Unix(_) => true,
        })
    }

    /// Connects to the database.
    pub async fn connect(&self) -> Result<Connection> {
        self.open(&self.config).await.map_err(|error| self.unreachable(error))
    }

    /// Connects to a database that every server has, to create the one that is wanted.
    pub async fn connect_to_maintenance(&self) -> Result<Connection> {
        let mut config = self.config.clone();
        config.dbname("postgres");
        self.open(&config).await.map_err(|error| self.unreachable(error))
    }

    /// Connects, or `None` if the server is there and the database is not.
    pub async fn connect_if_present(&self) -> Result<Option<Connection>> {
        match self.open(&self.config).await {
            Ok(connection) => Ok(Some(connection)),
            Err(error) if error.code() == Some(&SqlState::INVALID_CATALOG_NAME) => Ok(None),
            Err(error) => Err(self.unreachable(error)),
        }
    }

    async fn open(&self, config: &Config) -> std::result::Result<Connection, tokio_postgres::Error> {
        let (client, connection) = config.connect(self.tls.clone()).await?;
        tokio::spawn(async move {
            // What ends the connection is an error of the statement that is waiting for it, and said there.
            let _ = connection.await;
        });
        let schemas = client
            .query_one("SELECT pg_catalog.current_schemas(false)::pg_catalog.text[]", &[])
            .await?
            .get(0);
        client.batch_execute(SETTINGS).await?;
        Ok(Connection { client, tls: self.tls.clone(), schemas })
    }

    fn unreachable(&self, error: tokio_postgres::Error) -> Failure {
        let failure = Failure::new(format!("cannot connect to {}: {}", self.url, in_words(&error)));
        let host = &self.url.host;
        match error.code() {
            Some(&SqlState::INVALID_CATALOG_NAME) => failure.hint("rsl init creates it"),
            Some(&SqlState::INVALID_PASSWORD | &SqlState::INVALID_AUTHORIZATION_SPECIFICATION) => failure
                .hint(
                    "look at the user and the password in RSL_DATABASE_URL; a % in a password is written %25",
                ),
            Some(_) => failure,
            None => failure.hint(format!(
                "is the server running, and does it listen on {}?",
                match host.as_str() {
                    "" => "localhost",
                    host => host,
                }
            )),
        }
    }
}

fn bad_option(name: &str, expected: &str) -> Failure {
    Failure::new(format!("option \"{name}\" of the database URL must be {expected}"))
}

/// What a role, a database or a server sets for its sessions must not change what statements mean, nor whose functions they call.
const SETTINGS: &str = "SET search_path = pg_catalog, pg_temp; SET standard_conforming_strings = on; SET quote_all_identifiers = off; \
    SET default_transaction_isolation = 'read committed'; SET default_transaction_read_only = off";

/// An open connection.
pub struct Connection {
    pub client: Client,
    tls: MakeRustlsConnect,
    /// In which a name without a schema would be looked for: those of the role's search_path.
    pub schemas: Vec<String>,
}

impl Connection {
    /// Ends the statement that runs. That a cancellation did not arrive is no news worth telling.
    pub async fn cancel(&self) {
        let token: CancelToken = self.client.cancel_token();
        let _ = token.cancel_query(self.tls.clone()).await;
    }
}

/// An error of PostgreSQL as a failure: its message, detail and hint, none of which show more than the server's.
pub fn failure(error: tokio_postgres::Error) -> Failure {
    failure_of(
        error,
        "ask the owner for SELECT rsl.grant_access(your role, 'load')",
        "the target is as it was before this load: run it again",
    )
}

/// The same, with what to do where the server has no hint: `access` when a right is missing, `lost` when the connection is.
pub fn failure_of(error: tokio_postgres::Error, access: &str, lost: &str) -> Failure {
    let mut failure = Failure::new(in_words(&error));
    match (error.as_db_error().and_then(|error| error.hint()), error.code()) {
        (Some(hint), _) => failure = failure.hint(hint),
        (
            None,
            Some(&SqlState::UNDEFINED_FUNCTION | &SqlState::INVALID_SCHEMA_NAME | &SqlState::UNDEFINED_TABLE),
        ) => {
            failure = failure.hint("is the extension in this database? rsl init creates it");
        }
        (None, Some(&SqlState::INSUFFICIENT_PRIVILEGE)) => {
            failure = failure.hint(access);
        }
        (None, Some(&SqlState::DISK_FULL)) => {
            failure = failure.hint("make room on the database server and run it again")
        }
        (None, None) => {
            failure = failure.hint(format!("the connection was lost; {lost}"));
        }
        (
            None,
            Some(&SqlState::ADMIN_SHUTDOWN | &SqlState::CRASH_SHUTDOWN | &SqlState::CANNOT_CONNECT_NOW),
        ) => {
            failure = failure.hint(format!("the server was stopped; {lost}"));
        }
        _ => {}
    }
    failure
}

fn in_words(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(db) => match db.detail() {
            Some(detail) => format!("{} ({detail})", db.message()),
            None => db.message().to_owned(),
        },
        None => {
            let mut words = error.to_string();
            let mut cause = std::error::Error::source(error);
            while let Some(next) = cause {
                let next_words = next.to_string();
                if !words.contains(&next_words) {
                    words = format!("{words}: {next_words}");
                }
                cause = next.source();
            }
            words
        }
    }
}
