//! A driver that panics, because a server sent what no server should, has failed like any other: its panic becomes an
//! error, and the terminal shows nothing of it.

use std::cell::Cell;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

thread_local! {
    /// A driver is at work on this thread.
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// Sets [`INSIDE`] and, when dropped, what it was before, also while a panic unwinds.
struct Inside {
    before: bool,
}

impl Inside {
    fn enter() -> Self {
        Self { before: INSIDE.replace(true) }
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        INSIDE.set(self.before);
    }
}

/// The driver has panicked. What it was working with must be thrown away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the driver could not make sense of what the source sent")]
pub struct Panicked;

/// Lets the driver work; a panic is an error.
pub async fn contained<T>(work: impl Future<Output = T>) -> Result<T, Panicked> {
    let mut work = pin!(work);
    poll_fn(|context| {
        let inside = Inside::enter();
        let polled = catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context)));
        drop(inside);
        match polled {
            Ok(polled) => polled.map(Ok),
            Err(_) => Poll::Ready(Err(Panicked)),
        }
    })
    .await
}

/// From now on, panics of a driver are only told to the log. All others are shown as they were before.
pub fn keep_quiet() {
    let show = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| match INSIDE.get() {
        true => tracing::debug!("the driver panicked: {panic}"),
        false => show(panic),
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_an_error_also_after_a_wait() {
        assert_eq!(contained(async { 1 }).await, Ok(1));
        let panics = async {
            tokio::task::yield_now().await;
            assert!(INSIDE.get());
            panic!("nonsense");
        };
        assert_eq!(contained::<()>(panics).await, Err(Panicked));
        assert!(!INSIDE.get());
    }
}
