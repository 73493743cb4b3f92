//! The table's side: digests of its buckets, and the rows of the buckets that differ next to those of the source, in temporary
//! tables. All of it is of one moment: one transaction, REPEATABLE READ.

use std::num::NonZeroU32;
use std::pin::pin;
use std::sync::Arc;

use futures_util::{SinkExt, TryStreamExt};
use rsl_core::common::Sums;
use rsl_core::{Digest, PgType};
use serde_json::Value;
use tokio::sync::mpsc;

use super::columns::{Columns, Found};
use super::differences::{Difference, Tally};
use super::look::{Look, Wanted};
use super::way::{Print, Way};
use crate::failure::{Failure, Result};
use crate::retry::waits;
use crate::target::connection::{Connection, failure_of};
use crate::target::plan::quote;
use crate::target::sink::Parcel;

pub const ACCESS: &str =
    "ask the owner for GRANT SELECT on the table, and for SELECT rsl.grant_access(your role, 'read')";
pub const LOST: &str = "nothing has changed: run it again";

/// Rows of a side that may be in the temporary tables at a time, unless one bucket has more.
const BATCH_ROWS: u64 = 200_000;

fn failure(error: tokio_postgres::Error) -> Failure {
    failure_of(error, ACCESS, LOST)
}

/// Whether the server lets this role have temporary tables.
pub async fn check(connection: &Connection) -> Result<()> {
    let row = connection
        .client
        .query_one("SELECT pg_is_in_recovery(), has_database_privilege(current_database(), 'TEMP'), current_user::text, current_database()::text", &[])
        .await
        .map_err(failure)?;
    if row.get(0) {
        return Err(Failure::new("the server is a standby, which has no temporary tables")
            .hint("compare with its primary; rsl.table_digest works on a standby"));
    }
    if !row.get::<_, bool>(1) {
        let (role, database): (String, String) = (row.get(2), row.get(3));
        return Err(Failure::new(format!(
            "role {role} may not make temporary tables in the database {database}, in which the rows that differ are compared"
        ))
        .hint(format!("ask the owner for GRANT TEMPORARY ON DATABASE {} TO {}", quote(&database), quote(&role))));
    }
    Ok(())
}

/// The table's side of a comparison.
pub struct Rows<'a> {
    connection: &'a Connection,
    found: &'a Found,
    columns: &'a Columns,
    /// Rows of the table, and how many of them have a NULL in the key.
    pub rows: u64,
    pub null_keys: u64,
}

/// Buckets that are asked for in one statement of the source.
const BATCH_BUCKETS: usize = 1000;

/// What became of the buckets that differed.
#[derive(Debug, Default)]
pub struct Compared {
    pub tally: Tally,
    /// There are buckets that differ and were not looked at.
    pub more: bool,
    /// Differences found in the others, listed or not.
    pub found: u64,
    /// Buckets whose rows in the source were not the same in both readings.
    pub moved: u64,
    /// Buckets that were found to differ and do not any more.
    pub vanished: u64,
    /// Rows that were sent to the database.
    pub sent: u64,
}

impl<'a> Rows<'a> {
    /// Begins the transaction, and counts.
    pub async fn begin(connection: &'a Connection, found: &'a Found, columns: &'a Columns) -> Result<Self> {
        let client = &connection.client;
        client
            .batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ WRITE; SET LOCAL timezone = 'UTC'")
            .await
            .map_err(failure)?;
        let nulls: Vec<_> =
            columns.key_names().iter().map(|name| format!("t.{} IS NULL", quote(name))).collect();
        let nulls = if nulls.is_empty() { "false".to_owned() } else { nulls.join(" OR ") };
        let sql = format!("SELECT count(*), count(*) FILTER (WHERE {nulls}) FROM {} t", found.sql);
        let row = client.query_one(&sql, &[]).await.map_err(failure)?;
        let count = |at| row.get::<_, i64>(at) as u64;
        Ok(Self { connection, found, columns, rows: count(0), null_keys: count(1) })
    }

    /// What is known of each bucket of a table, in order.
    pub async fn prints(&self, way: &Way, buckets: NonZeroU32) -> Result<Vec<Print>> {
        self.prints_of(&self.found.sql, way, buckets).await
    }

    async fn prints_of(&self, table: &str, way: &Way, buckets: NonZeroU32) -> Result<Vec<Print>> {
        let (key, names, count) = (self.columns.key_names(), self.columns.names(), buckets.get() as i32);
        let client = &self.connection.client;
        let (rows, empty) = match way {
            Way::Rows(_) => {
                let sql = "SELECT bucket, digest FROM rsl.table_buckets($1::text::regclass, $2, $3, $4)";
                (client.query(sql, &[&table, &key, &names, &count]).await, Print::from(&Digest::default()))
            }
            Way::Source(plan) => {
                let sql =
                    "SELECT bucket, sums FROM rsl.table_source_buckets($1::text::regclass, $2, $3, $4, $5)";
                (
                    client.query(sql, &[&table, &key, &names, &plan.places, &count]).await,
                    Print::from(Sums::default()),
                )
            }
        };
        let mut prints = vec![empty; buckets.get() as usize];
        for row in rows.map_err(failure)? {
            let (bucket, text): (i32, &str) = (row.get(0), row.get(1));
            let print = match way {
                Way::Rows(_) => text.parse().ok().map(|digest: Digest| Print::from(&digest)),
                Way::Source(_) => text.parse().ok().map(|sums: Sums| Print::from(sums)),
            };
            let place = usize::try_from(bucket).ok().and_then(|at| prints.get_mut(at));
            match (place, print) {
                (Some(place), Some(print)) => *place = print,
                _ => return Err(Failure::new("the database tells of buckets that were not asked for")),
            }
        }
        Ok(prints)
    }

    /// Looks at the rows of the buckets that differ, until `limit` differences were told.
    pub async fn compare(
        &self,
        look: &Arc<Look>,
        way: &Way,
        (first, target): (&[Print], &[Print]),
        limit: u64,
        mut tell: impl FnMut(&Difference) -> Result<()>,
    ) -> Result<Compared> {
        let mut compared = Compared::default();
        let differing: Vec<usize> = (0..first.len()).filter(|&at| first[at] != target[at]).collect();
        if differing.is_empty() {
            return Ok(compared);
        }
        self.make_tables().await?;
        let mut told = 0;
        let mut waiting = &differing[..];
        while !waiting.is_empty() {
            if told >= limit {
                compared.more = true;
                break;
            }
            let (batch, rest) = waiting.split_at(batch_size(waiting, way, first, target));
            waiting = rest;
            let now = self.fetch(look, way, batch, &mut compared.sent).await?;
            compared.moved += batch.iter().filter(|&&at| now[at] != first[at]).count() as u64;
            let vanished = batch.iter().filter(|&&at| now[at] == target[at]).count();
            compared.vanished += vanished as u64;
            let before = told;
            self.list(&mut compared, &mut told, limit, &mut tell).await?;
            compared.found = told;
            if told == before && vanished < batch.len() {
                return Err(Failure::new(format!(
                    "rows of {} and {} differ, but rsl.diff does not say in what",
                    look.table.object, self.found.name
                )));
            }
        }
        Ok(compared)
    }

    async fn make_tables(&self) -> Result<()> {
        let column = |(name, ty): &(String, PgType)| match ty {
            // With a length every value would be filled up to it.
            PgType::Char(_) => format!("{} bpchar", quote(name)),
            _ => format!("{} {ty}", quote(name)),
        };
        let columns: Vec<_> = self.columns.compared.iter().map(column).collect();
        let sql = format!(
            "DROP TABLE IF EXISTS pg_temp.rsl_diff_bucket, pg_temp.rsl_diff_source, pg_temp.rsl_diff_target;
             CREATE TEMP TABLE rsl_diff_bucket (bucket int) ON COMMIT DROP;
             CREATE TEMP TABLE rsl_diff_source ({}) ON COMMIT DROP;
             CREATE TEMP TABLE rsl_diff_target ON COMMIT DROP AS SELECT {} FROM {} t WITH NO DATA",
            columns.join(", "),
            self.columns.list_sql(),
            self.found.sql
        );
        self.connection.client.batch_execute(&sql).await.map_err(failure)
    }

    /// Fills the temporary tables with the rows of some buckets. When the source's connection is lost, all over again.
    async fn fetch(
        &self,
        look: &Arc<Look>,
        way: &Way,
        batch: &[usize],
        sent: &mut u64,
    ) -> Result<Vec<Print>> {
        let client = &self.connection.client;
        let numbers: Vec<i32> = batch.iter().map(|&at| at as i32).collect();
        let buckets = look.buckets;
        client
            .batch_execute("TRUNCATE pg_temp.rsl_diff_bucket, pg_temp.rsl_diff_target")
            .await
            .map_err(failure)?;
        client
            .execute("INSERT INTO pg_temp.rsl_diff_bucket SELECT unnest($1::int[])", &[&numbers])
            .await
            .map_err(failure)?;
        let (function, wanted) = match way {
            Way::Rows(_) => {
                let mut wanted = vec![false; buckets.get() as usize];
                batch.iter().for_each(|&at| wanted[at] = true);
                (format!("rsl.key_bucket({buckets}, "), Wanted::Buckets(Arc::new(wanted)))
            }
            Way::Source(plan) => {
                let places: Vec<_> = match self.columns.key.is_empty() {
                    true => plan.places.iter().map(i32::to_string).collect(),
                    false => self.columns.key.iter().map(|&at| plan.places[at].to_string()).collect(),
                };
                let list: Vec<_> = numbers.iter().map(i32::to_string).collect();
                (
                    format!("rsl.source_key_bucket({buckets}, '{{{}}}', ", places.join(",")),
                    Wanted::Where(Arc::new(format!("{} IN ({})", plan.bucket, list.join(", ")))),
                )
            }
        };
        let sql = format!(
            "INSERT INTO pg_temp.rsl_diff_target SELECT {} FROM {} t WHERE {function}{}) IN (SELECT bucket FROM pg_temp.rsl_diff_bucket)",
            self.columns.list_sql(),
            self.found.sql,
            self.columns.key_sql()
        );
        client.execute(&sql, &[]).await.map_err(failure)?;
        let mut left = waits(look.retries);
        loop {
            client.batch_execute("TRUNCATE pg_temp.rsl_diff_source").await.map_err(failure)?;
            let (parcels, received) = mpsc::channel(1);
            let (looked, copied) = tokio::join!(look.rows(wanted.clone(), parcels), self.copy(received));
            // A reader that nobody listens to any more only says that.
            let failed = match (looked, copied) {
                (Ok(looked), Ok(rows)) => {
                    *sent += rows;
                    client
                        .batch_execute("ANALYZE pg_temp.rsl_diff_source; ANALYZE pg_temp.rsl_diff_target")
                        .await
                        .map_err(failure)?;
                    return match way {
                        Way::Rows(_) => Ok(looked.seen.buckets.digests().iter().map(Print::from).collect()),
                        Way::Source(_) => self.prints_of("pg_temp.rsl_diff_source", way, buckets).await,
                    };
                }
                (Err(failed), Err(copying)) if failed.is_follow_up() => return Err(copying),
                (Ok(_), Err(copying)) => return Err(copying),
                (Err(failed), _) => failed,
            };
            let Some(wait) = left.next().filter(|_| failed.is_transient()) else { return Err(failed) };
            eprintln!("{failed}\nreading again in {:.1} s", wait.as_secs_f64());
            tokio::time::sleep(wait).await;
        }
    }

    /// Each chunk is a whole stream of COPY.
    async fn copy(&self, mut received: mpsc::Receiver<Parcel>) -> Result<u64> {
        let mut rows = 0;
        while let Some(parcel) = received.recv().await {
            let sink = self
                .connection
                .client
                .copy_in("COPY pg_temp.rsl_diff_source FROM STDIN (FORMAT binary)")
                .await
                .map_err(failure)?;
            let mut sink = pin!(sink);
            let payload = parcel.chunk.payload;
            sink.send(std::io::Cursor::new(payload)).await.map_err(failure)?;
            rows += sink.finish().await.map_err(failure)?;
        }
        Ok(rows)
    }

    async fn list(
        &self,
        compared: &mut Compared,
        told: &mut u64,
        limit: u64,
        tell: &mut impl FnMut(&Difference) -> Result<()>,
    ) -> Result<()> {
        let key = Some(self.columns.key_names()).filter(|key| !key.is_empty());
        let stream = self
            .connection
            .client
            .query_raw(
                "SELECT key, kind, \"column\", \"left\", \"right\" FROM rsl.diff('pg_temp.rsl_diff_source'::regclass, 'pg_temp.rsl_diff_target'::regclass, $1)",
                [key],
            )
            .await
            .map_err(failure)?;
        let mut stream = pin!(stream);
        while let Some(row) = stream.try_next().await.map_err(failure)? {
            let key = match row.get::<_, Option<Value>>(0) {
                Some(Value::Object(key)) => Some(key),
                _ => None,
            };
            let difference =
                Difference { key, kind: row.get(1), column: row.get(2), left: row.get(3), right: row.get(4) };
            compared.tally.add(&difference);
            *told += 1;
            if *told <= limit {
                tell(&difference)?;
            }
        }
        Ok(())
    }
}

/// How many of the buckets are looked at together.
fn batch_size(waiting: &[usize], way: &Way, first: &[Print], target: &[Print]) -> usize {
    let mut rows = 0;
    let fits = |&&at: &&usize| {
        rows += first[at].rows.max(target[at].rows);
        rows <= BATCH_ROWS
    };
    let most = match way {
        Way::Rows(_) => usize::MAX,
        Way::Source(_) => BATCH_BUCKETS,
    };
    waiting.iter().take(most).take_while(fits).count().max(1)
}
