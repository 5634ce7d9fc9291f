//! Turns at a file whose volume may hang, or be slow: it keeps the thread that writes to it, and must not keep the others, nor
//! all of them one after the other.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use parking_lot::{Mutex, MutexGuard};

use super::breaker::Breaker;

/// How long a line waits for the one before it. A busy disk takes its time; only a volume that hangs takes longer.
const PATIENCE: Duration = Duration::from_millis(500);

/// One turn at a time. Who waits spins for a moment before it sleeps: most turns are over by then.
#[derive(Debug)]
pub(super) struct Turns {
    turn: Mutex<()>,
    /// Somebody has waited in vain: until the turn is over nobody waits any more.
    hangs: AtomicBool,
    breaker: Breaker,
    start: Instant,
}

/// A turn; over when dropped.
#[derive(Debug)]
pub(super) struct Turn<'a> {
    turns: &'a Turns,
    began: Instant,
    _guard: MutexGuard<'a, ()>,
}

impl Default for Turns {
    fn default() -> Self {
        Self { turn: Mutex::default(), hangs: AtomicBool::default(), breaker: Breaker::default(), start: Instant::now() }
    }
}

impl Turns {
    /// A turn; or none where the one before doesn't end, or those before took too long.
    pub(super) fn take(&self) -> Option<Turn<'_>> {
        let slow = self.are_slow();
        if slow && self.breaker.is_open(self.start.elapsed()) {
            return None;
        }
        let waits = !slow && !self.hangs.load(Ordering::Relaxed);
        let turn = self.turn.try_lock_for(if waits { PATIENCE } else { Duration::ZERO });
        if self.hangs.load(Ordering::Relaxed) != turn.is_none() {
            self.hangs.store(turn.is_none(), Ordering::Relaxed);
        }
        Some(Turn { _guard: turn?, turns: self, began: Instant::now() })
    }

    /// Whether most turns are refused because those before took too long.
    pub(super) fn are_slow(&self) -> bool {
        self.breaker.has_tripped()
    }
}

impl Turn<'_> {
    /// The turn went into writing a line: how long that takes decides whether others are taken.
    pub(super) fn wrote(self) {
        self.turns.breaker.over(self.began.elapsed(), || self.turns.start.elapsed());
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
