//! The PostgreSQL extension `rsl`.
//!
//! The schema is the hand-written SQL under `sql/`, listed in [`schema`]. Rust does what SQL cannot do fast enough
//! or not at all: [`append`] puts the rows of chunks into staging, [`witness`] computes digests over rows, [`load`], [`push`],
//! [`part`] and [`run`] keep the [`books`] of loads as the owner of the extension; [`audit`], [`phase`] and [`freshness`] are the
//! triggers that are put on tables, the latter two by [`track`].

use pgrx::prelude::*;

mod append;
mod audit;
mod batch;
mod books;
mod buckets;
mod common;
mod datum;
mod freshness;
mod load;
mod owner;
mod part;
mod phase;
mod push;
mod receive;
mod reject;
mod run;
mod schema;
mod session;
mod shape;
mod sketch;
mod source_account;
mod sql_function;
mod track;
mod trigger;
mod witness;

pgrx::pg_module_magic!(name, version);

/// Runs when a backend loads the library.
#[pg_guard]
pub extern "C-unwind" fn _PG_init() {
    // pgrx puts a Rust backtrace into the detail of errors if the server's environment asks for backtraces: a page of
    // addresses in every message.
    // SAFETY: a backend has one thread.
    unsafe {
        std::env::set_var("RUST_BACKTRACE", "0");
        std::env::set_var("RUST_LIB_BACKTRACE", "0");
    }
    session::init();
    audit::init();
}

/// An error for people: a standard SQLSTATE, detail and hint.
type Result<T> = std::result::Result<T, pg_sys::panic::ErrorReport>;

/// Starts an [`pg_sys::panic::ErrorReport`].
fn report(code: PgSqlErrorCode, message: impl Into<String>) -> pg_sys::panic::ErrorReport {
    pg_sys::panic::ErrorReport::new(code, message.into(), "rsl")
}

/// Ends the statement with an error.
fn raise(error: pg_sys::panic::ErrorReport) -> ! {
    error.report(PgLogLevel::ERROR);
    unreachable!("an error does not return")
}

/// An error of the Server Programming Interface itself; errors of statements never come this way, they unwind.
fn spi(error: pgrx::spi::SpiError) -> pg_sys::panic::ErrorReport {
    report(PgSqlErrorCode::ERRCODE_INTERNAL_ERROR, error.to_string())
}
