//! Acting as the owner of the extension, for the books that nobody else may write.

use pgrx::pg_sys;
use pgrx::prelude::*;

use crate::{Result, report, spi};

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
        pg_sys::set_config_option(
            c"search_path".as_ptr(),
            c"pg_catalog, pg_temp".as_ptr(),
            pg_sys::GucContext::PGC_USERSET,
            pg_sys::GucSource::PGC_S_SESSION,
            pg_sys::GucAction::GUC_ACTION_SAVE,
            true,
            0,
            false,
        );
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

/// The owner of the extension's tables.
fn owner() -> Result<pg_sys::Oid> {
    Spi::connect(|client| {
        client
            .select(
                "SELECT relowner FROM pg_catalog.pg_class WHERE oid OPERATOR(pg_catalog.=) 'rsl.load'::pg_catalog.regclass",
                Some(1),
                &[],
            )?
            .first()
            .get_one::<pg_sys::Oid>()
    })
    .map_err(spi)?
    .ok_or_else(|| report(PgSqlErrorCode::ERRCODE_UNDEFINED_TABLE, "the table rsl.load is missing"))
}
