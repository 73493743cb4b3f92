//! Functions: those of the library, those with a grammar of their own, and those that tell of session and server.

use sqlparser::ast::{Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, ObjectNamePart};

use super::{Insists, Scope, Translator, Typed, unsupported};
use crate::answer::{SqlMessage, SqlType, SqlValue};
use crate::database::catalog::{same_name, split_name};
use crate::database::function::{self, Want};
use crate::database::{convert, sql_type};

/// The version that the server claims to be: SQL Server 2019.
pub const PRODUCT_VERSION: &str = "15.0.2000.5";
const VERSION: &str = "Microsoft SQL Server 2019 (RTM) - 15.0.2000.5 (X64) \n\tTest server: T-SQL on SQLite";
/// What the server calls itself.
const SERVER: &str = "TDS-TEST";

type Result<T> = std::result::Result<T, SqlMessage>;

impl Translator<'_> {
    pub(super) fn function(&self, call: &Function, scope: &Scope<'_>) -> Result<Typed> {
        let parts: Vec<_> = call
            .name
            .0
            .iter()
            .filter_map(
                |part| if let ObjectNamePart::Identifier(ident) = part { Some(ident.clone()) } else { None },
            )
            .collect();
        let Some((last, prefix)) = parts.split_last() else {
            return Err(unsupported("a function without a name"));
        };
        if !prefix.is_empty() {
            if function::is_method(&last.value) {
                let value = self.prefix(prefix, scope)?;
                return self.method(value, &last.value);
            }
            let name: Vec<_> = parts.iter().map(|part| part.value.as_str()).collect();
            let message = format!(
                "Cannot find either column \"{}\" or the user-defined function or aggregate \"{}\", or the name is ambiguous.",
                name[0],
                name.join(".")
            );
            return Err(SqlMessage::error(4121, message));
        }
        let arguments = arguments(call)?;
        if let Some(result) = self.aggregate(&last.value, call, &arguments, scope) {
            return result;
        }
        if let Some(result) = self.builtin(&last.value, &arguments, scope) {
            return result;
        }
        self.library(&last.value, &arguments, scope)
    }

    /// A function of the library, with its arguments converted to what it wants.
    pub(super) fn library(&self, name: &str, arguments: &[&Expr], scope: &Scope<'_>) -> Result<Typed> {
        let found = function::find(name).ok_or_else(|| {
            let message = format!("'{name}' is not a recognized built-in function name.");
            SqlMessage { state: 10, class: 15, ..SqlMessage::error(195, message) }
        })?;
        let (most, least) = (found.wants.len(), found.wants.len() - found.optional);
        if arguments.len() < least || (arguments.len() > most && !found.variadic) {
            let name = name.to_ascii_lowercase();
            let message = format!("The {name} function requires {least} argument(s).");
            return Err(SqlMessage { class: 15, ..SqlMessage::error(174, message) });
        }
        let mut values = Vec::with_capacity(arguments.len());
        for (at, argument) in arguments.iter().enumerate() {
            let want = found.wants.get(at).or(found.wants.last()).copied().unwrap_or(Want::Any);
            // The unit of a date function is a word.
            let value = match argument {
                Expr::Identifier(unit) if at == 0 && name.to_ascii_lowercase().starts_with("date") => {
                    self.text(&unit.value)?
                }
                other => self.expression(other, scope)?,
            };
            let dateadd = name.eq_ignore_ascii_case("dateadd");
            values.push(self.wanted(value, want, dateadd)?);
        }
        let types: Vec<SqlType> = values.iter().map(|value| value.ty.clone()).collect();
        let mut result = (found.result)(&types);
        if sql_type::is_text(&result) {
            let collation = values
                .iter()
                .filter(|value| sql_type::is_text(&value.ty))
                .max_by_key(|value| value.insists)
                .and_then(|value| sql_type::collation(&value.ty))
                .unwrap_or(&self.catalog.collation);
            result = sql_type::with_collation(&result, collation);
        }
        // LIKE takes the collation that its two sides agree on.
        if let ("like", [text, pattern, ..]) = (found.name, &mut values[..])
            && let Some(collation) = self.agreed_collation(text, pattern, "like")?
        {
            text.ty = sql_type::with_collation(&text.ty, &collation);
        }
        let nullable = found.takes_null || values.iter().any(|value| value.nullable);
        let result = self.call(found.name, 0, result, values)?;
        let nullable =
            nullable || matches!(found.name, "sql_variant_property" | "collationproperty") || result.nullable;
        Ok(Typed { nullable, ..result })
    }

    fn wanted(&self, value: Typed, want: Want, dateadd: bool) -> Result<Typed> {
        let value = value.native();
        let text = |long: bool| {
            let collation = self.catalog.collation.clone();
            SqlType::NVarChar(if long { None } else { Some(4000) }, collation)
        };
        let to = match want {
            Want::Any => return Ok(value),
            Want::Text | Want::String if sql_type::is_text(&value.ty) && !value.untyped => return Ok(value),
            Want::String if sql_type::is_binary(&value.ty) => return Ok(value),
            Want::Text | Want::String => text(matches!(value.ty, SqlType::Xml | SqlType::Udt(_))),
            Want::Int => SqlType::Int,
            Want::BigInt => SqlType::BigInt,
            Want::Float => SqlType::Float,
            Want::Number if sql_type::is_number(&value.ty) => return Ok(value),
            Want::Number => SqlType::Float,
            Want::Date if sql_type::is_temporal(&value.ty) => return Ok(value),
            Want::Date if dateadd || sql_type::is_number(&value.ty) => SqlType::DateTime,
            Want::Date => SqlType::DateTime2(7),
        };
        self.coerce(value, &to)
    }

    /// A function that is no plain call of the library. `None` if there is none of that name.
    pub(super) fn builtin(
        &self,
        name: &str,
        arguments: &[&Expr],
        scope: &Scope<'_>,
    ) -> Option<Result<Typed>> {
        let upper = name.to_ascii_uppercase();
        self.conditional(&upper, arguments, scope)
            .or_else(|| self.clock(&upper))
            .or_else(|| self.of_session(&upper, arguments, scope))
            .or_else(|| self.of_catalog(&upper, arguments, scope))
    }

    fn conditional(&self, name: &str, arguments: &[&Expr], scope: &Scope<'_>) -> Option<Result<Typed>> {
        Some(match (name, arguments) {
            ("ISNULL", [value, other]) => self.isnull(value, other, scope),
            ("COALESCE", [_, ..]) => {
                let values: Result<Vec<Typed>> =
                    arguments.iter().map(|argument| self.expression(argument, scope)).collect();
                values.and_then(|values| self.unified(values)).map(|values| {
                    let nullable = values.iter().all(|value| value.nullable);
                    let ty = values[0].ty.clone();
                    let sql: Vec<_> = values.into_iter().map(|value| value.sql).collect();
                    // SQLite wants two arguments at least.
                    Typed::new(format!("coalesce({}, NULL)", sql.join(", ")), ty, nullable)
                })
            }
            ("NULLIF", [value, other]) => self.compare(value, "=", other, scope).and_then(|same| {
                let value = self.expression(value, scope)?.native();
                let sql = format!("CASE WHEN {same} THEN NULL ELSE {} END", value.sql);
                Ok(Typed { constant: None, insists: value.insists, ..Typed::new(sql, value.ty, true) })
            }),
            ("IIF", [condition, yes, no]) => self.predicate(condition, scope).and_then(|condition| {
                let values = vec![self.expression(yes, scope)?, self.expression(no, scope)?];
                let values = self.unified(values)?;
                let nullable = values.iter().any(|value| value.nullable);
                let sql = format!("CASE WHEN {condition} THEN {} ELSE {} END", values[0].sql, values[1].sql);
                Ok(Typed::new(sql, values[0].ty.clone(), nullable))
            }),
            ("CHOOSE", [index, values @ ..]) if !values.is_empty() => self.choose(index, values, scope),
            ("NEWID" | "NEWSEQUENTIALID", []) => {
                Ok(Typed::new("tds_newid()", SqlType::UniqueIdentifier, false))
            }
            ("RAND", _) => Ok(Typed::new("tds_rand()", SqlType::Float, false)),
            _ => return None,
        })
    }

    fn isnull(&self, value: &Expr, other: &Expr, scope: &Scope<'_>) -> Result<Typed> {
        let (value, other) = (self.expression(value, scope)?.native(), self.expression(other, scope)?);
        // The first argument decides the type, unless it is NULL as such.
        let ty = if value.untyped { other.ty.clone() } else { value.ty.clone() };
        let (value, other) = (self.coerce(value, &ty)?, self.coerce(other, &ty)?);
        let nullable = value.nullable && other.nullable;
        let insists = value.insists;
        Ok(Typed { insists, ..Typed::new(format!("ifnull({}, {})", value.sql, other.sql), ty, nullable) })
    }

    fn choose(&self, index: &Expr, values: &[&Expr], scope: &Scope<'_>) -> Result<Typed> {
        let index = self.coerce(self.expression(index, scope)?, &SqlType::Int)?;
        let values: Result<Vec<Typed>> = values.iter().map(|value| self.expression(value, scope)).collect();
        let values = self.unified(values?)?;
        let mut sql = format!("CASE {}", index.sql);
        for (at, value) in values.iter().enumerate() {
            sql += &format!(" WHEN {} THEN {}", at + 1, value.sql);
        }
        Ok(Typed::new(sql + " END", values[0].ty.clone(), true))
    }

    fn clock(&self, name: &str) -> Option<Result<Typed>> {
        let ty = match name {
            "GETDATE" | "CURRENT_TIMESTAMP" | "GETUTCDATE" => SqlType::DateTime,
            "SYSDATETIME" | "SYSUTCDATETIME" => SqlType::DateTime2(7),
            "SYSDATETIMEOFFSET" => SqlType::DateTimeOffset(7),
            _ => return None,
        };
        let value = convert::of_moment(self.now, &ty).unwrap_or(SqlValue::Null);
        Some(Typed::constant(value, ty).map(|now| Typed { nullable: false, ..now }))
    }

    fn of_session(&self, name: &str, arguments: &[&Expr], scope: &Scope<'_>) -> Option<Result<Typed>> {
        let variant = |text: Option<&str>| {
            let value = match text {
                Some(text) => {
                    let inner = SqlValue::Wide(text.encode_utf16().collect());
                    SqlValue::Variant(Box::new((self.sysname(), inner)))
                }
                None => SqlValue::Null,
            };
            Typed::constant(value, SqlType::SqlVariant).map(|value| Typed { nullable: true, ..value })
        };
        Some(match (name, arguments) {
            ("DB_NAME", []) => self.text(self.database),
            ("ORIGINAL_DB_NAME", []) => self.text(&self.session.database),
            ("SUSER_SNAME" | "SUSER_NAME" | "ORIGINAL_LOGIN" | "SYSTEM_USER", []) => {
                self.text(&self.session.login)
            }
            ("USER_NAME" | "CURRENT_USER" | "SESSION_USER" | "USER", []) => {
                let owner = !self.rights.read_only;
                self.text(if owner { "dbo" } else { &self.session.login })
            }
            ("SCHEMA_NAME", []) => self.text("dbo"),
            ("APP_NAME", []) => self.text(&self.session.application),
            ("HOST_NAME", []) => self.text(&self.session.host),
            ("SERVERPROPERTY", [property]) => {
                let property = match self.known_text(property, scope) {
                    Ok(property) => property,
                    Err(error) => return Some(Err(error)),
                };
                let number = |n: i64| {
                    let value = SqlValue::Variant(Box::new((SqlType::Int, SqlValue::Int(n))));
                    Typed::constant(value, SqlType::SqlVariant)
                };
                match property.to_ascii_lowercase().as_str() {
                    "productversion" => variant(Some(PRODUCT_VERSION)),
                    "productlevel" => variant(Some("RTM")),
                    "productmajorversion" => variant(Some("15")),
                    "edition" => variant(Some("Developer Edition (64-bit)")),
                    "engineedition" => number(3),
                    "editionid" => number(-2_117_995_310),
                    "collation" => variant(Some(&self.catalog.collation)),
                    "machinename" | "servername" | "computernamephysicalnetbios" => variant(Some(SERVER)),
                    "ishadrenabled" | "isclustered" | "isintegratedsecurityonly" => number(0),
                    "issingleuser" => number(0),
                    "lcid" => number(1042),
                    // The default instance has no name.
                    _ => variant(None),
                }
            }
            ("DATABASEPROPERTYEX", [database, property]) => {
                match (self.known_text(database, scope), self.known_text(property, scope)) {
                    (Ok(database), Ok(property)) => {
                        let known = same_name(&database, &self.catalog.database);
                        match property.to_ascii_lowercase().as_str() {
                            "collation" if known => variant(Some(&self.catalog.collation)),
                            "status" if known => variant(Some("ONLINE")),
                            "updateability" if known => variant(Some("READ_WRITE")),
                            "recovery" if known => variant(Some("SIMPLE")),
                            _ => variant(None),
                        }
                    }
                    (Err(error), _) | (_, Err(error)) => Err(error),
                }
            }
            ("CONNECTIONPROPERTY", [property]) => match self.known_text(property, scope) {
                Ok(property) => match property.to_ascii_lowercase().as_str() {
                    "net_transport" | "physical_net_transport" => variant(Some("TCP")),
                    "protocol_type" => variant(Some("TSQL")),
                    "auth_scheme" => variant(Some("SQL")),
                    _ => variant(None),
                },
                Err(error) => Err(error),
            },
            // Rights on a column are those on its table.
            ("HAS_PERMS_BY_NAME", [object, class, permission, ..]) => {
                self.has_permission(object, class, permission, scope)
            }
            ("IS_SRVROLEMEMBER", [role, ..]) => {
                self.known_text(role, scope).and_then(|role| match role.to_ascii_lowercase().as_str() {
                    "public" => self.int(1),
                    "sysadmin" | "serveradmin" | "securityadmin" | "processadmin" | "setupadmin"
                    | "bulkadmin" | "diskadmin" | "dbcreator" => self.int((!self.rights.read_only).into()),
                    _ => Ok(Typed::null()),
                })
            }
            ("IS_MEMBER" | "IS_ROLEMEMBER", [role, ..]) => {
                self.known_text(role, scope).and_then(|role| match role.to_ascii_lowercase().as_str() {
                    "public" => self.int(1),
                    "db_datareader" => self.int(self.rights.read_only.into()),
                    "db_owner" => self.int((!self.rights.read_only).into()),
                    "db_datawriter" | "db_ddladmin" | "db_securityadmin" | "db_accessadmin"
                    | "db_backupoperator" | "db_denydatareader" | "db_denydatawriter" => self.int(0),
                    _ => Ok(Typed::null()),
                })
            }
            ("HAS_DBACCESS", [database]) => self.known_text(database, scope).and_then(|database| {
                match same_name(&database, &self.catalog.database) || same_name(&database, "master") {
                    true => self.int(1),
                    false => Ok(Typed::null()),
                }
            }),
            ("SCOPE_IDENTITY", []) => self.identity(),
            ("ROWCOUNT_BIG", []) => Typed::constant(SqlValue::Int(self.row_count), SqlType::BigInt),
            ("XACT_STATE", []) => {
                Typed::constant(SqlValue::Int(i64::from(self.transactions > 0)), SqlType::SmallInt)
            }
            _ => return None,
        })
    }

    fn identity(&self) -> Result<Typed> {
        let ty = SqlType::Decimal { precision: 38, scale: 0 };
        let value = self.last_identity.map_or(SqlValue::Null, SqlValue::Decimal);
        Ok(Typed { nullable: true, ..Typed::constant(value, ty)? })
    }

    pub(super) fn global_variable(&self, name: &str) -> Result<Typed> {
        let long = |text: &str| {
            let ty = SqlType::NVarChar(Some(300), self.catalog.collation.clone());
            Typed::constant(SqlValue::Wide(text.encode_utf16().collect()), ty)
        };
        match name.to_ascii_lowercase().as_str() {
            "@@version" => long(VERSION),
            "@@spid" => Typed::constant(SqlValue::Int(self.session.session_id.into()), SqlType::SmallInt),
            "@@rowcount" => self.int(self.row_count),
            "@@trancount" => self.int(self.transactions),
            "@@max_precision" => Typed::constant(SqlValue::Int(38), SqlType::TinyInt),
            "@@servername" => self.text(SERVER),
            "@@servicename" => self.text("MSSQLSERVER"),
            "@@language" => self.text("us_english"),
            "@@langid" => Typed::constant(SqlValue::Int(0), SqlType::SmallInt),
            "@@datefirst" => Typed::constant(SqlValue::Int(7), SqlType::TinyInt),
            "@@error" | "@@nestlevel" | "@@procid" | "@@fetch_status" => self.int(0),
            "@@options" => self.int(5432),
            "@@lock_timeout" => self.int(-1),
            "@@textsize" => self.int(2_147_483_647),
            "@@microsoftversion" => self.int(0x0F00_07D0),
            "@@identity" => self.identity(),
            "@@dbts" => Ok(Typed::new("tds_rowversion()", SqlType::VarBinary(Some(8)), false)),
            _ => {
                let message = format!("Must declare the scalar variable \"{name}\".");
                Err(SqlMessage { class: 15, ..SqlMessage::error(137, message) })
            }
        }
    }

    fn has_permission(
        &self,
        object: &Expr,
        class: &Expr,
        permission: &Expr,
        scope: &Scope<'_>,
    ) -> Result<Typed> {
        let (class, permission) = (self.maybe_text(class, scope)?, self.known_text(permission, scope)?);
        let name = self.expression(object, scope)?;
        if name.constant.is_some() {
            let name = self.maybe_text(object, scope)?;
            return match self.rights.has(self.catalog, name.as_deref(), class.as_deref(), &permission) {
                Some(has) => self.int(has.into()),
                None => Ok(Typed::null()),
            };
        }
        // The name comes from a row: every object's answer is written down.
        let name = self.coerce(name, &SqlType::NVarChar(Some(4000), self.catalog.collation.clone()))?;
        let mut sql = format!("CASE lower(replace(replace({}, '[', ''), ']', ''))", name.sql);
        for object in &self.catalog.objects {
            let full = object.full_name();
            if let Some(has) = self.rights.has(self.catalog, Some(&full), class.as_deref(), &permission) {
                sql += &format!(
                    " WHEN '{}' THEN {}",
                    full.to_ascii_lowercase().replace('\'', "''"),
                    i64::from(has)
                );
            }
        }
        sql += " WHEN '' THEN NULL END";
        Ok(Typed::new(sql, SqlType::Int, true))
    }

    fn of_catalog(&self, name: &str, arguments: &[&Expr], scope: &Scope<'_>) -> Option<Result<Typed>> {
        // Looked up in the system catalogue, whose rows may come from a query.
        let lookup = |table: &'static str, want: &str, by: &str, key: &Expr| -> Result<Typed> {
            let key = self.coerce(self.expression(key, scope)?, &SqlType::Int)?;
            self.uses.borrow_mut().system.insert(table);
            let sql =
                format!("(SELECT \"{want}\" FROM temp.\"{table}\" WHERE \"{by}\" = {} LIMIT 1)", key.sql);
            Ok(Typed::new(sql, self.sysname(), true))
        };
        Some(match (name, arguments) {
            ("OBJECT_NAME", [id] | [id, _]) => lookup("sys.objects", "name", "object_id", id),
            ("SCHEMA_NAME", [id]) => lookup("sys.schemas", "name", "schema_id", id),
            ("TYPE_NAME", [id]) => lookup("sys.types", "name", "user_type_id", id),
            ("DB_NAME", [id]) => lookup("sys.databases", "name", "database_id", id),
            ("OBJECT_SCHEMA_NAME", [id] | [id, _]) => lookup("sys.objects", "schema_id", "object_id", id)
                .map(|schema| {
                    self.uses.borrow_mut().system.insert("sys.schemas");
                    let sql = format!(
                        "(SELECT \"name\" FROM temp.\"sys.schemas\" WHERE \"schema_id\" = {})",
                        schema.sql
                    );
                    Typed::new(sql, self.sysname(), true)
                }),
            ("USER_NAME" | "SUSER_SNAME" | "SUSER_NAME", [_]) => self.text("dbo"),
            ("DB_ID", []) => Typed::constant(
                SqlValue::Int(self.database_id(self.database).unwrap_or(1)),
                SqlType::SmallInt,
            ),
            ("DB_ID", [database]) => {
                self.known_text(database, scope).and_then(|database| match self.database_id(&database) {
                    Some(id) => Typed::constant(SqlValue::Int(id), SqlType::SmallInt),
                    None => Typed::constant(SqlValue::Null, SqlType::SmallInt),
                })
            }
            ("SCHEMA_ID", [schema]) => {
                self.known_text(schema, scope).and_then(|schema| match self.catalog.schema(&schema) {
                    Some(schema) => self.int(schema.id),
                    None => Typed::constant(SqlValue::Null, SqlType::Int),
                })
            }
            ("OBJECT_ID", [object] | [object, _]) => self.object_id(object, scope),
            ("COL_NAME", [table, column]) => self.col_name(table, column, scope),
            ("IDENT_CURRENT", [table]) => self
                .known_text(table, scope)
                .map(|table| {
                    let id = self.find_object(&table);
                    self.uses.borrow_mut().system.insert("sys.identity_columns");
                    let sql = format!(
                        "(SELECT \"last_value\" FROM temp.\"sys.identity_columns\" WHERE \"object_id\" = {})",
                        id.unwrap_or(0)
                    );
                    Typed::new(sql, SqlType::SqlVariant, true)
                })
                .and_then(|last| self.coerce(last, &SqlType::Decimal { precision: 38, scale: 0 })),
            _ => return None,
        })
    }

    /// master is 1, as everywhere; the database itself comes after the four that every server has.
    fn database_id(&self, name: &str) -> Option<i64> {
        if same_name(name, &self.catalog.database) {
            return Some(5);
        }
        ["master", "tempdb", "model", "msdb"]
            .iter()
            .position(|system| same_name(system, name))
            .map(|at| at as i64 + 1)
    }

    fn find_object(&self, name: &str) -> Option<i64> {
        let parts = split_name(name)?;
        if let [database, _, _] = &parts[..]
            && !database.is_empty()
            && !same_name(database, &self.catalog.database)
        {
            return None;
        }
        self.catalog.named(&parts).map(|object| object.id)
    }

    fn object_id(&self, name: &Expr, scope: &Scope<'_>) -> Result<Typed> {
        let value = self.expression(name, scope)?;
        if value.constant.is_some() {
            let id = self.maybe_text(name, scope)?.and_then(|name| self.find_object(&name));
            return Typed::constant(id.map_or(SqlValue::Null, SqlValue::Int), SqlType::Int)
                .map(|id| Typed { nullable: true, ..id });
        }
        let value = self.coerce(value, &SqlType::NVarChar(Some(4000), self.catalog.collation.clone()))?;
        let mut sql = format!("CASE lower(replace(replace({}, '[', ''), ']', ''))", value.sql);
        for object in &self.catalog.objects {
            let full = object.full_name().to_ascii_lowercase().replace('\'', "''");
            sql += &format!(" WHEN '{full}' THEN {}", object.id);
        }
        Ok(Typed::new(sql + " WHEN '' THEN NULL END", SqlType::Int, true))
    }

    fn col_name(&self, table: &Expr, column: &Expr, scope: &Scope<'_>) -> Result<Typed> {
        let table = self.coerce(self.expression(table, scope)?, &SqlType::Int)?;
        let column = self.coerce(self.expression(column, scope)?, &SqlType::Int)?;
        self.uses.borrow_mut().system.insert("sys.columns");
        let sql = format!(
            "(SELECT \"name\" FROM temp.\"sys.columns\" WHERE \"object_id\" = {} AND \"column_id\" = {})",
            table.sql, column.sql
        );
        Ok(Typed { insists: Insists::Some, ..Typed::new(sql, self.sysname(), true) })
    }

    /// A text that no row changes.
    fn known_text(&self, expression: &Expr, scope: &Scope<'_>) -> Result<String> {
        Ok(self.maybe_text(expression, scope)?.unwrap_or_default())
    }

    fn maybe_text(&self, expression: &Expr, scope: &Scope<'_>) -> Result<Option<String>> {
        let value = self.expression(expression, scope)?;
        let wide = SqlType::NVarChar(Some(4000), self.catalog.collation.clone());
        match self.coerce(value, &wide)?.constant {
            Some(SqlValue::Null) => Ok(None),
            Some(SqlValue::Wide(units)) => Ok(Some(String::from_utf16_lossy(&units))),
            _ => Err(unsupported(&format!("{expression} where a name must be known beforehand"))),
        }
    }
}

fn arguments(call: &Function) -> Result<Vec<&Expr>> {
    match &call.args {
        FunctionArguments::None => Ok(Vec::new()),
        FunctionArguments::List(list) => list
            .args
            .iter()
            .map(|argument| match argument {
                FunctionArg::Unnamed(FunctionArgExpr::Expr(expression)) => Ok(expression),
                // COUNT(*) looks at its star itself.
                FunctionArg::Unnamed(FunctionArgExpr::Wildcard) => Ok(&STAR),
                other => Err(unsupported(&format!("the argument {other}"))),
            })
            .collect(),
        FunctionArguments::Subquery(_) => Err(unsupported("a query as an argument")),
    }
}

/// Stands for the star of COUNT(*).
pub static STAR: Expr = Expr::Tuple(Vec::new());
