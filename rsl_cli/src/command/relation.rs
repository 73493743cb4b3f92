//! A table that the user names.

use crate::failure::{Failure, Result};
use crate::target::connection::{Connection, failure_of};

const WRITE: &str = "write it as schema.table; rsl audit status and rsl loads list tables";

/// Its name, qualified and quoted. One without a schema may stand in `erp`, where loads go.
pub async fn find(connection: &Connection, name: &str) -> Result<String> {
    let found = connection
        .client
        .query_opt(
            "SELECT format('%I.%I', n.nspname, c.relname)
             FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
             WHERE c.oid = coalesce(to_regclass($1),
                CASE WHEN cardinality(parse_ident($1)) = 1 THEN to_regclass('erp.' || $1) END)",
            &[&name],
        )
        .await
        .map_err(|error| {
            let failed =
                failure_of(error, "ask the owner of the schema for GRANT USAGE ON SCHEMA", "run it again");
            if failed.advice().is_some() { failed } else { failed.hint(WRITE) }
        })?;
    match found {
        Some(row) => Ok(row.get(0)),
        None => Err(Failure::new(format!("there is no table {name}")).hint(WRITE)),
    }
}
