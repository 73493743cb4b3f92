//! Values of the driver as RSL's own: nothing is rounded, nothing is guessed from the value.

use std::ops::RangeInclusive;

use rsl_core::Value;
use rsl_core::decimal::Decimal;
use rsl_core::temporal::{TICKS_PER_DAY, TICKS_PER_SECOND};
use tiberius::{ColumnData, Row};

use super::code_page::TextForm;

/// Days from 1900-01-01, where datetime counts from, to 2000-01-01.
const DAYS_1900_TO_2000: i64 = 36_524;
/// Days from 0001-01-01, where date and datetime2 count from, to 2000-01-01.
const DAYS_1_TO_2000: i64 = 730_119;

/// 9999-12-31, counted from 0001-01-01.
const LAST_DAY: u32 = 3_652_058;
/// Days of a datetime, counted from 1900-01-01: 1753-01-01 to 9999-12-31.
const DATETIME_DAYS: RangeInclusive<i32> = -53_690..=2_958_463;
/// Three-hundredths of a second in a day.
const DATETIME_FRAGMENTS: u32 = 86_400 * 300;
/// Only a broken answer has it. Calculating with it could overflow.
const NO_SUCH_TIME: &str = "the bytes are no date or time of SQL Server";

/// Buffers of texts that are longer, in bytes, are not kept.
const LONG: usize = 1 << 16;

/// Decodes rows; keeps the buffers of its texts from row to row.
pub struct Decoder {
    forms: Vec<Option<TextForm>>,
    texts: Vec<String>,
}

/// A value that cannot be read: in which column, from 0, and why.
pub struct Unreadable {
    pub column: usize,
    pub reason: String,
}

impl Decoder {
    /// `forms` says of each column whether its bytes are a text.
    pub fn new(forms: Vec<Option<TextForm>>) -> Self {
        let texts = vec![String::new(); forms.len()];
        Self { forms, texts }
    }

    /// Gives the memory of very long texts back.
    pub fn shrink(&mut self) {
        for text in self.texts.iter_mut().filter(|text| text.capacity() > LONG) {
            *text = String::new();
        }
    }

    /// Appends the values of a row to `values`, which borrow from the row and from this decoder. Of a value that cannot be
    /// read, NULL stands in its place, and the first one is returned.
    pub fn row<'a>(&'a mut self, row: &'a Row, values: &mut Vec<Value<'a>>) -> Option<Unreadable> {
        let mut unreadable = None;
        let cells = row.cells().zip(&self.forms).zip(&mut self.texts).enumerate();
        for (column, (((_, data), form), text)) in cells {
            let value = match (data, form) {
                (ColumnData::Binary(Some(bytes)), Some(form)) => match form.decode(bytes, text) {
                    Ok(text) => Ok(Value::Text(text)),
                    Err(reason) => Err(reason.to_string()),
                },
                (data, _) => value(data),
            };
            values.push(value.unwrap_or_else(|reason| {
                unreadable.get_or_insert(Unreadable { column, reason });
                Value::Null
            }));
        }
        unreadable
    }
}

fn value<'a>(data: &'a ColumnData<'static>) -> Result<Value<'a>, String> {
    let day = |days: i64| days * TICKS_PER_DAY;
    Ok(match data {
        ColumnData::U8(Some(value)) => Value::Int((*value).into()),
        ColumnData::I16(Some(value)) => Value::Int((*value).into()),
        ColumnData::I32(Some(value)) => Value::Int((*value).into()),
        ColumnData::I64(Some(value)) => Value::Int(*value),
        ColumnData::Bit(Some(value)) => Value::Bool(*value),
        ColumnData::F32(Some(value)) => Value::Float4(*value),
        ColumnData::F64(Some(value)) => Value::Float8(*value),
        ColumnData::Numeric(Some(value)) => {
            Value::Decimal(Decimal::new(value.value(), value.scale()).map_err(|error| error.to_string())?)
        }
        ColumnData::Guid(Some(value)) => Value::Uuid(*value.as_bytes()),
        ColumnData::Binary(Some(bytes)) => Value::Bytes(bytes),
        ColumnData::String(Some(text)) => Value::Text(text),
        ColumnData::Date(Some(date)) => Value::Date(day_from_1(*date)? as i32),
        ColumnData::Time(Some(time)) => Value::Time(ticks(*time)?),
        ColumnData::DateTime(Some(value)) => {
            if !DATETIME_DAYS.contains(&value.days()) || value.seconds_fragments() >= DATETIME_FRAGMENTS {
                return Err(NO_SUCH_TIME.to_owned());
            }
            // Three-hundredths of a second, which SQL Server shows rounded to the millisecond: .000, .003, .007.
            let milliseconds = (i64::from(value.seconds_fragments()) * 10 + 1) / 3;
            Value::Timestamp(
                day(i64::from(value.days()) - DAYS_1900_TO_2000) + milliseconds * (TICKS_PER_SECOND / 1000),
            )
        }
        ColumnData::SmallDateTime(Some(value)) if value.seconds_fragments() >= 1440 => {
            return Err(NO_SUCH_TIME.to_owned());
        }
        ColumnData::SmallDateTime(Some(value)) => Value::Timestamp(
            day(i64::from(value.days()) - DAYS_1900_TO_2000)
                + i64::from(value.seconds_fragments()) * 60 * TICKS_PER_SECOND,
        ),
        ColumnData::DateTime2(Some(value)) => Value::Timestamp(timestamp(*value)?),
        // On the wire it is in UTC, with the offset beside it.
        ColumnData::DateTimeOffset(Some(value)) => Value::TimestampTz(timestamp(value.datetime2())?),
        ColumnData::Xml(Some(_)) => {
            return Err("the driver read it as xml, which was not asked for".to_owned());
        }
        _ => Value::Null,
    })
}

fn timestamp(value: tiberius::time::DateTime2) -> Result<i64, String> {
    Ok(day_from_1(value.date())? * TICKS_PER_DAY + ticks(value.time())?)
}

/// Days since 2000-01-01.
fn day_from_1(date: tiberius::time::Date) -> Result<i64, String> {
    match date.days() {
        days @ 0..=LAST_DAY => Ok(i64::from(days) - DAYS_1_TO_2000),
        _ => Err(NO_SUCH_TIME.to_owned()),
    }
}

/// Units of 100 ns; the scale says how many digits the increments have.
fn ticks(time: tiberius::time::Time) -> Result<i64, String> {
    i64::try_from(time.increments())
        .ok()
        .and_then(|increments| {
            increments.checked_mul(10i64.checked_pow(7u32.checked_sub(time.scale().into())?)?)
        })
        .filter(|ticks| *ticks < TICKS_PER_DAY)
        .ok_or_else(|| NO_SUCH_TIME.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rsl_core::temporal::timestamp_text;
    use tiberius::time::{Date, DateTime, DateTime2, SmallDateTime, Time};

    fn shown(data: ColumnData<'static>) -> String {
        match value(&data) {
            Ok(Value::Timestamp(ticks) | Value::TimestampTz(ticks)) => timestamp_text(ticks),
            Ok(other) => format!("{other:?}"),
            Err(reason) => reason,
        }
    }

    #[test]
    fn times_as_sql_server_shows_them() {
        let datetime = |days, fragments| shown(ColumnData::DateTime(Some(DateTime::new(days, fragments))));
        assert_eq!(datetime(0, 0), "1900-01-01T00:00:00.0000000");
        assert_eq!(datetime(-53_690, 0), "1753-01-01T00:00:00.0000000");
        assert_eq!(datetime(36_524, 1), "2000-01-01T00:00:00.0030000");
        assert_eq!(datetime(36_524, 2), "2000-01-01T00:00:00.0070000");
        assert_eq!(datetime(36_524, 3), "2000-01-01T00:00:00.0100000");
        assert_eq!(datetime(2_958_463, 25_919_999), "9999-12-31T23:59:59.9970000");
        let small = ColumnData::SmallDateTime(Some(SmallDateTime::new(65_535, 1_439)));
        assert_eq!(shown(small), "2079-06-06T23:59:00.0000000");
        let datetime2 = |days, increments, scale| {
            shown(ColumnData::DateTime2(Some(DateTime2::new(Date::new(days), Time::new(increments, scale)))))
        };
        assert_eq!(datetime2(0, 1, 7), "0001-01-01T00:00:00.0000001");
        assert_eq!(datetime2(3_652_058, 863_999_999_999, 7), "9999-12-31T23:59:59.9999999");
        assert_eq!(datetime2(730_119, 12_345, 3), "2000-01-01T00:00:12.3450000");
    }

    #[test]
    fn times_that_sql_server_does_not_have_are_refused() {
        let time = |increments, scale| ColumnData::Time(Some(Time::new(increments, scale)));
        let datetime2 = |days, increments, scale| {
            ColumnData::DateTime2(Some(DateTime2::new(Date::new(days), Time::new(increments, scale))))
        };
        for data in [
            ColumnData::DateTime(Some(DateTime::new(i32::MAX, 0))),
            ColumnData::DateTime(Some(DateTime::new(-53_691, 0))),
            ColumnData::DateTime(Some(DateTime::new(0, 25_920_000))),
            ColumnData::SmallDateTime(Some(SmallDateTime::new(0, 1_440))),
            ColumnData::Date(Some(Date::new(3_652_059))),
            datetime2(3_652_059, 0, 7),
            datetime2(0, 864_000_000_000, 7),
            time(86_400, 0),
            time(u64::MAX, 0),
            time(1 << 40, 0),
            time(0, 8),
        ] {
            assert_eq!(value(&data), Err(NO_SUCH_TIME.to_owned()), "{data:?}");
        }
    }

    #[test]
    fn decimals_keep_sign_and_scale() {
        let numeric = |value, scale| {
            let data = ColumnData::Numeric(Some(tiberius::numeric::Numeric::new_with_scale(value, scale)));
            match super::value(&data) {
                Ok(Value::Decimal(decimal)) => decimal.to_string(),
                _ => "no decimal".to_owned(),
            }
        };
        assert_eq!(numeric(-5, 2), "-0.05");
        assert_eq!(numeric(99_999_999_999_999_999_999_999_999_999_999_999_999, 37).len(), 39);
        assert_eq!(numeric(1, 37), "0.0000000000000000000000000000000000001");
    }
}
