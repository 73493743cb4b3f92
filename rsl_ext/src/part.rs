//! The parts of a load: planned once, claimed by one session at a time, finished with the source's own count.

use pgrx::JsonB;
use pgrx::prelude::*;
use serde_json::Value;

use crate::books::{Lock, execute, open, query_one};
use crate::owner::as_owner;
use crate::{Result, report};

#[pg_extern(sql = false)]
fn load_plan(load: i64, parts: JsonB) -> Result<i32> {
    let count = parts.0.as_array().filter(|parts| parts.iter().all(is_part)).map_or(0, Vec::len);
    let count = i32::try_from(count).unwrap_or(0);
    if count == 0 {
        return Err(report(PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE, "this is not a list of parts")
            .set_hint("Expected [{\"after\": null, \"until\": [\"17\"]}, {\"after\": [\"17\"], \"until\": null}], at least one."));
    }
    let plan = open(load, Lock::Update)?;
    plan.must_be_loading(load)?;
    // Asked behind the lock: a push may have been on its way.
    let begun = as_owner(|| {
        query_one::<bool>("SELECT EXISTS (SELECT FROM rsl.load_chunk WHERE load_id = $1)", &[load.into()])
    })?;
    if begun == Some(true) || !plan.0["parts"].is_null() {
        let why = if begun == Some(true) { "has chunks" } else { "is cut into parts" };
        return Err(report(
            PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
            format!("load {load} {why} already"),
        )
        .set_hint("A load is cut into parts once, before its first chunk."));
    }
    as_owner(|| {
        execute(
            "INSERT INTO rsl.load_part (load_id, part, after, until)
             SELECT $1, u.n, NULLIF(u.p -> 'after', 'null'), NULLIF(u.p -> 'until', 'null')
             FROM jsonb_array_elements($2) WITH ORDINALITY u (p, n)",
            &[load.into(), parts.into()],
        )?;
        // In the row itself, so that whoever waits to push a chunk without a part sees it.
        execute("UPDATE rsl.load SET parts = $2 WHERE load_id = $1", &[load.into(), count.into()])
    })?;
    Ok(count)
}

fn is_part(part: &Value) -> bool {
    let is_bound = |bound: Option<&Value>| bound.is_none_or(|bound| bound.is_null() || bound.is_array());
    part.as_object().is_some_and(|part| is_bound(part.get("after")) && is_bound(part.get("until")))
}

#[pg_extern(sql = false)]
fn load_claim(load: i64) -> Result<Option<JsonB>> {
    let plan = open(load, Lock::Share)?;
    plan.must_be_loading(load)?;
    if plan.0["parts"].is_null() {
        return Err(report(
            PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
            format!("load {load} is not cut into parts"),
        )
        .set_hint(format!("SELECT rsl.load_plan({load}, …); does it, before the first chunk.")));
    }
    let free = as_owner(|| {
        query_one::<JsonB>(
            "SELECT jsonb_agg(jsonb_build_array(p.part, coalesce(k.mine, false)) ORDER BY coalesce(k.mine, false) DESC, p.part)
             FROM (SELECT part, rsl.load_part_lock(load_id, part) AS key FROM rsl.load_part
                WHERE load_id = $1 AND finished_at IS NULL) p
             LEFT JOIN rsl.session_locks() k ON k.key = p.key AND NOT k.halves
             WHERE k.key IS NULL OR k.mine",
            &[load.into()],
        )
    })?;
    for free in free.iter().filter_map(|free| free.0.as_array()).flatten() {
        let (Some(part), Some(mine)) = (free[0].as_i64(), free[1].as_bool()) else { continue };
        // While the row is locked nobody can finish the part, and whoever is just doing so, or pushes, has not let it go. A lock
        // that is held already is not taken once more: it would have to be given back as often.
        let (wait, take) = match mine {
            true => ("", "true"),
            false => ("SKIP LOCKED", "pg_try_advisory_lock(rsl.load_part_lock(p.load_id, p.part))"),
        };
        let claim = as_owner(|| {
            query_one::<JsonB>(
                &format!(
                    "SELECT CASE WHEN {take} THEN jsonb_build_object('part', p.part, 'after', p.after, 'until', p.until,
                        'position', p.position, 'chunks', p.chunks, 'rows', p.rows, 'rejected', p.rejected) END
                     FROM (SELECT * FROM rsl.load_part
                        WHERE load_id = $1 AND part = $2 AND finished_at IS NULL FOR UPDATE {wait}) p"
                ),
                &[load.into(), part.into()],
            )
        })?;
        if claim.is_some() {
            return Ok(claim);
        }
    }
    Ok(None)
}

#[pg_extern(sql = false)]
fn load_part_finish(
    load: Option<i64>,
    part: Option<i32>,
    source_rows: Option<i64>,
    consistency: Option<JsonB>,
) -> Result<()> {
    let (Some(load), Some(part), Some(source_rows)) = (load, part, source_rows) else {
        return Err(report(
            PgSqlErrorCode::ERRCODE_NULL_VALUE_NOT_ALLOWED,
            "a part is finished with its load, its number and the rows that the source counts",
        )
        .set_hint("SELECT rsl.load_part_finish(load, part, source_rows);"));
    };
    if source_rows < 0 {
        return Err(report(
            PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE,
            format!("the source cannot count {source_rows} rows"),
        )
        .set_hint("Count the rows of the whole part in the source."));
    }
    open(load, Lock::Share)?.must_be_loading(load)?;
    let claimed = as_owner(|| {
        query_one::<bool>(
            "SELECT k.mine FROM rsl.session_locks() k WHERE k.key = rsl.load_part_lock($1, $2) AND NOT k.halves",
            &[load.into(), part.into()],
        )
    })?;
    if claimed == Some(false) {
        return Err(report(
            PgSqlErrorCode::ERRCODE_OBJECT_IN_USE,
            format!("part {part} of load {load} is claimed by another session"),
        )
        .set_hint("The session that has claimed it finishes it."));
    }
    let consistency = consistency.filter(|consistency| !consistency.0.is_null());
    let finished = as_owner(|| {
        query_one::<bool>(
            "UPDATE rsl.load_part SET source_rows = $3, consistency = $4, finished_at = clock_timestamp()
             WHERE load_id = $1 AND part = $2 AND finished_at IS NULL RETURNING true",
            &[load.into(), part.into(), source_rows.into(), consistency.into()],
        )
    })?;
    if finished.is_none() {
        refuse_other_count(load, part, source_rows)?;
    }
    if claimed == Some(true) {
        as_owner(|| {
            execute("SELECT pg_advisory_unlock(rsl.load_part_lock($1, $2))", &[load.into(), part.into()])
        })?;
    }
    Ok(())
}

/// A client that lost its connection cannot know whether its part is finished, so finishing it once more is no error.
fn refuse_other_count(load: i64, part: i32, source_rows: i64) -> Result<()> {
    let counted = as_owner(|| {
        query_one::<i64>(
            "SELECT source_rows FROM rsl.load_part WHERE load_id = $1 AND part = $2",
            &[load.into(), part.into()],
        )
    })?;
    match counted {
        Some(counted) if counted == source_rows => Ok(()),
        Some(counted) => Err(report(
            PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
            format!("part {part} of load {load} is finished: the source counted {counted} rows in it"),
        )
        .set_hint("Abort the load and begin a new one.")),
        None => Err(report(
            PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE,
            format!("load {load} has no part {part}"),
        )
        .set_hint(format!("SELECT part FROM rsl.load_part WHERE load_id = {load}; lists them."))),
    }
}
