//! Text in the code page of a collation: what char, varchar and text are made of.

use encoding_rs::Encoding;

/// Bytes to text. The flag says whether encoding the text again gives the same bytes.
pub fn decode(bytes: &[u8], code_page: u16) -> (String, bool) {
    if bytes.is_ascii() {
        return (bytes.iter().map(|&b| char::from(b)).collect(), true);
    }
    let text = match (code_page, table(code_page)) {
        (65001, _) => match std::str::from_utf8(bytes) {
            Ok(text) => return (text.to_owned(), true),
            Err(_) => String::from_utf8_lossy(bytes).into_owned(),
        },
        (_, Some(high)) => {
            return (
                bytes
                    .iter()
                    .map(|&b| if b < 128 { char::from(b) } else { high[usize::from(b) - 128] })
                    .collect(),
                true,
            );
        }
        _ => match encoding(code_page) {
            Some(encoding) => encoding.decode_without_bom_handling(bytes).0.into_owned(),
            None => bytes.iter().map(|&b| char::from(b)).collect(),
        },
    };
    let same = encode(&text, code_page).is_some_and(|again| again == bytes);
    (text, same)
}

/// Text to bytes; `None` if a character is not in the code page.
pub fn encode(text: &str, code_page: u16) -> Option<Vec<u8>> {
    if text.is_ascii() || code_page == 65001 {
        return Some(text.as_bytes().to_vec());
    }
    if let Some(high) = table(code_page) {
        return text.chars().map(|c| one_byte(c, high)).collect();
    }
    let encoding = encoding(code_page)?;
    let (bytes, _, replaced) = encoding.encode(text);
    (!replaced).then(|| bytes.into_owned())
}

/// Text to bytes with a question mark for what the code page does not have.
pub fn encode_lossy(text: &str, code_page: u16) -> Vec<u8> {
    if let Some(bytes) = encode(text, code_page) {
        return bytes;
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut buffer = [0; 4];
    for c in text.chars() {
        match encode(c.encode_utf8(&mut buffer), code_page) {
            Some(one) => bytes.extend(one),
            None => bytes.push(b'?'),
        }
    }
    bytes
}

/// The largest number of bytes up to `limit` that ends with a whole character.
pub fn fitting(bytes: &[u8], limit: usize, code_page: u16) -> usize {
    if bytes.len() <= limit {
        return bytes.len();
    }
    match code_page {
        65001 => {
            let mut end = limit;
            while end > 0 && bytes[end] & 0xC0 == 0x80 {
                end -= 1;
            }
            end
        }
        932 | 936 | 949 | 950 => {
            let mut end = 0;
            while end < limit {
                let lead = bytes[end] > 0x80 && !(code_page == 932 && (0xA0..0xE0).contains(&bytes[end]));
                let width = if lead { 2 } else { 1 };
                if end + width > limit {
                    break;
                }
                end += width;
            }
            end
        }
        _ => limit,
    }
}

fn one_byte(c: char, high: &[char; 128]) -> Option<u8> {
    if c.is_ascii() {
        return Some(c as u8);
    }
    high.iter().position(|&other| other == c).map(|at| at as u8 + 128)
}

fn encoding(code_page: u16) -> Option<&'static Encoding> {
    Some(match code_page {
        874 => encoding_rs::WINDOWS_874,
        932 => encoding_rs::SHIFT_JIS,
        // The web's GB18030 is a superset, but what it adds takes four bytes, which code page 936 does not have.
        936 => encoding_rs::GBK,
        949 => encoding_rs::EUC_KR,
        950 => encoding_rs::BIG5,
        1250 => encoding_rs::WINDOWS_1250,
        1251 => encoding_rs::WINDOWS_1251,
        1252 => encoding_rs::WINDOWS_1252,
        1253 => encoding_rs::WINDOWS_1253,
        1254 => encoding_rs::WINDOWS_1254,
        1255 => encoding_rs::WINDOWS_1255,
        1256 => encoding_rs::WINDOWS_1256,
        1257 => encoding_rs::WINDOWS_1257,
        1258 => encoding_rs::WINDOWS_1258,
        _ => return None,
    })
}

/// The upper half of the code pages of DOS, which the web does not know.
fn table(code_page: u16) -> Option<&'static [char; 128]> {
    match code_page {
        437 => Some(&CP437),
        850 => Some(&CP850),
        _ => None,
    }
}

#[rustfmt::skip]
static CP437: [char; 128] = [
    'Ç', 'ü', 'é', 'â', 'ä', 'à', 'å', 'ç', 'ê', 'ë', 'è', 'ï', 'î', 'ì', 'Ä', 'Å',
    'É', 'æ', 'Æ', 'ô', 'ö', 'ò', 'û', 'ù', 'ÿ', 'Ö', 'Ü', '¢', '£', '¥', '₧', 'ƒ',
    'á', 'í', 'ó', 'ú', 'ñ', 'Ñ', 'ª', 'º', '¿', '⌐', '¬', '½', '¼', '¡', '«', '»',
    '░', '▒', '▓', '│', '┤', '╡', '╢', '╖', '╕', '╣', '║', '╗', '╝', '╜', '╛', '┐',
    '└', '┴', '┬', '├', '─', '┼', '╞', '╟', '╚', '╔', '╩', '╦', '╠', '═', '╬', '╧',
    '╨', '╤', '╥', '╙', '╘', '╒', '╓', '╫', '╪', '┘', '┌', '█', '▄', '▌', '▐', '▀',
    'α', 'ß', 'Γ', 'π', 'Σ', 'σ', 'µ', 'τ', 'Φ', 'Θ', 'Ω', 'δ', '∞', 'φ', 'ε', '∩',
    '≡', '±', '≥', '≤', '⌠', '⌡', '÷', '≈', '°', '∙', '·', '√', 'ⁿ', '²', '■', '\u{a0}',
];

#[rustfmt::skip]
static CP850: [char; 128] = [
    'Ç', 'ü', 'é', 'â', 'ä', 'à', 'å', 'ç', 'ê', 'ë', 'è', 'ï', 'î', 'ì', 'Ä', 'Å',
    'É', 'æ', 'Æ', 'ô', 'ö', 'ò', 'û', 'ù', 'ÿ', 'Ö', 'Ü', 'ø', '£', 'Ø', '×', 'ƒ',
    'á', 'í', 'ó', 'ú', 'ñ', 'Ñ', 'ª', 'º', '¿', '®', '¬', '½', '¼', '¡', '«', '»',
    '░', '▒', '▓', '│', '┤', 'Á', 'Â', 'À', '©', '╣', '║', '╗', '╝', '¢', '¥', '┐',
    '└', '┴', '┬', '├', '─', '┼', 'ã', 'Ã', '╚', '╔', '╩', '╦', '╠', '═', '╬', '¤',
    'ð', 'Ð', 'Ê', 'Ë', 'È', 'ı', 'Í', 'Î', 'Ï', '┘', '┌', '█', '▄', '¦', 'Ì', '▀',
    'Ó', 'ß', 'Ô', 'Ò', 'õ', 'Õ', 'µ', 'þ', 'Þ', 'Ú', 'Û', 'Ù', 'ý', 'Ý', '¯', '´',
    '\u{ad}', '±', '‗', '¾', '¶', '§', '÷', '¸', '°', '¨', '·', '¹', '³', '²', '■', '\u{a0}',
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn valid_bytes_come_back() {
        for (page, text) in [
            (949, "메카니컬 씰 똠방각하 漢字"),
            (932, "日本語 ｶﾅ"),
            (936, "中文简体"),
            (950, "中文繁體"),
            (1251, "Привет"),
            (1254, "İstanbul ğ"),
            (1252, "Müller € œ"),
            (437, "░Σ∞ñ"),
            (850, "Øßþı"),
            (65001, "한 🔧"),
        ] {
            let bytes = encode(text, page).unwrap();
            assert_eq!(decode(&bytes, page), (text.to_owned(), true), "{page}");
        }
        for page in [437, 850] {
            let all: Vec<u8> = (0..=255).collect();
            let (text, same) = decode(&all, page);
            assert!(same);
            assert_eq!(encode(&text, page), Some(all));
        }
    }

    #[test]
    fn invalid_bytes_are_told_apart() {
        assert!(!decode(&[0xB0, 0xFF], 949).1);
        assert!(!decode(&[0xB0], 949).1);
        assert!(!decode(&[0xC3, 0x28], 65001).1);
        assert!(!decode(&[0x41, 0x81], 932).1);
    }

    #[test]
    fn what_a_page_lacks_becomes_a_question_mark() {
        assert_eq!(encode("🔧", 949), None);
        assert_eq!(encode_lossy("a🔧가", 949), [b'a', b'?', 0xB0, 0xA1]);
        assert_eq!(encode_lossy("é가", 437), [0x82, b'?']);
    }

    #[test]
    fn cutting_keeps_characters_whole() {
        let bytes = encode("가a나", 949).unwrap();
        assert_eq!([1, 2, 3, 4, 5].map(|limit| fitting(&bytes, limit, 949)), [0, 2, 3, 3, 5]);
        assert_eq!(fitting("é€".as_bytes(), 4, 65001), 2);
        assert_eq!(fitting(b"abc", 2, 1252), 2);
    }
}
