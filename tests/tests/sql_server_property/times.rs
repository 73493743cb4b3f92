//! Dates and times of every type.

use proptest::prelude::*;
use tds_server::answer::SqlValue;

use super::sample::{DAY, DAY_1900, Kind, LAST_DAY, SECOND, clock, date, days, kind, moment, offsets};

pub fn times() -> Vec<Kind> {
    let mut kinds = vec![
        kind("date", days().prop_map(|day| (SqlValue::Date(day), date(day))).boxed()),
        kind("smalldatetime", {
            let minutes = prop_oneof![Just(0), Just(1_439), 0..1_440u16];
            let days = prop_oneof![1 => Just(0), 1 => Just(u16::MAX), 4 => any::<u16>()];
            let shown = |(day, minute): (u16, u16)| {
                let text = moment(DAY_1900 + u32::from(day), u64::from(minute) * 60 * SECOND);
                (SqlValue::SmallDateTime(day, minute), text)
            };
            (days, minutes).prop_map(shown).boxed()
        }),
        kind("datetime", {
            let days = prop_oneof![1 => Just(-53_690), 1 => Just(2_958_463), 1 => Just(0), 1 => Just(-1), 6 => -53_690..=2_958_463];
            let ticks = prop_oneof![1 => Just(0), 1 => Just(25_919_999), 1 => 0..6u32, 6 => 0..25_920_000u32];
            let shown = |(day, tick): (i32, u32)| {
                // Three ticks make ten milliseconds, which are shown as 0, 3 and 7.
                let milliseconds = u64::from(tick / 3 * 10 + [0, 3, 7][tick as usize % 3]);
                let text = moment((DAY_1900 as i32 + day) as u32, milliseconds * (SECOND / 1000));
                (SqlValue::DateTime(day, tick), text)
            };
            (days, ticks).prop_map(shown).boxed()
        }),
    ];
    for digits in 0..=7 {
        kinds.push(kind(
            format!("time({digits})"),
            ticks(digits).prop_map(|time| (SqlValue::Time(time), clock(time))).boxed(),
        ));
        kinds.push(kind(
            format!("datetime2({digits})"),
            (days(), ticks(digits))
                .prop_map(|(day, time)| (SqlValue::DateTime2(day, time), moment(day, time)))
                .boxed(),
        ));
        // The instant and the local time both lie in the years 1 to 9999.
        let shown = |(day, time, offset): (u32, u64, i16)| {
            let edge = day == 0 || day == LAST_DAY;
            let offset = if edge { 0 } else { offset };
            (SqlValue::DateTimeOffset(day, time, offset), moment(day, time) + "+00")
        };
        kinds.push(kind(
            format!("datetimeoffset({digits})"),
            (days(), ticks(digits), offsets()).prop_map(shown).boxed(),
        ));
    }
    kinds
}

/// Times with so many digits of the second, but never one that needs the seventh, which PostgreSQL has not.
fn ticks(digits: u32) -> BoxedStrategy<u64> {
    let unit = 10u64.pow(7 - digits.min(6));
    prop_oneof![1 => Just(0), 1 => Just(DAY / unit - 1), 1 => Just(1), 6 => 0..DAY / unit]
        .prop_map(move |n| n * unit)
        .boxed()
}
