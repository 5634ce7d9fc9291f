//! Requests in flight: so many at once, a part of them long ones, and never a probe too few.

use tokio::sync::{Semaphore, SemaphorePermit};

use super::is_long;
use crate::telemetry::limit::Limit;

/// One of so many places may be a long request's: a few of them a second would keep all for as long as they take.
const LONG_SHARE: u32 = 4;

/// Routes that are answered however much there is to do: an overloaded server is alive, and its balancer must hear so.
const ALWAYS: [&str; 4] = ["/healthcheck", "/livez", "/readyz", "/manage/health"];

/// The places of requests in flight.
#[derive(Debug)]
pub(super) struct InFlight {
    all: Semaphore,
    long: Semaphore,
}

/// The place of a request, free again when dropped. The probes have none, long ones are counted twice.
#[derive(Debug)]
pub(super) struct Taken<'a> {
    _all: Option<SemaphorePermit<'a>>,
    _long: Option<SemaphorePermit<'a>>,
}

impl InFlight {
    /// So many places, a quarter of them for long requests, too, and one at least.
    pub(super) fn new(places: u32) -> Self {
        let of = |places: u32| Semaphore::new(places as usize);
        Self { all: of(places), long: of(places.div_ceil(LONG_SHARE)) }
    }

    /// A place for a request of `route`.
    ///
    /// # Errors
    /// The limit that is reached.
    pub(super) fn take(&self, route: &str) -> Result<Taken<'_>, Limit> {
        let long = is_long(route).then(|| self.long.try_acquire()).transpose();
        let all = (!ALWAYS.contains(&route)).then(|| self.all.try_acquire()).transpose();
        Ok(Taken { _long: long.map_err(|_| Limit::LongRequestsInFlight)?, _all: all.map_err(|_| Limit::RequestsInFlight)? })
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
        assert_eq!(places.take("/owners").unwrap_err(), Limit::RequestsInFlight);
        for probe in ALWAYS {
            assert!(places.take(probe).is_ok(), "{probe}");
        }
        drop(first);
        assert!(places.take("/").is_ok());
    }

    #[test]
    fn long_ones_have_a_quarter_and_one_place_at_least() {
        for (places, long) in [(1, 1), (2, 1), (4, 1), (5, 2), (1000, 250)] {
            let in_flight = InFlight::new(places);
            let taken: Vec<_> = (0..long).map(|_| in_flight.take("/40process").unwrap()).collect();
            assert_eq!(in_flight.take("/20process").unwrap_err(), Limit::LongRequestsInFlight);
            let _others: Vec<_> = (long..places).map(|_| in_flight.take("/owners").unwrap()).collect();
            assert_eq!(in_flight.take("/owners").unwrap_err(), Limit::RequestsInFlight);
            drop(taken);
            assert!(in_flight.take("/20process").is_ok());
        }
    }

    #[test]
    fn a_long_one_that_finds_no_place_takes_none() {
        let in_flight = InFlight::new(2);
        let others = [in_flight.take("/owners").unwrap(), in_flight.take("/owners").unwrap()];
        assert_eq!(in_flight.take("/20process").unwrap_err(), Limit::RequestsInFlight);
        drop(others);
        assert!(in_flight.take("/20process").is_ok());
    }
}
