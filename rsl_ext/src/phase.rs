//! The trigger function of `rsl.phase_on`: refuses what is no phase or no transition, and writes the history.

use std::cell::RefCell;
use std::ffi::CStr;

use pgrx::datum::DatumWithOid;
use pgrx::prelude::*;
use pgrx::{JsonB, pg_sys};
use serde_json::Value;

use crate::books::internal;
use crate::owner::as_owner;
use crate::session::{acting_role, actor, in_fixed_style, session_role};
use crate::sql_function::sql_function;
use crate::trigger::{Call, Column, Row, Settings, planned};
use crate::{Result, load, raise, report};

sql_function!(phase_record_wrapper, pg_finfo_phase_record_wrapper, phase_record);

thread_local! {
    /// The phase of a row that was deleted because an update moves it to another partition: its insert comes next.
    static MOVED: RefCell<Option<Moved>> = const { RefCell::new(None) };
}

struct Moved {
    table: (String, String),
    transaction: (pg_sys::TransactionId, pg_sys::SubTransactionId),
    phase: Option<String>,
}

/// What is asked of every row of a statement.
struct Phases {
    /// The table, as SQL writes it.
    name: String,
    schema: String,
    table: String,
    column: Column,
    phases: Vec<String>,
    /// Null if every transition is allowed, else the phases that may follow each.
    transitions: Value,
    changed_at: Option<Column>,
    changed_by: Option<Column>,
    reason: Option<Column>,
    key: Vec<Column>,
    key_sql: String,
    /// The key has values that JSON shows according to settings of the session.
    key_depends_on_settings: bool,
}

impl Phases {
    fn new(settings: &Settings, row: &Row) -> Result<Self> {
        let changed_at = settings.column("changed_at", row)?;
        if let Some(column) = changed_at.as_ref().filter(|column| !column.is_time()) {
            return Err(settings.wrong(&format!("column \"{}\" is no timestamp", column.name)));
        }
        let names = settings.key();
        let key = names
            .map(|name| {
                row.column(name).ok_or_else(|| settings.wrong(&format!("it has no column \"{name}\"")))
            })
            .collect::<Result<Vec<Column>>>()?;
        if key.is_empty() {
            return Err(settings.wrong("it has lost its primary key"));
        }
        let fields: Vec<String> = key
            .iter()
            .enumerate()
            .map(|(at, column)| format!("{}, ${}", pgrx::spi::quote_literal(&column.name), at + 1))
            .collect();
        let phases: Vec<String> = settings
            .get("phases")
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect();
        if phases.is_empty() {
            return Err(settings.wrong("no phases are named in its settings"));
        }
        Ok(Phases {
            name: settings.name("name"),
            schema: settings.name("schema"),
            table: settings.name("table"),
            column: settings.needed("column", row)?,
            phases,
            transitions: settings.get("transitions").clone(),
            changed_at,
            changed_by: settings.column("changed_by", row)?,
            reason: settings.column("reason", row)?,
            key_sql: format!("SELECT pg_catalog.jsonb_build_object({})", fields.join(", ")),
            key_depends_on_settings: !key.iter().all(|column| is_plain(column.type_oid)),
            key,
        })
    }

    /// The primary key of a row, read as whoever changes it: the output of a type may be anybody's function.
    fn key(&self, row: &Row) -> Result<JsonB> {
        let args: Vec<DatumWithOid<'_>> = self
            .key
            .iter()
            .map(|column| match row.datum(column) {
                // SAFETY: the value is one of this type.
                Some(datum) => unsafe { DatumWithOid::new(datum, column.type_oid) },
                None => DatumWithOid::null_oid(column.type_oid),
            })
            .collect();
        let key = || planned::<JsonB>(&self.key_sql, &args);
        let key = if self.key_depends_on_settings { in_fixed_style(key)? } else { key()? };
        key.ok_or_else(|| internal("a row has no key"))
    }

    fn refuse(&self, message: String, row: &Row, hint: String) -> pg_sys::panic::ErrorReport {
        let error = report(PgSqlErrorCode::ERRCODE_CHECK_VIOLATION, message).set_hint(hint);
        match self.key(row) {
            Ok(JsonB(key)) => error.set_detail(format!("The row is {key}.")),
            Err(_) => error,
        }
    }

    /// An error for a phase that does not exist, and for a transition that is not allowed. A row may begin in any phase.
    fn must_be_allowed(&self, from: Option<&str>, to: Option<&str>, row: &Row) -> Result<()> {
        let table = &self.name;
        if let Some(to) = to.filter(|to| !self.phases.iter().any(|phase| phase == to)) {
            return Err(self.refuse(
                format!("\"{to}\" is no phase of {table}"),
                row,
                format!("The phases are: {}.", self.phases.join(", ")),
            ));
        }
        let Some(from) = from.filter(|_| !self.transitions.is_null()) else { return Ok(()) };
        let next: Vec<&str> =
            self.transitions[from].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        if to.is_some_and(|to| next.contains(&to)) {
            return Ok(());
        }
        let to = to.map_or("NULL".to_owned(), |to| format!("\"{to}\""));
        let hint = if next.is_empty() {
            format!("No phase follows \"{from}\".")
        } else {
            format!("After \"{from}\" may come: {}.", next.join(", "))
        };
        Err(self.refuse(format!("phase \"{from}\" of {table} must not become {to}"), row, hint))
    }

    /// A text that the statement has given with the change: it sets the column, or a trigger has changed it.
    fn given(&self, call: &Call, column: Option<&Column>) -> Option<String> {
        let column = column?;
        let text = call.new_row().text(column)?;
        let is_given =
            !call.is_update() || call.sets(column) || call.old().text(column).as_ref() != Some(&text);
        is_given.then_some(text)
    }

    /// The time of the change, if the row says so. One that was there before is that of an earlier change, also if the
    /// statement has written it again; and one without end is no time.
    fn given_time(&self, call: &Call) -> Option<i64> {
        let column = self.changed_at.as_ref()?;
        let time = call.new_row().time(column)?;
        let is_given = !call.is_update() || call.old().time(column) != Some(time);
        (is_given && time != i64::MAX && time != i64::MIN).then_some(time)
    }

    fn write(&self, call: &Call, from: Option<&str>, to: Option<&str>) -> Result<()> {
        let row = call.new_row();
        let key = self.key(&row)?;
        let acting = acting_role();
        let by = self.given(call, self.changed_by.as_ref()).filter(|by| !by.is_empty()).or_else(actor);
        let by = by.unwrap_or_else(|| acting.clone());
        let reason = self.given(call, self.reason.as_ref());
        // SAFETY: asks for the time.
        let now = unsafe { pg_sys::GetCurrentTimestamp() };
        let session = session_role();
        // SAFETY: a timestamptz is these microseconds.
        let at = unsafe {
            DatumWithOid::new(
                pg_sys::Datum::from(self.given_time(call).unwrap_or(now)),
                pg_sys::TIMESTAMPTZOID,
            )
        };
        as_owner(|| {
            planned::<i64>(
                "INSERT INTO rsl.phase_history (schema_name, table_name, key, from_phase, to_phase, changed_at, changed_by, reason,
                    load_id, txid, session_role, acting_role)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, pg_current_xact_id()::text::bigint, $10, $11)
                 RETURNING phase_history_id",
                &[
                    self.schema.as_str().into(),
                    self.table.as_str().into(),
                    key.into(),
                    from.map(str::to_owned).into(),
                    to.map(str::to_owned).into(),
                    at,
                    by.as_str().into(),
                    reason.into(),
                    load::load_current().into(),
                    session.as_str().into(),
                    acting.as_str().into(),
                ],
            )
        })
        .map(drop)
    }
}

/// Types that JSON shows the same way in every session.
fn is_plain(type_oid: pg_sys::Oid) -> bool {
    matches!(
        type_oid,
        pg_sys::INT2OID
            | pg_sys::INT4OID
            | pg_sys::INT8OID
            | pg_sys::NUMERICOID
            | pg_sys::BOOLOID
            | pg_sys::TEXTOID
            | pg_sys::VARCHAROID
            | pg_sys::BPCHAROID
            | pg_sys::UUIDOID
            | pg_sys::DATEOID
            | pg_sys::TIMESTAMPOID
    )
}

/// A setting of the session, as text.
fn setting(name: &CStr) -> Option<String> {
    // SAFETY: the text belongs to the server and is copied.
    unsafe {
        let value = pg_sys::GetConfigOption(name.as_ptr(), true, false);
        (!value.is_null()).then(|| CStr::from_ptr(value).to_string_lossy().into_owned())
    }
}

/// Whether a script of pg_dump is at work, by what it sets at its beginning. The tables of the extension have their triggers
/// before their rows are restored, other tables after that; and the history is restored, too.
fn is_restoring() -> bool {
    let is = |name, value: &str| setting(name).as_deref() == Some(value);
    // SAFETY: asks about the current role.
    let is_superuser = unsafe { pg_sys::superuser() };
    is_superuser
        && is(c"check_function_bodies", "off")
        && is(c"row_security", "off")
        && is(c"search_path", "")
}

/// # Safety
/// `fcinfo` is the call frame of a trigger.
unsafe fn phase_record(fcinfo: pg_sys::FunctionCallInfo) -> pg_sys::Datum {
    // SAFETY: the caller vouches for the frame.
    match unsafe { Call::new(fcinfo) }.and_then(|call| record(&call)) {
        // Of what comes after the row nobody asks for a row.
        Ok(()) => pg_sys::Datum::null(),
        Err(error) => raise(error),
    }
}

fn record(call: &Call) -> Result<()> {
    let phases = call.kept(Phases::new)?;
    let phase = |row: &Row| row.text(&phases.column);
    if call.is_delete() {
        let row = call.old();
        // SAFETY: the row is as the server found it in the table, with its header.
        let next = unsafe { (*(*row.tuple).t_data).t_ctid };
        if u32::from(next.ip_posid) == pg_sys::MovedPartitionsOffsetNumber {
            MOVED.set(Some(Moved {
                table: (phases.schema.clone(), phases.table.clone()),
                transaction: transaction(),
                phase: phase(&row),
            }));
        }
        return Ok(());
    }
    let from = if call.is_update() { phase(&call.old()) } else { moved_from(phases) };
    let to = phase(&call.new_row());
    if from == to {
        return Ok(());
    }
    phases.must_be_allowed(from.as_deref(), to.as_deref(), &call.new_row())?;
    if !call.is_update() && phases.schema == "rsl" && is_restoring() {
        return Ok(());
    }
    phases.write(call, from.as_deref(), to.as_deref())
}

/// The transaction and subtransaction that this is in.
fn transaction() -> (pg_sys::TransactionId, pg_sys::SubTransactionId) {
    // SAFETY: whoever changes a row is in a transaction.
    unsafe { (pg_sys::GetTopTransactionId(), pg_sys::GetCurrentSubTransactionId()) }
}

/// The phase that an inserted row had in the partition that it comes from.
fn moved_from(phases: &Phases) -> Option<String> {
    let moved = MOVED.take()?;
    // Both belong to one statement; what is left of a statement that has failed belongs to another (sub)transaction.
    let is_it =
        moved.transaction == transaction() && moved.table.0 == phases.schema && moved.table.1 == phases.table;
    is_it.then_some(moved.phase).flatten()
}
