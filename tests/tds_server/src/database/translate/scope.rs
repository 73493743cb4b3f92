//! Which columns a name can mean.

use sqlparser::ast::{Expr, Ident};

use super::{Insists, Translator, Typed, quote};
use crate::answer::{SqlMessage, SqlType};
use crate::database::catalog::{invalid_column, same_name};

/// The tables of a query, and those of the queries round it.
#[derive(Default)]
pub struct Scope<'s> {
    pub tables: Vec<ScopeTable>,
    /// Named queries of WITH.
    pub named: Vec<NamedQuery>,
    pub outer: Option<&'s Scope<'s>>,
}

/// A query that WITH named.
#[derive(Clone)]
pub struct NamedQuery {
    pub name: String,
    pub sql_name: String,
    pub columns: Vec<ScopeColumn>,
}

/// A table, view or subquery in FROM.
#[derive(Clone)]
pub struct ScopeTable {
    /// The alias, or else the name.
    pub name: String,
    /// Where it has no alias: its schema may be written before the name.
    pub schema: Option<String>,
    /// Its name in the translation; empty where columns stand alone.
    pub sql_alias: String,
    pub columns: Vec<ScopeColumn>,
}

#[derive(Clone)]
pub struct ScopeColumn {
    pub name: String,
    pub sql_name: String,
    pub ty: SqlType,
    pub nullable: bool,
    pub foreign: bool,
    /// A computed column stands for its expression.
    pub computed: Option<Box<Expr>>,
}

impl<'s> Scope<'s> {
    /// A scope inside of another.
    pub fn inside(outer: Option<&'s Scope<'s>>) -> Self {
        Self { outer, ..Self::default() }
    }

    pub fn named_query(&self, name: &str) -> Option<&NamedQuery> {
        self.named
            .iter()
            .rev()
            .find(|query| same_name(&query.name, name))
            .or_else(|| self.outer.and_then(|outer| outer.named_query(name)))
    }
}

impl Translator<'_> {
    /// A column by its name alone.
    pub(super) fn column(&self, name: &str, scope: &Scope<'_>) -> Result<Typed, SqlMessage> {
        let mut found = None;
        for table in &scope.tables {
            for column in table.columns.iter().filter(|column| same_name(&column.name, name)) {
                if found.is_some() {
                    return Err(SqlMessage::error(209, format!("Ambiguous column name '{name}'.")));
                }
                found = Some((table, column));
            }
        }
        match (found, scope.outer) {
            (Some((table, column)), _) => self.column_of(table, column),
            (None, Some(outer)) => self.column(name, outer),
            (None, None) => Err(invalid_column(name)),
        }
    }

    /// A column with the table before its name: `t.c`, `s.t.c`, `d.s.t.c`.
    pub(super) fn qualified_column(&self, parts: &[Ident], scope: &Scope<'_>) -> Result<Typed, SqlMessage> {
        let Some((last, qualifier)) = parts.split_last() else { return Err(invalid_column("")) };
        match self.qualified_table(qualifier, scope) {
            Some(table) => match table.columns.iter().find(|column| same_name(&column.name, &last.value)) {
                Some(column) => self.column_of(table, column),
                None => Err(invalid_column(&last.value)),
            },
            None => {
                let name: Vec<_> = parts.iter().map(|part| part.value.as_str()).collect();
                Err(SqlMessage::error(
                    4104,
                    format!("The multi-part identifier \"{}\" could not be bound.", name.join(".")),
                ))
            }
        }
    }

    /// The table that a qualifier means.
    pub(super) fn qualified_table<'s>(
        &self,
        qualifier: &[Ident],
        scope: &'s Scope<'_>,
    ) -> Option<&'s ScopeTable> {
        let (name, rest) = qualifier.split_last()?;
        let matches = |table: &&ScopeTable| {
            same_name(&table.name, &name.value)
                && match rest.last() {
                    None => true,
                    Some(schema) => table.schema.as_ref().is_some_and(|own| same_name(own, &schema.value)),
                }
        };
        scope
            .tables
            .iter()
            .find(matches)
            .or_else(|| scope.outer.and_then(|outer| self.qualified_table(qualifier, outer)))
    }

    pub(super) fn column_of(&self, table: &ScopeTable, column: &ScopeColumn) -> Result<Typed, SqlMessage> {
        if let Some(expression) = &column.computed {
            let own = Scope { tables: vec![table.clone()], ..Scope::default() };
            let value = self.expression(expression, &own)?;
            let value = self.coerce(value, &column.ty)?;
            return Ok(Typed { nullable: column.nullable, insists: Insists::Some, constant: None, ..value });
        }
        let name = quote(&column.sql_name);
        let sql =
            if table.sql_alias.is_empty() { name } else { format!("{}.{name}", quote(&table.sql_alias)) };
        let typed = Typed::new(sql, column.ty.clone(), column.nullable);
        Ok(Typed { foreign: column.foreign, insists: Insists::Some, ..typed })
    }
}
