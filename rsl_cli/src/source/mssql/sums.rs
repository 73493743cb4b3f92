//! Sums of hashes that the server computes of its rows, bucket by bucket, so that a comparison need not read what is equal.
//! `rsl_core::common` says what the extension computes.

use std::num::NonZeroU32;

use rsl_core::PgType;
use rsl_core::common::Sums;
use tiberius::Row;

use super::catalogue::{self, Relation};
use super::column::{Column, bracket};
use super::question::Question;
use crate::failure::{Failure, Result};
use crate::source::{BucketSums, Part, SumsPlan};

/// A varbinary that is no (max) has so many bytes, and so has what is joined of such.
const LONGEST: i64 = 8000;
/// The extension takes them as arguments of a function.
const MOST_COLUMNS: usize = 90;
/// Before SQL Server 2016, HASHBYTES takes 8000 bytes and no more.
const HASHES_LONG_VALUES: i64 = 13;

/// The statement's parts, or why the server cannot compute what the extension can.
pub fn plan(
    relation: &Relation,
    columns: &[(String, PgType)],
    key: &[usize],
    buckets: NonZeroU32,
    version: i64,
) -> std::result::Result<SumsPlan, String> {
    if columns.len() > MOST_COLUMNS {
        return Err(format!("there are more than {MOST_COLUMNS} columns"));
    }
    let mut fields = Vec::new();
    let mut places = Vec::new();
    let mut length = 0;
    for (name, ty) in columns {
        let column = relation.columns.iter().find(|column| column.name == *name);
        let Some(form) = column.and_then(|column| form(column, *ty)) else {
            let declared = column.map_or_else(|| "something computed".to_owned(), Column::declared);
            return Err(format!("{name} is {declared}, in the table {ty}, of which there is no common form"));
        };
        length += form.length.map_or(LONGEST + 1, |length| length + 5);
        places.push(form.places);
        let (name, bytes) = (bracket(name), form.bytes);
        fields.push(format!(
            "CASE WHEN t.{name} IS NULL THEN 0x00 ELSE 0x01 + CAST(CAST(DATALENGTH({bytes}) AS int) AS binary(4)) + {bytes} END"
        ));
    }
    let long = length > LONGEST;
    if long && version < HASHES_LONG_VALUES {
        return Err(format!("rows may be longer than {LONGEST} bytes, which SQL Server hashes from 2016 on"));
    }
    // What is joined is as long as its longest kind of part: one (max) makes room for all.
    let start = if long { "CAST(0x AS varbinary(max))" } else { "0x" };
    let hash = |fields: &[&str]| format!("HASHBYTES('SHA2_256', {start} + {})", fields.join(" + "));
    let all: Vec<_> = fields.iter().map(String::as_str).collect();
    let of_key: Vec<_> = key.iter().map(|&at| all[at]).collect();
    let row = hash(&all);
    let of_key = if of_key.is_empty() { row.clone() } else { hash(&of_key) };
    let bucket = format!("CAST(SUBSTRING({of_key}, 17, 7) AS bigint) % {buckets}");
    Ok(SumsPlan { row, bucket, places })
}

/// How a column's values are brought into the common form.
struct Form {
    /// The expression of its bytes.
    bytes: String,
    /// Of these, at most; none if there is no limit.
    length: Option<i64>,
    places: i32,
}

fn form(column: &Column, ty: PgType) -> Option<Form> {
    let name = format!("t.{}", bracket(&column.name));
    let digits = column.scale.clamp(0, 7);
    // As bytes of a text that has no other letters than ASCII.
    let text = |sql: String, length: i64, places: i64| {
        let bytes = format!("CAST({sql} AS varbinary({length}))");
        Some(Form { bytes, length: Some(length), places: places as i32 })
    };
    // 121 is ISO 8601 with a blank and all digits of the type.
    let moment = |sql: String, places: i64| text(format!("CONVERT(varchar(27), {sql}, 121)"), 27, places);
    let number = matches!(ty, PgType::Int2 | PgType::Int4 | PgType::Int8 | PgType::Numeric(_));
    let is_text = matches!(ty, PgType::Text | PgType::Varchar(_));
    match column.type_name.as_str() {
        "bit" if ty == PgType::Bool || number => text(format!("CAST({name} AS varchar(1))"), 1, 0),
        "tinyint" | "smallint" | "int" | "bigint" if number => {
            text(format!("CAST({name} AS varchar(20))"), 20, 0)
        }
        "decimal" | "numeric" if number => text(format!("CAST({name} AS varchar(41))"), 41, column.scale),
        "money" if number => text(format!("CAST(CAST({name} AS decimal(19,4)) AS varchar(41))"), 41, 4),
        "smallmoney" if number => text(format!("CAST(CAST({name} AS decimal(10,4)) AS varchar(41))"), 41, 4),
        "date" if ty == PgType::Date => text(format!("CONVERT(varchar(10), {name}, 23)"), 10, 0),
        "time" if matches!(ty, PgType::Time(_)) => {
            text(format!("CONVERT(varchar(16), {name}, 121)"), 16, digits)
        }
        // Neither is converted to datetime2 with more digits: what those are depends on the server's version.
        "datetime" if matches!(ty, PgType::Timestamp(_)) => {
            text(format!("CONVERT(varchar(23), {name}, 121)"), 23, 3)
        }
        "smalldatetime" if matches!(ty, PgType::Timestamp(_)) => {
            moment(format!("CAST({name} AS datetime2(0))"), 0)
        }
        "datetime2" if matches!(ty, PgType::Timestamp(_)) => moment(name, digits),
        "datetimeoffset" if matches!(ty, PgType::TimestampTz(_)) => {
            moment(format!("CAST(SWITCHOFFSET({name}, '+00:00') AS datetime2({digits}))"), digits)
        }
        "uniqueidentifier" if ty == PgType::Uuid => text(format!("CAST({name} AS char(36))"), 36, 0),
        "binary" | "varbinary" | "timestamp" if ty == PgType::Bytea => {
            let length = Some(column.max_length).filter(|&length| length > 0);
            let declared = length.map_or_else(|| "max".to_owned(), |length| length.to_string());
            Some(Form { bytes: format!("CAST({name} AS varbinary({declared}))"), length, places: 0 })
        }
        // In UTF-16. Whoever says that the bytes are in another code page than their collation does, the server does not hear.
        "nchar" | "nvarchar" | "char" | "varchar" if is_text && column.told.is_none() => {
            let wide = column.type_name.starts_with('n');
            let characters = if wide { column.max_length / 2 } else { column.max_length };
            let length = Some(characters * 2).filter(|&length| length > 0 && length <= LONGEST);
            let (declared, inner) = match length {
                Some(length) => (length.to_string(), (length / 2).to_string()),
                None => ("max".to_owned(), "max".to_owned()),
            };
            let value = if wide { name } else { format!("CAST({name} AS nvarchar({inner}))") };
            Some(Form { bytes: format!("CAST({value} AS varbinary({declared}))"), length, places: 0 })
        }
        _ => None,
    }
}

impl Relation {
    /// Of each bucket that has rows: its number, how many they are, and the sums.
    pub fn sums_sql(&self, plan: &SumsPlan, filter: Option<&str>) -> String {
        let sum = |at: usize| format!("SUM(CAST(SUBSTRING(b.h, {at}, 4) AS bigint))");
        let condition = filter.map_or(String::new(), |filter| format!(" WHERE ({filter}\n)"));
        format!(
            "SELECT b.bucket, COUNT_BIG(*), {}, {}, {}, {} FROM (SELECT {} AS bucket, {} AS h FROM {}.{} AS t{condition}) AS b GROUP BY b.bucket",
            sum(1),
            sum(5),
            sum(9),
            sum(13),
            plan.bucket,
            plan.row,
            bracket(&self.schema),
            bracket(&self.name),
        )
    }
}

/// Reads what [`Relation::sums_sql`] asks for.
pub fn read(row: &Row) -> Result<(u32, Sums)> {
    let number = |at| {
        u64::try_from(catalogue::number(row, at)?)
            .map_err(|_| Failure::new("the source tells of a sum below zero"))
    };
    let bucket = u32::try_from(number(0)?)
        .map_err(|_| Failure::new("the source tells of a bucket that there is not"))?;
    Ok((bucket, Sums { count: number(1)?, sums: [number(2)?, number(3)?, number(4)?, number(5)?] }))
}

impl super::SqlServer {
    /// The sums of all buckets, and whether the table changed while they were computed.
    pub(super) async fn sums(
        &self,
        relation: &Relation,
        plan: &SumsPlan,
        filter: Option<&str>,
    ) -> Result<BucketSums> {
        let mut session = self.reading_session().await?;
        let question = Question::new(relation, &[], self.update_column.as_deref(), self.snapshot, None);
        let whole = Part::default();
        let before = question.ask(&mut session, &relation.name, &whole, filter).await?;
        let rows = session.rows(&relation.sums_sql(plan, filter), Some(&relation.name)).await?;
        let sums = rows.iter().map(read).collect::<Result<Vec<_>>>()?;
        let after = match self.snapshot {
            true => None,
            false => Some(question.ask(&mut session, &relation.name, &whole, filter).await?),
        };
        let counted = question.account(Some(before), after, None);
        let consistency = counted.consistency;
        let summed: u64 = sums.iter().map(|(_, sums)| sums.count).sum();
        if summed != counted.rows && !consistency.changed {
            return Err(Failure::new(format!(
                "{}: the source counts {} rows, and sums {summed}",
                relation.name, counted.rows
            )));
        }
        Ok(BucketSums { sums, consistency })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str, type_name: &str, max_length: i64, scale: i64) -> Column {
        Column {
            name: name.to_owned(),
            type_name: type_name.to_owned(),
            max_length,
            precision: 18,
            scale,
            nullable: true,
            collation: None,
            code_page: 949,
            computed: false,
            masked: false,
            told: None,
        }
    }

    fn planned(column: Column, ty: PgType, version: i64) -> std::result::Result<SumsPlan, String> {
        let name = column.name.clone();
        let relation = Relation {
            schema: "dbo".to_owned(),
            name: "T".to_owned(),
            columns: vec![column],
            primary_key: Vec::new(),
            order: Vec::new(),
            parents: Vec::new(),
            estimate: None,
        };
        plan(&relation, &[(name, ty)], &[], NonZeroU32::MIN, version)
    }

    #[test]
    fn a_column_without_a_common_form_is_named() {
        let told = planned(column("W", "float", 8, 0), PgType::Float8, 15).unwrap_err();
        assert_eq!(told, "W is float, in the table double precision, of which there is no common form");
        for (type_name, ty) in [
            ("real", PgType::Float4),
            ("xml", PgType::Text),
            ("sql_variant", PgType::Text),
            ("ntext", PgType::Text),
            ("nchar", PgType::Char(5)),
            ("int", PgType::Text),
            ("datetime", PgType::Date),
        ] {
            assert!(planned(column("C", type_name, 8, 0), ty, 15).is_err(), "{type_name}");
        }
    }

    #[test]
    fn long_rows_need_a_server_that_hashes_them() {
        let long = || column("C", "nvarchar", -1, 0);
        assert!(planned(long(), PgType::Text, 12).unwrap_err().contains("2016"));
        assert!(planned(long(), PgType::Text, 13).unwrap().row.contains("varbinary(max)"));
        let short = planned(column("a]b", "decimal", 9, 2), PgType::Numeric(Some((18, 2))), 11).unwrap();
        assert_eq!(
            short.bucket,
            "CAST(SUBSTRING(HASHBYTES('SHA2_256', 0x + CASE WHEN t.[a]]b] IS NULL THEN 0x00 ELSE 0x01 + \
             CAST(CAST(DATALENGTH(CAST(CAST(t.[a]]b] AS varchar(41)) AS varbinary(41))) AS int) AS binary(4)) + \
             CAST(CAST(t.[a]]b] AS varchar(41)) AS varbinary(41)) END), 17, 7) AS bigint) % 1"
        );
        assert_eq!(short.places, [2]);
    }
}
