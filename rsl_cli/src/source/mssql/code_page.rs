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
    #[error("the bytes from the {at}th on are not valid in {encoding}")]
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
            TextForm::Utf16 => {
                utf16(bytes, buffer)?;
                Ok(buffer)
            }
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
    let mut decoder = encoding.new_decoder_without_bom_handling();
    buffer.clear();
    let room =
        decoder.max_utf8_buffer_length_without_replacement(bytes.len()).unwrap_or(bytes.len() * 3 + 16);
    buffer.reserve(room);
    let (outcome, read) = decoder.decode_to_string_without_replacement(bytes, buffer, true);
    match outcome {
        encoding_rs::DecoderResult::InputEmpty => Ok(()),
        encoding_rs::DecoderResult::Malformed(length, behind) => Err(NoText::Invalid {
            at: read.saturating_sub(usize::from(length) + usize::from(behind)) + 1,
            encoding: encoding.name(),
        }),
        encoding_rs::DecoderResult::OutputFull => {
            Err(NoText::Invalid { at: read + 1, encoding: encoding.name() })
        }
    }
}

fn utf16(bytes: &[u8], buffer: &mut String) -> std::result::Result<(), NoText> {
    buffer.clear();
    let (units, rest) = bytes.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(NoText::Odd);
    }
    if units.iter().all(|unit| unit[1] == 0 && unit[0] < 0x80) {
        buffer.extend(units.iter().map(|unit| char::from(unit[0])));
        return Ok(());
    }
    // Three bytes hold any character of one unit, and pairs need only two for each.
    buffer.reserve(units.len() * 3);
    for (at, decoded) in char::decode_utf16(units.iter().map(|unit| u16::from_le_bytes(*unit))).enumerate() {
        buffer.push(decoded.map_err(|_| NoText::LoneSurrogate { at: at + 1 })?);
    }
    Ok(())
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
        fn garbage_is_an_error_not_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            for page in [874, 932, 936, 949, 950, 1252, 65001, 1200] {
                let _ = decode(TextForm::of_code_page(page).unwrap(), &bytes);
            }
        }
    }
}
