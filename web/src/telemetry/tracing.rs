//! Traces: which one a request belongs to (W3C Trace Context), and its spans for a collector, where there is one.
//!
//! A request's trace is taken over from `traceparent` or made; its ids are in the answer and in each log line. With
//! `OTEL_EXPORTER_OTLP_ENDPOINT` ([`export`]) the request and its statements are spans as well. Spans are made here and not of `tracing`'s:
//! a log line shows the innermost of those, which has to stay the request with its ids.

pub mod export;
mod parent;

use std::fmt::Display;

use http::header::USER_AGENT;
use http::{HeaderMap, Request, StatusCode};
use opentelemetry::trace::{SpanContext, SpanKind, Status, TraceContextExt, TraceState, Tracer};
use opentelemetry::{Context, KeyValue, SpanId, TraceFlags, TraceId};
use opentelemetry_sdk::trace::SdkTracer;

pub(crate) use self::parent::new_trace_id;
pub use self::parent::{TRACEPARENT, TraceParent};

/// Maximum length of a `tracestate` in OpenTelemetry, in bytes.
const MAX_STATE: usize = 512;

tokio::task_local! {
    /// The span of the request that a task answers, where it is recorded.
    static CURRENT: Recorded;
}

/// Begins traces. Clones share what they record into.
#[derive(Clone, Debug, Default)]
pub struct Traces {
    tracer: Option<SdkTracer>,
}

impl Traces {
    /// The trace of a request that comes in now.
    pub fn begin<B>(&self, request: &Request<B>) -> Trace {
        let parent = TraceParent::of(request.headers());
        let Some(tracer) = &self.tracer else {
            return Trace {
                ids: parent.map_or_else(TraceParent::root, TraceParent::child),
                is_root: parent.is_none(),
                recorded: None,
            };
        };
        let before = parent.map_or_else(Context::new, |parent| remote(parent, request.headers()));
        let mut attributes = vec![
            KeyValue::new("http.request.method", request.method().to_string()),
            KeyValue::new("url.path", request.uri().path().to_owned()),
        ];
        if let Some(agent) = request.headers().get(USER_AGENT).and_then(|agent| agent.to_str().ok()) {
            attributes.push(KeyValue::new("user_agent.original", agent.to_owned()));
        }
        let span = tracer.span_builder("request").with_kind(SpanKind::Server).with_attributes(attributes);
        let context = before.with_span(span.start_with_context(tracer, &before));
        let ids = ids(context.span().span_context());
        Trace { ids, is_root: parent.is_none(), recorded: Some(Recorded { tracer: tracer.clone(), context }) }
    }
}

fn remote(parent: TraceParent, headers: &HeaderMap) -> Context {
    let state = headers.get("tracestate").and_then(|state| state.to_str().ok()).filter(|state| state.len() <= MAX_STATE);
    let state: TraceState = state.and_then(|state| state.parse().ok()).unwrap_or_default();
    let (trace, span) = (TraceId::from_bytes(parent.trace.to_be_bytes()), SpanId::from_bytes(parent.span.to_be_bytes()));
    Context::new().with_remote_span_context(SpanContext::new(trace, span, TraceFlags::new(parent.flags), true, state))
}

fn ids(context: &SpanContext) -> TraceParent {
    TraceParent {
        trace: u128::from_be_bytes(context.trace_id().to_bytes()),
        span: u64::from_be_bytes(context.span_id().to_bytes()),
        flags: context.trace_flags().to_u8(),
    }
}

/// A request's trace.
#[derive(Debug)]
pub struct Trace {
    /// Its ids, with the request's own span.
    pub ids: TraceParent,
    /// The request began it.
    pub is_root: bool,
    recorded: Option<Recorded>,
}

/// A span that goes to the collector; its end is that of the last clone.
#[derive(Clone, Debug)]
struct Recorded {
    tracer: SdkTracer,
    context: Context,
}

impl Trace {
    /// Has the statements of `answering` recorded as parts of this trace.
    pub async fn around<F: Future>(&self, answering: F) -> F::Output {
        match &self.recorded {
            Some(recorded) => CURRENT.scope(recorded.clone(), answering).await,
            None => answering.await,
        }
    }

    /// The request is answered.
    pub fn answered(&self, method: &http::Method, route: Option<&'static str>, status: StatusCode, request_id: &str) {
        let Some(recorded) = &self.recorded else { return };
        let span = recorded.context.span();
        if let Some(route) = route {
            span.update_name(format!("{method} {route}"));
            span.set_attribute(KeyValue::new("http.route", route));
        } else {
            span.update_name(method.to_string());
        }
        span.set_attribute(KeyValue::new("http.response.status_code", i64::from(status.as_u16())));
        span.set_attribute(KeyValue::new("request.id", request_id.to_owned()));
        if status.is_server_error() {
            span.set_status(Status::error(""));
        }
        span.end();
    }
}

/// Begins the span of a statement called `name`, where the request that asks is recorded.
pub fn statement(name: &'static str) -> Statement {
    let begin = |parent: &Recorded| {
        let span = parent.tracer.span_builder(name).with_kind(SpanKind::Client);
        let span = span.with_attributes([KeyValue::new("db.query.summary", name)]);
        parent.context.with_span(span.start_with_context(&parent.tracer, &parent.context))
    };
    Statement(CURRENT.try_with(begin).ok())
}

/// A statement's span. Dropped, it ends.
#[derive(Debug)]
pub struct Statement(Option<Context>);

impl Statement {
    /// The statement is done.
    pub fn done<T, E: Display>(self, result: &Result<T, E>) {
        if let (Some(context), Err(error)) = (&self.0, result) {
            context.span().set_status(Status::error(error.to_string()));
        }
    }
}
