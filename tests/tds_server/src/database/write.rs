//! INSERT, UPDATE and DELETE in SQLite's terms, and SQL Server's words for what SQLite refuses.

use sqlparser::ast::{Expr, TableWithJoins};

use super::catalog::{Catalog, Column, Object, invalid_column, invalid_object, same_name};
use super::syntax::{InsertSource, Name};
use super::translate::{Scope, Translator, Typed, quote};
use super::{sql_type, sqlite};
use crate::answer::{SqlMessage, SqlType, SqlValue};

type Result<T> = std::result::Result<T, SqlMessage>;

/// A statement that changes rows.
pub struct Written {
    pub sql: String,
    pub table: std::sync::Arc<Object>,
    pub verb: &'static str,
}

/// A table of the database that may be written to, by its name.
fn target(translator: &Translator<'_>, name: &Name, verb: &'static str) -> Result<std::sync::Arc<Object>> {
    let unknown = || invalid_object(&name.join("."));
    if let [database, _, _] = &name[..] {
        if !database.is_empty() && !same_name(database, &translator.catalog.database) {
            return Err(unknown());
        }
    } else if !same_name(translator.database, &translator.catalog.database) {
        return Err(unknown());
    }
    let object = translator.catalog.named(name).ok_or_else(unknown)?;
    translator.rights.check(verb, &translator.catalog.database, &object.schema, &object.name)?;
    if object.is_foreign() {
        let database = &translator.catalog.database;
        let message = format!("Failed to update database \"{database}\" because the database is read-only.");
        return Err(SqlMessage::error(3906, message));
    }
    if object.is_view() {
        let name = object.full_name();
        return Err(SqlMessage::error(
            4406,
            format!(
                "Update or insert of view or function '{name}' failed because it contains a derived or constant field."
            ),
        ));
    }
    Ok(object.clone())
}

/// INSERT. `identity_insert` allows values for the identity column.
pub fn insert(
    translator: &Translator<'_>,
    name: &Name,
    columns: Option<&[String]>,
    source: &InsertSource,
    identity_insert: bool,
) -> Result<Written> {
    let table = target(translator, name, "INSERT")?;
    let mut places = Vec::new();
    match columns {
        Some(names) => {
            for name in names {
                places.push(table.column(name).ok_or_else(|| invalid_column(name))?);
            }
        }
        None => {
            let given =
                |column: &Column| column.computed.is_none() && (column.identity.is_none() || identity_insert);
            places.extend((0..table.columns.len()).filter(|&at| given(&table.columns[at])));
        }
    }
    if let InsertSource::Defaults = source {
        places.clear();
    }
    // A rowversion takes nothing but DEFAULT.
    let rows_are_values = matches!(source, InsertSource::Rows(_));
    for &at in &places {
        if !(rows_are_values && table.columns[at].ty == SqlType::Timestamp) {
            check_assignable(&table, at)?;
        }
        if table.columns[at].identity.is_some() && !identity_insert {
            let message = format!(
                "Cannot insert explicit value for identity column in table '{}' when IDENTITY_INSERT is set to OFF.",
                table.name
            );
            return Err(SqlMessage::error(544, message));
        }
    }
    // What is not given gets its default, the next identity value or NULL.
    let rest: Vec<usize> = (0..table.columns.len())
        .filter(|at| !places.contains(at) && table.columns[*at].computed.is_none())
        .collect();
    let names: Vec<_> = places.iter().chain(&rest).map(|&at| quote(&table.columns[at].name)).collect();
    let mut sql = format!("INSERT INTO {} ({}) ", quote(&table.sqlite_name()), names.join(", "));
    let scope = Scope::default();
    match source {
        InsertSource::Defaults => sql += &format!("VALUES ({})", unnamed(translator, &table, &rest)?),
        InsertSource::Rows(rows) => {
            let mut texts = Vec::with_capacity(rows.len());
            for row in rows {
                if row.len() != places.len() {
                    return Err(wrong_number(columns.is_some(), row.len() > places.len()));
                }
                let mut values = Vec::with_capacity(names.len());
                for (value, &at) in row.iter().zip(&places) {
                    let column = &table.columns[at];
                    values.push(match value {
                        Expr::Identifier(word)
                            if word.quote_style.is_none() && word.value.eq_ignore_ascii_case("default") =>
                        {
                            default(translator, &table, column)?
                        }
                        _ => {
                            check_assignable(&table, at)?;
                            let value = translator.expression(value, &scope)?;
                            assigned(translator, value, &table, column)?
                        }
                    });
                }
                if !rest.is_empty() {
                    values.push(unnamed(translator, &table, &rest)?);
                }
                texts.push(format!("({})", values.join(", ")));
            }
            sql += &format!("VALUES {}", texts.join(", "));
        }
        InsertSource::Query(query) => {
            let translated = translator.query(query, None, false)?;
            if translated.columns.len() != places.len() {
                return Err(wrong_number(columns.is_some(), translated.columns.len() > places.len()));
            }
            let mut values = Vec::new();
            for (at, (output, &place)) in translated.columns.iter().zip(&places).enumerate() {
                let value = Typed::new(format!("\"#{}\"", at + 1), output.ty.clone(), output.nullable);
                values.push(assigned(translator, value, &table, &table.columns[place])?);
            }
            if !rest.is_empty() {
                values.push(unnamed(translator, &table, &rest)?);
            }
            // The condition keeps SQLite from reading a conflict clause into a join.
            sql += &format!("SELECT {} FROM ({}) WHERE true", values.join(", "), translated.sql);
        }
    }
    Ok(Written { sql, table, verb: "INSERT" })
}

fn wrong_number(named: bool, more: bool) -> SqlMessage {
    match (named, more) {
        (false, _) => SqlMessage::error(
            213,
            "Column name or number of supplied values does not match table definition.",
        ),
        (true, true) => SqlMessage::error(
            110,
            "There are fewer columns in the INSERT statement than values specified in the VALUES clause. The number of values in the VALUES clause must match the number of columns specified in the INSERT statement.",
        ),
        (true, false) => SqlMessage::error(
            109,
            "There are more columns in the INSERT statement than values specified in the VALUES clause. The number of values in the VALUES clause must match the number of columns specified in the INSERT statement.",
        ),
    }
}

fn check_assignable(table: &Object, at: usize) -> Result<()> {
    let column = &table.columns[at];
    if column.computed.is_some() {
        let message = format!(
            "The column \"{}\" cannot be modified because it is either a computed column or is the result of a UNION operator.",
            column.name
        );
        return Err(SqlMessage::error(271, message));
    }
    if column.ty == SqlType::Timestamp {
        return Err(SqlMessage::error(
            273,
            "Cannot insert an explicit value into a timestamp column. Use INSERT with a column list to exclude the timestamp column, or insert a DEFAULT into the timestamp column.",
        ));
    }
    Ok(())
}

/// A value as the column takes it. The state of an error says which column it was.
fn assigned(translator: &Translator<'_>, value: Typed, table: &Object, column: &Column) -> Result<String> {
    let value = translator.assign(value, &column.ty, column.id)?;
    let Some(identity) = &column.identity else { return Ok(value.sql) };
    let ty = sql_type::describe(&column.ty);
    Ok(format!("tds_saw_identity('{ty}', {}, '{}', {})", table.id, identity.step, value.sql))
}

/// What the columns get that a statement does not name.
fn unnamed(translator: &Translator<'_>, table: &Object, places: &[usize]) -> Result<String> {
    let values: Result<Vec<String>> =
        places.iter().map(|&at| default(translator, table, &table.columns[at])).collect();
    Ok(values?.join(", "))
}

fn default(translator: &Translator<'_>, table: &Object, column: &Column) -> Result<String> {
    if let Some(identity) = &column.identity {
        let ty = sql_type::describe(&column.ty);
        return Ok(format!("tds_identity('{ty}', {}, '{}', '{}')", table.id, identity.seed, identity.step));
    }
    if column.ty == SqlType::Timestamp {
        return Ok("tds_rowversion()".to_owned());
    }
    match &column.default {
        Some(default) => {
            let value = translator.expression(&default.expression, &Scope::default())?;
            Ok(translator.assign(value, &column.ty, column.id)?.sql)
        }
        None => Ok("NULL".to_owned()),
    }
}

/// UPDATE, also with FROM and TOP.
pub fn update(
    translator: &Translator<'_>,
    top: Option<&Expr>,
    name: &Name,
    assignments: &[(Name, Expr)],
    from: &[TableWithJoins],
    condition: Option<&Expr>,
) -> Result<Written> {
    let rows = Rows::find(translator, top, name, from, condition, "UPDATE")?;
    let table = rows.table.clone();
    let (mut list, mut sets) = (vec![format!("{}.rowid AS \"#0\"", quote(&rows.alias))], Vec::new());
    for (at, (column, value)) in assignments.iter().enumerate() {
        let Some(column) = column.last() else { continue };
        let place = table.column(column).ok_or_else(|| invalid_column(column))?;
        check_assignable(&table, place)?;
        let column = &table.columns[place];
        if column.identity.is_some() {
            return Err(SqlMessage::error(8102, format!("Cannot update identity column '{}'.", column.name)));
        }
        let is_default = matches!(value, Expr::Identifier(word)
            if word.quote_style.is_none() && word.value.eq_ignore_ascii_case("default"));
        let value = if is_default {
            default(translator, &table, column)?
        } else {
            let value = translator.expression(value, &rows.scope)?;
            translator.assign(value, &column.ty, column.id)?.sql
        };
        list.push(format!("{value} AS \"#{}\"", at + 1));
        sets.push(format!("{} = s.\"#{}\"", quote(&column.name), at + 1));
    }
    for column in table.columns.iter().filter(|column| column.ty == SqlType::Timestamp) {
        sets.push(format!("{} = tds_rowversion()", quote(&column.name)));
    }
    let sql = format!(
        "UPDATE {0} SET {1} FROM (SELECT {2} {3}) AS s WHERE {0}.rowid = s.\"#0\"",
        quote(&table.sqlite_name()),
        sets.join(", "),
        list.join(", "),
        rows.sql
    );
    Ok(Written { sql, table, verb: "UPDATE" })
}

/// DELETE, also with FROM and TOP.
pub fn delete(
    translator: &Translator<'_>,
    top: Option<&Expr>,
    name: &Name,
    from: &[TableWithJoins],
    condition: Option<&Expr>,
) -> Result<Written> {
    let rows = Rows::find(translator, top, name, from, condition, "DELETE")?;
    let sql = format!(
        "DELETE FROM {} WHERE rowid IN (SELECT {}.rowid {})",
        quote(&rows.table.sqlite_name()),
        quote(&rows.alias),
        rows.sql
    );
    Ok(Written { sql, table: rows.table, verb: "DELETE" })
}

/// TRUNCATE TABLE.
pub fn truncate(translator: &Translator<'_>, name: &Name) -> Result<Written> {
    let table = target(translator, name, "ALTER")?;
    Ok(Written { sql: format!("DELETE FROM {}", quote(&table.sqlite_name())), table, verb: "TRUNCATE TABLE" })
}

/// The rows that a statement changes.
struct Rows<'s> {
    table: std::sync::Arc<Object>,
    scope: Scope<'s>,
    /// Of the table, in the translation.
    alias: String,
    /// FROM, WHERE and LIMIT.
    sql: String,
}

impl Rows<'_> {
    fn find(
        translator: &Translator<'_>,
        top: Option<&Expr>,
        name: &Name,
        from: &[TableWithJoins],
        condition: Option<&Expr>,
        verb: &'static str,
    ) -> Result<Self> {
        let mut scope = Scope::default();
        let (table, alias, mut sql);
        if from.is_empty() {
            table = target(translator, name, verb)?;
            alias = "t0".to_owned();
            scope.tables.push(translator.object_table(&table, &alias));
            sql = format!("FROM {} AS {}", quote(&table.sqlite_name()), quote(&alias));
        } else {
            // The target is named by its alias or as the table stands in FROM.
            let text = translator.tables_of(from, &mut scope)?;
            let last = name.last().map_or("", String::as_str);
            let found = scope.tables.iter().find(|table| same_name(&table.name, last));
            let found = found.ok_or_else(|| invalid_object(&name.join(".")))?;
            let own = translator.table_behind(from, last).unwrap_or_else(|| name.clone());
            table = target(translator, &own, verb)?;
            alias = found.sql_alias.clone();
            sql = format!("FROM {text}");
        }
        if let Some(condition) = condition {
            sql += &format!(" WHERE {}", translator.predicate(condition, &scope)?);
        }
        if let Some(top) = top {
            let value = translator.expression(top, &scope)?;
            match translator.coerce(value, &SqlType::BigInt)?.constant {
                Some(SqlValue::Int(n)) => sql += &format!(" LIMIT {n}"),
                _ => return Err(super::translate::unsupported("TOP without a known number")),
            }
        }
        Ok(Self { table, scope, alias, sql })
    }
}

/// SQL Server's error for what SQLite refused.
pub fn refused(error: &rusqlite::Error, written: &Written, catalog: &Catalog) -> SqlMessage {
    let table = &written.table;
    let plain = sqlite::message(error);
    if plain.number == 2628 {
        let column = table.columns.iter().find(|column| column.id == i64::from(plain.state));
        let place = column.map_or(String::new(), |column| {
            format!(" in table '{}.{}', column '{}'", catalog.database, table.full_name(), column.name)
        });
        return SqlMessage::error(2628, format!("String or binary data would be truncated{place}."));
    }
    if plain.number != 547 {
        return plain;
    }
    let columns = |list: &str| -> Vec<String> {
        let prefix = format!("{}.", table.sqlite_name());
        list.split(", ").map(|name| name.strip_prefix(&prefix).unwrap_or(name).to_owned()).collect()
    };
    let (verb, full) = (written.verb, table.full_name());
    if let Some(list) = plain.message.strip_prefix("NOT NULL constraint failed: ") {
        let column = columns(list).remove(0);
        let message = format!(
            "Cannot insert the value NULL into column '{column}', table '{}.{full}'; column does not allow nulls. {verb} fails.",
            catalog.database
        );
        return SqlMessage { state: 2, ..SqlMessage::error(515, message) };
    }
    if let Some(list) = plain.message.strip_prefix("UNIQUE constraint failed: ") {
        let names = columns(list);
        let named = list.strip_prefix("index '").map(|name| name.trim_end_matches('\''));
        let index = table.indexes.iter().find(|index| match named {
            Some(name) => name.trim_end_matches("#nulls").ends_with(&format!(".{}", index.name)),
            None => index.unique && index.key.iter().map(|(at, _)| &table.columns[*at].name).eq(names.iter()),
        });
        let name = index.map_or("", |index| &index.name);
        return match index.and_then(|index| index.constraint.as_ref()) {
            Some(key) => {
                let kind = if key.primary { "PRIMARY KEY" } else { "UNIQUE KEY" };
                let message = format!(
                    "Violation of {kind} constraint '{name}'. Cannot insert duplicate key in object '{full}'."
                );
                SqlMessage { class: 14, ..SqlMessage::error(2627, message) }
            }
            None => {
                let message =
                    format!("Cannot insert duplicate key row in object '{full}' with unique index '{name}'.");
                SqlMessage { class: 14, ..SqlMessage::error(2601, message) }
            }
        };
    }
    let place = format!("database \"{}\", table \"{full}\"", catalog.database);
    if let Some(name) = plain.message.strip_prefix("CHECK constraint failed: ") {
        let message = format!(
            "The {verb} statement conflicted with the CHECK constraint \"{name}\". The conflict occurred in {place}."
        );
        return SqlMessage::error(547, message);
    }
    // SQLite does not say which of the keys it was; the side of the statement says which tables come into question.
    let key = match verb {
        "INSERT" => table.foreign_keys.iter().find(|key| !key.disabled),
        _ => catalog
            .objects
            .iter()
            .flat_map(|object| &object.foreign_keys)
            .find(|key| key.parent == table.id && !key.disabled)
            .or_else(|| table.foreign_keys.iter().find(|key| !key.disabled)),
    };
    let (kind, name) = match key {
        Some(key) if key.parent == table.id => ("REFERENCE", key.name.as_str()),
        Some(key) => ("FOREIGN KEY", key.name.as_str()),
        None => ("FOREIGN KEY", ""),
    };
    let message = format!(
        "The {verb} statement conflicted with the {kind} constraint \"{name}\". The conflict occurred in {place}."
    );
    SqlMessage::error(547, message)
}
