//! `rsl audit`.

mod check;
mod status;
mod switch;

use serde_json::{Value, json};

use super::{interrupt::cancellable, table};
use crate::args::{Audit, AuditCommand, AuditPlain, AuditPrune, Format};
use crate::command::output::say;
use crate::failure::{Failure, Result, exit};
use crate::progress::Note;
use crate::target::connection::{Connection, Target, failure_of};

/// What to do when a right is missing.
pub const ACCESS: &str = "ask the owner for SELECT rsl.grant_access(your role, 'audit')";

pub async fn run(args: Audit) -> Result<u8> {
    match args.command {
        AuditCommand::On(args) => switch::on(args).await,
        AuditCommand::Off(args) => switch::off(args).await,
        AuditCommand::Check(args) => check::run(args).await,
        AuditCommand::Seal(args) => seal(args).await,
        AuditCommand::Head(args) => head(args).await,
        AuditCommand::Status(args) => status::run(args).await,
        AuditCommand::Prune(args) => prune(args).await,
    }
}

async fn connect(args: &AuditPlain) -> Result<Connection> {
    Target::parse(args.database.database_url.as_deref())?.connect().await
}

fn failure(error: tokio_postgres::Error) -> Failure {
    failure_of(error, ACCESS, "run it again")
}

async fn seal(args: AuditPlain) -> Result<u8> {
    let connection = connect(&args).await?;
    let note = Note::new("sealing the audit log");
    let sealed =
        cancellable(&connection, connection.client.query_one("SELECT rsl.audit_seal()", &[])).await?;
    let blocks: i64 = sealed.map_err(failure)?.get(0);
    drop(note);
    let head = ask_head(&connection).await?;
    match args.format {
        Format::Json => say!("{}", json!({"blocks": blocks, "head": head}))?,
        Format::Text => {
            match blocks {
                0 => say!("nothing new to seal")?,
                blocks => say!("{} sealed", table::count(blocks as u64, "block", "blocks"))?,
            }
            if let Some(head) = head {
                say!("head {head}")?;
            }
        }
    }
    Ok(exit::OK)
}

async fn ask_head(connection: &Connection) -> Result<Option<String>> {
    let row = connection.client.query_one("SELECT rsl.audit_head()", &[]).await.map_err(failure)?;
    Ok(row.get(0))
}

async fn head(args: AuditPlain) -> Result<u8> {
    let head = ask_head(&connect(&args).await?).await?;
    match (args.format, &head) {
        (Format::Json, _) => say!("{}", json!({"head": head}))?,
        (Format::Text, Some(head)) => say!("{head}")?,
        // Not on stdout, which may go into a file as the head.
        (Format::Text, None) => eprintln!("nothing is sealed yet: rsl audit seal"),
    }
    Ok(if head.is_some() { exit::OK } else { exit::DIFFERENT })
}

async fn prune(args: AuditPrune) -> Result<u8> {
    let connection = connect(&args.common).await?;
    let note = Note::new("sealing and checking the audit log before anything leaves it");
    let prune = "SELECT month, partition, blocks, changes FROM rsl.audit_prune($1::text::interval)";
    let months = cancellable(&connection, connection.client.query(prune, &[&args.older_than]))
        .await?
        .map_err(|error| {
            failure_of(error, "only the owner of the extension may do that, or a superuser", "run it again")
        })?;
    drop(note);
    match args.common.format {
        Format::Json => {
            let month = |row: &tokio_postgres::Row| {
                json!({"month": row.get::<_, String>(0), "table": row.get::<_, String>(1),
                       "blocks": row.get::<_, i64>(2), "changes": row.get::<_, i64>(3)})
            };
            say!("{}", json!(months.iter().map(month).collect::<Vec<Value>>()))?;
        }
        Format::Text if months.is_empty() => say!("no month of the log ended that long ago")?,
        Format::Text => {
            let mut list = table::new(&["month", "changes", "now in the table"], &["changes"]);
            for row in &months {
                list.add_row([
                    row.get(0),
                    table::thousands(row.get::<_, i64>(3) as u64),
                    row.get::<_, String>(1),
                ]);
            }
            say!("{list}")?;
        }
    }
    Ok(exit::OK)
}
