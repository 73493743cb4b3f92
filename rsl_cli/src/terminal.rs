//! Text for a terminal, whatever is in it.

/// What is in a database must neither move the cursor of a terminal nor turn its text round.
pub fn visible(text: &str) -> String {
    // Controls, and what is one in Unicode: directions, isolates, and separators of lines and paragraphs.
    let acts = |c: char| {
        c.is_control()
            || matches!(c, '\u{61c}' | '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars()
        .flat_map(|c| if acts(c) { c.escape_default().collect::<Vec<_>>() } else { vec![c] })
        .collect()
}

/// The same of a text that has lines of its own, such as a message with its hint.
pub fn visible_lines(text: &str) -> String {
    text.split('\n').map(visible).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_acts_on_the_terminal() {
        assert_eq!(visible("a\u{1b}[2J\u{7}\u{202e}b\nc"), "a\\u{1b}[2J\\u{7}\\u{202e}b\\nc");
        assert_eq!(visible_lines("a\u{9b}\nb\r"), "a\\u{9b}\nb\\r");
        assert_eq!(visible("품목 🔧"), "품목 🔧");
    }
}
