//! What all peers take of together, and of which one peer has a part at most.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// An amount for all. Clones share it.
#[derive(Clone, Debug)]
pub(super) struct Shares(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    most: u32,
    most_per_peer: u32,
    reserve: u32,
    taken: Mutex<Taken>,
}

/// A peer that has nothing has no entry.
#[derive(Debug, Default)]
struct Taken {
    all: u32,
    of_peer: HashMap<Option<IpAddr>, u32>,
}

/// What one has taken, given back when dropped.
#[derive(Debug)]
pub(super) struct Share {
    shared: Arc<Shared>,
    peer: Option<IpAddr>,
    amount: u32,
}

/// Why there is no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum UsedUp {
    /// All together have taken everything.
    ByAll,
    /// The peer has its part.
    ByPeer,
}

impl Shares {
    /// `most` for all, and `reserve` beyond it for peers that have nothing yet.
    pub(super) fn new(most: u32, most_per_peer: u32, reserve: u32) -> Self {
        Self(Arc::new(Shared { most, most_per_peer, reserve, taken: Mutex::default() }))
    }

    /// A share of `peer` with nothing in it. Those of whom no address is known are one peer.
    pub(super) fn of(&self, peer: Option<IpAddr>) -> Share {
        Share { shared: Arc::clone(&self.0), peer, amount: 0 }
    }
}

impl Share {
    /// Takes so much more, or nothing.
    pub(super) fn grow(&mut self, by: u32) -> Result<(), UsedUp> {
        let Shared { most, most_per_peer, reserve, .. } = *self.shared;
        let taken = &mut *lock(&self.shared.taken);
        let of_peer = taken.of_peer.get(&self.peer).copied().unwrap_or_default();
        let most = if of_peer == 0 { most.saturating_add(reserve) } else { most };
        if of_peer.saturating_add(by) > most_per_peer {
            return Err(UsedUp::ByPeer);
        }
        if taken.all.saturating_add(by) > most {
            return Err(UsedUp::ByAll);
        }
        taken.all += by;
        taken.of_peer.insert(self.peer, of_peer + by);
        self.amount += by;
        Ok(())
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        if self.amount == 0 {
            return;
        }
        let taken = &mut *lock(&self.shared.taken);
        taken.all -= self.amount;
        if let Some(of_peer) = taken.of_peer.get_mut(&self.peer) {
            *of_peer -= self.amount;
            if *of_peer == 0 {
                taken.of_peer.remove(&self.peer);
            }
        }
    }
}

fn lock(taken: &Mutex<Taken>) -> MutexGuard<'_, Taken> {
    taken.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(shares: &Shares, n: u8, amount: u32) -> Result<Share, UsedUp> {
        let mut share = shares.of(Some(IpAddr::from([10, 0, 0, n])));
        share.grow(amount).map(|()| share)
    }

    #[test]
    fn a_peer_has_its_part() {
        let shares = Shares::new(10, 4, 0);
        let mut first = share(&shares, 1, 2).unwrap();
        first.grow(1).unwrap();
        let second = share(&shares, 1, 1).unwrap();
        assert_eq!((first.grow(1), share(&shares, 1, 1).unwrap_err()), (Err(UsedUp::ByPeer), UsedUp::ByPeer));
        let _other = share(&shares, 2, 4).unwrap();
        drop(first);
        assert_eq!(share(&shares, 1, 4).unwrap_err(), UsedUp::ByPeer);
        let _again = share(&shares, 1, 3).unwrap();
        drop(second);
        assert_eq!(lock(&shares.0.taken).all, 7);
    }

    #[test]
    fn what_does_not_fit_takes_nothing() {
        let shares = Shares::new(10, 8, 0);
        let eight = share(&shares, 1, 8).unwrap();
        let mut other = share(&shares, 2, 1).unwrap();
        assert_eq!((other.grow(2), other.grow(u32::MAX), other.grow(1)), (Err(UsedUp::ByAll), Err(UsedUp::ByPeer), Ok(())));
        drop((eight, other));
        assert!(lock(&shares.0.taken).of_peer.is_empty() && lock(&shares.0.taken).all == 0);
    }

    #[test]
    fn beyond_all_there_is_a_reserve_for_peers_that_have_nothing() {
        let shares = Shares::new(2, 2, 64);
        let both = [share(&shares, 1, 1).unwrap(), share(&shares, 1, 1).unwrap()];
        let strangers: Vec<_> = (2..=65).map(|n| share(&shares, n, 1).unwrap()).collect();
        assert_eq!(share(&shares, 2, 1).unwrap_err(), UsedUp::ByAll);
        assert_eq!(share(&shares, 66, 1).unwrap_err(), UsedUp::ByAll);
        drop((both, strangers));
        assert!(lock(&shares.0.taken).of_peer.is_empty() && lock(&shares.0.taken).all == 0);
    }
}
