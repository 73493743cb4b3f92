//! Arithmetic, and the joining of texts by `+`.
//!
//! Whole numbers are computed alike on both sides: their division cuts toward zero, the remainder has the sign of the dividend.
//! Of decimals the sum, difference and product are exact on both sides as long as 38 digits hold them; a quotient is not: SQL
//! Server gives it max(6, s1 + p2 + 1) places, PostgreSQL at least 16 digits. So decimals are not divided.

use sqlparser::ast::{BinaryOperator, Expr};

use super::super::kind::Kind;
use super::{Level, Outcome, Term, literal};

/// T-SQL gives `+ - & | ^` one level; the parser gives them several, and so does PostgreSQL.
pub fn binds_differently(op: &BinaryOperator, left: &Expr, right: &Expr) -> bool {
    let is_bitwise = |op: &BinaryOperator| {
        matches!(op, BinaryOperator::BitwiseAnd | BinaryOperator::BitwiseOr | BinaryOperator::BitwiseXor)
    };
    [left, right].iter().any(|side| match side {
        Expr::BinaryOp { op: inner, .. } => is_bitwise(op) || is_bitwise(inner),
        _ => false,
    })
}

pub fn negate(term: Term) -> Outcome<Term> {
    if let (true, Some(digits)) = (term.is_number_literal(), &term.literal) {
        let digits = digits.strip_prefix('-').map_or_else(|| format!("-{digits}"), str::to_owned);
        return Ok(literal::of_kind(&digits, term.kind));
    }
    match term.kind {
        kind if kind.digits().is_some() || kind == Kind::Float => {
            let kind = if kind == Kind::Int(1) { Kind::Int(2) } else { kind };
            Ok(Term::new(format!("-{}", term.at(Level::Atom)), Level::Add, kind).from(&[&term]))
        }
        kind => Err(format!("takes a {kind} with a minus sign")),
    }
}

pub fn binary(op: &BinaryOperator, left: Term, right: Term) -> Outcome<Term> {
    use BinaryOperator as Op;
    let refused = || Err(format!("computes a {} {op} a {}", left.kind, right.kind));
    if left.is_null() || right.is_null() {
        return Err("computes with NULL".to_owned());
    }
    if *op == Op::Plus && left.kind.is_text() && right.kind.is_text() {
        return join(left, right);
    }
    if matches!(op, Op::Plus | Op::Minus)
        && matches!(left.kind, Kind::Datetime | Kind::SmallDatetime)
        && matches!(right.kind, Kind::Int(1..=4))
    {
        return Ok(shift(&left, op, "days", &right));
    }
    let (symbol, level) = match op {
        Op::Plus => ("+", Level::Add),
        Op::Minus => ("-", Level::Add),
        Op::Multiply => ("*", Level::Multiply),
        Op::Divide => ("/", Level::Multiply),
        Op::Modulo => ("%", Level::Multiply),
        Op::BitwiseAnd => ("&", Level::Other),
        Op::BitwiseOr => ("|", Level::Other),
        Op::BitwiseXor => ("#", Level::Other),
        _ => return refused(),
    };
    let bitwise = level == Level::Other;
    let kind = match (left.kind, right.kind) {
        (Kind::Int(a), Kind::Int(b)) => Kind::Int(a.max(b)),
        _ if bitwise => return refused(),
        (Kind::Float, Kind::Float | Kind::Int(_)) | (Kind::Int(_), Kind::Float) if *op != Op::Modulo => {
            Kind::Float
        }
        (Kind::Float, _) if right.is_number_literal() && *op != Op::Modulo => Kind::Float,
        (_, Kind::Float) if left.is_number_literal() && *op != Op::Modulo => Kind::Float,
        (Kind::Money, Kind::Money | Kind::Int(_)) | (Kind::Int(_), Kind::Money)
            if matches!(op, Op::Plus | Op::Minus) =>
        {
            Kind::Money
        }
        (Kind::Money, Kind::Int(_)) | (Kind::Int(_), Kind::Money) if *op == Op::Multiply => Kind::Money,
        // Four decimals, and how they are rounded, are the source's own.
        (Kind::Money, Kind::Money | Kind::Int(_)) | (Kind::Int(_), Kind::Money) => {
            return Err(format!("computes money {op} a number, which SQL Server rounds to four places"));
        }
        (a, b) => match (a.digits(), b.digits()) {
            (Some(a), Some(b)) => decimals(op, a, b)?,
            _ => return refused(),
        },
    };
    let (own, next) = match level {
        Level::Add => (Level::Add, Level::Multiply),
        Level::Multiply => (Level::Multiply, Level::Atom),
        _ => (Level::Atom, Level::Atom),
    };
    let sql = format!("{} {symbol} {}", exact(&left).at(own), exact(&right).at(next));
    Ok(Term::new(sql, level, kind).from(&[&left, &right]))
}

/// A decimal constant without places would be a whole number in PostgreSQL, which may overflow.
fn exact(term: &Term) -> Term {
    match (term.kind, &term.literal) {
        (Kind::Decimal { .. } | Kind::Money, Some(digits)) if !digits.contains('.') => {
            Term::atom(format!("CAST({digits} AS numeric)"), term.kind)
        }
        _ => term.clone(),
    }
}

/// Digits of the result, in both forms before and behind the point.
fn decimals(op: &BinaryOperator, a: (u32, u32), b: (u32, u32)) -> Outcome<Kind> {
    let (whole, scale) = match op {
        BinaryOperator::Plus | BinaryOperator::Minus => (a.0.max(b.0) + 1, a.1.max(b.1)),
        BinaryOperator::Multiply => (a.0 + b.0 + 1, a.1 + b.1),
        BinaryOperator::Modulo => (a.0.min(b.0), a.1.max(b.1)),
        _ => {
            return Err(
                "divides decimal numbers, and SQL Server keeps other places of the quotient".to_owned()
            );
        }
    };
    match whole + scale {
        precision @ ..=38 => Ok(Kind::Decimal { precision, scale }),
        _ => Err("needs more than 38 digits, of which SQL Server rounds some away".to_owned()),
    }
}

/// A moment, so many units later.
pub fn shift(moment: &Term, op: &BinaryOperator, unit: &str, number: &Term) -> Term {
    let sign = if *op == BinaryOperator::Minus { '-' } else { '+' };
    let interval = match number.literal.as_deref().and_then(|digits| digits.parse::<i32>().ok()) {
        Some(count) => format!("interval '{count} {unit}'"),
        None => format!("make_interval({unit} => {})", number.sql),
    };
    Term::new(format!("{} {sign} {interval}", moment.at(Level::Add)), Level::Add, moment.kind)
        .from(&[moment, number])
}

/// One text behind the other.
pub fn join(left: Term, right: Term) -> Outcome<Term> {
    let (left, right) = (left.text()?, right.text()?);
    let longest = match (left.kind, right.kind) {
        (Kind::Text { longest: Some(a), .. }, Kind::Text { longest: Some(b), .. }) => {
            match a.saturating_add(b) {
                longest @ ..=4000 => Some(longest),
                _ => return Err("joins texts that may be longer than 4000 characters together".to_owned()),
            }
        }
        _ => None,
    };
    let sql = format!("{} || {}", left.at(Level::Other), right.at(Level::Add));
    Ok(Term::new(sql, Level::Other, Kind::Text { longest, padded: false }).from(&[&left, &right]))
}
