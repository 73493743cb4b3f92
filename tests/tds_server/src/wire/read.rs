//! Types and values as a client sends them, in the parameters of a procedure.

use std::io;

use super::{
    type_info::{UNLIMITED, code},
    value::swap_guid,
};
use crate::{
    answer::{SqlType, SqlValue},
    collation,
    packet::invalid,
};

/// Reads a message from front to back; running out of bytes is an error.
#[derive(Debug, Clone)]
pub(crate) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What is left.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.0
    }

    pub(crate) fn peek(&self) -> Option<u8> {
        self.0.first().copied()
    }

    pub(crate) fn take(&mut self, count: usize) -> io::Result<&'a [u8]> {
        let (now, later) = self.0.split_at_checked(count).ok_or_else(|| invalid("message ends too early"))?;
        self.0 = later;
        Ok(now)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let (now, later) = self.0.split_first_chunk().ok_or_else(|| invalid("message ends too early"))?;
        self.0 = later;
        Ok(*now)
    }

    pub(crate) fn u8(&mut self) -> io::Result<u8> {
        Ok(u8::from_le_bytes(self.array()?))
    }

    pub(crate) fn u16(&mut self) -> io::Result<u16> {
        Ok(u16::from_le_bytes(self.array()?))
    }

    pub(crate) fn u32(&mut self) -> io::Result<u32> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    fn u64(&mut self) -> io::Result<u64> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    /// So many UTF-16 code units as text; half a surrogate pair becomes U+FFFD.
    pub(crate) fn text(&mut self, units: usize) -> io::Result<String> {
        Ok(String::from_utf16_lossy(&units_of(self.take(units * 2)?)?))
    }
}

/// The code units of UTF-16, least byte first.
pub(crate) fn units_of(bytes: &[u8]) -> io::Result<Vec<u16>> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    if rest.is_empty() {
        Ok(pairs.iter().map(|pair| u16::from_le_bytes(*pair)).collect())
    } else {
        Err(invalid("odd number of bytes in UTF-16"))
    }
}

/// How the value after a type is delimited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Length {
    /// Always so many bytes.
    Fixed(usize),
    /// One byte before the value, 0 for NULL.
    Byte,
    /// Two bytes, 0xFFFF for NULL.
    Short,
    /// Four bytes, 0xFFFFFFFF for NULL.
    Long,
    /// Four bytes, 0 for NULL.
    Variant,
    /// Chunks.
    Chunks,
}

/// A type and its value.
pub(crate) fn typed_value(reader: &mut Reader<'_>) -> io::Result<(SqlType, SqlValue)> {
    let (ty, length) = type_info(reader)?;
    let bytes = match length {
        Length::Fixed(0) => None,
        Length::Fixed(count) => Some(reader.take(count)?.to_vec()),
        Length::Byte => match reader.u8()? {
            0 => None,
            count => Some(reader.take(usize::from(count))?.to_vec()),
        },
        Length::Short => match reader.u16()? {
            0xFFFF => None,
            count => Some(reader.take(usize::from(count))?.to_vec()),
        },
        Length::Long => match reader.u32()? {
            u32::MAX => None,
            count => Some(reader.take(count as usize)?.to_vec()),
        },
        Length::Variant => match reader.u32()? {
            0 => None,
            count => return Ok((SqlType::SqlVariant, variant(reader.take(count as usize)?)?)),
        },
        Length::Chunks => chunks(reader)?,
    };
    let value = bytes.map_or(Ok(SqlValue::Null), |bytes| value(&ty, &bytes))?;
    Ok((ty, value))
}

fn type_info(reader: &mut Reader<'_>) -> io::Result<(SqlType, Length)> {
    use Length::{Byte, Chunks, Fixed, Long, Short};
    let code = reader.u8()?;
    Ok(match code {
        code::NULL => (SqlType::Int, Fixed(0)),
        code::BIT => (SqlType::Bit, Fixed(1)),
        code::TINYINT => (SqlType::TinyInt, Fixed(1)),
        code::SMALLINT => (SqlType::SmallInt, Fixed(2)),
        code::INT => (SqlType::Int, Fixed(4)),
        code::BIGINT => (SqlType::BigInt, Fixed(8)),
        code::REAL => (SqlType::Real, Fixed(4)),
        code::FLOAT => (SqlType::Float, Fixed(8)),
        code::SMALLMONEY => (SqlType::SmallMoney, Fixed(4)),
        code::MONEY => (SqlType::Money, Fixed(8)),
        code::SMALLDATETIME => (SqlType::SmallDateTime, Fixed(4)),
        code::DATETIME => (SqlType::DateTime, Fixed(8)),
        code::DATE => (SqlType::Date, Byte),
        code::INT_N | code::BIT_N | code::FLOAT_N | code::MONEY_N | code::DATETIME_N | code::GUID => {
            (sized(code, reader.u8()?)?, Byte)
        }
        code::DECIMAL_N | code::NUMERIC_N | code::OLD_DECIMAL | code::OLD_NUMERIC => {
            let [_, precision, scale] = reader.array()?;
            if !(1..=38).contains(&precision) || scale > precision {
                return Err(invalid(format!("decimal({precision},{scale})")));
            }
            (SqlType::Decimal { precision, scale }, Byte)
        }
        code::TIME => (SqlType::Time(digits(reader)?), Byte),
        code::DATETIME2 => (SqlType::DateTime2(digits(reader)?), Byte),
        code::DATETIMEOFFSET => (SqlType::DateTimeOffset(digits(reader)?), Byte),
        code::OLD_CHAR | code::OLD_VARCHAR => {
            let length = u16::from(reader.u8()?).max(1);
            (SqlType::VarChar(Some(length), collation::DEFAULT.to_owned()), Byte)
        }
        code::OLD_BINARY | code::OLD_VARBINARY => {
            (SqlType::VarBinary(Some(u16::from(reader.u8()?).max(1))), Byte)
        }
        code::CHAR | code::VARCHAR | code::NCHAR | code::NVARCHAR | code::BINARY | code::VARBINARY => {
            let length = reader.u16()?;
            let ty = limited(code, length, reader)?;
            (ty, if length == UNLIMITED { Chunks } else { Short })
        }
        code::TEXT => {
            reader.u32()?;
            (SqlType::Text(collation_name(reader)?), Long)
        }
        code::NTEXT => {
            reader.u32()?;
            (SqlType::NText(collation_name(reader)?), Long)
        }
        code::IMAGE => {
            reader.u32()?;
            (SqlType::Image, Long)
        }
        code::VARIANT => {
            reader.u32()?;
            (SqlType::SqlVariant, Length::Variant)
        }
        code::XML => {
            if reader.u8()? != 0 {
                for _ in 0..2 {
                    let units = usize::from(reader.u8()?);
                    reader.take(units * 2)?;
                }
                let units = usize::from(reader.u16()?);
                reader.take(units * 2)?;
            }
            (SqlType::Xml, Chunks)
        }
        code::UDT => {
            let mut name = String::new();
            for _ in 0..3 {
                let units = usize::from(reader.u8()?);
                name = reader.text(units)?;
            }
            (SqlType::Udt(name), Chunks)
        }
        other => return Err(invalid(format!("parameter of type {other:#04x}"))),
    })
}

fn sized(code: u8, length: u8) -> io::Result<SqlType> {
    Ok(match (code, length) {
        (code::BIT_N, 1) => SqlType::Bit,
        (code::INT_N, 1) => SqlType::TinyInt,
        (code::INT_N, 2) => SqlType::SmallInt,
        (code::INT_N, 4) => SqlType::Int,
        (code::INT_N, 8) => SqlType::BigInt,
        (code::FLOAT_N, 4) => SqlType::Real,
        (code::FLOAT_N, 8) => SqlType::Float,
        (code::MONEY_N, 4) => SqlType::SmallMoney,
        (code::MONEY_N, 8) => SqlType::Money,
        (code::DATETIME_N, 4) => SqlType::SmallDateTime,
        (code::DATETIME_N, 8) => SqlType::DateTime,
        (code::GUID, 16) => SqlType::UniqueIdentifier,
        _ => return Err(invalid(format!("type {code:#04x} of {length} bytes"))),
    })
}

fn digits(reader: &mut Reader<'_>) -> io::Result<u8> {
    match reader.u8()? {
        digits @ 0..=7 => Ok(digits),
        digits => Err(invalid(format!("{digits} digits of a second"))),
    }
}

fn limited(code: u8, length: u16, reader: &mut Reader<'_>) -> io::Result<SqlType> {
    let limit = (length != UNLIMITED).then_some(length.max(1));
    let characters = (length != UNLIMITED).then_some((length / 2).max(1));
    Ok(match code {
        code::BINARY => SqlType::Binary(length),
        code::VARBINARY => SqlType::VarBinary(limit),
        code::CHAR => SqlType::Char(length, collation_name(reader)?),
        code::VARCHAR => SqlType::VarChar(limit, collation_name(reader)?),
        code::NCHAR => SqlType::NChar(length / 2, collation_name(reader)?),
        _ => SqlType::NVarChar(characters, collation_name(reader)?),
    })
}

/// A collation that is not in the table is the usual one: a client sends what the server told it at login.
fn collation_name(reader: &mut Reader<'_>) -> io::Result<String> {
    let found = collation::find_bytes(reader.array()?);
    Ok(found.map_or(collation::DEFAULT, |collation| collation.name).to_owned())
}

fn chunks(reader: &mut Reader<'_>) -> io::Result<Option<Vec<u8>>> {
    if reader.u64()? == u64::MAX {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    loop {
        match reader.u32()? {
            0 => return Ok(Some(bytes)),
            count => bytes.extend_from_slice(reader.take(count as usize)?),
        }
    }
}

/// The value from all its bytes.
fn value(ty: &SqlType, bytes: &[u8]) -> io::Result<SqlValue> {
    let mut reader = Reader::new(bytes);
    let value = match ty {
        SqlType::Bit => SqlValue::Bit(reader.u8()? != 0),
        SqlType::TinyInt => SqlValue::Int(reader.u8()?.into()),
        SqlType::SmallInt => SqlValue::Int(i16::from_le_bytes(reader.array()?).into()),
        SqlType::Int => SqlValue::Int(i32::from_le_bytes(reader.array()?).into()),
        SqlType::BigInt => SqlValue::Int(i64::from_le_bytes(reader.array()?)),
        SqlType::Decimal { .. } => decimal(&mut reader)?,
        SqlType::SmallMoney => SqlValue::Money(i32::from_le_bytes(reader.array()?).into()),
        SqlType::Money => {
            let high = i32::from_le_bytes(reader.array()?);
            SqlValue::Money(i64::from(high) << 32 | i64::from(reader.u32()?))
        }
        SqlType::Real => SqlValue::Real(f32::from_le_bytes(reader.array()?)),
        SqlType::Float => SqlValue::Float(f64::from_le_bytes(reader.array()?)),
        SqlType::Date => SqlValue::Date(day(&mut reader)?),
        SqlType::Time(digits) => SqlValue::Time(time(&mut reader, *digits, bytes.len())?),
        SqlType::SmallDateTime => SqlValue::SmallDateTime(reader.u16()?, reader.u16()?),
        SqlType::DateTime => SqlValue::DateTime(i32::from_le_bytes(reader.array()?), reader.u32()?),
        SqlType::DateTime2(digits) => {
            let time = time(&mut reader, *digits, bytes.len().saturating_sub(3))?;
            SqlValue::DateTime2(day(&mut reader)?, time)
        }
        SqlType::DateTimeOffset(digits) => {
            let time = time(&mut reader, *digits, bytes.len().saturating_sub(5))?;
            SqlValue::DateTimeOffset(day(&mut reader)?, time, i16::from_le_bytes(reader.array()?))
        }
        SqlType::UniqueIdentifier => SqlValue::Guid(swap_guid(reader.array()?)),
        SqlType::Char(..) | SqlType::VarChar(..) | SqlType::Text(_) => SqlValue::Bytes(bytes.to_vec()),
        SqlType::NChar(..) | SqlType::NVarChar(..) | SqlType::NText(_) | SqlType::Xml => {
            SqlValue::Wide(units_of(bytes)?)
        }
        _ => SqlValue::Binary(bytes.to_vec()),
    };
    let whole = matches!(value, SqlValue::Bytes(_) | SqlValue::Wide(_) | SqlValue::Binary(_));
    if whole || reader.is_empty() { Ok(value) } else { Err(invalid("value longer than its type")) }
}

fn decimal(reader: &mut Reader<'_>) -> io::Result<SqlValue> {
    let positive = reader.u8()? != 0;
    let digits = reader.take(reader.rest().len())?;
    let mut bytes = [0; 16];
    bytes
        .get_mut(..digits.len())
        .ok_or_else(|| invalid("decimal of too many bytes"))?
        .copy_from_slice(digits);
    let mantissa = i128::try_from(u128::from_le_bytes(bytes)).map_err(|_| invalid("decimal out of range"))?;
    Ok(SqlValue::Decimal(if positive { mantissa } else { -mantissa }))
}

fn day(reader: &mut Reader<'_>) -> io::Result<u32> {
    let [low, middle, high] = reader.array()?;
    let day = u32::from_le_bytes([low, middle, high, 0]);
    if day <= LAST_DAY { Ok(day) } else { Err(invalid("date out of range")) }
}

/// 9999-12-31.
const LAST_DAY: u32 = 3_652_058;

fn time(reader: &mut Reader<'_>, digits: u8, length: usize) -> io::Result<u64> {
    let mut bytes = [0; 8];
    let taken = reader.take(length)?;
    bytes.get_mut(..taken.len()).ok_or_else(|| invalid("time of too many bytes"))?.copy_from_slice(taken);
    u64::from_le_bytes(bytes)
        .checked_mul(10_u64.pow(7 - u32::from(digits)))
        .filter(|time| *time < 24 * 60 * 60 * 10_000_000)
        .ok_or_else(|| invalid("time of day out of range"))
}

fn variant(bytes: &[u8]) -> io::Result<SqlValue> {
    let mut reader = Reader::new(bytes);
    let [code, properties] = reader.array()?;
    let mut properties = Reader::new(reader.take(usize::from(properties))?);
    let ty = match code {
        code::DECIMAL_N | code::NUMERIC_N => {
            let [precision, scale] = properties.array()?;
            SqlType::Decimal { precision, scale }
        }
        code::TIME => SqlType::Time(digits(&mut properties)?),
        code::DATETIME2 => SqlType::DateTime2(digits(&mut properties)?),
        code::DATETIMEOFFSET => SqlType::DateTimeOffset(digits(&mut properties)?),
        code::GUID => SqlType::UniqueIdentifier,
        code::BINARY | code::VARBINARY => limited(code, properties.u16()?, &mut properties)?,
        code::CHAR | code::VARCHAR | code::NCHAR | code::NVARCHAR => {
            // Here the collation comes before the length.
            let mut collation = Reader::new(properties.take(5)?);
            limited(code, properties.u16()?, &mut collation)?
        }
        _ => type_info(&mut Reader::new(&[code]))?.0,
    };
    let value = value(&ty, reader.rest())?;
    Ok(SqlValue::Variant(Box::new((ty, value))))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        every_type,
        options::Chunks,
        wire::{type_info, type_info::Form, value},
    };

    /// As a server writes it; old types without what only a row has.
    fn written(ty: &SqlType, content: &SqlValue) -> Vec<u8> {
        let (mut bytes, mut row) = (Vec::new(), Vec::new());
        type_info::put(&mut bytes, ty, true);
        if let SqlType::Udt(_) = ty {
            // A client does not send the size, nor the assembly.
            bytes.clear();
            bytes.push(code::UDT);
            for name in ["master", "sys"] {
                crate::wire::put_short_text(&mut bytes, name);
            }
            let SqlType::Udt(name) = ty else { unreachable!() };
            crate::wire::put_short_text(&mut bytes, name);
        }
        value::put(&mut row, Form::of(ty), true, content, Chunks { size: 7, known_length: false });
        if matches!(Form::of(ty), Form::OldBytes | Form::OldWide) {
            row = if *content == SqlValue::Null { vec![0xFF; 4] } else { row.split_off(25) };
        }
        bytes.extend(row);
        bytes
    }

    #[test]
    fn every_type_there_and_back() {
        let (columns, rows) = every_type::table();
        for (n, column) in columns.iter().enumerate() {
            for row in &rows {
                let bytes = written(&column.ty, &row[n]);
                let mut reader = Reader::new(&bytes);
                let (ty, read) = typed_value(&mut reader).unwrap();
                assert!(reader.is_empty(), "{}", column.name);
                // On the wire a rowversion is a binary(8).
                let expected = if column.ty == SqlType::Timestamp { &SqlType::Binary(8) } else { &column.ty };
                assert_eq!((&ty, &read), (expected, &row[n]), "{}", column.name);
            }
        }
    }

    proptest! {
        #[test]
        fn garbage_is_no_panic(code in any::<u8>(), rest in prop::collection::vec(any::<u8>(), 0..60)) {
            let bytes = [&[code], rest.as_slice()].concat();
            let _: io::Result<(SqlType, SqlValue)> = typed_value(&mut Reader::new(&bytes));
        }
    }
}
