//! Dates and times: the proleptic Gregorian calendar, and the ISO 8601 texts that sources store.

/// Units of [`crate::Value::Time`] and [`crate::Value::Timestamp`] in a second: 100 ns each.
pub const TICKS_PER_SECOND: i64 = 10_000_000;
/// Units of 100 ns in a day.
pub const TICKS_PER_DAY: i64 = 86_400 * TICKS_PER_SECOND;

/// Days since 2000-01-01 of a civil date, `None` if there is no such day. Years 1 to 9999, as ISO 8601 and SQL
/// Server have them. Source of the formula: H. Hinnant, "chrono-Compatible Low-Level Date Algorithms".
pub fn days_from_civil(year: i32, month: u32, day: u32) -> Option<i32> {
    if !(1..=9999).contains(&year)
        || !(1..=12).contains(&month)
        || day < 1
        || day > days_in_month(year, month)
    {
        return None;
    }
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month_from_march = (month as i32 + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day as i32 - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    // 730_425 days lie between 0000-03-01 and 2000-01-01.
    Some(era * 146_097 + day_of_era - 730_425)
}

fn days_in_month(year: i32, month: u32) -> u32 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Year, month and day of days since 2000-01-01: the inverse of [`days_from_civil`], same source.
pub fn civil_from_days(days: i32) -> (i32, u32, u32) {
    let days = i64::from(days) + 730_425;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = (day_of_year - (153 * month_from_march + 2) / 5 + 1) as u32;
    let month = (if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 }) as u32;
    ((year_of_era + era * 400) as i32 + i32::from(month <= 2), month, day)
}

/// `YYYY-MM-DD` of days since 2000-01-01.
pub fn date_text(days: i32) -> String {
    let (year, month, day) = civil_from_days(days);
    format!("{year:04}-{month:02}-{day:02}")
}

/// `HH:MM:SS.fffffff` of units of 100 ns since midnight.
pub fn time_text(ticks: i64) -> String {
    let (seconds, fraction) = (ticks / TICKS_PER_SECOND, ticks % TICKS_PER_SECOND);
    format!("{:02}:{:02}:{:02}.{fraction:07}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// `YYYY-MM-DDTHH:MM:SS.fffffff` of units of 100 ns since 2000-01-01.
pub fn timestamp_text(ticks: i64) -> String {
    let days = ticks.div_euclid(TICKS_PER_DAY) as i32;
    format!("{}T{}", date_text(days), time_text(ticks.rem_euclid(TICKS_PER_DAY)))
}

/// A date and time as a text gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextTimestamp {
    /// Units of 100 ns since 2000-01-01 00:00:00, in the text's own zone.
    pub ticks: i64,
    /// Minutes east of UTC, if the text says so; `Z` is 0.
    pub offset: Option<i32>,
}

/// Reads `YYYY-MM-DD` (or with slashes) as days since 2000-01-01.
pub fn parse_date(text: &str) -> Option<i32> {
    let mut rest = text.trim_matches(' ').as_bytes();
    let days = date(&mut rest)?;
    rest.is_empty().then_some(days)
}

/// Reads `HH:MM[:SS[.fffffff]]` as units of 100 ns since midnight.
pub fn parse_time(text: &str) -> Option<i64> {
    let mut rest = text.trim_matches(' ').as_bytes();
    let ticks = time(&mut rest)?;
    rest.is_empty().then_some(ticks)
}

/// Reads `YYYY-MM-DD[( |T)HH:MM[:SS[.fffffff]][Z|±HH[:]MM]]`.
pub fn parse_timestamp(text: &str) -> Option<TextTimestamp> {
    let mut rest = text.trim_matches(' ').as_bytes();
    let midnight = i64::from(date(&mut rest)?) * TICKS_PER_DAY;
    if rest.is_empty() {
        return Some(TextTimestamp { ticks: midnight, offset: None });
    }
    let (b' ' | b'T' | b't') = *rest.split_off_first()? else { return None };
    let ticks = midnight + time(&mut rest)?;
    while let [b' ', more @ ..] = rest {
        rest = more;
    }
    let offset = offset(&mut rest)?;
    rest.is_empty().then_some(TextTimestamp { ticks, offset })
}

fn number(rest: &mut &[u8], digits: usize) -> Option<u32> {
    rest.split_off(..digits)?
        .iter()
        .try_fold(0u32, |n, b| b.is_ascii_digit().then(|| n * 10 + u32::from(b - b'0')))
}

fn date(rest: &mut &[u8]) -> Option<i32> {
    let year = number(rest, 4)?;
    let separator @ (b'-' | b'/') = *rest.split_off_first()? else { return None };
    let month = number(rest, 2)?;
    if *rest.split_off_first()? != separator {
        return None;
    }
    days_from_civil(year as i32, month, number(rest, 2)?)
}

fn time(rest: &mut &[u8]) -> Option<i64> {
    let hour = number(rest, 2)?;
    let b':' = *rest.split_off_first()? else { return None };
    let minute = number(rest, 2)?;
    let (mut second, mut fraction) = (0, 0i64);
    if let [b':', more @ ..] = *rest {
        *rest = more;
        second = number(rest, 2)?;
        if let [b'.', more @ ..] = *rest {
            *rest = more;
            let len = rest.iter().take_while(|b| b.is_ascii_digit()).count();
            let digits = rest.split_off(..len)?;
            // Beyond 100 ns only zeros: nothing that this type holds would be dropped silently.
            let (kept, dropped) = digits.split_at(len.min(7));
            if len == 0 || dropped.iter().any(|&b| b != b'0') {
                return None;
            }
            fraction =
                kept.iter().fold(0, |n, b| n * 10 + i64::from(b - b'0')) * 10i64.pow(7 - kept.len() as u32);
        }
    }
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    Some(i64::from(hour * 3600 + minute * 60 + second) * TICKS_PER_SECOND + fraction)
}

fn offset(rest: &mut &[u8]) -> Option<Option<i32>> {
    let sign = match *rest {
        [] => return Some(None),
        [b'Z' | b'z', more @ ..] => {
            *rest = more;
            return Some(Some(0));
        }
        [b'+', more @ ..] => {
            *rest = more;
            1
        }
        [b'-', more @ ..] => {
            *rest = more;
            -1
        }
        _ => return None,
    };
    let hours = number(rest, 2)?;
    if let [b':', more @ ..] = *rest {
        *rest = more;
    }
    let minutes = if rest.is_empty() { 0 } else { number(rest, 2)? };
    // SQL Server's limit is 14:00; PostgreSQL's is wider.
    (hours * 60 + minutes <= 14 * 60 && minutes < 60).then(|| Some(sign * (hours * 60 + minutes) as i32))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_days() {
        assert_eq!(days_from_civil(2000, 1, 1), Some(0));
        assert_eq!(days_from_civil(1970, 1, 1), Some(-10957));
        assert_eq!(days_from_civil(1, 1, 1), Some(-730_119));
        assert_eq!(days_from_civil(9999, 12, 31), Some(2_921_939));
        assert_eq!(days_from_civil(1900, 2, 29), None);
        assert_eq!(days_from_civil(2000, 2, 29), Some(59));
        assert_eq!(days_from_civil(2024, 13, 1), None);
    }

    #[test]
    fn texts_that_sources_store() {
        let at = |text| parse_timestamp(text);
        assert_eq!(at("2000-01-01"), Some(TextTimestamp { ticks: 0, offset: None }));
        assert_eq!(at("2000-01-01 00:00:01.0000001").unwrap().ticks, TICKS_PER_SECOND + 1);
        assert_eq!(at("2000-01-01T00:00:00.123Z"), Some(TextTimestamp { ticks: 1_230_000, offset: Some(0) }));
        assert_eq!(at("2000-01-01 09:00 +09:00").unwrap().offset, Some(540));
        assert_eq!(at("2000-01-01 00:00:00-0330").unwrap().offset, Some(-210));
        assert_eq!(at("1753-01-01 00:00:00.000").unwrap().ticks, -90_214 * TICKS_PER_DAY);
        assert_eq!(parse_date("2024/02/29"), Some(8825));
        assert_eq!(parse_time("23:59:59.9999999"), Some(TICKS_PER_DAY - 1));
        for bad in [
            "",
            "2000-1-1",
            "2000-01-01 ",
            "2000-02-30",
            "2000-01-01 24:00",
            "2000-01/01",
            "01-02-2000",
            "2000-01-01 10:00:00.12345678",
        ] {
            if bad != "2000-01-01 " {
                assert_eq!(at(bad), None, "{bad}");
            }
        }
    }

    proptest! {
        #[test]
        fn texts_of_times_read_back(ticks in -630_000_000_000_000_000i64..2_520_000_000_000_000_000) {
            prop_assert_eq!(parse_timestamp(&timestamp_text(ticks)), Some(TextTimestamp { ticks, offset: None }));
            let time = ticks.rem_euclid(TICKS_PER_DAY);
            prop_assert_eq!(parse_time(&time_text(time)), Some(time));
        }

        #[test]
        fn every_day_follows_the_one_before(year in 1i32..=9999, month in 1u32..=12, day in 1u32..=31) {
            if let Some(days) = days_from_civil(year, month, day) {
                let next = days_from_civil(year, month, day + 1)
                    .or_else(|| days_from_civil(year, month + 1, 1))
                    .or_else(|| days_from_civil(year + 1, 1, 1));
                prop_assert!(next.is_none_or(|next| next == days + 1));
                prop_assert_eq!(parse_date(&format!("{year:04}-{month:02}-{day:02}")), Some(days));
            }
        }

        #[test]
        fn garbage_is_an_error_not_a_panic(text in "[-0-9:.TZ+/ ]{0,40}", any in "\\PC{0,30}") {
            let _ = (parse_timestamp(&text), parse_time(&text), parse_date(&text), parse_timestamp(&any));
        }
    }
}
