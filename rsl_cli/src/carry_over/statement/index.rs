//! Unique constraints and indexes.
//!
//! SQL Server takes two NULLs for the same value in a unique index. PostgreSQL does so from version 15 on, if it is told to.
//! An index of PostgreSQL has its NULLs last, so that it serves what ORDER BY means there.

use super::super::expression::{self, Condition};
use super::super::name::Names;
use super::super::{Carried, Column, Index};
use super::{Look, Step, columns, list, named_in_source, numbers, quote, regclass, target};

/// The first version with NULLS NOT DISTINCT.
const NULLS_NOT_DISTINCT: i32 = 150_000;

/// An index, or the unique constraint that it serves.
pub fn index(table: &Carried, index: &Index, version: i32, names: &mut Names) -> Step {
    let kind = match (index.constraint, index.unique) {
        (true, _) => "unique constraint",
        (false, true) => "unique index",
        (false, false) => "index",
    };
    let what = format!("{kind} {}", index.name);
    match parts(table, index, version) {
        Ok(parts) => {
            let weaker = parts.weaker.clone();
            Step { weaker, ..Step::made(table, what, Ok(made(table, index, &parts, names))) }
        }
        Err(reason) => Step::made(table, what, Err(reason)),
    }
}

/// An index, as far as it depends on nothing but the source.
struct Parts<'a> {
    key: Vec<&'a Column>,
    include: Vec<&'a Column>,
    filter: Option<Condition>,
    unique: bool,
    /// `Some(true)`: NULLs are equal. `None`: the server does not know of the question.
    nulls_equal: Option<bool>,
    weaker: Option<String>,
}

fn parts<'a>(table: &'a Carried, index: &Index, version: i32) -> Result<Parts<'a>, String> {
    let names: Vec<_> = index.columns.iter().map(|column| column.name.clone()).collect();
    let key = columns(table, &names)?;
    if key.is_empty() {
        return Err("it has no columns by which it is ordered".to_owned());
    }
    let include = columns(table, &index.include)?;
    let filter = match &index.filter {
        Some(filter) => {
            let filter = expression::filter(filter, &table.columns);
            Some(filter.map_err(|reason| format!("its filter {reason}"))?)
        }
        None => None,
    };
    let unique = index.unique || index.constraint;
    let never_null = |column: &&Column| {
        let filled = filter.iter().flat_map(|filter| &filter.not_null);
        column.not_null || filled.into_iter().any(|name| name.eq_ignore_ascii_case(&column.source))
    };
    let nulls_equal = unique && !key.iter().all(never_null);
    let known = version >= NULLS_NOT_DISTINCT;
    let weaker = (nulls_equal && !known).then(|| {
        "more than one row may have NULL, which PostgreSQL refuses only from version 15 on".to_owned()
    });
    Ok(Parts { key, include, filter, unique, nulls_equal: known.then_some(nulls_equal), weaker })
}

fn made(table: &Carried, index: &Index, parts: &Parts<'_>, names: &mut Names) -> (Vec<String>, Look) {
    let name = names.relation(&table.target, &index.name);
    let quoted = quote(&name);
    let nulls = if parts.nulls_equal == Some(true) { " NULLS NOT DISTINCT" } else { "" };
    let ordered: Vec<_> = parts
        .key
        .iter()
        .zip(&index.columns)
        .map(|(column, of)| quote(&column.target) + if of.descending { " DESC" } else { "" })
        .collect();
    let include = match parts.include.is_empty() {
        true => String::new(),
        false => format!(" INCLUDE ({})", list(&parts.include)),
    };
    let target = target(table);
    let (make, thing) = if index.constraint {
        names.take_constraint(&table.target, &name);
        (
            format!(
                "ALTER TABLE {target} ADD CONSTRAINT {quoted} UNIQUE{nulls} ({}){include}",
                list(&parts.key)
            ),
            format!("CONSTRAINT {quoted} ON {target}"),
        )
    } else {
        let unique = if parts.unique { "UNIQUE " } else { "" };
        let filter = parts.filter.as_ref().map_or(String::new(), |filter| format!(" WHERE {}", filter.sql));
        (
            format!(
                "CREATE {unique}INDEX {quoted} ON {target} ({}){include}{nulls}{filter}",
                ordered.join(", ")
            ),
            format!("INDEX {}.{quoted}", quote(&table.target.0)),
        )
    };
    let mut sql = vec![make];
    sql.extend(named_in_source(&name, &index.name, &thing));
    let condition = parts.filter.as_ref().map(|filter| (target.clone(), filter.sql.clone()));
    let look = Look {
        present: Some(present(table, index, parts)),
        condition,
        count: parts.unique.then(|| twice(&target, parts)),
        ..Look::default()
    };
    (sql, look)
}

/// Whether there is such an index, whatever its name.
fn present(table: &Carried, index: &Index, parts: &Parts<'_>) -> String {
    let all: Vec<_> = parts.key.iter().chain(&parts.include).copied().collect();
    let order: Vec<_> = index
        .columns
        .iter()
        // Bits of pg_index.indoption: descending, and NULLs first, which goes with it.
        .map(|column| if column.descending && !index.constraint { "3" } else { "0" })
        .collect();
    let nulls = match parts.nulls_equal {
        Some(equal) if parts.unique => format!(" AND i.indnullsnotdistinct = {equal}"),
        _ => String::new(),
    };
    let filter = match parts.filter.is_some() {
        true => "pg_get_expr(i.indpred, i.indrelid) = $1",
        false => "i.indpred IS NULL",
    };
    format!(
        "SELECT EXISTS (SELECT FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am m ON m.oid = c.relam \
         WHERE i.indrelid = {} AND i.indisvalid AND i.indexprs IS NULL AND m.amname = 'btree' \
         AND i.indisunique = {} AND i.indnkeyatts = {} AND ARRAY(SELECT unnest(i.indkey::int2[])) = {} \
         AND ARRAY(SELECT unnest(i.indoption::int2[])) = ARRAY[{}]::int2[]{nulls} AND {filter})",
        regclass(table),
        parts.unique,
        parts.key.len(),
        numbers(table, &all),
        order.join(", "),
    )
}

fn twice(target: &str, parts: &Parts<'_>) -> (String, [&'static str; 2]) {
    let key = list(&parts.key);
    let mut conditions: Vec<String> = parts.filter.iter().map(|filter| format!("({})", filter.sql)).collect();
    if parts.nulls_equal != Some(true) {
        conditions.extend(parts.key.iter().map(|column| format!("{} IS NOT NULL", quote(&column.target))));
    }
    let filter = match conditions.is_empty() {
        true => String::new(),
        false => format!(" WHERE {}", conditions.join(" AND ")),
    };
    (
        format!("SELECT count(*) FROM (SELECT FROM {target}{filter} GROUP BY {key} HAVING count(*) > 1) q"),
        ["key occurs more than once", "keys occur more than once"],
    )
}
