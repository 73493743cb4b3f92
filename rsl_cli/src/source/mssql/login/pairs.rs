//! `name=value;…` with the quoting rules of ADO.NET, ODBC and JDBC.

use std::iter::Peekable;
use std::str::Chars;

use super::keyword::{self, Keyword};
use crate::failure::{Failure, Result};

/// How a value is quoted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Rules {
    /// `'…'` or `"…"`, a quote inside doubled; `==` in a name is a `=`.
    AdoNet,
    /// `{…}`, a `}` inside doubled.
    Odbc,
    /// As ODBC does.
    Jdbc,
}

/// Reads a text that may be of ADO.NET or of ODBC: the latter names a driver or an entry of the ODBC settings.
pub fn ado_or_odbc(text: &str) -> Result<Vec<(String, String)>> {
    let has_driver = |pairs: &[(String, String)]| {
        pairs.iter().any(|(name, _)| match keyword::find(name) {
            Some(Keyword::Driver) => !name.eq_ignore_ascii_case("provider"),
            other => other == Some(Keyword::DataSourceName),
        })
    };
    match parse(text, Rules::AdoNet) {
        Ok(pairs) if !has_driver(&pairs) => Ok(pairs),
        // It may have failed at what is quoted as in ODBC.
        Err(failure) => parse(text, Rules::Odbc).ok().filter(|pairs| has_driver(pairs)).ok_or(failure),
        Ok(_) => parse(text, Rules::Odbc),
    }
}

/// Reads a text by the given rules.
pub fn parse(text: &str, rules: Rules) -> Result<Vec<(String, String)>> {
    let mut rest = text.chars().peekable();
    let mut pairs = Vec::new();
    loop {
        while rest.next_if(|&c| c == ';' || c.is_whitespace()).is_some() {}
        if rest.peek().is_none() {
            return Ok(pairs);
        }
        let name = read_name(&mut rest, rules)?;
        pairs.push((name, read_value(&mut rest, rules)?));
    }
}

fn read_name(rest: &mut Peekable<Chars<'_>>, rules: Rules) -> Result<String> {
    let mut name = String::new();
    loop {
        match rest.next() {
            Some('=') if rules == Rules::AdoNet && rest.next_if_eq(&'=').is_some() => name.push('='),
            Some('=') if name.trim().is_empty() => {
                return Err(malformed("a value has no name", rules));
            }
            Some('=') => return Ok(name.trim().to_owned()),
            Some(';') | None => return Err(malformed("a part has no =", rules)),
            Some(c) => name.push(c),
        }
    }
}

fn read_value(rest: &mut Peekable<Chars<'_>>, rules: Rules) -> Result<String> {
    while rest.next_if(|&c| c != ';' && c.is_whitespace()).is_some() {}
    let end = match (rules, rest.peek()) {
        (Rules::AdoNet, Some(&quote @ ('\'' | '"'))) => quote,
        (Rules::Odbc | Rules::Jdbc, Some('{')) => '}',
        _ => {
            let mut value = String::new();
            while let Some(c) = rest.next_if(|&c| c != ';') {
                value.push(c);
            }
            value.truncate(value.trim_end().len());
            return Ok(value);
        }
    };
    rest.next();
    let mut value = String::new();
    loop {
        match rest.next() {
            None => return Err(malformed("a quoted value does not end", rules)),
            Some(c) if c != end || rest.next_if_eq(&end).is_some() => value.push(c),
            Some(_) => break,
        }
    }
    while rest.next_if(|&c| c != ';' && c.is_whitespace()).is_some() {}
    match rest.peek() {
        None | Some(';') => Ok(value),
        Some(_) => Err(malformed("something follows a quoted value before the next ;", rules)),
    }
}

fn malformed(what: &str, rules: Rules) -> Failure {
    Failure::new(format!("the connection string is not well formed: {what}")).hint(quoting(rules))
}

fn quoting(rules: Rules) -> &'static str {
    match rules {
        Rules::AdoNet => {
            "put a value that holds ; = or quotes in \"double quotes\", and double each \" inside, as ADO.NET does"
        }
        Rules::Odbc => {
            "put a value that holds ; or begins with { in {braces}, and double each } inside, as ODBC does"
        }
        Rules::Jdbc => {
            "put a value that holds ; or begins with { in {braces}, and double each } inside, as JDBC does"
        }
    }
}
