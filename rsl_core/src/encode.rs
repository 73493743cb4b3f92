//! One source value into one PostgreSQL field: exactly, or not at all.

use crate::canonical::{self, Number, without_trailing_spaces};
use crate::decimal::{Base10000, Decimal, DecimalError};
use crate::extent::{Length, Measure};
use crate::json;
use crate::pgtype::PgType;
use crate::temporal::{self, TICKS_PER_DAY};
use crate::unfit::Unfit;
use crate::value::Value;

/// What a written field adds to the witness.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// Canonical hash.
    pub hash: u128,
    /// What else the witness sees of it.
    pub seen: Seen,
}

/// What a witness sees of a written field.
#[derive(Debug, Clone, Copy)]
pub enum Seen {
    /// NULL.
    Null,
    /// A decimal that is no whole number of 64 bits.
    Decimal(Base10000),
    /// Anything else.
    Other(Measure<'static>),
}

impl Field {
    /// A field that is NULL.
    pub const NULL: Field = Field { hash: canonical::NULL, seen: Seen::Null };

    #[inline]
    fn set(&mut self, hash: u128, measure: Measure<'static>) {
        self.hash = hash;
        self.seen = Seen::Other(measure);
    }
}

/// Appends `value` as a field of PostgreSQL's binary COPY format: length (4 bytes), then what the receive
/// function of `ty` reads. What the witness needs of it is left in `field`. After an error `out` may hold part of a field: the
/// caller cuts it off.
pub fn encode_value(
    value: &Value<'_>,
    ty: PgType,
    out: &mut Vec<u8>,
    field: &mut Field,
) -> Result<(), Unfit> {
    if matches!(value, Value::Null) {
        out.extend_from_slice(&(-1i32).to_be_bytes());
        *field = Field::NULL;
        return Ok(());
    }
    match ty {
        PgType::Int2 => integer(value, ty, out, field, |v| i16::try_from(v).ok().map(i16::to_be_bytes))?,
        PgType::Int4 => integer(value, ty, out, field, |v| i32::try_from(v).ok().map(i32::to_be_bytes))?,
        PgType::Int8 => integer(value, ty, out, field, |v| Some(v.to_be_bytes()))?,
        PgType::Numeric(modifier) => numeric(value, ty, modifier, out, field)?,
        PgType::Text | PgType::Varchar(_) | PgType::Char(_) | PgType::Enum | PgType::Json | PgType::Jsonb => {
            character(value, ty, out, field)?;
        }
        PgType::Bool => {
            let value = to_bool(value, ty)?;
            put(out, &[u8::from(value)]);
            field.set(canonical::boolean(value), Measure::None);
        }
        PgType::Float8 => {
            let value = to_float(value, ty)?;
            put(out, &value.to_be_bytes());
            field.set(canonical::float(value), Measure::Float(value));
        }
        PgType::Float4 => {
            let wide = to_float(value, ty)?;
            let narrow = wide as f32;
            if f64::from(narrow).to_bits() != wide.to_bits() && !wide.is_nan() {
                return Err(Unfit::Range { to: ty.to_string() });
            }
            put(out, &narrow.to_be_bytes());
            field.set(canonical::float(wide), Measure::Float(wide));
        }
        PgType::Bytea => match *value {
            Value::Bytes(bytes) => {
                put_long(out, bytes)?;
                field.set(canonical::bytes(bytes), Measure::Length(Length::of_bytes(bytes)));
            }
            _ => return Err(unfit(value, ty)),
        },
        PgType::Uuid => {
            let bytes = to_uuid(value, ty)?;
            put(out, &bytes);
            field.set(canonical::uuid(&bytes), Measure::None);
        }
        PgType::Date => {
            let days = to_date(value, ty)?;
            put(out, &days.to_be_bytes());
            field.set(canonical::date(days), Measure::Date(days));
        }
        PgType::Time(precision) => {
            let ticks = match *value {
                Value::Time(ticks) => ticks,
                Value::Text(text) => temporal::parse_time(text).ok_or_else(|| unread(text, ty))?,
                _ => return Err(unfit(value, ty)),
            };
            let micros = to_micros(ticks, precision, ty)?;
            put(out, &micros.to_be_bytes());
            field.set(canonical::time(micros), Measure::Time(micros));
        }
        PgType::Timestamp(precision) => {
            let micros = to_micros(to_local(value, ty)?, precision, ty)?;
            put(out, &micros.to_be_bytes());
            field.set(canonical::timestamp(micros), Measure::Timestamp(micros));
        }
        PgType::TimestampTz(precision) => {
            let micros = to_micros(to_instant(value, ty)?, precision, ty)?;
            put(out, &micros.to_be_bytes());
            field.set(canonical::timestamptz(micros), Measure::TimestampTz(micros));
        }
    }
    Ok(())
}

fn unfit(value: &Value<'_>, ty: PgType) -> Unfit {
    Unfit::Kind { from: value.kind(), to: ty.to_string() }
}

fn unread(text: &str, ty: PgType) -> Unfit {
    Unfit::Text { length: text.chars().count(), to: ty.to_string() }
}

#[inline]
fn put(out: &mut Vec<u8>, field: &[u8]) {
    out.extend_from_slice(&(field.len() as i32).to_be_bytes());
    out.extend_from_slice(field);
}

/// PostgreSQL's MaxAllocSize: no field is larger.
const MAX_FIELD: usize = 0x3fff_ffff;

/// Fields that are longer make room for just themselves.
const LONG: usize = 1 << 20;

fn put_long(out: &mut Vec<u8>, field: &[u8]) -> Result<(), Unfit> {
    if field.len() > MAX_FIELD - 64 {
        return Err(Unfit::Size { bytes: field.len() });
    }
    if field.len() > LONG {
        // Doubling, as a vector grows by itself, would take twice what such a value needs.
        out.reserve_exact(field.len() + 64);
    }
    put(out, field);
    Ok(())
}

#[inline]
fn integer<const N: usize>(
    value: &Value<'_>,
    ty: PgType,
    out: &mut Vec<u8>,
    field: &mut Field,
    narrow: impl Fn(i64) -> Option<[u8; N]>,
) -> Result<(), Unfit> {
    let range = || Unfit::Range { to: ty.to_string() };
    let whole = match *value {
        Value::Int(value) => value,
        Value::Bool(value) => i64::from(value),
        _ => {
            let decimal = to_decimal(value, ty)?;
            let whole = decimal.to_i128().ok_or_else(|| places(decimal, ty))?;
            i64::try_from(whole).map_err(|_| range())?
        }
    };
    put(out, &narrow(whole).ok_or_else(range)?);
    field.set(canonical::number(Number::Integer(whole)), Measure::Number(Number::Integer(whole)));
    Ok(())
}

fn places(decimal: Decimal, ty: PgType) -> Unfit {
    Unfit::Places { places: decimal.normalized().scale(), to: ty.to_string() }
}

fn numeric(
    value: &Value<'_>,
    ty: PgType,
    modifier: Option<(u16, i16)>,
    out: &mut Vec<u8>,
    field: &mut Field,
) -> Result<(), Unfit> {
    let decimal = match *value {
        Value::Decimal(decimal) => decimal,
        _ => to_decimal(value, ty)?,
    };
    let shown_scale = match modifier {
        None => u16::from(decimal.scale()),
        Some((precision, scale)) => {
            // Zeros at the end of its places matter only where they are too many.
            let exact = match i16::from(decimal.scale()) <= scale {
                true => decimal,
                false => decimal.normalized(),
            };
            let fits = if scale >= 0 {
                i16::from(exact.scale()) <= scale
            } else {
                let unit = 10i128.checked_pow(scale.unsigned_abs().into());
                exact.to_i128().is_some_and(|whole| unit.is_some_and(|unit| whole % unit == 0))
            };
            if !fits {
                return Err(places(decimal, ty));
            }
            // numeric(p, s) holds what is below 10^(p - s).
            if exact.magnitude() > i32::from(precision) - i32::from(scale) {
                return Err(Unfit::Range { to: ty.to_string() });
            }
            scale.max(0) as u16
        }
    };
    let form = decimal.to_base10000();
    let digits = form.digits();
    let negative = form.is_negative() && !digits.is_empty();
    // Length of the field, number of digits, weight, sign, scale.
    let head = (8 + 2 * digits.len() as u128) << 64
        | (digits.len() as u128) << 48
        | u128::from(form.weight() as u16) << 32
        | if negative { 0x4000 << 16 } else { 0 }
        | u128::from(shown_scale);
    out.extend_from_slice(&head.to_be_bytes()[4..]);
    digits.iter().for_each(|digit| out.extend_from_slice(&digit.to_be_bytes()));
    let number = Number::from(&form);
    field.hash = canonical::number(number);
    field.seen = match number {
        Number::Integer(whole) => Seen::Other(Measure::Number(Number::Integer(whole))),
        _ => Seen::Decimal(form),
    };
    Ok(())
}

fn to_decimal(value: &Value<'_>, ty: PgType) -> Result<Decimal, Unfit> {
    let exact = |value: f64| Decimal::from_f64(value).ok_or(Unfit::InexactFloat);
    match *value {
        Value::Int(value) => Ok(Decimal::new(i128::from(value), 0).map_err(|_| Unfit::TooManyDigits)?),
        Value::Decimal(decimal) => Ok(decimal),
        Value::Float8(value) => exact(value),
        Value::Text(text) => text.parse().map_err(|error| match error {
            DecimalError::Syntax => unread(text, ty),
            DecimalError::TooManyDigits => Unfit::TooManyDigits,
        }),
        _ => Err(unfit(value, ty)),
    }
}

fn to_bool(value: &Value<'_>, ty: PgType) -> Result<bool, Unfit> {
    match *value {
        Value::Bool(value) => Ok(value),
        Value::Int(0) => Ok(false),
        Value::Int(1) => Ok(true),
        Value::Int(_) => Err(Unfit::Range { to: ty.to_string() }),
        Value::Text(text) => match text.to_ascii_lowercase().as_str() {
            "true" | "t" | "1" => Ok(true),
            "false" | "f" | "0" => Ok(false),
            _ => Err(unread(text, ty)),
        },
        _ => Err(unfit(value, ty)),
    }
}

fn to_float(value: &Value<'_>, ty: PgType) -> Result<f64, Unfit> {
    match *value {
        Value::Float8(value) => Ok(value),
        Value::Float4(value) => Ok(f64::from(value)),
        // Up to 2^53 a double holds every integer.
        Value::Int(value) if value.unsigned_abs() <= 1 << 53 => Ok(value as f64),
        Value::Int(_) => Err(Unfit::Range { to: ty.to_string() }),
        _ => Err(unfit(value, ty)),
    }
}

fn to_uuid(value: &Value<'_>, ty: PgType) -> Result<[u8; 16], Unfit> {
    match *value {
        Value::Uuid(bytes) => Ok(bytes),
        Value::Text(text) => parse_uuid(text).ok_or_else(|| unread(text, ty)),
        _ => Err(unfit(value, ty)),
    }
}

/// 32 hexadecimal digits, with or without the usual hyphens or braces.
fn parse_uuid(text: &str) -> Option<[u8; 16]> {
    let text = text.trim_matches(' ');
    let text = text.strip_prefix('{').and_then(|t| t.strip_suffix('}')).unwrap_or(text).as_bytes();
    const HYPHENS: [usize; 4] = [8, 13, 18, 23];
    let mut digits = [0; 32];
    match text.len() {
        32 => digits.copy_from_slice(text),
        36 if HYPHENS.iter().all(|&at| text[at] == b'-') => {
            let kept = text.iter().enumerate().filter(|(i, _)| !HYPHENS.contains(i));
            digits.iter_mut().zip(kept).for_each(|(digit, (_, &byte))| *digit = byte);
        }
        _ => return None,
    }
    let nibble = |b: u8| char::from(b).to_digit(16).map(|d| d as u8);
    let mut bytes = [0; 16];
    for (byte, pair) in bytes.iter_mut().zip(digits.as_chunks::<2>().0) {
        *byte = nibble(pair[0])? << 4 | nibble(pair[1])?;
    }
    Some(bytes)
}

fn to_date(value: &Value<'_>, ty: PgType) -> Result<i32, Unfit> {
    let midnight = |ticks: i64| {
        if ticks.rem_euclid(TICKS_PER_DAY) == 0 {
            Ok(ticks.div_euclid(TICKS_PER_DAY) as i32)
        } else {
            Err(Unfit::Fraction { to: ty.to_string() })
        }
    };
    match *value {
        Value::Date(days) => Ok(days),
        Value::Timestamp(ticks) => midnight(ticks),
        Value::Text(text) => match temporal::parse_date(text) {
            Some(days) => Ok(days),
            None => midnight(to_local(value, ty)?),
        },
        _ => Err(unfit(value, ty)),
    }
}

/// Units of 100 ns since 2000-01-01, without a zone. A text in UTC is taken as it stands: RSL's timestamps are UTC.
fn to_local(value: &Value<'_>, ty: PgType) -> Result<i64, Unfit> {
    match *value {
        Value::Timestamp(ticks) => Ok(ticks),
        Value::Date(days) => i64::from(days).checked_mul(TICKS_PER_DAY).ok_or_else(|| unfit(value, ty)),
        Value::Text(text) => {
            let read = temporal::parse_timestamp(text).ok_or_else(|| unread(text, ty))?;
            match read.offset {
                None | Some(0) => Ok(read.ticks),
                Some(offset_minutes) => Err(Unfit::Offset { offset_minutes, to: ty.to_string() }),
            }
        }
        _ => Err(unfit(value, ty)),
    }
}

fn to_instant(value: &Value<'_>, ty: PgType) -> Result<i64, Unfit> {
    match *value {
        Value::TimestampTz(ticks) => Ok(ticks),
        Value::Text(text) => {
            let read = temporal::parse_timestamp(text).ok_or_else(|| unread(text, ty))?;
            let offset = read.offset.ok_or_else(|| Unfit::NoOffset { to: ty.to_string() })?;
            Ok(read.ticks - i64::from(offset) * 60 * temporal::TICKS_PER_SECOND)
        }
        Value::Timestamp(_) => Err(Unfit::NoOffset { to: ty.to_string() }),
        _ => Err(unfit(value, ty)),
    }
}

fn to_micros(ticks: i64, precision: u8, ty: PgType) -> Result<i64, Unfit> {
    let unit = 10i64.pow(7 - u32::from(precision.min(6)));
    if ticks % unit != 0 {
        return Err(Unfit::Fraction { to: ty.to_string() });
    }
    Ok(ticks / 10)
}

fn character(value: &Value<'_>, ty: PgType, out: &mut Vec<u8>, field: &mut Field) -> Result<(), Unfit> {
    let written;
    let text = match *value {
        Value::Text(text) => text,
        // Numbers have one shortest text each, which reads back as the same number.
        Value::Int(value) => {
            written = value.to_string();
            &written
        }
        Value::Decimal(value) => {
            written = value.to_string();
            &written
        }
        Value::Float8(value) => {
            written = value.to_string();
            &written
        }
        _ => return Err(unfit(value, ty)),
    };
    let bytes = text.as_bytes();
    if bytes.contains(&0) {
        return Err(Unfit::ZeroCharacter);
    }
    let fits = |kept: &[u8], characters: u32| {
        // A text has at most as many characters as bytes: counting is for the long ones.
        let longest = characters as usize;
        if kept.len() > longest {
            let length = String::from_utf8_lossy(kept).chars().count();
            if length > longest {
                return Err(Unfit::Length { length, to: ty.to_string() });
            }
        }
        Ok(())
    };
    let counted = |kept: &[u8]| Measure::Length(Length::of_text(kept));
    match ty {
        PgType::Varchar(Some(characters)) => {
            fits(bytes, characters)?;
            field.set(canonical::text(bytes), counted(bytes));
        }
        PgType::Char(characters) => {
            let kept = without_trailing_spaces(bytes);
            fits(kept, characters)?;
            field.set(canonical::text(kept), counted(kept));
        }
        PgType::Jsonb => field.set(canonical::json(&json::canonical(text)?), Measure::None),
        PgType::Json => {
            json::check(text)?;
            field.set(canonical::text(bytes), counted(bytes));
        }
        _ => field.set(canonical::text(bytes), counted(bytes)),
    }
    match ty {
        PgType::Jsonb => {
            if bytes.len() > MAX_FIELD - 64 {
                return Err(Unfit::Size { bytes: bytes.len() });
            }
            // jsonb_recv wants the version of its format first: 1.
            out.extend_from_slice(&(bytes.len() as i32 + 1).to_be_bytes());
            out.push(1);
            out.extend_from_slice(bytes);
        }
        PgType::Char(_) => put_long(out, without_trailing_spaces(bytes))?,
        _ => put_long(out, bytes)?,
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_beyond_every_timestamp_is_refused() {
        let encode = |days| {
            let mut out = Vec::new();
            encode_value(&Value::Date(days), PgType::Timestamp(6), &mut out, &mut { Field::NULL })
                .map(|()| out)
        };
        assert_eq!(encode(1).unwrap()[4..], 86_400_000_000i64.to_be_bytes());
        for days in [10_675_200, -10_675_200, i32::MAX, i32::MIN] {
            assert_eq!(encode(days), Err(Unfit::Kind { from: "a date", to: "timestamp".to_owned() }));
        }
    }
}
