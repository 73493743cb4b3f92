//! Rows as triggers get them.

use pgrx::pg_sys;

/// What happened to a row: what was there and what is there now.
pub struct Pair {
    pub old: Option<Row>,
    pub new: Option<Row>,
}

/// The values of a row, which are valid until the next one is read.
pub struct Row {
    slot: Option<*mut pg_sys::TupleTableSlot>,
    values: Vec<(pg_sys::Datum, bool)>,
}

impl Row {
    /// # Safety
    /// A tuple of this shape that lives as long as the row.
    pub unsafe fn of_tuple(tuple: pg_sys::HeapTuple, shape: pg_sys::TupleDesc) -> Self {
        // SAFETY: there is room for all columns of the shape.
        unsafe {
            let columns = (*shape).natts as usize;
            let (mut values, mut nulls) = (vec![pg_sys::Datum::from(0); columns], vec![true; columns]);
            pg_sys::heap_deform_tuple(tuple, shape, values.as_mut_ptr(), nulls.as_mut_ptr());
            Self { slot: None, values: values.into_iter().zip(nulls).collect() }
        }
    }

    /// The value of a column; none for NULL.
    #[inline]
    pub fn get(&self, at: usize) -> Option<pg_sys::Datum> {
        match self.slot {
            // SAFETY: the slot has been filled for all columns of the relation, of which `at` is one.
            Some(slot) => unsafe { (!*(*slot).tts_isnull.add(at)).then(|| *(*slot).tts_values.add(at)) },
            None => self.values.get(at).filter(|(_, is_null)| !is_null).map(|(value, _)| *value),
        }
    }
}

/// Rows one after the other.
pub struct Scan {
    source: Source,
    slot: *mut pg_sys::TupleTableSlot,
    columns: i32,
}

enum Source {
    Transition(*mut pg_sys::Tuplestorestate),
    Table { scan: pg_sys::TableScanDesc, snapshot: pg_sys::Snapshot },
}

impl Scan {
    /// The rows of a transition table; none if there is no such table.
    ///
    /// # Safety
    /// A transition table of a trigger on this relation, or null; both live longer than the scan.
    pub unsafe fn of_transition_table(
        table: *mut pg_sys::Tuplestorestate,
        relation: pg_sys::Relation,
    ) -> Option<Self> {
        if table.is_null() {
            return None;
        }
        // SAFETY: as the caller says. Another trigger may have read it before.
        unsafe {
            pg_sys::tuplestore_rescan(table);
            let slot =
                pg_sys::MakeSingleTupleTableSlot((*relation).rd_att, &raw const pg_sys::TTSOpsMinimalTuple);
            Some(Self { source: Source::Transition(table), slot, columns: (*(*relation).rd_att).natts })
        }
    }

    /// All rows of a table that nobody else can change now; none of one that has no storage.
    ///
    /// # Safety
    /// An open relation, which lives longer than the scan.
    pub unsafe fn of_table(relation: pg_sys::Relation) -> Option<Self> {
        // SAFETY: the snapshot is registered until the scan ends; what is called through a pointer is guarded.
        unsafe {
            if (*(*relation).rd_rel).relkind != pg_sys::RELKIND_RELATION as std::ffi::c_char {
                return None;
            }
            let snapshot = pg_sys::RegisterSnapshot(pg_sys::GetLatestSnapshot());
            let begin = (*(*relation).rd_tableam).scan_begin?;
            let flags = pg_sys::ScanOptions::SO_TYPE_SEQSCAN
                | pg_sys::ScanOptions::SO_ALLOW_STRAT
                | pg_sys::ScanOptions::SO_ALLOW_PAGEMODE;
            let scan = pg_sys::ffi::pg_guard_ffi_boundary(|| {
                begin(relation, snapshot, 0, std::ptr::null_mut(), std::ptr::null_mut(), flags)
            });
            let slot =
                pg_sys::MakeSingleTupleTableSlot((*relation).rd_att, pg_sys::table_slot_callbacks(relation));
            Some(Self {
                source: Source::Table { scan, snapshot },
                slot,
                columns: (*(*relation).rd_att).natts,
            })
        }
    }

    /// The next row.
    #[inline]
    pub fn next(&mut self) -> Option<Row> {
        let slot = self.slot;
        // SAFETY: the source and the slot are of one relation and still open.
        unsafe {
            let found = match &self.source {
                Source::Transition(table) => pg_sys::tuplestore_gettupleslot(*table, true, false, slot),
                Source::Table { scan, .. } => {
                    let next = (*(*(**scan).rs_rd).rd_tableam).scan_getnextslot?;
                    let forward = pg_sys::ScanDirection::ForwardScanDirection;
                    let scan = *scan;
                    pg_sys::ffi::pg_guard_ffi_boundary(|| next(scan, forward, slot))
                }
            };
            if !found {
                return None;
            }
            if i32::from((*slot).tts_nvalid) < self.columns {
                pg_sys::slot_getsomeattrs_int(slot, self.columns);
            }
            Some(Row { slot: Some(slot), values: Vec::new() })
        }
    }

    /// Lets go of the row that was read last, before the memory context is reset in which it may lie.
    pub fn clear(&mut self) {
        // SAFETY: the slot is this scan's; what is called through a pointer is guarded.
        unsafe {
            if let Some(clear) = (*(*self.slot).tts_ops).clear {
                let slot = self.slot;
                pg_sys::ffi::pg_guard_ffi_boundary(|| clear(slot));
            }
        }
    }

    /// Lets go of everything. An error before that leaves it to the end of the (sub)transaction.
    pub fn end(self) {
        // SAFETY: all of it was made by this module and is used no more.
        unsafe {
            pg_sys::ExecDropSingleTupleTableSlot(self.slot);
            if let Source::Table { scan, snapshot } = self.source {
                if let Some(end) = (*(*(*scan).rs_rd).rd_tableam).scan_end {
                    pg_sys::ffi::pg_guard_ffi_boundary(|| end(scan));
                }
                pg_sys::UnregisterSnapshot(snapshot);
            }
        }
    }
}
