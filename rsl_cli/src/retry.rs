//! Trying again what may work after a while.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};

use crate::failure::Result;

/// The wait before the first repetition; each further one waits twice as long.
const FIRST_WAIT: Duration = Duration::from_millis(500);
/// No wait is longer.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// The waits between attempts, of which there are `retries` after the first.
pub fn waits(retries: u16) -> impl Iterator<Item = Duration> + Send + use<> {
    ExponentialBuilder::default()
        .with_min_delay(FIRST_WAIT)
        .with_max_delay(LONGEST_WAIT)
        .with_factor(2.0)
        .with_max_times(usize::from(retries))
        .build()
}

/// Does it again as long as the failure is transient and attempts are left. What could not be reached at all is only tried
/// again where `reached` says that it once was.
pub async fn retried<T, F>(retries: u16, reached: bool, mut work: impl FnMut() -> F) -> Result<T>
where
    F: Future<Output = Result<T>>,
{
    let mut waits = waits(retries);
    loop {
        let failed = match work().await {
            Ok(done) => return Ok(done),
            Err(failed) => failed,
        };
        let worth_it = failed.is_transient() && (reached || !failed.is_unreachable());
        let Some(wait) = waits.next().filter(|_| worth_it) else { return Err(failed) };
        eprintln!("{failed}\ntrying again in {:.1} s", wait.as_secs_f64());
        tokio::time::sleep(wait).await;
    }
}
