//! Connections: accepted until the end begins, each served by hyper within its limits, all of them ended by one deadline.

use std::cell::Cell;
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use futures_util::FutureExt;
use http::header::{CONNECTION, HeaderValue};
use http::{Request, Response, Uri};
use hyper::body::{Body, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use rustix::net::sockopt::set_tcp_user_timeout;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;

use crate::limit::Limit;
use crate::limits::{self, Connections};
use crate::metrics::Metrics;
use crate::shutdown::Draining;

/// The kernel ends a connection whose peer has taken nothing of what was sent for this long, in milliseconds: one that
/// asks and doesn't read would keep its buffers for ever.
const SEND_TIMEOUT: u32 = 30_000;
/// Idle connections are closed this long after the end began: a request that was on its way meanwhile is still answered,
/// with `Connection: close`, and never meets a closed socket.
const LINGER: Duration = Duration::from_secs(1);

/// The peer of the connection that a request came on: in each request's extensions.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub SocketAddr);

/// What answers requests: in the program warp's service, never failing, one clone a request.
pub trait Service:
    tower_service::Service<Request<Incoming>, Response = Response<Self::Body>, Error = Infallible, Future: Send>
    + Clone
    + Send
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
    connections: GracefulShutdown,
    limits: limits::Settings,
    places: Connections,
    metrics: Metrics,
}

impl<S: Service> Server<S> {
    /// Serves `service` on `listener`.
    pub fn new(listener: TcpListener, service: S, draining: Draining, limits: &limits::Settings, metrics: Metrics) -> Self {
        let (limits, places) = (limits.clone(), Connections::new(limits, metrics.connections.clone()));
        Self { listener, service, draining, connections: GracefulShutdown::new(), limits, places, metrics }
    }

    /// Accepts connections until `end` is ready; then takes those that already wait in the listener's queue, and no more.
    pub async fn run(self, end: impl Future<Output = ()>) -> Drain {
        let mut end = std::pin::pin!(end);
        loop {
            tokio::select! {
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, peer)) => self.serve(stream, peer),
                    Err(error) => wait_for_descriptors(&error).await,
                },
                () = &mut end => break,
            }
        }
        self.draining.begin();
        while let Some(Ok((stream, peer))) = self.listener.accept().now_or_never() {
            self.serve(stream, peer);
        }
        Drain { began: Instant::now(), connections: self.connections }
    }

    fn serve(&self, stream: TcpStream, peer: SocketAddr) {
        let place = match self.places.admit(peer.ip()) {
            Ok(place) => place,
            Err(limit) => return self.metrics.limit_reached(limit),
        };
        if let Err(error) = set_options(&stream) {
            tracing::debug!(%peer, %error, "connection lost");
            return;
        }
        let (service, draining, metrics) = (self.service.clone(), self.draining.clone(), self.metrics.clone());
        let left = Cell::new(self.limits.connection_requests);
        let answer = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(Peer(peer));
            give_path(request.uri_mut());
            left.set(left.get().saturating_sub(1));
            let last = left.get() == 0;
            if last {
                metrics.limit_reached(Limit::ConnectionRequests);
            }
            let (answered, draining) = (service.clone().call(request), draining.clone());
            async move {
                let mut response = answered.await?;
                if last || draining.has_begun() {
                    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
                }
                Ok::<_, Infallible>(response)
            }
        });
        let connection = hyper::server::conn::http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.limits.header_timeout)
            .max_buf_size(self.limits.header_bytes as usize)
            .serve_connection(TokioIo::new(stream), answer);
        let connection = self.connections.watch(connection);
        let metrics = self.metrics.clone();
        tokio::spawn(async move {
            let _place = place;
            if let Err(error) = connection.await {
                tracing::debug!(%peer, %error, "connection failed");
                if let Some(limit) = limit_behind(&error) {
                    metrics.limit_reached(limit);
                }
            }
        });
    }
}

/// A target without a path (`GET host`, `CONNECT host:443`) becomes `*`, which no route has: warp panics on one.
fn give_path(uri: &mut Uri) {
    if uri.path_and_query().is_none() {
        *uri = Uri::from_static("*");
    }
}

fn set_options(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    Ok(set_tcp_user_timeout(stream, SEND_TIMEOUT)?)
}

/// The limit for which hyper ended a connection by itself.
fn limit_behind(error: &hyper::Error) -> Option<Limit> {
    if error.is_timeout() {
        Some(Limit::HeaderTime)
    } else if error.is_parse_too_large() {
        Some(Limit::HeaderSize)
    } else {
        None
    }
}

/// Without free file descriptors accept fails at once, again and again.
async fn wait_for_descriptors(error: &io::Error) {
    tracing::error!(%error, "connection not accepted");
    tokio::time::sleep(Duration::from_millis(100)).await;
}

/// The connections that are left once no new ones are accepted.
pub struct Drain {
    began: Instant,
    connections: GracefulShutdown,
}

impl Drain {
    /// Finishes the requests in flight; gives up what is left `limit` after the end began.
    /// Returns the number of connections given up.
    pub async fn finish(self, limit: Duration) -> usize {
        tokio::time::sleep_until(self.began + LINGER.min(limit)).await;
        let open = self.connections.count();
        match tokio::time::timeout_at(self.began + limit, self.connections.shutdown()).await {
            Ok(()) => 0,
            Err(_) => open,
        }
    }
}
