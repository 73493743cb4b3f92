//! The canonical form of a JSON value, equal for two texts exactly when their `jsonb` are equal.

use serde_json::Value;

/// Why a text has no canonical form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// No JSON, or nested deeper than 128 levels.
    #[error("not valid JSON")]
    Syntax,
    /// `\u0000`, which jsonb cannot hold.
    #[error("JSON with a \\u0000, which jsonb cannot hold")]
    ZeroCharacter,
    /// An object with one key twice, of which jsonb keeps the last value only.
    #[error("JSON with one key twice in an object, of which jsonb would keep only the last")]
    DuplicateKey,
}

/// Canonical bytes: object keys sorted by their bytes, no white space, strings with the
/// fewest escapes, numbers as sign, digits and exponent without zeros at either end.
pub fn canonical(text: &str) -> Result<Vec<u8>, JsonError> {
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
    let (mut count, mut in_string, mut escaped) = (0, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = in_string,
            b'"' => in_string = !in_string,
            b':' if !in_string => count += 1,
            _ => {}
        }
    }
    count
}

fn write(value: &Value, out: &mut Vec<u8>) -> Result<(), JsonError> {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Number(number) => write_number(&number.to_string(), out),
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
fn write_number(text: &str, out: &mut Vec<u8>) {
    let (negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, places) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{places}");
    let significant = digits.trim_start_matches('0').trim_end_matches('0');
    if significant.is_empty() {
        out.push(b'0');
        return;
    }
    let dropped = digits.len() - digits.trim_end_matches('0').len();
    // JSON allows an exponent of any length; beyond 64 bits PostgreSQL refuses the number anyway.
    let exponent =
        exponent.parse().unwrap_or(i64::MAX / 2).saturating_add(dropped as i64 - places.len() as i64);
    if negative {
        out.push(b'-');
    }
    out.extend_from_slice(significant.as_bytes());
    if exponent != 0 {
        out.extend_from_slice(format!("e{exponent}").as_bytes());
    }
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
        assert_eq!(canonical(&"[".repeat(100_000)), Err(JsonError::Syntax));
    }

    #[test]
    fn an_exponent_at_the_limit_does_not_overflow() {
        for text in ["10e9223372036854775807", "1.5e-9223372036854775808", "1e99999999999999999999"] {
            let form = canonical(text).unwrap();
            assert_eq!(canonical(str::from_utf8(&form).unwrap()), Ok(form));
        }
    }

    proptest! {
        #[test]
        fn garbage_is_an_error_not_a_panic(text in "[-0-9eE.,:{}\\[\\]\"a\\\\u ]{0,60}") {
            let _ = canonical(&text);
        }
    }
}
