//! Who works in this session, and how it shows values.

use std::ffi::{CStr, CString};

use pgrx::{GucContext, GucFlags, GucRegistry, GucSetting, PgSqlErrorCode, pg_sys};

use crate::{Result, owner, report};

static ACTOR: GucSetting<Option<CString>> = GucSetting::<Option<CString>>::new(None);

/// Bytes of the application user that are kept: it stands in every block.
const MOST_ACTOR: usize = 1000;

/// Makes the setting.
pub fn init() {
    GucRegistry::define_string_guc(
        c"rsl.actor",
        c"The user of the application on whose behalf the session works.",
        c"Stands in the audit log and in the history of phases. Whoever is connected may set it.",
        &ACTOR,
        GucContext::Userset,
        GucFlags::default(),
    );
}

/// The application user; none if the setting is empty.
pub fn actor() -> Option<String> {
    let mut actor = ACTOR.get()?.to_string_lossy().into_owned();
    actor.truncate((0..=MOST_ACTOR.min(actor.len())).rfind(|&at| actor.is_char_boundary(at)).unwrap_or(0));
    Some(actor).filter(|actor| !actor.is_empty())
}

/// The name of a role; its number if it is gone.
pub fn role_name(role: pg_sys::Oid) -> String {
    // SAFETY: the name, allocated in the current memory context, or null.
    unsafe {
        let name = pg_sys::GetUserNameFromId(role, true);
        if name.is_null() {
            return u32::from(role).to_string();
        }
        let copy = CStr::from_ptr(name).to_string_lossy().into_owned();
        pg_sys::pfree(name.cast());
        copy
    }
}

/// The role that acts.
pub fn acting_role() -> String {
    // SAFETY: a plain call.
    role_name(unsafe { pg_sys::GetUserId() })
}

/// The role that has logged in.
pub fn session_role() -> String {
    // SAFETY: a plain call.
    role_name(unsafe { pg_sys::GetSessionUserId() })
}

/// An error with this message if the transaction does not see what others have committed meanwhile.
pub fn must_be_read_committed(message: &str) -> Result<()> {
    // SAFETY: a variable of the server that is set when the transaction begins.
    if unsafe { pg_sys::XactIsoLevel } <= pg_sys::XACT_READ_COMMITTED as i32 {
        return Ok(());
    }
    Err(report(PgSqlErrorCode::ERRCODE_ACTIVE_SQL_TRANSACTION, message)
        .set_hint("SET TRANSACTION ISOLATION LEVEL READ COMMITTED, or call it outside of a transaction."))
}

/// Runs `work` with settings under which texts of values come out the same in every session. If it raises, the end of the
/// (sub)transaction puts the settings back.
pub fn in_fixed_style<T>(work: impl FnOnce() -> T) -> T {
    // SAFETY: plain calls on the main thread; undone below.
    let level = unsafe {
        let level = pg_sys::NewGUCNestLevel();
        let save = pg_sys::GucAction::GUC_ACTION_SAVE;
        owner::set(c"datestyle", c"ISO, YMD", save);
        owner::set(c"intervalstyle", c"postgres", save);
        owner::set(c"extra_float_digits", c"3", save);
        owner::set(c"timezone", c"UTC", save);
        owner::set(c"bytea_output", c"hex", save);
        level
    };
    let result = work();
    // SAFETY: the level is that of above.
    unsafe { pg_sys::AtEOXact_GUC(true, level) };
    result
}
