//! To text.

use super::{not_allowed, overflow, temporal};
use crate::answer::{SqlMessage, SqlType, SqlValue};
use crate::database::calendar::{self, Shown};
use crate::database::form::{self, Form};
use crate::database::{code_page, decimal, float_text, guid, hierarchy, spatial, sql_type};

pub fn convert(value: SqlValue, from: &Form, to: &Form, style: i32) -> Result<SqlValue, SqlMessage> {
    let wide = sql_type::is_wide(&to.ty);
    let whole = match value {
        // Bytes of the same code page and UTF-16 units are copied, valid or not.
        SqlValue::Bytes(bytes) if !wide && from.code_page() == to.code_page() => SqlValue::Bytes(bytes),
        SqlValue::Wide(units) if wide => SqlValue::Wide(units),
        SqlValue::Bytes(_) | SqlValue::Wide(_) => of_text(&text_of(&value, from), to),
        SqlValue::Binary(bytes) if !matches!(from.ty, SqlType::Udt(_)) => match style {
            1 => of_text(&format!("0x{}", form::hex(&bytes)), to),
            2 => of_text(&form::hex(&bytes), to),
            _ if wide => SqlValue::Wide(form::wide_units(&bytes)),
            _ => SqlValue::Bytes(bytes),
        },
        other => {
            let text = written(&other, from, to, style)?;
            let long = sql_type::text_length(&to.ty).flatten().is_some_and(|n| text.len() > usize::from(n));
            if long && sql_type::is_number(&from.ty) {
                // A number that does not fit is an error, or in the oldest of cases a star.
                return match (sql_type::is_integer(&from.ty), wide) {
                    (true, false) => fit(SqlValue::Bytes(b"*".to_vec()), to).map(|(value, _)| value),
                    _ => Err(overflow(from, to)),
                };
            }
            if long && from.ty == SqlType::UniqueIdentifier {
                return Err(SqlMessage::error(
                    8170,
                    "Insufficient result space to convert uniqueidentifier value to char.",
                ));
            }
            of_text(&text, to)
        }
    };
    fit(whole, to).map(|(value, _)| value)
}

/// The text of a character value, with replacement characters for what is not text.
pub fn text_of(value: &SqlValue, from: &Form) -> String {
    match value {
        SqlValue::Bytes(bytes) => code_page::decode(bytes, from.code_page()).0,
        SqlValue::Wide(units) => String::from_utf16_lossy(units),
        _ => String::new(),
    }
}

/// A text in the encoding of a character type.
pub fn of_text(text: &str, to: &Form) -> SqlValue {
    if sql_type::is_wide(&to.ty) {
        SqlValue::Wide(text.encode_utf16().collect())
    } else {
        SqlValue::Bytes(code_page::encode_lossy(text, to.code_page()))
    }
}

/// A character or binary value cut and padded to its type's length. The flag says that more than spaces (or zeros, of
/// bytes) was cut off.
pub fn fit(value: SqlValue, to: &Form) -> Result<(SqlValue, bool), SqlMessage> {
    Ok(match (&to.ty, value) {
        (SqlType::Char(n, _), SqlValue::Bytes(mut bytes)) => {
            let lost = cut(&mut bytes, usize::from(*n), to.code_page());
            bytes.resize(usize::from(*n), b' ');
            (SqlValue::Bytes(bytes), lost)
        }
        (SqlType::VarChar(Some(n), _), SqlValue::Bytes(mut bytes)) => {
            let lost = cut(&mut bytes, usize::from(*n), to.code_page());
            (SqlValue::Bytes(bytes), lost)
        }
        (SqlType::NChar(n, _), SqlValue::Wide(mut units)) => {
            let lost = cut_units(&mut units, usize::from(*n));
            units.resize(usize::from(*n), 0x20);
            (SqlValue::Wide(units), lost)
        }
        (SqlType::NVarChar(Some(n), _), SqlValue::Wide(mut units)) => {
            let lost = cut_units(&mut units, usize::from(*n));
            (SqlValue::Wide(units), lost)
        }
        (SqlType::Binary(n), SqlValue::Binary(mut bytes)) => {
            let lost = bytes.iter().skip(usize::from(*n)).any(|&byte| byte != 0);
            bytes.resize(usize::from(*n), 0);
            (SqlValue::Binary(bytes), lost)
        }
        (SqlType::VarBinary(Some(n)), SqlValue::Binary(mut bytes)) => {
            let lost = bytes.len() > usize::from(*n);
            bytes.truncate(usize::from(*n));
            (SqlValue::Binary(bytes), lost)
        }
        (SqlType::Timestamp, SqlValue::Binary(mut bytes)) => {
            bytes.resize(8, 0);
            (SqlValue::Binary(bytes), false)
        }
        (_, other) => (other, false),
    })
}

fn cut(bytes: &mut Vec<u8>, limit: usize, page: u16) -> bool {
    let end = code_page::fitting(bytes, limit, page);
    let lost = bytes[end..].iter().any(|&byte| byte != b' ');
    bytes.truncate(end);
    lost
}

fn cut_units(units: &mut Vec<u16>, limit: usize) -> bool {
    let lost = units.iter().skip(limit).any(|&unit| unit != 0x20);
    units.truncate(limit);
    lost
}

/// A value that is neither text nor bytes, in SQL Server's notation.
fn written(value: &SqlValue, from: &Form, to: &Form, style: i32) -> Result<String, SqlMessage> {
    Ok(match (value, &from.ty) {
        (SqlValue::Bit(bit), _) => u8::from(*bit).to_string(),
        (SqlValue::Int(n), _) => n.to_string(),
        (SqlValue::Decimal(mantissa), SqlType::Decimal { scale, .. }) => decimal::format(*mantissa, *scale),
        (SqlValue::Money(n), _) => match style {
            2 | 126 => decimal::format((*n).into(), 4),
            _ => {
                let text = decimal::format(decimal::divide_rounded((*n).into(), 100), 2);
                if style == 1 { with_commas(&text) } else { text }
            }
        },
        (SqlValue::Real(n), _) => match style {
            0 => float_text::short((*n).into()),
            1 => float_text::scientific((*n).into(), 8),
            2 => float_text::scientific((*n).into(), 16),
            _ => float_text::scientific((*n).into(), 17),
        },
        (SqlValue::Float(n), _) => match style {
            0 => float_text::short(*n),
            1 => float_text::scientific(*n, 8),
            2 => float_text::scientific(*n, 16),
            _ => float_text::scientific(*n, 17),
        },
        (SqlValue::Guid(bytes), _) => guid::format(bytes),
        (SqlValue::Binary(bytes), SqlType::Udt(name)) if name == "hierarchyid" => hierarchy::format(bytes)?,
        (SqlValue::Binary(bytes), SqlType::Udt(name)) => spatial::format(bytes, name == "geography")?,
        (_, ty) if sql_type::is_temporal(ty) => temporal_text(value, ty, style).ok_or_else(|| {
            SqlMessage::error(
                281,
                format!(
                    "{style} is not a valid style number when converting from {} to a character string.",
                    sql_type::name(ty)
                ),
            )
        })?,
        _ => return Err(not_allowed(from, to)),
    })
}

fn temporal_text(value: &SqlValue, ty: &SqlType, style: i32) -> Option<String> {
    let shown = |date, digits, offset, old| Shown { date, digits, offset, old };
    let shown = match ty {
        SqlType::Date => shown(true, None, false, false),
        SqlType::Time(digits) => shown(false, Some(*digits), false, false),
        SqlType::SmallDateTime => shown(true, Some(3), false, true),
        SqlType::DateTime => shown(true, Some(3), false, true),
        SqlType::DateTime2(digits) => shown(true, Some(*digits), false, false),
        SqlType::DateTimeOffset(digits) => shown(true, Some(*digits), true, false),
        _ => return None,
    };
    let mut moment = temporal::moment(value)?;
    if let SqlValue::DateTime(_, ticks) = value {
        // A tick is shown in milliseconds ending in 0, 3 or 7.
        moment.time = (u64::from(*ticks) * 10 + 1) / 3 * 10_000;
    }
    if style == 127 && shown.offset {
        moment = moment.shifted(-i64::from(moment.offset))?;
    }
    calendar::format(moment, style, shown)
}

fn with_commas(text: &str) -> String {
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |digits| ("-", digits));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let mut grouped = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("{sign}{grouped}.{fraction}")
}
