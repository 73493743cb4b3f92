//! Exact decimals of up to 38 digits, and the base-10000 form in which PostgreSQL stores them.

use std::fmt;
use std::str::FromStr;

/// The largest mantissa of a SQL Server `decimal(38, s)`: 38 nines.
pub const MAX_MANTISSA: i128 = 99_999_999_999_999_999_999_999_999_999_999_999_999;

/// `mantissa × 10^-scale`, at most 38 digits, scale at most 38.
#[derive(Debug, Clone, Copy)]
pub struct Decimal {
    mantissa: i128,
    scale: u8,
}

/// Why a decimal could not be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecimalError {
    /// The text is not a decimal number.
    #[error("not a decimal number")]
    Syntax,
    /// More than 38 significant digits or more than 38 places.
    #[error("more than 38 digits")]
    TooManyDigits,
}

impl Decimal {
    /// `mantissa × 10^-scale`.
    pub fn new(mantissa: i128, scale: u8) -> Result<Self, DecimalError> {
        if mantissa.unsigned_abs() > MAX_MANTISSA.unsigned_abs() || scale > 38 {
            return Err(DecimalError::TooManyDigits);
        }
        Ok(Self { mantissa, scale })
    }

    /// The unscaled number.
    pub fn mantissa(self) -> i128 {
        self.mantissa
    }

    /// Places after the decimal point, as written: 1.10 has two.
    pub fn scale(self) -> u8 {
        self.scale
    }

    /// The same number with no zeros at the end of its places.
    pub fn normalized(self) -> Self {
        let (mut mantissa, mut scale) = (self.mantissa, self.scale);
        if mantissa == 0 {
            return Self { mantissa: 0, scale: 0 };
        }
        while scale > 0 && mantissa % 10 == 0 {
            mantissa /= 10;
            scale -= 1;
        }
        Self { mantissa, scale }
    }

    /// The number as an integer, if it is one.
    pub fn to_i128(self) -> Option<i128> {
        let n = self.normalized();
        (n.scale == 0).then_some(n.mantissa)
    }

    /// The smallest `m` with `|self| < 10^m`; of zero the smallest there is.
    pub fn magnitude(self) -> i32 {
        match self.mantissa {
            0 => i32::MIN,
            mantissa => digits(mantissa.unsigned_abs()) as i32 - i32::from(self.scale),
        }
    }

    /// The base-10000 form, which both the binary row stream and the canonical form use.
    pub fn to_base10000(self) -> Base10000 {
        Base10000::new(self.mantissa, self.scale)
    }

    /// The decimal that a double stands for, if that is certain: every decimal of at most 15 significant
    /// digits survives the way through a double and back (IEEE 754, DBL_DIG), so a double whose shortest
    /// form has at most 15 digits stands for exactly that decimal. Of any other double nobody knows.
    pub fn from_f64(value: f64) -> Option<Self> {
        if !value.is_finite() {
            return None;
        }
        // Amounts: a whole number below 10^15 over a small power of ten. Both are exact doubles and their quotient is
        // correctly rounded, so if it is `value`, then `value` is the double of that decimal, which has at most 15 digits.
        const POWERS: [f64; 9] = [1.0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8];
        for (scale, power) in POWERS.into_iter().enumerate() {
            let whole = (value * power).round();
            if whole.abs() < 1e15 && (whole / power).to_bits() == value.to_bits() {
                return Some(Self { mantissa: whole as i128, scale: scale as u8 });
            }
        }
        let decimal: Decimal = format!("{value:e}").parse().ok()?;
        let mut significant = decimal.mantissa.unsigned_abs();
        while significant != 0 && significant.is_multiple_of(10) {
            significant /= 10;
        }
        (digits(significant) <= 15).then_some(decimal)
    }
}

/// Decimal digits of `n`; 0 has none.
fn digits(n: u128) -> u32 {
    // In 64 bits, which most amounts fit, it is an order of magnitude cheaper.
    match u64::try_from(n) {
        Ok(small) => small.checked_ilog10().map_or(0, |l| l + 1),
        Err(_) => n.ilog10() + 1,
    }
}

impl PartialEq for Decimal {
    fn eq(&self, other: &Self) -> bool {
        let (a, b) = (self.normalized(), other.normalized());
        a.mantissa == b.mantissa && a.scale == b.scale
    }
}

impl Eq for Decimal {}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.mantissa < 0 { "-" } else { "" };
        let mantissa = self.mantissa.unsigned_abs();
        if self.scale == 0 {
            return write!(f, "{sign}{mantissa}");
        }
        let width = usize::from(self.scale) + 1;
        let all = format!("{mantissa:0width$}");
        let (whole, places) = all.split_at(all.len() - usize::from(self.scale));
        write!(f, "{sign}{whole}.{places}")
    }
}

impl FromStr for Decimal {
    type Err = DecimalError;

    /// Reads `[+-]digits[.digits][e[+-]digits]`, with white space around it. No thousands separators, no hex.
    fn from_str(text: &str) -> Result<Self, DecimalError> {
        let text = text.trim_matches([' ', '\t', '\r', '\n']).as_bytes();
        let (negative, text) = match text {
            [b'-', rest @ ..] => (true, rest),
            [b'+', rest @ ..] => (false, rest),
            _ => (false, text),
        };
        let (text, exponent) = match text.iter().position(|b| matches!(b, b'e' | b'E')) {
            Some(at) => (&text[..at], parse_exponent(&text[at + 1..])?),
            None => (text, 0),
        };
        let (mut mantissa, mut scale, mut seen_digit, mut seen_point) = (0u128, 0i32, false, false);
        // Zeros after the last place that matters are kept while they fit and dropped when they do not.
        let mut pending_zeros = 0u32;
        for &byte in text {
            match byte {
                b'.' if !seen_point => seen_point = true,
                b'0' if seen_point => {
                    seen_digit = true;
                    pending_zeros += 1;
                }
                b'0'..=b'9' => {
                    seen_digit = true;
                    for _ in 0..std::mem::take(&mut pending_zeros) {
                        mantissa = push_digit(mantissa, 0)?;
                        scale += 1;
                    }
                    mantissa = push_digit(mantissa, byte - b'0')?;
                    scale += i32::from(seen_point);
                }
                _ => return Err(DecimalError::Syntax),
            }
        }
        if !seen_digit {
            return Err(DecimalError::Syntax);
        }
        for _ in 0..pending_zeros.min(38) {
            match push_digit(mantissa, 0) {
                Ok(more) if scale < 38 => {
                    mantissa = more;
                    scale += 1;
                }
                _ => break,
            }
        }
        scale -= exponent;
        if mantissa == 0 {
            scale = scale.clamp(0, 38);
        }
        while scale < 0 {
            mantissa = push_digit(mantissa, 0)?;
            scale += 1;
        }
        while scale > 38 && mantissa.is_multiple_of(10) {
            mantissa /= 10;
            scale -= 1;
        }
        let scale = u8::try_from(scale).map_err(|_| DecimalError::TooManyDigits)?;
        let mantissa = i128::try_from(mantissa).map_err(|_| DecimalError::TooManyDigits)?;
        Self::new(if negative { -mantissa } else { mantissa }, scale)
    }
}

fn push_digit(mantissa: u128, digit: u8) -> Result<u128, DecimalError> {
    let more = mantissa
        .checked_mul(10)
        .and_then(|m| m.checked_add(u128::from(digit)))
        .ok_or(DecimalError::TooManyDigits)?;
    if more > MAX_MANTISSA.unsigned_abs() { Err(DecimalError::TooManyDigits) } else { Ok(more) }
}

fn parse_exponent(text: &[u8]) -> Result<i32, DecimalError> {
    let text = std::str::from_utf8(text).map_err(|_| DecimalError::Syntax)?;
    let exponent: i32 = text.parse().map_err(|_| DecimalError::Syntax)?;
    // Below this no number but zero has 38 places. Above there is no limit: zeros after the point may make up for it.
    Ok(exponent.max(-1000))
}

/// A number as PostgreSQL's `numeric` holds it: `Σ digits[i] × 10000^(weight − i)`, without zero digits at either
/// end. Source: `src/backend/utils/adt/numeric.c`, `numeric_send`.
#[derive(Debug, Clone, Copy)]
pub struct Base10000 {
    negative: bool,
    weight: i16,
    /// Where in `digits` they begin and end.
    first: u8,
    last: u8,
    digits: [i16; Self::MAX],
}

/// Takes what is below `unit`, at most 10,000, off a number and divides the rest by it.
fn split_off(number: &mut u128, unit: u64) -> i16 {
    // Most amounts fit 64 bits, where the division is an order of magnitude cheaper.
    match u64::try_from(*number) {
        Ok(small) => {
            *number = (small / unit).into();
            (small % unit) as i16
        }
        Err(_) => {
            let low = *number % u128::from(unit);
            *number /= u128::from(unit);
            low as i16
        }
    }
}

impl Base10000 {
    /// 38 digits, anywhere relative to the groups of four, touch at most 11 groups; shifting may add one.
    const MAX: usize = 12;

    fn new(mantissa: i128, scale: u8) -> Self {
        let mut form = Self { negative: mantissa < 0, weight: 0, first: 0, last: 0, digits: [0; Self::MAX] };
        let mut rest = mantissa.unsigned_abs();
        let groups_below = usize::from(scale).div_ceil(4);
        // Fill the last group of places: 1.5 is 1 | 5000.
        let shift = groups_below * 4 - usize::from(scale);
        let mut at = Self::MAX;
        let mut emit = |digit: i16| {
            at -= 1;
            form.digits[at] = digit;
        };
        if shift > 0 {
            emit(split_off(&mut rest, 10u64.pow(4 - shift as u32)) * 10i16.pow(shift as u32));
        }
        while rest > 0 {
            emit(split_off(&mut rest, 10_000));
        }
        let mut first = at;
        let mut last = Self::MAX;
        let mut weight = (Self::MAX - at) as i16 - groups_below as i16 - 1;
        while first < last && form.digits[first] == 0 {
            first += 1;
            weight -= 1;
        }
        while last > first && form.digits[last - 1] == 0 {
            last -= 1;
        }
        form.weight = if first == last { 0 } else { weight };
        // They stay where they are: moving them at once would have to wait until each of them has been stored.
        (form.first, form.last) = (first as u8, last as u8);
        form
    }

    /// Below zero; zero is not.
    pub fn is_negative(&self) -> bool {
        self.negative
    }

    /// Power of 10000 of the first digit; 0 for zero.
    pub fn weight(&self) -> i16 {
        self.weight
    }

    /// Base-10000 digits, most significant first, none for zero.
    pub fn digits(&self) -> &[i16] {
        &self.digits[usize::from(self.first)..usize::from(self.last)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(text: &str) -> Result<String, DecimalError> {
        text.parse::<Decimal>().map(|d| d.to_string())
    }

    #[test]
    fn reads_what_people_and_programs_write() {
        for (text, expected) in [
            ("0", "0"),
            ("-0.00", "0.00"),
            ("1.10", "1.10"),
            (" 12 ", "12"),
            (".5", "0.5"),
            ("5.", "5"),
            ("1e3", "1000"),
            ("-1.25E-3", "-0.00125"),
            ("99999999999999999999999999999999999999", "99999999999999999999999999999999999999"),
            ("0.00000000000000000000000000000000000001", "0.00000000000000000000000000000000000001"),
            ("1.0000000000000000000000000000000000000000000000", "1.0000000000000000000000000000000000000"),
        ] {
            assert_eq!(parse(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_decimal() {
        for text in ["", ".", "-", "1,5", "0x10", "1e", "NaN", "1 2", "٣"] {
            assert_eq!(parse(text), Err(DecimalError::Syntax), "{text}");
        }
        for text in [
            "100000000000000000000000000000000000000",
            "1e39",
            "1e-39",
            "0.000000000000000000000000000000000000001",
        ] {
            assert_eq!(parse(text), Err(DecimalError::TooManyDigits), "{text}");
        }
    }

    #[test]
    fn a_double_stands_for_a_decimal_of_at_most_15_digits() {
        assert_eq!(Decimal::from_f64(12.34), "12.34".parse().ok());
        assert_eq!(Decimal::from_f64(-0.0), "0".parse().ok());
        assert_eq!(Decimal::from_f64(999_999_999_999_999.0), "999999999999999".parse().ok());
        assert_eq!(Decimal::from_f64(1e15 + 1.0), None);
        assert_eq!(Decimal::from_f64(1.23e-12), "0.00000000000123".parse().ok());
        assert_eq!(Decimal::from_f64(-0.1), "-0.1".parse().ok());
        assert_eq!(Decimal::from_f64(1e20), "100000000000000000000".parse().ok());
        assert_eq!(Decimal::from_f64(0.1 + 0.2), None);
        assert_eq!(Decimal::from_f64(f64::NAN), None);
        assert_eq!(Decimal::from_f64(f64::INFINITY), None);
    }

    #[test]
    fn an_exponent_counts_in_full_against_zeros_after_the_point() {
        let zeros = "0".repeat(2000);
        assert_eq!(parse(&format!("0.{zeros}1e2001")).as_deref(), Ok("1"));
        assert_eq!(parse(&format!("0.{zeros}1e2147483647")), Err(DecimalError::TooManyDigits));
        assert_eq!(parse(&format!("0.{zeros}1e-2147483648")), Err(DecimalError::TooManyDigits));
        assert_eq!(parse("0e2147483647").as_deref(), Ok("0"));
        assert_eq!(parse("0e-2147483648").as_deref(), Ok("0.00000000000000000000000000000000000000"));
        for exponent in 900..1100 {
            // 1001 places: from 10^-38 to 10^37 it is a decimal, else it is none.
            let read = parse(&format!("0.{}1e{exponent}", "0".repeat(1000)));
            let expected = parse(&format!("1e{}", exponent - 1001));
            assert_eq!(read, expected, "{exponent}");
        }
    }

    proptest! {
        #[test]
        fn text_round_trip(mantissa in -MAX_MANTISSA..=MAX_MANTISSA, scale in 0u8..=38) {
            let decimal = Decimal::new(mantissa, scale).unwrap();
            let again: Decimal = decimal.to_string().parse().unwrap();
            prop_assert_eq!(again, decimal);
            prop_assert_eq!(again.scale(), scale);
        }

        #[test]
        fn base10000_is_the_same_number(mantissa in -MAX_MANTISSA..=MAX_MANTISSA, bits in 0u32..127, scale in 0u8..=38) {
            let mantissa = mantissa >> bits;
            let form = Decimal::new(mantissa, scale).unwrap().to_base10000();
            // All groups from 10000^10 down to 10000^-10, written one after the other.
            let mut places = String::new();
            for group in -10i16..=10 {
                let i = form.weight() + group;
                let digit = usize::try_from(i).ok().and_then(|i| form.digits().get(i)).copied().unwrap_or(0);
                places.push_str(&format!("{digit:04}"));
            }
            let expected = Decimal::new(mantissa, scale).unwrap();
            let whole = expected.to_string();
            let whole = whole.trim_start_matches('-');
            let (int, frac) = whole.split_once('.').unwrap_or((whole, ""));
            prop_assert_eq!(places, format!("{int:0>44}{frac:0<40}"));
            prop_assert_eq!(form.is_negative(), mantissa < 0);
            prop_assert!(form.digits().first() != Some(&0) && form.digits().last() != Some(&0));
        }

        #[test]
        fn garbage_is_an_error_not_a_panic(text in "\\PC{0,60}") {
            let _ = text.parse::<Decimal>();
        }

        #[test]
        fn number_like_garbage_is_an_error_not_a_panic(text in "[-+0-9.eE]{0,60}") {
            let _ = text.parse::<Decimal>();
        }
    }
}
