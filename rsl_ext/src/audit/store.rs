//! Changes into the log: blocks, straight into the partition of the month. No statement is planned and nobody's rights are asked:
//! whoever may change an audited table writes to the log, and only so.

use std::cell::Cell;
use std::ffi::CString;
use std::rc::Rc;

use pgrx::pg_sys;
use pgrx::prelude::*;
use rsl_core::image::Changes;

use super::origin::{Origin, origin};
use super::tracked::Tracked;
use crate::Result;
use crate::batch::Batch;
use crate::books::{internal, query_one};
use crate::owner::as_owner;
use crate::session::role_name;

/// Columns of `rsl.audit_block`.
const COLUMNS: usize = 17;

/// From so many changes on, a batch is stored without waiting for the end of the statement.
const FULL_CHANGES: usize = 1 << 16;
const FULL_BYTES: usize = 16 << 20;

/// What a statement did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    Insert,
    Update,
    Delete,
    Truncate,
}

impl Operation {
    fn letter(self) -> u8 {
        match self {
            Operation::Insert => b'I',
            Operation::Update => b'U',
            Operation::Delete => b'D',
            Operation::Truncate => b'T',
        }
    }
}

/// Changes of one table by one statement.
pub struct Event {
    pub tracked: Rc<Tracked>,
    pub operation: Operation,
    pub acting: pg_sys::Oid,
    /// Number of the statement in its transaction.
    pub statement: i32,
    pub changes: Changes,
}

impl Event {
    /// Of the role that acts now.
    pub fn new(tracked: Rc<Tracked>, operation: Operation, statement: i32) -> Self {
        // SAFETY: a plain call.
        let acting = unsafe { pg_sys::GetUserId() };
        Self { tracked, operation, acting, statement, changes: Changes::default() }
    }

    pub fn is_full(&self) -> bool {
        self.changes.len() >= FULL_CHANGES || self.changes.bytes() >= FULL_BYTES
    }

    /// Stores the changes and is empty then. A TRUNCATE is stored even if nothing was there.
    pub fn store(&mut self) -> Result<()> {
        if self.changes.is_empty() && self.operation != Operation::Truncate {
            return Ok(());
        }
        let origin = origin()?;
        let partition = partition(origin.at)?;
        let sequence = relation_of_rsl(c"audit_block_id")?;
        let acting = role_name(self.acting);
        // SAFETY: the partition is one of ours, by its place in the catalogue; it stays open until all is in it. If anything
        // raises, the end of the (sub)transaction closes it.
        unsafe {
            let relation = pg_sys::table_open(partition, pg_sys::RowExclusiveLock as pg_sys::LOCKMODE);
            if (*(*relation).rd_att).natts as usize != COLUMNS {
                return Err(internal("a partition of rsl.audit_block has been changed"));
            }
            // Made before the batch, which frees what was made since when it gives its rows to the table.
            let common = self.common_values(&origin, &acting);
            let mut batch = Batch::new(relation, COLUMNS, self.changes.len() > 100);
            if self.changes.is_empty() {
                self.put(&mut batch, &common, sequence, (1, 0, &[0; 4]));
            } else {
                let mut changes = std::mem::take(&mut self.changes);
                changes.blocks(|bucket, count, images| {
                    self.put(&mut batch, &common, sequence, (bucket, count, images));
                    Ok::<_, pg_sys::panic::ErrorReport>(())
                })?;
                self.changes = changes;
            }
            batch.finish();
            pg_sys::table_close(relation, pg_sys::NoLock as pg_sys::LOCKMODE);
        }
        Ok(())
    }

    /// What is the same in every block, at its place.
    fn common_values(&self, origin: &Origin, acting: &str) -> [Option<pg_sys::Datum>; COLUMNS] {
        let mut values = [None; COLUMNS];
        let text = |text: &Option<String>| text.as_deref().and_then(IntoDatum::into_datum);
        values[1] = Some(pg_sys::Datum::from(origin.at));
        values[2] = Some(pg_sys::Datum::from(origin.txid));
        values[3] = origin.load_id.map(pg_sys::Datum::from);
        values[5] = Some(pg_sys::Datum::from(origin.era));
        values[6] = Some(pg_sys::Datum::from(self.tracked.table_id));
        values[7] = Some(pg_sys::Datum::from(self.tracked.shape_id));
        values[8] = Some(pg_sys::Datum::from(self.statement));
        values[10] = Some(pg_sys::Datum::from(self.operation.letter() as i8));
        values[11] = origin.session_role.as_str().into_datum();
        values[12] = acting.into_datum();
        values[13] = text(&origin.actor);
        values[14] = text(&origin.application);
        values[15] = origin.client_addr.as_deref().and_then(inet);
        values
    }

    /// # Safety
    /// The batch is one for `rsl.audit_block`, and so are the values.
    unsafe fn put(
        &self,
        batch: &mut Batch,
        common: &[Option<pg_sys::Datum>; COLUMNS],
        sequence: pg_sys::Oid,
        (bucket, count, images): (i64, u32, &[u8]),
    ) {
        let row = batch.next();
        for (column, value) in common.iter().enumerate() {
            if let Some(value) = value {
                batch.set(row, column, *value, 8);
            }
        }
        // SAFETY: a sequence of ours. Its number is taken behind the lock on the changed row, so that of two changes of one row
        // the later has the greater.
        let number = unsafe { next_of(sequence) };
        batch.set(row, 0, pg_sys::Datum::from(number), 8);
        batch.set(row, 4, pg_sys::Datum::from(bucket), 8);
        batch.set(row, 9, pg_sys::Datum::from(count), 4);
        let stored = images.into_datum().unwrap_or(pg_sys::Datum::from(0));
        batch.set(row, 16, stored, images.len());
        if batch.is_full() {
            batch.flush();
        }
    }
}

/// An address, as the type inet stores it.
fn inet(address: &str) -> Option<pg_sys::Datum> {
    let address = CString::new(address).ok()?;
    // SAFETY: the input function of inet takes a string.
    Some(unsafe {
        let input = pg_sys::F_INET_IN.into();
        pg_sys::OidInputFunctionCall(input, address.as_ptr().cast_mut(), pg_sys::InvalidOid, -1)
    })
}

/// # Safety
/// The relation is a sequence.
unsafe fn next_of(sequence: pg_sys::Oid) -> i64 {
    unsafe extern "C-unwind" {
        /// From `commands/sequence.h`; the second argument says whether the caller's rights are asked.
        fn nextval_internal(relation: pg_sys::Oid, check_permissions: bool) -> i64;
    }
    // SAFETY: as declared, since PostgreSQL 10; guarded, as it may raise.
    unsafe { pg_sys::ffi::pg_guard_ffi_boundary(|| nextval_internal(sequence, false)) }
}

fn relation_of_rsl(name: &std::ffi::CStr) -> Result<pg_sys::Oid> {
    // SAFETY: look-ups by name on the main thread.
    let found = unsafe {
        pg_sys::get_relname_relid(name.as_ptr(), pg_sys::get_namespace_oid(c"rsl".as_ptr(), false))
    };
    if found == pg_sys::InvalidOid {
        return Err(internal("a relation of the audit log is missing"));
    }
    Ok(found)
}

thread_local! {
    /// The partition that was last written to, and the time from and until which it takes blocks.
    static PARTITION: Cell<Option<(i64, i64, pg_sys::Oid)>> = const { Cell::new(None) };
}

pub fn relation_changed(relation: pg_sys::Oid) {
    if relation == pg_sys::InvalidOid
        || PARTITION.get().is_some_and(|(_, _, partition)| partition == relation)
    {
        PARTITION.set(None);
    }
}

/// The partition for blocks of this time, which is made if it is missing.
fn partition(at: i64) -> Result<pg_sys::Oid> {
    if let Some((from, until, partition)) = PARTITION.get()
        && (from..until).contains(&at)
    {
        return Ok(partition);
    }
    let month = as_owner(|| {
        query_one::<pgrx::datum::Array<'_, i64>>(
            "SELECT ARRAY[(extract(epoch FROM m.month - t.zero) * 1000000)::bigint,
                (extract(epoch FROM m.month + interval '1 month' - t.zero) * 1000000)::bigint, rsl.audit_month(m.at)::oid::bigint]
             FROM (SELECT timestamp '2000-01-01' AS zero) t,
                LATERAL (SELECT t.zero + $1 * interval '1 microsecond') a (utc),
                LATERAL (SELECT date_trunc('month', a.utc), timezone('UTC', a.utc)) m (month, at)",
            &[at.into()],
        )
        .map(|month| month.map(|month| month.iter().flatten().collect::<Vec<_>>()))
    })?;
    let Some(&[from, until, partition]) = month.as_deref() else {
        return Err(internal("the audit log has no place for this month"));
    };
    let partition = pg_sys::Oid::from(partition as u32);
    PARTITION.set(Some((from, until, partition)));
    Ok(partition)
}

/// A partition that was made in a transaction that failed is not there.
pub fn transaction_failed() {
    PARTITION.set(None);
}
