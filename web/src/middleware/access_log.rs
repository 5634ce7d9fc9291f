//! The access log: one line per request, written before the response's first byte leaves; and the counters of requests.

use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use http::header::{HeaderValue, USER_AGENT};
use http::{Method, Request, StatusCode, Uri};
use hyper::body::{Body, Incoming};
use warp::reply::Response;

use super::client::Peer;
use super::from_fn::Next;
use crate::app::extract::{Client, MatchedRoute};
use crate::app::router::Templates;
use crate::telemetry::metrics::Metrics;

/// nginx's status for a request whose client went away before the answer.
const CLIENT_CLOSED_REQUEST: u16 = 499;

/// Writes the line of a request. One that a layer has rejected gets its route here, because no handler has.
pub(super) async fn write(
    (metrics, templates): (Metrics, Templates),
    request: Request<Incoming>,
    next: Next<Incoming>,
) -> Response {
    let line = Line::new(&request, metrics);
    let response = next.run(request).await;
    if let Some(route) = line.route.as_ref().filter(|route| route.get().is_none())
        && response.status() != StatusCode::NOT_FOUND
        && let Some(template) = templates.find(line.uri.path())
    {
        route.set(template);
    }
    line.write(&response);
    response
}

/// Writes and counts what hyper answered by itself with `status`: no request, or one with too large a head.
pub fn on_protocol_error(metrics: &Metrics, peer: SocketAddr, status: StatusCode, error: &hyper::Error) {
    metrics.protocol_error(status);
    tracing::info!(target: "access", status = status.as_u16(), bytes = 0, %peer, %error, "request");
}

/// The line of a request. Dropped before the response, it says that the client went away.
struct Line {
    started: Instant,
    method: Method,
    uri: Uri,
    peer: Option<SocketAddr>,
    client: Option<IpAddr>,
    route: Option<MatchedRoute>,
    user_agent: Option<HeaderValue>,
    metrics: Metrics,
    answered: bool,
}

impl Line {
    fn new<B>(request: &Request<B>, metrics: Metrics) -> Self {
        metrics.in_flight.inc();
        let extensions = request.extensions();
        Self {
            started: Instant::now(),
            method: request.method().clone(),
            uri: request.uri().clone(),
            peer: extensions.get::<Peer>().map(|peer| peer.0),
            client: extensions.get::<Client>().and_then(|client| client.forwarded),
            route: extensions.get::<MatchedRoute>().cloned(),
            user_agent: request.headers().get(USER_AGENT).cloned(),
            metrics,
            answered: false,
        }
    }

    fn write(mut self, response: &Response) {
        self.answered = true;
        let route = self.route.as_ref().and_then(MatchedRoute::get);
        self.metrics.request(route, &self.method, response.status(), self.started.elapsed());
        let bytes = if self.method == Method::HEAD { Some(0) } else { response.body().size_hint().exact() };
        self.log(response.status().as_u16(), bytes);
    }

    fn log(&self, status: u16, bytes: Option<u64>) {
        let micros = u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX);
        let path = self.uri.path_and_query().map_or("", |path| path.as_str());
        let user_agent = self.user_agent.as_ref().map(|value| String::from_utf8_lossy(value.as_bytes()));
        macro_rules! line {
            ($level:ident) => {
                tracing::$level!(
                    target: "access",
                    method = self.method.as_str(), path, status, bytes, micros, peer = self.peer.map(tracing::field::display), client = self.client.map(tracing::field::display), user_agent = user_agent.as_deref(),
                    "request"
                )
            };
        }
        if self.is_probe() && status < 400 { line!(debug) } else { line!(info) }
    }

    /// True for a request of kubelet for the pod's health: an idle pod would write 20 MB of these lines per day.
    fn is_probe(&self) -> bool {
        let kubelet = self.user_agent.as_ref().is_some_and(|agent| agent.as_bytes().starts_with(b"kube-probe/"));
        kubelet && self.method == Method::GET && matches!(self.uri.path(), "/livez" | "/readyz" | "/healthcheck")
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.metrics.in_flight.dec();
        if !self.answered {
            self.log(CLIENT_CLOSED_REQUEST, None);
        }
    }
}
