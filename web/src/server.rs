//! Connections: accepted until the end begins, each served by hyper, all of them ended by one deadline.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use futures_util::FutureExt;
use http::header::{CONNECTION, HeaderValue};
use http::{Request, Response, Uri};
use hyper::body::{Body, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;

use crate::shutdown::Draining;

/// How long a connection may be idle, and take to send the next request's head. Longer than the 60 s for which nginx keeps idle
/// connections, so that it is never this end that closes one on a request.
const HEADER_TIMEOUT: Duration = Duration::from_secs(75);
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
}

impl<S: Service> Server<S> {
    /// Serves `service` on `listener`.
    pub fn new(listener: TcpListener, service: S, draining: Draining) -> Self {
        Self { listener, service, draining, connections: GracefulShutdown::new() }
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
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%peer, %error, "connection lost");
            return;
        }
        let (service, draining) = (self.service.clone(), self.draining.clone());
        let answer = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(Peer(peer));
            give_path(request.uri_mut());
            let (answered, draining) = (service.clone().call(request), draining.clone());
            async move {
                let mut response = answered.await?;
                if draining.has_begun() {
                    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
                }
                Ok::<_, Infallible>(response)
            }
        });
        let connection = hyper::server::conn::http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADER_TIMEOUT)
            .serve_connection(TokioIo::new(stream), answer);
        let connection = self.connections.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%peer, %error, "connection failed");
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

/// Without free file descriptors accept fails at once, again and again.
async fn wait_for_descriptors(error: &std::io::Error) {
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
