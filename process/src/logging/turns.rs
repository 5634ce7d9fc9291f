//! Turns at a file that may hang: a volume that stalls keeps the thread that writes to it, and must not keep the others.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};

/// How long a line waits for the one before it. Only a volume that hangs takes longer.
const PATIENCE: Duration = Duration::from_millis(100);

/// One turn at a time. Who waits spins for a moment before it sleeps: most turns are over by then.
#[derive(Debug, Default)]
pub(super) struct Turns {
    turn: Mutex<()>,
    /// Somebody has waited in vain: until the turn is over nobody waits any more.
    hangs: AtomicBool,
}

impl Turns {
    /// A turn, over when dropped; or none where the one before doesn't end.
    pub(super) fn take(&self) -> Option<MutexGuard<'_, ()>> {
        let patience = if self.hangs.load(Ordering::Relaxed) { Duration::ZERO } else { PATIENCE };
        let turn = self.turn.try_lock_for(patience);
        if self.hangs.load(Ordering::Relaxed) != turn.is_none() {
            self.hangs.store(turn.is_none(), Ordering::Relaxed);
        }
        turn
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
