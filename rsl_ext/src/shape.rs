//! `rsl.shape_accept`: whether the table is the caller's is found out here, the rest is SQL that only the owner of the extension
//! may run (`sql/load/target_shape.sql`), because only the owner may write to `rsl.target_shape`.

use pgrx::pg_sys;
use pgrx::prelude::*;

use crate::books::query_one;
use crate::owner::as_owner;
use crate::session::acting_role;
use crate::{Result, report};

#[pg_extern(sql = false)]
fn shape_accept(target: pg_sys::Oid) -> Result<bool> {
    let role = acting_role();
    let one = |sql: &str| as_owner(|| query_one::<bool>(sql, &[target.into(), role.as_str().into()]));
    let name =
        as_owner(|| query_one::<String>("SELECT $1::regclass::text", &[target.into()]))?.unwrap_or_default();
    let is_target = one("SELECT $2 <> '' AND c.relnamespace <> 'rsl'::regnamespace
            AND EXISTS (SELECT FROM rsl.load l WHERE rsl.verify_relation(l.target) = c.oid)
         FROM pg_class c WHERE c.oid = $1")?;
    if is_target != Some(true) {
        return Err(report(
            PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE,
            format!("{name} is not the target of a load"),
        )
        .set_hint("SELECT DISTINCT target FROM rsl.load; lists them. Tables of schema rsl are compared with rsl.manifest."));
    }
    if one("SELECT pg_has_role($2::name, relowner, 'USAGE') FROM pg_class WHERE oid = $1")? != Some(true) {
        return Err(report(
            PgSqlErrorCode::ERRCODE_INSUFFICIENT_PRIVILEGE,
            format!("must be owner of table {name}"),
        )
        .set_hint("Whoever may change a table accepts its changes: its owner, or a member of that role."));
    }
    Ok(one("SELECT rsl.shape_record($1::regclass::text, NULL, $2::name, true)")?.unwrap_or(false))
}
