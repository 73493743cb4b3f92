//! Compares a table of the source with a target, value by value, as PostgreSQL prints them.
//!
//! Nothing of RSL takes part: the texts of the source go into a table of texts, and PostgreSQL's own input functions make
//! values of them.

use crate::pair::Pair;
use anyhow::{Context, Result, bail, ensure};
use rusqlite::types::ValueRef;
use std::fmt::Write as _;

/// Fails with a few of the rows that are on one side only, if there are any.
pub fn assert_same(pair: &Pair, object: &str, target: &str) -> Result<()> {
    let columns = columns(pair, target)?;
    let mirror = fill(pair, object)?;
    let printed = |prefix: &str| {
        let list = columns.iter().map(|(name, ty)| format!("({prefix}\"{name}\"::{ty})::text"));
        list.collect::<Vec<_>>().join(", ")
    };
    let (source, found) = (
        format!("SELECT {} FROM {mirror} m", printed("m.")),
        format!("SELECT {} FROM {target} t", printed("t.")),
    );
    let differences = pair.database.rows(&format!(
        "SET extra_float_digits = 1; SET timezone = 'UTC';
         (SELECT 'only in the source: ' || s::text FROM ({source} EXCEPT ALL {found}) s LIMIT 3)
         UNION ALL (SELECT 'only in the target: ' || t::text FROM ({found} EXCEPT ALL {source}) t LIMIT 3)"
    ))?;
    ensure!(differences.is_empty(), "{object} and {target} differ:\n{differences}");
    Ok(())
}

/// The exact sum of each whole and decimal column of the source, as a decimal without zeros at its end.
pub fn sums(pair: &Pair, object: &str, target: &str) -> Result<Vec<(String, String)>> {
    let columns = columns(pair, target)?;
    let mirror = fill(pair, object)?;
    let exact =
        |ty: &str| ["smallint", "integer", "bigint", "numeric"].iter().any(|exact| ty.starts_with(exact));
    columns
        .into_iter()
        .filter(|(_, ty)| exact(ty))
        .map(|(name, ty)| {
            let sum = format!("SELECT trim_scale(coalesce(sum(\"{name}\"::{ty}::numeric), 0)) FROM {mirror}");
            Ok((name, pair.database.value(&sum)?))
        })
        .collect()
}

/// Name and type of each column of a target.
fn columns(pair: &Pair, target: &str) -> Result<Vec<(String, String)>> {
    let list = pair.database.rows(&format!(
        "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute
         WHERE attrelid = '{target}'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum"
    ))?;
    list.lines()
        .map(|line| {
            let (name, ty) = line.split_once('|').context("a name and a type")?;
            Ok((name.to_owned(), ty.to_owned()))
        })
        .collect()
}

/// Writes the texts of the source's rows into a new table, whose name is returned.
fn fill(pair: &Pair, object: &str) -> Result<String> {
    let source = pair.source()?;
    let mut select = source.prepare(&format!("SELECT * FROM \"{object}\""))?;
    let names: Vec<String> = select.column_names().map(str::to_lowercase).collect();
    let mirror = format!("mirror_{}", object.to_lowercase());
    let list: Vec<String> = names.iter().map(|name| format!("\"{name}\" text")).collect();
    let mut script =
        format!("DROP TABLE IF EXISTS {mirror}; CREATE UNLOGGED TABLE {mirror} ({});\n", list.join(", "));
    writeln!(script, "COPY {mirror} FROM STDIN;")?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        for at in 0..names.len() {
            if at > 0 {
                script.push('\t');
            }
            match row.get_ref(at)? {
                ValueRef::Null => script.push_str("\\N"),
                ValueRef::Integer(value) => write!(script, "{value}")?,
                ValueRef::Real(value) => write!(script, "{value:e}")?,
                ValueRef::Text(text) => escape(&mut script, std::str::from_utf8(text)?)?,
                ValueRef::Blob(bytes) => {
                    script.push_str("\\\\x");
                    bytes.iter().try_for_each(|byte| write!(script, "{byte:02x}"))?;
                }
            }
        }
        script.push('\n');
    }
    script.push_str("\\.\n");
    pair.database.run(&script)?;
    Ok(mirror)
}

/// As COPY wants a text.
fn escape(script: &mut String, text: &str) -> Result<()> {
    for character in text.chars() {
        match character {
            '\\' => script.push_str("\\\\"),
            '\n' => script.push_str("\\n"),
            '\r' => script.push_str("\\r"),
            '\t' => script.push_str("\\t"),
            '\0' => bail!("a text with a NUL has no mirror"),
            other => script.push(other),
        }
    }
    Ok(())
}
