//! Decimals from text. Laws: what was read prints, and reads again, as the same number with the same places; of a text
//! that is JSON too, the canonical form is that of the print.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rsl_core::{Decimal, json};

fn check(text: &str) {
    let Ok(decimal) = text.parse::<Decimal>() else { return };
    let print = decimal.to_string();
    let again: Decimal = print.parse().expect("a print reads");
    assert_eq!((again.mantissa(), again.scale()), (decimal.mantissa(), decimal.scale()), "{print}");
    assert_eq!(again.to_string(), print);
    assert_eq!(decimal.normalized(), decimal);
    // Another parser of numbers, which knows no limit of digits.
    if let Ok(canonical) = json::canonical(text) {
        assert_eq!(json::canonical(&print), Ok(canonical), "{text} {print}");
    }
}

fuzz_target!(|input: (u16, Option<i32>, &str)| {
    let (zeros, exponent, text) = input;
    check(text);
    // More zeros after the point than the fuzzer would write, and an exponent that may bring the digits back.
    let zeros = "0".repeat(usize::from(zeros) % 3000);
    let exponent = exponent.map_or(String::new(), |exponent| format!("e{exponent}"));
    check(&format!("0.{zeros}{text}{exponent}"));
    check(&format!("{text}{zeros}{exponent}"));
});
