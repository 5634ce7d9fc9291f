//! Metrics of the program, for Prometheus to read on the admin port.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use clap::ValueEnum;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeLabelValue, EncodeMetric, LabelValueEncoder};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};
use runtime::logging::Counts;

use super::tracing::export;

/// A histogram of seconds a label set.
type Seconds<L> = Family<L, Histogram, fn() -> Histogram>;

/// The counters. Clones share them.
#[derive(Clone)]
pub struct Metrics {
    requests: Family<Request, Counter>,
    request_time: Seconds<Route>,
    /// Requests being answered right now.
    pub in_flight: Gauge,
    statement_time: Seconds<Statement>,
    pool_wait: Histogram,
    database_timeouts: Counter,
    rejections: Family<Rejected, Counter>,
    /// Connections that are open right now.
    pub connections: Gauge,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Request {
    route: &'static str,
    method: &'static str,
    status: u16,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Route {
    route: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Rejected {
    reason: Rejection,
}

/// The limit that a request or a connection was rejected by.
#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Rejection {
    BodyBytesInFlight,
    BodySize,
    BodyTime,
    Connections,
    HeaderSize,
    KeepaliveRequests,
    LongRequestsInFlight,
    PoolTime,
    RequestTime,
    RequestsInFlight,
}

impl EncodeLabelValue for Rejection {
    fn encode(&self, encoder: &mut LabelValueEncoder) -> fmt::Result {
        self.to_possible_value().map_or(Ok(()), |value| value.get_name().encode(encoder))
    }
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Statement {
    statement: &'static str,
}

/// Buckets from 0.25 ms to 16 s, each twice the one before.
fn seconds() -> Histogram {
    Histogram::new(exponential_buckets(0.000_25, 2.0, 17))
}

impl Metrics {
    /// The counters, and the registry that has them under their names.
    pub fn new() -> (Self, Registry) {
        let metrics = Self {
            requests: Family::default(),
            request_time: Family::new_with_constructor(seconds),
            in_flight: Gauge::default(),
            statement_time: Family::new_with_constructor(seconds),
            pool_wait: seconds(),
            database_timeouts: Counter::default(),
            rejections: Family::default(),
            connections: Gauge::default(),
        };
        let mut registry = Registry::with_prefix("petclinic");
        registry.register("http_requests", "Requests answered", metrics.requests.clone());
        let help = "Time from a request's head to its answer's head";
        registry.register_with_unit("http_request_duration", help, Unit::Seconds, metrics.request_time.clone());
        registry.register("http_requests_in_flight", "Requests being answered", metrics.in_flight.clone());
        let help = "Time on a connection, by the name of what was asked";
        registry.register_with_unit("database_statement_duration", help, Unit::Seconds, metrics.statement_time.clone());
        let help = "Time until a request had its connection";
        registry.register_with_unit("database_pool_wait", help, Unit::Seconds, metrics.pool_wait.clone());
        registry.register(
            "database_timeouts",
            "Requests that got no answer of the database in time",
            metrics.database_timeouts.clone(),
        );
        registry.register("http_connections", "Connections open", metrics.connections.clone());
        let help = "Requests and connections rejected by a limit";
        registry.register("requests_rejected", help, metrics.rejections.clone());
        for reason in Rejection::value_variants() {
            let _ = metrics.rejections.get_or_create(&Rejected { reason: *reason });
        }
        registry.register("build", "The program", Info::new([("version", env!("CARGO_PKG_VERSION"))]));
        (metrics, registry)
    }

    /// Counts an answered request. A path that no route has counts under the route "none", so that clients can't create labels.
    pub fn request(&self, route: Option<&'static str>, method: &http::Method, status: http::StatusCode, took: Duration) {
        let route = route.unwrap_or("none");
        let labels = Request { route, method: method_label(method), status: status.as_u16() };
        self.requests.get_or_create(&labels).inc();
        self.request_time.get_or_create(&Route { route }).observe(took.as_secs_f64());
    }

    /// Creates the counters of a route's server errors: without them, the first error would not be an increase.
    pub fn register_route(&self, route: &'static str, methods: &[http::Method]) {
        for method in methods.iter().map(method_label) {
            for status in [500, 503, 504] {
                let _ = self.requests.get_or_create(&Request { route, method, status });
            }
        }
    }

    /// Counts what was answered without being a request: it has no route, and no method that could be read.
    pub fn protocol_error(&self, status: http::StatusCode) {
        self.requests.get_or_create(&Request { route: "none", method: "other", status: status.as_u16() }).inc();
    }

    /// Notes how long a request waited for its connection.
    pub fn pool_wait(&self, took: Duration) {
        self.pool_wait.observe(took.as_secs_f64());
    }

    /// Counts a request that the database gave no answer in time.
    pub fn database_timeout(&self) {
        self.database_timeouts.inc();
    }

    /// Counts a request or a connection that a limit ended.
    pub fn rejected(&self, reason: Rejection) {
        self.rejections.get_or_create(&Rejected { reason }).inc();
    }

    /// Notes how long `statement` held a connection.
    pub fn statement(&self, statement: &'static str, took: Duration) {
        self.statement_time.get_or_create(&Statement { statement }).observe(took.as_secs_f64());
    }
}

/// Any text may stand as a method in a request; a label is one of a few.
fn method_label(method: &http::Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        "PATCH" => "PATCH",
        _ => "other",
    }
}

/// Encodes the registry in the `OpenMetrics` text format.
pub fn openmetrics(registry: &Registry) -> String {
    let mut text = String::new();
    // Writing to a String doesn't fail.
    let _ = encode(&mut text, registry);
    text
}

/// Encodes the registry in Prometheus' older text format, in which the name of a counter's family has `_total` as well.
pub fn plain_text(registry: &Registry) -> String {
    let (text, mut plain, mut help) = (openmetrics(registry), String::new(), "");
    for line in text.lines() {
        if line.starts_with("# HELP ") {
            help = line.trim_start_matches("# HELP ");
        } else if let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|family| family.split_once(' ')) {
            let (suffix, kind) = match kind {
                "counter" => ("_total", kind),
                "info" => ("_info", "gauge"),
                _ => ("", kind),
            };
            let help = help.trim_start_matches(name);
            plain.extend(["# HELP ", name, suffix, help, "\n# TYPE ", name, suffix, " ", kind, "\n"]);
        } else if !line.starts_with("# ") {
            plain.extend([line, "\n"]);
        }
    }
    plain
}

/// Adds the metrics of the log's outputs and of the trace exporter to `registry`.
pub fn register(registry: &mut Registry, outputs: Vec<(&'static str, Arc<Counts>)>, spans: Option<export::Counts>) {
    registry.register_collector(Box::new(Logs(outputs)));
    if let Some(spans) = spans {
        registry.register_collector(Box::new(Spans(spans)));
    }
}

/// The outputs of the log.
#[derive(Debug)]
struct Logs(Vec<(&'static str, Arc<Counts>)>);

impl Collector for Logs {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let mut family = |name, help, unit: Option<&Unit>, of: fn(&Counts) -> u64| {
            let mut family = encoder.encode_descriptor(name, help, unit, MetricType::Counter)?;
            for (output, counts) in &self.0 {
                ConstCounter::new(of(counts)).encode(family.encode_family(&[("output", *output)])?)?;
            }
            Ok(())
        };
        family("log", "Bytes of log lines written", Some(&Unit::Bytes), Counts::bytes)?;
        family("log_lines_dropped", "Log lines that could not be written", None, Counts::dropped)
    }
}

/// The export of traces.
#[derive(Debug)]
struct Spans(export::Counts);

impl Collector for Spans {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        for (name, help, number) in [
            ("trace_spans_sent", "Spans that the collector took", self.0.sent()),
            ("trace_spans_lost", "Spans that could not be sent", self.0.lost()),
        ] {
            ConstCounter::new(number).encode(encoder.encode_descriptor(name, help, None, MetricType::Counter)?)?;
        }
        Ok(())
    }
}
