//! Conditions. T-SQL has no value for true or false: a condition is text only.

use sqlparser::ast::{BinaryOperator, Expr, Query, UnaryOperator};

use super::{Insists, Scope, Translator, Typed, unsupported};
use crate::answer::SqlMessage;
use crate::database::sql_type;

impl Translator<'_> {
    /// A condition in SQLite's terms, in parentheses.
    pub fn predicate(&self, expression: &Expr, scope: &Scope<'_>) -> Result<String, SqlMessage> {
        Ok(match expression {
            Expr::Nested(inner) => self.predicate(inner, scope)?,
            Expr::UnaryOp { op: UnaryOperator::Not, expr } => {
                format!("(NOT {})", self.predicate(expr, scope)?)
            }
            Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
                format!("({} AND {})", self.predicate(left, scope)?, self.predicate(right, scope)?)
            }
            Expr::BinaryOp { left, op: BinaryOperator::Or, right } => {
                format!("({} OR {})", self.predicate(left, scope)?, self.predicate(right, scope)?)
            }
            Expr::BinaryOp { left, op, right } => {
                let operator = match op {
                    BinaryOperator::Eq => "=",
                    BinaryOperator::NotEq => "<>",
                    BinaryOperator::Lt => "<",
                    BinaryOperator::LtEq => "<=",
                    BinaryOperator::Gt => ">",
                    BinaryOperator::GtEq => ">=",
                    _ => return Err(not_a_condition(expression)),
                };
                self.compare(left, operator, right, scope)?
            }
            Expr::IsNull(inner) => format!("({} IS NULL)", self.expression(inner, scope)?.sql),
            Expr::IsNotNull(inner) => format!("({} IS NOT NULL)", self.expression(inner, scope)?.sql),
            Expr::Between { expr, negated, low, high } => {
                let (low, high) =
                    (self.compare(expr, ">=", low, scope)?, self.compare(expr, "<=", high, scope)?);
                let not = if *negated { "NOT " } else { "" };
                format!("({not}({low} AND {high}))")
            }
            Expr::InList { expr, list, negated } => {
                let not = if *negated { "NOT " } else { "" };
                format!("({not}({}))", self.in_list(expr, list, scope)?)
            }
            Expr::InSubquery { expr, subquery, negated } => {
                self.in_subquery(expr, subquery, *negated, scope)?
            }
            Expr::Exists { subquery, negated } => {
                let inner = self.query(subquery, Some(scope), false)?;
                format!("({}EXISTS ({}))", if *negated { "NOT " } else { "" }, inner.sql)
            }
            Expr::Like { negated, expr, pattern, escape_char, .. } => {
                let mut arguments: Vec<&Expr> = vec![expr, pattern];
                arguments.extend(escape_char.as_deref());
                let like = self.library("like", &arguments, scope)?;
                format!("({}{})", if *negated { "NOT " } else { "" }, like.sql)
            }
            Expr::IsDistinctFrom(left, right) => self.compare(left, "IS NOT", right, scope)?,
            Expr::IsNotDistinctFrom(left, right) => self.compare(left, "IS", right, scope)?,
            other => return Err(not_a_condition(other)),
        })
    }

    /// A comparison of two expressions.
    pub(super) fn compare(
        &self,
        left: &Expr,
        operator: &str,
        right: &Expr,
        scope: &Scope<'_>,
    ) -> Result<String, SqlMessage> {
        let (left, right) = (self.expression(left, scope)?, self.expression(right, scope)?);
        self.compare_values(left, operator, right)
    }

    pub(super) fn compare_values(
        &self,
        left: Typed,
        operator: &str,
        right: Typed,
    ) -> Result<String, SqlMessage> {
        let (left, right) = self.comparable(left, right, operator)?;
        // The collation of the left side is the one that SQLite takes.
        Ok(format!(
            "({} {operator} {})",
            left.key()?,
            if sql_type::is_text(&right.ty) { right.sql } else { right.key()? }
        ))
    }

    /// Two expressions as values of one type and collation.
    fn comparable(&self, left: Typed, right: Typed, operator: &str) -> Result<(Typed, Typed), SqlMessage> {
        let (left, right) = (left.native(), right.native());
        if left.untyped || right.untyped {
            let ty = if left.untyped { right.ty.clone() } else { left.ty.clone() };
            return Ok((self.coerce(left, &ty)?, self.coerce(right, &ty)?));
        }
        let word = match operator {
            "=" => "equal to",
            "<>" => "not equal to",
            "<" => "less than",
            "<=" => "less than or equal to",
            ">" => "greater than",
            ">=" => "greater than or equal to",
            _ => "is",
        };
        if sql_type::is_incomparable(&left.ty) || sql_type::is_incomparable(&right.ty) {
            let (a, b) = (sql_type::name(&left.ty), sql_type::name(&right.ty));
            let message = format!("The data types {a} and {b} are incompatible in the {word} operator.");
            return Err(SqlMessage::error(402, message));
        }
        if sql_type::is_text(&left.ty) && sql_type::is_text(&right.ty) {
            let collation = self.agreed_collation(&left, &right, word)?.unwrap_or_default();
            let common = sql_type::with_collation(&sql_type::common(&left.ty, &right.ty), &collation);
            // In SQLite both are text already.
            let retyped = |value: Typed| Typed { ty: common.clone(), ..value };
            return Ok((retyped(left), retyped(right)));
        }
        let common = sql_type::common(&left.ty, &right.ty);
        Ok((self.coerce(left, &common)?, self.coerce(right, &common)?))
    }

    /// The collation in which two texts meet; error 468 if there is none. `None` of what is no text.
    pub(super) fn agreed_collation(
        &self,
        left: &Typed,
        right: &Typed,
        word: &str,
    ) -> Result<Option<String>, SqlMessage> {
        let (a, b) = match (sql_type::collation(&left.ty), sql_type::collation(&right.ty)) {
            (Some(a), Some(b)) => (a, b),
            (a, b) => return Ok(a.or(b).map(str::to_owned)),
        };
        let stronger = if left.insists >= right.insists { a } else { b };
        let conflict = left.insists == right.insists && left.insists > Insists::Little;
        if conflict && !a.eq_ignore_ascii_case(b) {
            let message = format!(
                "Cannot resolve the collation conflict between \"{b}\" and \"{a}\" in the {word} operation."
            );
            return Err(SqlMessage { state: 9, ..SqlMessage::error(468, message) });
        }
        Ok(Some(stronger.to_owned()))
    }

    fn in_list(&self, value: &Expr, list: &[Expr], scope: &Scope<'_>) -> Result<String, SqlMessage> {
        let value = self.expression(value, scope)?;
        let elements: Result<Vec<Typed>, _> =
            list.iter().map(|element| self.expression(element, scope)).collect();
        let elements = elements?;
        // SQLite's expressions may not be nested as deep as a list may be long.
        if !value.untyped && elements.iter().all(|element| element.constant.is_some()) {
            let mut common = value.clone();
            let mut literals = Vec::new();
            for element in &elements {
                common = self.comparable(common, element.clone(), "=")?.0;
            }
            for element in elements {
                literals.push(self.comparable(element, common.clone(), "=")?.0);
            }
            let literals: Result<Vec<String>, SqlMessage> = literals
                .into_iter()
                .map(|literal| if sql_type::is_text(&literal.ty) { Ok(literal.sql) } else { literal.key() })
                .collect();
            return Ok(format!("{} IN ({})", common.key()?, literals?.join(", ")));
        }
        let terms: Result<Vec<String>, SqlMessage> =
            elements.into_iter().map(|element| self.compare_values(value.clone(), "=", element)).collect();
        Ok(terms?.join(" OR "))
    }

    fn in_subquery(
        &self,
        value: &Expr,
        subquery: &Query,
        negated: bool,
        scope: &Scope<'_>,
    ) -> Result<String, SqlMessage> {
        let value = self.expression(value, scope)?;
        let inner = self.query(subquery, Some(scope), false)?;
        let [only] = &inner.columns[..] else {
            return Err(SqlMessage::error(
                116,
                "Only one expression can be specified in the select list when the subquery is not introduced with EXISTS.",
            ));
        };
        let column = Typed { insists: Insists::Some, ..Typed::new("\"#1\"", only.ty.clone(), only.nullable) };
        let (value, column) = self.comparable(value, column, "=")?;
        let not = if negated { "NOT " } else { "" };
        let column = if sql_type::is_text(&column.ty) { column.sql } else { column.key()? };
        Ok(format!("({} {not}IN (SELECT {column} FROM ({})))", value.key()?, inner.sql))
    }
}

fn not_a_condition(expression: &Expr) -> SqlMessage {
    match expression {
        Expr::Function(_)
        | Expr::Identifier(_)
        | Expr::CompoundIdentifier(_)
        | Expr::Value(_)
        | Expr::BinaryOp { .. } => {
            let message = format!(
                "An expression of non-boolean type specified in a context where a condition is expected, near '{expression}'."
            );
            SqlMessage { class: 15, ..SqlMessage::error(4145, message) }
        }
        other => unsupported(&format!("the condition {other}")),
    }
}
