//! Waking and ending the daemon's threads.

use std::io;
use std::sync::{Condvar, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

/// How long the last pass may take, from the signal on.
const LAST_PASS: Duration = Duration::from_secs(2);

/// A bell that one thread waits for. Rung while nobody waits, it is heard by the next wait.
#[derive(Debug, Default)]
pub struct Bell {
    rung: Mutex<bool>,
    heard: Condvar,
}

impl Bell {
    /// Ends the present or the next wait.
    pub fn ring(&self) {
        *self.rung.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.heard.notify_one();
    }

    /// Waits for a ring, at most for `limit`.
    pub fn wait(&self, limit: Duration) {
        let rung = self.rung.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut rung, _) = self.heard.wait_timeout_while(rung, limit, |rung| !*rung).unwrap_or_else(PoisonError::into_inner);
        *rung = false;
    }
}

/// What the daemon's threads share: what wakes them, and when they end.
#[derive(Debug, Default)]
pub struct Signals {
    /// Wakes the rotator.
    pub rotate: Bell,
    /// Wakes the worker.
    pub work: Bell,
    /// Wakes the uploader.
    pub archive: Bell,
    /// Wakes the reaper.
    pub reap: Bell,
    deadline: OnceLock<Instant>,
}

impl Signals {
    /// Asks for the end: each thread makes a last pass, which has 2 s.
    pub fn stop(&self) {
        let _ = self.deadline.set(Instant::now() + LAST_PASS);
        self.rotate.ring();
        self.work.ring();
        self.archive.ring();
        self.reap.ring();
    }

    /// Whether the end was asked for.
    pub fn stopping(&self) -> bool {
        self.deadline.get().is_some()
    }

    /// Whether the last pass has no time left.
    pub fn is_late(&self) -> bool {
        self.deadline.get().is_some_and(|deadline| Instant::now() >= *deadline)
    }

    /// An error once the last pass has no time left.
    pub fn check(&self) -> io::Result<()> {
        if self.is_late() { Err(io::Error::new(io::ErrorKind::TimedOut, "stopped")) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ring_without_a_listener_is_heard_once() {
        let bell = Bell::default();
        bell.ring();
        bell.ring();
        let start = Instant::now();
        bell.wait(Duration::from_mins(1));
        assert!(start.elapsed() < Duration::from_mins(1));
        bell.wait(Duration::from_millis(1));
    }
}
