//! SQLite files, opened read-only.

mod account;

use std::io::Read;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use rsl_core::{PgType, Value};
use rusqlite::config::DbConfig;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};

use self::account::{Answer, Ask, Second};
use super::{Account, Column, Consistency, Part, Source, Table, declared_type, own_account, reuse};
use crate::connection_url::ConnectionUrl;
use crate::failure::{Failure, Result};
use crate::survey::{Finding, Level, Size, Survey};
use crate::target::reject::shown_bytes;
use crate::target::sink::RowSink;

/// A file. Every reading opens it anew: a connection of SQLite belongs to one thread.
pub struct Sqlite {
    path: PathBuf,
}

impl Sqlite {
    /// Looks whether the file is there and is SQLite.
    pub async fn open(url: &ConnectionUrl) -> Result<Self> {
        if !url.host.is_empty() || url.path.is_empty() {
            return Err(Failure::new("an SQLite source is named by the absolute path of its file")
                .hint("write it with three slashes: sqlite:///srv/erp.db"));
        }
        if let Some((name, _)) = url.options.first() {
            return Err(Failure::new(format!("unknown option \"{name}\" in the source URL"))
                .hint("SQLite sources have none"));
        }
        let source = Self { path: Path::new("/").join(&url.path) };
        blocking(&source, |path| {
            check_header(path)?;
            connect(path).map(|_| ())
        })
        .await?;
        Ok(source)
    }
}

#[async_trait]
impl Source for Sqlite {
    fn name(&self) -> String {
        format!("sqlite://{}", self.path.display())
    }

    /// A file has no server: what reads it is a library of this program.
    fn version(&self) -> Option<String> {
        Some(format!("SQLite {}", rusqlite::version()))
    }

    async fn objects(&self) -> Result<Vec<String>> {
        blocking(self, |path| {
            let connection = connect(path)?;
            let mut query = connection.prepare(
                "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name",
            ).map_err(failed(path))?;
            let names = query.query_map([], |row| row.get(0)).map_err(failed(path))?;
            names.collect::<std::result::Result<_, _>>().map_err(failed(path))
        })
        .await
    }

    async fn describe(&self, object: &str) -> Result<Table> {
        let object = object.to_owned();
        blocking(self, move |path| describe(&connect(path)?, path, object)).await
    }

    async fn survey(&self, objects: &[String]) -> Result<Survey> {
        let mut survey = Survey::default();
        let bytes = std::fs::metadata(&self.path).map_or(0, |file| file.len());
        survey.findings.push(Finding::new(
            Level::Good,
            "source: reached",
            format!(
                "{}, {} MB, opened read-only; a table is read in one snapshot",
                self.path.display(),
                bytes / 1_000_000
            ),
        ));
        for object in objects {
            if let Err(error) = self.describe(object).await {
                survey.findings.push(Finding::new(
                    Level::Stop,
                    format!("source: {object}"),
                    error.what().to_owned(),
                ));
                continue;
            }
            let sql = format!("SELECT count(*) FROM {}", quote(object));
            let rows = blocking(self, move |path| {
                connect(path)?.query_row(&sql, [], |row| row.get::<_, i64>(0)).map_err(failed(path))
            })
            .await?;
            survey.sizes.push(Size {
                object: object.clone(),
                rows: Some(rows as u64),
                bytes: None,
                resumes: false,
            });
        }
        Ok(survey)
    }

    async fn estimate(&self, table: &Table) -> Result<Option<u64>> {
        let sql = format!("SELECT count(*) FROM {}", quote(&table.object));
        blocking(self, move |path| {
            connect(path)?.query_row(&sql, [], |row| row.get::<_, i64>(0)).map_err(failed(path))
        })
        .await
        .map(|rows| u64::try_from(rows).ok())
    }

    async fn read(
        &self,
        table: &Table,
        _part: &Part,
        filter: Option<&str>,
        own: Option<&[PgType]>,
        mut sink: RowSink,
    ) -> Result<Account> {
        let columns = names(table);
        let from = from(table, filter);
        let filter = filter.map(str::to_owned);
        let ask = own.map(|types| Ask::new(table, &from, types));
        let select = format!("SELECT {} {from}", columns.join(", "));
        let count = format!("SELECT count(*) {from}");
        let columns = columns.len();
        let object = table.object.clone();
        let names: Vec<String> = table.columns.iter().map(|column| column.name.clone()).collect();
        blocking(self, move |path| {
            let failed = reading(&object);
            if let Some(filter) = &filter {
                check_filter(&connect(path)?, &object, filter)?;
            }
            let mut connection = connect(path)?;
            let second = ask.as_ref().and_then(|_| Second::open(path));
            // One transaction is one snapshot: the count is of the very rows that are read.
            let snapshot = connection.transaction().map_err(&failed)?;
            let mut rows =
                snapshot.query_row(&count, [], |row| row.get::<_, i64>(0)).map_err(&failed)? as u64;
            let beside = second.zip(ask.as_ref()).and_then(|(second, ask)| second.begin(ask));
            let viewed = "SELECT count(*) FROM sqlite_schema WHERE type = 'view' AND lower(name) = lower(?1)";
            let is_view =
                snapshot.query_row(viewed, [&object], |row| row.get::<_, bool>(0)).map_err(&failed)?;
            // Of a view there are two accounts, before the rows and after.
            let early = match (&beside, &ask) {
                (None, Some(ask)) if is_view => Some(ask.answer(&snapshot)?),
                _ => None,
            };
            let mut statement = snapshot.prepare(&select).map_err(&failed)?;
            let mut cursor = statement.query([]).map_err(&failed)?;
            // One buffer for all rows. Its values borrow from the current row, which the type cannot say of a buffer that
            // outlives the row; `reuse` empties it and gives it the next row's lifetime.
            let mut buffer: Vec<Value<'static>> = Vec::with_capacity(columns);
            while let Some(row) = cursor.next().map_err(&failed)? {
                let mut values = reuse(buffer);
                let mut raw = Vec::new();
                for at in 0..columns {
                    values.push(match row.get_ref(at).map_err(&failed)? {
                        ValueRef::Null => Value::Null,
                        ValueRef::Integer(value) => Value::Int(value),
                        ValueRef::Real(value) => Value::Float8(value),
                        ValueRef::Blob(bytes) => Value::Bytes(bytes),
                        ValueRef::Text(bytes) => match std::str::from_utf8(bytes) {
                            Ok(text) => Value::Text(text),
                            Err(_) => {
                                raw.push((at, shown_bytes(bytes)));
                                Value::Null
                            }
                        },
                    });
                }
                match raw.first() {
                    Some(&(column, _)) => {
                        sink.reject(&values, column, "the text is not UTF-8".to_owned(), &raw);
                    }
                    None => {
                        sink.row(&values)?;
                    }
                }
                buffer = reuse(values);
                if sink.is_full() {
                    sink.blocking_send(None)?;
                }
            }
            sink.blocking_send(None)?;
            drop(cursor);
            let answer = match (beside, early, &ask) {
                (Some(beside), ..) => Some(beside.join()?),
                (None, Some(early), _) => Some(early),
                (None, None, Some(ask)) => Some(ask.answer(&snapshot)?),
                (None, None, None) => None,
            };
            let mut own = answer.map(|answer| {
                rows = answer.rows;
                answer.columns
            });
            let mut consistency = Consistency::snapshot();
            if let (true, Some(ask), Some(own)) = (is_view, &ask, &mut own) {
                let again = ask.answer(&snapshot)?.columns;
                let names = names.iter().map(String::as_str);
                consistency.unsteady = own_account::take_unsteady(&object, names, own, &again);
            }
            Ok(Account { rows, consistency, own })
        })
        .await
    }

    async fn account(
        &self,
        table: &Table,
        _part: &Part,
        filter: Option<&str>,
        own: &[PgType],
    ) -> Result<Account> {
        let ask = Ask::new(table, &from(table, filter), own);
        let (object, filter) = (table.object.clone(), filter.map(str::to_owned));
        blocking(self, move |path| {
            if let Some(filter) = &filter {
                check_filter(&connect(path)?, &object, filter)?;
            }
            let mut connection = connect(path)?;
            let snapshot = connection.transaction().map_err(failed(path))?;
            let Answer { rows, columns } = ask.answer(&snapshot)?;
            Ok(Account { rows, consistency: Consistency::snapshot(), own: Some(columns) })
        })
        .await
    }
}

fn from(table: &Table, filter: Option<&str>) -> String {
    // The user's condition ends with its line: a comment in it must not swallow the parenthesis.
    let condition = filter.map_or(String::new(), |filter| format!(" WHERE ({filter}\n)"));
    format!("FROM {}{condition}", quote(&table.object))
}

/// The columns as expressions. A name in double quotes that there is not would be a text, unless its table stands before it.
fn names(table: &Table) -> Vec<String> {
    let object = quote(&table.object);
    table.columns.iter().map(|column| format!("{object}.{}", quote(&column.name))).collect()
}

/// Looks whether all names in the user's condition are there. SQLite takes a name in double quotes that is not for a text, and the
/// condition would be true of no row, or of all.
fn check_filter(connection: &Connection, object: &str, filter: &str) -> Result<()> {
    let (told, name) = (reading(object), quote(object));
    let columns: Vec<String> = connection
        .prepare("SELECT name FROM pragma_table_xinfo(?1)")
        .and_then(|mut query| query.query_map([object], |row| row.get(0))?.collect())
        .map_err(&told)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false).map_err(&told)?;
    let reads = |sql: &str| connection.prepare(sql).map(drop);
    let instead = match reads(&format!("SELECT 1 FROM {name}")) {
        Ok(()) => String::new(),
        // The definition of a view may have such texts, and mean them: its columns stand for it.
        Err(_) => {
            let names: Vec<_> = columns.iter().map(|name| quote(name)).collect();
            format!(
                "WITH {name} ({}) AS (SELECT {}) ",
                names.join(", "),
                vec!["NULL"; names.len()].join(", ")
            )
        }
    };
    reads(&format!("{instead}SELECT 1 FROM {name} WHERE ({filter}\n)")).map_err(|error| {
        told(error)
            .hint("in the condition a text stands in single quotes, 'FG', a name in double quotes or in none")
    })
}

/// How an error in reading a table or view is told.
fn reading(object: &str) -> impl Fn(rusqlite::Error) -> Failure {
    move |error| unread(object, &error)
}

fn describe(connection: &Connection, path: &Path, object: String) -> Result<Table> {
    let unreadable = |error: rusqlite::Error| unread(format!("{object} of {}", path.display()), &error);
    let mut columns = Vec::new();
    let mut key: Vec<(i64, String)> = Vec::new();
    let mut info = connection
        .prepare(
            "SELECT name, type, \"notnull\", pk FROM pragma_table_xinfo(?1) WHERE hidden <> 1 ORDER BY cid",
        )
        .map_err(&unreadable)?;
    let mut rows = info.query([&object]).map_err(&unreadable)?;
    while let Some(row) = rows.next().map_err(&unreadable)? {
        let name: String = row.get(0).map_err(&unreadable)?;
        let declared: String = row.get(1).map_err(&unreadable)?;
        let place: i64 = row.get(3).map_err(&unreadable)?;
        let pg_type = match declared.trim().is_empty() {
            true => stored_type(connection, &object, &name)?,
            false => declared_type::pg_type(&declared).ok_or_else(|| {
                Failure::new(format!(
                    "{object}, column {name}: the declared type \"{declared}\" is not known"
                ))
                .hint("make a view in the source that casts the column, or leaves it out")
            })?,
        };
        if place > 0 {
            key.push((place, name.clone()));
        }
        let not_null = row.get(2).map_err(&unreadable)?;
        columns.push(Column { name, declared, pg_type, not_null, computed: false });
    }
    if columns.is_empty() {
        return Err(Failure::new(format!("{object} has no columns")));
    }
    key.sort_unstable();
    let mut foreign = connection
        .prepare("SELECT DISTINCT \"table\" FROM pragma_foreign_key_list(?1)")
        .map_err(&unreadable)?;
    let parents =
        foreign.query_map([&object], |row| row.get(0)).and_then(Iterator::collect).map_err(&unreadable)?;
    let key = key.into_iter().map(|(_, name)| name).collect();
    Ok(Table { name: object.clone(), object, columns, key, parents, resumes: false })
}

/// A column without a declared type, as an expression of a view is: the type that holds every value that is stored. All
/// rows are looked at, because a sample would be a guess.
fn stored_type(connection: &Connection, object: &str, column: &str) -> Result<PgType> {
    let sql = format!("SELECT DISTINCT typeof({0}.{1}) FROM {0}", quote(object), quote(column));
    let stored: Vec<String> = connection
        .prepare(&sql)
        .and_then(|mut query| query.query_map([], |row| row.get(0))?.collect())
        .map_err(|error| unread(format!("{object}, column {column}"), &error))?;
    let mut stored: Vec<&str> = stored.iter().map(String::as_str).filter(|&ty| ty != "null").collect();
    stored.sort_unstable();
    match stored[..] {
        ["integer"] => Ok(PgType::Int8),
        ["real"] | ["integer", "real"] => Ok(PgType::Float8),
        ["text"] | [] => Ok(PgType::Text),
        ["blob"] => Ok(PgType::Bytea),
        _ => Err(Failure::new(format!(
            "{object}, column {column}: no type is declared, and its values are {}",
            stored.join(" and ")
        ))
        .hint("make a view in the source that casts the column to one type")),
    }
}

/// Runs work that blocks on a thread of its own.
async fn blocking<T: Send + 'static>(
    source: &Sqlite,
    work: impl FnOnce(&Path) -> Result<T> + Send + 'static,
) -> Result<T> {
    let path = source.path.clone();
    match tokio::task::spawn_blocking(move || work(&path)).await {
        Ok(result) => result,
        Err(error) => Err(Failure::new(format!("the reader ended unexpectedly: {error}"))),
    }
}

fn check_header(path: &Path) -> Result<()> {
    let cannot = |error: std::io::Error| Failure::new(format!("cannot open {}: {error}", path.display()));
    let mut header = Vec::new();
    let file = std::fs::File::open(path).map_err(cannot)?;
    file.take(16).read_to_end(&mut header).map_err(cannot)?;
    if header != b"SQLite format 3\0" {
        return Err(Failure::new(format!("{} is not an SQLite file", path.display()))
            .hint("an SQLite file begins with the words \"SQLite format 3\"; an encrypted one does not"));
    }
    Ok(())
}

fn connect(path: &Path) -> Result<Connection> {
    let connection =
        Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)
            .map_err(failed(path))?;
    // A writer of the ERP may hold the file for a moment.
    connection.busy_timeout(std::time::Duration::from_secs(10)).map_err(failed(path))?;
    connection.pragma_update(None, "query_only", true).map_err(failed(path))?;
    Ok(connection)
}

fn failed(path: &Path) -> impl Fn(rusqlite::Error) -> Failure {
    move |error| unread(path.display(), &error)
}

fn unread(what: impl std::fmt::Display, error: &rusqlite::Error) -> Failure {
    let failure = Failure::new(format!("cannot read {what}: {}", reason(error)));
    match unfinished(error) {
        Some((_, hint)) => failure.hint(hint),
        None => failure,
    }
}

/// What a writer left, which SQLite tells as if somebody wanted to write.
fn unfinished(error: &rusqlite::Error) -> Option<(&'static str, &'static str)> {
    use rusqlite::ffi::{
        SQLITE_CANTOPEN, SQLITE_READONLY_CANTINIT, SQLITE_READONLY_CANTLOCK, SQLITE_READONLY_RECOVERY,
        SQLITE_READONLY_ROLLBACK,
    };
    let rusqlite::Error::SqliteFailure(code, _) = error else { return None };
    match code.extended_code {
        SQLITE_READONLY_ROLLBACK => Some((
            "it was left in the middle of a transaction, which its -journal file is to undo",
            "open it once with the program that it belongs to, or a copy of both files with sqlite3",
        )),
        SQLITE_READONLY_RECOVERY | SQLITE_READONLY_CANTINIT | SQLITE_READONLY_CANTLOCK | SQLITE_CANTOPEN => {
            Some((
                "the -wal and -shm files beside it can neither be read nor made",
                "copy it together with its -wal file to a directory in which you may write, or open it once with the program that it belongs to",
            ))
        }
        _ => None,
    }
}

/// The message of SQLite alone: rusqlite repeats the statement.
fn reason(error: &rusqlite::Error) -> String {
    if let Some((words, _)) = unfinished(error) {
        return words.to_owned();
    }
    match error {
        rusqlite::Error::SqliteFailure(_, Some(message)) => message.clone(),
        rusqlite::Error::SqlInputError { msg, .. } => msg.clone(),
        other => other.to_string(),
    }
}

fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
