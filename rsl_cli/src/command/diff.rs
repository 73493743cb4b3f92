//! `rsl diff`.

mod report;

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use rsl_core::common::Sums;
use serde_json::json;

use super::interrupt::interrupt;
use super::relation;
use crate::args::Diff;
use crate::failure::{Failure, Result, exit};
use crate::progress::{Note, Progress};
use crate::source::{self, Consistency, Source};
use crate::target::connection::{Connection, Target};
use crate::target::diff::{Columns, Found, Look, Print, Rows, Way, check};
use crate::target::plan::is_plain;
use crate::target::sink::Stop;
use report::{Report, Summary, Verdict};

/// Rows of a bucket, on the average, unless there would be too few or too many buckets.
const ROWS_OF_A_BUCKET: u64 = 64;
const FEWEST_BUCKETS: u64 = 64;
const MOST_BUCKETS: u64 = 65_536;

const INTERRUPTED: &str = "nothing has changed";

pub async fn run(args: Diff) -> Result<u8> {
    let stop = Stop::default();
    let target = Target::parse(args.database.database_url.as_deref())?;
    let connection = target.connect().await?;
    let outcome = {
        let work = diff(&args, &target, &connection, stop.clone());
        tokio::pin!(work);
        tokio::select! {
            outcome = &mut work => return outcome,
            () = interrupt() => {}
        }
        stop.set();
        connection.cancel().await;
        tokio::select! {
            outcome = &mut work => outcome,
            () = interrupt() => Err(Failure::interrupted(INTERRUPTED)),
        }
    };
    match outcome {
        // It was done in that moment.
        Ok(code) => Ok(code),
        Err(_) => Err(Failure::interrupted(INTERRUPTED)),
    }
}

async fn diff(args: &Diff, target: &Target, connection: &Connection, stop: Stop) -> Result<u8> {
    let started = Instant::now();
    let source_url = args.source.as_deref().ok_or_else(|| {
        Failure::new("no source is named")
            .hint("set RSL_SOURCE_URL, in the environment or in .env, or give --source")
    })?;
    if let Some(why) = args.filter.as_deref().and_then(source::leaves_its_place) {
        return Err(Failure::new(format!("--where is not one condition: {why}"))
            .hint("write what could stand between WHERE ( and ), such as \"ITEM_TYPE = 'FG' AND QTY > 0\""));
    }
    check(connection).await?;
    let table = relation::find(connection, &args.table).await.map_err(|failed| {
        // --into takes names without quotes, and a name that differs by case only may be there.
        match args.table.split('.').all(is_plain) {
            true => failed
                .also(format!("rsl pull {} --into {} makes the table and fills it", args.object, args.table)),
            false => failed,
        }
    })?;
    let found = Found::look_up(connection, table).await?;
    let options = source::Options {
        encoding: args.encoding.clone(),
        keep_offset: args.keep_offset,
        update_column: None,
        retries: args.retries,
    };
    let source = source::open(source_url, &options).await?;
    let object = {
        let present = source.objects().await?;
        source::find(&present, &args.object)?.to_owned()
    };
    let described = source.describe(&object).await?;
    let columns = Columns::pair(described, &found, &args.key, connection).await?;
    let mut report = Report::open(args)?;
    for difference in &columns.different {
        report.tell(difference)?;
    }

    let rows = Rows::begin(connection, &found, &columns).await?;
    let estimate = source.estimate(&columns.table).await?.unwrap_or(0);
    let look = Arc::new(look(args, source.clone(), &columns, rows.rows.max(estimate), stop));
    let progress = Progress::new();
    let bar = progress.table(&columns.table.object);
    let look =
        Arc::new(Look { progress: bar.rows(), ..Arc::into_inner(look).ok_or_else(Failure::follow_up)? });
    let planned = source.plan_sums(&columns.table, &columns.types, &columns.key, look.buckets).await?;
    let mut way = match planned {
        Ok(plan) => Way::Source(plan),
        Err(why) => Way::Rows(why),
    };
    let limit = u64::from(args.limit).saturating_sub(columns.different.len() as u64).max(1);
    let (first, differing, compared) = loop {
        let (first, of_table) = tokio::try_join!(first_look(&look, &way), rows.prints(&way, look.buckets))?;
        let differing = first.prints.iter().zip(&of_table).filter(|(source, table)| source != table).count();
        let note = (differing > 0)
            .then(|| Note::new(format!("looking at the rows of {differing} buckets that differ")));
        let sides = (&first.prints[..], &of_table[..]);
        let compared = rows.compare(&look, &way, sides, limit, |difference| report.tell(difference)).await?;
        drop(note);
        // Either the source changed in between, or it writes some value in another way than this side does.
        if matches!(way, Way::Source(_)) && compared.vanished > 0 && compared.found == 0 {
            way = Way::Rows(
                "the sums of the source differ, and the rows do not: the source may have changed, or writes a value in another way"
                    .to_owned(),
            );
            continue;
        }
        break (first, differing, compared);
    };
    let rows_read = look.progress.load(Ordering::Relaxed);
    let source_rows = first.prints.iter().map(|print| print.rows).sum();
    // Some were read twice.
    look.progress.store(source_rows, Ordering::Relaxed);
    bar.done("compared");

    let verdict = if compared.tally.any() || !columns.different.is_empty() {
        Verdict::Different
    } else if first.consistency.iter().any(|part| part.changed) || differing > 0 {
        Verdict::Changed
    } else {
        Verdict::Equal
    };
    let summary = Summary {
        verdict,
        source: source.name(),
        object: columns.table.object.clone(),
        database: target.name(),
        table: found.name.clone(),
        key: columns.key_names().into_iter().map(str::to_owned).collect(),
        way: match way {
            Way::Rows(why) => json!({"hashed_by": "program", "why": why}),
            Way::Source(_) => json!({"hashed_by": "source"}),
        },
        source_rows,
        table_rows: rows.rows,
        null_keys: [first.null_keys, Some(rows.null_keys)],
        buckets: look.buckets.get(),
        differing_buckets: differing as u64,
        moved: compared.moved,
        vanished: compared.vanished,
        rows_read,
        rows_sent: compared.sent,
        tally: compared.tally,
        at_least: compared.more,
        differences: compared.found + columns.different.len() as u64,
        notes: columns.notes.clone(),
        consistency: first.consistency,
        seconds: started.elapsed().as_secs_f64(),
    };
    report.end(&summary)?;
    Ok(if verdict == Verdict::Equal { exit::OK } else { exit::DIFFERENT })
}

/// What the source's side is, bucket by bucket.
struct First {
    prints: Vec<Print>,
    /// Rows with a NULL in the key, if they were counted.
    null_keys: Option<u64>,
    consistency: Vec<Consistency>,
}

async fn first_look(look: &Arc<Look>, way: &Way) -> Result<First> {
    match way {
        Way::Rows(_) => {
            let looked = look.digests().await?;
            let prints = looked.seen.buckets.digests().iter().map(Print::from).collect();
            Ok(First { prints, null_keys: Some(looked.seen.null_keys), consistency: looked.consistency })
        }
        Way::Source(plan) => {
            let told = tokio::select! {
                told = look.source.sums(&look.table, plan, look.filter.as_deref()) => told?,
                () = look.stop.wait() => return Err(Failure::follow_up()),
            };
            let mut prints = vec![Print::from(Sums::default()); look.buckets.get() as usize];
            for (bucket, sums) in told.sums {
                let place = prints.get_mut(bucket as usize);
                *place
                    .ok_or_else(|| Failure::new("the source tells of buckets that were not asked for"))? =
                    Print::from(sums);
            }
            Ok(First { prints, null_keys: None, consistency: vec![told.consistency] })
        }
    }
}

fn look(args: &Diff, source: Arc<dyn Source>, columns: &Columns, rows: u64, stop: Stop) -> Look {
    let buckets = (rows / ROWS_OF_A_BUCKET).clamp(FEWEST_BUCKETS, MOST_BUCKETS) as u32;
    Look {
        source,
        table: columns.table.clone(),
        types: columns.compared.iter().map(|(_, ty)| *ty).collect(),
        key: Arc::new(columns.key.clone()),
        buckets: NonZeroU32::new(buckets).unwrap_or(NonZeroU32::MIN),
        filter: args.filter.clone(),
        jobs: usize::from(args.jobs),
        retries: args.retries,
        stop,
        progress: Arc::default(),
    }
}
