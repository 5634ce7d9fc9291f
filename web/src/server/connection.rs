//! One connection, from its first byte to its last answer.

use std::cell::Cell;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use http::header::{CONNECTION, HeaderValue};
use http::{Request, Response, StatusCode, Uri};
use hyper::body::{Body, Incoming};
use hyper::server::conn::http1;
use hyper::service::{HttpService, service_fn};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::sync::watch;

use super::clock::Phase;
use super::stream::Stream;
use super::{Service, Shared};
use crate::app::limits::Place;
use crate::middleware::client::Peer;
use crate::telemetry::limit::Limit;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Serves what comes on `tcp` within the limits. Once `end` says so, it is closed where it is idle, or after its answer.
pub(super) async fn serve<S: Service>(
    shared: Arc<Shared<S>>,
    tcp: TcpStream,
    peer: SocketAddr,
    _place: Place,
    mut end: watch::Receiver<bool>,
) {
    let mut stream = Stream::new(tcp, &shared.limits);
    let phase = stream.phase();
    let most = shared.limits.header_bytes as usize;
    let first = tokio::select! {
        biased;
        first = stream.first_head(most) => first,
        () = ended(&mut end) => if stream.is_unused() { Ok(false) } else { stream.first_head(most).await },
    };
    match first {
        Ok(true) => {
            let answer = answering(Arc::clone(&shared), phase.clone(), peer);
            let mut connection = exchange(stream, most, answer);
            let served = tokio::select! {
                biased;
                served = &mut connection => served,
                () = ended(&mut end) => {
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
            };
            if let Err(error) = served {
                tracing::debug!(%peer, %error, "connection failed");
                if let (Some(refused), Some(status)) = (shared.refused, answered(&error)) {
                    refused(&shared.metrics, peer, status, &error);
                }
                if error.is_parse_too_large() {
                    shared.metrics.limit_reached(Limit::HeaderSize);
                }
            }
        }
        Ok(false) => {}
        Err(error) => tracing::debug!(%peer, %error, "connection failed"),
    }
    if phase.is_late() {
        shared.metrics.limit_reached(Limit::HeaderTime);
    }
}

/// The status with which hyper has answered what it couldn't read; none where the peer went away or wants HTTP/2.
fn answered(error: &hyper::Error) -> Option<StatusCode> {
    if error.is_parse_too_large() {
        return Some(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
    }
    (error.is_parse() && !error.is_parse_version_h2()).then_some(StatusCode::BAD_REQUEST)
}

/// Waits for the end of idle connections, without keeping the channel's lock.
async fn ended(end: &mut watch::Receiver<bool>) {
    let _ = end.wait_for(|ended| *ended).await;
}

/// Has hyper read requests and write answers. Boxed: it is large, and needed from the first head on only.
fn exchange<A: HttpService<Incoming, ResBody: 'static>>(
    stream: Stream,
    most: usize,
    answer: A,
) -> Pin<Box<http1::Connection<TokioIo<Stream>, A>>>
where
    A::Error: Into<BoxError>,
    <A::ResBody as Body>::Error: Into<BoxError>,
{
    // The stream has a clock of its own.
    Box::pin(http1::Builder::new().header_read_timeout(None).max_buf_size(most).serve_connection(TokioIo::new(stream), answer))
}

/// Answers the requests of one connection.
fn answering<S: Service>(
    shared: Arc<Shared<S>>,
    phase: Phase,
    peer: SocketAddr,
) -> impl HttpService<Incoming, ResBody = S::Body, Error = Infallible, Future: Send> {
    let left = Cell::new(shared.limits.connection_requests);
    service_fn(move |mut request: Request<Incoming>| {
        phase.answers();
        request.extensions_mut().insert(Peer(peer));
        give_path(request.uri_mut());
        left.set(left.get().saturating_sub(1));
        let last = left.get() == 0;
        if last {
            shared.metrics.limit_reached(Limit::ConnectionRequests);
        }
        let (answered, phase, draining) = (shared.service.clone().call(request), phase.clone(), shared.draining.clone());
        async move {
            let mut response: Response<S::Body> = answered.await?;
            phase.waits();
            if last || draining.has_begun() {
                response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
            Ok(response)
        }
    })
}

/// A target without a path (`GET host`, `CONNECT host:443`) becomes `*`, which no route has: warp panics on one.
fn give_path(uri: &mut Uri) {
    if uri.path_and_query().is_none() {
        *uri = Uri::from_static("*");
    }
}
