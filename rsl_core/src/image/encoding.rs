//! How one value is stored in an image.

use std::fmt;

/// Not what it should be: cut off, or made of something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed(pub &'static str);

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Malformed {}

/// The form of the values of a column. Dates and times are PostgreSQL's own numbers: days and microseconds from 2000-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// One byte, 0 or 1.
    Bool,
    /// Two bytes.
    Int2,
    /// Four bytes.
    Int4,
    /// Eight bytes.
    Int8,
    /// The bits of a float.
    Float4,
    /// The bits of a double.
    Float8,
    /// Days, four bytes.
    Date,
    /// Microseconds, eight bytes.
    Time,
    /// Microseconds, eight bytes.
    Timestamp,
    /// Microseconds, UTC, eight bytes.
    TimestampTz,
    /// Sixteen bytes.
    Uuid,
    /// Microseconds (8 bytes), days (4), months (4).
    Interval,
    /// The words that PostgreSQL stores, each little-endian.
    Numeric,
    /// UTF-8.
    Text,
    /// JSON as text.
    Json,
    /// Bytes as they are.
    Bytea,
    /// Any other type: its text form, with ISO dates, `postgres` intervals and shortest exact floats.
    Other,
}

impl Encoding {
    const ALL: [(Encoding, &'static str, Option<usize>); 17] = [
        (Encoding::Bool, "bool", Some(1)),
        (Encoding::Int2, "int2", Some(2)),
        (Encoding::Int4, "int4", Some(4)),
        (Encoding::Int8, "int8", Some(8)),
        (Encoding::Float4, "float4", Some(4)),
        (Encoding::Float8, "float8", Some(8)),
        (Encoding::Date, "date", Some(4)),
        (Encoding::Time, "time", Some(8)),
        (Encoding::Timestamp, "timestamp", Some(8)),
        (Encoding::TimestampTz, "timestamptz", Some(8)),
        (Encoding::Uuid, "uuid", Some(16)),
        (Encoding::Interval, "interval", Some(16)),
        (Encoding::Numeric, "numeric", None),
        (Encoding::Text, "text", None),
        (Encoding::Json, "json", None),
        (Encoding::Bytea, "bytea", None),
        (Encoding::Other, "other", None),
    ];

    /// The name under which a shape keeps it.
    pub fn name(self) -> &'static str {
        Self::ALL[self as usize].1
    }

    /// The encoding of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, one, _)| *one == name).map(|(encoding, _, _)| *encoding)
    }

    /// Bytes of every value; none if they vary.
    #[inline]
    pub fn width(self) -> Option<usize> {
        Self::ALL[self as usize].2
    }
}

/// Writes a value whose length varies.
#[inline]
pub fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    let mut length = bytes.len();
    while length >= 0x80 {
        out.push(length as u8 | 0x80);
        length >>= 7;
    }
    out.push(length as u8);
    out.extend_from_slice(bytes);
}

/// The length that [`put_bytes`] wrote, and what follows it.
pub(super) fn read_length(bytes: &[u8]) -> Result<(usize, &[u8]), Malformed> {
    let mut length = 0usize;
    for (at, byte) in bytes.iter().enumerate().take(5) {
        length |= usize::from(byte & 0x7F) << (7 * at);
        if byte & 0x80 == 0 {
            return Ok((length, &bytes[at + 1..]));
        }
    }
    Err(Malformed("a length without an end"))
}
