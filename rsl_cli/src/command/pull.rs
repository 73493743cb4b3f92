//! `rsl pull`.

mod report;
mod retry;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use rsl_core::report::Report;
use serde_json::{Map, Value, json};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use self::retry::Retry;
use super::interrupt::interrupt;
use super::output::{self, say};
use super::stored_filter;
use crate::args::{Format, Names, Pull, Wish};
use crate::carry_over::{self, Carried, NotCarried, Surroundings};
use crate::failure::{Failure, Result, exit};
use crate::progress::Progress;
use crate::source::{self, Source};
use crate::target::connection::{Connection, Target, failure};
use crate::target::load::{Loaded, RESUME, Run};
use crate::target::plan::{Plan, order};
use crate::target::sink::Stop;
use crate::target::undo;

const INTERRUPTED: &str =
    "the table that was being loaded is as it was before; the ones reported as exact are loaded";

pub async fn run(args: Pull) -> Result<u8> {
    let stop = Stop::default();
    let run = pull(&args, stop.clone());
    tokio::pin!(run);
    tokio::select! {
        outcome = &mut run => outcome,
        () = interrupt() => {
            stop.set();
            // Loads end in order: statements are cancelled, staging is taken away. A second Ctrl-C does not wait for that.
            let outcome = tokio::select! {
                outcome = &mut run => outcome,
                () = interrupt() => Err(Failure::interrupted(INTERRUPTED)),
            };
            match outcome {
                Err(failed) if failed.is_follow_up() => Err(Failure::interrupted(INTERRUPTED)),
                outcome => outcome,
            }
        }
    }
}

async fn pull(args: &Pull, stop: Stop) -> Result<u8> {
    let started_at = SystemTime::now();
    // Who cannot be told what was loaded does not want it loaded.
    let file = output::File::open(args.output.as_deref())?;
    let source_url = args.source.as_deref().ok_or_else(|| {
        Failure::new("no source is named")
            .hint("set RSL_SOURCE_URL, in the environment or in .env, or give --source")
    })?;
    // A dry run can do without a database: then every target is taken as missing.
    let target = match (args.dry_run, &args.database.database_url) {
        (true, None) => None,
        (_, url) => Some(Target::parse(url.as_deref())?),
    };
    let connection = match &target {
        Some(target) => Some(target.connect().await?),
        None => None,
    };
    let mut wish = args.wish.clone();
    let mut left = None;
    if let (true, Some(connection)) = (args.resume, &connection) {
        let unfinished = Unfinished::take(connection, &source::name(source_url)?).await?;
        if unfinished.wish.filter.is_some() {
            let hint = "go on as that role, or begin a new pull with --where";
            stored_filter::refuse_foreign(connection, unfinished.number, hint).await?;
        }
        wish = unfinished.wish.clone();
        // Whoever asks for it now shall have it, too.
        wish.undoable |= args.wish.undoable;
        left = Some(unfinished);
    }
    if let (Some(load), Some(connection)) = (args.retry_rejects, &connection) {
        wish = retry::wish(connection, load, source_url, &args.wish).await?;
    }
    if let Some(why) = wish.filter.as_deref().and_then(source::leaves_its_place) {
        return Err(Failure::new(format!("--where is not one condition: {why}"))
            .hint("write what could stand between WHERE ( and ), such as \"ITEM_TYPE = 'FG' AND QTY > 0\""));
    }
    let options = source::Options {
        encoding: wish.encoding.clone(),
        keep_offset: wish.keep_offset,
        update_column: wish.update_column.clone(),
        retries: args.retries,
    };
    let source = source::open(source_url, &options).await?;
    let done = left.as_ref().map_or(&[][..], |left| &left.done);
    let (plans, audits) = plan(&wish, done, source.as_ref(), connection.as_ref()).await?;
    let retry = match (wish.retry, &connection, plans.iter().flatten().next()) {
        (Some(load), Some(connection), Some(plan)) => Some(Retry::ask(connection, load, plan).await?),
        _ => None,
    };
    let wanted = retry.as_ref().map(|retry| retry.wanted.clone());
    // Those that were mended shall go in whatever becomes of the others.
    wish.max_rejects = wish.max_rejects.max(retry.as_ref().map_or(0, Retry::rejects));
    // Before the run begins: if it is refused, there is nothing to go on with.
    if let (Some(connection), false) = (&connection, args.dry_run) {
        tokio::select! {
            audited = undo::audit(&audits, connection) => audited?,
            () = stop.wait() => {
                connection.cancel().await;
                return Err(Failure::follow_up());
            }
        }
    }
    // The session that began the run holds it until the end: so it is known that it goes on.
    let number = match (&connection, args.dry_run, &left) {
        (Some(connection), false, None) => {
            let environment = environment(args, source.as_ref(), target.as_ref(), &plans);
            Some(begin_run(connection, source.as_ref(), &wish, &environment).await?)
        }
        (_, _, left) => left.as_ref().map(|left| left.number),
    };

    let run = Arc::new(Run {
        source,
        target: if args.dry_run { None } else { target.clone() },
        mode: wish.mode,
        filter: wish.filter.clone(),
        own_account: !wish.no_source_account,
        again: wish.again,
        max_rejects: wish.max_rejects,
        wanted,
        number,
        resumed: left.is_some(),
        retries: args.retries,
        readers: Arc::new(Semaphore::new(usize::from(args.jobs))),
        jobs: usize::from(args.jobs),
        stop,
        kept: AtomicBool::new(false),
    });
    if run.stop.is_set() {
        return Err(Failure::follow_up());
    }
    let all: Vec<Arc<Plan>> = plans.iter().flatten().cloned().collect();
    let (loaded, mut failed) = load_all(&run, plans, usize::from(args.jobs)).await;
    if run.kept.load(Ordering::Relaxed) {
        failed = failed.map(|failed| failed.also(RESUME));
    }
    if let (Some(retry), Some(connection)) = (&retry, &connection) {
        for table in &loaded {
            retry.mark(connection, &table.report).await?;
        }
    }
    let bytes: u64 = loaded.iter().map(|loaded| loaded.bytes).sum();
    let mut not_carried_over = Vec::new();
    if let (None, Some(connection), Some(number), false) = (&failed, &connection, number, wish.data_only) {
        match carry_structure(&run, number, connection, &wish, &all).await {
            Ok(left_out) => not_carried_over = left_out,
            Err(error) => failed = Some(error),
        }
    }
    let report = Report {
        exact: failed.is_none() && loaded.iter().all(|loaded| loaded.report.exact),
        dry_run: args.dry_run,
        source: run.source.name(),
        target: target.map_or_else(|| "no database".to_owned(), |target| target.name()),
        started_at: humantime::format_rfc3339_millis(started_at).to_string(),
        finished_at: humantime::format_rfc3339_millis(SystemTime::now()).to_string(),
        key_totals: loaded
            .iter()
            .map(|loaded| (loaded.report.target.clone(), json!(loaded.totals)))
            .collect::<Map<_, _>>(),
        tables: loaded.into_iter().map(|loaded| loaded.report).collect(),
        not_carried_over: not_carried_over.iter().map(|left_out| json!(left_out)).collect(),
    };
    if let (None, Some(connection), Some(number)) = (&failed, &connection, number) {
        let told = for_the_books(&report, left.is_some());
        let ended = connection.client.execute("SELECT rsl.run_finish($1, $2)", &[&number, &told]).await;
        failed = ended.map_err(failure).err();
    }
    let printed = match args.format {
        Format::Json => say!("{:#}", json!(report)),
        // What failed is said on standard error; a summary of nothing would only be in the way.
        Format::Text if report.tables.is_empty() => Ok(()),
        Format::Text => report::print(&report, &not_carried_over, bytes),
    };
    // What has failed before is the cause that matters, and what was loaded is loaded all the same.
    for unsaid in [printed, file.write(&format!("{:#}\n", json!(report)))].into_iter().filter_map(Result::err)
    {
        failed = Some(match failed {
            Some(failed) => failed.also(unsaid.what()),
            None if args.dry_run => unsaid,
            None => {
                unsaid.also("the rows are loaded all the same: rsl report --last says what became of them")
            }
        });
    }
    match failed {
        Some(failed) => Err(failed),
        None if report.exact => Ok(exit::OK),
        None => Ok(exit::DIFFERENT),
    }
}

/// A pull that did not come to its end.
struct Unfinished {
    number: i64,
    wish: Wish,
    /// Objects that are exact already.
    done: Vec<String>,
}

impl Unfinished {
    /// The latest one from this source whose process is gone.
    async fn take(connection: &Connection, source: &str) -> Result<Self> {
        let row =
            connection.client.query_one("SELECT rsl.run_resume($1)", &[&source]).await.map_err(failure)?;
        let run: Option<Value> = row.get(0);
        let run = run.ok_or_else(|| {
            Failure::new(format!("there is no pull from {source} that could be gone on with"))
                .hint("every pull from there has come to its end, or is still running: rsl loads lists them")
        })?;
        let unreadable = || Failure::new("what is remembered of the pull does not read; begin a new one");
        let number = run["run_id"].as_i64().ok_or_else(unreadable)?;
        let wish = serde_json::from_value(run["options"].clone()).map_err(|_| unreadable())?;
        let done: Vec<String> = serde_json::from_value(run["done"].clone()).map_err(|_| unreadable())?;
        eprintln!("going on with pull {number}: {} tables are exact already", done.len());
        Ok(Self { number, wish, done })
    }
}

/// What `rsl report` will tell of where this run ran. No URL with a password, and nothing of the command line.
fn environment(args: &Pull, source: &dyn Source, target: Option<&Target>, plans: &[Vec<Arc<Plan>>]) -> Value {
    json!({
        "rsl": env!("CARGO_PKG_VERSION"),
        "source_version": source.version(),
        "target": target.map(Target::name),
        "host": host_name(),
        "jobs": args.jobs,
        "objects": plans.iter().flatten().map(|plan| plan.table.object.as_str()).collect::<Vec<_>>(),
    })
}

/// Of this machine, as it calls itself.
fn host_name() -> Option<String> {
    let mut name = [0u8; 256];
    // SAFETY: the buffer is as long as is said; a longer name is cut off, then without a zero byte at its end.
    let failed = unsafe { libc::gethostname(name.as_mut_ptr().cast(), name.len()) };
    let length = name.iter().position(|byte| *byte == 0).unwrap_or(name.len());
    (failed == 0 && length > 0).then(|| String::from_utf8_lossy(&name[..length]).into_owned())
}

/// What no load knows of this run: the wall times of this process and what it left out.
fn for_the_books(report: &Report, resumed: bool) -> Value {
    let tables =
        report.tables.iter().map(|table| json!({"load_id": table.load_id, "seconds": table.seconds}));
    json!({
        "started_at": report.started_at,
        "finished_at": report.finished_at,
        "resumed": resumed,
        "tables": tables.collect::<Vec<_>>(),
        "not_carried_over": report.not_carried_over,
    })
}

async fn begin_run(
    connection: &Connection,
    source: &dyn Source,
    wish: &Wish,
    environment: &Value,
) -> Result<i64> {
    let row = connection
        .client
        .query_one("SELECT rsl.run_begin($1, $2, $3)", &[&source.name(), &json!(wish), &environment])
        .await
        .map_err(failure)?;
    Ok(row.get(0))
}

/// After the rows, what the tables that this pull created have besides; also those that an earlier process of it created.
async fn carry_structure(
    run: &Run,
    number: i64,
    connection: &Connection,
    wish: &Wish,
    plans: &[Arc<Plan>],
) -> Result<Vec<NotCarried>> {
    let rows = connection
        .client
        .query(
            "SELECT object, (parse_ident(target))[1], (parse_ident(target))[2] FROM rsl.load
             WHERE run_id = $1 AND status IN ('exact', 'partial') AND definition IS NOT NULL ORDER BY load_id",
            &[&number],
        )
        .await
        .map_err(failure)?;
    let mut carried = Vec::new();
    for row in rows {
        let (object, schema, name): (String, String, String) = (row.get(0), row.get(1), row.get(2));
        let structure = run.source.structure(&object).await?;
        match plans.iter().find(|plan| plan.table.object == object) {
            Some(plan) => carried.push(Carried::new(plan, structure)),
            None => {
                let table = run.source.describe(&object).await?;
                let plan =
                    Plan::new(table, (&schema, Some(&name)), &wish.key, wish.names, Some(connection)).await?;
                carried.push(Carried::new(&plan, structure));
            }
        }
    }
    if carried.is_empty() {
        return Ok(Vec::new());
    }
    let surroundings = Surroundings::look(connection).await?.keep_names(wish.names == Names::Keep);
    Ok(carry_over::carry_over(connection, &carry_over::statements(&carried, &surroundings)).await)
}

/// What is to be loaded, in groups that may go side by side, and what has to be audited before that.
async fn plan(
    wish: &Wish,
    done: &[String],
    source: &dyn Source,
    connection: Option<&Connection>,
) -> Result<(Vec<Vec<Arc<Plan>>>, Vec<undo::Audit>)> {
    let present = source.objects().await?;
    let named = (!wish.all).then_some(&wish.objects[..]);
    let mut wanted = source::choose(&present, named, &wish.include, &wish.exclude)?;
    let into = match wish.into.split_once('.') {
        Some((schema, table)) if wanted.len() == 1 => (schema, Some(table)),
        Some(_) => {
            return Err(Failure::new(format!(
                "--into {} names one table, but {} are to be loaded",
                wish.into,
                wanted.len()
            ))
            .hint("name only the schema, or load one at a time"));
        }
        None => (wish.into.as_str(), None),
    };
    wanted.retain(|object| !done.contains(object));
    let mut plans = HashMap::new();
    for object in &wanted {
        let table = source.describe(object).await?;
        let mut plan = Plan::new(table, into, &wish.key, wish.names, connection).await?;
        undo::foresee(&mut plan, wish.mode, connection).await?;
        // A few rows by their keys are in no order: there is no place to go on from.
        plan.table.resumes &= wish.retry.is_none();
        plans.insert(object.clone(), plan);
    }
    refuse_twins(&plans)?;
    let audits = match connection {
        Some(connection) if wish.undoable => {
            undo::need_audit(&mut plans.values_mut().collect::<Vec<_>>(), wish.mode, connection).await?
        }
        _ => Vec::new(),
    };
    let mut refers: HashMap<String, BTreeSet<String>> = HashMap::new();
    // A target that exists has foreign keys of its own, and only those can refuse a row.
    for (object, plan) in plans.iter().filter(|(_, plan)| plan.creates) {
        let parents = plan
            .table
            .parents
            .iter()
            .filter_map(|parent| source::find(&present, parent).ok())
            .map(str::to_owned);
        refers.insert(object.clone(), parents.collect());
    }
    if let Some(connection) = connection {
        add_foreign_keys_of_targets(connection, &plans, &mut refers).await?;
    }
    let groups = order(&wanted, &refers);
    let groups = groups
        .into_iter()
        .map(|group| group.iter().filter_map(|object| plans.remove(object)).map(Arc::new).collect())
        .collect();
    Ok((groups, audits))
}

/// Two objects of different schemas, or that differ only in case, would become one table.
fn refuse_twins(plans: &HashMap<String, Plan>) -> Result<()> {
    let mut by_target: HashMap<_, &String> = HashMap::new();
    for (object, plan) in plans {
        if let Some(other) = by_target.insert(&plan.target, object) {
            let (first, second) = if object < other { (object, other) } else { (other, object) };
            return Err(Failure::new(format!(
                "{first} and {second} would both become {}",
                plan.target_name()
            ))
            .hint("load them apart, each with its own --into"));
        }
    }
    Ok(())
}

/// Foreign keys between targets that exist.
async fn add_foreign_keys_of_targets(
    connection: &Connection,
    plans: &HashMap<String, Plan>,
    refers: &mut HashMap<String, BTreeSet<String>>,
) -> Result<()> {
    let rows = connection
        .client
        .query(
            "SELECT cn.nspname::text, c.relname::text, pn.nspname::text, p.relname::text
             FROM pg_catalog.pg_constraint k
             JOIN pg_catalog.pg_class c ON c.oid = k.conrelid JOIN pg_catalog.pg_namespace cn ON cn.oid = c.relnamespace
             JOIN pg_catalog.pg_class p ON p.oid = k.confrelid JOIN pg_catalog.pg_namespace pn ON pn.oid = p.relnamespace
             WHERE k.contype = 'f'",
            &[],
        )
        .await
        .map_err(failure)?;
    let by_target: HashMap<_, _> =
        plans.values().map(|plan| (plan.target.clone(), plan.table.object.clone())).collect();
    for row in rows {
        let (child, parent) = ((row.get(0), row.get(1)), (row.get(2), row.get(3)));
        if let (Some(child), Some(parent)) = (by_target.get(&child), by_target.get(&parent)) {
            refers.entry(child.clone()).or_default().insert(parent.clone());
        }
    }
    Ok(())
}

/// Loads group after group, up to `jobs` tables of a group at once. The first failure ends the run; what was loaded
/// before stays loaded and is in the report.
async fn load_all(
    run: &Arc<Run>,
    groups: Vec<Vec<Arc<Plan>>>,
    jobs: usize,
) -> (Vec<Loaded>, Option<Failure>) {
    let progress = Progress::new();
    let mut loaded = Vec::new();
    let mut failed: Option<Failure> = None;
    for group in groups {
        let mut waiting = group.into_iter();
        let mut running: JoinSet<Result<Loaded>> = JoinSet::new();
        loop {
            while failed.is_none() && running.len() < jobs {
                let Some(plan) = waiting.next() else { break };
                let (run, bar) = (run.clone(), progress.table(&plan.table.object));
                running.spawn(async move { run.table(&plan, bar).await });
            }
            match running.join_next().await {
                None => break,
                Some(Ok(Ok(table))) => loaded.push(table),
                Some(Ok(Err(error))) => {
                    run.stop.set();
                    if failed.as_ref().is_none_or(Failure::is_follow_up) {
                        failed = Some(error);
                    }
                }
                Some(Err(error)) => {
                    failed = Some(Failure::new(format!("a table's load ended unexpectedly: {error}")))
                }
            }
        }
        if failed.is_some() {
            break;
        }
    }
    (loaded, failed)
}
