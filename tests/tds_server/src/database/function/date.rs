//! Functions of dates and times.

use super::{Call, Function, Want, function, int};
use crate::answer::{SqlMessage, SqlType, SqlValue};
use crate::database::calendar::{self, DAY, Moment, SECOND};
use crate::database::{convert, sql_type};

pub static FUNCTIONS: &[Function] = &[
    function("year", &[Want::Date], int, |_, arguments| part(&arguments[0], "year")),
    function("month", &[Want::Date], int, |_, arguments| part(&arguments[0], "month")),
    function("day", &[Want::Date], int, |_, arguments| part(&arguments[0], "day")),
    function("datepart", &[Want::Text, Want::Date], int, |call, arguments| {
        part(&arguments[1], &call.text(&arguments, 0))
    }),
    function(
        "datename",
        &[Want::Text, Want::Date],
        |_| SqlType::NVarChar(Some(30), crate::collation::DEFAULT.to_owned()),
        |call, arguments| {
            let name = call.text(&arguments, 0);
            let SqlValue::Int(number) = part(&arguments[1], &name)? else { return Ok(SqlValue::Null) };
            let text = match unit(&name)? {
                Unit::Month => MONTHS[number as usize - 1].to_owned(),
                Unit::WeekDay => WEEK[number as usize - 1].to_owned(),
                _ => number.to_string(),
            };
            Ok(convert::of_text(&text, &call.result))
        },
    ),
    function(
        "dateadd",
        &[Want::Text, Want::BigInt, Want::Date],
        |types| types[2].clone(),
        |call, arguments| {
            let SqlValue::Int(number) = arguments[1] else { return Ok(SqlValue::Null) };
            let unit = unit(&call.text(&arguments, 0))?;
            let beyond = || {
                let name = sql_type::name(&call.result.ty);
                SqlMessage::error(517, format!("Adding a value to a '{name}' column caused an overflow."))
            };
            let moment = convert::moment(&arguments[2]).ok_or_else(beyond)?;
            let moved = add(moment, unit, number).ok_or_else(beyond)?;
            if let (SqlType::Time(_), SqlValue::Time(_)) = (&call.result.ty, &arguments[2]) {
                return Ok(SqlValue::Time(moved.time));
            }
            convert::of_moment(moved, &call.result.ty).ok_or_else(beyond)
        },
    ),
    // The instant stays, the offset is another.
    function(
        "switchoffset",
        &[Want::Any, Want::Any],
        |types| match types.first() {
            Some(SqlType::DateTimeOffset(scale)) => SqlType::DateTimeOffset(*scale),
            _ => SqlType::DateTimeOffset(7),
        },
        |call, arguments| {
            let invalid = || {
                SqlMessage::error(9812, "The timezone provided to builtin function switchoffset is invalid.")
            };
            let SqlValue::DateTimeOffset(days, time, _) = arguments[0] else { return Err(invalid()) };
            let offset = match arguments[1] {
                SqlValue::Int(minutes) => i16::try_from(minutes).ok(),
                _ => offset_minutes(&call.text(&arguments, 1)),
            };
            let offset = offset.filter(|offset| (-840..=840).contains(offset)).ok_or_else(invalid)?;
            Ok(SqlValue::DateTimeOffset(days, time, offset))
        },
    ),
    function("datediff", &[Want::Text, Want::Date, Want::Date], int, |call, arguments| {
        let difference = difference(call, &arguments)?;
        match i32::try_from(difference) {
            Ok(n) => Ok(SqlValue::Int(n.into())),
            Err(_) => Err(SqlMessage::error(
                535,
                "The datediff function resulted in an overflow. The number of dateparts separating two date/time instances is too large. Try to use datediff with a less precise datepart.",
            )),
        }
    }),
    function(
        "datediff_big",
        &[Want::Text, Want::Date, Want::Date],
        |_| SqlType::BigInt,
        |call, arguments| Ok(SqlValue::Int(difference(call, &arguments)?)),
    ),
    function(
        "eomonth",
        &[Want::Date, Want::BigInt],
        |_| SqlType::Date,
        |call, arguments| {
            let months = match arguments.get(1) {
                Some(SqlValue::Int(n)) => *n,
                _ => 0,
            };
            let moved = convert::moment(&arguments[0]).and_then(|moment| add(moment, Unit::Month, months));
            let last = moved.and_then(|moment| {
                let (year, month, _) = calendar::civil(moment.days);
                calendar::days(year, month, calendar::month_days(year, month))
            });
            last.map(SqlValue::Date).ok_or_else(|| {
                let name = sql_type::name(&call.result.ty);
                SqlMessage::error(517, format!("Adding a value to a '{name}' column caused an overflow."))
            })
        },
    )
    .optional(1),
    function(
        "datefromparts",
        &[Want::Int, Want::Int, Want::Int],
        |_| SqlType::Date,
        |_, arguments| {
            let numbers: Vec<u32> = arguments
                .iter()
                .filter_map(|value| if let SqlValue::Int(n) = value { u32::try_from(*n).ok() } else { None })
                .collect();
            let days = match numbers[..] {
                [year, month, day] => calendar::days(year, month, day),
                _ => None,
            };
            days.map(SqlValue::Date).ok_or_else(|| {
                SqlMessage::error(
                    289,
                    "Cannot construct data type date, some of the arguments have values which are not valid.",
                )
            })
        },
    ),
    function("isdate", &[Want::Text], int, |call, arguments| {
        Ok(SqlValue::Int(calendar::parse(&call.text(&arguments, 0), false).is_some().into()))
    }),
];

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const WEEK: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Year,
    Quarter,
    Month,
    DayOfYear,
    Day,
    Week,
    IsoWeek,
    WeekDay,
    Hour,
    Minute,
    Second,
    Millisecond,
    Microsecond,
    Nanosecond,
    Offset,
}

/// The minutes of `+hh:mm` or `-hh:mm`.
fn offset_minutes(text: &str) -> Option<i16> {
    let (sign, rest) = match text.as_bytes().first()? {
        b'+' => (1, &text[1..]),
        b'-' => (-1, &text[1..]),
        _ => return None,
    };
    let (hours, minutes) = rest.split_once(':')?;
    Some(
        sign * (hours.parse::<i16>().ok()? * 60
            + minutes.parse::<i16>().ok().filter(|minutes| *minutes < 60)?),
    )
}

fn unit(name: &str) -> Result<Unit, SqlMessage> {
    Ok(match name.to_ascii_lowercase().as_str() {
        "year" | "yy" | "yyyy" => Unit::Year,
        "quarter" | "qq" | "q" => Unit::Quarter,
        "month" | "mm" | "m" => Unit::Month,
        "dayofyear" | "dy" | "y" => Unit::DayOfYear,
        "day" | "dd" | "d" => Unit::Day,
        "week" | "wk" | "ww" => Unit::Week,
        "iso_week" | "isowk" | "isoww" => Unit::IsoWeek,
        "weekday" | "dw" | "w" => Unit::WeekDay,
        "hour" | "hh" => Unit::Hour,
        "minute" | "mi" | "n" => Unit::Minute,
        "second" | "ss" | "s" => Unit::Second,
        "millisecond" | "ms" => Unit::Millisecond,
        "microsecond" | "mcs" => Unit::Microsecond,
        "nanosecond" | "ns" => Unit::Nanosecond,
        "tzoffset" | "tz" => Unit::Offset,
        other => {
            let message = format!("'{other}' is not a recognized datepart option.");
            return Err(SqlMessage { class: 15, ..SqlMessage::error(155, message) });
        }
    })
}

fn part(value: &SqlValue, name: &str) -> Result<SqlValue, SqlMessage> {
    let unit = unit(name)?;
    let Some(moment) = convert::moment(value) else { return Ok(SqlValue::Null) };
    let (year, month, day) = calendar::civil(moment.days);
    let new_year = calendar::days(year, 1, 1).unwrap_or_default();
    // 0001-01-01 was a Monday.
    let week_day = (moment.days + 1) % 7;
    let number = match unit {
        Unit::Year => year.into(),
        Unit::Quarter => i64::from(month.div_ceil(3)),
        Unit::Month => month.into(),
        Unit::DayOfYear => i64::from(moment.days - new_year + 1),
        Unit::Day => day.into(),
        Unit::Week => i64::from((moment.days - new_year + (new_year + 1) % 7) / 7 + 1),
        Unit::IsoWeek => {
            // The week belongs to the year of its Thursday.
            let thursday = moment.days - moment.days % 7 + 3;
            let first = calendar::days(calendar::civil(thursday).0, 1, 1).unwrap_or_default();
            i64::from((thursday - first) / 7 + 1)
        }
        Unit::WeekDay => i64::from(week_day + 1),
        Unit::Hour => (moment.time / SECOND / 3600) as i64,
        Unit::Minute => (moment.time / SECOND / 60 % 60) as i64,
        Unit::Second => (moment.time / SECOND % 60) as i64,
        Unit::Millisecond => match value {
            SqlValue::DateTime(_, ticks) => i64::from((ticks % 300 * 10 + 1) / 3),
            _ => (moment.time % SECOND / 10_000) as i64,
        },
        Unit::Microsecond => (moment.time % SECOND / 10) as i64,
        Unit::Nanosecond => (moment.time % SECOND * 100) as i64,
        Unit::Offset => moment.offset.into(),
    };
    Ok(SqlValue::Int(number))
}

fn add(moment: Moment, unit: Unit, number: i64) -> Option<Moment> {
    let months = match unit {
        Unit::Year => number.checked_mul(12)?,
        Unit::Quarter => number.checked_mul(3)?,
        Unit::Month => number,
        _ => {
            let step: i128 = match unit {
                Unit::Day | Unit::DayOfYear | Unit::WeekDay => DAY.into(),
                Unit::Week => i128::from(DAY) * 7,
                Unit::Hour => i128::from(SECOND) * 3600,
                Unit::Minute => i128::from(SECOND) * 60,
                Unit::Second => SECOND.into(),
                Unit::Millisecond => 10_000,
                Unit::Microsecond => 10,
                _ => return add_ticks(moment, i128::from(number) / 100),
            };
            return add_ticks(moment, i128::from(number) * step);
        }
    };
    let (year, month, day) = calendar::civil(moment.days);
    let count = i64::from(year) * 12 + i64::from(month) - 1 + months;
    let (year, month) = (u32::try_from(count.div_euclid(12)).ok()?, count.rem_euclid(12) as u32 + 1);
    if !(1..=9999).contains(&year) {
        return None;
    }
    let days = calendar::days(year, month, day.min(calendar::month_days(year, month)))?;
    Some(Moment { days, ..moment })
}

fn add_ticks(moment: Moment, ticks: i128) -> Option<Moment> {
    let all = i128::from(moment.days) * i128::from(DAY) + i128::from(moment.time) + ticks;
    let days =
        u32::try_from(all.div_euclid(i128::from(DAY))).ok().filter(|&days| days <= calendar::LAST_DAY)?;
    Some(Moment { days, time: all.rem_euclid(i128::from(DAY)) as u64, ..moment })
}

/// How many boundaries of the unit lie between two moments.
fn difference(call: &Call, arguments: &[SqlValue]) -> Result<i64, SqlMessage> {
    let unit = unit(&call.text(arguments, 0))?;
    let (Some(from), Some(to)) = (convert::moment(&arguments[1]), convert::moment(&arguments[2])) else {
        return Ok(0);
    };
    // Both are taken in UTC.
    let utc = |moment: Moment| moment.shifted(-i64::from(moment.offset)).unwrap_or(moment);
    let (from, to) = (utc(from), utc(to));
    let count = |moment: Moment| -> i128 {
        let (year, month, _) = calendar::civil(moment.days);
        let months = i128::from(year) * 12 + i128::from(month) - 1;
        let ticks = i128::from(moment.days) * i128::from(DAY) + i128::from(moment.time);
        match unit {
            Unit::Year => year.into(),
            Unit::Quarter => months / 3,
            Unit::Month => months,
            Unit::Day | Unit::DayOfYear | Unit::WeekDay => moment.days.into(),
            // Weeks begin on Sunday.
            Unit::Week | Unit::IsoWeek => i128::from((moment.days + 1) / 7),
            Unit::Hour => ticks / (i128::from(SECOND) * 3600),
            Unit::Minute => ticks / (i128::from(SECOND) * 60),
            Unit::Second => ticks / i128::from(SECOND),
            Unit::Millisecond => ticks / 10_000,
            Unit::Microsecond => ticks / 10,
            _ => ticks * 100,
        }
    };
    i64::try_from(count(to) - count(from)).map_err(|_| {
        SqlMessage::error(535, "The datediff function resulted in an overflow. The number of dateparts separating two date/time instances is too large. Try to use datediff with a less precise datepart.")
    })
}
