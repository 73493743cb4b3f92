//! Accounts from JSON. Laws: what was read, written and read again is the same; it does not differ from itself; two add
//! up in any order, and their sum since the one is the other.
#![no_main]

use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use rsl_core::Digest;
use rsl_core::witness::Account;
use serde_json::{Map, Value, json};

/// An account as JSON has it, which the fuzzer would hardly guess.
#[derive(Arbitrary, Debug)]
struct Parts<'a> {
    rows: u64,
    digest: [u8; Digest::SIZE],
    columns: Vec<(u8, Column<'a>)>,
}

#[derive(Arbitrary, Debug)]
enum Column<'a> {
    Told { digest: [u8; Digest::SIZE], nulls: u64, sum: Option<&'a str> },
    Number { digest: [u8; Digest::SIZE], nulls: u64, sum: i128 },
    Any(&'a str),
}

fn account(parts: &Parts<'_>) -> String {
    let print = |digest| Digest::from_bytes(digest).to_string();
    let columns: Map<String, Value> = parts
        .columns
        .iter()
        .map(|(name, column)| {
            let column = match column {
                Column::Told { digest, nulls, sum } => {
                    json!({ "digest": print(digest), "nulls": nulls, "sum": sum })
                }
                Column::Number { digest, nulls, sum } => {
                    json!({ "digest": print(digest), "nulls": nulls, "sum": sum.to_string() })
                }
                Column::Any(text) => serde_json::from_str(text).unwrap_or_default(),
            };
            ((name % 4).to_string(), column)
        })
        .collect();
    json!({ "rows": parts.rows, "digest": print(&parts.digest), "columns": columns }).to_string()
}

fn check(a: &Account, b: &Account) {
    let text = serde_json::to_string(a).expect("an account is JSON");
    assert_eq!(serde_json::from_str::<Account>(&text).ok().as_ref(), Some(a), "{text}");
    assert_eq!(a.differences(a, "this", "that"), Vec::<String>::new());
    assert_eq!(a.differences(b, "", "").is_empty(), b.differences(a, "", "").is_empty());
    let both = a.plus(b);
    assert_eq!(both, b.plus(a));
    let back = both.since(b);
    assert_eq!((back.rows, back.digest), (a.rows, a.digest));
    for name in both.columns.keys() {
        if let (Some(back), Some(a), Some(_)) = (back.column(name), a.column(name), b.column(name)) {
            assert_eq!((back.digest, back.nulls), (a.digest, a.nulls));
        }
    }
}

fuzz_target!(|input: (Parts<'_>, Parts<'_>, &str)| {
    let read = |text: &str| serde_json::from_str::<Account>(text).ok();
    let (Some(a), Some(b)) = (read(&account(&input.0)), read(&account(&input.1))) else {
        unreachable!("the parts are those of an account")
    };
    check(&a, &b);
    if let Some(any) = read(input.2) {
        check(&any, &a);
        check(&b, &any);
    }
});
