//! Open connections, in all and of each peer. The surplus is closed when it is accepted, so that it costs next to nothing
//! and a balancer takes it elsewhere at once.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use prometheus_client::metrics::gauge::Gauge;

use crate::limit::Limit;
use crate::limits::Settings;

/// Connections beyond the limit for peers that have none: in a flood the kubelet's probes still get through.
const RESERVE: u32 = 64;

/// The count of open connections. Clones share it.
#[derive(Clone, Debug)]
pub struct Connections {
    most: u32,
    most_per_peer: u32,
    open: Arc<Mutex<Open>>,
    gauge: Gauge,
}

#[derive(Debug, Default)]
struct Open {
    all: u32,
    of_peer: HashMap<IpAddr, u32>,
}

/// The place of an open connection, free again when dropped.
#[derive(Debug)]
pub struct Place {
    open: Arc<Mutex<Open>>,
    gauge: Gauge,
    peer: IpAddr,
}

impl Connections {
    /// The limits that `settings` say; `gauge` shows how many there are.
    pub fn new(settings: &Settings, gauge: Gauge) -> Self {
        let Settings { connections: most, connections_per_peer: most_per_peer, .. } = *settings;
        Self { most, most_per_peer, open: Arc::default(), gauge }
    }

    /// A place for a connection from `peer`.
    ///
    /// # Errors
    /// The limit that is reached.
    pub fn admit(&self, peer: IpAddr) -> Result<Place, Limit> {
        let open = &mut *lock(&self.open);
        let of_peer = open.of_peer.entry(peer).or_default();
        if let Some(limit) = self.reached(open.all, *of_peer) {
            if *of_peer == 0 {
                open.of_peer.remove(&peer);
            }
            return Err(limit);
        }
        *of_peer += 1;
        open.all += 1;
        self.gauge.inc();
        Ok(Place { open: Arc::clone(&self.open), gauge: self.gauge.clone(), peer })
    }

    fn reached(&self, all: u32, of_peer: u32) -> Option<Limit> {
        let reserve = if of_peer == 0 { RESERVE } else { 0 };
        if of_peer >= self.most_per_peer {
            Some(Limit::ConnectionsPerPeer)
        } else if all >= self.most.saturating_add(reserve) {
            Some(Limit::Connections)
        } else {
            None
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let open = &mut *lock(&self.open);
        open.all -= 1;
        self.gauge.dec();
        if let Some(of_peer) = open.of_peer.get_mut(&self.peer) {
            *of_peer -= 1;
            if *of_peer == 0 {
                open.of_peer.remove(&self.peer);
            }
        }
    }
}

fn lock(open: &Mutex<Open>) -> MutexGuard<'_, Open> {
    open.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(most: u32, most_per_peer: u32) -> Connections {
        Connections { most, most_per_peer, open: Arc::default(), gauge: Gauge::default() }
    }

    fn peer(n: u8) -> IpAddr {
        IpAddr::from([10, 0, 0, n])
    }

    #[test]
    fn a_peer_has_its_share() {
        let limits = limits(10, 2);
        let places = [limits.admit(peer(1)).unwrap(), limits.admit(peer(1)).unwrap()];
        assert_eq!(limits.admit(peer(1)).unwrap_err(), Limit::ConnectionsPerPeer);
        let _other = limits.admit(peer(2)).unwrap();
        drop(places);
        let _again = limits.admit(peer(1)).unwrap();
        assert_eq!(lock(&limits.open).all, 2);
    }

    #[test]
    fn beyond_all_places_a_peer_that_has_none_gets_one() {
        let limits = limits(2, 2);
        let places = [limits.admit(peer(1)).unwrap(), limits.admit(peer(1)).unwrap()];
        let strangers: Vec<_> = (2..=65).map(|n| limits.admit(peer(n)).unwrap()).collect();
        assert_eq!(limits.admit(peer(2)).unwrap_err(), Limit::Connections);
        assert_eq!(limits.admit(peer(66)).unwrap_err(), Limit::Connections);
        drop((places, strangers));
        assert!(lock(&limits.open).of_peer.is_empty() && lock(&limits.open).all == 0);
    }
}
