//! What a table of the source has besides columns and rows, carried over to its target: identities, defaults, computed
//! columns, unique constraints, indexes, checks and foreign keys.
//!
//! Nothing here may be another thing in PostgreSQL than it was in the source. What could be is left out and listed with the
//! reason, and so is what the rows refuse. `docs/carry_over.md` is the account for users.

mod expression;
mod kind;
mod name;
mod run;
mod statement;
mod surroundings;

#[cfg(test)]
mod server_tests;

use rsl_core::PgType;
use serde::{Deserialize, Serialize};

pub use name::{LONGEST, shortened};
pub use run::carry_over;
pub use statement::statements;
pub use surroundings::Surroundings;

use crate::args::Names;
use crate::target::plan::Plan;
use kind::Kind;

/// What a table of the source has besides columns and rows; from the source's metadata, as the source spells it.
#[derive(Debug, Clone, Default)]
pub struct Structure {
    pub identities: Vec<Identity>,
    pub defaults: Vec<Default>,
    pub computed: Vec<Computed>,
    /// Unique constraints and unique indexes, without the primary key.
    pub uniques: Vec<Index>,
    pub indexes: Vec<Index>,
    pub checks: Vec<Check>,
    pub foreign_keys: Vec<ForeignKey>,
    /// What PostgreSQL has no such thing for, such as a columnstore index: it is only listed.
    pub others: Vec<Other>,
}

/// A column that the source numbers.
#[derive(Debug, Clone)]
pub struct Identity {
    pub column: String,
    /// The first number.
    pub seed: i128,
    /// The last number handed out; none if none was.
    pub next: Option<i128>,
    /// From one number to the next; negative if they go down.
    pub step: i128,
}

/// A default value.
#[derive(Debug, Clone)]
pub struct Default {
    pub column: String,
    /// In the source's SQL.
    pub definition: String,
}

/// A column that the source computes from others of its row.
#[derive(Debug, Clone)]
pub struct Computed {
    pub column: String,
    /// In the source's SQL.
    pub definition: String,
}

/// An index, or the constraint that it serves.
#[derive(Debug, Clone)]
pub struct Index {
    pub name: String,
    pub columns: Vec<IndexColumn>,
    /// Columns that are only kept in the index.
    pub include: Vec<String>,
    /// Condition of the rows that are in the index, in the source's SQL.
    pub filter: Option<String>,
    /// It belongs to a constraint.
    pub constraint: bool,
    pub unique: bool,
}

/// A column by which an index is ordered.
#[derive(Debug, Clone)]
pub struct IndexColumn {
    pub name: String,
    pub descending: bool,
}

/// A condition for every row.
#[derive(Debug, Clone)]
pub struct Check {
    pub name: String,
    /// In the source's SQL.
    pub definition: String,
    /// The source has looked at all rows.
    pub trusted: bool,
    pub disabled: bool,
}

/// A reference to rows of another table, or of the same.
#[derive(Debug, Clone)]
pub struct ForeignKey {
    pub name: String,
    pub columns: Vec<String>,
    /// The table that is referred to, spelled as `Source::objects` does.
    pub parent: String,
    pub parent_columns: Vec<String>,
    pub on_delete: Action,
    pub on_update: Action,
    /// The source has looked at all rows.
    pub trusted: bool,
    pub disabled: bool,
}

/// What becomes of a row whose parent goes or gets another key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::enum_variant_names, reason = "these are SQL's own words")]
pub enum Action {
    NoAction,
    Cascade,
    SetNull,
    SetDefault,
}

/// What is not carried over in any case.
#[derive(Debug, Clone)]
pub struct Other {
    /// For people: "columnstore index CCI_SALES".
    pub what: String,
    /// Why not.
    pub reason: String,
}

/// A table that was loaded, with what belongs to it.
#[derive(Debug, Clone)]
pub struct Carried {
    /// As the source spells it.
    pub object: String,
    /// Schema and name, unquoted.
    pub target: (String, String),
    pub columns: Vec<Column>,
    pub structure: Structure,
}

/// A column on both sides.
#[derive(Debug, Clone)]
pub struct Column {
    /// As the source spells it.
    pub source: String,
    /// What the source's values are, on which the meaning of its expressions depends.
    pub(crate) kind: Kind,
    /// Name in the target.
    pub target: String,
    /// Type in the target.
    pub target_type: PgType,
    /// NULL is refused by the source.
    pub not_null: bool,
    /// The target generates it already, from an earlier run: so it was not loaded, and no more is known of it.
    pub generated: bool,
}

impl Carried {
    /// From the plan by which the table was loaded.
    pub fn new(plan: &Plan, structure: Structure) -> Self {
        let loaded =
            plan.table.columns.iter().zip(&plan.columns).map(|(source, (target, target_type))| Column {
                source: source.name.clone(),
                kind: Kind::of_declared(&source.declared),
                target: target.clone(),
                target_type: *target_type,
                not_null: source.not_null,
                generated: false,
            });
        let mut columns: Vec<Column> = loaded.collect();
        let is_lower = plan.columns.iter().all(|(name, _)| *name == name.to_lowercase());
        let names = if is_lower { Names::Lower } else { Names::Keep };
        for computed in &structure.computed {
            if find(&columns, &computed.column).is_none() {
                let name = &computed.column;
                columns.push(Column {
                    source: name.clone(),
                    kind: Kind::Other,
                    target: names.of_column(name),
                    target_type: PgType::Text,
                    not_null: false,
                    generated: true,
                });
            }
        }
        Self { object: plan.table.object.clone(), target: plan.target.clone(), columns, structure }
    }
}

/// A thing of the source that the target does not have, or has in a weaker form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotCarried {
    /// Table of the source.
    pub table: String,
    /// For people: "foreign key FK_LINE_ORDER".
    pub what: String,
    /// Why it is not there.
    pub reason: String,
}

/// Finds a column as the source spells it; many a definition differs from the metadata in case.
fn find<'a>(columns: &'a [Column], name: &str) -> Option<&'a Column> {
    columns
        .iter()
        .find(|column| column.source == name)
        .or_else(|| columns.iter().find(|column| column.source.to_lowercase() == name.to_lowercase()))
}

/// Single quotes around a text, in the form that every setting of the server reads alike.
fn quote_text(text: &str) -> String {
    let quoted = text.replace('\'', "''");
    match quoted.contains('\\') {
        true => format!("E'{}'", quoted.replace('\\', "\\\\")),
        false => format!("'{quoted}'"),
    }
}
