//! Values as bytes.

use super::type_info::{Form, code, collation_of, time_length};
use crate::{
    answer::{SqlType, SqlValue},
    options::Chunks,
};

/// Where bytes of a row go. Large values are written in pieces, so that a sink may send what it has.
pub(crate) trait Sink {
    fn bytes(&mut self) -> &mut Vec<u8>;

    /// A good moment to send what has gathered.
    fn piece_written(&mut self) {}
}

impl Sink for Vec<u8> {
    fn bytes(&mut self) -> &mut Vec<u8> {
        self
    }
}

/// Bytes of a large value between two moments to send.
const PIECE: usize = 16 << 10;

/// Whether the value can be written in this form.
pub(crate) fn fits(form: Form, nullable: bool, value: &SqlValue) -> bool {
    match (form, value) {
        (_, SqlValue::Null) => nullable,
        (Form::Bit, SqlValue::Bit(_))
        | (Form::Real, SqlValue::Real(_))
        | (Form::Float, SqlValue::Float(_))
        | (Form::Money, SqlValue::Money(_))
        | (Form::Date, SqlValue::Date(_))
        | (Form::Time(_), SqlValue::Time(_))
        | (Form::SmallDateTime, SqlValue::SmallDateTime(..))
        | (Form::DateTime, SqlValue::DateTime(..))
        | (Form::DateTime2(_), SqlValue::DateTime2(..))
        | (Form::DateTimeOffset(_), SqlValue::DateTimeOffset(..))
        | (Form::Guid, SqlValue::Guid(_)) => true,
        (Form::SmallMoney, SqlValue::Money(amount)) => i32::try_from(*amount).is_ok(),
        (Form::Int(1), SqlValue::Int(number)) => u8::try_from(*number).is_ok(),
        (Form::Int(2), SqlValue::Int(number)) => i16::try_from(*number).is_ok(),
        (Form::Int(4), SqlValue::Int(number)) => i32::try_from(*number).is_ok(),
        (Form::Int(_), SqlValue::Int(_)) => true,
        (Form::Decimal(length), SqlValue::Decimal(mantissa)) => {
            length == 17 || mantissa.unsigned_abs() >> (8 * u32::from(length - 1)) == 0
        }
        (Form::Bytes(limit), SqlValue::Bytes(bytes) | SqlValue::Binary(bytes)) => {
            bytes.len() <= usize::from(limit)
        }
        (Form::Wide(limit), SqlValue::Wide(units)) => units.len() * 2 <= usize::from(limit),
        (Form::LongBytes | Form::OldBytes, SqlValue::Bytes(_) | SqlValue::Binary(_)) => true,
        (Form::LongWide | Form::OldWide, SqlValue::Wide(_)) => true,
        (Form::Variant, SqlValue::Variant(inner)) => {
            let form = Form::of(&inner.0);
            form != Form::Variant && !form.may_be_large() && fits(form, false, &inner.1)
        }
        _ => false,
    }
}

/// Writes a value that [`fits`], as it stands in a row.
pub(crate) fn put(sink: &mut impl Sink, form: Form, nullable: bool, value: &SqlValue, chunks: Chunks) {
    match (form, value) {
        (_, SqlValue::Null) => put_null(sink.bytes(), form),
        (Form::Bytes(_), SqlValue::Bytes(bytes) | SqlValue::Binary(bytes)) => {
            let out = sink.bytes();
            out.extend(u16::try_from(bytes.len()).unwrap_or_default().to_le_bytes());
            out.extend_from_slice(bytes);
        }
        (Form::Wide(_), SqlValue::Wide(units)) => {
            let out = sink.bytes();
            out.extend(u16::try_from(units.len() * 2).unwrap_or_default().to_le_bytes());
            put_units(out, units);
        }
        (Form::LongBytes, SqlValue::Bytes(bytes) | SqlValue::Binary(bytes)) => {
            put_chunks(sink, bytes.len(), chunks, |out, from, to| out.extend_from_slice(&bytes[from..to]));
        }
        (Form::LongWide, SqlValue::Wide(units)) => {
            let unit_byte = |at: usize| units[at / 2].to_le_bytes()[at % 2];
            put_chunks(sink, units.len() * 2, chunks, |out, from, to| {
                // A chunk may end in the middle of a code unit.
                let (first, last) = (from.next_multiple_of(2), to - to % 2);
                if first > last {
                    out.extend((from..to).map(unit_byte));
                    return;
                }
                out.extend((from..first).map(unit_byte));
                put_units(out, &units[first / 2..last / 2]);
                out.extend((last..to).map(unit_byte));
            });
        }
        (Form::OldBytes, SqlValue::Bytes(bytes) | SqlValue::Binary(bytes)) => {
            put_old_head(sink.bytes(), bytes.len());
            for piece in bytes.chunks(PIECE) {
                sink.bytes().extend_from_slice(piece);
                sink.piece_written();
            }
        }
        (Form::OldWide, SqlValue::Wide(units)) => {
            put_old_head(sink.bytes(), units.len() * 2);
            for piece in units.chunks(PIECE / 2) {
                put_units(sink.bytes(), piece);
                sink.piece_written();
            }
        }
        (Form::Variant, SqlValue::Variant(inner)) => put_variant(sink.bytes(), &inner.0, &inner.1),
        _ => {
            let out = sink.bytes();
            if form.has_length(nullable) {
                let at = out.len();
                out.push(0);
                put_bare(out, form, value);
                out[at] = u8::try_from(out.len() - at - 1).unwrap_or_default();
            } else {
                put_bare(out, form, value);
            }
        }
    }
}

fn put_null(out: &mut Vec<u8>, form: Form) {
    match form {
        Form::Bytes(_) | Form::Wide(_) => out.extend([0xFF; 2]),
        Form::LongBytes | Form::LongWide => out.extend([0xFF; 8]),
        Form::Variant => out.extend([0; 4]),
        _ => out.push(0),
    }
}

/// A value of few bytes without its length.
fn put_bare(out: &mut Vec<u8>, form: Form, value: &SqlValue) {
    match (form, value) {
        (_, SqlValue::Bit(bit)) => out.push(u8::from(*bit)),
        (Form::Int(length), SqlValue::Int(number)) => {
            out.extend_from_slice(&number.to_le_bytes()[..usize::from(length)]);
        }
        (Form::Decimal(length), SqlValue::Decimal(mantissa)) => {
            out.push(u8::from(*mantissa >= 0));
            out.extend_from_slice(&mantissa.unsigned_abs().to_le_bytes()[..usize::from(length - 1)]);
        }
        (Form::SmallMoney, SqlValue::Money(amount)) => out.extend_from_slice(&amount.to_le_bytes()[..4]),
        (_, SqlValue::Money(amount)) => {
            let bytes = amount.to_le_bytes();
            out.extend_from_slice(&bytes[4..]);
            out.extend_from_slice(&bytes[..4]);
        }
        (_, SqlValue::Real(number)) => out.extend(number.to_le_bytes()),
        (_, SqlValue::Float(number)) => out.extend(number.to_le_bytes()),
        (_, SqlValue::Date(day)) => put_day(out, *day),
        (Form::Time(digits), SqlValue::Time(time)) => put_time(out, digits, *time),
        (_, SqlValue::SmallDateTime(day, minute)) => {
            out.extend(day.to_le_bytes());
            out.extend(minute.to_le_bytes());
        }
        (_, SqlValue::DateTime(day, part)) => {
            out.extend(day.to_le_bytes());
            out.extend(part.to_le_bytes());
        }
        (Form::DateTime2(digits), SqlValue::DateTime2(day, time)) => {
            put_time(out, digits, *time);
            put_day(out, *day);
        }
        (Form::DateTimeOffset(digits), SqlValue::DateTimeOffset(day, time, offset)) => {
            put_time(out, digits, *time);
            put_day(out, *day);
            out.extend(offset.to_le_bytes());
        }
        (_, SqlValue::Guid(bytes)) => out.extend(swap_guid(*bytes)),
        // `fits` lets nothing else through.
        _ => {}
    }
}

fn put_day(out: &mut Vec<u8>, day: u32) {
    out.extend_from_slice(&day.to_le_bytes()[..3]);
}

fn put_time(out: &mut Vec<u8>, digits: u8, time: u64) {
    let units = time / 10_u64.pow(7 - u32::from(digits.min(7)));
    out.extend_from_slice(&units.to_le_bytes()[..time_length(digits)]);
}

fn put_units(out: &mut Vec<u8>, units: &[u16]) {
    out.reserve(units.len() * 2);
    out.extend(units.iter().flat_map(|unit| unit.to_le_bytes()));
}

/// The first three groups of a uniqueidentifier are numbers, least byte first on the wire.
pub(crate) fn swap_guid(mut bytes: [u8; 16]) -> [u8; 16] {
    bytes[..4].reverse();
    bytes[4..6].reverse();
    bytes[6..8].reverse();
    bytes
}

fn put_chunks(
    sink: &mut impl Sink,
    length: usize,
    chunks: Chunks,
    mut copy: impl FnMut(&mut Vec<u8>, usize, usize),
) {
    let whole = if chunks.known_length { length as u64 } else { u64::MAX - 1 };
    sink.bytes().extend(whole.to_le_bytes());
    let mut from = 0;
    while from < length {
        let chunk_end = length.min(from.saturating_add(chunks.size.clamp(1, u32::MAX as usize)));
        let chunk = u32::try_from(chunk_end - from).unwrap_or(u32::MAX);
        sink.bytes().extend(chunk.to_le_bytes());
        while from < chunk_end {
            let to = chunk_end.min(from + PIECE);
            copy(sink.bytes(), from, to);
            sink.piece_written();
            from = to;
        }
    }
    sink.bytes().extend([0; 4]);
}

/// A text pointer, which nobody uses, a timestamp likewise, and the length.
fn put_old_head(out: &mut Vec<u8>, length: usize) {
    out.push(16);
    out.extend([0x64; 16]);
    out.extend([0; 8]);
    out.extend(u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes());
}

fn put_variant(out: &mut Vec<u8>, ty: &SqlType, value: &SqlValue) {
    let form = Form::of(ty);
    let limit = |form| match form {
        Form::Bytes(limit) | Form::Wide(limit) => limit.to_le_bytes(),
        _ => [0; 2],
    };
    let (type_code, mut properties) = match ty {
        SqlType::Bit => (code::BIT, vec![]),
        SqlType::TinyInt => (code::TINYINT, vec![]),
        SqlType::SmallInt => (code::SMALLINT, vec![]),
        SqlType::Int => (code::INT, vec![]),
        SqlType::BigInt => (code::BIGINT, vec![]),
        SqlType::SmallMoney => (code::SMALLMONEY, vec![]),
        SqlType::Money => (code::MONEY, vec![]),
        SqlType::Real => (code::REAL, vec![]),
        SqlType::Float => (code::FLOAT, vec![]),
        SqlType::SmallDateTime => (code::SMALLDATETIME, vec![]),
        SqlType::DateTime => (code::DATETIME, vec![]),
        SqlType::Date => (code::DATE, vec![]),
        SqlType::UniqueIdentifier => (code::GUID, vec![]),
        SqlType::Decimal { precision, scale } => (code::DECIMAL_N, vec![*precision, *scale]),
        SqlType::Time(digits) => (code::TIME, vec![*digits]),
        SqlType::DateTime2(digits) => (code::DATETIME2, vec![*digits]),
        SqlType::DateTimeOffset(digits) => (code::DATETIMEOFFSET, vec![*digits]),
        SqlType::Char(..) => (code::CHAR, vec![]),
        SqlType::VarChar(..) => (code::VARCHAR, vec![]),
        SqlType::NChar(..) => (code::NCHAR, vec![]),
        SqlType::NVarChar(..) => (code::NVARCHAR, vec![]),
        SqlType::Binary(_) | SqlType::Timestamp => (code::BINARY, vec![]),
        _ => (code::VARBINARY, vec![]),
    };
    if let Some(collation) = collation_of(ty) {
        properties.extend(collation.bytes());
    }
    if matches!(form, Form::Bytes(_) | Form::Wide(_)) {
        properties.extend(limit(form));
    }
    let at = out.len();
    out.extend([0; 4]);
    out.push(type_code);
    out.push(u8::try_from(properties.len()).unwrap_or_default());
    out.extend(properties);
    match value {
        SqlValue::Bytes(bytes) | SqlValue::Binary(bytes) => out.extend_from_slice(bytes),
        SqlValue::Wide(units) => put_units(out, units),
        other => put_bare(out, form, other),
    }
    let length = u32::try_from(out.len() - at - 4).unwrap_or_default();
    out[at..at + 4].copy_from_slice(&length.to_le_bytes());
}
