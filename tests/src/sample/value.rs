//! Making the values of a row, each ordinary most of the time and curious now and then.

use super::chance::Chance;
use super::curiosities::{DATES, DATETIMES, DECIMALS};
use std::fmt::Write as _;

/// Rows at the start of every table that go through the curious values one by one, so that small samples have them all.
pub const SHOWCASE: u64 = 32;

/// One in this many of the later values is curious.
const CURIOUS: u64 = 64;

/// A curious value, or none if this row's turn is an ordinary one. `column` shifts the showcase, so that two columns of
/// one row do not run through it in step.
pub fn curious<T: Copy>(chance: &mut Chance, row: u64, column: u64, choices: &[T]) -> Option<T> {
    if row < SHOWCASE {
        return Some(choices[((row + column * 5) % choices.len() as u64) as usize]);
    }
    chance.one_in(CURIOUS).then(|| chance.pick(choices))
}

/// A number of ten-thousandths as SQLite stores a decimal: the nearest binary number, which prints as that decimal as
/// long as it has no more than fifteen digits.
pub fn decimal(ten_thousandths: i64) -> f64 {
    ten_thousandths as f64 / 10_000.0
}

/// A decimal within `low..=high` ten-thousandths, or a curious one.
pub fn any_decimal(chance: &mut Chance, row: u64, column: u64, low: i64, high: i64) -> f64 {
    let ordinary = chance.between(low, high);
    decimal(curious(chance, row, column, DECIMALS).unwrap_or(ordinary))
}

/// `YYYY-MM-DD` of a day counted from 1970-01-01.
pub fn date(text: &mut String, days: i64) {
    let (year, month, day) = civil(days);
    text.clear();
    // Writing to a String cannot fail.
    let _ = write!(text, "{year:04}-{month:02}-{day:02}");
}

/// A working day of the years 1998 to 2035, or a curious one.
pub fn any_date(text: &mut String, chance: &mut Chance, row: u64, column: u64) {
    let days = chance.between(10_227, 24_000);
    match curious(chance, row, column, DATES) {
        Some(curious) => curious.clone_into(text),
        None => date(text, days),
    }
}

/// A point in time of the years 1998 to 2035 with SQL Server's ticks, or a curious one.
pub fn any_datetime(text: &mut String, chance: &mut Chance, row: u64, column: u64) {
    let (days, second, tick) = (chance.between(10_227, 24_000), chance.below(86_400), chance.below(300));
    if let Some(curious) = curious(chance, row, column, DATETIMES) {
        curious.clone_into(text);
        return;
    }
    date(text, days);
    let milliseconds = (tick * 1000 + 150) / 300;
    let _ =
        write!(text, " {:02}:{:02}:{:02}.{milliseconds:03}", second / 3600, second / 60 % 60, second % 60);
}

/// A random identifier in the notation of SQL Server, which writes it in upper case.
pub fn guid(text: &mut String, chance: &mut Chance) {
    let (high, low) = (chance.next(), chance.next());
    text.clear();
    let _ = write!(
        text,
        "{:08X}-{:04X}-4{:03X}-{:04X}-{:012X}",
        high >> 32,
        (high >> 16) & 0xffff,
        high & 0xfff,
        (low >> 48) & 0x3fff | 0x8000,
        low & 0xffff_ffff_ffff
    );
}

/// Year, month and day of a day counted from 1970-01-01, in the Gregorian calendar of all times.
fn civil(days: i64) -> (i64, i64, i64) {
    // Years begin in March here, so that the leap day comes last.
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_index = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_index + 2) / 5 + 1;
    let month = if month_index < 10 { month_index + 3 } else { month_index - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}
