//! Schemas, objects, columns and types.

use super::{Cell, Row, SystemTable, SystemView, objects, row, schema_id, table, tables, volatile};
use crate::answer::SqlType;
use crate::database::catalog::{Object, Policy};
use crate::database::sql_type;

const OBJECT: &str = "name sysname; object_id int; principal_id int?; schema_id int; parent_object_id int; type char(2)?; type_desc nvarchar(60)?; create_date datetime; modify_date datetime; is_ms_shipped bit; is_published bit; is_schema_published bit";
const COLUMN: &str = "object_id int; name sysname?; column_id int; system_type_id tinyint; user_type_id int; max_length smallint; precision tinyint; scale tinyint; collation_name sysname?; is_nullable bit?; is_ansi_padded bit; is_rowguidcol bit; is_identity bit; is_computed bit; is_filestream bit; is_replicated bit?; is_xml_document bit; xml_collection_id int; default_object_id int; rule_object_id int; is_sparse bit?; is_column_set bit?; generated_always_type tinyint?; is_hidden bit; is_masked bit";

pub static TABLES: &[SystemTable] = &[
    table("sys.schemas", "name sysname; schema_id int; principal_id int?", |view| {
        view.catalog.schemas.iter().map(|schema| row![&schema.name, schema.id, 1]).collect()
    }),
    table("sys.objects", OBJECT, all_objects),
    table("sys.all_objects", OBJECT, all_objects),
    table(
        "sys.tables",
        "name sysname; object_id int; principal_id int?; schema_id int; parent_object_id int; type char(2)?; type_desc nvarchar(60)?; create_date datetime; modify_date datetime; is_ms_shipped bit; is_published bit; is_schema_published bit; lob_data_space_id int; filestream_data_space_id int?; max_column_id_used int; lock_on_bulk_load bit; uses_ansi_nulls bit?; is_replicated bit?; has_replication_filter bit?; is_merge_published bit?; is_sync_tran_subscribed bit?; has_unchecked_assembly_data bit; text_in_row_limit int?; large_value_types_out_of_row bit?; is_tracked_by_cdc bit?; lock_escalation tinyint?; lock_escalation_desc nvarchar(60)?; is_filetable bit?; is_memory_optimized bit?; durability tinyint?; durability_desc nvarchar(60)?; temporal_type tinyint?; temporal_type_desc nvarchar(60)?; history_table_id int?; is_remote_data_archive_enabled bit?; is_external bit; is_node bit?; is_edge bit?",
        |view| {
            tables(view)
                .map(|object| {
                    let mut row = object_row(view, object);
                    let last = object.columns.iter().map(|column| column.id).max().unwrap_or(0);
                    row.extend(row![
                        0,
                        Cell::Null,
                        last,
                        false,
                        true,
                        false,
                        false,
                        false,
                        false,
                        false,
                        0,
                        false,
                        false,
                        0,
                        "TABLE",
                        false,
                        false,
                        0,
                        "SCHEMA_AND_DATA",
                        0,
                        "NON_TEMPORAL_TABLE",
                        Cell::Null,
                        false,
                        false,
                        false,
                        false
                    ]);
                    row
                })
                .collect()
        },
    ),
    table(
        "sys.views",
        "name sysname; object_id int; principal_id int?; schema_id int; parent_object_id int; type char(2)?; type_desc nvarchar(60)?; create_date datetime; modify_date datetime; is_ms_shipped bit; is_published bit; is_schema_published bit; is_replicated bit?; has_replication_filter bit?; has_opaque_metadata bit; has_unchecked_assembly_data bit; with_check_option bit; is_date_correlation_view bit",
        |view| {
            objects(view)
                .filter(|object| object.is_view())
                .map(|object| {
                    let mut row = object_row(view, object);
                    row.extend(row![false, false, false, false, false, false]);
                    row
                })
                .collect()
        },
    ),
    table("sys.columns", COLUMN, columns),
    table("sys.all_columns", COLUMN, columns),
    table(
        "sys.types",
        "name sysname; system_type_id tinyint; user_type_id int; schema_id int; principal_id int?; max_length smallint; precision tinyint; scale tinyint; collation_name sysname?; is_nullable bit?; is_user_defined bit; is_assembly_type bit; default_object_id int; rule_object_id int; is_table_type bit",
        types,
    ),
    volatile(
        "sys.security_policies",
        "name sysname; object_id int; principal_id int?; schema_id int; parent_object_id int; type char(2)?; type_desc nvarchar(60)?; create_date datetime; modify_date datetime; is_ms_shipped bit; is_enabled bit; is_not_for_replication bit; uses_database_collation bit?; is_schema_bound bit?",
        |view| {
            let row = |(object, policy): (&Object, &Policy)| {
                let schema = schema_id(view, &policy.schema);
                let (made, ty) = (object.modified, "SECURITY_POLICY");
                row![
                    &policy.name,
                    policy.id,
                    Cell::Null,
                    schema,
                    0,
                    "SP",
                    ty,
                    made,
                    made,
                    false,
                    true,
                    false,
                    false,
                    true
                ]
            };
            policies(view).map(row).collect()
        },
    ),
    volatile(
        "sys.security_predicates",
        "object_id int; security_predicate_id int; target_object_id int; predicate_definition nvarchar(max)?; predicate_type int?; predicate_type_desc nvarchar(60)?; operation int?; operation_desc nvarchar(60)?",
        |view| {
            let row = |(object, policy): (&Object, &Policy)| {
                row![policy.id, 1, object.id, "(1)", 0, "FILTER", Cell::Null, Cell::Null]
            };
            policies(view).map(row).collect()
        },
    ),
    table(
        "sys.sql_modules",
        "object_id int; definition nvarchar(max)?; uses_ansi_nulls bit?; uses_quoted_identifier bit?; is_schema_bound bit?",
        |view| {
            objects(view)
                .filter_map(|object| match &object.kind {
                    crate::database::catalog::Kind::View { definition, .. } => {
                        Some(row![object.id, definition, true, true, false])
                    }
                    _ => None,
                })
                .collect()
        },
    ),
];

fn object_row(view: &SystemView<'_>, object: &Object) -> Row {
    let (ty, description) = if object.is_view() { ("V ", "VIEW") } else { ("U ", "USER_TABLE") };
    row![
        &object.name,
        object.id,
        Cell::Null,
        schema_id(view, &object.schema),
        0,
        ty,
        description,
        object.created,
        object.modified,
        false,
        false,
        false,
    ]
}

/// Tables and views, and their constraints, which are objects as well.
fn all_objects(view: &SystemView<'_>) -> Vec<Row> {
    let mut rows = Vec::new();
    for object in objects(view) {
        rows.push(object_row(view, object));
        let mut constraint = |id: i64, name: &str, ty: &str, description: &str| {
            let mut row = super::constraint::head(view, object, name, id, ty, description);
            row.extend(row![false, false]);
            rows.push(row);
        };
        for index in &object.indexes {
            match &index.constraint {
                Some(key) if key.primary => constraint(key.id, &index.name, "PK", "PRIMARY_KEY_CONSTRAINT"),
                Some(key) => constraint(key.id, &index.name, "UQ", "UNIQUE_CONSTRAINT"),
                None => {}
            }
        }
        for check in &object.checks {
            constraint(check.id, &check.name, "C ", "CHECK_CONSTRAINT");
        }
        for key in &object.foreign_keys {
            constraint(key.id, &key.name, "F ", "FOREIGN_KEY_CONSTRAINT");
        }
        for default in object.columns.iter().filter_map(|column| column.default.as_ref()) {
            constraint(default.id, &default.name, "D ", "DEFAULT_CONSTRAINT");
        }
    }
    rows
}

fn columns(view: &SystemView<'_>) -> Vec<Row> {
    let mut rows = Vec::new();
    for object in objects(view) {
        for column in &object.columns {
            let ty = sql_type::catalogue(&column.ty);
            let user_type = match &column.alias {
                Some(alias) if alias == "sysname" => 256,
                Some(alias) => view
                    .catalog
                    .types
                    .iter()
                    .find(|other| format!("{}.{}", other.schema, other.name) == *alias)
                    .map_or(ty.user_type_id, |found| found.user_type_id),
                None => ty.user_type_id,
            };
            rows.push(row![
                object.id,
                &column.name,
                column.id,
                i64::from(ty.system_type_id),
                user_type,
                ty.max_length,
                ty.precision,
                ty.scale,
                sql_type::collation(&column.ty),
                column.nullable,
                sql_type::is_text(&column.ty) || sql_type::is_binary(&column.ty),
                column.row_guid,
                column.identity.is_some(),
                column.computed.is_some(),
                false,
                false,
                false,
                0,
                column.default.as_ref().map_or(0, |default| default.id),
                0,
                false,
                false,
                0,
                false,
                column.masked,
            ]);
        }
    }
    rows
}

/// A login without VIEW DEFINITION sees none.
fn policies<'a>(view: &SystemView<'a>) -> impl Iterator<Item = (&'a Object, &'a Policy)> {
    let seen = tables(view).filter(|_| view.rights.view_definition);
    seen.flat_map(|object| object.policies.iter().map(|policy| (object.as_ref(), policy)))
}

fn types(view: &SystemView<'_>) -> Vec<Row> {
    const NAMES: [&str; 33] = [
        "image",
        "text",
        "uniqueidentifier",
        "date",
        "time(7)",
        "datetime2(7)",
        "datetimeoffset(7)",
        "tinyint",
        "smallint",
        "int",
        "smalldatetime",
        "real",
        "money",
        "datetime",
        "float",
        "sql_variant",
        "ntext",
        "bit",
        "decimal(38,38)",
        "smallmoney",
        "bigint",
        "hierarchyid",
        "geometry",
        "geography",
        "varbinary(8000)",
        "varchar(8000)",
        "binary(8000)",
        "char(8000)",
        "timestamp",
        "nvarchar(4000)",
        "nchar(4000)",
        "xml",
        "numeric",
    ];
    let collation = &view.catalog.collation;
    let mut rows = Vec::new();
    let mut add = |name: &str, ty: &SqlType, id: Option<(i64, i64)>, nullable: bool, alias: Option<i64>| {
        let catalogue = sql_type::catalogue(ty);
        let assembly = matches!(ty, SqlType::Udt(_));
        let (system, user) = id.unwrap_or((catalogue.system_type_id.into(), catalogue.user_type_id));
        rows.push(row![
            name,
            system,
            user,
            alias.unwrap_or(4),
            Cell::Null,
            catalogue.max_length,
            catalogue.precision,
            catalogue.scale,
            sql_type::collation(ty),
            nullable,
            alias.is_some(),
            assembly,
            0,
            0,
            false,
        ]);
    };
    for name in NAMES {
        if name == "numeric" {
            add(name, &SqlType::Decimal { precision: 38, scale: 38 }, Some((108, 108)), true, None);
        } else if let Some(ty) = sql_type::parse(name, collation) {
            add(sql_type::name(&ty), &ty, None, true, None);
        }
    }
    let sysname = SqlType::NVarChar(Some(128), collation.clone());
    add("sysname", &sysname, Some((231, 256)), false, None);
    for alias in &view.catalog.types {
        let system = sql_type::catalogue(&alias.ty).system_type_id.into();
        let schema = schema_id(view, &alias.schema);
        add(&alias.name, &alias.ty, Some((system, alias.user_type_id)), alias.nullable, Some(schema));
    }
    rows
}
