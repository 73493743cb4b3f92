//! Loads from their registration to their verdict: the books, kept as the owner of the extension, around the work on staging
//! and target, done as the role that calls. The merge itself is SQL: `sql/load/load_merge.sql`.

use std::cell::RefCell;
use std::ffi::CStr;

use pgrx::prelude::*;
use pgrx::{JsonB, pg_sys};
use rsl_core::witness::{Account, Total};
use serde_json::{Value, json};

use crate::append::check_staging;
use crate::books::{Lock, Plan, ended, execute, internal, open, query_one};
use crate::owner::as_owner;
use crate::session::{acting_role, must_be_read_committed};
use crate::{Result, books, reject, report, run, source_account, spi, witness};

thread_local! {
    /// The load whose merge this backend is in, none if one is being undone, and its columns.
    static MERGING: RefCell<Option<(Option<i64>, Vec<String>)>> = const { RefCell::new(None) };
}

/// Says for as long as it lives that a load is being merged; also when the merge unwinds.
struct Merging;

impl Merging {
    fn begin(load: Option<i64>, plan: &Plan) -> Self {
        MERGING.replace(Some((load, plan.columns().map(str::to_owned).collect())));
        Merging
    }
}

impl Drop for Merging {
    fn drop(&mut self) {
        MERGING.take();
    }
}

/// The load that this backend is merging.
#[pg_extern(sql = false)]
pub fn load_current() -> Option<i64> {
    MERGING.with_borrow(|merging| merging.as_ref().and_then(|(load, _)| *load))
}

/// Whether this backend is merging a load that brings the column.
#[pg_extern(sql = false)]
pub fn load_writes(column: &str) -> bool {
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
                WHERE n.target = e.target AND n.status IN ('exact', 'partial') AND n.report ->> 'repeats' IS NULL
                ORDER BY n.finished_at DESC, n.load_id DESC LIMIT 1) latest
             WHERE l.load_id = $1 AND l.mode = 'append' AND NOT l.again
                AND e.target = l.target AND e.status IN ('exact', 'partial') AND e.mode = 'append' AND e.columns = l.columns
                AND e.source IS NOT DISTINCT FROM l.source AND e.object IS NOT DISTINCT FROM l.object
                AND e.report #>> '{stream,digest}' = $2 AND e.report ->> 'repeats' IS NULL
             ORDER BY e.load_id DESC LIMIT 1",
            &[load.into(), digest.into()],
        )
    })
}

#[pg_extern(sql = false)]
fn load_register(plan: JsonB) -> Result<i64> {
    let role = acting_role();
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
    match &plan.0["run_id"] {
        Value::Null => {}
        number => run::must_be_open(number.as_i64().unwrap_or(0))?,
    }
    let load = as_owner(|| {
        execute("SELECT rsl.keep_data()", &[])?;
        query_one::<i64>(
            "INSERT INTO rsl.load (source, object, target, mode, columns, key_columns, started_by, definition, again, run_id, max_rejects)
             SELECT p.source, p.object, p.target, p.mode, p.columns, p.key_columns, $2::name, p.definition, p.again, p.run_id, coalesce(p.max_rejects, 0)
             FROM jsonb_to_record($1) p (source text, object text, target text, mode text, columns text[],
                key_columns text[], definition jsonb, again boolean, run_id bigint, max_rejects bigint)
             RETURNING load_id",
            &[plan.into(), role.as_str().into()],
        )
    })?;
    let load = load.ok_or_else(|| internal("the load was not registered"))?;
    as_owner(|| {
        execute(
            "UPDATE rsl.load SET staging = format('rsl_stage.load_%s', $1) WHERE load_id = $1",
            &[load.into()],
        )
    })?;
    Ok(load)
}

#[pg_extern(sql = false)]
fn load_finish(load: Option<i64>, witness: Option<JsonB>) -> Result<Option<JsonB>> {
    let Some(load) = load else { return Ok(None) };
    // Whatever the client wrote, only what an account holds goes on.
    let witness = witness.map(witness::account).transpose()?;
    must_be_read_committed("a load is finished in a transaction of isolation level READ COMMITTED").map_err(
        |error| {
            error.set_detail(
                "A snapshot from before the lock on the target would not show what other loads have done.",
            )
        },
    )?;
    let mut plan = open(load, Lock::Update)?;
    let parted = !plan.0["parts"].is_null();
    if let Some(plan) = plan.0.as_object_mut() {
        plan.append(&mut tally(load, parted)?);
    }
    if plan.0["open"].as_i64().unwrap_or(0) > 0 {
        return Err(report(
            PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
            format!(
                "load {load} is not complete: {} of {} parts are not finished",
                plan.0["open"], plan.0["parts"]
            ),
        )
        .set_hint(format!(
            "SELECT rsl.load_claim({load}); gives the next of them, SELECT rsl.load_abort({load}); gives up."
        )));
    }
    let stream = match witness {
        Some(witness) => witness,
        None if plan.0["silent"].as_i64().unwrap_or(0) > 0 => {
            return Err(report(
                PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE,
                format!("load {load} cannot be proven: it has no witness, and {} of its chunks came without an account", plan.0["silent"]),
            )
            .set_hint("Finish it with a witness, or push every chunk with an account of its rows."));
        }
        None => sum_of_accounts(load)?,
    };
    let unsent = plan.0["value_rejected"].as_i64().unwrap_or(0);
    if parted && let Some(plan) = plan.0.as_object_mut() {
        plan.append(&mut source_account::compare(load, &stream, unsent)?);
    }
    check_staging(plan.staging()?.table)?;
    let path = search_path();
    // What the client could not send came from the source all the same.
    let rows = stream.rows as i64 + unsent;
    let verdict = {
        let _merging = Merging::begin(Some(load), &plan);
        query_one::<JsonB>(
            "SELECT rsl.load_settle($1, $2, $3)",
            &[JsonB(plan.0).into(), JsonB(json!(stream)).into(), path.as_str().into()],
        )?
    };
    let JsonB(mut verdict) = verdict.ok_or_else(|| internal("the merge gave no verdict"))?;
    reject::keep(load, &mut verdict)?;
    let is = |field: &str| verdict[field] == Value::Bool(true);
    let status = if is("exact") {
        "exact"
    } else if is("partial") {
        "partial"
    } else {
        "failed"
    };
    let rejected = verdict["rejected"].as_i64().unwrap_or(0);
    as_owner(|| {
        if let Some(after) = verdict.get_mut("after").and_then(Value::as_object_mut) {
            keep_sketch(load, after)?;
        }
        execute(
            "UPDATE rsl.load SET status = $2, rows = $3, finished_at = clock_timestamp(), report = $4, rejected = $5,
                staging = CASE WHEN $2 = 'failed' THEN staging END
             WHERE load_id = $1",
            &[load.into(), status.into(), rows.into(), JsonB(verdict.clone()).into(), rejected.into()],
        )?;
        execute(
            "SELECT rsl.shape_record(l.target, l.load_id, l.started_by, coalesce(l.report #>> '{undo,by}' = 'drop', false))
             FROM rsl.load l WHERE l.load_id = $1 AND l.status IN ('exact', 'partial')",
            &[load.into()],
        )
    })?;
    if status == "failed" {
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
    Ok(Some(JsonB(verdict)))
}

/// Keeps what tells later which rows of the target have changed: the sketch, and up to where the audit log is of before. Whoever
/// writes to the target waits until this transaction has ended.
fn keep_sketch(load: i64, after: &mut serde_json::Map<String, Value>) -> Result<()> {
    let (sketch, key) = (after.remove("sketch"), after.remove("key"));
    if let Some(sketch) = sketch.as_ref().and_then(Value::as_str) {
        execute(
            "INSERT INTO rsl.load_sketch (load_id, key_columns, sketch)
             VALUES ($1, (SELECT array_agg(c ORDER BY n) FROM jsonb_array_elements_text($2) WITH ORDINALITY u (c, n)), decode($3, 'hex'))
             ON CONFLICT (load_id) DO UPDATE SET key_columns = excluded.key_columns, sketch = excluded.sketch",
            &[load.into(), JsonB(json!(key)).into(), sketch.into()],
        )?;
        // An undo goes back to the load before.
        execute(
            "DELETE FROM rsl.load_sketch k WHERE k.load_id IN (
                SELECT l.load_id FROM rsl.load l JOIN rsl.load n ON n.target = l.target
                WHERE n.load_id = $1 AND l.load_id <> $1 AND EXISTS (SELECT FROM rsl.load_sketch s WHERE s.load_id = l.load_id)
                ORDER BY l.load_id DESC OFFSET 2)",
            &[load.into()],
        )?;
    }
    let block = query_one::<i64>(
        "SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM rsl.audit_block_id",
        &[],
    )?;
    after.insert("block".to_owned(), block.unwrap_or(0).into());
    Ok(())
}

#[pg_extern(sql = false)]
fn load_undo(load: Option<i64>, dry_run: Option<bool>, leave_changed: Option<bool>) -> Result<Option<JsonB>> {
    let Some(load) = load else { return Ok(None) };
    let plan = ended(load)?;
    let status = plan.text("status");
    if !matches!(status.as_str(), "exact" | "partial") {
        return Err(report(
            PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
            format!("load {load} is {status}: there is nothing to undo"),
        )
        .set_hint("Only a load that is exact or partial has changed its target."));
    }
    let dry_run = dry_run.unwrap_or(false);
    let undone = if plan.0["report"]["repeats"].is_null() {
        let path = search_path();
        let _merging = Merging::begin(None, &plan);
        let arguments = [
            JsonB(plan.0).into(),
            dry_run.into(),
            leave_changed.unwrap_or(false).into(),
            path.as_str().into(),
        ];
        let report = query_one::<JsonB>("SELECT rsl.load_revert($1, $2, $3, $4)", &arguments)?;
        report.ok_or_else(|| internal("the undo gave no report"))?.0
    } else {
        json!({ "by": "nothing", "deleted": 0, "restored": 0, "inserted": 0, "changed": 0 })
    };
    if !dry_run {
        let role = acting_role();
        as_owner(|| {
            execute(
                "UPDATE rsl.load SET status = 'undone', report = report || jsonb_build_object('undone', $2::jsonb
                    || jsonb_build_object('at', clock_timestamp(), 'role', $3::text))
                 WHERE load_id = $1",
                &[load.into(), JsonB(undone.clone()).into(), role.as_str().into()],
            )?;
            // Loads that only found the same rows there already.
            execute(
                "UPDATE rsl.load SET status = 'undone', report = report || jsonb_build_object('undone', jsonb_build_object(
                    'by', 'nothing', 'deleted', 0, 'restored', 0, 'inserted', 0, 'changed', 0, 'with', $1, 'at', clock_timestamp(), 'role', $2::text))
                 WHERE (report ->> 'repeats')::bigint = $1 AND status IN ('exact', 'partial')",
                &[load.into(), role.as_str().into()],
            )
        })?;
    }
    Ok(Some(JsonB(undone)))
}

/// What the receipts, and of a load in parts the parts, say of it: as fields to go with the row of `rsl.load`.
fn tally(load: i64, parted: bool) -> Result<serde_json::Map<String, Value>> {
    let one = |sql: &str| as_owner(|| query_one::<JsonB>(sql, &[load.into()]));
    let receipts = one("SELECT jsonb_build_object('received', coalesce(sum(rows), 0), 'silent', count(*) FILTER (WHERE account IS NULL),
            'value_rejected', coalesce(sum(rejected), 0))
         FROM rsl.load_chunk WHERE load_id = $1")?;
    let rejects = one("SELECT jsonb_build_object(
            'value_first', (SELECT coalesce(jsonb_agg(to_jsonb(f)), '[]') FROM (SELECT key, column_name, sqlstate, message FROM rsl.reject
                WHERE load_id = $1 AND origin = 'value' ORDER BY reject_id LIMIT 3) f),
            'value_keys', (SELECT coalesce(jsonb_agg(r.key), '[]') FROM rsl.reject r JOIN rsl.load l USING (load_id)
                WHERE r.load_id = $1 AND r.origin = 'value' AND r.key IS NOT NULL AND l.mode = 'replace'))")?;
    let parts = if parted {
        one("SELECT jsonb_build_object('open', count(*) FILTER (WHERE finished_at IS NULL), 'source_rows', sum(source_rows),
                'consistency', jsonb_agg(DISTINCT consistency) FILTER (WHERE consistency IS NOT NULL),
                'miscounted', string_agg(format('Part %s: %s counted, %s read.', part, source_rows, rows + rejected), ' ' ORDER BY part)
                    FILTER (WHERE source_rows <> rows + rejected))
             FROM rsl.load_part WHERE load_id = $1")?
    } else {
        None
    };
    let fields = [receipts, rejects, parts].into_iter().flatten();
    Ok(fields.filter_map(|JsonB(fields)| fields.as_object().cloned()).flatten().collect())
}

/// The witness of the stream, from what the client said of each chunk.
fn sum_of_accounts(load: i64) -> Result<Account> {
    let mut total = Total::default();
    as_owner(|| {
        Spi::connect(|client| {
            let sql = "SELECT account FROM rsl.load_chunk WHERE load_id = $1";
            let mut accounts = client.open_cursor(sql, &[load.into()]);
            loop {
                let some = accounts.fetch(100).map_err(spi)?;
                if some.is_empty() {
                    return Ok(());
                }
                for row in some {
                    if let Some(account) = row.get::<JsonB>(1).map_err(spi)? {
                        total.add(&witness::account(account)?);
                    }
                }
            }
        })
    })?;
    Ok(total.account())
}

#[pg_extern(sql = false)]
pub fn load_abort(load: Option<i64>, reason: Option<&str>) -> Result<()> {
    let Some(load) = load else { return Ok(()) };
    let plan = match open(load, Lock::Update) {
        Ok(plan) => plan,
        // Giving up what has ended already is no error: a client that lost its connection cannot know.
        Err(error) if error.message().ends_with("has ended") => return Ok(()),
        Err(error) => return Err(error),
    };
    let staging = plan.text("staging");
    // What is no table is not ours, whoever put it there.
    if books::staging(&staging)?.is_some() {
        execute(&format!("DROP TABLE {staging}"), &[])?;
    }
    as_owner(|| {
        execute(
            "UPDATE rsl.load SET staging = NULL, finished_at = coalesce(finished_at, clock_timestamp()),
                report = CASE status WHEN 'loading' THEN jsonb_build_object('exact', false, 'reason', jsonb_strip_nulls(jsonb_build_object('message', $2::text))) ELSE report END,
                status = CASE status WHEN 'loading' THEN 'aborted' ELSE status END,
                rejected = (SELECT count(*) FROM rsl.reject WHERE load_id = $1)
             WHERE load_id = $1",
            &[load.into(), reason.into()],
        )
    })
}

fn search_path() -> String {
    // SAFETY: a setting that always exists; the string is the server's and copied at once.
    unsafe {
        let value = pg_sys::GetConfigOption(c"search_path".as_ptr(), false, false);
        if value.is_null() { String::new() } else { CStr::from_ptr(value).to_string_lossy().into_owned() }
    }
}
