//! Rows that cannot be loaded: how they are shown, and how those that were mended are found again by their keys.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use rsl_core::encode::Field;
use rsl_core::temporal::{date_text, time_text, timestamp_text};
use rsl_core::{PgType, Value, encode_value};
use serde_json::{Value as Json, json};

use crate::source::Key;

/// Rejects beyond those that are allowed that are still looked for, so that they can be mended together.
pub const LISTED: u64 = 1000;

/// A value as JSON, from which it could be made again. What jsonb cannot hold is an object that says how it is written.
pub fn shown(value: &Value<'_>) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(value) => json!(value),
        Value::Int(value) => json!(value),
        Value::Text(text) if text.contains('\0') => {
            json!({ "escaped": text.replace('\\', "\\\\").replace('\0', "\\u0000") })
        }
        // A number with an exponent, or a zero with a sign, would not come back as it was.
        Value::Float4(value) => json!(format!("{value:?}")),
        Value::Float8(value) => json!(format!("{value:?}")),
        Value::Decimal(value) => json!(value.to_string()),
        Value::Text(text) => json!(text),
        Value::Bytes(bytes) => json!(format!("\\x{}", hexadecimal(bytes))),
        Value::Date(days) => json!(date_text(*days)),
        Value::Time(ticks) => json!(time_text(*ticks)),
        Value::Timestamp(ticks) => json!(timestamp_text(*ticks)),
        Value::TimestampTz(ticks) => json!(timestamp_text(*ticks) + "+00:00"),
        Value::Uuid(bytes) => {
            let hex = hexadecimal(bytes);
            json!([&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-"))
        }
    }
}

/// Bytes that are no text as they should be.
pub fn shown_bytes(bytes: &[u8]) -> Json {
    json!({ "bytes": hexadecimal(bytes) })
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Rows to be read by their keys, and which of them have come.
#[derive(Debug)]
pub struct Wanted {
    /// Of the key's columns, by position among the columns of the table.
    pub columns: Vec<usize>,
    /// In words that the source understands.
    pub keys: Vec<Key>,
    types: Vec<PgType>,
    /// By the key as it is encoded for the target: there 1.5 and 1.50 are one.
    rejects: HashMap<Vec<u8>, Sought>,
    rows: Mutex<Seen>,
}

/// The rejects that have one key.
#[derive(Debug)]
struct Sought {
    numbers: Vec<i64>,
    key: Key,
}

#[derive(Debug, Default)]
struct Seen {
    rows: u64,
    keys: std::collections::HashSet<Vec<u8>>,
}

impl Wanted {
    /// For rejects, each its number and its key in the order of `columns`, which are of these types in the target.
    pub fn new(
        columns: Vec<usize>,
        types: Vec<PgType>,
        rejects: impl IntoIterator<Item = (i64, Key)>,
    ) -> Self {
        let mut by_key: HashMap<Vec<u8>, Sought> = HashMap::new();
        let mut keys = Vec::new();
        for (number, mut key) in rejects {
            for (text, ty) in key.iter_mut().zip(&types) {
                // As SQL Server reads it, too.
                if matches!(ty, PgType::TimestampTz(_)) && text.ends_with("+00") {
                    text.push_str(":00");
                }
            }
            let encoded = encoded_texts(&key, &types);
            let sought = by_key.entry(encoded).or_insert_with(|| {
                keys.push(key.clone());
                Sought { numbers: Vec::new(), key }
            });
            sought.numbers.push(number);
        }
        Self { columns, keys, types, rejects: by_key, rows: Mutex::default() }
    }

    /// Whether the row is one of them; if it is, it has come.
    pub fn takes(&self, values: &[Value<'_>]) -> bool {
        let key: Vec<_> = self.columns.iter().map(|&at| values[at]).collect();
        let encoded = encoded(&key, &self.types);
        if !self.rejects.contains_key(&encoded) {
            return false;
        }
        let mut seen = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        seen.rows += 1;
        seen.keys.insert(encoded);
        true
    }

    /// Forgets what has come, because it is read again from the beginning.
    pub fn begin(&self) {
        *self.rows.lock().unwrap_or_else(PoisonError::into_inner) = Seen::default();
    }

    /// Rows that have come.
    pub fn rows(&self) -> u64 {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner).rows
    }

    /// The numbers of the rejects whose rows have come and whose keys are not among those refused again.
    pub fn went_in(&self, refused: &[Key]) -> Vec<i64> {
        let refused: Vec<_> = refused.iter().map(|key| encoded_texts(key, &self.types)).collect();
        let seen = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        let is_in = |key: &&Vec<u8>| seen.keys.contains(*key) && !refused.contains(key);
        let mut numbers: Vec<i64> =
            self.rejects.keys().filter(is_in).flat_map(|key| self.rejects[key].numbers.clone()).collect();
        numbers.sort_unstable();
        numbers
    }

    /// Keys that the source did not give.
    pub fn missing(&self) -> Vec<&Key> {
        let seen = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        let mut missing: Vec<_> = self
            .rejects
            .iter()
            .filter(|(key, _)| !seen.keys.contains(*key))
            .map(|(_, sought)| sought)
            .collect();
        missing.sort_by_key(|sought| sought.numbers.first().copied());
        missing.into_iter().map(|sought| &sought.key).collect()
    }
}

fn encoded_texts(key: &[String], types: &[PgType]) -> Vec<u8> {
    let bytes: Vec<Option<Vec<u8>>> = key
        .iter()
        .zip(types)
        .map(|(text, ty)| matches!(ty, PgType::Bytea).then(|| bytes_of(text)).flatten())
        .collect();
    let values: Vec<_> = key
        .iter()
        .zip(types)
        .zip(&bytes)
        .map(|((text, ty), bytes)| match (bytes, ty) {
            (Some(bytes), _) => Value::Bytes(bytes),
            (None, PgType::Float4 | PgType::Float8) => text.parse().map_or(Value::Text(text), Value::Float8),
            _ => Value::Text(text),
        })
        .collect();
    encoded(&values, types)
}

/// The bytes of `\x…`.
fn bytes_of(text: &str) -> Option<Vec<u8>> {
    let digits = text.strip_prefix("\\x")?.as_bytes().as_chunks::<2>();
    let byte = |pair: &[u8; 2]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    digits.1.is_empty().then(|| digits.0.iter().map(byte).collect()).flatten()
}

/// A key as it would stand in the target; what cannot, by its text.
fn encoded(values: &[Value<'_>], types: &[PgType]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut field = Field::NULL;
    for (value, &ty) in values.iter().zip(types) {
        let value = match (value, ty) {
            // Padding is not part of it.
            (Value::Text(text), PgType::Char(_)) => &Value::Text(text.trim_end_matches(' ')),
            (value, _) => value,
        };
        let start = out.len();
        if encode_value(value, ty, &mut out, &mut field).is_err() {
            out.truncate(start);
            let text = match shown(value) {
                Json::String(text) => text,
                other => other.to_string(),
            };
            // No field is as long as this.
            out.extend_from_slice(&i32::MIN.to_be_bytes());
            out.extend_from_slice(text.as_bytes());
            out.push(0);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_shown_without_loss() {
        assert_eq!(shown(&Value::Text("a\\b")), json!("a\\b"));
        assert_eq!(shown(&Value::Text("a\\\0")), json!({"escaped": "a\\\\\\u0000"}));
        assert_eq!(shown(&Value::Float8(-0.0)), json!("-0.0"));
        assert_eq!(shown(&Value::Float8(f64::NAN)), json!("NaN"));
        assert_eq!(shown(&Value::Float8(0.1)), json!("0.1"));
        assert_eq!(shown(&Value::Bytes(&[0, 255])), json!("\\x00ff"));
        assert_eq!(shown(&Value::Int(i64::MIN)), json!(i64::MIN));
    }

    #[test]
    fn rows_are_found_by_their_keys_as_the_target_has_them() {
        let key = |texts: [&str; 3]| texts.map(str::to_owned).to_vec();
        let types = vec![PgType::Numeric(Some((10, 2))), PgType::Bytea, PgType::Char(4)];
        let wanted = Wanted::new(
            vec![2, 0, 1],
            types,
            [
                (7, key(["1.50", "\\x0aff", "a"])),
                (8, key(["1.5", "\\x0AFF", "a   "])),
                (9, key(["2", "\\x", "b"])),
            ],
        );
        assert_eq!(wanted.keys.len(), 2);
        let row = |number| [Value::Bytes(&[10, 255]), Value::Text("a "), number];
        assert!(wanted.takes(&row(Value::Float8(1.5))));
        assert!(!wanted.takes(&row(Value::Int(2))));
        assert!(!wanted.takes(&row(Value::Text("no number"))));
        assert_eq!((wanted.rows(), wanted.went_in(&[])), (1, vec![7, 8]));
        assert_eq!(wanted.went_in(&[key(["1.500", "\\x0aff", "a"])]), Vec::<i64>::new());
        assert_eq!(wanted.missing(), [&key(["2", "\\x", "b"])]);
    }
}
