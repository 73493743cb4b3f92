//! `rsl check`.

use std::time::Instant;

use serde_json::json;

use super::table::{self, thousands};
use crate::args::{Check, Format};
use crate::failure::{Failure, Result, exit};
use crate::source;
use crate::survey::{Finding, Level, Survey};
use crate::target::connection::{Connection, Target, failure};

/// The target needs more room than the source's pages: rows are written twice, to the log and to the table, and the staging
/// of an existing target stands beside it for a while.
const ROOM: u64 = 3;

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
        Err(error) => findings.push(stop("source: reached", error)),
    }
    let bytes: u64 = sizes.iter().filter_map(|size| size.bytes).sum();
    match Target::parse(args.database.database_url.as_deref()) {
        Ok(target) => match look_at_target(&target, &args.into, bytes).await {
            Ok(found) => findings.extend(found),
            Err(error) => findings.push(stop("target: reached", error)),
        },
        Err(error) => findings.push(stop("target: reached", error)),
    }
    let rows: u64 = sizes.iter().filter_map(|size| size.rows).sum();
    let seconds = pace.filter(|pace| *pace > 0.0).map(|pace| rows as f64 / pace);
    let stops = findings.iter().filter(|finding| finding.level == Level::Stop).count();
    match args.format {
        Format::Json => println!(
            "{:#}",
            json!({"can_load": stops == 0, "findings": findings, "tables": sizes, "rows": rows, "bytes": bytes,
                   "sample_rows_per_second": pace.map(|pace| pace as u64), "estimated_seconds": seconds.map(|s| s.ceil() as u64)})
        ),
        Format::Text => {
            let mut shown = table::new(&["object", "rows", "MB", "reading"], &["rows", "MB"]);
            for size in &sizes {
                shown.add_row([
                    size.object.clone(),
                    size.rows.map_or("?".to_owned(), thousands),
                    size.bytes.map_or("?".to_owned(), |bytes| format!("{:.1}", bytes as f64 / 1e6)),
                    (if size.resumes { "in parts, resumable" } else { "in one stream" }).to_owned(),
                ]);
            }
            println!("{shown}\n");
            for finding in &findings {
                println!("{}  {}: {}", finding.level.name(), finding.subject, finding.found);
                if let Some(hint) = &finding.hint {
                    println!("      {hint}");
                }
            }
            if let (Some(seconds), Some(pace)) = (seconds, pace) {
                println!(
                    "\nabout {} for {} rows of tables, at the {} rows a second at which one reader read a sample; views come on top",
                    duration(seconds),
                    thousands(rows),
                    thousands(pace as u64)
                );
            }
            println!(
                "{}",
                match stops {
                    0 => "nothing stands in the way of a load".to_owned(),
                    1 => "1 thing stands in the way of a load".to_owned(),
                    stops => format!("{stops} things stand in the way of a load"),
                }
            );
        }
    }
    Ok(if stops == 0 { exit::OK } else { exit::DIFFERENT })
}

async fn survey(source_url: &str, args: &Check) -> Result<Survey> {
    let source = source::open(source_url, &source::Options::default()).await?;
    let named = (!args.objects.is_empty()).then_some(&args.objects[..]);
    let objects = source::choose(&source.objects().await?, named, &args.include, &args.exclude)?;
    source.survey(&objects).await
}

fn stop(subject: &str, error: Failure) -> Finding {
    let finding = Finding::new(Level::Stop, subject, error.what().to_owned());
    match error.advice() {
        Some(hint) => finding.hint(hint),
        None => finding,
    }
}

async fn look_at_target(target: &Target, into: &str, bytes: u64) -> Result<Vec<Finding>> {
    let started = Instant::now();
    let connection = target.connect().await?;
    let login_time = started.elapsed();
    let row = connection
        .client
        .query_one(
            "SELECT current_setting('server_version'), pg_catalog.getdatabaseencoding()::text, current_user::text,
                (SELECT extversion FROM pg_catalog.pg_extension WHERE extname = 'rsl'),
                coalesce((SELECT ssl FROM pg_catalog.pg_stat_ssl WHERE pid = pg_backend_pid()), false)",
            &[],
        )
        .await
        .map_err(failure)?;
    let (version, encoding, user): (String, String, String) = (row.get(0), row.get(1), row.get(2));
    let (extension, encrypted): (Option<String>, bool) = (row.get(3), row.get(4));
    let mut findings = vec![
        Finding::new(Level::Good, "target: reached", format!("login in {} ms", login_time.as_millis())),
        Finding::new(Level::Note, "target: version", format!("PostgreSQL {version}, role {user}")),
        match (encrypted, target.is_local()) {
            (true, _) => Finding::new(Level::Good, "target: encryption", "encrypted"),
            (false, true) => {
                Finding::new(Level::Note, "target: encryption", "not encrypted, on this machine")
            }
            (false, false) => Finding::new(Level::Warn, "target: encryption", "not encrypted")
                .hint("add ?sslmode=verify-full"),
        },
        match encoding.as_str() {
            "UTF8" => Finding::new(Level::Good, "target: encoding", "UTF8"),
            other => Finding::new(Level::Stop, "target: encoding", other.to_owned())
                .hint("rows are loaded as UTF-8: create the database with ENCODING 'UTF8'"),
        },
    ];
    match extension {
        Some(version) => {
            findings.push(Finding::new(Level::Good, "target: extension", format!("rsl {version}")));
            findings.extend(rights(&connection, &user, into).await?);
        }
        None => findings.push(
            Finding::new(Level::Stop, "target: extension", "rsl is not in this database")
                .hint("rsl init creates it"),
        ),
    }
    findings.push(room(&connection, target, bytes).await);
    Ok(findings)
}

async fn rights(connection: &Connection, user: &str, into: &str) -> Result<Vec<Finding>> {
    let schema = into.split('.').next().unwrap_or_default();
    let row = connection
        .client
        .query_one(
            "SELECT has_function_privilege((SELECT oid FROM pg_catalog.pg_proc WHERE proname = 'load_begin' AND pronamespace = 'rsl'::regnamespace), 'EXECUTE'),
                CASE WHEN to_regnamespace(quote_ident($1)) IS NULL THEN has_database_privilege(current_database(), 'CREATE')
                    ELSE has_schema_privilege(to_regnamespace(quote_ident($1)), 'CREATE') END,
                (SELECT count(*) FROM rsl.load WHERE status = 'loading')",
            &[&schema],
        )
        .await
        .map_err(failure)?;
    let (may_load, may_create, open): (Option<bool>, Option<bool>, i64) =
        (row.get(0), row.get(1), row.get(2));
    let mut findings = vec![match may_load {
        Some(true) => Finding::new(Level::Good, "target: rights", format!("the role {user} may load")),
        _ => Finding::new(Level::Stop, "target: rights", format!("the role {user} may not load"))
            .hint(format!("SELECT rsl.grant_access('{user}', 'load')")),
    }];
    findings.push(match may_create {
        Some(true) => {
            Finding::new(Level::Good, "target: rights", format!("it may create tables in schema {schema}"))
        }
        _ => Finding::new(
            Level::Stop,
            "target: rights",
            format!("it may not create tables in schema {schema}"),
        )
        .hint(format!(
            "GRANT CREATE ON SCHEMA {schema} TO {user}, or ON DATABASE if the schema is to be created"
        )),
    });
    if open > 0 {
        findings.push(
            Finding::new(Level::Note, "target: loads", format!("{open} have not come to their end"))
                .hint("rsl loads lists them; rsl pull --resume goes on with them"),
        );
    }
    Ok(findings)
}

/// Free space where the database is: seen only on this machine.
async fn room(connection: &Connection, target: &Target, bytes: u64) -> Finding {
    let subject = "target: disk";
    let needed = bytes.saturating_mul(ROOM);
    let unknown = || {
        Finding::new(Level::Note, subject, "cannot be seen from here")
            .hint(format!("see that the database server has {} MB free", thousands(needed / 1_000_000)))
    };
    if !target.is_local() {
        return unknown();
    }
    let directory = connection.client.query_one("SELECT current_setting('data_directory', true)", &[]).await;
    let Some(free) =
        directory.ok().and_then(|row| row.get::<_, Option<String>>(0)).and_then(|path| free_bytes(&path))
    else {
        return unknown();
    };
    let found =
        format!("{} MB free, about {} MB wanted", thousands(free / 1_000_000), thousands(needed / 1_000_000));
    match free > needed {
        true => Finding::new(Level::Good, subject, found),
        false => Finding::new(Level::Stop, subject, found).hint("make room on the database server"),
    }
}

fn free_bytes(path: &str) -> Option<u64> {
    let path = std::ffi::CString::new(path).ok()?;
    let mut found = std::mem::MaybeUninit::<libc::statvfs>::uninit();
    // SAFETY: the path ends with NUL, and the result is only read when the call says that it has filled it.
    let found = unsafe {
        if libc::statvfs(path.as_ptr(), found.as_mut_ptr()) != 0 {
            return None;
        }
        found.assume_init()
    };
    Some(found.f_bavail.saturating_mul(found.f_frsize))
}

fn duration(seconds: f64) -> String {
    match seconds {
        s if s < 1.0 => "a second".to_owned(),
        s if s < 120.0 => format!("{s:.0} seconds"),
        s => format!("{:.0} minutes", s / 60.0),
    }
}
