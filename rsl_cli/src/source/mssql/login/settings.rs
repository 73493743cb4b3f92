//! Settings as they are gathered, each said once, and the login that they make.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use super::keyword::{self, Keyword};
use super::server::{self, Server};
use super::{Authentication, Encryption, Login, PASSWORD_VARIABLE};
use crate::failure::{Failure, Result};

/// The longest name or password that fits into a login, in UTF-16 units.
const LONGEST: usize = 128;

/// What has been said so far. It has no `Debug`, because it holds the password.
#[derive(Default)]
pub struct Settings {
    host: Option<String>,
    instance: Option<String>,
    port: Option<u16>,
    database: Option<String>,
    user: Option<String>,
    password: Option<String>,
    windows: Option<bool>,
    encryption: Option<Encryption>,
    trust_cert: Option<bool>,
    ca_file: Option<PathBuf>,
    host_in_certificate: Option<String>,
    application: Option<String>,
    read_only_intent: Option<bool>,
    multi_subnet: Option<bool>,
    packet_size: Option<u32>,
    connect_timeout: Option<Duration>,
    login_timeout: Option<Duration>,
    idle_timeout: Option<Duration>,
    separate_timeouts: bool,
}

impl Settings {
    /// Connecting and logging in have a timeout each. Elsewhere one covers both, by the name of either.
    pub fn separate_timeouts(&mut self) {
        self.separate_timeouts = true;
    }

    /// Where the server is.
    pub fn server(&mut self, server: Server) -> Result<()> {
        set(&mut self.host, server.host, "the server")?;
        if let Some(instance) = server.instance {
            set(&mut self.instance, instance, "the instance")?;
        }
        match server.port {
            Some(port) => set(&mut self.port, port, "the port"),
            None => Ok(()),
        }
    }

    /// A row of settings, in their order.
    pub fn apply_all(&mut self, pairs: Vec<(String, String)>) -> Result<()> {
        let mut doubtful = false;
        for (name, value) in pairs {
            let keyword = keyword::find(&name);
            if keyword.is_none() && doubtful && !keyword::is_near(&name) {
                return Err(Failure::new("what follows the password is not a known keyword")
                    .hint("if it belongs to the password, quote the password as its form demands: \"…\" in ADO.NET, {…} in ODBC and JDBC, %26 for & in a URL"));
            }
            self.apply(&name, &value)?;
            // What comes next may be a part of this value that slipped out of it, and this value the password.
            doubtful = keyword == Some(Keyword::Password) || value.contains('=');
        }
        Ok(())
    }

    /// One setting. An empty value says nothing.
    pub fn apply(&mut self, name: &str, value: &str) -> Result<()> {
        let Some(keyword) = keyword::find(name) else { return Err(unknown(name)) };
        if value.is_empty() {
            return Ok(());
        }
        match keyword {
            Keyword::Server => self.server(server::parse(value)?),
            Keyword::Port => set(&mut self.port, server::read_port(value)?, name),
            Keyword::Instance => match server::read_instance(value)? {
                Some(instance) => set(&mut self.instance, instance, name),
                None => Ok(()),
            },
            Keyword::Database => set(&mut self.database, read_name(name, value)?, name),
            Keyword::User => set(&mut self.user, read_name(name, value)?, name),
            Keyword::Password => set(&mut self.password, value.to_owned(), name),
            Keyword::WindowsAuthentication => {
                let windows = value.eq_ignore_ascii_case("sspi") || read_bool(name, value)?;
                set(&mut self.windows, windows, name)
            }
            Keyword::Authentication => check_authentication(value),
            Keyword::Encrypt => set(&mut self.encryption, read_encryption(name, value)?, name),
            Keyword::TrustCert => set(&mut self.trust_cert, read_bool(name, value)?, name),
            Keyword::CaFile => set(&mut self.ca_file, PathBuf::from(value), name),
            Keyword::HostInCertificate => {
                set(&mut self.host_in_certificate, read_name(name, value)?, name)
            }
            Keyword::Application => set(&mut self.application, read_name(name, value)?, name),
            Keyword::ApplicationIntent => set(&mut self.read_only_intent, read_intent(name, value)?, name),
            Keyword::MultiSubnet => set(&mut self.multi_subnet, read_bool(name, value)?, name),
            // These ask for the default.
            Keyword::PacketSize if matches!(value, "0" | "-1") => Ok(()),
            Keyword::PacketSize => {
                let size = value.parse().ok().filter(|size| (512..=32_767).contains(size));
                set(&mut self.packet_size, size.ok_or_else(|| bad(name, "a number from 512 to 32767"))?, name)
            }
            Keyword::ConnectTimeout => set(&mut self.connect_timeout, read_seconds(name, value)?, name),
            Keyword::LoginTimeout => set(&mut self.login_timeout, read_seconds(name, value)?, name),
            Keyword::IdleTimeout => set(&mut self.idle_timeout, read_seconds(name, value)?, name),
            Keyword::Driver if keyword::is_other_driver(value) => {
                Err(Failure::new(format!("\"{name}\" is for another kind of database than SQL Server"))
                    .hint("it may be left out"))
            }
            Keyword::NetworkLibrary if !is_tcp(value) => {
                Err(Failure::new(format!("\"{name}\" asks for a protocol other than TCP"))
                    .hint("leave it out; the server must listen on TCP"))
            }
            Keyword::ColumnEncryption if !matches!(value.to_ascii_lowercase().as_str(), "disabled" | "no") => {
                Err(Failure::new("columns under Always Encrypted are not decrypted")
                    .hint(format!("leave out \"{name}\": such columns are then read as the bytes that are stored")))
            }
            Keyword::OdbcConnect => {
                Err(Failure::new(format!("\"{name}\" belongs into a URL of SQLAlchemy"))
                    .hint("write mssql+pyodbc:///?odbc_connect=…, or what it says by itself"))
            }
            Keyword::DataSourceName => {
                Err(Failure::new(format!("\"{name}\" names an entry of the ODBC settings, which are not read"))
                    .hint("write what the entry says: Server=host,port;Database=…;UID=…;PWD={…}"))
            }
            Keyword::AttachFile => Err(Failure::new(format!("\"{name}\" would change the server: it attaches a file"))
                .hint("have the database attached, then name it with Database=…")),
            Keyword::TrustStore => Err(Failure::new("a key store of Java is not read").hint(
                "export the authority's certificate as a PEM file (keytool -exportcert -rfc) and name it with ca=/path",
            )),
            Keyword::PinnedCertificate => Err(Failure::new(format!("\"{name}\" is not supported")).hint(
                "name the file with the certificate of the authority that signed the server's: ca=/path",
            )),
            Keyword::Domain => Err(Failure::new(format!("\"{name}\" is not supported by itself"))
                .hint("write the user as DOMAIN\\user")),
            Keyword::Driver | Keyword::NetworkLibrary | Keyword::ColumnEncryption | Keyword::Ignored => Ok(()),
        }
    }

    /// The login, with the password from the environment where the text has none.
    pub fn finish(self, environment: Option<OsString>) -> Result<Login> {
        let host = self.host.ok_or_else(|| {
            Failure::new("no server is named")
                .hint("write mssql://user:password@host:port/database, or Server=host")
        })?;
        let encryption = self.encryption.unwrap_or_default();
        let trust_cert = self.trust_cert.unwrap_or_default();
        if trust_cert && self.ca_file.is_some() {
            return Err(Failure::new("any certificate is trusted, and yet an authority is named")
                .hint("leave out trust_cert to have the certificate verified, or leave out ca"));
        }
        if encryption == Encryption::Off && self.ca_file.is_some() {
            return Err(Failure::new("nothing is encrypted, and yet an authority for certificates is named")
                .hint("leave out encrypt=off, or leave out ca"));
        }
        let windows = self.windows.unwrap_or_default();
        let password = match self.password {
            None if self.user.is_some() => from_environment(environment)?,
            password => password,
        };
        if password.as_ref().is_some_and(|password| password.encode_utf16().count() > LONGEST) {
            return Err(Failure::new(format!(
                "the password is longer than the {LONGEST} characters that SQL Server takes"
            ))
            .hint(format!("is it the password alone? it may also be in {PASSWORD_VARIABLE}")));
        }
        let authentication = match (windows, self.user, password) {
            (true, user, password) => Authentication::Windows { user, password },
            (false, Some(user), Some(password)) => Authentication::Sql { user, password },
            (false, None, _) => {
                return Err(Failure::new("no user is named for the SQL Server").hint(
                    "write mssql://user:password@host/database, or User Id=…;Password=…, or Integrated Security=true for a Windows account",
                ));
            }
            (false, Some(_), None) => {
                return Err(Failure::new("the user of the SQL Server has no password")
                    .hint(format!("write it behind the user, or set {PASSWORD_VARIABLE}")));
            }
        };
        let seconds = Duration::from_secs;
        let (connect, login) = match (self.connect_timeout, self.login_timeout) {
            (Some(one), None) | (None, Some(one)) if !self.separate_timeouts => (one, one),
            (connect, login) => (connect.unwrap_or(seconds(15)), login.unwrap_or(seconds(15))),
        };
        Ok(Login {
            host,
            port: self.port,
            instance: self.instance,
            database: self.database,
            authentication,
            encryption,
            trust_cert,
            ca_file: self.ca_file,
            host_in_certificate: self.host_in_certificate,
            application: self.application.unwrap_or_else(|| "rsl".to_owned()),
            read_only_intent: self.read_only_intent.unwrap_or_default(),
            multi_subnet: self.multi_subnet.unwrap_or_default(),
            packet_size: self.packet_size,
            connect_timeout: connect,
            login_timeout: login,
            idle_timeout: self.idle_timeout.unwrap_or(seconds(300)),
        })
    }
}

fn from_environment(variable: Option<OsString>) -> Result<Option<String>> {
    let password = variable.map(OsString::into_string).transpose();
    let password = password.map_err(|_| Failure::new(format!("{PASSWORD_VARIABLE} is not UTF-8")))?;
    Ok(password.filter(|password| !password.is_empty()))
}

/// Drivers disagree which of two contradicting values holds, so that none is right.
fn set<T: PartialEq>(slot: &mut Option<T>, value: T, name: &str) -> Result<()> {
    if slot.as_ref().is_some_and(|old| *old != value) {
        let name =
            name.strip_prefix("the ").map_or_else(|| format!("\"{name}\""), |name| format!("the {name}"));
        return Err(Failure::new(format!("{name} is said twice, with different values"))
            .hint("leave one out; a keyword may have been said by another of its names"));
    }
    *slot = Some(value);
    Ok(())
}

/// An unknown keyword is named if it can be one. Anything else may have slipped out of a value.
fn unknown(name: &str) -> Failure {
    let shown = name.chars().count() <= 40
        && name.chars().any(char::is_alphabetic)
        && name.chars().all(|c| c.is_alphabetic() || " _-.".contains(c));
    Failure::new(if shown { format!("unknown keyword \"{name}\"") } else { "unknown keyword".to_owned() })
        .hint("known are those of ODBC, ADO.NET and JDBC that a reader needs: server, port, instance, database, user, password, encrypt, trust_cert, ca, host_in_certificate, connect_timeout, login_timeout, idle_timeout, packet_size, application_name, application_intent, multi_subnet_failover")
}

fn bad(name: &str, expected: &str) -> Failure {
    Failure::new(format!("\"{name}\" must be {expected}"))
}

/// Anything that ends up in a report or in the login packet as a name.
fn read_name(keyword: &str, value: &str) -> Result<String> {
    if value.chars().any(char::is_control) {
        return Err(bad(keyword, "without control characters, such as a line end"));
    }
    if value.encode_utf16().count() > LONGEST {
        return Err(bad(keyword, "no longer than the 128 characters that SQL Server takes"));
    }
    Ok(value.to_owned())
}

fn read_bool(name: &str, value: &str) -> Result<bool> {
    match value.to_ascii_lowercase().as_str() {
        "true" | "yes" | "1" | "on" => Ok(true),
        "false" | "no" | "0" | "off" => Ok(false),
        _ => Err(bad(name, "true or false")),
    }
}

/// `false` and its like mean what they mean to Microsoft's drivers, which never send a password in the clear.
fn read_encryption(name: &str, value: &str) -> Result<Encryption> {
    match value.to_ascii_lowercase().as_str() {
        "off" | "disable" | "disabled" => Ok(Encryption::Off),
        "login" | "false" | "no" | "0" | "optional" => Ok(Encryption::Login),
        "on" | "true" | "yes" | "1" | "mandatory" | "required" | "require" => Ok(Encryption::On),
        "strict" => Ok(Encryption::Strict),
        _ => Err(bad(name, "off, login, on or strict")),
    }
}

fn read_intent(name: &str, value: &str) -> Result<bool> {
    match value.to_ascii_lowercase().as_str() {
        "readonly" => Ok(true),
        "readwrite" => Ok(false),
        _ => Err(bad(name, "ReadOnly or ReadWrite")),
    }
}

fn read_seconds(name: &str, value: &str) -> Result<Duration> {
    let seconds = value.parse::<i32>().ok().and_then(|seconds| u64::try_from(seconds).ok());
    match seconds {
        Some(seconds) if seconds > 0 => Ok(Duration::from_secs(seconds)),
        _ => Err(bad(name, "a whole number of seconds, at least 1").hint("86400 is a day")),
    }
}

fn check_authentication(value: &str) -> Result<()> {
    let value: String = value.chars().filter(|c| *c != ' ').collect::<String>().to_ascii_lowercase();
    match value.as_str() {
        "sqlpassword" | "notspecified" => Ok(()),
        _ => Err(Failure::new("of the ways to authenticate, only SqlPassword is supported by that keyword")
            .hint("use a login of the server with its password, or Integrated Security=true for a Windows account")),
    }
}

fn is_tcp(library: &str) -> bool {
    matches!(library.to_ascii_lowercase().as_str(), "dbmssocn" | "tcp" | "tcpip" | "tcp/ip")
}
