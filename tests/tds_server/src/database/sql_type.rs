//! The types of SQL Server: their names, their numbers in the catalogue, and which of two types wins.

use crate::answer::SqlType;

/// A type as T-SQL writes it, with the collation where it has one, such as `varchar(30) COLLATE Korean_Wansung_CI_AS`.
/// [`parse`] reads it again.
pub fn describe(ty: &SqlType) -> String {
    let declared = declare(ty);
    match collation(ty) {
        Some(name) => format!("{declared} COLLATE {name}"),
        None => declared,
    }
}

/// A type as T-SQL writes it, without its collation.
pub fn declare(ty: &SqlType) -> String {
    let length = |n: &Option<u16>| n.map_or("max".to_owned(), |n| n.to_string());
    let name = name(ty);
    match ty {
        SqlType::Decimal { precision, scale } => format!("{name}({precision},{scale})"),
        SqlType::Time(digits) | SqlType::DateTime2(digits) | SqlType::DateTimeOffset(digits) => {
            format!("{name}({digits})")
        }
        SqlType::Char(n, _) | SqlType::NChar(n, _) | SqlType::Binary(n) => format!("{name}({n})"),
        SqlType::VarChar(n, _) | SqlType::NVarChar(n, _) | SqlType::VarBinary(n) => {
            format!("{name}({})", length(n))
        }
        _ => name.to_owned(),
    }
}

/// The bare name of a type.
pub fn name(ty: &SqlType) -> &str {
    match ty {
        SqlType::Bit => "bit",
        SqlType::TinyInt => "tinyint",
        SqlType::SmallInt => "smallint",
        SqlType::Int => "int",
        SqlType::BigInt => "bigint",
        SqlType::Decimal { .. } => "decimal",
        SqlType::SmallMoney => "smallmoney",
        SqlType::Money => "money",
        SqlType::Real => "real",
        SqlType::Float => "float",
        SqlType::Date => "date",
        SqlType::Time(_) => "time",
        SqlType::SmallDateTime => "smalldatetime",
        SqlType::DateTime => "datetime",
        SqlType::DateTime2(_) => "datetime2",
        SqlType::DateTimeOffset(_) => "datetimeoffset",
        SqlType::Char(..) => "char",
        SqlType::VarChar(..) => "varchar",
        SqlType::Text(_) => "text",
        SqlType::NChar(..) => "nchar",
        SqlType::NVarChar(..) => "nvarchar",
        SqlType::NText(_) => "ntext",
        SqlType::Binary(_) => "binary",
        SqlType::VarBinary(_) => "varbinary",
        SqlType::Image => "image",
        SqlType::Timestamp => "timestamp",
        SqlType::UniqueIdentifier => "uniqueidentifier",
        SqlType::Xml => "xml",
        SqlType::SqlVariant => "sql_variant",
        SqlType::Udt(name) => name,
    }
}

/// As messages call it: decimals are numeric there.
pub fn spoken(ty: &SqlType) -> &str {
    if matches!(ty, SqlType::Decimal { .. }) { "numeric" } else { name(ty) }
}

/// Reads a type's name as a column definition has it, in any case, also in brackets. Lengths that T-SQL leaves out are
/// those of a definition: `varchar` is `varchar(1)`.
pub fn parse(text: &str, default_collation: &str) -> Option<SqlType> {
    parse_with_default(text, default_collation, 1)
}

/// The same with another length for `char`, `binary` and so on where none is written; CAST takes 30.
pub fn parse_with_default(text: &str, default_collation: &str, unsaid: u16) -> Option<SqlType> {
    let folded = text.trim().to_ascii_lowercase();
    let (declared, collation) = match folded.find(" collate ") {
        Some(at) => (&folded[..at], text.trim()[at + 9..].trim().to_owned()),
        None => (folded.as_str(), default_collation.to_owned()),
    };
    let (name, arguments) = match declared.split_once('(') {
        Some((name, rest)) => (name, rest.trim_end().strip_suffix(')')?.trim()),
        None => (declared, ""),
    };
    let name = name.replace(['[', ']', '"'], "");
    let name = name.trim().trim_start_matches("sys.");
    let mut numbers = arguments.split(',').map(|n| n.trim().parse::<u16>().ok());
    let (first, second) = (numbers.next().flatten(), numbers.next().flatten());
    let digits = || -> Option<u8> {
        match first {
            None if arguments.is_empty() => Some(7),
            Some(n @ 0..=7) => Some(n as u8),
            _ => None,
        }
    };
    let length = |limit: u16| match first {
        None if arguments.is_empty() => Some(unsaid),
        Some(n) if n >= 1 && n <= limit => Some(n),
        _ => None,
    };
    let variable = |limit: u16| if arguments == "max" { Some(None) } else { length(limit).map(Some) };
    Some(match name {
        "bit" => SqlType::Bit,
        "tinyint" => SqlType::TinyInt,
        "smallint" => SqlType::SmallInt,
        "int" | "integer" => SqlType::Int,
        "bigint" => SqlType::BigInt,
        "decimal" | "numeric" | "dec" => {
            let precision = if arguments.is_empty() { 18 } else { first? };
            let scale = second.unwrap_or(0);
            if !(1..=38).contains(&precision) || scale > precision {
                return None;
            }
            SqlType::Decimal { precision: precision as u8, scale: scale as u8 }
        }
        "smallmoney" => SqlType::SmallMoney,
        "money" => SqlType::Money,
        "real" => SqlType::Real,
        "float" if first.is_some_and(|bits| bits <= 24) => SqlType::Real,
        "float" | "double precision" | "double" => SqlType::Float,
        "date" => SqlType::Date,
        "time" => SqlType::Time(digits()?),
        "smalldatetime" => SqlType::SmallDateTime,
        "datetime" => SqlType::DateTime,
        "datetime2" => SqlType::DateTime2(digits()?),
        "datetimeoffset" => SqlType::DateTimeOffset(digits()?),
        "char" | "character" => SqlType::Char(length(8000)?, collation),
        "varchar" | "character varying" | "char varying" => SqlType::VarChar(variable(8000)?, collation),
        "text" => SqlType::Text(collation),
        "nchar" | "national character" | "national char" => SqlType::NChar(length(4000)?, collation),
        "nvarchar" | "national character varying" | "national char varying" => {
            SqlType::NVarChar(variable(4000)?, collation)
        }
        "ntext" | "national text" => SqlType::NText(collation),
        "sysname" => SqlType::NVarChar(Some(128), collation),
        "binary" => SqlType::Binary(length(8000)?),
        "varbinary" | "binary varying" => SqlType::VarBinary(variable(8000)?),
        "image" => SqlType::Image,
        "timestamp" | "rowversion" => SqlType::Timestamp,
        "uniqueidentifier" => SqlType::UniqueIdentifier,
        "xml" => SqlType::Xml,
        "sql_variant" => SqlType::SqlVariant,
        "hierarchyid" | "geometry" | "geography" => SqlType::Udt(name.to_owned()),
        _ => return None,
    })
}

/// The collation's name of a character type.
pub fn collation(ty: &SqlType) -> Option<&str> {
    match ty {
        SqlType::Char(_, name)
        | SqlType::VarChar(_, name)
        | SqlType::Text(name)
        | SqlType::NChar(_, name)
        | SqlType::NVarChar(_, name)
        | SqlType::NText(name) => Some(name),
        _ => None,
    }
}

/// The same type with another collation; a type without one stays as it is.
pub fn with_collation(ty: &SqlType, name: &str) -> SqlType {
    let name = name.to_owned();
    match ty {
        SqlType::Char(n, _) => SqlType::Char(*n, name),
        SqlType::VarChar(n, _) => SqlType::VarChar(*n, name),
        SqlType::Text(_) => SqlType::Text(name),
        SqlType::NChar(n, _) => SqlType::NChar(*n, name),
        SqlType::NVarChar(n, _) => SqlType::NVarChar(*n, name),
        SqlType::NText(_) => SqlType::NText(name),
        other => other.clone(),
    }
}

pub fn is_text(ty: &SqlType) -> bool {
    collation(ty).is_some()
}

/// Text in UTF-16, not in a code page.
pub fn is_wide(ty: &SqlType) -> bool {
    matches!(ty, SqlType::NChar(..) | SqlType::NVarChar(..) | SqlType::NText(_) | SqlType::Xml)
}

pub fn is_binary(ty: &SqlType) -> bool {
    matches!(ty, SqlType::Binary(_) | SqlType::VarBinary(_) | SqlType::Image | SqlType::Timestamp)
}

pub fn is_integer(ty: &SqlType) -> bool {
    matches!(ty, SqlType::Bit | SqlType::TinyInt | SqlType::SmallInt | SqlType::Int | SqlType::BigInt)
}

pub fn is_money(ty: &SqlType) -> bool {
    matches!(ty, SqlType::Money | SqlType::SmallMoney)
}

pub fn is_float(ty: &SqlType) -> bool {
    matches!(ty, SqlType::Real | SqlType::Float)
}

pub fn is_number(ty: &SqlType) -> bool {
    is_integer(ty) || is_money(ty) || is_float(ty) || matches!(ty, SqlType::Decimal { .. })
}

/// Dates, times and both.
pub fn is_temporal(ty: &SqlType) -> bool {
    matches!(
        ty,
        SqlType::Date
            | SqlType::Time(_)
            | SqlType::SmallDateTime
            | SqlType::DateTime
            | SqlType::DateTime2(_)
            | SqlType::DateTimeOffset(_)
    )
}

/// Types that can neither be compared nor sorted.
pub fn is_incomparable(ty: &SqlType) -> bool {
    match ty {
        SqlType::Text(_) | SqlType::NText(_) | SqlType::Image | SqlType::Xml => true,
        SqlType::Udt(name) => name != "hierarchyid",
        _ => false,
    }
}

/// Smallest and largest value of an integer type.
pub fn range(ty: &SqlType) -> Option<(i64, i64)> {
    Some(match ty {
        SqlType::Bit => (0, 1),
        SqlType::TinyInt => (0, 255),
        SqlType::SmallInt => (i16::MIN.into(), i16::MAX.into()),
        SqlType::Int => (i32::MIN.into(), i32::MAX.into()),
        SqlType::BigInt => (i64::MIN, i64::MAX),
        _ => return None,
    })
}

/// Precision and scale with which an exact number takes part in arithmetic.
pub fn exact_digits(ty: &SqlType) -> Option<(u8, u8)> {
    Some(match ty {
        SqlType::Bit => (1, 0),
        SqlType::TinyInt => (3, 0),
        SqlType::SmallInt => (5, 0),
        SqlType::Int => (10, 0),
        SqlType::BigInt => (19, 0),
        SqlType::SmallMoney => (10, 4),
        SqlType::Money => (19, 4),
        SqlType::Decimal { precision, scale } => (*precision, *scale),
        _ => return None,
    })
}

/// A row of `sys.types`, and what `sys.columns` says of a column of the type.
pub struct CatalogueType {
    pub system_type_id: u8,
    pub user_type_id: i64,
    /// In bytes; -1 for (max).
    pub max_length: i64,
    pub precision: i64,
    pub scale: i64,
}

/// What the catalogue says of a type.
pub fn catalogue(ty: &SqlType) -> CatalogueType {
    let row = |id: u8, max_length: i64, precision: i64, scale: i64| CatalogueType {
        system_type_id: id,
        user_type_id: i64::from(id),
        max_length,
        precision,
        scale,
    };
    let length = |n: &Option<u16>, width: i64| n.map_or(-1, |n| i64::from(n) * width);
    match ty {
        SqlType::Image => row(34, 16, 0, 0),
        SqlType::Text(_) => row(35, 16, 0, 0),
        SqlType::UniqueIdentifier => row(36, 16, 0, 0),
        SqlType::Date => row(40, 3, 10, 0),
        SqlType::Time(d) => row(41, time_bytes(*d), 8 + point(*d), i64::from(*d)),
        SqlType::DateTime2(d) => row(42, time_bytes(*d) + 3, 19 + point(*d), i64::from(*d)),
        SqlType::DateTimeOffset(d) => row(43, time_bytes(*d) + 5, 26 + point(*d), i64::from(*d)),
        SqlType::TinyInt => row(48, 1, 3, 0),
        SqlType::SmallInt => row(52, 2, 5, 0),
        SqlType::Int => row(56, 4, 10, 0),
        SqlType::SmallDateTime => row(58, 4, 16, 0),
        SqlType::Real => row(59, 4, 24, 0),
        SqlType::Money => row(60, 8, 19, 4),
        SqlType::DateTime => row(61, 8, 23, 3),
        SqlType::Float => row(62, 8, 53, 0),
        SqlType::SqlVariant => row(98, 8016, 0, 0),
        SqlType::NText(_) => row(99, 16, 0, 0),
        SqlType::Bit => row(104, 1, 1, 0),
        SqlType::Decimal { precision, scale } => {
            let bytes = match precision {
                ..=9 => 5,
                ..=19 => 9,
                ..=28 => 13,
                _ => 17,
            };
            row(106, bytes, i64::from(*precision), i64::from(*scale))
        }
        SqlType::SmallMoney => row(122, 4, 10, 4),
        SqlType::BigInt => row(127, 8, 19, 0),
        SqlType::VarBinary(n) => row(165, length(n, 1), 0, 0),
        SqlType::VarChar(n, _) => row(167, length(n, 1), 0, 0),
        SqlType::Binary(n) => row(173, i64::from(*n), 0, 0),
        SqlType::Char(n, _) => row(175, i64::from(*n), 0, 0),
        SqlType::Timestamp => row(189, 8, 0, 0),
        SqlType::NVarChar(n, _) => row(231, length(n, 2), 0, 0),
        SqlType::NChar(n, _) => row(239, i64::from(*n) * 2, 0, 0),
        SqlType::Xml => row(241, -1, 0, 0),
        SqlType::Udt(name) => {
            let (user_type_id, max_length) = match name.as_str() {
                "hierarchyid" => (128, 892),
                "geometry" => (129, -1),
                _ => (130, -1),
            };
            CatalogueType { system_type_id: 240, user_type_id, max_length, precision: 0, scale: 0 }
        }
    }
}

fn time_bytes(digits: u8) -> i64 {
    match digits {
        0..=2 => 3,
        3..=4 => 4,
        _ => 5,
    }
}

/// Characters of a fraction with its point.
fn point(digits: u8) -> i64 {
    if digits == 0 { 0 } else { i64::from(digits) + 1 }
}

/// Higher wins where two types meet.
fn precedence(ty: &SqlType) -> u8 {
    match ty {
        SqlType::Udt(_) => 30,
        SqlType::SqlVariant => 29,
        SqlType::Xml => 28,
        SqlType::DateTimeOffset(_) => 27,
        SqlType::DateTime2(_) => 26,
        SqlType::DateTime => 25,
        SqlType::SmallDateTime => 24,
        SqlType::Date => 23,
        SqlType::Time(_) => 22,
        SqlType::Float => 21,
        SqlType::Real => 20,
        SqlType::Decimal { .. } => 19,
        SqlType::Money => 18,
        SqlType::SmallMoney => 17,
        SqlType::BigInt => 16,
        SqlType::Int => 15,
        SqlType::SmallInt => 14,
        SqlType::TinyInt => 13,
        SqlType::Bit => 12,
        SqlType::NText(_) => 11,
        SqlType::Text(_) => 10,
        SqlType::Image => 9,
        SqlType::Timestamp => 8,
        SqlType::UniqueIdentifier => 7,
        SqlType::NVarChar(..) => 6,
        SqlType::NChar(..) => 5,
        SqlType::VarChar(..) => 4,
        SqlType::Char(..) => 3,
        SqlType::VarBinary(_) => 2,
        SqlType::Binary(_) => 1,
    }
}

/// The type in which values of two types meet, as in a comparison, a CASE or a UNION. Of two texts the collation of the
/// first stays.
pub fn common(left: &SqlType, right: &SqlType) -> SqlType {
    if left == right {
        return left.clone();
    }
    let (high, low) = if precedence(left) >= precedence(right) { (left, right) } else { (right, left) };
    match (high, low) {
        (SqlType::Decimal { .. }, _) if exact_digits(low).is_some() => {
            let (Some((p1, s1)), Some((p2, s2))) = (exact_digits(high), exact_digits(low)) else {
                return high.clone();
            };
            let whole = (p1 - s1).max(p2 - s2);
            let scale = s1.max(s2).min(38 - whole.min(38));
            SqlType::Decimal { precision: (whole + scale).min(38), scale }
        }
        (SqlType::Time(a), SqlType::Time(b)) => SqlType::Time(*a.max(b)),
        (SqlType::DateTime2(a), SqlType::DateTime2(b)) => SqlType::DateTime2(*a.max(b)),
        // A datetime has a fraction that only seven digits show.
        (SqlType::DateTime2(_), SqlType::DateTime) => SqlType::DateTime2(7),
        (SqlType::DateTimeOffset(_), SqlType::DateTime) => SqlType::DateTimeOffset(7),
        (SqlType::DateTime2(a), SqlType::Time(b)) => SqlType::DateTime2(*a.max(b)),
        (
            SqlType::DateTimeOffset(a),
            SqlType::DateTimeOffset(b) | SqlType::DateTime2(b) | SqlType::Time(b),
        ) => SqlType::DateTimeOffset(*a.max(b)),
        (a, b) if is_text(a) && is_text(b) && text_length(a).is_some() && text_length(b).is_some() => {
            common_text(left, right)
        }
        (SqlType::VarBinary(_) | SqlType::Binary(_), SqlType::VarBinary(_) | SqlType::Binary(_)) => {
            let fixed = matches!((left, right), (SqlType::Binary(_), SqlType::Binary(_)));
            let length = match (binary_length(left), binary_length(right)) {
                (Some(a), Some(b)) => Some(a.max(b)),
                _ => None,
            };
            match length {
                Some(n) if fixed => SqlType::Binary(n),
                n => SqlType::VarBinary(n),
            }
        }
        _ => high.clone(),
    }
}

fn common_text(left: &SqlType, right: &SqlType) -> SqlType {
    let collation = collation(left).unwrap_or_default().to_owned();
    let wide = is_wide(left) || is_wide(right);
    let fixed = matches!(left, SqlType::Char(..) | SqlType::NChar(..))
        && matches!(right, SqlType::Char(..) | SqlType::NChar(..));
    let length = match (text_length(left).flatten(), text_length(right).flatten()) {
        (Some(a), Some(b)) => Some(a.max(b)),
        _ => None,
    };
    match (wide, fixed, length) {
        (true, true, Some(n)) => SqlType::NChar(n.min(4000), collation),
        (true, _, n) => SqlType::NVarChar(n.map(|n| n.min(4000)), collation),
        (false, true, Some(n)) => SqlType::Char(n, collation),
        (false, _, n) => SqlType::VarChar(n, collation),
    }
}

/// Length of a char, varchar, nchar or nvarchar; the inner `None` is (max).
pub fn text_length(ty: &SqlType) -> Option<Option<u16>> {
    match ty {
        SqlType::Char(n, _) | SqlType::NChar(n, _) => Some(Some(*n)),
        SqlType::VarChar(n, _) | SqlType::NVarChar(n, _) => Some(*n),
        _ => None,
    }
}

fn binary_length(ty: &SqlType) -> Option<u16> {
    match ty {
        SqlType::Binary(n) => Some(*n),
        SqlType::VarBinary(n) => *n,
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn described_types_are_read_again() {
        for text in [
            "bit",
            "bigint",
            "decimal(38,38)",
            "money",
            "real",
            "float",
            "time(0)",
            "datetime2(7)",
            "datetimeoffset(3)",
            "char(8000) COLLATE Korean_Wansung_CI_AS",
            "varchar(max) COLLATE Korean_Wansung_BIN2",
            "nvarchar(4000) COLLATE Latin1_General_CI_AS",
            "ntext COLLATE Latin1_General_CI_AS",
            "varbinary(max)",
            "timestamp",
            "hierarchyid",
            "geography",
        ] {
            assert_eq!(describe(&parse(text, "x").unwrap()), text);
        }
        assert_eq!(parse("[decimal](18, 4)", "x"), parse("numeric(18,4)", "x"));
        assert_eq!(parse("float(24)", "x"), Some(SqlType::Real));
        assert_eq!(parse("datetime2(8)", "x"), None);
        assert_eq!(parse("varchar(8001)", "x"), None);
        assert_eq!(parse("serial", "x"), None);
    }

    #[test]
    fn the_higher_type_wins() {
        let parse = |text| parse(text, "c").unwrap();
        for (left, right, expected) in [
            ("int", "bigint", "bigint"),
            ("decimal(10,2)", "int", "decimal(12,2)"),
            ("decimal(38,0)", "decimal(10,9)", "decimal(38,0)"),
            ("varchar(10)", "nvarchar(4)", "nvarchar(10)"),
            ("char(3)", "char(5)", "char(5)"),
            ("char(3)", "varchar(max)", "varchar(max)"),
            ("date", "varchar(10)", "date"),
            ("datetime", "datetime2(3)", "datetime2(7)"),
            ("float", "decimal(38,10)", "float"),
            ("money", "decimal(5,2)", "decimal(19,4)"),
        ] {
            assert_eq!(common(&parse(left), &parse(right)), parse(expected), "{left} {right}");
        }
    }
}
