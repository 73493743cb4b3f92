use super::*;
use crate::{Decimal, PgType, Value, Witness, encode::Field, encode_value};
use proptest::collection::vec;
use proptest::prelude::*;

type Row = (Option<i64>, Option<(i64, u8)>, Option<String>, Option<i32>);

const TYPES: [PgType; 4] = [PgType::Int8, PgType::Numeric(None), PgType::Text, PgType::Date];
const NAMES: [&str; 4] = ["n", "d", "t", "day"];

fn decimal(value: (i64, u8)) -> Decimal {
    Decimal::new(value.0.into(), value.1).unwrap()
}

/// What a witness of the stream sees.
fn seen(rows: &[Row]) -> Account {
    let mut witness = Witness::new(TYPES.map(PgType::is_exact_number));
    for (n, d, t, day) in rows {
        let values = [
            n.map_or(Value::Null, Value::Int),
            d.map_or(Value::Null, |d| Value::Decimal(decimal(d))),
            t.as_deref().map_or(Value::Null, Value::Text),
            day.map_or(Value::Null, Value::Date),
        ];
        let fields = values.iter().zip(TYPES).map(|(value, ty)| {
            let mut field = Field::NULL;
            if *value != Value::Null {
                encode_value(value, ty, &mut Vec::new(), &mut field).unwrap();
            }
            field
        });
        witness.add_row(&fields.collect::<Vec<_>>());
    }
    witness.account(NAMES)
}

/// The same as a source tells it that counts in UTF-16.
fn told(rows: &[Row]) -> SourceAccount {
    let seen = seen(rows);
    let columns = NAMES.into_iter().filter_map(|name| {
        let column = seen.column(name)?;
        let told = SourceColumn {
            nulls: Some(column.nulls),
            sum: column.sum,
            min: column.min,
            max: column.max,
            length: None,
            utf16: (name == "t").then(|| {
                rows.iter()
                    .filter_map(|row| row.2.as_ref())
                    .map(|text| text.encode_utf16().count() as u64)
                    .sum()
            }),
        };
        Some((name.to_owned(), told))
    });
    SourceAccount { rows: rows.len() as u64, columns: columns.collect() }
}

fn rows() -> impl Strategy<Value = Vec<Row>> {
    use proptest::option::of;
    vec((of(any::<i64>()), of((any::<i64>(), 0u8..19)), of("[a가🔧]{0,4}"), of(-700_000..700_000i32)), 0..12)
}

proptest! {
    #[test]
    fn parts_add_up_to_the_whole(rows in rows(), cut in 0usize..12, other in 0usize..12) {
        let (cut, other) = (cut.min(rows.len()), other.min(rows.len()));
        let (first, last) = (cut.min(other), cut.max(other));
        let parts = [told(&rows[..first]), told(&rows[first..last]), told(&rows[last..])];
        for part in &parts {
            prop_assert_eq!(part.mistake(), None);
            let written = serde_json::to_string(part).unwrap();
            prop_assert_eq!(&serde_json::from_str::<SourceAccount>(&written).unwrap(), part);
        }
        let sum = parts[0].plus(&parts[1]).plus(&parts[2]);
        let turned = parts[2].plus(&parts[0].plus(&parts[1]));
        prop_assert_eq!(&sum, &told(&rows));
        prop_assert_eq!(&turned, &sum);
        prop_assert_eq!(sum.differences(&seen(&rows), 0, "in the stream"), Vec::<String>::new());
        prop_assert_eq!(SourceAccount::default().plus(&sum), sum.clone());
        let compared = sum.compared(&seen(&rows), 0);
        prop_assert_eq!((compared.columns, compared.nulls, compared.sums), (4, 4, 2));
    }

    #[test]
    fn one_value_that_changes_is_seen(rows in rows().prop_filter("a value", |rows| rows.iter().any(|row| row.0.is_some())), by in 1i64..1000) {
        let mut changed = rows.clone();
        if let Some(value) = changed.iter_mut().find_map(|row| row.0.as_mut()) {
            *value = value.wrapping_add(by);
        }
        let found = told(&rows).differences(&seen(&changed), 0, "in the stream");
        prop_assert!(found[0].starts_with("column \"n\": sum "), "{:?}", found);
    }

    #[test]
    fn what_was_read_lies_within_the_account_of_more_rows(rows in rows(), left_out in 0usize..12, far in any::<i32>()) {
        let read = &rows[left_out.min(rows.len())..];
        let left_out = (rows.len() - read.len()) as u64;
        let whole = told(&rows);
        prop_assert_eq!(whole.differences(&seen(read), left_out, "in the stream"), Vec::<String>::new());
        let compared = whole.compared(&seen(read), left_out);
        prop_assert_eq!(compared.sums == 0, left_out > 0);
        // A row less than that is a row that is missing.
        prop_assert!(!whole.differences(&seen(read), left_out + 1, "in the stream").is_empty());
        // A value that lies outside, and a NULL too many, are seen.
        let Some((first, others)) = read.split_first() else { return Ok(()) };
        let far = i64::from(far) + if far < 0 { i64::MIN / 2 } else { i64::MAX / 2 };
        let mut outside = others.to_vec();
        outside.push((Some(far), first.1, first.2.clone(), first.3));
        let inside = rows.iter().filter_map(|row| row.0);
        let is_inside = inside.clone().min() <= Some(far) && inside.max() >= Some(far);
        let found = whole.differences(&seen(&outside), left_out, "in the stream");
        let is_seen = found.iter().any(|line| line.contains("smallest value") || line.contains("largest value"));
        prop_assert!(is_seen || is_inside || rows.iter().all(|row| row.0.is_none()), "{:?}", found);
    }

    #[test]
    fn garbage_is_a_mistake_or_is_kept_as_it_is(sum in "\\PC{0,12}", min in "\\PC{0,12}|[-0-9:. Z]{0,24}", max in "\\PC{0,12}") {
        let column = SourceColumn { sum: Some(sum), min: Some(min), max: Some(max), ..SourceColumn::default() };
        let account = SourceAccount { rows: 1, columns: [("n".to_owned(), column)].into() };
        let _ = (account.mistake(), account.plus(&account), account.differences(&seen(&[]), 0, "in the stream"));
    }
}

#[test]
fn what_one_part_does_not_tell_the_whole_does_not() {
    let row: Row = (Some(1), Some((15, 1)), Some("a".to_owned()), Some(0));
    let whole = told(std::slice::from_ref(&row));
    let mut silent = whole.clone();
    silent.columns.remove("t");
    if let Some(column) = silent.columns.get_mut("n") {
        (column.min, column.max, column.sum) = (None, None, None);
    }
    for sum in [whole.plus(&silent), silent.plus(&whole)] {
        assert_eq!(sum.rows, 2);
        assert!(!sum.columns.contains_key("t"));
        let column = &sum.columns["n"];
        assert_eq!((&column.min, &column.sum, column.nulls), (&None, &None, Some(0)));
        assert_eq!(sum.columns["d"].sum.as_deref(), Some("3"));
    }
}

#[test]
fn both_figures_are_named() {
    let row = |n, text: &str| (Some(n), None, Some(text.to_owned()), None);
    let found = told(&[row(5, "🔧")]).differences(&seen(&[row(7, "가")]), 0, "in the stream");
    assert_eq!(
        found,
        [
            "column \"n\": sum 5 by the source's own account, 7 in the stream",
            "column \"n\": smallest value 5 by the source's own account, 7 in the stream",
            "column \"n\": largest value 5 by the source's own account, 7 in the stream",
            "column \"t\": length in UTF-16 2 by the source's own account, 1 in the stream",
        ]
    );
}
