//! SQL Server, read through the driver tiberius, which only this folder names. Nothing but SELECT and SET is ever sent.

mod account;
mod catalogue;
mod code_page;
mod column;
mod decode;
#[cfg(test)]
mod garbage_tests;
mod login;
mod product;
mod question;
mod select;
mod session;
mod stage;
mod structure;
mod sums;
mod survey;
mod transient;

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use rsl_core::PgType;

use self::catalogue::Relation;
use self::code_page::TextForm;
use self::decode::Decoder;
use self::login::Login;
pub use self::login::is_sql_server;
use self::product::{PRODUCT, Product};
use self::question::Question;
use self::select::Selected;
use self::session::Session;
use self::stage::{Stage, Taker};
use super::{Account, BucketSums, Column, Consistency, Key, Options, Part, Source, SumsPlan, Table};
use crate::carry_over::Structure;
use crate::failure::{Failure, Result};
use crate::retry::retried;
use crate::survey::Survey;
use crate::target::sink::RowSink;

/// Tables with fewer rows are not worth cutting.
const ROWS_WORTH_CUTTING: u64 = 50_000;
/// Keys that one statement asks for.
const KEYS_AT_ONCE: usize = 100;
/// Parts for each reader, so that none is left waiting long for the last.
const PARTS_PER_READER: u64 = 4;
/// Connections that have been idle for longer are not used again.
const LONGEST_IDLE: Duration = Duration::from_secs(30);
/// Of a column whose values would arrive as something else, and be counted so by the source as well.
const MASKED: &str = "the source shows the login a mask instead of its values";
const UNMASK: &str =
    "GRANT UNMASK TO the login, in the source, or make a view there that leaves the column out";
/// What follows the name of a datetimeoffset in the column of its offset.
const OFFSET_SUFFIX: &str = "_offset";

/// A database of a SQL Server. Every reading has a connection of its own.
pub struct SqlServer {
    login: Arc<Login>,
    snapshot: bool,
    product: Product,
    told: Option<TextForm>,
    keep_offset: bool,
    update_column: Option<String>,
    retries: u16,
    /// Connections on which the catalogue was asked, and since when they are idle.
    idle: Mutex<Vec<(Session, Instant)>>,
    /// What was described, for the reading.
    relations: Mutex<HashMap<String, Arc<Relation>>>,
}

impl SqlServer {
    /// Logs in once, to see whether it can be done, and asks whether the database gives snapshots, and its version.
    pub async fn open(text: &str, options: &Options) -> Result<Self> {
        let login = Arc::new(Login::parse(text)?);
        let told = options.encoding.as_deref().map(TextForm::of_name).transpose()?;
        let (snapshot, product) = Self::asked_first(&login, options.retries).await?;
        let (keep_offset, retries) = (options.keep_offset, options.retries);
        let update_column = options.update_column.clone();
        let (idle, relations) = (Mutex::default(), Mutex::default());
        Ok(Self { login, snapshot, product, told, keep_offset, update_column, retries, idle, relations })
    }

    /// Whether the database gives snapshots, and what it is.
    async fn asked_first(login: &Arc<Login>, retries: u16) -> Result<(bool, Product)> {
        retried(retries, false, move || async move {
            let mut session = Session::open(login).await?;
            let asked = format!(
                "SELECT CAST(snapshot_isolation_state AS int), {PRODUCT} FROM sys.databases WHERE database_id = DB_ID()"
            );
            let rows = session.rows(&asked, None).await?;
            let Some(row) = rows.first() else { return Ok((false, Product::default())) };
            Ok((catalogue::optional_number(row, 0)? == Some(1), Product::read(row, 1)?))
        })
        .await
    }

    /// The server and database that a text names.
    pub fn name_of(text: &str) -> Result<String> {
        Ok(Login::parse(text)?.name())
    }

    async fn relation(&self, object: &str) -> Result<Arc<Relation>> {
        let known = self.relations.lock().unwrap_or_else(PoisonError::into_inner).get(object).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let relation = self
            .again(move || async move {
                let mut session = self.asking().await?;
                let relation = catalogue::relation(&mut session, object, self.told, &self.product).await?;
                self.asked(session);
                Ok(relation)
            })
            .await?;
        let relation = Arc::new(relation);
        let mut relations = self.relations.lock().unwrap_or_else(PoisonError::into_inner);
        relations.insert(object.to_owned(), relation.clone());
        Ok(relation)
    }

    /// A connection to ask the catalogue on. A login costs more than most questions, above all over a long line.
    async fn asking(&self) -> Result<Session> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        match idle {
            // What has been idle for long may have been cut on the way without anybody saying so.
            Some((session, since)) if since.elapsed() < LONGEST_IDLE => Ok(session),
            _ => Session::open(&self.login).await,
        }
    }

    /// Keeps a connection whose last answer has come whole.
    fn asked(&self, session: Session) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push((session, Instant::now()));
    }

    /// Asks the catalogue, again if it fails for a passing reason.
    async fn again<T, F>(&self, work: impl FnMut() -> F) -> Result<T>
    where
        F: Future<Output = Result<T>>,
    {
        retried(self.retries, true, work).await
    }

    /// A connection whose statements see one moment, where the database allows it. It is not used again.
    async fn reading_session(&self) -> Result<Session> {
        let mut session = self.asking().await?;
        // Implicit transactions begin with the first SELECT and end with the connection: nothing but SET is needed.
        session
            .run(match self.snapshot {
                true => "SET TRANSACTION ISOLATION LEVEL SNAPSHOT; SET IMPLICIT_TRANSACTIONS ON; SET LOCK_TIMEOUT 60000",
                false => "SET TRANSACTION ISOLATION LEVEL READ COMMITTED; SET LOCK_TIMEOUT 60000",
            })
            .await?;
        Ok(session)
    }

    /// Columns of the answer for the columns of a table, which may be fewer than the source has.
    fn selected(relation: &Relation, table: &Table) -> Result<Vec<Selected>> {
        let find = |name: &str| relation.columns.iter().position(|column| column.name == name);
        let select = |column: &Column| {
            find(&column.name)
                .map(Selected::Column)
                .or_else(|| find(column.name.strip_suffix(OFFSET_SUFFIX)?).map(Selected::OffsetOf))
        };
        table
            .columns
            .iter()
            .map(|column| {
                select(column).ok_or_else(|| {
                    Failure::new(format!("{} has no column {} any more", table.object, column.name))
                })
            })
            .collect()
    }
}

#[async_trait]
impl Source for SqlServer {
    fn name(&self) -> String {
        self.login.name()
    }

    fn version(&self) -> Option<String> {
        self.product.shown()
    }

    async fn objects(&self) -> Result<Vec<String>> {
        self.again(move || async move {
            let mut session = self.asking().await?;
            let objects = catalogue::objects(&mut session).await?;
            self.asked(session);
            Ok(objects)
        })
        .await
    }

    async fn describe(&self, object: &str) -> Result<Table> {
        let relation = self.relation(object).await?;
        if let Some(masked) = relation.columns.iter().find(|column| column.masked) {
            return Err(Failure::new(format!("{object}, column {}: {MASKED}", masked.name)).hint(UNMASK));
        }
        let mut columns = Vec::new();
        for column in &relation.columns {
            let declared = column.declared();
            let pg_type = column.pg_type().ok_or_else(|| {
                Failure::new(format!(
                    "{object}, column {}: the type \"{declared}\" cannot be read",
                    column.name
                ))
                .hint("make a view in the source that casts the column, or leaves it out")
            })?;
            let (name, not_null) = (column.name.clone(), !column.nullable);
            columns.push(Column { name, declared, pg_type, not_null, computed: column.computed });
            if self.keep_offset && column.type_name == "datetimeoffset" {
                columns.push(Column {
                    name: format!("{}{OFFSET_SUFFIX}", column.name),
                    declared: format!("offset of {} in minutes", column.name),
                    pg_type: PgType::Int2,
                    not_null,
                    computed: true,
                });
            }
        }
        if columns.is_empty() {
            return Err(Failure::new(format!("{object} has no columns that the login may see"))
                .hint(format!("GRANT SELECT ON {object} TO the login, in the source")));
        }
        let names =
            |positions: &[usize]| positions.iter().map(|&at| relation.columns[at].name.clone()).collect();
        Ok(Table {
            object: object.to_owned(),
            name: relation.name.clone(),
            columns,
            key: names(&relation.primary_key),
            parents: relation.parents.clone(),
            resumes: !relation.order.is_empty(),
        })
    }

    async fn structure(&self, object: &str) -> Result<Structure> {
        let relation = self.relation(object).await?;
        let relation = &relation;
        self.again(move || async move {
            let mut session = self.asking().await?;
            let structure =
                structure::structure(&mut session, object, &relation.schema, &relation.name).await?;
            self.asked(session);
            Ok(structure)
        })
        .await
    }

    async fn survey(&self, objects: &[String]) -> Result<Survey> {
        self.look(objects).await
    }

    async fn parts(&self, table: &Table, wanted: usize) -> Result<Vec<Part>> {
        let relation = self.relation(&table.object).await?;
        let rows = relation.estimate.unwrap_or(0);
        let count = (rows / (ROWS_WORTH_CUTTING / 2)).min(wanted as u64 * PARTS_PER_READER);
        if wanted < 2 || relation.order.is_empty() || rows < ROWS_WORTH_CUTTING || count < 2 {
            return Ok(vec![Part::default()]);
        }
        let relation = &relation;
        self.again(move || async move {
            let mut session = self.asking().await?;
            let cuts = match relation.columns[relation.order[0]].is_whole_number() {
                true => even_cuts(&mut session, relation, count).await?,
                false => counted_cuts(&mut session, relation, rows.div_ceil(count)).await?,
            };
            self.asked(session);
            Ok(between(cuts))
        })
        .await
    }

    async fn estimate(&self, table: &Table) -> Result<Option<u64>> {
        Ok(self.relation(&table.object).await?.estimate)
    }

    async fn plan_sums(
        &self,
        table: &Table,
        types: &[PgType],
        key: &[usize],
        buckets: NonZeroU32,
    ) -> Result<std::result::Result<SumsPlan, String>> {
        let relation = self.relation(&table.object).await?;
        let names = table.columns.iter().map(|column| column.name.clone());
        let columns: Vec<_> = names.zip(types.iter().copied()).collect();
        Ok(sums::plan(&relation, &columns, key, buckets, self.product.major()))
    }

    async fn sums(&self, table: &Table, plan: &SumsPlan, filter: Option<&str>) -> Result<BucketSums> {
        let relation = self.relation(&table.object).await?;
        let relation = &relation;
        self.again(move || async move { self.sums(relation, plan, filter).await }).await
    }

    async fn read(
        &self,
        table: &Table,
        part: &Part,
        filter: Option<&str>,
        own: Option<&[PgType]>,
        sink: RowSink,
    ) -> Result<Account> {
        let relation = self.relation(&table.object).await?;
        let selected = Self::selected(&relation, table)?;
        let mut session = self.reading_session().await?;
        let question = Question::new(&relation, &selected, self.update_column.as_deref(), self.snapshot, own);
        // In a snapshot it is the same before and after, except of a view whose columns are none of the database's: asked for
        // afterwards, it is not asked for in vain if the rows break off.
        let twice = !self.snapshot || (own.is_some() && relation.is_view());
        let before = match twice || own.is_none() {
            true => Some(question.ask(&mut session, &table.object, part, filter).await?),
            false => None,
        };

        let mut stage = Stage::new(Taker::new(relation.clone(), &selected, sink));
        let mut stream = session.stream(&relation.rows_sql(&selected, part, filter), &table.object).await?;
        let mut sent = None;
        while let Some(row) = stream.next().await? {
            if row.result_index() > 0 {
                sent = catalogue::optional_number(&row, 0)?;
            } else if !stage.take(row).await? {
                break;
            }
        }
        drop(stream);
        let taker = stage.taker().await?;
        let taken = taker.taken();
        if sent != Some(taken as i64) {
            return Err(session::broken_off(Some(&table.object), taken));
        }
        taker.finish().await?;
        let after = match twice || before.is_none() {
            true => Some(question.ask(&mut session, &table.object, part, filter).await?),
            false => None,
        };
        Ok(question.account(before, after, part.arrived.is_none().then_some(taken)))
    }

    async fn read_keys(
        &self,
        table: &Table,
        columns: &[usize],
        keys: &[Key],
        filter: Option<&str>,
        sink: RowSink,
    ) -> Result<Consistency> {
        let relation = self.relation(&table.object).await?;
        let selected = Self::selected(&relation, table)?;
        let key = columns.iter().map(|&at| match selected[at] {
            Selected::Column(at) => Ok(at),
            Selected::OffsetOf(_) => {
                Err(Failure::new(format!("{} is no column of the source", table.columns[at].name))
                    .hint("name a key of columns that the source has"))
            }
        });
        let key = key.collect::<Result<Vec<_>>>()?;
        let mut session = self.reading_session().await?;
        let mut taker = Taker::new(relation.clone(), &selected, sink);
        for keys in keys.chunks(KEYS_AT_ONCE) {
            let mut stage = Stage::new(taker);
            let sql = relation.keys_sql(&selected, &key, keys, filter);
            let mut stream = session.stream(&sql, &table.object).await?;
            let (mut sent, mut came) = (None, 0);
            while let Some(row) = stream.next().await? {
                if row.result_index() > 0 {
                    sent = catalogue::optional_number(&row, 0)?;
                } else if stage.take(row).await? {
                    came += 1;
                } else {
                    break;
                }
            }
            drop(stream);
            taker = stage.taker().await?;
            if sent != Some(came) {
                return Err(session::broken_off(Some(&table.object), came as u64));
            }
        }
        taker.finish().await?;
        Ok(match self.snapshot {
            true => Consistency::snapshot(),
            false => Consistency { isolation: "read committed", ..Consistency::default() },
        })
    }

    async fn account(
        &self,
        table: &Table,
        part: &Part,
        filter: Option<&str>,
        own: &[PgType],
    ) -> Result<Account> {
        let relation = self.relation(&table.object).await?;
        let selected = Self::selected(&relation, table)?;
        let question =
            Question::new(&relation, &selected, self.update_column.as_deref(), self.snapshot, Some(own));
        let question = &question;
        self.again(move || async move {
            let mut session = self.reading_session().await?;
            let counts = question.ask(&mut session, &table.object, part, filter).await?;
            Ok(question.account(Some(counts), None, None))
        })
        .await
    }
}

/// Cuts at even distances between the smallest and the largest number.
async fn even_cuts(session: &mut Session, relation: &Relation, count: u64) -> Result<Vec<Key>> {
    let rows = session.rows(&relation.ends_sql(), Some(&relation.name)).await?;
    let ends = match rows.first() {
        Some(row) => catalogue::optional_number(row, 0)?.zip(catalogue::optional_number(row, 1)?),
        None => None,
    };
    let Some((smallest, largest)) = ends else { return Ok(Vec::new()) };
    let (smallest, width) = (i128::from(smallest), i128::from(largest) - i128::from(smallest));
    let mut cuts: Vec<i128> =
        (1..i128::from(count)).map(|number| smallest + width * number / i128::from(count)).collect();
    cuts.dedup();
    Ok(cuts.into_iter().map(|cut| vec![cut.to_string()]).collect())
}

/// Cuts after every so many rows, which the source counts off in its index.
async fn counted_cuts(session: &mut Session, relation: &Relation, rows: u64) -> Result<Vec<Key>> {
    let found = session.rows(&relation.cuts_sql(rows.max(1)), Some(&relation.name)).await?;
    let forms = relation.order.iter().map(|&at| relation.columns[at].text_form());
    let mut decoder = Decoder::new(forms.collect());
    let mut cuts = Vec::new();
    for row in &found {
        let mut values = Vec::new();
        // A key that cannot be read is no place to cut at; the row will be named when it is read.
        if decoder.row(row, &mut values).is_none() {
            cuts.extend(relation.key(&values));
        }
    }
    Ok(cuts)
}

/// The parts between cuts, and before the first and behind the last.
fn between(cuts: Vec<Key>) -> Vec<Part> {
    let mut after = None;
    let mut parts = Vec::new();
    for cut in cuts {
        parts.push(Part { after: after.replace(cut.clone()), until: Some(cut), arrived: None });
    }
    parts.push(Part { after, until: None, arrived: None });
    parts
}
