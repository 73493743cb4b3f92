//! Comparisons.

use sqlparser::ast::{BinaryOperator, Expr};

use super::super::kind::Kind;
use super::super::quote_text;
use super::{Level, Outcome, Polarity, Purpose, Term, Translator, assign, literal};

impl Translator<'_> {
    /// `left op right`, with both sides of one kind.
    pub(super) fn comparison(&mut self, op: &BinaryOperator, left: &Expr, right: &Expr) -> Outcome<Term> {
        let symbol = match op {
            BinaryOperator::Eq => "=",
            BinaryOperator::NotEq => "<>",
            BinaryOperator::Lt => "<",
            BinaryOperator::LtEq => "<=",
            BinaryOperator::Gt => ">",
            BinaryOperator::GtEq => ">=",
            _ => return Err(format!("uses the operator {op} where a condition must stand")),
        };
        // Values within a comparison are on neither side of it.
        let (left, right) = self.with_polarity(Polarity::Either, |this| {
            Ok::<_, String>((this.value(left)?, this.value(right)?))
        })?;
        let (left, right) = self.comparable(op, left, right)?;
        let sql = format!("{} {symbol} {}", left.at(Level::Other), right.at(Level::Other));
        Ok(Term::new(sql, Level::Compare, Kind::Null).from(&[&left, &right]))
    }

    fn comparable(&mut self, op: &BinaryOperator, left: Term, right: Term) -> Outcome<(Term, Term)> {
        let equality = matches!(op, BinaryOperator::Eq | BinaryOperator::NotEq);
        let (a, b) = (left.kind, right.kind);
        let refused = || Err(format!("compares a {a} with a {b}"));
        if left.is_null() || right.is_null() {
            return Err("compares with NULL, which never holds".to_owned());
        }
        if a.is_text() && b.is_text() {
            return self.texts(op, left, right);
        }
        if left.is_text_literal() || right.is_text_literal() {
            let (constant, kind) = if left.is_text_literal() { (&left, b) } else { (&right, a) };
            let read = literal::of_text(constant.literal.as_deref().unwrap_or_default(), kind, false)?;
            let (left, right) = if left.is_text_literal() { (read, right) } else { (left, read) };
            // What is a constant no more cannot come here again.
            return self.comparable(op, left, right);
        }
        match (a, b) {
            (Kind::Bit, Kind::Bit) => Ok((left, right)),
            (Kind::Bit, _) if is_bit(&right) => {
                Ok((left, assign::assign(right, Kind::Bit, assign::TooLong::Cut)?))
            }
            (_, Kind::Bit) if is_bit(&left) => {
                Ok((assign::assign(left, Kind::Bit, assign::TooLong::Cut)?, right))
            }
            (Kind::Real, Kind::Real)
            | (Kind::Float, Kind::Float | Kind::Int(_))
            | (Kind::Int(_), Kind::Float) => Ok((left, right)),
            (Kind::Float, _) if right.is_number_literal() => Ok((left, right)),
            (_, Kind::Float) if left.is_number_literal() => Ok((left, right)),
            // PostgreSQL would compare both as double precision.
            (Kind::Real, _) if right.is_number_literal() => Ok((left, real(&right))),
            (_, Kind::Real) if left.is_number_literal() => Ok((real(&left), right)),
            _ if a.digits().is_some() && b.digits().is_some() => Ok((left, right)),
            // Newer servers take a datetime for thirds of a hundredth of a second here, and PostgreSQL has milliseconds.
            (Kind::Datetime, Kind::Datetime2) | (Kind::Datetime2, Kind::Datetime) if equality => refused(),
            _ if a.is_moment() && b.is_moment() => Ok((left, right)),
            (Kind::Time, Kind::Time) | (Kind::Offset, Kind::Offset) => Ok((left, right)),
            // Their order is the source's own.
            (Kind::Uuid, Kind::Uuid) if equality => Ok((left, right)),
            _ => refused(),
        }
    }

    fn texts(&mut self, op: &BinaryOperator, left: Term, right: Term) -> Outcome<(Term, Term)> {
        let equal = match op {
            BinaryOperator::Eq => true,
            BinaryOperator::NotEq => false,
            _ => return Err("compares texts by their order, which depends on the collation".to_owned()),
        };
        // Nothing but spaces is equal to the empty text, in either case.
        let is_empty =
            |term: &Term| term.literal.as_deref().is_some_and(|text| text.trim_end_matches(' ').is_empty());
        let empty = is_empty(&left) || is_empty(&right);
        if !empty {
            self.text_compared(equal)?;
        }
        let ends_in_spaces = |term: &Term| {
            matches!(term.kind, Kind::Text { padded: true, .. })
                || term.literal.as_deref().is_some_and(|text| text.ends_with(' '))
        };
        match empty || ends_in_spaces(&left) || ends_in_spaces(&right) {
            true => Ok((without_spaces(left), without_spaces(right))),
            false => Ok((left, right)),
        }
    }

    /// Takes note of what PostgreSQL makes of a comparison of texts. It finds fewer texts equal than SQL Server does.
    fn text_compared(&mut self, equal: bool) -> Outcome<()> {
        let stricter = match self.polarity {
            Polarity::For => equal,
            Polarity::Against => !equal,
            Polarity::Either => false,
        };
        match self.purpose {
            Purpose::Check => self.weaker |= !stricter,
            // Which rows are in an index changes no value.
            Purpose::Filter => {}
            Purpose::Default | Purpose::Computed => {
                return Err("compares texts, which SQL Server may do without regard to case".to_owned());
            }
        }
        Ok(())
    }

    pub(super) fn like(
        &mut self,
        negated: bool,
        value: &Expr,
        pattern: &Expr,
        escape: Option<&Expr>,
    ) -> Outcome<Term> {
        let (value, pattern) = (self.value(value)?, self.value(pattern)?);
        let escape = escape.map(|escape| self.value(escape)).transpose()?;
        if !value.kind.is_text() || !pattern.is_text_literal() {
            return Err("uses LIKE with a pattern that is no constant, or with what is no text".to_owned());
        }
        let pattern = pattern.literal.unwrap_or_default();
        let escape = match escape.map(|escape| escape.literal.unwrap_or_default()) {
            None => None,
            Some(escape) => {
                let mut characters = escape.chars();
                match (characters.next(), characters.next()) {
                    (Some(only), None) => Some(only),
                    _ => return Err("uses LIKE with an ESCAPE that is no single character".to_owned()),
                }
            }
        };
        let mut characters = pattern.chars();
        while let Some(character) = characters.next() {
            if Some(character) == escape {
                if characters.next().is_none() {
                    return Err("uses LIKE with an ESCAPE that escapes nothing".to_owned());
                }
            } else if character == '[' {
                return Err(format!(
                    "uses LIKE with a class of characters, {}, and which are in it depends on the collation",
                    quote_text(&pattern)
                ));
            }
        }
        self.text_compared(!negated)?;
        let not = if negated { "NOT " } else { "" };
        // Without ESCAPE the backslash is a character like others, in SQL Server.
        let escape = match escape {
            Some(escape) => format!(" ESCAPE {}", quote_text(&escape.to_string())),
            None if pattern.contains('\\') => " ESCAPE ''".to_owned(),
            None => String::new(),
        };
        let sql = format!("{} {not}LIKE {}{escape}", value.at(Level::Other), quote_text(&pattern));
        Ok(Term::new(sql, Level::Compare, Kind::Null).from(&[&value]))
    }
}

fn is_bit(term: &Term) -> bool {
    matches!(term.literal.as_deref(), Some("0" | "1")) && term.kind == Kind::Int(4)
}

fn real(term: &Term) -> Term {
    Term::atom(format!("CAST({} AS real)", term.literal.as_deref().unwrap_or("NULL")), Kind::Real)
}

fn without_spaces(term: Term) -> Term {
    match &term.literal {
        Some(text) => Term { sql: quote_text(text.trim_end_matches(' ')), ..term.clone() },
        None if term.forgets_spaces => term,
        None => Term::atom(format!("rtrim({})", term.sql), term.kind).from(&[&term]),
    }
}
