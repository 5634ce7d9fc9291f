//! A TCP fault proxy: holds back a chosen request, drops all packets, resets connections, rewrites answers.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

use crate::DEADLINE;

/// Forwards connections from a port of its own to another port of 127.0.0.1.
///
/// It counts requests: what the client sends after the server has spoken begins a new one. That is right for protocols
/// in which the two take turns, encrypted or not, such as MySQL's.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    shared: Arc<Shared>,
}

/// Changes what the server says, for clients of a server that there is not.
type Rewrite = Arc<dyn Fn(&mut [u8]) + Send + Sync>;

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// Requests so far, over all connections.
    requests: usize,
    /// The request that is held back.
    hold_at: Option<usize>,
    holding: bool,
    connections: Vec<TcpStream>,
    /// Nothing passes, and no connection is accepted.
    black_holed: bool,
    /// The proxy's own connections to itself, which keep others from being established.
    fillers: Vec<TcpStream>,
    /// The port that new connections are forwarded to.
    target: u16,
}

impl Proxy {
    /// Starts one in front of `port`.
    pub fn start(port: u16) -> Self {
        Self::rewriting(port, |_| ())
    }

    /// Starts one that passes everything from the server through `rewrite`.
    ///
    /// # Panics
    /// Where there is no port for it.
    pub fn rewriting(port: u16, rewrite: impl Fn(&mut [u8]) + Send + Sync + 'static) -> Self {
        let rewrite: Rewrite = Arc::new(rewrite);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, crate::net::free_port())).unwrap();
        let own_port = listener.local_addr().unwrap().port();
        let shared = Arc::<Shared>::default();
        shared.state().target = port;
        let accepting = Arc::clone(&shared);
        thread::spawn(move || {
            while let Ok((client, address)) = listener.accept() {
                accepting.wait_until_passing();
                if accepting.state().fillers.iter().any(|filler| filler.local_addr().is_ok_and(|of| of == address)) {
                    continue;
                }
                // without a server, the client sees a closed connection
                let target = accepting.state().target;
                if let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, target)) {
                    let _ = accepting.join(client, server, Arc::clone(&rewrite));
                }
            }
        });
        Self { port: own_port, shared }
    }

    /// Port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Forwards new connections to another port, as a host name that leads to another server. Existing ones stay.
    pub fn forward_to(&self, port: u16) {
        self.shared.state().target = port;
    }

    /// Requests so far.
    pub fn requests(&self) -> usize {
        self.shared.state().requests
    }

    /// Holds back the `number`-th request from now on (counted from 1), and everything after it, until [`Proxy::reset`].
    pub fn hold_at(&self, number: usize) {
        let mut state = self.shared.state();
        state.requests = 0;
        state.hold_at = Some(number);
    }

    /// Waits until a request is held back (true) or `ended` says that none will be (false).
    ///
    /// # Panics
    /// After the deadline.
    pub fn holds(&self, mut ended: impl FnMut() -> bool) -> bool {
        crate::until("the request to hold back", || {
            let holding = self.shared.state().holding;
            (holding || ended()).then_some(holding)
        })
    }

    /// Drops all data in both directions from now on and lets no connection be established, like a network that drops
    /// packets.
    ///
    /// # Panics
    /// Where connections are still established.
    pub fn black_hole(&self) {
        self.shared.state().black_holed = true;
        let address = (Ipv4Addr::LOCALHOST, self.port).into();
        for _ in 0..10_000 {
            // The kernel drops what comes to a listener whose queue is full.
            match TcpStream::connect_timeout(&address, Duration::from_millis(300)) {
                Ok(filler) => self.shared.state().fillers.push(filler),
                Err(_) => return,
            }
        }
        panic!("the listener's queue is never full");
    }

    /// Ends [`Proxy::black_hole`]: what was held back arrives now, as what is sent again does.
    pub fn pass(&self) {
        self.shared.state().black_holed = false;
        self.shared.changed.notify_all();
    }

    /// Closes all connections, discards what was held back, and forwards again.
    pub fn reset(&self) {
        let mut state = self.shared.state();
        for connection in state.connections.drain(..) {
            let _ = connection.shutdown(Shutdown::Both);
        }
        state.hold_at = None;
        state.holding = false;
        drop(state);
        self.shared.changed.notify_all();
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    fn wait_until_passing(&self) {
        let _ = self.changed.wait_timeout_while(self.state(), DEADLINE, |state| state.black_holed).unwrap();
    }

    fn join(self: &Arc<Self>, client: TcpStream, server: TcpStream, rewrite: Rewrite) -> io::Result<()> {
        client.set_nodelay(true)?;
        server.set_nodelay(true)?;
        self.state().connections.extend([client.try_clone()?, server.try_clone()?]);
        let server_spoke = Arc::new(Mutex::new(true));
        let (from_client, to_server) = (client.try_clone()?, server.try_clone()?);
        let (shared, spoke) = (Arc::clone(self), Arc::clone(&server_spoke));
        thread::spawn(move || {
            pump(from_client, to_server, |_| {
                let new = std::mem::take(&mut *spoke.lock().unwrap());
                shared.wait_until_passing();
                !new || shared.request()
            });
        });
        let shared = Arc::clone(self);
        thread::spawn(move || {
            pump(server, client, |bytes| {
                shared.wait_until_passing();
                *server_spoke.lock().unwrap() = true;
                rewrite(bytes);
                true
            });
        });
        Ok(())
    }

    /// Counts a request; where it is the one to hold back, waits for the reset and returns false.
    fn request(&self) -> bool {
        let mut state = self.state();
        state.requests += 1;
        if state.hold_at != Some(state.requests) {
            return true;
        }
        state.holding = true;
        let _ = self.changed.wait_timeout_while(state, DEADLINE, |state| state.holding).unwrap();
        false
    }
}

/// Copies until either side closes or `pass` says no, then closes both.
fn pump(mut from: TcpStream, mut to: TcpStream, mut pass: impl FnMut(&mut [u8]) -> bool) {
    let mut buffer = vec![0; 64 << 10];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        let bytes = &mut buffer[..length];
        if !pass(bytes) || to.write_all(bytes).is_err() {
            break;
        }
    }
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers each byte with the next one.
    fn server() -> u16 {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        thread::spawn(move || {
            for mut client in listener.incoming().flatten() {
                thread::spawn(move || {
                    let mut byte = [0];
                    while client.read_exact(&mut byte).is_ok() && client.write_all(&[byte[0] + 1]).is_ok() {}
                });
            }
        });
        port
    }

    fn ask(client: &mut TcpStream, byte: u8) -> io::Result<u8> {
        let mut answer = [0];
        client.write_all(&[byte])?;
        client.read_exact(&mut answer)?;
        Ok(answer[0])
    }

    #[test]
    fn hold_stops_a_request_until_reset() {
        let proxy = Proxy::start(server());
        let connect = || TcpStream::connect((Ipv4Addr::LOCALHOST, proxy.port())).unwrap();
        let mut client = connect();
        assert_eq!((ask(&mut client, 1).unwrap(), ask(&mut client, 5).unwrap(), proxy.requests()), (2, 6, 2));

        proxy.hold_at(2);
        assert_eq!(ask(&mut client, 7).unwrap(), 8);
        let held = thread::spawn(move || ask(&mut client, 9));
        assert!(proxy.holds(|| false));
        proxy.reset();
        assert!(held.join().unwrap().is_err());
        assert_eq!(ask(&mut connect(), 20).unwrap(), 21);
    }

    #[test]
    fn black_hole_drops_data_and_connections() {
        let proxy = Proxy::start(server());
        let address = (Ipv4Addr::LOCALHOST, proxy.port()).into();
        let mut client = TcpStream::connect(address).unwrap();
        assert_eq!(ask(&mut client, 1).unwrap(), 2);
        proxy.black_hole();
        client.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
        assert!(ask(&mut client, 3).is_err(), "nothing comes back");
        assert!(TcpStream::connect_timeout(&address, Duration::from_millis(50)).is_err(), "no connection");
        proxy.pass();
        client.set_read_timeout(None).unwrap();
        let mut late = [0];
        client.read_exact(&mut late).unwrap();
        assert_eq!(late, [4]);
        assert_eq!(ask(&mut TcpStream::connect(address).unwrap(), 5).unwrap(), 6);
    }

    #[test]
    fn rewriting_changes_server_bytes() {
        let proxy = Proxy::rewriting(server(), |bytes| bytes.fill(99));
        let mut client = TcpStream::connect((Ipv4Addr::LOCALHOST, proxy.port())).unwrap();
        assert_eq!(ask(&mut client, 1).unwrap(), 99);
    }
}
