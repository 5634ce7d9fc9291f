//! The HTTP server: accepts connections up to a limit, has hyper serve them, and drains them within one deadline.

use std::cell::Cell;
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::header::{CONNECTION, HeaderValue};
use http::{Request, Response, StatusCode, Uri};
use hyper::body::{Body, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use runtime::settings;
use rustix::io::Errno;
use rustix::net::sockopt::set_tcp_user_timeout;
use rustix::net::{SocketFlags, accept_with};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};

use crate::middleware::client::Peer;
use crate::middleware::protocol::HeadTooLarge;
use crate::shutdown::Draining;
use crate::telemetry::metrics::{Metrics, Rejection};

/// Milliseconds after which the kernel ends a connection whose peer acknowledges nothing of what was sent: one that never
/// reads would keep its buffers for ever.
const SEND_TIMEOUT: u32 = 30_000;
/// Idle connections stay open for at most this long after the shutdown began: a request that was on its way is still
/// answered, with `Connection: close`, and never meets a closed socket.
const LINGER: Duration = Duration::from_secs(1);
/// Length of the accept backlog. The kernel drops further handshakes, and their clients try again a second later.
const BACKLOG: u32 = 1024;

/// Limits of connections.
#[derive(clap::Args, Clone, Debug)]
#[group(id = "server")]
pub struct Settings {
    /// Maximum number of open connections; further ones are closed
    #[arg(long, env = "MAX_CONNECTIONS", default_value = "10000", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub max_connections: u32,

    /// Time in which a request's head must arrive, from the start of the connection or the previous response
    // Longer than the 60 s for which nginx keeps idle connections: it is never this end that closes one on a request.
    #[arg(long, env = "IDLE_TIMEOUT", default_value = "75s", value_parser = settings::duration)]
    pub idle_timeout: Duration,

    /// Maximum size of a request's head in bytes
    #[arg(long, env = "MAX_HEADER_BYTES", default_value = "16384", value_parser = clap::value_parser!(u32).range(8192..=1 << 20))]
    pub max_header_bytes: u32,

    /// Number of requests after which a connection is closed
    #[arg(long, env = "KEEPALIVE_REQUESTS", default_value = "10000", value_parser = clap::value_parser!(u32).range(1..))]
    pub keepalive_requests: u32,
}

/// Is called when hyper answers by itself, because it could not read a request or its head was too large.
pub type OnProtocolError = fn(&Metrics, SocketAddr, StatusCode, &hyper::Error);

/// Listens at `address`; needs tokio's runtime.
pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// A service that answers every request.
pub trait Service:
    tower::Service<Request<Incoming>, Response = Response<Self::Body>, Error = Infallible, Future: Send>
    + Clone
    + Send
    + Sync
    + 'static
{
    /// The body of its responses.
    type Body: Body<Data: Send, Error: Into<Box<dyn std::error::Error + Send + Sync>>> + Send + 'static;
}

impl<S, B> Service for S
where
    S: tower::Service<Request<Incoming>, Response = Response<B>, Error = Infallible, Future: Send>
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
    service: S,
    draining: Draining,
    settings: Settings,
    metrics: Metrics,
    on_protocol_error: Option<OnProtocolError>,
    permits: Arc<Semaphore>,
    graceful: GracefulShutdown,
}

impl<S: Service> Server<S> {
    /// Serves `service` on `listener`.
    pub fn new(
        listener: TcpListener,
        service: S,
        draining: Draining,
        settings: &Settings,
        metrics: Metrics,
        on_protocol_error: Option<OnProtocolError>,
    ) -> Self {
        let permits = Arc::new(Semaphore::new(settings.max_connections as usize));
        let (settings, graceful) = (settings.clone(), GracefulShutdown::new());
        Self { listener, service, draining, settings, metrics, on_protocol_error, permits, graceful }
    }

    /// Accepts connections until `stop` is ready, then those that wait in the accept backlog. Returns the output of `stop`.
    pub async fn run<T>(self, stop: impl Future<Output = T>) -> (T, Drain) {
        let mut stop = std::pin::pin!(stop);
        let stopped = loop {
            tokio::select! {
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, peer)) => self.serve(stream, peer),
                    Err(error) => wait_for_descriptors(&error).await,
                },
                stopped = &mut stop => break stopped,
            }
        };
        let began = Instant::now();
        self.draining.begin();
        self.accept_backlog();
        let Self { settings, permits, graceful, .. } = self;
        (stopped, Drain { began, max_connections: settings.max_connections, permits, graceful })
    }

    /// Accepts what waits, by system calls: tokio's driver may not have heard of the newest, and lets a task accept only so
    /// many at a time.
    fn accept_backlog(&self) {
        loop {
            let accepted = accept_with(&self.listener, SocketFlags::NONBLOCK | SocketFlags::CLOEXEC);
            match accepted.map(std::net::TcpStream::from) {
                Ok(stream) => {
                    // One without a peer was closed in the meantime.
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
        let Ok(permit) = Arc::clone(&self.permits).try_acquire_owned() else {
            return self.metrics.rejected(Rejection::Connections);
        };
        if let Err(error) = set_options(&stream) {
            tracing::debug!(%peer, %error, "connection lost");
            return;
        }
        let connection = Connection {
            peer,
            service: self.service.clone(),
            draining: self.draining.clone(),
            settings: self.settings.clone(),
            metrics: self.metrics.clone(),
            on_protocol_error: self.on_protocol_error,
        };
        let (connections, watcher) = (self.metrics.connections.clone(), self.graceful.watcher());
        connections.inc();
        tokio::spawn(async move {
            connection.serve(stream, watcher).await;
            connections.dec();
            drop(permit);
        });
    }
}

fn set_options(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    Ok(set_tcp_user_timeout(stream, SEND_TIMEOUT)?)
}

/// Waits a moment: without free file descriptors accept fails at once, again and again.
async fn wait_for_descriptors(error: &io::Error) {
    tracing::error!(%error, "failed to accept connection; will retry");
    tokio::time::sleep(Duration::from_millis(100)).await;
}

/// One connection.
struct Connection<S> {
    peer: SocketAddr,
    service: S,
    draining: Draining,
    settings: Settings,
    metrics: Metrics,
    on_protocol_error: Option<OnProtocolError>,
}

impl<S: Service> Connection<S> {
    /// Serves the requests that arrive on `stream`. After a shutdown it is closed as soon as it is idle.
    async fn serve(&self, stream: TcpStream, watcher: Watcher) {
        let left = Cell::new(self.settings.keepalive_requests);
        let service = service_fn(move |request| {
            left.set(left.get().saturating_sub(1));
            self.respond(request, left.get() == 0)
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.settings.idle_timeout)
            // Up to twice the limit is read: hyper alone would answer any head beyond it with 431, also for a long target.
            .max_buf_size(2 * self.settings.max_header_bytes as usize)
            .half_close(true)
            .serve_connection(TokioIo::new(stream), service);
        if let Err(error) = watcher.watch(connection).await {
            tracing::debug!(peer = %self.peer, %error, "connection failed");
            if let (Some(on_protocol_error), Some(status)) = (self.on_protocol_error, answered(&error)) {
                on_protocol_error(&self.metrics, self.peer, status, &error);
            }
            if error.is_parse_version_h2() {
                tracing::info!(peer = %self.peer, "HTTP/2 without TLS is not supported; connection closed");
            }
            if error.is_parse_too_large() {
                self.metrics.rejected(Rejection::HeaderSize);
            }
        }
    }

    fn respond(
        &self,
        mut request: Request<Incoming>,
        is_last: bool,
    ) -> impl Future<Output = Result<Response<S::Body>, Infallible>> {
        request.extensions_mut().insert(Peer(self.peer));
        normalize_target(request.uri_mut());
        if let Some(status) = too_large(&request, self.settings.max_header_bytes as usize) {
            self.metrics.rejected(Rejection::HeaderSize);
            request.extensions_mut().insert(HeadTooLarge(status));
        }
        if is_last {
            self.metrics.rejected(Rejection::KeepaliveRequests);
        }
        // Boxed: it is kilobytes, and idle connections have none.
        let response = Box::pin(self.service.clone().call(request));
        async move {
            let mut response = response.await?;
            if is_last || self.draining.has_begun() {
                response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
            Ok(response)
        }
    }
}

/// Returns the status for a head of more than `max` bytes: it may be the target that is too long.
fn too_large<B>(request: &Request<B>, max: usize) -> Option<StatusCode> {
    let target = request.uri().path_and_query().map_or(0, |target| target.as_str().len());
    let fields: usize = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + ": \r\n".len()).sum();
    match (target, target + fields) {
        (target, _) if target > max => Some(StatusCode::URI_TOO_LONG),
        (_, head) if head > max => Some(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE),
        _ => None,
    }
}

/// Returns the status with which hyper has answered what it couldn't read; none if the peer went away or wants HTTP/2.
fn answered(error: &hyper::Error) -> Option<StatusCode> {
    if error.is_parse_too_large() {
        return Some(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
    }
    (error.is_parse() && !error.is_parse_version_h2()).then_some(StatusCode::BAD_REQUEST)
}

/// Makes a target without a path (`GET host`, `CONNECT host:443`) `*`, which no route has: warp panics on one.
fn normalize_target(uri: &mut Uri) {
    if uri.path_and_query().is_none() {
        *uri = Uri::from_static("*");
    }
}

/// The connections that are open when no new ones are accepted any more.
pub struct Drain {
    began: Instant,
    max_connections: u32,
    permits: Arc<Semaphore>,
    graceful: GracefulShutdown,
}

impl Drain {
    /// Finishes the requests in flight, for at most `timeout` from the start of the shutdown. Returns the number of connections
    /// that were left then.
    pub async fn finish(self, timeout: Duration) -> usize {
        let Self { began, max_connections, permits, graceful } = self;
        // All permits are free once no connection is open.
        let _ = timeout_at(began + LINGER.min(timeout), permits.acquire_many(max_connections)).await;
        match timeout_at(began + timeout, graceful.shutdown()).await {
            Ok(()) => 0,
            Err(_) => max_connections as usize - permits.available_permits(),
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
    async fn clients_in_accept_backlog_are_answered() {
        let listener = listen("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = listener.local_addr().unwrap();
        let clients: Vec<_> = (0..300)
            .map(|_| {
                let mut client = std::net::TcpStream::connect(address).unwrap();
                client.write_all(b"GET / HTTP/1.1\r\nHost: web\r\n\r\n").unwrap();
                client
            })
            .collect();
        let settings = Config::parse_from(["web", "--database-url", "sqlite:never-opened"]).server;
        let service = warp::service(warp::any().map(warp::reply));
        let server = Server::new(listener, service, Draining::default(), &settings, Metrics::new().0, None);
        let ((), drain) = server.run(std::future::ready(())).await;
        assert_eq!(drain.finish(Duration::from_mins(1)).await, 0);
        for (n, mut client) in clients.into_iter().enumerate() {
            let mut answer = String::new();
            client.read_to_string(&mut answer).unwrap_or_else(|error| panic!("{n}: {error}"));
            assert!(answer.starts_with("HTTP/1.1 200"), "{n}: {answer:?}");
        }
    }
}
