//! Floating-point numbers as SQL Server writes them.

/// Six significant digits, with an exponent of three digits where it is needed: the notation of style 0.
pub fn short(value: f64) -> String {
    general(value, 6)
}

/// `digits` significant digits in scientific notation: the notation of styles 1 (8), 2 (16) and 3 (17).
pub fn scientific(value: f64, digits: usize) -> String {
    let text = format!("{value:.precision$e}", precision = digits - 1);
    let Some((mantissa, exponent)) = text.split_once('e') else { return text };
    format!("{mantissa}e{}", three_digits(exponent))
}

fn general(value: f64, digits: i32) -> String {
    if value.abs() < f64::MIN_POSITIVE * f64::EPSILON {
        return "0".to_owned();
    }
    let text = format!("{value:.precision$e}", precision = (digits - 1) as usize);
    let Some((mantissa, exponent)) = text.split_once('e') else { return text };
    let power: i32 = exponent.parse().unwrap_or_default();
    if (-4..digits).contains(&power) {
        let plain = format!("{value:.precision$}", precision = (digits - 1 - power).max(0) as usize);
        return trimmed(&plain).to_owned();
    }
    format!("{}e{}", trimmed(mantissa), three_digits(exponent))
}

fn trimmed(text: &str) -> &str {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text }
}

fn three_digits(exponent: &str) -> String {
    let (sign, digits) = match exponent.strip_prefix('-') {
        Some(digits) => ('-', digits),
        None => ('+', exponent),
    };
    format!("{sign}{digits:0>3}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notations() {
        for (value, expected) in [
            (0.0, "0"),
            (0.1, "0.1"),
            (123_456.0, "123456"),
            (1_234_567.0, "1.23457e+006"),
            (-0.000_1, "-0.0001"),
            (0.000_01, "1e-005"),
            (1e300, "1e+300"),
            (5e-324, "4.94066e-324"),
        ] {
            assert_eq!(short(value), expected);
        }
        assert_eq!(scientific(123.456, 17), "1.2345600000000000e+002");
        assert_eq!(scientific(-0.1, 16), "-1.000000000000000e-001");
        assert_eq!(scientific(0.1, 17), "1.0000000000000001e-001");
    }
}
