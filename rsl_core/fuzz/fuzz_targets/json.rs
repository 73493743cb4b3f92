//! The canonical form of JSON. Laws: it is its own canonical form; how serde_json lays out the same value does not
//! matter to it; what has one is JSON.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rsl_core::json::canonical;

/// The canonical form as JSON: it leaves control characters, which stand in strings only, as they are.
fn as_json(canonical: Vec<u8>) -> String {
    let text = String::from_utf8(canonical).expect("the canonical form of a text is a text");
    text.chars().map(|c| if c < ' ' { format!("\\u{:04x}", u32::from(c)) } else { c.to_string() }).collect()
}

fn check(text: &str) {
    let Ok(form) = canonical(text) else { return };
    assert_eq!(rsl_core::json::check(text), Ok(()));
    assert_eq!(canonical(&as_json(form.clone())).as_ref(), Ok(&form));
    let value: serde_json::Value = serde_json::from_str(text).expect("what has a canonical form is JSON");
    assert_eq!(canonical(&format!("{value:#}")).as_ref(), Ok(&form));
}

fuzz_target!(|input: (i64, &str)| {
    let (exponent, text) = input;
    check(text);
    // An exponent that is longer than the fuzzer would write it.
    check(&format!("{text}e{exponent}"));
});
