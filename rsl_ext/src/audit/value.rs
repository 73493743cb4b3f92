//! Stored values into images, and whether two of them are the same.

use std::ffi::CStr;

use pgrx::{pg_sys, varlena};
use rsl_core::image::{Encoding, put_bytes};

use crate::datum::{bytes, jsonb_text};

/// How the values of one column go into images.
#[derive(Debug)]
pub struct Column {
    /// Place in the rows of the relation, from 0.
    pub at: usize,
    pub encoding: Encoding,
    ty: pg_sys::Oid,
    output: pg_sys::Oid,
    length: i16,
    by_value: bool,
}

impl Column {
    /// For an attribute of a relation.
    pub fn new(attribute: &pg_sys::FormData_pg_attribute) -> Self {
        // SAFETY: catalogue look-ups by OID on the main thread.
        let ty = unsafe { pg_sys::getBaseType(attribute.atttypid) };
        let encoding = encoding_of(ty);
        let (mut output, mut is_varlena) = (pg_sys::InvalidOid, false);
        if encoding == Encoding::Other {
            // SAFETY: as above, into variables of this frame.
            unsafe { pg_sys::getTypeOutputInfo(ty, &mut output, &mut is_varlena) };
        }
        Self {
            at: attribute.attnum as usize - 1,
            encoding,
            ty,
            output,
            length: attribute.attlen,
            by_value: attribute.attbyval,
        }
    }

    /// Writes a value.
    ///
    /// # Safety
    /// `datum` is a value of this column.
    #[inline]
    pub unsafe fn write(&self, datum: pg_sys::Datum, out: &mut Vec<u8>) {
        match self.encoding {
            Encoding::Int4 | Encoding::Date | Encoding::Float4 => {
                out.extend_from_slice(&(datum.value() as u32).to_le_bytes());
            }
            Encoding::Int8
            | Encoding::Float8
            | Encoding::Time
            | Encoding::Timestamp
            | Encoding::TimestampTz => {
                out.extend_from_slice(&(datum.value() as u64).to_le_bytes());
            }
            Encoding::Int2 => out.extend_from_slice(&(datum.value() as u16).to_le_bytes()),
            Encoding::Bool => out.push(u8::from(datum.value() as u8 != 0)),
            // SAFETY: the caller vouches for the type, which decides how its datum is laid out; so below.
            Encoding::Uuid => out.extend_from_slice(unsafe { &*datum.cast_mut_ptr::<[u8; 16]>() }),
            Encoding::Interval => {
                // SAFETY: see above.
                let interval = unsafe { &*datum.cast_mut_ptr::<pg_sys::Interval>() };
                out.extend_from_slice(&interval.time.to_le_bytes());
                out.extend_from_slice(&interval.day.to_le_bytes());
                out.extend_from_slice(&interval.month.to_le_bytes());
            }
            Encoding::Text if self.ty == pg_sys::NAMEOID => {
                // SAFETY: see above; a name is a string of the server, by reference.
                put_bytes(out, unsafe { CStr::from_ptr(datum.cast_mut_ptr()) }.to_bytes());
            }
            Encoding::Json if self.ty == pg_sys::JSONBOID => {
                // SAFETY: see above.
                put_bytes(out, unsafe { jsonb_text(datum) }.as_bytes());
            }
            Encoding::Text | Encoding::Json | Encoding::Bytea => {
                // SAFETY: see above.
                put_bytes(out, unsafe { bytes(datum) });
            }
            Encoding::Numeric => {
                // SAFETY: see above.
                let stored = unsafe { bytes(datum) };
                if cfg!(target_endian = "little") {
                    put_bytes(out, stored);
                } else {
                    let swapped: Vec<u8> =
                        stored.as_chunks::<2>().0.iter().flat_map(|[a, b]| [*b, *a]).collect();
                    put_bytes(out, &swapped);
                }
            }
            Encoding::Other => {
                // SAFETY: see above; the function is this type's own and gives a string.
                let text = unsafe { CStr::from_ptr(pg_sys::OidOutputFunctionCall(self.output, datum)) };
                put_bytes(out, text.to_bytes());
            }
        }
    }

    /// Whether two values are the same to the bit, however each is stored. What is out of line is only fetched if it may
    /// differ.
    ///
    /// # Safety
    /// Both are values of this column.
    #[inline]
    pub unsafe fn same(&self, one: pg_sys::Datum, other: pg_sys::Datum) -> bool {
        if self.by_value {
            return one.value() == other.value();
        }
        match self.length {
            -1 => {
                // SAFETY: the caller vouches for the type, whose length decides how much there is to read; so below.
                let (one_stored, other_stored) = unsafe { (stored(one), stored(other)) };
                // SAFETY: see above.
                one_stored == other_stored || unsafe { bytes(one) == bytes(other) }
            }
            // SAFETY: see above.
            -2 => unsafe { CStr::from_ptr(one.cast_mut_ptr()) == CStr::from_ptr(other.cast_mut_ptr()) },
            length => {
                let raw = |datum: pg_sys::Datum| {
                    // SAFETY: see above.
                    unsafe { std::slice::from_raw_parts(datum.cast_mut_ptr::<u8>(), length as usize) }
                };
                raw(one) == raw(other)
            }
        }
    }
}

/// The bytes of a varlena as they lie in the row, with its header.
///
/// # Safety
/// `datum` is a varlena.
unsafe fn stored<'a>(datum: pg_sys::Datum) -> &'a [u8] {
    let pointer = datum.cast_mut_ptr::<pg_sys::varlena>();
    // SAFETY: the header says how long it is, of a pointer to what is out of line, too.
    unsafe { std::slice::from_raw_parts(pointer.cast::<u8>(), varlena::varsize_any(pointer)) }
}

/// How values of a type, which is no domain, are stored.
pub fn encoding_of(ty: pg_sys::Oid) -> Encoding {
    match ty {
        pg_sys::BOOLOID => Encoding::Bool,
        pg_sys::INT2OID => Encoding::Int2,
        pg_sys::INT4OID => Encoding::Int4,
        pg_sys::INT8OID => Encoding::Int8,
        pg_sys::FLOAT4OID => Encoding::Float4,
        pg_sys::FLOAT8OID => Encoding::Float8,
        pg_sys::DATEOID => Encoding::Date,
        pg_sys::TIMEOID => Encoding::Time,
        pg_sys::TIMESTAMPOID => Encoding::Timestamp,
        pg_sys::TIMESTAMPTZOID => Encoding::TimestampTz,
        pg_sys::UUIDOID => Encoding::Uuid,
        pg_sys::INTERVALOID => Encoding::Interval,
        pg_sys::NUMERICOID => Encoding::Numeric,
        pg_sys::TEXTOID | pg_sys::VARCHAROID | pg_sys::BPCHAROID | pg_sys::XMLOID | pg_sys::NAMEOID => {
            Encoding::Text
        }
        pg_sys::JSONOID | pg_sys::JSONBOID => Encoding::Json,
        pg_sys::BYTEAOID => Encoding::Bytea,
        _ => Encoding::Other,
    }
}
