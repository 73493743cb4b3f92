//! To dates and times.

use super::{not_allowed, text_of};
use crate::answer::{SqlMessage, SqlType, SqlValue};
use crate::database::calendar::{self, DAY, EPOCH_1900, FIRST_DATETIME, Moment, SECOND};
use crate::database::form::Form;
use crate::database::sql_type;

/// Ticks of a datetime in a day.
const TICKS: u64 = 25_920_000;

pub fn convert(value: SqlValue, from: &Form, to: &Form, style: i32) -> Result<SqlValue, SqlMessage> {
    match &value {
        SqlValue::Bytes(_) | SqlValue::Wide(_) if from.ty != SqlType::Xml => {
            return from_text(&text_of(&value, from), from, to, style);
        }
        SqlValue::Binary(bytes) if to.ty == SqlType::DateTime && bytes.len() <= 8 => {
            let mut whole = [0; 8];
            whole[8 - bytes.len()..].copy_from_slice(bytes);
            let number = u64::from_be_bytes(whole);
            let (days, ticks) = ((number >> 32) as u32 as i32, number as u32);
            if u64::from(ticks) < TICKS {
                return Ok(SqlValue::DateTime(days, ticks));
            }
        }
        _ => {}
    }
    if let (SqlValue::SmallDateTime(days, minutes), SqlType::DateTime) = (&value, &to.ty) {
        return Ok(SqlValue::DateTime((*days).into(), u32::from(*minutes) * 18_000));
    }
    let moment = match moment(&value) {
        Some(moment) => moment,
        // Numbers are days since 1900, for the two old types only.
        None if matches!(to.ty, SqlType::DateTime | SqlType::SmallDateTime) => {
            from_number(&value, from).ok_or_else(|| not_allowed(from, to))?
        }
        None => return Err(not_allowed(from, to)),
    };
    if matches!((&value, &to.ty), (SqlValue::Time(_), SqlType::Date) | (SqlValue::Date(_), SqlType::Time(_)))
    {
        return Err(not_allowed(from, to));
    }
    of_moment(moment, &to.ty).ok_or_else(|| out_of_range(from, to))
}

/// A date or time as a moment in its own local time; a datetime with seven digits.
pub fn moment(value: &SqlValue) -> Option<Moment> {
    Some(match value {
        SqlValue::Date(days) => Moment::new(*days, 0),
        SqlValue::Time(time) => Moment::new(EPOCH_1900, *time),
        SqlValue::SmallDateTime(days, minutes) => {
            Moment::new(EPOCH_1900 + u32::from(*days), u64::from(*minutes) * 60 * SECOND)
        }
        SqlValue::DateTime(days, ticks) => {
            let days = u32::try_from(i64::from(EPOCH_1900) + i64::from(*days)).ok()?;
            Moment::new(days, (u64::from(*ticks) * 200_000 + 3) / 6)
        }
        SqlValue::DateTime2(days, time) => Moment::new(*days, *time),
        SqlValue::DateTimeOffset(days, time, offset) => {
            let local = Moment::new(*days, *time).shifted((*offset).into())?;
            Moment { offset: *offset, ..local }
        }
        _ => return None,
    })
}

/// A moment as a value of a type, rounded to its digits; `None` if the type does not reach so far.
pub fn of_moment(moment: Moment, ty: &SqlType) -> Option<SqlValue> {
    Some(match ty {
        SqlType::Date => SqlValue::Date(moment.days),
        // A time has no next day to round into.
        SqlType::Time(digits) => SqlValue::Time(moment.rounded(*digits).map_or(0, |rounded| rounded.time)),
        SqlType::DateTime => {
            let ticks = (moment.time * 3 + 50_000) / 100_000;
            let (days, ticks) = (moment.days + (ticks / TICKS) as u32, (ticks % TICKS) as u32);
            if !(FIRST_DATETIME..=calendar::LAST_DAY).contains(&days) {
                return None;
            }
            SqlValue::DateTime(days as i32 - EPOCH_1900 as i32, ticks)
        }
        SqlType::SmallDateTime => {
            let minutes = (moment.time + 30 * SECOND) / (60 * SECOND);
            let days = (moment.days + (minutes / 1440) as u32).checked_sub(EPOCH_1900)?;
            SqlValue::SmallDateTime(u16::try_from(days).ok()?, (minutes % 1440) as u16)
        }
        SqlType::DateTime2(digits) => {
            let rounded = moment.rounded(*digits)?;
            SqlValue::DateTime2(rounded.days, rounded.time)
        }
        SqlType::DateTimeOffset(digits) => {
            let rounded = moment.rounded(*digits)?;
            let utc = rounded.shifted(-i64::from(moment.offset))?;
            SqlValue::DateTimeOffset(utc.days, utc.time, moment.offset)
        }
        _ => return None,
    })
}

fn from_number(value: &SqlValue, from: &Form) -> Option<Moment> {
    let days = match value {
        SqlValue::Real(n) => f64::from(*n),
        SqlValue::Float(n) => *n,
        _ => {
            let (mantissa, scale) = super::number::exact(value, from)?;
            mantissa as f64 / 10f64.powi(scale.into())
        }
    };
    let whole = days.floor();
    let date = i64::from(EPOCH_1900) + whole as i64;
    let date = u32::try_from(date).ok().filter(|&date| date <= calendar::LAST_DAY)?;
    let ticks = ((days - whole) * TICKS as f64).round() as u64;
    Moment::new(date, (ticks * 200_000 + 3) / 6).shifted(0)
}

fn from_text(text: &str, from: &Form, to: &Form, style: i32) -> Result<SqlValue, SqlMessage> {
    let unreadable = || {
        SqlMessage::error(241, "Conversion failed when converting date and/or time from character string.")
    };
    let moment =
        calendar::parse(text, matches!(style, 3 | 103 | 4 | 104 | 5 | 105)).ok_or_else(unreadable)?;
    // The old types know milliseconds only, and no offset.
    let old = matches!(to.ty, SqlType::DateTime | SqlType::SmallDateTime);
    if old && (moment.digits > 3 || moment.offset != 0) {
        return Err(unreadable());
    }
    if moment.time >= DAY {
        return Err(unreadable());
    }
    of_moment(moment, &to.ty).ok_or_else(|| out_of_range(from, to))
}

fn out_of_range(from: &Form, to: &Form) -> SqlMessage {
    let (from, to) = (sql_type::name(&from.ty), sql_type::name(&to.ty));
    SqlMessage {
        state: 3,
        ..SqlMessage::error(
            242,
            format!(
                "The conversion of a {from} data type to a {to} data type resulted in an out-of-range value."
            ),
        )
    }
}
