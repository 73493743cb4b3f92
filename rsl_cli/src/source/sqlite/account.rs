//! The account that SQLite itself gives of a table: aggregates in its SQL, one statement, one scan.
//!
//! SQLite's sum of whole numbers, and of texts that read as such, is exact or an error, never rounded, and no whole number as soon as
//! one value is none. So one aggregate proves that every value was a whole number, and adds them. Only where it overflows, they are
//! added in halves.

use rsl_core::{Decimal, PgType};
use rusqlite::types::Value;
use rusqlite::{Connection, InterruptHandle};

use super::{connect, names, reading, reason};
use crate::failure::{Failure, Result};
use crate::source::own_account::Figure;
use crate::source::{Table, own_account};
use rsl_core::source_account::SourceColumn;

/// A statement has at most 2000 columns.
const FIGURES_TOGETHER: usize = 1000;
/// A double is the decimal with at most so many digits that it prints as.
const DIGITS_OF_DOUBLE: i16 = 15;
/// Rows of the second of two shapes count so much, so that one aggregate counts both.
const SECOND_SHAPE: i64 = 1 << 32;

/// What an aggregate gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Aggregate {
    /// Rows.
    Rows,
    /// Values that are not NULL.
    Values,
    /// A figure of an account.
    Figure(Figure),
    /// How many texts have the first shape, and how many the second.
    Shapes,
}

/// What to ask of a table, or of the rows of it for which a condition is true.
#[derive(Debug, Clone)]
pub struct Ask {
    object: String,
    from: String,
    types: Vec<PgType>,
    not_null: Vec<bool>,
    names: Vec<String>,
}

/// All rows as the source counts them, and its account of each column.
pub struct Answer {
    pub rows: u64,
    pub columns: Vec<SourceColumn>,
}

impl Ask {
    /// `from`: the FROM and WHERE of the statement that reads. `types`: what the columns become in the target.
    pub fn new(table: &Table, from: &str, types: &[PgType]) -> Self {
        Self {
            object: table.object.clone(),
            from: from.to_owned(),
            types: types.to_vec(),
            not_null: table.columns.iter().map(|column| column.not_null).collect(),
            names: names(table),
        }
    }

    /// Asks, on a connection that stands in a transaction.
    pub fn answer(&self, connection: &Connection) -> Result<Answer> {
        let answered = match self.ask(connection, false) {
            Err(error) if reason(&error) == "integer overflow" => self.ask(connection, true),
            other => other,
        };
        answered.map_err(reading(&self.object))
    }

    fn ask(&self, connection: &Connection, halves: bool) -> rusqlite::Result<Answer> {
        let mut aggregates = vec![(0, Aggregate::Rows, "count(*)".to_owned())];
        for at in 0..self.names.len() {
            aggregates.extend(self.aggregates(at, halves).into_iter().map(|(what, sql)| (at, what, sql)));
        }
        let mut values = Vec::new();
        for together in aggregates.chunks(FIGURES_TOGETHER) {
            let list: Vec<_> = together.iter().map(|(_, _, sql)| sql.as_str()).collect();
            let sql = format!("SELECT {} {}", list.join(", "), self.from);
            let row: Vec<Value> =
                connection.query_row(&sql, [], |row| (0..together.len()).map(|at| row.get(at)).collect())?;
            values.extend(row);
        }
        let asked = aggregates.into_iter().map(|(at, what, _)| (at, what)).zip(values);
        Ok(self.put_together(&asked.collect::<Vec<_>>()))
    }

    fn put_together(&self, answers: &[((usize, Aggregate), Value)]) -> Answer {
        let number = |value: &Value| if let Value::Integer(number) = value { *number } else { 0 };
        let mut rows = 0;
        let mut present: Vec<Option<i64>> = vec![None; self.names.len()];
        // Of texts in several shapes, the smallest is not the earliest.
        let mut ordered = vec![true; self.names.len()];
        for ((at, what), value) in answers {
            match what {
                Aggregate::Rows => rows = number(value),
                Aggregate::Values => present[*at] = Some(number(value)),
                Aggregate::Shapes => {
                    let values = present[*at].unwrap_or(rows);
                    let shapes = number(value);
                    ordered[*at] = shapes == values || shapes == values.saturating_mul(SECOND_SHAPE);
                }
                Aggregate::Figure(_) => {}
            }
        }
        let figures = answers.iter().filter_map(|((at, what), value)| match what {
            Aggregate::Values => Some((*at, Figure::Nulls, Some((rows - number(value)).to_string()))),
            Aggregate::Figure(figure @ (Figure::Smallest | Figure::Largest)) if ordered[*at] => {
                Some((*at, *figure, end(value, self.types[*at])))
            }
            Aggregate::Figure(Figure::Smallest | Figure::Largest) => None,
            Aggregate::Figure(figure) => Some((*at, *figure, whole(value))),
            Aggregate::Rows | Aggregate::Shapes => None,
        });
        let columns = own_account::columns(&self.types, &self.not_null, figures);
        Answer { rows: rows as u64, columns }
    }

    /// What is asked of a column, and the SQL of it; how many values there are comes before their shapes.
    fn aggregates(&self, at: usize, halves: bool) -> Vec<(Aggregate, String)> {
        let (name, ty) = (&self.names[at], self.types[at]);
        let mut asked = Vec::new();
        if !self.not_null[at] {
            asked.push((Aggregate::Values, format!("count({name})")));
        }
        let mut figure = |figure, sql| asked.push((Aggregate::Figure(figure), sql));
        let ends = |figure: &mut dyn FnMut(Figure, String)| {
            figure(Figure::Smallest, format!("min({name})"));
            figure(Figure::Largest, format!("max({name})"));
        };
        match ty {
            PgType::Int2 | PgType::Int4 | PgType::Int8 | PgType::Numeric(_) => {
                let (scale, term) = term(name, ty);
                if halves {
                    // What is no whole number stays none.
                    let half = |half: &str| {
                        format!(
                            "sum(CASE typeof({term}) WHEN 'integer' THEN {half} WHEN 'null' THEN NULL ELSE 'x' END)"
                        )
                    };
                    figure(Figure::Sum32(scale), half(&format!("{term} >> 32")));
                    figure(Figure::Sum(scale), half(&format!("{term} & 4294967295")));
                } else {
                    figure(Figure::Sum(scale), format!("sum({term})"));
                }
                ends(&mut figure);
            }
            PgType::Float4 | PgType::Float8 => ends(&mut figure),
            PgType::Text | PgType::Varchar(_) | PgType::Json | PgType::Enum => {
                figure(Figure::Length, lengths(name, &["text", "integer"], &format!("length({name})")));
            }
            PgType::Char(_) => {
                let length = format!("length(rtrim({name}, ' '))");
                figure(Figure::Length, lengths(name, &["text", "integer"], &length));
            }
            PgType::Bytea => figure(Figure::Length, lengths(name, &["blob"], &format!("length({name})"))),
            PgType::Date => {
                ends(&mut figure);
                asked.push((Aggregate::Shapes, format!("sum({name} GLOB '????-??-??')")));
            }
            PgType::Time(_) => {
                ends(&mut figure);
                asked.push((Aggregate::Shapes, format!("sum({name} GLOB '??:?*[0-9]')")));
            }
            PgType::Timestamp(_) => {
                ends(&mut figure);
                // Of texts of one shape without a Z, the earlier is the smaller, however many digits a second has. Blanks may stand
                // behind a Z. A pattern that ended with a digit would take longer than all else that is asked of the column.
                asked.push((
                    Aggregate::Shapes,
                    format!(
                        "sum(CASE WHEN substr({name}, -1) NOT BETWEEN '0' AND '9' THEN NULL WHEN {name} GLOB '????-??-?? *' THEN 1 \
                         WHEN {name} GLOB '????-??-??T*' THEN {SECOND_SHAPE} END)"
                    ),
                ));
            }
            // Instants of several zones have no order as texts.
            PgType::TimestampTz(_) | PgType::Bool | PgType::Uuid | PgType::Jsonb => {}
        }
        asked
    }
}

/// The lengths of values that are stored as one of these, added. Of any other the text is written here in another way than in SQLite, so
/// that it is 'x', with which there is no sum.
fn lengths(name: &str, stored: &[&str], length: &str) -> String {
    // The usual one first: a list would be looked up for every value.
    let taken: Vec<_> = stored.iter().map(|class| format!("WHEN '{class}' THEN {length}")).collect();
    format!("sum(CASE typeof({name}) {} WHEN 'null' THEN NULL ELSE 'x' END)", taken.join(" "))
}

/// A number to be added, whole, and the power of ten that is its unit.
fn term(name: &str, ty: PgType) -> (i32, String) {
    match ty {
        PgType::Numeric(Some((_, scale @ 0..=DIGITS_OF_DOUBLE))) => {
            // A double of at most 15 digits is a decimal, and times a power of ten it is nearer to that whole number than to any
            // other. One that has more digits is 'x', with which there is no sum. So is a text, with which the range would be
            // compared as texts: texts and blobs, and nothing else, are not less than the empty text.
            let most = DIGITS_OF_DOUBLE - scale;
            let term = format!(
                "CASE WHEN {name} >= '' OR {name} NOT BETWEEN -1e{most} AND 1e{most} THEN 'x' \
                 ELSE CAST(round({name} * 1e{scale}) AS INTEGER) END"
            );
            (-i32::from(scale), term)
        }
        _ => (0, name.to_owned()),
    }
}

/// A sum or a length, if it is a whole number.
fn whole(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::Integer(value) => Some(value.to_string()),
        // Not exact, or of values that are no numbers. It is no number as a sum has them, and so there is none.
        _ => Some("inexact".to_owned()),
    }
}

/// A smallest or largest value. Texts come behind all numbers, and blobs behind all texts: if the largest is a number, all are.
fn end(value: &Value, ty: PgType) -> Option<String> {
    let is_number = ty.is_exact_number() || matches!(ty, PgType::Float4 | PgType::Float8);
    match value {
        Value::Integer(value) if is_number => Some(value.to_string()),
        Value::Real(value) if ty.is_exact_number() => {
            Decimal::from_f64(*value).map(|value| value.normalized().to_string())
        }
        Value::Real(value) if is_number => Some(value.to_string()),
        Value::Text(text) if !is_number => Some(text.clone()),
        _ => None,
    }
}

/// An account that is computed on a thread of its own while the rows are read.
pub struct Beside {
    thread: Option<std::thread::JoinHandle<Result<Answer>>>,
    interrupt: InterruptHandle,
}

/// A second connection, before the first has begun its transaction.
pub struct Second {
    connection: Connection,
    version: i64,
}

impl Second {
    /// None if it cannot be had at once.
    pub fn open(path: &std::path::Path) -> Option<Self> {
        let connection = connect(path).ok()?;
        // Somebody who waits to write lets nobody read any more until the first connection has ended, which waits for this one.
        connection.busy_timeout(std::time::Duration::ZERO).ok()?;
        let version = version(&connection).ok()?;
        Some(Self { connection, version })
    }

    /// Begins to compute in a transaction of its own, after the first connection has begun its: if nobody has committed anything
    /// since this connection was opened, both see the same state. None if somebody has.
    pub fn begin(self, ask: &Ask) -> Option<Beside> {
        let Self { connection, version: before } = self;
        // From the first reading on, this transaction sees one state to its end.
        connection.execute_batch("BEGIN").ok()?;
        if version(&connection).ok()? != before {
            return None;
        }
        let interrupt = connection.get_interrupt_handle();
        let ask = ask.clone();
        let thread =
            std::thread::Builder::new().name("account".to_owned()).spawn(move || ask.answer(&connection));
        Some(Beside { thread: Some(thread.ok()?), interrupt })
    }
}

/// A number that another connection's commit changes.
fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA data_version", [], |row| row.get(0))
}

impl Beside {
    /// Waits for it.
    pub fn join(mut self) -> Result<Answer> {
        let ended = self.thread.take().map(std::thread::JoinHandle::join);
        match ended {
            Some(Ok(answer)) => answer,
            _ => Err(Failure::new("the source's own account ended unexpectedly")),
        }
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        // The rows were not read to their end: nobody wants it any more.
        if self.thread.is_some() {
            self.interrupt.interrupt();
        }
    }
}

#[cfg(test)]
mod tests;
