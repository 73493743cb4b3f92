//! What has been seen in this transaction and is not stored yet: events whose rows come one by one, and statements that have begun.

use std::cell::RefCell;
use std::rc::Rc;

use pgrx::pg_sys;
use pgrx::prelude::*;

use super::store::{Event, Operation};
use super::tracked::Tracked;
use super::{origin, store, tracked};
use crate::{Result, raise};

thread_local! {
    static EVENTS: RefCell<Vec<Waiting>> = const { RefCell::new(Vec::new()) };
    static BEGUN: RefCell<Vec<Begun>> = const { RefCell::new(Vec::new()) };
}

/// An event, and the (sub)transaction in which its rows were changed: if that fails, they never were.
struct Waiting {
    nest_level: i32,
    event: Event,
}

/// A statement that has begun and whose rows come at its end.
struct Begun {
    relation: pg_sys::Oid,
    operation: Operation,
    statement: i32,
    nest_level: i32,
}

pub fn init() {
    // SAFETY: registered once for each backend; the callbacks are guarded.
    unsafe {
        pg_sys::RegisterXactCallback(Some(transaction_event), std::ptr::null_mut());
        pg_sys::RegisterSubXactCallback(Some(subtransaction_event), std::ptr::null_mut());
    }
}

fn nest_level() -> i32 {
    // SAFETY: a plain call.
    unsafe { pg_sys::GetCurrentTransactionNestLevel() }
}

/// The number of the statement that runs now: later ones have greater ones, those that its triggers run, too.
pub fn statement_now() -> i32 {
    // SAFETY: a plain call.
    statement_of(unsafe { pg_sys::GetCurrentCommandId(false) })
}

/// The number of the statement of a command.
pub fn statement_of(command: pg_sys::CommandId) -> i32 {
    i32::try_from(command).map_or(i32::MAX, |command| command.saturating_add(1))
}

/// A statement begins.
pub fn begin(relation: pg_sys::Oid, operation: Operation) {
    let (statement, nest_level) = (statement_now(), nest_level());
    BEGUN.with_borrow_mut(|begun| begun.push(Begun { relation, operation, statement, nest_level }));
}

/// The number of the statement that ends, as it was when it began: in between, triggers may have run others.
pub fn end(relation: pg_sys::Oid, operation: Operation) -> i32 {
    BEGUN.with_borrow_mut(|begun| {
        let at = begun.iter().rposition(|one| (one.relation, one.operation) == (relation, operation));
        at.map_or_else(statement_now, |at| begun.remove(at).statement)
    })
}

/// Events of many small statements, after which they are stored before the next begins.
const MANY: usize = 100;

/// The event to which a changed row belongs, taken out of those that wait; to be given to [`put_back`].
pub fn take(tracked: &Rc<Tracked>, operation: Operation, statement: i32) -> Result<Event> {
    let (nest_level, acting) = (nest_level(), {
        // SAFETY: a plain call.
        unsafe { pg_sys::GetUserId() }
    });
    if EVENTS.with_borrow(Vec::len) >= MANY {
        flush()?;
    }
    Ok(EVENTS.with_borrow_mut(|events| {
        let at = events.iter().rposition(|Waiting { nest_level: level, event }| {
            *level == nest_level
                && Rc::ptr_eq(&event.tracked, tracked)
                && (event.operation, event.statement, event.acting) == (operation, statement, acting)
        });
        at.map_or_else(|| Event::new(tracked.clone(), operation, statement), |at| events.remove(at).event)
    }))
}

pub fn put_back(event: Event) {
    EVENTS.with_borrow_mut(|events| events.push(Waiting { nest_level: nest_level(), event }));
}

/// Stores what waits of this (sub)transaction. What waits of those around it cannot be stored now: it would be lost if this one
/// failed.
pub fn flush() -> Result<()> {
    let level = nest_level();
    let mut due: Vec<Waiting> = EVENTS.with_borrow_mut(|events| {
        let first = events.partition_point(|waiting| waiting.nest_level < level);
        events.drain(first..).collect()
    });
    due.iter_mut().try_for_each(|waiting| waiting.event.store())
}

/// Forgets what never was.
fn forget(level: i32) {
    EVENTS.with_borrow_mut(|events| events.retain(|waiting| waiting.nest_level < level));
    BEGUN.with_borrow_mut(|begun| begun.retain(|one| one.nest_level < level));
    tracked::transaction_failed();
    origin::transaction_failed();
    store::transaction_failed();
}

/// Stores at the end of a (sub)transaction; an error makes it fail.
fn flush_at_end() {
    if EVENTS.with_borrow(Vec::is_empty) {
        return;
    }
    // SAFETY: what is stored may need a snapshot, and at the end of a transaction there is none.
    let stored = unsafe {
        pg_sys::PushActiveSnapshot(pg_sys::GetTransactionSnapshot());
        let stored = flush();
        pg_sys::PopActiveSnapshot();
        stored
    };
    stored.unwrap_or_else(|error| raise(error));
}

#[pg_guard]
unsafe extern "C-unwind" fn transaction_event(
    event: pg_sys::XactEvent::Type,
    _argument: *mut std::ffi::c_void,
) {
    match event {
        pg_sys::XactEvent::XACT_EVENT_PRE_COMMIT | pg_sys::XactEvent::XACT_EVENT_PRE_PREPARE => {
            flush_at_end()
        }
        pg_sys::XactEvent::XACT_EVENT_COMMIT => {
            BEGUN.with_borrow_mut(Vec::clear);
            tracked::transaction_ended();
        }
        // What a prepared transaction has written down is not there yet, and perhaps never will be.
        pg_sys::XactEvent::XACT_EVENT_ABORT | pg_sys::XactEvent::XACT_EVENT_PREPARE => forget(0),
        _ => {}
    }
}

#[pg_guard]
unsafe extern "C-unwind" fn subtransaction_event(
    event: pg_sys::SubXactEvent::Type,
    _this: pg_sys::SubTransactionId,
    _parent: pg_sys::SubTransactionId,
    _argument: *mut std::ffi::c_void,
) {
    match event {
        pg_sys::SubXactEvent::SUBXACT_EVENT_PRE_COMMIT_SUB => flush_at_end(),
        pg_sys::SubXactEvent::SUBXACT_EVENT_ABORT_SUB => forget(nest_level()),
        _ => {}
    }
}
