//! CREATE, ALTER and DROP: a new catalogue, and the tables of SQLite that go with it.
//!
//! SQLite cannot add a constraint to a table or take one away. A table that changes is therefore made anew, and its rows
//! are copied.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use rusqlite::{Connection, OptionalExtension};
use sqlparser::ast::Expr;

use super::catalog::{
    AliasType, Catalog, Check, Column, Computed, Default, Filter, ForeignKey, Identity, Index, KeyConstraint,
    Kind, Object, Schema, Trigger, invalid_object, same_name, schema_and_name,
};
use super::rights::Rights;
use super::session::Translation;
use super::syntax::{
    AlterTable, ChangeSyntax, ColumnSyntax, ConstraintSyntax, ConstraintTerm, IndexSyntax, Name,
    ReferenceSyntax, definition,
};
use super::translate::{Scope, Translator, parse_type, quote};
use super::write::{self, Written};
use super::{Shared, compare, form, owner, sql_type, sqlite};
use crate::answer::{SqlMessage, SqlType};
use crate::collation;

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

/// How the rows of a table come through a change.
struct Rebuild {
    /// New constraints hold for the rows that are there already.
    validate: bool,
    verb: &'static str,
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
        };
        self.add(&mut object, columns, constraints, true)?;
        self.rebuild(None, object, &Rebuild { validate: true, verb: "CREATE TABLE" })
    }

    /// Adds columns and constraints to a table.
    fn add(
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
        let known = match super::catalog::split_name(text).unwrap_or_default().as_slice() {
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
            identity: None,
            computed: Some(Computed {
                expression: expression.clone(),
                definition: definition(expression),
                persisted: *persisted,
            }),
            default: None,
        })
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

    fn has_rows(&self, object: &Object) -> Result<bool> {
        let sql = format!("SELECT 1 FROM {} LIMIT 1", quote(&object.sqlite_name()));
        let found = self.connection.query_row(&sql, [], |_| Ok(())).optional();
        found.map(|row| row.is_some()).map_err(|error| sqlite::message(&error))
    }

    /// Makes the table of SQLite anew, with the rows of the old one.
    fn rebuild(&mut self, old: Option<&Object>, object: Object, how: &Rebuild) -> Result<()> {
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
    fn index_sql(&self, object: &Object, index: &Index) -> Result<String> {
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

fn is_isnull(expression: &Expr) -> bool {
    match expression {
        Expr::Nested(inner) => is_isnull(inner),
        Expr::Function(function) => function.name.to_string().eq_ignore_ascii_case("isnull"),
        _ => false,
    }
}

/// 1 is the clustered index.
fn index_id(object: &Object, clustered: bool) -> i64 {
    if clustered {
        return 1;
    }
    object.indexes.iter().map(|index| index.id).max().unwrap_or(1).max(1) + 1
}

fn place(object: &Object, column: &str) -> Result<usize> {
    object.column(column).ok_or_else(|| {
        SqlMessage::error(1911, format!("Column name '{column}' does not exist in the target table or view."))
    })
}

fn key_columns(object: &Object, columns: &[(String, bool)]) -> Result<Vec<(usize, bool)>> {
    columns.iter().map(|(name, descending)| Ok((place(object, name)?, *descending))).collect()
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
