//! The table of SQLite that stands for a table of the catalogue.

use std::sync::Arc;

use rusqlite::OptionalExtension;

use super::{Changer, Result};
use crate::answer::{SqlMessage, SqlType};
use crate::database::catalog::{Column, Index, Object};
use crate::database::translate::{Scope, quote};
use crate::database::write::{self, Written};
use crate::database::{compare, form, sql_type, sqlite};

/// How the rows of a table come through a change.
pub(super) struct Rebuild {
    /// New constraints hold for the rows that are there already.
    pub(super) validate: bool,
    pub(super) verb: &'static str,
}

impl Changer<'_> {
    pub(super) fn has_rows(&self, object: &Object) -> Result<bool> {
        let sql = format!("SELECT 1 FROM {} LIMIT 1", quote(&object.sqlite_name()));
        let found = self.connection.query_row(&sql, [], |_| Ok(())).optional();
        found.map(|row| row.is_some()).map_err(|error| sqlite::message(&error))
    }

    /// Makes the table of SQLite anew, with the rows of the old one.
    pub(super) fn rebuild(&mut self, old: Option<&Object>, object: Object, how: &Rebuild) -> Result<()> {
        // What refers to itself must be found while it is translated.
        self.catalog.put(object.clone());
        let mut sql = String::from("BEGIN IMMEDIATE;\n");
        let name = object.sqlite_name();
        let temporary = format!("{name}#new");
        sql += &format!("CREATE TABLE {} ({});\n", quote(&temporary), self.table_terms(&object)?);
        if let Some(old) = old {
            let (mut into, mut from) = (Vec::new(), Vec::new());
            for column in object.columns.iter().filter(|column| column.computed.is_none()) {
                let kept = old.column(&column.name).is_some();
                if kept {
                    from.push(quote(&column.name));
                } else if !column.nullable {
                    from.push(self.new_value(&object, column)?);
                } else {
                    continue;
                }
                into.push(quote(&column.name));
            }
            sql += &format!(
                "INSERT INTO {} ({}) SELECT {} FROM {};\nDROP TABLE {};\n",
                quote(&temporary),
                into.join(", "),
                from.join(", "),
                quote(&name),
                quote(&name)
            );
        }
        sql += &format!("ALTER TABLE {} RENAME TO {};\n", quote(&temporary), quote(&name));
        for index in &object.indexes {
            sql += &self.index_sql(&object, index)?;
        }
        let written = Written { sql, table: Arc::new(object.clone()), verb: how.verb };
        let pragma = |name: &str, on: bool| self.connection.pragma_update(None, name, on);
        let run = || -> Result<()> {
            let refused = |error: rusqlite::Error| write::refused(&error, &written, &self.catalog);
            self.connection.execute_batch(&written.sql).map_err(refused)?;
            if how.validate && old.is_some() {
                let sql =
                    format!("SELECT 1 FROM pragma_foreign_key_check('{}') LIMIT 1", name.replace('\'', "''"));
                let broken = self.connection.query_row(&sql, [], |_| Ok(())).optional().map_err(refused)?;
                if broken.is_some() {
                    let key = object.foreign_keys.last().map_or("", |key| key.name.as_str());
                    return Err(SqlMessage::error(
                        547,
                        format!(
                            "The ALTER TABLE statement conflicted with the FOREIGN KEY constraint \"{key}\". The conflict occurred in database \"{}\", table \"{}\".",
                            self.catalog.database,
                            object.full_name()
                        ),
                    ));
                }
            }
            self.connection.execute_batch("COMMIT").map_err(refused)
        };
        // Rows are as they were, unless the statement wants them looked at.
        let failed = |error: rusqlite::Error| sqlite::message(&error);
        pragma("foreign_keys", false).map_err(failed)?;
        pragma("ignore_check_constraints", !how.validate).map_err(failed)?;
        let result = run();
        if !self.connection.is_autocommit() {
            self.connection.execute_batch("ROLLBACK").map_err(failed)?;
        }
        pragma("ignore_check_constraints", false).map_err(failed)?;
        pragma("foreign_keys", true).map_err(failed)?;
        result
    }

    /// What rows that are there already get in a new column.
    fn new_value(&self, object: &Object, column: &Column) -> Result<String> {
        if column.ty == SqlType::Timestamp {
            return Ok("tds_rowversion()".to_owned());
        }
        if let Some(identity) = &column.identity {
            let ty = sql_type::describe(&column.ty);
            return Ok(format!(
                "tds_identity('{ty}', {}, '{}', '{}')",
                object.id, identity.seed, identity.step
            ));
        }
        let Some(default) = &column.default else { return Ok("NULL".to_owned()) };
        self.within(object, |translator, _| {
            let value = translator.expression(&default.expression, &Scope::default())?;
            Ok(translator.assign(value, &column.ty, column.id)?.sql)
        })
    }

    /// Columns and constraints in SQLite's terms. Columns have no type there, so that values stay as they are put in.
    fn table_terms(&self, object: &Object) -> Result<String> {
        let mut terms = Vec::new();
        for column in object.columns.iter().filter(|column| column.computed.is_none()) {
            let mut term = quote(&column.name);
            if let Some(name) = sql_type::collation(&column.ty) {
                let name = compare::sqlite_name(form::find_collation(name), sql_type::is_wide(&column.ty));
                term += &format!(" COLLATE {}", quote(&name));
            }
            if !column.nullable {
                term += " NOT NULL";
            }
            terms.push(term);
        }
        for check in object.checks.iter().filter(|check| !check.disabled) {
            let condition =
                self.within(object, |translator, scope| translator.predicate(&check.expression, scope))?;
            terms.push(format!("CONSTRAINT {} CHECK ({condition})", quote(&check.name)));
        }
        for key in object.foreign_keys.iter().filter(|key| !key.disabled) {
            let Some(parent) = self.catalog.object_by_id(key.parent) else { continue };
            let names = |object: &Object, places: &[usize]| {
                places.iter().map(|&at| quote(&object.columns[at].name)).collect::<Vec<_>>().join(", ")
            };
            terms.push(format!(
                "CONSTRAINT {} FOREIGN KEY ({}) REFERENCES {} ({}) ON DELETE {} ON UPDATE {}",
                quote(&key.name),
                names(object, &key.columns),
                quote(&parent.sqlite_name()),
                names(parent, &key.parent_columns),
                key.on_delete.sql(),
                key.on_update.sql()
            ));
        }
        Ok(terms.join(", "))
    }

    /// An index in SQLite's terms; nothing where it has a computed column or is disabled.
    pub(super) fn index_sql(&self, object: &Object, index: &Index) -> Result<String> {
        let columns: Vec<&Column> = index.key.iter().map(|(at, _)| &object.columns[*at]).collect();
        if index.disabled || columns.iter().any(|column| column.computed.is_some()) {
            return Ok(String::new());
        }
        let filter = match &index.filter {
            Some(filter) => {
                let condition =
                    self.within(object, |translator, scope| translator.predicate(&filter.expression, scope))?;
                Some(format!("({condition})"))
            }
            None => None,
        };
        let create = |suffix: &str, terms: Vec<String>, conditions: Vec<String>| {
            let unique = if index.unique { "UNIQUE " } else { "" };
            let condition = if conditions.is_empty() {
                String::new()
            } else {
                format!(" WHERE {}", conditions.join(" AND "))
            };
            format!(
                "CREATE {unique}INDEX {} ON {} ({}){condition};\n",
                quote(&format!("{}.{}{suffix}", object.sqlite_name(), index.name)),
                quote(&object.sqlite_name()),
                terms.join(", ")
            )
        };
        let terms = index.key.iter().zip(&columns).map(|((_, descending), column)| {
            let name = quote(&column.name);
            let term = match column.ty {
                // Only the instant counts, not the offset.
                SqlType::DateTimeOffset(_) => format!("substr({name}, 1, 8)"),
                _ => name,
            };
            if *descending { term + " DESC" } else { term }
        });
        let mut sql = create("", terms.collect(), filter.iter().cloned().collect());
        // To SQLite each NULL is different from every other.
        let nullable: Vec<&&Column> = columns.iter().filter(|column| column.nullable).collect();
        if index.unique && !nullable.is_empty() {
            let terms = columns.iter().flat_map(|column| {
                let name = quote(&column.name);
                [format!("({name} IS NULL)"), format!("ifnull({name}, 0)")]
            });
            let missing: Vec<_> =
                nullable.iter().map(|column| format!("{} IS NULL", quote(&column.name))).collect();
            let mut conditions = vec![format!("({})", missing.join(" OR "))];
            conditions.extend(filter);
            sql += &create("#nulls", terms.collect(), conditions);
        }
        Ok(sql)
    }
}
