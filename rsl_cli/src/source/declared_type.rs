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
    // SQL Server's own default is 7 digits; PostgreSQL keeps 6, and a value that needs the 7th is refused.
    let fraction = first.map_or(6, |n| n.min(6) as u8);
    let mut words = name.split_whitespace();
    Some(match words.next()? {
        "bit" | "bool" | "boolean" => PgType::Bool,
        "tinyint" | "smallint" | "int2" => PgType::Int2,
        "int" | "mediumint" | "int4" => PgType::Int4,
        "integer" | "bigint" | "int8" => PgType::Int8,
        "decimal" | "numeric" | "dec" | "number" => PgType::Numeric(match (first, second) {
            (Some(precision @ 1..=1000), scale) => Some((precision as u16, scale.unwrap_or(0) as i16)),
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
        "timestamp" if name.contains("with time zone") => PgType::TimestampTz(fraction),
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
}
