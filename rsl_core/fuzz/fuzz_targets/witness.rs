//! Witnesses from bytes. Laws: what was read writes the bytes that it was read from, but for flags, of which any that is
//! not 0 is 1; read again, it writes the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rsl_core::Witness;

fuzz_target!(|bytes: &[u8]| {
    let Some(witness) = Witness::from_bytes(bytes) else { return };
    let written = witness.to_bytes();
    assert_eq!(written.len(), bytes.len());
    assert!(written.iter().zip(bytes).all(|(written, read)| written == read || *written == 1 && *read > 1));
    let again = Witness::from_bytes(&written).expect("what was written reads");
    assert_eq!(again.to_bytes(), written);
    assert_eq!((again.rows(), again.digest()), (witness.rows(), witness.digest()));
});
