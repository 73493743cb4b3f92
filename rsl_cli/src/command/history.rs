//! `rsl history`.

mod key;

use comfy_table::Table;
use serde_json::{Value, json};
use tokio_postgres::Row;

use super::{interrupt::cancellable, relation, table};
use crate::args::{Format, History};
use crate::command::output::say;
use crate::failure::{Failure, Result, exit};
use crate::progress::Note;
use crate::target::connection::{Connection, Target, failure_of};
use crate::terminal::visible;

pub async fn run(args: History) -> Result<u8> {
    let connection = Target::parse(args.database.database_url.as_deref())?.connect().await?;
    let target = relation::find(&connection, &args.table).await?;
    let shape = Shape::ask(&connection, &target).await?;
    let key = key::parse(&args.key, &shape.key)?;
    let note = Note::new(format!("looking into the log of {}", visible(&target)));
    let limit = i64::from(args.limit.unwrap_or(u32::MAX));
    // Both as texts: a number of the key is not bent, and a table is named as the user sees it.
    let history = "SELECT h.*, h.client_addr::text AS client, to_char(h.at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') AS shown_at,
            to_char(h.at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') AS exact_at
         FROM (SELECT h.*, count(*) OVER () AS total
            FROM rsl.history($1::text::regclass, $2::text::jsonb) WITH ORDINALITY h (id, at, operation, old, new, session_role, acting_role, actor,
                application, client_addr, load_id, txid, statement, place)) h
         WHERE h.place > h.total - $3 ORDER BY h.place";
    let rows = cancellable(&connection, connection.client.query(history, &[&target, &key, &limit]))
        .await?
        .map_err(failure)?;
    drop(note);
    match args.format {
        Format::Json => {
            let changes: Vec<Value> = rows.iter().map(change).collect();
            say!("{}", json!(changes))?;
        }
        Format::Text if rows.is_empty() => {
            say!("no change of {} {} in the log", visible(&target), visible(&key))?
        }
        Format::Text => print(&rows, &shape.columns)?,
    }
    Ok(if rows.is_empty() { exit::DIFFERENT } else { exit::OK })
}

fn failure(error: tokio_postgres::Error) -> Failure {
    failure_of(error, super::audit::ACCESS, "run it again")
}

/// What is known of the columns of a table.
struct Shape {
    key: Vec<String>,
    /// All of them, in the order of the table.
    columns: Vec<String>,
}

impl Shape {
    async fn ask(connection: &Connection, target: &str) -> Result<Self> {
        let row = connection
            .client
            .query_one(
                "SELECT coalesce((SELECT s.key_columns FROM rsl.audit_shape s WHERE s.table_id = rsl.audit_table_id(t.rel)
                        ORDER BY s.shape_id DESC LIMIT 1),
                    ARRAY(SELECT jsonb_array_elements_text(rsl.audit_settings(t.rel) -> 'key'))),
                    ARRAY(SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = t.rel AND a.attnum > 0 ORDER BY a.attnum)
                 FROM (SELECT $1::text::regclass AS rel) t",
                &[&target],
            )
            .await
            .map_err(failure)?;
        Ok(Self { key: row.get(0), columns: row.get(1) })
    }
}

fn text(row: &Row, name: &str) -> Option<String> {
    row.get(name)
}

fn change(row: &Row) -> Value {
    json!({
        "id": row.get::<_, i64>("id"), "at": text(row, "exact_at"), "operation": text(row, "operation"),
        "old": row.get::<_, Option<Value>>("old"), "new": row.get::<_, Option<Value>>("new"),
        "session_role": text(row, "session_role"), "acting_role": text(row, "acting_role"), "actor": text(row, "actor"),
        "application": text(row, "application"), "client_addr": text(row, "client"),
        "load_id": row.get::<_, Option<i64>>("load_id"), "txid": row.get::<_, i64>("txid"), "statement": row.get::<_, i32>("statement"),
    })
}

fn print(rows: &[Row], columns: &[String]) -> Result<()> {
    let heading = ["when (UTC)", "operation", "what", "who", "application", "load"];
    let mut lines: Vec<[String; 6]> = rows
        .iter()
        .map(|row| {
            let image = |name: &str| row.get::<_, Option<Value>>(name).unwrap_or_default();
            [
                text(row, "shown_at").unwrap_or_default(),
                text(row, "operation").unwrap_or_default(),
                what(&image("old"), &image("new"), columns),
                who(text(row, "actor"), text(row, "acting_role"), text(row, "session_role")),
                visible(&text(row, "application").unwrap_or_default()),
                row.get::<_, Option<i64>>("load_id").map_or(String::new(), |load| load.to_string()),
            ]
        })
        .collect();
    if let Some(width) = Table::new().width() {
        table::fit(&heading, &mut lines, 2, width);
    }
    let mut list = table::new(&heading, &["load"]);
    for line in lines {
        list.add_row(line);
    }
    say!("{list}")?;
    let total = rows.first().map_or(0, |row| row.get::<_, i64>("total"));
    if total > rows.len() as i64 {
        eprintln!("{} earlier changes are not shown", total - rows.len() as i64);
    }
    Ok(())
}

/// The application user, else the role that did it; and who had logged in if that is somebody else.
fn who(actor: Option<String>, acting: Option<String>, session: Option<String>) -> String {
    let who = visible(&actor.or_else(|| acting.clone()).unwrap_or_default());
    match session.filter(|session| Some(session) != acting.as_ref()) {
        Some(session) => format!("{who} (logged in as {})", visible(&session)),
        None => who,
    }
}

/// `price: 1.10 → 2.10, …`, in the order of the table's columns.
fn what(old: &Value, new: &Value, columns: &[String]) -> String {
    let (old, new) = (old.as_object(), new.as_object());
    let mut names: Vec<&String> = new.or(old).into_iter().flat_map(|image| image.keys()).collect();
    // Columns that are gone come last.
    names.sort_by_key(|name| columns.iter().position(|column| column == *name).unwrap_or(usize::MAX));
    let field = |name: &String| {
        let of = |image: Option<&serde_json::Map<String, Value>>| {
            image.and_then(|image| image.get(name)).map(value)
        };
        let values: Vec<String> = [of(old), of(new)].into_iter().flatten().collect();
        format!("{}: {}", visible(name), values.join(" → "))
    };
    names.into_iter().map(field).collect::<Vec<_>>().join(", ")
}

/// Texts in quotes, so that a blank at the end shows, and is not taken for a number.
fn value(value: &Value) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        other => visible(&other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changed_reads_as_a_list() {
        let columns = ["code", "name", "price"].map(str::to_owned);
        let old: Value = serde_json::from_str(r#"{"price": 1.10, "gone": null, "name": "a "}"#).unwrap();
        let new: Value = serde_json::from_str(r#"{"price": 2.10, "gone": 1, "name": null}"#).unwrap();
        assert_eq!(what(&old, &new, &columns), r#"name: "a " → NULL, price: 1.10 → 2.10, gone: NULL → 1"#);
        assert_eq!(
            what(&Value::Null, &json!({"price": 1, "code": "\u{1b}[2J\u{9b}x\n"}), &columns),
            r#"code: "\u001b[2J\u{9b}x\n", price: 1"#
        );
        assert_eq!(what(&json!({"code": "A"}), &Value::Null, &columns), r#"code: "A""#);
        assert_eq!(what(&Value::Null, &Value::Null, &columns), "");
    }

    #[test]
    fn who_did_it() {
        let some = |name: &str| Some(name.to_owned());
        assert_eq!(who(some("kim"), some("app"), some("app")), "kim");
        assert_eq!(who(None, some("app"), some("app")), "app");
        assert_eq!(who(None, some("app"), some("pool")), "app (logged in as pool)");
        assert_eq!(who(some("kim"), some("app"), some("pool")), "kim (logged in as pool)");
    }
}
