//! `rsl loads`.

use serde_json::json;

use super::table;
use crate::args::{Format, Loads};
use crate::command::output::say;
use crate::failure::{Result, exit};
use crate::target::connection::{Target, failure};
use crate::terminal::visible;

/// Of a load without a verdict whose session is gone.
const BROKE_OFF: &str = "broke off";

pub async fn run(args: Loads) -> Result<u8> {
    let connection = Target::parse(args.database.database_url.as_deref())?.connect().await?;
    let rows = connection
        .client
        .query(
            "SELECT load_id, run_id, status = 'loading' AND rsl.lock_is_held(rsl.load_lock_class(), load_id) AS running, object, target, mode, status, rows, rejected, to_char(started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') AS started,
                (extract(epoch FROM finished_at - started_at)::float8) AS seconds, started_by::text, source,
                report #>> '{reason,message}' AS reason,
                (report -> 'undone') || jsonb_build_object('at', to_char((report #>> '{undone,at}')::timestamptz AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')) AS undone,
                CASE status WHEN 'undone' THEN format('undone at %s UTC by %s',
                    to_char((report #>> '{undone,at}')::timestamptz AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS'), report #>> '{undone,role}')
                    ELSE report #>> '{reason,message}' END AS note
             FROM rsl.load ORDER BY load_id DESC LIMIT $1",
            &[&i64::from(args.limit)],
        )
        .await
        .map_err(failure)?;
    let text = |row: &tokio_postgres::Row, name: &str| row.get::<_, Option<String>>(name);
    let shown = |row: &tokio_postgres::Row, name: &str| visible(&text(row, name).unwrap_or_default());
    match args.format {
        Format::Json => {
            let loads: Vec<_> = rows
                .iter()
                .map(|row| {
                    json!({
                        "load_id": row.get::<_, i64>("load_id"), "run_id": row.get::<_, Option<i64>>("run_id"), "source": text(row, "source"), "object": text(row, "object"),
                        "target": text(row, "target"), "mode": text(row, "mode"), "status": text(row, "status"), "running": row.get::<_, bool>("running"),
                        "rows": row.get::<_, Option<i64>>("rows"), "rejected": row.get::<_, i64>("rejected"), "started_at": text(row, "started").map(|at| at.replace(' ', "T") + "Z"),
                        "seconds": row.get::<_, Option<f64>>("seconds"), "started_by": text(row, "started_by"), "reason": text(row, "reason"),
                        "undone": row.get::<_, Option<serde_json::Value>>("undone"),
                    })
                })
                .collect();
            say!("{}", json!(loads))?;
        }
        Format::Text if rows.is_empty() => say!("no loads yet")?,
        Format::Text => {
            let mut list = table::new(
                &[
                    "load",
                    "run",
                    "object",
                    "target",
                    "mode",
                    "status",
                    "rows",
                    "rejected",
                    "started (UTC)",
                    "s",
                    "note",
                ],
                &["load", "run", "rows", "rejected", "s"],
            );
            for row in &rows {
                list.add_row([
                    row.get::<_, i64>("load_id").to_string(),
                    row.get::<_, Option<i64>>("run_id").map_or(String::new(), |run| run.to_string()),
                    shown(row, "object"),
                    shown(row, "target"),
                    text(row, "mode").unwrap_or_default(),
                    match text(row, "status").unwrap_or_default() {
                        status if status == "loading" && !row.get::<_, bool>("running") => {
                            BROKE_OFF.to_owned()
                        }
                        status => status,
                    },
                    row.get::<_, Option<i64>>("rows")
                        .map_or(String::new(), |rows| table::thousands(rows as u64)),
                    match row.get::<_, i64>("rejected") {
                        0 => String::new(),
                        rejected => table::thousands(rejected as u64),
                    },
                    text(row, "started").unwrap_or_default(),
                    row.get::<_, Option<f64>>("seconds")
                        .map_or(String::new(), |seconds| format!("{seconds:.1}")),
                    shown(row, "note"),
                ]);
            }
            say!("{list}")?;
        }
    }
    Ok(exit::OK)
}
