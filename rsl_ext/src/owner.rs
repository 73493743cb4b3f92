//! Acting as somebody else: as the owner of the extension, for the books that nobody else may write; and with fewer rights, for what
//! others have made.

use std::ffi::CStr;

use pgrx::pg_sys;
use pgrx::prelude::*;

use crate::{Result, report};

/// Runs `work` as the owner of `rsl.load`, with a search_path that nobody can plant names into. Whatever `work`
/// executes must be SQL of this extension over its own tables: never a user's expression, type or trigger.
pub fn as_owner<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    as_role(owner()?, 0, || {
        // SAFETY: plain calls on the main thread; what they change is undone here.
        let nest_level = unsafe {
            let nest_level = pg_sys::NewGUCNestLevel();
            set(c"search_path", c"pg_catalog, pg_temp", pg_sys::GucAction::GUC_ACTION_SAVE);
            nest_level
        };
        let result = work();
        // SAFETY: the level is that of above.
        unsafe { pg_sys::AtEOXact_GUC(true, nest_level) };
        result
    })
}

/// Runs `work` with no more rights than a role, in a context in which it can change nothing of the session: a type does whatever
/// its owner wants. Without a role, it is the caller.
pub fn restricted<T>(role: Option<pg_sys::Oid>, work: impl FnOnce() -> T) -> T {
    // SAFETY: a plain call.
    let role = role.unwrap_or_else(|| unsafe { pg_sys::GetUserId() });
    as_role(role, pg_sys::SECURITY_RESTRICTED_OPERATION, work)
}

/// The rest of the subtransaction runs with no more rights than a role, in a context in which nothing can take the caller's role back, as
/// a function could that runs after SET ROLE. For blocks that end with an error in any case: that puts the caller back.
#[pg_extern(sql = false)]
fn act_as(role: pg_sys::Oid) -> Result<()> {
    // SAFETY: plain calls on the main thread.
    unsafe {
        if !pg_sys::is_member_of_role(pg_sys::GetUserId(), role) {
            return Err(report(
                PgSqlErrorCode::ERRCODE_INSUFFICIENT_PRIVILEGE,
                "only a role that the caller is a member of can be acted as",
            ));
        }
        if pg_sys::GetCurrentTransactionNestLevel() < 2 {
            return Err(report(
                PgSqlErrorCode::ERRCODE_NO_ACTIVE_SQL_TRANSACTION,
                "rsl.act_as is part of a block that is rolled back",
            ));
        }
    }
    become_role(role, pg_sys::SECURITY_RESTRICTED_OPERATION);
    Ok(())
}

/// Runs `work` as a role. If it raises, the end of the (sub)transaction puts the user and all settings back, as for a SECURITY
/// DEFINER function.
fn as_role<T>(role: pg_sys::Oid, flags: u32, work: impl FnOnce() -> T) -> T {
    let (caller, context) = become_role(role, flags);
    let result = work();
    // SAFETY: as they were.
    unsafe { pg_sys::SetUserIdAndSecContext(caller, context) };
    result
}

/// Changes the role, and returns who it was and in which context: the end of the (sub)transaction or the caller puts that back.
fn become_role(role: pg_sys::Oid, flags: u32) -> (pg_sys::Oid, i32) {
    let (mut caller, mut context) = (pg_sys::InvalidOid, 0);
    // SAFETY: plain calls on the main thread.
    unsafe {
        pg_sys::GetUserIdAndSecContext(&mut caller, &mut context);
        let flags = (flags | pg_sys::SECURITY_LOCAL_USERID_CHANGE) as i32;
        pg_sys::SetUserIdAndSecContext(role, context | flags);
    }
    (caller, context)
}

/// Changes a setting that any user may change, for as long as `action` says.
///
/// # Safety
/// On the main thread, in a transaction.
pub unsafe fn set(name: &CStr, value: &CStr, action: pg_sys::GucAction::Type) {
    // SAFETY: the server copies both strings.
    unsafe {
        pg_sys::set_config_option(
            name.as_ptr(),
            value.as_ptr(),
            pg_sys::GucContext::PGC_USERSET,
            pg_sys::GucSource::PGC_S_SESSION,
            action,
            true,
            0,
            false,
        );
    }
}

/// The owner of the extension's tables. Asked for several times for each chunk, so it is read from the server's cache and
/// not with a query.
fn owner() -> Result<pg_sys::Oid> {
    // SAFETY: look-ups by name on the main thread; the relation is open, and so valid, while its row is read.
    unsafe {
        let schema = pg_sys::get_namespace_oid(c"rsl".as_ptr(), true);
        let table = pg_sys::get_relname_relid(c"load".as_ptr(), schema);
        if table == pg_sys::InvalidOid {
            return Err(report(PgSqlErrorCode::ERRCODE_UNDEFINED_TABLE, "the table rsl.load is missing"));
        }
        let relation = pg_sys::table_open(table, pg_sys::AccessShareLock as pg_sys::LOCKMODE);
        let owner = (*(*relation).rd_rel).relowner;
        pg_sys::table_close(relation, pg_sys::NoLock as pg_sys::LOCKMODE);
        Ok(owner)
    }
}
