//! A condition of the user's, before it is put between the parentheses of a WHERE.
//!
//! What closes one parenthesis too many, a text or a comment would end the statement there, and what follows would be a
//! statement of its own: `1 = 1) DELETE FROM T WHERE (1 = 1`. Only SELECT and SET are ever sent, whatever the login may do.

/// Why the condition would not stay within its parentheses.
pub fn leaves_its_place(condition: &str) -> Option<&'static str> {
    let mut depth = 0u32;
    let mut rest = condition.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\'' | '"' | '[' => {
                let end = if c == '[' { ']' } else { c };
                loop {
                    match rest.next() {
                        None => return Some("a text or a name in it has no end"),
                        // Doubled, it belongs to the text.
                        Some(c) if c == end && rest.next_if_eq(&end).is_none() => break,
                        Some(_) => {}
                    }
                }
            }
            '-' if rest.next_if_eq(&'-').is_some() => {
                while let Some(c) = rest.next_if(|&c| c != '\n') {
                    if c == '\r' && rest.peek().is_some_and(|&c| c != '\n') {
                        return Some("a comment in it holds a carriage return, which may or may not end it");
                    }
                }
            }
            '/' if rest.next_if_eq(&'*').is_some() => {
                // Comments may stand in comments.
                let mut open = 1;
                while open > 0 {
                    match rest.next() {
                        None => return Some("a comment in it has no end"),
                        Some('/') if rest.next_if_eq(&'*').is_some() => open += 1,
                        Some('*') if rest.next_if_eq(&'/').is_some() => open -= 1,
                        Some(_) => {}
                    }
                }
            }
            '(' => depth += 1,
            ')' if depth == 0 => return Some("it closes a parenthesis that it has not opened"),
            ')' => depth -= 1,
            ';' => return Some("it has a semicolon, and is a condition only"),
            _ => {}
        }
    }
    (depth > 0).then_some("a parenthesis in it is not closed")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_stays_within_its_parentheses() {
        for condition in [
            "A = 1",
            "(A = 1 OR B LIKE N'a);''b') AND [C]])] = \"d\"\"e)\"",
            "A - -1 = 1 -- ) a comment\r\n AND B / 2 * 3 = 1",
            "A = 1 /* ) /* ; ' */ ) */ AND B = ']'",
        ] {
            assert_eq!(leaves_its_place(condition), None, "{condition}");
        }
        for condition in [
            "1 = 1) DELETE FROM T WHERE (1 = 1",
            "A = 1; DELETE FROM T",
            "A = 1 --\r) DELETE FROM T WHERE (1 = 1",
            "A = '",
            "[A = 1",
            "A = 1 /* /* */",
            "(A = 1",
            "A = ''')' OR B = ')",
        ] {
            assert!(leaves_its_place(condition).is_some(), "{condition}");
        }
    }

    /// What stays within any parentheses, from texts, names, comments and parentheses that are closed.
    fn closed() -> impl Strategy<Value = String> {
        let quoted = |begin: &'static str, end: char| {
            move |text: String| format!("{begin}{}{end}", text.replace(end, &format!("{end}{end}")))
        };
        let leaf = prop_oneof![
            "(?s).{0,6}".prop_map(quoted("N'", '\'')),
            "(?s).{0,6}".prop_map(quoted("\"", '"')),
            "(?s).{0,6}".prop_map(quoted("[", ']')),
            "[^\r\n]{0,6}".prop_map(|text| format!("--{text}\n")),
            "/\\*[^*/]{0,6}(/\\*[^*/]{0,6}\\*/[^*/]{0,3}){0,3}\\*/",
            "( A |=|<>| AND |1|- 1|/ 2|\\*){1,3}",
        ];
        leaf.prop_recursive(5, 32, 4, |inner| {
            prop::collection::vec(inner, 0..4).prop_map(|parts| format!("({})", parts.concat()))
        })
    }

    proptest! {
        #[test]
        fn what_closes_all_that_it_opens_stays(condition in closed()) {
            prop_assert_eq!(leaves_its_place(&condition), None);
        }

        #[test]
        fn what_stays_leaves_the_parenthesis_around_it_to_others(
            garbage in "(?s).{0,40}", pieces in prop::collection::vec("['\"\\[\\]()\n\r;*/`-]|--|/\\*|\\*/|A|N'", 0..24),
        ) {
            for condition in [garbage, pieces.concat()] {
                let stays = leaves_its_place(&condition).is_none();
                for (around, holds) in
                    [(format!("({condition}\n)"), stays), (format!("({condition}\n) AND (A"), false), (format!("{condition}\n)"), false)]
                {
                    prop_assert!(!stays || leaves_its_place(&around).is_none() == holds, "{:?}", around);
                }
            }
        }
    }

    #[test]
    fn long_garbage_ends() {
        for piece in ["(", ")", "'", "\"", "[", "]", "--", "/*", "*/", "/**/", "()", "''", "[]]", "-", "/"] {
            let _ = leaves_its_place(&piece.repeat(100_000));
        }
        assert_eq!(leaves_its_place(&("(".repeat(100_000) + &")".repeat(100_000))), None);
        assert_eq!(leaves_its_place(&("/*".repeat(100_000) + &"*/".repeat(100_000))), None);
    }
}
