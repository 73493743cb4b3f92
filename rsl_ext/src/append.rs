//! The rows of a chunk into a staging table, by the way that COPY takes into a table that has nothing but columns: many rows
//! at once through the table's access method.

use std::cell::{Cell, OnceCell};
use std::ffi::CStr;
use std::panic::AssertUnwindSafe;

use pgrx::PgTupleDesc;
use pgrx::pg_sys;
use pgrx::pg_sys::panic::{CaughtError, ErrorReport, ErrorReportWithLevel};
use pgrx::prelude::*;
use rsl_core::copy::{Malformed, RowReader};

use crate::batch::Batch;
use crate::receive::Receiver;
use crate::{Result, report};

/// Where in a chunk an error happened: rows from 1 on, column from 0 on.
#[derive(Default)]
struct Place {
    rows: Cell<(u64, u64)>,
    column: Cell<Option<usize>>,
    names: OnceCell<Vec<String>>,
}

impl Place {
    /// The last `used` rows, together.
    fn set_batch(&self, rows: u64, used: usize) {
        self.rows.set((rows + 1 - used as u64, rows));
        self.column.set(None);
    }

    fn in_words(&self) -> String {
        let column = self.column.get().and_then(|at| self.names.get()?.get(at));
        match (self.rows.get(), column) {
            ((0, _), _) => "The payload as a whole was refused.".to_owned(),
            ((row, _), Some(name)) => format!("Row {row} of the chunk, column \"{name}\"."),
            ((first, last), None) if first < last => format!("Rows {first} to {last} of the chunk."),
            ((row, _), None) => format!("Row {row} of the chunk."),
        }
    }

    fn error(&self, refused: Refused, what: &str) -> ErrorReport {
        let place = self.in_words();
        let detail = match refused.detail {
            Some(detail) => format!("{detail} ({place})"),
            None => place,
        };
        let hint = || "Nothing of this chunk was kept; the chunks before it were.".to_owned();
        report(refused.code, format!("{what} was refused: {}", refused.message))
            .set_detail(detail)
            .set_hint(refused.hint.unwrap_or_else(hint))
    }
}

/// Why a chunk is not taken.
struct Refused {
    code: PgSqlErrorCode,
    message: String,
    detail: Option<String>,
    hint: Option<String>,
}

impl Refused {
    fn new(code: PgSqlErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), detail: None, hint: None }
    }
}

impl From<ErrorReportWithLevel> for Refused {
    fn from(error: ErrorReportWithLevel) -> Self {
        let code = error.sql_error_code();
        // The detail of these shows a whole row, and what rows contain stays out of messages. The function of a domain may
        // have come upon one.
        let shows_row = matches!(
            code,
            PgSqlErrorCode::ERRCODE_NOT_NULL_VIOLATION | PgSqlErrorCode::ERRCODE_CHECK_VIOLATION
        );
        Self {
            detail: error.detail().filter(|_| !shows_row).map(str::to_owned),
            hint: error.hint().map(str::to_owned),
            ..Self::new(code, error.message())
        }
    }
}

impl From<Malformed> for Refused {
    fn from(malformed: Malformed) -> Self {
        Self::new(PgSqlErrorCode::ERRCODE_BAD_COPY_FILE_FORMAT, malformed.to_string())
    }
}

/// Puts the rows of a payload in binary COPY format into a table and returns their number. `what` names the payload in
/// errors, which keep the SQLSTATE of their cause, if it is one that pgrx knows, and say in the detail which row and column it
/// was.
pub fn append(table: pg_sys::Oid, payload: &[u8], what: &str) -> Result<u64> {
    let place = Place::default();
    PgTryBuilder::new(AssertUnwindSafe(|| fill(table, payload, &place)))
        .catch_others(|cause| match cause {
            // Raised again at once: nothing goes on after a caught error.
            CaughtError::PostgresError(error) | CaughtError::ErrorReport(error) => Err(error.into()),
            other => other.rethrow(),
        })
        .execute()
        .map_err(|refused| place.error(refused, what))
}

/// An error unless a staging table is still what the load has made: whoever goes on with a load of somebody else must not run what that
/// role has put there. Nobody can change it before the transaction ends.
pub fn check_staging(table: pg_sys::Oid) -> Result<()> {
    // SAFETY: the relation is open while it is looked at; its lock stays.
    let checked = unsafe {
        let relation = pg_sys::table_open(table, pg_sys::AccessShareLock as pg_sys::LOCKMODE);
        let checked = must_be_plain(relation, &PgTupleDesc::from_pg_copy((*relation).rd_att));
        pg_sys::table_close(relation, pg_sys::NoLock as pg_sys::LOCKMODE);
        checked
    };
    checked
        .map_err(|refused| report(refused.code, refused.message).set_hint(refused.hint.unwrap_or_default()))
}

fn fill(table: pg_sys::Oid, payload: &[u8], place: &Place) -> std::result::Result<u64, Refused> {
    // SAFETY: the relation stays open and locked until all is in it. If anything raises, the (sub)transaction's end closes
    // the relation and frees what was allocated.
    unsafe {
        let relation = pg_sys::table_open(table, pg_sys::RowExclusiveLock as pg_sys::LOCKMODE);
        let attributes = PgTupleDesc::from_pg_copy((*relation).rd_att);
        must_be_plain(relation, &attributes)?;
        let kept = || attributes.iter().enumerate().filter(|(_, attribute)| !attribute.attisdropped);
        let mut columns: Vec<_> =
            kept().map(|(at, attribute)| (at, Receiver::new(attribute), attribute.attnotnull)).collect();
        // In whatever encoding the database has.
        let name = |(_, attribute): (usize, &pg_sys::FormData_pg_attribute)| {
            CStr::from_ptr(attribute.attname.data.as_ptr()).to_string_lossy().into_owned()
        };
        let _ = place.names.set(kept().map(name).collect());
        let mut reader = RowReader::new(payload, columns.len())?;
        let mut batch = Batch::new(relation, attributes.len(), true);
        let mut rows = 0;
        loop {
            place.rows.set((rows + 1, rows + 1));
            place.column.set(None);
            if !reader.next_row()? {
                break;
            }
            let row = batch.next();
            for (number, (at, receiver, not_null)) in columns.iter_mut().enumerate() {
                place.column.set(Some(number));
                match reader.field()? {
                    Some(field) => {
                        let value = receiver.receive(field, &batch.arena).ok_or_else(|| {
                            Refused::new(
                                PgSqlErrorCode::ERRCODE_INVALID_BINARY_REPRESENTATION,
                                "the field is longer than a value of the column's type",
                            )
                        })?;
                        batch.set(row, *at, value, field.len().max(receiver.width));
                    }
                    None if *not_null => {
                        return Err(Refused::new(
                            PgSqlErrorCode::ERRCODE_NOT_NULL_VIOLATION,
                            "NULL in a column that is NOT NULL",
                        ));
                    }
                    None => receiver.receive_null(),
                }
            }
            rows += 1;
            if batch.is_full() {
                place.set_batch(rows, batch.used);
                batch.flush();
            }
        }
        place.set_batch(rows, batch.used);
        batch.finish();
        pg_sys::table_close(relation, pg_sys::NoLock as pg_sys::LOCKMODE);
        Ok(rows)
    }
}

/// A staging table has columns, types and NOT NULL, and nothing else that would have to be seen to.
///
/// # Safety
/// `relation` is an open relation, which has these attributes.
unsafe fn must_be_plain(
    relation: pg_sys::Relation,
    attributes: &PgTupleDesc<'_>,
) -> std::result::Result<(), Refused> {
    // SAFETY: what an open relation's cache entry holds.
    let is_plain = unsafe {
        let (class, constraints) = ((*relation).rd_rel, (*(*relation).rd_att).constr);
        (*class).relkind == pg_sys::RELKIND_RELATION as std::ffi::c_char
            && !(*class).relispartition
            && !(*class).relrowsecurity
            && (*relation).rd_rules.is_null()
            && (*relation).trigdesc.is_null()
            && pg_sys::RelationGetIndexList(relation).is_null()
            && (constraints.is_null() || (*constraints).num_check == 0)
    } && attributes.iter().all(|attribute| {
        attribute.attisdropped || attribute.attgenerated == 0 && !has_rules(attribute.atttypid)
    });
    if is_plain {
        return Ok(());
    }
    let hint = "Indexes, triggers and constraints belong to the target. Abort the load and begin again.";
    let code = PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE;
    Err(Refused {
        hint: Some(hint.to_owned()),
        ..Refused::new(code, "somebody has changed the staging table")
    })
}

/// Whether values of a type are looked at by the rules of a domain: a staging table has the types below them.
fn has_rules(ty: pg_sys::Oid) -> bool {
    // SAFETY: look-ups in the catalogue on the main thread; the tuple descriptor is released after its types are copied.
    unsafe {
        let element = pg_sys::get_element_type(ty);
        if element != pg_sys::InvalidOid {
            return has_rules(element);
        }
        match pg_sys::get_typtype(ty) as u8 {
            pg_sys::TYPTYPE_DOMAIN => true,
            pg_sys::TYPTYPE_RANGE => has_rules(pg_sys::get_range_subtype(ty)),
            pg_sys::TYPTYPE_COMPOSITE => {
                let descriptor = pg_sys::lookup_rowtype_tupdesc_copy(ty, -1);
                let fields = PgTupleDesc::from_pg(descriptor);
                fields.iter().any(|field| !field.attisdropped && has_rules(field.atttypid))
            }
            _ => false,
        }
    }
}
