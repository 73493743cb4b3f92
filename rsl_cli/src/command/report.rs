//! `rsl report`.

mod gather;
mod html;
mod markdown;
mod text;
mod words;

use rsl_core::report::Verdict;
use serde_json::json;

use crate::args::{Report, ReportFormat};
use crate::command::output;
use crate::failure::{Result, exit};
use crate::target::connection::Target;

pub async fn run(args: Report) -> Result<u8> {
    let file = output::File::open(args.output.as_deref())?;
    let target = Target::parse(args.database.database_url.as_deref())?;
    let connection = target.connect().await?;
    let wanted = match (args.load, args.run) {
        (Some(load), _) => gather::Wanted::Load(load),
        (None, Some(run)) => gather::Wanted::Run(run),
        (None, None) => gather::Wanted::Last,
    };
    let report = gather::gather(&connection, &target.name(), wanted).await?;
    let written = match args.form() {
        ReportFormat::Json => format!("{:#}\n", json!(report)),
        ReportFormat::Text => text::text(&report),
        ReportFormat::Markdown => markdown::markdown(&report),
        ReportFormat::Html => html::html(&report)?,
    };
    match &args.output {
        Some(path) => {
            file.write(&written)?;
            eprintln!("{}: {}", path.display(), report.summary);
        }
        None => output::print(&written)?,
    }
    Ok(match report.verdict {
        Verdict::Exact => exit::OK,
        Verdict::ExactBut | Verdict::NotExact => exit::DIFFERENT,
    })
}
