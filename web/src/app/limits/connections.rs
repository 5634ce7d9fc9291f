//! Open connections, in all and of each peer. The surplus is closed when it is accepted, so that it costs next to nothing
//! and a balancer takes it elsewhere at once.

use std::net::IpAddr;

use prometheus_client::metrics::gauge::Gauge;

use super::Settings;
use super::shares::{Share, Shares, UsedUp};
use crate::telemetry::limit::Limit;

/// Connections beyond the limit for peers that have none: in a flood the kubelet's probes still get through.
const RESERVE: u32 = 64;

/// The places of open connections. Clones share them.
#[derive(Clone, Debug)]
pub struct Connections {
    places: Shares,
    gauge: Gauge,
}

/// The place of an open connection, free again when dropped.
#[derive(Debug)]
pub struct Place {
    _share: Share,
    gauge: Gauge,
}

impl Connections {
    /// The limits that `settings` say; `gauge` shows how many there are.
    pub fn new(settings: &Settings, gauge: Gauge) -> Self {
        Self { places: Shares::new(settings.connections, settings.connections_per_peer, RESERVE), gauge }
    }

    /// A place for a connection from `peer`.
    ///
    /// # Errors
    /// The limit that is reached.
    pub fn admit(&self, peer: IpAddr) -> Result<Place, Limit> {
        let mut share = self.places.of(Some(peer));
        share.grow(1).map_err(|used_up| match used_up {
            UsedUp::ByAll => Limit::Connections,
            UsedUp::ByPeer => Limit::ConnectionsPerPeer,
        })?;
        self.gauge.inc();
        Ok(Place { _share: share, gauge: self.gauge.clone() })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.gauge.dec();
    }
}
