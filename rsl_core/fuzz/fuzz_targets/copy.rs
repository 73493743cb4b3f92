//! The reader of binary COPY chunks. Law: what it accepts, written again from the fields that it gave, is the chunk,
//! so their lengths add up to it and nothing is left.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rsl_core::copy::{Malformed, RowReader};

/// Signature, flags, length of the extension.
const HEADER: usize = 19;

fn written_again(payload: &[u8], columns: usize) -> Result<Vec<u8>, Malformed> {
    let mut reader = RowReader::new(payload, columns)?;
    let extension = payload[HEADER - 4..HEADER].iter().fold(0, |n, &b| n << 8 | usize::from(b));
    let mut out = payload[..HEADER + extension].to_vec();
    while reader.next_row()? {
        out.extend_from_slice(&(columns as i16).to_be_bytes());
        for _ in 0..columns {
            let field = reader.field()?;
            let length = field.map_or(-1, |field| field.len() as i32);
            out.extend_from_slice(&length.to_be_bytes());
            out.extend_from_slice(field.unwrap_or_default());
        }
    }
    assert_eq!(reader.next_row(), Err(Malformed::Cut), "nothing follows the end");
    out.extend_from_slice(&(-1i16).to_be_bytes());
    Ok(out)
}

fuzz_target!(|input: (u8, &[u8])| {
    let (columns, rows) = input;
    let columns = usize::from(columns % 8);
    // As it came, and behind the header that it would hardly guess.
    for payload in [rows.to_vec(), [b"PGCOPY\n\xff\r\n\0", rows].concat()] {
        if let Ok(again) = written_again(&payload, columns) {
            assert_eq!(again, payload);
        }
    }
});
