//! What a connection of SQLite must know before it can run what T-SQL is translated to: functions, aggregates, collations.

mod aggregate;

pub use aggregate::sum_of;

use std::sync::atomic::{AtomicI64, Ordering};

use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::Value;
use rusqlite::{Connection, Error};

use super::foreign;
use super::form::Form;
use super::function::Call;
use super::{compare, locked, sql_type};
use crate::answer::{SqlMessage, SqlType, SqlValue};
use crate::collation;

/// Counters that belong to the database and not to a transaction, as identity values do.
#[derive(Debug, Default)]
pub struct Counters {
    /// The last rowversion handed out.
    pub row_version: AtomicI64,
    /// Of identity columns, by table: the last value handed out.
    pub identities: std::sync::Mutex<std::collections::HashMap<i64, i128>>,
}

impl Counters {
    /// The next value of a table's identity column.
    pub fn next_identity(&self, table: i64, seed: i128, step: i128) -> i128 {
        let mut identities = locked(&self.identities);
        let next = identities.get(&table).map_or(seed, |last| last + step);
        identities.insert(table, next);
        next
    }

    /// An identity value that a statement brought itself: the counter goes on behind it.
    pub fn saw_identity(&self, table: i64, value: i128, step: i128) {
        let mut identities = locked(&self.identities);
        let last = identities.entry(table).or_insert(value);
        if (step > 0 && value > *last) || (step < 0 && value < *last) {
            *last = value;
        }
    }

    /// The last value handed out, if any was.
    pub fn last_identity(&self, table: i64) -> Option<i128> {
        locked(&self.identities).get(&table).copied()
    }
}

/// Makes functions and collations known to a connection.
pub fn prepare(connection: &Connection, counters: std::sync::Arc<Counters>) -> rusqlite::Result<()> {
    for found in collation::all() {
        connection.create_collation(found.name, move |a, b| compare::compare(a, b, found, true))?;
        if found.binary {
            let name = compare::sqlite_name(found, false);
            connection.create_collation(name.as_str(), move |a, b| compare::compare(a, b, found, false))?;
        }
    }
    let pure = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    connection.create_scalar_function("tds", -1, pure, |context| {
        let call = context
            .get_or_create_aux(0, |text| Call::read(text.as_str().map_err(misuse)?).map_err(carried))?;
        let mut arguments = Vec::with_capacity(call.arguments.len());
        for (at, form) in call.arguments.iter().enumerate() {
            arguments.push(form.decode(context.get_raw(at + 1)).map_err(failed)?);
        }
        let value = call.run(arguments).map_err(failed)?;
        call.result.encode(&value).map_err(failed)
    })?;
    connection.create_scalar_function("tds_load", 2, pure, |context| {
        let form = form_of(context)?;
        let value = foreign::read(context.get_raw(1), &form).map_err(failed)?;
        form.encode(&value).map_err(failed)
    })?;
    let impure = FunctionFlags::SQLITE_UTF8;
    let versions = counters.clone();
    connection.create_scalar_function("tds_rowversion", 0, impure, move |_| {
        let version = versions.row_version.fetch_add(1, Ordering::SeqCst) + 1;
        Ok(Value::Blob(version.to_be_bytes().to_vec()))
    })?;
    let identities = counters.clone();
    connection.create_scalar_function("tds_identity", 4, impure, move |context| {
        let next = identities.next_identity(context.get(1)?, whole(context, 2)?, whole(context, 3)?);
        let form = form_of(context)?;
        identity_value(next, &form).and_then(|value| form.encode(&value)).map_err(failed)
    })?;
    // Hands its value on, and lets the counter know of it.
    connection.create_scalar_function("tds_saw_identity", 4, impure, move |context| {
        let form = form_of(context)?;
        let value = form.decode(context.get_raw(3)).map_err(failed)?;
        if let SqlValue::Int(n) = value {
            counters.saw_identity(context.get(1)?, n.into(), whole(context, 2)?);
        } else if let SqlValue::Decimal(n) = value {
            counters.saw_identity(context.get(1)?, n, whole(context, 2)?);
        }
        form.encode(&value).map_err(failed)
    })?;
    connection.create_scalar_function("tds_newid", 0, impure, |_| {
        let form = Form::new(SqlType::UniqueIdentifier);
        form.encode(&SqlValue::Guid(random_guid())).map_err(failed)
    })?;
    connection.create_scalar_function("tds_rand", 0, impure, |_| {
        let bytes = random_guid();
        let number = u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
        Ok(f64::from(number) / 4_294_967_296.0)
    })?;
    aggregate::prepare(connection)
}

/// A value of an identity column; its scale is always 0.
fn identity_value(number: i128, form: &Form) -> Result<SqlValue, SqlMessage> {
    let beyond = || {
        let name = sql_type::spoken(&form.ty);
        SqlMessage::error(8115, format!("Arithmetic overflow error converting IDENTITY to data type {name}."))
    };
    match sql_type::range(&form.ty) {
        Some((low, high)) if (i128::from(low)..=i128::from(high)).contains(&number) => {
            Ok(SqlValue::Int(number as i64))
        }
        Some(_) => Err(beyond()),
        None => match &form.ty {
            SqlType::Decimal { precision, .. } if super::decimal::fits(number, *precision) => {
                Ok(SqlValue::Decimal(number))
            }
            _ => Err(beyond()),
        },
    }
}

/// A random identifier of version 4. SQLite's own source of chance would need a connection.
fn random_guid() -> [u8; 16] {
    use std::hash::{BuildHasher, Hasher, RandomState};
    let mut bytes = [0; 16];
    for half in bytes.chunks_mut(8) {
        half.copy_from_slice(&RandomState::new().build_hasher().finish().to_be_bytes());
    }
    bytes[6] = bytes[6] & 0x0F | 0x40;
    bytes[8] = bytes[8] & 0x3F | 0x80;
    bytes
}

fn form_of(context: &Context<'_>) -> rusqlite::Result<std::sync::Arc<Form>> {
    context.get_or_create_aux(0, |text| {
        let name = text.as_str().map_err(misuse)?;
        sql_type::parse(name, collation::DEFAULT).map(Form::new).ok_or_else(|| misuse(name))
    })
}

fn whole(context: &Context<'_>, at: usize) -> rusqlite::Result<i128> {
    let text: String = context.get(at)?;
    text.parse().map_err(|_| Error::InvalidFunctionParameterType(at, rusqlite::types::Type::Text))
}

fn misuse(what: impl std::fmt::Display) -> Box<dyn std::error::Error + Send + Sync> {
    what.to_string().into()
}

/// Marks an error of T-SQL inside the text of an error of SQLite.
const MARK: &str = "tds-error ";

fn carried(error: SqlMessage) -> Box<dyn std::error::Error + Send + Sync> {
    format!("{MARK}{}|{}|{}|{}", error.number, error.state, error.class, error.message).into()
}

fn failed(error: SqlMessage) -> Error {
    Error::UserFunctionError(carried(error))
}

/// The error of T-SQL that an error of SQLite means. Constraints are recognised by whoever knows the table.
pub fn message(error: &Error) -> SqlMessage {
    let (code, text) = match error {
        Error::SqliteFailure(code, Some(text)) => (Some(code.extended_code), text.clone()),
        Error::SqlInputError { error, msg, .. } => (Some(error.extended_code), msg.clone()),
        Error::SqliteFailure(code, None) => (Some(code.extended_code), error.to_string()),
        other => (None, other.to_string()),
    };
    if let Some(rest) = text.split_once(MARK).map(|(_, rest)| rest) {
        let mut parts = rest.splitn(4, '|');
        let mut number = || parts.next().and_then(|part| part.parse::<u32>().ok());
        if let (Some(number), Some(state), Some(class)) = (number(), number(), number()) {
            let message = parts.next().unwrap_or_default().to_owned();
            return SqlMessage { number, state: state as u8, class: class as u8, message };
        }
    }
    match code.map(|code| code & 0xFF) {
        Some(rusqlite::ffi::SQLITE_BUSY | rusqlite::ffi::SQLITE_LOCKED) => {
            SqlMessage { state: 45, ..SqlMessage::error(1222, "Lock request time out period exceeded.") }
        }
        Some(rusqlite::ffi::SQLITE_READONLY) => {
            SqlMessage::error(3906, "Failed to update database because the database is read-only.")
        }
        Some(rusqlite::ffi::SQLITE_CONSTRAINT) => SqlMessage::error(547, text),
        Some(rusqlite::ffi::SQLITE_TOOBIG) => SqlMessage::error(511, text),
        // Whatever else SQLite says is a fault of the translation.
        _ => SqlMessage {
            class: 17,
            ..SqlMessage::error(50_000, format!("The test server's SQLite says: {text}"))
        },
    }
}
