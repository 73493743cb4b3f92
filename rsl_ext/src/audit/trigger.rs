//! `rsl.audit_write`, the function of all triggers of the audit.
//!
//! An ordinary table has statement triggers: one call sees all rows of a statement. Partitions and tables that inherit are also
//! reached through other tables, which only row triggers notice; their rows wait in [`pending`].

use std::rc::Rc;

use pgrx::prelude::*;
use pgrx::{PgMemoryContexts, pg_sys};
use rsl_core::canonical::RowHasher;
use rsl_core::image::{Changes, Kind, put_row, put_update};

use super::pending;
use super::scan::{Pair, Row, Scan};
use super::store::{Event, Operation};
use super::tracked::{Tracked, tracked};
use crate::books::query_one;
use crate::datum::push_fields;
use crate::owner::as_owner;
use crate::session::in_fixed_style;
use crate::sql_function::sql_function;
use crate::{Result, raise, report};

sql_function!(audit_write_wrapper, pg_finfo_audit_write_wrapper, audit_write);

unsafe fn audit_write(fcinfo: pg_sys::FunctionCallInfo) -> pg_sys::Datum {
    // SAFETY: the server calls a function that RETURNS trigger with a frame whose context is the trigger's data; whoever else
    // calls it has none.
    unsafe {
        if !pgrx::trigger_support::called_as_trigger(fcinfo) {
            raise(report(
                PgSqlErrorCode::ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED,
                "rsl.audit_write is a trigger function",
            ));
        }
        let data = &*(*fcinfo).context.cast::<pg_sys::TriggerData>();
        fire(data).unwrap_or_else(|error| raise(error));
        // Looked at only before a row, where this trigger is never put.
        pg_sys::Datum::from(data.tg_trigtuple)
    }
}

/// # Safety
/// The data of a trigger that fires.
unsafe fn fire(data: &pg_sys::TriggerData) -> Result<()> {
    let event = data.tg_event;
    let operation = match event & pg_sys::TRIGGER_EVENT_OPMASK {
        pg_sys::TRIGGER_EVENT_INSERT => Operation::Insert,
        pg_sys::TRIGGER_EVENT_UPDATE => Operation::Update,
        pg_sys::TRIGGER_EVENT_DELETE => Operation::Delete,
        _ => Operation::Truncate,
    };
    let is_after = event & pg_sys::TRIGGER_EVENT_TIMINGMASK == pg_sys::TRIGGER_EVENT_AFTER;
    // SAFETY: what the server says of the trigger is valid while it runs.
    unsafe {
        let relation = (*data.tg_relation).rd_id;
        if event & pg_sys::TRIGGER_EVENT_ROW != 0 {
            // Before, the row may still come to nothing, and what its header says of commands is that of another transaction.
            if !is_after {
                return Err(report(
                    PgSqlErrorCode::ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED,
                    "a row trigger of the audit fires after the row was changed",
                ));
            }
            let tracked = tracked(data.tg_relation, data.tg_trigger)?;
            one_row(data, tracked, operation)
        } else if operation == Operation::Truncate {
            truncate(data.tg_relation, data.tg_trigger)
        } else if !is_after {
            pending::begin(relation, operation);
            Ok(())
        } else {
            let statement = pending::end(relation, operation);
            pending::flush()?;
            if data.tg_oldtable.is_null() && data.tg_newtable.is_null() {
                return Ok(());
            }
            let tracked = tracked(data.tg_relation, data.tg_trigger)?;
            let mut event = Event::new(tracked, operation, statement);
            let old = Scan::of_transition_table(data.tg_oldtable, data.tg_relation);
            let new = Scan::of_transition_table(data.tg_newtable, data.tg_relation);
            many_rows(&mut event, old, new)
        }
    }
}

/// The rows of a statement, or of a TRUNCATE.
fn many_rows(event: &mut Event, mut old: Option<Scan>, mut new: Option<Scan>) -> Result<()> {
    let needs_style = event.tracked.needs_style;
    let mut context = PgMemoryContexts::new("rsl audit rows");
    loop {
        // SAFETY: what the values of a row need is made in a context of its own, and copied into the event.
        let more = unsafe {
            context.switch_to(|context| {
                let mut work = || {
                    for _ in 0..256 {
                        let pair = match (
                            old.as_mut().map(|scan| scan.next()),
                            new.as_mut().map(|scan| scan.next()),
                        ) {
                            (Some(None), _) | (_, Some(None)) => return false,
                            (old, new) => Pair { old: old.flatten(), new: new.flatten() },
                        };
                        add(event, &pair);
                    }
                    true
                };
                let more = if needs_style { in_fixed_style(work) } else { work() };
                old.iter_mut().chain(new.iter_mut()).for_each(Scan::clear);
                context.reset();
                more
            })
        };
        if event.is_full() {
            event.store()?;
        }
        if !more {
            break;
        }
        check_for_interrupts!();
    }
    old.into_iter().chain(new).for_each(Scan::end);
    event.store()
}

/// # Safety
/// The data of a row trigger that fires after the row was changed.
unsafe fn one_row(data: &pg_sys::TriggerData, tracked: Rc<Tracked>, operation: Operation) -> Result<()> {
    // SAFETY: the tuples that go with the operation; their headers say which command made or removed them.
    let (pair, command) = unsafe {
        let row = |tuple| Row::of_tuple(tuple, (*data.tg_relation).rd_att);
        match operation {
            Operation::Insert => (
                Pair { old: None, new: Some(row(data.tg_trigtuple)) },
                pg_sys::HeapTupleHeaderGetCmin((*data.tg_trigtuple).t_data),
            ),
            Operation::Update => (
                Pair { old: Some(row(data.tg_trigtuple)), new: Some(row(data.tg_newtuple)) },
                pg_sys::HeapTupleHeaderGetCmin((*data.tg_newtuple).t_data),
            ),
            _ => (
                Pair { old: Some(row(data.tg_trigtuple)), new: None },
                pg_sys::HeapTupleHeaderGetCmax((*data.tg_trigtuple).t_data),
            ),
        }
    };
    let needs_style = tracked.needs_style;
    let mut event = pending::take(&tracked, operation, pending::statement_of(command))?;
    if needs_style {
        in_fixed_style(|| add(&mut event, &pair));
    } else {
        add(&mut event, &pair);
    }
    if event.is_full() {
        event.store()?;
    }
    pending::put_back(event);
    Ok(())
}

/// # Safety
/// The table of a TRUNCATE that is about to happen, and its trigger.
unsafe fn truncate(relation: pg_sys::Relation, trigger: *mut pg_sys::Trigger) -> Result<()> {
    pending::flush()?;
    let statement = pending::statement_now();
    // SAFETY: as the caller says. A partitioned table has no rows itself; its partitions have triggers of their own, but for those
    // that came later.
    unsafe {
        let mut event = Event::new(tracked(relation, trigger)?, Operation::Truncate, statement);
        if let Some(scan) = Scan::of_table(relation) {
            return many_rows(&mut event, Some(scan), None);
        }
        event.store()?;
        for partition in partitions_without_trigger((*relation).rd_id)? {
            // Locked by the TRUNCATE already.
            let partition = pg_sys::relation_open(partition, pg_sys::NoLock as pg_sys::LOCKMODE);
            let mut event = Event::new(tracked(partition, trigger)?, Operation::Truncate, statement);
            if let Some(scan) = Scan::of_table(partition) {
                many_rows(&mut event, Some(scan), None)?;
            }
            pg_sys::relation_close(partition, pg_sys::NoLock as pg_sys::LOCKMODE);
        }
    }
    Ok(())
}

/// Partitions whose TRUNCATE nobody else sees who stands below this table.
fn partitions_without_trigger(table: pg_sys::Oid) -> Result<Vec<pg_sys::Oid>> {
    let found = as_owner(|| {
        query_one::<Vec<pg_sys::Oid>>(
            "SELECT array_agg(l.relid::oid) FROM pg_partition_tree($1) l
             WHERE l.isleaf AND NOT EXISTS (
                SELECT FROM pg_partition_ancestors(l.relid) a JOIN pg_trigger g ON g.tgrelid = a.relid
                WHERE a.relid NOT IN (SELECT pg_partition_ancestors($1))
                    AND g.tgfoid = 'rsl.audit_write()'::regprocedure AND g.tgtype & 32 <> 0 AND g.tgenabled = 'A')",
            &[table.into()],
        )
    })?;
    Ok(found.unwrap_or_default())
}

/// Adds what happened to a row; nothing, if nothing that is audited has changed.
fn add(event: &mut Event, pair: &Pair) {
    let tracked = &*event.tracked;
    let changes = &mut event.changes;
    match (&pair.old, &pair.new) {
        (None, Some(new)) => push_rows(changes, tracked, Kind::Insert, new, &[new]),
        (Some(old), None) => {
            let kind = if event.operation == Operation::Truncate { Kind::Truncate } else { Kind::Delete };
            push_rows(changes, tracked, kind, old, &[old]);
        }
        (Some(old), Some(new)) => {
            let mut changed = [false; pg_sys::MaxTupleAttributeNumber as usize];
            let changed = &mut changed[..tracked.columns.len()];
            let mut any = false;
            for (column, changed) in tracked.columns.iter().zip(changed.iter_mut()) {
                *changed = match (old.get(column.at), new.get(column.at)) {
                    // SAFETY: both are values of this column.
                    (Some(old), Some(new)) => unsafe { !column.same(old, new) },
                    (None, None) => false,
                    _ => true,
                };
                any |= *changed;
            }
            if !any {
                return;
            }
            // A key that is only written otherwise, 1.0 as 1.00, is the same key.
            if tracked.key.iter().any(|&at| changed[at]) && key_hash(tracked, old) != key_hash(tracked, new) {
                push_rows(changes, tracked, Kind::KeyChanged, old, &[old, new]);
                push_rows(changes, tracked, Kind::KeyCame, new, &[old, new]);
            } else {
                changes.push(Kind::Update, key_hash(tracked, old), |out| {
                    put_update(out, &tracked.key, changed, |is_new, at, out| {
                        put_value(tracked, if is_new { new } else { old }, at, out)
                    });
                });
            }
        }
        (None, None) => {}
    }
}

#[inline]
fn push_rows(changes: &mut Changes, tracked: &Tracked, kind: Kind, keyed: &Row, rows: &[&Row]) {
    changes.push(kind, key_hash(tracked, keyed), |out| {
        for row in rows {
            put_row(out, tracked.columns.len(), |at, out| put_value(tracked, row, at, out));
        }
    });
}

#[inline]
fn put_value(tracked: &Tracked, row: &Row, at: usize, out: &mut Vec<u8>) -> bool {
    let column = &tracked.columns[at];
    match row.get(column.at) {
        Some(value) => {
            // SAFETY: a value of this column.
            unsafe { column.write(value, out) };
            true
        }
        None => false,
    }
}

/// Equal keys have equal hashes, however they are written.
#[inline]
fn key_hash(tracked: &Tracked, row: &Row) -> u64 {
    let mut hasher = RowHasher::default();
    let values = tracked.key.iter().map(|&at| row.get(tracked.columns[at].at));
    // SAFETY: values of the columns for whose types the readers were made.
    unsafe { push_fields(&mut hasher, tracked.key_readers.iter().zip(values)) };
    hasher.finish() as u64
}
