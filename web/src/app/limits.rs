//! What a client may take: the settings, and what keeps to them.
//!
//! | limit | what happens to the surplus | where |
//! |---|---|---|
//! | time until a request, time of its header | closed | `server` |
//! | header size | 431 without a page, closed | `server`, by hyper |
//! | connections, in all and of a peer | closed when accepted | [`Connections`] |
//! | requests a connection | the last answer says `Connection: close` | `server` |
//! | body time, body size | 408, 413 | `Limits::body` |
//! | memory of all bodies, and of one client's | 503, after a second at the latest | `Limits::body` |
//! | requests in flight, in all and long ones | 503 at once; the probes' paths are always answered | `Limits::answer` |
//! | time of a request | 504 | `Limits::answer` |
//! | time until a connection of the pool | 503 | `db` |
//!
//! Each is counted by its name ([`Limit`]) in the metric `limit_refusals`.

mod body;
mod connections;
mod in_flight;
mod shares;

use std::net::IpAddr;
use std::time::Duration;

use bytes::{Buf, Bytes};
use futures_util::Stream;
use http::{HeaderMap, StatusCode};
use runtime::settings;

pub use self::connections::{Connections, Place};
use self::in_flight::InFlight;
use self::shares::{Shares, UsedUp};
use crate::telemetry::limit::Limit;
use crate::telemetry::metrics::Metrics;
use crate::views::Error;

/// The settings of the limits, to be flattened into the program's own.
#[derive(clap::Args, Clone, Debug)]
#[group(id = "limits")]
pub struct Settings {
    /// Time that a connection may be idle, before its first request and between two
    // Longer than the 60 s for which nginx keeps idle connections: it is never this end that closes one on a request.
    #[arg(long, env = "IDLE_TIMEOUT", default_value = "75s", value_parser = settings::duration)]
    pub idle_timeout: Duration,

    /// Time from a request's first byte in which its head must arrive
    #[arg(long, env = "HEADER_TIMEOUT", default_value = "20s", value_parser = settings::duration)]
    pub header_timeout: Duration,

    /// Most bytes of a request's head
    #[arg(long, env = "HEADER_BYTES", default_value = "16384", value_parser = clap::value_parser!(u32).range(8192..=1 << 20))]
    pub header_bytes: u32,

    /// Time in which a request's body must arrive
    #[arg(long, env = "BODY_TIMEOUT", default_value = "20s", value_parser = settings::duration)]
    pub body_timeout: Duration,

    /// Most bytes of a request's body
    #[arg(long, env = "BODY_BYTES", default_value = "65536", value_parser = clap::value_parser!(u32).range(1..=16 << 20))]
    pub body_bytes: u32,

    /// Bytes of memory for the bodies of all requests, until these are answered, at most half of them for one client; more get 503
    #[arg(long, env = "BODY_BYTES_IN_FLIGHT", default_value = "33554432", value_parser = clap::value_parser!(u32).range(1 << 20..=1 << 30))]
    pub body_bytes_in_flight: u32,

    /// Connections open at once
    #[arg(long, env = "CONNECTIONS", default_value = "10000", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub connections: u32,

    /// Connections open at once from one address; behind an ingress that is the ingress' own
    #[arg(long, env = "CONNECTIONS_PER_PEER", default_value = "5000", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub connections_per_peer: u32,

    /// Requests that a connection carries before it is closed
    #[arg(long, env = "CONNECTION_REQUESTS", default_value = "10000", value_parser = clap::value_parser!(u32).range(1..))]
    pub connection_requests: u32,

    /// Requests being answered at once, at most a quarter of them /20process and /40process; more get 503
    #[arg(long, env = "REQUESTS_IN_FLIGHT", default_value = "1000", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub requests_in_flight: u32,

    /// Time that an answer may take
    #[arg(long, env = "REQUEST_TIMEOUT", default_value = "10s", value_parser = settings::duration)]
    pub request_timeout: Duration,

    /// Time that an answer of /20process and /40process may take
    #[arg(long, env = "LONG_REQUEST_TIMEOUT", default_value = "60s", value_parser = settings::duration)]
    pub long_request_timeout: Duration,
}

impl Settings {
    /// How long the answer of a route of the table may take.
    pub fn time_of(&self, route: &str) -> Duration {
        if is_long(route) { self.long_request_timeout } else { self.request_timeout }
    }
}

/// Whether a route of the table takes long on purpose.
fn is_long(route: &str) -> bool {
    matches!(route, "/20process" | "/40process")
}

/// The limits of requests, as the router keeps to them.
pub struct Limits {
    settings: Settings,
    bodies: Shares,
    in_flight: InFlight,
    metrics: Metrics,
}

impl Limits {
    /// The limits that `settings` say.
    pub fn new(settings: Settings, metrics: Metrics) -> Self {
        let of_all = settings.body_bytes_in_flight;
        let bodies = Shares::new(of_all, (of_all / 2).max(settings.body_bytes), 0);
        Self { bodies, in_flight: InFlight::new(settings.requests_in_flight), settings, metrics }
    }

    /// Reads a body of the client at `address` to its end.
    ///
    /// # Errors
    /// 408, 413 or 503; 400 where the client breaks off.
    pub(crate) async fn body<S, B, E>(&self, address: Option<IpAddr>, headers: &HeaderMap, stream: S) -> Result<Bytes, Error>
    where
        S: Stream<Item = Result<B, E>> + Send,
        B: Buf,
    {
        let read = body::read(self.settings.body_bytes as usize, self.bodies.of(address), headers, stream);
        let read = tokio::time::timeout(self.settings.body_timeout, read).await;
        read.map_err(|_| self.reached(Limit::BodyTime, StatusCode::REQUEST_TIMEOUT))?.map_err(|refusal| match refusal {
            body::Refusal::BrokenOff => Error::Malformed,
            body::Refusal::TooLarge => self.reached(Limit::BodySize, StatusCode::PAYLOAD_TOO_LARGE),
            body::Refusal::NoMemory(used_up) => {
                let limit = match used_up {
                    UsedUp::ByAll => Limit::BodyBytesInFlight,
                    UsedUp::ByPeer => Limit::BodyBytesPerPeer,
                };
                self.reached(limit, StatusCode::SERVICE_UNAVAILABLE)
            }
        })
    }

    /// Gives `answer` a place among the requests in flight, and its time.
    ///
    /// # Errors
    /// 503 at once, or 504; else the answer's own.
    pub(crate) async fn answer<T>(&self, route: &str, answer: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        let taken = self.in_flight.take(route);
        let _place = taken.map_err(|limit| self.reached(limit, StatusCode::SERVICE_UNAVAILABLE))?;
        let answered = tokio::time::timeout(self.settings.time_of(route), answer).await;
        answered.unwrap_or_else(|_| Err(self.reached(Limit::RequestTime, StatusCode::GATEWAY_TIMEOUT)))
    }

    fn reached(&self, limit: Limit, status: StatusCode) -> Error {
        self.metrics.limit_reached(limit);
        Error::Limit(limit, status)
    }
}
