//! Fields of binary COPY as values that PostgreSQL stores: the counterpart of [`crate::datum`], which reads them.
//!
//! The usual value of a usual type is made here, where nothing can go wrong. Any other type, and whatever is not as usual (a
//! text that is too long, an infinity, a number to be rounded), goes to the type's own receive function, which converts it or
//! says what is wrong. So what arrives is what the server's COPY would have stored, bit by bit.
//! Formats: `numeric.c` (NumericChoice, numeric_recv), `varatt.h`, `timestamp.h`, of PostgreSQL 13 to 18.

use std::alloc::Layout;
use std::mem::MaybeUninit;

use bumpalo::Bump;
use pgrx::pg_sys::{self, Datum};
use pgrx::{PgSqlErrorCode, varlena};
use rsl_core::temporal::TICKS_PER_DAY;

use crate::{raise, report};

/// How the fields of one column become its values.
pub struct Receiver {
    usual: Usual,
    function: pg_sys::FmgrInfo,
    io_parameter: pg_sys::Oid,
    modifier: i32,
    /// Bytes that a value takes however short its field is.
    pub width: usize,
}

/// What is made here.
enum Usual {
    Bool,
    Int2,
    Int4,
    Int8,
    Float4,
    Float8,
    Date,
    /// Microseconds that its precision leaves, as for the timestamps.
    Time(i64),
    Timestamp(i64),
    Uuid,
    Bytea,
    /// Characters that it has room for.
    Text(usize),
    /// Characters that it is filled up to; none if the type names no length.
    Char(Option<usize>),
    /// Precision and scale, if the type names them.
    Numeric(Option<(i32, i32)>),
    None,
}

/// Bytes of a type modifier that are not its content.
const VARHDRSZ: i32 = 4;
const MICROS_PER_DAY: i64 = TICKS_PER_DAY / 10;
/// The first and the last day of the type date, from 2000-01-01: 4714-11-24 BC and 5874897-12-31.
const DATES: std::ops::RangeInclusive<i32> = -2_451_545..=2_145_031_948;
/// Timestamps, in microseconds from 2000-01-01: 4714-11-24 BC to the end of 294276.
const TIMESTAMPS: std::ops::Range<i64> = -211_813_488_000_000_000..9_223_371_331_200_000_000;

impl Receiver {
    /// For a column.
    pub fn new(column: &pg_sys::FormData_pg_attribute) -> Self {
        let (mut receive, mut io_parameter) = (pg_sys::InvalidOid, pg_sys::InvalidOid);
        let mut function = pg_sys::FmgrInfo::default();
        // SAFETY: catalogue look-ups on the main thread into variables of this frame. A type without a binary form raises
        // 42883, which says so.
        unsafe {
            pg_sys::getTypeBinaryInputInfo(column.atttypid, &mut receive, &mut io_parameter);
            pg_sys::fmgr_info(receive, &mut function);
        }
        let mut modifier = column.atttypmod;
        // SAFETY: as above. Of a domain, the modifier is that of its base type.
        let width = match unsafe { pg_sys::getBaseTypeAndTypmod(column.atttypid, &mut modifier) } {
            pg_sys::BPCHAROID => modifier - VARHDRSZ,
            _ => column.attlen.into(),
        };
        let width = width.max(0) as usize;
        Self { usual: Usual::of(column), function, io_parameter, modifier: column.atttypmod, width }
    }

    /// The value of a field; none if the field goes on behind it. What is not by value lives in `arena`, in the field, or in the
    /// current memory context.
    #[inline]
    pub fn receive(&mut self, field: &[u8], arena: &Bump) -> Option<Datum> {
        self.usual.value(field, arena).or_else(|| self.by_function(field, arena))
    }

    /// Sees a NULL, which stays NULL, unless the type is a domain that refuses it.
    #[inline]
    pub fn receive_null(&mut self) {
        if !self.function.fn_strict {
            let (function, none) = (&mut self.function, std::ptr::null_mut());
            // SAFETY: the type's own function; it is told of a NULL by the missing buffer.
            unsafe { pg_sys::ReceiveFunctionCall(function, none, self.io_parameter, self.modifier) };
        }
    }

    fn by_function(&mut self, field: &[u8], arena: &Bump) -> Option<Datum> {
        // Receive functions may rely on a zero behind the last byte, as the server's own buffers have one.
        let copy = arena.try_alloc_slice_fill_copy(field.len() + 1, 0).unwrap_or_else(|_| out_of_memory());
        copy[..field.len()].copy_from_slice(field);
        let mut buffer = pg_sys::StringInfoData {
            data: copy.as_mut_ptr().cast(),
            len: field.len() as i32,
            maxlen: copy.len() as i32,
            cursor: 0,
        };
        // SAFETY: the type's own function, a buffer that outlives the call. A chunk is below 1 GB, and so is a field.
        let value = unsafe {
            pg_sys::ReceiveFunctionCall(&mut self.function, &mut buffer, self.io_parameter, self.modifier)
        };
        (buffer.cursor == buffer.len).then_some(value)
    }
}

impl Usual {
    fn of(column: &pg_sys::FormData_pg_attribute) -> Self {
        let modifier = column.atttypmod;
        let unit = match modifier {
            0..=6 => 10i64.pow(6 - modifier as u32),
            _ => 1,
        };
        let length = (modifier >= VARHDRSZ).then(|| (modifier - VARHDRSZ) as usize);
        let made = match column.atttypid {
            pg_sys::BOOLOID => Usual::Bool,
            pg_sys::INT2OID => Usual::Int2,
            pg_sys::INT4OID => Usual::Int4,
            pg_sys::INT8OID => Usual::Int8,
            pg_sys::FLOAT4OID => Usual::Float4,
            pg_sys::FLOAT8OID => Usual::Float8,
            pg_sys::DATEOID => Usual::Date,
            pg_sys::TIMEOID => Usual::Time(unit),
            pg_sys::TIMESTAMPOID | pg_sys::TIMESTAMPTZOID => Usual::Timestamp(unit),
            pg_sys::UUIDOID => Usual::Uuid,
            pg_sys::BYTEAOID => Usual::Bytea,
            pg_sys::TEXTOID | pg_sys::VARCHAROID if is_utf8() => Usual::Text(length.unwrap_or(usize::MAX)),
            pg_sys::BPCHAROID if is_utf8() => Usual::Char(length),
            pg_sys::NUMERICOID => Usual::Numeric((modifier >= VARHDRSZ).then(|| {
                let modifier = modifier - VARHDRSZ;
                // Eleven bits with a sign.
                ((modifier >> 16) & 0xffff, ((modifier & 0x7ff) ^ 0x400) - 0x400)
            })),
            _ => Usual::None,
        };
        // Short forms of variable length are not for columns whose storage is plain.
        match column.attlen == -1 && column.attstorage as u8 == pg_sys::TYPSTORAGE_PLAIN {
            true => Usual::None,
            false => made,
        }
    }

    /// The value of a field, if it is as usual.
    #[inline]
    fn value(&self, field: &[u8], arena: &Bump) -> Option<Datum> {
        match *self {
            Usual::Bool => match field {
                [0] => Some(Datum::from(false)),
                [1] => Some(Datum::from(true)),
                _ => None,
            },
            Usual::Int2 => bytes(field).map(|bytes| Datum::from(i16::from_be_bytes(bytes))),
            Usual::Int4 | Usual::Float4 => bytes(field).map(|bytes| Datum::from(i32::from_be_bytes(bytes))),
            Usual::Int8 | Usual::Float8 => bytes(field).map(|bytes| Datum::from(i64::from_be_bytes(bytes))),
            Usual::Date => {
                bytes(field).map(i32::from_be_bytes).filter(|days| DATES.contains(days)).map(Datum::from)
            }
            Usual::Time(unit) => bytes(field)
                .map(i64::from_be_bytes)
                .filter(|micros| (0..=MICROS_PER_DAY).contains(micros) && micros % unit == 0)
                .map(Datum::from),
            Usual::Timestamp(unit) => bytes(field)
                .map(i64::from_be_bytes)
                .filter(|micros| TIMESTAMPS.contains(micros) && micros % unit == 0)
                .map(Datum::from),
            // Stored as it comes, wherever it stands.
            Usual::Uuid => (field.len() == 16).then(|| Datum::from(field.as_ptr())),
            Usual::Bytea => Some(filled(field, 0, arena)),
            Usual::Text(room) => {
                // A text has at most as many characters as bytes: counting is for the long ones.
                let text = text(field)?;
                (field.len() <= room || text.chars().count() <= room).then(|| filled(field, 0, arena))
            }
            Usual::Char(length) => {
                let text = text(field)?;
                let missing = match length {
                    Some(length) => length.checked_sub(text.chars().count())?,
                    None => 0,
                };
                Some(filled(field, missing, arena))
            }
            Usual::Numeric(modifier) => numeric(field, modifier, arena),
            Usual::None => None,
        }
    }
}

fn out_of_memory() -> ! {
    raise(report(PgSqlErrorCode::ERRCODE_OUT_OF_MEMORY, "out of memory"))
}

/// Whether texts come and are kept in UTF-8: then there is nothing to convert.
fn is_utf8() -> bool {
    // SAFETY: variables of the server, read on the main thread.
    let (client, database) = unsafe { (pg_sys::pg_get_client_encoding(), pg_sys::GetDatabaseEncoding()) };
    let utf8 = pg_sys::pg_enc::PG_UTF8 as i32;
    client == utf8 && database == utf8
}

#[inline]
fn bytes<const N: usize>(field: &[u8]) -> Option<[u8; N]> {
    field.try_into().ok()
}

/// Rust and PostgreSQL agree on what UTF-8 is, but for the character zero.
#[inline]
fn text(field: &[u8]) -> Option<&str> {
    // Without a way out in the middle this is a few instructions for a short text.
    let has_zero = field.iter().fold(false, |found, &byte| found | (byte == 0));
    std::str::from_utf8(field).ok().filter(|_| !has_zero)
}

/// A value of variable length: the field and so many spaces.
#[inline]
fn filled(field: &[u8], spaces: usize, arena: &Bump) -> Datum {
    stored(field.len() + spaces, arena, |content| {
        let (text, rest) = content.split_at_mut(field.len());
        text.write_copy_of_slice(field);
        rest.fill(MaybeUninit::new(b' '));
    })
}

/// A value of variable length, all of whose content `write` writes: its length first, in one byte if that will do.
#[inline]
fn stored(length: usize, arena: &Bump, write: impl FnOnce(&mut [MaybeUninit<u8>])) -> Datum {
    let header = if length < 127 { 1 } else { VARHDRSZ as usize };
    // A chunk is below 1 GB, and so is the value: there is such a layout.
    let layout = Layout::from_size_align(header + length, header).expect("a value is below 1 GB");
    let start = arena.try_alloc_layout(layout).unwrap_or_else(|_| out_of_memory()).as_ptr();
    // SAFETY: the arena gave room for the length and the content, aligned for the length.
    unsafe {
        match header {
            1 => varlena::set_varsize_1b(start.cast(), (header + length) as i32),
            _ => varlena::set_varsize_4b(start.cast(), (header + length) as i32),
        }
        write(std::slice::from_raw_parts_mut(start.add(header).cast(), length));
    }
    Datum::from(start)
}

/// Decimal digits of a group of four, without zeros in front.
#[inline]
fn digits(group: u16) -> i32 {
    match group {
        0..10 => 1,
        10..100 => 2,
        100..1000 => 3,
        _ => 4,
    }
}

/// A numeric as it is stored, if it is a number that the column takes as it is: nothing to round, no zeros to strip.
#[inline]
fn numeric(field: &[u8], modifier: Option<(i32, i32)>, arena: &Bump) -> Option<Datum> {
    const NEGATIVE: u16 = 0x4000;
    let (head, groups) = field.split_first_chunk::<8>()?;
    let word = |at: usize| u16::from_be_bytes([head[at], head[at + 1]]);
    let (count, mut weight, mut sign, scale) = (usize::from(word(0)), word(2) as i16, word(4), word(6));
    let (groups, []) = groups.as_chunks::<2>() else { return None };
    let group = |at: usize| u16::from_be_bytes(groups[at]);
    if groups.len() != count || scale > 0x3fff || sign & !NEGATIVE != 0 {
        return None;
    }
    if modifier.is_some_and(|(_, shown)| shown != i32::from(scale)) {
        return None;
    }
    match count.checked_sub(1) {
        None => (weight, sign) = (0, 0),
        Some(last) => {
            let (first, last) = (group(0), group(last));
            if first == 0 || last == 0 || groups.iter().any(|group| u16::from_be_bytes(*group) > 9999) {
                return None;
            }
            let places = 4 * (count as i32 - 1 - i32::from(weight));
            let hidden = places - i32::from(scale);
            // Up to three places of the last group may not be shown, if they are zero.
            if hidden > 3 || hidden > 0 && last % 10u16.pow(hidden as u32) != 0 {
                return None;
            }
            let whole = 4 * i32::from(weight) + digits(first);
            if modifier.is_some_and(|(precision, shown)| whole > precision - shown) {
                return None;
            }
        }
    }
    let is_short = scale <= 63 && (-64..64).contains(&weight);
    Some(stored(if is_short { 2 } else { 4 } + 2 * count, arena, |content| {
        let mut words = content.as_chunks_mut::<2>().0.iter_mut();
        let mut put = |word: u16| {
            words.next().map(|place| place.write_copy_of_slice(&word.to_ne_bytes()));
        };
        if is_short {
            put(0x8000 | sign >> 1 | scale << 7 | (weight as u16 & 0x7f));
        } else {
            put(sign | scale);
            put(weight as u16);
        }
        groups.iter().for_each(|group| put(u16::from_be_bytes(*group)));
    }))
}
