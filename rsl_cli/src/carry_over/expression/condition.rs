//! What holds or does not.

use sqlparser::ast::{BinaryOperator, Expr, UnaryOperator};

use super::super::find;
use super::super::kind::Kind;
use super::{Level, Outcome, Polarity, Term, Translator, excerpt, unknown, without_parentheses};
use crate::target::plan::quote;

impl Translator<'_> {
    /// T-SQL has no values of this kind: where a value must stand, there is none of these.
    pub(super) fn condition(&mut self, expr: &Expr) -> Outcome<Term> {
        self.deeper(|this| match expr {
            Expr::Nested(inner) => this.condition(inner),
            Expr::BinaryOp { op: op @ (BinaryOperator::And | BinaryOperator::Or), .. } => {
                this.connected(expr, op)
            }
            Expr::BinaryOp { left, op, right } => this.comparison(op, left, right),
            Expr::UnaryOp { op: UnaryOperator::Not, expr } => this.negated(|this| this.condition(expr)),
            Expr::IsNull(expr) => this.null_test(expr, "IS NULL"),
            Expr::IsNotNull(expr) => {
                if let Expr::Identifier(name) = without_parentheses(expr) {
                    this.not_null.push(name.value.clone());
                }
                this.null_test(expr, "IS NOT NULL")
            }
            Expr::Between { expr, negated: false, low, high } => {
                let low = this.comparison(&BinaryOperator::GtEq, expr, low)?;
                let high = this.comparison(&BinaryOperator::LtEq, expr, high)?;
                Ok(connect(&[low, high], Level::And))
            }
            Expr::Between { expr, negated: true, low, high } => {
                let low = this.comparison(&BinaryOperator::Lt, expr, low)?;
                let high = this.comparison(&BinaryOperator::Gt, expr, high)?;
                Ok(connect(&[low, high], Level::Or))
            }
            Expr::InList { expr, list, negated } => {
                let (op, level) = match negated {
                    true => (BinaryOperator::NotEq, Level::And),
                    false => (BinaryOperator::Eq, Level::Or),
                };
                let each = list.iter().map(|value| this.comparison(&op, expr, value));
                Ok(connect(&each.collect::<Outcome<Vec<_>>>()?, level))
            }
            Expr::Like { negated, any: false, expr, pattern, escape_char } => {
                this.like(*negated, expr, pattern, escape_char.as_deref())
            }
            Expr::Case { .. } | Expr::Function(_) | Expr::Identifier(_) | Expr::Value(_) => {
                Err(format!("has {} where a condition must stand", excerpt(&expr.to_string())))
            }
            _ => Err(unknown(expr)),
        })
    }

    /// Conditions that all must hold, or one of which must. They stand side by side, however many.
    fn connected(&mut self, expr: &Expr, connective: &BinaryOperator) -> Outcome<Term> {
        let level = match connective {
            BinaryOperator::And => Level::And,
            _ => Level::Or,
        };
        let (mut parts, mut rest) = (Vec::new(), expr);
        while let Expr::BinaryOp { left, op, right } = rest
            && op == connective
        {
            parts.push(right.as_ref());
            rest = left;
        }
        parts.push(rest);
        // Under OR, a column that one of them wants filled may be NULL.
        let known = self.not_null.len();
        let terms = parts.into_iter().rev().map(|part| self.condition(part)).collect::<Outcome<Vec<_>>>()?;
        if level == Level::Or {
            self.not_null.truncate(known);
        }
        Ok(connect(&terms, level))
    }

    fn negated(&mut self, go_on: impl FnOnce(&mut Self) -> Outcome<Term>) -> Outcome<Term> {
        let polarity = match self.polarity {
            Polarity::For => Polarity::Against,
            Polarity::Against => Polarity::For,
            Polarity::Either => Polarity::Either,
        };
        let term = self.with_polarity(polarity, go_on)?;
        Ok(Term::new(format!("NOT ({})", term.sql), Level::And, Kind::Null).from(&[&term]))
    }

    fn null_test(&mut self, expr: &Expr, test: &str) -> Outcome<Term> {
        // Whether there is a value does not depend on what it means.
        let term = match without_parentheses(expr) {
            Expr::Identifier(name) if find(self.columns, &name.value).is_some() => {
                Term::atom(quote(&self.column(name)?.target), Kind::Null)
            }
            other => self.value(other)?,
        };
        Ok(Term::new(format!("{} {test}", term.at(Level::Add)), Level::Compare, Kind::Null).from(&[&term]))
    }
}

fn connect(terms: &[Term], level: Level) -> Term {
    let word = if level == Level::And { " AND " } else { " OR " };
    if let [only] = terms {
        return only.clone();
    }
    // AND within OR stands in parentheses for the reader.
    let operands: Vec<_> = terms
        .iter()
        .map(|term| if term.level == level { term.sql.clone() } else { term.at(Level::Compare) })
        .collect();
    Term::new(operands.join(word), level, Kind::Null).from(&terms.iter().collect::<Vec<_>>())
}
