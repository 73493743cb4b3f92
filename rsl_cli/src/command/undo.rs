//! `rsl undo`.

use serde_json::{Value, json};
use tokio_postgres::error::SqlState;

use super::interrupt::cancellable;
use super::table::count;
use crate::args::{Format, Undo};
use crate::command::output::say;
use crate::failure::{Failure, Result, exit};
use crate::progress::Note;
use crate::target::connection::{Connection, Target, failure, failure_of};
use crate::terminal::visible;

const ACCESS: &str = "ask the owner for SELECT rsl.grant_access(your role, 'load') and rsl.grant_access(your role, 'audit'); \
    the rows are changed with your own rights on the table";

pub async fn run(args: Undo) -> Result<u8> {
    let connection = Target::parse(args.database.database_url.as_deref())?.connect().await?;
    let load = match args.load {
        Some(load) => load,
        None => last(&connection).await?,
    };
    let known = Known::ask(&connection, load).await?;
    let note = Note::new(format!("undoing load {load}"));
    let undo = "SELECT rsl.load_undo($1, $2, $3)";
    let outcome = cancellable(
        &connection,
        connection.client.query_one(undo, &[&load, &args.dry_run, &args.leave_changed]),
    )
    .await?;
    drop(note);
    match outcome {
        Ok(row) => {
            let did: Value = row.get(0);
            let stopped = args.dry_run && !args.leave_changed && number(&did, "changed") > 0;
            match args.format {
                Format::Text => {
                    say!("{}", sentence(load, &visible(&known.target), &did, args.dry_run, stopped))?
                }
                Format::Json => {
                    let mut said = json!({"load_id": load, "target": known.target, "dry_run": args.dry_run, "undone": !args.dry_run});
                    if let (Some(said), Value::Object(did)) = (said.as_object_mut(), did) {
                        said.extend(did);
                    }
                    say!("{said}")?;
                }
            }
            Ok(if stopped { exit::DIFFERENT } else { exit::OK })
        }
        Err(error) => refused(&args, load, &known, error),
    }
}

/// The last load that has changed something and was not undone, and says which that is.
async fn last(connection: &Connection) -> Result<i64> {
    let found = connection
        .client
        .query_opt(
            "SELECT load_id, format('%s into %s, %s, %s rows, %s UTC', coalesce(object, 'rows'), target, mode, rows,
                to_char(finished_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS'))
             FROM rsl.load WHERE status IN ('exact', 'partial') AND report ->> 'repeats' IS NULL
             ORDER BY finished_at DESC, load_id DESC LIMIT 1",
            &[],
        )
        .await
        .map_err(failure)?;
    let row = found
        .ok_or_else(|| Failure::new("there is no load that could be undone").hint("rsl loads lists all"))?;
    let load = row.get(0);
    eprintln!("load {load}: {}", visible(row.get(1)));
    Ok(load)
}

/// What the books say of the load.
struct Known {
    target: String,
    /// By what it can be undone: see `rsl.load_undo`. None: it cannot, or has changed nothing.
    by: Option<String>,
}

impl Known {
    async fn ask(connection: &Connection, load: i64) -> Result<Self> {
        let row = connection
            .client
            .query_opt(
                "SELECT target, CASE WHEN status IN ('exact', 'partial') THEN report #>> '{undo,by}' END FROM rsl.load WHERE load_id = $1",
                &[&load],
            )
            .await
            .map_err(failure)?;
        let row =
            row.ok_or_else(|| Failure::new(format!("there is no load {load}")).hint("rsl loads lists them"))?;
        Ok(Self { target: row.get(0), by: row.get(1) })
    }
}

/// Exit code 1 if it is because of what somebody has changed since; everything else is a failure.
fn refused(args: &Undo, load: i64, known: &Known, error: tokio_postgres::Error) -> Result<u8> {
    let state = error.code() == Some(&SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE);
    let lost = format!("rsl loads says whether load {load} is undone; it is as a whole or not at all");
    let mut failed = failure_of(error, ACCESS, &lost);
    let others_can = failed.advice().is_some_and(|hint| hint.contains("leave_changed"));
    let changed = match known.by.as_deref() {
        Some("log") => others_can,
        by => by.is_some(),
    };
    if !(state && changed) {
        return Err(failed);
    }
    if others_can {
        failed = failed
            .also(format!("as commands: rsl history {} KEY, rsl undo {load} --leave-changed", known.target));
    }
    if args.format == Format::Json {
        let refused = json!({"message": failed.what(), "hint": failed.advice()});
        say!(
            "{}",
            json!({"load_id": load, "target": known.target, "dry_run": args.dry_run, "undone": false, "refused": refused})
        )?;
    }
    eprintln!("rsl: {failed}");
    Ok(exit::DIFFERENT)
}

fn number(did: &Value, name: &str) -> u64 {
    did[name].as_u64().unwrap_or(0)
}

/// What was done, or would be.
fn sentence(load: i64, target: &str, did: &Value, dry_run: bool, stopped: bool) -> String {
    let of = |name| number(did, name);
    let rows = |number| count(number, "row", "rows");
    let what = match (did["by"].as_str(), dry_run) {
        (Some("drop"), false) => format!("the table, which it made, is dropped with {}", rows(of("deleted"))),
        (Some("drop"), true) => {
            format!("the table, which it made, would be dropped with {}", rows(of("deleted")))
        }
        (Some("empty"), false) => format!("{} deleted, the table is empty again", rows(of("deleted"))),
        (Some("empty"), true) => {
            format!("{} would be deleted, the table would be empty again", rows(of("deleted")))
        }
        (Some("nothing"), _) => "it repeated another load and changed nothing".to_owned(),
        _ => {
            let (deleted, restored, inserted) = (of("deleted"), of("restored"), of("inserted"));
            match (deleted + restored + inserted, dry_run) {
                (0, false) => "there was no row to change".to_owned(),
                (0, true) => "there is no row to change".to_owned(),
                (_, false) => {
                    format!("{} deleted, {restored} restored, {inserted} inserted again", rows(deleted))
                }
                (_, true) => {
                    format!("{} to delete, {restored} to restore, {inserted} to insert again", rows(deleted))
                }
            }
        }
    };
    let changed = match of("changed") {
        0 => None,
        changed => {
            let keys = visible(did["changed_keys"].as_str().unwrap_or_default());
            let more = if changed > 10 { " …" } else { "" };
            Some((rows(changed), format!("{keys}{more}")))
        }
    };
    match (dry_run, changed) {
        (false, None) => format!("load {load} into {target} is undone: {what}"),
        (false, Some((rows, keys))) => format!(
            "load {load} into {target} is undone: {what}\n{rows} changed by somebody since, and left as they are: {keys}"
        ),
        (true, None) => format!("dry run: load {load} into {target} can be undone: {what}"),
        (true, Some((rows, keys))) if stopped => format!(
            "dry run: load {load} into {target} would be refused: {rows} changed by somebody since: {keys}\n\
             with --leave-changed they stay as they are; of the others: {what}"
        ),
        (true, Some((rows, keys))) => format!(
            "dry run: load {load} into {target} can be undone: {what}\n{rows} changed by somebody since, would be left as they are: {keys}"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::sentence;
    use serde_json::json;

    #[test]
    fn the_sentence_says_what_was_done() {
        let did = json!({"by": "log", "deleted": 1, "restored": 2, "inserted": 0, "changed": 0});
        assert_eq!(
            sentence(7, "erp.item", &did, false, false),
            "load 7 into erp.item is undone: 1 row deleted, 2 restored, 0 inserted again"
        );
        let did = json!({"by": "log", "deleted": 1, "restored": 2, "inserted": 0, "changed": 11, "changed_keys": "{\"id\": 1}"});
        let said = sentence(7, "erp.item", &did, true, true);
        assert!(
            said.contains("would be refused: 11 rows changed") && said.contains("{\"id\": 1} …"),
            "{said}"
        );
        let did = json!({"by": "drop", "deleted": 1234, "restored": 0, "inserted": 0, "changed": 0});
        assert!(sentence(7, "erp.item", &did, true, false).contains("would be dropped with 1,234 rows"));
    }
}
