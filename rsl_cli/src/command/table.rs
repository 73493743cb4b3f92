//! Tables as people read them on a terminal.

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, ContentArrangement, Table};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// A table with a heading; columns named in `numbers` are aligned to the right.
pub fn new(heading: &[&str], numbers: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Dynamic).set_header(heading);
    for (at, name) in heading.iter().enumerate() {
        if numbers.contains(name)
            && let Some(column) = table.column_mut(at)
        {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

/// 1234567 as 1,234,567.
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<_> = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy).collect();
    groups.join(",")
}

/// `1 row`, `1,234 rows`.
pub fn count(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", thousands(number), if number == 1 { one } else { many })
}

/// Shortens the texts of one column so that each row fits into one line of `width`, but never to less than `least`.
pub fn fit<const N: usize>(heading: &[&str; N], rows: &mut [[String; N]], column: usize, width: u16) {
    let least = 24;
    let others = (0..N)
        .filter(|at| *at != column)
        .map(|at| rows.iter().map(|row| row[at].width()).chain([heading[at].width()]).max().unwrap_or(0));
    // A blank stands on either side of each column.
    let room = usize::from(width).saturating_sub(others.sum::<usize>() + 2 * N).max(least);
    for row in rows {
        row[column] = shortened(&row[column], room);
    }
}

/// At most this wide; what does not fit is replaced by an ellipsis.
pub fn shortened(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut left = width.saturating_sub(1);
    let fits = |c: &char| {
        let wide = c.width().unwrap_or(0);
        let fits = wide <= left;
        left = left.saturating_sub(wide);
        fits
    };
    text.chars().take_while(fits).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_long_text_is_cut_between_characters() {
        assert_eq!(shortened("볼트 M8", 10), "볼트 M8");
        assert_eq!(shortened("볼트 M8", 5), "볼트…");
        assert_eq!(shortened("", 0), "");
    }

    #[test]
    fn rows_fit_into_the_terminal() {
        let mut rows = [["1".to_owned(), "품목 ".repeat(40)], ["22".to_owned(), "short".to_owned()]];
        fit(&["n", "what"], &mut rows, 1, 60);
        assert_eq!(rows[1][1], "short");
        assert!(rows[0][1].ends_with('…') && rows[0][1].width() <= 60 - 2 - 4, "{}", rows[0][1]);
        fit(&["n", "what"], &mut rows, 1, 3);
        assert!(rows[0][1].width() <= 24 && rows[0][1].width() > 20);
    }

    proptest! {
        #[test]
        fn what_is_shortened_fits(text in "\\PC{0,60}", width in 1usize..40) {
            let short = shortened(&text, width);
            prop_assert!(short.width() <= width.max(1));
            prop_assert!(short == text || short.ends_with('…') && text.starts_with(short.trim_end_matches('…')));
        }
    }
}
