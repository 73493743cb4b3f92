//! Whether the current role sees every row of a table: rows that are hidden would pass for rows that are not there.

use super::connection::{Connection, failure_of};
use crate::failure::{Failure, Result};

/// Fails in the words of `rsl.verify_obstacle` unless all rows are seen. `table` is qualified and quoted, `columns` are those that
/// will be read, none: all; `access` says whom to ask for rights, `lost` what to do when the connection is lost.
pub async fn refuse(
    connection: &Connection,
    table: &str,
    columns: Option<&[&str]>,
    access: &str,
    lost: &str,
) -> Result<()> {
    let obstacle = connection
        .client
        .query_one("SELECT rsl.verify_obstacle($1::text::regclass, $2)", &[&table, &columns])
        .await
        .map_err(|error| failure_of(error, access, lost))?;
    match obstacle.get::<_, Option<String>>(0) {
        None => Ok(()),
        Some(why) => {
            let hint = match why.starts_with("row security") {
                true => {
                    "nothing can be said of rows that are not seen: compare as a role that row security does not apply to, such as the owner or one with BYPASSRLS"
                }
                false => access,
            };
            Err(Failure::new(why).hint(hint))
        }
    }
}
