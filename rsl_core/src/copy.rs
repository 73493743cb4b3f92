//! The row stream: chunks in PostgreSQL's binary COPY format, each complete in itself.
//!
//! Format: `PGCOPY\n\xff\r\n\0`, flags (4 bytes), length of the header's extension (4 bytes); a row is its number
//! of fields (2 bytes) and the fields, each its length (4 bytes, −1 for NULL) and its bytes; −1 (2 bytes) ends.
//! Source: PostgreSQL documentation, COPY, "Binary Format".

use crate::encode::{Field, encode_value};
use crate::pgtype::PgType;
use crate::unfit::Unfit;
use crate::value::Value;
use crate::witness::Witness;

const HEADER: &[u8; 19] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
const TRAILER: [u8; 2] = (-1i16).to_be_bytes();

/// Turns rows into chunks and keeps the witness of the rows of each.
#[derive(Debug)]
pub struct RowEncoder {
    columns: Vec<PgType>,
    chunk: Vec<u8>,
    rows: u64,
    capacity: usize,
    fields: Vec<Field>,
    witness: Witness,
}

/// A finished chunk.
#[derive(Debug)]
pub struct Chunk {
    /// A whole binary COPY stream.
    pub payload: Vec<u8>,
    /// Rows in it.
    pub rows: u64,
    /// Over the rows in it.
    pub witness: Witness,
}

/// A value did not fit: which column, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnfitField {
    /// Position among the columns, from 0.
    pub column: usize,
    /// Why.
    pub reason: Unfit,
}

impl RowEncoder {
    /// For rows of these columns, in chunks for which `capacity` bytes are reserved.
    pub fn new(columns: Vec<PgType>, capacity: usize) -> Self {
        let fields = Vec::with_capacity(columns.len());
        let mut encoder =
            Self { columns, chunk: Vec::new(), rows: 0, capacity, fields, witness: Witness::default() };
        encoder.start();
        encoder
    }

    fn start(&mut self) {
        self.chunk = Vec::with_capacity(self.capacity);
        self.chunk.extend_from_slice(HEADER);
        self.rows = 0;
        self.witness = Witness::new(self.columns.iter().map(|ty| ty.is_exact_number()));
    }

    /// Takes one row, whole or not at all: after an error neither the chunk nor the witness knows of it.
    ///
    /// # Panics
    /// If the row has another number of values than there are columns.
    pub fn row(&mut self, values: &[Value<'_>]) -> Result<(), UnfitField> {
        assert_eq!(values.len(), self.columns.len(), "a row has one value for each column");
        let start = self.chunk.len();
        self.chunk.extend_from_slice(&(values.len() as i16).to_be_bytes());
        self.fields.clear();
        for (column, (value, &ty)) in values.iter().zip(&self.columns).enumerate() {
            match encode_value(value, ty, &mut self.chunk) {
                Ok(field) => self.fields.push(field),
                Err(reason) => {
                    self.chunk.truncate(start);
                    return Err(UnfitField { column, reason });
                }
            }
        }
        self.witness.add_row(&self.fields);
        self.rows += 1;
        Ok(())
    }

    /// Bytes in the chunk so far.
    pub fn len(&self) -> usize {
        self.chunk.len()
    }

    /// No row in the chunk yet.
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// Ends the chunk and begins the next.
    pub fn take_chunk(&mut self) -> Chunk {
        self.chunk.extend_from_slice(&TRAILER);
        let rows = self.rows;
        let payload = std::mem::take(&mut self.chunk);
        let witness = std::mem::take(&mut self.witness);
        self.start();
        Chunk { payload, rows, witness }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    /// Reads a chunk back, independently of the writer.
    fn read(mut bytes: &[u8]) -> Vec<Vec<Option<Vec<u8>>>> {
        assert_eq!(bytes.split_off(..19), Some(&b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0"[..]));
        let mut rows = Vec::new();
        loop {
            let fields = i16::from_be_bytes(bytes.split_off(..2).unwrap().try_into().unwrap());
            if fields == -1 {
                assert!(bytes.is_empty());
                return rows;
            }
            let mut row = Vec::new();
            for _ in 0..fields {
                let len = i32::from_be_bytes(bytes.split_off(..4).unwrap().try_into().unwrap());
                row.push((len >= 0).then(|| bytes.split_off(..len as usize).unwrap().to_vec()));
            }
            rows.push(row);
        }
    }

    proptest! {
        #[test]
        fn rows_come_back_from_their_chunks(rows in vec((any::<Option<i64>>(), "[^\0]{0,10}", vec(any::<u8>(), 0..10)), 0..20)) {
            let mut encoder = RowEncoder::new(vec![PgType::Int8, PgType::Text, PgType::Bytea], 64);
            let mut chunks = Vec::new();
            for (number, text, bytes) in &rows {
                let number = number.map_or(Value::Null, Value::Int);
                encoder.row(&[number, Value::Text(text), Value::Bytes(bytes)]).unwrap();
                if encoder.len() > 100 {
                    chunks.push(encoder.take_chunk());
                }
            }
            chunks.push(encoder.take_chunk());
            let back: Vec<_> = chunks.iter().flat_map(|chunk| read(&chunk.payload)).collect();
            let expected: Vec<_> = rows.iter().map(|(number, text, bytes)| {
                vec![number.map(|n| n.to_be_bytes().to_vec()), Some(text.clone().into_bytes()), Some(bytes.clone())]
            }).collect();
            prop_assert_eq!(back, expected);
            prop_assert!(chunks.iter().all(|c| c.witness.rows() == c.rows));
            prop_assert_eq!(chunks.iter().map(|c| c.rows).sum::<u64>(), rows.len() as u64);
        }

        #[test]
        fn a_row_that_does_not_fit_leaves_no_trace(before in 0u8..5) {
            let mut encoder = RowEncoder::new(vec![PgType::Int8, PgType::Int2], 64);
            for n in 0..before {
                encoder.row(&[Value::Int(n.into()), Value::Int(0)]).unwrap();
            }
            let (len, digest) = (encoder.len(), encoder.witness.digest());
            let unfit = encoder.row(&[Value::Int(1), Value::Int(40_000)]).unwrap_err();
            prop_assert_eq!(unfit.column, 1);
            prop_assert_eq!((encoder.len(), encoder.witness.digest()), (len, digest));
        }
    }
}
