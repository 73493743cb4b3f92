//! The catalogue of an SQLite file that another program wrote.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension};

use super::calendar::Moment;
use super::catalog::{Action, Catalog, Column, ForeignKey, Index, KeyConstraint, Kind, Object, same_name};
use super::form::Form;
use super::translate::quote;
use super::{code_page, sql_type, sqlite};
use crate::answer::{SqlMessage, SqlType};

/// Where the file's text does not fit into the code page of the database.
const UTF8: &str = "Korean_100_CI_AS_SC_UTF8";

type Result<T> = std::result::Result<T, SqlMessage>;

/// Puts the file's tables and views into the catalogue, in schema dbo.
pub fn read(connection: &Connection, catalog: &mut Catalog, now: Moment) -> Result<()> {
    let mut query = connection
        .prepare(
            "SELECT name, type FROM sqlite_schema WHERE type IN ('table', 'view') \
             AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY rowid",
        )
        .map_err(failed)?;
    let names = query
        .query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)? == "view")))
        .and_then(Iterator::collect::<rusqlite::Result<Vec<_>>>)
        .map_err(failed)?;
    for (name, is_view) in &names {
        let id = catalog.new_id();
        let columns = columns(connection, catalog, name)?;
        let kind = if *is_view { Kind::ForeignView(name.clone()) } else { Kind::ForeignTable(name.clone()) };
        let mut object = Object {
            id,
            schema: "dbo".to_owned(),
            name: name.clone(),
            created: now,
            modified: now,
            kind,
            columns,
            indexes: Vec::new(),
            checks: Vec::new(),
            foreign_keys: Vec::new(),
            triggers: Vec::new(),
            policies: Vec::new(),
        };
        if !is_view {
            indexes(connection, catalog, &mut object)?;
        }
        catalog.put(object);
    }
    for (name, is_view) in &names {
        if !is_view {
            foreign_keys(connection, catalog, name)?;
        }
    }
    Ok(())
}

fn failed(error: rusqlite::Error) -> SqlMessage {
    sqlite::message(&error)
}

fn columns(connection: &Connection, catalog: &Catalog, table: &str) -> Result<Vec<Column>> {
    let mut query = connection
        .prepare(
            "SELECT name, type, \"notnull\", pk FROM pragma_table_xinfo(?1) WHERE hidden <> 1 ORDER BY cid",
        )
        .map_err(failed)?;
    let rows = query
        .query_map([table], |row| {
            Ok((
                row.get::<_, String>(0)?,
                row.get::<_, String>(1)?,
                row.get::<_, bool>(2)?,
                row.get::<_, i64>(3)?,
            ))
        })
        .and_then(Iterator::collect::<rusqlite::Result<Vec<_>>>)
        .map_err(failed)?;
    let mut columns = Vec::new();
    for (at, (name, declared, not_null, key)) in rows.into_iter().enumerate() {
        let ty = column_type(connection, catalog, table, &name, &declared)?;
        columns.push(Column {
            name,
            id: at as i64 + 1,
            ty,
            alias: None,
            nullable: !not_null && key == 0,
            row_guid: false,
            masked: false,
            identity: None,
            computed: None,
            default: None,
        });
    }
    Ok(columns)
}

fn column_type(
    connection: &Connection,
    catalog: &Catalog,
    table: &str,
    column: &str,
    declared: &str,
) -> Result<SqlType> {
    let collation = &catalog.collation;
    let long = || SqlType::NVarChar(None, collation.clone());
    // The words of SQLite are in capitals; those of SQL Server, where they mean something else, are not.
    let ty = match declared.trim() {
        "TEXT" | "CLOB" | "JSON" | "VARCHAR" | "NVARCHAR" | "CHAR" => Some(long()),
        "REAL" | "DOUBLE" | "DOUBLE PRECISION" => Some(SqlType::Float),
        "BLOB" => Some(SqlType::VarBinary(None)),
        "BOOLEAN" | "BOOL" => Some(SqlType::Bit),
        "UUID" => Some(SqlType::UniqueIdentifier),
        word if word.eq_ignore_ascii_case("integer") => Some(SqlType::BigInt),
        word if word.eq_ignore_ascii_case("timestamp") => match stored(connection, table, column)?.as_str() {
            "blob" => Some(SqlType::Timestamp),
            _ => Some(SqlType::DateTime2(7)),
        },
        word => sql_type::parse(word, collation),
    };
    let ty = match ty {
        Some(ty) => ty,
        None => match stored(connection, table, column)?.as_str() {
            "integer" => SqlType::BigInt,
            "real" | "integer real" => SqlType::Float,
            "blob" => SqlType::VarBinary(None),
            _ => long(),
        },
    };
    if matches!(ty, SqlType::Char(..) | SqlType::VarChar(..) | SqlType::Text(_)) {
        return narrow(connection, table, column, ty);
    }
    Ok(ty)
}

/// The storage classes of a column's values. All rows are looked at, because a sample would be a guess.
fn stored(connection: &Connection, table: &str, column: &str) -> Result<String> {
    let sql = format!(
        "SELECT group_concat(t, ' ') FROM (SELECT DISTINCT typeof({}) AS t FROM {} WHERE {} IS NOT NULL ORDER BY 1)",
        quote(column),
        quote(table),
        quote(column)
    );
    let classes: Option<String> =
        connection.query_row(&sql, [], |row| row.get(0)).optional().map_err(failed)?.flatten();
    Ok(classes.unwrap_or_default())
}

/// A type of text in a code page, or in UTF-8 where the column holds what the code page lacks.
fn narrow(connection: &Connection, table: &str, column: &str, ty: SqlType) -> Result<SqlType> {
    let page = Form::new(ty.clone()).code_page();
    let mut query =
        connection.prepare(&format!("SELECT {} FROM {}", quote(column), quote(table))).map_err(failed)?;
    let mut rows = query.query([]).map_err(failed)?;
    let (mut fits, mut longest) = (true, 0);
    while let Some(row) = rows.next().map_err(failed)? {
        if let ValueRef::Text(bytes) = row.get_ref(0).map_err(failed)? {
            longest = longest.max(bytes.len());
            if !bytes.is_ascii() && fits {
                fits = std::str::from_utf8(bytes).is_ok_and(|text| code_page::encode(text, page).is_some());
            }
        }
    }
    if fits {
        return Ok(ty);
    }
    // More bytes than code page characters may be needed.
    let longest = u16::try_from(longest).unwrap_or(8000).min(8000);
    Ok(match ty {
        SqlType::Char(n, _) => SqlType::Char(n.max(longest), UTF8.to_owned()),
        SqlType::VarChar(n, _) => SqlType::VarChar(n.map(|n| n.max(longest)), UTF8.to_owned()),
        other => sql_type::with_collation(&other, UTF8),
    })
}

fn indexes(connection: &Connection, catalog: &mut Catalog, object: &mut Object) -> Result<()> {
    let table = object.name.clone();
    let place = |name: &str| object.columns.iter().position(|column| same_name(&column.name, name));
    let mut primary: Vec<(i64, usize)> = Vec::new();
    let mut query = connection
        .prepare("SELECT name, pk FROM pragma_table_xinfo(?1) WHERE pk > 0 AND hidden <> 1")
        .map_err(failed)?;
    let mut rows = query.query([&table]).map_err(failed)?;
    while let Some(row) = rows.next().map_err(failed)? {
        let name: String = row.get(0).map_err(failed)?;
        primary.extend(place(&name).map(|at| (row.get(1).unwrap_or(0), at)));
    }
    primary.sort_unstable();
    let mut indexes = Vec::new();
    let constraint = |catalog: &mut Catalog, primary: bool| {
        Some(KeyConstraint { id: catalog.new_id(), primary, system_named: true })
    };
    if !primary.is_empty() {
        indexes.push(Index {
            id: 1,
            name: format!("PK_{table}"),
            unique: true,
            clustered: true,
            constraint: constraint(catalog, true),
            key: primary.iter().map(|(_, at)| (*at, false)).collect(),
            included: Vec::new(),
            filter: None,
            disabled: false,
        });
    }
    let mut query = connection
        .prepare("SELECT name, \"unique\", origin FROM pragma_index_list(?1) WHERE origin <> 'pk' AND NOT partial ORDER BY seq DESC")
        .map_err(failed)?;
    let found = query
        .query_map([&table], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, bool>(1)?, row.get::<_, String>(2)? == "u"))
        })
        .and_then(Iterator::collect::<rusqlite::Result<Vec<_>>>)
        .map_err(failed)?;
    for (at, (name, unique, is_constraint)) in found.into_iter().enumerate() {
        let mut query = connection
            .prepare("SELECT name, \"desc\" FROM pragma_index_xinfo(?1) WHERE key ORDER BY seqno")
            .map_err(failed)?;
        let key: Option<Vec<(usize, bool)>> = query
            .query_map([&name], |row| Ok((row.get::<_, Option<String>>(0)?, row.get::<_, bool>(1)?)))
            .and_then(Iterator::collect::<rusqlite::Result<Vec<_>>>)
            .map_err(failed)?
            .into_iter()
            .map(|(name, descending)| Some((place(&name?)?, descending)))
            .collect();
        // An index of an expression has no columns to name.
        let Some(key) = key else { continue };
        let columns: Vec<_> = key.iter().map(|(at, _)| object.columns[*at].name.as_str()).collect();
        indexes.push(Index {
            id: at as i64 + 2,
            name: if is_constraint { format!("UQ_{table}_{}", columns.join("_")) } else { name },
            unique,
            clustered: false,
            constraint: if is_constraint { constraint(catalog, false) } else { None },
            key,
            included: Vec::new(),
            filter: None,
            disabled: false,
        });
    }
    object.indexes = indexes;
    Ok(())
}

fn foreign_keys(connection: &Connection, catalog: &mut Catalog, table: &str) -> Result<()> {
    let mut query = connection
        .prepare(
            "SELECT id, \"table\", \"from\", \"to\", on_update, on_delete FROM pragma_foreign_key_list(?1) ORDER BY id DESC, seq",
        )
        .map_err(failed)?;
    let rows = query
        .query_map([table], |row| {
            Ok((
                row.get::<_, i64>(0)?,
                row.get::<_, String>(1)?,
                row.get::<_, String>(2)?,
                row.get::<_, Option<String>>(3)?,
                row.get::<_, String>(4)?,
                row.get::<_, String>(5)?,
            ))
        })
        .and_then(Iterator::collect::<rusqlite::Result<Vec<_>>>)
        .map_err(failed)?;
    let Some(object) = catalog.object("dbo", table).cloned() else { return Ok(()) };
    let mut object = Object::clone(&object);
    let mut last = None;
    for (number, parent, from, to, on_update, on_delete) in rows {
        let parent = match same_name(&parent, table) {
            true => object.clone(),
            false => match catalog.object("dbo", &parent) {
                Some(parent) => Object::clone(parent),
                // A key to a table that is not there is none.
                None => continue,
            },
        };
        if last != Some(number) {
            last = Some(number);
            object.foreign_keys.push(ForeignKey {
                id: catalog.new_id(),
                name: format!("FK_{table}_{from}"),
                columns: Vec::new(),
                parent: parent.id,
                parent_columns: Vec::new(),
                on_delete: action(&on_delete),
                on_update: action(&on_update),
                disabled: false,
                trusted: true,
                system_named: true,
            });
        }
        let Some(place) = object.column(&from) else { continue };
        let Some(key) = object.foreign_keys.last_mut() else { continue };
        // Without names the parent's primary key is meant.
        let own = key.columns.len();
        let other = match to {
            Some(to) => parent.column(&to),
            None => parent.primary_key().and_then(|index| index.key.get(own)).map(|(at, _)| *at),
        };
        if let Some(other) = other {
            key.columns.push(place);
            key.parent_columns.push(other);
        }
    }
    object.foreign_keys.retain(|key| !key.columns.is_empty());
    catalog.put(object);
    Ok(())
}

fn action(text: &str) -> Action {
    match text {
        "CASCADE" => Action::Cascade,
        "SET NULL" => Action::SetNull,
        "SET DEFAULT" => Action::SetDefault,
        _ => Action::None,
    }
}
