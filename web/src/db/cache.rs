//! Results that are read again only after some seconds.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A value that is kept for `SECONDS`; a change by another program shows after that.
pub struct Cache<T, const SECONDS: u64>(Mutex<Option<Kept<T>>>);

struct Kept<T> {
    asked: Instant,
    /// Time at which a request has begun to read it again.
    claimed: Instant,
    value: Arc<T>,
}

impl<T, const SECONDS: u64> Default for Cache<T, SECONDS> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

impl<T, const SECONDS: u64> Cache<T, SECONDS> {
    const KEEP: Duration = Duration::from_secs(SECONDS);
    /// Time that a value lasts longer while one request reads it again for all.
    const GRACE: Duration = Duration::from_millis(500);

    /// The value, unless it is too old by `now`; who gets none reads it.
    pub fn get(&self, now: Instant) -> Option<Arc<T>> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = kept.as_mut()?;
        let age = now.duration_since(kept.asked);
        if age >= Self::KEEP && (age >= Self::KEEP + Self::GRACE || now.duration_since(kept.claimed) >= Self::GRACE) {
            kept.claimed = now;
            return None;
        }
        Some(kept.value.clone())
    }

    /// Keeps a value that the database was asked for at `asked`.
    pub fn put(&self, asked: Instant, value: Arc<T>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Kept { asked, claimed: asked, value });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expired_value_is_read_by_one_request() {
        let (cache, start) = (Cache::<_, 20>::default(), Instant::now());
        let at = |millis| start + Duration::from_millis(millis);
        assert_eq!(cache.get(start), None);
        cache.put(start, Arc::new("value"));
        assert!(cache.get(at(19_999)).is_some());
        assert!(cache.get(at(20_000)).is_none(), "the first one reads it");
        assert!(cache.get(at(20_001)).is_some(), "others don't wait for it");
        assert!(cache.get(at(20_500)).is_none(), "it is never older than that");
    }
}
