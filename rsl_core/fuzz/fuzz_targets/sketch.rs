//! Sketches: no bytes make reading or taking apart panic; what was read is written the same, taken from itself it leaves nothing, and
//! without the rows that it names nothing is left of it.
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
    assert_eq!(nothing.clone().left(), Some(Vec::new()));
    let Some(left) = sketch.clone().left() else { return };
    // What a sketch keeps of a longer key cannot be put back.
    if left.iter().any(|row| row.is_cut) {
        return;
    }
    let (mut ours, mut theirs) = (nothing.clone(), nothing);
    for row in &left {
        let side = if row.is_ours { &mut ours } else { &mut theirs };
        side.add(row.hash, &row.key);
    }
    let mut rest = sketch;
    assert!(rest.subtract(&ours) && rest.merge(&theirs));
    assert_eq!(rest.left(), Some(Vec::new()));
});
