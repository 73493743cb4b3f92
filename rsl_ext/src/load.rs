//! Loads: the books of `rsl.load` and `rsl.load_chunk`, kept as the owner of the extension, around the work on staging
//! and target, done as the role that calls. The merge itself is SQL: `sql/load/load_merge.sql`.

use std::cell::RefCell;
use std::ffi::CStr;

use pgrx::prelude::*;
use pgrx::{JsonB, pg_sys};
use rsl_core::canonical;
use serde_json::{Value, json};

use crate::copy::copy_binary;
use crate::owner::{self, as_owner};
use crate::{Result, report, spi, witness};

thread_local! {
    /// The load whose merge this backend is in, and its columns.
    static MERGING: RefCell<Option<(i64, Vec<String>)>> = const { RefCell::new(None) };
}

/// Says for as long as it lives that a load is being merged; also when the merge unwinds.
struct Merging;

impl Merging {
    fn begin(load: i64, plan: &Plan) -> Self {
        let columns = plan.0["columns"].as_array().into_iter().flatten();
        let columns = columns.filter_map(|column| column.as_str().map(str::to_owned)).collect();
        MERGING.replace(Some((load, columns)));
        Merging
    }
}

impl Drop for Merging {
    fn drop(&mut self) {
        MERGING.take();
    }
}

#[pg_extern(sql = false)]
fn load_current() -> Option<i64> {
    MERGING.with_borrow(|merging| merging.as_ref().map(|(load, _)| *load))
}

#[pg_extern(sql = false)]
fn load_writes(column: &str) -> bool {
    MERGING.with_borrow(|merging| {
        merging.as_ref().is_some_and(|(_, columns)| columns.iter().any(|c| c == column))
    })
}

/// The latest load that appended the same rows from the same place, and the latest that changed the target at all.
#[pg_extern(sql = false)]
fn load_repeats(load: i64, digest: &str) -> Result<Option<JsonB>> {
    as_owner(|| {
        query_one::<JsonB>(
            "SELECT jsonb_build_object('load_id', e.load_id, 'latest', latest.load_id, 'digest', latest.report #>> '{after,digest}')
             FROM rsl.load l, rsl.load e, LATERAL (
                SELECT n.load_id, n.report FROM rsl.load n
                WHERE n.target = e.target AND n.status = 'exact' AND n.report ->> 'repeats' IS NULL
                ORDER BY n.finished_at DESC, n.load_id DESC LIMIT 1) latest
             WHERE l.load_id = $1 AND l.mode = 'append' AND NOT l.again
                AND e.target = l.target AND e.status = 'exact' AND e.mode = 'append' AND e.columns = l.columns
                AND e.source IS NOT DISTINCT FROM l.source AND e.object IS NOT DISTINCT FROM l.object
                AND e.report #>> '{stream,digest}' = $2 AND e.report ->> 'repeats' IS NULL
             ORDER BY e.load_id DESC LIMIT 1",
            &[load.into(), digest.into()],
        )
    })
}

#[pg_extern(sql = false)]
fn load_register(plan: JsonB) -> Result<i64> {
    let role = current_role();
    // Whoever may load may call this function itself: what goes into the books is checked here, as the caller, once more.
    query_one::<bool>(
        "SELECT CASE WHEN pg_catalog.to_regclass(p.target) IS NULL AND p.definition IS NOT NULL THEN rsl.load_column_list(p.definition) IS NOT NULL
                ELSE rsl.load_check_target(p.target::pg_catalog.regclass, p.columns, p.mode, p.key_columns) IS NOT NULL END
         FROM pg_catalog.jsonb_to_record($1) p (target pg_catalog.text, mode pg_catalog.text, columns pg_catalog.text[],
            key_columns pg_catalog.text[], definition pg_catalog.jsonb)
         WHERE pg_catalog.cardinality(pg_catalog.parse_ident(p.target)) OPERATOR(pg_catalog.=) 2",
        &[JsonB(plan.0.clone()).into()],
    )?
    .ok_or_else(|| report(PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE, "this is not the plan of a load"))?;
    let load = as_owner(|| {
        run("SELECT rsl.keep_data()", &[])?;
        query_one::<i64>(
            "INSERT INTO rsl.load (source, object, target, mode, columns, key_columns, started_by, definition, again)
             SELECT p.source, p.object, p.target, p.mode, p.columns, p.key_columns, $2::name, p.definition, p.again
             FROM jsonb_to_record($1) p (source text, object text, target text, mode text, columns text[],
                key_columns text[], definition jsonb, again boolean)
             RETURNING load_id",
            &[plan.into(), role.as_str().into()],
        )
    })?;
    let load = load.ok_or_else(|| internal("the load was not registered"))?;
    as_owner(|| {
        run(
            "UPDATE rsl.load SET staging = format('rsl_stage.load_%s', $1) WHERE load_id = $1",
            &[load.into()],
        )
    })?;
    Ok(load)
}

#[pg_extern(sql = false)]
fn load_push(load: i64, chunk: i64, payload: &[u8]) -> Result<i64> {
    if chunk < 0 {
        return Err(report(
            PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE,
            format!("chunk {chunk} is below zero"),
        )
        .set_hint("Number the chunks of a load from 0 or 1 on."));
    }
    // The last word of binary COPY. Without it a payload that was cut between two rows would pass for a whole one.
    if !payload.ends_with(&[0xff, 0xff]) {
        return Err(report(
            PgSqlErrorCode::ERRCODE_BAD_COPY_FILE_FORMAT,
            format!("chunk {chunk} of load {load} was refused: the payload does not end as binary COPY does"),
        )
        .set_hint("Nothing of this chunk was kept; send it whole."));
    }
    let plan = open(load, Lock::Share)?;
    if plan.text("status") != "loading" {
        return Err(report(
            PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
            format!("load {load} is {}: it takes no more chunks", plan.text("status")),
        )
        .set_hint("Finish it again, or abort it and begin a new one."));
    }
    let staging = plan.text("staging");
    let digest = format!("{:032x}", canonical::bytes(payload));
    // The receipt comes first: whoever pushes the same chunk at the same time waits here for the other's commit.
    let new = as_owner(|| {
        query_one::<bool>(
            "WITH receipt AS (
                INSERT INTO rsl.load_chunk (load_id, chunk, rows, bytes, digest) VALUES ($1, $2, 0, $3, $4)
                ON CONFLICT DO NOTHING RETURNING 1)
             SELECT EXISTS (SELECT FROM receipt)",
            &[load.into(), chunk.into(), (payload.len() as i64).into(), digest.as_str().into()],
        )
    })?;
    if new != Some(true) {
        return receipt(load, chunk, &digest);
    }
    commit_without_waiting();
    let table = relation(&staging)?;
    // Staging of an existing target is not logged, and empty after a crash of the server; the receipts are not.
    let unlogged = plan.0["definition"].is_null();
    if unlogged && plan.0["filled"] == Value::Bool(true) {
        refuse_lost_staging(load, &staging)?;
    }
    let rows = copy_binary(table, payload, &format!("chunk {chunk} of load {load}"))? as i64;
    as_owner(|| {
        run(
            "UPDATE rsl.load_chunk SET rows = $3 WHERE load_id = $1 AND chunk = $2",
            &[load.into(), chunk.into(), rows.into()],
        )
    })?;
    Ok(rows)
}

/// Lets this statement's commit return before its log is on disk, unless it is part of a larger transaction. If the server
/// crashes, rows and receipt of the last chunks are lost together, so the books still tell the truth; the commit of
/// `rsl.load_finish` waits, and with it everything before is on disk.
fn commit_without_waiting() {
    // SAFETY: plain calls on the main thread; the setting ends with the transaction.
    unsafe {
        if !pg_sys::IsTransactionBlock() {
            owner::set(c"synchronous_commit", c"off", pg_sys::GucAction::GUC_ACTION_LOCAL);
        }
    }
}

/// The rows of a chunk that came before, if it was the same.
fn receipt(load: i64, chunk: i64, digest: &str) -> Result<i64> {
    let rows = as_owner(|| {
        query_one::<i64>(
            "SELECT rows FROM rsl.load_chunk WHERE load_id = $1 AND chunk = $2 AND digest = $3",
            &[load.into(), chunk.into(), digest.into()],
        )
    })?;
    rows.ok_or_else(|| {
        report(
            PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE,
            format!("chunk {chunk} of load {load} was pushed before with other contents"),
        )
        .set_detail("A chunk is known by its number; the bytes that came first are in staging.")
        .set_hint("The source has changed between two readings: abort the load and begin again.")
    })
}

fn refuse_lost_staging(load: i64, staging: &str) -> Result<()> {
    match query_one::<bool>(&format!("SELECT EXISTS (SELECT FROM {staging})"), &[])? {
        Some(true) => Ok(()),
        _ => Err(report(
            PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
            format!("the staged rows of load {load} were lost when the server crashed"),
        )
        .set_hint("The target is as before. Abort the load and begin again.")),
    }
}

#[pg_extern(sql = false)]
fn load_finish(load: i64, witness: JsonB) -> Result<JsonB> {
    // Whatever the client wrote, only what an account holds goes on.
    let stream = witness::account(witness)?;
    // SAFETY: a variable of the server that is set when the transaction begins.
    if unsafe { pg_sys::XactIsoLevel } > pg_sys::XACT_READ_COMMITTED as i32 {
        return Err(report(
            PgSqlErrorCode::ERRCODE_ACTIVE_SQL_TRANSACTION,
            "a load is finished in a transaction of isolation level READ COMMITTED",
        )
        .set_detail(
            "A snapshot from before the lock on the target would not show what other loads have done.",
        )
        .set_hint("SET TRANSACTION ISOLATION LEVEL READ COMMITTED, or call it outside of a transaction."));
    }
    let mut plan = open(load, Lock::Update)?;
    let received = as_owner(|| {
        query_one::<JsonB>(
            "SELECT to_jsonb(coalesce(sum(rows), 0)) FROM rsl.load_chunk WHERE load_id = $1",
            &[load.into()],
        )
    })?;
    if let (Some(plan), Some(JsonB(received))) = (plan.0.as_object_mut(), received) {
        plan.insert("received".to_owned(), received);
    }
    let path = search_path();
    let verdict = {
        let _merging = Merging::begin(load, &plan);
        query_one::<JsonB>(
            "SELECT rsl.load_merge($1, $2, $3)",
            &[JsonB(plan.0).into(), JsonB(json!(stream)).into(), path.as_str().into()],
        )?
    };
    let JsonB(verdict) = verdict.ok_or_else(|| internal("the merge gave no verdict"))?;
    let exact = verdict["exact"] == Value::Bool(true);
    let status = if exact { "exact" } else { "failed" };
    as_owner(|| {
        run(
            "UPDATE rsl.load SET status = $2, rows = $3, finished_at = clock_timestamp(), report = $4,
                staging = CASE WHEN $2 = 'failed' THEN staging END
             WHERE load_id = $1",
            &[load.into(), status.into(), (stream.rows as i64).into(), JsonB(verdict.clone()).into()],
        )
    })?;
    if !exact {
        let text = |field: &str| verdict["reason"][field].as_str().map(str::to_owned);
        let mut warning = report(
            PgSqlErrorCode::ERRCODE_WARNING,
            format!("load {load} failed, the target is as before: {}", text("message").unwrap_or_default()),
        )
        .set_hint(text("hint").unwrap_or_else(|| {
            format!("Mend the cause and finish the load again, or SELECT rsl.load_abort({load});")
        }));
        if let Some(detail) = text("detail") {
            warning = warning.set_detail(detail);
        }
        warning.report(PgLogLevel::WARNING);
    }
    Ok(JsonB(verdict))
}

#[pg_extern(sql = false)]
fn load_abort(load: Option<i64>, reason: Option<&str>) -> Result<()> {
    let Some(load) = load else { return Ok(()) };
    let staging = match open(load, Lock::Update) {
        Ok(plan) => plan.text("staging"),
        // Giving up what has ended already is no error: a client that lost its connection cannot know.
        Err(error) if error.message().ends_with("has ended") => return Ok(()),
        Err(error) => return Err(error),
    };
    run(&format!("DROP TABLE IF EXISTS {staging}"), &[])?;
    as_owner(|| {
        run(
            "UPDATE rsl.load SET staging = NULL, finished_at = coalesce(finished_at, clock_timestamp()),
                report = CASE status WHEN 'loading' THEN jsonb_build_object('exact', false, 'reason', jsonb_strip_nulls(jsonb_build_object('message', $2::text))) ELSE report END,
                status = CASE status WHEN 'loading' THEN 'aborted' ELSE status END
             WHERE load_id = $1",
            &[load.into(), reason.into()],
        )
    })
}

/// How a row of `rsl.load` is held: pushes of one load go on side by side, its end waits for them.
enum Lock {
    Share,
    Update,
}

/// The row of `rsl.load` as jsonb.
struct Plan(Value);

impl Plan {
    fn text(&self, field: &str) -> String {
        self.0[field].as_str().unwrap_or_default().to_owned()
    }
}

/// The load, locked until the end of the transaction, if it has not ended and the caller may go on with it.
fn open(load: i64, lock: Lock) -> Result<Plan> {
    let lock = match lock {
        Lock::Share => "FOR SHARE",
        Lock::Update => "FOR UPDATE",
    };
    let role = current_role();
    let plan = as_owner(|| {
        query_one::<JsonB>(
            &format!(
                "SELECT to_jsonb(l) || jsonb_build_object(
                    -- Of a role that is gone, a superuser takes over.
                    'mine', coalesce((SELECT pg_has_role($2::name, r.oid, 'MEMBER') FROM pg_roles r WHERE r.rolname = l.started_by),
                        (SELECT r.rolsuper FROM pg_roles r WHERE r.rolname = $2::name)),
                    'filled', EXISTS (SELECT FROM rsl.load_chunk c WHERE c.load_id = $1 AND c.rows > 0))
                 FROM (SELECT * FROM rsl.load WHERE load_id = $1 {lock}) l"
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
    let status = plan.text("status");
    if plan.0["staging"].is_null() {
        return Err(report(
            PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
            format!("load {load} is {status}: it has ended"),
        )
        .set_hint("Begin a new load."));
    }
    Ok(plan)
}

fn internal(message: &str) -> pg_sys::panic::ErrorReport {
    report(PgSqlErrorCode::ERRCODE_INTERNAL_ERROR, message)
}

/// The first column of the only row.
fn query_one<T: FromDatum + IntoDatum>(
    sql: &str,
    args: &[pgrx::datum::DatumWithOid<'_>],
) -> Result<Option<T>> {
    Spi::connect_mut(|client| {
        let rows = client.update(sql, Some(1), args)?;
        if rows.is_empty() { Ok(None) } else { rows.first().get_one::<T>() }
    })
    .map_err(spi)
}

fn run(sql: &str, args: &[pgrx::datum::DatumWithOid<'_>]) -> Result<()> {
    Spi::connect_mut(|client| client.update(sql, None, args).map(|_| ())).map_err(spi)
}

/// The OID of a staging table.
fn relation(name: &str) -> Result<pg_sys::Oid> {
    query_one::<pg_sys::Oid>("SELECT pg_catalog.to_regclass($1)::pg_catalog.oid", &[name.into()])?.ok_or_else(
        || {
            report(PgSqlErrorCode::ERRCODE_UNDEFINED_TABLE, format!("the staging table {name} is gone"))
                .set_hint("The target is as before. Abort the load and begin again.")
        },
    )
}

fn current_role() -> String {
    // SAFETY: the name of the current user, allocated in the current memory context.
    unsafe {
        CStr::from_ptr(pg_sys::GetUserNameFromId(pg_sys::GetUserId(), false)).to_string_lossy().into_owned()
    }
}

fn search_path() -> String {
    // SAFETY: a setting that always exists; the string is the server's and copied at once.
    unsafe {
        let value = pg_sys::GetConfigOption(c"search_path".as_ptr(), false, false);
        if value.is_null() { String::new() } else { CStr::from_ptr(value).to_string_lossy().into_owned() }
    }
}
