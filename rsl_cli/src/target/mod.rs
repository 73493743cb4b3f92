//! The PostgreSQL side: connection, plan of a table, load through the extension's functions.

pub mod connection;
pub mod diff;
pub mod load;
pub mod obstacle;
pub mod part;
pub mod plan;
pub mod reject;
pub mod sieve;
pub mod sink;
mod tls;
pub mod undo;
