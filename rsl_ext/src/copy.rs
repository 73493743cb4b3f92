//! Rows in binary COPY format into a table, through the server's own COPY: its type input, defaults, constraints.

use std::cell::{Cell, RefCell};
use std::ffi::{CStr, c_int, c_void};

use pgrx::pg_sys;
use pgrx::pg_sys::panic::CaughtError;
use pgrx::prelude::*;

use crate::{Result, report};

thread_local! {
    /// What COPY has still to read. Its data source callback takes no argument that could carry this.
    static REST: Cell<(*const u8, usize)> = const { Cell::new((std::ptr::null(), 0)) };
    /// Where the last error of COPY happened, in COPY's words.
    static CONTEXT: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Puts the payload into the table as the calling role and returns the number of rows. `what` names the payload in
/// errors, which keep COPY's SQLSTATE and say in the detail which row and column it was.
pub fn copy_binary(table: pg_sys::Oid, payload: &[u8], what: &str) -> Result<u64> {
    REST.set((payload.as_ptr(), payload.len()));
    CONTEXT.take();
    let mut callback = pg_sys::ErrorContextCallback {
        // SAFETY: variables of the server, on its main thread. The list gets an entry that lives in this frame, below the one
        // of COPY, so that it runs after that one has said where the error is.
        previous: unsafe { pg_sys::error_context_stack },
        callback: Some(note_context),
        arg: std::ptr::null_mut(),
    };
    // SAFETY: see above.
    unsafe { pg_sys::error_context_stack = &raw mut callback };
    let outcome =
        PgTryBuilder::new(|| Ok(run(table))).catch_others(|cause| Err(refusal(cause, what))).execute();
    // SAFETY: this frame's entry is taken off before the frame ends, also after an error: whatever is raised next would run it.
    unsafe { pg_sys::error_context_stack = callback.previous };
    REST.set((std::ptr::null(), 0));
    outcome
}

/// The error to raise in place of the caught one. It is raised at once: nothing goes on after a caught error.
fn refusal(cause: CaughtError, what: &str) -> pg_sys::panic::ErrorReport {
    let error = match cause {
        CaughtError::PostgresError(error) | CaughtError::ErrorReport(error) => error,
        other => other.rethrow(),
    };
    let place = CONTEXT.take();
    // The detail of these shows the whole row, and what rows contain stays out of messages.
    let shows_row = matches!(
        error.sql_error_code(),
        PgSqlErrorCode::ERRCODE_NOT_NULL_VIOLATION | PgSqlErrorCode::ERRCODE_CHECK_VIOLATION
    );
    let detail = match (error.detail().filter(|_| !shows_row), place) {
        (Some(detail), Some(place)) => format!("{detail} ({place})"),
        (Some(detail), None) => detail.to_owned(),
        (None, Some(place)) => place,
        (None, None) => "The payload as a whole was refused.".to_owned(),
    };
    report(error.sql_error_code(), format!("{what} was refused: {}", error.message()))
        .set_detail(detail)
        .set_hint(
            error.hint().unwrap_or("Nothing of this chunk was kept; the chunks before it were.").to_owned(),
        )
}

fn run(table: pg_sys::Oid) -> u64 {
    // SAFETY: the same calls as the server's own COPY FROM makes, in the same order (tablesync.c does so with a callback,
    // too); the relation stays open and locked until the copy has ended. If anything raises, the (sub)transaction's end
    // closes the relation and frees what was allocated.
    unsafe {
        let relation = pg_sys::table_open(table, pg_sys::RowExclusiveLock as pg_sys::LOCKMODE);
        let state = pg_sys::make_parsestate(std::ptr::null_mut());
        pg_sys::addRangeTableEntryForRelation(
            state,
            relation,
            pg_sys::RowExclusiveLock as c_int,
            std::ptr::null_mut(),
            false,
            false,
        );
        let format = pg_sys::makeDefElem(
            c"format".as_ptr().cast_mut(),
            pg_sys::makeString(c"binary".as_ptr().cast_mut()).cast(),
            -1,
        );
        let options = pg_sys::lappend(std::ptr::null_mut(), format.cast());
        #[cfg(feature = "pg13")]
        let copy = pg_sys::BeginCopyFrom(
            state,
            relation,
            std::ptr::null(),
            false,
            Some(read_payload),
            std::ptr::null_mut(),
            options,
        );
        #[cfg(not(feature = "pg13"))]
        let copy = pg_sys::BeginCopyFrom(
            state,
            relation,
            std::ptr::null_mut(),
            std::ptr::null(),
            false,
            Some(read_payload),
            std::ptr::null_mut(),
            options,
        );
        let rows = pg_sys::CopyFrom(copy);
        pg_sys::EndCopyFrom(copy);
        pg_sys::free_parsestate(state);
        pg_sys::table_close(relation, pg_sys::NoLock as pg_sys::LOCKMODE);
        rows
    }
}

/// COPY asks for up to `wanted` bytes.
#[pg_guard]
unsafe extern "C-unwind" fn read_payload(out: *mut c_void, _at_least: c_int, wanted: c_int) -> c_int {
    let (start, left) = REST.get();
    let given = left.min(usize::try_from(wanted).unwrap_or(0));
    // SAFETY: `start` points to `left` bytes of the payload, which outlives the copy, and `out` has room for `wanted`.
    unsafe {
        std::ptr::copy_nonoverlapping(start, out.cast::<u8>(), given);
        REST.set((start.add(given), left - given));
    }
    given as c_int
}

/// Runs while an error is being made: keeps its context, which pgrx drops when it catches the error.
#[pg_guard]
unsafe extern "C-unwind" fn note_context(_argument: *mut c_void) {
    // SAFETY: an error is on the server's error stack while its callbacks run. CopyErrorData allocates in the current
    // context, which must not be the ErrorContext, so that is changed meanwhile.
    unsafe {
        let current = pg_sys::CurrentMemoryContext;
        pg_sys::CurrentMemoryContext = pg_sys::CurTransactionContext;
        let error = pg_sys::CopyErrorData();
        if (*error).elevel >= pg_sys::PGERROR as c_int && !(*error).context.is_null() {
            let context = CStr::from_ptr((*error).context).to_string_lossy().into_owned();
            CONTEXT.with(|place| *place.borrow_mut() = Some(in_words(&context)));
        }
        pg_sys::FreeErrorData(error);
        pg_sys::CurrentMemoryContext = current;
    }
}

/// `COPY load_7, line 3, column price` says a staging table that nobody knows; the value, if it follows, stays out.
fn in_words(context: &str) -> String {
    let first = context.lines().next().unwrap_or_default();
    let place = first.split_once(", line ").map_or(first, |(_, place)| place);
    match place.split_once(", column ") {
        Some((line, column)) => {
            let column = column.split(": ").next().unwrap_or(column);
            format!("Row {line} of the chunk, column \"{column}\".")
        }
        None => format!("Row {} of the chunk.", place.split(": ").next().unwrap_or(place)),
    }
}
