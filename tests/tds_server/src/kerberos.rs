//! Windows accounts: who a client is, by its Kerberos ticket for `MSSQLSvc/host:port`. The key of the service is in the keytab
//! that the environment variable `KRB5_KTNAME` names.

use libgssapi::context::{SecurityContext, ServerCtx};

/// Whom a client's token proves, as `user@REALM`, and the token that proves this server to the client.
pub(crate) fn accept(token: &[u8]) -> Result<(String, Vec<u8>), String> {
    let mut context = ServerCtx::new(None);
    let reply = context.step(token, None).map_err(|error| error.to_string())?;
    if !context.is_complete() {
        return Err("the ticket needs more than one step".to_owned());
    }
    let name = context.source_name().map_err(|error| error.to_string())?;
    Ok((name.to_string(), reply.map(|reply| reply.to_vec()).unwrap_or_default()))
}
