//! An engine that knows a handful of statements, for clients that are to be tried without a database.

use crate::{
    answer::{
        AnswerColumn, Engine, EngineSession, Event, Parameter, SessionInfo, SqlMessage, SqlType, SqlValue,
    },
    collation, every_type,
};

/// Serves, besides SET and transactions, of which it does nothing:
///
/// * `SELECT * FROM every_type`, or some of its columns, `WHERE id = 3` if wanted;
/// * `SELECT * FROM every_type_text`: the same values as texts, one a row;
/// * `SELECT @a, @b`: the parameters as they came;
/// * `SELECT * FROM numbers(70000)`: so many rows of an int and its text;
/// * `SELECT * FROM large(1000000)`: a varchar, an nvarchar and a varbinary of so many characters or bytes;
/// * `PRINT 'text'`, `THROW 50001, 'text', 1`, `USE name`, `SELECT @@VERSION`, `SELECT 1`.
#[derive(Debug, Default)]
pub struct EveryType;

impl Engine for EveryType {
    fn has_database(&self, name: &str) -> bool {
        ["master", "every_type"].iter().any(|known| known.eq_ignore_ascii_case(name))
    }

    fn open(&self, _: SessionInfo) -> Result<Box<dyn EngineSession>, SqlMessage> {
        Ok(Box::new(Self))
    }
}

type Emit<'a> = &'a mut dyn FnMut(Event) -> bool;

impl EngineSession for EveryType {
    fn execute(&mut self, batch: &str, parameters: &[Parameter], emit: Emit<'_>) -> Result<(), SqlMessage> {
        for statement in batch.split([';', '\n']).map(str::trim).filter(|statement| !statement.is_empty()) {
            run(statement, parameters, emit)?;
        }
        Ok(())
    }
}

fn run(statement: &str, parameters: &[Parameter], emit: Emit<'_>) -> Result<(), SqlMessage> {
    let (verb, rest) = statement.split_once(char::is_whitespace).unwrap_or((statement, ""));
    match verb.to_ascii_uppercase().as_str() {
        "SELECT" => select(rest.trim(), parameters, emit),
        "SET" | "BEGIN" | "COMMIT" | "ROLLBACK" | "SAVE" | "IF" => {
            emit(Event::Done(None));
            Ok(())
        }
        "PRINT" => {
            emit(Event::Info(SqlMessage { number: 0, state: 1, class: 0, message: unquoted(rest) }));
            emit(Event::Done(None));
            Ok(())
        }
        "USE" => {
            let message = format!("Changed database context to '{}'.", rest.trim_matches(['[', ']', ' ']));
            emit(Event::Info(SqlMessage { number: 5701, state: 2, class: 0, message }));
            emit(Event::Done(None));
            Ok(())
        }
        "THROW" => {
            let mut parts = rest.split(',');
            let number = parts.next().and_then(|number| number.trim().parse().ok()).unwrap_or(50000);
            Err(SqlMessage::error(number, unquoted(parts.next().unwrap_or_default())))
        }
        _ => Err(SqlMessage {
            number: 102,
            state: 1,
            class: 15,
            message: format!("Incorrect syntax near '{verb}'."),
        }),
    }
}

fn unquoted(text: &str) -> String {
    text.trim().trim_start_matches('N').trim_matches('\'').to_owned()
}

fn select(rest: &str, parameters: &[Parameter], emit: Emit<'_>) -> Result<(), SqlMessage> {
    let Some(from) = rest.to_ascii_uppercase().find("FROM ") else {
        return without_table(rest, parameters, emit);
    };
    let (list, source) = (rest[..from].trim(), rest[from + 5..].trim());
    let (source, filter) = match source.to_ascii_uppercase().find(" WHERE ") {
        Some(at) => (source[..at].trim(), Some(source[at + 7..].trim())),
        None => (source, None),
    };
    let bare =
        source.rsplit('.').next().unwrap_or_default().replace(['[', ']', '"'], "").to_ascii_lowercase();
    let (name, count) = bare.split_once('(').unwrap_or((bare.as_str(), ""));
    let count: u64 = count.trim_end_matches(')').parse().unwrap_or_default();
    match name {
        "every_type" => {
            let (columns, rows) = every_type::table();
            let id = filter.and_then(|filter| filter.split('=').nth(1)?.trim().parse().ok());
            let rows = rows.into_iter().filter(|row| id.is_none_or(|id| row[0] == SqlValue::Int(id)));
            some_columns(list, &columns, rows, emit)
        }
        "every_type_text" => {
            let column = |name: &str| text_column(name, None);
            let columns = ["id", "column", "type", "text"].map(column);
            let cell = |text: Option<String>| text.map_or(SqlValue::Null, |text| wide(&text));
            let rows = every_type::texts_of_table().into_iter().map(|row| row.map(cell).to_vec());
            some_columns(list, &columns, rows, emit)
        }
        "numbers" => {
            let number = AnswerColumn { name: "n".to_owned(), ty: SqlType::Int, nullable: false };
            let columns = [number, text_column("text", Some(20))];
            let row =
                |n: u64| vec![SqlValue::Int(i64::try_from(n).unwrap_or_default()), wide(&format!("row {n}"))];
            some_columns(list, &columns, (1..=count).map(row), emit)
        }
        "large" => {
            let types = [
                SqlType::VarChar(None, collation::DEFAULT.to_owned()),
                SqlType::NVarChar(None, collation::DEFAULT.to_owned()),
                SqlType::VarBinary(None),
            ];
            let columns: Vec<AnswerColumn> = types
                .into_iter()
                .zip(["characters", "wide", "bytes"])
                .map(|(ty, name)| AnswerColumn { name: name.to_owned(), ty, nullable: true })
                .collect();
            let letters = || (0..count).map(|n| b'a' + u8::try_from(n % 26).unwrap_or_default());
            let row = vec![
                SqlValue::Bytes(letters().collect()),
                SqlValue::Wide(letters().map(u16::from).collect()),
                SqlValue::Binary(letters().collect()),
            ];
            some_columns(list, &columns, std::iter::once(row), emit)
        }
        _ => Err(SqlMessage {
            number: 208,
            state: 1,
            class: 16,
            message: format!("Invalid object name '{source}'."),
        }),
    }
}

fn wide(text: &str) -> SqlValue {
    SqlValue::Wide(text.encode_utf16().collect())
}

fn text_column(name: &str, length: Option<u16>) -> AnswerColumn {
    let ty = SqlType::NVarChar(length, collation::DEFAULT.to_owned());
    AnswerColumn { name: name.to_owned(), ty, nullable: true }
}

fn some_columns(
    list: &str,
    columns: &[AnswerColumn],
    rows: impl Iterator<Item = Vec<SqlValue>>,
    emit: Emit<'_>,
) -> Result<(), SqlMessage> {
    let chosen = if list == "*" {
        (0..columns.len()).collect()
    } else {
        let place = |name: &str| {
            let name = name.trim().trim_matches(['[', ']', '"']);
            columns.iter().position(|column| column.name.eq_ignore_ascii_case(name)).ok_or_else(|| {
                SqlMessage {
                    number: 207,
                    state: 1,
                    class: 16,
                    message: format!("Invalid column name '{name}'."),
                }
            })
        };
        list.split(',').map(place).collect::<Result<Vec<usize>, _>>()?
    };
    if !emit(Event::Columns(chosen.iter().map(|at| columns[*at].clone()).collect())) {
        return Ok(());
    }
    let mut count = 0;
    for row in rows {
        if !emit(Event::Row(chosen.iter().map(|at| row[*at].clone()).collect())) {
            return Ok(());
        }
        count += 1;
    }
    emit(Event::Done(Some(count)));
    Ok(())
}

/// Parameters, a number, or one of the few things that clients ask every server.
fn without_table(list: &str, parameters: &[Parameter], emit: Emit<'_>) -> Result<(), SqlMessage> {
    let (mut columns, mut row) = (Vec::new(), Vec::new());
    for item in list.split(',').map(str::trim) {
        let parameter = parameters.iter().find(|parameter| parameter.name.eq_ignore_ascii_case(item));
        let (name, ty, value) = if let Some(parameter) = parameter {
            (parameter.name.trim_start_matches('@').to_owned(), parameter.ty.clone(), parameter.value.clone())
        } else if let Ok(number) = item.parse() {
            (String::new(), SqlType::Int, SqlValue::Int(number))
        } else {
            let text = match item.to_ascii_uppercase().as_str() {
                "@@VERSION" => "Microsoft SQL Server 2022 (a test server)",
                "DB_NAME()" => "every_type",
                "@@SERVERNAME" => "TDSTEST",
                _ => {
                    return Err(SqlMessage::error(
                        137,
                        format!("Must declare the scalar variable \"{item}\"."),
                    ));
                }
            };
            (String::new(), SqlType::NVarChar(Some(200), collation::DEFAULT.to_owned()), wide(text))
        };
        columns.push(AnswerColumn { name, ty, nullable: true });
        row.push(value);
    }
    emit(Event::Columns(columns));
    emit(Event::Row(row));
    emit(Event::Done(Some(1)));
    Ok(())
}
