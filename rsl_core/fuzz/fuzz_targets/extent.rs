//! Ends and lengths: no words and no bytes make reading panic, what was read is told in the same words, and adding it to itself changes
//! no end.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rsl_core::extent::{Extent, Told};

fuzz_target!(|input: (String, String, &[u8], bool)| {
    let (min, max, mut bytes, values) = input;
    let extent = Extent::from_told(&Told { ends: Some((min, max)), length: None }, values);
    twice(&extent);
    if let Some(extent) = Extent::read_from(&mut bytes) {
        twice(&extent);
        let mut out = Vec::new();
        extent.write_to(&mut out);
        // Not equal where a NaN is an end: by what it tells.
        assert_eq!(Extent::read_from(&mut &out[..]).expect("what was written reads").tell(), extent.tell());
    }
});

fn twice(extent: &Extent) {
    let told = extent.tell();
    let again = Extent::from_told(&told, true).tell();
    // Words of times and numbers are the shortest ones, which tell themselves.
    if told.ends.is_some() && again.ends.is_some() {
        assert_eq!(Extent::from_told(&again, true).tell().ends, again.ends);
    }
}
