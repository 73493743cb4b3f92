//! How a type is announced, and which form its values then have.

use super::put_short_text;
use crate::{
    answer::SqlType,
    collation::{self, Collation},
};

pub(crate) mod code {
    //! The first byte of a type.
    pub(crate) const NULL: u8 = 0x1F;
    pub(crate) const IMAGE: u8 = 0x22;
    pub(crate) const TEXT: u8 = 0x23;
    pub(crate) const GUID: u8 = 0x24;
    pub(crate) const OLD_VARBINARY: u8 = 0x25;
    pub(crate) const INT_N: u8 = 0x26;
    pub(crate) const OLD_VARCHAR: u8 = 0x27;
    pub(crate) const DATE: u8 = 0x28;
    pub(crate) const TIME: u8 = 0x29;
    pub(crate) const DATETIME2: u8 = 0x2A;
    pub(crate) const DATETIMEOFFSET: u8 = 0x2B;
    pub(crate) const OLD_BINARY: u8 = 0x2D;
    pub(crate) const OLD_CHAR: u8 = 0x2F;
    pub(crate) const TINYINT: u8 = 0x30;
    pub(crate) const BIT: u8 = 0x32;
    pub(crate) const SMALLINT: u8 = 0x34;
    pub(crate) const OLD_DECIMAL: u8 = 0x37;
    pub(crate) const INT: u8 = 0x38;
    pub(crate) const SMALLDATETIME: u8 = 0x3A;
    pub(crate) const REAL: u8 = 0x3B;
    pub(crate) const MONEY: u8 = 0x3C;
    pub(crate) const DATETIME: u8 = 0x3D;
    pub(crate) const FLOAT: u8 = 0x3E;
    pub(crate) const OLD_NUMERIC: u8 = 0x3F;
    pub(crate) const VARIANT: u8 = 0x62;
    pub(crate) const NTEXT: u8 = 0x63;
    pub(crate) const BIT_N: u8 = 0x68;
    pub(crate) const DECIMAL_N: u8 = 0x6A;
    pub(crate) const NUMERIC_N: u8 = 0x6C;
    pub(crate) const FLOAT_N: u8 = 0x6D;
    pub(crate) const MONEY_N: u8 = 0x6E;
    pub(crate) const DATETIME_N: u8 = 0x6F;
    pub(crate) const SMALLMONEY: u8 = 0x7A;
    pub(crate) const BIGINT: u8 = 0x7F;
    pub(crate) const VARBINARY: u8 = 0xA5;
    pub(crate) const VARCHAR: u8 = 0xA7;
    pub(crate) const BINARY: u8 = 0xAD;
    pub(crate) const CHAR: u8 = 0xAF;
    pub(crate) const NVARCHAR: u8 = 0xE7;
    pub(crate) const NCHAR: u8 = 0xEF;
    pub(crate) const UDT: u8 = 0xF0;
    pub(crate) const XML: u8 = 0xF1;
}

/// Length of a type without a limit.
pub(crate) const UNLIMITED: u16 = 0xFFFF;

/// How the values of a type are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Bit,
    /// Bytes: 1, 2, 4, 8.
    Int(u8),
    /// Bytes of the value with its sign: 5, 9, 13, 17.
    Decimal(u8),
    SmallMoney,
    Money,
    Real,
    Float,
    Date,
    /// Digits of the second, here and below.
    Time(u8),
    SmallDateTime,
    DateTime,
    DateTime2(u8),
    DateTimeOffset(u8),
    Guid,
    /// char, varchar, binary, varbinary, timestamp: at most this many bytes.
    Bytes(u16),
    /// nchar, nvarchar: at most this many bytes.
    Wide(u16),
    /// varchar(max), varbinary(max), UDT.
    LongBytes,
    /// nvarchar(max), xml.
    LongWide,
    /// text, image.
    OldBytes,
    /// ntext.
    OldWide,
    Variant,
}

impl Form {
    pub(crate) fn of(ty: &SqlType) -> Self {
        match ty {
            SqlType::Bit => Self::Bit,
            SqlType::TinyInt => Self::Int(1),
            SqlType::SmallInt => Self::Int(2),
            SqlType::Int => Self::Int(4),
            SqlType::BigInt => Self::Int(8),
            SqlType::Decimal { precision, .. } => Self::Decimal(decimal_length(*precision)),
            SqlType::SmallMoney => Self::SmallMoney,
            SqlType::Money => Self::Money,
            SqlType::Real => Self::Real,
            SqlType::Float => Self::Float,
            SqlType::Date => Self::Date,
            SqlType::Time(digits) => Self::Time(*digits),
            SqlType::SmallDateTime => Self::SmallDateTime,
            SqlType::DateTime => Self::DateTime,
            SqlType::DateTime2(digits) => Self::DateTime2(*digits),
            SqlType::DateTimeOffset(digits) => Self::DateTimeOffset(*digits),
            SqlType::Char(length, _) | SqlType::VarChar(Some(length), _) => Self::Bytes(*length),
            SqlType::Binary(length) | SqlType::VarBinary(Some(length)) => Self::Bytes(*length),
            SqlType::Timestamp => Self::Bytes(8),
            SqlType::NChar(length, _) | SqlType::NVarChar(Some(length), _) => {
                Self::Wide(length.saturating_mul(2))
            }
            SqlType::VarChar(None, _) | SqlType::VarBinary(None) | SqlType::Udt(_) => Self::LongBytes,
            SqlType::NVarChar(None, _) | SqlType::Xml => Self::LongWide,
            SqlType::Text(_) | SqlType::Image => Self::OldBytes,
            SqlType::NText(_) => Self::OldWide,
            SqlType::UniqueIdentifier => Self::Guid,
            SqlType::SqlVariant => Self::Variant,
        }
    }

    /// Values have a length before them even if they are never NULL.
    fn always_has_length(self) -> bool {
        !matches!(
            self,
            Self::Bit
                | Self::Int(_)
                | Self::SmallMoney
                | Self::Money
                | Self::Real
                | Self::Float
                | Self::SmallDateTime
                | Self::DateTime
        )
    }

    /// Values come with a length, or whatever else stands for NULL.
    pub(crate) fn has_length(self, nullable: bool) -> bool {
        nullable || self.always_has_length()
    }

    /// Values may be large, and are written in pieces.
    pub(crate) fn may_be_large(self) -> bool {
        matches!(self, Self::LongBytes | Self::LongWide | Self::OldBytes | Self::OldWide)
    }
}

/// Bytes of a decimal, sign included.
pub(crate) fn decimal_length(precision: u8) -> u8 {
    match precision {
        0..=9 => 5,
        10..=19 => 9,
        20..=28 => 13,
        _ => 17,
    }
}

/// Bytes of a time of day with so many digits.
pub(crate) fn time_length(digits: u8) -> usize {
    match digits {
        0..=2 => 3,
        3 | 4 => 4,
        _ => 5,
    }
}

/// The number by which clients tell a rowversion from other bytes.
pub(crate) fn user_type(ty: &SqlType) -> u32 {
    if *ty == SqlType::Timestamp { 80 } else { 0 }
}

/// The collation of that name, or the usual one.
pub(crate) fn collation(name: &str) -> &'static Collation {
    collation::find(name).or_else(|| collation::find(collation::DEFAULT)).unwrap_or(&collation::all()[0])
}

/// The collation of a type of characters.
pub(crate) fn collation_of(ty: &SqlType) -> Option<&'static Collation> {
    match ty {
        SqlType::Char(_, name)
        | SqlType::VarChar(_, name)
        | SqlType::Text(name)
        | SqlType::NChar(_, name)
        | SqlType::NVarChar(_, name)
        | SqlType::NText(name) => Some(collation(name)),
        _ => None,
    }
}

/// Announces a type: in the fixed form if it is never NULL and has one.
pub(crate) fn put(out: &mut Vec<u8>, ty: &SqlType, nullable: bool) {
    let form = Form::of(ty);
    let choose = |fixed: u8, nullable_code: u8, length: u8| {
        if form.has_length(nullable) { vec![nullable_code, length] } else { vec![fixed] }
    };
    match ty {
        SqlType::Bit => out.extend(choose(code::BIT, code::BIT_N, 1)),
        SqlType::TinyInt => out.extend(choose(code::TINYINT, code::INT_N, 1)),
        SqlType::SmallInt => out.extend(choose(code::SMALLINT, code::INT_N, 2)),
        SqlType::Int => out.extend(choose(code::INT, code::INT_N, 4)),
        SqlType::BigInt => out.extend(choose(code::BIGINT, code::INT_N, 8)),
        SqlType::SmallMoney => out.extend(choose(code::SMALLMONEY, code::MONEY_N, 4)),
        SqlType::Money => out.extend(choose(code::MONEY, code::MONEY_N, 8)),
        SqlType::Real => out.extend(choose(code::REAL, code::FLOAT_N, 4)),
        SqlType::Float => out.extend(choose(code::FLOAT, code::FLOAT_N, 8)),
        SqlType::SmallDateTime => out.extend(choose(code::SMALLDATETIME, code::DATETIME_N, 4)),
        SqlType::DateTime => out.extend(choose(code::DATETIME, code::DATETIME_N, 8)),
        SqlType::Decimal { precision, scale } => {
            out.extend([code::DECIMAL_N, decimal_length(*precision), *precision, *scale]);
        }
        SqlType::Date => out.push(code::DATE),
        SqlType::Time(digits) => out.extend([code::TIME, *digits]),
        SqlType::DateTime2(digits) => out.extend([code::DATETIME2, *digits]),
        SqlType::DateTimeOffset(digits) => out.extend([code::DATETIMEOFFSET, *digits]),
        SqlType::UniqueIdentifier => out.extend([code::GUID, 16]),
        SqlType::Char(length, _) => put_limited(out, code::CHAR, Some(*length)),
        SqlType::VarChar(length, _) => put_limited(out, code::VARCHAR, *length),
        SqlType::NChar(length, _) => put_limited(out, code::NCHAR, Some(length.saturating_mul(2))),
        SqlType::NVarChar(length, _) => put_limited(out, code::NVARCHAR, length.map(|n| n.saturating_mul(2))),
        SqlType::Binary(length) => put_limited(out, code::BINARY, Some(*length)),
        SqlType::VarBinary(length) => put_limited(out, code::VARBINARY, *length),
        SqlType::Timestamp => put_limited(out, code::BINARY, Some(8)),
        SqlType::Text(_) => put_old(out, code::TEXT, 0x7FFF_FFFF),
        SqlType::NText(_) => put_old(out, code::NTEXT, 0x7FFF_FFFE),
        SqlType::Image => put_old(out, code::IMAGE, 0x7FFF_FFFF),
        SqlType::SqlVariant => put_old(out, code::VARIANT, 8009),
        SqlType::Xml => out.extend([code::XML, 0]),
        SqlType::Udt(name) => put_udt(out, name),
    }
    if let Some(collation) = collation_of(ty) {
        out.extend(collation.bytes());
    }
}

fn put_limited(out: &mut Vec<u8>, code: u8, length: Option<u16>) {
    out.push(code);
    out.extend(length.unwrap_or(UNLIMITED).to_le_bytes());
}

fn put_old(out: &mut Vec<u8>, code: u8, length: u32) {
    out.push(code);
    out.extend(length.to_le_bytes());
}

fn put_udt(out: &mut Vec<u8>, name: &str) {
    let (class, size) = match name {
        "hierarchyid" => ("SqlHierarchyId", 892),
        "geometry" => ("SqlGeometry", UNLIMITED),
        "geography" => ("SqlGeography", UNLIMITED),
        other => (other, UNLIMITED),
    };
    put_limited(out, code::UDT, Some(size));
    put_short_text(out, "master");
    put_short_text(out, "sys");
    put_short_text(out, name);
    let assembly = "Version=11.0.0.0, Culture=neutral, PublicKeyToken=89845dcd8080cc91";
    super::put_text(
        out,
        &format!("Microsoft.SqlServer.Types.{class}, Microsoft.SqlServer.Types, {assembly}"),
    );
}
