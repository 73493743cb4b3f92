//! What a SQL Server and the extension both compute of a row, with what each has: SHA-256 over a text or the bytes of each
//! column. A comparison needs it where the source is to find the buckets that differ itself. `docs/diff.md` specifies it.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use crate::canonical::Number;
use crate::temporal::{date_text, time_text, timestamp_text};

/// Appends a field: 0 for NULL; else 1, the length (4 bytes, big-endian) and the bytes.
pub fn push_field(row: &mut Vec<u8>, bytes: Option<&[u8]>) {
    match bytes {
        None => row.push(0),
        Some(bytes) => {
            row.push(1);
            row.extend_from_slice(&(bytes.len() as u32).to_be_bytes());
            row.extend_from_slice(bytes);
        }
    }
}

/// A number with at least so many decimal places, more if it has them.
pub fn number_text(number: Number<'_>, places: usize) -> String {
    let (negative, whole, fraction) = match number {
        Number::Special(which) => {
            return ["NaN", "Infinity", "-Infinity"][usize::from(which.min(2))].to_owned();
        }
        Number::Integer(value) => (value < 0, value.unsigned_abs().to_string(), String::new()),
        Number::Digits { negative, weight, digits } => {
            let group = |power: i32| {
                let at = i32::from(weight) - power;
                usize::try_from(at).ok().and_then(|at| digits.get(at)).copied().unwrap_or(0)
            };
            let last = i32::from(weight) - digits.len() as i32 + 1;
            let whole: String =
                (0..=i32::from(weight).max(0)).rev().map(|p| format!("{:04}", group(p))).collect();
            let fraction: String = (last.min(0)..0).rev().map(|p| format!("{:04}", group(p))).collect();
            let whole = whole.trim_start_matches('0');
            let whole = if whole.is_empty() { "0" } else { whole };
            (negative, whole.to_owned(), fraction.trim_end_matches('0').to_owned())
        }
    };
    let sign = if negative { "-" } else { "" };
    match places.max(fraction.len()) {
        0 => format!("{sign}{whole}"),
        places => format!("{sign}{whole}.{fraction:0<places$}"),
    }
}

/// `YYYY-MM-DD` of days since 2000-01-01.
pub fn day_text(days: i32) -> String {
    match days {
        i32::MIN => "-infinity".to_owned(),
        i32::MAX => "infinity".to_owned(),
        days => date_text(days),
    }
}

/// `HH:MM:SS` with at least so many digits of the second, more if it has them, of microseconds since midnight.
pub fn clock_text(micros: i64, places: usize) -> String {
    seconds(time_text(micros.saturating_mul(10)), places)
}

/// `YYYY-MM-DD HH:MM:SS` with the same of microseconds since 2000-01-01.
pub fn moment_text(micros: i64, places: usize) -> String {
    match micros.checked_mul(10) {
        Some(ticks) => seconds(timestamp_text(ticks).replace('T', " "), places),
        // PostgreSQL's infinities, and years that SQL Server does not have.
        None => format!("{micros} us"),
    }
}

/// Takes zeros from the end of the seven digits of a second, and the point if none is left.
fn seconds(mut text: String, places: usize) -> String {
    let point = text.len() - 8;
    let used = text.trim_end_matches('0').len() - point - 1;
    match places.min(7).max(used) {
        0 => text.truncate(point),
        places => text.truncate(point + 1 + places),
    }
    text
}

/// The letters of SQL Server are the large ones.
pub fn uuid_text(bytes: &[u8; 16]) -> String {
    let hex: String = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

/// UTF-16, little-endian.
pub fn wide_bytes(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// The bucket, from 0, of a row whose key, or which itself if it has none, has this hash: bytes 17 to 23, big-endian.
pub fn bucket_of(hash: &[u8; 32], buckets: NonZeroU32) -> u32 {
    let number = hash[16..23].iter().fold(0u64, |number, &byte| number << 8 | u64::from(byte));
    (number % u64::from(buckets.get())) as u32
}

/// How many rows, and of each of the first four numbers of 4 bytes, big-endian, of their hashes the sum. Written as
/// `count:sum:sum:sum:sum`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sums {
    /// Rows.
    pub count: u64,
    /// Sums of numbers.
    pub sums: [u64; 4],
}

impl Sums {
    /// Adds a row's hash.
    pub fn add(&mut self, hash: &[u8; 32]) {
        self.count += 1;
        for (sum, number) in self.sums.iter_mut().zip(hash.as_chunks::<4>().0) {
            *sum = sum.wrapping_add(u64::from(u32::from_be_bytes(*number)));
        }
    }
}

impl fmt::Display for Sums {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d] = self.sums;
        write!(f, "{}:{a}:{b}:{c}:{d}", self.count)
    }
}

impl FromStr for Sums {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut numbers = text.splitn(5, ':').map(str::parse);
        let mut next = || numbers.next().unwrap_or_else(|| "".parse());
        Ok(Self { count: next()?, sums: [next()?, next()?, next()?, next()?] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Decimal;
    use crate::temporal::{TICKS_PER_DAY, parse_timestamp};
    use proptest::prelude::*;

    fn of(text: &str, places: usize) -> String {
        let decimal: Decimal = text.parse().unwrap();
        number_text(Number::from(&decimal.to_base10000()), places)
    }

    #[test]
    fn numbers_as_sql_server_writes_decimals() {
        for (text, places, expected) in [
            ("1.5", 3, "1.500"),
            ("-0.05", 2, "-0.05"),
            ("0", 4, "0.0000"),
            ("12345678.9", 1, "12345678.9"),
            ("0.00001", 2, "0.00001"),
            ("1000000000000000000000", 0, "1000000000000000000000"),
            ("10000.0001", 0, "10000.0001"),
            ("-99999999999999999999999999999999999999", 0, "-99999999999999999999999999999999999999"),
        ] {
            assert_eq!(of(text, places), expected);
        }
        assert_eq!(number_text(Number::Special(0), 2), "NaN");
    }

    #[test]
    fn times_as_sql_server_writes_them() {
        assert_eq!(moment_text(0, 3), "2000-01-01 00:00:00.000");
        assert_eq!(moment_text(0, 0), "2000-01-01 00:00:00");
        assert_eq!(moment_text(-1, 3), "1999-12-31 23:59:59.999999");
        assert_eq!(moment_text(120_000, 7), "2000-01-01 00:00:00.1200000");
        assert_eq!(moment_text(i64::MAX, 7), format!("{} us", i64::MAX));
        assert_eq!(clock_text(86_399_500_000, 1), "23:59:59.5");
        assert_eq!(day_text(-730_119), "0001-01-01");
    }

    proptest! {
        #[test]
        fn numbers_read_back(mantissa in any::<i64>(), scale in 0u8..20, places in 0usize..20) {
            let decimal = Decimal::new(i128::from(mantissa), scale).unwrap();
            let text = number_text(Number::from(&decimal.to_base10000()), places);
            prop_assert_eq!(text.parse::<Decimal>().unwrap().normalized(), decimal.normalized());
            let shown = text.split_once('.').map_or(0, |(_, fraction)| fraction.len());
            prop_assert_eq!(shown, places.max(decimal.normalized().scale().into()));
        }

        #[test]
        fn moments_read_back(micros in -60_000_000_000_000_000i64..250_000_000_000_000_000, places in 0usize..8) {
            let text = moment_text(micros, places);
            prop_assert_eq!(parse_timestamp(&text).unwrap().ticks, micros * 10);
            prop_assert!(clock_text(micros.rem_euclid(TICKS_PER_DAY / 10), places).len() >= 8);
        }

        #[test]
        fn fields_do_not_run_into_each_other(a in "[a\0\u{1}]{0,3}", b in "[a\0\u{1}]{0,3}", c in "[a\0\u{1}]{0,3}", d in "[a\0\u{1}]{0,3}") {
            let row = |fields: [&str; 2]| {
                let mut row = Vec::new();
                fields.iter().for_each(|field| push_field(&mut row, (*field != "a").then_some(field.as_bytes())));
                row
            };
            prop_assert_eq!(row([&a, &b]) == row([&c, &d]), a == c && b == d);
        }

        #[test]
        fn sums_read_back(count: u64, sums: [u64; 4], garbage in "[0-9:]{0,20}") {
            let sums = Sums { count, sums };
            prop_assert_eq!(sums.to_string().parse(), Ok(sums));
            let _ = garbage.parse::<Sums>();
        }
    }
}
