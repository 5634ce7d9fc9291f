//! Waiting for the database: one attempt after the other, each with its cause in the log.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use diesel::prelude::*;
use diesel::sql_types::Text;
use runtime::milliseconds;
use tracing::{info, warn};

use schema::database::{ConnectError, Connection, DatabaseUrl, Trouble, connect};

/// The first pause; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// How long one attempt may take: an address that swallows packets would hold it for two minutes.
const ATTEMPT: Duration = Duration::from_secs(10);

/// The oldest MySQL that the schema is tested with.
const OLDEST: (u32, u32) = (8, 4);

/// Why waiting ended without a connection.
#[derive(Debug, thiserror::Error)]
pub enum WaitError {
    /// Time is up.
    #[error("WAIT_TIMEOUT is over, no connection in {waited:.1?}; last cause: {last}")]
    TimedOut {
        /// How long that was.
        waited: Duration,
        /// What stood in the way last.
        last: ConnectError,
    },
    /// Waiting longer would not help.
    #[error(transparent)]
    Hopeless(#[from] ConnectError),
}

/// Connects; tries again for up to `timeout` where that may help. With no time at all it tries once.
pub fn wait(url: &DatabaseUrl, timeout: Duration) -> Result<Connection, WaitError> {
    let start = Instant::now();
    for attempt in 1.. {
        let error = match connect_within(url, ATTEMPT) {
            Ok(connection) => {
                info!(attempt, waited_ms = milliseconds(start.elapsed()), "database answers");
                return Ok(connection);
            }
            Err(error) if is_hopeless(error.trouble) => return Err(error.into()),
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
        let pause = pause(attempt, RandomState::new().hash_one(attempt)).min(left);
        let waited_ms = milliseconds(start.elapsed());
        warn!(attempt, cause = %error, waited_ms, next_in_ms = milliseconds(pause), "database not ready; trying again");
        thread::sleep(pause);
    }
    unreachable!("attempts don't run out")
}

/// What doesn't go away by itself. A wrong password may: on a first start the account is made a moment later.
fn is_hopeless(trouble: Trouble) -> bool {
    matches!(trouble, Trouble::NoTls | Trouble::Certificate | Trouble::TooOld)
}

/// The pause after an attempt: doubled each time up to the longest, of which a random part between half and all, so that
/// the pods of one rollout don't knock at the same moment.
fn pause(attempt: u32, random: u64) -> Duration {
    let whole = FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(attempt - 1)).min(LONGEST_PAUSE);
    let half = whole / 2;
    let steps = u64::try_from(half.as_micros()).unwrap_or(u64::MAX) + 1;
    half + Duration::from_micros(random % steps)
}

/// The client has no timeout of its own: a connection that takes too long is left to itself.
fn connect_within(url: &DatabaseUrl, limit: Duration) -> Result<Connection, ConnectError> {
    let (sender, receiver) = mpsc::channel();
    let url = url.clone();
    thread::spawn(move || {
        let connected = connect(&url).and_then(|mut connection| check_version(&mut connection).map(|()| connection));
        let _ = sender.send(connected);
    });
    receiver.recv_timeout(limit).unwrap_or_else(|_| Err(ConnectError::unreachable(format!("no answer within {limit:?}"))))
}

#[derive(QueryableByName)]
struct Version {
    #[diesel(sql_type = Text)]
    version: String,
}

fn check_version(connection: &mut Connection) -> Result<(), ConnectError> {
    let Connection::Mysql(mysql) = connection else { return Ok(()) };
    let Version { version } = diesel::sql_query("SELECT VERSION() AS version").get_result(mysql)?;
    if is_new_enough(&version) {
        return Ok(());
    }
    Err(ConnectError::too_old(format!("the server is {version}; MySQL from {}.{} on is needed", OLDEST.0, OLDEST.1)))
}

fn is_new_enough(version: &str) -> bool {
    let mut numbers = version.split(|c: char| !c.is_ascii_digit()).map(str::parse::<u32>);
    let (Some(Ok(major)), Some(Ok(minor))) = (numbers.next(), numbers.next()) else { return false };
    !version.contains("MariaDB") && (major, minor) >= OLDEST
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest_and_are_spread() {
        for (attempt, whole_ms) in [(1, 100), (2, 200), (3, 400), (6, 3200), (7, 5000), (60, 5000)] {
            let whole = Duration::from_millis(whole_ms);
            assert_eq!(pause(attempt, 0), whole / 2);
            for random in [1, 77_777, u64::MAX] {
                assert!((whole / 2..=whole).contains(&pause(attempt, random)), "{attempt} {random}");
            }
        }
    }

    #[test]
    fn versions_are_compared_as_numbers() {
        for new in ["8.4.0", "9.7.4-2", "10.0", "8.10.1-log"] {
            assert!(is_new_enough(new), "{new}");
        }
        for old in ["8.3.9", "8.0.36-0ubuntu0.22.04.1", "5.7.44", "11.8.2-MariaDB-deb13", "", "x"] {
            assert!(!is_new_enough(old), "{old}");
        }
    }
}
