//! Functions.

use sqlparser::ast::{BinaryOperator, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments};

use super::super::kind::Kind;
use super::arithmetic::{join, shift};
use super::assign::{TooLong, assign, unify};
use super::{Level, Outcome, Polarity, Term, Translator, UTC_NOW, excerpt, without_parentheses};

impl Translator<'_> {
    pub(super) fn call(&mut self, call: &Function) -> Outcome<Term> {
        let name = call.name.to_string();
        let plain = call.filter.is_none() && call.over.is_none() && call.within_group.is_empty();
        let arguments: Option<Vec<&Expr>> = match &call.args {
            FunctionArguments::None => Some(Vec::new()),
            FunctionArguments::List(list)
                if list.clauses.is_empty() && list.duplicate_treatment.is_none() =>
            {
                list.args
                    .iter()
                    .map(|argument| match argument {
                        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr),
                        _ => None,
                    })
                    .collect()
            }
            _ => None,
        };
        match arguments {
            Some(arguments) if plain => self.function(&name, &arguments),
            _ => Err(unknown(&name)),
        }
    }

    /// A function by name. What is written another way, as SUBSTRING or SYSTEM_USER, comes here as well.
    pub(super) fn function(&mut self, name: &str, arguments: &[&Expr]) -> Outcome<Term> {
        let lower = name.to_lowercase();
        let now = |sql: &str, kind: Kind| {
            let level = if sql == UTC_NOW { Level::Multiply } else { Level::Atom };
            Ok(Term { moving: true, ..Term::new(sql, level, kind) })
        };
        let name_kind = Kind::Text { longest: Some(128), padded: false };
        match (lower.as_str(), arguments) {
            ("getdate" | "current_timestamp", []) => now("LOCALTIMESTAMP", Kind::Datetime),
            ("sysdatetime", []) => now("LOCALTIMESTAMP", Kind::Datetime2),
            ("getutcdate", []) => now(UTC_NOW, Kind::Datetime),
            ("sysutcdatetime", []) => now(UTC_NOW, Kind::Datetime2),
            ("sysdatetimeoffset", []) => now("CURRENT_TIMESTAMP", Kind::Offset),
            ("newid" | "newsequentialid", []) => now("gen_random_uuid()", Kind::Uuid),
            ("suser_sname" | "suser_name" | "system_user" | "original_login", []) => {
                now("SESSION_USER", name_kind)
            }
            ("user_name" | "user" | "current_user" | "session_user", []) => now("CURRENT_USER", name_kind),
            ("dateadd", [part, number, moment]) => {
                let (number, moment) = (self.value(number)?, self.value(moment)?);
                date_add(part, &number, &moment)
            }
            ("datediff", [part, from, to]) => {
                let (from, to) = (self.value(from)?, self.value(to)?);
                date_diff(part, &from, &to)
            }
            ("datepart", [part, moment]) => extract(part_of(part)?, &self.value(moment)?),
            ("year" | "month" | "day", [moment]) => extract(&lower, &self.value(moment)?),
            ("nullif", [left, right]) => {
                let equal = self.with_polarity(Polarity::Either, |this| {
                    this.comparison(&BinaryOperator::Eq, left, right)
                })?;
                let value = self.value(left)?;
                let sql = format!("CASE WHEN {} THEN NULL ELSE {} END", equal.sql, value.sql);
                Ok(Term::atom(sql, value.kind).from(&[&equal, &value]))
            }
            ("iif", [condition, yes, no]) => {
                let condition = self.with_polarity(Polarity::Either, |this| this.condition(condition))?;
                let (results, kind) = unify(vec![self.value(yes)?, self.value(no)?])?;
                let results: Vec<_> = results.iter().collect();
                let sql = format!(
                    "CASE WHEN {} THEN {} ELSE {} END",
                    condition.sql, results[0].sql, results[1].sql
                );
                Ok(Term::atom(sql, kind).from(&[&condition]).from(&results))
            }
            _ => {
                if !KNOWN.contains(&(lower.as_str(), arguments.len()))
                    && lower != "coalesce"
                    && lower != "concat"
                {
                    return Err(unknown(name));
                }
                let values =
                    arguments.iter().map(|argument| self.value(argument)).collect::<Outcome<Vec<_>>>()?;
                of_values(&lower, values)
            }
        }
    }
}

/// Functions of values alone, by the number of their arguments.
const KNOWN: &[(&str, usize)] = &[
    ("isnull", 2),
    ("len", 1),
    ("upper", 1),
    ("lower", 1),
    ("ltrim", 1),
    ("rtrim", 1),
    ("trim", 1),
    ("left", 2),
    ("right", 2),
    ("substring", 3),
    ("abs", 1),
    ("floor", 1),
    ("ceiling", 1),
    ("round", 2),
];

fn of_values(name: &str, values: Vec<Term>) -> Outcome<Term> {
    let sources: Vec<Term> = values.clone();
    let sources: Vec<&Term> = sources.iter().collect();
    let mut values = values.into_iter();
    let mut next = || values.next().ok_or_else(|| unknown(name));
    let called = |name: &str, arguments: &[&str], kind| {
        Ok(Term::atom(format!("{name}({})", arguments.join(", ")), kind).from(&sources))
    };
    match name {
        "isnull" => {
            let (value, other) = (next()?, next()?);
            if value.is_null() || value.forgets_spaces {
                return Err("uses ISNULL of NULL, or of a column of type character".to_owned());
            }
            // The result is of the first one's type: the other is made to fit.
            let other = assign(other, value.kind, TooLong::Cut)?;
            called("coalesce", &[&value.sql, &other.sql], value.kind)
        }
        "coalesce" => {
            let (terms, kind) = unify(values.collect())?;
            let terms: Vec<_> = terms.iter().map(|term| term.sql.as_str()).collect();
            called("coalesce", &terms, kind)
        }
        // NULL is an empty text here.
        "concat" => {
            let filled = values.map(|value| {
                let text = Kind::Text { longest: None, padded: false };
                let value =
                    if value.kind.is_text() { value.text()? } else { assign(value, text, TooLong::Cut)? };
                Ok(match value.literal.is_some() {
                    true => value,
                    false => Term::atom(format!("coalesce({}, '')", value.sql), value.kind).from(&[&value]),
                })
            });
            let filled = filled.collect::<Outcome<Vec<_>>>()?;
            filled
                .into_iter()
                .map(Ok)
                .reduce(|left, right| join(left?, right?))
                .unwrap_or_else(|| Err(unknown(name)))
        }
        "len" => {
            let value = next()?;
            match value.kind {
                Kind::Text { .. } => called("char_length", &[&format!("rtrim({})", value.sql)], Kind::Int(4)),
                kind => Err(format!("takes the length of a {kind}")),
            }
        }
        "upper" | "lower" | "ltrim" | "rtrim" | "trim" => {
            let value = next()?.text()?;
            let Kind::Text { longest, .. } = value.kind else { return Err(unknown(name)) };
            let name = if name == "trim" { "btrim" } else { name };
            called(name, &[&value.sql], Kind::Text { longest, padded: false })
        }
        "left" | "right" => {
            let (value, length) = (next()?.text()?, natural(&next()?)?);
            let kind = Kind::Text { longest: Some(length), padded: false };
            called(name, &[&value.sql, &length.to_string()], kind)
        }
        "substring" => {
            let (value, from, length) = (next()?.text()?, next()?, next()?);
            if !matches!(from.kind, Kind::Int(1..=4)) {
                return Err("takes a part of a text from a place that is no whole number".to_owned());
            }
            let length = natural(&length)?;
            let kind = Kind::Text { longest: Some(length), padded: false };
            called("substring", &[&value.sql, &from.sql, &length.to_string()], kind)
        }
        "abs" | "floor" | "ceiling" => {
            let value = next()?;
            let kind = match (value.kind, name) {
                // A whole number is what it is; PostgreSQL would make a double of it.
                (Kind::Int(_), "floor" | "ceiling") => return Ok(value),
                (Kind::Decimal { precision, .. }, "floor" | "ceiling") => {
                    Kind::Decimal { precision, scale: 0 }
                }
                (kind, _) if kind.digits().is_some() || kind == Kind::Float => kind,
                (kind, _) => return Err(format!("uses the function {} of a {kind}", name.to_uppercase())),
            };
            let name = if name == "ceiling" { "ceil" } else { name };
            called(name, &[&value.sql], kind)
        }
        "round" => {
            let (value, places) = (next()?, whole_number(&next()?)?);
            match value.kind {
                Kind::Int(_) if places >= 0 => Ok(value),
                Kind::Decimal { .. } | Kind::Money => {
                    called("round", &[&value.sql, &places.to_string()], value.kind)
                }
                kind => Err(format!("rounds a {kind}")),
            }
        }
        _ => Err(unknown(name)),
    }
}

fn unknown(name: &str) -> String {
    format!("uses the function {}, which has no equivalent known here", excerpt(&name.to_uppercase()))
}

/// A constant that is a whole number.
pub fn whole_number(term: &Term) -> Outcome<i64> {
    let digits = term.literal.as_deref().filter(|_| matches!(term.kind, Kind::Int(_)));
    digits
        .and_then(|digits| digits.parse().ok())
        .ok_or_else(|| "has an expression where only a constant is known here".to_owned())
}

/// A length. Of a negative one, SQL Server makes an error and PostgreSQL another end of the text.
fn natural(term: &Term) -> Outcome<u32> {
    u32::try_from(whole_number(term)?).map_err(|_| "takes a part of a negative length".to_owned())
}

/// The part of a date that a word means.
fn part_of(word: &Expr) -> Outcome<&'static str> {
    let Expr::Identifier(word) = without_parentheses(word) else {
        return Err("has an expression where a part of a date must stand".to_owned());
    };
    Ok(match word.value.to_lowercase().as_str() {
        "year" | "yy" | "yyyy" => "year",
        "quarter" | "qq" | "q" => "quarter",
        "month" | "mm" | "m" => "month",
        "dayofyear" | "dy" | "y" => "doy",
        "day" | "dd" | "d" => "day",
        "week" | "wk" | "ww" => "week",
        "weekday" | "dw" | "w" => "weekday",
        "hour" | "hh" => "hour",
        "minute" | "mi" | "n" => "minute",
        "second" | "ss" | "s" => "second",
        _ => {
            return Err(format!(
                "uses {} as a part of a date, which is not known here",
                excerpt(&word.value)
            ));
        }
    })
}

fn date_add(part: &Expr, number: &Term, moment: &Term) -> Outcome<Term> {
    if !matches!(number.kind, Kind::Int(1..=4)) || !moment.kind.is_moment() {
        return Err(format!("adds a {} to a {}", number.kind, moment.kind));
    }
    let unit = match part_of(part)? {
        "year" => "years",
        "month" => "months",
        "week" => "weeks",
        "day" | "doy" | "weekday" => "days",
        "hour" => "hours",
        "minute" => "mins",
        "second" => "secs",
        other => return Err(format!("adds a {other} to a date")),
    };
    let shifted = shift(moment, &BinaryOperator::Plus, unit, number);
    Ok(match (moment.kind, unit) {
        // PostgreSQL makes a timestamp of it.
        (Kind::Date, "years" | "months" | "weeks" | "days") => {
            Term::atom(format!("CAST({} AS date)", shifted.sql), Kind::Date).from(&[&shifted])
        }
        (Kind::Date, _) => return Err("adds a time to a date".to_owned()),
        _ => shifted,
    })
}

/// How often the part changes between two moments.
fn date_diff(part: &Expr, from: &Term, to: &Term) -> Outcome<Term> {
    if !from.kind.is_moment() || !to.kind.is_moment() {
        return Err(format!("counts the time from a {} to a {}", from.kind, to.kind));
    }
    let extracted = |part: &str, term: &Term| Ok::<_, String>(extract(part, term)?.sql);
    let sql = match part_of(part)? {
        "day" | "doy" | "weekday" => {
            let day = |term: &Term| match term.kind {
                Kind::Date => term.at(Level::Atom),
                _ => format!("CAST({} AS date)", term.sql),
            };
            format!("{} - {}", day(to), day(from))
        }
        "year" => format!("{} - {}", extracted("year", to)?, extracted("year", from)?),
        "month" => format!(
            "({} - {}) * 12 + {} - {}",
            extracted("year", to)?,
            extracted("year", from)?,
            extracted("month", to)?,
            extracted("month", from)?
        ),
        other => return Err(format!("counts the {other}s between two moments")),
    };
    Ok(Term::new(sql, Level::Add, Kind::Int(4)).from(&[from, to]))
}

fn extract(part: &str, moment: &Term) -> Outcome<Term> {
    let timed = matches!(part, "hour" | "minute" | "second");
    let has_it = match moment.kind {
        Kind::Date => !timed,
        Kind::Time => timed,
        kind => kind.is_moment(),
    };
    if !has_it {
        return Err(format!("takes the {part} of a {}", moment.kind));
    }
    let digits = match part {
        "year" => 4,
        "quarter" => 1,
        "doy" => 3,
        "month" | "day" | "hour" | "minute" | "second" => 2,
        other => return Err(format!("takes the {other} of a date, which depends on the source's settings")),
    };
    let part = match part {
        // With its fraction, in PostgreSQL.
        "second" => format!("trunc(extract(second FROM {}))", moment.sql),
        part => format!("extract({part} FROM {})", moment.sql),
    };
    let mut term = Term::atom(format!("CAST({part} AS integer)"), Kind::Int(4)).from(&[moment]);
    term.characters = Some(digits);
    Ok(term)
}
