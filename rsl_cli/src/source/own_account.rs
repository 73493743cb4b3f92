//! What a source computes of its own rows, put together from the figures that its SQL gives.

use rsl_core::PgType;
use rsl_core::extent::{Extent, Measure, Told};
use rsl_core::source_account::SourceColumn;
use rsl_core::sum::Sum;
use rsl_core::temporal::{self, TICKS_PER_DAY};

/// What a figure, which an aggregate of the source gives as text, is of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Figure {
    /// How many values are NULL.
    Nulls,
    /// A whole number that is, times this power of ten, the sum or a part of it.
    Sum(i32),
    /// The same in units of 2^32 of that power of ten.
    Sum32(i32),
    /// The smallest value.
    Smallest,
    /// The largest value.
    Largest,
    /// Characters, or bytes of binary values.
    Length,
    /// Bytes of UTF-16.
    Utf16Bytes,
}

/// The accounts of columns of these types. Each figure comes with the position of its column and with what the source says, which
/// is nothing where no value was. `not_null`: columns that the source itself keeps from being NULL.
pub fn columns(
    types: &[PgType],
    not_null: &[bool],
    figures: impl IntoIterator<Item = (usize, Figure, Option<String>)>,
) -> Vec<SourceColumn> {
    let mut found: Vec<Collected> = types.iter().map(|_| Collected::default()).collect();
    for (at, figure, text) in figures {
        let column = &mut found[at];
        let whole = || text.as_deref().map_or(Some(0), |text| text.parse::<u64>().ok());
        match figure {
            Figure::Nulls => column.nulls = whole(),
            Figure::Sum(shift) | Figure::Sum32(shift) => {
                let times = if let Figure::Sum32(_) = figure { 1 << 32 } else { 1 };
                let part = text.as_deref().map_or(Some(Sum::default()), |text| shifted(text, times, shift));
                match (&mut column.sum, part) {
                    (Some(sum), Some(part)) => sum.merge(&part),
                    (None, Some(part)) if !column.unsummed => column.sum = Some(part),
                    _ => (column.sum, column.unsummed) = (None, true),
                }
            }
            Figure::Smallest => column.smallest = text,
            Figure::Largest => column.largest = text,
            Figure::Length => column.length = whole(),
            Figure::Utf16Bytes => column.utf16 = whole().map(|bytes| bytes / 2),
        }
    }
    let columns = found.into_iter().zip(types).zip(not_null);
    columns.map(|((column, &ty), &not_null)| column.account(ty, not_null)).collect()
}

/// Takes out of the account of a view the columns of which another account, in the same snapshot, says something else: what GETDATE() or
/// random() gives, the rows cannot have in common with it. Returns their names.
pub fn take_unsteady<'n>(
    object: &str,
    names: impl IntoIterator<Item = &'n str>,
    account: &mut [SourceColumn],
    again: &[SourceColumn],
) -> Vec<String> {
    let mut unsteady = Vec::new();
    for ((name, column), again) in names.into_iter().zip(account).zip(again) {
        if column != again {
            *column = SourceColumn::default();
            unsteady.push(name.to_owned());
        }
    }
    if !unsteady.is_empty() {
        eprintln!(
            "{object}: the source says something else of {} each time it is asked: the rows are not compared with that",
            unsteady.join(", ")
        );
    }
    unsteady
}

#[derive(Default)]
struct Collected {
    nulls: Option<u64>,
    sum: Option<Sum>,
    /// A part of the sum does not read.
    unsummed: bool,
    smallest: Option<String>,
    largest: Option<String>,
    length: Option<u64>,
    utf16: Option<u64>,
}

impl Collected {
    fn account(self, ty: PgType, not_null: bool) -> SourceColumn {
        let ends = self.smallest.zip(self.largest).and_then(|(min, max)| ends(&min, &max, ty));
        let (min, max) = ends.unzip();
        SourceColumn {
            nulls: self.nulls.or(not_null.then_some(0)),
            sum: self.sum.as_ref().map(Sum::to_decimal_string),
            min,
            max,
            length: self.length,
            utf16: self.utf16,
        }
    }
}

/// A number in decimal, so many times and times a power of ten; one with places only as it is.
fn shifted(text: &str, times: i128, power: i32) -> Option<Sum> {
    if (times, power) == (1, 0) {
        return Sum::parse(&with_zero(text));
    }
    let product = text.parse::<i128>().ok()?.checked_mul(times)?;
    let (sign, digits) = (if product < 0 { "-" } else { "" }, product.unsigned_abs().to_string());
    let width = power.unsigned_abs() as usize;
    if power >= 0 {
        return Sum::parse(&format!("{sign}{digits}{}", "0".repeat(width)));
    }
    let digits = format!("{digits:0>least$}", least = width + 1);
    let (whole, places) = digits.split_at_checked(digits.len() - width)?;
    Sum::parse(&format!("{sign}{whole}.{places}"))
}

/// SQL Server may leave out a zero before the point.
fn with_zero(number: &str) -> String {
    match number.strip_prefix('.') {
        Some(_) => format!("0{number}"),
        None => number.replacen("-.", "-0.", 1),
    }
}

/// The ends in the words of a witness; none if they do not read as values of the type.
fn ends(min: &str, max: &str, ty: PgType) -> Option<(String, String)> {
    let mut extent = Extent::default();
    match ty {
        PgType::Int2 | PgType::Int4 | PgType::Int8 | PgType::Numeric(_) => {
            let told = Told { ends: Some((with_zero(min), with_zero(max))), length: None };
            return Extent::from_told(&told, true).tell().ends;
        }
        PgType::Float4 | PgType::Float8 => {
            extent.add(Measure::Float(float(min)?));
            extent.add(Measure::Float(float(max)?));
        }
        PgType::Date => {
            extent.add(Measure::Date(day(min)?));
            extent.add(Measure::Date(day(max)?));
        }
        PgType::Time(_) => {
            extent.add(Measure::Time(micros(temporal::parse_time(min)?)?));
            extent.add(Measure::Time(micros(temporal::parse_time(max)?)?));
        }
        PgType::Timestamp(_) => {
            let local = |text: &str| {
                let read = temporal::parse_timestamp(text)?;
                micros(read.ticks).filter(|_| read.offset.is_none_or(|offset| offset == 0))
            };
            extent.add(Measure::Timestamp(local(min)?));
            extent.add(Measure::Timestamp(local(max)?));
        }
        PgType::TimestampTz(_) => {
            let instant = |text: &str| {
                let read = temporal::parse_timestamp(text)?;
                micros(read.ticks - i64::from(read.offset?) * 60 * temporal::TICKS_PER_SECOND)
            };
            extent.add(Measure::TimestampTz(instant(min)?));
            extent.add(Measure::TimestampTz(instant(max)?));
        }
        _ => return None,
    }
    extent.tell().ends
}

/// A float as eight or four bytes in hexadecimal, or as a decimal that says it whole.
fn float(text: &str) -> Option<f64> {
    match text.strip_prefix("0x") {
        Some(bytes) if bytes.len() == 8 => Some(f32::from_bits(u32::from_str_radix(bytes, 16).ok()?).into()),
        Some(bytes) if bytes.len() == 16 => Some(f64::from_bits(u64::from_str_radix(bytes, 16).ok()?)),
        Some(_) => None,
        None => text.parse().ok(),
    }
}

/// A day, also of a timestamp at midnight.
fn day(text: &str) -> Option<i32> {
    let ticks = temporal::parse_timestamp(text).filter(|read| read.offset.is_none())?.ticks;
    (ticks % TICKS_PER_DAY == 0).then(|| ticks.div_euclid(TICKS_PER_DAY) as i32)
}

/// Microseconds of units of 100 ns; a rest would be refused by the reader, too.
fn micros(ticks: i64) -> Option<i64> {
    (ticks % 10 == 0).then_some(ticks / 10)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn one(ty: PgType, figures: &[(Figure, Option<&str>)]) -> SourceColumn {
        let figures = figures.iter().map(|&(figure, text)| (0, figure, text.map(str::to_owned)));
        columns(&[ty], &[false], figures).remove(0)
    }

    fn ends_of(ty: PgType, min: &str, max: &str) -> Option<(String, String)> {
        let column = one(ty, &[(Figure::Smallest, Some(min)), (Figure::Largest, Some(max))]);
        column.min.zip(column.max)
    }

    #[test]
    fn ends_are_told_as_a_witness_tells_them() {
        let numeric = PgType::Numeric(None);
        for (ty, min, max, expected) in [
            (numeric, "-12.50", ".50", ("-12.5", "0.5")),
            (numeric, "-.5000", "0.00", ("-0.5", "0")),
            (
                PgType::Int8,
                "-9223372036854775808",
                "9223372036854775807",
                ("-9223372036854775808", "9223372036854775807"),
            ),
            (
                PgType::Float8,
                "0xBFF8000000000000",
                "0x7FEFFFFFFFFFFFFF",
                ("-1.5", f64::MAX.to_string().as_str()),
            ),
            (PgType::Float4, "0x80000000", "0x3DCCCCCD", ("0", "0.10000000149011612")),
            (PgType::Date, "0001-01-01", "9999-12-31", ("0001-01-01", "9999-12-31")),
            (PgType::Time(6), "00:00:00.0000000", "23:59:59.1234560", ("00:00:00", "23:59:59.123456")),
            (
                PgType::Timestamp(3),
                "1753-01-01T00:00:00",
                "9999-12-31T23:59:59.997",
                ("1753-01-01 00:00:00", "9999-12-31 23:59:59.997"),
            ),
            (
                PgType::TimestampTz(0),
                "2024-01-01T09:00:00.0000000+09:00",
                "2024-01-01T00:30:00+00:00",
                ("2024-01-01 00:00:00Z", "2024-01-01 00:30:00Z"),
            ),
        ] {
            let expected = (expected.0.to_owned(), expected.1.to_owned());
            assert_eq!(ends_of(ty, min, max), Some(expected), "{ty}");
        }
        for (ty, text) in [
            (PgType::Timestamp(6), "2024-01-01T00:00:00.1234567"),
            (PgType::Date, "2024-01-01T00:00:01"),
            (PgType::TimestampTz(6), "2024-01-01T00:00:00"),
            (numeric, "x"),
            (PgType::Float8, "0x12"),
            (PgType::Text, "a"),
        ] {
            assert_eq!(ends_of(ty, text, text), None, "{ty}");
        }
    }

    #[test]
    fn what_no_value_gives() {
        let empty = one(
            PgType::Int4,
            &[
                (Figure::Nulls, Some("0")),
                (Figure::Sum(0), None),
                (Figure::Smallest, None),
                (Figure::Largest, None),
            ],
        );
        assert_eq!((empty.nulls, empty.sum.as_deref(), empty.min), (Some(0), Some("0"), None));
        assert_eq!(one(PgType::Text, &[(Figure::Utf16Bytes, None)]).utf16, Some(0));
        assert_eq!(one(PgType::Int4, &[(Figure::Sum(20), Some("x")), (Figure::Sum(0), Some("1"))]).sum, None);
        assert_eq!(one(PgType::Int4, &[(Figure::Sum(20), Some("1")), (Figure::Sum(0), Some("x"))]).sum, None);
    }

    proptest! {
        #[test]
        fn a_sum_in_pieces_is_the_whole(high in any::<i64>(), low in any::<i64>(), scale in 0i32..39) {
            let sum = one(PgType::Numeric(None), &[
                (Figure::Sum(20 - scale), Some(&high.to_string())), (Figure::Sum(-scale), Some(&low.to_string())),
            ]).sum.unwrap();
            // The same in units of the last place.
            let units = |text: &str| {
                let (whole, places) = text.split_once('.').unwrap_or((text, ""));
                Sum::parse(&format!("{whole}{places:0<width$}", width = scale as usize)).unwrap().to_decimal_string()
            };
            let mut expected = Sum::parse(&format!("{high}{}", "0".repeat(20))).unwrap();
            expected.merge(&Sum::parse(&low.to_string()).unwrap());
            prop_assert_eq!(units(&sum), expected.to_decimal_string());
        }
    }
}
