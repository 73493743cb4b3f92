//! Whether a load can be undone afterwards, asked before it: the same rules as in `sql/load/load_merge.sql`, which has the last word.

use serde_json::json;

use super::connection::{Connection, failure, failure_of};
use super::plan::Plan;
use crate::args::Mode;
use crate::failure::{Failure, Result};
use crate::terminal::visible;

/// The target is audited.
const BY_LOG: &str = "log";
/// The load makes the table.
const BY_DROP: &str = "drop";
/// The load fills the table.
const BY_EMPTY: &str = "empty";

/// As people read it: what holds only until somebody changes the target is no plain yes.
pub fn in_words(by: Option<&str>) -> &'static str {
    match by {
        Some(BY_LOG) => "yes",
        Some(_) => "until changed",
        None => "no",
    }
}

/// Looks what there is of a target.
pub async fn foresee(plan: &mut Plan, mode: Mode, connection: Option<&Connection>) -> Result<()> {
    let (Some(connection), false) = (connection, plan.creates) else {
        plan.undo = Some(BY_DROP);
        return Ok(());
    };
    if audited(plan, connection).await? {
        plan.undo = left_out(plan, mode, connection).await?.is_none().then_some(BY_LOG);
        return Ok(());
    }
    // Of a view, or what may not be read, the load will say more.
    let readable = "SELECT c.relkind IN ('r', 'p') AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')
        FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = $1 AND c.relname = $2";
    let readable =
        connection.client.query_opt(readable, &[&plan.target.0, &plan.target.1]).await.map_err(failure)?;
    if readable.is_some_and(|row| row.get(0)) {
        let filled = format!("SELECT EXISTS (SELECT FROM {})", plan.target_sql());
        let filled = connection.client.query_one(&filled, &[]).await.map_err(failure)?;
        plan.undo = (!filled.get::<_, bool>(0)).then_some(BY_EMPTY);
    }
    Ok(())
}

/// Asks the catalogue, since a dry run may come before the extension. A trigger that is disabled writes nothing, and one of a
/// partition is of its own.
async fn audited(plan: &Plan, connection: &Connection) -> Result<bool> {
    let row = connection
        .client
        .query_one(
            "SELECT coalesce(bool_and(g.tgenabled = 'A') AND bool_or(g.tgrelid = c.oid), false)
             FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace cn ON cn.oid = c.relnamespace
             JOIN pg_catalog.pg_trigger g ON NOT g.tgisinternal
                AND (g.tgrelid = c.oid OR g.tgrelid IN (SELECT m.relid FROM pg_catalog.pg_partition_tree(c.oid) m))
             JOIN pg_catalog.pg_proc p ON p.oid = g.tgfoid JOIN pg_catalog.pg_namespace pn ON pn.oid = p.pronamespace
             WHERE cn.nspname = $1 AND c.relname = $2 AND pn.nspname = 'rsl' AND p.proname = 'audit_write'",
            &[&plan.target.0, &plan.target.1],
        )
        .await
        .map_err(failure)?;
    Ok(row.get(0))
}

/// Columns that the audit leaves out and the load may change: nobody could put them back.
async fn left_out(plan: &Plan, mode: Mode, connection: &Connection) -> Result<Option<String>> {
    let loaded: Vec<&str> = plan.columns.iter().map(|(name, _)| name.as_str()).collect();
    let row = connection
        .client
        .query_one(
            "SELECT string_agg(quote_ident(x), ', ') FROM jsonb_array_elements_text(rsl.audit_settings($1::text::regclass) -> 'exclude') x
             WHERE CASE $2 WHEN 'append' THEN false WHEN 'upsert' THEN x = ANY ($3) ELSE true END",
            &[&plan.target_sql(), &mode.name(), &loaded],
        )
        .await
        .map_err(failure)?;
    Ok(row.get(0))
}

/// Targets that have to be audited first, all with a key that tells their rows apart.
pub async fn need_audit(plans: &mut [&mut Plan], mode: Mode, connection: &Connection) -> Result<Vec<Audit>> {
    let mut audits = Vec::new();
    for plan in plans.iter_mut().filter(|plan| plan.undo.is_none()) {
        audits.push(Audit::new(plan, mode, connection).await?);
        plan.undo = Some(BY_LOG);
    }
    // Two runs that come at once take their locks in one order.
    audits.sort_by(|a, b| a.target.cmp(&b.target));
    Ok(audits)
}

/// The audit of one target that is to be switched on.
pub struct Audit {
    target: String,
    name: String,
    /// None: the primary key.
    key: Option<Vec<String>>,
}

impl Audit {
    async fn new(plan: &Plan, mode: Mode, connection: &Connection) -> Result<Self> {
        let name = plan.target_name();
        if let Some(columns) = left_out(plan, mode, connection).await? {
            return Err(Failure::new(format!(
                "{name} is audited without {columns}: what a load changes there cannot be undone"
            ))
            .hint(
                "rsl audit off and rsl audit on without --exclude; or load it without --undoable, for good",
            ));
        }
        let row = connection
            .client
            .query_one(
                "SELECT coalesce(bool_or(i.indisprimary), false),
                    coalesce(bool_or(i.indisunique AND i.indisvalid AND i.indimmediate AND i.indpred IS NULL AND i.indexprs IS NULL
                        AND (SELECT array_agg(a.attname::text ORDER BY a.attname::text) FROM pg_catalog.pg_attribute a
                            WHERE a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey[0:i.indnkeyatts - 1]))
                        = (SELECT array_agg(k ORDER BY k) FROM unnest($3::text[]) k)), false)
                 FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                 JOIN pg_catalog.pg_index i ON i.indrelid = c.oid
                 WHERE n.nspname = $1 AND c.relname = $2",
                &[&plan.target.0, &plan.target.1, &plan.key],
            )
            .await
            .map_err(failure)?;
        let key = match (row.get(0), row.get(1)) {
            (true, _) => None,
            (false, true) => Some(plan.key.clone()),
            (false, false) => {
                return Err(Failure::new(format!("{name} cannot be audited: nothing tells its rows apart")).hint(
                    "give it a primary key, or name the columns of a unique constraint with --key; or load it without --undoable, for good",
                ));
            }
        };
        Ok(Self { target: plan.target_sql(), name, key })
    }
}

/// Switches all on or none, and says which.
pub async fn audit(audits: &[Audit], connection: &Connection) -> Result<()> {
    if audits.is_empty() {
        return Ok(());
    }
    let list: Vec<_> = audits.iter().map(|audit| json!({"target": audit.target, "key": audit.key})).collect();
    // One that is disabled keeps its settings and is enabled again.
    connection
        .client
        .execute(
            "SELECT rsl.audit_on(t.target::regclass,
                coalesce((SELECT array_agg(k) FROM jsonb_array_elements_text(s.settings -> 'key') k), t.key),
                (SELECT array_agg(x) FROM jsonb_array_elements_text(s.settings -> 'exclude') x))
             FROM jsonb_to_recordset($1) t (target text, key text[]), LATERAL (SELECT rsl.audit_settings(t.target::regclass) AS settings) s",
            &[&json!(list)],
        )
        .await
        .map_err(|error| {
            let access = "ask the owner for SELECT rsl.grant_access(your role, 'audit'); or load without --undoable, for good";
            failure_of(error, access, "nothing was loaded: run it again").at("--undoable")
        })?;
    for audit in audits {
        eprintln!("{}: audited from now on", visible(&audit.name));
    }
    Ok(())
}
