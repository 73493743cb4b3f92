//! Many rows at once into a table, by the way that COPY takes: through the table's access method, then into its indexes.

use bumpalo::Bump;
use pgrx::prelude::*;
use pgrx::{PgMemoryContexts, pg_sys};

/// Rows, and bytes of their values, after which they are given to the table.
const BATCH_ROWS: usize = 1000;
const BATCH_BYTES: usize = 1 << 16;

/// Rows on their way into the table. What it holds is freed with the transaction if it is never finished.
pub struct Batch {
    relation: pg_sys::Relation,
    shape: pg_sys::TupleDesc,
    columns: usize,
    slots: Vec<*mut pg_sys::TupleTableSlot>,
    pub used: usize,
    bytes: usize,
    command: pg_sys::CommandId,
    /// For many rows; null for few.
    state: pg_sys::BulkInsertState,
    indexes: Vec<Index>,
    /// Values of the rows.
    pub arena: Bump,
    /// Values that functions of the server made, and what inserting needs: the current context while the batch lives.
    context: PgMemoryContexts,
    /// The one before, for what lives longer than a row.
    outer: PgMemoryContexts,
}

/// An index of the table: of plain columns, and not unique.
struct Index {
    relation: pg_sys::Relation,
    info: *mut pg_sys::IndexInfo,
}

impl Batch {
    /// `many` rows are to be expected, or few.
    ///
    /// # Safety
    /// `relation` is an open table of so many columns, dropped ones included, and stays so. Its indexes, if it has any, are not
    /// unique, not partial and not of expressions, and nothing else has to be seen to when a row is inserted.
    pub unsafe fn new(relation: pg_sys::Relation, columns: usize, many: bool) -> Self {
        // SAFETY: see above. A shape of its own, which nobody counts: otherwise each slot would be written down.
        unsafe {
            let shape = pg_sys::CreateTupleDescCopy((*relation).rd_att);
            let command = pg_sys::GetCurrentCommandId(true);
            let state = if many { pg_sys::GetBulkInsertState() } else { std::ptr::null_mut() };
            let indexes = pg_sys::RelationGetIndexList(relation);
            let count = if indexes.is_null() { 0 } else { (*indexes).length };
            let indexes = (0..count)
                .map(|at| {
                    let index = (*(*indexes).elements.add(at as usize)).oid_value;
                    let relation = pg_sys::index_open(index, pg_sys::RowExclusiveLock as pg_sys::LOCKMODE);
                    Index { relation, info: pg_sys::BuildIndexInfo(relation) }
                })
                .collect();
            let mut context = PgMemoryContexts::new("rsl chunk");
            let outer = context.set_as_current();
            let arena = if many { Bump::with_capacity(2 * BATCH_BYTES) } else { Bump::new() };
            Self {
                relation,
                shape,
                columns,
                slots: Vec::new(),
                used: 0,
                bytes: 0,
                command,
                state,
                indexes,
                arena,
                context,
                outer,
            }
        }
    }

    /// The number of a new row, all of NULLs.
    pub fn next(&mut self) -> usize {
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
    pub fn set(&mut self, row: usize, column: usize, value: pg_sys::Datum, bytes: usize) {
        self.bytes += bytes;
        assert!(row < self.used && column < self.columns, "the row is in the batch, the column in the row");
        // SAFETY: a slot has room for all columns.
        unsafe {
            *(*self.slots[row]).tts_values.add(column) = value;
            *(*self.slots[row]).tts_isnull.add(column) = false;
        }
    }

    pub fn is_full(&self) -> bool {
        self.used == BATCH_ROWS || self.bytes >= BATCH_BYTES
    }

    /// Gives the rows to the table.
    pub fn flush(&mut self) {
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
            });
            for (index, &slot) in
                self.indexes.iter().flat_map(|index| slots.iter().map(move |slot| (index, slot)))
            {
                index.insert(slot, relation);
            }
            pg_sys::ffi::pg_guard_ffi_boundary(|| {
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
    pub fn finish(mut self) {
        if self.used > 0 {
            self.flush();
        }
        // SAFETY: all of it was made in `new` and in `next`, and is used no more.
        unsafe {
            self.outer.set_as_current();
            if !self.state.is_null() {
                pg_sys::FreeBulkInsertState(self.state);
            }
            for index in &self.indexes {
                pg_sys::index_close(index.relation, pg_sys::NoLock as pg_sys::LOCKMODE);
            }
            if let Some(finish) = (*(*self.relation).rd_tableam).finish_bulk_insert {
                let relation = self.relation;
                pg_sys::ffi::pg_guard_ffi_boundary(|| finish(relation, 0));
            }
            self.slots.iter().for_each(|&slot| pg_sys::ExecDropSingleTupleTableSlot(slot));
            pg_sys::FreeTupleDesc(self.shape);
        }
    }
}

impl Index {
    /// # Safety
    /// The slot holds a row that is in the table.
    unsafe fn insert(&self, slot: *mut pg_sys::TupleTableSlot, table: pg_sys::Relation) {
        const MOST: usize = pg_sys::INDEX_MAX_KEYS as usize;
        let (mut values, mut nulls) = ([pg_sys::Datum::from(0); MOST], [false; MOST]);
        // SAFETY: there is room for the columns of any index; without expressions no executor state is needed.
        unsafe {
            let (values, nulls) = (values.as_mut_ptr(), nulls.as_mut_ptr());
            pg_sys::FormIndexDatum(self.info, slot, std::ptr::null_mut(), values, nulls);
            let no = pg_sys::IndexUniqueCheck::UNIQUE_CHECK_NO;
            let at = &raw mut (*slot).tts_tid;
            #[cfg(feature = "pg13")]
            pg_sys::index_insert(self.relation, values, nulls, at, table, no, self.info);
            #[cfg(not(feature = "pg13"))]
            pg_sys::index_insert(self.relation, values, nulls, at, table, no, false, self.info);
        }
    }
}
