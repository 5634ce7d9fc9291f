//! Log of database outages: one line per cause or failing statement at the start and one at the end, however many requests fail.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::db::DbError;

/// Connections that have failed for this long fail at once: before, a request waits, since a restart takes a moment.
const DOWN_AFTER: Duration = Duration::from_secs(2);
/// Hysteresis: a statement counts as recovered once it succeeds this long after its last failure. Avoids log flapping.
const CALM: Duration = Duration::from_secs(3);

/// State of the database: its connections, and the statements without a result.
#[derive(Debug, Default)]
pub(super) struct Outages {
    connection: Mutex<Option<Down>>,
    /// The time of the last failure by a statement's name.
    statements: Mutex<HashMap<&'static str, Instant>>,
    /// Spares the statements that succeed the lock.
    some_fail: AtomicBool,
}

#[derive(Debug)]
struct Down {
    since: Instant,
    cause: String,
}

impl Outages {
    /// Notes that a connection was opened, or why not.
    pub(super) fn connected(&self, outcome: Result<(), String>) {
        let mut down = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        match outcome {
            Ok(()) => {
                if let Some(down) = down.take() {
                    tracing::info!(seconds = down.since.elapsed().as_secs(), "database connection restored");
                }
            }
            Err(error) if down.as_ref().is_some_and(|down| down.cause == error) => {}
            Err(error) => {
                tracing::error!(error, "database connection failed");
                let since = down.as_ref().map_or_else(Instant::now, |down| down.since);
                *down = Some(Down { since, cause: error });
            }
        }
    }

    /// Returns true if connections have failed for a while.
    pub(super) fn is_down(&self) -> bool {
        let down = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        down.as_ref().is_some_and(|down| down.since.elapsed() > DOWN_AFTER)
    }

    /// Notes how the statement of a request went.
    pub(super) fn statement(&self, statement: &'static str, error: Option<&DbError>) {
        if let Some(DbError::Unavailable(cause)) = error {
            self.fails(statement, cause);
        } else if self.some_fail.load(Ordering::Relaxed) {
            self.works(statement);
        }
    }

    fn fails(&self, statement: &'static str, cause: &str) {
        let mut failing = self.statements.lock().unwrap_or_else(PoisonError::into_inner);
        let known = failing.insert(statement, Instant::now()).is_some();
        self.some_fail.store(true, Ordering::Relaxed);
        drop(failing);
        // Without connections nothing works: that has its own line.
        let connected = self.connection.lock().unwrap_or_else(PoisonError::into_inner).is_none();
        if !known && connected {
            tracing::error!(statement, cause, "database statement failed; answering 503");
        }
    }

    fn works(&self, statement: &'static str) {
        let mut failing = self.statements.lock().unwrap_or_else(PoisonError::into_inner);
        if failing.get(statement).is_some_and(|last| last.elapsed() > CALM) {
            failing.remove(statement);
            self.some_fail.store(!failing.is_empty(), Ordering::Relaxed);
            tracing::info!(statement, "database statement recovered");
        }
    }
}
