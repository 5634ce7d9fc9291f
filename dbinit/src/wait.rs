//! Connecting with retries, each with its cause in the log.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::thread;
use std::time::{Duration, Instant};

use runtime::milliseconds;
use schema::database::{ConnectError, Connection, DatabaseUrl, connect};
use tracing::{info, warn};

/// The first delay; each further one is twice as long.
const MIN_DELAY: Duration = Duration::from_millis(100);
/// The longest delay.
const MAX_DELAY: Duration = Duration::from_secs(5);

/// The reason why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum WaitError {
    /// `WAIT_TIMEOUT` has elapsed.
    #[error("no connection within WAIT_TIMEOUT ({waited:.1?}); last error: {last}")]
    TimedOut {
        /// The time waited.
        waited: Duration,
        /// The last error.
        last: ConnectError,
    },
    /// Retrying would not help.
    #[error(transparent)]
    Permanent(#[from] ConnectError),
}

/// Connects, with retries for up to `timeout` unless the error is permanent. A zero `timeout` tries once.
pub fn wait(url: &DatabaseUrl, timeout: Duration) -> Result<Connection, WaitError> {
    let start = Instant::now();
    for attempt in 1.. {
        let error = match connect(url) {
            Ok(connection) => {
                info!(attempt, waited_ms = milliseconds(start.elapsed()), "connected to database");
                return Ok(connection);
            }
            Err(error) if error.kind.is_permanent() => return Err(error.into()),
            Err(error) => error,
        };
        let left = timeout.saturating_sub(start.elapsed());
        if left.is_zero() {
            return Err(if timeout.is_zero() {
                error.into()
            } else {
                WaitError::TimedOut { waited: start.elapsed(), last: error }
            });
        }
        let delay = delay(attempt).min(left);
        let waited_ms = milliseconds(start.elapsed());
        warn!(attempt, cause = %error, waited_ms, next_in_ms = milliseconds(delay), "database not ready; trying again");
        thread::sleep(delay);
    }
    unreachable!("attempts don't run out")
}

/// The delay after an attempt: exponential backoff with jitter, so that the pods of one rollout don't retry at the same moment.
pub fn delay(attempt: u32) -> Duration {
    delay_with(attempt, RandomState::new().hash_one(attempt))
}

/// Between half and all of the attempt's delay, by a random number.
fn delay_with(attempt: u32, random: u64) -> Duration {
    let full = MIN_DELAY.saturating_mul(2_u32.saturating_pow(attempt - 1)).min(MAX_DELAY);
    let half = full / 2;
    let steps = u64::try_from(half.as_micros()).unwrap_or(u64::MAX) + 1;
    half + Duration::from_micros(random % steps)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_up_to_the_maximum_with_jitter() {
        for (attempt, full_ms) in [(1, 100), (2, 200), (3, 400), (6, 3200), (7, 5000), (60, 5000)] {
            let full = Duration::from_millis(full_ms);
            assert_eq!(delay_with(attempt, 0), full / 2);
            for random in [1, 77_777, u64::MAX] {
                assert!((full / 2..=full).contains(&delay_with(attempt, random)), "{attempt} {random}");
            }
        }
    }
}
