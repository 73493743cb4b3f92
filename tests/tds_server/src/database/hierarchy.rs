//! hierarchyid: a path such as `/1/2.5/` in a form of bits that sorts as the tree does.

use crate::answer::SqlMessage;

/// For labels from `low` to `high`: fixed bits, `x` for a bit of the label above `low`, `T` for the end of a level.
struct Pattern {
    low: i64,
    high: i64,
    bits: &'static str,
}

const fn pattern(low: i64, high: i64, bits: &'static str) -> Pattern {
    Pattern { low, high, bits }
}

static PATTERNS: [Pattern; 13] = [
    pattern(
        -281_479_271_682_120,
        -4_294_971_465,
        "000100xxxxxxxxxxxxxx0xxxxxxxxxxxxxxxxxxxxx0xxxxxx0xxx0x1xxxT",
    ),
    pattern(-4_294_971_464, -4169, "000101xxxxxxxxxxxxxxxxxxx0xxxxxx0xxx0x1xxxT"),
    pattern(-4168, -73, "000110xxxxx0xxx0x1xxxT"),
    pattern(-72, -9, "0010xx0x1xxxT"),
    pattern(-8, -1, "00111xxxT"),
    pattern(0, 3, "01xxT"),
    pattern(4, 7, "100xxT"),
    pattern(8, 15, "101xxxT"),
    pattern(16, 79, "110xx0x1xxxT"),
    pattern(80, 1103, "1110xxx0xxx0x1xxxT"),
    pattern(1104, 5199, "11110xxxxx0xxx0x1xxxT"),
    pattern(5200, 4_294_972_495, "111110xxxxxxxxxxxxxxxxxxx0xxxxxx0xxx0x1xxxT"),
    pattern(
        4_294_972_496,
        281_479_271_683_151,
        "111111xxxxxxxxxxxxxx0xxxxxxxxxxxxxxxxxxxxx0xxxxxx0xxx0x1xxxT",
    ),
];

/// The bytes of a path.
pub fn parse(text: &str) -> Result<Vec<u8>, SqlMessage> {
    let invalid = || {
        failed(&format!(
            "24001: SqlHierarchyId.Parse failed because the input string '{text}' is not a valid string representation of a SqlHierarchyId node."
        ))
    };
    let inner = text.strip_prefix('/').ok_or_else(invalid)?;
    let mut bits = String::new();
    if !inner.is_empty() {
        for level in inner.strip_suffix('/').ok_or_else(invalid)?.split('/') {
            let labels = level.split('.').map(str::parse::<i64>).collect::<Result<Vec<_>, _>>();
            let labels = labels.map_err(|_| invalid())?;
            let last = labels.len() - 1;
            for (at, label) in labels.into_iter().enumerate() {
                // A label that another follows with a dot sorts after its own level: it is stored as the next one.
                let stored = if at == last { label } else { label + 1 };
                let pattern = PATTERNS
                    .iter()
                    .find(|pattern| (pattern.low..=pattern.high).contains(&stored))
                    .ok_or_else(invalid)?;
                let offset = stored - pattern.low;
                let mut left = pattern.bits.matches('x').count();
                for bit in pattern.bits.chars() {
                    bits.push(match bit {
                        'x' => {
                            left -= 1;
                            if offset >> left & 1 == 1 { '1' } else { '0' }
                        }
                        'T' if at == last => '1',
                        'T' => '0',
                        fixed => fixed,
                    });
                }
            }
        }
    }
    Ok(bits
        .as_bytes()
        .chunks(8)
        .map(|byte| byte.iter().enumerate().fold(0, |all, (at, bit)| all | (bit - b'0') << (7 - at)))
        .collect())
}

/// The path of bytes.
pub fn format(bytes: &[u8]) -> Result<String, SqlMessage> {
    let bits: String = bytes.iter().map(|byte| format!("{byte:08b}")).collect();
    let mut rest = bits.as_str();
    let mut path = "/".to_owned();
    // What is left of the last byte is zero, and no pattern is.
    while rest.contains('1') {
        let (pattern, label, last) = PATTERNS
            .iter()
            .find_map(|pattern| matched(pattern, rest))
            .ok_or_else(|| failed("24000: SqlHierarchyId operation failed because HierarchyId object was constructed from an invalid binary string."))?;
        rest = &rest[pattern.bits.len()..];
        path.push_str(&(if last { label } else { label - 1 }).to_string());
        path.push(if last { '/' } else { '.' });
    }
    Ok(path)
}

/// How many levels a path has.
pub fn level(bytes: &[u8]) -> Result<i64, SqlMessage> {
    Ok(format(bytes)?.matches('/').count() as i64 - 1)
}

fn matched<'a>(pattern: &'a Pattern, bits: &str) -> Option<(&'a Pattern, i64, bool)> {
    let bits = bits.get(..pattern.bits.len())?;
    let (mut offset, mut last) = (0, false);
    for (expected, bit) in pattern.bits.chars().zip(bits.chars()) {
        match expected {
            'x' => offset = offset << 1 | i64::from(bit == '1'),
            'T' => last = bit == '1',
            fixed if fixed != bit => return None,
            _ => {}
        }
    }
    Some((pattern, pattern.low + offset, last))
}

fn failed(message: &str) -> SqlMessage {
    SqlMessage::error(
        6522,
        format!(
            "A .NET Framework error occurred during execution of user-defined routine or aggregate \"hierarchyid\": \nMicrosoft.SqlServer.Types.HierarchyIdException: {message}"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::form::hex;

    #[test]
    fn bytes_as_sql_server_has_them() {
        for (path, bytes) in [
            ("/", ""),
            ("/1/", "58"),
            ("/2/", "68"),
            ("/1/1/", "5AC0"),
            ("/4/", "84"),
            ("/8/", "A2"),
            ("/16/", "C110"),
            ("/1.1/", "62C0"),
            ("/-1/", "3F80"),
        ] {
            assert_eq!(hex(&parse(path).unwrap()), bytes, "{path}");
        }
    }

    #[test]
    fn paths_there_and_back_in_order() {
        let paths = [
            "/",
            "/-281479271682120/",
            "/-4169/",
            "/-73/1/",
            "/-9/",
            "/-1/",
            "/0/",
            "/1/",
            "/1/2/",
            "/1.5/",
            "/2/3/4/",
            "/79/",
            "/80/",
            "/1104/",
            "/5200/",
            "/4294972496/",
        ];
        let bytes = paths.map(|path| parse(path).unwrap());
        for (path, bytes) in paths.iter().zip(&bytes) {
            assert_eq!(format(bytes).unwrap(), *path);
        }
        assert!(bytes.is_sorted());
        for bad in ["", "1", "/1", "1/", "/a/", "/1//2/", "/1.2./"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
        assert_eq!(level(&bytes[10]).unwrap(), 3);
    }
}
