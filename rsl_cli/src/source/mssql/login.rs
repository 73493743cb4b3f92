//! How to reach a database of a SQL Server, read from any of the forms that people have it in: a URL, SQLAlchemy's
//! URL, an ADO.NET or ODBC connection string, a JDBC URL.
//!
//! No message of this module and of those below shows a value, because a value in the wrong place may be a password.

mod keyword;
mod pairs;
mod server;
mod settings;
#[cfg(test)]
mod tests;
mod url;

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::failure::{Failure, Result};
use keyword::Keyword;
use pairs::Rules;
use settings::Settings;

/// The environment variable that holds the password when the text names only the user.
pub const PASSWORD_VARIABLE: &str = "MSSQL_PASSWORD";

/// The port of an instance that has no name.
pub const DEFAULT_PORT: u16 = 1433;

/// How to reach a database of a SQL Server, whatever form it was written in.
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    /// Name or address; an IPv6 address without its brackets.
    pub host: String,
    /// Leads to an instance by itself, so that the name of one is not looked up when both are said.
    pub port: Option<u16>,
    /// A named instance, whose port the server's SQL Server Browser knows.
    pub instance: Option<String>,
    /// The login's default database if not said.
    pub database: Option<String>,
    /// Who logs in.
    pub authentication: Authentication,
    /// What is encrypted.
    pub encryption: Encryption,
    /// Any certificate of the server will do.
    pub trust_cert: bool,
    /// Authorities to trust besides those of the system.
    pub ca_file: Option<PathBuf>,
    /// The name that the certificate must have, if it is not `host`.
    pub host_in_certificate: Option<String>,
    /// As the server's administrator sees it in the list of sessions.
    pub application: String,
    /// A readable secondary of an availability group will do.
    pub read_only_intent: bool,
    /// The name of the server may have addresses in several networks, to be tried side by side.
    pub multi_subnet: bool,
    /// Bytes of a network packet, from 512 to 32,767; the driver's default if not said.
    pub packet_size: Option<u32>,
    /// For the TCP connection.
    pub connect_timeout: Duration,
    /// For TLS and the login, once the server is reached.
    pub login_timeout: Duration,
    /// How long the server may be silent in the middle of an answer.
    pub idle_timeout: Duration,
}

/// Who logs in.
#[derive(Clone, PartialEq, Eq)]
pub enum Authentication {
    /// A login of the server itself, or one that looks like a Windows account but comes with a password.
    Sql { user: String, password: String },
    /// A Windows account, that of this process if none is named.
    Windows { user: Option<String>, password: Option<String> },
}

/// What is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Encryption {
    /// Nothing, not even the password.
    Off,
    /// Only the login packet.
    Login,
    /// Everything.
    #[default]
    On,
    /// Everything, from the first byte: TDS 8.
    Strict,
}

impl Login {
    /// Reads any of the forms. A user without a password gets that of [`PASSWORD_VARIABLE`].
    pub fn parse(text: &str) -> Result<Self> {
        Self::parse_with(text, std::env::var_os(PASSWORD_VARIABLE))
    }

    fn parse_with(text: &str, password: Option<OsString>) -> Result<Self> {
        let text = text.trim();
        let mut settings = Settings::default();
        match Form::of(text) {
            Some(Form::Url) => url::read(text, &mut settings)?,
            Some(Form::Jdbc(rest)) => read_jdbc(rest, &mut settings)?,
            Some(Form::Odbc(rest)) => settings.apply_all(pairs::parse(rest, Rules::Odbc)?)?,
            Some(Form::Pairs) => settings.apply_all(pairs::ado_or_odbc(text)?)?,
            Some(Form::Jtds) => {
                return Err(
                    Failure::new("URLs of the jTDS driver are not read").hint("write jdbc:sqlserver://…")
                );
            }
            None => {
                return Err(Failure::new("this does not name a SQL Server")
                    .hint("write mssql://user:password@host:port/database"));
            }
        }
        settings.finish(password)
    }

    /// For reports and to tell sources apart: without the password, and the same however it was written.
    pub fn name(&self) -> String {
        let mut name = String::from("mssql://");
        if let Some(user) = self.user() {
            name.push_str(user);
            name.push('@');
        }
        let host = self.host.to_lowercase();
        name.push_str(&if host.contains(':') { format!("[{host}]") } else { host });
        match (self.port, &self.instance) {
            (None, Some(instance)) => name.push_str(&format!("\\{}", instance.to_lowercase())),
            (port, _) => name.push_str(&format!(":{}", port.unwrap_or(DEFAULT_PORT))),
        }
        if let Some(database) = &self.database {
            name.push('/');
            name.push_str(database);
        }
        name
    }

    /// The user, if one is named.
    pub fn user(&self) -> Option<&str> {
        match &self.authentication {
            Authentication::Sql { user, .. } => Some(user),
            Authentication::Windows { user, .. } => user.as_deref(),
        }
    }
}

impl fmt::Display for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login")
            .field("name", &self.name())
            .field("authentication", &self.authentication)
            .field("encryption", &self.encryption)
            .field("trust_cert", &self.trust_cert)
            .field("ca_file", &self.ca_file)
            .field("host_in_certificate", &self.host_in_certificate)
            .field("application", &self.application)
            .field("read_only_intent", &self.read_only_intent)
            .field("multi_subnet", &self.multi_subnet)
            .field("packet_size", &self.packet_size)
            .field("timeouts", &(self.connect_timeout, self.login_timeout, self.idle_timeout))
            .finish()
    }
}

impl fmt::Debug for Authentication {
    /// Without the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sql { user, .. } => f.debug_struct("Sql").field("user", user).finish_non_exhaustive(),
            Self::Windows { user, .. } => {
                f.debug_struct("Windows").field("user", user).finish_non_exhaustive()
            }
        }
    }
}

/// Whether a text names a SQL Server, by its scheme or its form; it may still be malformed.
pub fn is_sql_server(text: &str) -> bool {
    Form::of(text.trim()).is_some()
}

/// How a connection is written down.
enum Form<'a> {
    /// `mssql://…`, `sqlserver://…` and SQLAlchemy's `mssql+driver://…`.
    Url,
    /// `jdbc:sqlserver:` and the rest of it.
    Jdbc(&'a str),
    /// `jdbc:jtds:sqlserver:…`, which has a grammar of its own.
    Jtds,
    /// `odbc:` and the ODBC string that follows.
    Odbc(&'a str),
    /// `name=value;…`, as ADO.NET and ODBC write it.
    Pairs,
}

impl<'a> Form<'a> {
    fn of(text: &'a str) -> Option<Self> {
        if let Some(rest) = after_prefix(text, "jdbc:sqlserver:") {
            return Some(Self::Jdbc(rest));
        }
        if after_prefix(text, "jdbc:jtds:sqlserver:").is_some() {
            return Some(Self::Jtds);
        }
        if let Some((scheme, rest)) = text.split_once("://")
            && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-._".contains(&b))
        {
            let scheme = scheme.to_ascii_lowercase();
            return match scheme.split('+').next().unwrap_or_default() {
                "sqlserver" if url::is_jdbc_without_prefix(rest) => {
                    Some(Self::Jdbc(&text[text.len() - rest.len() - "//".len()..]))
                }
                "mssql" | "sqlserver" => Some(Self::Url),
                _ => None,
            };
        }
        if let Some(rest) = after_prefix(text, "odbc:") {
            return names_sql_server(rest).then_some(Self::Odbc(rest));
        }
        names_sql_server(text).then_some(Self::Pairs)
    }
}

fn after_prefix<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let start = text.get(..prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then(|| &text[prefix.len()..])
}

/// Whether `name=value;…` names a server, or an entry of the ODBC settings, and no driver of another database.
/// Quotes are not looked at: a malformed text shall be read, and its fault be told.
fn names_sql_server(text: &str) -> bool {
    let mut named = false;
    for (name, value) in text.split(';').filter_map(|pair| pair.split_once('=')) {
        match keyword::find(name) {
            Some(Keyword::Server | Keyword::DataSourceName) => named = true,
            Some(Keyword::Driver) if keyword::is_other_driver(value) => return false,
            _ => {}
        }
    }
    named
}

/// `//server\instance:port;name=value;…`, each part of which may be left out.
fn read_jdbc(rest: &str, settings: &mut Settings) -> Result<()> {
    let rest = rest.strip_prefix("//").ok_or_else(|| {
        Failure::new("the JDBC URL is not well formed")
            .hint("write jdbc:sqlserver://host:port;databaseName=…;user=…;password={…}")
    })?;
    let (place, rest) = rest.split_once(';').unwrap_or((rest, ""));
    if !place.trim().is_empty() {
        settings.server(server::parse(place)?)?;
    }
    settings.apply_all(pairs::parse(rest, Rules::Jdbc)?)
}
