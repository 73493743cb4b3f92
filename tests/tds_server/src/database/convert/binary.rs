//! To bytes.

use super::{character, not_allowed};
use crate::answer::{SqlMessage, SqlType, SqlValue};
use crate::database::form::{self, Form};
use crate::database::{guid, sql_type};

pub fn convert(value: SqlValue, from: &Form, to: &Form, style: i32) -> Result<SqlValue, SqlMessage> {
    let number = matches!(
        value,
        SqlValue::Bit(_) | SqlValue::Int(_) | SqlValue::Money(_) | SqlValue::Real(_) | SqlValue::Float(_)
    );
    let mut bytes = match value {
        SqlValue::Binary(bytes) => bytes,
        SqlValue::Bytes(_) | SqlValue::Wide(_) if matches!(style, 1 | 2) => {
            from_hex(&character::text_of(&value, from), style)?
        }
        SqlValue::Bytes(bytes) => bytes,
        SqlValue::Wide(units) => form::wide_bytes(&units),
        SqlValue::Guid(guid) => guid::to_storage(&guid).to_vec(),
        SqlValue::Bit(bit) => vec![bit.into()],
        SqlValue::Int(n) => {
            let all = n.to_be_bytes();
            match from.ty {
                SqlType::TinyInt => all[7..].to_vec(),
                SqlType::SmallInt => all[6..].to_vec(),
                SqlType::Int => all[4..].to_vec(),
                _ => all.to_vec(),
            }
        }
        SqlValue::Money(n) if from.ty == SqlType::SmallMoney => (n as i32).to_be_bytes().to_vec(),
        SqlValue::Money(n) => n.to_be_bytes().to_vec(),
        SqlValue::Real(n) => n.to_be_bytes().to_vec(),
        SqlValue::Float(n) => n.to_be_bytes().to_vec(),
        SqlValue::Decimal(mantissa) => {
            let SqlType::Decimal { precision, scale } = from.ty else { return Err(not_allowed(from, to)) };
            let width = match precision {
                ..=9 => 4,
                10..=19 => 8,
                20..=28 => 12,
                _ => 16,
            };
            let mut bytes = vec![precision, scale, 0, u8::from(mantissa >= 0)];
            bytes.extend(&mantissa.unsigned_abs().to_le_bytes()[..width]);
            bytes
        }
        SqlValue::DateTime(days, ticks) => [days.to_be_bytes(), ticks.to_be_bytes()].concat(),
        SqlValue::SmallDateTime(days, minutes) => [days.to_be_bytes(), minutes.to_be_bytes()].concat(),
        SqlValue::Date(days) => days.to_le_bytes()[..3].to_vec(),
        SqlValue::Time(time) => time_bytes(time, &from.ty),
        SqlValue::DateTime2(days, time) => {
            let mut bytes = time_bytes(time, &from.ty);
            bytes.extend(&days.to_le_bytes()[..3]);
            bytes
        }
        SqlValue::DateTimeOffset(days, time, offset) => {
            let mut bytes = time_bytes(time, &from.ty);
            bytes.extend(&days.to_le_bytes()[..3]);
            bytes.extend(offset.to_le_bytes());
            bytes
        }
        SqlValue::Null | SqlValue::Variant(_) => return Err(not_allowed(from, to)),
    };
    if number {
        // Numbers keep their last bytes.
        let length = match &to.ty {
            SqlType::Binary(n) => usize::from(*n),
            SqlType::VarBinary(Some(n)) => usize::from(*n).min(bytes.len()),
            SqlType::Timestamp => 8,
            _ => bytes.len(),
        };
        if length <= bytes.len() {
            bytes.drain(..bytes.len() - length);
        } else {
            let filler = vec![0; length - bytes.len()];
            bytes.splice(0..0, filler);
        }
    }
    character::fit(SqlValue::Binary(bytes), to).map(|(value, _)| value)
}

/// The number of digits, then the count of that unit since midnight.
fn time_bytes(time: u64, ty: &SqlType) -> Vec<u8> {
    let digits = match ty {
        SqlType::Time(digits) | SqlType::DateTime2(digits) | SqlType::DateTimeOffset(digits) => *digits,
        _ => 7,
    };
    let width = (sql_type::catalogue(&SqlType::Time(digits))).max_length as usize;
    let mut bytes = vec![digits];
    bytes.extend(&(time / 10u64.pow(7 - u32::from(digits))).to_le_bytes()[..width]);
    bytes
}

fn from_hex(text: &str, style: i32) -> Result<Vec<u8>, SqlMessage> {
    let unreadable = || SqlMessage::error(8114, "Error converting data type varchar to varbinary.");
    let digits = match style {
        1 => text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).ok_or_else(unreadable)?,
        _ => text,
    };
    if digits.len() % 2 != 0 || !digits.is_ascii() {
        return Err(unreadable());
    }
    (0..digits.len() / 2)
        .map(|at| u8::from_str_radix(&digits[at * 2..at * 2 + 2], 16).map_err(|_| unreadable()))
        .collect()
}
