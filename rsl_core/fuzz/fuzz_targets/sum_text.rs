//! Sums from text. Laws: what was read prints as a canonical number, which reads again as the same print and is the
//! same number as the text; taken away from itself it is zero.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rsl_core::{json, sum::Sum};

fn check(text: &str) {
    let Some(sum) = Sum::parse(text) else { return };
    let print = sum.to_decimal_string();
    let again = Sum::parse(&print).expect("a print reads");
    assert_eq!(again.to_decimal_string(), print);
    let (whole, places) = print.split_once('.').unwrap_or((&print, "1"));
    let digits = whole.trim_start_matches('-');
    assert!(digits == "0" || !digits.starts_with('0'), "{print}");
    assert!(!places.is_empty() && !places.ends_with('0') && print != "-0", "{print}");
    // Another parser of numbers.
    if let Ok(canonical) = json::canonical(text) {
        assert_eq!(json::canonical(&print), Ok(canonical));
    }
    let mut none = sum;
    none.subtract(&again);
    assert_eq!(none.to_decimal_string(), "0");
}

fuzz_target!(|input: (u8, &str)| {
    let (times, text) = input;
    check(text);
    // Longer than the fuzzer would write it.
    check(&text.repeat(usize::from(times)));
});
