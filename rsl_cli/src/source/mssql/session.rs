//! A connection to a SQL Server, and its errors in words.

use std::sync::Arc;
use std::time::Duration;

use futures_util::TryStreamExt;
use tiberius::error::{Error, IoErrorKind};
use tiberius::{AuthMethod, Client, Config, EncryptionLevel, QueryItem, Row, SqlBrowser};
use tokio::net::TcpStream;
use tokio_util::compat::{Compat, TokioAsyncWriteCompatExt};

use super::catalogue::optional_number;
use super::login::{Authentication, Encryption, Login};
use super::transient::{LOGIN_FAILED, Nature, explain, explain_login_failure, nature};
use crate::driver_panic::{Panicked, contained};
use crate::failure::{Failure, Result};

/// Redirections that are followed: a gateway of Azure sends on once.
const REDIRECTIONS: usize = 3;

/// What the server does that keeps silent.
const SILENT: &str = "the server has not sent anything for longer than the idle timeout";
/// The number of rows that the statement before it has sent.
pub const SENT: &str = "SELECT ROWCOUNT_BIG() AS n";
const NO_SERVER: &str = "is it a SQL Server that listens there?";

/// An open connection. After an error, and after a result that was not read to its end, it must be thrown away.
///
/// All that the driver does is done in here, contained: it can panic over what a server sends.
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
            let connected = contained(connect(&config, login)).await.map_err(|panicked| {
                Failure::new(format!("cannot connect to {place}: {panicked}")).hint(NO_SERVER)
            })?;
            match connected {
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
        self.whole(sql, 0, None).await.map(|_| ())
    }

    /// All rows of a query that has few.
    pub async fn rows(&mut self, sql: &str, object: Option<&str>) -> Result<Vec<Row>> {
        let (rows, sent) = self.whole(sql, 1, object).await?;
        match sent == rows.len() as i64 {
            true => Ok(rows),
            false => Err(broken_off(object, rows.len() as u64)),
        }
    }

    /// The rows of the first results, as many as are told, and how many rows the last statement says it has sent. This number
    /// comes as a result of its own: the driver takes an answer that breaks off between two rows for a whole one.
    async fn whole(&mut self, sql: &str, results: usize, object: Option<&str>) -> Result<(Vec<Row>, i64)> {
        let login = self.login.clone();
        let failed = |error| failure(error, &login, object);
        let sql = format!("{sql}; {SENT}");
        let all = async {
            let mut stream = begun(&mut self.client, &sql, &login).await.map_err(failed)?;
            let (mut rows, mut sent) = (Vec::new(), None);
            while let Some(item) = stream.try_next().await.map_err(failed)? {
                match item {
                    QueryItem::Row(row) if row.result_index() < results => rows.push(row),
                    QueryItem::Row(row) => sent = optional_number(&row, 0)?,
                    QueryItem::Metadata(_) => {}
                }
            }
            match sent {
                Some(sent) => Ok((rows, sent)),
                None => Err(broken_off(object, rows.len() as u64)),
            }
        };
        contained(all).await.unwrap_or_else(|panicked| Err(senseless(panicked)))
    }

    /// The results of a query one after another, and how its errors are to be told.
    pub async fn stream(&mut self, sql: &str, object: &str) -> Result<Stream<'_>> {
        let login = self.login.clone();
        let results = contained(begun(&mut self.client, sql, &login)).await.map_err(senseless)?;
        let results = results.map_err(|error| failure(error, &login, Some(object)))?;
        Ok(Stream { results, login, object: object.to_owned() })
    }
}

/// The beginning of an answer. The driver has limits of its own for what comes after it, but none for what it first does: it
/// reads the answer before to its end and sends.
async fn begun<'a>(
    client: &'a mut Client<Compat<TcpStream>>,
    sql: &str,
    login: &Login,
) -> std::result::Result<tiberius::QueryStream<'a>, Error> {
    tokio::time::timeout(login.idle_timeout, client.simple_query(sql))
        .await
        .map_err(|_| Error::Io { kind: IoErrorKind::TimedOut, message: SILENT.to_owned() })?
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
            match contained(self.results.try_next()).await.map_err(senseless)? {
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
        Authentication::Windows { user, password } => {
            if user.is_some() || password.is_some() {
                return Err(Failure::new("a Windows account does not log in with a user and a password here")
                    .hint("get a Kerberos ticket with kinit user@DOMAIN and leave both out, or use a login of the SQL Server itself"));
            }
            config.authentication(integrated()?);
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

/// The Kerberos ticket of this process.
#[cfg(feature = "kerberos")]
fn integrated() -> Result<AuthMethod> {
    Ok(AuthMethod::Integrated)
}

#[cfg(not(feature = "kerberos"))]
fn integrated() -> Result<AuthMethod> {
    Err(Failure::new("this program was built without Windows authentication").hint(
        "build it with --features kerberos, or log in with a user and password of the SQL Server itself",
    ))
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
            Failure::new(what)
                .hint("the server, or something in between, ended the connection; if it always does, is it a SQL Server that listens there?")
                .transient()
        }
        Error::Io { .. } => Failure::new(what).hint("is it the right host and port, and no firewall in between?").unreachable(),
        #[cfg(feature = "kerberos")]
        Error::Gssapi(_) => Failure::new(what).hint(
            "klist shows the Kerberos tickets, kinit user@DOMAIN gets one; the domain must know the service MSSQLSvc/host:port by the name in the source's URL",
        ),
        _ => Failure::new(what).hint(NO_SERVER),
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

/// What arrived is not the whole answer.
pub fn broken_off(object: Option<&str>, rows: u64) -> Failure {
    let of = object.map_or_else(String::new, |object| format!("{object}: "));
    Failure::new(format!("{of}the source's answer broke off after {rows} rows")).transient()
}

/// The same as an error of the driver that says so.
fn senseless(panicked: Panicked) -> Failure {
    Failure::new(panicked.to_string()).hint(NO_SERVER).transient()
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
            SILENT.to_owned()
        }
        Error::Io { kind: IoErrorKind::UnexpectedEof, .. } => "the connection was lost".to_owned(),
        // The driver goes on with advice to programmers.
        Error::Io { message, .. } => {
            message.split(". To connect anyway").next().unwrap_or_default().to_owned()
        }
        Error::Protocol(what) => format!("the answer of the server makes no sense: {what}"),
        other => other.to_string(),
    }
}
