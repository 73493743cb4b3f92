//! SELECT.

use sqlparser::ast::{
    Distinct, Expr, GroupByExpr, LimitClause, OrderByExpr, OrderByKind, Query, Select, SelectItem,
    SelectItemQualifiedWildcardKind, SetExpr, SetOperator, SetQuantifier, TopQuantity, Value, Values, With,
};

use super::aggregate::is_descending;
use super::scope::{NamedQuery, Scope, ScopeColumn, ScopeTable};
use super::table::plain_name;
use super::{Insists, Translator, Typed, quote, unsupported};
use crate::answer::{SqlMessage, SqlType};
use crate::database::sql_type;

type Result<T> = std::result::Result<T, SqlMessage>;

/// A query in SQLite's terms. Its columns are called `#1`, `#2` and so on there.
#[derive(Debug, Clone)]
pub struct Translated {
    pub sql: String,
    pub columns: Vec<Output>,
}

/// A column of a query's result.
#[derive(Debug, Clone)]
pub struct Output {
    /// Empty where an expression has no alias.
    pub name: String,
    pub ty: SqlType,
    pub nullable: bool,
    /// The value lies as another program wrote it.
    pub foreign: bool,
    /// `SELECT @name = …`.
    pub variable: Option<String>,
}

impl Translated {
    /// The columns as those of a table.
    pub fn scope_columns(&self) -> Vec<ScopeColumn> {
        self.columns
            .iter()
            .enumerate()
            .map(|(at, column)| ScopeColumn {
                name: column.name.clone(),
                sql_name: format!("#{}", at + 1),
                ty: column.ty.clone(),
                nullable: column.nullable,
                foreign: column.foreign,
                computed: None,
            })
            .collect()
    }
}

/// What ORDER BY, TOP and OFFSET make of a query.
#[derive(Default)]
struct Ending {
    order: String,
    limit: Option<i64>,
    offset: Option<i64>,
}

impl Ending {
    fn is_empty(&self) -> bool {
        self.order.is_empty() && self.limit.is_none() && self.offset.is_none()
    }

    fn sql(&self) -> String {
        let mut sql = if self.order.is_empty() { String::new() } else { format!(" ORDER BY {}", self.order) };
        if self.limit.is_some() || self.offset.is_some() {
            sql += &format!(" LIMIT {}", self.limit.unwrap_or(-1));
        }
        if let Some(offset) = self.offset {
            sql += &format!(" OFFSET {offset}");
        }
        sql
    }
}

impl Translator<'_> {
    /// A query. `raw` lets plain columns of foreign tables through as they lie there, for a reader who knows.
    pub fn query(&self, query: &Query, outer: Option<&Scope<'_>>, raw: bool) -> Result<Translated> {
        if query.for_clause.is_some() {
            return Err(unsupported("FOR XML and FOR JSON"));
        }
        let mut scope = Scope::inside(outer);
        let with = match &query.with {
            Some(with) => self.with(with, &mut scope)?,
            None => String::new(),
        };
        let outer = if query.with.is_some() { Some(&scope) } else { outer };
        let mut translated = match &*query.body {
            SetExpr::Select(select) => self.select(select, Some(query), outer, raw)?,
            body => {
                let inner = self.body(body, outer, raw)?;
                self.ordered(inner, query, outer)?
            }
        };
        translated.sql = format!("{with}{}", translated.sql);
        Ok(translated)
    }

    fn with(&self, with: &With, scope: &mut Scope<'_>) -> Result<String> {
        let mut parts = Vec::new();
        for cte in &with.cte_tables {
            let sql_name = self.alias();
            let rename = |columns: &mut Vec<ScopeColumn>| {
                for (column, name) in columns.iter_mut().zip(&cte.alias.columns) {
                    column.name.clone_from(&name.name.value);
                }
            };
            let name = cte.alias.name.value.clone();
            let inner = self.query(&cte.query, Some(scope), false)?;
            let mut columns = inner.scope_columns();
            rename(&mut columns);
            let names: Vec<_> = columns.iter().map(|column| quote(&column.sql_name)).collect();
            parts.push(format!("{} ({}) AS ({})", quote(&sql_name), names.join(", "), inner.sql));
            scope.named.push(NamedQuery { name, sql_name, columns });
        }
        Ok(format!("WITH {} ", parts.join(", ")))
    }

    fn body(&self, body: &SetExpr, outer: Option<&Scope<'_>>, raw: bool) -> Result<Translated> {
        match body {
            SetExpr::Select(select) => self.select(select, None, outer, raw),
            SetExpr::Query(query) => self.query(query, outer, raw),
            SetExpr::SetOperation { left, op, set_quantifier, right } => {
                self.set_operation(left, *op, *set_quantifier, right, outer)
            }
            SetExpr::Values(values) => self.values(values, outer),
            other => Err(unsupported(&format!("{other}"))),
        }
    }

    fn set_operation(
        &self,
        left: &SetExpr,
        op: SetOperator,
        quantifier: SetQuantifier,
        right: &SetExpr,
        outer: Option<&Scope<'_>>,
    ) -> Result<Translated> {
        let (left, right) = (self.body(left, outer, false)?, self.body(right, outer, false)?);
        if left.columns.len() != right.columns.len() {
            return Err(SqlMessage::error(
                205,
                "All queries combined using a UNION, INTERSECT or EXCEPT operator must have an equal number of expressions in their target lists.",
            ));
        }
        let word = match (op, quantifier) {
            (SetOperator::Union, SetQuantifier::All) => "UNION ALL",
            (SetOperator::Union, _) => "UNION",
            (SetOperator::Intersect, _) => "INTERSECT",
            _ => "EXCEPT",
        };
        let columns: Vec<Output> = left
            .columns
            .iter()
            .zip(&right.columns)
            .map(|(a, b)| Output {
                name: a.name.clone(),
                ty: sql_type::common(&a.ty, &b.ty),
                nullable: a.nullable || b.nullable,
                foreign: false,
                variable: None,
            })
            .collect();
        let all = word == "UNION ALL";
        let (left, right) = (self.arm(left, &columns, all)?, self.arm(right, &columns, all)?);
        Ok(Translated { sql: format!("{left} {word} {right}"), columns })
    }

    /// One side of a UNION with its columns in the common types.
    fn arm(&self, arm: Translated, columns: &[Output], all: bool) -> Result<String> {
        let mut list = Vec::new();
        for (at, (own, common)) in arm.columns.iter().zip(columns).enumerate() {
            let name = format!("\"#{}\"", at + 1);
            let value =
                Typed { insists: Insists::Some, ..Typed::new(name.clone(), own.ty.clone(), own.nullable) };
            let value = self.coerce(value, &common.ty)?;
            // Where equal rows become one, equal means what the collation says.
            let sql =
                if all || sql_type::collation(&value.ty).is_none() { value.sql } else { value.key()? };
            list.push(format!("{sql} AS {name}"));
        }
        Ok(format!("SELECT {} FROM ({})", list.join(", "), arm.sql))
    }

    /// `VALUES (…), (…)`.
    fn values(&self, values: &Values, outer: Option<&Scope<'_>>) -> Result<Translated> {
        let scope = Scope::inside(outer);
        let mut rows = Vec::new();
        for row in &values.rows {
            let row: Result<Vec<Typed>> =
                row.content.iter().map(|value| self.expression(value, &scope)).collect();
            rows.push(row?);
        }
        let width = rows.first().map_or(0, Vec::len);
        let mut columns = Vec::new();
        for at in 0..width {
            let column: Option<Vec<Typed>> = rows.iter().map(|row| row.get(at).cloned()).collect();
            let column = column.ok_or_else(|| {
                SqlMessage::error(
                    10709,
                    "The number of columns for each row in a table value constructor must be the same.",
                )
            })?;
            columns.push(self.unified(column)?);
        }
        let mut arms = Vec::new();
        for row in 0..rows.len() {
            let list: Vec<_> = columns
                .iter()
                .enumerate()
                .map(|(at, column)| format!("{} AS \"#{}\"", column[row].sql, at + 1))
                .collect();
            arms.push(format!("SELECT {}", list.join(", ")));
        }
        let columns = columns
            .iter()
            .map(|column| Output {
                name: String::new(),
                ty: column[0].ty.clone(),
                nullable: column.iter().any(|value| value.nullable),
                foreign: false,
                variable: None,
            })
            .collect();
        Ok(Translated { sql: arms.join(" UNION ALL "), columns })
    }

    /// ORDER BY and OFFSET over a result whose columns alone they see.
    fn ordered(&self, inner: Translated, query: &Query, outer: Option<&Scope<'_>>) -> Result<Translated> {
        let results: Vec<Typed> = inner
            .columns
            .iter()
            .enumerate()
            .map(|(at, column)| Typed {
                foreign: column.foreign,
                ..Typed::new(format!("\"#{}\"", at + 1), column.ty.clone(), column.nullable)
            })
            .collect();
        let names: Vec<String> = inner.columns.iter().map(|column| column.name.clone()).collect();
        let mut ending = self.limits(query, outer)?;
        ending.order = self.order_by(query, &results, &names, None)?;
        if ending.is_empty() {
            return Ok(inner);
        }
        let list: Vec<_> = (1..=inner.columns.len()).map(|at| format!("\"#{at}\"")).collect();
        let sql = format!("SELECT {} FROM ({}){}", list.join(", "), inner.sql, ending.sql());
        Ok(Translated { sql, columns: inner.columns })
    }

    fn select(
        &self,
        select: &Select,
        query: Option<&Query>,
        outer: Option<&Scope<'_>>,
        raw: bool,
    ) -> Result<Translated> {
        if select.into.is_some() {
            return Err(unsupported("SELECT INTO"));
        }
        let mut scope = Scope::inside(outer);
        let from = self.from(&select.from, &mut scope)?;
        let distinct = match &select.distinct {
            Some(Distinct::Distinct) => true,
            None | Some(Distinct::All) => false,
            Some(other) => return Err(unsupported(&format!("{other}"))),
        };
        let (outputs, mut values) = self.projection(&select.projection, &scope)?;
        let mut list = Vec::new();
        for (at, value) in values.iter_mut().enumerate() {
            if distinct || !raw {
                *value = value.clone().native();
            }
            let sql = if distinct && !sql_type::is_incomparable(&value.ty) && sql_type::is_text(&value.ty) {
                value.key()?
            } else {
                value.sql.clone()
            };
            list.push(format!("{sql} AS \"#{}\"", at + 1));
        }
        let mut sql = format!("SELECT {}{}", if distinct { "DISTINCT " } else { "" }, list.join(", "));
        if !from.is_empty() {
            sql += &format!(" FROM {from}");
        }
        if let Some(condition) = &select.selection {
            sql += &format!(" WHERE {}", self.predicate(condition, &scope)?);
        }
        if let GroupByExpr::Expressions(keys, modifiers) = &select.group_by {
            if !modifiers.is_empty() {
                return Err(unsupported("ROLLUP and CUBE"));
            }
            let keys: Result<Vec<String>> =
                keys.iter().map(|key| self.expression(key, &scope)?.key()).collect();
            let keys = keys?;
            if !keys.is_empty() {
                sql += &format!(" GROUP BY {}", keys.join(", "));
            }
        }
        if let Some(condition) = &select.having {
            sql += &format!(" HAVING {}", self.predicate(condition, &scope)?);
        }
        let mut ending = match query {
            Some(query) => self.limits(query, outer)?,
            None => Ending::default(),
        };
        if let Some(top) = &select.top {
            if top.percent || top.with_ties {
                return Err(unsupported("TOP with PERCENT or WITH TIES"));
            }
            let limit = match &top.quantity {
                Some(TopQuantity::Constant(n)) => i64::try_from(*n).unwrap_or(i64::MAX),
                Some(TopQuantity::Expr(n)) => self.number(n, &scope)?,
                None => return Err(unsupported("TOP without a number")),
            };
            ending.limit = Some(ending.limit.map_or(limit, |other| other.min(limit)));
        }
        let columns: Vec<Output> = outputs
            .into_iter()
            .zip(&values)
            .map(|((name, variable), value)| Output {
                name,
                ty: value.ty.clone(),
                nullable: value.nullable,
                foreign: value.foreign,
                variable,
            })
            .collect();
        if let Some(query) = query {
            let names: Vec<String> = columns.iter().map(|column| column.name.clone()).collect();
            if distinct {
                // What is sorted are the rows that are left.
                let results: Vec<Typed> = values
                    .iter()
                    .enumerate()
                    .map(|(at, value)| Typed {
                        sql: format!("\"#{}\"", at + 1),
                        constant: None,
                        ..value.clone()
                    })
                    .collect();
                let plain: Vec<Typed> = values;
                ending.order = self.order_by_distinct(query, &results, &plain, &names, &scope)?;
            } else {
                ending.order = self.order_by(query, &values, &names, Some(&scope))?;
            }
        }
        if distinct && !ending.order.is_empty() {
            let list: Vec<_> = (1..=columns.len()).map(|at| format!("\"#{at}\"")).collect();
            sql = format!("SELECT {} FROM ({sql})", list.join(", "));
        }
        sql += &ending.sql();
        // A part of a UNION must not end in ORDER BY or LIMIT.
        if query.is_none() && !ending.is_empty() {
            sql = format!("SELECT * FROM ({sql})");
        }
        Ok(Translated { sql, columns })
    }

    /// OFFSET and FETCH.
    fn limits(&self, query: &Query, outer: Option<&Scope<'_>>) -> Result<Ending> {
        let scope = Scope::inside(outer);
        let mut ending = Ending::default();
        match &query.limit_clause {
            None => {}
            Some(LimitClause::LimitOffset { limit: None, offset: Some(offset), limit_by })
                if limit_by.is_empty() =>
            {
                ending.offset = Some(self.number(&offset.value, &scope)?);
            }
            Some(_) => {
                return Err(SqlMessage {
                    class: 15,
                    ..SqlMessage::error(102, "Incorrect syntax near 'LIMIT'.")
                });
            }
        }
        if let Some(fetch) = &query.fetch {
            if fetch.percent || fetch.with_ties {
                return Err(unsupported("FETCH with PERCENT or WITH TIES"));
            }
            ending.limit = Some(match &fetch.quantity {
                Some(n) => self.number(n, &scope)?,
                None => 1,
            });
        }
        if (ending.offset.is_some() || ending.limit.is_some()) && query.order_by.is_none() {
            return Err(SqlMessage {
                class: 15,
                ..SqlMessage::error(102, "Incorrect syntax near 'OFFSET'.")
            });
        }
        Ok(ending)
    }

    /// Keys of ORDER BY: a place, an alias, or an expression over the tables if there are any to see.
    fn order_by(
        &self,
        query: &Query,
        results: &[Typed],
        names: &[String],
        scope: Option<&Scope<'_>>,
    ) -> Result<String> {
        let mut keys = Vec::new();
        for key in order_keys(query)? {
            let value = match self.result_named(&key.expr, results, names)? {
                Some(found) => found.clone(),
                None => match scope {
                    Some(scope) => self.expression(&key.expr, scope)?,
                    None => return Err(not_in_list()),
                },
            };
            // A constant says nothing, and SQLite would take a number for a place.
            if value.constant.is_none() {
                keys.push(format!("{}{}", value.key()?, direction(key)));
            }
        }
        Ok(keys.join(", "))
    }

    /// With DISTINCT a key must be in the select list.
    fn order_by_distinct(
        &self,
        query: &Query,
        results: &[Typed],
        values: &[Typed],
        names: &[String],
        scope: &Scope<'_>,
    ) -> Result<String> {
        let mut keys = Vec::new();
        for key in order_keys(query)? {
            let result = match self.result_named(&key.expr, results, names)? {
                Some(found) => found,
                None => {
                    let value = self.expression(&key.expr, scope)?.native();
                    let place = values.iter().position(|other| other.sql == value.sql);
                    place.map(|place| &results[place]).ok_or_else(not_in_list)?
                }
            };
            keys.push(format!("{}{}", result.key()?, direction(key)));
        }
        Ok(keys.join(", "))
    }

    /// The column of the result that a key of ORDER BY names by place or alias.
    fn result_named<'v>(
        &self,
        key: &Expr,
        results: &'v [Typed],
        names: &[String],
    ) -> Result<Option<&'v Typed>> {
        match key {
            Expr::Value(value) => match &value.value {
                Value::Number(text, _) => {
                    let place = text.parse::<usize>().ok().and_then(|place| place.checked_sub(1));
                    place.and_then(|place| results.get(place)).map(Some).ok_or_else(|| {
                        SqlMessage::error(108, format!("The ORDER BY position number {text} is out of range of the number of items in the select list."))
                    })
                }
                _ => Ok(None),
            },
            Expr::Identifier(name) => {
                let place =
                    names.iter().position(|other| crate::database::catalog::same_name(other, &name.value));
                Ok(place.map(|place| &results[place]))
            }
            _ => Ok(None),
        }
    }

    /// The select list: names and variables, and values.
    fn projection(&self, items: &[SelectItem], scope: &Scope<'_>) -> Result<(Vec<ItemName>, Vec<Typed>)> {
        let (mut names, mut values) = (Vec::new(), Vec::new());
        for item in items {
            match item {
                SelectItem::Wildcard(_) => {
                    if scope.tables.is_empty() {
                        return Err(SqlMessage::error(263, "Must specify table to select from."));
                    }
                    self.all_columns(&scope.tables, &mut names, &mut values)?;
                }
                SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), _) => {
                    let parts: Vec<_> = plain_name(name)
                        .iter()
                        .map(|part| sqlparser::ast::Ident::new(part.as_str()))
                        .collect();
                    match self.qualified_table(&parts, scope) {
                        Some(table) => {
                            self.all_columns(std::slice::from_ref(table), &mut names, &mut values)?
                        }
                        None => {
                            let message = format!(
                                "The column prefix '{name}' does not match with a table name or alias name used in the query."
                            );
                            return Err(SqlMessage::error(107, message));
                        }
                    }
                }
                _ => {}
            }
            let (expression, alias) = match item {
                SelectItem::UnnamedExpr(expression) => (expression, None),
                SelectItem::ExprWithAlias { expr, alias } => (expr, Some(alias.value.clone())),
                _ => continue,
            };
            let value = self.expression(expression, scope)?;
            let own = match expression {
                Expr::Identifier(name) if !name.value.starts_with('@') => name.value.clone(),
                Expr::CompoundIdentifier(parts) => {
                    parts.last().map_or(String::new(), |last| last.value.clone())
                }
                _ => String::new(),
            };
            names.push(match alias {
                Some(alias) if alias.starts_with('@') => (String::new(), Some(alias)),
                Some(alias) => (alias, None),
                None => (own, None),
            });
            values.push(value);
        }
        Ok((names, values))
    }

    fn all_columns(
        &self,
        tables: &[ScopeTable],
        names: &mut Vec<ItemName>,
        values: &mut Vec<Typed>,
    ) -> Result<()> {
        for table in tables {
            for column in &table.columns {
                names.push((column.name.clone(), None));
                values.push(self.column_of(table, column)?);
            }
        }
        Ok(())
    }
}

/// The name of a column of the result, and the variable that takes it.
type ItemName = (String, Option<String>);

fn order_keys(query: &Query) -> Result<&[OrderByExpr]> {
    match query.order_by.as_ref().map(|order| &order.kind) {
        None => Ok(&[]),
        Some(OrderByKind::Expressions(keys)) => Ok(keys),
        Some(OrderByKind::All(_)) => Err(unsupported("ORDER BY ALL")),
    }
}

fn direction(key: &OrderByExpr) -> &'static str {
    if key.options.sort.as_ref().is_some_and(is_descending) { " DESC" } else { "" }
}

fn not_in_list() -> SqlMessage {
    SqlMessage::error(145, "ORDER BY items must appear in the select list if SELECT DISTINCT is specified.")
}
