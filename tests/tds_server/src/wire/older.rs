//! What clients of older versions get instead of types they do not know.

use std::fmt::Write;

use super::Version;
use crate::{
    answer::{SqlType, SqlValue},
    collation,
};

/// The type a client of this version gets for a column.
pub(crate) fn ty(ty: &SqlType, version: Version) -> SqlType {
    let text = |length| SqlType::NVarChar(Some(length), collation::DEFAULT.to_owned());
    if version < Version::V7_3A {
        match ty {
            SqlType::Date => return text(10),
            SqlType::Time(_) => return text(16),
            SqlType::DateTime2(_) => return text(27),
            SqlType::DateTimeOffset(_) => return text(34),
            _ => {}
        }
    }
    if version < Version::V7_2 {
        match ty {
            SqlType::VarChar(None, collation) => return SqlType::Text(collation.clone()),
            SqlType::NVarChar(None, collation) => return SqlType::NText(collation.clone()),
            SqlType::Xml => return SqlType::NText(collation::DEFAULT.to_owned()),
            SqlType::VarBinary(None) | SqlType::Udt(_) => return SqlType::Image,
            _ => {}
        }
    }
    ty.clone()
}

/// The value for a column of type `from` that the client sees as [`ty`]: dates as text, all else as it is.
pub(crate) fn value(from: &SqlType, version: Version, value: SqlValue) -> SqlValue {
    if version >= Version::V7_3A {
        return value;
    }
    match (from, value) {
        (SqlType::Date, SqlValue::Date(day)) => wide(&date(day)),
        (SqlType::Time(digits), SqlValue::Time(time)) => wide(&clock(time, *digits)),
        (SqlType::DateTime2(digits), SqlValue::DateTime2(day, time)) => {
            wide(&format!("{} {}", date(day), clock(time, *digits)))
        }
        (SqlType::DateTimeOffset(digits), SqlValue::DateTimeOffset(day, time, offset)) => {
            wide(&local(day, time, offset, *digits))
        }
        (SqlType::SqlVariant, SqlValue::Variant(inner)) => {
            let (inner_type, inner) = *inner;
            let seen = ty(&inner_type, version);
            SqlValue::Variant(Box::new((seen, self::value(&inner_type, version, inner))))
        }
        (_, value) => value,
    }
}

fn wide(text: &str) -> SqlValue {
    SqlValue::Wide(text.encode_utf16().collect())
}

const DAY: i64 = 24 * 60 * 60 * 10_000_000;

/// A moment in UTC as it is written where the offset applies.
fn local(day: u32, time: u64, offset: i16, digits: u8) -> String {
    let ticks =
        i64::from(day) * DAY + i64::try_from(time).unwrap_or_default() + i64::from(offset) * 600_000_000;
    let day = u32::try_from(ticks.div_euclid(DAY)).unwrap_or_default();
    let time = u64::try_from(ticks.rem_euclid(DAY)).unwrap_or_default();
    let sign = if offset < 0 { '-' } else { '+' };
    let minutes = offset.unsigned_abs();
    format!("{} {} {sign}{:02}:{:02}", date(day), clock(time, digits), minutes / 60, minutes % 60)
}

/// Days since 0001-01-01 as a date.
pub(crate) fn date(day: u32) -> String {
    // A calendar whose years begin in March has its leap day at the end.
    let day = day + 306;
    let era = day / 146_097;
    let of_era = day % 146_097;
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    format!("{:04}-{month:02}-{day:02}", era * 400 + year_of_era + next)
}

/// Units of 100 ns since midnight as a time of day.
pub(crate) fn clock(time: u64, digits: u8) -> String {
    let (seconds, rest) = (time / 10_000_000, time % 10_000_000);
    let mut text = format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    if digits > 0 {
        let fraction = format!("{rest:07}");
        // Writing to a String does not fail.
        let _ = write!(text, ".{}", &fraction[..usize::from(digits.min(7))]);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_as_text() {
        for (day, text) in [
            (0, "0001-01-01"),
            (58, "0001-02-28"),
            (59, "0001-03-01"),
            (693_595, "1900-01-01"),
            (730_178, "2000-02-29"),
            (3_652_058, "9999-12-31"),
        ] {
            assert_eq!(date(day), text);
        }
        assert_eq!(clock(863_999_999_999, 7), "23:59:59.9999999");
        assert_eq!(clock(36_610_000_000, 0), "01:01:01");
        assert_eq!(local(730_178, 0, -90, 3), "2000-02-28 22:30:00.000 -01:30");
    }
}
