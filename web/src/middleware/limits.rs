//! Limits of requests.
//!
//! | limit | a request beyond it gets |
//! |---|---|
//! | size of a body, time in which it must arrive | 413, 408 |
//! | bytes of all bodies | 503 at once |
//! | requests in flight, and long ones among them | 503 at once; health checks are exempt |
//! | time of a response | 504 |
//!
//! Each is counted by its [`Rejection`]. Bodies are read before a request is in flight, and their memory is acquired before
//! they are read: slow bodies can cost other bodies a 503, and never a page.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Empty, LengthLimitError, Limited};
use hyper::body::{Body, Incoming};
use runtime::settings;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;
use warp::reply::Response;

use super::from_fn::Next;
use crate::app::extract::RequestBody;
use crate::telemetry::metrics::{Metrics, Rejection};
use crate::views::Error;

/// Paths that are always answered: an overloaded server is alive, and its load balancer must hear so.
const EXEMPT_PATHS: [&str; 4] = ["/healthcheck", "/livez", "/readyz", "/manage/health"];
/// Paths that take long on purpose.
const LONG_PATHS: [&str; 2] = ["/20process", "/40process"];
/// One of so many requests in flight may be a long one: a few of them a second would hold all permits for as long as they take.
const LONG_SHARE: u32 = 4;

/// Time for which a rejected body is read and discarded: a client that still sends wouldn't see the response.
const DISCARD_TIME: Duration = Duration::from_secs(5);

/// Limits of requests.
#[derive(clap::Args, Clone, Debug)]
#[group(id = "limits")]
pub struct Settings {
    /// Time in which a request's body must arrive
    #[arg(long, env = "BODY_TIMEOUT", default_value = "20s", value_parser = settings::duration)]
    pub body_timeout: Duration,

    /// Maximum size of a request's body in bytes
    #[arg(long, env = "MAX_BODY_BYTES", default_value = "65536", value_parser = clap::value_parser!(u32).range(1..=16 << 20))]
    pub max_body_bytes: u32,

    /// Maximum size of all bodies that are being received or answered; further ones get 503
    #[arg(long, env = "MAX_BODY_BYTES_IN_FLIGHT", default_value = "33554432", value_parser = clap::value_parser!(u32).range(1 << 20..=1 << 30))]
    pub max_body_bytes_in_flight: u32,

    /// Maximum number of requests in flight, at most a quarter of them /20process and /40process; further ones get 503
    #[arg(long, env = "MAX_IN_FLIGHT_REQUESTS", default_value = "1000", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub max_in_flight_requests: u32,

    /// Time that a response may take
    #[arg(long, env = "REQUEST_TIMEOUT", default_value = "10s", value_parser = settings::duration)]
    pub request_timeout: Duration,

    /// Time that a response of /20process and /40process may take
    #[arg(long, env = "LONG_REQUEST_TIMEOUT", default_value = "60s", value_parser = settings::duration)]
    pub long_request_timeout: Duration,
}

/// The permits of all requests.
pub(super) struct Limits {
    settings: Settings,
    body_bytes: Semaphore,
    in_flight: Semaphore,
    long: Semaphore,
    metrics: Metrics,
}

impl Limits {
    pub(super) fn new(settings: Settings, metrics: Metrics) -> Self {
        Self {
            body_bytes: Semaphore::new(settings.max_body_bytes_in_flight.max(settings.max_body_bytes) as usize),
            in_flight: Semaphore::new(settings.max_in_flight_requests as usize),
            long: Semaphore::new(settings.max_in_flight_requests.div_ceil(LONG_SHARE) as usize),
            settings,
            metrics,
        }
    }

    fn reject(&self, reason: Rejection, status: StatusCode) -> Error {
        self.metrics.rejected(reason);
        Error::Rejected(status)
    }

    /// Reads a body to its end. Its memory is free again when the permit is dropped.
    async fn read(&self, body: &mut Incoming) -> Result<(Bytes, SemaphorePermit<'_>), Error> {
        let max = self.settings.max_body_bytes;
        let too_large = || self.reject(Rejection::BodySize, StatusCode::PAYLOAD_TOO_LARGE);
        // Of a chunked body the length is unknown.
        let length = u32::try_from(body.size_hint().exact().unwrap_or(max.into())).unwrap_or(u32::MAX);
        if length > max {
            return Err(too_large());
        }
        let permit = self.body_bytes.try_acquire_many(length);
        let permit = permit.map_err(|_| self.reject(Rejection::BodyBytesInFlight, StatusCode::SERVICE_UNAVAILABLE))?;
        match timeout(self.settings.body_timeout, Limited::new(body, max as usize).collect()).await {
            Ok(Ok(body)) => Ok((body.to_bytes(), permit)),
            Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large()),
            // The client disconnected, or its chunks are none.
            Ok(Err(_)) => Err(Error::Malformed),
            Err(_) => Err(self.reject(Rejection::BodyTime, StatusCode::REQUEST_TIMEOUT)),
        }
    }

    /// Returns the permits of a request for `path`.
    fn try_acquire(&self, path: &str) -> Result<[Option<SemaphorePermit<'_>>; 2], Rejection> {
        let long = is_one_of(&LONG_PATHS, path).then(|| self.long.try_acquire()).transpose();
        let any = (!is_one_of(&EXEMPT_PATHS, path)).then(|| self.in_flight.try_acquire()).transpose();
        Ok([long.map_err(|_| Rejection::LongRequestsInFlight)?, any.map_err(|_| Rejection::RequestsInFlight)?])
    }
}

/// Returns true if `path`, with or without a slash at its end, is one of `paths`.
fn is_one_of(paths: &[&str], path: &str) -> bool {
    paths.contains(&path.strip_suffix('/').unwrap_or(path))
}

/// Reads the body of a request that may change something, and inserts it as [`RequestBody`].
pub(super) async fn read_body(limits: Arc<Limits>, request: Request<Incoming>, next: Next<Empty<Bytes>>) -> Response {
    let (mut head, mut body) = request.into_parts();
    let mut _permit = None;
    if !head.method.is_safe() {
        match limits.read(&mut body).await {
            Ok((bytes, permit)) => {
                head.extensions.insert(RequestBody(bytes));
                _permit = Some(permit);
            }
            Err(error) => {
                tokio::spawn(timeout(DISCARD_TIME, discard(body)));
                return error.into_response();
            }
        }
    }
    next.run(Request::from_parts(head, Empty::new())).await
}

/// Reads the rest of a rejected body.
async fn discard(mut body: Incoming) {
    while let Some(Ok(_)) = body.frame().await {}
}

/// Rejects a request if too many are in flight.
pub(super) async fn limit_in_flight(limits: Arc<Limits>, request: Request<Empty<Bytes>>, next: Next<Empty<Bytes>>) -> Response {
    match limits.try_acquire(request.uri().path()) {
        Ok(_permits) => next.run(request).await,
        Err(reason) => limits.reject(reason, StatusCode::SERVICE_UNAVAILABLE).into_response(),
    }
}

/// Ends a request whose response takes too long.
pub(super) async fn time_out(limits: Arc<Limits>, request: Request<Empty<Bytes>>, next: Next<Empty<Bytes>>) -> Response {
    let Settings { request_timeout, long_request_timeout, .. } = limits.settings;
    let time = if is_one_of(&LONG_PATHS, request.uri().path()) { long_request_timeout } else { request_timeout };
    match timeout(time, next.run(request)).await {
        Ok(response) => response,
        Err(_) => limits.reject(Rejection::RequestTime, StatusCode::GATEWAY_TIMEOUT).into_response(),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    fn limits(in_flight: u32) -> Limits {
        #[derive(Parser)]
        struct Command {
            #[command(flatten)]
            settings: Settings,
        }
        let settings = Command::parse_from(["limits", "--max-in-flight-requests", &in_flight.to_string()]).settings;
        Limits::new(settings, Metrics::new().0)
    }

    #[test]
    fn in_flight_limit_exempts_health_checks() {
        let limits = limits(2);
        let first = limits.try_acquire("/owners").unwrap();
        let _second = limits.try_acquire("/owners").unwrap();
        assert_eq!(limits.try_acquire("/owners").unwrap_err(), Rejection::RequestsInFlight);
        for path in EXEMPT_PATHS.into_iter().chain(["/livez/"]) {
            assert!(limits.try_acquire(path).is_ok(), "{path}");
        }
        drop(first);
        assert!(limits.try_acquire("/").is_ok());
    }

    #[test]
    fn long_requests_have_a_quarter_and_at_least_one() {
        for (permits, long) in [(1, 1), (2, 1), (4, 1), (5, 2), (1000, 250)] {
            let limits = limits(permits);
            let taken: Vec<_> = (0..long).map(|_| limits.try_acquire("/40process").unwrap()).collect();
            assert_eq!(limits.try_acquire("/20process/").unwrap_err(), Rejection::LongRequestsInFlight);
            let _others: Vec<_> = (long..permits).map(|_| limits.try_acquire("/owners").unwrap()).collect();
            assert_eq!(limits.try_acquire("/owners").unwrap_err(), Rejection::RequestsInFlight);
            drop(taken);
            assert!(limits.try_acquire("/20process").is_ok());
        }
    }

    #[test]
    fn rejected_long_request_holds_no_permit() {
        let limits = limits(2);
        let others = [limits.try_acquire("/owners").unwrap(), limits.try_acquire("/owners").unwrap()];
        assert_eq!(limits.try_acquire("/20process").unwrap_err(), Rejection::RequestsInFlight);
        drop(others);
        assert!(limits.try_acquire("/20process").is_ok());
    }
}
