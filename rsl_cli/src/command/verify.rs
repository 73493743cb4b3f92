//! `rsl verify`.

use serde_json::json;

use super::table;
use crate::args::{Format, Verify};
use crate::failure::{Result, exit};
use crate::target::connection::{Target, failure};

const COLUMNS: [&str; 8] = ["check_name", "level", "object", "status", "expected", "actual", "detail", "hint"];

pub async fn run(args: Verify) -> Result<u8> {
    let connection = Target::parse(args.database.database_url.as_deref())?.connect().await?;
    let query = format!("SELECT {} FROM rsl.verify($1)", COLUMNS.join(", "));
    let rows = connection.client.query(&query, &[&args.scope]).await.map_err(failure)?;
    let field = |row: &tokio_postgres::Row, name: &str| row.get::<_, Option<String>>(name);
    let with = |status: &str| rows.iter().filter(|row| field(row, "status").as_deref() == Some(status)).count();
    match args.format {
        Format::Json => {
            let findings: Vec<_> = rows
                .iter()
                .map(|row| COLUMNS.iter().map(|&name| (name.to_owned(), json!(field(row, name)))).collect::<serde_json::Map<_, _>>())
                .collect();
            println!("{}", json!(findings));
        }
        Format::Text => {
            let shown: Vec<_> = rows.iter().filter(|row| field(row, "status").as_deref() != Some("pass")).collect();
            if !shown.is_empty() {
                let mut findings = table::new(&["check", "object", "status", "expected", "actual", "what to do"], &[]);
                for row in shown {
                    let text = |name| field(row, name).unwrap_or_default();
                    let hint = [text("detail"), text("hint")].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>();
                    findings.add_row([text("check_name"), text("object"), text("status"), text("expected"), text("actual"), hint.join("; ")]);
                }
                println!("{findings}");
            }
            println!("{} passed, {} warnings, {} failed, {} skipped", with("pass"), with("warn"), with("fail"), with("skip"));
        }
    }
    Ok(if with("fail") > 0 { exit::DIFFERENT } else { exit::OK })
}
