//! Stored values into images and back, and whether two of them are the same.

use std::borrow::Cow;
use std::ffi::CStr;

use pgrx::{IntoDatum, pg_sys, varlena};
use rsl_core::image::{Encoding, put_bytes};

use super::shape::damaged;
use crate::Result;
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
                put_bytes(out, &little_endian_words(stored));
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

/// Words of this machine as little-endian ones, and back.
fn little_endian_words(words: &[u8]) -> Cow<'_, [u8]> {
    if cfg!(target_endian = "little") {
        return Cow::Borrowed(words);
    }
    Cow::Owned(words.as_chunks::<2>().0.iter().flat_map(|[a, b]| [*b, *a]).collect())
}

/// The type of a column as SQL writes it, with its schema unless that is pg_catalog, and with its modifier.
pub fn type_name(attribute: &pg_sys::FormData_pg_attribute) -> String {
    let flags = (pg_sys::FORMAT_TYPE_TYPEMOD_GIVEN | pg_sys::FORMAT_TYPE_FORCE_QUALIFY) as u16;
    // SAFETY: gives a string in the current memory context.
    unsafe {
        let name = pg_sys::format_type_extended(attribute.atttypid, attribute.atttypmod, flags);
        CStr::from_ptr(name).to_string_lossy().into_owned()
    }
}

/// A text of an image.
pub fn utf8(value: &[u8]) -> Result<&str> {
    std::str::from_utf8(value).map_err(|_| damaged("a text is not UTF-8"))
}

/// A value of an encoding as PostgreSQL stores it, in the current memory context. Not for [`Encoding::Other`].
pub fn datum_of(encoding: Encoding, value: &[u8]) -> Result<pg_sys::Datum> {
    let short = || damaged("a value is too short");
    fn fixed<const N: usize>(value: &[u8]) -> Option<[u8; N]> {
        value.try_into().ok()
    }
    Ok(match encoding {
        Encoding::Bool => pg_sys::Datum::from(value == [1]),
        Encoding::Int2 => pg_sys::Datum::from(i16::from_le_bytes(fixed(value).ok_or_else(short)?)),
        Encoding::Int4 | Encoding::Date => {
            pg_sys::Datum::from(i32::from_le_bytes(fixed(value).ok_or_else(short)?))
        }
        Encoding::Float4 => pg_sys::Datum::from(u32::from_le_bytes(fixed(value).ok_or_else(short)?)),
        Encoding::Int8 | Encoding::Float8 | Encoding::Time | Encoding::Timestamp | Encoding::TimestampTz => {
            pg_sys::Datum::from(i64::from_le_bytes(fixed(value).ok_or_else(short)?))
        }
        Encoding::Uuid => {
            let bytes: [u8; 16] = fixed(value).ok_or_else(short)?;
            // SAFETY: allocates 16 bytes, which are written at once.
            unsafe {
                let place = pg_sys::palloc(16).cast::<[u8; 16]>();
                place.write(bytes);
                pg_sys::Datum::from(place)
            }
        }
        Encoding::Interval => {
            let bytes: [u8; 16] = fixed(value).ok_or_else(short)?;
            let word =
                |at: usize| i32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
            let time = u64::from(word(0) as u32) | u64::from(word(4) as u32) << 32;
            // SAFETY: allocates room for an interval, which is written at once.
            unsafe {
                let place = pg_sys::palloc(size_of::<pg_sys::Interval>()).cast::<pg_sys::Interval>();
                place.write(pg_sys::Interval { time: time as i64, day: word(8), month: word(12) });
                pg_sys::Datum::from(place)
            }
        }
        Encoding::Numeric => {
            if value.len() < 2 || !value.len().is_multiple_of(2) {
                return Err(short());
            }
            varlena_of(&little_endian_words(value))
        }
        Encoding::Text | Encoding::Json | Encoding::Bytea | Encoding::Other => varlena_of(value),
    })
}

fn varlena_of(value: &[u8]) -> pg_sys::Datum {
    value.into_datum().unwrap_or(pg_sys::Datum::from(0))
}

/// The text form of a value, as its type's output function gives it.
pub fn text_of(encoding: Encoding, value: &[u8]) -> Result<String> {
    let function = match encoding {
        Encoding::Bool => pg_sys::F_BOOLOUT,
        Encoding::Int2 => pg_sys::F_INT2OUT,
        Encoding::Int4 => pg_sys::F_INT4OUT,
        Encoding::Int8 => pg_sys::F_INT8OUT,
        Encoding::Float4 => pg_sys::F_FLOAT4OUT,
        Encoding::Float8 => pg_sys::F_FLOAT8OUT,
        Encoding::Date => pg_sys::F_DATE_OUT,
        Encoding::Time => pg_sys::F_TIME_OUT,
        Encoding::Timestamp => pg_sys::F_TIMESTAMP_OUT,
        Encoding::TimestampTz => pg_sys::F_TIMESTAMPTZ_OUT,
        Encoding::Uuid => pg_sys::F_UUID_OUT,
        Encoding::Interval => pg_sys::F_INTERVAL_OUT,
        Encoding::Numeric => pg_sys::F_NUMERIC_OUT,
        Encoding::Bytea => pg_sys::F_BYTEAOUT,
        Encoding::Text | Encoding::Json | Encoding::Other => return Ok(utf8(value)?.to_owned()),
    };
    let datum = datum_of(encoding, value)?;
    // SAFETY: the output function of the type that the datum is of.
    let text = unsafe { CStr::from_ptr(pg_sys::OidOutputFunctionCall(function.into(), datum)) };
    Ok(text.to_string_lossy().into_owned())
}
