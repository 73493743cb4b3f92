//! `rsl audit on` and `rsl audit off`.

use serde_json::{Value, json};

use super::{connect, failure};
use crate::args::{AuditOn, AuditTable, Format};
use crate::command::interrupt::cancellable;
use crate::command::output::say;
use crate::command::relation;
use crate::failure::{Result, exit};
use crate::progress::Note;
use crate::terminal::visible;

pub async fn on(args: AuditOn) -> Result<u8> {
    let connection = connect(&args.target.common).await?;
    let target = relation::find(&connection, &args.target.table).await?;
    let list = |names: &[String]| (!names.is_empty()).then(|| names.to_vec());
    let (key, exclude) = (list(&args.key), list(&args.exclude));
    // It waits for whoever is writing to the table.
    let note = Note::new(format!("putting the audit on {}", visible(&target)));
    let on = "SELECT rsl.audit_on($1::text::regclass, $2, $3)";
    let done = cancellable(&connection, connection.client.query_one(on, &[&target, &key, &exclude])).await?;
    let new: bool = done.map_err(failure)?.get(0);
    drop(note);
    // Asked afterwards: what was left out is by then known.
    let row = connection
        .client
        .query_one("SELECT rsl.audit_settings($1::text::regclass)", &[&target])
        .await
        .map_err(failure)?;
    let settings: Value = row.get(0);
    match args.target.common.format {
        Format::Json => say!(
            "{}",
            json!({"table": target, "audited": true, "new": new, "key": settings["key"], "exclude": settings["exclude"]})
        )?,
        Format::Text => {
            let without = match names(&settings["exclude"]) {
                none if none.is_empty() => String::new(),
                names => format!(", without {names}"),
            };
            let since = if new { "audited from now on" } else { "was audited already" };
            say!("{}: {since}; rows are known by {}{without}", visible(&target), names(&settings["key"]))?;
        }
    }
    Ok(exit::OK)
}

pub async fn off(args: AuditTable) -> Result<u8> {
    let connection = connect(&args.common).await?;
    let target = relation::find(&connection, &args.table).await?;
    let note = Note::new(format!("taking the audit off {}", visible(&target)));
    let off = "SELECT rsl.audit_off($1::text::regclass)";
    let done = cancellable(&connection, connection.client.query_one(off, &[&target])).await?;
    let was: bool = done.map_err(failure)?.get(0);
    drop(note);
    match args.common.format {
        Format::Json => say!("{}", json!({"table": target, "audited": false, "new": was}))?,
        Format::Text if was => {
            say!("{}: not audited any more; what is in the log stays there", visible(&target))?
        }
        Format::Text => say!("{}: was not audited", visible(&target))?,
    }
    Ok(exit::OK)
}

/// A list of columns of the settings, for people.
pub fn names(list: &Value) -> String {
    let names = list.as_array().into_iter().flatten().filter_map(Value::as_str);
    names.map(visible).collect::<Vec<_>>().join(", ")
}
