//! The account that SQL Server itself gives of a part of a table: aggregates in T-SQL, as texts, so that no type of the driver stands
//! in between. One statement, one scan.
//!
//! No sum can overflow and none passes through a float: numbers are added as decimals of 38 digits, and those that have more than
//! [`SAFE_DIGITS`] in two pieces of twenty digits.

use rsl_core::PgType;

use super::catalogue::Relation;
use super::code_page::TextForm;
use super::column::{Column, bracket};
use super::select::Selected;
use crate::source::own_account::Figure;

/// Ten thousand million numbers of so many digits have a sum of at most 38.
const SAFE_DIGITS: i64 = 28;
/// Digits of the lower of two pieces.
const PIECE: i32 = 20;
/// A SELECT has at most 4096 columns. Beyond this, columns of the table go into a further statement.
const FIGURES_TOGETHER: usize = 1000;

/// The figures to ask for.
pub struct Ask {
    /// Column of the answer, what the figure is, and the T-SQL that gives it.
    pub figures: Vec<(usize, Figure, String)>,
    /// Columns that the table keeps from being NULL.
    pub not_null: Vec<bool>,
    pub types: Vec<PgType>,
    pub names: Vec<String>,
}

impl Ask {
    /// `types`: what the columns become in the target, which decides what a witness of the stream knows of them.
    pub fn new(relation: &Relation, selected: &[Selected], types: &[PgType]) -> Self {
        let mut figures = Vec::new();
        let (mut not_null, mut names) = (Vec::new(), Vec::new());
        for (at, (&selected, &ty)) in selected.iter().zip(types).enumerate() {
            let position = match selected {
                Selected::Column(position) | Selected::OffsetOf(position) => position,
            };
            let column = &relation.columns[position];
            names.push(column.name.clone());
            // What the catalogue says of a view's columns may be of the time when it was made.
            let never = !column.nullable && !relation.is_view();
            not_null.push(never);
            let mut found = Vec::new();
            if !never {
                found.push((Figure::Nulls, nulls(column)));
            }
            match selected {
                Selected::Column(_) => respects(column, ty, &mut found),
                Selected::OffsetOf(_) => {
                    let offset = format!("DATEPART(TZOFFSET, t.{})", bracket(&column.name));
                    numbers(&format!("CAST({offset} AS decimal(38,0))"), &offset, &mut found);
                }
            }
            figures.extend(found.into_iter().map(|(figure, sql)| (at, figure, sql)));
        }
        Self { figures, not_null, types: types.to_vec(), names }
    }

    /// The expressions of each statement.
    pub fn statements(&self) -> Vec<Vec<&str>> {
        let sql: Vec<&str> = self.figures.iter().map(|(_, _, sql)| sql.as_str()).collect();
        match sql.is_empty() {
            true => vec![Vec::new()],
            false => sql.chunks(FIGURES_TOGETHER).map(<[&str]>::to_vec).collect(),
        }
    }
}

fn nulls(column: &Column) -> String {
    // COUNT takes neither the old large types nor all of the CLR's.
    format!(
        "CONVERT(nvarchar(60), SUM(CASE WHEN t.{} IS NULL THEN CAST(1 AS bigint) ELSE 0 END))",
        bracket(&column.name)
    )
}

fn text(aggregate: &str) -> String {
    format!("CONVERT(nvarchar(60), {aggregate})")
}

/// Sum, smallest and largest of whole numbers.
fn numbers(decimal: &str, value: &str, found: &mut Vec<(Figure, String)>) {
    found.push((Figure::Sum(0), text(&format!("SUM({decimal})"))));
    found.push((Figure::Smallest, text(&format!("MIN({value})"))));
    found.push((Figure::Largest, text(&format!("MAX({value})"))));
}

/// What is to be told of a column besides its NULLs.
fn respects(column: &Column, ty: PgType, found: &mut Vec<(Figure, String)>) {
    let name = format!("t.{}", bracket(&column.name));
    let ends = |found: &mut Vec<(Figure, String)>, form: &dyn Fn(&str) -> String| {
        found.push((Figure::Smallest, form(&format!("MIN({name})"))));
        found.push((Figure::Largest, form(&format!("MAX({name})"))));
    };
    // 126 is ISO 8601 with all digits that the type has, and its offset.
    let moment = |end: &str| format!("CONVERT(nvarchar(60), {end}, 126)");
    match (column.type_name.as_str(), ty) {
        ("bit", ty) if ty.is_exact_number() => {
            let number = format!("CAST({name} AS int)");
            numbers(&format!("CAST({name} AS decimal(38,0))"), &number, found);
        }
        ("tinyint" | "smallint" | "int" | "bigint", ty) if ty.is_exact_number() => {
            numbers(&format!("CAST({name} AS decimal(38,0))"), &name, found);
        }
        ("decimal" | "numeric" | "money" | "smallmoney", ty) if ty.is_exact_number() => {
            let (precision, scale) = match column.type_name.as_str() {
                "money" => (19, 4),
                "smallmoney" => (10, 4),
                _ => (column.precision, column.scale),
            };
            if precision <= SAFE_DIGITS {
                found.push((Figure::Sum(0), text(&format!("SUM(CAST({name} AS decimal(38,{scale})))"))));
            } else {
                for (shift, piece) in pieces(&name, scale as i32) {
                    found.push((Figure::Sum(shift), text(&format!("SUM({piece})"))));
                }
            }
            // A conversion of money to text keeps two places.
            ends(found, &|end| text(&format!("CAST({end} AS decimal({precision},{scale}))")));
        }
        ("float", PgType::Float4 | PgType::Float8) => ends(found, &|end| bytes(end, "float", 8)),
        ("real", PgType::Float4 | PgType::Float8) => ends(found, &|end| bytes(end, "real", 4)),
        ("date", PgType::Date | PgType::Timestamp(_)) => ends(found, &moment),
        ("time", PgType::Time(_)) => ends(found, &moment),
        ("smalldatetime" | "datetime" | "datetime2", PgType::Date | PgType::Timestamp(_)) => {
            ends(found, &moment)
        }
        ("datetimeoffset", PgType::TimestampTz(_)) => ends(found, &moment),
        ("binary" | "varbinary" | "image" | "timestamp", PgType::Bytea) => {
            found.push((Figure::Length, length(&name)));
        }
        ("sql_variant", PgType::Text | PgType::Varchar(_)) => {
            found.push((Figure::Utf16Bytes, total(&column.variant_bytes())));
        }
        (_, PgType::Text | PgType::Varchar(_) | PgType::Char(_)) => {
            let counted = match (utf16(column, &name), ty, column.type_name.as_str()) {
                // The spaces at the end of character(n) mean nothing.
                (Some(wide), PgType::Char(_), "char" | "varchar" | "nchar" | "nvarchar") => {
                    Some(format!("RTRIM({wide})"))
                }
                (_, PgType::Char(_), _) => None,
                (wide, _, _) => wide,
            };
            found.extend(counted.map(|counted| (Figure::Utf16Bytes, length(&counted))));
        }
        _ => {}
    }
}

/// The upper and the lower digits of a decimal in units of its last place, each with the power of ten by which it is to be taken.
fn pieces(name: &str, scale: i32) -> [(i32, String); 2] {
    // The conversion to text is the one that rounds nothing and needs no room: divided or multiplied, a decimal may lose places.
    let text = format!("CONVERT(varchar(41), {name})");
    let digits = format!("RIGHT(REPLICATE('0', 40) + REPLACE(REPLACE({text}, '.', ''), '-', ''), 40)");
    let piece = |from: i32| {
        format!(
            "CAST(CASE WHEN LEFT({text}, 1) = '-' THEN '-' ELSE '' END + SUBSTRING({digits}, {from}, {PIECE}) AS decimal(38,0))"
        )
    };
    [(PIECE - scale, piece(1)), (-scale, piece(1 + PIECE))]
}

/// A float as its bytes: a text of it may lack digits.
fn bytes(end: &str, ty: &str, length: u32) -> String {
    format!("CONVERT(nvarchar(60), CAST(CAST({end} AS {ty}) AS binary({length})), 1)")
}

fn length(value: &str) -> String {
    total(&format!("DATALENGTH({value})"))
}

fn total(bytes: &str) -> String {
    text(&format!("SUM(CAST({bytes} AS bigint))"))
}

/// A text in UTF-16, as the source itself reads it; none if it would read it otherwise than it is read here.
fn utf16(column: &Column, name: &str) -> Option<String> {
    let wide = |length: &str| format!("CAST({name} AS nvarchar({length}))");
    match column.type_name.as_str() {
        "nchar" | "nvarchar" | "ntext" => Some(name.to_owned()),
        "xml" => Some(wide("max")),
        // The source goes by the collation, of which the user says that it is wrong.
        "char" | "varchar" | "text"
            if column.told.is_some() && column.text_form() != Some(TextForm::Utf8) =>
        {
            None
        }
        "char" | "varchar" => Some(match column.max_length {
            1..=4000 => wide(&column.max_length.to_string()),
            _ => wide("max"),
        }),
        "text" => Some(format!("CAST(CAST({name} AS varchar(max)) AS nvarchar(max))")),
        "hierarchyid" | "geometry" | "geography" => Some(column.expression()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(type_name: &str, length: i64, precision: i64, scale: i64, ty: PgType) -> Vec<String> {
        let column = Column {
            name: "A]b".to_owned(),
            type_name: type_name.to_owned(),
            max_length: length,
            precision,
            scale,
            nullable: false,
            collation: None,
            code_page: 949,
            computed: false,
            masked: false,
            told: None,
        };
        let relation = Relation {
            schema: "dbo".to_owned(),
            name: "T".to_owned(),
            columns: vec![column],
            primary_key: Vec::new(),
            order: Vec::new(),
            parents: Vec::new(),
            estimate: Some(1),
        };
        Ask::new(&relation, &[Selected::Column(0)], &[ty])
            .figures
            .into_iter()
            .map(|(_, _, sql)| sql)
            .collect()
    }

    #[test]
    fn no_sum_can_overflow_and_none_is_a_float() {
        for (type_name, precision, scale) in [
            ("bigint", 19, 0),
            ("decimal", 28, 4),
            ("money", 19, 4),
            ("smallmoney", 10, 4),
            ("tinyint", 3, 0),
        ] {
            let sums = asked(type_name, 8, precision, scale, PgType::Numeric(None));
            assert_eq!(
                sums[0],
                format!("CONVERT(nvarchar(60), SUM(CAST(t.[A]]b] AS decimal(38,{scale}))))"),
                "{type_name}"
            );
        }
        let pieces = asked("decimal", 17, 29, 4, PgType::Numeric(None));
        assert_eq!(pieces.len(), 4);
        for (piece, from) in pieces.iter().zip([1, 21]) {
            assert_eq!(
                *piece,
                format!(
                    "CONVERT(nvarchar(60), SUM(CAST(CASE WHEN LEFT(CONVERT(varchar(41), t.[A]]b]), 1) = '-' THEN '-' ELSE '' END + SUBSTRING(RIGHT(REPLICATE('0', 40) + REPLACE(REPLACE(CONVERT(varchar(41), t.[A]]b]), '.', ''), '-', ''), 40), {from}, 20) AS decimal(38,0))))"
                )
            );
        }
    }

    #[test]
    fn each_type_is_asked_for_what_the_stream_knows_of_it() {
        let text = |text: &str| vec![format!("CONVERT(nvarchar(60), {text})")];
        let length = |of: &str| text(&format!("SUM(CAST(DATALENGTH({of}) AS bigint))"));
        let name = "t.[A]]b]";
        for (type_name, bytes, ty, expected) in [
            ("nvarchar", 80, PgType::Varchar(Some(40)), length(name)),
            ("nchar", 80, PgType::Char(40), length(&format!("RTRIM({name})"))),
            ("varchar", 40, PgType::Text, length(&format!("CAST({name} AS nvarchar(40))"))),
            ("varchar", 8000, PgType::Text, length(&format!("CAST({name} AS nvarchar(max))"))),
            ("varchar", -1, PgType::Text, length(&format!("CAST({name} AS nvarchar(max))"))),
            (
                "text",
                16,
                PgType::Text,
                length(&format!("CAST(CAST({name} AS varchar(max)) AS nvarchar(max))")),
            ),
            ("xml", -1, PgType::Text, length(&format!("CAST({name} AS nvarchar(max))"))),
            ("ntext", 16, PgType::Char(3), Vec::new()),
            ("image", 16, PgType::Bytea, length(name)),
            ("sql_variant", 8016, PgType::Char(9), Vec::new()),
            ("bit", 1, PgType::Bool, Vec::new()),
            ("uniqueidentifier", 16, PgType::Uuid, Vec::new()),
            // Into another kind of type: what the stream knows of it is not what the source knows.
            ("int", 4, PgType::Text, Vec::new()),
            ("varchar", 40, PgType::Numeric(None), Vec::new()),
            ("datetime2", 8, PgType::TimestampTz(6), Vec::new()),
        ] {
            assert_eq!(asked(type_name, bytes, 0, 0, ty), expected, "{type_name} into {ty}");
        }
        assert_eq!(
            asked("datetimeoffset", 10, 34, 7, PgType::TimestampTz(6)),
            ["CONVERT(nvarchar(60), MIN(t.[A]]b]), 126)", "CONVERT(nvarchar(60), MAX(t.[A]]b]), 126)"]
        );
        assert_eq!(
            asked("real", 4, 24, 0, PgType::Float4)[0],
            "CONVERT(nvarchar(60), CAST(CAST(MIN(t.[A]]b]) AS real) AS binary(4)), 1)"
        );
    }

    #[test]
    fn a_very_wide_table_takes_several_statements() {
        let figures = (0..2500).map(|at| (at, Figure::Nulls, String::new())).collect();
        let ask = Ask { figures, not_null: Vec::new(), types: Vec::new(), names: Vec::new() };
        assert_eq!(ask.statements().iter().map(Vec::len).collect::<Vec<_>>(), [1000, 1000, 500]);
        assert_eq!(
            Ask { figures: Vec::new(), not_null: Vec::new(), types: Vec::new(), names: Vec::new() }
                .statements(),
            [Vec::<&str>::new()]
        );
    }
}
