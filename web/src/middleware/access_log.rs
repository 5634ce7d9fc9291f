//! What happens around every request: its id, its trace, its span, and its line in the access log.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::task;
use std::time::Instant;

use http::header::{HeaderValue, USER_AGENT};
use http::{HeaderMap, HeaderName, Method, Request, Response, StatusCode, Uri};
use hyper::body::Body;
use tower_service::Service;
use tracing::Instrument;

use super::client::{self, Peer, TrustedProxies};
use crate::app::extract::{Client, MatchedRoute, RequestId};
use crate::telemetry::metrics::Metrics;
use crate::telemetry::tracing::{TRACEPARENT, Trace, TraceParent, Traces};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// nginx's status for a request whose client went away before the answer.
const CLIENT_CLOSED_REQUEST: u16 = 499;

/// The id of a request: the one in `X-Request-Id`, or a new one.
///
/// Takes over what a proxy sent where it is short and plain, so that nothing is smuggled into a log line.
/// A request that begins a trace has its id for a name, too.
fn request_id(headers: &HeaderMap, trace: &Trace) -> RequestId {
    let plain = |id: &&str| (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
    let made = || if trace.made { trace.ids.trace } else { fastrand::u128(..) };
    match headers.get(REQUEST_ID).and_then(|value| value.to_str().ok()).filter(plain) {
        Some(id) => RequestId(id.into()),
        None => RequestId(format!("{:032x}", made()).into()),
    }
}

/// A service around another that writes the access log, and counts. The line is written before the answer's first byte leaves.
#[derive(Clone)]
pub struct AccessLog<S> {
    service: S,
    metrics: Metrics,
    traces: Traces,
    trusted: TrustedProxies,
}

impl<S> AccessLog<S> {
    /// Logs what `service` answers.
    pub fn new(service: S, metrics: Metrics) -> Self {
        Self { service, metrics, traces: Traces::default(), trusted: TrustedProxies::default() }
    }

    /// Begins the requests' traces with `traces`.
    #[must_use]
    pub fn tracing(self, traces: Traces) -> Self {
        Self { traces, ..self }
    }

    /// Believes what these proxies say of their clients.
    #[must_use]
    pub fn trusting(self, trusted: TrustedProxies) -> Self {
        Self { trusted, ..self }
    }
}

impl<S, In, Out> Service<Request<In>> for AccessLog<S>
where
    S: Service<Request<In>, Response = Response<Out>, Error = Infallible, Future: Send + 'static>,
    Out: Body,
{
    type Response = Response<Out>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Out>, Infallible>> + Send>>;

    fn poll_ready(&mut self, cx: &mut task::Context<'_>) -> task::Poll<Result<(), Infallible>> {
        self.service.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<In>) -> Self::Future {
        let trace = self.traces.begin(&request);
        let id = request_id(request.headers(), &trace);
        let TraceParent { trace: trace_id, span: span_id, .. } = trace.ids;
        let span = tracing::info_span!(
            "request",
            request_id = &*id.0,
            trace_id = %format_args!("{trace_id:032x}"),
            span_id = %format_args!("{span_id:016x}"),
        );
        let client = client::identify(&request, &self.trusted);
        let line = Line::new(&request, client, self.metrics.clone());
        request.extensions_mut().insert(id.clone());
        request.extensions_mut().insert(client);
        // Boxed: three kilobytes, which would be moved and kept more than once.
        let answered = span.in_scope(|| Box::pin(self.service.call(request)));
        Box::pin(
            async move {
                let mut response = trace.around(answered).await?;
                for (name, value) in [(REQUEST_ID, &*id.0), (TRACEPARENT, &trace.ids.to_string())] {
                    if let Ok(value) = HeaderValue::from_str(value) {
                        response.headers_mut().insert(name, value);
                    }
                }
                line.write(&response, &trace, &id.0);
                Ok(response)
            }
            .instrument(span),
        )
    }
}

/// The line of what hyper answered by itself with `status`, being no request or one with too large a head; and its count.
pub fn refused(metrics: &Metrics, peer: SocketAddr, status: StatusCode, error: &hyper::Error) {
    metrics.refused(status);
    tracing::info!(target: "access", status = status.as_u16(), bytes = 0, %peer, %error, "request");
}

/// An access line in the making. Dropped before an answer, it says that the client went away.
struct Line {
    started: Instant,
    method: Method,
    uri: Uri,
    peer: Option<SocketAddr>,
    client: Option<IpAddr>,
    user_agent: Option<HeaderValue>,
    metrics: Metrics,
    answered: bool,
}

impl Line {
    fn new<In>(request: &Request<In>, client: Client, metrics: Metrics) -> Self {
        metrics.in_flight.inc();
        Self {
            started: Instant::now(),
            method: request.method().clone(),
            uri: request.uri().clone(),
            peer: request.extensions().get::<Peer>().map(|peer| peer.0),
            client: client.forwarded,
            user_agent: request.headers().get(USER_AGENT).cloned(),
            metrics,
            answered: false,
        }
    }

    fn write<Out: Body>(mut self, response: &Response<Out>, trace: &Trace, request_id: &str) {
        self.answered = true;
        let route = response.extensions().get::<MatchedRoute>().map(|route| route.0);
        trace.answered(&self.method, route, response.status(), request_id);
        self.metrics.request(route, &self.method, response.status(), self.started.elapsed());
        let bytes = if self.method == Method::HEAD { Some(0) } else { response.body().size_hint().exact() };
        self.log(response.status().as_u16(), bytes);
    }

    fn log(&self, status: u16, bytes: Option<u64>) {
        let micros = u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX);
        let path = self.uri.path_and_query().map_or("", |path| path.as_str());
        let user_agent = self.user_agent.as_ref().map(|value| String::from_utf8_lossy(value.as_bytes()));
        tracing::info!(
            target: "access",
            method = self.method.as_str(), path, status, bytes, micros, peer = self.peer.map(tracing::field::display), client = self.client.map(tracing::field::display), user_agent = user_agent.as_deref(),
            "request"
        );
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
