//! The key of a row, as the user writes it.

use serde::de::IgnoredAny;
use serde_json::Value;

use crate::failure::{Failure, Result};

/// The JSON object that `rsl.history` takes, of a table with these key columns. Values that are not written as JSON go as texts, which
/// the server reads as the types of the columns.
pub fn parse(text: &str, columns: &[String]) -> Result<String> {
    if text.trim_start().starts_with('{') {
        // Only looked at, not read: a number stays as it was written.
        return match serde_json::from_str::<IgnoredAny>(text) {
            Ok(_) => Ok(text.to_owned()),
            Err(error) => Err(Failure::new(format!("the key begins as JSON and is none: {error}")).hint(
                format!("{}; a value that begins with {{ is written as COLUMN=VALUE", expected(columns)),
            )),
        };
    }
    let values = match columns {
        [only] => vec![(only, strip_name(text, only).unwrap_or(text))],
        _ => pairs(text, columns)?,
    };
    let object = values.into_iter().map(|(name, value)| (name.clone(), Value::String(value.to_owned())));
    Ok(Value::Object(object.collect()).to_string())
}

/// `COLUMN=VALUE[,COLUMN=VALUE...]`. A comma ends a value only where the name of another key column follows.
fn pairs<'a>(text: &'a str, columns: &'a [String]) -> Result<Vec<(&'a String, &'a str)>> {
    let wrong = |what: String| Err(Failure::new(what).hint(expected(columns)));
    let mut waiting: Vec<&String> = columns.iter().collect();
    let mut found = Vec::new();
    let mut rest = Some(text);
    while let Some(text) = rest {
        let Some((at, value)) = begin(text, &waiting) else {
            return wrong(match found.is_empty() {
                true => "the key has several columns, and this names none of them".to_owned(),
                false => "the key has other columns".to_owned(),
            });
        };
        let name = waiting.remove(at);
        let end = value.match_indices(',').find(|(comma, _)| begin(&value[comma + 1..], &waiting).is_some());
        let end = end.map(|(comma, _)| comma);
        found.push((name, &value[..end.unwrap_or(value.len())]));
        rest = end.map(|comma| &value[comma + 1..]);
    }
    match waiting.first() {
        Some(name) => wrong(format!("the key has a column {name}, too")),
        None => Ok(found),
    }
}

/// Which of the columns the text begins with, and what follows behind the sign of equality. Of two that fit, the longer name.
fn begin<'a>(text: &'a str, columns: &[&String]) -> Option<(usize, &'a str)> {
    let fits =
        columns.iter().enumerate().filter_map(|(at, name)| strip_name(text, name).map(|value| (at, value)));
    fits.min_by_key(|(_, value)| value.len())
}

/// What follows behind `NAME=`, in whatever case the name is.
fn strip_name<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let text = text.trim_start();
    let (begin, rest) = (text.get(..name.len())?, text.get(name.len()..)?);
    rest.trim_start().strip_prefix('=').filter(|_| begin.eq_ignore_ascii_case(name))
}

fn expected(columns: &[String]) -> String {
    let pairs: Vec<String> = columns.iter().map(|name| format!("{name}=VALUE")).collect();
    let object: Vec<String> =
        columns.iter().map(|name| format!("{}: …", Value::String(name.clone()))).collect();
    format!("write {} or {{{}}}", pairs.join(","), object.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Map, json};

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn read(text: &str, columns: &[&str]) -> Value {
        serde_json::from_str(&parse(text, &names(columns)).unwrap()).unwrap()
    }

    fn refused(text: &str, columns: &[&str]) -> String {
        parse(text, &names(columns)).unwrap_err().to_string()
    }

    #[test]
    fn one_column_is_its_value() {
        for value in ["A-100", "", " a ", "1.10", "-7", "품목,2", "x=y", "\"quoted\"", "[1]", "a,code"] {
            assert_eq!(read(value, &["code"]), json!({"code": value}));
            assert_eq!(read(&format!("code={value}"), &["code"]), json!({"code": value}));
            assert_eq!(read(&format!("CODE = {value}"), &["code"])["code"], json!(format!(" {value}")));
        }
        assert_eq!(read("code={odd", &["code"]), json!({"code": "{odd"}));
        assert_eq!(read("code=", &["code"]), json!({"code": ""}));
    }

    #[test]
    fn several_columns_are_pairs() {
        let columns = ["item_cd", "seq"];
        assert_eq!(read("item_cd=A,seq=10", &columns), json!({"item_cd": "A", "seq": "10"}));
        assert_eq!(read("seq=10, ITEM_CD=A,B=C", &columns), json!({"item_cd": "A,B=C", "seq": "10"}));
        assert_eq!(read("item_cd=A,,seq=", &columns), json!({"item_cd": "A,", "seq": ""}));
        assert_eq!(read("a=b=1,a=2", &["a", "a=b"]), json!({"a=b": "1", "a": "2"}));
        assert_eq!(read("품목=A,순서=1", &["품목", "순서"]), json!({"품목": "A", "순서": "1"}));
        for wrong in ["", "A", "A,10", "item=A,seq=10", "=", ",", "item_cd", "[1,2]", "품목=A"] {
            let said = refused(wrong, &columns);
            assert!(
                said.contains("hint: write item_cd=VALUE,seq=VALUE or {\"item_cd\": …, \"seq\": …}"),
                "{said}"
            );
        }
        assert!(refused("item_cd=A", &columns).contains("a column seq, too"));
        assert!(refused("item_cd=A,item_cd=B", &columns).contains("a column seq, too"));
    }

    #[test]
    fn json_goes_as_it_is() {
        for text in ["{}", " {\"code\": 1.10}", "{\"code\": 1e400}", "{\"a\": {\"b\": []}}"] {
            assert_eq!(parse(text, &names(&["code"])).unwrap(), text);
        }
        for text in ["{", "{A-100}", "{\"code\": }", "{\"code\": 1} 2", "{\"code\": 1}, seq=2", "{'code': 1}"]
        {
            assert!(refused(text, &["code"]).contains("begins as JSON"), "{text}");
        }
    }

    proptest! {
        #[test]
        fn whatever_comes_ends_in_an_object_or_a_hint(text in "\\PC{0,40}", columns in proptest::collection::vec("[a-c=, 품]{1,4}", 1..4)) {
            match parse(&text, &columns) {
                Ok(object) => prop_assert!(serde_json::from_str::<Map<String, Value>>(&object).is_ok()),
                Err(failed) => prop_assert!(failed.advice().is_some()),
            }
        }

        #[test]
        fn pairs_are_read_as_they_were_written(values in proptest::collection::vec("[^=]{0,12}", 3)) {
            let columns = names(&["plant", "line", "at"]);
            let text: Vec<String> = columns.iter().zip(&values).map(|(name, value)| format!("{name}={value}")).collect();
            let object: Value = serde_json::from_str(&parse(&text.join(","), &columns).unwrap()).unwrap();
            for (name, value) in columns.iter().zip(&values) {
                prop_assert_eq!(&object[name.as_str()], &json!(value));
            }
        }
    }
}
