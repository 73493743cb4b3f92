//! CAST and CONVERT.

use super::super::kind::Kind;
use super::assign::{TooLong, assign, name_of};
use super::{Level, Outcome, Term, literal};

/// The value as one of the type, which is written as in `[varchar](8)`.
pub fn convert(term: Term, data_type: &str, style: Option<i64>) -> Outcome<Term> {
    let to = match Kind::of_declared(data_type) {
        // Of CAST and CONVERT only; a column without a length holds one character.
        Kind::Text { longest: None, padded }
            if !data_type.contains('(') && data_type.to_lowercase().contains("char") =>
        {
            Kind::Text { longest: Some(30), padded }
        }
        Kind::Other => {
            return Err(format!("converts to the type {data_type}, which has no equivalent known here"));
        }
        kind => kind,
    };
    if let Some(style) = style {
        return styled(term, to, style);
    }
    let from = term.kind;
    let cast = |inner: &str| Ok(Term::atom(format!("CAST({inner} AS {})", name_of(to)), to).from(&[&term]));
    let fixed = term.is_number_literal();
    match (from, to) {
        (Kind::Null, _) => Ok(term),
        (Kind::Int(_), Kind::Int(_)) if from == to => Ok(term),
        (Kind::Int(_), Kind::Int(_) | Kind::Float | Kind::Decimal { .. } | Kind::Money) => cast(&term.sql),
        (Kind::Bit, Kind::Int(4)) => cast(&term.sql),
        (Kind::Bit, Kind::Int(_) | Kind::Decimal { .. }) => cast(&format!("CAST({} AS integer)", term.sql)),
        // SQL Server cuts, PostgreSQL rounds.
        (Kind::Decimal { .. } | Kind::Float, Kind::Int(_)) => cast(&format!("trunc({})", term.sql)),
        (Kind::Decimal { .. } | Kind::Money, Kind::Decimal { .. }) | (Kind::Decimal { .. }, Kind::Money) => {
            cast(&term.sql)
        }
        (_, Kind::Float) if fixed => cast(&term.sql),
        (Kind::Float, Kind::Bit) => {
            Ok(Term::new(format!("{} <> 0", term.at(Level::Other)), Level::Compare, to).from(&[&term]))
        }
        _ => assign(term, to, TooLong::Cut),
    }
}

/// Of the many styles, those that write nothing but digits and signs.
fn styled(term: Term, to: Kind, style: i64) -> Outcome<Term> {
    let refused = || Err(format!("converts in the style {style}, which has no equivalent known here"));
    if let (true, true) = (term.is_text_literal(), to.is_moment()) {
        // Year, month and day in this order.
        return match style {
            23 | 102 | 111 | 112 | 120 | 121 | 126 => {
                literal::of_text(term.literal.as_deref().unwrap_or_default(), to, true)
            }
            _ => refused(),
        };
    }
    let (format, length, timed) = match style {
        112 => ("YYYYMMDD", 8, false),
        102 => ("YYYY.MM.DD", 10, false),
        111 => ("YYYY/MM/DD", 10, false),
        23 => ("YYYY-MM-DD", 10, false),
        108 => ("HH24:MI:SS", 8, true),
        120 => ("YYYY-MM-DD HH24:MI:SS", 19, true),
        _ => return refused(),
    };
    let Kind::Text { longest, padded } = to else { return refused() };
    // A date has no time to show, and not every type shows one alike.
    let shown = match term.kind {
        Kind::Datetime | Kind::SmallDatetime => true,
        Kind::Date | Kind::Datetime2 => !timed,
        _ => false,
    };
    if !shown {
        return refused();
    }
    let whole = format!("to_char({}, '{format}')", term.sql);
    let sql = match longest {
        Some(longest) if longest < length => format!("left({whole}, {longest})"),
        Some(longest) if padded && longest > length => return refused(),
        _ => whole,
    };
    let shown = longest.map_or(length, |longest| longest.min(length));
    let kind = Kind::Text { longest: Some(shown), padded };
    let mut text = Term::atom(sql, kind).from(&[&term]);
    // PostgreSQL lets nothing generated depend on to_char, whose words may be in any language.
    text.moving = true;
    Ok(text)
}
