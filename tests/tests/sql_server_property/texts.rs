//! Texts in every code page, and in Unicode.

use proptest::prelude::*;
use proptest::sample::select;
use tds_server::answer::SqlValue;

use super::sample::{Kind, kind};

/// A code page: a collation that has it, and its characters as bytes and as text.
pub struct Page {
    pub collation: &'static str,
    pub characters: Vec<(Vec<u8>, String)>,
}

/// A column that is filled by hand.
pub fn column_of(collation: &str) -> Kind {
    let samples = Just((SqlValue::Null, None)).boxed();
    Kind { declared: format!("varchar(8000) COLLATE {collation}"), read: "{}", samples }
}

pub fn texts(pages: &[Page]) -> Vec<Kind> {
    let mut kinds = Vec::new();
    for Page { collation, characters } in pages {
        let some = |most: usize| {
            let character = prop_oneof![1 => select(characters[..127.min(characters.len())].to_vec()), 2 => select(characters.clone())];
            prop::collection::vec(character, 0..=most).prop_map(|characters| {
                let (bytes, text): (Vec<_>, Vec<_>) = characters.into_iter().unzip();
                (bytes.concat(), text.concat())
            })
        };
        let bytes = |(bytes, text)| (SqlValue::Bytes(bytes), text);
        let filled = |(mut bytes, mut text): (Vec<u8>, String)| {
            let missing = 20 - bytes.len();
            bytes.resize(20, b' ');
            text.push_str(&" ".repeat(missing));
            (SqlValue::Bytes(bytes), text)
        };
        kinds.push(kind(format!("varchar(60) COLLATE {collation}"), some(15).prop_map(bytes).boxed()));
        kinds.push(kind(format!("char(20) COLLATE {collation}"), some(5).prop_map(filled).boxed()));
        kinds.push(kind(format!("varchar(max) COLLATE {collation}"), some(60).prop_map(bytes).boxed()));
        kinds.push(kind(format!("text COLLATE {collation}"), some(15).prop_map(bytes).boxed()));
    }
    let wide = |text: String| (SqlValue::Wide(text.encode_utf16().collect()), text);
    let narrow = |text: String| (SqlValue::Bytes(text.clone().into_bytes()), text);
    let edges = || {
        select(
            ["", " ", "'", "\\", "\t\n\r", "\u{FEFF}", "\u{1}", "é e\u{301}", "\u{10FFFF}"]
                .map(str::to_owned)
                .to_vec(),
        )
    };
    let some = |most: usize| {
        let text = prop::collection::vec(character(), 0..=most)
            .prop_map(|characters| characters.into_iter().collect());
        prop_oneof![1 => edges(), 6 => text]
    };
    let long = (some(20), 0..2_000usize).prop_map(|(text, times)| text.repeat(times)).boxed();
    kinds.push(kind("nvarchar(60)", some(30).prop_map(wide).boxed()));
    kinds.push(kind("nvarchar(max)", prop_oneof![3 => some(60).boxed(), 1 => long].prop_map(wide).boxed()));
    kinds.push(kind("ntext", some(30).prop_map(wide).boxed()));
    kinds.push(kind(
        "nchar(20)",
        some(10)
            .prop_map(move |mut text: String| {
                text.push_str(&" ".repeat(20 - text.encode_utf16().count()));
                wide(text)
            })
            .boxed(),
    ));
    kinds.push(kind(
        "varchar(120) COLLATE Latin1_General_100_CI_AS_SC_UTF8",
        some(30).prop_map(narrow).boxed(),
    ));
    kinds.push(kind("varchar(max) COLLATE Korean_100_CI_AS_SC_UTF8", some(60).prop_map(narrow).boxed()));
    kinds.push(kind("xml", "<a b=\"[a-z가-힣]{0,5}\">[a-z가-힣 🔧]{1,20}</a>".prop_map(wide).boxed()));
    kinds
}

/// Any character but the one that PostgreSQL cannot store.
pub fn character() -> impl Strategy<Value = char> {
    any::<char>().prop_map(|c| if c == '\0' { '가' } else { c })
}
