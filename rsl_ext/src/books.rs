//! The books: the rows of `rsl.load`, `rsl.load_chunk`, `rsl.load_part` and `rsl.run`, and who may go on with what they are about.

use std::ffi::CString;

use pgrx::prelude::*;
use pgrx::{JsonB, pg_sys};
use serde_json::Value;

use crate::owner::as_owner;
use crate::session::acting_role;
use crate::{Result, report, spi};

/// SQL: whether role `$2` may go on with what `started_by` began. Of a role that is gone, a superuser takes over.
pub fn mine(started_by: &str) -> String {
    format!(
        "coalesce((SELECT pg_has_role($2::name, role.oid, 'MEMBER') FROM pg_roles role WHERE role.rolname = {started_by}),
            (SELECT role.rolsuper FROM pg_roles role WHERE role.rolname = $2::name))"
    )
}

/// How a row of `rsl.load` is held: pushes of one load go on side by side, its end waits for them.
pub enum Lock {
    Share,
    Update,
}

/// The row of `rsl.load` as jsonb, with `filled`, whether rows have come, and `accounts`, whether the chunks so far came
/// with accounts, null if there are none.
pub struct Plan(pub Value);

impl Plan {
    pub fn text(&self, field: &str) -> String {
        self.0[field].as_str().unwrap_or_default().to_owned()
    }

    /// The columns that the chunks carry.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.0["columns"].as_array().into_iter().flatten().filter_map(Value::as_str)
    }

    /// The staging table.
    pub fn staging(&self) -> Result<Staging> {
        let name = self.text("staging");
        staging(&name)?.ok_or_else(|| {
            report(PgSqlErrorCode::ERRCODE_UNDEFINED_TABLE, format!("the staging table {name} is gone"))
                .set_hint("The target is as before. Abort the load and begin again.")
        })
    }

    /// Staging of an existing target is not logged, and empty after a crash of the server; the receipts are not.
    pub fn has_lost_rows(&self, staging: &Staging) -> bool {
        self.0["filled"] == Value::Bool(true) && staging.is_empty
    }

    /// An error unless chunks are still taken.
    pub fn must_be_loading(&self, load: i64) -> Result<()> {
        let status = self.text("status");
        if status == "loading" {
            return Ok(());
        }
        Err(report(
            PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
            format!("load {load} is {status}: it takes no more chunks"),
        )
        .set_hint("Finish it again, or abort it and begin a new one."))
    }
}

/// The load, locked until the end of the transaction, if it has not ended and the caller may go on with it.
pub fn open(load: i64, lock: Lock) -> Result<Plan> {
    let plan = entry(load, lock)?;
    if plan.0["staging"].is_null() {
        return Err(report(
            PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
            format!("load {load} is {}: it has ended", plan.text("status")),
        )
        .set_hint("Begin a new load."));
    }
    Ok(plan)
}

/// The load, locked until the end of the transaction, whether it has ended or not, if the caller may go on with it.
pub fn ended(load: i64) -> Result<Plan> {
    entry(load, Lock::Update)
}

fn entry(load: i64, lock: Lock) -> Result<Plan> {
    let lock = match lock {
        Lock::Share => "FOR SHARE",
        Lock::Update => "FOR UPDATE",
    };
    let role = acting_role();
    let plan = as_owner(|| {
        query_one::<JsonB>(
            &format!(
                "SELECT to_jsonb(l) || jsonb_build_object('mine', {},
                    'filled', EXISTS (SELECT FROM rsl.load_chunk c WHERE c.load_id = $1 AND c.rows > 0),
                    'accounts', (SELECT c.account IS NOT NULL FROM rsl.load_chunk c WHERE c.load_id = $1 LIMIT 1))
                 FROM (SELECT * FROM rsl.load WHERE load_id = $1 {lock}) l",
                mine("l.started_by")
            ),
            &[load.into(), role.as_str().into()],
        )
    })?;
    let Some(JsonB(plan)) = plan else {
        return Err(report(
            PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE,
            format!("there is no load {load}"),
        )
        .set_hint("SELECT load_id, target, status FROM rsl.load; lists them."));
    };
    let plan = Plan(plan);
    if plan.0["mine"] != Value::Bool(true) {
        return Err(report(
            PgSqlErrorCode::ERRCODE_INSUFFICIENT_PRIVILEGE,
            format!("load {load} belongs to role \"{}\"", plan.text("started_by")),
        )
        .set_hint("Only this role and its members may go on with it."));
    }
    Ok(plan)
}

/// What cannot happen.
pub fn internal(message: &str) -> pg_sys::panic::ErrorReport {
    report(PgSqlErrorCode::ERRCODE_INTERNAL_ERROR, message)
}

/// The first column of the only row.
pub fn query_one<T: FromDatum + IntoDatum>(
    sql: &str,
    args: &[pgrx::datum::DatumWithOid<'_>],
) -> Result<Option<T>> {
    Spi::connect_mut(|client| {
        let rows = client.update(sql, Some(1), args)?;
        if rows.is_empty() { Ok(None) } else { rows.first().get_one::<T>() }
    })
    .map_err(spi)
}

/// The first column of the only row, of a statement that only reads: also on a standby and in a parallel worker.
pub fn read_one<T: FromDatum + IntoDatum>(
    sql: &str,
    args: &[pgrx::datum::DatumWithOid<'_>],
) -> Result<Option<T>> {
    Spi::connect(|client| {
        let rows = client.select(sql, Some(1), args)?;
        if rows.is_empty() { Ok(None) } else { rows.first().get_one::<T>() }
    })
    .map_err(spi)
}

/// Runs a statement of which nothing is asked.
pub fn execute(sql: &str, args: &[pgrx::datum::DatumWithOid<'_>]) -> Result<()> {
    Spi::connect_mut(|client| client.update(sql, None, args).map(|_| ())).map_err(spi)
}

/// The table that takes the chunks of a load.
pub struct Staging {
    pub table: pg_sys::Oid,
    /// It has no page, so that no row can ever have been there.
    pub is_empty: bool,
}

/// Looks a staging table up. Asked for each chunk, so it is read from the server's cache and not with a query.
pub fn staging(name: &str) -> Result<Option<Staging>> {
    let name = name.strip_prefix("rsl_stage.").and_then(|name| CString::new(name).ok());
    let name = name.ok_or_else(|| internal("the books name a staging table that is none"))?;
    // SAFETY: look-ups by name on the main thread; the relation is open, and so valid, while it is looked at, and its lock is
    // kept until the transaction ends.
    unsafe {
        let schema = pg_sys::get_namespace_oid(c"rsl_stage".as_ptr(), false);
        let table = pg_sys::get_relname_relid(name.as_ptr(), schema);
        if table == pg_sys::InvalidOid {
            return Ok(None);
        }
        let relation = pg_sys::relation_open(table, pg_sys::AccessShareLock as pg_sys::LOCKMODE);
        let is_table = (*(*relation).rd_rel).relkind == pg_sys::RELKIND_RELATION as std::ffi::c_char;
        let is_empty = is_table
            && pg_sys::RelationGetNumberOfBlocksInFork(relation, pg_sys::ForkNumber::MAIN_FORKNUM) == 0;
        pg_sys::relation_close(relation, pg_sys::NoLock as pg_sys::LOCKMODE);
        Ok(is_table.then_some(Staging { table, is_empty }))
    }
}
