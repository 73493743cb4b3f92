//! `rsl audit check`.

use serde_json::{Value, json};
use tokio_postgres::Row;

use super::{ask_head, connect, failure};
use crate::args::{AuditCheck, Format};
use crate::command::interrupt::cancellable;
use crate::command::output::say;
use crate::command::table::count;
use crate::failure::{Result, exit};
use crate::progress::Note;
use crate::terminal::visible;

pub async fn run(args: AuditCheck) -> Result<u8> {
    let connection = connect(&args.common).await?;
    let note = Note::new("checking the audit log");
    // What was looked at is counted in the state that was looked at.
    connection
        .client
        .batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        .await
        .map_err(failure)?;
    let check = "SELECT problem, seal_id, block_id, object, detail,
            to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') AS at FROM rsl.audit_check($1)";
    let findings =
        cancellable(&connection, connection.client.query(check, &[&args.head])).await?.map_err(failure)?;
    // Months that were pruned are not in the log any more.
    let counted =
        "SELECT count(*), coalesce(sum(CASE kind WHEN 'seal' THEN changes ELSE -changes END), 0)::bigint,
            (SELECT coalesce(sum(b.changes), 0)::bigint
             FROM rsl.audit_sealed() s JOIN rsl.audit_block b ON b.era = s.era AND b.txid >= s.until)
         FROM rsl.audit_seal";
    let counted =
        cancellable(&connection, connection.client.query_one(counted, &[])).await?.map_err(failure)?;
    let head = ask_head(&connection).await?;
    drop(note);
    let number = |at: usize| u64::try_from(counted.get::<_, i64>(at)).unwrap_or(0);
    let (seals, changes, unsealed) = (number(0), number(1), number(2));
    match args.common.format {
        Format::Json => say!(
            "{:#}",
            json!({"whole": findings.is_empty(), "findings": findings.iter().map(finding).collect::<Vec<_>>(),
                   "seals": seals, "changes": changes, "unsealed_changes": unsealed, "head": head})
        )?,
        Format::Text => {
            findings.iter().try_for_each(print)?;
            let looked_at = format!(
                "{}, {}",
                count(seals, "seal", "seals"),
                count(changes, "sealed change", "sealed changes")
            );
            match findings.len() as u64 {
                0 => say!("the audit log fits its seals: {looked_at}")?,
                found => say!(
                    "the audit log does not fit its seals: {}; {looked_at}",
                    count(found, "finding", "findings")
                )?,
            }
            if unsealed > 0 {
                say!("not sealed yet, so not proven: {}", count(unsealed, "change", "changes"))?;
            }
            // The head of a chain that does not hold is not worth keeping.
            if let (true, Some(head)) = (findings.is_empty(), head) {
                say!("head, to be kept elsewhere: {head}")?;
            }
        }
    }
    Ok(if findings.is_empty() { exit::OK } else { exit::DIFFERENT })
}

fn finding(row: &Row) -> Value {
    let text = |name: &str| row.get::<_, Option<String>>(name);
    json!({"problem": text("problem"), "seal_id": row.get::<_, Option<i64>>("seal_id"), "block_id": row.get::<_, Option<i64>>("block_id"),
           "object": text("object"), "at": text("at"), "detail": text("detail")})
}

fn print(row: &Row) -> Result<()> {
    let text = |name: &str| row.get::<_, Option<String>>(name).map(|text| visible(&text));
    let numbered =
        |name: &str, what: &str| row.get::<_, Option<i64>>(name).map(|number| format!("{what} {number}"));
    let place = [text("object"), numbered("seal_id", "seal"), numbered("block_id", "block"), text("at")];
    say!(
        "{}  {}",
        text("problem").unwrap_or_default(),
        place.into_iter().flatten().collect::<Vec<_>>().join(", ")
    )?;
    match text("detail") {
        Some(detail) => say!("      {detail}"),
        None => Ok(()),
    }
}
