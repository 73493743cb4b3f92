//! The system catalogue: `sys.*` and `INFORMATION_SCHEMA.*` as tables of SQLite, filled when a statement asks for them.

mod constraint;
mod information_schema;
mod object;
mod server;
mod storage;

use std::sync::Arc;

use rusqlite::Connection;
use rusqlite::types::Value;

use super::calendar::Moment;
use super::catalog::{Catalog, Object, same_name};
use super::convert;
use super::form::Form;
use super::rights::Rights;
use super::sql_type;
use super::sqlite::Counters;
use super::translate::quote;
use crate::answer::{SessionInfo, SqlMessage, SqlType, SqlValue};

/// A table of the system catalogue.
pub struct SystemTable {
    /// With its schema.
    pub name: &'static str,
    /// Names and types; a question mark behind a type allows NULL.
    columns: &'static str,
    rows: fn(&SystemView<'_>) -> Vec<Row>,
    /// The rows change though the catalogue does not.
    pub volatile: bool,
    pub needs_server_state: bool,
}

/// What the rows of the system catalogue are made from.
pub struct SystemView<'a> {
    pub catalog: &'a Catalog,
    pub counters: &'a Counters,
    pub rights: &'a Rights,
    pub session: &'a SessionInfo,
    pub sessions: Vec<OpenSession>,
    pub snapshot_allowed: bool,
    pub read_only: bool,
    /// Counts the rows of a table.
    pub count: &'a dyn Fn(&Object) -> i64,
}

/// A session as `sys.dm_exec_sessions` shows it.
#[derive(Debug, Clone)]
pub struct OpenSession {
    pub info: SessionInfo,
    pub login_time: Moment,
    pub last_request: Moment,
    pub running: bool,
}

/// A value of a row, before it gets its column's type.
enum Cell {
    Null,
    Int(i64),
    Bit(bool),
    Text(String),
    Time(Moment),
    /// A sql_variant: a number of another column's type.
    Number(SqlType, i128),
}

type Row = Vec<Cell>;

/// `row![…]` makes cells of numbers, texts and so on.
macro_rules! row {
    ($($value:expr),* $(,)?) => { vec![$(crate::database::system::Cell::from($value)),*] };
}
use row;

impl From<i64> for Cell {
    fn from(n: i64) -> Self {
        Self::Int(n)
    }
}

impl From<bool> for Cell {
    fn from(bit: bool) -> Self {
        Self::Bit(bit)
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<&String> for Cell {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Moment> for Cell {
    fn from(moment: Moment) -> Self {
        Self::Time(moment)
    }
}

impl From<(SqlType, i128)> for Cell {
    fn from((ty, number): (SqlType, i128)) -> Self {
        Self::Number(ty, number)
    }
}

impl<T: Into<Cell>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// The table of that name, if there is one.
pub fn find(schema: &str, name: &str) -> Option<&'static SystemTable> {
    [object::TABLES, constraint::TABLES, storage::TABLES, server::TABLES, information_schema::TABLES]
        .into_iter()
        .flatten()
        .find(|table| {
            table
                .name
                .split_once('.')
                .is_some_and(|(own, rest)| same_name(own, schema) && same_name(rest, name))
        })
}

/// A table whose rows change with the catalogue only.
const fn table(
    name: &'static str,
    columns: &'static str,
    rows: fn(&SystemView<'_>) -> Vec<Row>,
) -> SystemTable {
    SystemTable { name, columns, rows, volatile: false, needs_server_state: false }
}

/// A table whose rows may have changed every time.
const fn volatile(
    name: &'static str,
    columns: &'static str,
    rows: fn(&SystemView<'_>) -> Vec<Row>,
) -> SystemTable {
    SystemTable { volatile: true, ..table(name, columns, rows) }
}

impl SystemTable {
    /// Names, types, and whether NULL is possible.
    pub fn columns(&self, collation: &str) -> Vec<(&'static str, SqlType, bool)> {
        // A comma inside of parentheses belongs to a type.
        self.columns
            .split(';')
            .filter_map(|column| {
                let (name, ty) = column.trim().split_once(' ')?;
                let (ty, nullable) = ty.strip_suffix('?').map_or((ty, false), |ty| (ty, true));
                Some((name, sql_type::parse(ty, collation)?, nullable))
            })
            .collect()
    }

    /// Puts the rows of this moment into the table that stands for it in a connection.
    pub fn fill(&self, connection: &Connection, view: &SystemView<'_>) -> Result<(), SqlMessage> {
        let failed = |error: rusqlite::Error| super::sqlite::message(&error);
        let columns = self.columns(&view.catalog.collation);
        let declared: Vec<_> = columns
            .iter()
            .map(|(name, ty, _)| format!("{} \"{} BLOB\"", quote(name), sql_type::declare(ty)))
            .collect();
        let name = quote(self.name);
        connection
            .execute_batch(&format!(
                "CREATE TEMP TABLE IF NOT EXISTS {name} ({}); DELETE FROM temp.{name};",
                declared.join(", ")
            ))
            .map_err(failed)?;
        let places = vec!["?"; columns.len()].join(", ");
        let mut insert =
            connection.prepare(&format!("INSERT INTO temp.{name} VALUES ({places})")).map_err(failed)?;
        let forms: Vec<Form> = columns.into_iter().map(|(_, ty, _)| Form::new(ty)).collect();
        for row in (self.rows)(view) {
            let values: Result<Vec<Value>, SqlMessage> =
                row.into_iter().zip(&forms).map(|(cell, form)| stored(cell, form)).collect();
            insert.execute(rusqlite::params_from_iter(values?)).map_err(failed)?;
        }
        Ok(())
    }
}

fn stored(cell: Cell, form: &Form) -> Result<Value, SqlMessage> {
    let (value, from) = match cell {
        Cell::Null => return Ok(Value::Null),
        Cell::Int(n) => (SqlValue::Int(n), SqlType::BigInt),
        Cell::Bit(bit) => (SqlValue::Bit(bit), SqlType::Bit),
        Cell::Text(text) => {
            let collation = sql_type::collation(&form.ty).unwrap_or_default().to_owned();
            (SqlValue::Wide(text.encode_utf16().collect()), SqlType::NVarChar(None, collation))
        }
        Cell::Time(moment) => {
            (convert::of_moment(moment, &form.ty).unwrap_or(SqlValue::Null), form.ty.clone())
        }
        Cell::Number(ty, number) => {
            let value = match ty {
                SqlType::Decimal { .. } => SqlValue::Decimal(number),
                _ => SqlValue::Int(number as i64),
            };
            (SqlValue::Variant(Box::new((ty, value))), SqlType::SqlVariant)
        }
    };
    form.encode(&convert::convert(value, &Form::new(from), form, 0)?)
}

/// Tables and views of the database, in the order in which they were made.
fn objects<'a>(view: &SystemView<'a>) -> impl Iterator<Item = &'a Arc<Object>> {
    view.catalog.objects.iter()
}

/// Tables only.
fn tables<'a>(view: &SystemView<'a>) -> impl Iterator<Item = &'a Arc<Object>> {
    objects(view).filter(|object| !object.is_view())
}

fn schema_id(view: &SystemView<'_>, name: &str) -> i64 {
    view.catalog.schema(name).map_or(1, |schema| schema.id)
}
