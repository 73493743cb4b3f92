//! Where rows come from. A source says what it has, and reads a table row by row into a [`RowSink`].
//!
//! One module a kind of source, which alone knows its driver.

mod choice;
mod condition;
mod declared_type;
mod mssql;
mod own_account;
mod sqlite;

pub use choice::{choose, find};
pub use condition::leaves_its_place;

use std::num::NonZeroU32;
use std::sync::Arc;

use async_trait::async_trait;
use rsl_core::common::Sums;
use rsl_core::source_account::SourceColumn;
use rsl_core::{PgType, Value};
use serde::{Deserialize, Serialize};

use crate::carry_over::Structure;
use crate::connection_url::ConnectionUrl;
use crate::failure::{Failure, Result};
use crate::survey::Survey;
use crate::target::sink::RowSink;

/// A database that rows are read from, never written to.
#[async_trait]
pub trait Source: Send + Sync {
    /// The source as reports name it, without a password.
    fn name(&self) -> String;

    /// Product and version, if the source tells.
    fn version(&self) -> Option<String> {
        None
    }

    /// Tables and views, in the source's order.
    async fn objects(&self) -> Result<Vec<String>>;

    /// Columns, key and foreign keys of a table or view, from the source's metadata.
    async fn describe(&self, object: &str) -> Result<Table>;

    /// What a table has besides columns and rows. A source that cannot tell, or a view, has nothing.
    async fn structure(&self, _object: &str) -> Result<Structure> {
        Ok(Structure::default())
    }

    /// What a pull of these objects would meet.
    async fn survey(&self, objects: &[String]) -> Result<Survey>;

    /// Parts of a table that readers can take side by side; together they are the table. A source that cannot cut, or a
    /// table that is not worth it, is one part.
    async fn parts(&self, _table: &Table, _wanted: usize) -> Result<Vec<Part>> {
        Ok(vec![Part::default()])
    }

    /// About how many rows a table or view has, as far as that is known without reading it.
    async fn estimate(&self, _table: &Table) -> Result<Option<u64>> {
        Ok(None)
    }

    /// How the source itself can compute sums of hashes of its rows, in so many buckets by the columns at these positions, or why
    /// it cannot. The columns have the types of the table that is compared with.
    async fn plan_sums(
        &self,
        _table: &Table,
        _types: &[PgType],
        _key: &[usize],
        _buckets: NonZeroU32,
    ) -> Result<std::result::Result<SumsPlan, String>> {
        Ok(Err("the source is a file, which is read where this program runs".to_owned()))
    }

    /// Computes them.
    async fn sums(&self, table: &Table, _plan: &SumsPlan, _filter: Option<&str>) -> Result<BucketSums> {
        Err(Failure::new(format!("the source of {} computes no sums", table.object)))
    }

    /// Reads the columns of a part into the sink, the last chunk sent. `filter` is the user's condition in the source's SQL. `own`:
    /// the types that the columns become in the target, if the source is to give its own account of the part.
    async fn read(
        &self,
        table: &Table,
        part: &Part,
        filter: Option<&str>,
        own: Option<&[PgType]>,
        sink: RowSink,
    ) -> Result<Account>;

    /// The source's own account of a part, without its rows.
    async fn account(
        &self,
        table: &Table,
        part: &Part,
        filter: Option<&str>,
        own: &[PgType],
    ) -> Result<Account>;

    /// Reads the rows with these keys, of the columns at these positions, into the sink, which takes no others: a source that cannot
    /// look keys up reads them all.
    async fn read_keys(
        &self,
        table: &Table,
        _columns: &[usize],
        _keys: &[Key],
        filter: Option<&str>,
        sink: RowSink,
    ) -> Result<Consistency> {
        Ok(self.read(table, &Part::default(), filter, None, sink).await?.consistency)
    }
}

/// Expressions in the source's SQL, over a table `t`; see `rsl_core::common`.
#[derive(Debug, Clone)]
pub struct SumsPlan {
    /// The hash of a row.
    pub row: String,
    /// The number of its bucket, from 0.
    pub bucket: String,
    /// Of each column, the least decimal places in its text.
    pub places: Vec<i32>,
}

/// What the source has computed.
#[derive(Debug)]
pub struct BucketSums {
    /// Of the buckets that have rows.
    pub sums: Vec<(u32, Sums)>,
    /// Of the whole table.
    pub consistency: Consistency,
}

/// What the source says of the rows that were read.
#[derive(Debug)]
pub struct Account {
    /// Rows of the whole part, counted by the source.
    pub rows: u64,
    /// What this account and the rows have in common.
    pub consistency: Consistency,
    /// What the source computes of each column, in order, if it was asked to.
    pub own: Option<Vec<SourceColumn>>,
}

/// Whether rows that were read one after another belong to one state of the source.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Consistency {
    /// `snapshot`: all rows of a part are of one moment. `read committed`: each is of the moment in which it was read.
    pub isolation: &'static str,
    /// What was looked at before and after the reading to see whether the source had changed meanwhile; nothing of a snapshot.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub compared: Vec<String>,
    /// It had.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub changed: bool,
    /// Columns of a view of which the source gave two different accounts in one snapshot: they are compared with neither.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unsteady: Vec<String>,
}

impl Consistency {
    /// Count and rows are of one moment.
    pub fn snapshot() -> Self {
        Self { isolation: "snapshot", ..Self::default() }
    }
}

/// The values of a key's columns, in words that the source understands again.
pub type Key = Vec<String>;

/// A part of a table: the rows whose key is behind `after` and not behind `until`, in the source's own order. A key may be
/// only the first columns of it. No bound on either side is the whole table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    pub after: Option<Key>,
    pub until: Option<Key>,
    /// The last row that has arrived already, if the reading goes on in the middle: it begins behind this key, and still
    /// counts the whole part.
    #[serde(default, rename = "position", skip_serializing_if = "Option::is_none")]
    pub arrived: Option<Key>,
}

/// A table or view of a source.
#[derive(Debug, Clone)]
pub struct Table {
    /// As the source spells it, with its schema if it has such.
    pub object: String,
    /// Without the schema.
    pub name: String,
    /// In the source's order.
    pub columns: Vec<Column>,
    /// Columns of the primary key, in its order; none of a view.
    pub key: Vec<String>,
    /// Tables that this one refers to.
    pub parents: Vec<String>,
    /// Rows come in the order of the key, so that a reading that broke off can go on behind the last row that arrived.
    pub resumes: bool,
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
    /// The source computes it from other columns.
    pub computed: bool,
}

/// How to read, as the user wants it.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Code page of texts that are not what their collation says, such as CP949.
    pub encoding: Option<String>,
    /// Keep the offset of each datetimeoffset in a column of its own.
    pub keep_offset: bool,
    /// Name of a column whose largest value grows with every change of a row, in the tables that have it.
    pub update_column: Option<String>,
    /// How often what failed for a passing reason is tried again.
    pub retries: u16,
}

/// The source as reports name it, without having opened it.
pub fn name(url: &str) -> Result<String> {
    if mssql::is_sql_server(url) {
        return mssql::SqlServer::name_of(url);
    }
    let url = ConnectionUrl::parse(url)?;
    Ok(format!("{}:///{}", url.scheme, url.path))
}

/// Opens the source that a URL, or another form that names a SQL Server, tells of.
pub async fn open(url: &str, options: &Options) -> Result<Arc<dyn Source>> {
    if mssql::is_sql_server(url) {
        return Ok(Arc::new(mssql::SqlServer::open(url, options).await?));
    }
    if options.encoding.is_some() || options.keep_offset || options.update_column.is_some() {
        return Err(Failure::new("--encoding and --keep-offset are for SQL Server")
            .hint("texts of SQLite are UTF-8, and its times carry their offset in the text"));
    }
    let url = ConnectionUrl::parse(url)?;
    match url.scheme.as_str() {
        "sqlite" => Ok(Arc::new(sqlite::Sqlite::open(&url).await?)),
        other => Err(Failure::new(format!("unknown kind of source \"{other}\""))
            .hint("known are mssql://user:password@host/database and sqlite:///absolute/path/erp.db")),
    }
}

/// The same allocation for values of another lifetime. Empty, so nothing of the old lifetime remains; the compiler turns
/// the collecting of nothing into reusing the memory.
fn reuse<'a>(mut values: Vec<Value<'_>>) -> Vec<Value<'a>> {
    values.clear();
    values.into_iter().map(|_| Value::Null).collect()
}
