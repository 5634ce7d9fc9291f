//! The socket of a MySQL connection, found among the process' own file descriptors.
//!
//! MySQL's client waits for the server without a limit, and diesel has no setting for one: a server that hangs, or a
//! network that drops packets, blocks the thread until TCP gives up, which takes hours. Shutting the socket down ends the
//! wait at once, and TCP's own timeouts can be shortened; the connection is then lost in the ordinary way.

use std::collections::HashSet;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::OwnedFd;
use std::time::Duration;

use runtime::descriptor::duplicate;
use rustix::fs::fstat;
use rustix::io::Errno;
use rustix::net::sockopt::{set_socket_keepalive, set_tcp_keepidle, set_tcp_keepintvl, set_tcp_user_timeout};
use rustix::net::{RecvFlags, Shutdown, recv, shutdown};

/// Idle time before the first keepalive probe, and the interval of further ones.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(20);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(10);
/// Time without an acknowledgement after which the connection is lost, in milliseconds.
const USER_TIMEOUT_MS: u32 = 60_000;

/// A duplicate of the client library's descriptor.
#[derive(Debug)]
pub struct Socket(OwnedFd);

impl Socket {
    /// Shuts the connection down: a thread that waits on it gets an error now.
    pub fn shut_down(&self) {
        // an error means that it has ended already
        let _ = shutdown(&self.0, Shutdown::Both);
    }

    /// Enables TCP's timeouts for a machine that is gone, or a network that drops packets. The server's kernel acknowledges
    /// probes, so that a statement may take any time.
    pub(super) fn keep_alive(&self) {
        // without one of these options the connection is merely lost later
        let _ = set_socket_keepalive(&self.0, true);
        let _ = set_tcp_keepidle(&self.0, KEEPALIVE_IDLE);
        let _ = set_tcp_keepintvl(&self.0, KEEPALIVE_INTERVAL);
        // covers unacknowledged data as well as probes, whose number then doesn't matter
        let _ = set_tcp_user_timeout(&self.0, USER_TIMEOUT_MS);
    }

    /// Returns true if the server has neither closed the idle connection nor sent anything, which it does before it closes. Costs one
    /// system call and no round trip.
    pub fn is_quiet(&self) -> bool {
        recv(&self.0, &mut [0u8; 1], RecvFlags::PEEK | RecvFlags::DONTWAIT).err() == Some(Errno::AGAIN)
    }
}

/// The inodes of the sockets in this network namespace whose peer is one of `addresses`.
pub(super) fn inodes(addresses: &[SocketAddr]) -> HashSet<u64> {
    let tables = ["/proc/self/net/tcp", "/proc/self/net/tcp6"].map(|table| fs::read_to_string(table).unwrap_or_default());
    let rows = tables.iter().flat_map(|table| table.lines().skip(1)).filter_map(row);
    rows.filter(|(remote, inode)| addresses.contains(remote) && *inode > 0).map(|(_, inode)| inode).collect()
}

/// Returns the socket that was opened since `before`, if there is exactly one. If another part of the process has connected to
/// the same server in the meantime, it is unknown which one is ours.
pub(super) fn new_since(before: &HashSet<u64>, addresses: &[SocketAddr]) -> Option<Socket> {
    let now = inodes(addresses);
    let links: Vec<_> = fs::read_dir("/proc/self/fd").ok()?.flatten().collect();
    let mut found = now.difference(before).filter_map(|inode| {
        let link = format!("socket:[{inode}]");
        let entry = links.iter().find(|entry| fs::read_link(entry.path()).is_ok_and(|to| to.as_os_str() == link.as_str()))?;
        Some((*inode, entry.file_name().to_str()?.parse().ok()?))
    });
    let (Some((inode, number)), None) = (found.next(), found.next()) else { return None };
    let socket = duplicate(number).ok()?;
    // the number may have been reused since it was read
    (fstat(&socket).ok()?.st_ino == inode).then_some(Socket(socket))
}

/// Parses the peer and the inode of a row of /proc/net/tcp.
fn row(line: &str) -> Option<(SocketAddr, u64)> {
    let mut columns = line.split_ascii_whitespace();
    let (ip, port) = columns.nth(2)?.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    Some((SocketAddr::new(address(ip)?, port), columns.nth(6)?.parse().ok()?))
}

/// Parses an address as the kernel writes it: 32-bit words in native byte order.
fn address(hex: &str) -> Option<IpAddr> {
    let word = |n: usize| Some(u32::from_str_radix(hex.get(n * 8..n * 8 + 8)?, 16).ok()?.to_ne_bytes());
    match hex.len() {
        8 => Some(Ipv4Addr::from(word(0)?).into()),
        32 => {
            let mut bytes = [0; 16];
            for (n, part) in bytes.chunks_mut(4).enumerate() {
                part.copy_from_slice(&word(n)?);
            }
            Some(Ipv6Addr::from(bytes).into())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;

    fn pair(address: &str) -> (TcpListener, SocketAddr) {
        let listener = TcpListener::bind(address).unwrap();
        let address = listener.local_addr().unwrap();
        (listener, address)
    }

    #[test]
    fn new_socket_is_found_and_shut_down() {
        for address in ["127.0.0.1:0", "[::1]:0"] {
            let (listener, address) = pair(address);
            let _earlier = TcpStream::connect(address).unwrap();
            let before = inodes(&[address]);
            assert_eq!(before.len(), 1);
            let client = TcpStream::connect(address).unwrap();
            let socket = new_since(&before, &[address]).unwrap();
            assert!(socket.is_quiet());
            let reader = std::thread::spawn(move || std::io::Read::read(&mut &client, &mut [0]).unwrap());
            socket.shut_down();
            assert_eq!(reader.join().unwrap(), 0);
            assert!(!socket.is_quiet());
            drop(listener);
        }
    }

    #[test]
    fn tcp_timeouts_are_set() {
        use rustix::net::sockopt::{socket_keepalive, tcp_keepidle, tcp_keepintvl, tcp_user_timeout};
        let (_listener, address) = pair("127.0.0.1:0");
        let client = TcpStream::connect(address).unwrap();
        new_since(&HashSet::new(), &[address]).unwrap().keep_alive();
        assert_eq!(socket_keepalive(&client), Ok(true));
        let probes = (tcp_keepidle(&client).unwrap(), tcp_keepintvl(&client).unwrap());
        assert_eq!(probes, (Duration::from_secs(20), Duration::from_secs(10)));
        assert_eq!(tcp_user_timeout(&client), Ok(60_000));
    }

    #[test]
    fn two_new_sockets_are_ambiguous() {
        let (_listener, address) = pair("127.0.0.1:0");
        let _two = [TcpStream::connect(address).unwrap(), TcpStream::connect(address).unwrap()];
        assert!(new_since(&HashSet::new(), &[address]).is_none());
    }

    #[test]
    fn closed_connection_is_not_quiet() {
        let (listener, address) = pair("127.0.0.1:0");
        let _client = TcpStream::connect(address).unwrap();
        let socket = new_since(&HashSet::new(), &[address]).unwrap();
        let (server, _) = listener.accept().unwrap();
        assert!(socket.is_quiet());
        drop(server);
        while socket.is_quiet() {
            std::thread::yield_now();
        }
    }
}
