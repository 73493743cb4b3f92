//! Values of SQLite files that other programs wrote: numbers as REAL, dates as text, and so on.

use rusqlite::types::ValueRef;

use super::form::Form;
use super::{calendar, convert, decimal, guid, sql_type};
use crate::answer::{SqlMessage, SqlType, SqlValue};

/// A value as the declared type of its column understands it.
pub fn read(stored: ValueRef<'_>, form: &Form) -> Result<SqlValue, SqlMessage> {
    let value = match (&form.ty, stored) {
        (_, ValueRef::Null) => Some(SqlValue::Null),
        (SqlType::Bit, ValueRef::Integer(n)) => Some(SqlValue::Bit(n != 0)),
        (ty, ValueRef::Integer(n))
            if sql_type::range(ty).is_some_and(|(low, high)| (low..=high).contains(&n)) =>
        {
            Some(SqlValue::Int(n))
        }
        (SqlType::Float, ValueRef::Real(n)) => Some(SqlValue::Float(n)),
        (SqlType::Float, ValueRef::Integer(n)) => Some(SqlValue::Float(n as f64)),
        (SqlType::Real, ValueRef::Real(n)) => Some(SqlValue::Real(n as f32)),
        (SqlType::Real, ValueRef::Integer(n)) => Some(SqlValue::Real(n as f32)),
        (SqlType::Decimal { .. } | SqlType::Money | SqlType::SmallMoney, _) => exact(stored, form),
        (ty, ValueRef::Text(_) | ValueRef::Blob(_)) if sql_type::is_text(ty) || *ty == SqlType::Xml => {
            Some(convert::fit(form.decode(stored)?, form)?.0)
        }
        (ty, ValueRef::Integer(n)) if sql_type::is_text(ty) => Some(convert::of_text(&n.to_string(), form)),
        (ty, ValueRef::Real(n)) if sql_type::is_text(ty) => Some(convert::of_text(&n.to_string(), form)),
        (ty, ValueRef::Text(bytes)) if sql_type::is_temporal(ty) => {
            std::str::from_utf8(bytes).ok().and_then(|text| calendar::parse(text, false)).and_then(|moment| {
                // A text without a time is no time.
                convert::of_moment(moment, ty)
            })
        }
        (SqlType::UniqueIdentifier, ValueRef::Text(bytes)) => {
            std::str::from_utf8(bytes).ok().and_then(guid::parse).map(SqlValue::Guid)
        }
        (SqlType::UniqueIdentifier, ValueRef::Blob(bytes)) => {
            <[u8; 16]>::try_from(bytes).ok().map(SqlValue::Guid)
        }
        (ty, ValueRef::Blob(bytes) | ValueRef::Text(bytes)) if sql_type::is_binary(ty) => {
            Some(convert::fit(SqlValue::Binary(bytes.to_vec()), form)?.0)
        }
        _ => None,
    };
    value.ok_or_else(|| {
        let name = sql_type::declare(&form.ty);
        SqlMessage::error(
            245,
            format!("Conversion failed when converting the {} value to data type {name}.", shown(stored)),
        )
    })
}

/// A decimal from a number: of a REAL the shortest notation of the double, which is what was meant.
fn exact(stored: ValueRef<'_>, form: &Form) -> Option<SqlValue> {
    let (precision, scale) = sql_type::exact_digits(&form.ty)?;
    let mantissa = match stored {
        ValueRef::Integer(n) => decimal::rescale(n.into(), 0, scale)?,
        ValueRef::Real(n) => decimal::parse(&format!("{n:e}"), scale)??,
        ValueRef::Text(text) => decimal::parse(std::str::from_utf8(text).ok()?.trim(), scale)??,
        _ => return None,
    };
    match &form.ty {
        SqlType::Decimal { .. } => decimal::fits(mantissa, precision).then_some(SqlValue::Decimal(mantissa)),
        SqlType::SmallMoney => i32::try_from(mantissa).ok().map(|n| SqlValue::Money(n.into())),
        _ => i64::try_from(mantissa).ok().map(SqlValue::Money),
    }
}

fn shown(stored: ValueRef<'_>) -> String {
    match stored {
        ValueRef::Null => "NULL".to_owned(),
        ValueRef::Integer(n) => format!("integer '{n}'"),
        ValueRef::Real(n) => format!("real '{n}'"),
        ValueRef::Text(text) => format!("text '{}'", String::from_utf8_lossy(text)),
        ValueRef::Blob(_) => "blob".to_owned(),
    }
}

/// Whether a value can be used as it lies there, without [`read`].
pub fn is_native(ty: &SqlType) -> bool {
    matches!(ty, SqlType::TinyInt | SqlType::SmallInt | SqlType::Int | SqlType::BigInt)
        || matches!(ty, SqlType::VarChar(..) | SqlType::NVarChar(..) | SqlType::Text(_) | SqlType::NText(_))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_a_foreign_file() {
        let form = |text: &str| Form::new(sql_type::parse(text, "Korean_Wansung_CI_AS").unwrap());
        for (ty, stored, expected) in [
            ("decimal(18,4)", ValueRef::Real(99_999_999_999.999_9), SqlValue::Decimal(999_999_999_999_999)),
            ("decimal(18,4)", ValueRef::Integer(-7), SqlValue::Decimal(-70_000)),
            (
                "decimal(38,38)",
                ValueRef::Text(b"-0.00000000000000000000000000000000000001"),
                SqlValue::Decimal(-1),
            ),
            ("money", ValueRef::Real(0.1001), SqlValue::Money(1001)),
            ("bit", ValueRef::Integer(1), SqlValue::Bit(true)),
            ("float", ValueRef::Integer(3), SqlValue::Float(3.0)),
            ("date", ValueRef::Text(b"0001-01-01"), SqlValue::Date(0)),
            ("time(0)", ValueRef::Text(b"23:59:59"), SqlValue::Time(863_990_000_000)),
            ("datetime", ValueRef::Text(b"1900-01-01 00:00:00.003"), SqlValue::DateTime(0, 1)),
            ("smalldatetime", ValueRef::Text(b"1900-01-02 00:01:00"), SqlValue::SmallDateTime(1, 1)),
            (
                "datetimeoffset(3)",
                ValueRef::Text(b"0001-01-02 09:00:00.500 +09:00"),
                SqlValue::DateTimeOffset(1, 5_000_000, 540),
            ),
            ("char(3)", ValueRef::Text(b"a"), SqlValue::Bytes(b"a  ".to_vec())),
            ("varbinary(4)", ValueRef::Blob(&[0, 1]), SqlValue::Binary(vec![0, 1])),
            ("int", ValueRef::Null, SqlValue::Null),
        ] {
            assert_eq!(read(stored, &form(ty)), Ok(expected), "{ty}");
        }
        for (ty, stored) in [
            ("tinyint", ValueRef::Integer(256)),
            ("int", ValueRef::Text(b"x")),
            ("date", ValueRef::Text(b"soon")),
            ("decimal(3,1)", ValueRef::Real(100.0)),
        ] {
            assert_eq!(read(stored, &form(ty)).unwrap_err().number, 245, "{ty}");
        }
    }
}
