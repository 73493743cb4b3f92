//! Aggregates and window functions.

use sqlparser::ast::{
    DuplicateTreatment, Expr, Function, FunctionArguments, OrderByExpr, WindowFrameBound, WindowSpec,
    WindowType,
};

use super::builtin::STAR;
use super::{Insists, Scope, Translator, Typed, unsupported};
use crate::answer::{SqlMessage, SqlType};
use crate::database::{sql_type, sqlite};

type Result<T> = std::result::Result<T, SqlMessage>;

impl Translator<'_> {
    /// An aggregate or window function. `None` if the name is that of none.
    pub(super) fn aggregate(
        &self,
        name: &str,
        call: &Function,
        arguments: &[&Expr],
        scope: &Scope<'_>,
    ) -> Option<Result<Typed>> {
        let upper = name.to_ascii_uppercase();
        Some(match upper.as_str() {
            "COUNT" | "COUNT_BIG" => self.count(&upper, call, arguments, scope),
            "SUM" | "AVG" => self.sum(&upper, call, arguments, scope),
            "MIN" | "MAX" => self.extreme(&upper, call, arguments, scope),
            "STRING_AGG" => self.string_agg(call, arguments, scope),
            "ROW_NUMBER" | "RANK" | "DENSE_RANK" => self.over(call, scope).and_then(|over| {
                if over.is_empty() {
                    let message = format!("The function '{upper}' must have an OVER clause.");
                    return Err(SqlMessage { class: 15, ..SqlMessage::error(10753, message) });
                }
                Ok(Typed::new(format!("{}(){over}", upper.to_ascii_lowercase()), SqlType::BigInt, false))
            }),
            "NTILE" => match arguments {
                [buckets] => self.number(buckets, scope).and_then(|buckets| {
                    Ok(Typed::new(
                        format!("ntile({buckets}){}", self.over(call, scope)?),
                        SqlType::BigInt,
                        false,
                    ))
                }),
                _ => Err(unsupported("NTILE with these arguments")),
            },
            "LAG" | "LEAD" | "FIRST_VALUE" | "LAST_VALUE" => self.neighbour(&upper, call, arguments, scope),
            _ => return None,
        })
    }

    fn count(&self, name: &str, call: &Function, arguments: &[&Expr], scope: &Scope<'_>) -> Result<Typed> {
        let ty = if name == "COUNT" { SqlType::Int } else { SqlType::BigInt };
        let inner = match arguments {
            [star] if std::ptr::eq(*star, &STAR) => "*".to_owned(),
            [value] => {
                let value = self.expression(value, scope)?;
                if is_distinct(call) { format!("DISTINCT {}", value.key()?) } else { value.sql }
            }
            _ => return Err(one_argument(name)),
        };
        Ok(Typed::new(format!("count({inner}){}", self.over(call, scope)?), ty, false))
    }

    fn sum(&self, name: &str, call: &Function, arguments: &[&Expr], scope: &Scope<'_>) -> Result<Typed> {
        let [value] = arguments else { return Err(one_argument(name)) };
        let value = self.expression(value, scope)?.native();
        let ty = match &value.ty {
            SqlType::TinyInt | SqlType::SmallInt | SqlType::Int => SqlType::Int,
            SqlType::BigInt => SqlType::BigInt,
            SqlType::SmallMoney | SqlType::Money => SqlType::Money,
            SqlType::Real | SqlType::Float => SqlType::Float,
            SqlType::Decimal { scale, .. } => SqlType::Decimal { precision: 38, scale: *scale },
            other => {
                let (ty, name) = (sql_type::name(other), name.to_ascii_lowercase());
                let message = format!("Operand data type {ty} is invalid for {name} operator.");
                return Err(SqlMessage::error(8117, message));
            }
        };
        let distinct = if is_distinct(call) { "DISTINCT " } else { "" };
        let over = self.over(call, scope)?;
        // An average may add up more than its type holds.
        let total = if name == "AVG" && ty == SqlType::Int { SqlType::BigInt } else { ty.clone() };
        let Some(adder) = sqlite::sum_of(&total) else { return Err(unsupported(name)) };
        let sum = Typed::new(format!("{adder}({distinct}{}){over}", value.sql), total, true);
        if name == "SUM" {
            return Ok(sum);
        }
        let count = Typed::new(format!("count({distinct}{}){over}", value.sql), SqlType::BigInt, false);
        let result = match ty {
            SqlType::Decimal { scale, .. } => SqlType::Decimal { precision: 38, scale: scale.max(6) },
            other => other,
        };
        self.call("average", 0, result, vec![sum, count])
    }

    fn extreme(&self, name: &str, call: &Function, arguments: &[&Expr], scope: &Scope<'_>) -> Result<Typed> {
        let [value] = arguments else { return Err(one_argument(name)) };
        let value = self.expression(value, scope)?.native();
        // The offset of a datetimeoffset sorts behind its instant: the whole can be compared.
        let sql =
            if matches!(value.ty, SqlType::DateTimeOffset(_)) { value.sql.clone() } else { value.key()? };
        let sql = format!("{}({sql}){}", name.to_ascii_lowercase(), self.over(call, scope)?);
        Ok(Typed { insists: value.insists, ..Typed::new(sql, value.ty, true) })
    }

    fn string_agg(&self, call: &Function, arguments: &[&Expr], scope: &Scope<'_>) -> Result<Typed> {
        let [value, separator] = arguments else { return Err(one_argument("STRING_AGG")) };
        let value = self.expression(value, scope)?.native();
        let ty = match &value.ty {
            SqlType::VarChar(None, _) | SqlType::NVarChar(None, _) => value.ty.clone(),
            SqlType::Char(_, collation) | SqlType::VarChar(_, collation) => {
                SqlType::VarChar(Some(8000), collation.clone())
            }
            SqlType::NChar(_, collation) | SqlType::NVarChar(_, collation) => {
                SqlType::NVarChar(Some(4000), collation.clone())
            }
            _ => SqlType::NVarChar(Some(4000), self.catalog.collation.clone()),
        };
        let value = self.coerce(value, &ty)?;
        let separator = self.coerce(self.expression(separator, scope)?, &ty)?;
        let order = match call.within_group.is_empty() {
            true => String::new(),
            false => format!(" ORDER BY {}", self.sort_keys(&call.within_group, scope)?),
        };
        let sql = format!("group_concat({}, {}{order})", value.sql, separator.sql);
        Ok(Typed::new(sql, ty, true))
    }

    fn neighbour(
        &self,
        name: &str,
        call: &Function,
        arguments: &[&Expr],
        scope: &Scope<'_>,
    ) -> Result<Typed> {
        let Some((value, rest)) = arguments.split_first() else { return Err(one_argument(name)) };
        let value = self.expression(value, scope)?.native();
        let mut sql = format!("{}({}", name.to_ascii_lowercase(), value.sql);
        if let Some(offset) = rest.first() {
            sql += &format!(", {}", self.number(offset, scope)?);
        }
        if let Some(other) = rest.get(1) {
            let other = self.expression(other, scope)?;
            sql += &format!(", {}", self.coerce(other, &value.ty)?.sql);
        }
        sql += &format!("){}", self.over(call, scope)?);
        Ok(Typed { insists: Insists::Some, ..Typed::new(sql, value.ty, true) })
    }

    /// OVER with what is in it; empty if there is none.
    fn over(&self, call: &Function, scope: &Scope<'_>) -> Result<String> {
        match &call.over {
            None => Ok(String::new()),
            Some(WindowType::WindowSpec(window)) => Ok(format!(" OVER ({})", self.window(window, scope)?)),
            Some(WindowType::NamedWindow(name)) => Err(unsupported(&format!("the named window {name}"))),
        }
    }

    fn window(&self, window: &WindowSpec, scope: &Scope<'_>) -> Result<String> {
        let mut parts = Vec::new();
        if !window.partition_by.is_empty() {
            let keys: Result<Vec<String>> =
                window.partition_by.iter().map(|key| self.expression(key, scope)?.key()).collect();
            parts.push(format!("PARTITION BY {}", keys?.join(", ")));
        }
        if !window.order_by.is_empty() {
            parts.push(format!("ORDER BY {}", self.sort_keys(&window.order_by, scope)?));
        }
        if let Some(frame) = &window.window_frame {
            let bound = |bound: &WindowFrameBound| -> Result<String> {
                Ok(match bound {
                    WindowFrameBound::CurrentRow => "CURRENT ROW".to_owned(),
                    WindowFrameBound::Preceding(None) => "UNBOUNDED PRECEDING".to_owned(),
                    WindowFrameBound::Following(None) => "UNBOUNDED FOLLOWING".to_owned(),
                    WindowFrameBound::Preceding(Some(n)) => format!("{} PRECEDING", self.number(n, scope)?),
                    WindowFrameBound::Following(Some(n)) => format!("{} FOLLOWING", self.number(n, scope)?),
                })
            };
            let start = bound(&frame.start_bound)?;
            let end = frame.end_bound.as_ref().map_or(Ok("CURRENT ROW".to_owned()), bound)?;
            parts.push(format!("{} BETWEEN {start} AND {end}", frame.units));
        }
        Ok(parts.join(" "))
    }

    /// The keys of an ORDER BY that sees columns only.
    fn sort_keys(&self, keys: &[OrderByExpr], scope: &Scope<'_>) -> Result<String> {
        let keys: Result<Vec<String>> = keys
            .iter()
            .map(|key| {
                let direction =
                    if key.options.sort.as_ref().is_some_and(is_descending) { " DESC" } else { "" };
                Ok(format!("{}{direction}", self.expression(&key.expr, scope)?.key()?))
            })
            .collect();
        Ok(keys?.join(", "))
    }
}

/// Whether a key of ORDER BY says DESC.
pub fn is_descending(sort: &sqlparser::ast::OrderBySort) -> bool {
    matches!(sort, sqlparser::ast::OrderBySort::Desc)
}

fn is_distinct(call: &Function) -> bool {
    matches!(&call.args, FunctionArguments::List(list)
        if list.duplicate_treatment == Some(DuplicateTreatment::Distinct))
}

fn one_argument(name: &str) -> SqlMessage {
    let message = format!("The {} function requires 1 argument(s).", name.to_ascii_lowercase());
    SqlMessage { class: 15, ..SqlMessage::error(174, message) }
}
