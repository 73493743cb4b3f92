//! Digests from text and from bytes. Laws: what was read prints, and reads again, as the same; adding and taking away
//! another leaves the first.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rsl_core::Digest;

fn check(text: &str, other: Digest) {
    if let Ok(digest) = text.parse::<Digest>() {
        assert_eq!(digest.to_string().parse(), Ok(digest));
        assert_eq!(Digest::from_bytes(&digest.to_bytes()), digest);
        assert_eq!(digest + other - other, digest);
    }
}

fuzz_target!(|input: ([u8; Digest::SIZE], u8, &str)| {
    let (bytes, at, text) = input;
    let other = Digest::from_bytes(&bytes);
    assert_eq!(other.to_bytes(), bytes);
    let print = other.to_string();
    assert_eq!(print.parse(), Ok(other));
    check(text, other);
    // Close to what it would hardly guess: a print with something in its midst.
    let (before, after) = print.split_at(usize::from(at) % print.len());
    check(&format!("{before}{text}{}", after.get(text.len()..).unwrap_or_default()), other);
});
