//! What the source does without being told when a value is put where another kind is wanted.

use super::super::kind::Kind;
use super::super::quote_text;
use super::literal;
use super::{Level, Outcome, Term, UTC_NOW};

/// What the source does with a text that is longer than its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TooLong {
    /// As PostgreSQL does when a row is written.
    Refused,
    /// PostgreSQL would not.
    Cut,
}

/// The value as one of this kind.
pub fn assign(term: Term, to: Kind, too_long: TooLong) -> Outcome<Term> {
    if term.is_null() {
        return Ok(term);
    }
    if term.is_text_literal() && !to.is_text() {
        let text = term.literal.as_deref().unwrap_or_default();
        let read = literal::of_text(text, to, false)?;
        // Read as a number, it has to fit as one.
        return if read.is_number_literal() { assign(read, to, too_long) } else { Ok(read) };
    }
    let from = term.kind;
    let differs = || format!("makes a {to} of a {from}, whose value PostgreSQL may make otherwise");
    match to {
        Kind::Bit => match (from, &term.literal) {
            (Kind::Bit, _) => Ok(term),
            (_, Some(digits)) if term.is_number_literal() => {
                let zero = !digits.contains(|c: char| c.is_ascii_digit() && c != '0');
                Ok(Term::atom(if zero { "false" } else { "true" }, to))
            }
            _ if from.digits().is_some() => {
                let sql = format!("{} <> 0", term.at(Level::Other));
                Ok(Term::new(sql, Level::Compare, to).from(&[&term]))
            }
            _ => Err(differs()),
        },
        Kind::Int(_) | Kind::Decimal { .. } | Kind::Money => number(term, to).ok_or_else(differs),
        Kind::Real | Kind::Float => match from {
            Kind::Int(_) if term.literal.is_none() => {
                Ok(Term::atom(format!("CAST({} AS {})", term.sql, name_of(to)), to).from(&[&term]))
            }
            _ if term.is_number_literal() => Ok(Term { kind: to, ..term }),
            _ if from == to => Ok(term),
            _ => Err(differs()),
        },
        Kind::Text { longest, padded } => text(term, longest, padded, too_long),
        Kind::Date | Kind::Time | Kind::Datetime | Kind::SmallDatetime | Kind::Datetime2 | Kind::Offset => {
            moment(term, to).ok_or_else(differs)
        }
        Kind::Uuid if from == to => Ok(term),
        Kind::Binary(length) => bytes(&term, length).ok_or_else(differs),
        _ => Err(differs()),
    }
}

fn number(term: Term, to: Kind) -> Option<Term> {
    if term.kind == Kind::Bit {
        let whole = Term::atom(format!("CAST({} AS integer)", term.sql), Kind::Int(4)).from(&[&term]);
        return Some(Term { kind: to, ..whole });
    }
    let (_, scale) = match (&term.literal, term.kind) {
        // Zeros at the end are no digits that could be lost.
        (Some(digits), Kind::Decimal { .. } | Kind::Money) => {
            let places = digits.split_once('.').map_or("", |(_, places)| places).trim_end_matches('0');
            (0, u32::try_from(places.len()).ok()?)
        }
        (Some(_), Kind::Float) => return None,
        _ => term.kind.digits()?,
    };
    if scale > to.digits()?.1 {
        return None;
    }
    Some(match (term.kind, to, &term.literal) {
        // 0.00 where a whole number is wanted must not make decimals of what is computed with it.
        (Kind::Decimal { .. } | Kind::Money, Kind::Int(_), Some(digits)) => {
            literal::of_kind(digits.split_once('.').map_or(digits.as_str(), |(whole, _)| whole), to)
        }
        // And a whole number must not overflow where the source computes with decimals.
        (Kind::Int(_), Kind::Decimal { .. } | Kind::Money, None) => {
            Term::atom(format!("CAST({} AS numeric)", term.sql), to).from(&[&term])
        }
        _ => Term { kind: to, ..term },
    })
}

/// The PostgreSQL type that a cast to this kind of number takes.
pub fn name_of(kind: Kind) -> String {
    match kind {
        Kind::Int(1 | 2) => "smallint".to_owned(),
        Kind::Int(4) => "integer".to_owned(),
        Kind::Int(_) => "bigint".to_owned(),
        Kind::Decimal { precision, scale } => format!("numeric({precision},{scale})"),
        Kind::Money => "numeric(19,4)".to_owned(),
        Kind::Real => "real".to_owned(),
        Kind::Float => "double precision".to_owned(),
        _ => "text".to_owned(),
    }
}

fn text(term: Term, longest: Option<u32>, padded: bool, too_long: TooLong) -> Outcome<Term> {
    let to = Kind::Text { longest, padded };
    // How long the value may get.
    let (term, length) = match term.kind {
        Kind::Text { longest, .. } => (term, longest),
        Kind::Int(_) | Kind::Decimal { .. } if term.literal.is_some() => {
            let digits = term.literal.clone().unwrap_or_default();
            let length = u32::try_from(digits.len()).ok();
            (literal::text(&digits)?, length)
        }
        Kind::Int(bytes) => {
            let most = [(1, 3), (2, 6), (4, 11), (8, 20)];
            let length = term.characters.or(most.iter().find(|(of, _)| *of == bytes).map(|(_, most)| *most));
            let kind = Kind::Text { longest: length, padded: false };
            (Term::atom(format!("CAST({} AS text)", term.sql), kind).from(&[&term]), length)
        }
        // The source writes its digits in capitals, and all of them: there is nothing to pad.
        Kind::Uuid => {
            let kind = Kind::Text { longest: Some(36), padded: true };
            (Term::atom(format!("upper(CAST({} AS text))", term.sql), kind).from(&[&term]), Some(36))
        }
        kind => return Err(format!("makes a text of a {kind}, which is written differently")),
    };
    let fits = match (length, longest) {
        (_, None) => true,
        (Some(length), Some(longest)) => length <= longest,
        (None, Some(_)) => false,
    };
    if !fits && (too_long == TooLong::Cut || term.literal.is_some()) {
        return Err("makes a text that may be longer than its place".to_owned());
    }
    if padded && (length != longest || !matches!(term.kind, Kind::Text { padded: true, .. })) {
        // Characters that take two bytes leave less room, and how many do depends on the code page.
        return match (&term.literal, longest) {
            (Some(value), Some(longest)) if value.is_ascii() => {
                let value = format!("{value:width$}", width = longest as usize);
                Ok(Term { sql: quote_text(&value), literal: Some(value), kind: to, ..term })
            }
            _ => Err("fills a text with spaces up to the length of its column".to_owned()),
        };
    }
    Ok(Term { kind: to, ..term })
}

fn moment(term: Term, to: Kind) -> Option<Term> {
    let cast = |ty: &str| Some(Term::atom(format!("CAST({} AS {ty})", term.sql), to).from(&[&term]));
    let now = |sql: &str| Some(Term::atom(sql, to).from(&[&term]));
    match (term.kind, to) {
        (from, to) if from == to => Some(term),
        (Kind::Int(_), Kind::Datetime | Kind::SmallDatetime) => {
            literal::of_days(term.literal.as_deref()?, to)
        }
        (Kind::Offset, to) if term.sql == "CURRENT_TIMESTAMP" && to != Kind::Offset => {
            moment(Term { sql: "LOCALTIMESTAMP".to_owned(), kind: Kind::Datetime2, ..term }, to)
        }
        (from, Kind::Date) if from.is_moment() && term.sql == "LOCALTIMESTAMP" => now("CURRENT_DATE"),
        (from, Kind::Date) if from.is_moment() => cast("date"),
        // A moment that nobody stored cannot differ in its last digits.
        (from, Kind::Time) if from.is_moment() && term.moving => match term.sql.as_str() {
            "LOCALTIMESTAMP" => now("LOCALTIME"),
            _ => cast("time"),
        },
        (Kind::Date, Kind::Datetime | Kind::SmallDatetime | Kind::Datetime2) => cast("timestamp"),
        (Kind::SmallDatetime, Kind::Datetime | Kind::Datetime2) => Some(Term { kind: to, ..term }),
        (from, Kind::Datetime | Kind::Datetime2) if from.is_moment() && term.moving => {
            Some(Term { kind: to, ..term })
        }
        // To the nearest minute.
        (from, Kind::SmallDatetime) if from.is_moment() && term.moving => {
            now(&format!("date_trunc('minute', {} + interval '30 seconds')", term.at(Level::Add)))
        }
        // The source takes what has no offset for UTC, whatever its zone.
        (from, Kind::Offset) if from.is_moment() && term.sql == UTC_NOW => now("CURRENT_TIMESTAMP"),
        (Kind::Datetime | Kind::Datetime2 | Kind::SmallDatetime, Kind::Offset) if term.moving => Some(
            Term::new(format!("{} AT TIME ZONE 'UTC'", term.at(Level::Atom)), Level::Other, to)
                .from(&[&term]),
        ),
        _ => None,
    }
}

fn bytes(term: &Term, length: Option<u32>) -> Option<Term> {
    let (Kind::Binary(_), Some(digits)) = (term.kind, &term.literal) else { return None };
    match length {
        None => Some(term.clone()),
        Some(length) => {
            let width = 2 * length as usize;
            (digits.len() <= width).then(|| literal::bytes(&format!("{digits:0<width$}")).ok())?
        }
    }
}

/// Values of which one is taken, as of one kind.
pub fn unify(mut terms: Vec<Term>) -> Outcome<(Vec<Term>, Kind)> {
    let kinds = || terms.iter().filter(|term| !term.is_null()).map(|term| term.kind);
    let Some(first) = kinds().next() else { return Ok((terms, Kind::Null)) };
    if kinds().all(Kind::is_text) {
        let lengths: Option<Vec<u32>> = kinds()
            .map(|kind| match kind {
                Kind::Text { longest, .. } => longest,
                _ => None,
            })
            .collect();
        let longest = lengths.and_then(|lengths| lengths.into_iter().max());
        let same = kinds().all(|kind| kind == first);
        let padded = |kind| matches!(kind, Kind::Text { padded: true, .. });
        // Two char of different lengths become one that is padded to the longer.
        if kinds().any(padded) && kinds().all(padded) && !same {
            return Err("takes one of several char of different lengths".to_owned());
        }
        let kind = Kind::Text { longest, padded: same && padded(first) };
        terms = terms
            .into_iter()
            .map(|term| if term.is_null() { Ok(term) } else { term.text() })
            .collect::<Outcome<_>>()?;
        return Ok((terms, kind));
    }
    if kinds().all(|kind| kind.digits().is_some()) {
        let widest = |of: fn((u32, u32)) -> u32| kinds().filter_map(Kind::digits).map(of).max().unwrap_or(0);
        let (whole, scale) = (widest(|digits| digits.0), widest(|digits| digits.1));
        let kind = if kinds().all(|kind| matches!(kind, Kind::Int(_))) {
            Kind::Int(
                kinds().map(|kind| if let Kind::Int(bytes) = kind { bytes } else { 8 }).max().unwrap_or(8),
            )
        } else if kinds().any(|kind| matches!(kind, Kind::Decimal { .. })) {
            if whole + scale > 38 {
                return Err("needs more than 38 digits, of which SQL Server rounds some away".to_owned());
            }
            Kind::Decimal { precision: whole + scale, scale }
        } else {
            Kind::Money
        };
        return Ok((terms, kind));
    }
    // A constant follows what is no constant; of several kinds nothing is made.
    let Some(leading) =
        terms.iter().find(|term| !term.is_null() && !term.is_text_literal()).map(|term| term.kind)
    else {
        return Err(format!("takes a {first} or something else"));
    };
    for term in &mut terms {
        if term.is_text_literal() && !leading.is_text() {
            *term = literal::of_text(term.literal.as_deref().unwrap_or_default(), leading, false)?;
        }
    }
    match terms.iter().find(|term| !term.is_null() && term.kind != leading) {
        Some(other) => Err(format!("takes a {leading} or a {}", other.kind)),
        None => Ok((terms, leading)),
    }
}
