//! Requests in flight: so many at once, and never a probe too few.

use tokio::sync::{Semaphore, SemaphorePermit};

/// Routes that are answered however much there is to do: an overloaded server is alive, and its balancer must hear so.
const ALWAYS: [&str; 4] = ["/healthcheck", "/livez", "/readyz", "/manage/health"];

/// The places of requests in flight.
#[derive(Debug)]
pub(super) struct InFlight(Semaphore);

/// The place of a request, free again when dropped. The probes have none.
#[derive(Debug)]
pub(super) struct Taken<'a>(#[allow(dead_code, reason = "held, not read")] Option<SemaphorePermit<'a>>);

impl InFlight {
    /// So many places.
    pub(super) fn new(places: u32) -> Self {
        Self(Semaphore::new(places as usize))
    }

    /// A place for a request of `route`, or none where all are taken.
    pub(super) fn take(&self, route: &str) -> Option<Taken<'_>> {
        if ALWAYS.contains(&route) {
            return Some(Taken(None));
        }
        self.0.try_acquire().ok().map(Some).map(Taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_surplus_has_no_place_and_probes_need_none() {
        let places = InFlight::new(2);
        let first = places.take("/owners").unwrap();
        let _second = places.take("/owners").unwrap();
        assert!(places.take("/owners").is_none());
        for probe in ALWAYS {
            assert!(places.take(probe).is_some(), "{probe}");
        }
        drop(first);
        assert!(places.take("/").is_some());
    }
}
