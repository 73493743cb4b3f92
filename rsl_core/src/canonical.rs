//! Canonical hashes: equal SQL values have equal hashes, different ones different hashes.
//!
//! Every hash is XXH3-128 over the bytes named at each function, seeded with the family of the type, so that
//! a text never meets a number or a binary value with the same bytes. Integers are little-endian.
//! XXH3 is a published, stable format; it is fast and well mixed but not cryptographic.

use xxhash_rust::xxh3::xxh3_128_with_seed;

use crate::decimal::Base10000;

const BOOL: u64 = 1;
const INTEGER: u64 = 2;
const NUMERIC: u64 = 3;
const FLOAT: u64 = 4;
const TEXT: u64 = 5;
const BYTES: u64 = 6;
const DATE: u64 = 7;
const TIME: u64 = 8;
const TIMESTAMP: u64 = 9;
const TIMESTAMPTZ: u64 = 10;
const UUID: u64 = 11;
const JSON: u64 = 12;
const ROW: u64 = 13;
const OTHER: u64 = 14;
const INTERVAL: u64 = 15;
const ARRAY: u64 = 16;

/// The hash of NULL: a constant that is no value's hash.
pub const NULL: u128 = 0x6e75_6c6c_2121_6e75_6c6c_2121_6e75_6c6c;

/// boolean: one byte, 0 or 1.
pub fn boolean(value: bool) -> u128 {
    xxh3_128_with_seed(&[u8::from(value)], BOOL)
}

/// An exact number of any integer or decimal type.
#[derive(Debug, Clone, Copy)]
pub enum Number<'a> {
    /// A whole number that fits 64 bits.
    Integer(i64),
    /// Any other: sign and base-10000 digits without zeros at either end.
    Digits {
        /// Below zero.
        negative: bool,
        /// Power of 10000 of the first digit.
        weight: i16,
        /// Most significant first.
        digits: &'a [i16],
    },
    /// PostgreSQL's `NaN`, `Infinity`, `-Infinity` of numeric: 0, 1, 2.
    Special(u8),
}

impl<'a> Number<'a> {
    /// From base-10000 digits as `numeric` stores them; zeros at either end are allowed.
    #[inline]
    pub fn from_base10000(negative: bool, mut weight: i16, mut digits: &'a [i16]) -> Self {
        while let [0, rest @ ..] = digits {
            digits = rest;
            weight -= 1;
        }
        while let [rest @ .., 0] = digits {
            digits = rest;
        }
        if digits.is_empty() {
            return Number::Integer(0);
        }
        // 10000^4 × 9999 is beyond 64 bits, 10000^4 × 922 is not: five groups at the most.
        if (0..=4).contains(&weight) && digits.len() <= weight as usize + 1 {
            let groups = digits.iter().copied().chain(std::iter::repeat(0)).take(weight as usize + 1);
            let value = groups.fold(0i128, |sum, digit| sum * 10000 + i128::from(digit));
            if let Ok(value) = i64::try_from(if negative { -value } else { value }) {
                return Number::Integer(value);
            }
        }
        Number::Digits { negative, weight, digits }
    }
}

impl<'a> From<&'a Base10000> for Number<'a> {
    fn from(form: &'a Base10000) -> Self {
        Number::from_base10000(form.is_negative(), form.weight(), form.digits())
    }
}

/// integer and decimal types: a whole number that fits 64 bits is its 8 bytes, any other number is its sign
/// (0 or 1), weight (2 bytes) and base-10000 digits (2 bytes each). So 5, 5.0 and 5.00 are one value.
#[inline]
pub fn number(value: Number<'_>) -> u128 {
    match value {
        Number::Integer(value) => xxh3_128_with_seed(&value.to_le_bytes(), INTEGER),
        Number::Digits { negative, weight, digits } => {
            let len = 3 + 2 * digits.len();
            if len <= 16 {
                // The same bytes by way of a register, from which the hash can read without waiting for single stores.
                let mut packed = u128::from(negative) | u128::from(weight as u16) << 8;
                for (at, &digit) in digits.iter().enumerate() {
                    packed |= u128::from(digit as u16) << (24 + 16 * at);
                }
                return xxh3_128_with_seed(&packed.to_le_bytes()[..len], NUMERIC);
            }
            let mut bytes = Vec::with_capacity(len);
            bytes.push(u8::from(negative));
            bytes.extend_from_slice(&weight.to_le_bytes());
            digits.iter().for_each(|digit| bytes.extend_from_slice(&digit.to_le_bytes()));
            xxh3_128_with_seed(&bytes, NUMERIC)
        }
        Number::Special(which) => xxh3_128_with_seed(&[2, which], NUMERIC),
    }
}

/// real, double precision: 8 bytes IEEE 754, with −0 as 0 and one NaN. A real is widened, as PostgreSQL does to
/// compare it with a double.
#[inline]
pub fn float(value: f64) -> u128 {
    let value = if value == 0.0 {
        0.0
    } else if value.is_nan() {
        f64::NAN
    } else {
        value
    };
    xxh3_128_with_seed(&value.to_bits().to_le_bytes(), FLOAT)
}

/// Character types and enumerations: the UTF-8 bytes, nothing trimmed, nothing folded.
#[inline]
pub fn text(value: &[u8]) -> u128 {
    xxh3_128_with_seed(value, TEXT)
}

/// `character(n)`: spaces at the end have no meaning in PostgreSQL and are left out.
#[inline]
pub fn padded_text(value: &[u8]) -> u128 {
    text(without_trailing_spaces(value))
}

/// bytea: the bytes.
#[inline]
pub fn bytes(value: &[u8]) -> u128 {
    xxh3_128_with_seed(value, BYTES)
}

/// date: days since 2000-01-01, 4 bytes; PostgreSQL's infinities are the extremes.
#[inline]
pub fn date(days: i32) -> u128 {
    xxh3_128_with_seed(&days.to_le_bytes(), DATE)
}

/// time: microseconds since midnight, 8 bytes.
#[inline]
pub fn time(micros: i64) -> u128 {
    xxh3_128_with_seed(&micros.to_le_bytes(), TIME)
}

/// timestamp: microseconds since 2000-01-01, 8 bytes; PostgreSQL's infinities are the extremes.
#[inline]
pub fn timestamp(micros: i64) -> u128 {
    xxh3_128_with_seed(&micros.to_le_bytes(), TIMESTAMP)
}

/// timestamptz: microseconds since 2000-01-01 00:00:00 UTC, 8 bytes.
#[inline]
pub fn timestamptz(micros: i64) -> u128 {
    xxh3_128_with_seed(&micros.to_le_bytes(), TIMESTAMPTZ)
}

/// uuid: its 16 bytes.
#[inline]
pub fn uuid(value: &[u8; 16]) -> u128 {
    xxh3_128_with_seed(value, UUID)
}

/// jsonb: the bytes of [`crate::json::canonical`].
pub fn json(canonical: &[u8]) -> u128 {
    xxh3_128_with_seed(canonical, JSON)
}

/// interval: microseconds as PostgreSQL compares intervals, a month as 30 days and a day as 24 hours, 16 bytes.
pub fn interval(micros: i64, days: i32, months: i32) -> u128 {
    const MICROS_PER_DAY: i128 = 86_400_000_000;
    let total = i128::from(micros) + (i128::from(days) + i128::from(months) * 30) * MICROS_PER_DAY;
    xxh3_128_with_seed(&total.to_le_bytes(), INTERVAL)
}

/// An array: length and lower bound of each dimension (4 bytes each), then the hashes of the elements in order.
pub fn array(
    dimensions: impl IntoIterator<Item = (i32, i32)>,
    elements: impl IntoIterator<Item = u128>,
) -> u128 {
    let mut bytes = Vec::new();
    for (length, lower_bound) in dimensions {
        bytes.extend_from_slice(&length.to_le_bytes());
        bytes.extend_from_slice(&lower_bound.to_le_bytes());
    }
    elements.into_iter().for_each(|hash| bytes.extend_from_slice(&hash.to_le_bytes()));
    xxh3_128_with_seed(&bytes, ARRAY)
}

/// A type of no family above: the name of the type, a zero byte, the bytes of its send function.
pub fn other(type_name: &[u8], sent: &[u8]) -> u128 {
    let mut all = Vec::with_capacity(type_name.len() + 1 + sent.len());
    all.extend_from_slice(type_name);
    all.push(0);
    all.extend_from_slice(sent);
    xxh3_128_with_seed(&all, OTHER)
}

/// A row: the hashes of its fields in order, 16 bytes each, NULLs included.
#[derive(Debug, Default, Clone)]
pub struct RowHasher {
    fields: Vec<u8>,
}

impl RowHasher {
    /// Adds the next field's hash.
    #[inline]
    pub fn push(&mut self, field: u128) {
        self.fields.extend_from_slice(&field.to_le_bytes());
    }

    /// The hash of the row; the hasher is empty again.
    #[inline]
    pub fn finish(&mut self) -> u128 {
        let hash = xxh3_128_with_seed(&self.fields, ROW);
        self.fields.clear();
        hash
    }
}

/// What `character(n)` compares.
pub(crate) fn without_trailing_spaces(text: &[u8]) -> &[u8] {
    let end = text.iter().rposition(|&b| b != b' ').map_or(0, |at| at + 1);
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Decimal;
    use proptest::prelude::*;

    fn of(text: &str) -> u128 {
        let decimal: Decimal = text.parse().unwrap();
        number(Number::from(&decimal.to_base10000()))
    }

    #[test]
    fn equal_numbers_are_equal_whatever_their_type() {
        assert_eq!(of("1.10"), of("1.1"));
        assert_eq!(of("5.00"), number(Number::Integer(5)));
        assert_eq!(of("-0.0"), number(Number::Integer(0)));
        assert_eq!(of("9223372036854775807"), number(Number::Integer(i64::MAX)));
        assert_eq!(of("-9223372036854775808"), number(Number::Integer(i64::MIN)));
        assert_eq!(float(-0.0), float(0.0));
        assert_eq!(padded_text(b"a  "), text(b"a"));
    }

    #[test]
    fn the_format_is_pinned() {
        // Changing any of these breaks the comparison with every digest stored before.
        assert_eq!(format!("{:032x}", text(b"")), format!("{:032x}", xxh3_128_with_seed(b"", 5)));
        assert_eq!(number(Number::Integer(1)), xxh3_128_with_seed(&[1, 0, 0, 0, 0, 0, 0, 0], 2));
        assert_eq!(of("1.5"), xxh3_128_with_seed(&[0, 0, 0, 1, 0, 0x88, 0x13], 3));
        assert_eq!(boolean(true), xxh3_128_with_seed(&[1], 1));
    }

    #[test]
    fn families_do_not_meet() {
        let all = [
            NULL,
            text(b""),
            bytes(b""),
            text(b"\x01"),
            bytes(b"\x01"),
            boolean(true),
            boolean(false),
            number(Number::Integer(0)),
            number(Number::Integer(1)),
            float(0.0),
            float(1.0),
            date(0),
            time(0),
            timestamp(0),
            timestamptz(0),
            uuid(&[0; 16]),
            json(b""),
            text(b"a"),
            text(b"a "),
            text(b"A"),
            number(Number::Special(0)),
            number(Number::Special(1)),
        ];
        for (i, a) in all.iter().enumerate() {
            for b in &all[i + 1..] {
                assert_ne!(a, b);
            }
        }
    }

    proptest! {
        #[test]
        fn numbers_are_equal_exactly_when_their_hashes_are(a in -200i128..200, b in -200i128..200, sa in 0u8..4, sb in 0u8..4) {
            let (a, b) = (Decimal::new(a, sa).unwrap(), Decimal::new(b, sb).unwrap());
            prop_assert_eq!(a == b, of(&a.to_string()) == of(&b.to_string()));
        }

        #[test]
        fn every_integer_is_the_decimal_it_is(value: i64) {
            prop_assert_eq!(number(Number::Integer(value)), of(&value.to_string()));
        }

        #[test]
        fn the_order_of_fields_matters(a: u128, b: u128) {
            prop_assume!(a != b);
            let mut row = RowHasher::default();
            row.push(a);
            row.push(b);
            let ab = row.finish();
            row.push(b);
            row.push(a);
            prop_assert_ne!(ab, row.finish());
        }
    }
}
