//! A server that speaks TDS, the protocol of SQL Server, well enough for every client to read from it.
//!
//! Two halves meet in [`answer`]: the protocol (packets, TLS, login, tokens, faults) asks an [`answer::Engine`] for the
//! answer to a statement; [`database`] is the engine that runs T-SQL on SQLite.

pub mod answer;
pub mod collation;
pub mod database;
pub mod every_type;
pub mod faults;
#[cfg(feature = "kerberos")]
mod kerberos;
mod login;
mod options;
mod packet;
mod prelogin;
pub mod raw;
mod request;
mod respond;
mod server;
mod session;
mod tls;
mod wire;
mod worker;

pub use login::LoginSeen;
pub use options::{Certificate, Chunks, Encryption, Login, NullBitmap, Options};
pub use raw::RawServer;
pub use server::Server;
