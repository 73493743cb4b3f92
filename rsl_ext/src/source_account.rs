//! The source's own account of a load: what a client says of each part, added up, and compared with what was read.

use pgrx::JsonB;
use pgrx::prelude::*;
use rsl_core::source_account::SourceAccount;
use rsl_core::witness::Account;
use serde_json::{Map, Value, json};

use crate::books::{Plan, internal};
use crate::owner::as_owner;
use crate::{Result, report, spi};

/// Reads the account of a part: only what an account holds goes on, of columns that the load has.
pub fn read(account: JsonB, source_rows: i64, plan: &Plan) -> Result<JsonB> {
    let wrong = |detail: String| {
        report(PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE, "this is not a source's account of a part")
            .set_detail(detail)
            .set_hint("Expected {\"rows\": 2, \"columns\": {\"price\": {\"nulls\": 0, \"sum\": \"12.5\", \"min\": \"1.5\", \"max\": \"11\"}}}; leave out what the source cannot compute.")
    };
    let account: SourceAccount =
        serde_json::from_value(account.0).map_err(|error| wrong(error.to_string()))?;
    if i64::try_from(account.rows) != Ok(source_rows) {
        return Err(wrong(format!("It is of {} rows, the part has {source_rows}.", account.rows)));
    }
    if let Some(name) = account.columns.keys().find(|name| !plan.columns().any(|column| column == *name)) {
        return Err(wrong(format!("The load has no column \"{name}\".")));
    }
    if let Some(mistake) = account.mistake() {
        return Err(wrong(format!("Of {mistake}.")));
    }
    Ok(JsonB(json!(account)))
}

/// What the source says of all parts together, and how the stream compares: `own`, for the report, and `unlike`, the differences in
/// words. Nothing if a part came without an account.
///
/// `rejected`: how many rows of the source the client could not send. Its account is of these, too, and the stream is not.
pub fn compare(load: i64, stream: &Account, rejected: i64) -> Result<Map<String, Value>> {
    let mut fields = Map::new();
    let Some((own, changed)) = total(load)? else { return Ok(fields) };
    let mut told = json!(own);
    if changed {
        // It may be of other rows than those that were read, and proves nothing.
        told["changed"] = Value::Bool(true);
    } else {
        let left_out = u64::try_from(rejected).unwrap_or_default();
        told["compared"] = json!(own.compared(stream, left_out));
        // The account is of these, too: what was read can only lie within it.
        told["left_out"] = json!(left_out);
        let differences = own.differences(stream, left_out, "in the stream");
        if !differences.is_empty() {
            fields.insert("unlike".to_owned(), json!(differences.join("\n")));
        }
    }
    fields.insert("own".to_owned(), told);
    Ok(fields)
}

/// The accounts of all parts, added up, and whether the source had changed while one of them was read.
fn total(load: i64) -> Result<Option<(SourceAccount, bool)>> {
    let mut own: Option<SourceAccount> = None;
    let mut changed = false;
    as_owner(|| {
        Spi::connect(|client| {
            let sql = "SELECT source_account, coalesce(consistency -> 'changed' = 'true', false) FROM rsl.load_part WHERE load_id = $1";
            let mut parts = client.open_cursor(sql, &[load.into()]);
            loop {
                let some = parts.fetch(100).map_err(spi)?;
                if some.is_empty() {
                    return Ok(own.clone().map(|own| (own, changed)));
                }
                for row in some {
                    let Some(JsonB(account)) = row.get::<JsonB>(1).map_err(spi)? else { return Ok(None) };
                    let account: SourceAccount = serde_json::from_value(account)
                        .map_err(|_| internal("what the books hold of a part does not read"))?;
                    own = Some(own.take().map_or_else(|| account.clone(), |own| own.plus(&account)));
                    changed |= row.get::<bool>(2).map_err(spi)? == Some(true);
                }
            }
        })
    })
}
