//! The limits by their names: what counts and answers them needs no more.

use http::StatusCode;

/// A limit's name in metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Limit {
    HeaderTime,
    HeaderSize,
    BodyTime,
    BodySize,
    BodyBytesInFlight,
    Connections,
    ConnectionsPerPeer,
    ConnectionRequests,
    RequestsInFlight,
    RequestTime,
    PoolTime,
}

impl Limit {
    /// The label's value.
    pub fn name(self) -> &'static str {
        match self {
            Self::HeaderTime => "header_time",
            Self::HeaderSize => "header_size",
            Self::BodyTime => "body_time",
            Self::BodySize => "body_size",
            Self::BodyBytesInFlight => "body_bytes_in_flight",
            Self::Connections => "connections",
            Self::ConnectionsPerPeer => "connections_per_peer",
            Self::ConnectionRequests => "connection_requests",
            Self::RequestsInFlight => "requests_in_flight",
            Self::RequestTime => "request_time",
            Self::PoolTime => "pool_time",
        }
    }

    /// The status of the answer, where there is one.
    pub fn status(self) -> StatusCode {
        match self {
            Self::HeaderTime | Self::BodyTime => StatusCode::REQUEST_TIMEOUT,
            Self::HeaderSize => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::BodySize => StatusCode::PAYLOAD_TOO_LARGE,
            Self::RequestTime => StatusCode::GATEWAY_TIMEOUT,
            Self::BodyBytesInFlight
            | Self::Connections
            | Self::ConnectionsPerPeer
            | Self::ConnectionRequests
            | Self::RequestsInFlight
            | Self::PoolTime => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}
