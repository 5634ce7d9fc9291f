//! Turns at a file whose volume may hang, or be slow: it keeps the thread that writes to it, and must not keep the others, nor
//! all of them one after the other.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::{Mutex, MutexGuard};

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

/// Refuses turns once a second went into nothing but slow ones: then a tenth of the time goes into tries, until one is fast.
///
/// One slow turn among others says nothing: on a busy machine its thread may just have lost the processor.
#[derive(Debug, Default)]
struct Breaker {
    /// The time of the slow turns since the last fast one, in nanoseconds.
    slow: AtomicU64,
    /// The next try, in nanoseconds since the start.
    next: AtomicU64,
}

impl Breaker {
    /// A turn is fast within this time.
    const FAST: Duration = Duration::from_millis(5);
    const TRIPS: Duration = Duration::from_secs(1);
    /// What one turn counts at most: a volume that hung once may be well again.
    const MOST: Duration = Duration::from_millis(200);
    /// Times that a try took before the next.
    const PAUSE: u32 = 9;
    /// The longest time to the next: once the volume is well, its lines are there again soon.
    const LONGEST_PAUSE: Duration = Duration::from_secs(2);

    fn has_tripped(&self) -> bool {
        self.slow.load(Ordering::Relaxed) >= nanos(Self::TRIPS)
    }

    fn is_open(&self, now: Duration) -> bool {
        nanos(now) < self.next.load(Ordering::Relaxed)
    }

    /// A turn is over that took so long. One at a time.
    fn over(&self, took: Duration, now: impl FnOnce() -> Duration) {
        let slow = self.slow.load(Ordering::Relaxed);
        if took > Self::FAST {
            let slow = slow.saturating_add(nanos(took.min(Self::MOST)));
            if slow >= nanos(Self::TRIPS) {
                let pause = took.saturating_mul(Self::PAUSE).min(Self::LONGEST_PAUSE);
                self.next.store(nanos(now() + pause), Ordering::Relaxed);
            }
            self.slow.store(slow, Ordering::Relaxed);
        } else if slow != 0 {
            self.slow.store(0, Ordering::Relaxed);
        }
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
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

    /// A line every millisecond, for a minute, where a write takes what `each` says of the time: how much went into writes, and
    /// how many lines were dropped.
    fn a_minute(each: impl Fn(Duration) -> Duration) -> (Duration, u32) {
        let (breaker, mut now) = (Breaker::default(), Duration::ZERO);
        let (mut spent, mut dropped) = (Duration::ZERO, 0);
        while now < Duration::from_mins(1) {
            now += Duration::from_millis(1);
            if breaker.has_tripped() && breaker.is_open(now) {
                dropped += 1;
            } else {
                let took = each(now);
                spent += took;
                now += took;
                breaker.over(took, || now);
            }
        }
        (spent, dropped)
    }

    #[test]
    fn a_slow_volume_gets_a_second_and_a_tenth_of_the_time() {
        for millis in [6, 20, 50, 200] {
            let (spent, dropped) = a_minute(|_| Duration::from_millis(millis));
            assert!(spent > Duration::from_secs(5) && spent < Duration::from_secs(8), "{millis} ms: {spent:?}");
            assert!(dropped > 45_000, "{millis} ms: {dropped}");
        }
    }

    #[test]
    fn a_volume_that_is_slow_now_and_then_loses_nothing() {
        assert_eq!(a_minute(|_| Duration::from_millis(5)).1, 0, "that is fast");
        let half_a_second = |now: Duration| now.as_secs().is_multiple_of(7) && now.subsec_millis() < 500;
        let stalls = |now| if half_a_second(now) { Duration::from_millis(30) } else { Duration::ZERO };
        assert_eq!(a_minute(stalls).1, 0);
    }

    #[test]
    fn a_volume_that_hung_gets_lines_again_at_once_and_one_that_hangs_again_and_again_soon() {
        let hangs = |times: u32| {
            let left = std::cell::Cell::new(times);
            a_minute(move |_| {
                left.set(left.get().saturating_sub(1));
                if left.get() > 0 { Duration::from_secs(3) } else { Duration::ZERO }
            })
        };
        assert_eq!(hangs(2).1, 0);
        assert!(hangs(9).1 <= 4 * 2000);
    }
}
