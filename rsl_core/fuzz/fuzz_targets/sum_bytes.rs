//! Sums from bytes. Laws: what was read writes the bytes that it was read from, but for its flag, of which any that is not
//! 0 is 1; read again, it writes the same; what follows stays; it prints as a number that reads as the same print.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rsl_core::sum::Sum;

/// Where the sum of the whole numbers and the lowest place stand in the bytes.
const WHOLE: std::ops::Range<usize> = 0..16;
const LOWEST: std::ops::Range<usize> = 16..20;

fn written(sum: &Sum) -> Vec<u8> {
    let mut out = Vec::new();
    sum.write_to(&mut out);
    out
}

fuzz_target!(|bytes: &[u8]| {
    let mut rest = bytes;
    let Some(sum) = Sum::read_from(&mut rest) else { return };
    let once = written(&sum);
    assert_eq!(once.len() + rest.len(), bytes.len());
    assert!(once.iter().zip(bytes).all(|(written, read)| written == read || *written == 1 && *read > 1));
    let mut all = once.as_slice();
    let again = Sum::read_from(&mut all).expect("what was written reads");
    assert!(all.is_empty());
    assert_eq!(written(&again), once);
    // A print is as long as its places are far off: those that no numeric has are left out, and so is a sum of more
    // numbers than there can be.
    let whole = i128::from_le_bytes(once[WHOLE].try_into().expect("sixteen bytes"));
    let lowest = i32::from_le_bytes(once[LOWEST].try_into().expect("four bytes"));
    if lowest.unsigned_abs() < 1 << 13 && whole.unsigned_abs() < 1 << 126 {
        let print = sum.to_decimal_string();
        assert!(print == "NaN" || Sum::parse(&print).is_some_and(|sum| sum.to_decimal_string() == print));
    }
});
