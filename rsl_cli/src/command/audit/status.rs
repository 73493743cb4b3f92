//! `rsl audit status`.

use serde_json::{Value, json};
use tokio_postgres::Row;

use super::{ask_head, connect, failure, switch::names};
use crate::args::{AuditPlain, Format};
use crate::command::interrupt::cancellable;
use crate::command::output::say;
use crate::command::table::{self, count, thousands};
use crate::failure::{Result, exit};
use crate::progress::Note;
use crate::terminal::visible;

pub async fn run(args: AuditPlain) -> Result<u8> {
    let connection = connect(&args).await?;
    let note = Note::new("counting the audit log");
    let tables = connection
        .client
        .query("SELECT target, enabled, settings FROM rsl.tracked() WHERE kind = 'audit'", &[])
        .await
        .map_err(failure)?;
    let months = "SELECT right(c.relname, 7) AS month, b.changes, b.blocks, pg_total_relation_size(c.oid) AS bytes, b.unsealed
         FROM pg_class c
         JOIN (SELECT b.tableoid AS rel, sum(b.changes)::bigint AS changes, count(*) AS blocks,
                coalesce(sum(b.changes) FILTER (WHERE b.txid >= coalesce(s.until, 0)), 0)::bigint AS unsealed
            FROM rsl.audit_block b LEFT JOIN rsl.audit_sealed() s ON s.era = b.era
            GROUP BY b.tableoid) b ON b.rel = c.oid
         ORDER BY 1";
    let months = cancellable(&connection, connection.client.query(months, &[])).await?.map_err(failure)?;
    let head = ask_head(&connection).await?;
    drop(note);
    let number = |row: &Row, name: &str| u64::try_from(row.get::<_, i64>(name)).unwrap_or(0);
    // The partition of a month is called block_2026_11.
    let month = |row: &Row| row.get::<_, String>("month").replace('_', "-");
    let unsealed: u64 = months.iter().map(|row| number(row, "unsealed")).sum();
    match args.format {
        Format::Json => {
            let tables = tables.iter().map(|row| {
                let settings: Value = row.get(2);
                json!({"table": row.get::<_, String>(0), "enabled": row.get::<_, bool>(1), "key": settings["key"], "exclude": settings["exclude"]})
            });
            let months = months.iter().map(|row| {
                json!({"month": month(row), "changes": number(row, "changes"), "blocks": number(row, "blocks"),
                       "bytes": number(row, "bytes"), "unsealed_changes": number(row, "unsealed")})
            });
            say!(
                "{:#}",
                json!({"tables": tables.collect::<Vec<_>>(), "months": months.collect::<Vec<_>>(), "unsealed_changes": unsealed, "head": head})
            )?;
        }
        Format::Text => {
            if tables.is_empty() {
                say!("no table is audited: rsl audit on TABLE begins to")?;
            } else {
                let mut list = table::new(&["audited", "key", "without", ""], &[]);
                for row in &tables {
                    let settings: Value = row.get(2);
                    let disabled = if row.get(1) { "" } else { "DISABLED: rsl audit on enables it again" };
                    list.add_row([
                        visible(row.get(0)),
                        names(&settings["key"]),
                        names(&settings["exclude"]),
                        disabled.to_owned(),
                    ]);
                }
                say!("{list}\n")?;
            }
            if !months.is_empty() {
                let heading = ["month", "changes", "not sealed", "MB"];
                let mut list = table::new(&heading, &heading[1..]);
                for row in &months {
                    list.add_row([
                        month(row),
                        thousands(number(row, "changes")),
                        thousands(number(row, "unsealed")),
                        format!("{:.1}", number(row, "bytes") as f64 / 1e6),
                    ]);
                }
                say!("{list}\n")?;
            }
            match (&head, unsealed) {
                (None, 0) => say!("nothing is logged yet")?,
                (None, _) => say!("nothing is sealed yet: rsl audit seal")?,
                (Some(head), 0) => say!("all is sealed, head {head}")?,
                (Some(head), unsealed) => {
                    say!("{} since the last seal, head {head}", count(unsealed, "change", "changes"))?
                }
            }
        }
    }
    Ok(exit::OK)
}
