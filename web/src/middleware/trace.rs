//! The outermost layer: a request's id, its trace, and the span that puts both into every log line.

use http::header::HeaderValue;
use http::{HeaderMap, HeaderName, Request};
use hyper::body::Incoming;
use tracing::Instrument;
use warp::reply::Response;

use super::from_fn::Next;
use crate::app::extract::{MatchedRoute, RequestId};
use crate::telemetry::tracing::{TRACEPARENT, Trace, TraceParent, Traces, new_trace_id};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Records a request's trace. Inserts its [`RequestId`], and a [`MatchedRoute`] for the router to set.
pub(super) async fn record(traces: Traces, mut request: Request<Incoming>, next: Next<Incoming>) -> Response {
    let trace = traces.begin(&request);
    let id = request_id(request.headers(), &trace);
    let TraceParent { trace: trace_id, span: span_id, .. } = trace.ids;
    let span = tracing::info_span!(
        "request",
        request_id = &*id.0,
        trace_id = %format_args!("{trace_id:032x}"),
        span_id = %format_args!("{span_id:016x}"),
    );
    let (method, route) = (request.method().clone(), MatchedRoute::default());
    request.extensions_mut().insert(id.clone());
    request.extensions_mut().insert(route.clone());
    async {
        let mut response = trace.around(next.run(request)).await;
        for (name, value) in [(REQUEST_ID, &*id.0), (TRACEPARENT, &trace.ids.to_string())] {
            if let Ok(value) = HeaderValue::from_str(value) {
                response.headers_mut().insert(name, value);
            }
        }
        trace.answered(&method, route.get(), response.status(), &id.0);
        response
    }
    .instrument(span)
    .await
}

/// Takes over the id that a proxy sent if it is short and plain, so that nothing is smuggled into a log line. A request that
/// begins a trace has its id.
fn request_id(headers: &HeaderMap, trace: &Trace) -> RequestId {
    let plain = |id: &&str| (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
    let new = || if trace.is_root { trace.ids.trace } else { new_trace_id() };
    match headers.get(REQUEST_ID).and_then(|value| value.to_str().ok()).filter(plain) {
        Some(id) => RequestId(id.into()),
        None => RequestId(format!("{:032x}", new()).into()),
    }
}
