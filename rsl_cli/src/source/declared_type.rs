//! From a declared type, in the words of SQL Server and SQLite, to the PostgreSQL type that holds all its values.

use rsl_core::PgType;
use rsl_core::pgtype::MAX_VARCHAR;

/// The PostgreSQL type for a declared type such as `nvarchar(40)`; `None` if the name is not known.
///
/// SQLite's own INTEGER has 64 bits, SQL Server's int 32: only the exact word INTEGER is taken for the former.
pub fn pg_type(declared: &str) -> Option<PgType> {
    let declared = declared.trim().to_ascii_lowercase();
    let (name, arguments) = match declared.split_once('(') {
        Some((name, rest)) => (name.trim(), rest.split_once(')').map_or(rest, |(arguments, _)| arguments)),
        None => (declared.as_str(), ""),
    };
    let mut numbers = arguments.split(',').map(|n| n.trim().parse::<u32>().ok());
    let (first, second) = (numbers.next().flatten(), numbers.next().flatten());
    let short_text = match first {
        Some(n @ 1..=MAX_VARCHAR) => PgType::Varchar(Some(n)),
        _ => PgType::Text,
    };
    // A scale that cannot be one is not taken for none, which would refuse values.
    let scale = match arguments.contains(',') {
        true => second.filter(|scale| *scale <= 1000),
        false => Some(0),
    };
    // SQL Server's own default is 7 digits; PostgreSQL keeps 6, and a value that needs the 7th is refused.
    let fraction = first.map_or(6, |n| n.min(6) as u8);
    let mut words = name.split_whitespace();
    Some(match words.next()? {
        "bit" | "bool" | "boolean" => PgType::Bool,
        "tinyint" | "smallint" | "int2" => PgType::Int2,
        "int" | "mediumint" | "int4" => PgType::Int4,
        "integer" | "bigint" | "int8" => PgType::Int8,
        "decimal" | "numeric" | "dec" | "number" => PgType::Numeric(match (first, scale) {
            (Some(precision @ 1..=1000), Some(scale)) => Some((precision as u16, scale as i16)),
            _ => None,
        }),
        "money" => PgType::Numeric(Some((19, 4))),
        "smallmoney" => PgType::Numeric(Some((10, 4))),
        "real" | "float" | "double" => PgType::Float8,
        "character" | "char" | "varchar" | "nchar" | "nvarchar" | "native" | "varying" | "sysname" => {
            short_text
        }
        "text" | "ntext" | "clob" | "xml" | "string" => PgType::Text,
        "blob" | "binary" | "varbinary" | "image" | "rowversion" => PgType::Bytea,
        "date" => PgType::Date,
        "time" => PgType::Time(fraction),
        "datetime" | "datetime2" => PgType::Timestamp(fraction),
        "smalldatetime" => PgType::Timestamp(0),
        "timestamp" if declared.contains("with time zone") => PgType::TimestampTz(fraction),
        "timestamp" => PgType::Timestamp(fraction),
        "datetimeoffset" | "timestamptz" => PgType::TimestampTz(fraction),
        "uniqueidentifier" | "uuid" | "guid" => PgType::Uuid,
        "json" | "jsonb" => PgType::Jsonb,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn declared_types_of_both_worlds() {
        for (declared, expected) in [
            ("bit", "boolean"),
            ("TINYINT", "smallint"),
            ("int", "integer"),
            ("INTEGER", "bigint"),
            ("decimal(18,4)", "numeric(18,4)"),
            ("DECIMAL(38, 38)", "numeric(38,38)"),
            ("numeric(9)", "numeric(9,0)"),
            ("numeric", "numeric"),
            ("money", "numeric(19,4)"),
            ("smallmoney", "numeric(10,4)"),
            ("double precision", "double precision"),
            ("nvarchar(40)", "varchar(40)"),
            ("nvarchar(max)", "text"),
            ("character varying(7)", "varchar(7)"),
            ("ntext", "text"),
            ("varbinary(max)", "bytea"),
            ("datetime", "timestamp"),
            ("datetime2(7)", "timestamp"),
            ("datetime2(0)", "timestamp(0)"),
            ("datetimeoffset", "timestamp with time zone"),
            ("time(3)", "time(3)"),
            ("uniqueidentifier", "uuid"),
            ("json", "jsonb"),
        ] {
            assert_eq!(pg_type(declared).unwrap().to_string(), expected, "{declared}");
        }
        assert_eq!(pg_type("geography"), None);
        assert_eq!(pg_type(""), None);
    }

    #[test]
    fn what_cannot_be_a_limit_is_none() {
        for (declared, expected) in [
            ("decimal(10,1001)", "numeric"),
            ("decimal(10,65535)", "numeric"),
            ("decimal(10,-2)", "numeric"),
            ("decimal(10,x)", "numeric"),
            ("decimal(0)", "numeric"),
            ("varchar(0)", "text"),
            ("varchar(99999999999999999999)", "text"),
            ("timestamp(3) with time zone", "timestamp(3) with time zone"),
        ] {
            assert_eq!(pg_type(declared).unwrap().to_string(), expected, "{declared}");
        }
    }

    /// What PostgreSQL takes, printed and read again as the same.
    fn holds(declared: &str) -> Result<(), TestCaseError> {
        let Some(read) = pg_type(declared) else { return Ok(()) };
        let taken = match read {
            PgType::Numeric(Some((precision, scale))) => {
                (1..=1000).contains(&precision) && (0..=1000).contains(&scale)
            }
            PgType::Varchar(Some(length)) => (1..=MAX_VARCHAR).contains(&length),
            PgType::Time(digits) | PgType::Timestamp(digits) | PgType::TimestampTz(digits) => digits <= 6,
            _ => true,
        };
        prop_assert!(taken, "{}: {}", declared, read);
        // Of integer, SQLite means another; bytea is no word of it.
        if !matches!(read, PgType::Int4 | PgType::Bytea) {
            prop_assert_eq!(pg_type(&read.to_string()), Some(read), "{}", declared);
        }
        Ok(())
    }

    proptest! {
        #[test]
        fn garbage_is_no_type_or_one_that_postgresql_has(
            declared in "(?s).{0,40}",
            name in "[a-z0-9]{0,4}|decimal|NUMERIC|varchar|n?char|double|time|datetime2?|timestamp|datetimeoffset|text|int2",
            arguments in prop::collection::vec("[0-9]{1,12}|[ +-]?[0-9]{1,4}|max||[a-z]", 0..4),
            behind in "[ (),0-9\n]{0,3}|\\)( with time zone| varying|\\(1)?",
        ) {
            holds(&declared)?;
            holds(&format!("{name}{declared}"))?;
            holds(&format!("{name}({}{behind}", arguments.join(",")))?;
        }
    }

    #[test]
    fn long_garbage_ends() {
        for piece in ["(", ")", ",", " ", "9", "decimal(", "varchar ", "1,"] {
            for name in ["", "decimal(", "varchar(1,", "timestamp"] {
                let _ = pg_type(&format!("{name}{}", piece.repeat(100_000 / piece.len())));
            }
        }
    }
}
