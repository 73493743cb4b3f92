//! A database of the engine, asked without a network.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails where it stands")]

use tds_server::answer::{AnswerColumn, Engine, EngineSession, Event, SessionInfo, SqlMessage, SqlValue};
use tds_server::database::Database;

/// A database that a script makes.
pub fn database(script: &str) -> Database {
    let database = Database::create("KsmErp").unwrap();
    database.script(script).unwrap();
    database
}

/// A session of a login.
pub fn session(database: &Database, login: &str) -> Box<dyn EngineSession> {
    let info = SessionInfo {
        session_id: 51 + i16::from(login.as_bytes()[0]),
        login: login.to_owned(),
        database: "KsmErp".to_owned(),
        application: "test".to_owned(),
        host: "here".to_owned(),
        encrypted: true,
    };
    database.open(info).unwrap()
}

/// One result of a batch.
#[derive(Debug, Default)]
pub struct Answer {
    pub columns: Vec<AnswerColumn>,
    pub rows: Vec<Vec<SqlValue>>,
}

/// All results of a batch.
pub fn answers(session: &mut Box<dyn EngineSession>, batch: &str) -> Result<Vec<Answer>, SqlMessage> {
    let mut answers: Vec<Answer> = Vec::new();
    session.execute(batch, &[], &mut |event| {
        match event {
            Event::Columns(columns) => answers.push(Answer { columns, rows: Vec::new() }),
            Event::Row(row) => answers.last_mut().unwrap().rows.push(row),
            Event::Done(_) | Event::Info(_) => {}
        }
        true
    })?;
    Ok(answers)
}

/// The rows of the last result of a batch, run by the owner.
pub fn rows(database: &Database, batch: &str) -> Result<Vec<Vec<SqlValue>>, SqlMessage> {
    let mut session = session(database, "sa");
    Ok(answers(&mut session, batch)?.pop().unwrap_or_default().rows)
}

/// The only value of a query.
pub fn value(database: &Database, batch: &str) -> Result<SqlValue, SqlMessage> {
    let rows = rows(database, batch)?;
    match &rows[..] {
        [row] if row.len() == 1 => Ok(row[0].clone()),
        other => panic!("{batch}: {other:?}"),
    }
}

/// A value as a text, cast by the engine.
pub fn text(database: &Database, expression: &str) -> Result<String, SqlMessage> {
    match value(database, &format!("SELECT CAST(({expression}) AS nvarchar(4000))"))? {
        SqlValue::Null => Ok("NULL".to_owned()),
        SqlValue::Wide(units) => Ok(String::from_utf16(&units).unwrap()),
        other => panic!("{expression}: {other:?}"),
    }
}
