//! Acting as the owner of the extension, for the books that nobody else may write.

use std::ffi::CStr;

use pgrx::pg_sys;
use pgrx::prelude::*;

use crate::{Result, report};

/// Runs `work` as the owner of `rsl.load`, with a search_path that nobody can plant names into. Whatever `work`
/// executes must be SQL of this extension over its own tables: never a user's expression, type or trigger.
///
/// If `work` raises, the end of the (sub)transaction puts user and settings back, as for a SECURITY DEFINER function.
pub fn as_owner<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    let owner = owner()?;
    let (mut caller, mut context) = (pg_sys::InvalidOid, 0);
    // SAFETY: plain calls on the main thread; what they change is undone below or by the end of the transaction.
    let nest_level = unsafe {
        pg_sys::GetUserIdAndSecContext(&mut caller, &mut context);
        let local = pg_sys::SECURITY_LOCAL_USERID_CHANGE as i32;
        pg_sys::SetUserIdAndSecContext(owner, context | local);
        let nest_level = pg_sys::NewGUCNestLevel();
        set(c"search_path", c"pg_catalog, pg_temp", pg_sys::GucAction::GUC_ACTION_SAVE);
        nest_level
    };
    let result = work();
    // SAFETY: the level and the user are those of above.
    unsafe {
        pg_sys::AtEOXact_GUC(true, nest_level);
        pg_sys::SetUserIdAndSecContext(caller, context);
    }
    result
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
