//! From T-SQL to SQL of SQLite.
//!
//! Every expression gets a type, by SQL Server's rules, before it gets its text: the types decide how values are compared,
//! converted and shown. What depends on no row is computed here and written as a literal.

mod aggregate;
mod builtin;
mod expression;
mod predicate;
mod query;
mod scope;
mod table;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, HashMap};

use super::calendar::Moment;
use super::catalog::{Catalog, Object};
use super::compare;
use super::form::{self, Form};
use super::function::Call;
use super::rights::Rights;
use super::{foreign, sql_type};
use crate::answer::{SessionInfo, SqlMessage, SqlType, SqlValue};

pub use query::{Output, Translated};
pub use scope::{Scope, ScopeTable};

/// What a statement sees of its session, and what the translation finds out on its way.
pub struct Translator<'a> {
    pub catalog: &'a Catalog,
    pub session: &'a SessionInfo,
    pub rights: &'a Rights,
    /// The database that `USE` named last.
    pub database: &'a str,
    /// In UTC; the same throughout a statement.
    pub now: Moment,
    pub transactions: i64,
    pub row_count: i64,
    pub last_identity: Option<i128>,
    /// By name in small letters, with the @.
    pub variables: &'a HashMap<String, (SqlType, SqlValue)>,
    pub uses: RefCell<Uses>,
    aliases: Cell<u32>,
    /// How deep views are in views.
    depth: Cell<u32>,
}

/// What a statement needs besides its text.
#[derive(Debug, Default)]
pub struct Uses {
    /// Tables of the system catalogue, by name.
    pub system: BTreeSet<&'static str>,
    /// A table or view of the database is read.
    pub data: bool,
}

/// How strongly an expression insists on its collation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Insists {
    /// A literal or variable.
    Little,
    /// A column.
    Some,
    /// COLLATE.
    Much,
}

/// An expression in SQLite's terms.
#[derive(Debug, Clone)]
pub struct Typed {
    pub sql: String,
    pub ty: SqlType,
    pub nullable: bool,
    /// The value, if no row changes it.
    pub constant: Option<SqlValue>,
    /// The value lies as another program wrote it.
    pub foreign: bool,
    pub insists: Insists,
    /// NULL as such, which fits every type.
    pub untyped: bool,
}

impl Typed {
    /// An expression that yields a value of a type.
    pub fn new(sql: impl Into<String>, ty: SqlType, nullable: bool) -> Self {
        Self {
            sql: sql.into(),
            ty,
            nullable,
            constant: None,
            foreign: false,
            insists: Insists::Little,
            untyped: false,
        }
    }

    /// A value that is known.
    pub fn constant(value: SqlValue, ty: SqlType) -> Result<Self, SqlMessage> {
        let sql = form::literal(&Form::new(ty.clone()).encode(&value)?);
        let nullable = value == SqlValue::Null;
        Ok(Self { constant: Some(value), ..Self::new(sql, ty, nullable) })
    }

    pub fn null() -> Self {
        Self { constant: Some(SqlValue::Null), untyped: true, ..Self::new("NULL", SqlType::Int, true) }
    }

    /// With the value in the engine's own form.
    pub fn native(self) -> Self {
        if !self.foreign || foreign::is_native(&self.ty) {
            return Self { foreign: false, ..self };
        }
        let sql = format!("tds_load('{}', {})", sql_type::describe(&self.ty), self.sql);
        Self { sql, foreign: false, ..self }
    }

    /// In a form that SQLite compares and sorts as SQL Server would.
    pub fn key(&self) -> Result<String, SqlMessage> {
        if sql_type::is_incomparable(&self.ty) {
            return Err(SqlMessage::error(
                306,
                "The text, ntext, and image data types cannot be compared or sorted, except when using IS NULL or LIKE operator.",
            ));
        }
        let native = self.clone().native();
        Ok(match sql_type::collation(&native.ty) {
            Some(name) => {
                let name = compare::sqlite_name(form::find_collation(name), sql_type::is_wide(&native.ty));
                format!("{} COLLATE \"{name}\"", native.sql)
            }
            // Only the instant counts, not the offset.
            None if matches!(native.ty, SqlType::DateTimeOffset(_)) => {
                format!("substr({}, 1, 8)", native.sql)
            }
            None => native.sql,
        })
    }
}

impl<'a> Translator<'a> {
    pub fn new(
        catalog: &'a Catalog,
        session: &'a SessionInfo,
        rights: &'a Rights,
        variables: &'a HashMap<String, (SqlType, SqlValue)>,
        now: Moment,
    ) -> Self {
        Self {
            catalog,
            session,
            rights,
            database: &catalog.database,
            now,
            transactions: 0,
            row_count: 0,
            last_identity: None,
            variables,
            uses: RefCell::default(),
            aliases: Cell::new(0),
            depth: Cell::new(0),
        }
    }

    /// A name for a table that no other of the statement has.
    fn alias(&self) -> String {
        let next = self.aliases.get() + 1;
        self.aliases.set(next);
        format!("t{next}")
    }

    /// A function of the library; computed at once where the arguments are known.
    pub fn call(
        &self,
        name: &str,
        style: i32,
        result: SqlType,
        arguments: Vec<Typed>,
    ) -> Result<Typed, SqlMessage> {
        let arguments: Vec<Typed> = arguments.into_iter().map(Typed::native).collect();
        let types = arguments.iter().map(|argument| argument.ty.clone()).collect();
        let call = Call::new(name, style, result.clone(), types)?;
        let insists = arguments.iter().map(|argument| argument.insists).max().unwrap_or(Insists::Little);
        let values: Option<Vec<SqlValue>> =
            arguments.iter().map(|argument| argument.constant.clone()).collect();
        // An error is left for the row that meets it, if one does.
        if let Some(Ok(value)) = values.map(|values| call.run(values)) {
            return Ok(Typed { insists, ..Typed::constant(value, result)? });
        }
        let mut sql = format!("tds('{}'", call.write().replace('\'', "''"));
        for argument in &arguments {
            sql.push_str(", ");
            sql.push_str(&argument.sql);
        }
        sql.push(')');
        Ok(Typed { insists, ..Typed::new(sql, result, true) })
    }

    /// An expression as one of another type.
    pub fn coerce(&self, from: Typed, to: &SqlType) -> Result<Typed, SqlMessage> {
        if from.untyped {
            return Ok(Typed { untyped: false, ty: to.clone(), ..from });
        }
        let from = from.native();
        if from.ty == *to {
            return Ok(from);
        }
        if from.constant.is_none() && is_free(&from.ty, to) {
            return Ok(Typed { ty: to.clone(), ..from });
        }
        let nullable = from.nullable;
        let converted = self.call("convert", 0, to.clone(), vec![from])?;
        Ok(Typed { nullable, ..converted })
    }

    /// An expression as the value of a column. The state of an error is the column's number.
    pub fn assign(&self, from: Typed, to: &SqlType, column: i64) -> Result<Typed, SqlMessage> {
        if from.untyped || from.ty == *to {
            return self.coerce(from, to);
        }
        let nullable = from.nullable;
        let assigned = self.call("assign", column as i32, to.clone(), vec![from])?;
        Ok(Typed { nullable, ..assigned })
    }

    /// A type as the source of the database names it, alias types included.
    pub fn parse_type(&self, text: &str, unsaid: u16) -> Result<SqlType, SqlMessage> {
        parse_type(self.catalog, text, unsaid)
    }

    /// The text type in which names are given.
    fn sysname(&self) -> SqlType {
        SqlType::NVarChar(Some(128), self.catalog.collation.clone())
    }

    fn text(&self, text: &str) -> Result<Typed, SqlMessage> {
        Typed::constant(SqlValue::Wide(text.encode_utf16().collect()), self.sysname())
    }

    fn int(&self, number: i64) -> Result<Typed, SqlMessage> {
        Typed::constant(SqlValue::Int(number), SqlType::Int)
    }

    /// FROM of a statement that changes a table.
    pub fn tables_of(
        &self,
        from: &[sqlparser::ast::TableWithJoins],
        scope: &mut Scope<'_>,
    ) -> Result<String, SqlMessage> {
        self.from(from, scope)
    }

    /// The name of the table that stands in FROM under an alias.
    pub fn table_behind(&self, from: &[sqlparser::ast::TableWithJoins], alias: &str) -> Option<Vec<String>> {
        table::table_behind(from, alias)
    }

    /// The columns under which a statement that changes a table sees it.
    pub fn object_table(&self, object: &Object, sql_alias: &str) -> ScopeTable {
        table::object_columns(object, sql_alias)
    }
}

/// A type's name in a statement: SQL Server's own, or an alias type of the database.
pub fn parse_type(catalog: &Catalog, text: &str, unsaid: u16) -> Result<SqlType, SqlMessage> {
    if let Some(ty) = sql_type::parse_with_default(text, &catalog.collation, unsaid) {
        return Ok(ty);
    }
    let parts = super::catalog::split_name(text).unwrap_or_default();
    let alias = match &parts[..] {
        [name] => catalog.alias_type(None, name),
        [schema, name] => catalog.alias_type(Some(schema), name),
        _ => None,
    };
    alias.map(|alias| alias.ty.clone()).ok_or_else(|| {
        let name = text.split('(').next().unwrap_or(text);
        SqlMessage { class: 15, ..SqlMessage::error(2715, format!("Cannot find data type {name}.")) }
    })
}

/// Whether every stored value of one type is the same value of the other as it is.
fn is_free(from: &SqlType, to: &SqlType) -> bool {
    if *from != SqlType::Bit
        && let (Some((low, high)), Some((least, most))) = (sql_type::range(from), sql_type::range(to))
    {
        return least <= low && high <= most;
    }
    match (from, to) {
        (SqlType::DateTime2(a), SqlType::DateTime2(b)) | (SqlType::Time(a), SqlType::Time(b)) => a <= b,
        (SqlType::SmallMoney, SqlType::Money) => true,
        (SqlType::VarBinary(a), SqlType::VarBinary(b)) => longer(*a, *b),
        (SqlType::VarChar(a, x), SqlType::VarChar(b, y)) => x == y && longer(*a, *b),
        (SqlType::NVarChar(a, _), SqlType::NVarChar(b, _)) => longer(*a, *b),
        _ => false,
    }
}

fn longer(from: Option<u16>, to: Option<u16>) -> bool {
    match (from, to) {
        (_, None) => true,
        (Some(from), Some(to)) => from <= to,
        (None, Some(_)) => false,
    }
}

/// A name in double quotes, as SQLite takes every name.
pub fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// An error for what T-SQL knows and this server does not.
pub fn unsupported(what: &str) -> SqlMessage {
    SqlMessage::error(40_517, format!("The test server does not know {what}."))
}
