//! Runs: a pull of one or more loads, and its continuation by a later session.

use pgrx::JsonB;
use pgrx::prelude::*;
use serde_json::{Value, json};

use crate::books::{self, Plan, execute, internal, mine, query_one};
use crate::load::load_abort;
use crate::owner::as_owner;
use crate::session::acting_role;
use crate::{Result, report};

#[pg_extern(sql = false)]
fn run_begin(source: Option<&str>, options: Option<JsonB>, environment: Option<JsonB>) -> Result<i64> {
    let (Some(source), Some(options)) = (source, options) else {
        return Err(report(
            PgSqlErrorCode::ERRCODE_NULL_VALUE_NOT_ALLOWED,
            "a run needs a source and options",
        )
        .set_hint("SELECT rsl.run_begin('mssql://…', '{}');"));
    };
    let environment = object(environment, "the environment of a run")?.unwrap_or_else(|| json!({}));
    let role = acting_role();
    as_owner(|| {
        execute("SELECT rsl.keep_data()", &[])?;
        // What the server knows of itself no client has to be believed.
        let run = query_one::<i64>(
            "INSERT INTO rsl.run (source, options, started_by, environment)
             VALUES ($1, $3, $2::name, $4 || jsonb_build_object('postgresql', current_setting('server_version'),
                'extension', (SELECT extversion FROM pg_extension WHERE extname = 'rsl')))
             RETURNING run_id",
            &[source.into(), role.as_str().into(), options.into(), JsonB(environment).into()],
        )?;
        let run = run.ok_or_else(|| internal("the run was not registered"))?;
        // Nobody knows of the run yet, so nobody else has it.
        execute("SELECT pg_advisory_lock(rsl.run_lock_class(), $1::int)", &[run.into()])?;
        Ok(run)
    })
}

#[pg_extern(sql = false)]
fn run_resume(source: Option<&str>) -> Result<Option<JsonB>> {
    let role = acting_role();
    as_owner(|| {
        let left = query_one::<JsonB>(
            &format!(
                "SELECT jsonb_agg(r.run_id ORDER BY r.run_id DESC) FROM rsl.run r
                 WHERE r.finished_at IS NULL AND ($1 IS NULL OR r.source = $1) AND {}
                    AND NOT rsl.lock_is_held(rsl.run_lock_class(), r.run_id)",
                mine("r.started_by")
            ),
            &[source.into(), role.as_str().into()],
        )?;
        for run in numbers(left) {
            // While the row is locked nobody can finish the run. Loads that begin lock it, too, but only against its deletion.
            let taken = query_one::<bool>(
                "SELECT pg_try_advisory_lock(rsl.run_lock_class(), r.run_id::int)
                 FROM (SELECT run_id FROM rsl.run WHERE run_id = $1 AND finished_at IS NULL FOR NO KEY UPDATE SKIP LOCKED) r",
                &[run.into()],
            )?;
            if taken == Some(true) {
                // A statement of its own: what the session before did last has been committed before its lock went.
                return query_one::<JsonB>(
                    "SELECT jsonb_build_object('run_id', r.run_id, 'source', r.source, 'options', r.options, 'done', coalesce(
                        (SELECT jsonb_agg(DISTINCT l.object) FROM rsl.load l
                         WHERE l.run_id = r.run_id AND l.status IN ('exact', 'partial') AND l.object IS NOT NULL), '[]'))
                     FROM rsl.run r WHERE r.run_id = $1",
                    &[run.into()],
                );
            }
        }
        Ok(None)
    })
}

#[pg_extern(sql = false)]
fn run_finish(run: Option<i64>, report: Option<JsonB>) -> Result<()> {
    let Some(run) = run else { return Ok(()) };
    let report = object(report, "the report of a run")?.map(JsonB);
    let finished = look_up(run)?;
    as_owner(|| {
        if !finished {
            execute("SELECT rsl.shape_record_run($1)", &[run.into()])?;
        }
        execute(
            "UPDATE rsl.run SET finished_at = clock_timestamp(), report = $2 WHERE run_id = $1 AND finished_at IS NULL",
            &[run.into(), report.into()],
        )?;
        execute(
            "SELECT pg_advisory_unlock(rsl.run_lock_class(), $1::int) FROM rsl.session_locks() k
             WHERE k.halves AND k.key = ((rsl.run_lock_class()::bigint << 32) | $1) AND k.mine",
            &[run.into()],
        )
    })
}

/// What a client tells for the report, which looks for fields in it.
fn object(told: Option<JsonB>, what: &str) -> Result<Option<Value>> {
    match told {
        Some(JsonB(told)) if !told.is_object() => {
            Err(report(PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE, format!("{what} must be an object"))
                .set_hint("Give a JSON object, such as {\"host\": \"loader\"}, or null."))
        }
        told => Ok(told.map(|JsonB(told)| told)),
    }
}

/// An error unless the caller may go on with the run and it was not finished.
pub fn must_be_open(run: i64) -> Result<()> {
    if look_up(run)? {
        return Err(report(
            PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
            format!("run {run} is finished"),
        )
        .set_hint("Begin a new run."));
    }
    Ok(())
}

/// Whether the run was finished; an error if the caller may not go on with it.
fn look_up(run: i64) -> Result<bool> {
    let role = acting_role();
    let state = as_owner(|| {
        query_one::<JsonB>(
            &format!(
                "SELECT jsonb_build_object('mine', {}, 'started_by', r.started_by, 'finished', r.finished_at IS NOT NULL)
                 FROM rsl.run r WHERE r.run_id = $1",
                mine("r.started_by")
            ),
            &[run.into(), role.as_str().into()],
        )
    })?;
    let Some(JsonB(state)) = state else {
        return Err(report(
            PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE,
            format!("there is no run {run}"),
        )
        .set_hint("SELECT run_id, source, started_at, finished_at FROM rsl.run; lists them."));
    };
    if state["mine"] != Value::Bool(true) {
        let owner = state["started_by"].as_str().unwrap_or_default();
        return Err(report(
            PgSqlErrorCode::ERRCODE_INSUFFICIENT_PRIVILEGE,
            format!("run {run} belongs to role \"{owner}\""),
        )
        .set_hint("Only this role and its members may go on with it."));
    }
    Ok(state["finished"] == Value::Bool(true))
}

#[pg_extern(sql = false)]
fn load_resume(run: i64, object: &str) -> Result<Option<i64>> {
    must_be_open(run)?;
    let role = acting_role();
    let left = as_owner(|| {
        query_one::<JsonB>(
            &format!(
                "SELECT jsonb_agg(l.load_id ORDER BY l.load_id DESC) FROM rsl.load l
                 WHERE l.run_id = $1 AND l.object = $3 AND l.status = 'loading' AND {}
                    AND NOT rsl.lock_is_held(rsl.load_lock_class(), l.load_id)",
                mine("l.started_by")
            ),
            &[run.into(), role.as_str().into(), object.into()],
        )
    })?;
    for load in numbers(left) {
        let alone = as_owner(|| {
            query_one::<bool>("SELECT pg_try_advisory_lock(rsl.load_lock_class(), $1::int)", &[load.into()])
        })?;
        if alone != Some(true) {
            continue;
        }
        // Two sessions cannot both have it for themselves alone. From here on it is held as rsl.load_begin holds it.
        let share = "SELECT pg_advisory_lock_shared(rsl.load_lock_class(), $1::int), pg_advisory_unlock(rsl.load_lock_class(), $1::int)";
        as_owner(|| execute(share, &[load.into()]))?;
        // A statement of its own: it may have ended before its lock was free.
        let plan = as_owner(|| {
            query_one::<JsonB>(
                "SELECT to_jsonb(l) || jsonb_build_object('filled', EXISTS (SELECT FROM rsl.load_chunk c WHERE c.load_id = $1 AND c.rows > 0))
                 FROM (SELECT * FROM rsl.load WHERE load_id = $1 AND status = 'loading' FOR SHARE) l",
                &[load.into()],
            )
        })?;
        let plan = plan.map(|JsonB(plan)| Plan(plan));
        let is_whole = match &plan {
            None => false,
            Some(plan) => {
                books::staging(&plan.text("staging"))?.is_some_and(|staging| !plan.has_lost_rows(&staging))
            }
        };
        if is_whole {
            return Ok(Some(load));
        }
        if plan.is_some() {
            load_abort(Some(load), Some("the staged rows were lost when the server crashed"))?;
        }
        let release = "SELECT pg_advisory_unlock_shared(rsl.load_lock_class(), $1::int)";
        as_owner(|| execute(release, &[load.into()]))?;
    }
    Ok(None)
}

/// The numbers in a list of them.
fn numbers(list: Option<JsonB>) -> Vec<i64> {
    let JsonB(list) = list.unwrap_or(JsonB(json!([])));
    list.as_array().into_iter().flatten().filter_map(Value::as_i64).collect()
}
