//! What the books in the database say of a run or of one load. Nothing here looks at the source or at the loaded tables.

use std::collections::{HashMap, HashSet};

use rsl_core::report::{
    Attempt, ColumnReport, Digests, KeyTotals, LoadReport, Reject, Report, Reported, Rows, RunReport,
    TableReport, Verdict,
};
use serde_json::{Map, Value, json};

use super::words;
use crate::command::rejects::settled;
use crate::failure::{Failure, Result};
use crate::target::connection::{Connection, failure_of};

/// Rejected rows that are shown of each load; `rsl rejects` lists them all.
const REJECTS_SHOWN: i64 = 10;
/// How the program writes moments of time, too.
const MOMENT: &str = "'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'";

/// What is to be reported.
#[derive(Debug, Clone, Copy)]
pub enum Wanted {
    Load(i64),
    Run(i64),
    /// The last run.
    Last,
}

/// Asks for all of it.
pub async fn gather(connection: &Connection, target: &str, wanted: Wanted) -> Result<RunReport> {
    let reported = reported(connection).await?;
    let (run, loads) = match wanted {
        Wanted::Load(number) => {
            let loads = loads(connection, "l.load_id = $1", number).await?;
            let load = loads.first().ok_or_else(|| {
                Failure::new(format!("there is no load {number}")).hint("rsl loads lists the loads")
            })?;
            let run = match load["run_id"].as_i64() {
                Some(run) => self::run(connection, "r.run_id = $1", run).await?,
                None => None,
            };
            (run, loads)
        }
        Wanted::Run(number) => {
            let run = self::run(connection, "r.run_id = $1", number).await?.ok_or_else(|| {
                Failure::new(format!("there is no run {number}")).hint(
                    "rsl loads lists the loads, SELECT run_id, source, started_at FROM rsl.run the runs",
                )
            })?;
            let loads = loads(connection, "l.run_id = $1", number).await?;
            (Some(run), loads)
        }
        Wanted::Last => {
            let run =
                self::run(connection, "r.run_id = (SELECT max(run_id) FROM rsl.run) AND $1 = 0::bigint", 0)
                    .await?;
            let run = run.ok_or_else(|| {
                Failure::new("there is no run yet")
                    .hint("rsl pull begins one; a load that was not made by rsl pull is named by its number, which rsl loads lists")
            })?;
            let loads = loads(connection, "l.run_id = $1", run["run_id"].as_i64().unwrap_or(0)).await?;
            (Some(run), loads)
        }
    };
    let numbers: Vec<i64> = loads.iter().filter_map(|load| load["load_id"].as_i64()).collect();
    let mut rejects = rejects(connection, &numbers).await?;
    let run = run.unwrap_or_default();
    let whole = !matches!(wanted, Wanted::Load(_));
    let (mut latest, earlier) = if whole { replaced(loads) } else { (loads, Vec::new()) };
    // In the order in which they came to their end, as far as it was told.
    latest.sort_by_key(|load| load["load_id"].as_i64().and_then(|load| Some(told_of(&run, load)?.0)));
    let tables: Vec<LoadReport> = latest
        .iter()
        .map(|load| load_report(load, &run, rejects.remove(&load["load_id"].as_i64().unwrap_or(0))))
        .collect();
    Ok(assemble(&Gathered { run, latest, earlier, whole }, tables, target, reported))
}

/// Rows of the books, as JSON.
struct Gathered {
    /// Null if there is none.
    run: Value,
    latest: Vec<Value>,
    earlier: Vec<Value>,
    /// Not one load of the run alone.
    whole: bool,
}

fn assemble(gathered: &Gathered, tables: Vec<LoadReport>, target: &str, reported: Reported) -> RunReport {
    let Gathered { run, latest, earlier, whole } = gathered;
    let first = latest.first().unwrap_or(&Value::Null);
    let told = run.get("report").unwrap_or(&Value::Null);
    let environment = run["environment"].as_object().cloned().unwrap_or_default();
    let finished = match whole {
        true => run["finished"] == Value::Bool(true),
        false => tables.iter().all(|load| load.status != "loading"),
    };
    // The client's own clock, as in its own report; of a run in several goes, the database's.
    let client = |name: &str| told[name].as_str().filter(|_| *whole).map(str::to_owned);
    let started_at = client("started_at")
        .filter(|_| told["resumed"] != Value::Bool(true))
        .unwrap_or_else(|| text(if *whole { run } else { first }, "started_at"));
    let last_known = || tables.iter().filter_map(|load| load.finished_at.clone()).max();
    let finished_at = client("finished_at")
        .or_else(|| run["finished_at"].as_str().filter(|_| *whole).map(str::to_owned))
        .or_else(last_known)
        .unwrap_or_else(|| started_at.clone());
    let begun: HashSet<&str> = tables.iter().map(|load| load.table.object.as_str()).collect();
    let not_begun: Vec<String> = environment
        .get("objects")
        .and_then(Value::as_array)
        .filter(|_| *whole)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .filter(|object| !begun.contains(object))
        .map(str::to_owned)
        .collect();
    let verdict = verdict(&tables, finished, &not_begun);
    let not_carried_over = told["not_carried_over"].as_array().into_iter().flatten();
    let of_these =
        |left_out: &&Value| *whole || left_out["table"].as_str().is_some_and(|table| begun.contains(table));
    let not_carried_over = not_carried_over.filter(of_these).cloned().collect();
    let key_totals = latest.iter().zip(&tables).map(|(row, load)| {
        let columns = load.columns.iter().map(|column| column.name.as_str());
        (load.table.target.clone(), json!(KeyTotals::of_verdict(&row["report"], columns)))
    });
    let report = Report {
        exact: verdict == Verdict::Exact,
        dry_run: false,
        source: run["source"].as_str().or(first["source"].as_str()).unwrap_or("not told").to_owned(),
        target: environment.get("target").and_then(Value::as_str).unwrap_or(target).to_owned(),
        key_totals: key_totals.collect::<Map<_, _>>(),
        not_carried_over,
        started_at,
        finished_at,
        tables,
    };
    let attempt = |load: &Value| Attempt {
        load_id: load["load_id"].as_i64().unwrap_or(0),
        object: text(load, "object"),
        status: text(load, "status"),
        reason: load["report"]["reason"]["message"].as_str().map(str::to_owned),
    };
    let known = ["rsl", "extension", "postgresql", "source_version", "host", "jobs"];
    let limiting = ["filter", "retry", "no_source_account", "again", "max_rejects", "encoding"];
    let given = |name: &&str| {
        let value = run["options"].get(*name)?;
        let is_default = value.is_null() || *value == Value::Bool(false) || value.as_u64() == Some(0);
        (!is_default).then(|| ((*name).to_owned(), value.clone()))
    };
    let mut assembled = RunReport {
        verdict,
        summary: String::new(),
        whole_run: *whole,
        run_id: run["run_id"].as_i64(),
        finished,
        running: (if *whole { run } else { first })["held"] == Value::Bool(true) && !finished,
        started_by: text(if run.is_null() { first } else { run }, "started_by"),
        seconds: match (whole, &report.tables[..]) {
            (false, [load]) => load.table.seconds,
            _ => between(&report.started_at, &report.finished_at),
        },
        rejected: report.tables.iter().map(|load| load.table.rejected).sum(),
        lost: report.tables.iter().map(|load| load.table.losses.len() as u64).sum(),
        changed: report.tables.iter().filter(|load| load.table.source_changed()).count() as u64,
        environment: known
            .iter()
            .filter_map(|name| Some(((*name).to_owned(), environment.get(*name)?.clone())))
            .collect(),
        options: limiting.iter().filter_map(given).collect(),
        not_begun,
        earlier: earlier.iter().map(attempt).collect(),
        reported,
        report,
    };
    assembled.summary = words::summary(&assembled);
    assembled
}

/// The last load of each table of a run, in the order in which they were begun, and the others.
fn replaced(loads: Vec<Value>) -> (Vec<Value>, Vec<Value>) {
    let place = |load: &Value| (text(load, "object"), text(load, "target"));
    let last: HashMap<_, _> = loads.iter().map(|load| (place(load), load["load_id"].as_i64())).collect();
    loads.into_iter().partition(|load| last.get(&place(load)) == Some(&load["load_id"].as_i64()))
}

/// What the client told of a load at the end of the run, and in which place.
fn told_of(run: &Value, load: i64) -> Option<(usize, &Value)> {
    let told = run["report"]["tables"].as_array()?;
    told.iter().enumerate().find(|(_, table)| table["load_id"].as_i64() == Some(load))
}

fn verdict(tables: &[LoadReport], finished: bool, not_begun: &[String]) -> Verdict {
    let proven = |load: &LoadReport| load.status == "exact" || load.status == "partial";
    if !finished || tables.is_empty() || !not_begun.is_empty() || !tables.iter().all(proven) {
        return Verdict::NotExact;
    }
    let whole = |load: &LoadReport| {
        load.status == "exact"
            && load.table.exact
            && load.table.rejected == 0
            && load.table.losses.is_empty()
            && !load.table.source_changed()
    };
    if tables.iter().all(whole) { Verdict::Exact } else { Verdict::ExactBut }
}

fn load_report(load: &Value, run: &Value, rejects: Option<Rejects>) -> LoadReport {
    let mut verdict = load["report"].clone();
    if let (Some(undone), Value::String(at)) = (verdict.get_mut("undone"), &load["undone_at"]) {
        undone["at"] = json!(at);
    }
    let verdict = &verdict;
    let strings = |name: &str| -> Vec<String> {
        load[name].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let number = load["load_id"].as_i64().unwrap_or(0);
    // The client that went on with a load has not seen all of it.
    let resumed = run["report"]["resumed"] == Value::Bool(true);
    let told = told_of(run, number).filter(|_| !resumed).and_then(|(_, table)| table["seconds"].as_f64());
    let seconds = told.or_else(|| load["seconds"].as_f64()).unwrap_or(0.0);
    let target = text(load, "target_name");
    let mut table =
        TableReport::of_verdict(&text(load, "object"), &target, &text(load, "mode"), verdict, seconds);
    table.load_id = Some(number);
    let status = text(load, "status");
    match status.as_str() {
        "undone" => {
            let undone = |name: &str| verdict["undone"][name].as_str().unwrap_or("unknown");
            table.exact = false;
            table.reason = Some(format!("undone at {} by {}", words::moment(undone("at")), undone("role")));
        }
        "loading" => {
            let held = load["held"] == Value::Bool(true);
            let reason =
                if held { "it is still being loaded" } else { "its session ended before it was finished" };
            table.exact = false;
            table.reason = Some(reason.to_owned());
        }
        "exact" | "partial" if table.source_changed() => {
            let told = table.reason.iter().map(String::as_str).chain([words::SOURCE_CHANGED]);
            table.reason = Some(told.collect::<Vec<_>>().join("\n"));
        }
        _ => {}
    }
    let rejects = rejects.unwrap_or_default();
    LoadReport {
        started_at: text(load, "started_at"),
        finished_at: load["finished_at"].as_str().map(str::to_owned),
        started_by: text(load, "started_by"),
        key_columns: strings("key_columns"),
        parts: load["parts"].as_u64().unwrap_or(1),
        rows: Rows::of_verdict(verdict),
        digests: Digests::of_verdict(verdict),
        columns: ColumnReport::of_verdict(verdict, &strings("columns")),
        rejects: rejects.first,
        hint: match status.as_str() {
            "partial" if rejects.open == Some(0) => None,
            "partial" => Some(format!(
                "rsl rejects {number} lists them; when they are mended: rsl pull --retry-rejects {number}"
            )),
            _ => verdict["reason"]["hint"].as_str().map(str::to_owned),
        },
        sqlstate: verdict["reason"]["sqlstate"].as_str().map(str::to_owned),
        repeats: verdict["repeats"].as_i64(),
        undone: verdict.get("undone").cloned(),
        freshness: verdict.get("freshness").cloned(),
        status,
        table,
    }
}

/// Loads as the books have them, with what JSON would write otherwise than the program does.
async fn loads(connection: &Connection, which: &str, number: i64) -> Result<Vec<Value>> {
    let rows = connection
        .client
        .query(
            &format!(
                "SELECT to_jsonb(l) || jsonb_build_object(
                    'target_name', array_to_string(parse_ident(l.target), '.'),
                    'started_at', to_char(l.started_at AT TIME ZONE 'UTC', {MOMENT}),
                    'finished_at', to_char(l.finished_at AT TIME ZONE 'UTC', {MOMENT}),
                    'seconds', extract(epoch FROM l.finished_at - l.started_at),
                    'undone_at', to_char((l.report #>> '{{undone,at}}')::timestamptz AT TIME ZONE 'UTC', {MOMENT}),
                    'held', rsl.lock_is_held(rsl.load_lock_class(), l.load_id))
                 FROM rsl.load l WHERE {which} ORDER BY l.load_id"
            ),
            &[&number],
        )
        .await
        .map_err(failed)?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

async fn run(connection: &Connection, which: &str, number: i64) -> Result<Option<Value>> {
    let row = connection
        .client
        .query_opt(
            &format!(
                "SELECT to_jsonb(r) || jsonb_build_object(
                    'started_at', to_char(r.started_at AT TIME ZONE 'UTC', {MOMENT}),
                    'finished_at', to_char(r.finished_at AT TIME ZONE 'UTC', {MOMENT}),
                    'finished', r.finished_at IS NOT NULL,
                    'held', rsl.lock_is_held(rsl.run_lock_class(), r.run_id))
                 FROM rsl.run r WHERE {which}"
            ),
            &[&number],
        )
        .await
        .map_err(failed)?;
    Ok(row.map(|row| row.get(0)))
}

/// What there is to show of the rejected rows of a load.
#[derive(Default)]
struct Rejects {
    first: Vec<Reject>,
    /// How many have neither gone in nor been accepted, if that may be known.
    open: Option<i64>,
}

/// The first rejected rows of each load. A role that may not look at rejects has none to show, and sees of others' loads none.
async fn rejects(connection: &Connection, loads: &[i64]) -> Result<HashMap<i64, Rejects>> {
    let readable = connection
        .client
        .query_one("SELECT has_table_privilege('rsl.rejects', 'SELECT')", &[])
        .await
        .map_err(failed)?;
    if !readable.get::<_, bool>(0) {
        return Ok(HashMap::new());
    }
    let rows = connection
        .client
        .query(
            "SELECT load_id, key::text, column_name, sqlstate, message, retried_by, accepted_by::text, accepted_because, open FROM (
                SELECT r.*, row_number() OVER (PARTITION BY r.load_id ORDER BY r.reject_id) AS place,
                    count(*) FILTER (WHERE r.retried_by IS NULL AND r.accepted_at IS NULL) OVER (PARTITION BY r.load_id) AS open
                FROM rsl.rejects r WHERE r.load_id = ANY ($1)) x
             WHERE place <= $2 ORDER BY load_id, place",
            &[&loads, &REJECTS_SHOWN],
        )
        .await
        .map_err(failed)?;
    let mut rejects: HashMap<i64, Rejects> = HashMap::new();
    for row in rows {
        let key: Option<String> = row.get(1);
        let of_load = rejects.entry(row.get(0)).or_default();
        of_load.open = Some(row.get("open"));
        of_load.first.push(Reject {
            key: key.unwrap_or_else(|| "no key".to_owned()),
            column: row.get(2),
            sqlstate: row.get(3),
            message: row.get(4),
            settled: settled(&row),
        });
    }
    Ok(rejects)
}

async fn reported(connection: &Connection) -> Result<Reported> {
    let row = connection
        .client
        .query_one(
            &format!(
                "SELECT to_char(now() AT TIME ZONE 'UTC', {MOMENT}), current_user::text, current_setting('server_version'),
                    coalesce((SELECT extversion FROM pg_catalog.pg_extension WHERE extname = 'rsl'), 'none')"
            ),
            &[],
        )
        .await
        .map_err(failed)?;
    Ok(Reported {
        at: row.get(0),
        by: row.get(1),
        rsl: env!("CARGO_PKG_VERSION").to_owned(),
        postgresql: row.get(2),
        extension: row.get(3),
    })
}

fn failed(error: tokio_postgres::Error) -> Failure {
    failure_of(
        error,
        "ask the owner for SELECT rsl.grant_access(your role, 'read')",
        "nothing was written; try again",
    )
}

fn text(row: &Value, field: &str) -> String {
    row[field].as_str().unwrap_or_default().to_owned()
}

/// Seconds from one moment to another, both in RFC 3339.
fn between(start: &str, end: &str) -> f64 {
    let moment = |text: &str| humantime::parse_rfc3339(text).ok();
    let passed = moment(start).zip(moment(end)).and_then(|(start, end)| end.duration_since(start).ok());
    passed.map_or(0.0, |passed| passed.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(status: &str, verdict: Value) -> LoadReport {
        let row = json!({"load_id": 7, "object": "T", "target_name": "erp.t", "mode": "append", "status": status, "columns": ["a"], "report": verdict});
        load_report(&row, &Value::Null, None)
    }

    #[test]
    fn only_what_is_proven_is_exact() {
        let exact = || load("exact", json!({"exact": true}));
        let of = |loads: Vec<LoadReport>| verdict(&loads, true, &[]);
        assert_eq!(of(vec![exact(), exact()]), Verdict::Exact);
        for status in ["failed", "aborted", "loading", "undone", "something new"] {
            assert_eq!(
                of(vec![exact(), load(status, json!({"exact": true}))]),
                Verdict::NotExact,
                "{status}"
            );
        }
        // No verdict at all, no end of the run, a table that was forgotten.
        assert_eq!(of(Vec::new()), Verdict::NotExact);
        assert_eq!(verdict(&[exact()], false, &[]), Verdict::NotExact);
        assert_eq!(verdict(&[exact()], true, &["U".to_owned()]), Verdict::NotExact);
        for but in [
            json!({"exact": true, "rejected": 1}),
            json!({"exact": true, "losses": ["x"]}),
            json!({"exact": false}),
            json!({"exact": true, "source": {"rows": 1, "columns": {}, "changed": true}}),
            json!({"exact": true, "consistency": [{"isolation": "read committed", "changed": true}]}),
        ] {
            assert_eq!(of(vec![exact(), load("exact", but)]), Verdict::ExactBut);
        }
        assert_eq!(of(vec![load("partial", json!({"exact": false, "rejected": 2}))]), Verdict::ExactBut);
    }

    #[test]
    fn the_last_load_of_a_table_counts() {
        let row = |number: i64, object: &str| json!({"load_id": number, "object": object, "target": "t"});
        let (latest, earlier) = replaced(vec![row(1, "A"), row(2, "B"), row(3, "A")]);
        let numbers =
            |loads: &[Value]| loads.iter().map(|load| load["load_id"].as_i64().unwrap()).collect::<Vec<_>>();
        assert_eq!((numbers(&latest), numbers(&earlier)), (vec![2, 3], vec![1]));
    }
}
