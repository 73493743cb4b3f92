//! The canonical form of a JSON value, equal for two texts exactly when their `jsonb` are equal; and whether a text is JSON at all.

use serde::de::IgnoredAny;
use serde_json::Value;

/// PostgreSQL reads json as deep as its stack allows, which with the usual `max_stack_depth` is twice as much.
const DEEPEST: usize = 5_000;
/// As the parser has it, that jsonb is read with.
const DEEPEST_JSONB: usize = 127;
/// Digits of a numeric before the point, and after it.
const WHOLE_DIGITS: i64 = 131_072;
const PLACES: i64 = 16_383;
/// PostgreSQL reads no exponent from here on, not even of zero.
const EXPONENT: i64 = (i32::MAX / 2) as i64;

/// Why a text has no canonical form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// No JSON.
    #[error("not valid JSON")]
    Syntax,
    /// More than 127 levels, or for json 5,000.
    #[error("JSON that is nested too deeply")]
    Depth,
    /// A number that is no numeric, as those in jsonb are.
    #[error(
        "JSON with a number that jsonb cannot hold: more than 131,072 digits before the point or 16,383 after it"
    )]
    Number,
    /// `\u0000`, which jsonb cannot hold.
    #[error("JSON with a \\u0000, which jsonb cannot hold")]
    ZeroCharacter,
    /// An object with one key twice, of which jsonb keeps the last value only.
    #[error("JSON with one key twice in an object, of which jsonb would keep only the last")]
    DuplicateKey,
}

/// Whether `json` holds the text, which it keeps as it is: any number, `\u0000` and half a surrogate pair are nothing to it.
pub fn check(text: &str) -> Result<(), JsonError> {
    if depth(text) > DEEPEST {
        return Err(JsonError::Depth);
    }
    serde_json::from_str::<IgnoredAny>(text).map(drop).map_err(|_| JsonError::Syntax)
}

/// Canonical bytes: object keys sorted by their bytes, no white space, strings with the
/// fewest escapes, numbers as sign, digits and exponent without zeros at either end.
pub fn canonical(text: &str) -> Result<Vec<u8>, JsonError> {
    if depth(text) > DEEPEST_JSONB {
        return Err(JsonError::Depth);
    }
    let value: Value = serde_json::from_str(text).map_err(|_| JsonError::Syntax)?;
    if members(&value) != colons(text) {
        return Err(JsonError::DuplicateKey);
    }
    let mut out = Vec::with_capacity(text.len());
    write(&value, &mut out)?;
    Ok(out)
}

/// Members of all objects, as read: of equal keys one.
fn members(value: &Value) -> usize {
    match value {
        Value::Array(items) => items.iter().map(members).sum(),
        Value::Object(map) => map.len() + map.values().map(members).sum::<usize>(),
        _ => 0,
    }
}

/// Colons outside of strings: in valid JSON one for each member of an object as written.
fn colons(text: &str) -> usize {
    outside(text).filter(|&byte| byte == b':').count()
}

/// How many arrays and objects stand in each other, at most.
fn depth(text: &str) -> usize {
    let (mut depth, mut deepest) = (0usize, 0);
    for byte in outside(text) {
        match byte {
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

/// The bytes outside of strings.
fn outside(text: &str) -> impl Iterator<Item = u8> {
    let (mut in_string, mut escaped) = (false, false);
    text.bytes().filter(move |&byte| {
        let outside = !in_string;
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = in_string,
            b'"' => in_string = !in_string,
            _ => {}
        }
        outside
    })
}

fn write(value: &Value, out: &mut Vec<u8>) -> Result<(), JsonError> {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Number(number) => write_number(&number.to_string(), out)?,
        Value::String(string) => write_string(string, out)?,
        Value::Array(items) => {
            out.push(b'[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                write(item, out)?;
            }
            out.push(b']');
        }
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_unstable_by(|a, b| a.0.as_bytes().cmp(b.0.as_bytes()));
            out.push(b'{');
            for (i, (key, item)) in entries.into_iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                write_string(key, out)?;
                out.push(b':');
                write(item, out)?;
            }
            out.push(b'}');
        }
    }
    Ok(())
}

fn write_string(string: &str, out: &mut Vec<u8>) -> Result<(), JsonError> {
    if string.contains('\0') {
        return Err(JsonError::ZeroCharacter);
    }
    out.push(b'"');
    for &byte in string.as_bytes() {
        if matches!(byte, b'"' | b'\\') {
            out.push(b'\\');
        }
        out.push(byte);
    }
    out.push(b'"');
    Ok(())
}

/// `-12.50e3` becomes `-125e2`: jsonb compares numbers by value, whatever their digits.
fn write_number(text: &str, out: &mut Vec<u8>) -> Result<(), JsonError> {
    let (negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, places) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{places}");
    let significant = digits.trim_start_matches('0').trim_end_matches('0');
    // JSON allows an exponent of any length.
    let exponent: i64 =
        exponent.parse().ok().filter(|&e| -EXPONENT < e && e < EXPONENT).ok_or(JsonError::Number)?;
    // Zeros at the end are places as well.
    if places.len() as i64 - exponent > PLACES {
        return Err(JsonError::Number);
    }
    if significant.is_empty() {
        out.push(b'0');
        return Ok(());
    }
    let dropped = digits.len() - digits.trim_end_matches('0').len();
    let exponent = exponent + dropped as i64 - places.len() as i64;
    if significant.len() as i64 + exponent > WHOLE_DIGITS {
        return Err(JsonError::Number);
    }
    if negative {
        out.push(b'-');
    }
    out.extend_from_slice(significant.as_bytes());
    if exponent != 0 {
        out.extend_from_slice(format!("e{exponent}").as_bytes());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn equal_values_have_equal_bytes() {
        let same = |a: &str, b: &str| assert_eq!(canonical(a), canonical(b), "{a} {b}");
        same(r#"{"b":1,"a":[true, null]}"#, r#" {"a":[true,null],"b":1.0} "#);
        same("1.10", "11e-1");
        same("100", "1e2");
        same("-0.0", "0");
        same(r#""\u00e9\n""#, "\"é\\n\"");
        same("123456789012345678901234567890.10", "123456789012345678901234567890.1");
    }

    #[test]
    fn different_values_do_not() {
        let all = [
            "1",
            "\"1\"",
            "[1]",
            "{}",
            "[]",
            "null",
            "\"\"",
            "10",
            "0.1",
            "-1",
            "123456789012345678901234567890",
            "123456789012345678901234567891",
            r#""a\"b""#,
            r#""a\\b""#,
        ];
        for (i, a) in all.iter().enumerate() {
            for b in &all[i + 1..] {
                assert_ne!(canonical(a), canonical(b));
            }
        }
        assert_eq!(canonical(r#"{"a":1,"a":2}"#), Err(JsonError::DuplicateKey));
        assert_eq!(canonical(r#"[{"a":{"b":1,"\u0062":2}}]"#), Err(JsonError::DuplicateKey));
        assert!(canonical(r#"{"a:\":":[{"b":":"},{"b":1}]}"#).is_ok());
        assert_eq!(canonical("{"), Err(JsonError::Syntax));
        assert_eq!(canonical(r#""\u0000""#), Err(JsonError::ZeroCharacter));
        assert_eq!(canonical(r#""\ud800""#), Err(JsonError::Syntax));
        assert_eq!(canonical(&"[".repeat(100_000)), Err(JsonError::Depth));
        assert_eq!(canonical(&"]".repeat(200)), Err(JsonError::Syntax));
    }

    #[test]
    fn as_deep_as_the_parser_goes() {
        let nested = |levels| "[".repeat(levels) + &"]".repeat(levels);
        assert!(canonical(&nested(DEEPEST_JSONB)).is_ok());
        assert_eq!(canonical(&nested(DEEPEST_JSONB + 1)), Err(JsonError::Depth));
        assert!(canonical(&format!("\"{}\\\"\"", nested(300))).is_ok());
        assert_eq!(check(&nested(DEEPEST)), Ok(()));
        assert_eq!(check(&nested(DEEPEST + 1)), Err(JsonError::Depth));
    }

    /// As PostgreSQL 15 answers to a cast to jsonb.
    #[test]
    fn numbers_that_are_no_numeric_are_refused() {
        for text in
            ["1e131071", "0.001e131074", "99999e131067", "1e-16383", "0e-16383", "0e200000", "0e1073741822"]
        {
            let form = canonical(text).unwrap();
            assert_eq!(canonical(str::from_utf8(&form).unwrap()), Ok(form));
        }
        for text in [
            "1e131072",
            "99999e131068",
            "1e-16384",
            "1.50e-16382",
            "0e-16384",
            "0e1073741823",
            "0e-1073741823",
            "1e200000",
            "10e9223372036854775807",
            "1.5e-9223372036854775808",
            "1e99999999999999999999",
        ] {
            assert_eq!(canonical(text), Err(JsonError::Number), "{text}");
        }
    }

    #[test]
    fn json_is_any_text_of_its_syntax() {
        for text in ["1e200000", r#""\u0000""#, r#""\ud800""#, r#"{"a":1,"a":2}"#, " [1 ,\n2]\t"] {
            assert_eq!(check(text), Ok(()), "{text}");
        }
        for text in [
            "",
            "{",
            "01",
            "1.",
            "'a'",
            "[1,]",
            "nul",
            "1 2",
            "\"\n\"",
            r#""\u00g0""#,
            r#""\x""#,
            "\u{feff}1",
        ] {
            assert_eq!(check(text), Err(JsonError::Syntax), "{text}");
        }
    }

    proptest! {
        #[test]
        fn garbage_is_an_error_not_a_panic(text in "[-0-9eE.,:{}\\[\\]\"a\\\\u ]{0,60}") {
            // What has a canonical form is JSON.
            prop_assert!(canonical(&text).is_err() || check(&text).is_ok());
        }
    }
}
