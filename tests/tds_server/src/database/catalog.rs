//! What the database has: schemas, tables, views, their columns and constraints, and alias types.

use std::sync::Arc;

use sqlparser::ast::{Expr, Query};

use super::calendar::Moment;
use crate::answer::{SqlMessage, SqlType};

/// All objects at one moment. A change makes a new one, so that a running statement keeps what it began with.
#[derive(Debug, Clone)]
pub struct Catalog {
    /// Different for every change.
    pub version: u64,
    pub database: String,
    /// Of columns and literals that name none.
    pub collation: String,
    pub schemas: Vec<Schema>,
    pub objects: Vec<Arc<Object>>,
    pub types: Vec<AliasType>,
    next_id: i64,
}

#[derive(Debug, Clone)]
pub struct Schema {
    pub id: i64,
    pub name: String,
}

/// `CREATE TYPE name FROM type`.
#[derive(Debug, Clone)]
pub struct AliasType {
    pub schema: String,
    pub name: String,
    pub ty: SqlType,
    pub nullable: bool,
    pub user_type_id: i64,
}

/// A table or a view.
#[derive(Debug, Clone)]
pub struct Object {
    pub id: i64,
    pub schema: String,
    pub name: String,
    pub created: Moment,
    pub modified: Moment,
    pub kind: Kind,
    pub columns: Vec<Column>,
    pub indexes: Vec<Index>,
    pub checks: Vec<Check>,
    pub foreign_keys: Vec<ForeignKey>,
    pub triggers: Vec<Trigger>,
    /// Security policies that hide rows. They hide none here.
    pub policies: Vec<Policy>,
}

/// A security policy, of which only the name is known.
#[derive(Debug, Clone)]
pub struct Policy {
    pub id: i64,
    pub schema: String,
    pub name: String,
}

/// A trigger, which does nothing.
#[derive(Debug, Clone)]
pub struct Trigger {
    pub id: i64,
    pub name: String,
}

#[derive(Debug, Clone)]
pub enum Kind {
    /// A table in the engine's own form.
    Table,
    /// A view, which stands for its query.
    View { query: Box<Query>, definition: String },
    /// A table of an SQLite file that others wrote, by its name there.
    ForeignTable(String),
    /// A view of such a file.
    ForeignView(String),
}

#[derive(Debug, Clone)]
pub struct Column {
    pub name: String,
    /// From 1.
    pub id: i64,
    pub ty: SqlType,
    /// The alias type, with its schema, or sysname.
    pub alias: Option<String>,
    pub nullable: bool,
    pub row_guid: bool,
    /// `MASKED WITH (…)`. Its values are shown to everybody here.
    pub masked: bool,
    pub identity: Option<Identity>,
    pub computed: Option<Computed>,
    pub default: Option<Default>,
}

#[derive(Debug, Clone)]
pub struct Identity {
    pub seed: i128,
    pub step: i128,
}

#[derive(Debug, Clone)]
pub struct Computed {
    pub expression: Expr,
    pub definition: String,
    pub persisted: bool,
}

#[derive(Debug, Clone)]
pub struct Default {
    pub id: i64,
    pub name: String,
    pub expression: Expr,
    pub definition: String,
    pub system_named: bool,
}

/// An index, which may be that of a primary key or unique constraint. Columns are places in the table's list.
#[derive(Debug, Clone)]
pub struct Index {
    pub id: i64,
    pub name: String,
    pub unique: bool,
    pub clustered: bool,
    pub constraint: Option<KeyConstraint>,
    /// Column, and whether it is descending.
    pub key: Vec<(usize, bool)>,
    pub included: Vec<usize>,
    pub filter: Option<Filter>,
    pub disabled: bool,
}

#[derive(Debug, Clone)]
pub struct KeyConstraint {
    pub id: i64,
    pub primary: bool,
    pub system_named: bool,
}

#[derive(Debug, Clone)]
pub struct Filter {
    pub expression: Expr,
    pub definition: String,
}

#[derive(Debug, Clone)]
pub struct Check {
    pub id: i64,
    pub name: String,
    /// The column it was written behind, if any.
    pub column: Option<usize>,
    pub expression: Expr,
    pub definition: String,
    pub disabled: bool,
    pub trusted: bool,
    pub system_named: bool,
}

#[derive(Debug, Clone)]
pub struct ForeignKey {
    pub id: i64,
    pub name: String,
    pub columns: Vec<usize>,
    /// The table that is referred to.
    pub parent: i64,
    pub parent_columns: Vec<usize>,
    pub on_delete: Action,
    pub on_update: Action,
    pub disabled: bool,
    pub trusted: bool,
    pub system_named: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    None,
    Cascade,
    SetNull,
    SetDefault,
}

impl Action {
    /// As `sys.foreign_keys` numbers it.
    pub fn number(self) -> i64 {
        match self {
            Self::None => 0,
            Self::Cascade => 1,
            Self::SetNull => 2,
            Self::SetDefault => 3,
        }
    }

    pub fn description(self) -> &'static str {
        match self {
            Self::None => "NO_ACTION",
            Self::Cascade => "CASCADE",
            Self::SetNull => "SET_NULL",
            Self::SetDefault => "SET_DEFAULT",
        }
    }

    pub fn sql(self) -> &'static str {
        match self {
            Self::None => "NO ACTION",
            Self::Cascade => "CASCADE",
            Self::SetNull => "SET NULL",
            Self::SetDefault => "SET DEFAULT",
        }
    }
}

impl Object {
    /// Whether the values lie as another program wrote them.
    pub fn is_foreign(&self) -> bool {
        matches!(self.kind, Kind::ForeignTable(_) | Kind::ForeignView(_))
    }

    pub fn is_view(&self) -> bool {
        matches!(self.kind, Kind::View { .. } | Kind::ForeignView(_))
    }

    /// The name in SQLite.
    pub fn sqlite_name(&self) -> String {
        match &self.kind {
            Kind::ForeignTable(name) | Kind::ForeignView(name) => name.clone(),
            _ => format!("{}.{}", self.schema, self.name),
        }
    }

    pub fn full_name(&self) -> String {
        format!("{}.{}", self.schema, self.name)
    }

    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| same_name(&column.name, name))
    }

    /// Whether a constraint of the table has that name.
    pub fn has_constraint(&self, name: &str) -> bool {
        self.indexes.iter().any(|index| index.constraint.is_some() && same_name(&index.name, name))
            || self.checks.iter().any(|check| same_name(&check.name, name))
            || self.foreign_keys.iter().any(|key| same_name(&key.name, name))
            || self
                .columns
                .iter()
                .any(|column| column.default.as_ref().is_some_and(|default| same_name(&default.name, name)))
    }

    pub fn primary_key(&self) -> Option<&Index> {
        self.indexes.iter().find(|index| index.constraint.as_ref().is_some_and(|key| key.primary))
    }
}

impl Catalog {
    pub fn new(database: &str, collation: &str) -> Self {
        let schema = |id, name: &str| Schema { id, name: name.to_owned() };
        Self {
            version: 1,
            database: database.to_owned(),
            collation: collation.to_owned(),
            schemas: vec![
                schema(1, "dbo"),
                schema(2, "guest"),
                schema(3, "INFORMATION_SCHEMA"),
                schema(4, "sys"),
            ],
            objects: Vec::new(),
            types: Vec::new(),
            next_id: 901_578_250,
        }
    }

    /// A number for a new object, in steps as SQL Server's are.
    pub fn new_id(&mut self) -> i64 {
        self.next_id += 16;
        self.next_id
    }

    pub fn schema(&self, name: &str) -> Option<&Schema> {
        self.schemas.iter().find(|schema| same_name(&schema.name, name))
    }

    pub fn object(&self, schema: &str, name: &str) -> Option<&Arc<Object>> {
        self.objects.iter().find(|object| same_name(&object.name, name) && same_name(&object.schema, schema))
    }

    pub fn object_by_id(&self, id: i64) -> Option<&Arc<Object>> {
        self.objects.iter().find(|object| object.id == id)
    }

    /// Puts an object in the place of the one with its number, or at the end.
    pub fn put(&mut self, object: Object) {
        let object = Arc::new(object);
        match self.objects.iter_mut().find(|other| other.id == object.id) {
            Some(place) => *place = object,
            None => self.objects.push(object),
        }
    }

    pub fn alias_type(&self, schema: Option<&str>, name: &str) -> Option<&AliasType> {
        self.types
            .iter()
            .find(|alias| same_name(&alias.name, name) && same_name(&alias.schema, schema.unwrap_or("dbo")))
    }

    /// Whether a constraint of that name exists in the schema; their names are those of objects.
    pub fn has_constraint(&self, schema: &str, name: &str) -> bool {
        let own = |object: &&Arc<Object>| same_name(&object.schema, schema);
        self.objects.iter().filter(own).any(|object| object.has_constraint(name))
    }

    /// The table or view that the parts of a name mean.
    pub fn named(&self, parts: &[String]) -> Option<&Arc<Object>> {
        let (schema, name) = schema_and_name(parts)?;
        self.object(schema, name)
    }
}

/// Names are compared without case.
pub fn same_name(left: &str, right: &str) -> bool {
    left.eq_ignore_ascii_case(right) || (!left.is_ascii() && left.to_lowercase() == right.to_lowercase())
}

/// Schema and name, of the parts of a name. Without a schema dbo is meant.
pub fn schema_and_name(parts: &[String]) -> Option<(&str, &str)> {
    let (name, rest) = parts.split_last()?;
    let schema = rest.last().filter(|schema| !schema.is_empty()).map_or("dbo", String::as_str);
    Some((schema, name))
}

/// The parts of a name such as `[KsmErp].[dbo].[T]`, from a text.
pub fn split_name(text: &str) -> Option<Vec<String>> {
    let mut parts = Vec::new();
    let mut rest = text.trim();
    loop {
        let (close, body) = match rest.chars().next()? {
            '[' => (Some(']'), &rest[1..]),
            '"' => (Some('"'), &rest[1..]),
            _ => (None, rest),
        };
        let mut part = String::new();
        let mut chars = body.char_indices().peekable();
        let mut end = body.len();
        let mut closed = close.is_none();
        while let Some((at, c)) = chars.next() {
            if Some(c) == close {
                if chars.peek().is_some_and(|&(_, next)| Some(next) == close) {
                    chars.next();
                } else {
                    end = at + 1;
                    closed = true;
                    break;
                }
            } else if close.is_none() && c == '.' {
                end = at;
                break;
            }
            part.push(c);
        }
        if !closed {
            return None;
        }
        parts.push(if close.is_none() { part.trim().to_owned() } else { part });
        rest = body[end..].trim_start();
        if rest.is_empty() {
            return Some(parts);
        }
        rest = rest.strip_prefix('.')?.trim_start();
    }
}

/// Error 208.
pub fn invalid_object(name: &str) -> SqlMessage {
    SqlMessage::error(208, format!("Invalid object name '{name}'."))
}

/// Error 207.
pub fn invalid_column(name: &str) -> SqlMessage {
    SqlMessage::error(207, format!("Invalid column name '{name}'."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_split_at_points_outside_of_brackets() {
        let split = |text| split_name(text).map(|parts| parts.join("|"));
        assert_eq!(split("[KsmErp].[dbo].[a]]b.c]"), Some("KsmErp|dbo|a]b.c".to_owned()));
        assert_eq!(split("dbo.T"), Some("dbo|T".to_owned()));
        assert_eq!(split("\"x\" . y"), Some("x|y".to_owned()));
        assert_eq!(split("[a"), None);
        assert_eq!(split(""), None);
    }
}
