//! The condition of an earlier pull, as the books keep it. Whoever may load writes there what it likes, and whoever reads the source
//! with it again does so with rights of its own: so only a condition of one's own is taken.

use crate::failure::{Failure, Result};
use crate::target::connection::{Connection, failure};

/// Fails if the role that began the run is neither the current one nor one that it is a member of. A superuser, who is a member of all,
/// takes only its own and other superusers'.
pub async fn refuse_foreign(connection: &Connection, run: i64, hint: &str) -> Result<()> {
    let row = connection
        .client
        .query_one(
            "SELECT r.started_by::text, current_user::text, coalesce(CASE
                WHEN r.started_by = current_user THEN true
                WHEN me.rolsuper THEN author.rolsuper
                ELSE pg_has_role(author.oid, 'MEMBER') END, false)
             FROM rsl.run r CROSS JOIN pg_catalog.pg_roles me LEFT JOIN pg_catalog.pg_roles author ON author.rolname = r.started_by
             WHERE r.run_id = $1 AND me.rolname = current_user",
            &[&run],
        )
        .await
        .map_err(failure)?;
    let (author, current, is_ours): (String, String, bool) = (row.get(0), row.get(1), row.get(2));
    match is_ours {
        true => Ok(()),
        false => Err(Failure::new(format!(
            "the condition of run {run} was written by role {author}: it is not sent to the source on behalf of role {current}"
        ))
        .hint(hint)),
    }
}
