//! How texts compare under a collation. The order is SQL Server's in kind, not in every character: signs before digits
//! before letters, case and width ignored or not as the collation says, spaces at the end never counted.

use std::cmp::Ordering;

use super::code_page;
use crate::collation::Collation;

/// The name under which SQLite knows a collation; a binary one compares bytes where the text is not wide.
pub fn sqlite_name(collation: &Collation, wide: bool) -> String {
    if collation.binary && !wide { format!("{}#narrow", collation.name) } else { collation.name.to_owned() }
}

/// Compares two texts.
pub fn compare(left: &str, right: &str, collation: &Collation, wide: bool) -> Ordering {
    if collation.binary {
        return compare_binary(left, right, collation.code_page, wide);
    }
    let order = compare_keys(left, right, |c| key(c, collation));
    if order == Ordering::Equal && collation.case_sensitive {
        // Texts that differ in case only: small letters first.
        return compare_keys(left, right, |c| (u8::from(c.is_uppercase()), c));
    }
    order
}

/// Whether two characters are the same under a collation.
pub fn same(left: char, right: char, collation: &Collation) -> bool {
    left == right
        || (!collation.binary
            && key(left, collation) == key(right, collation)
            && (!collation.case_sensitive || left.is_uppercase() == right.is_uppercase()))
}

/// Whether a character lies between two others, as a range of LIKE asks.
pub fn between(low: char, c: char, high: char, collation: &Collation) -> bool {
    if collation.binary {
        return (low..=high).contains(&c);
    }
    (key(low, collation)..=key(high, collation)).contains(&key(c, collation))
}

fn compare_keys<K: Ord>(left: &str, right: &str, key: impl Fn(char) -> K) -> Ordering {
    let (mut left, mut right) = (left.chars(), right.chars());
    loop {
        // The shorter text goes on in spaces.
        let (a, b) = match (left.next(), right.next()) {
            (None, None) => return Ordering::Equal,
            (a, b) => (a.unwrap_or(' '), b.unwrap_or(' ')),
        };
        if a != b {
            let order = key(a).cmp(&key(b));
            if order != Ordering::Equal {
                return order;
            }
        }
    }
}

fn compare_binary(left: &str, right: &str, page: u16, wide: bool) -> Ordering {
    let (left, right) = (left.trim_end_matches(' '), right.trim_end_matches(' '));
    if left.is_ascii() && right.is_ascii() {
        left.cmp(right)
    } else if wide {
        left.encode_utf16().cmp(right.encode_utf16())
    } else {
        code_page::encode_lossy(left, page).cmp(&code_page::encode_lossy(right, page))
    }
}

/// Class and folded character.
fn key(c: char, collation: &Collation) -> (u8, char) {
    let c = match c {
        'a'..='z' => return (3, c),
        'A'..='Z' => return (3, c.to_ascii_lowercase()),
        '0'..='9' => return (2, c),
        '\0'..='\x7f' => return (1, c),
        // Full width is the same as half.
        '\u{ff01}'..='\u{ff5e}' => {
            return key(char::from_u32(c as u32 - 0xFEE0).unwrap_or(c), collation);
        }
        '\u{3000}' => return (1, ' '),
        // Katakana is the same as hiragana.
        '\u{30a1}'..='\u{30f6}' => char::from_u32(c as u32 - 0x60).unwrap_or(c),
        other => other,
    };
    let mut lower = c.to_lowercase();
    let folded = match (lower.next(), lower.next()) {
        (Some(only), None) => only,
        _ => c,
    };
    let folded = if collation.accent_sensitive { folded } else { without_accent(folded) };
    match folded {
        'a'..='z' => (3, folded),
        _ if folded.is_alphabetic() => (4, folded),
        _ if folded.is_numeric() => (2, folded),
        _ => (1, folded),
    }
}

/// The letter below the accent, of the letters of Western Europe.
fn without_accent(c: char) -> char {
    match c {
        'à'..='å' => 'a',
        'ç' => 'c',
        'è'..='ë' => 'e',
        'ì'..='ï' => 'i',
        'ñ' => 'n',
        'ò'..='ö' | 'ø' => 'o',
        'ù'..='ü' => 'u',
        'ý' | 'ÿ' => 'y',
        other => other,
    }
}

/// LIKE: `%`, `_`, `[a-z]`, `[^a-z]` and an escape character.
pub fn like(text: &str, pattern: &str, escape: Option<char>, collation: &Collation) -> bool {
    let text: Vec<char> = text.chars().collect();
    let pattern: Vec<char> = pattern.chars().collect();
    matches(&text, &pattern, escape, collation)
}

fn matches(mut text: &[char], mut pattern: &[char], escape: Option<char>, collation: &Collation) -> bool {
    // Where to go on after a percent sign that has taken too little: the pattern behind it and the text from there.
    let mut retry: Option<(&[char], &[char])> = None;
    loop {
        let step = match pattern {
            [] if text.is_empty() => return true,
            ['%', rest @ ..] => {
                if rest.is_empty() {
                    return true;
                }
                retry = Some((rest, text));
                pattern = rest;
                continue;
            }
            _ => one(text, pattern, escape, collation),
        };
        match step {
            Some(rest) => {
                pattern = rest;
                text = &text[1..];
            }
            None => {
                let Some((after, from)) = retry else { return false };
                let [_, later @ ..] = from else { return false };
                retry = Some((after, later));
                pattern = after;
                text = later;
            }
        }
    }
}

/// The rest of a pattern whose first element matches the first character.
fn one<'a>(
    text: &[char],
    pattern: &'a [char],
    escape: Option<char>,
    collation: &Collation,
) -> Option<&'a [char]> {
    let c = *text.first()?;
    match pattern {
        [first, literal, rest @ ..] if Some(*first) == escape => same(c, *literal, collation).then_some(rest),
        ['_', rest @ ..] => Some(rest),
        ['[', set @ ..] => {
            let (negated, set) = match set {
                ['^', set @ ..] => (true, set),
                _ => (false, set),
            };
            // A bracket that is first in the set is a member of it.
            let end = set.iter().skip(1).position(|&c| c == ']')? + 1;
            let (mut members, rest) = (&set[..end], &set[end + 1..]);
            let mut found = false;
            while let [first, after @ ..] = members {
                if let ['-', last, after @ ..] = after {
                    found |= between(*first, c, *last, collation);
                    members = after;
                } else {
                    found |= same(c, *first, collation);
                    members = after;
                }
            }
            (found != negated).then_some(rest)
        }
        [first, rest @ ..] => same(c, *first, collation).then_some(rest),
        [] => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collation::find;

    fn sorted<'a>(mut texts: Vec<&'a str>, name: &str, wide: bool) -> Vec<&'a str> {
        texts.sort_by(|a, b| compare(a, b, find(name).unwrap(), wide));
        texts
    }

    #[test]
    fn order_follows_the_collation() {
        let texts = vec!["b", "_", "B", "a ", "A", "1", "가", "é", "e"];
        assert_eq!(
            sorted(texts.clone(), "Korean_Wansung_CS_AS", true),
            ["_", "1", "a ", "A", "b", "B", "e", "é", "가"]
        );
        assert_eq!(
            sorted(texts, "Korean_Wansung_BIN2", true),
            ["1", "A", "B", "_", "a ", "b", "e", "é", "가"]
        );
        // In UTF-16 a character beyond 65536 sorts before U+FF21; in UTF-8 after it.
        assert_eq!(sorted(vec!["Ａ", "𠮷"], "Latin1_General_BIN2", true), ["𠮷", "Ａ"]);
        // In code page 949 the syllable that KS X 1001 lacks sorts by its bytes.
        assert_eq!(sorted(vec!["뷁", "각", "똠"], "Korean_Wansung_BIN2", false), ["똠", "뷁", "각"]);
    }

    #[test]
    fn equal_texts() {
        let ci = find("Korean_Wansung_CI_AS").unwrap();
        for (left, right) in [("abc", "ABC  "), ("Ａ１", "a1"), ("カ", "か"), ("", "   ")] {
            assert_eq!(compare(left, right, ci, true), Ordering::Equal, "{left} {right}");
        }
        for (left, right) in [("e", "é"), ("a", "a\u{a0}"), (" a", "a")] {
            assert_ne!(compare(left, right, ci, true), Ordering::Equal, "{left} {right}");
        }
        let ai = find("Latin1_General_CI_AI").unwrap();
        assert_eq!(compare("É", "e", ai, true), Ordering::Equal);
        let bin = find("Korean_Wansung_BIN").unwrap();
        assert_eq!(compare("a", "a ", bin, true), Ordering::Equal);
    }

    #[test]
    fn patterns() {
        let (ci, bin) = (find("Latin1_General_CI_AS").unwrap(), find("Latin1_General_BIN2").unwrap());
        for (text, pattern, expected) in [
            ("abc", "A%", true),
            ("abc", "%b%", true),
            ("abc", "a_c", true),
            ("abc", "a_", false),
            ("a%c", "a[%]c", true),
            ("abc", "a!%c", false),
            ("a%c", "a!%c", true),
            ("5", "[0-9]", true),
            ("x", "[^0-9]", true),
            ("x]", "x[]]", true),
            ("", "%", true),
            ("", "_", false),
            ("aaab", "%aab", true),
            ("O'R-0000007", "O'R-%7", true),
        ] {
            assert_eq!(like(text, pattern, Some('!'), ci), expected, "{text} LIKE {pattern}");
        }
        assert!(!like("abc", "A%", None, bin));
    }
}
