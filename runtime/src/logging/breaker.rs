//! Whether a log file's volume is too slow to be written to for each line.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Refuses turns once a second went into nothing but slow ones: then a tenth of the time goes into tries, until one is fast.
///
/// One slow turn among others says nothing: on a busy machine its thread may just have lost the processor.
#[derive(Debug, Default)]
pub(super) struct Breaker {
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

    /// Whether turns are refused but for the tries.
    pub(super) fn has_tripped(&self) -> bool {
        self.slow.load(Ordering::Relaxed) >= nanos(Self::TRIPS)
    }

    /// Whether it is too early for a try.
    pub(super) fn is_open(&self, now: Duration) -> bool {
        nanos(now) < self.next.load(Ordering::Relaxed)
    }

    /// A turn is over that took so long. One at a time.
    pub(super) fn over(&self, took: Duration, now: impl FnOnce() -> Duration) {
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
mod tests {
    use super::*;

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
