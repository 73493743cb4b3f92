//! CREATE, ALTER and DROP: a new catalogue, and the tables of SQLite that go with it.
//!
//! SQLite cannot add a constraint to a table or take one away. A table that changes is therefore made anew, and its rows
//! are copied.

mod definition;
mod rebuild;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use rusqlite::Connection;

use self::definition::{index_id, key_columns, place};
use self::rebuild::Rebuild;
use super::catalog::{
    AliasType, Catalog, Column, Filter, Index, Kind, Object, Policy, Schema, Trigger, invalid_object,
    same_name, schema_and_name,
};
use super::rights::Rights;
use super::session::Translation;
use super::syntax::{
    AlterTable, ChangeSyntax, ColumnSyntax, ConstraintSyntax, IndexSyntax, Name, definition,
};
use super::translate::{Scope, Translator, parse_type, quote};
use super::write::{self, Written};
use super::{Shared, owner, sqlite};
use crate::answer::{SqlMessage, SqlType};

type Result<T> = std::result::Result<T, SqlMessage>;

/// Runs a statement and puts the new catalogue in the place of the old.
pub fn apply(
    shared: &Shared,
    connection: &Connection,
    rights: &Rights,
    translation: &Translation,
    change: &ChangeSyntax,
) -> Result<()> {
    let catalog = Catalog::clone(&translation.catalog);
    let database = catalog.database.clone();
    match change {
        ChangeSyntax::CreateTable { .. } => rights.check_statement("CREATE TABLE", &database)?,
        ChangeSyntax::CreateView { .. } => rights.check_statement("CREATE VIEW", &database)?,
        ChangeSyntax::CreateSchema(_) => rights.check_statement("CREATE SCHEMA", &database)?,
        ChangeSyntax::CreateType { .. } => rights.check_statement("CREATE TYPE", &database)?,
        ChangeSyntax::AlterTable { table: name, .. } | ChangeSyntax::CreateIndex { table: name, .. }
            if rights.read_only =>
        {
            let name = name.join(".");
            return Err(SqlMessage::error(
                1088,
                format!(
                    "Cannot find the object \"{name}\" because it does not exist or you do not have permissions."
                ),
            ));
        }
        ChangeSyntax::Drop { kind, names, .. } if rights.read_only => {
            return Err(no_such(kind, names.first()));
        }
        ChangeSyntax::AlterDatabase(_) if rights.read_only => {
            return Err(SqlMessage::error(
                5011,
                format!(
                    "User does not have permission to alter database '{database}', the database does not exist, or the database is not in a state that allows access checks."
                ),
            ));
        }
        ChangeSyntax::CreateTrigger { .. } => rights.check_statement("CREATE TRIGGER", &database)?,
        ChangeSyntax::CreatePolicy { .. } => rights.check_statement("CREATE SECURITY POLICY", &database)?,
        ChangeSyntax::Other(what) => rights.check_statement(what, &database)?,
        _ => {}
    }
    if let ChangeSyntax::AlterDatabase(options) = change {
        for (option, value) in options {
            if option == "ALLOW_SNAPSHOT_ISOLATION" {
                shared.snapshot_allowed.store(value == "ON", Ordering::SeqCst);
            }
        }
        return Ok(());
    }
    if shared.read_only {
        let message = format!("Failed to update database \"{database}\" because the database is read-only.");
        return Err(SqlMessage::error(3906, message));
    }
    let mut changer = Changer { connection, catalog, translation };
    match change {
        ChangeSyntax::CreateSchema(name) => changer.create_schema(name)?,
        ChangeSyntax::CreateType { name, base, nullable } => changer.create_type(name, base, *nullable)?,
        ChangeSyntax::CreateTable { name, columns, constraints } => {
            changer.create_table(name, columns, constraints)?
        }
        ChangeSyntax::CreateIndex { table, index } => changer.create_index(table, index)?,
        ChangeSyntax::CreateView { name, columns, query, replace } => {
            changer.create_view(name, columns, query, *replace)?;
        }
        ChangeSyntax::AlterTable { table, change } => changer.alter_table(table, change)?,
        ChangeSyntax::CreateTrigger { name, table } => {
            let mut object = changer.table(table)?;
            let (id, name) = (changer.catalog.new_id(), name.last().cloned().unwrap_or_default());
            object.triggers.push(Trigger { id, name });
            changer.catalog.put(object);
        }
        ChangeSyntax::CreatePolicy { name, table } => {
            let mut object = changer.table(table)?;
            let (schema, name) = schema_and_name(name).ok_or_else(|| invalid_object(&name.join(".")))?;
            let (id, schema, name) = (changer.catalog.new_id(), schema.to_owned(), name.to_owned());
            object.policies.push(Policy { id, schema, name });
            changer.catalog.put(object);
        }
        ChangeSyntax::Drop { kind, if_exists, names, table } => {
            for name in names {
                match changer.drop(kind, name, table.as_ref()) {
                    Err(error) if error.number == 3701 && *if_exists => {}
                    other => other?,
                }
            }
        }
        // Logins and users are the server's, not the engine's.
        ChangeSyntax::AlterDatabase(_) | ChangeSyntax::Other(_) => {}
    }
    changer.catalog.version += 1;
    *super::locked(&shared.catalog) = Arc::new(changer.catalog);
    Ok(())
}

struct Changer<'a> {
    connection: &'a Connection,
    catalog: Catalog,
    translation: &'a Translation,
}

impl Changer<'_> {
    fn create_schema(&mut self, name: &str) -> Result<()> {
        if self.catalog.schema(name).is_some() {
            return Err(exists(name));
        }
        let id = self.catalog.schemas.len() as i64 + 1;
        self.catalog.schemas.push(Schema { id, name: name.to_owned() });
        Ok(())
    }

    fn create_type(&mut self, name: &Name, base: &str, nullable: bool) -> Result<()> {
        let (schema, name) = self.place(name)?;
        let ty = parse_type(&self.catalog, base, 1)?;
        let user_type_id = 257 + self.catalog.types.len() as i64;
        self.catalog.types.push(AliasType { schema, name, ty, nullable, user_type_id });
        Ok(())
    }

    /// Schema and name of something new.
    fn place(&self, name: &Name) -> Result<(String, String)> {
        let (schema, last) = schema_and_name(name).ok_or_else(|| invalid_object(""))?;
        let Some(found) = self.catalog.schema(schema) else {
            return Err(SqlMessage::error(
                2760,
                format!(
                    "The specified schema name \"{schema}\" either does not exist or you do not have permission to use it."
                ),
            ));
        };
        if self.catalog.object(schema, last).is_some() {
            return Err(exists(last));
        }
        Ok((found.name.clone(), last.to_owned()))
    }

    fn find(&self, name: &Name) -> Option<Object> {
        self.catalog.named(name).map(|object| Object::clone(object))
    }

    fn table(&self, name: &Name) -> Result<Object> {
        self.find(name).filter(|object| !object.is_view()).ok_or_else(|| {
            let name = name.join(".");
            SqlMessage::error(4902, format!("Cannot find the object \"{name}\" because it does not exist or you do not have permissions."))
        })
    }

    fn create_table(
        &mut self,
        name: &Name,
        columns: &[ColumnSyntax],
        constraints: &[ConstraintSyntax],
    ) -> Result<()> {
        let (schema, name) = self.place(name)?;
        let mut object = Object {
            id: self.catalog.new_id(),
            schema,
            name,
            created: self.translation.now,
            modified: self.translation.now,
            kind: Kind::Table,
            columns: Vec::new(),
            indexes: Vec::new(),
            checks: Vec::new(),
            foreign_keys: Vec::new(),
            triggers: Vec::new(),
            policies: Vec::new(),
        };
        self.add(&mut object, columns, constraints, true)?;
        self.rebuild(None, object, &Rebuild { validate: true, verb: "CREATE TABLE" })
    }

    /// Translates something with the rights of the owner.
    fn as_owner<T>(&self, translate: impl FnOnce(&Translator<'_>) -> Result<T>) -> Result<T> {
        let (session, rights, variables) = (owner(), Rights::default(), std::collections::HashMap::new());
        translate(&Translator::new(&self.catalog, &session, &rights, &variables, self.translation.now))
    }

    /// Translates something in which the table's columns stand by their names alone.
    fn within<T>(
        &self,
        object: &Object,
        translate: impl FnOnce(&Translator<'_>, &Scope<'_>) -> Result<T>,
    ) -> Result<T> {
        self.as_owner(|translator| {
            let table = translator.object_table(object, "");
            translate(translator, &Scope { tables: vec![table], ..Scope::default() })
        })
    }

    fn create_index(&mut self, table: &Name, index: &IndexSyntax) -> Result<()> {
        let mut object = self.find(table).filter(|object| !object.is_view()).ok_or_else(|| {
            let name = table.join(".");
            SqlMessage::error(1088, format!("Cannot find the object \"{name}\" because it does not exist or you do not have permissions."))
        })?;
        if object.indexes.iter().any(|other| same_name(&other.name, &index.name)) {
            return Err(SqlMessage::error(
                1913,
                format!(
                    "The operation failed because an index or statistics with name '{}' already exists on table '{}'.",
                    index.name, object.name
                ),
            ));
        }
        if let Some(filter) = &index.filter {
            self.within(&object, |translator, scope| translator.predicate(filter, scope))?;
        }
        let key = key_columns(&object, &index.columns)?;
        let included =
            index.included.iter().map(|column| place(&object, column)).collect::<Result<Vec<usize>>>()?;
        let id = index_id(&object, index.clustered);
        object.indexes.push(Index {
            id,
            name: index.name.clone(),
            unique: index.unique,
            clustered: index.clustered,
            constraint: None,
            key,
            included,
            filter: index
                .filter
                .as_ref()
                .map(|filter| Filter { expression: filter.clone(), definition: definition(filter) }),
            disabled: false,
        });
        let sql = object
            .indexes
            .last()
            .map(|index| self.index_sql(&object, index))
            .transpose()?
            .unwrap_or_default();
        let written = Written { sql, table: Arc::new(object.clone()), verb: "CREATE INDEX" };
        self.connection
            .execute_batch(&written.sql)
            .map_err(|error| write::refused(&error, &written, &self.catalog))?;
        self.catalog.put(object);
        Ok(())
    }

    fn create_view(
        &mut self,
        name: &Name,
        columns: &[String],
        query: &sqlparser::ast::Query,
        replace: bool,
    ) -> Result<()> {
        let old = self.find(name).filter(|object| replace && object.is_view());
        let (schema, view_name) = match &old {
            Some(old) => (old.schema.clone(), old.name.clone()),
            None => self.place(name)?,
        };
        let id = old.as_ref().map_or_else(|| self.catalog.new_id(), |old| old.id);
        let translated = self.as_owner(|translator| translator.query(query, None, true))?;
        let mut list = Vec::new();
        for (at, output) in translated.columns.into_iter().enumerate() {
            let name = columns.get(at).cloned().unwrap_or(output.name);
            if name.is_empty() {
                return Err(SqlMessage::error(
                    4511,
                    format!(
                        "Create View or Function failed because no column name was specified for column {}.",
                        at + 1
                    ),
                ));
            }
            list.push(Column {
                name,
                id: at as i64 + 1,
                ty: output.ty,
                alias: None,
                nullable: output.nullable,
                row_guid: false,
                masked: false,
                identity: None,
                computed: None,
                default: None,
            });
        }
        let definition = format!("CREATE VIEW {}.{} AS {query}", quote(&schema), quote(&view_name));
        let now = self.translation.now;
        self.catalog.put(Object {
            id,
            schema,
            name: view_name,
            created: old.map_or(now, |old| old.created),
            modified: now,
            kind: Kind::View { query: Box::new(query.clone()), definition },
            columns: list,
            indexes: Vec::new(),
            checks: Vec::new(),
            foreign_keys: Vec::new(),
            triggers: Vec::new(),
            policies: Vec::new(),
        });
        Ok(())
    }

    fn alter_table(&mut self, name: &Name, change: &AlterTable) -> Result<()> {
        let old = self.table(name)?;
        let mut object = old.clone();
        object.modified = self.translation.now;
        let mut validate = false;
        match change {
            AlterTable::Add { columns, constraints, check } => {
                validate = check.unwrap_or(true);
                self.add(&mut object, columns, constraints, validate)?;
                for column in &object.columns[old.columns.len()..] {
                    let filled = column.nullable
                        || column.default.is_some()
                        || column.identity.is_some()
                        || column.computed.is_some()
                        || column.ty == SqlType::Timestamp;
                    if !filled && self.has_rows(&old)? {
                        return Err(SqlMessage::error(
                            4901,
                            format!(
                                "ALTER TABLE only allows columns to be added that can contain nulls, or have a DEFAULT definition specified, or the column being added is an identity or timestamp column, or alternatively if none of the previous conditions are satisfied the table must be empty to allow addition of this column. Column '{}' cannot be added to non-empty table '{}' because it does not satisfy these conditions.",
                                column.name, object.name
                            ),
                        ));
                    }
                }
            }
            AlterTable::DropConstraint(names) => {
                for name in names {
                    drop_constraint(&mut object, name)?;
                }
            }
            AlterTable::DisableIndex(name) => {
                let index = object.indexes.iter_mut().find(|index| same_name(&index.name, name));
                let index = index.ok_or_else(|| no_such("INDEX", Some(&vec![name.clone()])))?;
                index.disabled = true;
            }
            AlterTable::DropColumn => return Err(super::translate::unsupported("DROP COLUMN")),
            AlterTable::Enable { enable, validate: check, names } => {
                validate = *enable && *check;
                let meant = |name: &str| names.is_empty() || names.iter().any(|own| same_name(own, name));
                for check in object.checks.iter_mut().filter(|check| meant(&check.name)) {
                    (check.disabled, check.trusted) = (!enable, validate);
                }
                for key in object.foreign_keys.iter_mut().filter(|key| meant(&key.name)) {
                    (key.disabled, key.trusted) = (!enable, validate);
                }
            }
        }
        self.rebuild(Some(&old), object, &Rebuild { validate, verb: "ALTER TABLE" })
    }

    fn drop(&mut self, kind: &str, name: &Name, table: Option<&Name>) -> Result<()> {
        let missing = || no_such(kind, Some(name));
        let run = |sql: String| self.connection.execute_batch(&sql).map_err(|error| sqlite::message(&error));
        match kind {
            "TABLE" => {
                let object = self.find(name).filter(|object| !object.is_view()).ok_or_else(missing)?;
                let referred = self.catalog.objects.iter().any(|other| {
                    other.id != object.id && other.foreign_keys.iter().any(|key| key.parent == object.id)
                });
                if referred {
                    return Err(SqlMessage::error(
                        3726,
                        format!(
                            "Could not drop object '{}' because it is referenced by a FOREIGN KEY constraint.",
                            name.join(".")
                        ),
                    ));
                }
                run(format!(
                    "PRAGMA foreign_keys=OFF; DROP TABLE {}; PRAGMA foreign_keys=ON;",
                    quote(&object.sqlite_name())
                ))?;
                self.catalog.objects.retain(|other| other.id != object.id);
            }
            "VIEW" => {
                let object = self.find(name).filter(Object::is_view).ok_or_else(missing)?;
                self.catalog.objects.retain(|other| other.id != object.id);
            }
            "INDEX" => {
                let (table, index) = match (table, &name[..]) {
                    (Some(table), [index]) => (table.clone(), index.clone()),
                    (None, [table @ .., index]) => (table.to_vec(), index.clone()),
                    _ => return Err(missing()),
                };
                let mut object = self.find(&table).ok_or_else(missing)?;
                let at = object
                    .indexes
                    .iter()
                    .position(|other| same_name(&other.name, &index) && other.constraint.is_none());
                let index = object.indexes.remove(at.ok_or_else(missing)?);
                for suffix in ["", "#nulls"] {
                    let name = format!("{}.{}{suffix}", object.sqlite_name(), index.name);
                    run(format!("DROP INDEX IF EXISTS {}", quote(&name)))?;
                }
                self.catalog.put(object);
            }
            "SCHEMA" => {
                let name = name.last().cloned().unwrap_or_default();
                let id = self.catalog.schema(&name).map(|schema| schema.id).ok_or_else(missing)?;
                self.catalog.schemas.retain(|schema| schema.id != id);
            }
            "TYPE" => {
                let name = name.last().cloned().unwrap_or_default();
                let id = self
                    .catalog
                    .alias_type(None, &name)
                    .map(|alias| alias.user_type_id)
                    .ok_or_else(missing)?;
                self.catalog.types.retain(|alias| alias.user_type_id != id);
            }
            _ => {}
        }
        Ok(())
    }
}

fn drop_constraint(object: &mut Object, name: &str) -> Result<()> {
    if !object.has_constraint(name) {
        return Err(SqlMessage::error(3728, format!("'{name}' is not a constraint.")));
    }
    object.indexes.retain(|index| index.constraint.is_none() || !same_name(&index.name, name));
    object.checks.retain(|check| !same_name(&check.name, name));
    object.foreign_keys.retain(|key| !same_name(&key.name, name));
    for column in &mut object.columns {
        column.default = column.default.take().filter(|default| !same_name(&default.name, name));
    }
    Ok(())
}

/// Error 2714.
fn exists(name: &str) -> SqlMessage {
    SqlMessage {
        state: 6,
        ..SqlMessage::error(2714, format!("There is already an object named '{name}' in the database."))
    }
}

/// Error 3701.
fn no_such(kind: &str, name: Option<&Name>) -> SqlMessage {
    let name = name.map_or(String::new(), |name| name.join("."));
    let kind = kind.to_lowercase();
    SqlMessage {
        state: 5,
        class: 11,
        ..SqlMessage::error(
            3701,
            format!(
                "Cannot drop the {kind} '{name}', because it does not exist or you do not have permission."
            ),
        )
    }
}
