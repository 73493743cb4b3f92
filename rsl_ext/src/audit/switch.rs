//! `rsl.audit_on` and `rsl.audit_off`: who calls is found out here, the rest is SQL that only the owner of the extension may run
//! (`sql/audit/audit_on.sql`), because only the owner may put triggers of the audit on a table.

use pgrx::pg_sys;
use pgrx::prelude::*;

use crate::Result;
use crate::books::{query_one, read_one};
use crate::owner::as_owner;
use crate::session::{acting_role, actor, session_role};

#[pg_extern(sql = false)]
fn audit_on(
    target: Option<pg_sys::Oid>,
    key: Option<Vec<Option<String>>>,
    exclude: Option<Vec<Option<String>>>,
) -> Result<bool> {
    switch("SELECT rsl.audit_put_on($1, $2, $3, $4, $5, $6)", target, Some((key, exclude)))
}

#[pg_extern(sql = false)]
fn audit_off(target: Option<pg_sys::Oid>) -> Result<bool> {
    switch("SELECT rsl.audit_take_off($1, $2, $3, $4)", target, None)
}

type Names = Option<Vec<Option<String>>>;

/// Runs the statement as the owner, with the table, the roles that act and have logged in, the application user, and the lists.
fn switch(sql: &str, target: Option<pg_sys::Oid>, lists: Option<(Names, Names)>) -> Result<bool> {
    // Of what the table is, and whether it is the caller's, only the caller can be asked.
    read_one::<pg_sys::Oid>("SELECT 0::oid FROM rsl.track_check_target($1)", &[target.into()])?;
    let (acting, session) = (acting_role(), session_role());
    let mut arguments = vec![target.into(), acting.as_str().into(), session.as_str().into(), actor().into()];
    if let Some((key, exclude)) = lists {
        arguments.extend([key.into(), exclude.into()]);
    }
    Ok(as_owner(|| query_one::<bool>(sql, &arguments))?.unwrap_or(false))
}
