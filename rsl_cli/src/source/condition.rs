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
            '-' if rest.next_if_eq(&'-').is_some() => while rest.next_if(|&c| c != '\n').is_some() {},
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

    #[test]
    fn what_stays_within_its_parentheses() {
        for condition in [
            "A = 1",
            "(A = 1 OR B LIKE N'a);''b') AND [C]])] = \"d\"\"e)\"",
            "A - -1 = 1 -- ) a comment\n AND B / 2 * 3 = 1",
            "A = 1 /* ) /* ; ' */ ) */ AND B = ']'",
        ] {
            assert_eq!(leaves_its_place(condition), None, "{condition}");
        }
        for condition in [
            "1 = 1) DELETE FROM T WHERE (1 = 1",
            "A = 1; DELETE FROM T",
            "A = '",
            "[A = 1",
            "A = 1 /* /* */",
            "(A = 1",
            "A = ''')' OR B = ')",
        ] {
            assert!(leaves_its_place(condition).is_some(), "{condition}");
        }
    }
}
