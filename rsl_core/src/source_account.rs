//! What a source says of its own rows, computed by SQL that runs there: the first witness, which no driver has touched but for these
//! few figures. It has no digest, and tells of a column only what that source can compute exactly.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::extent::{Extent, Told};
use crate::sum::Sum;
use crate::witness::{Account, ColumnAccount};

/// The source's own account of some rows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceAccount {
    /// Rows as the source counts them.
    pub rows: u64,
    /// By the name of the target's column. Of a column that is not here, the source says nothing.
    #[serde(default)]
    pub columns: BTreeMap<String, SourceColumn>,
}

/// One column of a [`SourceAccount`]. What is `None`, the source cannot compute.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceColumn {
    /// How many are NULL.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub nulls: Option<u64>,
    /// Exact sum in decimal.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sum: Option<String>,
    /// The smallest value, in the words of [`ColumnAccount::min`].
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub min: Option<String>,
    /// The largest value.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub max: Option<String>,
    /// Characters of all texts, or bytes of all binary values.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub length: Option<u64>,
    /// The same of texts in units of UTF-16, from a source that counts in these.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub utf16: Option<u64>,
}

/// In how many columns two accounts could be compared, by what was compared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compared {
    /// In any respect.
    pub columns: u64,
    /// By their NULLs.
    pub nulls: u64,
    /// By their sums.
    pub sums: u64,
    /// By their smallest and largest values.
    pub ends: u64,
    /// By the length of their texts or binary values.
    pub lengths: u64,
}

impl SourceAccount {
    /// What is wrong with an account that somebody wrote, if anything is.
    pub fn mistake(&self) -> Option<String> {
        self.columns.iter().find_map(|(name, column)| {
            let what = column.mistake(self.rows)?;
            Some(format!("column \"{name}\": {what}"))
        })
    }

    /// The account of both sets of rows together. What one of them does not tell, both together do not.
    pub fn plus(&self, other: &SourceAccount) -> SourceAccount {
        if self.rows == 0 && self.columns.is_empty() {
            return other.clone();
        }
        if other.rows == 0 && other.columns.is_empty() {
            return self.clone();
        }
        let both = self.columns.iter().filter_map(|(name, column)| {
            Some((name.clone(), column.plus(self.rows, other.columns.get(name)?, other.rows)))
        });
        SourceAccount { rows: self.rows.wrapping_add(other.rows), columns: both.collect() }
    }

    /// In what the rows that were seen differ from this account, one line for each difference; none if they agree in all that
    /// both tell of. `place` is where they were seen. Of so many rows as are `left_out` only the source tells: what was seen must lie
    /// within its account, and sums say nothing.
    pub fn differences(&self, seen: &Account, left_out: u64, place: &str) -> Vec<String> {
        let mut found = Vec::new();
        if self.rows != seen.rows.wrapping_add(left_out) {
            found.push(format!("{} rows by the source's own account, {} {place}", self.rows, seen.rows));
        }
        for (name, column) in &self.columns {
            let Some(seen) = seen.column(name) else { continue };
            for pair in column.pairs(&seen, left_out) {
                if !pair.agrees {
                    let Pair { what, told, seen, .. } = pair;
                    found.push(format!(
                        "column \"{name}\": {what} {told} by the source's own account, {seen} {place}"
                    ));
                }
            }
        }
        found
    }

    /// In how many columns [`SourceAccount::differences`] compares, by what.
    pub fn compared(&self, seen: &Account, left_out: u64) -> Compared {
        let mut compared = Compared::default();
        for (name, column) in &self.columns {
            let Some(seen) = seen.column(name) else { continue };
            let pairs = column.pairs(&seen, left_out);
            let has = |respect: Respect| u64::from(pairs.iter().any(|pair| pair.respect == respect));
            compared.columns += u64::from(!pairs.is_empty());
            compared.nulls += has(Respect::Nulls);
            compared.sums += has(Respect::Sum);
            compared.ends += has(Respect::Ends);
            compared.lengths += has(Respect::Length);
        }
        compared
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Respect {
    Nulls,
    Sum,
    Ends,
    Length,
}

/// Two figures that should be equal, or one of which should lie within the other.
struct Pair {
    respect: Respect,
    what: &'static str,
    told: String,
    seen: String,
    agrees: bool,
}

impl SourceColumn {
    fn mistake(&self, rows: u64) -> Option<String> {
        if let Some(nulls) = self.nulls.filter(|&nulls| nulls > rows) {
            return Some(format!("{nulls} NULLs in {rows} rows"));
        }
        if self.sum.as_deref().is_some_and(|sum| Sum::parse(sum).is_none()) {
            return Some("the sum is no decimal number".to_owned());
        }
        if self.min.is_some() != self.max.is_some() {
            return Some("a smallest value without a largest, or the other way round".to_owned());
        }
        // Read and written again, it is the same.
        let ends = self.min.clone().zip(self.max.clone());
        let told = Told { ends: ends.clone(), length: None };
        if ends.is_some() && Extent::from_told(&told, true).tell().ends != ends {
            return Some("the smallest or the largest value is none as a witness writes them".to_owned());
        }
        None
    }

    /// Whether there is no value at all, so that there can be no smallest one.
    fn is_empty(&self, rows: u64) -> bool {
        rows == 0 || self.nulls == Some(rows)
    }

    fn plus(&self, rows: u64, other: &SourceColumn, other_rows: u64) -> SourceColumn {
        let sum = self.sum.as_ref().zip(other.sum.as_ref()).and_then(|(a, b)| {
            let mut sum = Sum::parse(a)?;
            sum.merge(&Sum::parse(b)?);
            Some(sum.to_decimal_string())
        });
        let ends = |column: &SourceColumn, rows: u64| {
            let told = Told { ends: column.min.clone().zip(column.max.clone()), length: None };
            Extent::from_told(&told, !column.is_empty(rows))
        };
        let mut extent = ends(self, rows);
        extent.merge(&ends(other, other_rows));
        let (min, max) = extent.tell().ends.unzip();
        let add = |a: Option<u64>, b: Option<u64>| a.zip(b).map(|(a, b)| a.wrapping_add(b));
        SourceColumn {
            nulls: add(self.nulls, other.nulls),
            sum,
            min,
            max,
            length: add(self.length, other.length),
            utf16: add(self.utf16, other.utf16),
        }
    }

    /// What both tell.
    fn pairs(&self, seen: &ColumnAccount, left_out: u64) -> Vec<Pair> {
        let mut pairs = Vec::new();
        let mut pair = |respect, what, told: &dyn ToString, seen: &dyn ToString, agrees| {
            pairs.push(Pair { respect, what, told: told.to_string(), seen: seen.to_string(), agrees });
        };
        if let Some(told) = self.nulls {
            let agrees = (seen.nulls..=seen.nulls.saturating_add(left_out)).contains(&told);
            pair(Respect::Nulls, "NULLs", &told, &seen.nulls, agrees);
        }
        if let (Some(told), Some(seen), 0) = (&self.sum, &seen.sum, left_out) {
            pair(Respect::Sum, "sum", told, seen, told == seen);
        }
        let ends = |min: &Option<String>, max: &Option<String>| min.clone().zip(max.clone());
        if let (Some(told), Some(seen)) = (ends(&self.min, &self.max), ends(&seen.min, &seen.max)) {
            let within = |seen: (String, String)| {
                let extent = |ends| Extent::from_told(&Told { ends: Some(ends), length: None }, true);
                let mut both = extent(told.clone());
                both.merge(&extent(seen));
                both.tell().ends
            };
            // Told again by an extent that has seen both: the end of the source, or it was no end.
            let (min, max) = match left_out {
                0 => (told.0 == seen.0, told.1 == seen.1),
                _ => within(seen.clone()).map_or((false, false), |(min, max)| (min == told.0, max == told.1)),
            };
            pair(Respect::Ends, "smallest value", &told.0, &seen.0, min);
            pair(Respect::Ends, "largest value", &told.1, &seen.1, max);
        }
        let units = seen.length.map(|length| length.wrapping_add(seen.astral));
        for (what, told, seen) in
            [("length", self.length, seen.length), ("length in UTF-16", self.utf16, units)]
        {
            if let (Some(told), Some(seen)) = (told, seen) {
                let agrees = if left_out == 0 { told == seen } else { told >= seen };
                pair(Respect::Length, what, &told, &seen, agrees);
            }
        }
        pairs
    }
}

#[cfg(test)]
mod tests;
