//! Checks and foreign keys.

use super::super::expression;
use super::super::name::Names;
use super::super::{Action, Carried, Check, ForeignKey};
use super::{Look, Step, columns, list, named_in_source, numbers, quote, regclass, target};

const DISABLED: &str = "it is disabled in the source";

/// A check, looked at for all rows: one that they violate is listed with their number.
pub fn check(table: &Carried, check: &Check, names: &mut Names) -> Step {
    let what = format!("check {}", check.name);
    let condition = match check.disabled {
        true => Err(DISABLED.to_owned()),
        false => expression::check(&check.definition, &table.columns),
    };
    let condition = match condition {
        Ok(condition) => condition,
        Err(reason) => return Step::made(table, what, Err(reason)),
    };
    let name = names.constraint(&table.target, &check.name);
    let (target, quoted) = (target(table), quote(&name));
    let mut sql = vec![format!("ALTER TABLE {target} ADD CONSTRAINT {quoted} CHECK ({})", condition.sql)];
    sql.extend(named_in_source(&name, &check.name, &format!("CONSTRAINT {quoted} ON {target}")));
    let present = format!(
        "SELECT EXISTS (SELECT FROM pg_constraint WHERE conrelid = {} AND contype = 'c' AND convalidated \
         AND pg_get_expr(conbin, conrelid) = $1)",
        regclass(table)
    );
    let count = format!("SELECT count(*) FROM {target} WHERE NOT ({})", condition.sql);
    let look = Look {
        present: Some(present),
        condition: Some((target, condition.sql)),
        count: Some((count, ["row violates it", "rows violate it"])),
        untrusted: !check.trusted,
        ..Look::default()
    };
    let weaker = condition.weaker.then(|| {
        "it says which texts are refused, and PostgreSQL compares texts exactly: it lets pass what differs from them in case, \
         width or spaces at the end"
            .to_owned()
    });
    Step { weaker, ..Step::made(table, what, Ok((sql, look))) }
}

/// A foreign key, if the table that it refers to was loaded as well.
pub fn foreign_key(table: &Carried, key: &ForeignKey, tables: &[Carried], names: &mut Names) -> Step {
    let what = format!("foreign key {}", key.name);
    Step::made(table, what, reference(table, key, tables, names))
}

fn reference(
    table: &Carried,
    key: &ForeignKey,
    tables: &[Carried],
    names: &mut Names,
) -> Result<(Vec<String>, Look), String> {
    if key.disabled {
        return Err(DISABLED.to_owned());
    }
    let parent = tables
        .iter()
        .find(|parent| parent.object == key.parent)
        .or_else(|| tables.iter().find(|parent| parent.object.to_lowercase() == key.parent.to_lowercase()))
        .ok_or_else(|| format!("{}, which it refers to, was not loaded", key.parent))?;
    let (own, others) = (columns(table, &key.columns)?, columns(parent, &key.parent_columns)?);
    if own.is_empty() || own.len() != others.len() {
        return Err("its columns do not pair with those that it refers to".to_owned());
    }
    let name = names.constraint(&table.target, &key.name);
    let (child_sql, parent_sql, quoted) = (target(table), target(parent), quote(&name));
    let mut sql = vec![format!(
        "ALTER TABLE {child_sql} ADD CONSTRAINT {quoted} FOREIGN KEY ({}) REFERENCES {parent_sql} ({}){}{}",
        list(&own),
        list(&others),
        on("DELETE", key.on_delete),
        on("UPDATE", key.on_update),
    )];
    sql.extend(named_in_source(&name, &key.name, &format!("CONSTRAINT {quoted} ON {child_sql}")));
    let present = format!(
        "SELECT EXISTS (SELECT FROM pg_constraint WHERE contype = 'f' AND convalidated AND conrelid = {} AND confrelid = {} \
         AND conkey = {} AND confkey = {} AND confdeltype = '{}' AND confupdtype = '{}')",
        regclass(table),
        regclass(parent),
        numbers(table, &own),
        numbers(parent, &others),
        letter(key.on_delete),
        letter(key.on_update),
    );
    let filled: Vec<_> =
        own.iter().map(|column| format!("c.{} IS NOT NULL", quote(&column.target))).collect();
    let same: Vec<_> = own
        .iter()
        .zip(&others)
        .map(|(own, other)| format!("p.{} = c.{}", quote(&other.target), quote(&own.target)))
        .collect();
    let orphans = format!(
        "SELECT count(*) FROM {child_sql} c WHERE {} AND NOT EXISTS (SELECT FROM {parent_sql} p WHERE {})",
        filled.join(" AND "),
        same.join(" AND ")
    );
    let look = Look {
        present: Some(present),
        count: Some((
            orphans,
            ["row refers to a row that is not there", "rows refer to rows that are not there"],
        )),
        untrusted: !key.trusted,
        ..Look::default()
    };
    Ok((sql, look))
}

fn on(event: &str, action: Action) -> String {
    let action = match action {
        Action::NoAction => return String::new(),
        Action::Cascade => "CASCADE",
        Action::SetNull => "SET NULL",
        Action::SetDefault => "SET DEFAULT",
    };
    format!(" ON {event} {action}")
}

/// As the catalogue has it.
fn letter(action: Action) -> char {
    match action {
        Action::NoAction => 'a',
        Action::Cascade => 'c',
        Action::SetNull => 'n',
        Action::SetDefault => 'd',
    }
}
