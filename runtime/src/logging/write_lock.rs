//! The lock in front of the files of one log volume, which may stall or be slow.
//!
//! Lines are written synchronously, one at a time. A volume that stalls keeps the one thread that is writing: the others wait
//! [`ACQUIRE_TIMEOUT`] once, then not at all until the lock is released. A volume that is merely slow opens the circuit breaker
//! of a busy file: its lines are rejected, and about a tenth of the time goes into trying, until a write is fast again. Other
//! files keep their lines.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::{Mutex, MutexGuard};

/// Maximum time a line waits for the one before it. A busy disk takes its time; only a volume that stalls takes longer.
const ACQUIRE_TIMEOUT: Duration = Duration::from_millis(500);
/// A write is fast within this time.
const FAST: Duration = Duration::from_millis(5);
/// Time spent in consecutive slow writes that trips the breaker. One slow write says nothing: on a busy machine its thread may
/// just have lost the processor.
const TRIP_AFTER: Duration = Duration::from_secs(1);
/// The largest share of one write in [`TRIP_AFTER`]: a volume that stalled once may have recovered.
const MAX_SHARE: Duration = Duration::from_millis(200);
/// The pause after a slow write while the breaker is open, as a multiple of the write's time.
const PAUSE_FACTOR: u32 = 9;
/// The longest pause: a volume that has recovered gets its lines again within this time.
const MAX_PAUSE: Duration = Duration::from_secs(2);

/// Serializes the writes to a volume, and rejects them while it is stalled.
#[derive(Debug, Default)]
pub(super) struct WriteLock {
    lock: Mutex<()>,
    /// A thread has waited in vain: until the lock is released no other thread waits.
    stalled: AtomicBool,
}

/// Rejects the writes to one file while they are slow.
#[derive(Debug)]
pub(super) struct Breaker {
    /// Time spent in slow writes since the last fast one.
    slow: Mutex<Duration>,
    /// Time of the next attempt, in nanoseconds since `start`; 0 while the breaker is closed.
    retry_at: AtomicU64,
    start: Instant,
}

/// The permission to write. Released on drop.
#[derive(Debug)]
pub(super) struct WriteGuard<'a> {
    breaker: &'a Breaker,
    acquired: Instant,
    _lock: MutexGuard<'a, ()>,
}

impl WriteLock {
    /// Acquires the lock for a file, or returns `None` if the volume is stalled or the file's breaker is open.
    pub(super) fn try_acquire<'a>(&'a self, breaker: &'a Breaker) -> Option<WriteGuard<'a>> {
        let retry_at = breaker.retry_at.load(Ordering::Relaxed);
        if retry_at > 0 && nanos(breaker.start.elapsed()) < retry_at {
            return None;
        }
        let waits = retry_at == 0 && !self.stalled.load(Ordering::Relaxed);
        let lock = self.lock.try_lock_for(if waits { ACQUIRE_TIMEOUT } else { Duration::ZERO });
        let stalled = lock.is_none();
        // a thread that did not wait has learnt nothing from finding the lock taken
        if (waits || !stalled) && self.stalled.load(Ordering::Relaxed) != stalled {
            self.stalled.store(stalled, Ordering::Relaxed);
        }
        Some(WriteGuard { _lock: lock?, breaker, acquired: Instant::now() })
    }
}

impl Breaker {
    pub(super) fn new() -> Self {
        Self { slow: Mutex::default(), retry_at: AtomicU64::default(), start: Instant::now() }
    }

    /// Returns true if most writes are rejected because recent ones were slow.
    pub(super) fn is_open(&self) -> bool {
        self.retry_at.load(Ordering::Relaxed) > 0
    }
}

impl WriteGuard<'_> {
    /// Records that the lock was held for a write: its duration opens or closes the breaker.
    pub(super) fn record(self) {
        let breaker = self.breaker;
        let pause = add(&mut breaker.slow.lock(), self.acquired.elapsed());
        let retry_at = pause.map_or(0, |pause| nanos(breaker.start.elapsed() + pause));
        if breaker.retry_at.load(Ordering::Relaxed) != retry_at {
            breaker.retry_at.store(retry_at, Ordering::Relaxed);
        }
    }
}

/// Adds the duration of a write to `slow`, and returns the pause until the next one if the breaker is open.
fn add(slow: &mut Duration, took: Duration) -> Option<Duration> {
    *slow = if took > FAST { slow.saturating_add(took.min(MAX_SHARE)) } else { Duration::ZERO };
    (*slow >= TRIP_AFTER).then(|| took.saturating_mul(PAUSE_FACTOR).min(MAX_PAUSE))
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn stalled_write_blocks_no_other_thread() {
        let (lock, breaker, other) = (WriteLock::default(), Breaker::new(), Breaker::new());
        let stalled = lock.try_acquire(&other).unwrap();
        for _ in 0..3 {
            assert!(lock.try_acquire(&breaker).is_none());
        }
        drop(stalled);
        drop(lock.try_acquire(&breaker).unwrap());
        assert!(lock.try_acquire(&breaker).is_some());
    }

    #[test]
    fn waiting_thread_acquires_released_lock() {
        let (lock, breaker) = (WriteLock::default(), Breaker::new());
        let first = lock.try_acquire(&breaker).unwrap();
        std::thread::scope(|scope| {
            let second = scope.spawn(|| while lock.try_acquire(&breaker).is_none() {});
            drop(first);
            second.join().unwrap();
        });
    }

    /// One line per millisecond for a minute, where a write takes what `duration` returns for the time: the time spent in
    /// writes, and the number of lines dropped.
    fn one_minute(duration: impl Fn(Duration) -> Duration) -> (Duration, u32) {
        let (mut slow, mut retry_at, mut now) = (Duration::ZERO, Duration::ZERO, Duration::ZERO);
        let (mut spent, mut dropped) = (Duration::ZERO, 0);
        while now < Duration::from_mins(1) {
            now += Duration::from_millis(1);
            if now < retry_at {
                dropped += 1;
            } else {
                let took = duration(now);
                spent += took;
                now += took;
                retry_at = add(&mut slow, took).map_or(Duration::ZERO, |pause| now + pause);
            }
        }
        (spent, dropped)
    }

    #[test]
    fn slow_file_leaves_others_their_lines() {
        let (lock, slow, other) = (WriteLock::default(), Breaker::new(), Breaker::new());
        *slow.slow.lock() = TRIP_AFTER;
        let guard = lock.try_acquire(&slow).unwrap();
        std::thread::sleep(FAST + FAST);
        guard.record();
        assert!(slow.is_open() && lock.try_acquire(&slow).is_none());
        assert!(!other.is_open() && lock.try_acquire(&other).is_some());
    }

    #[test]
    fn slow_volume_gets_a_tenth_of_the_time() {
        for millis in [6, 20, 50, 200] {
            let (spent, dropped) = one_minute(|_| Duration::from_millis(millis));
            assert!(spent > Duration::from_secs(5) && spent < Duration::from_secs(8), "{millis} ms: {spent:?}");
            assert!(dropped > 45_000, "{millis} ms: {dropped}");
        }
    }

    #[test]
    fn occasional_slow_writes_drop_nothing() {
        assert_eq!(one_minute(|_| FAST).1, 0);
        let half_a_second = |now: Duration| now.as_secs().is_multiple_of(7) && now.subsec_millis() < 500;
        let stalls = |now| if half_a_second(now) { Duration::from_millis(30) } else { Duration::ZERO };
        assert_eq!(one_minute(stalls).1, 0);
    }

    #[test]
    fn recovers_after_stall() {
        let stalls = |times: u32| {
            let left = std::cell::Cell::new(times);
            one_minute(move |_| {
                left.set(left.get().saturating_sub(1));
                if left.get() > 0 { Duration::from_secs(3) } else { Duration::ZERO }
            })
        };
        assert_eq!(stalls(2).1, 0);
        assert!(stalls(9).1 <= 4 * 2000);
    }
}
