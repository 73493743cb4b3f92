//! Operators and functions of text.

use sha2::Digest as _;

use super::{Call, Function, Want, bit, function, int, same};
use crate::answer::{SqlMessage, SqlType, SqlValue};
use crate::collation::Collation;
use crate::database::form::Form;
use crate::database::{compare, convert, form, sql_type};

pub static FUNCTIONS: &[Function] = &[
    function("concat_two", &[Want::Any, Want::Any], same, |call, arguments| joined(call, &arguments)),
    function("concat", &[Want::Text], concatenated, |call, arguments| joined(call, &arguments))
        .variadic()
        .takes_null(),
    function("like", &[Want::Text, Want::Text, Want::Text], bit, |call, arguments| {
        let escape = call.text(&arguments, 2).chars().next();
        let (text, pattern) = (call.text(&arguments, 0), call.text(&arguments, 1));
        Ok(SqlValue::Bit(compare::like(&text, &pattern, escape, collation(call))))
    })
    .optional(1),
    function("len", &[Want::String], length_type, |call, arguments| {
        Ok(SqlValue::Int(match &arguments[0] {
            SqlValue::Binary(bytes) => bytes.len(),
            value => {
                let units = units(value, call.first());
                units.iter().rposition(|&unit| unit != 0x20).map_or(0, |last| last + 1)
            }
        } as i64))
    }),
    function("datalength", &[Want::Any], length_type, |call, arguments| {
        Ok(SqlValue::Int(data_length(&arguments[0], &call.first().ty)))
    }),
    function("upper", &[Want::Text], same, |call, arguments| {
        Ok(mapped(call, &arguments[0], str::to_uppercase))
    }),
    function("lower", &[Want::Text], same, |call, arguments| {
        Ok(mapped(call, &arguments[0], str::to_lowercase))
    }),
    function("ltrim", &[Want::Text], variable, |call, arguments| trim(call, &arguments[0], true, false)),
    function("rtrim", &[Want::Text], variable, |call, arguments| trim(call, &arguments[0], false, true)),
    function("trim", &[Want::Text], variable, |call, arguments| trim(call, &arguments[0], true, true)),
    function("substring", &[Want::String, Want::BigInt, Want::BigInt], variable, |call, arguments| {
        let (SqlValue::Int(start), SqlValue::Int(length)) = (&arguments[1], &arguments[2]) else {
            return Ok(SqlValue::Null);
        };
        if *length < 0 {
            return Err(SqlMessage::error(
                537,
                "Invalid length parameter passed to the LEFT or SUBSTRING function.",
            ));
        }
        // A start before the first character uses up some of the length.
        let end = start.saturating_add(*length).max(1);
        slice(call, &arguments[0], (start - 1).max(0), end - 1)
    }),
    function("left", &[Want::Text, Want::BigInt], variable, |call, arguments| match arguments[1] {
        SqlValue::Int(length) if length >= 0 => slice(call, &arguments[0], 0, length),
        _ => {
            Err(SqlMessage::error(537, "Invalid length parameter passed to the LEFT or SUBSTRING function."))
        }
    }),
    function("right", &[Want::Text, Want::BigInt], variable, |call, arguments| match arguments[1] {
        SqlValue::Int(length) if length >= 0 => {
            let all = units(&arguments[0], call.first()).len() as i64;
            slice(call, &arguments[0], (all - length).max(0), all)
        }
        _ => Err(SqlMessage::error(536, "Invalid length parameter passed to the right function.")),
    }),
    function("replace", &[Want::Text, Want::Text, Want::Text], longest, |call, arguments| {
        let [text, from, to] = [0, 1, 2].map(|at| call.text(&arguments, at));
        Ok(written(call, &replaced(&text, &from, &to, collation(call))))
    }),
    function("charindex", &[Want::Text, Want::Text, Want::BigInt], int, |call, arguments| {
        let (part, text) = (call.text(&arguments, 0), call.text(&arguments, 1));
        let start = match arguments.get(2) {
            Some(SqlValue::Int(n)) => (*n - 1).max(0) as usize,
            _ => 0,
        };
        let collation = call.arguments[1].collation.unwrap_or_else(|| form::find_collation(""));
        let text: Vec<char> = text.chars().collect();
        let part: Vec<char> = part.chars().collect();
        let found =
            (start..text.len()).find(|&at| !part.is_empty() && starts_with(&text[at..], &part, collation));
        Ok(SqlValue::Int(found.map_or(0, |at| at as i64 + 1)))
    })
    .optional(1),
    function("patindex", &[Want::Text, Want::Text], int, |call, arguments| {
        let (pattern, text) = (call.text(&arguments, 0), call.text(&arguments, 1));
        let collation = call.arguments[1].collation.unwrap_or_else(|| form::find_collation(""));
        let rest = pattern.strip_prefix('%').unwrap_or(&pattern);
        let starts: Vec<usize> = if rest.len() == pattern.len() {
            vec![0]
        } else {
            text.char_indices().map(|(at, _)| at).collect()
        };
        let found = starts.iter().position(|&at| compare::like(&text[at..], rest, None, collation));
        Ok(SqlValue::Int(found.map_or(0, |at| at as i64 + 1)))
    }),
    function("reverse", &[Want::Text], same, |call, arguments| {
        Ok(mapped(call, &arguments[0], |text| text.chars().rev().collect()))
    }),
    function("replicate", &[Want::Text, Want::BigInt], longest, |call, arguments| match arguments[1] {
        SqlValue::Int(times) if (0..=8000).contains(&times) => {
            Ok(written(call, &call.text(&arguments, 0).repeat(times as usize)))
        }
        _ => Ok(SqlValue::Null),
    }),
    function(
        "space",
        &[Want::BigInt],
        |_| SqlType::VarChar(Some(8000), default()),
        |call, arguments| match arguments[0] {
            SqlValue::Int(n) if n >= 0 => Ok(written(call, &" ".repeat(n.min(8000) as usize))),
            _ => Ok(SqlValue::Null),
        },
    ),
    function("stuff", &[Want::Text, Want::BigInt, Want::BigInt, Want::Text], longest, |call, arguments| {
        let text: Vec<char> = call.text(&arguments, 0).chars().collect();
        let (SqlValue::Int(start), SqlValue::Int(length)) = (&arguments[1], &arguments[2]) else {
            return Ok(SqlValue::Null);
        };
        if *start < 1 || *length < 0 || *start > text.len() as i64 {
            return Ok(SqlValue::Null);
        }
        let start = *start as usize - 1;
        let end = start.saturating_add(*length as usize).min(text.len());
        let new = text[..start].iter().collect::<String>() + &call.text(&arguments, 3);
        Ok(written(call, &(new + &text[end..].iter().collect::<String>())))
    }),
    function(
        "quotename",
        &[Want::Text, Want::Text],
        |_| SqlType::NVarChar(Some(258), default()),
        |call, arguments| {
            let text = call.text(&arguments, 0);
            let sign = if arguments.len() > 1 { call.text(&arguments, 1) } else { "[".to_owned() };
            let (open, close) = match sign.as_str() {
                "[" | "]" => ('[', ']'),
                "'" => ('\'', '\''),
                "\"" => ('"', '"'),
                _ => return Ok(SqlValue::Null),
            };
            if text.chars().count() > 128 {
                return Ok(SqlValue::Null);
            }
            Ok(written(call, &format!("{open}{}{close}", text.replace(close, &format!("{close}{close}")))))
        },
    )
    .optional(1),
    function("ascii", &[Want::Text], int, |call, arguments| {
        let narrow =
            Form::new(SqlType::VarChar(None, sql_type::collation(&call.first().ty).unwrap_or("").to_owned()));
        Ok(match convert::convert(arguments[0].clone(), call.first(), &narrow, 0)? {
            SqlValue::Bytes(bytes) if !bytes.is_empty() => SqlValue::Int(bytes[0].into()),
            _ => SqlValue::Null,
        })
    }),
    function("unicode", &[Want::Text], int, |call, arguments| {
        Ok(units(&arguments[0], call.first())
            .first()
            .map_or(SqlValue::Null, |&unit| SqlValue::Int(unit.into())))
    }),
    // Of a wide text the bytes are UTF-16, of a narrow one those of its code page. What the server does not know hashes to NULL.
    function(
        "hashbytes",
        &[Want::Text, Want::String],
        |_| SqlType::VarBinary(Some(8000)),
        |call, arguments| {
            let bytes = match arguments[1].clone() {
                SqlValue::Binary(bytes) | SqlValue::Bytes(bytes) => bytes,
                SqlValue::Wide(units) => form::wide_bytes(&units),
                _ => return Ok(SqlValue::Null),
            };
            let hash = match call.text(&arguments, 0).to_ascii_uppercase().as_str() {
                "SHA2_256" => sha2::Sha256::digest(bytes).to_vec(),
                "SHA2_512" => sha2::Sha512::digest(bytes).to_vec(),
                _ => return Ok(SqlValue::Null),
            };
            Ok(SqlValue::Binary(hash))
        },
    ),
    function(
        "char",
        &[Want::Int],
        |_| SqlType::Char(1, default()),
        |_, arguments| match arguments[0] {
            SqlValue::Int(n @ 0..=255) => Ok(SqlValue::Bytes(vec![n as u8])),
            _ => Ok(SqlValue::Null),
        },
    ),
    function(
        "nchar",
        &[Want::Int],
        |_| SqlType::NChar(1, default()),
        |_, arguments| match arguments[0] {
            SqlValue::Int(n @ 0..=65535) => Ok(SqlValue::Wide(vec![n as u16])),
            _ => Ok(SqlValue::Null),
        },
    ),
];

/// The collation of what has none of its own; the translator puts the database's in its place.
fn default() -> String {
    crate::collation::DEFAULT.to_owned()
}

fn collation(call: &Call) -> &'static Collation {
    call.first().collation.unwrap_or_else(|| form::find_collation(""))
}

/// The type of two texts or byte strings one after the other; `None` if they are none.
pub fn concat_type(left: &SqlType, right: &SqlType) -> Option<SqlType> {
    let length = |ty: &SqlType| match ty {
        SqlType::Binary(n) => Some(Some(*n)),
        SqlType::VarBinary(n) => Some(*n),
        other => sql_type::text_length(other),
    };
    let sum = |limit: u16| match (length(left)?, length(right)?) {
        (Some(a), Some(b)) => Some(Some(a.saturating_add(b).min(limit))),
        _ => Some(None),
    };
    let common = sql_type::common(left, right);
    Some(match common {
        SqlType::Char(_, collation) | SqlType::VarChar(_, collation) => {
            SqlType::VarChar(sum(8000)?, collation)
        }
        SqlType::NChar(_, collation) | SqlType::NVarChar(_, collation) => {
            SqlType::NVarChar(sum(4000)?, collation)
        }
        SqlType::Binary(_) | SqlType::VarBinary(_) => SqlType::VarBinary(sum(8000)?),
        _ => return None,
    })
}

fn concatenated(types: &[SqlType]) -> SqlType {
    types
        .iter()
        .cloned()
        .reduce(|a, b| concat_type(&a, &b).unwrap_or(a))
        .map_or_else(|| SqlType::VarChar(Some(1), default()), |ty| variable(&[ty]))
}

fn joined(call: &Call, arguments: &[SqlValue]) -> Result<SqlValue, SqlMessage> {
    if sql_type::is_binary(&call.result.ty) {
        let mut all = Vec::new();
        for argument in arguments {
            if let SqlValue::Binary(bytes) = argument {
                all.extend(bytes);
            }
        }
        return Ok(convert::fit(SqlValue::Binary(all), &call.result)?.0);
    }
    let mut wide = Vec::new();
    let mut narrow = Vec::new();
    for (argument, form) in arguments.iter().zip(&call.arguments) {
        match convert::convert(argument.clone(), form, &unlimited(&call.result), 0)? {
            SqlValue::Wide(units) => wide.extend(units),
            SqlValue::Bytes(bytes) => narrow.extend(bytes),
            _ => {}
        }
    }
    let whole =
        if sql_type::is_wide(&call.result.ty) { SqlValue::Wide(wide) } else { SqlValue::Bytes(narrow) };
    Ok(convert::fit(whole, &call.result)?.0)
}

fn unlimited(form: &Form) -> Form {
    let collation = sql_type::collation(&form.ty).unwrap_or_default().to_owned();
    Form::new(if sql_type::is_wide(&form.ty) {
        SqlType::NVarChar(None, collation)
    } else {
        SqlType::VarChar(None, collation)
    })
}

fn length_type(types: &[SqlType]) -> SqlType {
    match same(types) {
        SqlType::VarChar(None, _) | SqlType::NVarChar(None, _) | SqlType::VarBinary(None) => SqlType::BigInt,
        _ => SqlType::Int,
    }
}

/// Fixed lengths become variable.
fn variable(types: &[SqlType]) -> SqlType {
    match same(types) {
        SqlType::Char(n, collation) => SqlType::VarChar(Some(n), collation),
        SqlType::NChar(n, collation) => SqlType::NVarChar(Some(n), collation),
        SqlType::Text(collation) => SqlType::VarChar(Some(8000), collation),
        SqlType::NText(collation) => SqlType::NVarChar(Some(4000), collation),
        SqlType::Binary(n) => SqlType::VarBinary(Some(n)),
        SqlType::Image => SqlType::VarBinary(Some(8000)),
        other => other,
    }
}

fn longest(types: &[SqlType]) -> SqlType {
    match variable(types) {
        SqlType::VarChar(Some(_), collation) => SqlType::VarChar(Some(8000), collation),
        SqlType::NVarChar(Some(_), collation) => SqlType::NVarChar(Some(4000), collation),
        other => other,
    }
}

/// Text as UTF-16 units, in which SQL Server counts.
fn units(value: &SqlValue, form: &Form) -> Vec<u16> {
    match value {
        SqlValue::Wide(units) => units.clone(),
        other => convert::text_of(other, form).encode_utf16().collect(),
    }
}

/// A text in the result's form, cut to its length.
fn written(call: &Call, text: &str) -> SqlValue {
    let value = convert::of_text(text, &call.result);
    convert::fit(value, &call.result).map_or(SqlValue::Null, |(value, _)| value)
}

fn mapped(call: &Call, value: &SqlValue, map: impl Fn(&str) -> String) -> SqlValue {
    written(call, &map(&convert::text_of(value, call.first())))
}

fn trim(call: &Call, value: &SqlValue, start: bool, end: bool) -> Result<SqlValue, SqlMessage> {
    let units = units(value, call.first());
    let blank = |unit: &u16| *unit == 0x20;
    let from = if start { units.iter().position(|unit| !blank(unit)).unwrap_or(units.len()) } else { 0 };
    let to =
        if end { units.iter().rposition(|unit| !blank(unit)).map_or(from, |at| at + 1) } else { units.len() };
    slice(call, value, from as i64, to as i64)
}

/// Characters or bytes from one place up to another.
fn slice(call: &Call, value: &SqlValue, from: i64, to: i64) -> Result<SqlValue, SqlMessage> {
    let range = |length: usize| {
        let to = to.clamp(0, length as i64) as usize;
        (from.max(0) as usize).min(to)..to
    };
    let part = match value {
        SqlValue::Binary(bytes) => SqlValue::Binary(bytes[range(bytes.len())].to_vec()),
        SqlValue::Bytes(bytes) if bytes.is_ascii() => SqlValue::Bytes(bytes[range(bytes.len())].to_vec()),
        other => {
            let units = units(other, call.first());
            let part = SqlValue::Wide(units[range(units.len())].to_vec());
            let wide = Form::new(SqlType::NVarChar(None, default()));
            convert::convert(part, &wide, &call.result, 0)?
        }
    };
    Ok(convert::fit(part, &call.result)?.0)
}

fn starts_with(text: &[char], part: &[char], collation: &Collation) -> bool {
    text.len() >= part.len() && text.iter().zip(part).all(|(a, b)| compare::same(*a, *b, collation))
}

fn replaced(text: &str, from: &str, to: &str, collation: &Collation) -> String {
    let (text, from): (Vec<char>, Vec<char>) = (text.chars().collect(), from.chars().collect());
    let mut new = String::new();
    let mut at = 0;
    while at < text.len() {
        if !from.is_empty() && starts_with(&text[at..], &from, collation) {
            new.push_str(to);
            at += from.len();
        } else {
            new.push(text[at]);
            at += 1;
        }
    }
    new
}

/// Bytes that a value takes.
fn data_length(value: &SqlValue, ty: &SqlType) -> i64 {
    match value {
        SqlValue::Bytes(bytes) | SqlValue::Binary(bytes) => bytes.len() as i64,
        SqlValue::Wide(units) => units.len() as i64 * 2,
        SqlValue::Variant(inner) => data_length(&inner.1, &inner.0),
        _ => sql_type::catalogue(ty).max_length,
    }
}
