//! A table of every type, with extreme values and NULLs, and an engine that serves it without a database.
//!
//! Each type is there twice, as `c_…` NOT NULL and as `n_…` NULL.

mod engine;

use crate::{
    answer::{AnswerColumn, SqlType, SqlValue},
    collation, request,
};

pub use engine::EveryType;

/// Columns that exist for one type: name, type, and what it holds in an ordinary row, in the row of lowest and in that of
/// highest values.
struct Sample {
    name: &'static str,
    ty: SqlType,
    ordinary: SqlValue,
    lowest: SqlValue,
    highest: SqlValue,
}

fn sample(name: &'static str, ty: SqlType, values: [SqlValue; 3]) -> Sample {
    let [ordinary, lowest, highest] = values;
    Sample { name, ty, ordinary, lowest, highest }
}

fn wide(text: &str) -> SqlValue {
    SqlValue::Wide(text.encode_utf16().collect())
}

fn bytes(bytes: &[u8]) -> SqlValue {
    SqlValue::Bytes(bytes.to_vec())
}

fn binary(bytes: &[u8]) -> SqlValue {
    SqlValue::Binary(bytes.to_vec())
}

fn variant(ty: SqlType, value: SqlValue) -> SqlValue {
    SqlValue::Variant(Box::new((ty, value)))
}

/// 9999-12-31 in days since 0001-01-01, and since 1900-01-01.
const LAST_DAY: u32 = 3_652_058;
const LAST_DATETIME_DAY: i32 = 2_958_463;
/// 1753-01-01 in days since 1900-01-01, where datetime begins.
const FIRST_DATETIME_DAY: i32 = -53_690;
/// 2024-02-29.
const LEAP_DAY: u32 = 738_944;
const LEAP_DATETIME_DAY: i32 = 45_349;
const DAY: u64 = 24 * 60 * 60 * 10_000_000;
/// 12:34:56.
const NOON: u64 = (12 * 3600 + 34 * 60 + 56) * 10_000_000;
const LARGEST: i128 = 10_i128.pow(38) - 1;

fn numbers() -> Vec<Sample> {
    let decimal = |precision, scale| SqlType::Decimal { precision, scale };
    let int = |values: [i64; 3]| values.map(SqlValue::Int);
    let mantissa = |values: [i128; 3]| values.map(SqlValue::Decimal);
    vec![
        sample("bit", SqlType::Bit, [true, false, true].map(SqlValue::Bit)),
        sample("tinyint", SqlType::TinyInt, int([42, 0, 255])),
        sample("smallint", SqlType::SmallInt, int([-42, i16::MIN.into(), i16::MAX.into()])),
        sample("int", SqlType::Int, int([42, i32::MIN.into(), i32::MAX.into()])),
        sample("bigint", SqlType::BigInt, int([-42, i64::MIN, i64::MAX])),
        sample("decimal_9_2", decimal(9, 2), mantissa([12345, -999_999_999, 999_999_999])),
        sample("decimal_19_4", decimal(19, 4), mantissa([-1, -(10_i128.pow(19) - 1), 10_i128.pow(19) - 1])),
        sample("decimal_28_10", decimal(28, 10), mantissa([1, -(10_i128.pow(28) - 1), 10_i128.pow(28) - 1])),
        sample("decimal_38_0", decimal(38, 0), mantissa([0, -LARGEST, LARGEST])),
        sample("decimal_38_38", decimal(38, 38), mantissa([-1, -LARGEST, LARGEST])),
        sample(
            "smallmoney",
            SqlType::SmallMoney,
            [-1, i64::from(i32::MIN), i64::from(i32::MAX)].map(SqlValue::Money),
        ),
        sample("money", SqlType::Money, [12_345_678, i64::MIN, i64::MAX].map(SqlValue::Money)),
        sample("real", SqlType::Real, [0.1, f32::MIN, f32::MAX].map(SqlValue::Real)),
        sample("float", SqlType::Float, [0.1, f64::MIN, f64::MIN_POSITIVE].map(SqlValue::Float)),
    ]
}

fn dates() -> Vec<Sample> {
    let time = |digits, last| sample_time(digits, last);
    vec![
        sample("date", SqlType::Date, [LEAP_DAY, 0, LAST_DAY].map(SqlValue::Date)),
        time("time_0", 0),
        time("time_3", 3),
        time("time_7", 7),
        sample(
            "smalldatetime",
            SqlType::SmallDateTime,
            [(45_349, 754), (0, 0), (65_535, 1439)].map(|(day, minute)| SqlValue::SmallDateTime(day, minute)),
        ),
        sample(
            "datetime",
            SqlType::DateTime,
            [
                (LEAP_DATETIME_DAY, 12 * 3600 * 300 + 1),
                (FIRST_DATETIME_DAY, 0),
                (LAST_DATETIME_DAY, 24 * 3600 * 300 - 1),
            ]
            .map(|(day, part)| SqlValue::DateTime(day, part)),
        ),
        sample_datetime2("datetime2_0", 0),
        sample_datetime2("datetime2_3", 3),
        sample_datetime2("datetime2_7", 7),
        sample_offset("datetimeoffset_0", 0),
        sample_offset("datetimeoffset_7", 7),
    ]
}

/// The last moment of a day in so many digits, and a moment that has them all.
fn moments(digits: u8) -> (u64, u64) {
    let unit = 10_u64.pow(7 - u32::from(digits));
    (DAY - unit, NOON + 1_234_567 / unit * unit)
}

fn sample_time(name: &'static str, digits: u8) -> Sample {
    let (last, noon) = moments(digits);
    sample(name, SqlType::Time(digits), [noon, 0, last].map(SqlValue::Time))
}

fn sample_datetime2(name: &'static str, digits: u8) -> Sample {
    let (last, noon) = moments(digits);
    let values = [(LEAP_DAY, noon), (0, 0), (LAST_DAY, last)];
    sample(name, SqlType::DateTime2(digits), values.map(|(day, time)| SqlValue::DateTime2(day, time)))
}

fn sample_offset(name: &'static str, digits: u8) -> Sample {
    let (last, noon) = moments(digits);
    // The extremes as they are written where they apply: 0001-01-01 00:00 +00:00, 9999-12-31 14:59:59… -09:00.
    let values = [(LEAP_DAY, noon, 330), (0, 0, 0), (LAST_DAY, last, -540)];
    sample(
        name,
        SqlType::DateTimeOffset(digits),
        values.map(|(day, time, offset)| SqlValue::DateTimeOffset(day, time, offset)),
    )
}

fn texts() -> Vec<Sample> {
    let named = str::to_owned;
    let (latin, korean) = (named("Latin1_General_CI_AS"), named("Korean_Wansung_CI_AS"));
    let utf8 = named("Latin1_General_100_CI_AS_SC_UTF8");
    let usual = named(collation::DEFAULT);
    // "한글 제품" in code page 949.
    let hangul = b"\xC7\xD1\xB1\xDB \xC1\xA6\xC7\xB0";
    let long = "0123456789".repeat(1000);
    vec![
        sample(
            "char",
            SqlType::Char(10, latin.clone()),
            [bytes(b"caf\xE9      "), bytes(b"          "), bytes(b"ABCDEFGHI\xFF")],
        ),
        sample(
            "varchar",
            SqlType::VarChar(Some(40), usual.clone()),
            [bytes(b"na\xEFve"), bytes(b""), bytes(&[b'z'; 40])],
        ),
        sample(
            "varchar_korean",
            SqlType::VarChar(Some(40), korean.clone()),
            [bytes(hangul), bytes(b""), bytes(&hangul[..2].repeat(20))],
        ),
        sample(
            "varchar_utf8",
            SqlType::VarChar(Some(40), utf8),
            [bytes("한글 é 😀".as_bytes()), bytes(b""), bytes("😀".repeat(10).as_bytes())],
        ),
        sample(
            "varchar_max",
            SqlType::VarChar(None, latin.clone()),
            [bytes(b"caf\xE9"), bytes(b""), bytes(long.as_bytes())],
        ),
        sample("text", SqlType::Text(latin), [bytes(b"caf\xE9"), bytes(b""), bytes(long.as_bytes())]),
        sample(
            "nchar",
            SqlType::NChar(10, korean.clone()),
            [wide("한글        "), wide("          "), wide("😀😀😀😀😀")],
        ),
        sample(
            "nvarchar",
            SqlType::NVarChar(Some(40), korean),
            [wide("제품 é 😀"), wide(""), wide(&"힣".repeat(40))],
        ),
        sample(
            "nvarchar_max",
            SqlType::NVarChar(None, usual.clone()),
            [wide("제품 é 😀"), wide(""), wide(&long)],
        ),
        sample("ntext", SqlType::NText(usual), [wide("제품 é 😀"), wide(""), wide(&long)]),
        sample("xml", SqlType::Xml, [wide("<a b=\"1\">é</a>"), wide(""), wide(&format!("<a>{long}</a>"))]),
    ]
}

fn others() -> Vec<Sample> {
    let long: Vec<u8> = (0..10_000_u16).map(|n| n.to_le_bytes()[0]).collect();
    let point = |srid: u32, x: f64, y: f64| {
        let mut point = srid.to_le_bytes().to_vec();
        point.extend([1, 0x0C]);
        point.extend(x.to_le_bytes());
        point.extend(y.to_le_bytes());
        SqlValue::Binary(point)
    };
    let geometry = |ty: &str, srid| {
        let values = [point(srid, 1.0, 2.0), point(srid, -90.0, -180.0), point(srid, 90.0, 180.0)];
        (SqlType::Udt(ty.to_owned()), values)
    };
    let (geometry, geography) = (geometry("geometry", 0), geometry("geography", 4326));
    vec![
        sample(
            "binary",
            SqlType::Binary(8),
            [binary(b"\0\x01\x02\x03\x04\x05\x06\x07"), binary(&[0; 8]), binary(&[255; 8])],
        ),
        sample(
            "varbinary",
            SqlType::VarBinary(Some(40)),
            [binary(b"\0\xFF"), binary(b""), binary(&[255; 40])],
        ),
        sample("varbinary_max", SqlType::VarBinary(None), [binary(b"\0\xFF"), binary(b""), binary(&long)]),
        sample("image", SqlType::Image, [binary(b"\0\xFF"), binary(b""), binary(&long)]),
        sample(
            "timestamp",
            SqlType::Timestamp,
            [binary(b"\0\0\0\0\0\0\x07\xD1"), binary(&[0; 8]), binary(&[255; 8])],
        ),
        sample(
            "uniqueidentifier",
            SqlType::UniqueIdentifier,
            [
                SqlValue::Guid(*b"\x6F\x96\x19\xFF\x8B\x86\xD0\x11\xB4\x2D\x00\xC0\x4F\xC9\x64\xFF"),
                SqlValue::Guid([0; 16]),
                SqlValue::Guid([255; 16]),
            ],
        ),
        sample(
            "sql_variant",
            SqlType::SqlVariant,
            [
                variant(SqlType::Int, SqlValue::Int(42)),
                variant(SqlType::Decimal { precision: 38, scale: 10 }, SqlValue::Decimal(-LARGEST)),
                variant(SqlType::NVarChar(Some(40), collation::DEFAULT.to_owned()), wide("제품 é 😀")),
            ],
        ),
        // The root, /1/2/ and /1/, as SQL Server serialises them.
        sample(
            "hierarchyid",
            SqlType::Udt("hierarchyid".to_owned()),
            [binary(b"\x5B\x40"), binary(b""), binary(b"\x58")],
        ),
        sample("geometry", geometry.0, geometry.1),
        sample("geography", geography.0, geography.1),
    ]
}

/// The table's columns and its four rows: ordinary values, the lowest or empty ones, the highest or longest, NULLs.
pub fn table() -> (Vec<AnswerColumn>, Vec<Vec<SqlValue>>) {
    let mut columns = vec![AnswerColumn { name: "id".to_owned(), ty: SqlType::Int, nullable: false }];
    let mut rows: Vec<Vec<SqlValue>> = (1..=4).map(|id| vec![SqlValue::Int(id)]).collect();
    for Sample { name, ty, ordinary, lowest, highest } in
        [numbers(), dates(), texts(), others()].into_iter().flatten()
    {
        for (prefix, nullable) in [("c", false), ("n", true)] {
            columns.push(AnswerColumn { name: format!("{prefix}_{name}"), ty: ty.clone(), nullable });
            let last = if nullable { SqlValue::Null } else { ordinary.clone() };
            let values = [ordinary.clone(), lowest.clone(), highest.clone(), last];
            for (row, value) in rows.iter_mut().zip(values) {
                row.push(value);
            }
        }
    }
    (columns, rows)
}

/// The table as texts, to compare with what a client makes of its values: row, column, type, text (NULL for NULL).
pub fn texts_of_table() -> Vec<[Option<String>; 4]> {
    let (columns, rows) = table();
    let mut texts = Vec::new();
    for (row, n) in rows.iter().zip(1..) {
        for (column, value) in columns.iter().zip(row) {
            let text = (*value != SqlValue::Null).then(|| text_of(&column.ty, value));
            let kind = format!("{:?}", column.ty);
            let kind = kind.split(['(', ' ']).next().unwrap_or_default().to_owned();
            texts.push([Some(format!("{n}")), Some(column.name.clone()), Some(kind), text]);
        }
    }
    texts
}

/// A value as text: of characters themselves, of moments in ISO's form with all seven digits, of bytes in hexadecimal.
fn text_of(ty: &SqlType, value: &SqlValue) -> String {
    const TO_1900: i64 = 693_595;
    let moment = |day: i64, time: u64| {
        let day = u32::try_from(day + TO_1900).unwrap_or_default();
        request::shown(&SqlType::DateTime2(7), &SqlValue::DateTime2(day, time))
    };
    match value {
        SqlValue::Bytes(bytes) => {
            let name = match ty {
                SqlType::Char(_, name) | SqlType::VarChar(_, name) | SqlType::Text(name) => name,
                _ => collation::DEFAULT,
            };
            let page = collation::find(name).map_or(1252, |collation| collation.code_page);
            let encoding = match page {
                949 => encoding_rs::EUC_KR,
                65001 => encoding_rs::UTF_8,
                _ => encoding_rs::WINDOWS_1252,
            };
            encoding.decode_without_bom_handling(bytes).0.into_owned()
        }
        SqlValue::Wide(units) => String::from_utf16_lossy(units),
        SqlValue::DateTime(day, part) => {
            // SQL Server shows the milliseconds rounded, not cut: .003, .007, .010.
            moment((*day).into(), (u64::from(*part) * 10 + 1) / 3 * 10_000)
        }
        SqlValue::SmallDateTime(day, minute) => moment((*day).into(), u64::from(*minute) * 600_000_000),
        SqlValue::DateTimeOffset(day, time, offset) => {
            let utc = request::shown(&SqlType::DateTime2(7), &SqlValue::DateTime2(*day, *time));
            format!("{utc} UTC {offset}")
        }
        SqlValue::Variant(inner) => text_of(&inner.0, &inner.1),
        _ => request::shown(ty, value),
    }
}
