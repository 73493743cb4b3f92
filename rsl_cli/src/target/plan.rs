//! What a table of the source becomes in PostgreSQL, and the order of several.

use std::collections::{BTreeSet, HashMap};

use rsl_core::PgType;
use rsl_core::source_account::SourceAccount;
use serde_json::json;

use super::connection::{Connection, failure};
use crate::args::Names;
use crate::carry_over::{LONGEST, shortened};
use crate::failure::{Failure, Result};
use crate::source::Table;

/// Columns that every table of PostgreSQL has.
const SYSTEM_COLUMNS: [&str; 6] = ["tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"];

/// One table on its way.
#[derive(Debug, Clone)]
pub struct Plan {
    /// As the source describes it.
    pub table: Table,
    /// Schema and name, unquoted.
    pub target: (String, String),
    /// Name and type in the target of each column of the source, in order.
    pub columns: Vec<(String, PgType)>,
    /// Columns of the target by which rows are told apart: the user's, else the target's or the source's primary key.
    pub key: Vec<String>,
    /// The target does not exist: the load creates it.
    pub creates: bool,
    /// What an undo of the load could go by, as far as that is known before it; see [`super::undo`].
    pub undo: Option<&'static str>,
}

impl Plan {
    /// Maps a table onto its target, which may exist. Without a connection the target is taken as missing.
    pub async fn new(
        mut table: Table,
        into: (&str, Option<&str>),
        key: &[String],
        names: Names,
        connection: Option<&Connection>,
    ) -> Result<Self> {
        if let Some(name) = [Some(into.0), into.1].into_iter().flatten().find(|name| name.len() > LONGEST) {
            return Err(Failure::new(format!("the name \"{name}\" is longer than {LONGEST} bytes"))
                .hint("name a shorter schema or table with --into"));
        }
        let target = (into.0.to_owned(), into.1.map_or_else(|| names.of(&table.name), str::to_owned));
        let existing = match connection {
            Some(connection) => existing_columns(connection, &target).await?,
            None => None,
        };
        let columns = match &existing {
            Some(existing) => {
                leave_out_generated(&mut table, existing);
                match_columns(&table, &target, existing)?
            }
            None => new_columns(&table, names)?,
        };
        let known_key =
            key.iter().map(|name| find_key(name, &table, &columns)).collect::<Result<Vec<_>>>()?;
        let source_key = || {
            table
                .key
                .iter()
                .filter_map(|name| position(&table, name))
                .map(|at| columns[at].0.clone())
                .collect()
        };
        let key = match (known_key.is_empty(), existing.is_some()) {
            (false, _) => known_key,
            // An existing table has its own primary key, which the extension finds.
            (true, true) => Vec::new(),
            (true, false) => source_key(),
        };
        Ok(Self { creates: existing.is_none(), table, target, columns, key, undo: None })
    }

    /// Qualified and quoted.
    pub fn target_sql(&self) -> String {
        format!("{}.{}", quote(&self.target.0), quote(&self.target.1))
    }

    /// Qualified, for people.
    pub fn target_name(&self) -> String {
        format!("{}.{}", self.target.0, self.target.1)
    }

    /// What the extension needs to create the target.
    pub fn definition(&self) -> Option<serde_json::Value> {
        let column = |(source, (name, ty)): (&crate::source::Column, &(String, PgType))| {
            let comment = match source.declared.is_empty() {
                true => source.name.clone(),
                false => format!("{} {}", source.name, source.declared),
            };
            json!({"name": name, "type": ty.to_string(), "not_null": source.not_null, "comment": comment})
        };
        self.creates.then(|| {
            json!({
                "columns": self.table.columns.iter().zip(&self.columns).map(column).collect::<Vec<_>>(),
                "primary_key": self.key,
                "comment": format!("{} of the source", self.table.object),
            })
        })
    }

    /// What the source says of its own rows, under the names of the target.
    pub fn own_account(&self, account: &crate::source::Account) -> Option<SourceAccount> {
        let names = self.columns.iter().map(|(name, _)| name.clone());
        let columns = names.zip(account.own.as_ref()?.iter().cloned()).collect();
        Some(SourceAccount { rows: account.rows, columns })
    }

    /// Positions of the key among the columns; for messages the source's key does when there is no other.
    pub fn key_positions(&self) -> Vec<usize> {
        let by_target = |name: &String| self.columns.iter().position(|(column, _)| column == name);
        match self.key.is_empty() {
            false => self.key.iter().filter_map(by_target).collect(),
            true => self.table.key.iter().filter_map(|name| position(&self.table, name)).collect(),
        }
    }
}

/// Double quotes around an identifier.
pub fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A name that PostgreSQL reads as it stands, if it is no keyword.
pub fn is_plain(name: &str) -> bool {
    !name.starts_with(|c: char| c.is_ascii_digit())
        && name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'))
}

pub(super) fn position(table: &Table, name: &str) -> Option<usize> {
    table.columns.iter().position(|column| column.name.eq_ignore_ascii_case(name))
}

pub(super) fn find_key(name: &str, table: &Table, columns: &[(String, PgType)]) -> Result<String> {
    let name = name.trim();
    let by_target = columns.iter().position(|(column, _)| column == name);
    by_target.or_else(|| position(table, name)).map(|at| columns[at].0.clone()).ok_or_else(|| {
        Failure::new(format!("{} has no column \"{name}\" for the key", table.object))
            .hint(format!("its columns are: {}", names(table)))
    })
}

fn names(table: &Table) -> String {
    table.columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>().join(", ")
}

impl Names {
    /// The name in the target of a name in the source. One that is too long for PostgreSQL keeps its beginning.
    pub fn of(self, name: &str) -> String {
        match self {
            Names::Lower => shortened(&name.to_lowercase()),
            Names::Keep => shortened(name),
        }
    }

    /// The same for a column, which may not be called as those that every table of PostgreSQL has.
    pub fn of_column(self, name: &str) -> String {
        let name = self.of(name);
        match SYSTEM_COLUMNS.contains(&name.as_str()) {
            true => name + "_",
            false => name,
        }
    }
}

/// Whether a column of an existing target has the name that this column of the source would get, or the same but for case.
pub(super) fn is_for(existing: &Existing, column: &str) -> bool {
    [Names::Lower, Names::Keep].iter().any(|names| existing.name == names.of_column(column))
        || existing.name.to_lowercase() == column.to_lowercase()
}

/// What the source computes and the target generates need not be carried.
fn leave_out_generated(table: &mut Table, existing: &[Existing]) {
    let generates = |name: &str| existing.iter().any(|e| e.generated && is_for(e, name));
    table.columns.retain(|column| !column.computed || !generates(&column.name));
}

fn new_columns(table: &Table, names: Names) -> Result<Vec<(String, PgType)>> {
    let columns: Vec<_> =
        table.columns.iter().map(|column| (names.of_column(&column.name), column.pg_type)).collect();
    let mut seen = BTreeSet::new();
    match columns.iter().find(|(name, _)| !seen.insert(name)) {
        Some((name, _)) => {
            Err(Failure::new(format!("{}: two columns would be called \"{name}\"", table.object)).hint(
                "create the target with names of your own, or make a view in the source that renames one",
            ))
        }
        None => Ok(columns),
    }
}

/// A column of an existing table.
pub(super) struct Existing {
    pub name: String,
    /// None: a type that this program does not write.
    pub ty: Option<PgType>,
    pub type_name: String,
    pub generated: bool,
    must_be_given: bool,
}

pub(super) async fn existing_columns(
    connection: &Connection,
    target: &(String, String),
) -> Result<Option<Vec<Existing>>> {
    let rows = connection
        .client
        .query(
            // A domain may be one of another domain; the first that has a modifier gives it.
            "SELECT a.attname::text, b.oid, b.modifier, b.kind, format_type(a.atttypid, a.atttypmod), a.attgenerated <> '',
                a.attnotnull AND NOT a.atthasdef AND a.attidentity = ''
             FROM pg_catalog.pg_class c
             JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
             LEFT JOIN (pg_catalog.pg_attribute a
                CROSS JOIN LATERAL (
                    WITH RECURSIVE base (oid, kind, next, modifier) AS (
                        SELECT t.oid, t.typtype::text, t.typbasetype, CASE WHEN a.atttypmod = -1 THEN t.typtypmod ELSE a.atttypmod END
                        FROM pg_catalog.pg_type t WHERE t.oid = a.atttypid
                        UNION ALL
                        SELECT t.oid, t.typtype::text, t.typbasetype, CASE WHEN d.modifier = -1 THEN t.typtypmod ELSE d.modifier END
                        FROM base d JOIN pg_catalog.pg_type t ON t.oid = d.next WHERE d.kind = 'd')
                    SELECT oid, kind, modifier FROM base WHERE kind <> 'd') b)
                ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
             WHERE n.nspname = $1 AND c.relname = $2
             ORDER BY a.attnum",
            &[&target.0, &target.1],
        )
        .await
        .map_err(failure)?;
    if rows.is_empty() {
        return Ok(None);
    }
    let column = |row: &tokio_postgres::Row| {
        let is_enum = row.get::<_, String>(3) == "e";
        Existing {
            name: row.get(0),
            ty: if is_enum { Some(PgType::Enum) } else { PgType::from_oid(row.get::<_, u32>(1), row.get(2)) },
            type_name: row.get(4),
            generated: row.get(5),
            must_be_given: row.get(6),
        }
    };
    Ok(Some(rows.iter().filter(|row| row.get::<_, Option<&str>>(0).is_some()).map(column).collect()))
}

fn match_columns(
    table: &Table,
    target: &(String, String),
    existing: &[Existing],
) -> Result<Vec<(String, PgType)>> {
    let target = format!("{}.{}", target.0, target.1);
    let mut matched = Vec::new();
    for column in &table.columns {
        let found = existing
            .iter()
            .find(|e| e.name == column.name)
            .or_else(|| existing.iter().find(|e| is_for(e, &column.name)));
        let place = format!("{} into {target}, column {}", table.object, column.name);
        let found = found.ok_or_else(|| {
            Failure::new(format!("{place}: the target has no such column"))
                .hint("add it to the target, or make a view in the source without it")
        })?;
        if found.generated {
            return Err(Failure::new(format!("{place}: the target generates this column itself"))
                .hint("make a view in the source without it"));
        }
        let ty = found.ty.ok_or_else(|| {
            Failure::new(format!("{place}: values cannot be written to the type {}", found.type_name))
                .hint("load into a table with a text column and convert there")
        })?;
        matched.push((found.name.clone(), ty));
    }
    if let Some(missing) =
        existing.iter().find(|e| e.must_be_given && !matched.iter().any(|(name, _)| *name == e.name))
    {
        return Err(Failure::new(format!(
            "{target} wants a value for {}, which {} does not have",
            missing.name, table.object
        ))
        .hint("give the target's column a default, or make a view in the source that has it"));
    }
    Ok(matched)
}

/// Groups of tables such that the tables of a group refer only to tables of earlier groups. `refers` says of an object
/// which others it refers to. Tables that refer to each other in a circle stand in one group of their own at the end
/// of what they wait for.
pub fn order(objects: &[String], refers: &HashMap<String, BTreeSet<String>>) -> Vec<Vec<String>> {
    let mut left: Vec<&String> = objects.iter().collect();
    let mut groups = Vec::new();
    while !left.is_empty() {
        let waiting: BTreeSet<&String> = left.iter().copied().collect();
        let free = |object: &String| {
            refers.get(object).is_none_or(|parents| {
                parents.iter().all(|parent| parent == object || !waiting.contains(parent))
            })
        };
        let mut group: Vec<String> =
            left.iter().filter(|object| free(object)).map(|object| (*object).clone()).collect();
        if group.is_empty() {
            // Only circles and what waits for them are left: the table that waits for the fewest goes first.
            let fewest = left.iter().min_by_key(|object| {
                refers.get(**object).map_or(0, |p| p.iter().filter(|p| waiting.contains(p)).count())
            });
            group.extend(fewest.map(|object| (*object).clone()));
        }
        left.retain(|object| !group.contains(object));
        groups.push(group);
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn graph(edges: &[(&str, &str)]) -> HashMap<String, BTreeSet<String>> {
        let mut graph: HashMap<String, BTreeSet<String>> = HashMap::new();
        for (child, parent) in edges {
            graph.entry((*child).to_owned()).or_default().insert((*parent).to_owned());
        }
        graph
    }

    #[test]
    fn names_fit_into_postgresql() {
        let long = "품목".repeat(20);
        assert_eq!(Names::Lower.of("B_ITEM"), "b_item");
        assert_eq!(Names::Keep.of("B_ITEM"), "B_ITEM");
        assert!(Names::Keep.of(&long).len() <= LONGEST && Names::Keep.of(&long).starts_with("품목품목"));
        assert_ne!(Names::Lower.of(&(long.clone() + "A")), Names::Lower.of(&(long + "B")));
        assert_eq!(Names::Lower.of_column("XMIN"), "xmin_");
        assert_eq!(Names::Keep.of_column("XMIN"), "XMIN");
    }

    #[test]
    fn parents_come_first() {
        let objects: Vec<String> = ["line", "order", "item", "customer"].map(str::to_owned).to_vec();
        let groups = order(
            &objects,
            &graph(&[("line", "order"), ("line", "item"), ("order", "customer"), ("item", "item")]),
        );
        assert_eq!(groups, [vec!["item", "customer"], vec!["order"], vec!["line"]]);
    }

    #[test]
    fn circles_end() {
        let objects: Vec<String> = ["a", "b", "c"].map(str::to_owned).to_vec();
        let groups = order(&objects, &graph(&[("a", "b"), ("b", "a"), ("c", "a")]));
        assert_eq!(groups.concat().len(), 3);
        assert_eq!(
            groups.last(),
            Some(&vec!["c".to_owned()]).filter(|_| groups.len() == 3).or(groups.last())
        );
    }

    proptest! {
        #[test]
        fn every_table_once_and_after_its_parents(edges in proptest::collection::vec((0u8..8, 0u8..8), 0..20)) {
            let objects: Vec<String> = (0..8u8).map(|i| i.to_string()).collect();
            // Edges from higher to lower numbers only: no circles.
            let edges: Vec<_> = edges.into_iter().filter(|(a, b)| a > b).map(|(a, b)| (a.to_string(), b.to_string())).collect();
            let refers = graph(&edges.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect::<Vec<_>>());
            let flat = order(&objects, &refers).concat();
            let mut sorted = flat.clone();
            sorted.sort();
            prop_assert_eq!(sorted, objects);
            for (child, parent) in &edges {
                prop_assert!(flat.iter().position(|o| o == parent) < flat.iter().position(|o| o == child));
            }
        }
    }
}
