//! `rsl rejects`.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tokio_postgres::Row;

use super::table;
use crate::args::{Format, Rejects};
use crate::command::output::say;
use crate::failure::{Failure, Result, exit};
use crate::target::connection::{Connection, Target, failure, failure_of};
use crate::terminal::visible;

const ACCESS: &str = "ask the owner for SELECT rsl.grant_access(your role, 'load'), with which you see the rejects of your own loads, \
    or 'audit', with which you see all";

/// So wide is a column of a key shown; JSON has all of it.
const LONGEST_KEY: usize = 60;

pub async fn run(args: Rejects) -> Result<u8> {
    let connection = Target::parse(args.database.database_url.as_deref())?.connect().await?;
    let Some(load) = chosen(&connection, args.load).await? else {
        match args.format {
            Format::Json => say!("[]")?,
            Format::Text => say!("no load has rejects")?,
        }
        return Ok(exit::OK);
    };
    if let Some(reason) = &args.accept {
        let numbers = (!args.number.is_empty()).then_some(&args.number);
        let accepted = connection
            .client
            .query_one("SELECT rsl.load_rejects_accept($1, $2, $3)", &[&load.number, reason, &numbers])
            .await
            .map_err(|error| failure_of(error, ACCESS, "run it again"))?;
        eprintln!(
            "load {}: {} accepted",
            load.number,
            table::count(accepted.get::<_, i64>(0) as u64, "reject", "rejects")
        );
    }
    let rows = connection
        .client
        .query(
            "SELECT r.reject_id, r.load_id, r.origin, r.object, r.target, r.key::text, r.column_name, r.constraint_name, r.sqlstate, r.message, r.hint,
                to_char(r.rejected_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') AS rejected_at, r.retried_by,
                r.accepted_by::text, to_char(r.accepted_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') AS accepted_at, r.accepted_because,
                r.retried_by IS NULL AND r.accepted_at IS NULL AS is_open,
                count(*) OVER () AS total, count(*) FILTER (WHERE r.retried_by IS NULL AND r.accepted_at IS NULL) OVER () AS open
             FROM rsl.rejects r WHERE r.load_id = $1 ORDER BY r.reject_id LIMIT $2",
            &[&load.number, &i64::from(args.limit)],
        )
        .await
        .map_err(|error| failure_of(error, ACCESS, "run it again"))?;
    let (total, open) =
        rows.first().map_or((0, 0), |row| (row.get::<_, i64>("total"), row.get::<_, i64>("open")));
    if load.rejected > 0 && total == 0 {
        return Err(Failure::new(format!(
            "load {} has rejects, but not for role \"{}\"",
            load.number, load.role
        ))
        .hint(ACCESS));
    }
    match args.format {
        Format::Json => {
            say!("{:#}", rows.iter().map(reject).collect::<Vec<_>>().into_iter().collect::<Value>())?
        }
        Format::Text if rows.is_empty() => {
            say!("load {} into {} has no rejects", load.number, visible(&load.target))?
        }
        Format::Text => {
            let heading = ["number", "object", "key", "column", "SQLSTATE", "reason", "settled"];
            let mut list = table::new(&heading, &["number"]);
            for row in &rows {
                list.add_row([
                    row.get::<_, i64>("reject_id").to_string(),
                    visible(&text(row, "object")),
                    key(&text(row, "key")),
                    visible(&text(row, "column_name")),
                    text(row, "sqlstate"),
                    visible(&text(row, "message")),
                    visible(&settled(row).unwrap_or_default()),
                ]);
            }
            say!("{list}")?;
            let open_rows = rows.iter().filter(|row| row.get("is_open"));
            let hints: BTreeSet<String> =
                open_rows.map(|row| text(row, "hint")).filter(|hint| !hint.is_empty()).collect();
            for hint in hints {
                eprintln!("hint: {}", visible(&hint));
            }
            if total > rows.len() as i64 {
                eprintln!("{} more are not shown: --limit {total}", total - rows.len() as i64);
            }
        }
    }
    Ok(if open > 0 { exit::DIFFERENT } else { exit::OK })
}

struct Load {
    number: i64,
    target: String,
    rejected: i64,
    role: String,
}

/// The load that was named, else the latest that has rejects.
async fn chosen(connection: &Connection, number: Option<i64>) -> Result<Option<Load>> {
    let row = connection
        .client
        .query_opt(
            "SELECT load_id, target, rejected, current_user::text FROM rsl.load
             WHERE CASE WHEN $1::bigint IS NULL THEN rejected > 0 ELSE load_id = $1 END ORDER BY load_id DESC LIMIT 1",
            &[&number],
        )
        .await
        .map_err(failure)?;
    match (row, number) {
        (Some(row), _) => {
            Ok(Some(Load { number: row.get(0), target: row.get(1), rejected: row.get(2), role: row.get(3) }))
        }
        (None, Some(number)) => {
            Err(Failure::new(format!("there is no load {number}")).hint("rsl loads lists them"))
        }
        (None, None) => Ok(None),
    }
}

/// With which load the row went in after all, or why it is not to; none while it is open.
pub fn settled(row: &Row) -> Option<String> {
    match (row.get::<_, Option<i64>>("retried_by"), row.get::<_, Option<String>>("accepted_by")) {
        (Some(load), _) => Some(format!("went in with load {load}")),
        (None, Some(role)) => Some(format!("accepted by {role}: {}", text(row, "accepted_because"))),
        (None, None) => None,
    }
}

fn text(row: &Row, name: &str) -> String {
    row.get::<_, Option<String>>(name).unwrap_or_default()
}

fn reject(row: &Row) -> Value {
    let optional = |name: &str| row.get::<_, Option<String>>(name);
    json!({
        "reject_id": row.get::<_, i64>("reject_id"), "load_id": row.get::<_, i64>("load_id"), "origin": optional("origin"),
        "object": optional("object"), "target": optional("target"),
        "key": optional("key").and_then(|key| serde_json::from_str::<Value>(&key).ok()),
        "column": optional("column_name"), "constraint": optional("constraint_name"), "sqlstate": optional("sqlstate"),
        "message": optional("message"), "hint": optional("hint"), "rejected_at": optional("rejected_at"),
        "retried_by": row.get::<_, Option<i64>>("retried_by"),
        "accepted_by": optional("accepted_by"), "accepted_at": optional("accepted_at"), "accepted_because": optional("accepted_because"),
    })
}

/// `id 7, code 'A'` would hide which is a text: keys are texts all of them.
fn key(json: &str) -> String {
    let Ok(Value::Object(key)) = serde_json::from_str(json) else { return "(none)".to_owned() };
    let column = |(name, value): (&String, &Value)| match value {
        Value::String(text) => {
            format!("{} {}", visible(name), visible(&table::shortened(text, LONGEST_KEY)))
        }
        other => format!("{} {other}", visible(name)),
    };
    key.iter().map(column).collect::<Vec<_>>().join(", ")
}
