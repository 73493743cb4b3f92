//! A connection to a SQL Server, and its errors in words.

use std::sync::Arc;
use std::time::Duration;

use futures_util::TryStreamExt;
use tiberius::error::{Error, IoErrorKind};
use tiberius::{AuthMethod, Client, Config, EncryptionLevel, QueryItem, Row, SqlBrowser};
use tokio::net::TcpStream;
use tokio_util::compat::{Compat, TokioAsyncWriteCompatExt};

use super::login::{Authentication, Encryption, Login};
use super::transient::{LOGIN_FAILED, Nature, explain, explain_login_failure, nature};
use crate::failure::{Failure, Result};

/// Redirections that are followed: a gateway of Azure sends on once.
const REDIRECTIONS: usize = 3;

/// An open connection. After an error, and after a result that was not read to its end, it must be thrown away.
pub struct Session {
    client: Client<Compat<TcpStream>>,
    login: Arc<Login>,
}

impl Session {
    /// Connects, follows redirections, logs in.
    pub async fn open(login: &Arc<Login>) -> Result<Self> {
        let mut config = config(login)?;
        let mut place = login.name();
        for _ in 0..REDIRECTIONS {
            match connect(&config, login).await {
                Ok(client) => return Ok(Self { client, login: login.clone() }),
                Err(Error::Routing { host, port }) => {
                    place = format!("{host}:{port}");
                    config.host(&host);
                    config.port(port);
                }
                Err(error) => return Err(unreachable(error, &place, login)),
            }
        }
        Err(Failure::new(format!("{} sends on from server to server without end", login.name())))
    }

    /// Statements without rows, such as SET.
    pub async fn run(&mut self, sql: &str) -> Result<()> {
        self.rows(sql, None).await.map(|_| ())
    }

    /// All rows of a query that has few.
    pub async fn rows(&mut self, sql: &str, object: Option<&str>) -> Result<Vec<Row>> {
        let login = self.login.clone();
        let failed = |error| failure(error, &login, object);
        let mut stream = self.client.simple_query(sql).await.map_err(failed)?;
        let mut rows = Vec::new();
        while let Some(item) = stream.try_next().await.map_err(failed)? {
            if let QueryItem::Row(row) = item {
                rows.push(row);
            }
        }
        Ok(rows)
    }

    /// The results of a query one after another, and how its errors are to be told.
    pub async fn stream(&mut self, sql: &str, object: &str) -> Result<Stream<'_>> {
        let login = self.login.clone();
        let results =
            self.client.simple_query(sql).await.map_err(|error| failure(error, &login, Some(object)))?;
        Ok(Stream { results, login, object: object.to_owned() })
    }
}

/// The results of a query.
pub struct Stream<'a> {
    results: tiberius::QueryStream<'a>,
    login: Arc<Login>,
    object: String,
}

impl Stream<'_> {
    /// The next row, with the number of its result from 0; `None` at the end of all.
    pub async fn next(&mut self) -> Result<Option<Row>> {
        loop {
            match self.results.try_next().await {
                Ok(Some(QueryItem::Row(row))) => return Ok(Some(row)),
                Ok(Some(QueryItem::Metadata(_))) => {}
                Ok(None) => return Ok(None),
                Err(error) => return Err(failure(error, &self.login, Some(&self.object))),
            }
        }
    }
}

fn config(login: &Login) -> Result<Config> {
    let mut config = Config::new();
    config.host(&login.host);
    match (&login.instance, login.port) {
        // The browser of a named instance listens on a port of its own; a port that was given needs no browser.
        (Some(instance), None) => config.instance_name(instance),
        (_, port) => config.port(port.unwrap_or(1433)),
    }
    if let Some(database) = &login.database {
        config.database(database);
    }
    match &login.authentication {
        Authentication::Sql { user, password } => {
            config.authentication(AuthMethod::sql_server(user, password))
        }
        Authentication::Windows { .. } => {
            return Err(Failure::new("this program was built without Windows authentication")
                .hint("log in with a user and password of the SQL Server itself"));
        }
    }
    config.encryption(match login.encryption {
        Encryption::Off => EncryptionLevel::NotSupported,
        Encryption::Login => EncryptionLevel::Off,
        Encryption::On => EncryptionLevel::Required,
        Encryption::Strict => EncryptionLevel::Strict,
    });
    if login.trust_cert {
        config.trust_cert();
    } else if let Some(file) = &login.ca_file {
        config.trust_cert_ca(file.display());
    }
    if let Some(name) = &login.host_in_certificate {
        config.hostname_in_certificate(name);
    }
    config.application_name(&login.application);
    config.readonly(login.read_only_intent);
    config.multi_subnet_failover(login.multi_subnet);
    if let Some(size) = login.packet_size {
        config.packet_size(size);
    }
    config.handshake_timeout(Some(login.login_timeout));
    // Between two parts of an answer, not for the whole of it.
    config.command_timeout(Some(login.idle_timeout));
    Ok(config)
}

async fn connect(config: &Config, login: &Login) -> std::result::Result<Client<Compat<TcpStream>>, Error> {
    let too_long = |what: &str, timeout: Duration| Error::Io {
        kind: IoErrorKind::TimedOut,
        message: format!("{what} took longer than {} s", timeout.as_secs_f64()),
    };
    let stream = tokio::time::timeout(login.connect_timeout, TcpStream::connect_named(config))
        .await
        .map_err(|_| too_long("connecting", login.connect_timeout))??;
    stream.set_nodelay(true)?;
    // The driver's own limit does not hold for every step of the handshake.
    tokio::time::timeout(login.login_timeout, Client::connect(config.clone(), stream.compat_write()))
        .await
        .map_err(|_| too_long("logging in", login.login_timeout))?
}

fn unreachable(error: Error, place: &str, login: &Login) -> Failure {
    let what = format!("cannot connect to {place}: {}", in_words(&error));
    match &error {
        Error::Server(server) => {
            let failed = Failure::new(what);
            let hint = match server.code() {
                LOGIN_FAILED => Some(explain_login_failure(server.state(), login)),
                number => explain(number, login, None),
            };
            let failed = match hint {
                Some(hint) => failed.hint(hint),
                None => failed,
            };
            if is_transient(&error) { failed.transient() } else { failed }
        }
        Error::Tls(_) => Failure::new(what).hint(
            "the certificate must be of a known authority and name the host: give ?ca=/path/to/ca.pem or ?host_in_certificate=name; ?trust_cert=true believes any",
        ),
        Error::Io { message, .. } if message.contains("certificate") => Failure::new(what).hint(
            "the certificate must be of a known authority and name the host: give ?ca=/path/to/ca.pem or ?host_in_certificate=name; ?trust_cert=true believes any",
        ),
        Error::Io { kind: IoErrorKind::ConnectionRefused, .. } => Failure::new(what)
            .hint("does the server listen on that port, and does it take TCP connections? a named instance is written host\\instance")
            .unreachable(),
        Error::Io { kind: IoErrorKind::UnexpectedEof | IoErrorKind::ConnectionReset | IoErrorKind::BrokenPipe, .. } => {
            Failure::new(what).hint("the server, or something in between, ended the connection").transient()
        }
        Error::Io { .. } => Failure::new(what).hint("is it the right host and port, and no firewall in between?").unreachable(),
        _ => Failure::new(what).hint("is it a SQL Server that listens there?"),
    }
}

/// An error of the driver or the server. `object` is what was being read.
fn failure(error: Error, login: &Login, object: Option<&str>) -> Failure {
    let mut failed = Failure::new(in_words(&error));
    if let Some(hint) = error.code().and_then(|number| explain(number, login, object)) {
        failed = failed.hint(hint);
    }
    if is_transient(&error) { failed.transient() } else { failed }
}

/// What was lost on the way may come whole the next time: a stream that breaks off in the middle of a value looks to the
/// driver like one that makes no sense.
fn is_transient(error: &Error) -> bool {
    match error {
        Error::Server(server) => nature(server.code()) == Nature::Transient,
        Error::Io { .. } | Error::Protocol(_) => true,
        _ => false,
    }
}

fn in_words(error: &Error) -> String {
    match error {
        Error::Server(server) => format!("SQL Server error {}: {}", server.code(), server.message()),
        Error::Io { kind: IoErrorKind::TimedOut, message }
            if message.contains("next part of the command result") =>
        {
            "the server has not sent anything for longer than the idle timeout".to_owned()
        }
        Error::Io { kind: IoErrorKind::UnexpectedEof, .. } => "the connection was lost".to_owned(),
        Error::Io { message, .. } => message.clone(),
        Error::Protocol(what) => format!("the answer of the server makes no sense: {what}"),
        other => other.to_string(),
    }
}
