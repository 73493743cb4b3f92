//! `rsl pull --retry-rejects`: rows that an earlier load had to reject, by their keys, into the same target.

use std::sync::Arc;

use rsl_core::report::TableReport;
use serde_json::{Map, Value};

use crate::args::{Mode, Wish};
use crate::command::stored_filter;
use crate::command::table::count;
use crate::failure::{Failure, Result};
use crate::source::{self, Key};
use crate::target::connection::{Connection, failure, failure_of};
use crate::target::plan::Plan;
use crate::target::reject::Wanted;
use crate::terminal::visible;

const ACCESS: &str =
    "the rejects of a load are retried by the role that began it, or by a member of that role";
/// Keys that are told at the end.
const TOLD: usize = 10;

/// What the load was asked for, of its object alone, with mode upsert. `now` says how the rows of today are to be loaded.
pub async fn wish(connection: &Connection, load: i64, source_url: &str, now: &Wish) -> Result<Wish> {
    let row = connection
        .client
        .query_opt(
            "SELECT l.source, l.object, (parse_ident(l.target))[1] || '.' || (parse_ident(l.target))[2], l.status, l.key_columns, r.options, run_id
             FROM rsl.load l LEFT JOIN rsl.run r USING (run_id) WHERE l.load_id = $1",
            &[&load],
        )
        .await
        .map_err(failure)?;
    let row =
        row.ok_or_else(|| Failure::new(format!("there is no load {load}")).hint("rsl loads lists them"))?;
    let (from, object): (Option<String>, Option<String>) = (row.get(0), row.get(1));
    let (into, status): (String, String) = (row.get(2), row.get(3));
    let (key, options): (Option<Vec<String>>, Option<Value>) = (row.get(4), row.get(5));
    if status != "partial" {
        let hint = match status.as_str() {
            "exact" => "rsl rejects --last shows the latest that has some",
            _ => {
                "the other rows of it are not in the target either: pull the whole table again, with --max-rejects if need be"
            }
        };
        return Err(Failure::new(format!("load {load} is {status}: it has no rejects to retry")).hint(hint));
    }
    let source = source::name(source_url)?;
    let (Some(object), true) = (object, from.as_deref() == Some(source.as_str())) else {
        return Err(Failure::new(format!(
            "load {load} came from {}, not from {source}",
            from.as_deref().unwrap_or("another client")
        ))
        .hint("name the same source with --source"));
    };
    let Some(key) = key else {
        return Err(Failure::new(format!("load {load} has no key: its rejects cannot be found again in the source")).hint(format!(
            "rsl rejects {load} lists them, and the view rsl.rejects shows the rows; pull the table again with --mode replace when they are mended"
        )));
    };
    let before: Option<Wish> = options.map(serde_json::from_value).transpose().map_err(|_| {
        Failure::new(format!("what is remembered of the pull of load {load} does not read"))
            .hint("pull the table again")
    })?;
    if let (Some(run), true) = (row.get(6), before.as_ref().is_some_and(|wish| wish.filter.is_some())) {
        let hint = "retry them as that role, or pull the rows again with --where and --mode upsert";
        stored_filter::refuse_foreign(connection, run, hint).await?;
    }
    Ok(Wish {
        objects: vec![object],
        all: false,
        include: Vec::new(),
        exclude: Vec::new(),
        into,
        mode: Mode::Upsert,
        key,
        again: false,
        undoable: false,
        max_rejects: now.max_rejects,
        retry: Some(load),
        ..before.unwrap_or_else(|| now.clone())
    })
}

/// The rejects of a load that have not gone in yet.
pub struct Retry {
    load: i64,
    key: Vec<String>,
    rejects: u64,
    pub wanted: Arc<Wanted>,
}

impl Retry {
    pub async fn ask(connection: &Connection, load: i64, plan: &Plan) -> Result<Self> {
        if plan.creates {
            return Err(Failure::new(format!("the table {} is gone", plan.target_name()))
                .hint("pull the whole table again"));
        }
        let key = plan.key.clone();
        let rejects = rejects(connection, load, &key).await?;
        let numbers = rejects.len() as u64;
        if rejects.is_empty() {
            return Err(Failure::new(format!("load {load} has no rejects that are still open"))
                .hint(format!("rsl rejects {load} shows with which load they went in, or who has accepted them; {ACCESS}")));
        }
        let columns = plan.key_positions();
        let types = columns.iter().map(|&at| plan.columns[at].1).collect();
        Ok(Self { load, key, rejects: numbers, wanted: Arc::new(Wanted::new(columns, types, rejects)) })
    }

    pub fn rejects(&self) -> u64 {
        self.rejects
    }

    /// Writes down which of them went in, and says what became of the others.
    pub async fn mark(&self, connection: &Connection, report: &TableReport) -> Result<()> {
        let Some(retry) = report.load_id.filter(|_| report.exact || report.partial) else { return Ok(()) };
        let refused: Vec<Key> =
            rejects(connection, retry, &self.key).await?.into_iter().map(|(_, key)| key).collect();
        let in_now = self.wanted.went_in(&refused);
        let marked = connection
            .client
            .query_one("SELECT rsl.load_retried($1, $2, $3)", &[&self.load, &retry, &in_now])
            .await
            .map_err(failure)?;
        let marked: i64 = marked.get(0);
        let mut said = format!(
            "{} of {} of load {} went in",
            marked,
            count(self.rejects, "reject", "rejects"),
            self.load
        );
        if report.rejected > 0 {
            said += &format!(
                ", {} again: rsl rejects {retry}",
                count(report.rejected, "was rejected", "were rejected")
            );
        }
        eprintln!("{said}");
        let missing = self.wanted.missing();
        if !missing.is_empty() {
            let keys: Vec<String> = missing.iter().take(TOLD).map(|key| self.in_words(key)).collect();
            let more = if missing.len() > TOLD { "; …" } else { "" };
            eprintln!(
                "the source does not have {} any more: {}{more}",
                count(missing.len() as u64, "of these keys", "of these keys"),
                visible(&keys.join("; "))
            );
            eprintln!("hint: if they are not to be loaded: rsl rejects {} --accept 'why'", self.load);
        }
        Ok(())
    }

    fn in_words(&self, key: &Key) -> String {
        let column = |(name, text): (&String, &String)| format!("{name} '{}'", text.escape_debug());
        self.key.iter().zip(key).map(column).collect::<Vec<_>>().join(", ")
    }
}

/// Numbers and keys of the rejects of a load that have not gone in, the key in the order of `columns`.
async fn rejects(connection: &Connection, load: i64, columns: &[String]) -> Result<Vec<(i64, Key)>> {
    let rows = connection
        .client
        .query("SELECT reject_id, key FROM rsl.rejects WHERE load_id = $1 AND retried_by IS NULL AND accepted_at IS NULL ORDER BY reject_id", &[&load])
        .await
        .map_err(|error| failure_of(error, ACCESS, "run it again"))?;
    let mut found = Vec::new();
    for row in rows {
        let key: Option<Value> = row.get(1);
        let key: Map<String, Value> = key.and_then(|key| key.as_object().cloned()).unwrap_or_default();
        let text = |name: &String| match key.get(name) {
            Some(Value::String(text)) => Some(text.clone()),
            _ => None,
        };
        // A row whose key is NULL cannot be asked for.
        let key: Option<Key> = columns.iter().map(text).collect();
        match key {
            Some(key) => found.push((row.get(0), key)),
            None => eprintln!(
                "reject {} has no whole key and cannot be found again in the source",
                row.get::<_, i64>(0)
            ),
        }
    }
    Ok(found)
}
