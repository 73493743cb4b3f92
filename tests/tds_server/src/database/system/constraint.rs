//! Constraints, indexes, identity and computed columns.

use super::{Cell, Row, SystemTable, SystemView, objects, row, schema_id, table, tables};
use crate::database::catalog::{Index, Object, Trigger};

pub static TABLES: &[SystemTable] = &[
    SystemTable {
        volatile: true,
        ..table(
            "sys.identity_columns",
            "object_id int; name sysname?; column_id int; system_type_id tinyint; user_type_id int; seed_value sql_variant?; increment_value sql_variant?; last_value sql_variant?; is_not_for_replication bit?; is_computed bit; is_identity bit",
            identity_columns,
        )
    },
    table(
        "sys.computed_columns",
        "object_id int; name sysname?; column_id int; definition nvarchar(max)?; uses_database_collation bit; is_persisted bit; is_computed bit; is_nullable bit?",
        |view| {
            let mut rows = Vec::new();
            for object in tables(view) {
                for column in &object.columns {
                    if let Some(computed) = &column.computed {
                        rows.push(row![
                            object.id,
                            &column.name,
                            column.id,
                            &computed.definition,
                            true,
                            computed.persisted,
                            true,
                            column.nullable
                        ]);
                    }
                }
            }
            rows
        },
    ),
    table(
        "sys.default_constraints",
        "name sysname; object_id int; principal_id int?; schema_id int; parent_object_id int; type char(2)?; type_desc nvarchar(60)?; create_date datetime; modify_date datetime; is_ms_shipped bit; parent_column_id int; definition nvarchar(max)?; is_system_named bit",
        |view| {
            let mut rows = Vec::new();
            for object in tables(view) {
                for column in &object.columns {
                    if let Some(default) = &column.default {
                        let mut row =
                            head(view, object, &default.name, default.id, "D ", "DEFAULT_CONSTRAINT");
                        row.extend(row![column.id, &default.definition, default.system_named]);
                        rows.push(row);
                    }
                }
            }
            rows
        },
    ),
    table(
        "sys.check_constraints",
        "name sysname; object_id int; principal_id int?; schema_id int; parent_object_id int; type char(2)?; type_desc nvarchar(60)?; create_date datetime; modify_date datetime; is_ms_shipped bit; is_disabled bit; is_not_for_replication bit; is_not_trusted bit; parent_column_id int; definition nvarchar(max)?; uses_database_collation bit?; is_system_named bit",
        |view| {
            let mut rows = Vec::new();
            for object in tables(view) {
                for check in &object.checks {
                    let mut row = head(view, object, &check.name, check.id, "C ", "CHECK_CONSTRAINT");
                    let column = check.column.map_or(0, |at| object.columns[at].id);
                    row.extend(row![
                        check.disabled,
                        false,
                        !check.trusted,
                        column,
                        &check.definition,
                        true,
                        check.system_named
                    ]);
                    rows.push(row);
                }
            }
            rows
        },
    ),
    table(
        "sys.key_constraints",
        "name sysname; object_id int; principal_id int?; schema_id int; parent_object_id int; type char(2)?; type_desc nvarchar(60)?; create_date datetime; modify_date datetime; is_ms_shipped bit; unique_index_id int?; is_system_named bit; is_enforced bit?",
        |view| {
            let mut rows = Vec::new();
            for object in tables(view) {
                for index in &object.indexes {
                    if let Some(key) = &index.constraint {
                        let (ty, description) = if key.primary {
                            ("PK", "PRIMARY_KEY_CONSTRAINT")
                        } else {
                            ("UQ", "UNIQUE_CONSTRAINT")
                        };
                        let mut row = head(view, object, &index.name, key.id, ty, description);
                        row.extend(row![index.id, key.system_named, true]);
                        rows.push(row);
                    }
                }
            }
            rows
        },
    ),
    table(
        "sys.indexes",
        "object_id int; name sysname?; index_id int; type tinyint; type_desc nvarchar(60)?; is_unique bit?; data_space_id int?; ignore_dup_key bit?; is_primary_key bit?; is_unique_constraint bit?; fill_factor tinyint; is_padded bit?; is_disabled bit?; is_hypothetical bit?; is_ignored_in_optimization bit?; allow_row_locks bit?; allow_page_locks bit?; has_filter bit?; filter_definition nvarchar(max)?; compression_delay int?; auto_created bit?",
        indexes,
    ),
    table(
        "sys.index_columns",
        "object_id int; index_id int; index_column_id int; column_id int; key_ordinal tinyint; partition_ordinal tinyint; is_descending_key bit?; is_included_column bit?; column_store_order_ordinal tinyint",
        index_columns,
    ),
    table(
        "sys.triggers",
        "name sysname; object_id int; parent_class tinyint; parent_class_desc nvarchar(60)?; parent_id int; type char(2); type_desc nvarchar(60)?; create_date datetime; modify_date datetime; is_ms_shipped bit; is_disabled bit; is_not_for_replication bit; is_instead_of_trigger bit",
        |view| {
            let of_table = |object: &Object| {
                let row = |trigger: &Trigger| {
                    row![
                        &trigger.name,
                        trigger.id,
                        1,
                        "OBJECT_OR_COLUMN",
                        object.id,
                        "TR",
                        "SQL_TRIGGER",
                        object.modified,
                        object.modified,
                        false,
                        false,
                        false,
                        false,
                    ]
                };
                object.triggers.iter().map(row).collect::<Vec<_>>()
            };
            tables(view).flat_map(|object| of_table(object)).collect()
        },
    ),
    table(
        "sys.foreign_keys",
        "name sysname; object_id int; principal_id int?; schema_id int; parent_object_id int; type char(2)?; type_desc nvarchar(60)?; create_date datetime; modify_date datetime; is_ms_shipped bit; referenced_object_id int?; key_index_id int?; is_disabled bit; is_not_for_replication bit; is_not_trusted bit; delete_referential_action tinyint?; delete_referential_action_desc nvarchar(60)?; update_referential_action tinyint?; update_referential_action_desc nvarchar(60)?; is_system_named bit",
        |view| {
            let mut rows = Vec::new();
            for object in tables(view) {
                for key in &object.foreign_keys {
                    let mut row = head(view, object, &key.name, key.id, "F ", "FOREIGN_KEY_CONSTRAINT");
                    let index = view.catalog.object_by_id(key.parent).and_then(|parent| {
                        parent.indexes.iter().find(|index| {
                            index.unique
                                && index.key.iter().map(|(at, _)| *at).eq(key.parent_columns.iter().copied())
                        })
                    });
                    row.extend(row![
                        key.parent,
                        index.map(|index| index.id),
                        key.disabled,
                        false,
                        !key.trusted,
                        key.on_delete.number(),
                        key.on_delete.description(),
                        key.on_update.number(),
                        key.on_update.description(),
                        key.system_named,
                    ]);
                    rows.push(row);
                }
            }
            rows
        },
    ),
    table(
        "sys.foreign_key_columns",
        "constraint_object_id int; constraint_column_id int; parent_object_id int; parent_column_id int; referenced_object_id int; referenced_column_id int",
        |view| {
            let mut rows = Vec::new();
            for object in tables(view) {
                for key in &object.foreign_keys {
                    let Some(parent) = view.catalog.object_by_id(key.parent) else { continue };
                    for (at, (own, other)) in key.columns.iter().zip(&key.parent_columns).enumerate() {
                        rows.push(row![
                            key.id,
                            at as i64 + 1,
                            object.id,
                            object.columns[*own].id,
                            parent.id,
                            parent.columns[*other].id,
                        ]);
                    }
                }
            }
            rows
        },
    ),
];

/// The columns that all constraints share.
pub fn head(view: &SystemView<'_>, object: &Object, name: &str, id: i64, ty: &str, description: &str) -> Row {
    row![
        name,
        id,
        Cell::Null,
        schema_id(view, &object.schema),
        object.id,
        ty,
        description,
        object.modified,
        object.modified,
        false,
    ]
}

fn identity_columns(view: &SystemView<'_>) -> Vec<Row> {
    let mut rows = Vec::new();
    for object in objects(view) {
        for column in &object.columns {
            let Some(identity) = &column.identity else { continue };
            let number = |n: i128| (column.ty.clone(), n);
            let catalogue = crate::database::sql_type::catalogue(&column.ty);
            rows.push(row![
                object.id,
                &column.name,
                column.id,
                i64::from(catalogue.system_type_id),
                catalogue.user_type_id,
                number(identity.seed),
                number(identity.step),
                view.counters.last_identity(object.id).map(number),
                false,
                false,
                true,
            ]);
        }
    }
    rows
}

/// The heap of a table that has no clustered index is an index, too, without a name.
fn is_heap(object: &Object) -> bool {
    !object.indexes.iter().any(|index| index.clustered)
}

fn indexes(view: &SystemView<'_>) -> Vec<Row> {
    let mut rows = Vec::new();
    for object in tables(view) {
        if is_heap(object) {
            rows.push(row![
                object.id,
                Cell::Null,
                0,
                0,
                "HEAP",
                false,
                1,
                false,
                false,
                false,
                0,
                false,
                false,
                false,
                false,
                true,
                true,
                false,
                Cell::Null,
                Cell::Null,
                false,
            ]);
        }
        for index in &object.indexes {
            rows.push(index_row(object, index));
        }
    }
    rows
}

fn index_row(object: &Object, index: &Index) -> Row {
    let (number, description) = if index.clustered { (1, "CLUSTERED") } else { (2, "NONCLUSTERED") };
    let primary = index.constraint.as_ref().is_some_and(|key| key.primary);
    row![
        object.id,
        &index.name,
        index.id,
        number,
        description,
        index.unique,
        1,
        false,
        primary,
        index.constraint.is_some() && !primary,
        0,
        false,
        index.disabled,
        false,
        false,
        true,
        true,
        index.filter.is_some(),
        index.filter.as_ref().map(|filter| &filter.definition),
        Cell::Null,
        false,
    ]
}

fn index_columns(view: &SystemView<'_>) -> Vec<Row> {
    let mut rows = Vec::new();
    for object in tables(view) {
        for index in &object.indexes {
            let keys = index.key.iter().map(|(at, descending)| (*at, *descending, false));
            let included = index.included.iter().map(|at| (*at, false, true));
            for (place, (at, descending, included)) in keys.chain(included).enumerate() {
                let place = place as i64 + 1;
                rows.push(row![
                    object.id,
                    index.id,
                    place,
                    object.columns[at].id,
                    if included { 0 } else { place },
                    0,
                    descending,
                    included,
                    0,
                ]);
            }
        }
    }
    rows
}
