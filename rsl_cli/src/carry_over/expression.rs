//! Expressions of SQL Server in PostgreSQL's SQL: of defaults, checks, computed columns and index filters.
//!
//! Only what is known to mean the same is translated, node by node; of anything else the reason is said. Two things cannot be
//! the same:
//!
//! * SQL Server compares texts as their collation says, mostly without regard to case and width, and never minds spaces at the
//!   end; PostgreSQL compares them exactly. In a check, `=` and LIKE are thereby stricter, which is safe: the check is looked at
//!   for all rows, and either holds or is listed. `<>` and the like are weaker, which is said. Where a value is computed,
//!   texts are not compared at all. The spaces at the end are taken off where it matters.
//! * `GETDATE()` is the time of the statement in the server's zone; `LOCALTIMESTAMP` that of the transaction in the session's.

mod arithmetic;
mod assign;
mod compare;
mod condition;
mod convert;
mod function;
mod literal;
mod term;

#[cfg(test)]
pub(super) mod tests;

use sqlparser::ast::{BinaryOperator, CaseWhen, CastKind, Expr, Ident, UnaryOperator, Value};
use sqlparser::dialect::MsSqlDialect;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::Token;

use super::kind::Kind;
use super::{Column, find};
use crate::target::plan::quote;
use term::{Level, Term};

/// The translation, or why there is none.
type Outcome<T> = Result<T, String>;

/// A longer definition is nothing that a person wrote, and its tree would be too deep.
const LONGEST: usize = 8000;

/// Levels of parentheses, functions and operators of one kind after the other.
const DEEPEST: usize = 150;

/// Stack for the reading of a definition of [`LONGEST`] bytes, of which the smallest level takes two.
const STACK_BYTES: usize = 64 << 20;

/// Bytes of a translation. Some functions stand for two uses of their argument, which nested would double it each time.
const LONGEST_TRANSLATION: usize = 16 * LONGEST;

/// The time of day in UTC, as a timestamp.
const UTC_NOW: &str = "CURRENT_TIMESTAMP AT TIME ZONE 'UTC'";

/// A condition in PostgreSQL's SQL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    pub sql: String,
    /// It may hold where the source's does not: texts are compared for being different.
    pub weaker: bool,
    /// Columns of the source that cannot be NULL where it holds.
    pub not_null: Vec<String>,
}

/// A default of this column, as an expression of its type.
pub fn default(definition: &str, column: &Column) -> Outcome<String> {
    on_deep_stack(|| translated_default(definition, column))
}

fn translated_default(definition: &str, column: &Column) -> Outcome<String> {
    let expr = parse(definition)?;
    let mut translator = Translator::new(Purpose::Default, &[]);
    let value = translator.value(&expr)?;
    held(column)?;
    // Values of char are padded when they arrive; those of a character(n) in the target pad themselves.
    let kind = match (column.kind, column.target_type) {
        (Kind::Text { longest, padded: true }, rsl_core::PgType::Char(_)) => {
            Kind::Text { longest, padded: false }
        }
        (kind, _) => kind,
    };
    Ok(assign::assign(value, kind, assign::TooLong::Refused)?.sql)
}

/// A check of a table.
pub fn check(definition: &str, columns: &[Column]) -> Outcome<Condition> {
    on_deep_stack(|| condition(definition, Translator::new(Purpose::Check, columns)))
}

/// The condition of a filtered index.
pub fn filter(definition: &str, columns: &[Column]) -> Outcome<Condition> {
    on_deep_stack(|| condition(definition, Translator::new(Purpose::Filter, columns)))
}

/// The expression of a computed column.
pub fn computed(definition: &str, column: &Column, columns: &[Column]) -> Outcome<String> {
    on_deep_stack(|| translated_computed(definition, column, columns))
}

fn translated_computed(definition: &str, column: &Column, columns: &[Column]) -> Outcome<String> {
    let expr = parse(definition)?;
    let mut translator = Translator::new(Purpose::Computed, columns);
    let value = translator.value(&expr)?;
    held(column)?;
    unmoving(&value)?;
    Ok(assign::assign(value, column.kind, assign::TooLong::Cut)?.sql)
}

/// The tree of a definition may be thousands of levels deep before it is known to be too deep, and reading, translating and
/// dropping it takes a frame for each: more than the stack of a worker has.
fn on_deep_stack<T: Send>(work: impl FnOnce() -> Outcome<T> + Send) -> Outcome<T> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, work);
        let thread = thread.map_err(|error| format!("there is no room to read it: {error}"))?;
        thread.join().unwrap_or_else(|_| Err("cannot be read as an expression".to_owned()))
    })
}

fn condition(definition: &str, mut translator: Translator<'_>) -> Outcome<Condition> {
    let expr = parse(definition)?;
    let term = translator.condition(&expr)?;
    if translator.purpose == Purpose::Filter {
        unmoving(&term)?;
    }
    Ok(Condition { sql: term.sql, weaker: translator.weaker, not_null: translator.not_null })
}

fn held(column: &Column) -> Outcome<()> {
    match column.kind {
        _ if column.generated => {
            Err(format!("uses the column {}, which the target generates already", column.source))
        }
        Kind::Other => Err(format!("the column {} is a {}", column.source, column.kind)),
        kind if kind.is_held_by(column.target_type) => Ok(()),
        _ => Err(format!(
            "the column {} is {} in the target, which is another kind of value",
            column.source, column.target_type
        )),
    }
}

fn unmoving(term: &Term) -> Outcome<()> {
    match term.moving {
        true => Err("depends on the moment, the session or chance, or PostgreSQL takes it to".to_owned()),
        false => Ok(()),
    }
}

fn parse(definition: &str) -> Outcome<Expr> {
    if definition.len() > LONGEST {
        return Err(format!("its definition is longer than {LONGEST} bytes"));
    }
    let bare = definition.trim_start_matches(|c: char| c == '(' || c.is_whitespace());
    if let Some(rest) = bare.get(..15).filter(|start| start.eq_ignore_ascii_case("NEXT VALUE FOR ")) {
        let name = bare[rest.len()..].trim_end_matches(|c: char| c == ')' || c.is_whitespace());
        return Err(format!("takes numbers from the sequence {name}, and sequences are not carried over"));
    }
    let unreadable = || format!("cannot be read as an expression: {}", excerpt(definition));
    let mut parser = Parser::new(&MsSqlDialect {}).try_with_sql(definition).map_err(|_| unreadable())?;
    let expr = parser.parse_expr().map_err(|_| unreadable())?;
    match parser.peek_token().token {
        Token::EOF => Ok(expr),
        _ => Err(unreadable()),
    }
}

/// What an expression is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Default,
    Check,
    Filter,
    Computed,
}

/// Whether a condition that holds makes the whole hold, or the contrary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Polarity {
    For,
    Against,
    Either,
}

/// On its way through an expression.
struct Translator<'a> {
    purpose: Purpose,
    columns: &'a [Column],
    polarity: Polarity,
    depth: usize,
    weaker: bool,
    not_null: Vec<String>,
}

impl<'a> Translator<'a> {
    fn new(purpose: Purpose, columns: &'a [Column]) -> Self {
        Self { purpose, columns, polarity: Polarity::For, depth: 0, weaker: false, not_null: Vec::new() }
    }

    fn deeper(&mut self, go_on: impl FnOnce(&mut Self) -> Outcome<Term>) -> Outcome<Term> {
        if self.depth == DEEPEST {
            return Err("is nested too deeply".to_owned());
        }
        self.depth += 1;
        let outcome = go_on(self);
        self.depth -= 1;
        match outcome {
            Ok(term) if term.sql.len() > LONGEST_TRANSLATION => Err("says the same too often".to_owned()),
            outcome => outcome,
        }
    }

    fn with_polarity<T>(&mut self, polarity: Polarity, go_on: impl FnOnce(&mut Self) -> T) -> T {
        let before = std::mem::replace(&mut self.polarity, polarity);
        let known = self.not_null.len();
        let outcome = go_on(self);
        // What must hold in there need not hold for the whole.
        self.not_null.truncate(known);
        self.polarity = before;
        outcome
    }

    fn value(&mut self, expr: &Expr) -> Outcome<Term> {
        self.deeper(|this| match expr {
            Expr::Nested(inner) => this.value(inner),
            Expr::Value(value) => this.constant(&value.value),
            Expr::Identifier(name) => this.name(name),
            Expr::UnaryOp { op: UnaryOperator::Minus, expr } => arithmetic::negate(this.value(expr)?),
            Expr::UnaryOp { op: UnaryOperator::Plus, expr } => {
                let term = this.value(expr)?;
                term.kind.digits().is_some().then_some(term).ok_or_else(|| unknown(expr))
            }
            Expr::BinaryOp { left, op, right } => {
                if arithmetic::binds_differently(op, left, right) {
                    return Err(format!("mixes {op} with other operators without parentheses"));
                }
                let (left, right) = (this.value(left)?, this.value(right)?);
                arithmetic::binary(op, left, right)
            }
            Expr::Case { operand, conditions, else_result, .. } => {
                this.case(operand.as_deref(), conditions, else_result.as_deref())
            }
            Expr::Cast { kind: CastKind::Cast, expr, data_type, format: None } => {
                convert::convert(this.value(expr)?, &data_type.to_string(), None)
            }
            Expr::Convert {
                is_try: false, expr, data_type: Some(data_type), charset: None, styles, ..
            } => {
                let style = match styles.as_slice() {
                    [] => None,
                    [style] => Some(function::whole_number(&this.value(style)?)?),
                    _ => return Err(unknown(expr)),
                };
                convert::convert(this.value(expr)?, &data_type.to_string(), style)
            }
            Expr::Collate { .. } => Err("names a collation".to_owned()),
            Expr::Function(call) => this.call(call),
            Expr::Substring { expr, substring_from: Some(from), substring_for: Some(length), .. } => {
                this.function("substring", &[expr, from, length])
            }
            Expr::Trim { trim_where: None, trim_what: None, expr, trim_characters: None } => {
                this.function("trim", &[expr])
            }
            Expr::Floor { expr, .. } => this.function("floor", &[expr]),
            Expr::Ceil { expr, .. } => this.function("ceiling", &[expr]),
            _ => Err(unknown(expr)),
        })
    }

    fn constant(&self, value: &Value) -> Outcome<Term> {
        match value {
            Value::Null => Ok(Term::atom("NULL", Kind::Null)),
            Value::Number(number, false) => literal::number(number),
            Value::Placeholder(money) if money.starts_with('$') => literal::money(&money[1..]),
            Value::SingleQuotedString(text) | Value::NationalStringLiteral(text) => literal::text(text),
            Value::HexStringLiteral(digits) => literal::bytes(digits),
            _ => Err(format!("has a constant that is not known here: {}", excerpt(&value.to_string()))),
        }
    }

    /// A column, or one of the functions that stand without parentheses.
    fn name(&mut self, name: &Ident) -> Outcome<Term> {
        if name.quote_style.is_none() && find(self.columns, &name.value).is_none() {
            return self.function(&name.value, &[]);
        }
        let column = self.column(name)?;
        held(column)?;
        let mut term = Term::atom(quote(&column.target), column.kind);
        term.forgets_spaces = matches!(column.target_type, rsl_core::PgType::Char(_));
        Ok(term)
    }

    fn column(&self, name: &Ident) -> Outcome<&'a Column> {
        match self.purpose {
            Purpose::Default => Err(format!("refers to a column, {}", name.value)),
            _ => find(self.columns, &name.value)
                .ok_or_else(|| format!("refers to the column {}, which was not loaded", name.value)),
        }
    }

    fn case(
        &mut self,
        operand: Option<&Expr>,
        whens: &[CaseWhen],
        otherwise: Option<&Expr>,
    ) -> Outcome<Term> {
        let mut conditions = Vec::new();
        let mut results = Vec::new();
        for when in whens {
            conditions.push(self.with_polarity(Polarity::Either, |this| match operand {
                Some(operand) => this.comparison(&BinaryOperator::Eq, operand, &when.condition),
                None => this.condition(&when.condition),
            })?);
            results.push(self.value(&when.result)?);
        }
        if let Some(otherwise) = otherwise {
            results.push(self.value(otherwise)?);
        }
        let (results, kind) = assign::unify(results)?;
        let mut sql = String::from("CASE");
        for (condition, result) in conditions.iter().zip(&results) {
            sql += &format!(" WHEN {} THEN {}", condition.sql, result.sql);
        }
        if let Some(otherwise) = results.get(conditions.len()) {
            sql += &format!(" ELSE {}", otherwise.sql);
        }
        let sources: Vec<_> = conditions.iter().chain(&results).collect();
        Ok(Term::atom(sql + " END", kind).from(&sources))
    }
}

fn without_parentheses(mut expr: &Expr) -> &Expr {
    while let Expr::Nested(inner) = expr {
        expr = inner;
    }
    expr
}

fn unknown(expr: &Expr) -> String {
    format!("has a part that is not known here: {}", excerpt(&expr.to_string()))
}

/// Enough of it to be found again.
fn excerpt(text: &str) -> String {
    match text.char_indices().nth(80) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
