//! Columns and constraints as CREATE TABLE and ALTER TABLE ADD describe them.

use sqlparser::ast::Expr;

use super::{Changer, Result, exists};
use crate::answer::{SqlMessage, SqlType};
use crate::collation;
use crate::database::catalog::{
    Check, Column, Computed, Default, ForeignKey, Identity, Index, KeyConstraint, Object, invalid_object,
    same_name, schema_and_name, split_name,
};
use crate::database::sql_type;
use crate::database::syntax::{ColumnSyntax, ConstraintSyntax, ConstraintTerm, ReferenceSyntax, definition};
use crate::database::translate::parse_type;

impl Changer<'_> {
    /// Adds columns and constraints to a table.
    pub(super) fn add(
        &mut self,
        object: &mut Object,
        columns: &[ColumnSyntax],
        constraints: &[ConstraintSyntax],
        trusted: bool,
    ) -> Result<()> {
        let first = object.columns.len();
        for column in columns.iter().filter(|column| column.computed.is_none()) {
            let added = self.column(object, column)?;
            object.columns.push(added);
        }
        // A computed column may stand before those it is made of.
        for (at, column) in columns.iter().enumerate().filter(|(_, column)| column.computed.is_some()) {
            let added = self.computed_column(object, column)?;
            object.columns.insert(first + at, added);
        }
        for (at, column) in object.columns.iter_mut().enumerate() {
            column.id = at as i64 + 1;
        }
        for (at, column) in columns.iter().enumerate() {
            for constraint in &column.constraints {
                self.constraint(object, constraint, Some(first + at), trusted)?;
            }
        }
        constraints.iter().try_for_each(|constraint| self.constraint(object, constraint, None, trusted))
    }

    fn check_new_column(object: &Object, name: &str) -> Result<()> {
        if object.column(name).is_some() {
            let message = format!(
                "Column names in each table must be unique. Column name '{name}' in table '{}' is specified more than once.",
                object.name
            );
            return Err(SqlMessage::error(2705, message));
        }
        Ok(())
    }

    fn column(&mut self, object: &Object, column: &ColumnSyntax) -> Result<Column> {
        Self::check_new_column(object, &column.name)?;
        let text = column.ty.as_deref().unwrap_or_default();
        let mut ty = parse_type(&self.catalog, text, 1)?;
        if let Some(name) = &column.collation {
            let found = collation::find(name)
                .ok_or_else(|| SqlMessage::error(448, format!("Invalid collation '{name}'.")))?;
            ty = sql_type::with_collation(&ty, found.name);
        }
        let known = match split_name(text).unwrap_or_default().as_slice() {
            [name] => self.catalog.alias_type(None, name),
            [schema, name] => self.catalog.alias_type(Some(schema), name),
            _ => None,
        };
        let is_name = text.trim_matches(['[', ']']).eq_ignore_ascii_case("sysname");
        let alias = match known {
            Some(known) => Some(format!("{}.{}", known.schema, known.name)),
            None => is_name.then(|| "sysname".to_owned()),
        };
        let refuses = column.identity.is_some() || ty == SqlType::Timestamp || is_name;
        let nullable = column.nullable.unwrap_or(!refuses && known.is_none_or(|known| known.nullable));
        Ok(Column {
            name: column.name.clone(),
            id: 0,
            ty,
            alias,
            nullable,
            row_guid: column.row_guid,
            masked: column.masked,
            identity: column.identity.map(|(seed, step)| Identity { seed, step }),
            computed: None,
            default: None,
        })
    }

    fn computed_column(&mut self, object: &Object, column: &ColumnSyntax) -> Result<Column> {
        Self::check_new_column(object, &column.name)?;
        let Some((expression, persisted)) = &column.computed else {
            return Err(invalid_object(&column.name));
        };
        let value = self.within(object, |translator, scope| translator.expression(expression, scope))?;
        Ok(Column {
            name: column.name.clone(),
            id: 0,
            ty: value.ty,
            alias: None,
            // Whatever it is made of may overflow; only ISNULL excludes NULL for good.
            nullable: column.nullable.unwrap_or(value.nullable || !is_isnull(expression)),
            row_guid: false,
            masked: false,
            identity: None,
            computed: Some(Computed {
                expression: expression.clone(),
                definition: definition(expression),
                persisted: *persisted,
            }),
            default: None,
        })
    }

    /// A name that SQL Server would make up.
    fn invented(&self, prefix: &str, object: &Object, column: Option<&str>, id: i64) -> String {
        let short = |name: &str, length: usize| name.chars().take(length).collect::<String>();
        match column {
            Some(column) => format!("{prefix}__{}__{}__{id:08X}", short(&object.name, 9), short(column, 5)),
            None => format!("{prefix}__{}__{id:016X}", short(&object.name, 8)),
        }
    }

    fn constraint(
        &mut self,
        object: &mut Object,
        constraint: &ConstraintSyntax,
        behind: Option<usize>,
        trusted: bool,
    ) -> Result<()> {
        if let Some(name) = &constraint.name {
            let taken = self.catalog.has_constraint(&object.schema, name) || object.has_constraint(name);
            if taken {
                return Err(exists(name));
            }
        }
        let id = self.catalog.new_id();
        let system_named = constraint.name.is_none();
        let behind_name = behind.map(|at| object.columns[at].name.clone());
        let name_or = |prefix: &str, column: Option<&str>| match &constraint.name {
            Some(name) => name.clone(),
            None => self.invented(prefix, object, column, id),
        };
        match &constraint.term {
            ConstraintTerm::Default { value, column } => {
                let at = match column {
                    Some(column) => place(object, column)?,
                    None => behind.ok_or_else(|| invalid_object("DEFAULT"))?,
                };
                let name = name_or("DF", Some(&object.columns[at].name));
                let default = Default {
                    id,
                    name,
                    expression: value.clone(),
                    definition: definition(value),
                    system_named,
                };
                if object.columns[at].default.is_some() {
                    return Err(SqlMessage::error(1781, "Column already has a DEFAULT bound to it."));
                }
                // Defaults know no columns.
                let known = self
                    .within(&Object { columns: Vec::new(), ..object.clone() }, |translator, scope| {
                        translator.expression(value, scope)
                    });
                known?;
                object.columns[at].default = Some(default);
            }
            ConstraintTerm::Check(expression) => {
                self.within(object, |translator, scope| translator.predicate(expression, scope))?;
                let name = name_or("CK", behind_name.as_deref());
                object.checks.push(Check {
                    id,
                    name,
                    column: behind,
                    expression: expression.clone(),
                    definition: definition(expression),
                    disabled: false,
                    trusted,
                    system_named,
                });
            }
            ConstraintTerm::Key { primary, clustered, columns } => {
                let name = name_or(if *primary { "PK" } else { "UQ" }, None);
                if *primary && object.primary_key().is_some() {
                    let message = format!("Table '{}' already has a primary key defined on it.", object.name);
                    return Err(SqlMessage::error(1779, message));
                }
                let key = key_columns(object, columns)?;
                if *primary {
                    for (at, _) in &key {
                        let column = &mut object.columns[*at];
                        // In CREATE TABLE a column of the key that says nothing is NOT NULL.
                        column.nullable = false;
                    }
                }
                let has_clustered = object.indexes.iter().any(|index| index.clustered);
                let clustered = clustered.unwrap_or(*primary && !has_clustered);
                let constraint = Some(KeyConstraint { id, primary: *primary, system_named });
                let id = index_id(object, clustered);
                object.indexes.push(Index {
                    id,
                    name,
                    unique: true,
                    clustered,
                    constraint,
                    key,
                    included: Vec::new(),
                    filter: None,
                    disabled: false,
                });
            }
            ConstraintTerm::ForeignKey { columns, reference } => {
                let name = name_or("FK", columns.first().map(String::as_str));
                let key = self.foreign_key(object, id, name, columns, reference, system_named, trusted)?;
                object.foreign_keys.push(key);
            }
        }
        Ok(())
    }

    #[allow(clippy::too_many_arguments, reason = "each is a part of the one constraint")]
    fn foreign_key(
        &self,
        object: &Object,
        id: i64,
        name: String,
        columns: &[String],
        reference: &ReferenceSyntax,
        system_named: bool,
        trusted: bool,
    ) -> Result<ForeignKey> {
        let (schema, last) = schema_and_name(&reference.table).ok_or_else(|| invalid_object(""))?;
        let itself = same_name(last, &object.name) && same_name(schema, &object.schema);
        let parent = match itself {
            true => object.clone(),
            false => self.find(&reference.table).ok_or_else(|| {
                let table = reference.table.join(".");
                SqlMessage::error(1767, format!("Foreign key '{name}' references invalid table '{table}'."))
            })?,
        };
        let own: Vec<usize> = columns.iter().map(|column| place(object, column)).collect::<Result<_>>()?;
        let parent_columns: Vec<usize> = match reference.columns.is_empty() {
            false => reference.columns.iter().map(|column| place(&parent, column)).collect::<Result<_>>()?,
            true => {
                parent.primary_key().map_or_else(Vec::new, |key| key.key.iter().map(|(at, _)| *at).collect())
            }
        };
        let mut wanted = parent_columns.clone();
        wanted.sort_unstable();
        let is_key =
            parent.indexes.iter().filter(|index| index.unique && index.filter.is_none()).any(|index| {
                let mut key: Vec<usize> = index.key.iter().map(|(at, _)| *at).collect();
                key.sort_unstable();
                key == wanted
            });
        if !is_key || own.len() != parent_columns.len() {
            let table = reference.table.join(".");
            return Err(SqlMessage::error(
                1776,
                format!(
                    "There are no primary or candidate keys in the referenced table '{table}' that match the referencing column list in the foreign key '{name}'."
                ),
            ));
        }
        Ok(ForeignKey {
            id,
            name,
            columns: own,
            parent: parent.id,
            parent_columns,
            on_delete: reference.on_delete,
            on_update: reference.on_update,
            disabled: false,
            trusted,
            system_named,
        })
    }
}

fn is_isnull(expression: &Expr) -> bool {
    match expression {
        Expr::Nested(inner) => is_isnull(inner),
        Expr::Function(function) => function.name.to_string().eq_ignore_ascii_case("isnull"),
        _ => false,
    }
}

/// 1 is the clustered index.
pub(super) fn index_id(object: &Object, clustered: bool) -> i64 {
    if clustered {
        return 1;
    }
    object.indexes.iter().map(|index| index.id).max().unwrap_or(1).max(1) + 1
}

pub(super) fn place(object: &Object, column: &str) -> Result<usize> {
    object.column(column).ok_or_else(|| {
        SqlMessage::error(1911, format!("Column name '{column}' does not exist in the target table or view."))
    })
}

pub(super) fn key_columns(object: &Object, columns: &[(String, bool)]) -> Result<Vec<(usize, bool)>> {
    columns.iter().map(|(name, descending)| Ok((place(object, name)?, *descending))).collect()
}
