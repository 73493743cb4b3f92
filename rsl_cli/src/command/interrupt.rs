//! Ctrl-C and the polite signal to end.

use crate::failure::{Failure, Result};
use crate::target::connection::Connection;

/// Ctrl-C, or a polite signal to end.
pub async fn interrupt() {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = match signal(SignalKind::terminate()) {
        Ok(signal) => signal,
        Err(_) => return std::future::pending().await,
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}

/// One statement that may take long. An interrupt cancels it in the server, too, which else would go on and commit what nobody
/// waits for. A second interrupt does not wait for that.
pub async fn cancellable<T>(
    connection: &Connection,
    statement: impl Future<Output = std::result::Result<T, tokio_postgres::Error>>,
) -> Result<std::result::Result<T, tokio_postgres::Error>> {
    tokio::pin!(statement);
    tokio::select! {
        outcome = &mut statement => return Ok(outcome),
        () = interrupt() => {}
    }
    let cancelled = async {
        connection.cancel().await;
        statement.await
    };
    tokio::select! {
        outcome = cancelled => match outcome {
            // The cancellation came too late: it is done.
            Ok(done) => Ok(Ok(done)),
            Err(_) => Err(Failure::interrupted("nothing has changed")),
        },
        () = interrupt() => Err(Failure::interrupted("whether the server has done it is not known; it does it as a whole or not at all")),
    }
}
