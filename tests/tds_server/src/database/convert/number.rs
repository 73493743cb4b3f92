//! To numbers.

use super::{not_allowed, overflow, text_of};
use crate::answer::{SqlMessage, SqlType, SqlValue};
use crate::database::form::Form;
use crate::database::{decimal, sql_type};

pub fn convert(value: SqlValue, from: &Form, to: &Form) -> Result<SqlValue, SqlMessage> {
    match &value {
        SqlValue::Bytes(_) | SqlValue::Wide(_) if from.ty != SqlType::Xml => {
            return from_text(&text_of(&value, from), from, to);
        }
        SqlValue::Binary(bytes) if sql_type::is_binary(&from.ty) && !sql_type::is_float(&to.ty) => {
            return from_bytes(bytes, from, to);
        }
        _ => {}
    }
    match &to.ty {
        SqlType::Real | SqlType::Float => {
            let number = as_float(&value, from).ok_or_else(|| not_allowed(from, to))?;
            float(number, from, to)
        }
        SqlType::Bit => {
            let zero = match (&value, exact(&value, from)) {
                (_, Some((mantissa, _))) => mantissa == 0,
                (SqlValue::Real(_) | SqlValue::Float(_), _) => {
                    as_float(&value, from).is_some_and(|n| n.abs() <= 0.0)
                }
                _ => return Err(not_allowed(from, to)),
            };
            Ok(SqlValue::Bit(!zero))
        }
        SqlType::Decimal { scale, .. } => {
            if let SqlValue::Real(_) | SqlValue::Float(_) = value {
                return float_to_exact(&value, from, to, *scale);
            }
            let (mantissa, from_scale) = exact(&value, from).ok_or_else(|| not_allowed(from, to))?;
            let mantissa =
                decimal::rescale(mantissa, from_scale, *scale).ok_or_else(|| overflow(from, to))?;
            bounded(mantissa, from, to)
        }
        SqlType::Money | SqlType::SmallMoney => {
            if let SqlValue::Real(_) | SqlValue::Float(_) = value {
                return float_to_exact(&value, from, to, 4);
            }
            let (mantissa, scale) = exact(&value, from).ok_or_else(|| not_allowed(from, to))?;
            bounded(decimal::rescale(mantissa, scale, 4).ok_or_else(|| overflow(from, to))?, from, to)
        }
        _ => {
            let whole = match &value {
                // Money is rounded, decimals and floats are cut.
                SqlValue::Money(n) => decimal::divide_rounded((*n).into(), 10_000),
                SqlValue::Real(_) | SqlValue::Float(_) => {
                    let number = as_float(&value, from).unwrap_or_default().trunc();
                    if number.abs() >= 1e30 {
                        return Err(overflow(from, to));
                    }
                    number as i128
                }
                SqlValue::DateTime(..) | SqlValue::SmallDateTime(..) => {
                    as_float(&value, from).unwrap_or_default().round() as i128
                }
                _ => {
                    let (mantissa, scale) = exact(&value, from).ok_or_else(|| not_allowed(from, to))?;
                    mantissa / decimal::power(scale).unwrap_or(i128::MAX)
                }
            };
            bounded(whole, from, to)
        }
    }
}

/// Mantissa and scale of an exact number.
pub fn exact(value: &SqlValue, from: &Form) -> Option<(i128, u8)> {
    Some(match (value, &from.ty) {
        (SqlValue::Bit(bit), _) => ((*bit).into(), 0),
        (SqlValue::Int(n), _) => ((*n).into(), 0),
        (SqlValue::Decimal(mantissa), SqlType::Decimal { scale, .. }) => (*mantissa, *scale),
        (SqlValue::Money(n), _) => ((*n).into(), 4),
        _ => return None,
    })
}

fn as_float(value: &SqlValue, from: &Form) -> Option<f64> {
    Some(match value {
        SqlValue::Real(n) => (*n).into(),
        SqlValue::Float(n) => *n,
        // Days since 1900.
        SqlValue::DateTime(days, ticks) => f64::from(*days) + f64::from(*ticks) / 25_920_000.0,
        SqlValue::SmallDateTime(days, minutes) => f64::from(*days) + f64::from(*minutes) / 1440.0,
        _ => {
            let (mantissa, scale) = exact(value, from)?;
            // The nearest double of the exact value, which dividing would miss.
            decimal::format(mantissa, scale).parse().ok()?
        }
    })
}

fn float(number: f64, from: &Form, to: &Form) -> Result<SqlValue, SqlMessage> {
    if to.ty == SqlType::Float {
        return if number.is_finite() { Ok(SqlValue::Float(number)) } else { Err(overflow(from, to)) };
    }
    let short = number as f32;
    if short.is_finite() { Ok(SqlValue::Real(short)) } else { Err(overflow(from, to)) }
}

fn float_to_exact(value: &SqlValue, from: &Form, to: &Form, scale: u8) -> Result<SqlValue, SqlMessage> {
    // A real is widened by its shortest notation, so that 0.1 stays 0.1.
    let text = match value {
        SqlValue::Real(n) => format!("{n:e}"),
        SqlValue::Float(n) => format!("{n:e}"),
        _ => return Err(not_allowed(from, to)),
    };
    match decimal::parse(&text, scale) {
        Some(Some(mantissa)) => bounded(mantissa, from, to),
        _ => Err(overflow(from, to)),
    }
}

/// A mantissa within the bounds of the target type.
fn bounded(mantissa: i128, from: &Form, to: &Form) -> Result<SqlValue, SqlMessage> {
    match &to.ty {
        SqlType::Decimal { precision, .. } if decimal::fits(mantissa, *precision) => {
            Ok(SqlValue::Decimal(mantissa))
        }
        SqlType::Money => i64::try_from(mantissa).map(SqlValue::Money).map_err(|_| overflow(from, to)),
        SqlType::SmallMoney => match i32::try_from(mantissa) {
            Ok(n) => Ok(SqlValue::Money(n.into())),
            Err(_) => Err(overflow(from, to)),
        },
        SqlType::Bit => Ok(SqlValue::Bit(mantissa != 0)),
        ty => match sql_type::range(ty) {
            Some((low, high)) if (i128::from(low)..=i128::from(high)).contains(&mantissa) => {
                Ok(SqlValue::Int(mantissa as i64))
            }
            Some(_) if matches!(ty, SqlType::TinyInt | SqlType::SmallInt) => {
                let name = sql_type::name(ty);
                let message = format!("Arithmetic overflow error for data type {name}, value = {mantissa}.");
                Err(SqlMessage::error(220, message))
            }
            _ => Err(overflow(from, to)),
        },
    }
}

fn from_text(text: &str, from: &Form, to: &Form) -> Result<SqlValue, SqlMessage> {
    let trimmed = text.trim_matches(' ');
    let name = sql_type::name(&from.ty);
    let not_a_number = || {
        let target = sql_type::spoken(&to.ty);
        SqlMessage {
            state: 5,
            ..SqlMessage::error(8114, format!("Error converting data type {name} to {target}."))
        }
    };
    match &to.ty {
        SqlType::Decimal { scale, .. } => {
            if trimmed.contains(['e', 'E']) {
                return Err(not_a_number());
            }
            let mantissa = decimal::parse(trimmed, *scale).ok_or_else(not_a_number)?;
            bounded(mantissa.ok_or_else(|| overflow(from, to))?, from, to)
        }
        SqlType::Real | SqlType::Float => {
            if trimmed.is_empty() {
                return float(0.0, from, to);
            }
            let allowed = |b: u8| b.is_ascii_digit() || b"+-.eE".contains(&b);
            match trimmed.parse::<f64>() {
                Ok(number) if trimmed.bytes().all(allowed) => float(number, from, to),
                _ => Err(not_a_number()),
            }
        }
        SqlType::Money | SqlType::SmallMoney => {
            let plain: String = trimmed.chars().filter(|c| !",$₩€£¥ ".contains(*c)).collect();
            let plain = if plain.is_empty() { "0" } else { &plain };
            match decimal::parse(plain, 4) {
                Some(Some(mantissa)) if !plain.contains(['e', 'E']) => bounded(mantissa, from, to),
                Some(_) => Err(overflow(from, to)),
                None => Err(SqlMessage::error(
                    235,
                    "Cannot convert a char value to money. The char value has incorrect syntax.",
                )),
            }
        }
        _ => {
            if to.ty == SqlType::Bit {
                match trimmed.to_ascii_lowercase().as_str() {
                    "true" => return Ok(SqlValue::Bit(true)),
                    "false" => return Ok(SqlValue::Bit(false)),
                    _ => {}
                }
            }
            let digits = trimmed.strip_prefix(['-', '+']).unwrap_or(trimmed);
            if trimmed.is_empty() {
                return bounded(0, from, to);
            }
            let target = sql_type::name(&to.ty);
            if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
                if to.ty == SqlType::BigInt {
                    return Err(not_a_number());
                }
                return Err(SqlMessage::error(
                    245,
                    format!(
                        "Conversion failed when converting the {name} value '{text}' to data type {target}."
                    ),
                ));
            }
            let whole = trimmed.trim_start_matches('+').parse::<i128>().unwrap_or(i128::MAX);
            bounded(whole, from, to).map_err(|_| match &to.ty {
                SqlType::TinyInt | SqlType::SmallInt => {
                    let column = if to.ty == SqlType::TinyInt { "INT1" } else { "INT2" };
                    SqlMessage::error(
                        244,
                        format!("The conversion of the {name} value '{text}' overflowed an {column} column. Use a larger integer column."),
                    )
                }
                SqlType::Int => SqlMessage::error(
                    248,
                    format!("The conversion of the {name} value '{text}' overflowed an int column."),
                ),
                _ => overflow(from, to),
            })
        }
    }
}

/// The last bytes count, as many as the number has.
fn from_bytes(bytes: &[u8], from: &Form, to: &Form) -> Result<SqlValue, SqlMessage> {
    let width = match &to.ty {
        SqlType::Bit => return Ok(SqlValue::Bit(bytes.iter().any(|&byte| byte != 0))),
        SqlType::TinyInt => 1,
        SqlType::SmallInt => 2,
        SqlType::Int | SqlType::SmallMoney => 4,
        SqlType::BigInt | SqlType::Money => 8,
        _ => return Err(not_allowed(from, to)),
    };
    let tail = &bytes[bytes.len().saturating_sub(width)..];
    let negative = tail.len() == width && to.ty != SqlType::TinyInt && tail[0] & 0x80 != 0;
    let start = if negative { -1i64 } else { 0 };
    let number = tail.iter().fold(start, |number, &byte| number << 8 | i64::from(byte));
    Ok(if sql_type::is_money(&to.ty) { SqlValue::Money(number) } else { SqlValue::Int(number) })
}
