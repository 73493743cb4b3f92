//! A value as a source gives it, before anybody decided what PostgreSQL column it goes to.

use crate::decimal::Decimal;

/// One field of a source row. Texts and bytes are borrowed from the reader's buffer: a row is decoded once,
/// encoded once and never kept.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value<'a> {
    /// SQL NULL.
    Null,
    /// bit, boolean.
    Bool(bool),
    /// Every integer type of a source.
    Int(i64),
    /// decimal, numeric, money, smallmoney.
    Decimal(Decimal),
    /// real of SQL Server: 4 bytes.
    Float4(f32),
    /// float of SQL Server, REAL of SQLite: 8 bytes.
    Float8(f64),
    /// Any character type, already UTF-8.
    Text(&'a str),
    /// Any binary type.
    Bytes(&'a [u8]),
    /// Days since 2000-01-01.
    Date(i32),
    /// Units of 100 ns since midnight, as `time(7)` has them.
    Time(i64),
    /// Units of 100 ns since 2000-01-01 00:00:00 without a zone: datetime, smalldatetime, datetime2.
    Timestamp(i64),
    /// Units of 100 ns since 2000-01-01 00:00:00 UTC: the instant of a datetimeoffset.
    TimestampTz(i64),
    /// uniqueidentifier, in the byte order of its text form.
    Uuid([u8; 16]),
}

impl Value<'_> {
    /// What kind of value this is, for messages; never the value itself.
    pub fn kind(&self) -> &'static str {
        match self {
            Value::Null => "a NULL",
            Value::Bool(_) => "a boolean",
            Value::Int(_) => "an integer",
            Value::Decimal(_) => "a decimal",
            Value::Float4(_) | Value::Float8(_) => "a floating-point number",
            Value::Text(_) => "a text",
            Value::Bytes(_) => "a binary value",
            Value::Date(_) => "a date",
            Value::Time(_) => "a time",
            Value::Timestamp(_) => "a timestamp",
            Value::TimestampTz(_) => "a timestamp with time zone",
            Value::Uuid(_) => "a uuid",
        }
    }
}
