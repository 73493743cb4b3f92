//! Which objects of a source the user means.

use crate::failure::{Failure, Result};

/// The objects that are named, or else all that the patterns leave.
pub fn choose(
    present: &[String],
    named: Option<&[String]>,
    include: &[String],
    exclude: &[String],
) -> Result<Vec<String>> {
    let mut chosen: Vec<String> = Vec::new();
    for object in named.unwrap_or(present) {
        let object = find(present, object)?;
        if !chosen.iter().any(|other| other == object) && !is_left_out(object, include, exclude) {
            chosen.push(object.to_owned());
        }
    }
    match (chosen.is_empty(), present.is_empty()) {
        (false, _) => Ok(chosen),
        (true, true) => {
            Err(Failure::new("the source has no tables or views").hint("or none that the login may see"))
        }
        (true, false) => {
            Err(Failure::new("no table or view of the source is left after --include and --exclude"))
        }
    }
}

/// Finds the object that the user means: spelled as the source does, or the only one that differs just in case.
pub fn find<'a>(objects: &'a [String], wanted: &str) -> Result<&'a str> {
    if let Some(exact) = objects.iter().find(|object| *object == wanted) {
        return Ok(exact);
    }
    let same: Vec<_> =
        objects.iter().filter(|object| object.to_lowercase() == wanted.to_lowercase()).collect();
    // The schema may be left out where only one has such a name, and brackets are as good as none.
    let bare = wanted.replace(['[', ']'], "").to_lowercase();
    let tail = |object: &String| object.to_lowercase().split_once('.').is_some_and(|(_, name)| name == bare);
    let same = match same[..] {
        [] => objects.iter().filter(|object| object.to_lowercase() == bare || tail(object)).collect(),
        _ => same,
    };
    match same[..] {
        [only] => Ok(only),
        [] => {
            Err(Failure::new(format!("the source has no table or view \"{wanted}\"")).hint(match objects {
                [] => "it has none at all".to_owned(),
                _ => format!("it has: {}", objects.join(", ")),
            }))
        }
        _ => Err(Failure::new(format!("\"{wanted}\" could be more than one table or view of the source"))
            .hint("write it exactly as the source does")),
    }
}

/// Whether the patterns leave an object out. A pattern is for the name, or for the name with its schema.
fn is_left_out(object: &str, include: &[String], exclude: &[String]) -> bool {
    let name = object.split_once('.').map_or(object, |(_, name)| name);
    let any = |patterns: &[String]| {
        patterns.iter().any(|pattern| matches(pattern, name) || matches(pattern, object))
    };
    any(exclude) || !include.is_empty() && !any(include)
}

/// `*` stands for anything, `?` for one character; upper and lower case are the same.
fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) =
        (pattern.to_lowercase().chars().collect(), name.to_lowercase().chars().collect());
    let (mut p, mut n, mut star) = (0, 0, None);
    while n < name.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, n));
                p += 1;
            }
            Some(&c) if c == '?' || c == name[n] => {
                p += 1;
                n += 1;
            }
            // The last star takes one character more.
            _ => match star {
                Some((at, taken)) => {
                    star = Some((at, taken + 1));
                    p = at + 1;
                    n = taken + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|&c| c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn patterns_of_names() {
        for (pattern, name) in
            [("B_*", "B_ITEM"), ("*_log", "dbo.T_LOG"), ("b?item", "B_ITEM"), ("*", ""), ("a*b*c", "aXbYbc")]
        {
            assert!(matches(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [("B_*", "AB_ITEM"), ("", "x"), ("a?", "a"), ("a*b", "abc")] {
            assert!(!matches(pattern, name), "{pattern} {name}");
        }
    }

    proptest! {
        #[test]
        fn a_name_matches_itself_with_stars_anywhere(name in "[A-Za-z_]{1,12}", cut in 0usize..12) {
            let cut = cut.min(name.len());
            let pattern = format!("*{}*{}*", &name[..cut], &name[cut..]);
            prop_assert!(matches(&name, &name) && matches(&pattern, &name));
        }
    }
}
