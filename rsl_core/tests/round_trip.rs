//! Every type there and back: what is encoded reads back, by a reader of its own, as the same value; equal values have
//! equal hashes; what does not fit is refused and never bent.

#![allow(clippy::unwrap_used, reason = "a test may panic, and so may the functions that it calls")]

use proptest::prelude::*;
use rsl_core::decimal::MAX_MANTISSA;
use rsl_core::encode::{Field, Seen, encode_value};
use rsl_core::temporal::TICKS_PER_DAY;
use rsl_core::{Decimal, PgType, Unfit, Value};

/// The bytes of the field, without its length; `None` for NULL.
fn encode(value: Value<'_>, ty: PgType) -> Result<Option<Vec<u8>>, Unfit> {
    let mut out = Vec::new();
    let mut field = Field::NULL;
    encode_value(&value, ty, &mut out, &mut field)?;
    let length = i32::from_be_bytes(out[..4].try_into().unwrap());
    assert_eq!(length.max(0) as usize, out.len() - 4);
    Ok((length >= 0).then(|| out[4..].to_vec()))
}

fn field(value: Value<'_>, ty: PgType) -> Result<Vec<u8>, Unfit> {
    encode(value, ty).map(|bytes| bytes.expect("not NULL"))
}

fn hash(value: Value<'_>, ty: PgType) -> u128 {
    let mut field = Field::NULL;
    encode_value(&value, ty, &mut Vec::new(), &mut field).unwrap();
    assert!(!matches!(field.seen, Seen::Null));
    field.hash
}

/// Reads the binary form of numeric and writes it in decimal, as numeric_out does.
fn read_numeric(bytes: &[u8]) -> String {
    let word = |at: usize| i16::from_be_bytes([bytes[2 * at], bytes[2 * at + 1]]);
    let (count, weight, sign, scale) = (word(0), word(1), word(2), word(3));
    assert_eq!(bytes.len(), 8 + 2 * count as usize);
    let digit = |group: i32| {
        let i = i32::from(weight) - group;
        if (0..i32::from(count)).contains(&i) { word(4 + i as usize) } else { 0 }
    };
    let whole: String =
        (0..=i32::from(weight).max(0)).rev().map(|group| format!("{:04}", digit(group))).collect();
    let places: String =
        (1..=i32::from(scale).max(0) / 4 + 1).map(|group| format!("{:04}", digit(-group))).collect();
    let (kept, cut) = places.split_at(scale as usize);
    assert!(cut.bytes().all(|b| b == b'0'), "digits beyond the scale");
    let whole = whole.trim_start_matches('0');
    let sign = if sign == 0x4000 { "-" } else { "" };
    let whole = if whole.is_empty() { "0" } else { whole };
    if kept.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{kept}") }
}

#[test]
fn null_is_null_in_every_type() {
    for ty in [
        PgType::Int4,
        PgType::Text,
        PgType::Numeric(None),
        PgType::Jsonb,
        PgType::Timestamp(6),
        PgType::Bytea,
    ] {
        assert_eq!(encode(Value::Null, ty), Ok(None));
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let numeric = |p, s| PgType::Numeric(Some((p, s)));
    let decimal = |text: &str| Value::Decimal(text.parse().unwrap());
    let refused: &[(Value<'_>, PgType)] = &[
        (Value::Int(32_768), PgType::Int2),
        (Value::Int(2), PgType::Bool),
        (Value::Int((1 << 53) + 1), PgType::Float8),
        (Value::Float8(0.1), PgType::Float4),
        (Value::Float8(0.5), PgType::Int4),
        (Value::Float8(0.1 + 0.2), numeric(38, 20)),
        (Value::Float8(f64::NAN), numeric(38, 20)),
        (decimal("1.00001"), numeric(19, 4)),
        (decimal("1000000000000000"), numeric(19, 4)),
        (decimal("0.01"), numeric(2, 4)),
        (decimal("150"), numeric(3, -2)),
        (decimal("1.5"), PgType::Int8),
        (Value::Text("9223372036854775808"), PgType::Int8),
        (Value::Text(""), PgType::Int4),
        (Value::Text("12,5"), numeric(19, 4)),
        (Value::Text("abcd"), PgType::Varchar(Some(3))),
        (Value::Text("abc "), PgType::Varchar(Some(3))),
        (Value::Text("a\0"), PgType::Text),
        (Value::Text("{"), PgType::Jsonb),
        (Value::Text("\"\\u0000\""), PgType::Jsonb),
        (Value::Text("2023-02-29"), PgType::Date),
        (Value::Text("2023-02-28 00:00:01"), PgType::Date),
        (Value::Text("2023-02-28 10:00:00+09:00"), PgType::Timestamp(6)),
        (Value::Text("2023-02-28 10:00:00"), PgType::TimestampTz(6)),
        (Value::Text("2023-02-28 10:00:00.5"), PgType::Timestamp(0)),
        (Value::Text("2023-02-28 10:00:00.0000001"), PgType::Timestamp(6)),
        (Value::Timestamp(1), PgType::Timestamp(6)),
        (Value::Timestamp(0), PgType::TimestampTz(6)),
        (Value::Text("24:00"), PgType::Time(6)),
        (Value::Text("not-a-uuid"), PgType::Uuid),
        (Value::Bytes(b"text"), PgType::Text),
        (Value::Text("text"), PgType::Bytea),
        (Value::Bool(true), PgType::Text),
        (Value::Date(0), PgType::Int4),
    ];
    for (value, ty) in refused {
        let refusal = encode(*value, *ty).expect_err(&format!("{value:?} into {ty}"));
        // A message for people, and no cell value in it.
        let message = refusal.to_string();
        assert!(!message.is_empty() && !message.ends_with('.'), "{message}");
        if let Value::Text(text @ ("not-a-uuid" | "12,5" | "abcd")) = value {
            assert!(!message.contains(text), "{message}");
        }
    }
}

#[test]
fn equal_values_of_different_types_have_equal_hashes() {
    let numeric = PgType::Numeric(None);
    assert_eq!(hash(Value::Int(5), PgType::Int2), hash(Value::Text("5.000"), numeric));
    assert_eq!(hash(Value::Float8(12.5), numeric), hash(Value::Decimal("12.50".parse().unwrap()), numeric));
    assert_eq!(hash(Value::Text("a  "), PgType::Char(4)), hash(Value::Text("a"), PgType::Text));
    assert_ne!(hash(Value::Text("a  "), PgType::Text), hash(Value::Text("a"), PgType::Text));
    let tz = PgType::TimestampTz(6);
    assert_eq!(
        hash(Value::Text("2023-01-01 09:00+09:00"), tz),
        hash(Value::Text("2023-01-01T00:00:00Z"), tz)
    );
    assert_eq!(
        hash(Value::Text("{\"b\": 1.0, \"a\": []}"), PgType::Jsonb),
        hash(Value::Text("{\"a\":[],\"b\":1}"), PgType::Jsonb)
    );
}

proptest! {
    #[test]
    fn integers(value: i64) {
        prop_assert_eq!(field(Value::Int(value), PgType::Int8).unwrap(), value.to_be_bytes());
        let four = field(Value::Int(value), PgType::Int4);
        prop_assert_eq!(four.ok(), i32::try_from(value).ok().map(|v| v.to_be_bytes().to_vec()));
        let two = field(Value::Int(value % 70_000), PgType::Int2);
        prop_assert_eq!(two.ok(), i16::try_from(value % 70_000).ok().map(|v| v.to_be_bytes().to_vec()));
    }

    #[test]
    fn decimals_up_to_38_digits(mantissa in -MAX_MANTISSA..=MAX_MANTISSA, shift in 0u32..127, scale in 0u8..=38) {
        let decimal = Decimal::new(mantissa >> shift, scale).unwrap();
        let expected = decimal.to_string();
        let expected = if decimal.mantissa() == 0 { expected.trim_start_matches('-').to_owned() } else { expected };
        prop_assert_eq!(read_numeric(&field(Value::Decimal(decimal), PgType::Numeric(None)).unwrap()), expected.clone());
        // As declared: decimal(38, scale) holds it when its digits before the point do.
        let declared = PgType::Numeric(Some((38, i16::from(scale))));
        prop_assert_eq!(read_numeric(&field(Value::Decimal(decimal), declared).unwrap()), expected.clone());
        // The same number as a text.
        prop_assert_eq!(field(Value::Text(&expected), declared).unwrap(), field(Value::Decimal(decimal), declared).unwrap());
        prop_assert_eq!(hash(Value::Text(&expected), declared), hash(Value::Decimal(decimal), declared));
    }

    #[test]
    fn a_decimal_fits_exactly_when_its_digits_do(mantissa in -99_999i128..=99_999, scale in 0u8..6, precision in 1u16..8, to_scale in -3i16..8) {
        let decimal = Decimal::new(mantissa, scale).unwrap();
        // In units of 10^-10: a multiple of 10^-to_scale, below 10^(precision - to_scale).
        let units = mantissa * 10i128.pow(10 - u32::from(scale));
        let unit = 10i128.pow((10 - to_scale) as u32);
        let fits = units % unit == 0 && units.abs() < unit * 10i128.pow(u32::from(precision));
        let encoded = field(Value::Decimal(decimal), PgType::Numeric(Some((precision, to_scale))));
        prop_assert_eq!(encoded.is_ok(), fits, "{} into numeric({},{})", decimal, precision, to_scale);
    }

    #[test]
    fn decimals_stored_as_doubles(mantissa in -999_999_999_999_999i128..=999_999_999_999_999, scale in 0u8..=15) {
        let decimal = Decimal::new(mantissa, scale).unwrap();
        let double: f64 = decimal.to_string().parse().unwrap();
        let ty = PgType::Numeric(Some((38, 15)));
        prop_assert_eq!(field(Value::Float8(double), ty), field(Value::Decimal(decimal), ty));
    }

    #[test]
    fn doubles(value: f64) {
        prop_assert_eq!(field(Value::Float8(value), PgType::Float8).unwrap(), value.to_be_bytes());
    }

    #[test]
    fn reals(value: f32) {
        prop_assert_eq!(field(Value::Float4(value), PgType::Float4).unwrap(), value.to_be_bytes());
        let wide = field(Value::Float4(value), PgType::Float8).unwrap();
        prop_assert_eq!(wide, f64::from(value).to_be_bytes());
    }

    #[test]
    fn texts(text in "[^\0]{0,30}") {
        for ty in [PgType::Text, PgType::Varchar(None), PgType::Varchar(Some(30)), PgType::Enum] {
            prop_assert_eq!(field(Value::Text(&text), ty).unwrap(), text.as_bytes());
        }
        let fits = text.chars().count() <= 10;
        prop_assert_eq!(field(Value::Text(&text), PgType::Varchar(Some(10))).is_ok(), fits);
        let padded = field(Value::Text(&text), PgType::Char(30)).unwrap();
        prop_assert_eq!(padded, text.trim_end_matches(' ').as_bytes());
    }

    #[test]
    fn binaries(bytes in proptest::collection::vec(any::<u8>(), 0..50)) {
        prop_assert_eq!(field(Value::Bytes(&bytes), PgType::Bytea).unwrap(), bytes);
    }

    #[test]
    fn uuids(bytes: [u8; 16]) {
        let hex: String = bytes.iter().map(|b| format!("{b:02X}")).collect();
        let text = format!("{{{}-{}-{}-{}-{}}}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]);
        for value in [Value::Uuid(bytes), Value::Text(&hex), Value::Text(&text), Value::Text(&text[1..37])] {
            prop_assert_eq!(field(value, PgType::Uuid).unwrap(), bytes);
        }
    }

    #[test]
    fn times(days in -730_119i32..=2_921_939, micros in 0i64..86_400_000_000, hundreds in 0i64..10) {
        prop_assert_eq!(field(Value::Date(days), PgType::Date).unwrap(), days.to_be_bytes());
        let at = i64::from(days) * TICKS_PER_DAY + micros * 10;
        let expected = i64::from(days) * 86_400_000_000 + micros;
        let stored = |value, ty| field(value, ty).ok().map(|bytes| i64::from_be_bytes(bytes.try_into().unwrap()));
        prop_assert_eq!(stored(Value::Timestamp(at), PgType::Timestamp(6)), Some(expected));
        prop_assert_eq!(stored(Value::TimestampTz(at), PgType::TimestampTz(6)), Some(expected));
        prop_assert_eq!(stored(Value::Time(micros * 10), PgType::Time(6)), Some(micros));
        // A tenth of a microsecond is refused, never rounded.
        let exact = (hundreds == 0).then_some(expected);
        prop_assert_eq!(stored(Value::Timestamp(at + hundreds), PgType::Timestamp(6)), exact);
        let whole_seconds = (micros % 1_000_000 == 0).then_some(expected);
        prop_assert_eq!(stored(Value::Timestamp(at), PgType::Timestamp(0)), whole_seconds);
    }

    #[test]
    fn offsets_keep_the_instant(seconds in 0i64..86_400, minutes in -840i32..=840) {
        let clock = format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
        let sign = if minutes < 0 { '-' } else { '+' };
        let text = format!("2000-01-01 {clock}{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60);
        let stored = field(Value::Text(&text), PgType::TimestampTz(6)).unwrap();
        let expected = (seconds - i64::from(minutes) * 60) * 1_000_000;
        prop_assert_eq!(i64::from_be_bytes(stored.try_into().unwrap()), expected);
    }

    #[test]
    fn any_text_into_any_type_is_an_answer_not_a_panic(text in "\\PC{0,40}", float: f64) {
        for ty in [PgType::Bool, PgType::Int2, PgType::Int4, PgType::Int8, PgType::Numeric(Some((9, 4))), PgType::Float4, PgType::Float8,
            PgType::Char(3), PgType::Bytea, PgType::Date, PgType::Time(3), PgType::Timestamp(3), PgType::TimestampTz(0), PgType::Uuid, PgType::Json, PgType::Jsonb] {
            let _ = encode(Value::Text(&text), ty);
            let _ = encode(Value::Float8(float), ty);
        }
    }
}
