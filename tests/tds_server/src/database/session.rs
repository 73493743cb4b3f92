//! One connection's statements, one after another.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::types::Value;
use sqlparser::ast::{Expr, Query};

use super::catalog::{Catalog, Object, same_name};
use super::form::Form;
use super::function::assign;
use super::rights::Rights;
use super::syntax::{self, Statement, Verb};
use super::system::{self, OpenSession, SystemView};
use super::translate::{Output, Scope, Translator, Typed, Uses, quote};
use super::write::{self, Written};
use super::{Shared, change, convert, foreign, now, owner, sql_type, sqlite};
use crate::answer::{
    AnswerColumn, EngineSession, Event, Parameter, SessionInfo, SqlMessage, SqlType, SqlValue,
};

type Result<T> = std::result::Result<T, SqlMessage>;
type Emit<'a> = &'a mut dyn FnMut(Event) -> bool;

/// A session of a login.
pub struct Session {
    shared: Arc<Shared>,
    connection: Connection,
    info: SessionInfo,
    /// Scripts run as the owner, whatever the logins may do.
    is_internal: bool,
    /// The database that USE named last.
    database: String,
    /// The isolation level is SNAPSHOT.
    snapshot: bool,
    implicit_transactions: bool,
    no_count: bool,
    /// How many BEGIN TRANSACTION are open.
    transactions: i64,
    row_count: i64,
    last_identity: Option<i128>,
    /// The table for which IDENTITY_INSERT is on.
    identity_insert: Option<i64>,
    variables: HashMap<String, (SqlType, SqlValue)>,
    /// Tables of the system catalogue that are filled already, and the version of the catalogue then.
    filled: HashMap<&'static str, u64>,
}

impl Session {
    /// A session that the server shows to those who may see it.
    pub fn open(shared: Arc<Shared>, info: SessionInfo) -> Result<Self> {
        let session = Self::new(shared, info, false)?;
        let (info, moment) = (session.info.clone(), now());
        let open = OpenSession { info, login_time: moment, last_request: moment, running: false };
        session.shared.sessions().insert(open.info.session_id, open);
        Ok(session)
    }

    /// A session of nobody's, for scripts.
    pub fn internal(shared: Arc<Shared>) -> Result<Self> {
        let info = SessionInfo { database: shared.catalog().database.clone(), ..owner() };
        Self::new(shared, info, true)
    }

    fn new(shared: Arc<Shared>, info: SessionInfo, is_internal: bool) -> Result<Self> {
        let connection = shared.connect()?;
        Ok(Self {
            database: info.database.clone(),
            shared,
            connection,
            info,
            is_internal,
            snapshot: false,
            implicit_transactions: false,
            no_count: false,
            transactions: 0,
            row_count: 0,
            last_identity: None,
            identity_insert: None,
            variables: HashMap::new(),
            filled: HashMap::new(),
        })
    }

    fn run(&mut self, batch: &str, emit: Emit<'_>) -> Result<()> {
        for statement in syntax::parse(batch)? {
            if !self.statement(&statement, emit)? {
                break;
            }
        }
        Ok(())
    }

    /// Runs one statement; `false` if nobody listens any more.
    fn statement(&mut self, statement: &Statement, emit: Emit<'_>) -> Result<bool> {
        let mut done = None;
        match statement {
            Statement::Query(query) => return self.query(query, emit),
            Statement::Insert { table, columns, source } => {
                let insert = self.identity_insert;
                done = self.write(|translator| {
                    let allowed =
                        insert.is_some() && insert == translator.catalog.named(table).map(|table| table.id);
                    write::insert(translator, table, columns.as_deref(), source, allowed)
                })?;
            }
            Statement::Update { top, target, assignments, from, condition } => {
                done = self.write(|translator| {
                    write::update(translator, top.as_ref(), target, assignments, from, condition.as_ref())
                })?;
            }
            Statement::Delete { top, target, from, condition } => {
                done = self.write(|translator| {
                    write::delete(translator, top.as_ref(), target, from, condition.as_ref())
                })?;
            }
            Statement::Truncate(table) => {
                self.write(|translator| write::truncate(translator, table))?;
            }
            Statement::Set(words) => self.set(words)?,
            Statement::Assign(name, value) => {
                let name = name.to_lowercase();
                let Some((ty, _)) = self.variables.get(&name).cloned() else { return Err(undeclared(&name)) };
                let value = self.value(value, &ty)?;
                self.variables.insert(name, (ty, value));
                return Ok(true);
            }
            Statement::Use(name) => {
                let database = self.shared.catalog().database.clone();
                self.database = match name {
                    name if same_name(name, &database) => database,
                    name if is_system_database(name) => name.to_lowercase(),
                    name => {
                        let message = format!(
                            "Database '{name}' does not exist. Make sure that the name is entered correctly."
                        );
                        return Err(SqlMessage::error(911, message));
                    }
                };
                let message = format!("Changed database context to '{}'.", self.database);
                if !emit(Event::Info(SqlMessage { number: 5701, state: 2, class: 0, message })) {
                    return Ok(false);
                }
            }
            Statement::Declare(variables) => {
                for (name, ty, value) in variables {
                    let ty = super::translate::parse_type(&self.shared.catalog(), ty, 1)?;
                    let value = value.as_ref().map_or(Ok(SqlValue::Null), |value| self.value(value, &ty))?;
                    self.variables.insert(name.to_lowercase(), (ty, value));
                }
                return Ok(true);
            }
            Statement::If { condition, then, otherwise } => {
                let branch = if self.holds(condition)? { then } else { otherwise };
                return self.block(branch, emit);
            }
            Statement::Block(statements) => return self.block(statements, emit),
            Statement::Begin => self.transactions += 1,
            Statement::Commit if self.transactions == 0 => {
                return Err(SqlMessage::error(
                    3902,
                    "The COMMIT TRANSACTION request has no corresponding BEGIN TRANSACTION.",
                ));
            }
            Statement::Commit => {
                self.transactions -= 1;
                if self.transactions == 0 {
                    self.end_transaction("COMMIT")?;
                }
            }
            Statement::Rollback if self.transactions == 0 => {
                return Err(SqlMessage::error(
                    3903,
                    "The ROLLBACK TRANSACTION request has no corresponding BEGIN TRANSACTION.",
                ));
            }
            Statement::Rollback => {
                self.transactions = 0;
                self.end_transaction("ROLLBACK")?;
            }
            Statement::Save => return Err(super::translate::unsupported("SAVE TRANSACTION")),
            Statement::Print(value) => {
                let ty = SqlType::NVarChar(Some(4000), self.shared.catalog().collation.clone());
                let form = Form::new(ty.clone());
                let message = convert::text_of(&self.value(value, &ty)?, &form);
                if !emit(Event::Info(SqlMessage { number: 0, state: 1, class: 0, message })) {
                    return Ok(false);
                }
            }
            Statement::Execute(name) => {
                // What clients call when they put a connection back into their pool.
                if !["sp_reset_connection", "sys.sp_reset_connection"]
                    .iter()
                    .any(|known| same_name(name, known))
                {
                    return Err(SqlMessage::error(
                        2812,
                        format!("Could not find stored procedure '{name}'."),
                    ));
                }
            }
            Statement::Permission { verb, permissions, object, principals } => {
                self.permission(*verb, permissions, object.as_ref(), principals)?;
            }
            Statement::Change(change) => {
                if self.transactions > 0 {
                    return Err(super::translate::unsupported("DDL in a transaction"));
                }
                let rights = self.rights();
                change::apply(&self.shared, &self.connection, &rights, &self.translation(), change)?;
            }
        }
        self.row_count = done.map_or(0, |rows| rows as i64);
        Ok(emit(Event::Done(done.filter(|_| !self.no_count))))
    }

    fn block(&mut self, statements: &[Statement], emit: Emit<'_>) -> Result<bool> {
        for statement in statements {
            if !self.statement(statement, emit)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn rights(&self) -> Arc<Rights> {
        self.shared.rights((!self.is_internal).then_some(self.info.login.as_str()))
    }

    /// What a statement is translated with, now.
    fn translation(&self) -> Translation {
        Translation { catalog: self.shared.catalog(), rights: self.rights(), now: now() }
    }

    /// Translates something, and says what it will need.
    fn translate<T>(
        &self,
        translation: &Translation,
        work: impl FnOnce(&Translator<'_>) -> Result<T>,
    ) -> Result<(T, Uses)> {
        let catalog = &translation.catalog;
        let mut translator =
            Translator::new(catalog, &self.info, &translation.rights, &self.variables, translation.now);
        translator.database = &self.database;
        translator.transactions = self.transactions;
        translator.row_count = self.row_count;
        translator.last_identity = self.last_identity;
        let translated = work(&translator)?;
        Ok((translated, translator.uses.take()))
    }

    fn query(&mut self, query: &Query, emit: Emit<'_>) -> Result<bool> {
        let translation = self.translation();
        let (translated, uses) =
            self.translate(&translation, |translator| translator.query(query, None, true))?;
        self.begin_reading(&translation, &uses)?;
        let assigns = translated.columns.iter().any(|column| column.variable.is_some());
        let (listening, count, last) = {
            let answer = translated.columns.iter().map(AnswerColumn::from).collect();
            if !assigns && !emit(Event::Columns(answer)) {
                return Ok(false);
            }
            let forms: Vec<(Form, bool)> = translated.columns.iter().map(reading).collect();
            let mut statement =
                self.connection.prepare(&translated.sql).map_err(|error| sqlite::message(&error))?;
            let mut rows = statement.query([]).map_err(|error| sqlite::message(&error))?;
            let (mut listening, mut count, mut last) = (true, 0u64, None);
            while let Some(row) = rows.next().map_err(|error| sqlite::message(&error))? {
                let mut values = Vec::with_capacity(forms.len());
                for (at, (form, is_foreign)) in forms.iter().enumerate() {
                    let stored = row.get_ref(at).map_err(|error| sqlite::message(&error))?;
                    values.push(if *is_foreign {
                        foreign::read(stored, form)?
                    } else {
                        form.decode(stored)?
                    });
                }
                count += 1;
                if assigns {
                    last = Some(values);
                } else if !emit(Event::Row(values)) {
                    listening = false;
                    break;
                }
            }
            (listening, count, last)
        };
        self.row_count = count as i64;
        for (column, value) in translated.columns.iter().zip(last.into_iter().flatten()) {
            let Some(name) = column.variable.as_ref().map(|name| name.to_lowercase()) else { continue };
            let Some((ty, _)) = self.variables.get(&name).cloned() else { return Err(undeclared(&name)) };
            let value = convert::convert(value, &Form::new(column.ty.clone()), &Form::new(ty.clone()), 0)?;
            self.variables.insert(name, (ty, value));
        }
        Ok(listening && (assigns || emit(Event::Done(Some(count)))))
    }

    /// Begins a transaction where the settings want one, and fills the tables of the system catalogue.
    fn begin_reading(&mut self, translation: &Translation, uses: &Uses) -> Result<()> {
        if uses.data || !uses.system.is_empty() {
            if self.implicit_transactions && self.transactions == 0 {
                self.transactions = 1;
            }
            if self.snapshot && uses.data {
                let allowed = self.shared.allows_snapshot();
                if !allowed {
                    let database = &translation.catalog.database;
                    return Err(SqlMessage::error(
                        3952,
                        format!(
                            "Snapshot isolation transaction failed accessing database '{database}' because snapshot isolation is not allowed in this database. Use ALTER DATABASE to allow snapshot isolation."
                        ),
                    ));
                }
                if self.transactions > 0 && self.connection.is_autocommit() {
                    self.connection.execute_batch("BEGIN").map_err(|error| sqlite::message(&error))?;
                }
            }
        }
        self.fill(translation, &uses.system)
    }

    fn fill(&mut self, translation: &Translation, names: &BTreeSet<&'static str>) -> Result<()> {
        let catalog = &translation.catalog;
        for name in names {
            let Some((schema, rest)) = name.split_once('.') else { continue };
            let Some(table) = system::find(schema, rest) else { continue };
            if !table.volatile && self.filled.get(name) == Some(&catalog.version) {
                continue;
            }
            let count = |object: &Object| -> i64 {
                let sql = format!("SELECT count(*) FROM {}", quote(&object.sqlite_name()));
                self.connection.query_row(&sql, [], |row| row.get(0)).unwrap_or(0)
            };
            let view = SystemView {
                catalog,
                counters: &self.shared.counters,
                rights: &translation.rights,
                session: &self.info,
                sessions: self.shared.sessions().values().cloned().collect(),
                snapshot_allowed: self.shared.allows_snapshot(),
                read_only: self.shared.read_only,
                count: &count,
            };
            table.fill(&self.connection, &view)?;
            self.filled.insert(name, catalog.version);
        }
        Ok(())
    }

    /// Runs a statement that changes rows, and says how many it changed.
    fn write(&mut self, work: impl FnOnce(&Translator<'_>) -> Result<Written>) -> Result<Option<u64>> {
        let translation = self.translation();
        let (written, uses) = self.translate(&translation, work)?;
        if self.implicit_transactions && self.transactions == 0 {
            self.transactions = 1;
        }
        self.fill(&translation, &uses.system)?;
        if self.transactions > 0 && self.connection.is_autocommit() {
            self.connection.execute_batch("BEGIN IMMEDIATE").map_err(|error| sqlite::message(&error))?;
        }
        let changed = self
            .connection
            .execute(&written.sql, [])
            .map_err(|error| write::refused(&error, &written, &translation.catalog))?;
        if written.verb == "INSERT" {
            self.last_identity = self.shared.counters.last_identity(written.table.id);
        }
        Ok(Some(changed as u64))
    }

    fn end_transaction(&mut self, how: &str) -> Result<()> {
        if !self.connection.is_autocommit() {
            self.connection.execute_batch(how).map_err(|error| sqlite::message(&error))?;
        }
        Ok(())
    }

    /// An expression that stands by itself, as a value of a type.
    fn value(&mut self, expression: &Expr, ty: &SqlType) -> Result<SqlValue> {
        let translation = self.translation();
        let (value, uses) =
            self.translate(&translation, |translator| translator.expression(expression, &Scope::default()))?;
        let Typed { sql, ty: from, constant, untyped, .. } = value.native();
        if untyped {
            return Ok(SqlValue::Null);
        }
        let form = Form::new(from);
        let value = match constant {
            Some(value) => value,
            None => {
                self.fill(&translation, &uses.system)?;
                form.decode((&self.single(&sql)?).into())?
            }
        };
        assign(value, &form, &Form::new(ty.clone()))
    }

    fn holds(&mut self, condition: &Expr) -> Result<bool> {
        let translation = self.translation();
        let (sql, uses) =
            self.translate(&translation, |translator| translator.predicate(condition, &Scope::default()))?;
        self.fill(&translation, &uses.system)?;
        Ok(self.single(&format!("CASE WHEN {sql} THEN 1 ELSE 0 END"))? == Value::Integer(1))
    }

    fn single(&self, sql: &str) -> Result<Value> {
        self.connection
            .query_row(&format!("SELECT {sql}"), [], |row| row.get(0))
            .map_err(|error| sqlite::message(&error))
    }

    fn set(&mut self, words: &[String]) -> Result<()> {
        let upper: Vec<String> = words.iter().map(|word| word.to_uppercase()).collect();
        let all: Vec<&str> = upper.iter().map(String::as_str).collect();
        let on = all.last() == Some(&"ON");
        match all[..] {
            ["TRANSACTION", "ISOLATION", "LEVEL", ref level @ ..] => {
                match level {
                    ["SNAPSHOT"] => self.snapshot = true,
                    ["READ", "COMMITTED" | "UNCOMMITTED"] | ["REPEATABLE", "READ"] | ["SERIALIZABLE"] => {
                        self.snapshot = false;
                    }
                    _ => return Err(bad_option(&level.join(" "))),
                }
                return Ok(());
            }
            ["IDENTITY_INSERT", .., "ON" | "OFF"] => {
                let name: Vec<String> =
                    words[1..words.len() - 1].iter().filter(|word| *word != ".").cloned().collect();
                let catalog = self.shared.catalog();
                let id = catalog.named(&name).map(|table| table.id).ok_or_else(|| {
                    let name = name.join(".");
                    SqlMessage::error(1088, format!("Cannot find the object \"{name}\" because it does not exist or you do not have permissions."))
                })?;
                self.identity_insert = on.then_some(id);
                return Ok(());
            }
            ["LOCK_TIMEOUT", time] => {
                let time = time.parse().unwrap_or(u32::MAX);
                return self
                    .connection
                    .busy_timeout(Duration::from_millis(time.into()).min(super::PATIENCE))
                    .map_err(|error| sqlite::message(&error));
            }
            ["IMPLICIT_TRANSACTIONS", "ON" | "OFF"] => self.implicit_transactions = on,
            ["NOCOUNT", "ON" | "OFF"] => self.no_count = on,
            _ => {}
        }
        // SET a, b ON
        for option in all.iter().filter(|word| **word != ",").take_while(|word| !["ON", "OFF"].contains(word))
        {
            if OPTIONS.contains(option) {
                if all.len() == 2 && !["ON", "OFF"].contains(&all[1]) {
                    return Ok(());
                }
                continue;
            }
            return Err(bad_option(option));
        }
        Ok(())
    }

    fn permission(
        &mut self,
        verb: Verb,
        permissions: &[String],
        object: Option<&syntax::Name>,
        principals: &[String],
    ) -> Result<()> {
        if self.rights().read_only {
            return Err(SqlMessage::error(4613, "Grantor does not have GRANT permission."));
        }
        let object = match object {
            None => None,
            Some(name) => {
                let found = self.shared.catalog().named(name).cloned();
                Some(found.ok_or_else(|| {
                    let last = name.last().map_or("", String::as_str);
                    SqlMessage::error(15151, format!("Cannot find the object '{last}', because it does not exist or you do not have permission."))
                })?)
            }
        };
        let mut logins = self.shared.logins();
        for principal in principals {
            for permission in permissions {
                logins.change(principal, |rights| match (permission.as_str(), &object) {
                    ("VIEW SERVER STATE", None) => rights.view_server_state = verb == Verb::Grant,
                    ("VIEW DEFINITION", None) => rights.view_definition = verb == Verb::Grant,
                    ("UNMASK", None) => rights.unmask = verb == Verb::Grant,
                    ("SELECT", Some(object)) if verb == Verb::Deny => {
                        rights.deny_select(&object.schema, &object.name)
                    }
                    ("SELECT", Some(object)) => rights.allow_select(&object.schema, &object.name),
                    // Everything else follows from being the owner or read-only.
                    _ => {}
                });
            }
        }
        Ok(())
    }
}

impl EngineSession for Session {
    fn execute(&mut self, batch: &str, parameters: &[Parameter], emit: Emit<'_>) -> Result<()> {
        self.variables = parameters
            .iter()
            .map(|parameter| (parameter.name.to_lowercase(), (parameter.ty.clone(), parameter.value.clone())))
            .collect();
        let id = self.info.session_id;
        let at = |shared: &Shared, running: bool| {
            if let Some(open) = shared.sessions().get_mut(&id) {
                (open.running, open.last_request) = (running, now());
            }
        };
        at(&self.shared, true);
        let result = self.run(batch, emit);
        at(&self.shared, false);
        result
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if !self.is_internal {
            self.shared.sessions().remove(&self.info.session_id);
        }
    }
}

/// What a statement is translated with, at one moment.
pub struct Translation {
    pub catalog: Arc<Catalog>,
    pub rights: Arc<Rights>,
    pub now: super::Moment,
}

impl From<&Output> for AnswerColumn {
    fn from(column: &Output) -> Self {
        Self { name: column.name.clone(), ty: column.ty.clone(), nullable: column.nullable }
    }
}

/// How a column's values are read; whether they lie as somebody else wrote them.
fn reading(column: &Output) -> (Form, bool) {
    (
        Form::new(column.ty.clone()),
        column.foreign && (!sql_type::is_integer(&column.ty) || column.ty == SqlType::Bit),
    )
}

/// Databases that every server has.
pub fn is_system_database(name: &str) -> bool {
    ["master", "tempdb", "model", "msdb"].iter().any(|known| same_name(known, name))
}

fn undeclared(name: &str) -> SqlMessage {
    SqlMessage {
        class: 15,
        ..SqlMessage::error(137, format!("Must declare the scalar variable \"{name}\"."))
    }
}

fn bad_option(option: &str) -> SqlMessage {
    SqlMessage { class: 15, ..SqlMessage::error(195, format!("'{option}' is not a recognized SET option.")) }
}

/// Options of SET that are taken and, but for a few, mean nothing here.
const OPTIONS: &[&str] = &[
    "ANSI_DEFAULTS",
    "ANSI_NULLS",
    "ANSI_NULL_DFLT_OFF",
    "ANSI_NULL_DFLT_ON",
    "ANSI_PADDING",
    "ANSI_WARNINGS",
    "ARITHABORT",
    "ARITHIGNORE",
    "CONCAT_NULL_YIELDS_NULL",
    "CURSOR_CLOSE_ON_COMMIT",
    "DATEFIRST",
    "DATEFORMAT",
    "DEADLOCK_PRIORITY",
    "FMTONLY",
    "IMPLICIT_TRANSACTIONS",
    "LANGUAGE",
    "LOCK_TIMEOUT",
    "NOCOUNT",
    "NOEXEC",
    "NO_BROWSETABLE",
    "NUMERIC_ROUNDABORT",
    "QUERY_GOVERNOR_COST_LIMIT",
    "QUOTED_IDENTIFIER",
    "ROWCOUNT",
    "STATISTICS",
    "TEXTSIZE",
    "XACT_ABORT",
];
