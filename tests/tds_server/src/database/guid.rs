//! uniqueidentifier: its text and its two orders of bytes.

use super::form::hex;

/// `6F9619FF-8B86-D011-B42D-00C04FC964FF`, also in braces; what follows the last digit is ignored, as SQL Server does.
pub fn parse(text: &str) -> Option<[u8; 16]> {
    let text = text.trim_start();
    let (text, closed) = match text.strip_prefix('{') {
        Some(inner) => (inner, true),
        None => (text, false),
    };
    let digits = text.get(..36)?;
    if closed && !text[36..].starts_with('}') {
        return None;
    }
    let mut bytes = [0; 16];
    let mut at = 0;
    for (group, width) in digits.split('-').zip([8, 4, 4, 4, 12]) {
        if group.len() != width || !group.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        for pair in 0..width / 2 {
            bytes[at] = u8::from_str_radix(&group[pair * 2..pair * 2 + 2], 16).ok()?;
            at += 1;
        }
    }
    (at == 16).then_some(bytes)
}

pub fn format(bytes: &[u8; 16]) -> String {
    let [a, b, c, d, e] = [&bytes[..4], &bytes[4..6], &bytes[6..8], &bytes[8..10], &bytes[10..]].map(hex);
    format!("{a}-{b}-{c}-{d}-{e}")
}

/// The bytes as CAST to binary(16) shows them: the first three groups are turned round.
pub fn to_storage(bytes: &[u8; 16]) -> [u8; 16] {
    let mut storage = *bytes;
    storage[..4].reverse();
    storage[4..6].reverse();
    storage[6..8].reverse();
    storage
}

/// The opposite of [`to_storage`]; missing bytes are zero.
pub fn from_storage(storage: &[u8]) -> [u8; 16] {
    let mut bytes = [0; 16];
    for (to, from) in bytes.iter_mut().zip(storage) {
        *to = *from;
    }
    to_storage(&bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_bytes() {
        let text = "6F9619FF-8B86-D011-B42D-00C04FC964FF";
        let bytes = parse(text).unwrap();
        assert_eq!(bytes[..4], [0x6F, 0x96, 0x19, 0xFF]);
        assert_eq!(format(&bytes), text);
        assert_eq!(hex(&to_storage(&bytes)), "FF19966F868B11D0B42D00C04FC964FF");
        assert_eq!(from_storage(&to_storage(&bytes)), bytes);
        assert_eq!(parse("{6f9619ff-8b86-d011-b42d-00c04fc964ff}"), Some(bytes));
        for bad in ["", "6F9619FF8B86D011B42D00C04FC964FF", "6F9619FF-8B86-D011-B42D-00C04FC964FG", "{x}"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
