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
const SIGNATURE: &[u8] = HEADER.split_at(11).0;
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
        let fields = vec![Field::NULL; columns.len()];
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
    #[inline]
    pub fn row(&mut self, values: &[Value<'_>]) -> Result<(), UnfitField> {
        self.row_if(values, |_| true).map(drop)
    }

    /// The same, but `keep` decides by the row's fields whether it stays in the chunk; `false` if it does not.
    ///
    /// # Panics
    /// If the row has another number of values than there are columns.
    pub fn row_if(
        &mut self,
        values: &[Value<'_>],
        keep: impl FnOnce(&[Field]) -> bool,
    ) -> Result<bool, UnfitField> {
        assert_eq!(values.len(), self.columns.len(), "a row has one value for each column");
        let start = self.chunk.len();
        self.chunk.extend_from_slice(&(values.len() as i16).to_be_bytes());
        let columns = values.iter().zip(&self.columns).zip(&mut self.fields);
        for (column, ((value, &ty), field)) in columns.enumerate() {
            if let Err(reason) = encode_value(value, ty, &mut self.chunk, field) {
                self.chunk.truncate(start);
                return Err(UnfitField { column, reason });
            }
        }
        if !keep(&self.fields) {
            self.chunk.truncate(start);
            return Ok(false);
        }
        self.witness.add_row(&self.fields);
        self.rows += 1;
        Ok(true)
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

/// Reads the rows of a chunk, field by field.
#[derive(Debug)]
pub struct RowReader<'a> {
    rest: &'a [u8],
    columns: usize,
}

/// Bytes that are no chunk of these columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// The first bytes are those of something else.
    #[error("it does not begin as binary COPY does")]
    Signature,
    /// The header asks for what nobody knows.
    #[error("its header has flags that are unknown")]
    Flags,
    /// It ends within the header, a row or a field, or without the mark of the end.
    #[error("it was cut off")]
    Cut,
    /// Something follows the mark of the end.
    #[error("its end is followed by something (bytes: {bytes})")]
    Longer {
        /// How many.
        bytes: usize,
    },
    /// A row of another shape.
    #[error("a row has {fields} fields, the load {columns} columns")]
    Fields {
        /// Fields that the row says it has.
        fields: i16,
        /// Columns that it should have.
        columns: usize,
    },
    /// Neither a length nor NULL.
    #[error("{length} is no length of a field")]
    Length {
        /// As it stands there.
        length: i32,
    },
}

impl<'a> RowReader<'a> {
    /// For a chunk of rows of so many columns.
    pub fn new(payload: &'a [u8], columns: usize) -> Result<Self, Malformed> {
        let mut reader = Self { rest: payload, columns };
        if !payload.starts_with(SIGNATURE) {
            return Err(Malformed::Signature);
        }
        reader.take(SIGNATURE.len())?;
        // The lower half of the flags is for what a reader need not understand.
        if reader.number()? as u32 >> 16 != 0 {
            return Err(Malformed::Flags);
        }
        let extension = reader.number()?;
        reader.take(usize::try_from(extension).map_err(|_| Malformed::Length { length: extension })?)?;
        Ok(reader)
    }

    #[inline]
    fn take(&mut self, bytes: usize) -> Result<&'a [u8], Malformed> {
        self.rest.split_off(..bytes).ok_or(Malformed::Cut)
    }

    #[inline]
    fn number(&mut self) -> Result<i32, Malformed> {
        self.take(4)?.first_chunk().map(|bytes| i32::from_be_bytes(*bytes)).ok_or(Malformed::Cut)
    }

    /// Begins the next row; false if there is none, which is so only at the very end of the payload. Each of its fields must
    /// then be asked for with [`RowReader::field`].
    #[inline]
    pub fn next_row(&mut self) -> Result<bool, Malformed> {
        match self.take(2)?.first_chunk().map(|bytes| i16::from_be_bytes(*bytes)) {
            Some(-1) if self.rest.is_empty() => Ok(false),
            Some(-1) => Err(Malformed::Longer { bytes: self.rest.len() }),
            Some(fields) if usize::try_from(fields) == Ok(self.columns) => Ok(true),
            Some(fields) => Err(Malformed::Fields { fields, columns: self.columns }),
            None => Err(Malformed::Cut),
        }
    }

    /// The next field of the row; none for NULL.
    #[inline]
    pub fn field(&mut self) -> Result<Option<&'a [u8]>, Malformed> {
        match self.number()? {
            -1 => Ok(None),
            length => match usize::try_from(length) {
                Ok(length) => self.take(length).map(Some),
                Err(_) => Err(Malformed::Length { length }),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    type Row = Vec<Option<Vec<u8>>>;

    fn read(payload: &[u8], columns: usize) -> Result<Vec<Row>, Malformed> {
        let mut reader = RowReader::new(payload, columns)?;
        let mut rows = Vec::new();
        while reader.next_row()? {
            let row: Result<Row, _> = (0..columns).map(|_| Ok(reader.field()?.map(<[u8]>::to_vec))).collect();
            rows.push(row?);
        }
        Ok(rows)
    }

    #[test]
    fn what_is_no_chunk_is_named() {
        let row = |fields: i16, rest: &[u8]| [&HEADER[..], &fields.to_be_bytes(), rest].concat();
        assert_eq!(read(b"", 1), Err(Malformed::Signature));
        assert_eq!(read(HEADER, 1), Err(Malformed::Cut));
        assert_eq!(read(&HEADER[..13], 1), Err(Malformed::Cut));
        assert_eq!(read(b"PGCOPY\n\xff\r\n\0\0\x01\0\0\0\0\0\0\xff\xff", 1), Err(Malformed::Flags));
        assert_eq!(read(b"PGCOPY\n\xff\r\n\0\0\0\x80\0\0\0\0\x02??\xff\xff", 1), Ok(vec![]));
        assert_eq!(
            read(b"PGCOPY\n\xff\r\n\0\0\0\0\0\x80\0\0\0\xff\xff", 1),
            Err(Malformed::Length { length: i32::MIN })
        );
        assert_eq!(read(&row(-1, b"?"), 1), Err(Malformed::Longer { bytes: 1 }));
        assert_eq!(read(&row(2, b""), 1), Err(Malformed::Fields { fields: 2, columns: 1 }));
        assert_eq!(read(&row(-2, b""), 1), Err(Malformed::Fields { fields: -2, columns: 1 }));
        assert_eq!(read(&row(1, &(-2i32).to_be_bytes()), 1), Err(Malformed::Length { length: -2 }));
        assert_eq!(read(&row(1, &i32::MAX.to_be_bytes()), 1), Err(Malformed::Cut));
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
            let back: Vec<_> = chunks.iter().flat_map(|chunk| read(&chunk.payload, 3).unwrap()).collect();
            let expected: Vec<_> = rows.iter().map(|(number, text, bytes)| {
                vec![number.map(|n| n.to_be_bytes().to_vec()), Some(text.clone().into_bytes()), Some(bytes.clone())]
            }).collect();
            prop_assert_eq!(back, expected);
            prop_assert!(chunks.iter().all(|c| c.witness.rows() == c.rows));
            prop_assert_eq!(chunks.iter().map(|c| c.rows).sum::<u64>(), rows.len() as u64);
        }

        #[test]
        fn only_the_rows_that_are_kept_are_in_the_chunk(rows in vec((any::<i64>(), any::<bool>()), 0..20)) {
            let (mut sieved, mut plain) = (RowEncoder::new(vec![PgType::Int8], 64), RowEncoder::new(vec![PgType::Int8], 64));
            for &(number, kept) in &rows {
                prop_assert_eq!(sieved.row_if(&[Value::Int(number)], |_| kept).unwrap(), kept);
                if kept {
                    plain.row(&[Value::Int(number)]).unwrap();
                }
            }
            let (sieved, plain) = (sieved.take_chunk(), plain.take_chunk());
            prop_assert_eq!((sieved.rows, sieved.witness.digest()), (plain.rows, plain.witness.digest()));
            prop_assert_eq!(sieved.payload, plain.payload);
        }

        #[test]
        fn a_chunk_that_was_cut_or_goes_on_is_refused(rows in 0u8..4, cut in 0usize..100, more in vec(any::<u8>(), 1..5)) {
            let mut encoder = RowEncoder::new(vec![PgType::Int8, PgType::Text], 64);
            for row in 0..rows {
                encoder.row(&[Value::Int(row.into()), Value::Text("text")]).unwrap();
            }
            let payload = encoder.take_chunk().payload;
            prop_assume!(cut < payload.len());
            prop_assert!(read(&payload[..cut], 2).is_err());
            prop_assert_eq!(read(&[&payload[..], &more].concat(), 2), Err(Malformed::Longer { bytes: more.len() }));
        }

        #[test]
        fn garbage_is_an_error_not_a_panic(bytes in vec(any::<u8>(), 0..100), columns in 0usize..4) {
            let _ = read(&bytes, columns);
            let _ = read(&[&HEADER[..], &bytes].concat(), columns);
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
