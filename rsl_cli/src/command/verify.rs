//! `rsl verify`: the checks in the database; with `--source`, targets against their source.

mod source;

use serde_json::json;

use crate::args::{Format, Verify};
use crate::command::output::say;
use crate::failure::{Failure, Result, exit};
use crate::target::connection::{Target, failure};
use crate::terminal::visible;

const COLUMNS: [&str; 8] =
    ["check_name", "level", "object", "status", "expected", "actual", "detail", "hint"];

pub async fn run(args: Verify) -> Result<u8> {
    if let Some(url) = &args.source {
        let url = match url.as_str() {
            "-" => std::env::var("RSL_SOURCE_URL").map_err(|_| {
                Failure::new("no source is named")
                    .hint("set RSL_SOURCE_URL, in the environment or in .env, or write the URL")
            })?,
            url => url.to_owned(),
        };
        return source::run(&args, &url).await;
    }
    if args.scope.len() > 1 {
        return Err(Failure::new("more than one scope is named")
            .hint("name one check, one group or one table; several tables of a source go with --source"));
    }
    let connection = Target::parse(args.database.database_url.as_deref())?.connect().await?;
    let verify = if args.deep { "rsl.verify_deep" } else { "rsl.verify" };
    let query = format!("SELECT {} FROM {verify}($1)", COLUMNS.join(", "));
    let rows = connection.client.query(&query, &[&args.scope.first()]).await.map_err(failure)?;
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
            say!("{}", json!(findings))?;
        }
        Format::Text => {
            for row in rows.iter().filter(|row| field(row, "status").as_deref() != Some("pass")) {
                let field = |name: &str| field(row, name).map(|text| visible(&text));
                let text = |name| field(name).unwrap_or_default();
                say!("{}  {}  {}", text("status"), text("check_name"), text("object"))?;
                match (field("expected"), field("actual")) {
                    (Some(expected), Some(actual)) => say!("      expected {expected}, found {actual}")?,
                    (Some(expected), None) => say!("      expected {expected}")?,
                    (None, Some(actual)) => say!("      found {actual}")?,
                    (None, None) => {}
                }
                for line in ["detail", "hint"].into_iter().filter_map(field) {
                    say!("      {line}")?;
                }
            }
            say!(
                "{} passed, {} warnings, {} failed, {} skipped",
                with("pass"),
                with("warn"),
                with("fail"),
                with("skip")
            )?;
        }
    }
    Ok(if with("fail") > 0 { exit::DIFFERENT } else { exit::OK })
}
