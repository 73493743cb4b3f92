//! What a program saw of a set of rows: how many, a digest over rows and over each column, NULLs, exact sums, ends and lengths.
//!
//! The program makes one over the values that it decoded, the extension one over the rows as they are stored.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::canonical::{self, Number, RowHasher};
use crate::digest::Digest;
use crate::encode::{Field, Seen};
use crate::extent::{Extent, Length, Measure, Told};
use crate::sum::Sum;

/// Accumulates rows; any two over the same columns may be added or subtracted.
#[derive(Debug, Clone, Default)]
pub struct Witness {
    rows: Digest,
    columns: Vec<Column>,
    row: RowHasher,
}

/// What was seen of one column.
#[derive(Debug, Clone, Default)]
struct Column {
    digest: Digest,
    nulls: u64,
    /// Only of exact numeric types.
    sum: Option<Sum>,
    extent: Extent,
}

impl Column {
    fn add(&mut self, more: &Column) {
        self.digest += more.digest;
        self.nulls = self.nulls.wrapping_add(more.nulls);
        match (&mut self.sum, &more.sum) {
            (Some(sum), Some(more)) => sum.merge(more),
            // What one of them does not know, both together do not.
            _ => self.sum = None,
        }
        self.extent.merge(&more.extent);
    }

    fn account(&self) -> ColumnAccount {
        let Told { ends, length } = self.extent.tell();
        let (min, max) = ends.unzip();
        ColumnAccount {
            digest: self.digest,
            nulls: self.nulls,
            sum: self.sum.as_ref().map(Sum::to_decimal_string),
            min,
            max,
            length: length.map(|length| length.units),
            astral: length.map_or(0, |length| length.astral),
        }
    }

    /// Reads what [`Column::account`] writes, of so many rows.
    fn from_account(account: ColumnAccount, rows: u64) -> Self {
        let ColumnAccount { digest, nulls, sum, min, max, length, astral } = account;
        let told = Told { ends: min.zip(max), length: length.map(|units| Length { units, astral }) };
        Self {
            digest,
            nulls,
            sum: sum.and_then(|text| Sum::parse(&text).or_else(|| not_a_number(&text))),
            extent: Extent::from_told(&told, rows != nulls),
        }
    }
}

impl Witness {
    /// For columns of which those with `true` are summed.
    pub fn new(summed: impl IntoIterator<Item = bool>) -> Self {
        let columns = summed
            .into_iter()
            .map(|summed| Column { sum: summed.then(Sum::default), ..Column::default() })
            .collect();
        Self { rows: Digest::default(), columns, row: RowHasher::default() }
    }

    /// Rows seen.
    pub fn rows(&self) -> u64 {
        self.rows.count()
    }

    /// The digest over whole rows, which ties the fields of a row together.
    pub fn digest(&self) -> Digest {
        self.rows
    }

    /// Adds the field of column `at`. Fields come in the order of the columns.
    #[inline]
    pub fn add_field(&mut self, at: usize, hash: u128, measure: Measure<'_>) {
        self.row.push(hash);
        let column = &mut self.columns[at];
        column.digest.add_hash(hash);
        if let (Some(sum), Measure::Number(number)) = (&mut column.sum, measure) {
            sum.add(number);
        }
        column.extent.add(measure);
    }

    /// Adds a NULL in column `at`.
    #[inline]
    pub fn add_null(&mut self, at: usize) {
        self.add_field(at, canonical::NULL, Measure::None);
        self.columns[at].nulls += 1;
    }

    /// Ends the row and returns its hash.
    #[inline]
    pub fn end_row(&mut self) -> u128 {
        let hash = self.row.finish();
        self.rows.add_hash(hash);
        hash
    }

    /// Adds a row of encoded fields.
    #[inline]
    pub fn add_row(&mut self, fields: &[Field]) {
        for (at, field) in fields.iter().enumerate() {
            match &field.seen {
                Seen::Null => self.add_null(at),
                Seen::Decimal(form) => self.add_field(at, field.hash, Measure::Number(Number::from(form))),
                Seen::Other(measure) => self.add_field(at, field.hash, *measure),
            }
        }
        self.end_row();
    }

    /// Adds what another saw. Two witnesses of different columns do not add up: `false`, and nothing is added.
    pub fn merge(&mut self, other: &Witness) -> bool {
        if self.columns.is_empty() && self.rows.count() == 0 {
            *self = other.clone();
            return true;
        }
        if self.columns.len() != other.columns.len() {
            return other.rows.count() == 0;
        }
        self.rows += other.rows;
        for (column, more) in self.columns.iter_mut().zip(&other.columns) {
            column.add(more);
        }
        true
    }

    /// Adds the hash of a row, or of a value, of which nothing else is to be known.
    #[inline]
    pub fn add_hash(&mut self, hash: u128) {
        self.rows.add_hash(hash);
    }

    /// Bytes for moving a partial aggregate between processes of one machine.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = self.rows.to_bytes().to_vec();
        out.extend_from_slice(&(self.columns.len() as u32).to_le_bytes());
        for column in &self.columns {
            out.extend_from_slice(&column.digest.to_bytes());
            out.extend_from_slice(&column.nulls.to_le_bytes());
            out.push(u8::from(column.sum.is_some()));
            if let Some(sum) = &column.sum {
                sum.write_to(&mut out);
            }
            column.extent.write_to(&mut out);
        }
        out
    }

    /// Reads [`Witness::to_bytes`]; `None` if they are not one.
    pub fn from_bytes(mut bytes: &[u8]) -> Option<Self> {
        let bytes = &mut bytes;
        let rows = Digest::from_bytes(bytes.split_off(..Digest::SIZE)?.first_chunk()?);
        let len = u32::from_le_bytes(*bytes.split_off(..4)?.first_chunk()?);
        let mut columns = Vec::new();
        for _ in 0..len {
            let digest = Digest::from_bytes(bytes.split_off(..Digest::SIZE)?.first_chunk()?);
            let nulls = u64::from_le_bytes(*bytes.split_off(..8)?.first_chunk()?);
            let sum = if *bytes.split_off_first()? == 0 { None } else { Some(Sum::read_from(bytes)?) };
            columns.push(Column { digest, nulls, sum, extent: Extent::read_from(bytes)? });
        }
        bytes.is_empty().then_some(Self { rows, columns, row: RowHasher::default() })
    }

    /// What was seen of each column, in order.
    pub fn column_accounts(&self) -> impl Iterator<Item = ColumnAccount> {
        self.columns.iter().map(Column::account)
    }

    /// The account to compare and to store, with the columns' names in order.
    pub fn account<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> Account {
        let columns = names.into_iter().zip(self.column_accounts());
        Account {
            rows: self.rows(),
            digest: self.rows,
            columns: columns.map(|(name, column)| (name.to_owned(), serde_json::json!(column))).collect(),
        }
    }
}

/// A witness written down: what `rsl.table_witness` returns and `rsl.load_finish` takes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Account {
    /// Rows seen.
    pub rows: u64,
    /// Over whole rows.
    pub digest: Digest,
    /// By name, each a [`ColumnAccount`], in the order of the columns.
    #[serde(default)]
    pub columns: serde_json::Map<String, serde_json::Value>,
}

/// One column of an [`Account`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnAccount {
    /// Over the column's values.
    pub digest: Digest,
    /// How many are NULL.
    pub nulls: u64,
    /// Exact sum in decimal, of exact numeric columns.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sum: Option<String>,
    /// The smallest value, of numbers, dates and times: a decimal, `YYYY-MM-DD`, `HH:MM:SS.ffffff`, both with a space, and with `Z` in
    /// UTC; without zeros at the end of places.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub min: Option<String>,
    /// The largest value.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub max: Option<String>,
    /// Characters of all texts, without the spaces at the end of `character(n)`, or bytes of all binary values.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub length: Option<u64>,
    /// How many of these characters are beyond U+FFFF, each of which UTF-16 counts as two.
    #[serde(skip_serializing_if = "is_zero", default)]
    pub astral: u64,
}

fn is_zero(value: &u64) -> bool {
    *value == 0
}

impl Account {
    /// The account of one column, if it was given.
    pub fn column(&self, name: &str) -> Option<ColumnAccount> {
        ColumnAccount::deserialize(self.columns.get(name)?).ok()
    }

    /// The account of both sets of rows together. Of a column that one of them does not tell of, it cannot tell either.
    pub fn plus(&self, other: &Account) -> Account {
        let mut total = Total::default();
        total.add(self);
        total.add(other);
        total.account()
    }

    /// It tells of exactly these columns, or of none.
    pub fn is_of<'a>(&self, names: impl ExactSizeIterator<Item = &'a str>) -> bool {
        self.columns.is_empty()
            || self.columns.len() == names.len() && names.into_iter().all(|name| self.column(name).is_some())
    }

    /// The account of the rows that came in between two accounts of one table.
    pub fn since(&self, before: &Account) -> Account {
        let mut columns = serde_json::Map::new();
        for name in self.columns.keys() {
            let Some(after) = self.column(name) else { continue };
            let account = match before.column(name) {
                None => after,
                Some(earlier) => {
                    let sum = after.sum.zip(earlier.sum).and_then(|(after, before)| {
                        let mut sum = Sum::parse(&after)?;
                        sum.subtract(&Sum::parse(&before)?);
                        Some(sum.to_decimal_string())
                    });
                    // What the smallest value was is not to be had by taking away, but where nothing is taken.
                    let nothing = earlier.nulls == before.rows;
                    let length = match nothing {
                        true => after.length,
                        false => {
                            after.length.zip(earlier.length).map(|(after, before)| after.wrapping_sub(before))
                        }
                    };
                    ColumnAccount {
                        digest: after.digest - earlier.digest,
                        nulls: after.nulls.wrapping_sub(earlier.nulls),
                        sum,
                        min: after.min.filter(|_| nothing),
                        max: after.max.filter(|_| nothing),
                        length,
                        astral: after.astral.wrapping_sub(earlier.astral),
                    }
                }
            };
            columns.insert(name.clone(), serde_json::json!(account));
        }
        Account { rows: self.rows.wrapping_sub(before.rows), digest: self.digest - before.digest, columns }
    }

    /// In what two accounts of the same rows differ, one line for each difference, `self` first; none if they
    /// agree. A column that only one of them tells of is compared by the row digest alone.
    pub fn differences(&self, other: &Account, this: &str, that: &str) -> Vec<String> {
        let mut found = Vec::new();
        if self.rows != other.rows {
            // A difference of accounts may be below zero: fewer rows than before.
            found.push(format!("rows: {} in {this}, {} in {that}", self.rows as i64, other.rows as i64));
        }
        let names: BTreeSet<&String> = self.columns.keys().chain(other.columns.keys()).collect();
        for name in names {
            let (Some(a), Some(b)) = (self.column(name), other.column(name)) else { continue };
            if a.nulls != b.nulls {
                found.push(format!("column \"{name}\": {} NULLs in {this}, {} in {that}", a.nulls, b.nulls));
            } else if a.digest != b.digest && self.rows == other.rows {
                let sums = match (&a.sum, &b.sum) {
                    (Some(a), Some(b)) if a != b => format!(" (sum {a} in {this}, {b} in {that})"),
                    _ => match (a.length, b.length) {
                        (Some(a), Some(b)) if a != b => format!(" (length {a} in {this}, {b} in {that})"),
                        _ => String::new(),
                    },
                };
                found.push(format!("column \"{name}\": values differ{sums}"));
            }
        }
        if found.is_empty() && self.digest != other.digest {
            let compared =
                self.columns.keys().all(|name| other.columns.contains_key(name)) && !self.columns.is_empty();
            found.push(match compared {
                true => "the values of every column agree, but not which of them stand in one row".to_owned(),
                false => "the rows differ; in which column, the witness does not tell".to_owned(),
            });
        }
        found
    }
}

/// Adds up accounts of different rows, one after the other and in any order: [`Account::plus`] for thousands of them.
#[derive(Debug, Clone, Default)]
pub struct Total {
    rows: u64,
    digest: Digest,
    /// Those that every account so far told of; none before the first.
    columns: Option<Vec<(String, Column)>>,
}

impl Total {
    /// Adds an account.
    pub fn add(&mut self, account: &Account) {
        self.rows = self.rows.wrapping_add(account.rows);
        self.digest += account.digest;
        if account.rows == 0 && account.columns.is_empty() {
            return;
        }
        match &mut self.columns {
            None => {
                let names = account.columns.keys();
                let columns = names.filter_map(|name| {
                    Some((name.clone(), Column::from_account(account.column(name)?, account.rows)))
                });
                self.columns = Some(columns.collect());
            }
            Some(columns) => columns.retain_mut(|(name, column)| match account.column(name) {
                None => false,
                Some(more) => {
                    column.add(&Column::from_account(more, account.rows));
                    true
                }
            }),
        }
    }

    /// The account of all rows together.
    pub fn account(&self) -> Account {
        let columns = self.columns.iter().flatten();
        let columns = columns.map(|(name, column)| (name.clone(), serde_json::json!(column.account())));
        Account { rows: self.rows, digest: self.digest, columns: columns.collect() }
    }
}

/// The sum of which [`Sum::to_decimal_string`] writes that it is no number.
fn not_a_number(text: &str) -> Option<Sum> {
    let mut sum = Sum::default();
    sum.add(Number::Special(0));
    (sum.to_decimal_string() == text).then_some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Decimal, PgType, Value, encode_value};
    use proptest::collection::vec;
    use proptest::prelude::*;

    fn field(value: &Value<'_>, ty: PgType) -> Field {
        let mut field = Field::NULL;
        encode_value(value, ty, &mut Vec::new(), &mut field).unwrap();
        field
    }

    fn witness(rows: &[(i64, String)]) -> Witness {
        let mut witness = Witness::new([true, false]);
        for (number, text) in rows {
            witness.add_row(&[
                field(&Value::Int(*number), PgType::Int8),
                field(&Value::Text(text), PgType::Text),
            ]);
        }
        witness
    }

    fn account(rows: &[(i64, &str)]) -> Account {
        let rows: Vec<_> = rows.iter().map(|&(n, t)| (n, t.to_owned())).collect();
        witness(&rows).account(["n", "t"])
    }

    #[test]
    fn names_what_differs() {
        let left = account(&[(1, "a"), (2, "b")]);
        let against = |rows: &[(i64, &str)]| left.differences(&account(rows), "source", "target").join("; ");
        assert_eq!(against(&[(2, "b"), (1, "a")]), "");
        assert_eq!(against(&[(1, "a")]), "rows: 2 in source, 1 in target");
        assert_eq!(
            against(&[(1, "a"), (3, "b")]),
            "column \"n\": values differ (sum 3 in source, 4 in target)"
        );
        assert_eq!(
            against(&[(1, "a"), (2, "b ")]),
            "column \"t\": values differ (length 2 in source, 3 in target)"
        );
        assert_eq!(against(&[(1, "a"), (2, "c")]), "column \"t\": values differ");
        assert!(against(&[(1, "b"), (2, "a")]).starts_with("the values of every column agree"));
    }

    #[test]
    fn what_one_account_does_not_tell_the_sum_does_not() {
        let (all, one) = (account(&[(1, "a"), (2, "b")]), account(&[(1, "a")]));
        let mut silent = account(&[(2, "b")]);
        silent.columns.shift_remove("t");
        for sum in [one.plus(&silent), silent.plus(&one)] {
            assert_eq!((sum.rows, sum.digest), (all.rows, all.digest));
            assert_eq!(sum.column("n"), all.column("n"));
            assert_eq!(sum.column("t"), None);
            assert_eq!(sum.differences(&all, "source", "target"), Vec::<String>::new());
        }
        let mut unsummed = account(&[(2, "b")]);
        unsummed.columns["n"].as_object_mut().unwrap().shift_remove("sum");
        assert_eq!(one.plus(&unsummed).column("n").unwrap().sum, None);
        assert_eq!(unsummed.plus(&one).column("n").unwrap().sum, None);
    }

    #[test]
    fn a_sum_that_is_no_number_stays_none() {
        let one = account(&[(1, "a")]);
        let mut special = one.clone();
        special.columns["n"]["sum"] = "NaN".into();
        for sum in [one.plus(&special), special.plus(&one), special.plus(&special)] {
            assert_eq!(sum.column("n").unwrap().sum.as_deref(), Some("NaN"));
        }
    }

    #[test]
    fn an_account_is_of_its_columns() {
        let mut some = account(&[(1, "a")]);
        assert!(some.is_of(["t", "n"].into_iter()));
        assert!(!some.is_of(["n"].into_iter()));
        assert!(!some.is_of(["n", "t", "u"].into_iter()));
        assert!(!some.is_of(["n", "u"].into_iter()));
        some.columns["n"] = 1.into();
        assert!(!some.is_of(["n", "t"].into_iter()));
        some.columns.clear();
        assert!(some.is_of(["n", "t"].into_iter()));
    }

    /// Rows of a decimal, an integer and a text, any of them NULL.
    type Row = (Option<(i128, u8)>, Option<i64>, Option<String>);

    fn account_of(rows: &[Row]) -> Account {
        let mut witness = Witness::new([true, true, false]);
        for (price, number, text) in rows {
            let price = price
                .map_or(Value::Null, |(digits, scale)| Value::Decimal(Decimal::new(digits, scale).unwrap()));
            witness.add_row(&[
                field(&price, PgType::Numeric(Some((38, 10)))),
                field(&number.map_or(Value::Null, Value::Int), PgType::Int8),
                field(&text.as_deref().map_or(Value::Null, Value::Text), PgType::Text),
            ]);
        }
        witness.account(["price", "number", "text"])
    }

    prop_compose! {
        fn any_row()(
            price in proptest::option::of((-10i128.pow(27)..10i128.pow(27), 0u8..=10)),
            number in proptest::option::of(any::<i64>()),
            text in proptest::option::of("\\PC{0,4}"),
        ) -> Row {
            (price, number, text)
        }
    }

    proptest! {
        #[test]
        fn accounts_of_chunks_add_up_in_any_order(
            chunks in vec(vec(any_row(), 0..6), 0..12),
            order in any::<u64>(),
        ) {
            let rows: Vec<Row> = chunks.concat();
            let whole = account_of(&rows);
            let mut accounts: Vec<Account> = chunks.iter().map(|rows| account_of(rows)).collect();
            accounts.sort_by_key(|account| canonical::bytes(format!("{order}{account:?}").as_bytes()));
            let mut total = Total::default();
            accounts.iter().for_each(|account| total.add(account));
            // The sum of nothing has no columns.
            if !chunks.is_empty() {
                prop_assert_eq!(&total.account(), &whole);
                let number: i128 = rows.iter().filter_map(|row| row.1).map(i128::from).sum();
                prop_assert_eq!(whole.column("number").unwrap().sum.unwrap(), number.to_string());
            }
            let one_by_one = accounts.iter().fold(account_of(&[]), |sum, account| account.plus(&sum));
            prop_assert_eq!(one_by_one, whole.clone());
            // Through the books and back.
            let text = serde_json::to_string(&total.account()).unwrap();
            prop_assert_eq!(serde_json::from_str::<Account>(&text).unwrap(), total.account());
            prop_assert_eq!(whole.plus(&Total::default().account()), whole);
        }

        #[test]
        fn parts_add_up_and_take_away(rows in vec((any::<i64>(), "\\PC{0,8}"), 0..20), cut in 0usize..20) {
            let (a, b) = rows.split_at(cut.min(rows.len()));
            let whole = witness(&rows).account(["n", "t"]);
            let mut merged = Witness::from_bytes(&witness(a).to_bytes()).unwrap();
            prop_assert!(merged.merge(&witness(b)));
            prop_assert_eq!(&merged.account(["n", "t"]), &whole);
            let since = whole.since(&witness(a).account(["n", "t"]));
            let mut rest = witness(b).account(["n", "t"]);
            if !a.is_empty() {
              for column in rest.columns.values_mut().filter_map(serde_json::Value::as_object_mut) {
                // The ends of what is left are not to be had by taking away; nothing taken from nothing has no length either.
                column.retain(|what, _| what != "min" && what != "max");
                if b.is_empty() && !column.contains_key("sum") {
                    column.insert("length".to_owned(), 0.into());
                }
              }
            }
            prop_assert_eq!(since, rest);
        }

        #[test]
        fn accounts_round_trip_through_json(rows in vec((any::<i64>(), "\\PC{0,8}"), 0..5)) {
            let account = witness(&rows).account(["n", "t"]);
            let text = serde_json::to_string(&account).unwrap();
            prop_assert_eq!(serde_json::from_str::<Account>(&text).unwrap(), account);
        }

        #[test]
        fn garbage_is_no_witness(bytes in vec(any::<u8>(), 0..200)) {
            let _ = Witness::from_bytes(&bytes);
        }
    }
}
