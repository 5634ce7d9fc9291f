//! Turns at a file that may hang: a volume that stalls keeps the thread that writes to it, and must not keep the others.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long a line waits for the one before it. Only a volume that hangs takes longer.
const PATIENCE: Duration = Duration::from_millis(100);

/// One turn at a time.
#[derive(Debug, Default)]
pub(super) struct Turns {
    state: Mutex<State>,
    free: Condvar,
}

#[derive(Debug, Default)]
struct State {
    taken: bool,
    /// Somebody has waited in vain: until the turn is over nobody waits any more.
    hangs: bool,
}

/// A turn; over when dropped.
#[derive(Debug)]
pub(super) struct Turn<'a>(&'a Turns);

impl Turns {
    /// A turn, or none where the one before doesn't end.
    pub(super) fn take(&self) -> Option<Turn<'_>> {
        let mut state = self.state();
        if state.taken && !state.hangs {
            let waited = self.free.wait_timeout_while(state, PATIENCE, |state| state.taken && !state.hangs);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        if state.taken {
            state.hangs = true;
            return None;
        }
        state.taken = true;
        Some(Turn(self))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        *self.0.state() = State::default();
        self.0.free.notify_one();
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_that_does_not_end_keeps_nobody() {
        let turns = Turns::default();
        let hanging = turns.take().unwrap();
        for _ in 0..3 {
            assert!(turns.take().is_none());
        }
        drop(hanging);
        drop(turns.take().unwrap());
        assert!(turns.take().is_some());
    }

    #[test]
    fn whoever_waits_is_next() {
        let turns = Turns::default();
        let first = turns.take().unwrap();
        std::thread::scope(|scope| {
            let second = scope.spawn(|| while turns.take().is_none() {});
            drop(first);
            second.join().unwrap();
        });
    }
}
