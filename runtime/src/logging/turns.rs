//! Turns at the files of a volume that may hang, or be slow: it keeps the one thread that writes to it, and must not keep the
//! others, nor all of them one after the other.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use parking_lot::{Mutex, MutexGuard};

use super::breaker::Breaker;

/// How long a line waits for the one before it. A busy disk takes its time; only a volume that hangs takes longer.
const PATIENCE: Duration = Duration::from_millis(500);

/// One turn at a time, whichever file it is at. Who waits spins for a moment before it sleeps: most turns are over by then.
#[derive(Debug, Default)]
pub(super) struct Volume {
    turn: Mutex<()>,
    /// Somebody has waited in vain: until the turn is over nobody waits any more.
    hangs: AtomicBool,
}

/// The turns at one file.
#[derive(Debug)]
pub(super) struct Turns {
    volume: Arc<Volume>,
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

impl Volume {
    fn take(&self, waits: bool) -> Option<MutexGuard<'_, ()>> {
        let waits = waits && !self.hangs.load(Ordering::Relaxed);
        let turn = self.turn.try_lock_for(if waits { PATIENCE } else { Duration::ZERO });
        let hangs = turn.is_none();
        // Not to have waited says nothing of it.
        if (waits || !hangs) && self.hangs.load(Ordering::Relaxed) != hangs {
            self.hangs.store(hangs, Ordering::Relaxed);
        }
        turn
    }
}

impl Turns {
    /// Those at a file of `volume`.
    pub(super) fn at(volume: &Arc<Volume>) -> Self {
        Self { volume: Arc::clone(volume), breaker: Breaker::default(), start: Instant::now() }
    }

    /// A turn; or none where the one before doesn't end, or those before took too long.
    pub(super) fn take(&self) -> Option<Turn<'_>> {
        let slow = self.are_slow();
        if slow && self.breaker.is_open(self.start.elapsed()) {
            return None;
        }
        Some(Turn { _guard: self.volume.take(!slow)?, turns: self, began: Instant::now() })
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
        let volume = Arc::default();
        let (turns, others) = (Turns::at(&volume), Turns::at(&volume));
        let hanging = others.take().unwrap();
        for _ in 0..3 {
            assert!(turns.take().is_none());
        }
        drop(hanging);
        drop(turns.take().unwrap());
        assert!(turns.take().is_some());
    }

    #[test]
    fn whoever_waits_is_next() {
        let turns = Turns::at(&Arc::default());
        let first = turns.take().unwrap();
        std::thread::scope(|scope| {
            let second = scope.spawn(|| while turns.take().is_none() {});
            drop(first);
            second.join().unwrap();
        });
    }
}
