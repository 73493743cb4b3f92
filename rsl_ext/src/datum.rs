//! PostgreSQL's stored values, read in place and given their canonical hash.
//!
//! The formats are those of PostgreSQL 13 to 18: `numeric.c` (NumericChoice), `varatt.h`, `uuid.c`, `date.h`,
//! `timestamp.h`.

use std::ffi::CStr;

use pgrx::{PgMemoryContexts, pg_sys, varlena};
use rsl_core::canonical::{self, Number, RowHasher};
use rsl_core::extent::{Length, Measure};

use pgrx::PgSqlErrorCode;

use crate::sql_function::refuse_array;
use crate::{raise, report};

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
    Name,
    Interval,
    Row,
    Array { element: Box<Reader>, ty: pg_sys::Oid, length: i16, by_value: bool, align: std::ffi::c_char },
    Enum { output: pg_sys::Oid },
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
            pg_sys::TEXTOID | pg_sys::VARCHAROID | pg_sys::JSONOID | pg_sys::XMLOID => Reader::Text,
            // A literal without a type is a string of the server, as a name is.
            pg_sys::NAMEOID | pg_sys::UNKNOWNOID => Reader::Name,
            pg_sys::INTERVALOID => Reader::Interval,
            pg_sys::RECORDOID => Reader::Row,
            pg_sys::BPCHAROID => Reader::Char,
            pg_sys::BYTEAOID => Reader::Bytea,
            pg_sys::DATEOID => Reader::Date,
            pg_sys::TIMEOID => Reader::Time,
            pg_sys::TIMESTAMPOID => Reader::Timestamp,
            pg_sys::TIMESTAMPTZOID => Reader::TimestampTz,
            pg_sys::UUIDOID => Reader::Uuid,
            pg_sys::JSONBOID => Reader::Jsonb,
            _ => Self::by_catalogue(base),
        }
    }

    /// For a type whose OID says nothing.
    fn by_catalogue(ty: pg_sys::Oid) -> Self {
        let (mut function, mut is_varlena) = (pg_sys::InvalidOid, false);
        // SAFETY: a catalogue look-up on the main thread; so are those below, into variables of this frame.
        let element = unsafe { pg_sys::get_element_type(ty) };
        if element != pg_sys::InvalidOid {
            let (mut length, mut by_value, mut align) = (0, false, 0);
            // SAFETY: see above.
            unsafe { pg_sys::get_typlenbyvalalign(element, &mut length, &mut by_value, &mut align) };
            return Reader::Array {
                element: Box::new(Reader::new(element)),
                ty: element,
                length,
                by_value,
                align,
            };
        }
        // SAFETY: see above.
        match unsafe { pg_sys::get_typtype(ty) } as u8 {
            pg_sys::TYPTYPE_COMPOSITE => return Reader::Row,
            pg_sys::TYPTYPE_ENUM => {
                // SAFETY: see above. Not the send function: that would give the label in the client's encoding.
                unsafe { pg_sys::getTypeOutputInfo(ty, &mut function, &mut is_varlena) };
                return Reader::Enum { output: function };
            }
            _ => {}
        }
        // SAFETY: see above; a type without a binary form raises 42883, which says so.
        unsafe { pg_sys::getTypeBinaryOutputInfo(ty, &mut function, &mut is_varlena) };
        if sends_as_text(function) {
            // Stored as text is, such as citext.
            return Reader::Text;
        }
        Reader::Other { send: function, name: type_name(ty) }
    }

    /// Whether values of this type are summed.
    pub fn is_exact_number(&self) -> bool {
        matches!(self, Reader::Int2 | Reader::Int4 | Reader::Int8 | Reader::Numeric)
    }

    /// Calls `seen` with the canonical hash of a value that is not NULL, and with what else a witness sees of it.
    ///
    /// # Safety
    /// `datum` is a value of this reader's type.
    #[inline]
    pub unsafe fn read(&self, datum: pg_sys::Datum, seen: impl FnOnce(u128, Measure<'_>)) {
        let whole = |value: i64, seen: &mut dyn FnMut(u128, Measure<'_>)| {
            let number = Number::Integer(value);
            seen(canonical::number(number), Measure::Number(number));
        };
        let mut once = Some(seen);
        let mut seen = |hash: u128, measure: Measure<'_>| {
            if let Some(seen) = once.take() {
                seen(hash, measure);
            }
        };
        let float = |value: f64, seen: &mut dyn FnMut(u128, Measure<'_>)| {
            seen(canonical::float(value), Measure::Float(value));
        };
        let (word, micros) = (datum.value(), datum.value() as i64);
        // SAFETY (all blocks below): the caller vouches for the type, which decides how its datum is laid out.
        match self {
            Reader::Int8 => whole(word as i64, &mut seen),
            Reader::Int4 => whole(i64::from(word as i32), &mut seen),
            Reader::Int2 => whole(i64::from(word as i16), &mut seen),
            Reader::Bool => seen(canonical::boolean(word as u8 != 0), Measure::None),
            Reader::Float4 => float(f64::from(f32::from_bits(word as u32)), &mut seen),
            Reader::Float8 => float(f64::from_bits(word as u64), &mut seen),
            Reader::Date => seen(canonical::date(word as i32), Measure::Date(word as i32)),
            Reader::Time => seen(canonical::time(micros), Measure::Time(micros)),
            Reader::Timestamp => seen(canonical::timestamp(micros), Measure::Timestamp(micros)),
            Reader::TimestampTz => seen(canonical::timestamptz(micros), Measure::TimestampTz(micros)),
            Reader::Text => {
                // SAFETY: see above.
                let text = unsafe { bytes(datum) };
                seen(canonical::text(text), Measure::Text(text));
            }
            Reader::Char => {
                // SAFETY: see above.
                let text = unsafe { bytes(datum) };
                seen(canonical::padded_text(text), Measure::PaddedText(text));
            }
            Reader::Bytea => {
                // SAFETY: see above.
                let bytes = unsafe { bytes(datum) };
                seen(canonical::bytes(bytes), Measure::Length(Length::of_bytes(bytes)));
            }
            Reader::Uuid => {
                // SAFETY: see above; a uuid is 16 bytes by reference.
                let uuid = unsafe { &*datum.cast_mut_ptr::<[u8; 16]>() };
                seen(canonical::uuid(uuid), Measure::None);
            }
            // SAFETY: see above.
            Reader::Numeric => with_number(unsafe { bytes(datum) }, |number| {
                seen(canonical::number(number), Measure::Number(number));
            }),
            Reader::Jsonb => {
                // SAFETY: see above.
                let text = unsafe { jsonb_text(datum) };
                match rsl_core::json::canonical(&text) {
                    Ok(canonical) => seen(canonical::json(&canonical), Measure::None),
                    // Only nesting beyond 128 levels: what PostgreSQL prints is JSON.
                    Err(_) => raise(report(
                        PgSqlErrorCode::ERRCODE_PROGRAM_LIMIT_EXCEEDED,
                        "a jsonb value is nested too deeply for a digest",
                    )),
                }
            }
            Reader::Name => {
                // SAFETY: see above; a name is a string of the server, by reference.
                let name = unsafe { CStr::from_ptr(datum.cast_mut_ptr()) };
                seen(canonical::text(name.to_bytes()), Measure::None);
            }
            Reader::Interval => {
                // SAFETY: see above; an interval is by reference.
                let interval = unsafe { &*datum.cast_mut_ptr::<pg_sys::Interval>() };
                seen(canonical::interval(interval.time, interval.day, interval.month), Measure::None);
            }
            // SAFETY: see above.
            Reader::Row => seen(unsafe { hash_row(datum) }, Measure::None),
            Reader::Array { element, ty, length, by_value, align } => {
                // SAFETY: see above; the layout of the elements is that of their type.
                seen(unsafe { hash_array(datum, element, *ty, *length, *by_value, *align) }, Measure::None);
            }
            Reader::Enum { output } => {
                // SAFETY: see above; the function is this type's own and gives a string.
                let label = unsafe { CStr::from_ptr(pg_sys::OidOutputFunctionCall(*output, datum)) };
                seen(canonical::text(label.to_bytes()), Measure::Text(label.to_bytes()));
            }
            Reader::Other { send, name } => {
                // SAFETY: as for the enumeration.
                let sent = unsafe { sent(*send, datum) };
                seen(canonical::other(name, sent), Measure::None);
            }
        }
    }
}

impl Reader {
    /// Appends a value that is not NULL as a text that its type reads back; false, and nothing of use, of what has no such text here.
    ///
    /// # Safety
    /// `datum` is a value of this reader's type.
    pub unsafe fn write_text(&self, datum: pg_sys::Datum, out: &mut Vec<u8>) -> bool {
        let mut written = true;
        match self {
            Reader::Bool => out.push(if datum.value() as u8 != 0 { b't' } else { b'f' }),
            Reader::Uuid => {
                // SAFETY: the caller vouches for the type, in all blocks below, too; a uuid is 16 bytes by reference.
                let uuid = unsafe { &*datum.cast_mut_ptr::<[u8; 16]>() };
                for (at, part) in [0..4, 4..6, 6..8, 8..10, 10..16].into_iter().enumerate() {
                    out.extend((at > 0).then_some(b'-'));
                    write_hex(&uuid[part], out);
                }
            }
            Reader::Bytea => {
                out.extend_from_slice(b"\\x");
                // SAFETY: see above.
                write_hex(unsafe { bytes(datum) }, out);
            }
            // SAFETY: see above.
            _ => unsafe {
                self.read(datum, |_, measure| written = measure.write_key(out));
            },
        }
        written
    }
}

/// Whether this is the send function of text under another name, as that of citext is.
fn sends_as_text(function: pg_sys::Oid) -> bool {
    let address = |function: pg_sys::Oid| {
        let mut info = pg_sys::FmgrInfo::default();
        // SAFETY: fills in a variable of this frame; the function is one of the catalogue.
        unsafe { pg_sys::fmgr_info(function, &mut info) };
        info.fn_addr.map(|address| address as usize)
    };
    let text = pg_sys::Oid::from(pg_sys::F_TEXTSEND);
    function == text || address(function) == address(text)
}

/// The qualified name of a type, the same in every session.
fn type_name(ty: pg_sys::Oid) -> Vec<u8> {
    // SAFETY: a setting of this backend, read and put back on its main thread; the name is copied from the current memory context. A
    // type that is gone would be an error, after which the setting would stay; but its reader was just made.
    unsafe {
        let quotes_all = pg_sys::quote_all_identifiers;
        pg_sys::quote_all_identifiers = false;
        let name = CStr::from_ptr(pg_sys::format_type_be_qualified(ty)).to_bytes().to_vec();
        pg_sys::quote_all_identifiers = quotes_all;
        name
    }
}

/// Appends bytes in hexadecimal.
pub fn write_hex(bytes: &[u8], out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .for_each(|byte| out.extend([DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]));
}

/// Readers for the arguments of a call, from one of them on.
///
/// # Safety
/// `fcinfo` is a call frame.
pub unsafe fn argument_readers(fcinfo: pg_sys::FunctionCallInfo, from: i16) -> Vec<Reader> {
    // SAFETY: a frame tells how many arguments it has, and the expression that calls their types.
    let types = from..unsafe { (*fcinfo).nargs };
    // SAFETY: see above.
    types.map(|i| unsafe { Reader::new(pg_sys::get_fn_expr_argtype((*fcinfo).flinfo, i.into())) }).collect()
}

/// The readers of the arguments from one of them on, made at the first call of a statement and kept in the memory of its function.
///
/// # Safety
/// `fcinfo` is the call frame of a function whose `fn_extra` nobody else uses.
pub unsafe fn kept_readers<'a>(fcinfo: pg_sys::FunctionCallInfo, from: i16) -> &'a [Reader] {
    // SAFETY: `fn_extra` is empty, or the vector that was put there by an earlier call; it dies with `fn_mcxt`.
    unsafe {
        let function = (*fcinfo).flinfo;
        if (*function).fn_extra.is_null() {
            refuse_array(fcinfo);
            let readers = argument_readers(fcinfo, from);
            let kept = PgMemoryContexts::For((*function).fn_mcxt).leak_and_drop_on_delete(readers);
            (*function).fn_extra = kept.cast();
        }
        &*(*function).fn_extra.cast::<Vec<Reader>>()
    }
}

/// Adds the hashes of fields to that of their row.
///
/// # Safety
/// Each value is of its reader's type.
#[inline]
pub unsafe fn push_fields<'a>(
    row: &mut RowHasher,
    fields: impl Iterator<Item = (&'a Reader, Option<pg_sys::Datum>)>,
) {
    for (reader, value) in fields {
        match value {
            // SAFETY: the caller vouches for the types.
            Some(datum) => unsafe { reader.read(datum, |hash, _| row.push(hash)) },
            None => row.push(canonical::NULL),
        }
    }
}

/// The bytes of a varlena, decompressed and fetched if need be, in the current memory context.
///
/// # Safety
/// `datum` is a varlena.
#[inline]
pub unsafe fn bytes<'a>(datum: pg_sys::Datum) -> &'a [u8] {
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

/// The hash of an array: its shape and the hashes of its elements.
///
/// # Safety
/// `datum` is an array whose elements are of the reader's type, which is `ty` and laid out as the rest says.
unsafe fn hash_array(
    datum: pg_sys::Datum,
    element: &Reader,
    ty: pg_sys::Oid,
    length: i16,
    by_value: bool,
    align: std::ffi::c_char,
) -> u128 {
    let (mut values, mut nulls, mut count) = (std::ptr::null_mut(), std::ptr::null_mut(), 0);
    // SAFETY: the caller vouches for the type. An array's header is followed by the lengths of its dimensions and then by
    // their lower bounds; deconstruct_array allocates `count` values and null marks.
    unsafe {
        let array = pg_sys::pg_detoast_datum(datum.cast_mut_ptr()).cast::<pg_sys::ArrayType>();
        let dimensions = (*array).ndim as usize;
        let shape = std::slice::from_raw_parts(array.add(1).cast::<i32>(), 2 * dimensions);
        pg_sys::deconstruct_array(
            array,
            ty,
            length.into(),
            by_value,
            align,
            &mut values,
            &mut nulls,
            &mut count,
        );
        let hashes = (0..count as usize).map(|i| {
            let mut hash = canonical::NULL;
            if !*nulls.add(i) {
                element.read(*values.add(i), |value, _| hash = value);
            }
            hash
        });
        canonical::array((0..dimensions).map(|i| (shape[i], shape[dimensions + i])), hashes)
    }
}

/// The hash of a row inside a row. Its shape is looked up for every value: such columns are rare.
///
/// # Safety
/// `datum` is a composite value.
unsafe fn hash_row(datum: pg_sys::Datum) -> u128 {
    let mut row = RowHasher::default();
    // SAFETY: the caller vouches for the value.
    unsafe { field_hashes(datum, |hash| row.push(hash)) };
    row.finish()
}

/// Calls `seen` with the canonical hash of each field of a row.
///
/// # Safety
/// `datum` is a composite value.
pub unsafe fn field_hashes(datum: pg_sys::Datum, mut seen: impl FnMut(u128)) {
    // SAFETY: a composite value is a varlena that begins with a HeapTupleHeader, which names its type; there is room for as
    // many fields as the type has.
    unsafe {
        let header = pg_sys::pg_detoast_datum(datum.cast_mut_ptr()).cast::<pg_sys::HeapTupleHeaderData>();
        let shape = pg_sys::lookup_rowtype_tupdesc(
            pgrx::htup::heap_tuple_header_get_type_id(header),
            pgrx::htup::heap_tuple_header_get_typmod(header),
        );
        let attributes = pgrx::PgTupleDesc::from_pg_copy(shape);
        let mut values = vec![pg_sys::Datum::from(0); attributes.len()];
        let mut nulls = vec![true; attributes.len()];
        deform(header, shape, &mut values, &mut nulls);
        for (i, attribute) in attributes.iter().enumerate().filter(|(_, attribute)| !attribute.attisdropped) {
            match nulls[i] {
                true => seen(canonical::NULL),
                false => Reader::new(attribute.atttypid).read(values[i], |hash, _| seen(hash)),
            }
        }
    }
}

/// Reads the fields of a composite value and lets go of its shape.
///
/// # Safety
/// `shape` is the looked-up shape of the value, and there is room for its fields.
pub unsafe fn deform(
    header: *mut pg_sys::HeapTupleHeaderData,
    shape: pg_sys::TupleDesc,
    values: &mut [pg_sys::Datum],
    nulls: &mut [bool],
) {
    // SAFETY: see above.
    unsafe {
        let mut tuple = pg_sys::HeapTupleData {
            t_len: varlena::varsize_any(header.cast()) as u32,
            t_self: pg_sys::ItemPointerData::default(),
            t_tableOid: pg_sys::InvalidOid,
            t_data: header,
        };
        pg_sys::heap_deform_tuple(&mut tuple, shape, values.as_mut_ptr(), nulls.as_mut_ptr());
        if (*shape).tdrefcount >= 0 {
            pg_sys::DecrTupleDescRefCount(shape);
        }
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
pub unsafe fn jsonb_text(datum: pg_sys::Datum) -> String {
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
