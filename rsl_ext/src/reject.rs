//! `rsl.reject`: rows that cannot be loaded, written as the owner of the extension.

use pgrx::JsonB;
use pgrx::iter::TableIterator;
use pgrx::prelude::*;
use serde_json::{Value, json};

use crate::books::{ended, execute, query_one};
use crate::owner::as_owner;
use crate::session::acting_role;
use crate::{Result, report};

/// What the client says of rows that it could not send, if it makes sense.
pub fn list(rejects: JsonB) -> Result<Vec<Value>> {
    let is_reject = |reject: &Value| {
        let text = |field: &str| reject[field].is_string();
        let text_or_null = |field: &str| reject[field].is_null() || text(field);
        let state = reject["sqlstate"].as_str().unwrap_or_default();
        state.len() == 5
            && state.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
            && text("message")
            && ["column_name", "hint"].iter().all(|field| text_or_null(field))
            && (reject["key"].is_null() || reject["key"].is_object())
            && reject["row"].is_object()
    };
    match rejects.0 {
        Value::Null => Ok(Vec::new()),
        Value::Array(rejects) if rejects.iter().all(is_reject) => Ok(rejects),
        _ => Err(report(PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE, "this is not a list of rejects").set_hint(
            "Expected [{\"key\": {…}, \"row\": {…}, \"column_name\": …, \"sqlstate\": \"22003\", \"message\": …, \"hint\": …}], where key, column_name and hint may be null.",
        )),
    }
}

/// Writes down the rejects of a chunk.
pub fn enter(load: i64, part: Option<i32>, chunk: i64, rejects: &[Value]) -> Result<()> {
    if rejects.is_empty() {
        return Ok(());
    }
    as_owner(|| {
        execute(
            "INSERT INTO rsl.reject (load_id, origin, part, chunk, object, target, key, \"row\", column_name, sqlstate, message, hint)
             SELECT l.load_id, 'value', $2, $3, l.object, l.target, coalesce(NULLIF(r.value -> 'key', 'null'),
                    (SELECT jsonb_object_agg(k, r.value -> 'row' ->> k) FROM unnest(l.key_columns) k)), r.value -> 'row',
                r.value ->> 'column_name', r.value ->> 'sqlstate', r.value ->> 'message', r.value ->> 'hint'
             FROM rsl.load l, jsonb_array_elements($4) WITH ORDINALITY r (value, n) WHERE l.load_id = $1 ORDER BY r.n",
            &[load.into(), part.into(), chunk.into(), JsonB(json!(rejects)).into()],
        )
    })
}

/// Writes down what the target has refused, instead of what it did when the load was finished before, and takes it out of the
/// verdict: a verdict is for more eyes than rows are.
pub fn keep(load: i64, verdict: &mut Value) -> Result<()> {
    let rejects = verdict.as_object_mut().and_then(|verdict| verdict.remove("rejects"));
    as_owner(|| {
        execute("DELETE FROM rsl.reject WHERE load_id = $1 AND origin = 'target'", &[load.into()])?;
        if let Some(rejects) = rejects {
            execute(
                "INSERT INTO rsl.reject (load_id, origin, object, target, key, \"row\", column_name, constraint_name, sqlstate, message, hint)
                 SELECT l.load_id, 'target', l.object, l.target, NULLIF(r.value -> 'key', 'null'), r.value -> 'row', r.value ->> 'column_name',
                    r.value ->> 'constraint_name', r.value ->> 'sqlstate', r.value ->> 'message', r.value ->> 'hint'
                 FROM rsl.load l, jsonb_array_elements($2) WITH ORDINALITY r (value, n) WHERE l.load_id = $1 ORDER BY r.n",
                &[load.into(), JsonB(rejects).into()],
            )?;
        }
        let Some(first) = verdict["repeats"].as_i64() else { return Ok(()) };
        // The rows that the other load has appended already were all but its rejects, and so it is with this one.
        let refused = query_one::<i64>(
            "WITH again AS (
                INSERT INTO rsl.reject (load_id, origin, object, target, key, \"row\", column_name, constraint_name, sqlstate, message, hint, retried_by,
                    accepted_by, accepted_at, accepted_because)
                SELECT $1, origin, object, target, key, \"row\", column_name, constraint_name, sqlstate, message, hint, retried_by,
                    accepted_by, accepted_at, accepted_because
                FROM rsl.reject WHERE load_id = $2 AND origin = 'target' ORDER BY reject_id RETURNING 1)
             SELECT count(*) FROM again",
            &[load.into(), first.into()],
        )?;
        let refused = refused.unwrap_or(0);
        if refused > 0
            && let Some(verdict) = verdict.as_object_mut()
        {
            let rejected = verdict.get("rejected").and_then(Value::as_i64).unwrap_or(0) + refused;
            verdict.extend([
                ("exact".to_owned(), json!(false)),
                ("partial".to_owned(), json!(true)),
                ("rejected".to_owned(), json!(rejected)),
            ]);
        }
        Ok(())
    })
}

#[pg_extern(sql = false)]
fn load_retried(load: i64, retry: i64, rejects: Vec<i64>) -> Result<i64> {
    let (first, second) = (ended(load)?, ended(retry)?);
    let status = second.text("status");
    if !matches!(status.as_str(), "exact" | "partial") {
        return Err(report(
            PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
            format!("load {retry} is {status}: nothing went in with it"),
        )
        .set_hint("Finish it first."));
    }
    if first.text("target") != second.text("target") || retry <= load {
        return Err(report(
            PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE,
            format!("load {retry} is no later load into {}", first.text("target")),
        )
        .set_hint("Rejects are retried by a later load into the same target."));
    }
    let marked = as_owner(|| {
        query_one::<i64>(
            "WITH marked AS (UPDATE rsl.reject SET retried_by = $2
                WHERE load_id = $1 AND reject_id = ANY ($3) AND retried_by IS NULL RETURNING target, object, key),
             -- A load that was a retry itself: with the row, what earlier loads had to say of it is settled.
             earlier AS (UPDATE rsl.reject e SET retried_by = $2 FROM marked m
                WHERE e.load_id < $1 AND e.retried_by IS NULL AND e.target = m.target AND e.object = m.object AND e.key = m.key)
             SELECT count(*) FROM marked",
            &[load.into(), retry.into(), rejects.into()],
        )
    })?;
    Ok(marked.unwrap_or(0))
}

#[pg_extern(sql = false)]
fn load_rejects_accept(load: Option<i64>, reason: Option<&str>, rejects: Option<Vec<i64>>) -> Result<i64> {
    let reason = reason.map(str::trim).filter(|reason| !reason.is_empty());
    let (Some(load), Some(reason)) = (load, reason) else {
        return Err(report(
            PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE,
            "a load and a reason are needed to accept its rejects",
        )
        .set_hint("Write why these rows are not to be loaded: whoever signs for the load will read it."));
    };
    ended(load)?;
    let role = acting_role();
    let accepted = as_owner(|| {
        query_one::<i64>(
            "WITH accepted AS (UPDATE rsl.reject SET accepted_by = $2::name, accepted_at = clock_timestamp(), accepted_because = $3
                WHERE load_id = $1 AND ($4 IS NULL OR reject_id = ANY ($4)) AND retried_by IS NULL AND accepted_at IS NULL RETURNING 1)
             SELECT count(*) FROM accepted",
            &[load.into(), role.as_str().into(), reason.into(), rejects.into()],
        )
    })?;
    Ok(accepted.unwrap_or(0))
}

/// How many rejects of a load are listed, and how many are open: numbers say nothing of rows, so whoever may look at the books may know them.
#[pg_extern(sql = false)]
fn load_rejects_count(load: i64) -> Result<TableIterator<'static, (name!(listed, i64), name!(open, i64))>> {
    let count = |condition: &str| {
        let sql = format!("SELECT count(*) FROM rsl.reject WHERE load_id = $1{condition}");
        as_owner(|| query_one::<i64>(&sql, &[load.into()])).map(Option::unwrap_or_default)
    };
    let open = count(" AND retried_by IS NULL AND accepted_at IS NULL")?;
    Ok(TableIterator::once((count("")?, open)))
}
