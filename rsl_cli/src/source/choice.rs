//! Which objects of a source the user means.

use crate::failure::{Failure, Result};

/// So many names are shown when the one that was meant is not there: all of a small source, the nearest of a large one.
const SHOWN: usize = 8;
/// How alike names must be to be near, from 0 to 1.
const NEAR: f64 = 0.6;

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
    let unbracketed = wanted.replace("[", "").replace("]]", "\0").replace(']', "").replace('\0', "]");
    let written = [wanted.to_lowercase(), unbracketed.to_lowercase()];
    let is_meant = |object: &&String| {
        let object = object.to_lowercase();
        let name = without_schema(&object).to_owned();
        written.contains(&object) || written.contains(&name)
    };
    let same = match same[..] {
        [] => objects.iter().filter(is_meant).collect(),
        _ => same,
    };
    match same[..] {
        [only] => Ok(only),
        [] => Err(Failure::new(format!("the source has no table or view \"{wanted}\""))
            .hint(instead(objects, &written[1]))),
        _ => Err(Failure::new(format!("\"{wanted}\" could be more than one table or view of the source"))
            .hint("write it exactly as the source does")),
    }
}

/// What there is, if what was wanted is not.
fn instead(objects: &[String], wanted: &str) -> String {
    if objects.is_empty() {
        return "it has none at all, or none that the login may see".to_owned();
    }
    if objects.len() <= SHOWN {
        return format!("it has: {}", objects.join(", "));
    }
    let wanted = without_schema(wanted);
    let likeness = |object: &String| {
        let object = object.to_lowercase();
        let name = without_schema(&object);
        let begins = name.starts_with(wanted) || wanted.starts_with(name);
        strsim::normalized_damerau_levenshtein(name, wanted).max(if begins { NEAR } else { 0.0 })
    };
    let mut near: Vec<_> = objects.iter().map(|object| (likeness(object), object.as_str())).collect();
    near.retain(|(likeness, _)| *likeness >= NEAR);
    near.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    let near: Vec<_> = near.into_iter().take(SHOWN).map(|(_, object)| object).collect();
    match near.is_empty() {
        true => {
            format!("none of its {} tables and views has a name like it; rsl check lists them", objects.len())
        }
        false => format!("its nearest names are: {}", near.join(", ")),
    }
}

/// The name behind the schema, if there is a schema.
fn without_schema(object: &str) -> &str {
    object.split_once('.').map_or(object, |(_, name)| name)
}

/// Whether the patterns leave an object out. A pattern is for the name, or for the name with its schema.
fn is_left_out(object: &str, include: &[String], exclude: &[String]) -> bool {
    let name = without_schema(object);
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

    #[test]
    fn names_are_found_as_people_write_them() {
        let objects = ["dbo.Order Details", "dbo.a]b", "dbo.ITEM", "mes.ITEM", "mes.item"].map(str::to_owned);
        for (wanted, found) in [
            ("order details", "dbo.Order Details"),
            ("[dbo].[Order Details]", "dbo.Order Details"),
            ("A]B", "dbo.a]b"),
            ("[dbo].[a]]b]", "dbo.a]b"),
            ("DBO.item", "dbo.ITEM"),
            ("mes.item", "mes.item"),
        ] {
            assert_eq!(find(&objects, wanted).unwrap(), found, "{wanted}");
        }
        for wanted in ["item", "MES.Item"] {
            assert!(find(&objects, wanted).unwrap_err().what().contains("more than one"), "{wanted}");
        }
    }

    #[test]
    fn names_that_are_near_are_told() {
        let of = |count: usize, wanted: &str| {
            let mut objects: Vec<String> = (0..count).map(|n| format!("dbo.Z_{n}")).collect();
            objects.extend(["dbo.B_ITEM", "dbo.B_ITEM_BOM", "dbo.S_ORDER"].map(str::to_owned));
            find(&objects, wanted).unwrap_err().advice().unwrap_or_default().to_owned()
        };
        assert_eq!(of(50, "mes.b_itme"), "its nearest names are: dbo.B_ITEM");
        assert_eq!(of(50, "B_ITEMS"), "its nearest names are: dbo.B_ITEM, dbo.B_ITEM_BOM");
        assert_eq!(
            of(50, "품목"),
            "none of its 53 tables and views has a name like it; rsl check lists them"
        );
        assert_eq!(of(0, "x"), "it has: dbo.B_ITEM, dbo.B_ITEM_BOM, dbo.S_ORDER");
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
