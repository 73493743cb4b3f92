//! What a sample is, and the texts that PostgreSQL must show of values. They are made here, from the definitions of the types,
//! without any code of RSL.

use proptest::prelude::*;
use proptest::sample::select;
use tds_server::answer::SqlValue;

/// A value and its text; no text is NULL.
pub type Sample = (SqlValue, Option<String>);
pub type Shown = BoxedStrategy<(SqlValue, String)>;

/// A type, and the values to try.
pub struct Kind {
    /// As CREATE TABLE says it.
    pub declared: String,
    /// How PostgreSQL is asked for the text of a column, which stands for `{}`.
    pub read: &'static str,
    /// Edges more often than chance would have them, and NULL.
    pub samples: BoxedStrategy<Sample>,
}

pub fn kind(declared: impl Into<String>, shown: Shown) -> Kind {
    let samples = prop_oneof![1 => Just((SqlValue::Null, None)), 9 => shown.prop_map(|(value, text)| (value, Some(text)))];
    Kind { declared: declared.into(), read: "{}", samples: samples.boxed() }
}

/// Days since 0001-01-01 of 9999-12-31, of 1900-01-01, of 2000-01-01 and of a leap day.
pub const LAST_DAY: u32 = 3_652_058;
pub const DAY_1900: u32 = 693_595;
pub const DAYS: [u32; 6] = [0, LAST_DAY, DAY_1900, 730_119, 738_944, 719_162];
/// Units of 100 ns.
pub const SECOND: u64 = 10_000_000;
pub const DAY: u64 = 86_400 * SECOND;

/// A whole number with its point moved.
pub fn point(mantissa: i128, scale: usize) -> String {
    let digits = format!("{:0>1$}", mantissa.unsigned_abs(), scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    let (sign, dot) = (if mantissa < 0 { "-" } else { "" }, if scale > 0 { "." } else { "" });
    format!("{sign}{whole}{dot}{fraction}")
}

pub fn days() -> BoxedStrategy<u32> {
    prop_oneof![1 => select(DAYS.to_vec()), 4 => 0..=LAST_DAY].boxed()
}

pub fn offsets() -> BoxedStrategy<i16> {
    prop_oneof![1 => select(vec![0, 540, -840, 840, -210, 1]), 1 => -840..=840i16].boxed()
}

pub fn date(day: u32) -> String {
    let leap = |year: u32| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let (mut year, mut rest) = (1, day);
    while rest >= 365 + u32::from(leap(year)) {
        rest -= 365 + u32::from(leap(year));
        year += 1;
    }
    let lengths = [31, 28 + u32::from(leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut month = 0;
    while rest >= lengths[month] {
        rest -= lengths[month];
        month += 1;
    }
    format!("{year:04}-{:02}-{:02}", month + 1, rest + 1)
}

/// As PostgreSQL shows it: without zeros at the end.
pub fn clock(ticks: u64) -> String {
    let (seconds, fraction) = (ticks / SECOND, format!(".{:07}", ticks % SECOND));
    let fraction = fraction.trim_end_matches('0').trim_end_matches('.');
    format!("{:02}:{:02}:{:02}{fraction}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

pub fn moment(day: u32, ticks: u64) -> String {
    format!("{} {}", date(day), clock(ticks))
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub fn dashed(hex: &str) -> String {
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}
