//! `rsl verify`.

use serde_json::json;

use crate::args::{Format, Verify};
use crate::failure::{Result, exit};
use crate::target::connection::{Target, failure};

const COLUMNS: [&str; 8] =
    ["check_name", "level", "object", "status", "expected", "actual", "detail", "hint"];

pub async fn run(args: Verify) -> Result<u8> {
    let connection = Target::parse(args.database.database_url.as_deref())?.connect().await?;
    let verify = if args.deep { "rsl.verify_deep" } else { "rsl.verify" };
    let query = format!("SELECT {} FROM {verify}($1)", COLUMNS.join(", "));
    let rows = connection.client.query(&query, &[&args.scope]).await.map_err(failure)?;
    let field = |row: &tokio_postgres::Row, name: &str| row.get::<_, Option<String>>(name);
    let with =
        |status: &str| rows.iter().filter(|row| field(row, "status").as_deref() == Some(status)).count();
    match args.format {
        Format::Json => {
            let findings: Vec<_> = rows
                .iter()
                .map(|row| {
                    COLUMNS
                        .iter()
                        .map(|&name| (name.to_owned(), json!(field(row, name))))
                        .collect::<serde_json::Map<_, _>>()
                })
                .collect();
            println!("{}", json!(findings));
        }
        Format::Text => {
            for row in rows.iter().filter(|row| field(row, "status").as_deref() != Some("pass")) {
                let text = |name| field(row, name).unwrap_or_default();
                println!("{}  {}  {}", text("status"), text("check_name"), text("object"));
                if field(row, "expected").is_some() || field(row, "actual").is_some() {
                    println!("      expected {}, found {}", text("expected"), text("actual"));
                }
                for line in ["detail", "hint"].into_iter().filter_map(|name| field(row, name)) {
                    println!("      {line}");
                }
            }
            println!(
                "{} passed, {} warnings, {} failed, {} skipped",
                with("pass"),
                with("warn"),
                with("fail"),
                with("skip")
            );
        }
    }
    Ok(if with("fail") > 0 { exit::DIFFERENT } else { exit::OK })
}
