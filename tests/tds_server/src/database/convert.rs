//! CAST and CONVERT: a value of one type as a value of another, with SQL Server's rounding, limits and errors.

mod binary;
mod character;
mod number;
mod temporal;

pub use character::{fit, of_text, text_of};
pub use number::exact;
pub use temporal::{moment, of_moment};

use super::form::Form;
use super::{guid, hierarchy, spatial, sql_type};
use crate::answer::{SqlMessage, SqlType, SqlValue};

/// The value as one of type `to`. Text that is too long is cut, as CAST does; see [`fit`] for INSERT.
pub fn convert(value: SqlValue, from: &Form, to: &Form, style: i32) -> Result<SqlValue, SqlMessage> {
    if value == SqlValue::Null || from.ty == to.ty {
        return Ok(value);
    }
    if let SqlValue::Variant(inner) = value {
        let (ty, value) = *inner;
        return convert(value, &Form::new(ty), to, style);
    }
    match &to.ty {
        SqlType::SqlVariant => variant(value, from),
        SqlType::Bit
        | SqlType::TinyInt
        | SqlType::SmallInt
        | SqlType::Int
        | SqlType::BigInt
        | SqlType::Decimal { .. }
        | SqlType::Money
        | SqlType::SmallMoney
        | SqlType::Real
        | SqlType::Float => number::convert(value, from, to),
        ty if sql_type::is_temporal(ty) => temporal::convert(value, from, to, style),
        ty if sql_type::is_text(ty) || *ty == SqlType::Xml => character::convert(value, from, to, style),
        ty if sql_type::is_binary(ty) => binary::convert(value, from, to, style),
        SqlType::UniqueIdentifier => match &value {
            SqlValue::Binary(bytes) => {
                let mut storage = bytes.clone();
                storage.resize(16, 0);
                Ok(SqlValue::Guid(guid::from_storage(&storage)))
            }
            SqlValue::Bytes(_) | SqlValue::Wide(_) => {
                let bytes = guid::parse(&text_of(&value, from)).ok_or_else(|| {
                    SqlMessage::error(
                        8169,
                        "Conversion failed when converting from a character string to uniqueidentifier.",
                    )
                })?;
                Ok(SqlValue::Guid(bytes))
            }
            _ => Err(not_allowed(from, to)),
        },
        SqlType::Udt(name) => match &value {
            SqlValue::Binary(_) => Ok(value),
            SqlValue::Bytes(_) | SqlValue::Wide(_) => {
                let text = text_of(&value, from);
                match name.as_str() {
                    "hierarchyid" => hierarchy::parse(&text),
                    // A geography that comes from a text is on the earth as GPS sees it.
                    "geography" => spatial::parse(&text, 4326, true),
                    _ => spatial::parse(&text, 0, false),
                }
                .map(SqlValue::Binary)
            }
            _ => Err(not_allowed(from, to)),
        },
        _ => Err(not_allowed(from, to)),
    }
}

fn variant(value: SqlValue, from: &Form) -> Result<SqlValue, SqlMessage> {
    let unfit = matches!(
        from.ty,
        SqlType::Text(_)
            | SqlType::NText(_)
            | SqlType::Image
            | SqlType::Xml
            | SqlType::Timestamp
            | SqlType::Udt(_)
            | SqlType::VarChar(None, _)
            | SqlType::NVarChar(None, _)
            | SqlType::VarBinary(None)
    );
    if unfit {
        let name = sql_type::declare(&from.ty);
        let message = format!("Operand type clash: {name} is incompatible with sql_variant");
        return Err(SqlMessage { number: 206, state: 2, class: 16, message });
    }
    Ok(SqlValue::Variant(Box::new((from.ty.clone(), value))))
}

/// Error 529.
fn not_allowed(from: &Form, to: &Form) -> SqlMessage {
    SqlMessage {
        number: 529,
        state: 2,
        class: 16,
        message: format!(
            "Explicit conversion from data type {} to {} is not allowed.",
            sql_type::name(&from.ty),
            sql_type::name(&to.ty)
        ),
    }
}

/// Error 8115.
fn overflow(from: &Form, to: &Form) -> SqlMessage {
    let from = if sql_type::is_float(&from.ty) || matches!(to.ty, SqlType::Int | SqlType::BigInt) {
        "expression"
    } else {
        sql_type::spoken(&from.ty)
    };
    let message =
        format!("Arithmetic overflow error converting {from} to data type {}.", sql_type::spoken(&to.ty));
    SqlMessage { number: 8115, state: 2, class: 16, message }
}

#[cfg(test)]
mod tests;
