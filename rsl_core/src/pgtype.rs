//! The PostgreSQL column types that RSL writes, and their names in SQL.

use std::fmt;

/// A column's type with its modifier. Precisions of times are digits after the second, 0 to 6.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PgType {
    /// boolean
    Bool,
    /// smallint
    Int2,
    /// integer
    Int4,
    /// bigint
    Int8,
    /// numeric, or numeric(precision, scale)
    Numeric(Option<(u16, i16)>),
    /// real
    Float4,
    /// double precision
    Float8,
    /// text
    Text,
    /// varchar, or varchar(characters)
    Varchar(Option<u32>),
    /// character(characters)
    Char(u32),
    /// bytea
    Bytea,
    /// date
    Date,
    /// time without time zone
    Time(u8),
    /// timestamp without time zone
    Timestamp(u8),
    /// timestamp with time zone
    TimestampTz(u8),
    /// uuid
    Uuid,
    /// json
    Json,
    /// jsonb
    Jsonb,
    /// An enumeration: on the wire its label.
    Enum,
}

/// The longest `varchar(n)` that PostgreSQL has.
pub const MAX_VARCHAR: u32 = 10_485_760;

impl PgType {
    /// From `pg_attribute.atttypid` (of a domain: its base type) and `atttypmod`; `None` for a type that RSL
    /// does not write. The OIDs are those of `pg_type.dat`, which PostgreSQL never changes.
    pub fn from_oid(oid: u32, typmod: i32) -> Option<Self> {
        let precision = || u8::try_from(typmod).unwrap_or(6);
        let characters = u32::try_from(typmod - 4).ok();
        Some(match oid {
            16 => PgType::Bool,
            17 => PgType::Bytea,
            20 => PgType::Int8,
            21 => PgType::Int2,
            23 => PgType::Int4,
            25 => PgType::Text,
            114 => PgType::Json,
            700 => PgType::Float4,
            701 => PgType::Float8,
            1042 => PgType::Char(characters?),
            1043 => PgType::Varchar(characters),
            1082 => PgType::Date,
            1083 => PgType::Time(precision()),
            1114 => PgType::Timestamp(precision()),
            1184 => PgType::TimestampTz(precision()),
            1700 => PgType::Numeric(characters.map(|modifier| {
                // numeric.c: precision in the upper half, scale in the lower 11 bits, signed.
                ((modifier >> 16) as u16, ((modifier & 0x7ff) ^ 1024) as i16 - 1024)
            })),
            2950 => PgType::Uuid,
            3802 => PgType::Jsonb,
            _ => return None,
        })
    }

    /// Whether columns of this type are summed in a witness: the exact numbers.
    pub fn is_exact_number(self) -> bool {
        matches!(self, PgType::Int2 | PgType::Int4 | PgType::Int8 | PgType::Numeric(_))
    }
}

impl fmt::Display for PgType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let with_precision = |f: &mut fmt::Formatter<'_>, before: &str, precision: u8, after: &str| {
            if precision == 6 {
                write!(f, "{before}{after}")
            } else {
                write!(f, "{before}({precision}){after}")
            }
        };
        match *self {
            PgType::Bool => f.write_str("boolean"),
            PgType::Int2 => f.write_str("smallint"),
            PgType::Int4 => f.write_str("integer"),
            PgType::Int8 => f.write_str("bigint"),
            PgType::Numeric(None) => f.write_str("numeric"),
            PgType::Numeric(Some((precision, scale))) => write!(f, "numeric({precision},{scale})"),
            PgType::Float4 => f.write_str("real"),
            PgType::Float8 => f.write_str("double precision"),
            PgType::Text => f.write_str("text"),
            PgType::Varchar(None) => f.write_str("varchar"),
            PgType::Varchar(Some(n)) => write!(f, "varchar({n})"),
            PgType::Char(n) => write!(f, "character({n})"),
            PgType::Bytea => f.write_str("bytea"),
            PgType::Date => f.write_str("date"),
            PgType::Time(p) => with_precision(f, "time", p, ""),
            PgType::Timestamp(p) => with_precision(f, "timestamp", p, ""),
            PgType::TimestampTz(p) => with_precision(f, "timestamp", p, " with time zone"),
            PgType::Uuid => f.write_str("uuid"),
            PgType::Json => f.write_str("json"),
            PgType::Jsonb => f.write_str("jsonb"),
            PgType::Enum => f.write_str("enumeration"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modifiers_are_read_as_the_catalogue_stores_them() {
        let numeric = |precision: i32, scale: i32| ((precision << 16) | (scale & 0x7ff)) + 4;
        assert_eq!(PgType::from_oid(1700, numeric(19, 4)).unwrap().to_string(), "numeric(19,4)");
        assert_eq!(PgType::from_oid(1700, numeric(2, -3)).unwrap().to_string(), "numeric(2,-3)");
        assert_eq!(PgType::from_oid(1700, -1).unwrap().to_string(), "numeric");
        assert_eq!(PgType::from_oid(1043, 44).unwrap().to_string(), "varchar(40)");
        assert_eq!(PgType::from_oid(1043, -1).unwrap().to_string(), "varchar");
        assert_eq!(PgType::from_oid(1114, 0).unwrap().to_string(), "timestamp(0)");
        assert_eq!(PgType::from_oid(1184, -1).unwrap().to_string(), "timestamp with time zone");
        assert_eq!(PgType::from_oid(600, -1), None);
    }
}
