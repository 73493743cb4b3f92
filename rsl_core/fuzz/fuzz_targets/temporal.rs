//! Dates, times and timestamps from text. Law: what was read prints, and reads again, as the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rsl_core::temporal::{
    TICKS_PER_DAY, TextTimestamp, date_text, parse_date, parse_time, parse_timestamp, time_text,
    timestamp_text,
};

fuzz_target!(|text: &str| {
    if let Some(days) = parse_date(text) {
        assert_eq!(parse_date(&date_text(days)), Some(days));
        // A date alone is the timestamp of its midnight.
        let midnight = i64::from(days) * TICKS_PER_DAY;
        assert_eq!(parse_timestamp(text), Some(TextTimestamp { ticks: midnight, offset: None }));
    }
    if let Some(ticks) = parse_time(text) {
        assert!((0..TICKS_PER_DAY).contains(&ticks));
        assert_eq!(parse_time(&time_text(ticks)), Some(ticks));
    }
    if let Some(TextTimestamp { ticks, offset }) = parse_timestamp(text) {
        let print = timestamp_text(ticks);
        assert_eq!(parse_timestamp(&print), Some(TextTimestamp { ticks, offset: None }));
        if let Some(minutes) = offset {
            let sign = if minutes < 0 { '-' } else { '+' };
            let zone = format!("{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60);
            assert_eq!(parse_timestamp(&(print + &zone)), Some(TextTimestamp { ticks, offset }));
        }
    }
});
