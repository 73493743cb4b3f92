//! What kind of values a column or an expression of SQL Server has: more than its PostgreSQL type says.

use std::fmt;

use rsl_core::PgType;

/// The most characters or bytes that a type of SQL Server is declared with.
const LONGEST: u32 = 8000;

/// A kind of values, as T-SQL tells them apart when it computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Bit,
    /// Of so many bytes; one of them is tinyint, which PostgreSQL holds in two.
    Int(u8),
    Decimal {
        precision: u32,
        scale: u32,
    },
    /// Four decimals that arithmetic keeps.
    Money,
    Real,
    Float,
    /// At most so many characters; `padded` with spaces to that length, as char and nchar are.
    Text {
        longest: Option<u32>,
        padded: bool,
    },
    Date,
    Time,
    /// Thirds of a hundredth of a second, and literals that the session's language reads.
    Datetime,
    /// Whole minutes.
    SmallDatetime,
    Datetime2,
    Offset,
    Uuid,
    /// Padded with zeros to so many bytes, as binary is.
    Binary(Option<u32>),
    /// NULL without a type.
    Null,
    /// Texts and bytes that stand for something else in the source, such as xml.
    Other,
}

impl Kind {
    /// From a type's name, with its length or digits behind it in parentheses. Brackets are as good as none.
    pub fn of_declared(declared: &str) -> Self {
        let declared = declared.replace(['[', ']'], "").to_lowercase();
        let (name, rest) = declared.split_once('(').unwrap_or((&declared, ""));
        let mut numbers =
            rest.trim_end().trim_end_matches(')').split(',').map(|number| number.trim().parse().ok());
        let (first, second): (Option<u32>, Option<u32>) =
            (numbers.next().flatten(), numbers.next().flatten());
        let text = |padded| Kind::Text { longest: first, padded };
        match name.trim() {
            // The server has no such type, and what is computed from its length could overflow.
            _ if first.is_some_and(|length| length > LONGEST) => Kind::Other,
            "bit" => Kind::Bit,
            "tinyint" => Kind::Int(1),
            "smallint" => Kind::Int(2),
            "int" | "integer" => Kind::Int(4),
            "bigint" => Kind::Int(8),
            "decimal" | "numeric" | "dec" => match (first.unwrap_or(18), second.unwrap_or(0)) {
                (precision @ 1..=38, scale) if scale <= precision => Kind::Decimal { precision, scale },
                _ => Kind::Other,
            },
            "money" | "smallmoney" => Kind::Money,
            "real" => Kind::Real,
            "float" if first.is_some_and(|bits| bits <= 24) => Kind::Real,
            "float" | "double precision" => Kind::Float,
            "char" | "nchar" => text(true),
            "varchar" | "nvarchar" | "text" | "ntext" => text(false),
            "sysname" => Kind::Text { longest: Some(128), padded: false },
            "date" => Kind::Date,
            "time" => Kind::Time,
            "datetime" => Kind::Datetime,
            "smalldatetime" => Kind::SmallDatetime,
            "datetime2" => Kind::Datetime2,
            "datetimeoffset" => Kind::Offset,
            "uniqueidentifier" => Kind::Uuid,
            "binary" => Kind::Binary(first),
            "varbinary" | "image" => Kind::Binary(None),
            _ => Kind::Other,
        }
    }

    /// Whether a column of this type holds the values as what they are in the source. An existing target may have another.
    pub fn is_held_by(self, ty: PgType) -> bool {
        match self {
            Kind::Bit => ty == PgType::Bool,
            Kind::Int(_) => matches!(ty, PgType::Int2 | PgType::Int4 | PgType::Int8),
            Kind::Decimal { .. } | Kind::Money => matches!(ty, PgType::Numeric(_)),
            Kind::Real => ty == PgType::Float4,
            Kind::Float => ty == PgType::Float8,
            Kind::Text { .. } => matches!(ty, PgType::Text | PgType::Varchar(_) | PgType::Char(_)),
            Kind::Date => ty == PgType::Date,
            Kind::Time => matches!(ty, PgType::Time(_)),
            Kind::Datetime | Kind::SmallDatetime | Kind::Datetime2 => matches!(ty, PgType::Timestamp(_)),
            Kind::Offset => matches!(ty, PgType::TimestampTz(_)),
            Kind::Uuid => ty == PgType::Uuid,
            Kind::Binary(_) => ty == PgType::Bytea,
            Kind::Null | Kind::Other => false,
        }
    }

    pub fn is_text(self) -> bool {
        matches!(self, Kind::Text { .. })
    }

    /// Date and time of day without an offset, or the date alone.
    pub fn is_moment(self) -> bool {
        matches!(self, Kind::Date | Kind::Datetime | Kind::SmallDatetime | Kind::Datetime2)
    }

    /// Digits before and behind the point that hold every value; `None` of what is no exact number.
    pub fn digits(self) -> Option<(u32, u32)> {
        Some(match self {
            Kind::Int(1) => (3, 0),
            Kind::Int(2) => (5, 0),
            Kind::Int(4) => (10, 0),
            Kind::Int(_) => (19, 0),
            Kind::Decimal { precision, scale } => (precision.saturating_sub(scale), scale),
            Kind::Money => (15, 4),
            _ => return None,
        })
    }
}

/// For people.
impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Bit => "bit",
            Kind::Int(_) => "whole number",
            Kind::Decimal { .. } => "decimal number",
            Kind::Money => "money",
            Kind::Real => "real",
            Kind::Float => "float",
            Kind::Text { .. } => "text",
            Kind::Date => "date",
            Kind::Time => "time",
            Kind::Datetime => "datetime",
            Kind::SmallDatetime => "smalldatetime",
            Kind::Datetime2 => "datetime2",
            Kind::Offset => "datetimeoffset",
            Kind::Uuid => "uniqueidentifier",
            Kind::Binary(_) => "binary value",
            Kind::Null => "NULL",
            Kind::Other => "value of a type that PostgreSQL does not have",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declared_types_are_read() {
        for (declared, kind) in [
            ("nvarchar(40)", Kind::Text { longest: Some(40), padded: false }),
            ("[varchar](max)", Kind::Text { longest: None, padded: false }),
            ("CHAR(2)", Kind::Text { longest: Some(2), padded: true }),
            ("decimal(18,6)", Kind::Decimal { precision: 18, scale: 6 }),
            ("numeric( 5 , 0 )", Kind::Decimal { precision: 5, scale: 0 }),
            ("[datetime2](7)", Kind::Datetime2),
            ("float(24)", Kind::Real),
            ("float", Kind::Float),
            ("binary(8)", Kind::Binary(Some(8))),
            ("xml", Kind::Other),
            ("rowversion", Kind::Other),
            ("", Kind::Other),
            ("decimal(39,0)", Kind::Other),
            ("decimal(4,5)", Kind::Other),
            ("binary(8001)", Kind::Other),
            ("char(", Kind::Text { longest: None, padded: true }),
        ] {
            assert_eq!(Kind::of_declared(declared), kind, "{declared}");
        }
    }
}
