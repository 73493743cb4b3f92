//! The rows of a chunk into a staging table, by the way that COPY takes into a table that has nothing but columns: many rows
//! at once through the table's access method.

use std::cell::{Cell, OnceCell};
use std::ffi::CStr;
use std::panic::AssertUnwindSafe;

use bumpalo::Bump;
use pgrx::pg_sys;
use pgrx::pg_sys::panic::{CaughtError, ErrorReport, ErrorReportWithLevel};
use pgrx::prelude::*;
use pgrx::{PgMemoryContexts, PgTupleDesc};
use rsl_core::copy::{Malformed, RowReader};

use crate::receive::Receiver;
use crate::{Result, report};

/// Rows, and bytes of their values, after which they are given to the table.
const BATCH_ROWS: usize = 1000;
const BATCH_BYTES: usize = 1 << 16;

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
        let mut batch = Batch::new(relation, attributes.len());
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
    let is_plain =
        unsafe {
            let (class, constraints) = ((*relation).rd_rel, (*(*relation).rd_att).constr);
            (*class).relkind == pg_sys::RELKIND_RELATION as std::ffi::c_char
                && !(*class).relispartition
                && !(*class).relrowsecurity
                && (*relation).rd_rules.is_null()
                && (*relation).trigdesc.is_null()
                && pg_sys::RelationGetIndexList(relation).is_null()
                && (constraints.is_null() || (*constraints).num_check == 0)
        } && attributes.iter().all(|attribute| attribute.attisdropped || attribute.attgenerated == 0);
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

/// Rows on their way into the table. What it holds is freed with the transaction if it is never finished.
struct Batch {
    relation: pg_sys::Relation,
    shape: pg_sys::TupleDesc,
    columns: usize,
    slots: Vec<*mut pg_sys::TupleTableSlot>,
    used: usize,
    bytes: usize,
    command: pg_sys::CommandId,
    state: pg_sys::BulkInsertState,
    /// Values of the rows.
    arena: Bump,
    /// Values that functions of the server made, and what inserting needs: the current context while the batch lives.
    context: PgMemoryContexts,
    /// The one before, for what lives longer than a row.
    outer: PgMemoryContexts,
}

impl Batch {
    /// # Safety
    /// `relation` is an open table of so many columns, dropped ones included, and stays so.
    unsafe fn new(relation: pg_sys::Relation, columns: usize) -> Self {
        // SAFETY: see above. A shape of its own, which nobody counts: otherwise each slot would be written down.
        unsafe {
            let shape = pg_sys::CreateTupleDescCopy((*relation).rd_att);
            let command = pg_sys::GetCurrentCommandId(true);
            let state = pg_sys::GetBulkInsertState();
            let mut context = PgMemoryContexts::new("rsl chunk");
            let outer = context.set_as_current();
            let arena = Bump::with_capacity(2 * BATCH_BYTES);
            Self {
                relation,
                shape,
                columns,
                slots: Vec::new(),
                used: 0,
                bytes: 0,
                command,
                state,
                arena,
                context,
                outer,
            }
        }
    }

    /// The number of a new row, all of NULLs.
    fn next(&mut self) -> usize {
        let row = self.used;
        if row == self.slots.len() {
            // SAFETY: the slot is of the kind that the table's access method wants.
            self.slots.push(unsafe {
                self.outer.switch_to(|_| {
                    pg_sys::MakeSingleTupleTableSlot(self.shape, pg_sys::table_slot_callbacks(self.relation))
                })
            });
        }
        let slot = self.slots[row];
        // SAFETY: a slot is made with room for all columns; it is empty, and this is how a row of values is put into it.
        unsafe {
            std::slice::from_raw_parts_mut((*slot).tts_isnull, self.columns).fill(true);
            (*slot).tts_flags &= !(pg_sys::TTS_FLAG_EMPTY as u16);
            (*slot).tts_nvalid = self.columns as pg_sys::AttrNumber;
        }
        self.used += 1;
        row
    }

    /// Sets a value of a row, which takes about so many bytes.
    #[inline]
    fn set(&mut self, row: usize, column: usize, value: pg_sys::Datum, bytes: usize) {
        self.bytes += bytes;
        assert!(row < self.used && column < self.columns, "the row is in the batch, the column in the row");
        // SAFETY: a slot has room for all columns.
        unsafe {
            *(*self.slots[row]).tts_values.add(column) = value;
            *(*self.slots[row]).tts_isnull.add(column) = false;
        }
    }

    fn is_full(&self) -> bool {
        self.used == BATCH_ROWS || self.bytes >= BATCH_BYTES
    }

    /// Gives the rows to the table.
    fn flush(&mut self) {
        check_for_interrupts!();
        let (relation, command, state) = (self.relation, self.command, self.state);
        let slots = &mut self.slots[..self.used];
        // SAFETY: the access method of an open table, called as COPY calls it: with slots of its kind, each with a row. What is
        // called through a pointer must be guarded here.
        unsafe {
            let methods = &*(*relation).rd_tableam;
            let insert = methods.multi_insert;
            pg_sys::ffi::pg_guard_ffi_boundary(|| {
                if let Some(insert) = insert {
                    insert(relation, slots.as_mut_ptr(), slots.len() as i32, command, 0, state);
                }
                for &mut slot in slots {
                    if let Some(clear) = (*(*slot).tts_ops).clear {
                        clear(slot);
                    }
                }
            });
            self.context.reset();
        }
        self.arena.reset();
        (self.used, self.bytes) = (0, 0);
    }

    /// Gives the last rows to the table and ends.
    fn finish(mut self) {
        if self.used > 0 {
            self.flush();
        }
        // SAFETY: all of it was made in `new` and in `next`, and is used no more.
        unsafe {
            self.outer.set_as_current();
            pg_sys::FreeBulkInsertState(self.state);
            if let Some(finish) = (*(*self.relation).rd_tableam).finish_bulk_insert {
                let relation = self.relation;
                pg_sys::ffi::pg_guard_ffi_boundary(|| finish(relation, 0));
            }
            self.slots.iter().for_each(|&slot| pg_sys::ExecDropSingleTupleTableSlot(slot));
            pg_sys::FreeTupleDesc(self.shape);
        }
    }
}
