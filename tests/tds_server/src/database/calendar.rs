//! Days, times of day, and the many ways in which SQL Server reads and writes them.

/// Units of 100 ns in a day.
pub const DAY: u64 = 864_000_000_000;
/// Units of 100 ns in a second.
pub const SECOND: u64 = 10_000_000;
/// 1900-01-01 in days since 0001-01-01.
pub const EPOCH_1900: u32 = 693_595;
/// 1753-01-01, the first day of a datetime.
pub const FIRST_DATETIME: u32 = 639_905;
/// 9999-12-31.
pub const LAST_DAY: u32 = 3_652_058;

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Days since 0001-01-01 of a date in the Gregorian calendar of all times; `None` if there is no such day.
pub fn days(year: u32, month: u32, day: u32) -> Option<u32> {
    if !(1..=9999).contains(&year) || !(1..=12).contains(&month) || day < 1 || day > month_days(year, month) {
        return None;
    }
    let before = year - 1;
    let mut days = before * 365 + before / 4 - before / 100 + before / 400 + day - 1;
    days += (1..month).map(|m| month_days(year, m)).sum::<u32>();
    Some(days)
}

/// Year, month and day of a day since 0001-01-01.
pub fn civil(days: u32) -> (u32, u32, u32) {
    let (centuries4, rest) = (days / 146_097, days % 146_097);
    let centuries = (rest / 36_524).min(3);
    let rest = rest - centuries * 36_524;
    let (years4, rest) = (rest / 1461, rest % 1461);
    let years = (rest / 365).min(3);
    let mut rest = rest - years * 365;
    let year = centuries4 * 400 + centuries * 100 + years4 * 4 + years + 1;
    let mut month = 1;
    while rest >= month_days(year, month) {
        rest -= month_days(year, month);
        month += 1;
    }
    (year, month, rest + 1)
}

/// Days of a month.
pub fn month_days(year: u32, month: u32) -> u32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        _ => 31,
    }
}

/// A point in time as a text names it. A date that is not named is 1900-01-01, a time midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// Since 0001-01-01.
    pub days: u32,
    /// Units of 100 ns.
    pub time: u64,
    /// Minutes east of UTC.
    pub offset: i16,
    /// Digits of the second that were written.
    pub digits: u8,
}

impl Moment {
    pub fn new(days: u32, time: u64) -> Self {
        Self { days, time, offset: 0, digits: 7 }
    }

    /// Rounded to so many digits of the second; `None` beyond the year 9999.
    pub fn rounded(self, digits: u8) -> Option<Self> {
        let unit = 10u64.pow(7 - u32::from(digits.min(7)));
        let time = (self.time + unit / 2) / unit * unit;
        if time < DAY {
            return Some(Self { time, ..self });
        }
        (self.days < LAST_DAY).then(|| Self { days: self.days + 1, time: 0, ..self })
    }

    /// Moved by minutes; `None` outside of the years 1 to 9999.
    pub fn shifted(self, minutes: i64) -> Option<Self> {
        let moved = i128::from(self.days) * i128::from(DAY)
            + i128::from(self.time)
            + i128::from(minutes) * 60 * i128::from(SECOND);
        let days = u32::try_from(moved.div_euclid(i128::from(DAY))).ok().filter(|&days| days <= LAST_DAY)?;
        Some(Self { days, time: moved.rem_euclid(i128::from(DAY)) as u64, ..self })
    }
}

/// Reads a date, a time or both, in the notations that SQL Server takes in English; `day_first` reads 31/12/2024.
pub fn parse(text: &str, day_first: bool) -> Option<Moment> {
    let text = text.trim();
    let mut moment = Moment { days: EPOCH_1900, time: 0, offset: 0, digits: 0 };
    if text.is_empty() {
        return Some(moment);
    }
    let mut rest = text;
    if let Some((days, after)) = date(text, day_first) {
        moment.days = days;
        rest = after;
        if let Some(after) = rest.strip_prefix(['T', 't']) {
            rest = after;
            if rest.is_empty() {
                return None;
            }
        }
    }
    rest = rest.trim_start();
    if rest.is_empty() {
        return Some(moment);
    }
    // An offset may follow a date alone.
    if !rest.starts_with(['+', '-', 'Z', 'z']) {
        let (time, digits, after) = time_of_day(rest)?;
        (moment.time, moment.digits) = (time, digits);
        rest = after.trim_start();
    }
    moment.offset = match rest {
        "" | "Z" | "z" => 0,
        _ => parse_offset(rest)?,
    };
    Some(moment)
}

/// A date at the beginning of a text, and what follows it.
fn date(text: &str, day_first: bool) -> Option<(u32, &str)> {
    let (first, rest) = leading_digits(text);
    if first.is_empty() {
        let (month, rest) = month_name(text)?;
        let (day, rest) = leading_digits(rest.trim_start());
        let rest = rest.trim_start();
        let (year, rest) = leading_digits(rest.strip_prefix(',').unwrap_or(rest).trim_start());
        return Some((days(full_year(year)?, month, day.parse().ok()?)?, rest));
    }
    match (first.len(), rest.chars().next()) {
        (8, next) if next != Some(':') => {
            let (year, month, day) = (&first[..4], &first[4..6], &first[6..]);
            Some((days(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)?, rest))
        }
        (6, next) if next != Some(':') => {
            let (year, month, day) = (&first[..2], &first[2..4], &first[4..]);
            Some((days(full_year(year)?, month.parse().ok()?, day.parse().ok()?)?, rest))
        }
        (1..=4, Some(separator @ ('-' | '/' | '.'))) => {
            let (second, after) = leading_digits(&rest[1..]);
            let (third, after) = leading_digits(after.strip_prefix(separator)?);
            let (year, month, day) = match (first.len(), day_first) {
                (4, _) => (first, second, third),
                (1 | 2, true) => (third, second, first),
                (1 | 2, false) => (third, first, second),
                _ => return None,
            };
            if !(1..=2).contains(&month.len()) || !(1..=2).contains(&day.len()) {
                return None;
            }
            Some((days(full_year(year)?, month.parse().ok()?, day.parse().ok()?)?, after))
        }
        (1..=2, Some(_)) => {
            let (month, after) = month_name(rest.trim_start().trim_start_matches('-'))?;
            let (year, after) = leading_digits(after.trim_start().trim_start_matches('-'));
            Some((days(full_year(year)?, month, first.parse().ok()?)?, after))
        }
        _ => None,
    }
}

/// Years of two digits end in 2049.
fn full_year(text: &str) -> Option<u32> {
    let year: u32 = text.parse().ok()?;
    match text.len() {
        4 => Some(year),
        1 | 2 => Some(if year < 50 { 2000 + year } else { 1900 + year }),
        _ => None,
    }
}

fn month_name(text: &str) -> Option<(u32, &str)> {
    let end = text.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(text.len());
    let word = text[..end].to_ascii_lowercase();
    const LONG: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let index = LONG.iter().position(|name| *name == word || (word.len() == 3 && name.starts_with(&word)))?;
    Some((index as u32 + 1, &text[end..]))
}

/// `hh:mm[:ss[.fffffff]] [AM|PM]`, also `hh AM` and `hh:mm:ss:mmm`.
fn time_of_day(text: &str) -> Option<(u64, u8, &str)> {
    let (hour, mut rest) = leading_digits(text);
    if !(1..=2).contains(&hour.len()) {
        return None;
    }
    let mut hour: u64 = hour.parse().ok()?;
    let (mut minute, mut second, mut fraction, mut digits) = (0u64, 0u64, 0u64, 0u8);
    let mut bare = true;
    if let Some(after) = rest.strip_prefix(':') {
        bare = false;
        let (text, after) = leading_digits(after);
        minute = text.parse().ok()?;
        rest = after;
        if let Some(after) = rest.strip_prefix(':') {
            let (text, after) = leading_digits(after);
            second = text.parse().ok()?;
            rest = after;
            if let Some(after) = rest.strip_prefix(['.', ':']) {
                let (text, after) = leading_digits(after);
                if text.is_empty() || text.len() > 7 {
                    return None;
                }
                digits = text.len() as u8;
                fraction = text.parse::<u64>().ok()?;
                // After a colon it counts milliseconds, whatever its length.
                fraction *= match rest.starts_with(':') {
                    true if digits <= 3 => 10_000,
                    true => return None,
                    false => 10u64.pow(7 - u32::from(digits)),
                };
                rest = after;
            }
        }
    }
    let after = rest.trim_start();
    let half = after.get(..2).map(str::to_ascii_uppercase);
    match half.as_deref() {
        Some(half @ ("AM" | "PM")) if (1..=12).contains(&hour) => {
            hour = hour % 12 + if half == "PM" { 12 } else { 0 };
            rest = &after[2..];
        }
        Some("AM" | "PM") => return None,
        _ if bare => return None,
        _ => {}
    }
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    Some((((hour * 60 + minute) * 60 + second) * SECOND + fraction, digits, rest))
}

/// `+hh:mm`, at most 14 hours.
pub fn parse_offset(text: &str) -> Option<i16> {
    let sign = match text.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (hours, minutes) = text[1..].split_once(':')?;
    let number = |text: &str| {
        (1..=2).contains(&text.len()).then(|| text.parse::<i16>().ok().filter(|n| *n >= 0)).flatten()
    };
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    let total = hours * 60 + minutes;
    (minutes < 60 && total <= 840).then_some(sign * total)
}

fn leading_digits(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()))
}

/// `hh:mm:ss` and so many digits of the second.
pub fn format_time(time: u64, digits: u8) -> String {
    let seconds = time / SECOND;
    let clock = format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    if digits == 0 {
        return clock;
    }
    let fraction = time % SECOND / 10u64.pow(7 - u32::from(digits));
    format!("{clock}.{fraction:0width$}", width = usize::from(digits))
}

/// `+hh:mm`.
pub fn format_offset(minutes: i16) -> String {
    let sign = if minutes < 0 { '-' } else { '+' };
    let minutes = minutes.unsigned_abs();
    format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}

/// What a type shows of a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shown {
    pub date: bool,
    /// Digits of the second; `None` for a type without a time.
    pub digits: Option<u8>,
    pub offset: bool,
    /// datetime and smalldatetime, whose default notation is an older one.
    pub old: bool,
}

/// A moment in one of the numbered styles of CONVERT; `None` for a style that is not known here.
pub fn format(moment: Moment, style: i32, shown: Shown) -> Option<String> {
    let style = match style {
        0 if !shown.old => 121,
        other => other,
    };
    let (year, month, day) = civil(moment.days);
    let digits = shown.digits.unwrap_or(0);
    let clock = format_time(moment.time, 0);
    let fraction = format_time(moment.time, digits);
    let two = year % 100;
    let name = MONTHS[month as usize - 1];
    let hour = moment.time / SECOND / 3600;
    let (hour12, half) = ((hour + 11) % 12 + 1, if hour < 12 { "AM" } else { "PM" });
    let offset = if shown.offset { format!(" {}", format_offset(moment.offset)) } else { String::new() };
    // Milliseconds with a colon, in the styles that are older than the point.
    let colon = || fraction.replacen('.', ":", 1);
    let date_part = match style {
        0 | 100 | 9 | 109 => format!("{name} {day:>2} {year:04}"),
        1 => format!("{month:02}/{day:02}/{two:02}"),
        101 => format!("{month:02}/{day:02}/{year:04}"),
        2 => format!("{two:02}.{month:02}.{day:02}"),
        102 => format!("{year:04}.{month:02}.{day:02}"),
        3 => format!("{day:02}/{month:02}/{two:02}"),
        103 => format!("{day:02}/{month:02}/{year:04}"),
        4 => format!("{day:02}.{month:02}.{two:02}"),
        104 => format!("{day:02}.{month:02}.{year:04}"),
        5 => format!("{day:02}-{month:02}-{two:02}"),
        105 => format!("{day:02}-{month:02}-{year:04}"),
        6 => format!("{day:02} {name} {two:02}"),
        106 | 13 | 113 => format!("{day:02} {name} {year:04}"),
        7 => format!("{name} {day:02}, {two:02}"),
        107 => format!("{name} {day:02}, {year:04}"),
        10 => format!("{month:02}-{day:02}-{two:02}"),
        110 => format!("{month:02}-{day:02}-{year:04}"),
        11 => format!("{two:02}/{month:02}/{day:02}"),
        111 => format!("{year:04}/{month:02}/{day:02}"),
        12 => format!("{two:02}{month:02}{day:02}"),
        112 => format!("{year:04}{month:02}{day:02}"),
        20 | 120 | 21 | 25 | 121 | 23 | 126 | 127 => format!("{year:04}-{month:02}-{day:02}"),
        8 | 108 | 24 | 14 | 114 => String::new(),
        _ => return None,
    };
    let time_part = match style {
        0 | 100 => format!("{hour12:>2}:{:02}{half}", moment.time / SECOND / 60 % 60),
        9 | 109 => {
            let rest = colon();
            format!("{hour12:>2}{}{half}", &rest[2..])
        }
        13 | 113 | 14 | 114 => colon(),
        8 | 108 | 24 | 20 | 120 => clock,
        21 | 25 | 121 => fraction,
        // ISO leaves out a fraction of nothing.
        126 | 127 if moment.time.is_multiple_of(SECOND) => clock,
        126 | 127 => fraction,
        _ => String::new(),
    };
    Some(match (shown.date, shown.digits.is_some()) {
        (true, false) => date_part,
        (false, _) => time_part,
        _ if date_part.is_empty() => time_part,
        _ if time_part.is_empty() => date_part,
        _ if matches!(style, 126) => format!("{date_part}T{time_part}{}", offset.trim_start()),
        _ if matches!(style, 127) => {
            format!("{date_part}T{time_part}{}", if shown.offset { "Z" } else { "" })
        }
        _ => format!("{date_part} {time_part}{offset}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_there_and_back() {
        let mut expected = 0;
        for year in 1..=9999 {
            for month in 1..=12 {
                for day in 1..=month_days(year, month) {
                    assert_eq!(days(year, month, day), Some(expected));
                    assert_eq!(civil(expected), (year, month, day));
                    expected += 1;
                }
            }
        }
        assert_eq!(expected - 1, LAST_DAY);
        assert_eq!(days(1900, 1, 1), Some(EPOCH_1900));
        assert_eq!(days(1753, 1, 1), Some(FIRST_DATETIME));
        assert_eq!(days(1900, 2, 29), None);
    }

    fn shown(text: &str) -> Option<String> {
        let moment = parse(text, false)?;
        let shown = Shown { date: true, digits: Some(7), offset: true, old: false };
        format(moment, 121, shown)
    }

    #[test]
    fn notations_that_are_read() {
        for (text, expected) in [
            ("2024-02-29", "2024-02-29 00:00:00.0000000 +00:00"),
            ("20240229", "2024-02-29 00:00:00.0000000 +00:00"),
            ("2024-02-29T23:59:59.9999999", "2024-02-29 23:59:59.9999999 +00:00"),
            ("2024-02-29 1:02", "2024-02-29 01:02:00.0000000 +00:00"),
            ("12/31/1999 12:00AM", "1999-12-31 00:00:00.0000000 +00:00"),
            ("Dec  1 1999 12:34PM", "1999-12-01 12:34:00.0000000 +00:00"),
            ("1 January 2020", "2020-01-01 00:00:00.0000000 +00:00"),
            ("0001-01-01 00:00:00 +14:00", "0001-01-01 00:00:00.0000000 +14:00"),
            ("2020-01-01 10:11:12.5-03:30", "2020-01-01 10:11:12.5000000 -03:30"),
            ("2020-01-01T10:11:12Z", "2020-01-01 10:11:12.0000000 +00:00"),
            ("10:11:12:003", "1900-01-01 10:11:12.0030000 +00:00"),
            ("11 PM", "1900-01-01 23:00:00.0000000 +00:00"),
            ("", "1900-01-01 00:00:00.0000000 +00:00"),
        ] {
            assert_eq!(shown(text).as_deref(), Some(expected), "{text}");
        }
        for bad in [
            "2024-02-30",
            "2023-13-01",
            "24:00",
            "12:60",
            "2020-01-01 10:11:12.12345678",
            "2020-01-01T",
            "2020-01-01 +14:01",
            "0000-01-01",
            "10000-01-01",
            "tomorrow",
            "13PM",
            "12",
        ] {
            assert_eq!(shown(bad), None, "{bad}");
        }
        assert_eq!(parse("31/12/2024", true).map(|m| civil(m.days)), Some((2024, 12, 31)));
    }

    #[test]
    fn styles_that_are_written() {
        let moment = parse("2024-03-05 07:08:09.123", false).unwrap();
        let datetime = Shown { date: true, digits: Some(3), offset: false, old: true };
        for (style, expected) in [
            (0, "Mar  5 2024  7:08AM"),
            (9, "Mar  5 2024  7:08:09:123AM"),
            (23, "2024-03-05"),
            (112, "20240305"),
            (120, "2024-03-05 07:08:09"),
            (121, "2024-03-05 07:08:09.123"),
            (126, "2024-03-05T07:08:09.123"),
            (113, "05 Mar 2024 07:08:09:123"),
            (108, "07:08:09"),
            (101, "03/05/2024"),
        ] {
            assert_eq!(format(moment, style, datetime).as_deref(), Some(expected), "{style}");
        }
        assert_eq!(format(moment, 77, datetime), None);
        let whole = parse("2024-03-05 19:08:09", false).unwrap();
        assert_eq!(format(whole, 126, datetime).as_deref(), Some("2024-03-05T19:08:09"));
        assert_eq!(format(whole, 0, datetime).as_deref(), Some("Mar  5 2024  7:08PM"));
    }

    #[test]
    fn rounding_may_reach_the_next_day() {
        let late = parse("2024-12-31 23:59:59.9999999", false).unwrap();
        assert_eq!(late.rounded(3), Some(Moment { days: days(2025, 1, 1).unwrap(), time: 0, ..late }));
        assert_eq!(late.rounded(7), Some(late));
        let last = parse("9999-12-31 23:59:59.9999999", false).unwrap();
        assert_eq!(last.rounded(6), None);
        assert_eq!(last.shifted(1), None);
    }
}
