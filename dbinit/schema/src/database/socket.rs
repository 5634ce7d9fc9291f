//! The socket under a MySQL connection, found among the process' own, and looked after from outside.
//!
//! MySQL's client waits for the server without a limit, and diesel has no setting for one: a server that hangs, or a
//! network that swallows packets, keeps the thread for as long as TCP hopes, which is hours. Shutting the socket down ends
//! the wait at once, and the kernel can be told to hope for less; the connection is then lost in the ordinary way.

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

/// After how long without a sign of the other end the kernel asks whether it is there, and how often it asks again.
const PROBE_AFTER: Duration = Duration::from_secs(20);
const PROBE_AGAIN: Duration = Duration::from_secs(10);
/// After how long without an acknowledgement the connection is lost, in milliseconds.
const UNACKNOWLEDGED: u32 = 60_000;

/// The socket of a connection to MySQL, beside the client's own descriptor of it.
#[derive(Debug)]
pub struct Socket(OwnedFd);

impl Socket {
    /// Ends the connection: whoever waits on it gets an error now.
    pub fn shut_down(&self) {
        // an error says that it has ended already
        let _ = shutdown(&self.0, Shutdown::Both);
    }

    /// Has the kernel give up the connection where nobody is at its other end any more: the machine is gone, or the network
    /// swallows packets. It is the server's kernel that acknowledges, so that a statement may take as long as it likes.
    pub(super) fn keep_alive(&self) {
        // a kernel that refuses one of them gives up later: that is no reason to have no connection
        let _ = set_socket_keepalive(&self.0, true);
        let _ = set_tcp_keepidle(&self.0, PROBE_AFTER);
        let _ = set_tcp_keepintvl(&self.0, PROBE_AGAIN);
        // for what was sent as for probes, whose number then doesn't matter
        let _ = set_tcp_user_timeout(&self.0, UNACKNOWLEDGED);
    }

    /// Whether the server has neither closed the idle connection nor said anything on it, which it does before it closes.
    /// Costs one system call and no way to the server.
    pub fn is_quiet(&self) -> bool {
        recv(&self.0, &mut [0u8; 1], RecvFlags::PEEK | RecvFlags::DONTWAIT).err() == Some(Errno::AGAIN)
    }
}

/// The inodes of this process' network namespace whose other end is one of `addresses`, connected or about to be.
pub(super) fn inodes(addresses: &[SocketAddr]) -> HashSet<u64> {
    let tables = ["/proc/self/net/tcp", "/proc/self/net/tcp6"].map(|table| fs::read_to_string(table).unwrap_or_default());
    let rows = tables.iter().flat_map(|table| table.lines().skip(1)).filter_map(row);
    rows.filter(|(remote, inode)| addresses.contains(remote) && *inode > 0).map(|(_, inode)| inode).collect()
}

/// The socket that has come since `before`, if there is just one. Another part of the process may have connected to the
/// same server meanwhile: which one is ours is then unknown.
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
    // the number may have got another meaning since it was read
    (fstat(&socket).ok()?.st_ino == inode).then_some(Socket(socket))
}

/// The other end and the inode of a row of /proc/net/tcp.
fn row(line: &str) -> Option<(SocketAddr, u64)> {
    let mut columns = line.split_ascii_whitespace();
    let (ip, port) = columns.nth(2)?.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    Some((SocketAddr::new(address(ip)?, port), columns.nth(6)?.parse().ok()?))
}

/// An address as the kernel writes it: words of 32 bits, each as this machine orders its bytes.
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
    fn finds_the_one_that_is_new_and_ends_it() {
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
    fn the_kernel_asks_and_gives_up_in_a_minute() {
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
    fn two_new_ones_are_nobodys() {
        let (_listener, address) = pair("127.0.0.1:0");
        let _two = [TcpStream::connect(address).unwrap(), TcpStream::connect(address).unwrap()];
        assert!(new_since(&HashSet::new(), &[address]).is_none());
    }

    #[test]
    fn a_server_that_hangs_up_is_noticed() {
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
