//! Runs the steps, each in a transaction of its own: what fails is listed with the reason, and the others go on.

use tokio_postgres::Error;
use tokio_postgres::error::SqlState;

use super::NotCarried;
use super::statement::{Look, Step};
use crate::target::connection::{Connection, failure};

/// Makes what the source has, as far as it can be made, and returns the rest. What is there already is left as it is, so that
/// this may be run again at any time.
pub async fn carry_over(connection: &Connection, steps: &[Step]) -> Vec<NotCarried> {
    let mut rest = Vec::new();
    for step in steps {
        let reason = match &step.sql {
            Err(reason) => Some(reason.clone()),
            Ok(sql) => match step_in_transaction(connection, sql, &step.look).await {
                Ok(None) => step.weaker.as_ref().map(|weaker| format!("carried over, but weaker: {weaker}")),
                Ok(Some(reason)) => Some(reason),
                Err(error) => Some(why(connection, error, &step.look).await),
            },
        };
        if let Some(reason) = reason {
            rest.push(NotCarried { table: step.table.clone(), what: step.what.clone(), reason });
        }
    }
    rest
}

/// Nothing, or the reason why it was not made.
async fn step_in_transaction(
    connection: &Connection,
    sql: &[String],
    look: &Look,
) -> Result<Option<String>, Error> {
    begin(connection, "BEGIN").await?;
    let outcome = make(connection, sql, look).await;
    match &outcome {
        Ok(None) => connection.client.batch_execute("COMMIT").await?,
        _ if connection.client.is_closed() => {}
        _ => connection.client.batch_execute("ROLLBACK").await?,
    }
    outcome
}

/// In the transaction, functions and operators are those of PostgreSQL, whatever stands in the path of this role.
async fn begin(connection: &Connection, begin: &str) -> Result<(), Error> {
    connection
        .client
        .batch_execute(&format!(
            "{begin}; SET LOCAL search_path = pg_catalog, pg_temp; SET LOCAL standard_conforming_strings = on"
        ))
        .await
}

async fn make(connection: &Connection, sql: &[String], look: &Look) -> Result<Option<String>, Error> {
    let client = &connection.client;
    let condition = match &look.condition {
        Some((table, condition)) => Some(as_stored(connection, table, condition).await?),
        None => None,
    };
    if let Some(present) = &look.present {
        let row = match &condition {
            Some(condition) => client.query_one(present, &[condition]).await?,
            None => client.query_one(present, &[]).await?,
        };
        if row.get::<_, bool>(0) {
            for statement in &look.again {
                client.batch_execute(statement).await?;
            }
            return Ok(None);
        }
    }
    if let Some(obstacle) = &look.obstacle
        && let Some(row) = client.query_opt(obstacle, &[]).await?
    {
        return Ok(Some(row.get(0)));
    }
    let before = match &look.keeps {
        Some(keeps) => value(connection, keeps).await?,
        None => None,
    };
    for statement in sql {
        client.batch_execute(statement).await?;
    }
    if let (Some(keeps), Some(before)) = (&look.keeps, before)
        && value(connection, keeps).await?.as_ref() != Some(&before)
    {
        return Ok(Some(format!("the target has another of its own, {before}")));
    }
    Ok(None)
}

async fn value(connection: &Connection, query: &str) -> Result<Option<String>, Error> {
    Ok(connection.client.query_opt(query, &[]).await?.and_then(|row| row.get(0)))
}

/// How the server writes a condition on a table, to find it among those that it has: a check that nothing is held against
/// shows it, and is gone again.
async fn as_stored(connection: &Connection, table: &str, condition: &str) -> Result<String, Error> {
    const NAME: &str = "rsl condition";
    let client = &connection.client;
    let add = format!("ALTER TABLE {table} ADD CONSTRAINT \"{NAME}\" CHECK ({condition}) NOT VALID");
    client.batch_execute(&format!("SAVEPOINT condition; {add}")).await?;
    let row = client
        .query_one(
            "SELECT pg_get_expr(conbin, conrelid) FROM pg_constraint WHERE conrelid = $1::text::regclass AND conname = $2::text",
            &[&table, &NAME],
        )
        .await?;
    client.batch_execute("ROLLBACK TO SAVEPOINT condition; RELEASE SAVEPOINT condition").await?;
    Ok(row.get(0))
}

/// What PostgreSQL says, or how many rows are in the way if that is what it says.
async fn why(connection: &Connection, error: Error, look: &Look) -> String {
    let violated = [SqlState::CHECK_VIOLATION, SqlState::FOREIGN_KEY_VIOLATION, SqlState::UNIQUE_VIOLATION];
    let is_violated = error.code().is_some_and(|code| violated.contains(code));
    let told = failure(error).what().to_owned();
    let (Some((query, [one, several])), true) = (&look.count, is_violated) else { return told };
    let mut reason = match count(connection, query).await {
        Ok(1) => format!("1 {one}"),
        Ok(count) if count > 1 => format!("{count} {several}"),
        // The rows have changed meanwhile, or the condition fails for one of them: then what was told stands.
        _ => told,
    };
    if look.untrusted {
        reason += "; the source has it WITH NOCHECK and has not looked either";
    }
    reason
}

async fn count(connection: &Connection, query: &str) -> Result<i64, Error> {
    begin(connection, "BEGIN READ ONLY").await?;
    let row = connection.client.query_one(query, &[]).await;
    connection.client.batch_execute("ROLLBACK").await?;
    Ok(row?.get(0))
}
