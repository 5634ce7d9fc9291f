//! Connections that are opened within a time limit, and whose socket is known.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use super::connect::open;
use super::error::{ConnectError, ErrorKind};
use super::session::Limits;
use super::socket::{self, Socket};
use super::{Connection, DatabaseUrl};

/// Interval at which a client past its deadline is shut down again, since it tries the host's next address.
const SHUT_DOWN_INTERVAL: Duration = Duration::from_millis(100);

/// Opens connections to one database.
#[derive(Debug)]
pub struct Connector {
    url: DatabaseUrl,
    limits: Limits,
    /// True if a missing SQLite file is created.
    create: bool,
    /// Serializes opening, so that the socket that is new is ours.
    opening: Mutex<()>,
}

impl Connector {
    /// Opens connections to the database at `url`, whose SQLite file must exist.
    pub fn new(url: DatabaseUrl, limits: Limits) -> Self {
        Self { url, limits, create: false, opening: Mutex::new(()) }
    }

    /// Opens connections to the database at `url`, and creates its SQLite file if it is missing.
    pub(super) fn creating(url: DatabaseUrl, limits: Limits) -> Self {
        Self { create: true, ..Self::new(url, limits) }
    }

    /// Connects, within `limit` once the host name is resolved. Returns the connection and its socket, if it has one.
    ///
    /// # Errors
    /// Those of [`connect`](super::connect), or there is no connection in time.
    pub fn connect(&self, limit: Duration) -> Result<(Connection, Option<Socket>), ConnectError> {
        let Some(addresses) = self.url.addresses() else { return Ok((open(&self.url, self.limits, self.create)?, None)) };
        let addresses = addresses.map_err(|error| ConnectError::new(ErrorKind::UnknownHost, error.to_string()))?;
        let _opening = self.opening.lock().unwrap_or_else(PoisonError::into_inner);
        let before = socket::inodes(&addresses);
        let timed_out = AtomicBool::new(false);
        let opened = thread::scope(|scope| {
            let (opened, watched) = channel::<()>();
            thread::Builder::new()
                .name("connecting".to_owned())
                .spawn_scoped(scope, {
                    let (timed_out, before, addresses) = (&timed_out, &before, &addresses);
                    move || watch(&watched, limit, timed_out, before, addresses)
                })
                .map_err(|error| ConnectError::new(ErrorKind::Unreachable, format!("failed to start a thread: {error}")))?;
            let connection = open(&self.url, self.limits, self.create);
            drop(opened);
            connection
        });
        match opened {
            Err(_) if timed_out.load(Ordering::Relaxed) => {
                Err(ConnectError::new(ErrorKind::Unreachable, format!("no answer within {limit:?}")))
            }
            opened => {
                let (connection, socket) = (opened?, socket::new_since(&before, &addresses));
                if let Some(socket) = &socket {
                    socket.keep_alive();
                }
                Ok((connection, socket))
            }
        }
    }
}

/// Shuts the socket down if opening takes longer than `limit`.
fn watch(opened: &Receiver<()>, limit: Duration, timed_out: &AtomicBool, before: &HashSet<u64>, addresses: &[SocketAddr]) {
    let mut left = limit;
    while opened.recv_timeout(left) == Err(RecvTimeoutError::Timeout) {
        timed_out.store(true, Ordering::Relaxed);
        if let Some(socket) = socket::new_since(before, addresses) {
            socket.shut_down();
        }
        left = SHUT_DOWN_INTERVAL;
    }
}
