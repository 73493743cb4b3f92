//! Types, values and tokens as bytes.

pub(crate) mod older;
pub(crate) mod read;
pub(crate) mod token;
pub(crate) mod type_info;
pub(crate) mod value;

/// Versions of the protocol that change how something is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Version {
    /// SQL Server 2000: no unlimited types, shorter tokens.
    V7_1,
    /// SQL Server 2005: xml, UDT, unlimited types, `ALL_HEADERS`.
    V7_2,
    /// SQL Server 2008: date, time, datetime2, datetimeoffset.
    V7_3A,
    /// Rows with a bitmap of NULLs.
    V7_3B,
    /// SQL Server 2012: extensions of the login.
    V7_4,
    /// SQL Server 2022: TLS first.
    V8_0,
}

impl Version {
    /// The version to speak with a client that asks for this one; `None` if it is too old.
    pub(crate) fn negotiate(asked: u32) -> Option<Self> {
        match asked.to_be_bytes() {
            [0x08, ..] => Some(Self::V8_0),
            [0x71, ..] => Some(Self::V7_1),
            [0x72, ..] => Some(Self::V7_2),
            [0x73, 0x0A, ..] => Some(Self::V7_3A),
            [0x73, ..] => Some(Self::V7_3B),
            [0x74..=0xFF, ..] => Some(Self::V7_4),
            _ => None,
        }
    }

    /// As LOGINACK says it.
    pub(crate) fn number(self) -> u32 {
        match self {
            Self::V7_1 => 0x7100_0001,
            Self::V7_2 => 0x7209_0002,
            Self::V7_3A => 0x730A_0003,
            Self::V7_3B => 0x730B_0003,
            Self::V7_4 => 0x7400_0004,
            Self::V8_0 => 0x0800_0000,
        }
    }
}

/// A text with its length in UTF-16 code units before it, in one byte; cut if it is longer.
pub(crate) fn put_short_text(out: &mut Vec<u8>, text: &str) {
    let units: Vec<u16> = text.encode_utf16().take(255).collect();
    out.push(u8::try_from(units.len()).unwrap_or(u8::MAX));
    out.extend(units.iter().flat_map(|unit| unit.to_le_bytes()));
}

/// The same with a length of two bytes; cut at what a message of SQL Server holds.
pub(crate) fn put_text(out: &mut Vec<u8>, text: &str) {
    let units: Vec<u16> = text.encode_utf16().take(8000).collect();
    out.extend(u16::try_from(units.len()).unwrap_or(u16::MAX).to_le_bytes());
    out.extend(units.iter().flat_map(|unit| unit.to_le_bytes()));
}
