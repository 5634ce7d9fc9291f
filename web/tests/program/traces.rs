//! Trace propagation, and export of spans over OTLP.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value::Value};
use opentelemetry_proto::tonic::trace::v1::{Span, span::SpanKind, status::StatusCode};
use prost::Message;
use reqwest::blocking::Response;
use rustix::process::Signal;

use testkit::until;

use crate::support::Web;

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const PARENT: &str = "b7ad6b7169203331";

/// OTLP collector over HTTP, in a thread of its own.
struct Collector {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<ExportTraceServiceRequest>>>,
    answer: Arc<AtomicU16>,
}

impl Collector {
    fn start(address: &str) -> Self {
        let listener = std::net::TcpListener::bind(address).unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let (requests, answer) = (Arc::<Mutex<Vec<_>>>::default(), Arc::new(AtomicU16::new(200)));
        let (taken, status) = (Arc::clone(&requests), Arc::clone(&answer));
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                loop {
                    let (stream, _) = listener.accept().await.unwrap();
                    let (taken, status) = (Arc::clone(&taken), Arc::clone(&status));
                    let take = service_fn(move |request: hyper::Request<Incoming>| {
                        take(Arc::clone(&taken), Arc::clone(&status), request)
                    });
                    tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), take));
                }
            });
        });
        Self { address, requests, answer }
    }

    fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    fn spans(&self) -> Vec<Span> {
        let requests = self.requests.lock().unwrap();
        let scopes = requests.iter().flat_map(|request| &request.resource_spans).flat_map(|resource| &resource.scope_spans);
        scopes.flat_map(|scope| scope.spans.clone()).collect()
    }

    fn span(&self, name: &str) -> Span {
        until(name, || self.spans().into_iter().find(|span| span.name == name))
    }
}

async fn take(
    taken: Arc<Mutex<Vec<ExportTraceServiceRequest>>>,
    status: Arc<AtomicU16>,
    request: hyper::Request<Incoming>,
) -> Result<hyper::Response<Full<Bytes>>, Infallible> {
    assert_eq!((request.method().as_str(), request.uri().path()), ("POST", "/v1/traces"));
    assert_eq!(request.headers()["content-type"], "application/x-protobuf");
    let body = request.into_body().collect().await.unwrap().to_bytes();
    let status = status.load(Ordering::Relaxed);
    if status == 200 {
        taken.lock().unwrap().push(ExportTraceServiceRequest::decode(body).unwrap());
    }
    Ok(hyper::Response::builder().status(status).body(Full::default()).unwrap())
}

fn attribute(attributes: &[KeyValue], name: &str) -> Option<String> {
    let value = attributes.iter().find(|pair| pair.key == name)?.value.clone()?.value?;
    Some(match value {
        Value::StringValue(text) => text,
        Value::IntValue(number) => number.to_string(),
        other => panic!("{name}: {other:?}"),
    })
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

fn get(web: &Web, path: &str, headers: &[(&str, &str)]) -> Response {
    let request = testkit::http::client().get(web.url(path));
    headers.iter().fold(request, |request, (name, value)| request.header(*name, *value)).send().unwrap()
}

/// The trace, the span and the flags of an answer.
fn parent(answer: &Response) -> [String; 3] {
    let value = answer.headers()["traceparent"].to_str().unwrap().strip_prefix("00-").unwrap().to_owned();
    value.split('-').map(str::to_owned).collect::<Vec<_>>().try_into().unwrap()
}

#[test]
fn traceparent_is_adopted_and_logged() {
    let web = Web::start(&[]);
    let sent = format!("00-{TRACE}-{PARENT}-01");
    let [trace, span, flags] = parent(&get(&web, "/owners/1", &[("traceparent", &sent), ("x-request-id", "quoted")]));
    assert_eq!((trace.as_str(), flags.as_str()), (TRACE, "01"));
    assert!(span != PARENT && span.len() == 16);
    let access = web.lines("access").pop().unwrap();
    let statements: Vec<_> = web.lines("app_db").into_iter().filter(|line| line["target"] == "sql").collect();
    assert!(!statements.is_empty());
    for line in statements.iter().chain([&access]) {
        assert_eq!((&line["trace_id"], &line["span_id"]), (&TRACE.into(), &span.clone().into()), "{line}");
        assert_eq!(line["request_id"], "quoted");
    }
}

#[test]
fn invalid_traceparent_gets_a_new_trace() {
    let web = Web::start(&[]);
    for wrong in [&[][..], &[("traceparent", "00-0-0-00")], &[("traceparent", "garbage\t\"")]] {
        let answer = get(&web, "/livez", wrong);
        let [trace, ..] = parent(&answer);
        assert!(trace != TRACE && trace.len() == 32);
        assert_eq!(answer.headers()["x-request-id"], trace.as_str(), "one id for both");
        let line = web.lines("access").pop().unwrap();
        assert_eq!(line["trace_id"], trace);
    }
}

#[test]
fn error_line_has_ids_at_any_level() {
    let web = Web::start_quiet(&["--log-level", "error"]);
    let answer = get(&web, "/oups", &[("x-request-id", "quoted")]);
    assert_eq!(answer.status(), 500);
    let line = web.lines("err").pop().unwrap();
    assert_eq!(line["request_id"], "quoted");
    assert_eq!(line["trace_id"], parent(&answer)[0]);
    assert_eq!(web.lines("access").len(), 0);
}

#[test]
fn request_and_statements_are_exported_as_spans() {
    let collector = Collector::start("127.0.0.1:0");
    let web = Web::start(&["--otel-exporter-otlp-endpoint", &collector.endpoint()]);
    let sent = format!("00-{TRACE}-{PARENT}-01");
    let [trace, span, _] =
        parent(&get(&web, "/owners/1", &[("traceparent", &sent), ("user-agent", "test"), ("x-request-id", "quoted")]));
    assert_eq!(trace, TRACE);

    let request = collector.span("GET /owners/{owner}");
    assert_eq!(
        (hex(&request.trace_id), hex(&request.span_id), hex(&request.parent_span_id)),
        (trace.clone(), span, PARENT.to_owned())
    );
    assert_eq!(request.kind, SpanKind::Server as i32);
    for (name, value) in [
        ("http.request.method", "GET"),
        ("http.route", "/owners/{owner}"),
        ("http.response.status_code", "200"),
        ("url.path", "/owners/1"),
        ("user_agent.original", "test"),
        ("request.id", "quoted"),
    ] {
        assert_eq!(attribute(&request.attributes, name).as_deref(), Some(value), "{name}");
    }
    let statement = collector.span("owner with pets and visits");
    assert_eq!((&statement.trace_id, &statement.parent_span_id), (&request.trace_id, &request.span_id));
    assert_eq!(statement.kind, SpanKind::Client as i32);
    assert!(
        request.start_time_unix_nano <= statement.start_time_unix_nano
            && statement.end_time_unix_nano <= request.end_time_unix_nano
    );
    assert!(statement.start_time_unix_nano < statement.end_time_unix_nano);

    assert_eq!(get(&web, "/oups", &[]).status(), 500);
    let failed = collector.span("GET /oups");
    assert_eq!(failed.status.unwrap().code, StatusCode::Error as i32);
    assert_eq!(failed.parent_span_id, b"");
    let resource = collector.requests.lock().unwrap()[0].resource_spans[0].resource.clone().unwrap();
    assert_eq!(attribute(&resource.attributes, "service.name").as_deref(), Some("petclinic-web"));
    until("the count", || (web.metric("petclinic_trace_spans_sent_total")? >= 3.0).then_some(()));
}

#[test]
fn unsampled_trace_stays_unsampled() {
    let collector = Collector::start("127.0.0.1:0");
    let web = Web::start(&["--otel-exporter-otlp-endpoint", &collector.endpoint()]);
    let [.., flags] = parent(&get(&web, "/owners/2", &[("traceparent", &format!("00-{TRACE}-{PARENT}-00"))]));
    assert_eq!(flags, "00");
    get(&web, "/vets", &[]);
    collector.span("GET /vets");
    assert!(collector.spans().iter().all(|span| hex(&span.trace_id) != TRACE));
}

#[test]
fn pending_spans_are_sent_at_shutdown() {
    // the last batch has a second, which a busy machine doesn't always keep
    until("all of the spans", || {
        let collector = Collector::start("127.0.0.1:0");
        let mut web = Web::start(&["--otel-exporter-otlp-endpoint", &collector.endpoint()]);
        for _ in 0..20 {
            get(&web, "/livez", &[]);
        }
        web.signal(Signal::TERM);
        assert!(web.wait().success());
        (collector.spans().iter().filter(|span| span.name == "GET /livez").count() == 20).then_some(())
    });
}

#[test]
fn without_its_collector_web_serves_and_says_so_once() {
    let address = format!("127.0.0.1:{}", testkit::net::free_port());
    let web = Web::start(&["--otel-exporter-otlp-endpoint", &format!("http://{address}")]);
    let lines = |message: &str| web.lines("app_db").iter().filter(|line| line["message"] == message).count();
    let (fails, again) = ("failed to send traces; spans are dropped", "recovered: traces are sent again");
    let lost = || web.metric("petclinic_trace_spans_lost_total").unwrap();
    let serve_until = |what: &str, seen: &dyn Fn() -> bool| {
        until(what, || {
            assert_eq!(get(&web, "/owners/1", &[]).status(), 200);
            seen().then_some(())
        });
    };
    serve_until("the loss", &|| lost() > 0.0);
    let told = until("the line that says so", || web.lines("app_db").into_iter().find(|line| line["message"] == fails));
    assert!(told["error"].as_str().unwrap().contains("network error"), "{told}");
    assert_eq!(told["endpoint"], format!("http://{address}/v1/traces"));
    let before = lost();
    serve_until("more of it", &|| lost() > before);
    assert_eq!((lines(fails), lines(again)), (1, 0));

    let collector = Collector::start(&address);
    serve_until("spans", &|| !collector.spans().is_empty());
    until("the line that says so", || (lines(again) == 1).then_some(()));
    assert_eq!(lines(fails), 1);
    collector.answer.store(503, Ordering::Relaxed);
    serve_until("the second loss", &|| lines(fails) == 2);
}

#[test]
fn hung_collector_loses_only_its_spans() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut web = Web::start(&["--otel-exporter-otlp-endpoint", &format!("http://{}", silent.local_addr().unwrap())]);
    for _ in 0..100 {
        assert_eq!(get(&web, "/owners/1", &[]).status(), 200);
    }
    until("the loss", || (web.metric("petclinic_trace_spans_lost_total")? > 0.0).then_some(()));
    web.signal(Signal::TERM);
    assert!(web.wait().success());
}
