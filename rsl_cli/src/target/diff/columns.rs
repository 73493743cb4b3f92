//! Which columns of the source stand against which of the table, and by which the rows are told apart.

use rsl_core::PgType;
use rsl_core::pgtype::MAX_VARCHAR;

use super::differences::Difference;
use crate::failure::{Failure, Result};
use crate::source::Table;
use crate::target::connection::{Connection, failure_of};
use crate::target::obstacle;
use crate::target::plan::{Existing, existing_columns, find_key, is_for, position, quote};

use super::rows::{ACCESS, LOST};

/// The table that is compared with.
pub struct Found {
    /// Qualified and quoted.
    pub sql: String,
    /// Qualified, for people.
    pub name: String,
    place: (String, String),
    /// Columns of its primary key.
    key: Vec<String>,
}

impl Found {
    /// Asks the catalogue for a table whose name is known, qualified and quoted.
    pub async fn look_up(connection: &Connection, sql: String) -> Result<Self> {
        let row = connection
            .client
            .query_one(
                "SELECT n.nspname::text, c.relname::text, ARRAY(
                    SELECT a.attname::text FROM pg_catalog.pg_index i, unnest(i.indkey) WITH ORDINALITY k(attnum, n)
                    JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum
                    WHERE i.indrelid = c.oid AND i.indisprimary AND a.attrelid = i.indrelid ORDER BY k.n)
                 FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = to_regclass($1)",
                &[&sql],
            )
            .await
            .map_err(|error| failure_of(error, ACCESS, LOST))?;
        let place: (String, String) = (row.get(0), row.get(1));
        obstacle::refuse(connection, &sql, None, ACCESS, LOST).await?;
        Ok(Self { sql, name: format!("{}.{}", place.0, place.1), place, key: row.get(2) })
    }
}

/// What is compared.
#[derive(Debug)]
pub struct Columns {
    /// Of the source, with the columns that are compared.
    pub table: Table,
    /// Name in PostgreSQL, and the type as which the values are compared, of each of these columns.
    pub compared: Vec<(String, PgType)>,
    /// The type that each has in PostgreSQL.
    pub types: Vec<PgType>,
    /// Positions of the key among them; none: whole rows are compared.
    pub key: Vec<usize>,
    /// Columns that cannot be compared.
    pub different: Vec<Difference>,
    /// What else is to be known.
    pub notes: Vec<String>,
}

impl Columns {
    /// Finds the pairs. `wanted` are the columns of the user's key.
    pub async fn pair(
        mut table: Table,
        found: &Found,
        wanted: &[String],
        connection: &Connection,
    ) -> Result<Self> {
        let existing = existing_columns(connection, &found.place).await?.unwrap_or_default();
        let (mut compared, mut different, mut notes) = (Vec::new(), Vec::new(), Vec::new());
        let mut taken = Vec::new();
        let (mut kept, mut types) = (Vec::new(), Vec::new());
        for column in std::mem::take(&mut table.columns) {
            let found = existing
                .iter()
                .find(|e| e.name == column.name)
                .or_else(|| existing.iter().find(|e| is_for(e, &column.name)));
            let Some(Existing { name, ty, type_name, generated, .. }) = found else {
                different.push(Difference::column(&column.name, Some(column.declared_or_type()), None));
                continue;
            };
            taken.push(name.clone());
            match ty {
                _ if *generated && column.computed => notes
                    .push(format!("{name} is not compared: the source computes it, and so does the table")),
                Some(ty) => {
                    compared.push((name.clone(), widest(*ty)));
                    types.push(*ty);
                    kept.push(column);
                }
                None => different.push(Difference::column(
                    name,
                    Some(column.declared_or_type()),
                    Some(type_name.clone()),
                )),
            }
        }
        for e in existing.iter().filter(|e| !taken.contains(&e.name)) {
            match e.generated {
                true => {
                    notes.push(format!("{} is not compared: only the table has it, and computes it", e.name))
                }
                false => different.push(Difference::column(&e.name, None, Some(e.type_name.clone()))),
            }
        }
        table.columns = kept;
        if compared.is_empty() {
            return Err(Failure::new(format!(
                "{} and {} have no column in common",
                table.object, found.name
            ))
            .hint("is it the right table? columns belong together by their names, whatever their case"));
        }
        let key = key(&table, &compared, &found.key, wanted)?;
        if key.is_empty() {
            notes.push(
                "there is no key: whole rows are compared, and which of them differ cannot be named; --key names columns that tell rows apart"
                    .to_owned(),
            );
        }
        Ok(Self { table, compared, types, key, different, notes })
    }

    /// Names in PostgreSQL.
    pub fn names(&self) -> Vec<&str> {
        self.compared.iter().map(|(name, _)| name.as_str()).collect()
    }

    /// Names of the key's columns in PostgreSQL.
    pub fn key_names(&self) -> Vec<&str> {
        self.key.iter().map(|&at| self.compared[at].0.as_str()).collect()
    }

    /// All columns of a table `t`, quoted, as they are compared: an enumeration as its label.
    pub fn list_sql(&self) -> String {
        let column = |((name, _), ty): (&(String, PgType), &PgType)| match ty {
            // Not a cast to text: that may be a function of whoever made the type.
            PgType::Enum => {
                format!("CASE WHEN t.{0} IS NOT NULL THEN format('%s', t.{0}) END AS {0}", quote(name))
            }
            _ => format!("t.{}", quote(name)),
        };
        self.compared.iter().zip(&self.types).map(column).collect::<Vec<_>>().join(", ")
    }

    /// Columns of a table `t`, quoted: those of the key, or all if there is none.
    pub fn key_sql(&self) -> String {
        let names = if self.key.is_empty() { self.names() } else { self.key_names() };
        let list = names.iter().map(|name| format!("t.{}", quote(name))).collect::<Vec<_>>().join(", ");
        // A function has at most 100 arguments; the fields of one row are as good.
        if names.len() > 90 { format!("ROW({list})") } else { list }
    }
}

/// Positions of the key: the user's, else the table's primary key, else the source's.
fn key(
    table: &Table,
    compared: &[(String, PgType)],
    of_table: &[String],
    wanted: &[String],
) -> Result<Vec<usize>> {
    let by_name = |name: &String| compared.iter().position(|(column, _)| column == name);
    if !wanted.is_empty() {
        let names = wanted.iter().map(|name| find_key(name, table, compared)).collect::<Result<Vec<_>>>()?;
        let mut key: Vec<usize> = Vec::new();
        for at in names.iter().filter_map(by_name) {
            if !key.contains(&at) {
                key.push(at);
            }
        }
        return Ok(key);
    }
    let of_table: Option<Vec<_>> = of_table.iter().map(by_name).collect();
    let of_source: Option<Vec<_>> = table.key.iter().map(|name| position(table, name)).collect();
    Ok(of_table.filter(|key| !key.is_empty()).or(of_source).unwrap_or_default())
}

/// The type as which values are compared: without the limits of the column, so that a value which the column could not hold
/// is a difference and not an error. The canonical hash of a value is the same.
fn widest(ty: PgType) -> PgType {
    match ty {
        PgType::Int2 | PgType::Int4 => PgType::Int8,
        PgType::Numeric(_) => PgType::Numeric(None),
        PgType::Float4 => PgType::Float8,
        PgType::Varchar(_) | PgType::Enum => PgType::Text,
        PgType::Char(_) => PgType::Char(MAX_VARCHAR),
        PgType::Time(_) => PgType::Time(6),
        PgType::Timestamp(_) => PgType::Timestamp(6),
        PgType::TimestampTz(_) => PgType::TimestampTz(6),
        other => other,
    }
}

impl crate::source::Column {
    fn declared_or_type(&self) -> String {
        match self.declared.is_empty() {
            true => self.pg_type.to_string(),
            false => self.declared.clone(),
        }
    }
}
