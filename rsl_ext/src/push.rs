//! `rsl.load_push`: a chunk and its receipt, in one transaction, exactly once. It runs for every chunk of a load, so each query counts.

use std::fmt;

use pgrx::prelude::*;
use pgrx::{JsonB, pg_sys};
use rsl_core::canonical;
use rsl_core::witness::Account;
use serde_json::{Value, json};

use crate::append::append;
use crate::books::{Lock, Plan, execute, open, query_one};
use crate::owner::{self, as_owner};
use crate::{Result, reject, report, witness};

/// A chunk as it came.
struct Chunk<'a> {
    load: i64,
    part: Option<i32>,
    number: i64,
    payload: &'a [u8],
    rejects: Vec<Value>,
    digest: String,
}

impl fmt::Display for Chunk<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.part {
            Some(part) => write!(f, "chunk {} of part {part} of load {}", self.number, self.load),
            None => write!(f, "chunk {} of load {}", self.number, self.load),
        }
    }
}

#[pg_extern(sql = false)]
fn load_push(
    load: Option<i64>,
    chunk: Option<i64>,
    payload: Option<&[u8]>,
    part: Option<i32>,
    position: Option<JsonB>,
    account: Option<JsonB>,
    rejects: Option<JsonB>,
) -> Result<Option<i64>> {
    let (Some(load), Some(number), Some(payload)) = (load, chunk, payload) else { return Ok(None) };
    if number < 0 {
        return Err(invalid(format!("chunk {number} is below zero"))
            .set_hint("Number the chunks of a load from 0 or 1 on."));
    }
    let position = position.filter(|position| !position.0.is_null());
    if position.is_some() && part.is_none() {
        return Err(invalid("a position without a part".to_owned())
            .set_hint("A position says how far a part has come: name the part."));
    }
    let plan = open(load, Lock::Share)?;
    plan.must_be_loading(load)?;
    let rejects = rejects.map_or(Ok(Vec::new()), reject::list)?;
    let mut digest = format!("{:032x}", canonical::bytes(payload));
    if !rejects.is_empty() {
        // They are a part of the chunk: the same bytes with other rejects are another one.
        let told = Value::from(rejects.clone()).to_string();
        digest = format!("{:032x}", canonical::bytes(format!("{digest} {told}").as_bytes()));
    }
    let chunk = Chunk { load, part, number, payload, rejects, digest };
    match (part, plan.0["parts"].is_null()) {
        (None, false) => {
            return Err(invalid(format!("load {load} is read in parts"))
                .set_hint("Say which part the chunk belongs to."));
        }
        (Some(_), true) => {
            return Err(invalid(format!("load {load} is not cut into parts"))
                .set_hint(format!("SELECT rsl.load_plan({load}, …); does it, before the first chunk.")));
        }
        _ => {}
    }
    let account = account.filter(|account| !account.0.is_null());
    let account = account.map(|account| read_account(&chunk, &plan, account)).transpose()?;
    // The receipt comes first: whoever pushes the same chunk at the same time waits here for the other's commit.
    if !chunk.enter(account.as_ref(), position)? {
        return match part {
            None => chunk.receipt(),
            Some(part) => chunk.receipt_of_part(part),
        }
        .map(Some);
    }
    if plan.0["accounts"].as_bool().is_some_and(|accounts| accounts != account.is_some()) {
        return Err(invalid(format!(
            "{chunk} came {} an account, the chunks before it {} one",
            if account.is_some() { "with" } else { "without" },
            if account.is_some() { "without" } else { "with" },
        ))
        .set_hint("Push every chunk of a load with an account, or none."));
    }
    commit_without_waiting();
    let staging = plan.staging()?;
    if plan.has_lost_rows(&staging) {
        return Err(report(
            PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
            format!("the staged rows of load {load} were lost when the server crashed"),
        )
        .set_hint("The target is as before. Abort the load and begin again."));
    }
    reject::enter(load, part, number, &chunk.rejects)?;
    let rows = append(staging.table, payload, &chunk.to_string())?;
    match account {
        None => chunk.count(rows as i64)?,
        Some(account) if account.rows == rows && account.digest.count() == rows => {}
        Some(account) => {
            let told = if account.rows == rows { account.digest.count() } else { account.rows };
            return Err(invalid(format!(
                "{chunk} was refused: its account tells of {told} rows, it has {rows}"
            ))
            .set_hint("Nothing of this chunk was kept. Account for the rows that it carries."));
        }
    }
    Ok(Some(rows as i64))
}

impl Chunk<'_> {
    /// Writes the receipt, with the rows by the account if there is one, and takes the part a step further. False if the chunk
    /// has a receipt already or is not the next one of its part; nothing is written then.
    fn enter(&self, account: Option<&Account>, position: Option<JsonB>) -> Result<bool> {
        let rows = account.map_or(0, |account| account.rows as i64);
        let account = account.map(|account| JsonB(json!(account)));
        let length = self.payload.len() as i64;
        let rejected = self.rejects.len() as i64;
        let entered = as_owner(|| {
            match self.part {
            None => query_one::<bool>(
                "INSERT INTO rsl.load_chunk (load_id, chunk, rows, bytes, digest, account, rejected) VALUES ($1, $2, $3, $4, $5, $6, $7)
                 ON CONFLICT DO NOTHING RETURNING true",
                &[
                    self.load.into(),
                    self.number.into(),
                    rows.into(),
                    length.into(),
                    self.digest.as_str().into(),
                    account.into(),
                    rejected.into(),
                ],
            ),
            Some(part) => query_one::<bool>(
                "WITH step AS (
                    UPDATE rsl.load_part SET chunks = chunks + 1, rows = rows + $3, position = $8, rejected = rejected + $9
                    WHERE load_id = $1 AND part = $7 AND chunks = $2 AND finished_at IS NULL
                    RETURNING load_id, part)
                 INSERT INTO rsl.load_chunk (load_id, part, chunk, rows, bytes, digest, account, rejected)
                 SELECT load_id, part, $2, $3, $4, $5, $6, $9 FROM step
                 RETURNING true",
                &[
                    self.load.into(),
                    self.number.into(),
                    rows.into(),
                    length.into(),
                    self.digest.as_str().into(),
                    account.into(),
                    part.into(),
                    position.into(),
                    rejected.into(),
                ],
            ),
        }
        })?;
        Ok(entered == Some(true))
    }

    /// Writes down the rows of a chunk that came without an account.
    fn count(&self, rows: i64) -> Result<()> {
        as_owner(|| match self.part {
            None => execute(
                "UPDATE rsl.load_chunk SET rows = $3 WHERE load_id = $1 AND part = 0 AND chunk = $2",
                &[self.load.into(), self.number.into(), rows.into()],
            ),
            Some(part) => execute(
                "WITH step AS (UPDATE rsl.load_part SET rows = rows + $3 WHERE load_id = $1 AND part = $4)
                 UPDATE rsl.load_chunk SET rows = $3 WHERE load_id = $1 AND part = $4 AND chunk = $2",
                &[self.load.into(), self.number.into(), rows.into(), part.into()],
            ),
        })
    }

    /// The rows of a chunk that came before, if it was the same.
    fn receipt(&self) -> Result<i64> {
        let rows = as_owner(|| {
            query_one::<i64>(
                "SELECT rows FROM rsl.load_chunk WHERE load_id = $1 AND part = 0 AND chunk = $2 AND digest = $3",
                &[self.load.into(), self.number.into(), self.digest.as_str().into()],
            )
        })?;
        rows.ok_or_else(|| self.differs())
    }

    /// The same for a chunk of a part, which may also come too early or too late.
    fn receipt_of_part(&self, part: i32) -> Result<i64> {
        let state = as_owner(|| {
            query_one::<JsonB>(
                "SELECT jsonb_build_object('chunks', p.chunks, 'finished', p.finished_at IS NOT NULL, 'rows', c.rows)
                 FROM rsl.load_part p
                 LEFT JOIN rsl.load_chunk c ON c.load_id = p.load_id AND c.part = p.part AND c.chunk = $3 AND c.digest = $4
                 WHERE p.load_id = $1 AND p.part = $2",
                &[self.load.into(), part.into(), self.number.into(), self.digest.as_str().into()],
            )
        })?;
        let Some(JsonB(state)) = state else {
            return Err(invalid(format!("load {} has no part {part}", self.load)).set_hint(format!(
                "SELECT part FROM rsl.load_part WHERE load_id = {}; lists them.",
                self.load
            )));
        };
        let next = state["chunks"].as_i64().unwrap_or(0);
        if self.number < next {
            return state["rows"].as_i64().ok_or_else(|| self.differs());
        }
        if state["finished"] == Value::Bool(true) {
            return Err(report(
                PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
                format!("part {part} of load {} is finished: it takes no more chunks", self.load),
            )
            .set_hint(format!("SELECT rsl.load_claim({}); gives a part that is not.", self.load)));
        }
        Err(invalid(format!("{self} is not the next one, which is {next}"))
            .set_hint("The chunks of a part are numbered from 0 and come one after the other."))
    }

    fn differs(&self) -> pg_sys::panic::ErrorReport {
        invalid(format!("{self} was pushed before with other contents"))
            .set_detail("A chunk is known by its number; the bytes that came first are in staging.")
            .set_hint("The source has changed between two readings: abort the load and begin again.")
    }
}

/// What the client says of the rows, if it makes sense.
fn read_account(chunk: &Chunk<'_>, plan: &Plan, account: JsonB) -> Result<Account> {
    let account = witness::account(account)?;
    let columns: Vec<&str> = plan.columns().collect();
    if !account.is_of(columns.iter().copied()) {
        return Err(invalid(format!("the account of {chunk} is not of the columns of the load")).set_hint(
            "Expected for each column that the chunks carry: {\"digest\": …, \"nulls\": …, \"sum\": …}.",
        ));
    }
    Ok(account)
}

fn invalid(message: String) -> pg_sys::panic::ErrorReport {
    report(PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE, message)
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
