//! The engine: T-SQL on SQLite.
//!
//! A batch is read by [`syntax`], each statement is run by [`session`]: queries are written anew for SQLite by
//! [`translate`], changes of rows by [`write`], of the catalogue by [`change`]. Values lie in SQLite as [`form`] says.

mod calendar;
mod catalog;
mod change;
mod code_page;
mod compare;
mod convert;
mod decimal;
mod float_text;
mod foreign;
mod form;
mod function;
mod guid;
mod hierarchy;
mod import;
mod rights;
mod session;
mod spatial;
mod sql_type;
mod sqlite;
mod syntax;
mod system;
mod translate;
mod write;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, OpenFlags};
use tempfile::TempDir;

use crate::answer::{Engine, EngineSession, SessionInfo, SqlMessage, SqlType, SqlValue};
use calendar::Moment;
use catalog::{Catalog, Column, invalid_object, schema_and_name, split_name};
use form::Form;
use rights::{Logins, Rights};
use session::Session;
use sqlite::Counters;
use system::OpenSession;
use translate::quote;

/// The collation of a database made by [`Database::create`]: that of a Korean installation.
const KOREAN: &str = "Korean_Wansung_CI_AS";
/// Days from 0001-01-01 to 1970-01-01.
const EPOCH_1970: u64 = 719_162;
/// How long a statement waits for another that writes.
const PATIENCE: Duration = Duration::from_secs(10);

pub use syntax::batches;

type Result<T> = std::result::Result<T, SqlMessage>;

/// A database in an SQLite file.
#[derive(Clone)]
pub struct Database {
    shared: Arc<Shared>,
}

/// What the sessions of a database have in common.
struct Shared {
    file: PathBuf,
    /// The file was written by somebody else and is only read.
    read_only: bool,
    catalog: Mutex<Arc<Catalog>>,
    logins: Mutex<Logins>,
    counters: Arc<Counters>,
    snapshot_allowed: AtomicBool,
    sessions: Mutex<BTreeMap<i16, OpenSession>>,
    /// Gone with the database.
    _folder: Option<TempDir>,
}

impl Database {
    /// An empty database in a file of its own.
    pub fn create(name: &str) -> Result<Self> {
        let folder = tempfile::tempdir().map_err(|error| unexpected(&error))?;
        let file = folder.path().join("data.db");
        let connection = Connection::open(&file).map_err(|error| unexpected(&error))?;
        connection.pragma_update(None, "journal_mode", "WAL").map_err(|error| unexpected(&error))?;
        Ok(Self::new(file, Catalog::new(name, KOREAN), false, Some(folder)))
    }

    /// An SQLite file as it is, under this name, all in schema dbo. It is only read.
    pub fn open_sqlite(file: &Path, name: &str) -> Result<Self> {
        let connection = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY)
            .map_err(|error| unexpected(&error))?;
        let mut catalog = Catalog::new(name, KOREAN);
        import::read(&connection, &mut catalog, now())?;
        Ok(Self::new(file.to_owned(), catalog, true, None))
    }

    fn new(file: PathBuf, catalog: Catalog, read_only: bool, folder: Option<TempDir>) -> Self {
        let shared = Shared {
            file,
            read_only,
            catalog: Mutex::new(Arc::new(catalog)),
            logins: Mutex::default(),
            counters: Arc::default(),
            snapshot_allowed: AtomicBool::new(false),
            sessions: Mutex::default(),
            _folder: folder,
        };
        Self { shared: Arc::new(shared) }
    }

    /// Runs a script as the owner. Lines of `GO` separate its batches; results go nowhere.
    pub fn script(&self, script: &str) -> Result<()> {
        let mut session = Session::internal(self.shared.clone())?;
        for batch in syntax::batches(script) {
            session.execute(&batch, &[], &mut |_| true)?;
        }
        Ok(())
    }

    /// Inserts rows, quickly: values of exactly the columns' types, for all columns but computed ones and rowversions.
    pub fn insert(&self, table: &str, rows: impl IntoIterator<Item = Vec<SqlValue>>) -> Result<u64> {
        let unknown = || invalid_object(table);
        let parts = split_name(table).ok_or_else(unknown)?;
        let object = self.shared.catalog().named(&parts).cloned().ok_or_else(unknown)?;
        let stored = |column: &&Column| column.computed.is_none();
        let given: Vec<&Column> =
            object.columns.iter().filter(stored).filter(|column| column.ty != SqlType::Timestamp).collect();
        let versions: Vec<&Column> =
            object.columns.iter().filter(|column| column.ty == SqlType::Timestamp).collect();
        let names: Vec<_> = given.iter().chain(&versions).map(|column| quote(&column.name)).collect();
        let mut places = vec!["?"; given.len()];
        places.resize(names.len(), "tds_rowversion()");
        let sql = format!(
            "INSERT INTO {} ({}) VALUES ({})",
            quote(&object.sqlite_name()),
            names.join(", "),
            places.join(", ")
        );
        let forms: Vec<Form> = given.iter().map(|column| Form::new(column.ty.clone())).collect();
        let identity = given.iter().position(|column| column.identity.is_some());
        let mut connection = self.shared.connect()?;
        let transaction = connection.transaction().map_err(|error| sqlite::message(&error))?;
        let mut count = 0;
        {
            let mut insert = transaction.prepare(&sql).map_err(|error| sqlite::message(&error))?;
            for row in rows {
                if row.len() != forms.len() {
                    return Err(SqlMessage::error(
                        213,
                        format!("{table} takes {} values, not {}.", forms.len(), row.len()),
                    ));
                }
                if let (Some(at), Some(step)) =
                    (identity, identity.and_then(|at| given[at].identity.as_ref()))
                {
                    match &row[at] {
                        SqlValue::Int(n) => {
                            self.shared.counters.saw_identity(object.id, (*n).into(), step.step)
                        }
                        SqlValue::Decimal(n) => self.shared.counters.saw_identity(object.id, *n, step.step),
                        _ => {}
                    }
                }
                let values = row
                    .iter()
                    .zip(&forms)
                    .map(|(value, form)| form.encode(value))
                    .collect::<Result<Vec<_>>>()?;
                insert
                    .execute(rusqlite::params_from_iter(values))
                    .map_err(|error| sqlite::message(&error))?;
                count += 1;
            }
        }
        transaction.commit().map_err(|error| sqlite::message(&error))?;
        Ok(count)
    }

    /// Whether `SET TRANSACTION ISOLATION LEVEL SNAPSHOT` works: ALTER DATABASE … SET ALLOW_SNAPSHOT_ISOLATION.
    pub fn allow_snapshot(&self, allowed: bool) {
        self.shared.snapshot_allowed.store(allowed, Ordering::SeqCst);
    }

    /// From now on this login may read everything and change nothing, as a member of db_datareader. It sees only its own
    /// session.
    pub fn grant_read_only(&self, login: &str) {
        self.shared.logins().change(login, |rights| {
            rights.read_only = true;
            rights.view_server_state = false;
            rights.view_definition = false;
            rights.unmask = false;
        });
    }

    /// DENY SELECT on a table or view; error 229 for whoever tries.
    pub fn deny_select(&self, login: &str, table: &str) -> Result<()> {
        let parts = split_name(table).unwrap_or_default();
        let (schema, name) = schema_and_name(&parts).ok_or_else(|| invalid_object(table))?;
        self.shared.logins().change(login, |rights| rights.deny_select(schema, name));
        Ok(())
    }

    /// Whether a login sees the sessions of others.
    pub fn view_server_state(&self, login: &str, sees: bool) {
        self.shared.logins().change(login, |rights| rights.view_server_state = sees);
    }
}

impl Engine for Database {
    fn has_database(&self, name: &str) -> bool {
        catalog::same_name(name, &self.shared.catalog().database) || session::is_system_database(name)
    }

    fn open(&self, info: SessionInfo) -> Result<Box<dyn EngineSession>> {
        Ok(Box::new(Session::open(self.shared.clone(), info)?))
    }
}

impl Shared {
    fn catalog(&self) -> Arc<Catalog> {
        locked(&self.catalog).clone()
    }

    fn logins(&self) -> MutexGuard<'_, Logins> {
        locked(&self.logins)
    }

    fn rights(&self, login: Option<&str>) -> Arc<Rights> {
        login.map_or_else(Arc::default, |login| self.logins().of(login))
    }

    fn allows_snapshot(&self) -> bool {
        self.snapshot_allowed.load(Ordering::SeqCst)
    }

    fn sessions(&self) -> MutexGuard<'_, BTreeMap<i16, OpenSession>> {
        locked(&self.sessions)
    }

    fn connect(&self) -> Result<Connection> {
        let mode = match self.read_only {
            true => OpenFlags::SQLITE_OPEN_READ_ONLY,
            false => OpenFlags::SQLITE_OPEN_READ_WRITE,
        };
        let prepared = || -> rusqlite::Result<Connection> {
            let connection = Connection::open_with_flags(&self.file, mode | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
            connection.busy_timeout(PATIENCE)?;
            // Nothing here outlives the machine.
            connection.pragma_update(None, "synchronous", "OFF")?;
            connection.pragma_update(None, "temp_store", "MEMORY")?;
            connection.pragma_update(None, "foreign_keys", true)?;
            // Renaming a table leaves what refers to it alone.
            connection.pragma_update(None, "legacy_alter_table", true)?;
            sqlite::prepare(&connection, self.counters.clone())?;
            Ok(connection)
        };
        prepared().map_err(|error| unexpected(&error))
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Something that has nothing to do with T-SQL.
fn unexpected(error: &dyn std::error::Error) -> SqlMessage {
    SqlMessage { class: 17, ..SqlMessage::error(5105, format!("A file activation error occurred: {error}.")) }
}

/// In UTC.
fn now() -> Moment {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let (days, rest) = (since.as_secs() / 86_400, since.as_secs() % 86_400);
    let time = rest * calendar::SECOND + u64::from(since.subsec_nanos() / 100);
    Moment::new((days + EPOCH_1970) as u32, time)
}

/// The login under which scripts run; it owns the database.
fn owner() -> SessionInfo {
    SessionInfo {
        session_id: 1,
        login: "sa".to_owned(),
        database: String::new(),
        application: "script".to_owned(),
        host: String::new(),
        encrypted: false,
    }
}
