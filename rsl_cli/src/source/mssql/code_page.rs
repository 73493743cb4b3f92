//! Texts as SQL Server stores them, bytes, to UTF-8: exactly, or not at all.

use encoding_rs::Encoding;

use crate::failure::{Failure, Result};

/// How the bytes of a text column are to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextForm {
    /// nchar, nvarchar: UTF-16, lower byte first.
    Utf16,
    /// A collation whose name ends in `_UTF8`.
    Utf8,
    /// Any other collation.
    CodePage(&'static Encoding),
}

/// Why bytes are no text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoText {
    #[error("from byte {at} on it is not valid in {encoding}")]
    Invalid { at: usize, encoding: &'static str },
    #[error(
        "half of a UTF-16 surrogate pair stands alone at character {at}, which PostgreSQL's text cannot store"
    )]
    LoneSurrogate { at: usize },
    #[error("the text has an odd number of bytes, which UTF-16 never has")]
    Odd,
}

impl TextForm {
    /// Of a collation's code page, as `COLLATIONPROPERTY(name, 'CodePage')` gives it; `None` if this program cannot read it
    /// itself, and the server must be asked to convert.
    pub fn of_code_page(number: i64) -> Option<Self> {
        Some(match number {
            0 | 1200 => TextForm::Utf16,
            65001 => TextForm::Utf8,
            // The names of WHATWG's Encoding Standard, which takes these code pages as Windows has them.
            874 => TextForm::CodePage(encoding_rs::WINDOWS_874),
            932 => TextForm::CodePage(encoding_rs::SHIFT_JIS),
            936 => TextForm::CodePage(encoding_rs::GBK),
            949 => TextForm::CodePage(encoding_rs::EUC_KR),
            950 => TextForm::CodePage(encoding_rs::BIG5),
            1250 => TextForm::CodePage(encoding_rs::WINDOWS_1250),
            1251 => TextForm::CodePage(encoding_rs::WINDOWS_1251),
            1252 => TextForm::CodePage(encoding_rs::WINDOWS_1252),
            1253 => TextForm::CodePage(encoding_rs::WINDOWS_1253),
            1254 => TextForm::CodePage(encoding_rs::WINDOWS_1254),
            1255 => TextForm::CodePage(encoding_rs::WINDOWS_1255),
            1256 => TextForm::CodePage(encoding_rs::WINDOWS_1256),
            1257 => TextForm::CodePage(encoding_rs::WINDOWS_1257),
            1258 => TextForm::CodePage(encoding_rs::WINDOWS_1258),
            _ => return None,
        })
    }

    /// Of what the user writes: `CP949`, `949`, `windows-1252`, `euc-kr`, `utf-8`.
    pub fn of_name(name: &str) -> Result<Self> {
        let lower = name.trim().to_ascii_lowercase();
        let digits = lower.trim_start_matches("cp").trim_start_matches("windows-").trim_start_matches("ms");
        let by_number = digits.parse().ok().and_then(Self::of_code_page);
        let by_label = || match Encoding::for_label(lower.as_bytes())? {
            encoding if encoding == encoding_rs::UTF_8 => Some(TextForm::Utf8),
            encoding if encoding.is_ascii_compatible() => Some(TextForm::CodePage(encoding)),
            _ => None,
        };
        by_number.filter(|form| *form != TextForm::Utf16).or_else(by_label).ok_or_else(|| {
            Failure::new(format!("unknown encoding \"{name}\""))
                .hint("write a code page, such as CP949 or CP1252, or utf-8")
        })
    }

    /// The text, borrowed where the bytes are UTF-8 already, else written into `buffer`.
    pub fn decode<'a>(self, bytes: &'a [u8], buffer: &'a mut String) -> std::result::Result<&'a str, NoText> {
        match self {
            TextForm::Utf8 => std::str::from_utf8(bytes)
                .map_err(|error| NoText::Invalid { at: error.valid_up_to() + 1, encoding: "UTF-8" }),
            TextForm::Utf16 => utf16(bytes, buffer),
            TextForm::CodePage(encoding) => {
                // Every code page of SQL Server has ASCII in its place.
                if bytes.is_ascii()
                    && let Ok(text) = std::str::from_utf8(bytes)
                {
                    return Ok(text);
                }
                code_page(encoding, bytes, buffer)?;
                Ok(buffer)
            }
        }
    }
}

fn code_page(
    encoding: &'static Encoding,
    bytes: &[u8],
    buffer: &mut String,
) -> std::result::Result<(), NoText> {
    buffer.clear();
    // What Windows has besides is an error in Korean, so that it need not be looked for; in Chinese it would be taken for
    // something else.
    if encoding != encoding_rs::BIG5 && encoding != encoding_rs::GBK {
        let outcome = standard(encoding, bytes, 0, buffer);
        if outcome.is_ok() || encoding != encoding_rs::EUC_KR {
            return outcome;
        }
        buffer.clear();
    }
    let (mut begin, mut at) = (0, 0);
    while at + 1 < bytes.len() {
        if bytes[at] < 0x81 {
            at += 1;
            continue;
        }
        match windows(encoding, bytes[at], bytes[at + 1]) {
            Pair::Standard => {}
            Pair::Character(character) => {
                standard(encoding, &bytes[begin..at], begin, buffer)?;
                buffer.push(character);
                begin = at + 2;
            }
            Pair::None => {
                standard(encoding, &bytes[begin..at], begin, buffer)?;
                return Err(NoText::Invalid { at: at + 1, encoding: encoding.name() });
            }
        }
        at += 2;
    }
    standard(encoding, &bytes[begin..], begin, buffer)
}

/// What two bytes are in the code page of Windows.
enum Pair {
    /// What they are in the Encoding Standard.
    Standard,
    Character(char),
    None,
}

/// The Encoding Standard reads Big5 with the characters of Hong Kong, and GBK with four bytes for what is not in it. Windows
/// has none of these, and places for characters of the users' own, which are in Unicode's private area.
fn windows(encoding: &'static Encoding, lead: u8, trail: u8) -> Pair {
    let own = |first: u32, row: u8, from: u8, width: u32| {
        let place = first + u32::from(lead - row) * width + u32::from(trail - from);
        char::from_u32(place).map_or(Pair::None, Pair::Character)
    };
    if encoding == encoding_rs::GBK {
        return if (0x30..=0x39).contains(&trail) { Pair::None } else { Pair::Standard };
    }
    if encoding == encoding_rs::EUC_KR {
        return match (lead, trail) {
            (0xC9, 0xA1..=0xFE) => own(0xE000, lead, 0xA1, 94),
            (0xFE, 0xA1..=0xFE) => own(0xE05E, lead, 0xA1, 94),
            _ => Pair::Standard,
        };
    }
    let (first, row) = match (lead, trail) {
        (0xF9, 0xFE) => return Pair::Character('▓'),
        (0xA3, 0xC0..=0xE0) => return Pair::None,
        (0xFA..=0xFE, _) => (0xE000, 0xFA),
        (0x8E..=0xA0, _) => (0xE311, 0x8E),
        (0x81..=0x8D, _) => (0xEEB8, 0x81),
        (0xC6, 0xA1..) | (0xC7..=0xC8, _) => (0xF672, 0xC6),
        _ => return Pair::Standard,
    };
    match trail {
        0x40..=0x7E => own(first, row, 0x40, 157),
        0xA1..=0xFE => own(first, row, 0x62, 157),
        _ => Pair::None,
    }
}

/// Appends the text of bytes of which `before` others were before.
fn standard(
    encoding: &'static Encoding,
    bytes: &[u8],
    before: usize,
    buffer: &mut String,
) -> std::result::Result<(), NoText> {
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let room =
        decoder.max_utf8_buffer_length_without_replacement(bytes.len()).unwrap_or(bytes.len() * 3 + 16);
    buffer.reserve(room);
    let (outcome, read) = decoder.decode_to_string_without_replacement(bytes, buffer, true);
    let at = match outcome {
        encoding_rs::DecoderResult::InputEmpty => return Ok(()),
        encoding_rs::DecoderResult::Malformed(length, behind) => {
            read.saturating_sub(usize::from(length) + usize::from(behind))
        }
        encoding_rs::DecoderResult::OutputFull => read,
    };
    Err(NoText::Invalid { at: before + at + 1, encoding: encoding.name() })
}

/// Units of UTF-16 that are read at once, so that a long text needs no copy of itself.
const BLOCK: usize = 128;

fn utf16<'a>(bytes: &[u8], buffer: &'a mut String) -> std::result::Result<&'a str, NoText> {
    let (mut left, odd) = bytes.as_chunks::<2>();
    if !odd.is_empty() {
        return Err(NoText::Odd);
    }
    let (mut units, mut written) = ([0; BLOCK], 0);
    while !left.is_empty() {
        let mut length = left.len().min(BLOCK);
        units.iter_mut().zip(left).for_each(|(unit, pair)| *unit = u16::from_le_bytes(*pair));
        if length < left.len() && (0xD800..0xDC00).contains(&units[length - 1]) {
            // The first half of a character, whose second half is in the next block.
            length -= 1;
        }
        let block = &units[..length];
        let valid = encoding_rs::mem::utf16_valid_up_to(block);
        if valid < length {
            let before = buffer[..written].chars().count();
            return Err(NoText::LoneSurrogate {
                at: before + char::decode_utf16(block[..valid].iter().copied()).count() + 1,
            });
        }
        // Three bytes hold any character of one unit, and pairs need only two for each. What is there already is written over.
        let room = written + 3 * length;
        if buffer.len() < room {
            buffer.extend(std::iter::repeat_n('\0', room - buffer.len()));
        }
        written += encoding_rs::mem::convert_utf16_to_str(block, &mut buffer[written..]);
        left = &left[length..];
    }
    Ok(&buffer[..written])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decode(form: TextForm, bytes: &[u8]) -> std::result::Result<String, NoText> {
        form.decode(bytes, &mut String::new()).map(str::to_owned)
    }

    #[test]
    fn korean_of_three_kinds() {
        let korean = TextForm::of_code_page(949).unwrap();
        assert_eq!(decode(korean, b"\xb0\xa1\xb3\xaa A").unwrap(), "가나 A");
        // A syllable that only CP949 has, not EUC-KR in the narrow sense.
        assert_eq!(decode(korean, b"\x81\x41").unwrap(), "갂");
        assert_eq!(decode(TextForm::Utf8, "가나".as_bytes()).unwrap(), "가나");
        assert_eq!(decode(TextForm::Utf16, b"\x00\xac\x98\xb0").unwrap(), "가나");
    }

    #[test]
    fn what_is_no_text_is_told_apart() {
        let korean = TextForm::of_name("CP949").unwrap();
        assert_eq!(decode(korean, b"ab\xb0\xff").unwrap_err(), NoText::Invalid { at: 3, encoding: "EUC-KR" });
        assert_eq!(decode(korean, b"ab\xb0").unwrap_err(), NoText::Invalid { at: 3, encoding: "EUC-KR" });
        assert_eq!(
            decode(TextForm::Utf8, b"a\xff").unwrap_err(),
            NoText::Invalid { at: 2, encoding: "UTF-8" }
        );
        assert_eq!(decode(TextForm::Utf16, b"a\0\x00\xd8").unwrap_err(), NoText::LoneSurrogate { at: 2 });
        assert_eq!(decode(TextForm::Utf16, b"a").unwrap_err(), NoText::Odd);
    }

    #[test]
    fn what_windows_has_and_the_web_has_not() {
        let text = |page, bytes: &[u8]| decode(TextForm::of_code_page(page).unwrap(), bytes);
        assert_eq!(text(950, b"\xa4\xa4A\xf9\xfe\xa4\xe5").unwrap(), "中A▓文");
        for (bytes, expected) in [
            (b"\xfa\x40", '\u{E000}'),
            (b"\xfe\xfe", '\u{E310}'),
            (b"\x8e\x40", '\u{E311}'),
            (b"\xa0\xfe", '\u{EEB7}'),
            (b"\x81\x40", '\u{EEB8}'),
            (b"\x8d\xfe", '\u{F6B0}'),
            (b"\xc6\xa1", '\u{F6B1}'),
            (b"\xc8\xfe", '\u{F848}'),
        ] {
            assert_eq!(text(950, bytes).unwrap(), expected.to_string());
        }
        assert_eq!(text(949, b"\xb0\xa1\xc9\xa1\xfe\xfe").unwrap(), "가\u{E000}\u{E0BB}");
        assert_eq!(text(949, b"\xc9\xa1\xb0\xff"), Err(NoText::Invalid { at: 3, encoding: "EUC-KR" }));
        assert_eq!(text(950, b"A\xa3\xc0"), Err(NoText::Invalid { at: 2, encoding: "Big5" }));
        assert_eq!(text(950, b"\xfa\x40\xfa\x80"), Err(NoText::Invalid { at: 3, encoding: "Big5" }));
        assert_eq!(text(936, b"A\x81\x30\x81\x30"), Err(NoText::Invalid { at: 2, encoding: "GBK" }));
        assert_eq!(text(936, b"\xd6\xd0\x80").unwrap(), "中€");
    }

    #[test]
    fn names_of_encodings() {
        assert_eq!(TextForm::of_name("949").unwrap(), TextForm::of_name("euc-kr").unwrap());
        assert_eq!(TextForm::of_name("windows-1252").unwrap(), TextForm::of_name("latin1").unwrap());
        assert_eq!(TextForm::of_name("utf-8").unwrap(), TextForm::Utf8);
        assert!(TextForm::of_name("1200").is_err());
        assert!(TextForm::of_name("klingon").is_err());
        assert_eq!(TextForm::of_code_page(850), None);
    }

    proptest! {
        #[test]
        fn any_text_comes_back(text in "\\PC{0,40}") {
            let units: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            prop_assert_eq!(decode(TextForm::Utf16, &units).unwrap(), text.clone());
            prop_assert_eq!(decode(TextForm::Utf8, text.as_bytes()).unwrap(), text);
        }

        #[test]
        fn a_code_page_loses_nothing(page in prop::sample::select(vec![874i64, 932, 936, 949, 1250, 1251, 1252, 1253, 1254, 1257]), text in "[ -~가-힣А-яぁ-ん]{0,20}") {
            let TextForm::CodePage(encoding) = TextForm::of_code_page(page).unwrap() else { panic!() };
            let (bytes, _, unmappable) = encoding.encode(&text);
            prop_assume!(!unmappable);
            prop_assert_eq!(decode(TextForm::CodePage(encoding), &bytes).unwrap(), text);
        }

        #[test]
        fn any_bytes_are_a_text_or_have_the_place_where_they_are_none(
            pieces in prop::collection::vec(prop_oneof![
                any::<u8>().prop_map(|byte| vec![byte]),
                // Pairs of the code pages of two bytes, whole and cut, and halves of surrogate pairs.
                prop::sample::select(vec![
                    &b"\xb0\xa1"[..], b"\xc9\xa1", b"\xfe\xfe", b"\xf9\xfe", b"\xfa\x40", b"\x81\x30\x81\x30",
                    b"\xa3\xc0", b"\x80", b"\xff", b"\x00\xd8", b"\x00\xdc", b"\xed\xa0\x80", b"ab", b"\0",
                ]).prop_map(<[u8]>::to_vec),
            ], 0..40),
            before in "\\PC{0,40}",
        ) {
            let bytes = pieces.concat();
            for page in (0..2000).chain([65001]) {
                let Some(form) = TextForm::of_code_page(page) else { continue };
                // What is in the buffer from the text before must not be seen.
                let (clean, mut used) = (decode(form, &bytes), before.clone());
                let again = form.decode(&bytes, &mut used).map(str::to_owned);
                prop_assert_eq!(&clean, &again);
                match clean {
                    Ok(text) => prop_assert_eq!(text.is_empty(), bytes.is_empty()),
                    Err(NoText::Invalid { at, .. }) => prop_assert!((1..=bytes.len()).contains(&at)),
                    Err(NoText::LoneSurrogate { at }) => prop_assert!((1..=bytes.len() / 2).contains(&at)),
                    Err(NoText::Odd) => prop_assert!(bytes.len() % 2 == 1),
                }
            }
        }

        #[test]
        fn utf16_of_any_length_comes_back_and_a_half_of_a_pair_does_not(
            texts in prop::collection::vec("(?s).{0,200}", 1..4), lone in 0xD800u16..0xE000, place in any::<prop::sample::Index>(),
        ) {
            let mut buffer = String::new();
            for text in texts {
                let mut units: Vec<u16> = text.encode_utf16().collect();
                let bytes = |units: &[u16]| units.iter().copied().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
                let mut read = |units: &[u16]| TextForm::Utf16.decode(&bytes(units), &mut buffer).map(str::to_owned);
                prop_assert_eq!(read(&units), Ok(text.clone()));
                // Between two characters, where it makes no pair with its neighbours.
                let characters = text.chars().count();
                let at = place.index(characters + 1);
                units.insert(text.chars().take(at).map(char::len_utf16).sum(), lone);
                prop_assert_eq!(read(&units), Err(NoText::LoneSurrogate { at: at + 1 }));
            }
        }

        #[test]
        fn names_of_encodings_are_read_or_refused(
            name in "(?s).{0,20}", pieces in prop::collection::vec("cp|windows-|ms|euc-|kr|utf-?|[0-9]{1,5}|1252|-|\\+| ", 0..8),
        ) {
            let _ = (TextForm::of_name(&name), TextForm::of_name(&pieces.concat()));
        }
    }

    #[test]
    fn utf16_is_read_alike_on_either_side_of_what_is_short() {
        for units in 125..=131 {
            for text in ["a", "가", "é"].map(|piece| piece.repeat(units)) {
                let mut bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
                assert_eq!(decode(TextForm::Utf16, &bytes).unwrap(), text);
                let end = bytes.len() - 2;
                bytes[end..].copy_from_slice(b"\x00\xd8");
                assert_eq!(decode(TextForm::Utf16, &bytes), Err(NoText::LoneSurrogate { at: units }));
            }
            // A pair that ends, begins or lies across the border.
            let text = "a".repeat(units % 2) + &"\u{1F600}".repeat(units / 2);
            let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            assert_eq!((bytes.len(), decode(TextForm::Utf16, &bytes).unwrap()), (2 * units, text));
        }
    }

    #[test]
    fn long_garbage_ends() {
        for piece in [
            &b"\xb0\xa1"[..],
            b"\xc9\xa1",
            b"\x81\x41",
            b"\xfa\x40",
            b"A\xff",
            b"\x81\x30",
            b"\x00\xd8",
            b"a\0",
        ] {
            for page in [932, 936, 949, 950, 1252, 65001, 1200] {
                let _ = decode(TextForm::of_code_page(page).unwrap(), &piece.repeat(50_000));
            }
        }
    }
}
