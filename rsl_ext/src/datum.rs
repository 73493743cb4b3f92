//! PostgreSQL's stored values, read in place and given their canonical hash.
//!
//! The formats are those of PostgreSQL 13 to 18: `numeric.c` (NumericChoice), `varatt.h`, `uuid.c`, `date.h`,
//! `timestamp.h`.

use std::ffi::CStr;

use pgrx::{pg_sys, varlena};
use rsl_core::canonical::{self, Number};

use pgrx::{PgLogLevel, PgSqlErrorCode};

use crate::report;

/// How the values of one column are read: its type, resolved once.
#[derive(Debug)]
pub enum Reader {
    Bool,
    Int2,
    Int4,
    Int8,
    Numeric,
    Float4,
    Float8,
    Text,
    Char,
    Bytea,
    Date,
    Time,
    Timestamp,
    TimestampTz,
    Uuid,
    Jsonb,
    Enum { send: pg_sys::Oid },
    Other { send: pg_sys::Oid, name: Vec<u8> },
}

impl Reader {
    /// For a type; a domain is read as its base type.
    pub fn new(type_oid: pg_sys::Oid) -> Self {
        // SAFETY: catalogue look-ups by OID on the main thread; they raise if there is no such type.
        let base = unsafe { pg_sys::getBaseType(type_oid) };
        match base {
            pg_sys::BOOLOID => Reader::Bool,
            pg_sys::INT2OID => Reader::Int2,
            pg_sys::INT4OID => Reader::Int4,
            pg_sys::INT8OID => Reader::Int8,
            pg_sys::NUMERICOID => Reader::Numeric,
            pg_sys::FLOAT4OID => Reader::Float4,
            pg_sys::FLOAT8OID => Reader::Float8,
            pg_sys::TEXTOID | pg_sys::VARCHAROID | pg_sys::JSONOID => Reader::Text,
            pg_sys::BPCHAROID => Reader::Char,
            pg_sys::BYTEAOID => Reader::Bytea,
            pg_sys::DATEOID => Reader::Date,
            pg_sys::TIMEOID => Reader::Time,
            pg_sys::TIMESTAMPOID => Reader::Timestamp,
            pg_sys::TIMESTAMPTZOID => Reader::TimestampTz,
            pg_sys::UUIDOID => Reader::Uuid,
            pg_sys::JSONBOID => Reader::Jsonb,
            _ => {
                let (mut send, mut is_varlena) = (pg_sys::InvalidOid, false);
                // SAFETY: as above; a type without a binary form raises 42883, which says so.
                unsafe { pg_sys::getTypeBinaryOutputInfo(base, &mut send, &mut is_varlena) };
                // SAFETY: as above.
                if unsafe { pg_sys::get_typtype(base) } as u8 == pg_sys::TYPTYPE_ENUM {
                    return Reader::Enum { send };
                }
                // SAFETY: returns a string in the current memory context.
                let name = unsafe { CStr::from_ptr(pg_sys::format_type_be_qualified(base)) };
                Reader::Other { send, name: name.to_bytes().to_vec() }
            }
        }
    }

    /// Whether values of this type are summed.
    pub fn is_exact_number(&self) -> bool {
        matches!(self, Reader::Int2 | Reader::Int4 | Reader::Int8 | Reader::Numeric)
    }

    /// Calls `seen` with the canonical hash of a value that is not NULL, and with the number that it is.
    ///
    /// # Safety
    /// `datum` is a value of this reader's type.
    #[inline]
    pub unsafe fn read(&self, datum: pg_sys::Datum, seen: impl FnOnce(u128, Option<Number<'_>>)) {
        let whole = |value: i64, seen: &mut dyn FnMut(u128, Option<Number<'_>>)| {
            let number = Number::Integer(value);
            seen(canonical::number(number), Some(number));
        };
        let mut once = Some(seen);
        let mut seen = |hash: u128, number: Option<Number<'_>>| {
            if let Some(seen) = once.take() {
                seen(hash, number);
            }
        };
        // SAFETY (all blocks below): the caller vouches for the type, which decides how its datum is laid out.
        match self {
            Reader::Int8 => whole(datum.value() as i64, &mut seen),
            Reader::Int4 => whole(i64::from(datum.value() as i32), &mut seen),
            Reader::Int2 => whole(i64::from(datum.value() as i16), &mut seen),
            Reader::Bool => seen(canonical::boolean(datum.value() as u8 != 0), None),
            Reader::Float4 => seen(canonical::float(f64::from(f32::from_bits(datum.value() as u32))), None),
            Reader::Float8 => seen(canonical::float(f64::from_bits(datum.value() as u64)), None),
            Reader::Date => seen(canonical::date(datum.value() as i32), None),
            Reader::Time => seen(canonical::time(datum.value() as i64), None),
            Reader::Timestamp => seen(canonical::timestamp(datum.value() as i64), None),
            Reader::TimestampTz => seen(canonical::timestamptz(datum.value() as i64), None),
            // SAFETY: see above.
            Reader::Text => seen(canonical::text(unsafe { bytes(datum) }), None),
            // SAFETY: see above.
            Reader::Char => seen(canonical::padded_text(unsafe { bytes(datum) }), None),
            // SAFETY: see above.
            Reader::Bytea => seen(canonical::bytes(unsafe { bytes(datum) }), None),
            // SAFETY: see above; a uuid is 16 bytes by reference.
            Reader::Uuid => seen(canonical::uuid(unsafe { &*datum.cast_mut_ptr::<[u8; 16]>() }), None),
            // SAFETY: see above.
            Reader::Numeric => with_number(unsafe { bytes(datum) }, |number| {
                seen(canonical::number(number), Some(number));
            }),
            Reader::Jsonb => {
                // SAFETY: see above.
                let text = unsafe { jsonb_text(datum) };
                match rsl_core::json::canonical(&text) {
                    Ok(canonical) => seen(canonical::json(&canonical), None),
                    // Only nesting beyond 128 levels: what PostgreSQL prints is JSON.
                    Err(_) => report(
                        PgSqlErrorCode::ERRCODE_PROGRAM_LIMIT_EXCEEDED,
                        "a jsonb value is nested too deeply for a digest",
                    )
                    .report(PgLogLevel::ERROR),
                }
            }
            // SAFETY: see above; the function is this type's own.
            Reader::Enum { send } => seen(canonical::text(unsafe { sent(*send, datum) }), None),
            // SAFETY: as for the enumeration.
            Reader::Other { send, name } => seen(canonical::other(name, unsafe { sent(*send, datum) }), None),
        }
    }
}

/// The bytes of a varlena, decompressed and fetched if need be, in the current memory context.
///
/// # Safety
/// `datum` is a varlena.
#[inline]
unsafe fn bytes<'a>(datum: pg_sys::Datum) -> &'a [u8] {
    let mut pointer = datum.cast_mut_ptr::<pg_sys::varlena>();
    // SAFETY: a varlena says in its first byte how it is stored; the call into the server, which must be guarded, is
    // only for those that are not plain.
    unsafe {
        if varlena::varatt_is_1b_e(pointer) || varlena::varatt_is_4b_c(pointer) {
            pointer = pg_sys::pg_detoast_datum_packed(pointer);
        }
        varlena::varlena_to_byte_slice(pointer)
    }
}

/// # Safety
/// `send` is the send function of the type of `datum`.
unsafe fn sent<'a>(send: pg_sys::Oid, datum: pg_sys::Datum) -> &'a [u8] {
    // SAFETY: the caller vouches for the pair; the result is a plain bytea in the current memory context.
    unsafe { varlena::varlena_to_byte_slice(pg_sys::OidSendFunctionCall(send, datum).cast()) }
}

/// # Safety
/// `datum` is a jsonb.
unsafe fn jsonb_text(datum: pg_sys::Datum) -> String {
    // SAFETY: jsonb_out wants an untoasted value, which JsonbToCString reads from after the length word.
    unsafe {
        let value = pg_sys::pg_detoast_datum(datum.cast_mut_ptr()).cast::<pg_sys::Jsonb>();
        let size = varlena::varsize_any(value.cast()) as i32;
        let text = pg_sys::JsonbToCString(std::ptr::null_mut(), &mut (*value).root, size);
        CStr::from_ptr(text).to_string_lossy().into_owned()
    }
}

/// Reads the stored form of a numeric, without its length word.
fn with_number(stored: &[u8], seen: impl FnOnce(Number<'_>)) {
    const SPECIAL: u16 = 0xC000;
    let word = |at: usize| u16::from_ne_bytes([stored[at], stored[at + 1]]);
    let header = word(0);
    if header & SPECIAL == SPECIAL {
        return seen(Number::Special(match header & 0xF000 {
            0xD000 => 1,
            0xF000 => 2,
            _ => 0,
        }));
    }
    let (negative, weight, start) = if header & 0x8000 != 0 {
        // Short form: sign, scale and a weight of 7 bits, signed, in one word.
        let weight = (header & 0x3F) as i16 - (header & 0x40) as i16;
        (header & 0x2000 != 0, weight, 2)
    } else {
        (header & SPECIAL == 0x4000, word(2) as i16, 4)
    };
    let digits = &stored[start..];
    let (mut short, mut long) = ([0i16; 32], Vec::new());
    let count = digits.len() / 2;
    let aligned = if count <= short.len() {
        &mut short[..count]
    } else {
        long.resize(count, 0);
        &mut long[..]
    };
    for (digit, pair) in aligned.iter_mut().zip(digits.as_chunks::<2>().0) {
        *digit = i16::from_ne_bytes(*pair);
    }
    seen(Number::from_base10000(negative, weight, aligned));
}
