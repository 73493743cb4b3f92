//! `rsl.track_install`: makes triggers whose function is not for everybody.

use pgrx::prelude::*;
use pgrx::{JsonB, pg_sys};

use crate::Result;
use crate::books::execute;
use crate::owner::as_owner;

#[pg_extern(sql = false)]
fn track_install(
    target: Option<pg_sys::Oid>,
    kind: Option<&str>,
    column_name: Option<&std::ffi::CStr>,
    settings: Option<JsonB>,
) -> Result<()> {
    // As the caller, who may have come here by another way than rsl.phase_on: that he owns the table, and that it is one. Then once
    // more behind a lock, so that its name means the same table to the end.
    let check = || execute("SELECT rsl.track_check_target($1)", &[target.into()]);
    check()?;
    if let Some(target) = target {
        // SAFETY: a lock that the end of the transaction releases; of what is not there it is one on nothing.
        unsafe { pg_sys::LockRelationOid(target, pg_sys::ShareRowExclusiveLock as pg_sys::LOCKMODE) };
    }
    check()?;
    let column_name = column_name.map(|name| name.to_string_lossy().into_owned());
    as_owner(|| {
        execute(
            "SELECT rsl.track_create_triggers($1, $2, $3::text::name, $4)",
            &[target.into(), kind.into(), column_name.into(), settings.into()],
        )
    })
}
