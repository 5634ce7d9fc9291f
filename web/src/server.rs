//! Connections: accepted until the end begins, each served within its limits, all of them ended by one deadline.
//!
//! `connection` is one of them, from its first byte to its last answer; `stream` is its bytes, `clock` the time they may take.

mod clock;
mod connection;
mod stream;
mod trickle;

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response, StatusCode};
use hyper::body::{Body, Incoming};
use rustix::io::Errno;
use rustix::net::sockopt::set_tcp_user_timeout;
use rustix::net::{SocketFlags, accept_with};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::app::limits::{self, Connections};
use crate::shutdown::Draining;
use crate::telemetry::metrics::Metrics;

/// The kernel ends a connection whose peer has taken nothing of what was sent for this long, in milliseconds: one that
/// asks and doesn't read would keep its buffers for ever.
const SEND_TIMEOUT: u32 = 30_000;
/// Idle connections are closed this long after the end began: a request that was on its way meanwhile is still answered,
/// with `Connection: close`, and never meets a closed socket.
const LINGER: Duration = Duration::from_secs(1);

/// Connections that may wait to be accepted. The kernel drops the handshakes of more, and their clients try again a second later.
const BACKLOG: u32 = 1024;

/// Is told of what hyper answers by itself with a status, as it is no request or one with too large a head.
pub type Refused = fn(&Metrics, SocketAddr, StatusCode, &hyper::Error);

/// A listener at `address`; needs tokio's runtime.
pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// What answers requests: in the program warp's service, never failing, one clone a request.
pub trait Service:
    tower_service::Service<Request<Incoming>, Response = Response<Self::Body>, Error = Infallible, Future: Send>
    + Clone
    + Send
    + Sync
    + 'static
{
    /// The answers' body.
    type Body: Body<Data: Send, Error: Into<Box<dyn std::error::Error + Send + Sync>>> + Send + 'static;
}

impl<S, B> Service for S
where
    S: tower_service::Service<Request<Incoming>, Response = Response<B>, Error = Infallible, Future: Send>
        + Clone
        + Send
        + Sync
        + 'static,
    B: Body<Data: Send, Error: Into<Box<dyn std::error::Error + Send + Sync>>> + Send + 'static,
{
    type Body = B;
}

/// A listening server.
pub struct Server<S> {
    listener: TcpListener,
    places: Connections,
    shared: Arc<Shared<S>>,
    /// Told to each connection; as many receivers as there are connections.
    end: watch::Sender<bool>,
}

/// What all connections share.
struct Shared<S> {
    service: S,
    draining: Draining,
    limits: limits::Settings,
    metrics: Metrics,
    refused: Option<Refused>,
}

impl<S: Service> Server<S> {
    /// Serves `service` on `listener`; `refused` hears of what never gets to it.
    pub fn new(
        listener: TcpListener,
        service: S,
        draining: Draining,
        limits: &limits::Settings,
        metrics: Metrics,
        refused: Option<Refused>,
    ) -> Self {
        let places = Connections::new(limits, metrics.connections.clone());
        let shared = Arc::new(Shared { service, draining, limits: limits.clone(), metrics, refused });
        Self { listener, places, shared, end: watch::Sender::new(false) }
    }

    /// Accepts connections until `end` is ready; then takes those that already wait in the listener's queue, and no more.
    /// Gives what `end` gave.
    pub async fn run<T>(self, end: impl Future<Output = T>) -> (T, Drain) {
        let mut end = std::pin::pin!(end);
        let ended = loop {
            tokio::select! {
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, peer)) => self.serve(stream, peer),
                    Err(error) => wait_for_descriptors(&error).await,
                },
                ended = &mut end => break ended,
            }
        };
        self.shared.draining.begin();
        self.serve_queue();
        (ended, Drain { began: Instant::now(), end: self.end })
    }

    /// Takes those that wait. tokio knows only of some of them: its driver has not heard of the newest, and lets a task have so
    /// many at a time.
    fn serve_queue(&self) {
        loop {
            let accepted = accept_with(&self.listener, SocketFlags::NONBLOCK | SocketFlags::CLOEXEC);
            match accepted.map(std::net::TcpStream::from) {
                Ok(stream) => {
                    // One without a peer has gone again.
                    if let Ok(peer) = stream.peer_addr()
                        && let Ok(stream) = TcpStream::from_std(stream)
                    {
                        self.serve(stream, peer);
                    }
                }
                Err(Errno::INTR | Errno::CONNABORTED) => {}
                Err(_) => return,
            }
        }
    }

    fn serve(&self, stream: TcpStream, peer: SocketAddr) {
        let place = match self.places.admit(peer.ip()) {
            Ok(place) => place,
            Err(limit) => return self.shared.metrics.limit_reached(limit),
        };
        if let Err(error) = set_options(&stream) {
            tracing::debug!(%peer, %error, "connection lost");
            return;
        }
        tokio::spawn(connection::serve(Arc::clone(&self.shared), stream, peer, place, self.end.subscribe()));
    }
}

fn set_options(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    Ok(set_tcp_user_timeout(stream, SEND_TIMEOUT)?)
}

/// Without free file descriptors accept fails at once, again and again.
async fn wait_for_descriptors(error: &io::Error) {
    tracing::error!(%error, "connection not accepted");
    tokio::time::sleep(Duration::from_millis(100)).await;
}

/// The connections that are left once no new ones are accepted.
pub struct Drain {
    began: Instant,
    end: watch::Sender<bool>,
}

impl Drain {
    /// Finishes the requests in flight; gives up what is left `limit` after the end began.
    /// Returns the number of connections given up.
    pub async fn finish(self, limit: Duration) -> usize {
        tokio::time::sleep_until(self.began + LINGER.min(limit)).await;
        self.end.send_replace(true);
        match tokio::time::timeout_at(self.began + limit, self.end.closed()).await {
            Ok(()) => 0,
            Err(_) => self.end.receiver_count(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use clap::Parser;
    use warp::Filter;

    use super::*;
    use crate::config::Config;

    #[tokio::test]
    async fn whoever_waits_when_the_end_begins_is_served() {
        let listener = listen("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = listener.local_addr().unwrap();
        let clients: Vec<_> = (0..300)
            .map(|_| {
                let mut client = std::net::TcpStream::connect(address).unwrap();
                client.write_all(b"GET / HTTP/1.1\r\nHost: web\r\n\r\n").unwrap();
                client
            })
            .collect();
        let limits = Config::parse_from(["web", "--database-url", "sqlite:never-opened"]).limits;
        let service = warp::service(warp::any().map(warp::reply));
        let server = Server::new(listener, service, Draining::default(), &limits, Metrics::new().0, None);
        let ((), drain) = server.run(std::future::ready(())).await;
        assert_eq!(drain.finish(Duration::from_mins(1)).await, 0);
        for (n, mut client) in clients.into_iter().enumerate() {
            let mut answer = String::new();
            client.read_to_string(&mut answer).unwrap_or_else(|error| panic!("{n}: {error}"));
            assert!(answer.starts_with("HTTP/1.1 200"), "{n}: {answer:?}");
        }
    }
}
