//! The statements that make in PostgreSQL what the source has.

mod column;
mod constraint;
mod index;

#[cfg(test)]
mod tests;

use super::{Carried, Column, Surroundings, find, quote_text};
use crate::target::plan::quote;

/// One thing that is carried over, or is not.
#[derive(Debug, Clone)]
pub struct Step {
    /// Table of the source.
    pub table: String,
    /// For people: "foreign key FK_LINE_ORDER".
    pub what: String,
    /// What makes it, in one transaction; or why it is not carried over.
    pub sql: Result<Vec<String>, String>,
    /// How the target has less of it than the source.
    pub(super) weaker: Option<String>,
    pub(super) look: Look,
}

/// What is looked at in the target before and after. All are queries.
#[derive(Debug, Clone, Default)]
pub(super) struct Look {
    /// True if the target has it already. `$1` is what the server makes of `condition`, if there is one.
    pub present: Option<String>,
    /// A condition on rows of this table, both in SQL.
    pub condition: Option<(String, String)>,
    /// Why it cannot be made, if it returns a row.
    pub obstacle: Option<String>,
    /// What stands in its place. That is kept, unless it is the same.
    pub keeps: Option<String>,
    /// What is to be done if the target has it already.
    pub again: Vec<String>,
    /// How many rows, keys or others are in its way, and what is said of one and of several.
    pub count: Option<(String, [&'static str; 2])>,
    /// The source has not looked at its own rows either.
    pub untrusted: bool,
}

impl Step {
    fn new(table: &Carried, what: String, sql: Result<Vec<String>, String>) -> Self {
        Self { table: table.object.clone(), what, sql, weaker: None, look: Look::default() }
    }

    /// From what was made together with what is to be looked at.
    fn made(table: &Carried, what: String, made: Result<(Vec<String>, Look), String>) -> Self {
        match made {
            Ok((sql, look)) => Self { look, ..Self::new(table, what, Ok(sql)) },
            Err(reason) => Self::new(table, what, Err(reason)),
        }
    }
}

/// All that the tables of a run have. What others need comes first; foreign keys come last, so that tables may refer to each
/// other in a circle.
pub fn statements(tables: &[Carried], surroundings: &Surroundings) -> Vec<Step> {
    let mut names = surroundings.names.clone();
    let mut steps = Vec::new();
    for table in tables {
        let structure = &table.structure;
        steps.extend(structure.computed.iter().filter_map(|computed| column::computed(table, computed)));
        steps.extend(
            structure.identities.iter().map(|identity| column::identity(table, identity, &mut names)),
        );
        steps.extend(structure.defaults.iter().filter_map(|default| column::default(table, default)));
        for index in structure.uniques.iter().chain(&structure.indexes) {
            steps.push(index::index(table, index, surroundings.version, &mut names));
        }
        steps.extend(structure.checks.iter().map(|check| constraint::check(table, check, &mut names)));
        for other in &structure.others {
            steps.push(Step::new(table, other.what.clone(), Err(other.reason.clone())));
        }
    }
    for table in tables {
        for key in &table.structure.foreign_keys {
            steps.push(constraint::foreign_key(table, key, tables, &mut names));
        }
    }
    steps
}

/// The target, qualified and quoted.
fn target(table: &Carried) -> String {
    format!("{}.{}", quote(&table.target.0), quote(&table.target.1))
}

/// The target as a constant of type regclass.
fn regclass(table: &Carried) -> String {
    format!("{}::regclass", quote_text(&target(table)))
}

fn column<'a>(table: &'a Carried, name: &str) -> Result<&'a Column, String> {
    find(&table.columns, name).ok_or_else(|| format!("its column {name} was not loaded"))
}

fn columns<'a>(table: &'a Carried, names: &[String]) -> Result<Vec<&'a Column>, String> {
    names.iter().map(|name| column(table, name)).collect()
}

/// Names in the target, quoted.
fn list(columns: &[&Column]) -> String {
    columns.iter().map(|column| quote(&column.target)).collect::<Vec<_>>().join(", ")
}

/// The numbers of columns in the catalogue, in this order.
fn numbers(table: &Carried, columns: &[&Column]) -> String {
    let names: Vec<_> = columns.iter().map(|column| quote_text(&column.target)).collect();
    format!(
        "ARRAY(SELECT a.attnum FROM unnest(ARRAY[{}]::text[]) WITH ORDINALITY u(name, place) \
         JOIN pg_attribute a ON a.attrelid = {} AND a.attname = u.name ORDER BY u.place)",
        names.join(", "),
        regclass(table)
    )
}

/// A comment that tells what the thing is called in the source, if that is another name.
fn named_in_source(name: &str, source: &str, what: &str) -> Option<String> {
    (name != source)
        .then(|| format!("COMMENT ON {what} IS {}", quote_text(&format!("{source} of the source"))))
}
