//! Exact decimals: a mantissa of up to 38 digits and a scale.

/// The largest mantissa: 38 nines.
pub const MAX: i128 = 10i128.pow(38) - 1;

/// Ten to the power of `n`, for `n` up to 38.
pub fn power(n: u8) -> Option<i128> {
    10i128.checked_pow(n.into())
}

/// Whether the mantissa has no more than `precision` digits.
pub fn fits(mantissa: i128, precision: u8) -> bool {
    power(precision).is_some_and(|limit| mantissa.unsigned_abs() < limit.unsigned_abs())
}

/// The same value with another scale, rounded half away from zero; `None` if it has too many digits.
pub fn rescale(mantissa: i128, from: u8, to: u8) -> Option<i128> {
    if to >= from {
        let scaled = mantissa.checked_mul(power(to - from)?)?;
        return (scaled.unsigned_abs() <= MAX.unsigned_abs()).then_some(scaled);
    }
    let Some(divisor) = power(from - to) else { return Some(0) };
    Some(divide_rounded(mantissa, divisor))
}

/// Half away from zero.
pub fn divide_rounded(value: i128, divisor: i128) -> i128 {
    let (quotient, remainder) = (value / divisor, value % divisor);
    if remainder.unsigned_abs() >= divisor.unsigned_abs() - remainder.unsigned_abs() {
        quotient + if (value < 0) == (divisor < 0) { 1 } else { -1 }
    } else {
        quotient
    }
}

/// Plain notation with exactly `scale` digits behind the point.
pub fn format(mantissa: i128, scale: u8) -> String {
    let digits = mantissa.unsigned_abs().to_string();
    let sign = if mantissa < 0 { "-" } else { "" };
    let scale = usize::from(scale);
    if scale == 0 {
        return format!("{sign}{digits}");
    }
    let padded = format!("{digits:0>width$}", width = scale + 1);
    let (whole, fraction) = padded.split_at(padded.len() - scale);
    format!("{sign}{whole}.{fraction}")
}

/// Reads plain or scientific notation, rounding half away from zero to `scale` digits. `None` if it is not a number,
/// `Some(None)` if it is too large for 38 digits.
#[expect(clippy::option_option, reason = "no number and a number too large are different errors")]
pub fn parse(text: &str, scale: u8) -> Option<Option<i128>> {
    let (negative, unsigned) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let (digits, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((digits, exponent)) => (digits, exponent.parse::<i32>().ok()?),
        None => (unsigned, 0),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.len() + fraction.len() == 0 || !whole.bytes().chain(fraction.bytes()).all(|b| b.is_ascii_digit())
    {
        return None;
    }
    // The digit at index `point` is the first behind the decimal point.
    let point = i64::try_from(whole.len()).ok()? + i64::from(exponent);
    let wanted = point + i64::from(scale);
    let mut mantissa: i128 = 0;
    let mut digits = whole.bytes().chain(fraction.bytes());
    for _ in 0..wanted {
        let digit = match digits.next() {
            Some(digit) => i128::from(digit - b'0'),
            None if mantissa == 0 => break,
            None => 0,
        };
        let Some(next) = mantissa.checked_mul(10).and_then(|m| m.checked_add(digit)) else {
            return Some(None);
        };
        mantissa = next;
    }
    // With fewer wanted digits than none, even the first digit is far behind the last that is kept.
    if wanted >= 0 && digits.next().is_some_and(|digit| digit >= b'5') {
        mantissa += 1;
    }
    if mantissa > MAX {
        return Some(None);
    }
    Some(Some(if negative { -mantissa } else { mantissa }))
}

/// Digits before and behind the point that a plain literal such as `12.50` has.
pub fn literal_digits(text: &str) -> (u8, u8) {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let whole = whole.trim_start_matches('0').len();
    let scale = fraction.len().min(38);
    ((whole + scale).clamp(1, 255) as u8, scale as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notation_there_and_back() {
        for (text, scale, mantissa) in [
            ("0", 0, 0),
            ("-0.5", 4, -5000),
            ("12345678901234567890123456789012345678", 0, 12345678901234567890123456789012345678),
            ("-0.00000000000000000000000000000000000001", 38, -1),
            ("922337203685477.5807", 4, 9223372036854775807),
        ] {
            assert_eq!(parse(text, scale), Some(Some(mantissa)), "{text}");
            let written = format(mantissa, scale);
            assert_eq!(parse(&written, scale), Some(Some(mantissa)), "{written}");
        }
        assert_eq!(format(-5, 4), "-0.0005");
        assert_eq!(format(50, 1), "5.0");
    }

    #[test]
    fn parsing_rounds_and_refuses() {
        assert_eq!(parse("1.2345", 3), Some(Some(1235)));
        assert_eq!(parse("-1.2345", 3), Some(Some(-1235)));
        assert_eq!(parse("1.23449999999", 3), Some(Some(1234)));
        assert_eq!(parse("1e3", 1), Some(Some(10000)));
        assert_eq!(parse("1.5e-3", 3), Some(Some(2)));
        assert_eq!(parse("9e-9", 3), Some(Some(0)));
        assert_eq!(parse("0e999", 3), Some(Some(0)));
        assert_eq!(parse("1e38", 0), Some(None));
        assert_eq!(parse("99999999999999999999999999999999999999.5", 0), Some(None));
        for bad in ["", "-", ".", "1.2.3", "1e", "0x10", "١"] {
            assert_eq!(parse(bad, 2), None, "{bad}");
        }
    }

    #[test]
    fn scales_change_by_rounding() {
        assert_eq!(rescale(12345, 4, 2), Some(123));
        assert_eq!(rescale(12350, 4, 2), Some(124));
        assert_eq!(rescale(-12350, 4, 2), Some(-124));
        assert_eq!(rescale(1, 0, 38), None);
        assert_eq!(rescale(5, 38, 0), Some(0));
        assert!(fits(999, 3) && !fits(1000, 3) && fits(-999, 3) && fits(MAX, 38));
    }
}
