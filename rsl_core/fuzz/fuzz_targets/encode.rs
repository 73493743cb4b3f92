//! Any value into a column of any type. Laws: what is written is one field whose length word is right, and that of
//! its type; what stood before stays; only a NULL is told as NULL, only exact numbers are summed, and a decimal as what
//! it is.
#![no_main]

use libfuzzer_sys::arbitrary::{Arbitrary, Result, Unstructured};
use libfuzzer_sys::fuzz_target;
use rsl_core::canonical::Number;
use rsl_core::decimal::MAX_MANTISSA;
use rsl_core::encode::{Field, Seen};
use rsl_core::extent::Measure;
use rsl_core::sum::Sum;
use rsl_core::{Decimal, PgType, Value, encode_value};

#[derive(Debug)]
struct Input<'a> {
    value: Value<'a>,
    ty: PgType,
}

impl<'a> Arbitrary<'a> for Input<'a> {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        Ok(Self { ty: ty(u)?, value: value(u)? })
    }
}

fn value<'a>(u: &mut Unstructured<'a>) -> Result<Value<'a>> {
    Ok(match u.int_in_range(0..=12)? {
        0 => Value::Null,
        1 => Value::Bool(u.arbitrary()?),
        2 => Value::Int(u.arbitrary()?),
        3 => {
            let decimal =
                Decimal::new(u.int_in_range(-MAX_MANTISSA..=MAX_MANTISSA)?, u.int_in_range(0..=38)?);
            Value::Decimal(decimal.expect("in range"))
        }
        4 => Value::Float4(u.arbitrary()?),
        5 => Value::Float8(u.arbitrary()?),
        6 => Value::Text(u.arbitrary()?),
        7 => Value::Bytes(u.arbitrary()?),
        8 => Value::Date(u.arbitrary()?),
        9 => Value::Time(u.arbitrary()?),
        10 => Value::Timestamp(u.arbitrary()?),
        11 => Value::TimestampTz(u.arbitrary()?),
        _ => Value::Uuid(u.arbitrary()?),
    })
}

fn ty(u: &mut Unstructured<'_>) -> Result<PgType> {
    Ok(match u.int_in_range(0..=18)? {
        0 => PgType::Bool,
        1 => PgType::Int2,
        2 => PgType::Int4,
        3 => PgType::Int8,
        4 => PgType::Numeric(u.arbitrary()?),
        5 => PgType::Float4,
        6 => PgType::Float8,
        7 => PgType::Text,
        8 => PgType::Varchar(u.arbitrary()?),
        9 => PgType::Char(u.arbitrary()?),
        10 => PgType::Bytea,
        11 => PgType::Date,
        12 => PgType::Time(u.arbitrary()?),
        13 => PgType::Timestamp(u.arbitrary()?),
        14 => PgType::TimestampTz(u.arbitrary()?),
        15 => PgType::Uuid,
        16 => PgType::Json,
        17 => PgType::Jsonb,
        _ => PgType::Enum,
    })
}

/// Whether a field of this type may have so many bytes.
fn has_length(ty: PgType, bytes: usize) -> bool {
    match ty {
        PgType::Bool => bytes == 1,
        PgType::Int2 => bytes == 2,
        PgType::Int4 | PgType::Float4 | PgType::Date => bytes == 4,
        PgType::Int8 | PgType::Float8 | PgType::Time(_) | PgType::Timestamp(_) | PgType::TimestampTz(_) => {
            bytes == 8
        }
        PgType::Uuid => bytes == 16,
        PgType::Numeric(_) => bytes >= 8 && bytes.is_multiple_of(2),
        PgType::Jsonb => bytes > 1,
        _ => true,
    }
}

fuzz_target!(|input: Input<'_>| {
    let Input { value, ty } = input;
    let mut out = b"before".to_vec();
    let mut field = Field::NULL;
    let written = encode_value(&value, ty, &mut out, &mut field);
    let new = out.strip_prefix(b"before").expect("what stood before stays");
    if written.is_err() {
        return;
    }
    let (length, bytes) = new.split_first_chunk().expect("a length word");
    let is_null = matches!(value, Value::Null);
    match i32::from_be_bytes(*length) {
        -1 => assert!(is_null && bytes.is_empty()),
        length => assert!(!is_null && length as usize == bytes.len() && has_length(ty, bytes.len())),
    }
    let mut sum = Sum::default();
    match &field.seen {
        Seen::Null => return assert!(is_null),
        Seen::Other(Measure::Number(number)) => sum.add(*number),
        Seen::Other(_) => return assert!(!is_null && !ty.is_exact_number()),
        Seen::Decimal(form) => sum.add(Number::from(form)),
    }
    assert!(!is_null && ty.is_exact_number());
    if let Value::Decimal(decimal) = value {
        assert_eq!(sum.to_decimal_string(), decimal.normalized().to_string());
    }
});
