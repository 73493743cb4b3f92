//! Where rows come from. A source says what it has, and reads a table row by row into a [`RowSink`].
//!
//! One module a kind of source, which alone knows its driver.

mod declared_type;
mod sqlite;

use std::sync::Arc;

use async_trait::async_trait;
use rsl_core::PgType;

use crate::connection_url::ConnectionUrl;
use crate::failure::{Failure, Result};
use crate::target::sink::RowSink;

/// A database that rows are read from, never written to.
#[async_trait]
pub trait Source: Send + Sync {
    /// The source as reports name it, without a password.
    fn name(&self) -> String;

    /// Tables and views, in the source's order.
    async fn objects(&self) -> Result<Vec<String>>;

    /// Columns, key and foreign keys of a table or view, from the source's metadata.
    async fn describe(&self, object: &str) -> Result<Table>;

    /// Parts of a table that readers can take side by side; together they are the table. A source that cannot split,
    /// or a table that is not worth it, is one whole part.
    async fn slices(&self, _table: &Table, _wanted: usize) -> Result<Vec<Slice>> {
        Ok(vec![Slice::Whole])
    }

    /// Reads the columns of a slice, in one snapshot, into the sink and returns how many rows the source itself counts
    /// in that snapshot. `filter` is the user's condition in the source's SQL.
    async fn read(
        &self,
        table: &Table,
        slice: &Slice,
        filter: Option<&str>,
        sink: RowSink,
    ) -> Result<Account>;
}

/// What the source says of the rows that were read, and the sink that took them.
pub struct Account {
    /// Counted by the source.
    pub rows: u64,
    /// The sink with its last chunk sent.
    pub sink: RowSink,
}

/// A part of a table.
#[derive(Debug, Clone)]
pub enum Slice {
    /// All rows.
    Whole,
}

/// A table or view of a source.
#[derive(Debug, Clone)]
pub struct Table {
    /// As the source spells it.
    pub object: String,
    /// In the source's order.
    pub columns: Vec<Column>,
    /// Columns of the primary key, in its order; none of a view.
    pub key: Vec<String>,
    /// Tables that this one refers to.
    pub parents: Vec<String>,
}

/// A column of a source.
#[derive(Debug, Clone)]
pub struct Column {
    /// As the source spells it.
    pub name: String,
    /// As the source declares it, for comments and messages.
    pub declared: String,
    /// The PostgreSQL type that holds every value of the declared type.
    pub pg_type: PgType,
    /// NULL is refused by the source.
    pub not_null: bool,
}

/// Opens the source that a URL names.
pub async fn open(url: &str) -> Result<Arc<dyn Source>> {
    let url = ConnectionUrl::parse(url)?;
    match url.scheme.as_str() {
        "sqlite" => Ok(Arc::new(sqlite::Sqlite::open(&url).await?)),
        other => Err(Failure::new(format!("unknown kind of source \"{other}\""))
            .hint("this version reads SQLite: sqlite:///absolute/path/erp.db")),
    }
}

/// Finds the object that the user means: spelled as the source does, or the only one that differs just in case.
pub fn find<'a>(objects: &'a [String], wanted: &str) -> Result<&'a str> {
    if let Some(exact) = objects.iter().find(|object| *object == wanted) {
        return Ok(exact);
    }
    let same: Vec<_> =
        objects.iter().filter(|object| object.to_lowercase() == wanted.to_lowercase()).collect();
    match same[..] {
        [only] => Ok(only),
        [] => {
            Err(Failure::new(format!("the source has no table or view \"{wanted}\"")).hint(match objects {
                [] => "it has none at all".to_owned(),
                _ => format!("it has: {}", objects.join(", ")),
            }))
        }
        _ => Err(Failure::new(format!("\"{wanted}\" could be more than one table or view of the source"))
            .hint("write it exactly as the source does")),
    }
}
