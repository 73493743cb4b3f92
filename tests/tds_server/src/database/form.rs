//! How values lie in SQLite: in forms that SQLite itself compares and sorts as SQL Server does.
//!
//! | type | SQLite |
//! |---|---|
//! | bit, integers | INTEGER |
//! | money, decimal up to 18 digits | INTEGER, the mantissa |
//! | decimal above | BLOB of 16 bytes, the mantissa with its sign bit turned, most significant byte first |
//! | real, float | REAL |
//! | dates and times | INTEGER, counted in the type's finest unit |
//! | datetimeoffset | BLOB of 10 bytes: the instant, then the offset |
//! | uniqueidentifier | BLOB of 16 bytes, the most significant first |
//! | text | TEXT, or BLOB where the bytes are no valid text in their code page or in UTF-16 |
//! | binary, hierarchyid, spatial | BLOB |
//! | sql_variant | BLOB: the type's name, then the value |

use rusqlite::types::{Value, ValueRef};

use super::calendar::DAY;
use super::{code_page, sql_type};
use crate::answer::{SqlMessage, SqlType, SqlValue};
use crate::collation::{self, Collation};

/// Ticks of a datetime in a day.
const TICKS: i64 = 25_920_000;
const MINUTES: i64 = 1440;
/// Decimals of so many digits fit into 64 bits.
const SHORT_DECIMAL: u8 = 18;
/// The bytes of a uniqueidentifier's text form in the order in which SQL Server compares them.
const GUID_ORDER: [usize; 16] = [10, 11, 12, 13, 14, 15, 8, 9, 7, 6, 5, 4, 3, 2, 1, 0];

/// A type, with what it takes to read and write its values quickly.
#[derive(Debug, Clone, PartialEq)]
pub struct Form {
    pub ty: SqlType,
    /// Of a character type.
    pub collation: Option<&'static Collation>,
}

impl Form {
    pub fn new(ty: SqlType) -> Self {
        let collation = sql_type::collation(&ty).map(find_collation);
        Self { ty, collation }
    }

    pub fn code_page(&self) -> u16 {
        self.collation.map_or(1252, |collation| collation.code_page)
    }

    /// A value of this type as it lies in SQLite.
    pub fn decode(&self, stored: ValueRef<'_>) -> Result<SqlValue, SqlMessage> {
        let value = match (&self.ty, stored) {
            (_, ValueRef::Null) => SqlValue::Null,
            (SqlType::Bit, ValueRef::Integer(n)) => SqlValue::Bit(n != 0),
            (SqlType::TinyInt | SqlType::SmallInt | SqlType::Int | SqlType::BigInt, ValueRef::Integer(n)) => {
                SqlValue::Int(n)
            }
            (SqlType::Decimal { .. }, ValueRef::Integer(n)) => SqlValue::Decimal(n.into()),
            (SqlType::Decimal { .. }, ValueRef::Blob(bytes)) => match <[u8; 16]>::try_from(bytes) {
                Ok(bytes) => SqlValue::Decimal(i128::from_be_bytes(bytes) ^ i128::MIN),
                Err(_) => return Err(self.misfit()),
            },
            (SqlType::Money | SqlType::SmallMoney, ValueRef::Integer(n)) => SqlValue::Money(n),
            (SqlType::Real, ValueRef::Real(n)) => SqlValue::Real(n as f32),
            (SqlType::Float, ValueRef::Real(n)) => SqlValue::Float(n),
            (SqlType::Date, ValueRef::Integer(n)) => SqlValue::Date(n as u32),
            (SqlType::Time(_), ValueRef::Integer(n)) => SqlValue::Time(n as u64),
            (SqlType::SmallDateTime, ValueRef::Integer(n)) => {
                SqlValue::SmallDateTime((n / MINUTES) as u16, (n % MINUTES) as u16)
            }
            (SqlType::DateTime, ValueRef::Integer(n)) => {
                SqlValue::DateTime(n.div_euclid(TICKS) as i32, n.rem_euclid(TICKS) as u32)
            }
            (SqlType::DateTime2(_), ValueRef::Integer(n)) => {
                let (days, time) = split_instant(n);
                SqlValue::DateTime2(days, time)
            }
            (SqlType::DateTimeOffset(_), ValueRef::Blob(bytes)) => {
                let (Some(Ok(instant)), Some(Ok(offset))) =
                    (bytes.get(..8).map(<[u8; 8]>::try_from), bytes.get(8..).map(<[u8; 2]>::try_from))
                else {
                    return Err(self.misfit());
                };
                let (days, time) = split_instant(i64::from_be_bytes(instant));
                SqlValue::DateTimeOffset(days, time, i16::from_be_bytes(offset) ^ i16::MIN)
            }
            (ty, ValueRef::Text(text)) if sql_type::is_wide(ty) => {
                SqlValue::Wide(String::from_utf8_lossy(text).encode_utf16().collect())
            }
            (ty, ValueRef::Blob(bytes)) if sql_type::is_wide(ty) => SqlValue::Wide(wide_units(bytes)),
            (SqlType::Char(..) | SqlType::VarChar(..) | SqlType::Text(_), ValueRef::Text(text)) => {
                if text.is_ascii() {
                    SqlValue::Bytes(text.to_vec())
                } else {
                    SqlValue::Bytes(code_page::encode_lossy(&String::from_utf8_lossy(text), self.code_page()))
                }
            }
            (SqlType::Char(..) | SqlType::VarChar(..) | SqlType::Text(_), ValueRef::Blob(bytes)) => {
                SqlValue::Bytes(bytes.to_vec())
            }
            (SqlType::UniqueIdentifier, ValueRef::Blob(bytes)) if bytes.len() == 16 => {
                let mut guid = [0; 16];
                for (byte, at) in bytes.iter().zip(GUID_ORDER) {
                    guid[at] = *byte;
                }
                SqlValue::Guid(guid)
            }
            (SqlType::SqlVariant, ValueRef::Blob(bytes)) => {
                decode_variant(bytes).ok_or_else(|| self.misfit())??
            }
            (ty, ValueRef::Blob(bytes)) if sql_type::is_binary(ty) || matches!(ty, SqlType::Udt(_)) => {
                SqlValue::Binary(bytes.to_vec())
            }
            _ => return Err(self.misfit()),
        };
        Ok(value)
    }

    /// A value of this type as it goes into SQLite. The value must be of the type's variant and within its bounds.
    pub fn encode(&self, value: &SqlValue) -> Result<Value, SqlMessage> {
        Ok(match (&self.ty, value) {
            (_, SqlValue::Null) => Value::Null,
            (SqlType::Bit, SqlValue::Bit(bit)) => Value::Integer((*bit).into()),
            (SqlType::TinyInt | SqlType::SmallInt | SqlType::Int | SqlType::BigInt, SqlValue::Int(n)) => {
                Value::Integer(*n)
            }
            (SqlType::Decimal { precision, .. }, SqlValue::Decimal(mantissa)) => {
                match i64::try_from(*mantissa) {
                    Ok(short) if *precision <= SHORT_DECIMAL => Value::Integer(short),
                    _ => Value::Blob((mantissa ^ i128::MIN).to_be_bytes().to_vec()),
                }
            }
            (SqlType::Money | SqlType::SmallMoney, SqlValue::Money(n)) => Value::Integer(*n),
            (SqlType::Real, SqlValue::Real(n)) => Value::Real((*n).into()),
            (SqlType::Float, SqlValue::Float(n)) => Value::Real(*n),
            (SqlType::Date, SqlValue::Date(days)) => Value::Integer((*days).into()),
            (SqlType::Time(_), SqlValue::Time(time)) => Value::Integer(*time as i64),
            (SqlType::SmallDateTime, SqlValue::SmallDateTime(days, minutes)) => {
                Value::Integer(i64::from(*days) * MINUTES + i64::from(*minutes))
            }
            (SqlType::DateTime, SqlValue::DateTime(days, ticks)) => {
                Value::Integer(i64::from(*days) * TICKS + i64::from(*ticks))
            }
            (SqlType::DateTime2(_), SqlValue::DateTime2(days, time)) => {
                Value::Integer(join_instant(*days, *time))
            }
            (SqlType::DateTimeOffset(_), SqlValue::DateTimeOffset(days, time, offset)) => {
                let mut bytes = join_instant(*days, *time).to_be_bytes().to_vec();
                bytes.extend((offset ^ i16::MIN).to_be_bytes());
                Value::Blob(bytes)
            }
            (ty, SqlValue::Wide(units)) if sql_type::is_wide(ty) => match String::from_utf16(units) {
                Ok(text) => Value::Text(text),
                Err(_) => Value::Blob(wide_bytes(units)),
            },
            (SqlType::Char(..) | SqlType::VarChar(..) | SqlType::Text(_), SqlValue::Bytes(bytes)) => {
                match code_page::decode(bytes, self.code_page()) {
                    (text, true) => Value::Text(text),
                    (_, false) => Value::Blob(bytes.clone()),
                }
            }
            (SqlType::UniqueIdentifier, SqlValue::Guid(guid)) => {
                Value::Blob(GUID_ORDER.iter().map(|&at| guid[at]).collect())
            }
            (SqlType::SqlVariant, SqlValue::Variant(inner)) => {
                Value::Blob(encode_variant(&inner.0, &inner.1)?)
            }
            (ty, SqlValue::Binary(bytes)) if sql_type::is_binary(ty) || matches!(ty, SqlType::Udt(_)) => {
                Value::Blob(bytes.clone())
            }
            _ => return Err(self.misfit()),
        })
    }

    fn misfit(&self) -> SqlMessage {
        let name = sql_type::declare(&self.ty);
        SqlMessage::error(8152, format!("A value of type {name} does not have the form of its type."))
    }
}

/// A collation by its name; a name that is not known stands for the server's own.
pub fn find_collation(name: &str) -> &'static Collation {
    match collation::find(name).or_else(|| collation::find(collation::DEFAULT)) {
        Some(found) => found,
        None => &collation::all()[0],
    }
}

/// UTF-16 units of little-endian bytes; an odd last byte is the low half of a unit.
pub fn wide_units(bytes: &[u8]) -> Vec<u16> {
    bytes.chunks(2).map(|pair| u16::from_le_bytes([pair[0], pair.get(1).copied().unwrap_or(0)])).collect()
}

pub fn wide_bytes(units: &[u16]) -> Vec<u8> {
    units.iter().flat_map(|unit| unit.to_le_bytes()).collect()
}

fn split_instant(instant: i64) -> (u32, u64) {
    let day = DAY as i64;
    (instant.div_euclid(day) as u32, instant.rem_euclid(day) as u64)
}

fn join_instant(days: u32, time: u64) -> i64 {
    i64::from(days) * DAY as i64 + time as i64
}

/// The type's name and a zero, a letter for SQLite's type, the value.
fn encode_variant(ty: &SqlType, value: &SqlValue) -> Result<Vec<u8>, SqlMessage> {
    let mut bytes = sql_type::describe(ty).into_bytes();
    bytes.push(0);
    match Form::new(ty.clone()).encode(value)? {
        Value::Null => bytes.push(b'N'),
        Value::Integer(n) => {
            bytes.push(b'I');
            bytes.extend(n.to_be_bytes());
        }
        Value::Real(n) => {
            bytes.push(b'R');
            bytes.extend(n.to_bits().to_be_bytes());
        }
        Value::Text(text) => {
            bytes.push(b'T');
            bytes.extend(text.into_bytes());
        }
        Value::Blob(blob) => {
            bytes.push(b'B');
            bytes.extend(blob);
        }
    }
    Ok(bytes)
}

fn decode_variant(bytes: &[u8]) -> Option<Result<SqlValue, SqlMessage>> {
    let end = bytes.iter().position(|&byte| byte == 0)?;
    let ty = sql_type::parse(std::str::from_utf8(&bytes[..end]).ok()?, collation::DEFAULT)?;
    let (kind, rest) = bytes[end + 1..].split_first()?;
    let number = || <[u8; 8]>::try_from(rest).ok().map(i64::from_be_bytes);
    let stored = match kind {
        b'N' => return Some(Ok(SqlValue::Null)),
        b'I' => ValueRef::Integer(number()?),
        b'R' => ValueRef::Real(f64::from_bits(number()? as u64)),
        b'T' => ValueRef::Text(rest),
        _ => ValueRef::Blob(rest),
    };
    Some(Form::new(ty.clone()).decode(stored).map(|value| SqlValue::Variant(Box::new((ty, value)))))
}

/// A stored value as an SQL literal of SQLite.
pub fn literal(value: &Value) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        // The smallest integer has no literal: its digits without the sign are too many.
        Value::Integer(i64::MIN) => format!("({}-1)", i64::MIN + 1),
        Value::Integer(n) => format!("({n})"),
        Value::Real(n) if n.is_infinite() => format!("({}9e999)", if *n < 0.0 { "-" } else { "" }),
        Value::Real(n) => format!("({n:?})"),
        Value::Text(text) if text.contains('\0') => format!("CAST(x'{}' AS TEXT)", hex(text.as_bytes())),
        Value::Text(text) => format!("'{}'", text.replace('\'', "''")),
        Value::Blob(bytes) => format!("x'{}'", hex(bytes)),
    }
}

/// Upper-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    bytes
        .iter()
        .flat_map(|byte| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]])
        .map(char::from)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(text: &str) -> Form {
        Form::new(sql_type::parse(text, "Korean_Wansung_CI_AS").unwrap())
    }

    #[test]
    fn values_there_and_back() {
        let guid =
            [0x6F, 0x96, 0x19, 0xFF, 0x8B, 0x86, 0xD0, 0x11, 0xB4, 0x2D, 0, 0xC0, 0x4F, 0xC9, 0x64, 0xFF];
        for (ty, value) in [
            ("bit", SqlValue::Bit(true)),
            ("tinyint", SqlValue::Int(255)),
            ("bigint", SqlValue::Int(i64::MIN)),
            ("decimal(18,4)", SqlValue::Decimal(-999_999_999_999_999_999)),
            ("decimal(38,0)", SqlValue::Decimal(super::super::decimal::MAX)),
            ("decimal(38,38)", SqlValue::Decimal(-super::super::decimal::MAX)),
            ("money", SqlValue::Money(i64::MIN)),
            ("real", SqlValue::Real(f32::MIN_POSITIVE)),
            ("float", SqlValue::Float(5e-324)),
            ("date", SqlValue::Date(3_652_058)),
            ("time(7)", SqlValue::Time(DAY - 1)),
            ("smalldatetime", SqlValue::SmallDateTime(65535, 1439)),
            ("datetime", SqlValue::DateTime(-53690, 25_919_999)),
            ("datetime2(7)", SqlValue::DateTime2(3_652_058, DAY - 1)),
            ("datetimeoffset(7)", SqlValue::DateTimeOffset(0, 0, -840)),
            ("varchar(10)", SqlValue::Bytes(vec![0xB0, 0xA1])),
            ("varchar(10)", SqlValue::Bytes(vec![0xB0, 0xFF])),
            ("nvarchar(10)", SqlValue::Wide(vec![0xD800, 0x41])),
            ("nvarchar(10)", SqlValue::Wide("🔧\0".encode_utf16().collect())),
            ("varbinary(max)", SqlValue::Binary(vec![0, 255])),
            ("uniqueidentifier", SqlValue::Guid(guid)),
            ("sql_variant", SqlValue::Variant(Box::new((SqlType::Money, SqlValue::Money(-1))))),
            ("hierarchyid", SqlValue::Binary(vec![0x58])),
            ("int", SqlValue::Null),
        ] {
            let form = form(ty);
            let stored = form.encode(&value).unwrap();
            assert_eq!(form.decode(ValueRef::from(&stored)).unwrap(), value, "{ty}");
        }
        assert!(form("int").decode(ValueRef::Text(b"1")).is_err());
        assert!(form("int").encode(&SqlValue::Bit(true)).is_err());
    }

    #[test]
    fn bytes_sort_as_values_do() {
        let decimal = form("decimal(38,2)");
        let stored: Vec<_> = [-1000, -999, -1, 0, 1, 999, 1000]
            .map(|n| match decimal.encode(&SqlValue::Decimal(n)).unwrap() {
                Value::Blob(bytes) => bytes,
                other => panic!("{other:?}"),
            })
            .into();
        assert!(stored.is_sorted());
    }

    #[test]
    fn literals_are_read_by_sqlite_as_they_were() {
        let sqlite = rusqlite::Connection::open_in_memory().unwrap();
        for value in [
            Value::Integer(i64::MIN),
            Value::Integer(-1),
            Value::Real(5e-324),
            Value::Real(f64::MAX),
            Value::Real(0.1),
            Value::Text("it's".to_owned()),
            Value::Text("nul\0inside'".to_owned()),
            Value::Blob(vec![0, 255]),
        ] {
            let sql = format!("SELECT {}", literal(&value));
            assert_eq!(sqlite.query_row(&sql, [], |row| row.get::<_, Value>(0)).unwrap(), value, "{sql}");
        }
    }
}
