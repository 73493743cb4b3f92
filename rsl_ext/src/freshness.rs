//! The trigger function of `rsl.freshness_on`.

use std::ffi::CStr;

use pgrx::pg_sys;

use crate::books::internal;
use crate::sql_function::sql_function;
use crate::trigger::{Call, Column, Row, Settings, planned};
use crate::{Result, load, raise};

sql_function!(freshness_set_wrapper, pg_finfo_freshness_set_wrapper, freshness_set);

/// What is asked of every row of a statement.
struct Freshness {
    synced_at: Column,
    status: Column,
    /// Ages in microseconds, from which on a row is no longer ONLINE, and no longer STALE.
    online: i64,
    stale: i64,
    /// Makes a value of the status column from a text.
    input: pg_sys::Oid,
    input_parameter: pg_sys::Oid,
}

impl Freshness {
    fn new(settings: &Settings, row: &Row) -> Result<Self> {
        let synced_at = settings.needed("synced_at", row)?;
        if !synced_at.is_time() {
            return Err(settings.wrong(&format!("column \"{}\" is no timestamp", synced_at.name)));
        }
        let status = settings.needed("status", row)?;
        let threshold = |role: &str| -> Result<i64> {
            let text = settings
                .get(role)
                .as_str()
                .ok_or_else(|| settings.wrong(&format!("no {role} is named in its settings")))?;
            planned::<i64>(
                "SELECT (pg_catalog.date_part('epoch', $1::pg_catalog.interval) OPERATOR(pg_catalog.*) 1000000)::pg_catalog.int8",
                &[text.into()],
            )?
            .ok_or_else(|| internal("an interval has no length"))
        };
        let (online, stale) = (threshold("online")?, threshold("stale")?);
        let (mut input, mut input_parameter) = (pg_sys::InvalidOid, pg_sys::InvalidOid);
        // SAFETY: a look-up of the catalogue into variables of this frame.
        unsafe { pg_sys::getTypeInputInfo(status.type_oid, &mut input, &mut input_parameter) };
        Ok(Freshness { synced_at, status, online, stale, input, input_parameter })
    }

    /// The status at a time, in microseconds as `synced_at` is.
    fn at(&self, now: i64, synced_at: Option<i64>) -> &'static CStr {
        match synced_at {
            None => c"UNKNOWN",
            Some(time) if time > now.saturating_sub(self.online) => c"ONLINE",
            Some(time) if time > now.saturating_sub(self.stale) => c"STALE",
            Some(_) => c"OFFLINE",
        }
    }
}

/// # Safety
/// `fcinfo` is the call frame of a trigger.
unsafe fn freshness_set(fcinfo: pg_sys::FunctionCallInfo) -> pg_sys::Datum {
    // SAFETY: the caller vouches for the frame.
    match unsafe { Call::new(fcinfo) }.and_then(|call| set(&call)) {
        Ok(tuple) => pg_sys::Datum::from(tuple),
        Err(error) => raise(error),
    }
}

/// The row, with its status.
fn set(call: &Call) -> Result<pg_sys::HeapTuple> {
    let mut row = call.new_row();
    let freshness = call.kept(Freshness::new)?;
    let status = &freshness.status;
    // A load must leave exactly the values that the source has.
    if load::load_writes(&status.name) {
        return Ok(row.tuple);
    }
    // SAFETY: asks for the time.
    let now = unsafe { pg_sys::GetCurrentTimestamp() };
    let word = freshness.at(now, row.time(&freshness.synced_at));
    if row.text(status).as_deref().map(str::as_bytes) == Some(word.to_bytes()) {
        return Ok(row.tuple);
    }
    // SAFETY: the input function of the column's own type makes the value; the new tuple is allocated in the memory of this
    // call, as the server wants it.
    unsafe {
        let mut value = pg_sys::OidInputFunctionCall(
            freshness.input,
            word.as_ptr().cast_mut(),
            freshness.input_parameter,
            status.modifier,
        );
        let (mut number, mut is_null) = (i32::from(status.number), false);
        row.tuple =
            pg_sys::heap_modify_tuple_by_cols(row.tuple, row.shape, 1, &mut number, &mut value, &mut is_null);
    }
    Ok(row.tuple)
}
