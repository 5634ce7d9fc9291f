//! The limits by their names: what counts them needs no more.

/// A limit's name in metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Limit {
    HeaderTime,
    HeaderSize,
    BodyTime,
    BodySize,
    BodyBytesInFlight,
    BodyBytesPerPeer,
    Connections,
    ConnectionsPerPeer,
    ConnectionRequests,
    RequestsInFlight,
    LongRequestsInFlight,
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
            Self::BodyBytesPerPeer => "body_bytes_per_peer",
            Self::Connections => "connections",
            Self::ConnectionsPerPeer => "connections_per_peer",
            Self::ConnectionRequests => "connection_requests",
            Self::RequestsInFlight => "requests_in_flight",
            Self::LongRequestsInFlight => "long_requests_in_flight",
            Self::RequestTime => "request_time",
            Self::PoolTime => "pool_time",
        }
    }
}
