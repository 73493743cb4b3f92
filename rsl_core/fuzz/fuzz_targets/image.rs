//! Images of the audit log: no bytes make reading panic, and what was read is written and read again the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rsl_core::image::{Block, Change, Encoding, Layout, put_fields, read_fields};

const ENCODINGS: [Encoding; 8] = [
    Encoding::Bool,
    Encoding::Int4,
    Encoding::Text,
    Encoding::Uuid,
    Encoding::Numeric,
    Encoding::Other,
    Encoding::Interval,
    Encoding::Json,
];

fuzz_target!(|input: (Vec<u8>, u8, &[u8])| {
    let (columns, key, bytes) = input;
    let encodings: Vec<Encoding> =
        columns.iter().take(40).map(|column| ENCODINGS[usize::from(*column) % ENCODINGS.len()]).collect();
    if encodings.is_empty() {
        return;
    }
    let layout = Layout { key: vec![usize::from(key) % encodings.len()], encodings };
    let again = |fields: &Vec<(usize, Option<&[u8]>)>| {
        let mut out = Vec::new();
        put_fields(&mut out, fields, &layout);
        let mut ordered = fields.clone();
        ordered.sort_by_key(|(at, _)| *at);
        assert_eq!(read_fields(&out, &layout), Ok(ordered));
    };
    if let Ok(fields) = read_fields(bytes, &layout) {
        again(&fields);
    }
    let read = |bytes: &[u8]| {
        if let Ok(change) = Change::read(bytes, &layout) {
            again(&change.key);
            change.old.iter().chain(&change.new).for_each(again);
        }
    };
    read(bytes);
    if let Ok(block) = Block::read(bytes) {
        (0..block.len()).filter_map(|at| block.get(at)).for_each(|(_, change)| read(change));
    }
});
