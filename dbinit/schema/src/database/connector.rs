//! Connections that neither take for ever to open nor wait for ever for an answer.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use super::connect::{ConnectError, open};
use super::socket::{self, Socket};
use super::{Connection, DatabaseUrl};

/// How often a client that was cut and now tries the host's next address is cut again.
const AGAIN: Duration = Duration::from_millis(100);

/// Opens connections to one database.
#[derive(Debug)]
pub struct Connector {
    url: DatabaseUrl,
    session: String,
    /// One at a time, so that the socket that is new is ours.
    alone: Mutex<()>,
}

impl Connector {
    /// Opens connections to the database at `url`. `session` is set in each of them: variables of MySQL's `SET
    /// SESSION`, or a `PRAGMA` of SQLite.
    pub fn new(url: DatabaseUrl, session: String) -> Self {
        Self { url, session, alone: Mutex::new(()) }
    }

    /// Connects, within `limit` once the host's name is resolved. With the connection comes its socket, where it has one.
    ///
    /// # Errors
    /// As [`connect`](super::connect), and where there is no connection in time.
    pub fn connect(&self, limit: Duration) -> Result<(Connection, Option<Socket>), ConnectError> {
        let Some(addresses) = self.url.addresses() else { return Ok((open(&self.url, &self.session)?, None)) };
        let addresses = addresses.map_err(|error| ConnectError::unknown_host(&error))?;
        let _alone = self.alone.lock().unwrap_or_else(PoisonError::into_inner);
        let before = socket::inodes(&addresses);
        let late = AtomicBool::new(false);
        let opened = thread::scope(|scope| {
            let (opened, watched) = channel::<()>();
            thread::Builder::new()
                .name("connecting".to_owned())
                .spawn_scoped(scope, {
                    let (late, before, addresses) = (&late, &before, &addresses);
                    move || watch(&watched, limit, late, before, addresses)
                })
                .map_err(|error| ConnectError::unreachable(format!("no thread to watch it: {error}")))?;
            let connection = open(&self.url, &self.session);
            drop(opened);
            connection
        });
        match opened {
            Err(_) if late.load(Ordering::Relaxed) => Err(ConnectError::unreachable(format!("no answer within {limit:?}"))),
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

/// Cuts what takes longer than `limit`.
fn watch(opened: &Receiver<()>, limit: Duration, late: &AtomicBool, before: &HashSet<u64>, addresses: &[SocketAddr]) {
    let mut left = limit;
    while opened.recv_timeout(left) == Err(RecvTimeoutError::Timeout) {
        late.store(true, Ordering::Relaxed);
        if let Some(socket) = socket::new_since(before, addresses) {
            socket.shut_down();
        }
        left = AGAIN;
    }
}
