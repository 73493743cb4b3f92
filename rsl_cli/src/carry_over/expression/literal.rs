//! Constants.

use std::str::FromStr;

use rsl_core::Decimal;
use rsl_core::temporal::{
    TICKS_PER_DAY, TICKS_PER_SECOND, date_text, days_from_civil, parse_time, parse_timestamp, time_text,
};

use super::super::kind::Kind;
use super::super::quote_text;
use super::{Level, Outcome, Term, excerpt};

/// As the source writes it, which decides the type that it has there.
pub fn number(written: &str) -> Outcome<Term> {
    let unreadable = || format!("has a number that cannot be read: {}", excerpt(written));
    let decimal = Decimal::from_str(written).map_err(|_| unreadable())?;
    if written.contains(['e', 'E']) {
        return Ok(of_kind(&decimal.normalized().to_string(), Kind::Float));
    }
    let whole = decimal.mantissa().unsigned_abs();
    let kind = match (decimal.to_i128(), written.contains('.')) {
        (Some(value), false) if i32::try_from(value).is_ok() => Kind::Int(4),
        _ => {
            let scale = u32::from(decimal.scale());
            let digits = whole.checked_ilog10().map_or(1, |log| log + 1);
            Kind::Decimal { precision: digits.max(scale), scale }
        }
    };
    Ok(of_kind(&decimal.to_string(), kind))
}

/// Behind the sign of a currency.
pub fn money(written: &str) -> Outcome<Term> {
    match Decimal::from_str(written) {
        Ok(decimal) if decimal.scale() <= 4 => Ok(of_kind(&decimal.to_string(), Kind::Money)),
        _ => Err(format!("has an amount that cannot be read: {}", excerpt(written))),
    }
}

/// A number that is known by its digits.
pub fn of_kind(digits: &str, kind: Kind) -> Term {
    // A number with a sign is an expression: -1 behind another operator would read badly or wrongly.
    let level = if digits.starts_with('-') { Level::Add } else { Level::Atom };
    let mut term = match kind {
        Kind::Float => Term::atom(format!("CAST({digits} AS double precision)"), kind),
        _ => Term::new(digits, level, kind),
    };
    term.literal = Some(digits.to_owned());
    term.characters = u32::try_from(digits.len()).ok();
    term
}

pub fn text(text: &str) -> Outcome<Term> {
    if text.contains('\0') {
        return Err("has a text with a NUL character".to_owned());
    }
    let longest = u32::try_from(text.chars().count()).ok();
    let mut term = Term::atom(quote_text(text), Kind::Text { longest, padded: false });
    term.literal = Some(text.to_owned());
    Ok(term)
}

/// In hexadecimal; a digit too few is a zero in front.
pub fn bytes(digits: &str) -> Outcome<Term> {
    let digits = if digits.len() % 2 == 1 { format!("0{digits}") } else { digits.to_owned() };
    if digits.contains(|c: char| !c.is_ascii_hexdigit()) {
        return Err("has bytes that cannot be read".to_owned());
    }
    let mut term = Term::atom(
        format!("CAST({} AS bytea)", quote_text(&format!("\\x{}", digits.to_lowercase()))),
        Kind::Binary(None),
    );
    term.literal = Some(digits);
    Ok(term)
}

/// The value that the source makes of a text where another kind is wanted. `styled`: a style says how to read it, so that the
/// session's language does not.
pub fn of_text(text: &str, kind: Kind, styled: bool) -> Outcome<Term> {
    let bad = || format!("takes {} for a {kind}, and how depends on the source", quote_text(&excerpt(text)));
    let trimmed = text.trim_matches(' ');
    Ok(match kind {
        Kind::Bit => match trimmed.to_lowercase().as_str() {
            "true" | "1" => Term::atom("true", kind),
            "false" | "0" => Term::atom("false", kind),
            _ => return Err(bad()),
        },
        // An empty text is zero.
        Kind::Int(_) | Kind::Money | Kind::Float | Kind::Real if trimmed.is_empty() => {
            of_kind("0", Kind::Int(4))
        }
        Kind::Int(_) | Kind::Decimal { .. } | Kind::Money | Kind::Float | Kind::Real => {
            let plain = trimmed.trim_start_matches(['-', '+']);
            match plain.contains(|c: char| !c.is_ascii_digit() && c != '.') {
                true => return Err(bad()),
                false => {
                    let term = number(plain).map_err(|_| bad())?;
                    match trimmed.starts_with('-') {
                        true => of_kind(&format!("-{}", term.sql), term.kind),
                        false => term,
                    }
                }
            }
        }
        Kind::Date | Kind::Datetime | Kind::SmallDatetime | Kind::Datetime2 | Kind::Offset => {
            return moment(trimmed, kind, styled).ok_or_else(bad);
        }
        Kind::Time => {
            let ticks = parse_time(trimmed).filter(|ticks| ticks % 10 == 0).ok_or_else(bad)?;
            Term::atom(format!("TIME '{}'", without_zeros(&time_text(ticks))), kind)
        }
        Kind::Uuid => {
            let bare = trimmed.trim_start_matches('{').trim_end_matches('}').to_lowercase();
            let groups: Vec<_> = bare.split('-').collect();
            let lengths: Vec<_> = groups.iter().map(|group| group.len()).collect();
            if lengths != [8, 4, 4, 4, 12] || bare.contains(|c: char| !c.is_ascii_hexdigit() && c != '-') {
                return Err(bad());
            }
            Term::atom(format!("CAST('{bare}' AS uuid)"), kind)
        }
        Kind::Text { .. } | Kind::Binary(_) | Kind::Null | Kind::Other => return Err(bad()),
    })
}

/// A whole number where a datetime is wanted: days since 1900.
pub fn of_days(days: &str, kind: Kind) -> Option<Term> {
    let first = days_from_civil(1900, 1, 1)?;
    let day = first.checked_add(days.parse().ok()?)?;
    let range = days_from_civil(1753, 1, 1)?..=days_from_civil(9999, 12, 31)?;
    range.contains(&day).then(|| Term::atom(format!("TIMESTAMP '{} 00:00:00'", date_text(day)), kind))
}

fn moment(text: &str, kind: Kind, styled: bool) -> Option<Term> {
    // An empty text is the day from which the source counts.
    let text = if text.is_empty() { "19000101" } else { text };
    let (date, rest) = text.split_at_checked(text.find([' ', 'T']).unwrap_or(text.len()))?;
    let compact = date.len() == 8 && date.bytes().all(|byte| byte.is_ascii_digit());
    let full = match compact {
        true => format!("{}-{}-{}{rest}", &date[..4], &date[4..6], &date[6..]),
        false => text.to_owned(),
    };
    let read = parse_timestamp(&full)?;
    let (day, time) = ((read.ticks.div_euclid(TICKS_PER_DAY)) as i32, read.ticks.rem_euclid(TICKS_PER_DAY));
    let spelled = date_text(day);
    if matches!(kind, Kind::Datetime | Kind::SmallDatetime) {
        // Of 2000-02-01, some languages make the second of January. T in the middle, or no hyphens, leave no choice, and so do
        // a day that is no month and one that is the same as its month.
        let (month, day_of_month) = (&spelled[5..7], &spelled[8..]);
        let clear =
            styled || compact || rest.starts_with('T') || day_of_month > "12" || day_of_month == month;
        if !clear || day < days_from_civil(1753, 1, 1)? {
            return None;
        }
    }
    let kept = match kind {
        Kind::Datetime => time % TICKS_PER_SECOND / 10_000,
        _ => 0,
    };
    let fits = match kind {
        Kind::Date => time == 0,
        Kind::SmallDatetime => time % (60 * TICKS_PER_SECOND) == 0,
        // Others would be rounded to one of these.
        Kind::Datetime => time % 10_000 == 0 && matches!(kept % 10, 0 | 3 | 7),
        _ => time % 10 == 0,
    };
    if !fits || (read.offset.is_some() && kind != Kind::Offset) {
        return None;
    }
    let time = time_text(time);
    let time = without_zeros(&time);
    Some(match kind {
        Kind::Date => Term::atom(format!("DATE '{spelled}'"), kind),
        Kind::Offset => {
            let minutes = read.offset.unwrap_or(0);
            let sign = if minutes < 0 { '-' } else { '+' };
            let (hours, minutes) = (minutes.abs() / 60, minutes.abs() % 60);
            Term::atom(
                format!("TIMESTAMP WITH TIME ZONE '{spelled} {time}{sign}{hours:02}:{minutes:02}'"),
                kind,
            )
        }
        _ => Term::atom(format!("TIMESTAMP '{spelled} {time}'"), kind),
    })
}

/// A fraction of a second only if there is one.
fn without_zeros(time: &str) -> &str {
    time.trim_end_matches('0').strip_suffix('.').unwrap_or(time.trim_end_matches('0'))
}
