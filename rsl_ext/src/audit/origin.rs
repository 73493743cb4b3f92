//! Who did it: what every block says of its changes.

use std::cell::{Cell, RefCell};
use std::ffi::CStr;

use pgrx::pg_sys;

use crate::Result;
use crate::books::{internal, query_one};
use crate::owner::as_owner;
use crate::session::{actor, session_role};

thread_local! {
    /// The era, once it is known.
    static ERA: Cell<Option<i32>> = const { Cell::new(None) };
    static ADDRESS: RefCell<Option<Option<String>>> = const { RefCell::new(None) };
}

/// What holds for all changes that are stored together.
pub struct Origin {
    pub at: i64,
    pub txid: i64,
    pub era: i32,
    pub load_id: Option<i64>,
    pub session_role: String,
    pub actor: Option<String>,
    pub application: Option<String>,
    pub client_addr: Option<String>,
}

/// Of this moment and this session.
pub fn origin() -> Result<Origin> {
    let era = match ERA.get() {
        Some(era) => era,
        None => {
            let era = find_era()?;
            ERA.set(Some(era));
            era
        }
    };
    // SAFETY: plain calls on the main thread; the strings are the server's and copied.
    unsafe {
        let application = pg_sys::application_name;
        Ok(Origin {
            at: pg_sys::GetCurrentTimestamp(),
            txid: pg_sys::GetTopFullTransactionId().value as i64,
            era,
            load_id: crate::load::load_current(),
            session_role: session_role(),
            actor: actor(),
            application: (!application.is_null())
                .then(|| CStr::from_ptr(application).to_string_lossy().into_owned())
                .filter(|name| !name.is_empty()),
            client_addr: client_addr()?,
        })
    }
}

/// Where the session comes from does not change while it lives.
fn client_addr() -> Result<Option<String>> {
    if let Some(known) = ADDRESS.with_borrow(Clone::clone) {
        return Ok(known);
    }
    let address = as_owner(|| query_one::<String>("SELECT host(inet_client_addr())", &[]))?;
    ADDRESS.set(Some(address.clone()));
    Ok(address)
}

/// The era of this server: that of the latest one, if it is this; a new one, if the log comes from another server.
fn find_era() -> Result<i32> {
    // SAFETY: reads what every server knows of itself.
    let system = unsafe { pg_sys::GetSystemIdentifier() } as i64;
    let find = || {
        query_one::<i32>(
            "SELECT era FROM (SELECT era, system_identifier FROM rsl.audit_era ORDER BY era DESC LIMIT 1) latest
             WHERE system_identifier = $1",
            &[system.into()],
        )
    };
    as_owner(|| {
        if let Some(era) = find()? {
            return Ok(era);
        }
        // Others may do so at the same time: it is the same number then, and nobody waits.
        query_one::<i32>(
            "INSERT INTO rsl.audit_era (era, system_identifier)
             SELECT coalesce(max(era), 0) + 1, $1 FROM rsl.audit_era RETURNING era",
            &[system.into()],
        )?
        .ok_or_else(|| internal("the era of this server is not known"))
    })
}

/// An era that was written down in a transaction that failed is not there.
pub fn transaction_failed() {
    ERA.set(None);
}
