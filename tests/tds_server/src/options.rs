//! How a server is to be: who may log in, how it encrypts, what it says of itself, how it writes answers.

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use crate::{collation, collation::Collation};

/// How a server is to be. `Options::default().login("sa", "secret")` is the least a client needs.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where to listen; port 0 takes any that is free.
    pub listen: SocketAddr,
    /// Who may log in.
    pub logins: Vec<Login>,
    /// Plain, encrypted, or as the client wishes.
    pub encryption: Encryption,
    /// Shown to clients that encrypt.
    pub certificate: Certificate,
    /// `@@SERVERNAME`, also in every message.
    pub server_name: String,
    /// The name by which clients may ask for this instance, besides `MSSQLServer`.
    pub instance: String,
    /// Major, minor, build: 16.0.1000 is SQL Server 2022.
    pub version: (u8, u8, u16),
    /// Bytes of a packet if the client does not say how large it wants them; at most it gets 32,767.
    pub packet_size: usize,
    /// Keep the answers of SELECTs as they went over the wire, and send them from memory the next time.
    pub cache: bool,
    /// How rows with NULLs are written.
    pub null_bitmap: NullBitmap,
    /// How values of unlimited size are written.
    pub chunks: Chunks,
    /// Send everyone who has logged in to this host and port, as Azure's gateway does.
    pub redirect: Option<(String, u16)>,
    /// Of the server.
    pub collation: &'static Collation,
    /// How long the handshake and the login may take; a client that does nothing is sent away.
    pub login_timeout: Duration,
    /// Threads that read and write sockets, for all connections together.
    pub threads: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: (Ipv4Addr::LOCALHOST, 0).into(),
            logins: Vec::new(),
            encryption: Encryption::On,
            certificate: Certificate::for_tests(),
            server_name: "TDSTEST".to_owned(),
            instance: "SQLEXPRESS".to_owned(),
            version: (16, 0, 1000),
            packet_size: 4096,
            cache: false,
            null_bitmap: NullBitmap::Auto,
            chunks: Chunks::default(),
            redirect: None,
            collation: default_collation(),
            login_timeout: Duration::from_secs(60),
            threads: 2,
        }
    }
}

impl Options {
    /// One more login, which may open every database.
    pub fn login(mut self, name: &str, password: &str) -> Self {
        self.logins.push(Login {
            name: name.to_owned(),
            password: password.to_owned(),
            default_database: "master".to_owned(),
            databases: None,
        });
        self
    }

    /// Another kind of encryption.
    pub fn encryption(mut self, encryption: Encryption) -> Self {
        self.encryption = encryption;
        self
    }

    /// The login of that name; names of logins have no case.
    pub(crate) fn find_login(&self, name: &str) -> Option<&Login> {
        self.logins.iter().find(|login| login.name.to_lowercase() == name.to_lowercase())
    }
}

/// Someone who may log in.
#[derive(Clone)]
pub struct Login {
    /// Any case will do.
    pub name: String,
    /// Any Unicode.
    pub password: String,
    /// Opened when the client names none.
    pub default_database: String,
    /// What the login may open, or `None` for all that the engine has.
    pub databases: Option<Vec<String>>,
}

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Login")
            .field("name", &self.name)
            .field("default_database", &self.default_database)
            .field("databases", &self.databases)
            .finish_non_exhaustive()
    }
}

impl Login {
    /// Whether this login may open the database, if there is one of that name.
    pub(crate) fn may_open(&self, database: &str) -> bool {
        self.databases
            .as_ref()
            .is_none_or(|names| names.iter().any(|name| name.eq_ignore_ascii_case(database)))
    }
}

/// Plain, encrypted, or as the client wishes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encryption {
    /// Not supported: a client that wants it must go away.
    Off,
    /// Only the login is encrypted, unless the client wants everything encrypted.
    LoginOnly,
    /// Everything is encrypted, except for a client that cannot.
    On,
    /// Everything is encrypted, and a client that cannot must go away.
    Required,
    /// TDS 8.0: TLS before anything else.
    Strict,
}

/// A certificate and its key, as PEM.
#[derive(Clone, PartialEq, Eq)]
pub struct Certificate {
    /// The server's certificate first, then those between it and the root.
    pub chain: String,
    /// The private key.
    pub key: String,
}

impl std::fmt::Debug for Certificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Certificate").field("chain", &self.chain).finish_non_exhaustive()
    }
}

impl Certificate {
    /// The root that signed the certificate for tests, as PEM.
    pub const TEST_CA: &'static str = include_str!("../certificate/test-ca.pem");

    /// For localhost, 127.0.0.1 and ::1, signed by [`Self::TEST_CA`].
    pub fn for_tests() -> Self {
        Self {
            chain: include_str!("../certificate/server.pem").to_owned(),
            key: include_str!("../certificate/server-key.pem").to_owned(),
        }
    }
}

/// How rows with NULLs are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NullBitmap {
    /// Each NULL is written like a value.
    Never,
    /// A bitmap names the NULLs of every row.
    Always,
    /// A bitmap where it saves bytes.
    Auto,
}

/// How values of unlimited size, such as varchar(max) and xml, are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chunks {
    /// Bytes of a chunk, at least 1.
    pub size: usize,
    /// Say the whole length before the first chunk.
    pub known_length: bool,
}

impl Default for Chunks {
    fn default() -> Self {
        Self { size: 8000, known_length: true }
    }
}

fn default_collation() -> &'static Collation {
    collation::find(collation::DEFAULT).unwrap_or(&collation::all()[0])
}
