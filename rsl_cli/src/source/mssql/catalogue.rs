//! What SQL Server's catalogue says of tables and views.

use tiberius::{ColumnData, Row};

use super::code_page::TextForm;
use super::column::{Column, bracket};
use super::product::Product;
use super::session::Session;
use crate::failure::{Failure, Result};

/// Whether the login sees what is behind all masks of the database.
pub const MAY_UNMASK: &str = "HAS_PERMS_BY_NAME(DB_NAME(), 'DATABASE', 'UNMASK')";

/// A table or view, and how to read it.
#[derive(Debug, Clone)]
pub struct Relation {
    pub schema: String,
    pub name: String,
    pub columns: Vec<Column>,
    /// Columns of the primary key, by position among `columns`.
    pub primary_key: Vec<usize>,
    /// Columns, by position, that are unique, never NULL and can be put in order: rows are read in the order of these. None if
    /// there are no such.
    pub order: Vec<usize>,
    /// Tables that this one refers to, qualified.
    pub parents: Vec<String>,
    /// As the catalogue counts them, which is not exact; none of a view.
    pub estimate: Option<u64>,
}

impl Relation {
    /// A view, unless it has rows of its own, as an indexed one has.
    pub fn is_view(&self) -> bool {
        self.estimate.is_none()
    }
}

/// Tables and views that the login may see, qualified.
pub async fn objects(session: &mut Session) -> Result<Vec<String>> {
    let rows = session
        .rows(
            "SELECT s.name AS schema_name, o.name AS object_name FROM sys.objects AS o JOIN sys.schemas AS s ON s.schema_id = o.schema_id \
             WHERE o.type IN ('U', 'V') AND o.is_ms_shipped = 0 ORDER BY s.name, o.name",
            None,
        )
        .await?;
    rows.iter().map(|row| Ok(qualified(&text(row, 0)?, &text(row, 1)?))).collect()
}

/// Schema and name, as reports show them.
pub fn qualified(schema: &str, name: &str) -> String {
    format!("{schema}.{name}")
}

/// Everything that is needed to read a table or view.
pub async fn relation(
    session: &mut Session,
    object: &str,
    told: Option<TextForm>,
    product: &Product,
) -> Result<Relation> {
    let (schema, name) = object
        .split_once('.')
        .ok_or_else(|| Failure::new(format!("\"{object}\" is not qualified with its schema")))?;
    let mut columns = columns(session, object, schema, name, told, product).await?;
    unmask(session, object, schema, name, &mut columns).await?;
    let (primary_key, order) = keys(session, object, schema, name, &columns).await?;
    let parents = parents(session, object, schema, name).await?;
    let estimate = estimate(session, object, schema, name).await?;
    Ok(Relation {
        schema: schema.to_owned(),
        name: name.to_owned(),
        columns,
        primary_key,
        order,
        parents,
        estimate,
    })
}

async fn columns(
    session: &mut Session,
    object: &str,
    schema: &str,
    name: &str,
    told: Option<TextForm>,
    product: &Product,
) -> Result<Vec<Column>> {
    let masked = if product.has_masks() { "c.is_masked" } else { "CAST(0 AS bit)" };
    // System types of 240 are those of the CLR, each known only by its user type.
    let rows = session
        .rows(
            &format!(
                "SELECT c.name, ty.name AS type_name, CAST(c.max_length AS int), CAST(c.precision AS int), CAST(c.scale AS int), \
                 c.is_nullable, c.collation_name, CAST(COLLATIONPROPERTY(c.collation_name, 'CodePage') AS int), c.is_computed, {masked} \
                 FROM sys.columns AS c JOIN sys.objects AS o ON o.object_id = c.object_id JOIN sys.schemas AS s ON s.schema_id = o.schema_id \
                 LEFT JOIN sys.types AS ty ON ty.user_type_id = CASE WHEN c.system_type_id = 240 THEN c.user_type_id ELSE c.system_type_id END \
                 WHERE s.name = {} AND o.name = {} ORDER BY c.column_id",
                literal(schema),
                literal(name)
            ),
            Some(object),
        )
        .await?;
    rows.iter()
        .map(|row| {
            Ok(Column {
                name: text(row, 0)?,
                type_name: optional_text(row, 1)?.unwrap_or_default(),
                max_length: number(row, 2)?,
                precision: number(row, 3)?,
                scale: number(row, 4)?,
                nullable: number(row, 5)? != 0,
                collation: optional_text(row, 6)?,
                code_page: optional_number(row, 7)?.unwrap_or(0),
                computed: number(row, 8)? != 0,
                masked: number(row, 9)? != 0,
                told,
            })
        })
        .collect()
}

/// Takes the mark off the masked columns whose values the login may see.
async fn unmask(
    session: &mut Session,
    object: &str,
    schema: &str,
    name: &str,
    columns: &mut [Column],
) -> Result<()> {
    let masked: Vec<_> = columns.iter_mut().filter(|column| column.masked).collect();
    if masked.is_empty() {
        return Ok(());
    }
    let named = literal(&format!("{}.{}", bracket(schema), bracket(name)));
    // Before 2022 there is the right on the whole database only, and of a column the answer is NULL.
    let of_column = |column: &&mut Column| {
        format!("HAS_PERMS_BY_NAME({named}, 'OBJECT', 'UNMASK', {}, 'COLUMN')", literal(&column.name))
    };
    let rights: Vec<_> = masked.iter().map(of_column).collect();
    let sql = format!("SELECT {MAY_UNMASK}, {}", rights.join(", "));
    let rows = session.rows(&sql, Some(object)).await?;
    let row = rows.first().ok_or_else(|| unexpected(0))?;
    let all = optional_number(row, 0)? == Some(1);
    for (at, column) in (1..).zip(masked) {
        column.masked = !all && optional_number(row, at)? != Some(1);
    }
    Ok(())
}

/// The primary key, and the columns that put the rows in order: those of the primary key, else of another unique index that
/// has no NULLs.
async fn keys(
    session: &mut Session,
    object: &str,
    schema: &str,
    name: &str,
    columns: &[Column],
) -> Result<(Vec<usize>, Vec<usize>)> {
    let rows = session
        .rows(
            &format!(
                "SELECT i.index_id, i.is_primary_key, c.name FROM sys.indexes AS i \
                 JOIN sys.index_columns AS k ON k.object_id = i.object_id AND k.index_id = i.index_id \
                 JOIN sys.columns AS c ON c.object_id = k.object_id AND c.column_id = k.column_id \
                 JOIN sys.objects AS o ON o.object_id = i.object_id JOIN sys.schemas AS s ON s.schema_id = o.schema_id \
                 WHERE s.name = {} AND o.name = {} AND o.type = 'U' AND i.is_unique = 1 AND i.is_disabled = 0 AND i.has_filter = 0 AND k.key_ordinal > 0 \
                 ORDER BY i.is_primary_key DESC, i.index_id, k.key_ordinal",
                literal(schema),
                literal(name)
            ),
            Some(object),
        )
        .await?;
    let mut indexes: Vec<(i64, bool, Vec<usize>)> = Vec::new();
    for row in &rows {
        let (index, primary, column) = (number(row, 0)?, number(row, 1)? != 0, text(row, 2)?);
        let Some(at) = columns.iter().position(|c| c.name == column) else { continue };
        match indexes.last_mut() {
            Some((last, _, members)) if *last == index => members.push(at),
            _ => indexes.push((index, primary, vec![at])),
        }
    }
    let usable =
        |members: &[usize]| members.iter().all(|&at| !columns[at].nullable && columns[at].is_orderable());
    let primary_key = indexes.iter().find(|(_, primary, _)| *primary).map(|(_, _, members)| members.clone());
    let order = indexes.into_iter().map(|(_, _, members)| members).find(|members| usable(members));
    Ok((primary_key.unwrap_or_default(), order.unwrap_or_default()))
}

async fn parents(session: &mut Session, object: &str, schema: &str, name: &str) -> Result<Vec<String>> {
    let rows = session
        .rows(
            &format!(
                "SELECT DISTINCT ps.name AS schema_name, p.name AS object_name FROM sys.foreign_keys AS f \
                 JOIN sys.objects AS o ON o.object_id = f.parent_object_id JOIN sys.schemas AS s ON s.schema_id = o.schema_id \
                 JOIN sys.objects AS p ON p.object_id = f.referenced_object_id JOIN sys.schemas AS ps ON ps.schema_id = p.schema_id \
                 WHERE s.name = {} AND o.name = {}",
                literal(schema),
                literal(name)
            ),
            Some(object),
        )
        .await?;
    rows.iter().map(|row| Ok(qualified(&text(row, 0)?, &text(row, 1)?))).collect()
}

async fn estimate(session: &mut Session, object: &str, schema: &str, name: &str) -> Result<Option<u64>> {
    let rows = session
        .rows(
            &format!(
                "SELECT SUM(p.rows) FROM sys.partitions AS p JOIN sys.objects AS o ON o.object_id = p.object_id \
                 JOIN sys.schemas AS s ON s.schema_id = o.schema_id \
                 WHERE s.name = {} AND o.name = {} AND p.index_id IN (0, 1)",
                literal(schema),
                literal(name)
            ),
            Some(object),
        )
        .await?;
    Ok(match rows.first() {
        Some(row) => optional_number(row, 0)?.map(|rows| rows.max(0) as u64),
        None => None,
    })
}

/// A Unicode literal.
pub fn literal(text: &str) -> String {
    format!("N'{}'", text.replace('\'', "''"))
}

/// A text of the catalogue.
pub fn text(row: &Row, at: usize) -> Result<String> {
    optional_text(row, at)?.ok_or_else(|| unexpected(at))
}

/// A text of the catalogue, or NULL.
pub fn optional_text(row: &Row, at: usize) -> Result<Option<String>> {
    match row.get_column_data(at) {
        Ok(ColumnData::String(text)) => Ok(text.as_ref().map(|text| text.to_string())),
        Ok(other) if is_null(other) => Ok(None),
        _ => Err(unexpected(at)),
    }
}

/// A whole number of the catalogue, or a bit as 0 or 1.
pub fn number(row: &Row, at: usize) -> Result<i64> {
    optional_number(row, at)?.ok_or_else(|| unexpected(at))
}

/// A whole number of the catalogue, or NULL.
pub fn optional_number(row: &Row, at: usize) -> Result<Option<i64>> {
    Ok(match row.get_column_data(at) {
        Ok(ColumnData::U8(value)) => value.map(i64::from),
        Ok(ColumnData::I16(value)) => value.map(i64::from),
        Ok(ColumnData::I32(value)) => value.map(i64::from),
        Ok(ColumnData::I64(value)) => *value,
        Ok(ColumnData::Bit(value)) => value.map(i64::from),
        Ok(other) if is_null(other) => None,
        _ => return Err(unexpected(at)),
    })
}

/// NULL of whatever type the server gives to an expression.
fn is_null(data: &ColumnData<'_>) -> bool {
    matches!(
        data,
        ColumnData::U8(None)
            | ColumnData::I16(None)
            | ColumnData::I32(None)
            | ColumnData::I64(None)
            | ColumnData::Bit(None)
            | ColumnData::String(None)
            | ColumnData::Binary(None)
            | ColumnData::Numeric(None)
            | ColumnData::DateTime(None)
            | ColumnData::DateTime2(None)
    )
}

fn unexpected(at: usize) -> Failure {
    Failure::new(format!(
        "the catalogue of the source answers something else than it should in column {}",
        at + 1
    ))
    .hint("is it a SQL Server of 2012 or later?")
}
