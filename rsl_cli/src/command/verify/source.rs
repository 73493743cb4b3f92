//! `rsl verify --source`: compares targets with their source once more, and loads nothing. The nightly job.

mod wanted;

use std::collections::BTreeMap;
use std::sync::{Arc, atomic::AtomicBool};
use std::time::Instant;

use rsl_core::source_account::{Compared, SourceAccount};
use rsl_core::witness::Account;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use self::wanted::Wanted;
use crate::args::{Format, Mode, Verify};
use crate::command::interrupt::interrupt;
use crate::command::output::{self, say};
use crate::command::stored_filter;
use crate::command::table::{count, thousands};
use crate::failure::{Failure, Result, exit};
use crate::source::{self, Part, Source};
use crate::target::connection::{Connection, Target, failure_of};
use crate::target::load::Run;
use crate::target::obstacle;
use crate::target::part::Counters;
use crate::target::plan::{Plan, quote};
use crate::target::sink::Stop;
use crate::terminal::visible;

const LOST: &str = "nothing has changed: run it again";

/// What came of one table.
#[derive(Debug, Serialize)]
struct Checked {
    object: String,
    target: String,
    /// The load that filled the target last; none if the target was only named.
    load_id: Option<i64>,
    /// agrees, differs, unproven: one of both sides was written to meanwhile; failed: could not be compared.
    status: &'static str,
    source_rows: u64,
    target_rows: u64,
    /// Columns of which the source's own account and the target's witness could be compared, by what.
    compared: Compared,
    /// Every value was read from the source and compared by digest.
    digests: bool,
    /// One line each.
    differences: Vec<String>,
    /// What else is to be known of this outcome.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    consistency: Vec<Value>,
    seconds: f64,
    /// What `rsl diff` is to be given, as a shell takes it.
    #[serde(skip)]
    diff: String,
}

/// Compares the tables that are wanted.
pub async fn run(args: &Verify, source_url: &str) -> Result<u8> {
    let work = verify(args, source_url);
    tokio::select! {
        outcome = work => outcome,
        () = interrupt() => Err(Failure::interrupted("nothing has changed, on either side")),
    }
}

async fn verify(args: &Verify, source_url: &str) -> Result<u8> {
    let file = output::File::open(args.output.as_deref())?;
    let target = Target::parse(args.database.database_url.as_deref())?;
    let connection = target.connect().await?;
    let name = source::name(source_url)?;
    let wanted = wanted::wanted(args, source_url, &connection, &name).await?;
    let jobs = usize::from(args.jobs);
    let readers = Arc::new(Semaphore::new(jobs));
    let mut sources = Sources { url: source_url, opened: BTreeMap::new() };
    let mut checked: Vec<Option<Checked>> = wanted.iter().map(|_| None).collect();
    let mut running = JoinSet::new();
    for (number, wanted) in wanted.into_iter().enumerate() {
        if running.len() >= jobs {
            take(running.join_next().await, &mut checked)?;
        }
        let source = sources.of(&wanted).await?;
        let (target, readers, quick) = (target.clone(), readers.clone(), args.quick);
        running.spawn(async move {
            let started = Instant::now();
            let mut checked = match check(&wanted, source, &target, readers, jobs, quick).await {
                Ok(checked) => checked,
                Err(failed) => wanted.checked("failed", vec![failed.to_string().replace('\n', "; ")]),
            };
            checked.seconds = (started.elapsed().as_secs_f64() * 1000.0).round() / 1000.0;
            (number, checked)
        });
    }
    while let Some(ended) = running.join_next().await {
        take(Some(ended), &mut checked)?;
    }
    let checked: Vec<Checked> = checked.into_iter().flatten().collect();
    let report = json!({"source": name, "target": target.name(), "quick": args.quick, "tables": checked});
    let printed = match args.format {
        Format::Json => say!("{report:#}"),
        Format::Text => print(&checked, &name),
    };
    // One that fails does not keep the other from being tried.
    let written = file.write(&format!("{report:#}\n"));
    printed.and(written)?;
    let has = |status: &str| checked.iter().any(|checked| checked.status == status);
    Ok(match (has("failed"), has("differs") || has("unproven")) {
        (true, _) => exit::FAILED,
        (false, true) => exit::DIFFERENT,
        (false, false) => exit::OK,
    })
}

type Ended = std::result::Result<(usize, Checked), tokio::task::JoinError>;

fn take(ended: Option<Ended>, checked: &mut [Option<Checked>]) -> Result<()> {
    match ended {
        Some(Ok((number, outcome))) => checked[number] = Some(outcome),
        Some(Err(error)) => return Err(Failure::new(format!("a comparison ended unexpectedly: {error}"))),
        None => {}
    }
    Ok(())
}

/// How a load has read its source: code page, offsets kept, column that tells of changes.
type Way = (Option<String>, bool, Option<String>);

/// The source, opened once for each way in which loads have read it.
struct Sources<'a> {
    url: &'a str,
    opened: BTreeMap<Way, Arc<dyn Source>>,
}

impl Sources<'_> {
    async fn of(&mut self, wanted: &Wanted) -> Result<Arc<dyn Source>> {
        let options = wanted.options();
        let key = (options.encoding.clone(), options.keep_offset, options.update_column.clone());
        if let Some(opened) = self.opened.get(&key) {
            return Ok(opened.clone());
        }
        let opened = source::open(self.url, &options).await?;
        self.opened.insert(key, opened.clone());
        Ok(opened)
    }
}

/// Both sides of one table.
async fn check(
    wanted: &Wanted,
    source: Arc<dyn Source>,
    target: &Target,
    readers: Arc<Semaphore>,
    jobs: usize,
    quick: bool,
) -> Result<Checked> {
    let connection = target.connect().await?;
    if let (Some(run), Some(_)) = (wanted.run_id, &wanted.filter) {
        let hint = "verify as that role, or compare with rsl diff and a --where of your own";
        stored_filter::refuse_foreign(&connection, run, hint).await?;
    }
    let table = source.describe(&wanted.object).await?;
    let into = (wanted.target.0.as_str(), Some(wanted.target.1.as_str()));
    let plan = Arc::new(Plan::new(table, into, &[], wanted.names, Some(&connection)).await?);
    if plan.creates {
        return Err(
            Failure::new(format!("there is no table {}", plan.target_name())).hint("rsl pull loads it")
        );
    }
    let columns: Vec<&str> = plan.columns.iter().map(|(name, _)| name.as_str()).collect();
    obstacle::refuse(&connection, &plan.target_sql(), Some(&columns), &access(&plan), LOST).await?;
    let read = async {
        match quick {
            true => quick_account(wanted, source.as_ref(), &plan).await,
            false => whole_account(wanted, source.clone(), &plan, readers, jobs).await,
        }
    };
    // At the same time, so that little can happen in between; what did is noticed below.
    let (read, before) = tokio::join!(read, witness(&connection, &plan));
    let (read, mut seen) = (read?, before?);
    let gone = wanted.gone(&plan);
    let mut checked = compared(wanted, &gone, &read, &seen);
    if checked.status == "differs" {
        let again = witness(&connection, &plan).await?;
        let written_to = again.rows != seen.rows || again.digest != seen.digest;
        if written_to {
            // It may agree now: what was read of the source then is what has arrived by now.
            seen = again;
            checked = compared(wanted, &gone, &read, &seen);
        }
        match (written_to, read.changed) {
            // That does not come from any change of rows.
            _ if !gone.is_empty() => {}
            (true, _) if checked.status == "differs" => {
                checked.status = "unproven";
                checked.notes.push(
                    "the target was written to meanwhile: the differences may come from that".to_owned(),
                );
            }
            (_, true) => {
                checked.status = "unproven";
                checked.notes.push(
                    "the source changed while it was read: the differences may come from that".to_owned(),
                );
            }
            _ => {}
        }
    }
    Ok(checked)
}

/// What is known of the source.
struct Read {
    rows: u64,
    /// Of every value; none of a quick look.
    stream: Option<Account>,
    own: Option<SourceAccount>,
    changed: bool,
    consistency: Vec<Value>,
    /// What was read is not what the source says that it holds.
    misread: Option<String>,
}

async fn quick_account(wanted: &Wanted, source: &dyn Source, plan: &Plan) -> Result<Read> {
    let types: Vec<_> = plan.columns.iter().map(|(_, ty)| *ty).collect();
    let account = source.account(&plan.table, &Part::default(), wanted.filter.as_deref(), &types).await?;
    let own = plan.own_account(&account);
    let consistency = vec![json!(account.consistency)];
    Ok(Read { rows: account.rows, stream: None, own, changed: false, consistency, misread: None })
}

async fn whole_account(
    wanted: &Wanted,
    source: Arc<dyn Source>,
    plan: &Arc<Plan>,
    readers: Arc<Semaphore>,
    jobs: usize,
) -> Result<Read> {
    let run = Arc::new(Run {
        source,
        target: None,
        mode: Mode::Append,
        filter: wanted.filter.clone(),
        own_account: wanted.own_account,
        again: false,
        max_rejects: 0,
        wanted: None,
        number: None,
        resumed: false,
        retries: 0,
        readers,
        jobs,
        stop: Stop::default(),
        kept: AtomicBool::new(false),
    });
    let verdict = run.read_only(plan, &Counters::default()).await?;
    let changed = verdict["consistency"]
        .as_array()
        .is_some_and(|parts| parts.iter().any(|part| part["changed"] == Value::Bool(true)));
    Ok(Read {
        rows: verdict["source_rows"].as_u64().unwrap_or(0),
        stream: serde_json::from_value(verdict["stream"].clone()).ok(),
        own: serde_json::from_value(verdict["source"].clone()).ok().filter(|_| !changed),
        changed,
        consistency: verdict["consistency"].as_array().cloned().unwrap_or_default(),
        misread: verdict["reason"]["message"].as_str().map(str::to_owned),
    })
}

/// What the role needs to see the target.
fn access(plan: &Plan) -> String {
    format!(
        "ask the owner for GRANT USAGE ON SCHEMA {}, for GRANT SELECT ON {}, and for SELECT rsl.grant_access(your role, 'read')",
        quote(&plan.target.0),
        plan.target_sql()
    )
}

/// What the target holds now, in the columns that come from the source.
async fn witness(connection: &Connection, plan: &Plan) -> Result<Account> {
    let columns: Vec<&str> = plan.columns.iter().map(|(name, _)| name.as_str()).collect();
    let row = connection
        .client
        .query_one("SELECT rsl.table_witness(to_regclass($1), $2)", &[&plan.target_sql(), &columns])
        .await
        .map_err(|error| failure_of(error, &access(plan), LOST).at(plan.target_name()))?;
    let witness: Option<Value> = row.get(0);
    witness
        .and_then(|witness| serde_json::from_value(witness).ok())
        .ok_or_else(|| Failure::new(format!("{} gives no witness", plan.target_name())))
}

fn compared(wanted: &Wanted, gone: &[String], read: &Read, seen: &Account) -> Checked {
    let mut differences = gone.to_vec();
    if read.own.is_none() && read.rows != seen.rows {
        differences
            .push(format!("{} rows by the source's own count, {} in the target", read.rows, seen.rows));
    }
    if let Some(own) = &read.own {
        differences.extend(own.differences(seen, 0, "in the target"));
    }
    if let Some(stream) = &read.stream {
        // Of a column of which the figures differ, it need not be said again that its values do.
        let told = |column: &str| differences.iter().any(|line| line.starts_with(column));
        let more: Vec<String> = stream
            .differences(seen, "the source", "the target")
            .into_iter()
            .filter(|line| !line.starts_with("rows: "))
            .filter(|line| line.split(": ").next().is_none_or(|column| !told(&format!("{column}: "))))
            .collect();
        differences.extend(more);
    }
    differences.extend(read.misread.clone());
    let status = if differences.is_empty() { "agrees" } else { "differs" };
    let mut checked = wanted.checked(status, differences);
    checked.source_rows = read.rows;
    checked.target_rows = seen.rows;
    checked.digests = read.stream.is_some();
    checked.compared = read.own.as_ref().map(|own| own.compared(seen, 0)).unwrap_or_default();
    checked.consistency.clone_from(&read.consistency);
    if read.changed && status == "agrees" {
        checked
            .notes
            .push("the source changed while it was read; what was read is what the target holds".to_owned());
    }
    if seen.rows > read.rows
        && let Some(mode @ ("append" | "upsert")) = wanted.mode.as_deref()
    {
        checked.notes.push(format!(
            "the target was loaded with mode {mode}, which keeps rows that the source does not have, or no longer"
        ));
    }
    if let Some(load) = wanted.load_id.filter(|_| wanted.rejected > 0) {
        checked.notes.push(format!(
            "load {load} has left out {}: rsl rejects {load} lists them",
            count(wanted.rejected.unsigned_abs(), "rejected row", "rejected rows")
        ));
    }
    if let Some(filter) = &wanted.filter {
        checked.notes.push(format!("only the rows of the source that its load has taken: {filter}"));
    }
    checked
}

fn print(checked: &[Checked], source: &str) -> Result<()> {
    for table in checked {
        let rows = match table.source_rows == table.target_rows {
            true => count(table.source_rows, "row", "rows"),
            false => format!(
                "{} rows in the source, {} in the target",
                thousands(table.source_rows),
                thousands(table.target_rows)
            ),
        };
        let Compared { columns, nulls, sums, ends, lengths } = table.compared;
        let how = format!(
            "{}source's own account of {}: {nulls} by NULLs, {sums} by sums, {ends} by ends, {lengths} by lengths",
            if table.digests { "every value by digests; " } else { "" },
            count(columns, "column", "columns"),
        );
        let place = format!("{} into {}", visible(&table.object), visible(&table.target));
        match table.status {
            "failed" => say!("failed    {place}")?,
            status => say!("{status:<8}  {place}: {rows}; {how}")?,
        }
        for line in table.differences.iter().chain(&table.notes) {
            say!("          {}", visible(line))?;
        }
        if table.status == "differs" {
            say!("          hint: rsl diff --source URL {} shows which rows", visible(&table.diff))?;
        }
    }
    let with = |status: &str| checked.iter().filter(|table| table.status == status).count();
    say!(
        "{} of {} agree with {}, {} differ, {} unproven, {} failed",
        with("agrees"),
        count(checked.len() as u64, "table", "tables"),
        visible(source),
        with("differs"),
        with("unproven"),
        with("failed")
    )
}
