//! FROM: tables, views, subqueries and joins.

use sqlparser::ast::{
    FunctionArg, Join, JoinConstraint, JoinOperator, ObjectName, ObjectNamePart, TableAlias, TableFactor,
    TableWithJoins,
};

use super::scope::{Scope, ScopeColumn, ScopeTable};
use super::{Translated, Translator, quote, unsupported};
use crate::answer::SqlMessage;
use crate::database::catalog::{Kind, Object, invalid_object, same_name};
use crate::database::system;

type Result<T> = std::result::Result<T, SqlMessage>;

/// Views may stand on views, but not on themselves.
const DEEPEST_VIEW: u32 = 32;

impl Translator<'_> {
    /// The tables of FROM go into the scope; the text of the clause is returned.
    pub(super) fn from(&self, from: &[TableWithJoins], scope: &mut Scope<'_>) -> Result<String> {
        let mut sql = String::new();
        for (at, table) in from.iter().enumerate() {
            if at > 0 {
                sql.push_str(", ");
            }
            sql += &self.joined(table, scope)?;
        }
        Ok(sql)
    }

    fn joined(&self, table: &TableWithJoins, scope: &mut Scope<'_>) -> Result<String> {
        let first = scope.tables.len();
        let mut sql = self.factor(&table.relation, scope)?;
        for join in &table.joins {
            sql += &self.join(join, first, scope)?;
        }
        Ok(sql)
    }

    /// A join with the tables from `first` on.
    fn join(&self, join: &Join, first: usize, scope: &mut Scope<'_>) -> Result<String> {
        let (word, left_outer, right_outer, constraint) = match &join.join_operator {
            JoinOperator::Join(on) | JoinOperator::Inner(on) => ("JOIN", false, false, on),
            JoinOperator::Left(on) | JoinOperator::LeftOuter(on) => ("LEFT JOIN", false, true, on),
            JoinOperator::Right(on) | JoinOperator::RightOuter(on) => ("RIGHT JOIN", true, false, on),
            JoinOperator::FullOuter(on) => ("FULL JOIN", true, true, on),
            JoinOperator::CrossJoin(on) => ("CROSS JOIN", false, false, on),
            _ => return Err(unsupported("this kind of join")),
        };
        let middle = scope.tables.len();
        let right = self.factor(&join.relation, scope)?;
        let mut sql = format!(" {word} {right}");
        match constraint {
            JoinConstraint::On(condition) => sql += &format!(" ON {}", self.predicate(condition, scope)?),
            JoinConstraint::None => {}
            _ => return Err(unsupported("USING and NATURAL")),
        }
        // What has no partner is NULL.
        let optional = |tables: &mut [ScopeTable]| {
            tables.iter_mut().flat_map(|table| &mut table.columns).for_each(|column| column.nullable = true);
        };
        let (left, right) = scope.tables.split_at_mut(middle);
        if left_outer {
            optional(&mut left[first..]);
        }
        if right_outer {
            optional(right);
        }
        Ok(sql)
    }

    fn factor(&self, factor: &TableFactor, scope: &mut Scope<'_>) -> Result<String> {
        match factor {
            TableFactor::Table { name, alias, args, .. } => {
                // The old way of a hint is `t (NOLOCK)`.
                let is_hint = |argument: &FunctionArg| {
                    let word = argument.to_string().to_ascii_uppercase();
                    word.ends_with("LOCK") || word.ends_with("COMMITTED") || word.starts_with("INDEX")
                };
                if args.as_ref().is_some_and(|args| !args.args.iter().all(is_hint)) {
                    return Err(invalid_object(&plain_name(name).join(".")));
                }
                let (sql, table) = self.table(&plain_name(name), alias.as_ref(), scope)?;
                scope.tables.push(table);
                Ok(sql)
            }
            TableFactor::Derived { lateral: false, subquery, alias, .. } => {
                let inner = self.query(subquery, scope.outer_of_from(), true)?;
                let (sql, table) = self.derived(inner, alias.as_ref())?;
                scope.tables.push(table);
                Ok(sql)
            }
            TableFactor::NestedJoin { table_with_joins, alias: None } => {
                Ok(format!("({})", self.joined(table_with_joins, scope)?))
            }
            other => Err(unsupported(&format!("{other} in FROM"))),
        }
    }

    /// A table or view by its name.
    fn table(
        &self,
        parts: &[String],
        alias: Option<&TableAlias>,
        scope: &Scope<'_>,
    ) -> Result<(String, ScopeTable)> {
        let Some((name, qualifier)) = parts.split_last() else { return Err(invalid_object("")) };
        let shown = alias.map_or(name, |alias| &alias.name.value).clone();
        let sql_alias = self.alias();
        if qualifier.is_empty()
            && let Some(query) = scope.named_query(name)
        {
            let table = ScopeTable { name: shown, schema: None, columns: query.columns.clone(), sql_alias };
            let sql = format!("{} AS {}", quote(&query.sql_name), quote(&table.sql_alias));
            return Ok((sql, table));
        }
        let unknown = || invalid_object(&parts.join("."));
        let schema = qualifier.last().filter(|schema| !schema.is_empty()).map(String::as_str);
        let database = if qualifier.len() > 1 { Some(qualifier[qualifier.len() - 2].as_str()) } else { None };
        let database = database.filter(|database| !database.is_empty()).unwrap_or(self.database);
        if let Some(system) = schema.and_then(|schema| system::find(schema, name)) {
            let known = same_name(database, &self.catalog.database)
                || ["master", "tempdb", "msdb", "model"].iter().any(|name| same_name(database, name));
            if !known {
                return Err(unknown());
            }
            if system.needs_server_state && !self.rights.view_server_state {
                return Err(SqlMessage {
                    class: 14,
                    ..SqlMessage::error(
                        300,
                        "VIEW SERVER STATE permission was denied on object 'server', database 'master'.",
                    )
                });
            }
            self.uses.borrow_mut().system.insert(system.name);
            let columns = system
                .columns(&self.catalog.collation)
                .into_iter()
                .map(|(name, ty, nullable)| ScopeColumn {
                    sql_name: name.to_owned(),
                    name: name.to_owned(),
                    ty,
                    nullable,
                    foreign: false,
                    computed: None,
                })
                .collect();
            let sql = format!("temp.{} AS {}", quote(system.name), quote(&sql_alias));
            let schema = if alias.is_some() { None } else { schema.map(str::to_owned) };
            return Ok((sql, ScopeTable { name: shown, schema, columns, sql_alias }));
        }
        if !same_name(database, &self.catalog.database) {
            return Err(unknown());
        }
        let object = self.catalog.object(schema.unwrap_or("dbo"), name).ok_or_else(unknown)?;
        self.rights.check("SELECT", &self.catalog.database, &object.schema, &object.name)?;
        self.uses.borrow_mut().data = true;
        let schema = if alias.is_some() { None } else { Some(object.schema.clone()) };
        if let Kind::View { query, .. } = &object.kind {
            return self.view(object, query, shown, schema);
        }
        let mut table = object_columns(object, &sql_alias);
        (table.name, table.schema) = (shown, schema);
        let sql = format!("{} AS {}", quote(&object.sqlite_name()), quote(&sql_alias));
        Ok((sql, table))
    }

    /// A view stands for its query, under the names of its columns. Who may read it need not be able to read what it
    /// stands on.
    fn view(
        &self,
        object: &Object,
        query: &sqlparser::ast::Query,
        name: String,
        schema: Option<String>,
    ) -> Result<(String, ScopeTable)> {
        if self.depth.get() > DEEPEST_VIEW {
            return Err(SqlMessage::error(
                217,
                "Maximum stored procedure, function, trigger, or view nesting level exceeded (limit 32).",
            ));
        }
        let owner = crate::database::rights::Rights::default();
        let inner = Translator {
            catalog: self.catalog,
            session: self.session,
            rights: &owner,
            database: &self.catalog.database,
            now: self.now,
            transactions: self.transactions,
            row_count: self.row_count,
            last_identity: None,
            variables: self.variables,
            uses: Default::default(),
            aliases: self.aliases.clone(),
            depth: (self.depth.get() + 1).into(),
        };
        let translated = inner.query(query, None, true)?;
        self.aliases.set(inner.aliases.get());
        let inner_uses = inner.uses.into_inner();
        self.uses.borrow_mut().system.extend(inner_uses.system);
        let (sql, mut table) = self.derived(translated, None)?;
        (table.name, table.schema) = (name, schema);
        for (column, declared) in table.columns.iter_mut().zip(&object.columns) {
            column.name.clone_from(&declared.name);
        }
        Ok((sql, table))
    }

    /// A subquery as a table.
    pub(super) fn derived(
        &self,
        inner: Translated,
        alias: Option<&TableAlias>,
    ) -> Result<(String, ScopeTable)> {
        let sql_alias = self.alias();
        let mut columns = inner.scope_columns();
        if let Some(alias) = alias {
            for (column, name) in columns.iter_mut().zip(&alias.columns) {
                column.name.clone_from(&name.name.value);
            }
        }
        let name = alias.map_or(String::new(), |alias| alias.name.value.clone());
        let sql = format!("({}) AS {}", inner.sql, quote(&sql_alias));
        Ok((sql, ScopeTable { name, schema: None, sql_alias, columns }))
    }
}

impl<'s> Scope<'s> {
    /// What a subquery in FROM sees: not its neighbours, but what is round the query, and the queries of WITH.
    fn outer_of_from(&self) -> Option<&'s Scope<'s>> {
        self.outer
    }
}

/// The columns of a table under an alias of the translation.
pub fn object_columns(object: &Object, sql_alias: &str) -> ScopeTable {
    let columns = object
        .columns
        .iter()
        .map(|column| ScopeColumn {
            name: column.name.clone(),
            sql_name: column.name.clone(),
            ty: column.ty.clone(),
            nullable: column.nullable,
            foreign: object.is_foreign(),
            computed: column.computed.as_ref().map(|computed| Box::new(computed.expression.clone())),
        })
        .collect();
    ScopeTable {
        name: object.name.clone(),
        schema: Some(object.schema.clone()),
        sql_alias: sql_alias.to_owned(),
        columns,
    }
}

/// The parts of a name without brackets.
pub fn plain_name(name: &ObjectName) -> Vec<String> {
    name.0
        .iter()
        .map(|part| match part {
            ObjectNamePart::Identifier(ident) => ident.value.clone(),
            other => other.to_string(),
        })
        .collect()
}

/// The name of the table that stands in FROM under an alias, or under its own name.
pub fn table_behind(from: &[TableWithJoins], alias: &str) -> Option<Vec<String>> {
    let factors = from.iter().flat_map(|table| {
        std::iter::once(&table.relation).chain(table.joins.iter().map(|join| &join.relation))
    });
    factors
        .filter_map(|factor| match factor {
            TableFactor::Table { name, alias, .. } => Some((plain_name(name), alias)),
            _ => None,
        })
        .find(|(name, own)| match own {
            Some(own) => same_name(&own.name.value, alias),
            None => name.last().is_some_and(|last| same_name(last, alias)),
        })
        .map(|(name, _)| name)
}
