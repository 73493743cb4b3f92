//! INFORMATION_SCHEMA, for clients that ask as the standard says.

use super::{Cell, Row, SystemTable, SystemView, objects, row, table, tables};
use crate::answer::SqlType;
use crate::database::form;
use crate::database::sql_type;

pub static TABLES: &[SystemTable] = &[
    table(
        "INFORMATION_SCHEMA.SCHEMATA",
        "CATALOG_NAME nvarchar(128)?; SCHEMA_NAME nvarchar(128); SCHEMA_OWNER nvarchar(128)?",
        |view| {
            view.catalog
                .schemas
                .iter()
                .map(|schema| row![&view.catalog.database, &schema.name, "dbo"])
                .collect()
        },
    ),
    table(
        "INFORMATION_SCHEMA.TABLES",
        "TABLE_CATALOG nvarchar(128)?; TABLE_SCHEMA nvarchar(128)?; TABLE_NAME sysname; TABLE_TYPE varchar(10)?",
        |view| {
            objects(view)
                .map(|object| {
                    let kind = if object.is_view() { "VIEW" } else { "BASE TABLE" };
                    row![&view.catalog.database, &object.schema, &object.name, kind]
                })
                .collect()
        },
    ),
    table(
        "INFORMATION_SCHEMA.VIEWS",
        "TABLE_CATALOG nvarchar(128)?; TABLE_SCHEMA nvarchar(128)?; TABLE_NAME sysname; VIEW_DEFINITION nvarchar(4000)?; CHECK_OPTION varchar(7)?; IS_UPDATABLE varchar(2)",
        |view| {
            objects(view)
                .filter(|object| object.is_view())
                .map(|object| {
                    row![&view.catalog.database, &object.schema, &object.name, Cell::Null, "NONE", "NO"]
                })
                .collect()
        },
    ),
    table(
        "INFORMATION_SCHEMA.COLUMNS",
        "TABLE_CATALOG nvarchar(128)?; TABLE_SCHEMA nvarchar(128)?; TABLE_NAME nvarchar(128); COLUMN_NAME nvarchar(128)?; ORDINAL_POSITION int?; COLUMN_DEFAULT nvarchar(4000)?; IS_NULLABLE varchar(3)?; DATA_TYPE nvarchar(128)?; CHARACTER_MAXIMUM_LENGTH int?; CHARACTER_OCTET_LENGTH int?; NUMERIC_PRECISION tinyint?; NUMERIC_PRECISION_RADIX smallint?; NUMERIC_SCALE int?; DATETIME_PRECISION smallint?; CHARACTER_SET_CATALOG sysname?; CHARACTER_SET_SCHEMA sysname?; CHARACTER_SET_NAME sysname?; COLLATION_CATALOG sysname?; COLLATION_SCHEMA sysname?; COLLATION_NAME sysname?; DOMAIN_CATALOG sysname?; DOMAIN_SCHEMA sysname?; DOMAIN_NAME sysname?",
        columns,
    ),
    table(
        "INFORMATION_SCHEMA.TABLE_CONSTRAINTS",
        "CONSTRAINT_CATALOG nvarchar(128)?; CONSTRAINT_SCHEMA nvarchar(128)?; CONSTRAINT_NAME sysname; TABLE_CATALOG nvarchar(128)?; TABLE_SCHEMA nvarchar(128)?; TABLE_NAME sysname?; CONSTRAINT_TYPE varchar(11)?; IS_DEFERRABLE varchar(2); INITIALLY_DEFERRED varchar(2)",
        |view| {
            let mut rows = Vec::new();
            for object in tables(view) {
                let mut add = |name: &str, ty: &str| {
                    let database = &view.catalog.database;
                    rows.push(row![
                        database,
                        &object.schema,
                        name,
                        database,
                        &object.schema,
                        &object.name,
                        ty,
                        "NO",
                        "NO"
                    ]);
                };
                for index in &object.indexes {
                    match &index.constraint {
                        Some(key) if key.primary => add(&index.name, "PRIMARY KEY"),
                        Some(_) => add(&index.name, "UNIQUE"),
                        None => {}
                    }
                }
                object.foreign_keys.iter().for_each(|key| add(&key.name, "FOREIGN KEY"));
                object.checks.iter().for_each(|check| add(&check.name, "CHECK"));
            }
            rows
        },
    ),
    table(
        "INFORMATION_SCHEMA.KEY_COLUMN_USAGE",
        "CONSTRAINT_CATALOG nvarchar(128)?; CONSTRAINT_SCHEMA nvarchar(128)?; CONSTRAINT_NAME nvarchar(128); TABLE_CATALOG nvarchar(128)?; TABLE_SCHEMA nvarchar(128)?; TABLE_NAME nvarchar(128)?; COLUMN_NAME nvarchar(128)?; ORDINAL_POSITION int",
        |view| {
            let mut rows = Vec::new();
            for object in tables(view) {
                let mut add = |name: &str, at: usize, column: usize| {
                    let database = &view.catalog.database;
                    let column = &object.columns[column].name;
                    rows.push(row![
                        database,
                        &object.schema,
                        name,
                        database,
                        &object.schema,
                        &object.name,
                        column,
                        at as i64 + 1
                    ]);
                };
                for index in object.indexes.iter().filter(|index| index.constraint.is_some()) {
                    index.key.iter().enumerate().for_each(|(at, (column, _))| add(&index.name, at, *column));
                }
                for key in &object.foreign_keys {
                    key.columns.iter().enumerate().for_each(|(at, column)| add(&key.name, at, *column));
                }
            }
            rows
        },
    ),
];

fn columns(view: &SystemView<'_>) -> Vec<Row> {
    let mut rows = Vec::new();
    for object in objects(view) {
        for column in &object.columns {
            let ty = &column.ty;
            let catalogue = sql_type::catalogue(ty);
            let characters = sql_type::is_text(ty) || (sql_type::is_binary(ty) && *ty != SqlType::Timestamp);
            let wide = sql_type::is_wide(ty);
            let (length, bytes) = match ty {
                SqlType::Text(_) | SqlType::Image => (Some(2_147_483_647), Some(2_147_483_647)),
                SqlType::NText(_) => (Some(1_073_741_823), Some(2_147_483_646)),
                _ if !characters => (None, None),
                _ if catalogue.max_length < 0 => (Some(-1), Some(-1)),
                _ if wide => (Some(catalogue.max_length / 2), Some(catalogue.max_length)),
                _ => (Some(catalogue.max_length), Some(catalogue.max_length)),
            };
            let exact = sql_type::is_number(ty) && *ty != SqlType::Bit;
            let fraction =
                sql_type::is_temporal(ty).then_some(if *ty == SqlType::Date { 0 } else { catalogue.scale });
            let radix = if sql_type::is_float(ty) { 2 } else { 10 };
            let scale = (exact && !sql_type::is_float(ty)).then_some(catalogue.scale);
            let code_page = sql_type::collation(ty).map(|name| form::find_collation(name).code_page);
            let set = code_page.map(|page| match (wide, page) {
                (true, _) => "UNICODE".to_owned(),
                (false, 1252) => "iso_1".to_owned(),
                (false, page) => format!("cp{page}"),
            });
            rows.push(row![
                &view.catalog.database,
                &object.schema,
                &object.name,
                &column.name,
                column.id,
                column.default.as_ref().map(|default| &default.definition),
                if column.nullable { "YES" } else { "NO" },
                sql_type::name(ty),
                length,
                bytes,
                exact.then_some(catalogue.precision),
                exact.then_some(radix),
                scale,
                fraction,
                Cell::Null,
                Cell::Null,
                set,
                Cell::Null,
                Cell::Null,
                sql_type::collation(ty),
                Cell::Null,
                Cell::Null,
                Cell::Null,
            ]);
        }
    }
    rows
}
