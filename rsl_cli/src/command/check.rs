//! `rsl check`.

mod target;

use serde_json::json;

use super::table::{self, thousands};
use crate::args::{Check, Format};
use crate::command::output::say;
use crate::failure::{Failure, Result, exit};
use crate::source;
use crate::survey::{Finding, Level, Survey};
use crate::target::connection::Target;
use crate::terminal::{visible, visible_lines};

pub async fn run(args: Check) -> Result<u8> {
    let source_url = args.source.as_deref().ok_or_else(|| {
        Failure::new("no source is named")
            .hint("set RSL_SOURCE_URL, in the environment or in .env, or give --source")
    })?;
    let mut findings = Vec::new();
    let mut sizes = Vec::new();
    let mut pace = None;
    match survey(source_url, &args).await {
        Ok(survey) => {
            findings.extend(survey.findings);
            (sizes, pace) = (survey.sizes, survey.pace);
        }
        Err(found) => findings.push(found),
    }
    let bytes: u64 = sizes.iter().filter_map(|size| size.bytes).sum();
    let objects: Vec<&str> = sizes.iter().map(|size| size.object.as_str()).collect();
    let found = match Target::parse(args.database.database_url.as_deref()) {
        Ok(target) => target::look(&target, &args.into, &objects, bytes).await,
        Err(error) => Err(error),
    };
    findings.extend(found.unwrap_or_else(|error| vec![stop("target: reached", error)]));
    let rows: u64 = sizes.iter().filter_map(|size| size.rows).sum();
    let seconds = pace.filter(|pace| *pace > 0.0).map(|pace| rows as f64 / pace);
    let stops = findings.iter().filter(|finding| finding.level == Level::Stop).count();
    match args.format {
        Format::Json => say!(
            "{:#}",
            json!({"can_load": stops == 0, "findings": findings, "tables": sizes, "rows": rows, "bytes": bytes,
                   "sample_rows_per_second": pace.map(|pace| pace as u64), "estimated_seconds": seconds.map(|s| s.ceil() as u64)})
        )?,
        Format::Text => {
            let mut shown = table::new(&["object", "rows", "MB", "reading"], &["rows", "MB"]);
            for size in &sizes {
                shown.add_row([
                    visible(&size.object),
                    size.rows.map_or("?".to_owned(), thousands),
                    size.bytes.map_or("?".to_owned(), |bytes| format!("{:.1}", bytes as f64 / 1e6)),
                    (if size.resumes { "in parts, resumable" } else { "in one stream" }).to_owned(),
                ]);
            }
            say!("{shown}\n")?;
            for finding in &findings {
                say!(
                    "{}  {}: {}",
                    finding.level.name(),
                    visible(&finding.subject),
                    visible_lines(&finding.found)
                )?;
                if let Some(hint) = &finding.hint {
                    say!("      {}", visible_lines(hint))?;
                }
            }
            if let (Some(seconds), Some(pace)) = (seconds, pace) {
                say!(
                    "\nabout {} for {} rows of tables, at the {} rows a second at which one reader read a sample; views come on top",
                    duration(seconds),
                    thousands(rows),
                    thousands(pace as u64)
                )?;
            }
            say!(
                "{}",
                match stops {
                    0 => "nothing stands in the way of a load".to_owned(),
                    1 => "1 thing stands in the way of a load".to_owned(),
                    stops => format!("{stops} things stand in the way of a load"),
                }
            )?;
        }
    }
    Ok(if stops == 0 { exit::OK } else { exit::DIFFERENT })
}

async fn survey(source_url: &str, args: &Check) -> std::result::Result<Survey, Finding> {
    let reached = |error| stop("source: reached", error);
    let source = source::open(source_url, &source::Options::default()).await.map_err(reached)?;
    let present = source.objects().await.map_err(reached)?;
    let named = (!args.all && !args.objects.is_empty()).then_some(&args.objects[..]);
    let chosen = source::choose(&present, named, &args.include, &args.exclude);
    let objects = chosen.map_err(|error| stop("source: tables and views", error))?;
    source.survey(&objects).await.map_err(reached)
}

fn stop(subject: &str, error: Failure) -> Finding {
    let finding = Finding::new(Level::Stop, subject, error.what().to_owned());
    match error.advice() {
        Some(hint) => finding.hint(hint),
        None => finding,
    }
}

fn duration(seconds: f64) -> String {
    match seconds {
        s if s < 1.0 => "a second".to_owned(),
        s if s < 120.0 => format!("{s:.0} seconds"),
        s => format!("{:.0} minutes", s / 60.0),
    }
}
