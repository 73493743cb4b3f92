//! A table that the user names.

use crate::failure::{Failure, Result};
use crate::target::connection::{Connection, failure_of};

const WRITE: &str = "write it as schema.table; rsl audit status and rsl loads list tables";

/// Its name, qualified and quoted. One without a schema is looked for as the server does, and then in `erp`, where loads go.
pub async fn find(connection: &Connection, name: &str) -> Result<String> {
    let found = connection
        .client
        .query_opt(
            "SELECT format('%I.%I', n.nspname, c.relname)
             FROM (SELECT parse_ident($1) AS name) p
             CROSS JOIN unnest(CASE cardinality(p.name) WHEN 1 THEN array_append($2::text[], 'erp') WHEN 2 THEN p.name[1:1] END) WITH ORDINALITY s (schema, place)
             JOIN pg_namespace n ON n.nspname = s.schema
             JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = p.name[cardinality(p.name)]
             ORDER BY s.place LIMIT 1",
            &[&name, &connection.schemas],
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
