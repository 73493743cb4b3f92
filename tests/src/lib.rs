//! What the end-to-end tests and benches of RSL share: a sample source, a private PostgreSQL server, the program.
//!
//! ```no_run
//! # fn main() -> anyhow::Result<()> {
//! let database = rsl_tests::cluster::shared()?.database()?;
//! assert_eq!(database.value("SELECT count(*) FROM rsl.load")?, "0");
//! # Ok(())
//! # }
//! ```

pub mod bare;
pub mod browser;
pub mod cluster;
pub mod damage;
pub mod database;
pub mod erp;
pub mod mirror;
pub mod pair;
pub mod program;
pub mod real;
pub mod sample;

pub mod server;
